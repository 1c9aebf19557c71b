# SPDX-License-Identifier: MIT
"""Webhooks: an address on the web hears of streams that begin and end, signed, in order, and again until it has answered."""

import contextlib
import http.server
import json
import threading

from backend import verify
from media import sample
from peers import Player, publish
from scenario import scenario
from scenarios.apps import guests
from scenarios.flv import live
from scenarios.lua import scripted
from server import Server, wait_for

SECRET = "whsec_" + "cGxheWhvdXNlIHdlYmhvb2tzIHNlY3JldA=="


@contextlib.contextmanager
def receiver(answer=lambda n: 204):
    """Yields what comes: [(headers, body)]. `answer`: the status for notice number n; 0 hangs up."""
    heard = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = answer(len(heard))
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield heard, f"http://127.0.0.1:{server.server_port}/hook"
        finally:
            server.shutdown()
            thread.join()


def hooked(url, *options):
    return live("app.live.linger=0", "app.notices.type=webhook", f"app.notices.url={url}", f"app.notices.secrets={SECRET}", *options)


@scenario
def webhooks_tell_of_streams():
    with receiver() as (heard, url), hooked(url, "app.notices.options.events=stream.published,stream.unpublished, stream.played stream.stopped") as server:
        with publish(sample("h264-aac", 3), server.url(key=True)) as source:
            server.wait_line("publishing live/cam")
            with Player(server.url()) as player:
                player.begun()
                source.wait()
        wait_for(lambda: len(heard) == 4, "four notices")
        bodies = [json.loads(body) for _, body in heard]
        kinds = [body["type"] for body in bodies]
        assert kinds[:2] == ["stream.published", "stream.played"] and sorted(kinds[2:]) == ["stream.stopped", "stream.unpublished"], kinds
        for (headers, body), notice in zip(heard, bodies):
            assert verify(SECRET, headers, body) and headers["content-type"] == "application/json", headers
            assert notice["data"]["path"] == "live/cam" and notice["timestamp"].endswith("Z"), notice
            assert notice["data"]["address"].startswith("127.0.0.1:"), notice
        begin, end = bodies[0]["data"], next(body["data"] for body in bodies if body["type"] == "stream.unpublished")
        assert begin["protocol"] == "rtmp" and begin["session"] == end["session"], (begin, end)
        assert end["viewers"] == 1 and end["bytes"] > 10000 and 1 < end["seconds"] < 30, end
        assert len({headers["webhook-id"] for headers, _ in heard}) == 4


@scenario
def webhooks_come_again_until_they_are_answered():
    """The first is refused, hung up on, and taken at last; the second of the stream waits for it, that of another does not."""
    with receiver(lambda n: {1: 500, 2: 0}.get(n, 200)) as (heard, url), hooked(url) as server:
        path = sample("h264-aac", 1)
        with publish(path, server.url(key=True)) as source:
            source.wait()
        server.wait_line("the webhook fails")
        wait_for(lambda: len(heard) == 4, "both notices")
        ids = [headers["webhook-id"] for headers, _ in heard]
        kinds = [json.loads(body)["type"] for _, body in heard]
        assert ids[0] == ids[1] == ids[2] != ids[3], ids
        assert kinds == ["stream.published"] * 3 + ["stream.unpublished"], kinds
        server.wait_line("the webhook works again")


@scenario
def webhooks_end_when_their_address_is_gone():
    with receiver(lambda n: 410) as (heard, url), hooked(url, "app.notices.options.streams=live/c*") as server:
        for name in ("other", "cam", "cam"):
            with publish(sample("h264-aac", 1), server.url(name, key=True)) as source:
                source.wait()
        server.wait_line("the webhook's address is gone")
        assert len(heard) == 1 and json.loads(heard[0][1])["data"]["path"] == "live/cam", heard


@scenario
def webhooks_say_what_is_wrong():
    for options, words in ((("app.notices.url=ftp://x/y",), "url: write where notices go"), ((), "url: write where notices go"),
                           (("app.notices.url=http://127.0.0.1:1/x", "app.notices.secrets=short"), "secret"),
                           (("app.notices.url=http://127.0.0.1:1/x", "app.notices.options.color=red"), "color")):
        with Server("app.notices.type=webhook", *options) as server:
            server.wait_line(words)


OBSERVER = """
local seen = {}
return {
  observe = function(name, stream) seen[#seen + 1] = name .. " " .. stream.path end,
  calls = { seen = function() return seen end },
}
"""


@scenario
def scripts_observe_streams():
    with scripted(OBSERVER, "app.live.type=live", "app.live.linger=0", open_publish=True) as (server, _), guests(server, "game") as (guest,):
        with publish(sample("h264-aac", 1), server.url()) as source:
            source.wait()
        wait_for(lambda: guest.call("seen") == ["stream.published live/cam", "stream.unpublished live/cam"], "the script to see the stream")
