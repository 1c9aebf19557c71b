# SPDX-License-Identifier: MIT
"""Timestamps past 24 bits (4.66 h), the sign bit of FLV (24.86 days) and 32 bits (49.71 days) play through."""

import hashlib
import os
import tempfile

from media import packets, same, sample
from peers import Peer, Player, publish
from scenario import scenario
from scenarios.live import live
from server import Failure, Server


def tags(path):
    """[(type, time, hash)] of an FLV file's audio and video tags; time modulo 2^32."""
    with open(path, "rb") as f:
        data = f.read()
    at, found = 13, []
    while at + 11 <= len(data):
        length = int.from_bytes(data[at + 1:at + 4], "big")
        time = int.from_bytes(data[at + 4:at + 7], "big") | data[at + 7] << 24
        body = data[at + 11:at + 11 + length]
        if data[at] in (8, 9):
            found.append((data[at], time, hashlib.md5(body).hexdigest()))
        at += 11 + length + 4
    return found


def through(from_ms):
    """Our client role publishes from `from_ms` on and plays: every tag comes back with its time."""
    rtmpcat = os.path.join(os.path.dirname(Server.binary), "../../examples/rtmpcat")
    path = sample("h264-aac")
    with live() as server, tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "out.flv")
        with Peer([rtmpcat, "play", server.url(), target]) as viewer:
            server.wait_line(r"playing live/cam")
            with Peer([rtmpcat, "publish", server.url(key=True), path, str(from_ms)]) as source:
                source.wait()
            viewer.wait()
        sent = [(kind, (time + from_ms) % 2**32, digest) for kind, time, digest in tags(path)]
        got = tags(target)
    headers = {tag[2] for tag in sent[:3]}
    got = [tag for i, tag in enumerate(got) if i < 3 or tag[2] not in headers]
    if got != sent:
        first = next((i for i, (a, b) in enumerate(zip(sent, got)) if a != b), min(len(sent), len(got)))
        raise Failure(f"{len(got)} of {len(sent)} tags; the first that differs is {first}: "
                      f"{sent[first:first + 1]} became {got[first:first + 1]}")


@scenario
def own_client_both_ways():
    through(0)


@scenario
def times_past_24_bits():
    through(2**24 - 3000)


@scenario
def times_past_the_sign_bit():
    through(2**31 - 3000)


@scenario
def times_past_32_bits():
    through(2**32 - 3000)


@scenario
def times_past_24_bits_ffmpeg():
    path = sample("h264-aac")
    with live() as server:
        with Player(server.url()) as viewer:
            server.wait_line(r"playing live/cam")
            with publish(path, server.url(key=True), output=["-output_ts_offset", "16774"]) as source:
                source.wait()
            offset = same(packets(path), viewer.packets(), times="shifted")
    assert 16773900 <= offset <= 16774000, f"times were shifted by {offset} ms, not by the offset given to ffmpeg"
