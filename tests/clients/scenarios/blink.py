# SPDX-License-Identifier: MIT
"""Publishers that leave, come back, or find the name taken."""

import contextlib
import time

from media import packets, same, sample
from peers import Peer, Player, publish
from rtmp import Client
from scenario import scenario
from scenarios.live import live
from server import Failure, Server, wait_for

USER, PING = 4, b"\0\6"


def starts_of(played, sent):
    """How often the run of published packets begins anew in what was played."""
    first = next(packet[3] for packet in sent if packet[0] == "video")
    return [packet for packet in played if packet[3] == first]


@scenario
def blink_within_linger():
    """Five seconds without a publisher: ffmpeg stays, and goes on with the new epoch's first key frame, later by the gap."""
    path = sample("h264-aac", seconds=4)
    sent = packets(path)
    n = sum(packet[0] == "video" for packet in sent)
    with live("app.live.linger=10m") as server:
        with Player(server.url()) as viewer:
            server.wait_line(r"playing live/cam")
            with publish(path, server.url(key=True)) as source:
                viewer.begun()
                longest = time.monotonic()
                source.wait()
            server.wait_line(r"closed live/cam: publisher")
            shortest = time.monotonic()
            time.sleep(5)
            assert viewer.running(), "the viewer left during the blink"
            shortest = time.monotonic() - shortest
            with publish(path, server.url(key=True)) as source:
                wait_for(lambda: sum(p[0] == "video" for p in viewer.so_far()) > n, "the second publisher's first frame")
                longest = time.monotonic() - longest
                source.wait()
            server.wait_line(r"closed live/cam: publisher", count=2)
            server.stop()
            played = viewer.packets()
    video = [packet for packet in played if packet[0] == "video"]
    assert [p[3] for p in video] == 2 * [p[3] for p in sent if p[0] == "video"], f"{len(video)} video packets, not {2 * n}"
    times = [packet[1] for packet in video]
    assert times == sorted(times), "times fell back"
    jump = times[n] - times[n - 1]
    assert shortest * 1000 <= jump <= longest * 1000, f"times rose by {jump} ms, the gap took {shortest} to {longest} s"


@scenario
def blink_rtmpdump_goes_on():
    path = sample("h264-aac", seconds=3)
    with live("app.live.linger=10m") as server:
        target = server.state + "/out.flv"
        with Peer(["rtmpdump", "-q", "--live", "-r", server.url(), "-o", target]) as viewer:
            server.wait_line(r"playing live/cam")
            for n in (1, 2):
                with publish(path, server.url(key=True)) as source:
                    server.wait_line(r"publishing live/cam", count=n)
                    source.wait()
                server.wait_line(r"closed live/cam: publisher", count=n)
                if n == 1:
                    time.sleep(2)
            server.stop()
            viewer.wait(status=(0, 1, 2))
        played = packets(target)
    n = sum(packet[0] == "video" for packet in packets(path))
    assert sum(packet[0] == "video" for packet in played) == 2 * n, "rtmpdump lost frames over the blink"


@scenario
def viewers_leave_after_linger():
    path = sample("h264-aac", seconds=2)
    with live() as server:
        with Player(server.url()) as viewer, publish(path, server.url(key=True)) as source:
            server.wait_line(r"playing live/cam")
            source.wait()
            viewer.wait()


@scenario
def name_in_use():
    """A second publisher of a live name gets BadName after the first has shown life; the first goes on."""
    path = sample("h264-aac", seconds=8)
    with live() as server:
        with publish(path, server.url(key=True)) as source, Player(server.url()) as viewer:
            server.wait_line(r"publishing live/cam")
            server.wait_line(r"playing live/cam")
            with Client(server.port) as second:
                second.connect()
                status = second.publish(f"cam?key={server.key}")
                assert status["code"] == "NetStream.Publish.BadName", status
            source.wait()
            same(packets(path), viewer.packets(), to_end=True)


@scenario
def dead_publisher_is_taken_over():
    """A publisher whose machine is gone (it answers no ping) loses the name to the one who waits."""
    with Server() as server:
        with Client(server.port) as first, Client(server.port) as second:
            first.connect()
            assert first.publish(f"cam?key={server.key}")["code"] == "NetStream.Publish.Start"
            second.connect()
            assert second.publish(f"cam?key={server.key}")["code"] == "NetStream.Publish.Start"
            assert first.closed(), "the first publisher was kept"


@scenario
def takeover_at_once():
    with Server("app.live.takeover=true") as server:
        with Client(server.port) as first, Client(server.port) as second:
            first.connect()
            first.publish(f"cam?key={server.key}")
            second.connect()
            assert second.publish(f"cam?key={server.key}")["code"] == "NetStream.Publish.Start"
            with contextlib.suppress(EOFError, ConnectionError):
                while True:
                    kind, _, body = first.message()
                    assert (kind, body[:2]) != (USER, PING), "the first was asked before"


@scenario
def taken_over_viewer_goes_on():
    """A viewer of the first publisher goes on with the second."""
    path = sample("h264-aac", seconds=4)
    with live("app.live.takeover=true") as server:
        with Player(server.url()) as viewer, publish(path, server.url(key=True)) as first:
            server.wait_line(r"publishing live/cam")
            wait_for(lambda: len(viewer.so_far()) > 60, "two seconds of the first publisher")
            with publish(path, server.url(key=True)) as second:
                second.wait()
                played = viewer.packets()
            first.wait(status=None)
    sent = packets(path)
    if len(starts_of(played, sent)) != 2:
        raise Failure("the viewer did not see both publishers from a key frame on")
    assert [p[3] for p in played if p[0] == "video"][-120:] == [p[3] for p in sent if p[0] == "video"][-120:]
