# SPDX-License-Identifier: MIT
"""Long key-frame intervals and slow viewers."""

import socket
import time

from media import packets, same, sample
from peers import Player, publish
from rtmp import Client
from scenario import scenario
from scenarios.live import live
from server import Failure, wait_for


def n_video(viewer):
    return sum(packet[0] == "video" for packet in viewer.so_far())


@scenario(alone=True)
def long_gop_starts_at_once():
    """A key frame every 250 frames at 6 Mbit/s: a late joiner gets the cached GOP at once, and the log warns."""
    path = sample("long-gop", seconds=20)
    with live() as server, publish(path, server.url(key=True), hold=0.3) as source:
        server.wait_line(r"publishing live/cam")
        with Player(server.url()) as witness:
            wait_for(lambda: n_video(witness) > 150, "five seconds of video")
            # The publisher has been given six seconds and gets no more for now: what a viewer sees comes from the cache.
            with Player(server.url()) as viewer:
                wait_for(lambda: n_video(viewer) > 150, "the cached GOP")
                source.wait()
                for one in (witness, viewer):
                    same(packets(path), one.packets())
        server.wait_line(r"key.frame interval|key frames? (is|are|every)|key frame only every")


@scenario(alone=True)
def long_gop_next_waits():
    """With start = next nothing comes before the next key frame, and it comes first."""
    path = sample("long-gop", seconds=20)
    with live("app.live.start=next") as server, publish(path, server.url(key=True), hold=0.3) as source:
        server.wait_line(r"publishing live/cam")
        with Player(server.url()) as viewer:
            server.wait_line(r"playing live/cam")
            source.wait()
            played = viewer.packets()
    sent = packets(path)
    keys = [p for p in sent if p[0] == "video"][::250]
    first = next(p for p in played if p[0] == "video")
    if first[3] not in {p[3] for p in keys[1:]}:
        raise Failure("the first frame is not a later key frame")
    same(sent, played)


@scenario(alone=True)
def slow_viewer_skips_to_key_frames():
    """A viewer at a third of the bitrate is not cut off: it skips, or hears audio only, and goes on at key frames."""
    path = sample("long-gop", seconds=30)
    with live("app.live.lag=2s") as server, publish(path, server.url(key=True), hold=1) as source:
        server.wait_line(r"publishing live/cam")
        with Client(server.port) as slow:
            slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            slow.connect()
            slow.play("cam")
            is_key, taken, begin = [], 0, time.monotonic()
            while True:
                kind, _, body = slow.message()
                taken += len(body)
                if kind == 9 and body[1] == 1:
                    is_key.append(body[0] >> 4 == 1)
                elif kind == 20 and b"NetStream.Play.UnpublishNotify" in body:
                    break
                ahead = taken / 250_000 - (time.monotonic() - begin)
                if ahead > 0:
                    time.sleep(min(ahead, 1))
        line = server.wait_line(r"closed live/cam: (?!publisher)")
        source.wait()
    if "0 skips" in line and "audio only" not in line:
        raise Failure(f"nothing was left out, or it was not counted: {line}")
    if not is_key or not is_key[0]:
        raise Failure("the first frame was no key frame")
