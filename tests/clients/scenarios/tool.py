# SPDX-License-Identifier: MIT
"""playhouse call and playhouse so; rtmpdump's arguments; more rooms than there may be."""

import json
import subprocess

from peers import Peer, require
from rtmp import Client
from scenario import scenario
from scenarios.apps import guests
from scenarios.lua import expect, scripted
from server import HANG, Failure, Server, wait_for
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
