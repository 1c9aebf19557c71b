# SPDX-License-Identifier: MIT
"""playhouse call, so, publish, play and probe; rtmpdump's arguments; more rooms than there may be."""

import json
import os
import re
import subprocess
import tempfile
import time

from media import packets, same, sample
from peers import Peer, Player, publish, require
from rtmp import Client
from scenario import scenario
from scenarios.apps import guests
from scenarios.live import live
from scenarios.lua import expect, scripted
from scenarios.tls import certified, options
from server import HANG, Failure, Server, free_port, wait_for
from shared import Shared
from websocket import Member


def tool(*arguments, status=0):
    """What the command prints: its standard output, or what it complains about."""
    done = subprocess.run([Server.binary, *arguments], capture_output=True, text=True, timeout=HANG)
    if done.returncode != status:
        raise Failure(f"{arguments}: status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stderr if status else done.stdout


def expect_json(found, wanted):
    """The same text: to Python a number is as good as a boolean."""
    expect(json.dumps(found, sort_keys=True), json.dumps(wanted, sort_keys=True))


def call(server, path, method, *values, status=0):
    return tool("call", f"rtmp://127.0.0.1:{server.port}/{path}", method, *map(json.dumps, values), status=status)


@scenario
def tool_calls_methods():
    with Server() as server:
        for value in (None, True, 0, -7, 1.5, "grüße \U0001f3ad", [], {}, [1, {"a": [None]}], "x" * 60000):
            expect_json(json.loads(call(server, "echo", "echo", value)), value)
        expect_json(json.loads(call(server, "echo/room", "two", 1, [2])), [1, [2]])
        expect_json(json.loads(call(server, "relay/table?team=red", "members"))[1:], [])
        for found, words in ((call(server, "chat", "say", "x", status=1), "Say who you are first"),
                             (call(server, "echo", "", status=1), "Call"),
                             (call(server, "nosuch", "x", status=1), "NetConnection.Connect.InvalidApp"),
                             (tool("call", f"rtmp://127.0.0.1:{server.port}/echo", "echo", "hi", status=2), "argument 1 is no JSON"),
                             (tool("call", "rtmp://127.0.0.1:1/echo", "echo", status=1), "cannot be reached"),
                             (tool("call", "rtmp://nobody.invalid/echo", "echo", status=1), "cannot be reached"),
                             (tool("call", "http://127.0.0.1/echo", "echo", status=2), "is no address"),
                             (tool("call", "rtmp://[::1", "echo", status=2), "is no address"),
                             (tool("call", status=2), "usage: playhouse call")):
            if words not in found or found.count("\n") != 1 or not found.startswith(("playhouse call: ", "usage: ")):
                raise Failure(f"{words}: {found!r}")


@scenario
def tool_follows_a_shared_object():
    with Server() as server:
        url = f"rtmp://127.0.0.1:{server.port}/relay/room"
        with Peer([Server.binary, "so", url, "board", "--count", "5"]) as follower:
            wait_for(lambda: follower.text(follower.out).count("\n") == 2, "the object to be there")
            tool("so", url, "board", "--set", 'x={"a":[1,null]}', "--set", 'y="t"', "--count", "4")
            with guests(server, "relay/room") as (ann,):
                board = Shared(ann, "board")
                board.use()
                board.say("hello", "there")
                follower.wait()
            lines = [json.loads(line) for line in follower.text(follower.out).splitlines()]
        for line in lines:
            line.pop("version")
        expect(lines[:4], [{"use": "board"}, {"clear": True}, {"set": "x", "value": {"a": [1, None]}}, {"set": "y", "value": "t"}])
        expect(lines[4], {"send": "hello", "args": ["there"]})
        for words, arguments in (("usage: playhouse so", ()), ("--count wants", (url, "board", "--count", "0")),
                                 ("--set wants", (url, "board", "--set", "x")), ("invalid", (url, "board", "--set", "x=y")),
                                 ("its options are", (url, "board", "--what"))):
            if words not in tool("so", *arguments, status=2):
                raise Failure(words)


@scenario
def rtmpdump_arguments_arrive_as_sent():
    require("rtmpdump")
    script = """
    local game, ph = {}, playhouse
    function game.connect(member) ph.log.info("got " .. ph.json.encode(member.arguments)) ph.refuse("Seen.") end
    return game
    """
    typed = ["B:1", "B:0", "S:hello", "S:", "N:3.5", "N:-7", "Z:", "O:1", "NS:name:Ann", "NN:age:7", "NB:in:1", "NO:more:1",
             "NS:deep:x", "O:0", "O:0"]
    with scripted(script) as (server, _):
        dump = Peer(["rtmpdump", "-r", f"rtmp://127.0.0.1:{server.port}/game", "-y", "x", "-o", "/dev/null", "-q",
                     *[word for one in typed for word in ("-C", one)]])
        with dump:
            line = server.wait_line("got ")
            dump.wait(status=None)
    expect_json(json.loads(line.split("got ", 1)[1]),
                [True, False, "hello", "", 3.5, -7, None, {"name": "Ann", "age": 7, "in": True, "more": {"deep": "x"}}])


@scenario
def more_rooms_than_there_may_be():
    """The 10,001st is refused, and nobody is the worse for it."""
    script = """
    local game = {calls = {}}
    function game.create_room(room) room:configure{dispose_ms = 600000} end
    function game.calls.where(member) return member.room.name end
    return game
    """
    with scripted(script, "app.game.call_rate=1000000", "app.game.call_burst=1000000") as (server, _), \
            guests(server, "game/home") as (ann,), Member(server.port, "game") as wanderer:
        wanderer.welcome()
        for i in range(9999):
            wanderer.call("$join", f"room{i}")
        for _ in range(3):
            expect(wanderer.fails("$join", "one too many")["message"], "There are too many rooms.")
            expect(wanderer.call("where"), "")
        with Client(server.port) as late:
            answer = late.connect("game/one.too.many")
            expect((answer[0], answer[3]["description"]), ("_error", "There are too many rooms."))
        wanderer.call("$join", "room7")
        expect(wanderer.call("where"), "room7")
        expect(ann.call("where"), "home")


@scenario
def tool_publishes_plays_and_probes():
    """A file goes out in real time and comes back as it was; a pipe and a loop too; what a stream has is measured."""
    path = sample("h264-aac")
    with live() as server, tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.flv")
        with Peer([Server.binary, "play", server.url(), "-o", out]) as player, Player(server.url()) as judge:
            server.wait_line("playing live/cam", count=2)
            with Peer([Server.binary, "publish", path, server.url(key=True)]) as source:
                server.wait_line("publishing live/cam: h264 320x180 30 fps, aac 44.1 kHz mono .*Playhouse")
                found = json.loads(Peer([Server.binary, "probe", server.url(), "--seconds", "2"]).wait())
                assert [(t["kind"], t["codec"]) for t in found["tracks"]] == [("video", "h264"), ("audio", "aac")], found
                assert found["tracks"][0]["width"] == 320 and found["tracks"][1]["rate_hz"] == 44100, found
                assert found["key_interval_ms"] == 1000 and 20 < found["frames_per_second"] < 60, found
                assert found["bits_per_second"] > 100000 and found["first_media_ms"] < 5000, found
                source.wait()
                assert "s were published" in source.text(source.err)
            server.wait_line("closed live/cam: publisher left")
            judged = judge.packets()
            player.wait()
            assert "the stream has ended after" in player.text(player.err)
        same(packets(path), judged)
        same(packets(path), packets(out))
        with open(path, "rb") as film, Peer([Server.binary, "publish", "-", server.url("piped", key=True)], stdin=film) as piped:
            server.wait_line("publishing live/piped")
            piped.wait()
        with Peer([Server.binary, "publish", path, server.url("round", key=True), "--loop"]):
            server.wait_line("publishing live/round")
            time.sleep(7)
            found = json.loads(Peer([Server.binary, "probe", server.url("round"), "--seconds", "1"]).wait())
            assert found["bits_per_second"] > 100000, found


@scenario
def tool_relays():
    """From one server to another, until it is interrupted."""
    path = sample("h264-aac")
    with live() as one, live() as two, publish(path, one.url(key=True)) as source:
        one.wait_line("publishing live/cam")
        with Player(two.url("there")) as viewer, Peer([Server.binary, "relay", one.url(), two.url("there", key=True)]) as relay:
            two.wait_line("publishing live/there: h264 320x180 30 fps, aac 44.1 kHz mono .*Playhouse")
            viewer.begun()
            source.wait()
            wait_for(lambda: len(viewer.so_far()) >= len(packets(path)) - 100, "the stream over there")
            relay.stop()
            said = relay.text(relay.err)
            assert relay.process.returncode == 0 and re.search(r"playhouse relay: [\d.]+ kB were carried", said), said
            assert one.key not in said and two.key not in said, "a key is in the log"
            two.wait_line("closed live/there: publisher left")
            two.wait_line("closed live: the peer left")
            same(packets(path), viewer.packets(), to_end=False)


@scenario
def tool_streams_that_fail():
    with live() as server, tempfile.TemporaryDirectory() as folder:
        text = os.path.join(folder, "text.flv")
        with open(text, "w") as f:
            f.write("this is no film")
        path, url = sample("h264-aac"), server.url(key=True)
        for words, arguments, status in (
                ("usage: playhouse publish", ["publish"], 2),
                ("usage: playhouse publish", ["publish", "-", url, "--loop"], 2),
                ("/none cannot be read", ["publish", "/none", url], 2),
                ("is no address of the form rtmp://HOST", ["publish", path, "rtmp://127.0.0.1/live"], 2),
                ("the file is no FLV", ["publish", text, url], 1),
                ("NetStream.Publish.Denied", ["publish", path, server.url()], 1),
                ("cannot be reached", ["publish", path, f"rtmp://127.0.0.1:{free_port()}/live/cam"], 1),
                ("usage: playhouse play", ["play"], 2),
                ("/none/out.flv cannot be written", ["play", url, "-o", "/none/out.flv"], 2),
                ("usage: playhouse relay", ["relay", url], 2),
                ("to: the URL does not begin with rtmp://", ["relay", url, "http://x/live/cam"], 2),
                ("cannot be reached", ["relay", f"rtmp://127.0.0.1:{free_port()}/live/cam", url], 1),
                ("usage: playhouse probe", ["probe", url, "--seconds", "0"], 2),
                ("nobody has published this stream within 10 s", ["probe", url], 1)):
            with Peer([Server.binary, *arguments]) as run:
                run.wait(status=(status,))
                if words not in run.text(run.err):
                    raise Failure(f"{arguments}: {run.text(run.err)}")


@scenario
def tool_speaks_tls_and_logs_in():
    with certified() as folder, live("auth.login=always", *options(folder)) as server:
        url = server.url().replace("rtmp://", f"rtmps://me:{server.key}@")
        with Peer([Server.binary, "publish", sample("h264-aac"), url], env={"SSL_CERT_FILE": f"{folder}/playhouse.crt"}) as source:
            server.wait_line("publishing live/cam")
            source.wait()
        with Peer([Server.binary, "publish", sample("h264-aac"), url]) as stranger:
            stranger.wait(status=(1,))
            assert "TLS: self-signed certificate" in stranger.text(stranger.err), stranger.text(stranger.err)
    with certified("other.example") as folder, live(*options(folder)) as server:
        url = server.url(key=True).replace("rtmp://127.0.0.1", "rtmps://localhost")
        with Peer([Server.binary, "publish", sample("h264-aac"), url], env={"SSL_CERT_FILE": f"{folder}/playhouse.crt"}) as misled:
            misled.wait(status=(1,))
            assert "TLS: hostname mismatch" in misled.text(misled.err), misled.text(misled.err)
