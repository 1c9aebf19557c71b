# SPDX-License-Identifier: MIT
"""The pages, in Chromium."""

import os

from media import sample
from peers import Peer, publish
from scenario import scenario
from scenarios.flv import get, live
from scenarios.sdk import NODE
from scenarios.tracks import SCRIPT, several_tracks
from server import Failure, Server, wait_for

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def browse(server, stream, **environment):
    return Peer([NODE, os.path.join(HERE, "browser/watch.mjs")],
                env={"PAGE": f"http://127.0.0.1:{server.port}/watch/{stream}", "MODULES": os.path.join(HERE, "node_modules"),
                     **environment})


@scenario(alone=True)
def a_browser_watches():
    """The page is opened before anybody publishes: it says so, waits, and plays."""
    with live() as server, browse(server, "live/cam", NOTICE="Waiting for live/cam") as browser:
        wait_for(lambda: "told" in browser.text(browser.out), "the page to wait")
        with publish(sample("h264-aac", seconds=20), server.url(key=True)) as source:
            browser.wait()
            source.stop()


@scenario(alone=True)
def a_browser_watches_hls():
    """hls.js plays the low-latency playlist, close to the edge."""
    with live() as server, publish(sample("h264-aac", seconds=20), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        with browse(server, "live/cam#hls", WAY="low-latency HLS") as browser:
            browser.wait()
            source.stop()


@scenario(alone=True)
def a_browser_chooses_tracks():
    """A stream of two pictures and two sounds: the viewer changes both while it plays."""
    with live() as server, Peer(["node", SCRIPT, several_tracks("chosen.mkv", 40), server.url(key=True)]) as source:
        server.wait_line("publishing live/cam")
        with browse(server, "live/cam#hls", WAY="low-latency HLS", TRACKS="2") as browser:
            browser.wait()
        source.stop()


@scenario
def pages_and_their_assets():
    with Server() as server:
        status, head, body = get(server.port, "/watch/live/cam")
        assert status == 200 and "Content-Security-Policy: default-src 'none'" in head and b"<video" in body
        tag = head.split("ETag: ")[1].split("\r\n")[0]
        assert get(server.port, "/watch/live/cam", f"If-None-Match: {tag}")[::2] == (304, b"")
        for name in ("watch.css", "watch.js", "players/mpegts.js", "players/hls.js"):
            status, head, body = get(server.port, f"/watch/.assets/{name}")
            assert status == 200 and len(body) > 500, name
        assert get(server.port, "/watch/live/cam", method="HEAD")[::2] == (200, b"")
        assert get(server.port, "/watch/live")[0] == get(server.port, "/watch")[0] == 404


@scenario
def no_file_beside_the_pages():
    """Hostile names lead nowhere: the files are a table."""
    with Server() as server:
        ways = ["..", "%2e%2e", "..%2f", "....//", "..\\", "%252e%252e", ".%00.", "//", "/./", "\u00b7\u00b7"]
        targets = ["etc/passwd", "players.tsv", ".gitignore", "tools/web", "watch.html/", "watch.js%00", "WATCH.JS", "players/", "", "con%2ejs"]
        n = 0
        for way in ways:
            for depth in range(1, 6):
                for target in targets:
                    path = "/watch/.assets/" + (way + "/") * depth + target
                    status, _, body = get(server.port, path.encode("ascii", "xmlcharrefreplace").decode())
                    n += 1
                    if status not in (400, 404) or b"root:" in body:
                        raise Failure(f"{path}: {status}")
        assert n >= 500, n
