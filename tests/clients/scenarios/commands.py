# SPDX-License-Identifier: MIT
"""Commands from outside, over /api/v1/rpc."""

import json
import threading
import urllib.error
import urllib.request

from media import sample
from peers import publish
from rtmp import Client
from scenario import scenario
from scenarios.flv import get
from scenarios.lua import expect, scripted
from server import Server
from shared import CHANGE, Shared
from waiting import wait_for
from websocket import Member


def post(server, body, token=None, key=None, status=200):
    request = urllib.request.Request(f"http://127.0.0.1:{server.local_port}/api/v1/rpc", method="POST",
                                     data=body if isinstance(body, bytes) else json.dumps(body).encode(),
                                     headers={"Authorization": f"Bearer {token or server.token}"})
    if key:
        request.add_header("Idempotency-Key", key)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            text, got = reply.read(), reply.status
    except urllib.error.HTTPError as error:
        text, got = error.read(), error.code
    expect(got, status)
    return json.loads(text) if text else None


def order(server, what, /, app="game", key=None, token=None, **params):
    """The result."""
    reply = post(server, {"jsonrpc": "2.0", "id": 1, "method": what, "params": {"app": app, **params}}, token, key)
    expect(reply.get("error"), None)
    return reply["result"]


def refused(server, what, /, app="game", key=None, token=None, **params):
    """The words of the error."""
    reply = post(server, {"jsonrpc": "2.0", "id": 1, "method": what, "params": {"app": app, **params}}, token, key)
    return reply["error"]["message"]


GAME = """
local game = {calls = {}}
function game.connect(member, room, name) return {user = name} end
function game.create_room(room, member) if room.name == "never" then return false, "Not this one." end end
function game.leave_room(room, member, reason) print("left", room.name, reason) end
return game
"""


@scenario
def commands_rooms():
    with scripted(GAME) as (server, _), Client(server.port) as ann, Client(server.port) as bob:
        expect(order(server, "createRoom", room="blue", options={"capacity": 2, "metadata": {"mode": "duel"}}), {})
        expect(refused(server, "createRoom", room="blue"), "this room is there already")
        expect(refused(server, "createRoom", room="never"), "Not this one.")
        expect(refused(server, "createRoom", room="a/b"), "room: a name of 1 to 128 bytes without /")
        rooms = order(server, "listRooms", filter={"mode": "duel"})["rooms"]
        expect([(each["name"], each["members"], each["capacity"], each["metadata"]) for each in rooms],
               [("blue", 0, 2, {"mode": "duel"})])
        ann.connect("game/blue", "ann")
        bob.connect("game", "bob")
        room = order(server, "getRoom", room="blue")
        expect([each["user"] for each in room["sessions"]], ["ann"])
        order(server, "lockRoom", room="blue")
        expect(order(server, "getRoom", room="blue")["locked"], True)
        order(server, "configureRoom", room="blue", options={"locked": False, "capacity": 5})
        expect(order(server, "getRoom", room="blue")["capacity"], 5)
        expect(refused(server, "configureRoom", room="blue", options={"capacity": "many"}), "an option of the room is of the wrong kind")
        bobs = order(server, "listSessions", user="bob")["sessions"][0]["session"]
        expect(order(server, "move", session=bobs, room="blue"), "blue")
        anns = order(server, "listSessions", user="ann", room="blue")["sessions"][0]["session"]
        order(server, "broadcast", room="blue", method="hear", args=["all", 1])
        order(server, "broadcast", room="blue", method="hear", args=["others"], **{"except": [anns]})
        expect([ann.hear("hear"), bob.hear("hear"), bob.hear("hear")], [["all", 1], ["all", 1], ["others"]])
        order(server, "closeRoom", room="blue", description="over")
        wait_for(lambda: len(order(server, "listSessions", room="")["sessions"]) == 2, "both are in the hall")
        expect(refused(server, "getRoom", room="blue"), "there is no such room")


@scenario
def commands_members():
    """A member is called and its reply awaited, over each protocol; attributes; kicks by session and user."""
    with scripted(GAME) as (server, _), Client(server.port) as ann, Member(server.port, "game?hold") as bob:
        ann.connect("game", "ann")
        bob.call("$connect", {"arguments": ["bob"]})
        names = {each["user"]: each["session"] for each in order(server, "listSessions")["sessions"]}

        def reply():
            values = ann.until("add")
            ann.command("_result", values[1], None, values[3] + values[4])
        thread = threading.Thread(target=reply)
        thread.start()
        expect(order(server, "invoke", session=names["ann"], method="add", args=[2, 3]), 5)
        thread.join()

        def deny():
            message = bob.message()
            bob.say({"jsonrpc": "2.0", "id": message["id"], "error": {"code": 5, "message": "no"}})
        thread = threading.Thread(target=deny)
        thread.start()
        reply = post(server, {"jsonrpc": "2.0", "id": 9, "method": "invoke",
                              "params": {"app": "game", "session": names["bob"], "method": "add", "args": []}})
        thread.join()
        expect([reply["id"], reply["error"]["message"]], [9, "it was refused"])
        expect(refused(server, "invoke", session=names["bob"], method="add", timeout_ms=50), "no answer came in time")
        expect(order(server, "invoke", session=names["bob"], method="news", args=[1], reply=False), {})
        expect(bob.hear("news"), [1])
        expect(refused(server, "invoke", session="0-1", method="add"), "there is no such session")
        order(server, "setAttributes", session=names["ann"], attributes={"color": "red"})
        expect(order(server, "kick", user="ann", description="Enough."), {"kicked": 1})
        expect(ann.closed(), True)
        expect(order(server, "kick", session=names["bob"]), {"kicked": 1})
        expect(refused(server, "kick"), "say which: session or user")


@scenario
def commands_shared_objects():
    with scripted(GAME) as (server, _), Client(server.port) as ann:
        ann.connect("game/blue", "ann")
        board = Shared(ann, "board")
        board.use()
        expect(order(server, "setShared", room="blue", object="board", slots={"a": 1, "b": {"c": [2]}})["version"], 1)
        board.until(CHANGE)
        expect(board.data, {"a": 1, "b": {"c": [2]}})
        expect(order(server, "getShared", room="blue", object="board"),
               {"version": 1, "slots": {"a": {"value": 1, "version": 1}, "b": {"value": {"c": [2]}, "version": 1}}})
        expect(refused(server, "setShared", room="blue", object="board", slots={"a": 5}, if_versions={"a": 7}), "it is there already, or has changed")
        order(server, "lockShared", room="blue", object="board", lease_ms=60000)
        board.set(a=9)
        order(server, "setShared", room="blue", object="board", slots={"a": 5}, remove=["b"])
        expect(order(server, "getShared", room="blue", object="board")["slots"]["a"]["value"], 5)
        order(server, "unlockShared", room="blue", object="board")
        wait_for(lambda: order(server, "getShared", room="blue", object="board")["slots"]["a"]["value"] == 9, "who waited is let in")
        expect(refused(server, "unlockShared", room="blue", object="board"), "nobody has locked this object from outside")
        order(server, "lockShared", room="blue", object="board", lease_ms=100)
        board.set(a=10)
        wait_for(lambda: order(server, "getShared", room="blue", object="board")["slots"]["a"]["value"] == 10, "the lease is over")
        order(server, "sendShared", room="blue", object="board", method="ring", args=[3])
        wait_for(lambda: board.next() and board.heard, "the message")
        expect(board.heard[0], ["ring", 3])
        order(server, "lockShared", room="blue", object="board", lease_ms=60000)  # it ends with the server


@scenario
def commands_streams():
    with scripted(GAME, open_publish=True) as (server, _), publish(sample("h264-aac"), server.url("cam", app="game")) as cam:
        wait_for(lambda: [each["path"] for each in order(server, "listStreams")] == ["game/cam"], "the stream is listed")
        expect(refused(server, "stopStream", stream="game/other"), "there is none of that name")
        order(server, "stopStream", stream="game/cam", description="enough")
        cam.wait(status=None)


@scenario
def commands_batches_keys_and_tokens():
    """A batch is answered in order; a key does an order once; a token of an application opens it alone."""
    with scripted(GAME, "app.game.token=0123456789abcdef") as (server, _), Client(server.port) as ann:
        ann.connect("game", "ann")
        def ask(what, id=1, /, **params):
            return {"jsonrpc": "2.0", **({"id": id} if id else {}), "method": what, "params": {"app": "game", **params}}
        replies = post(server, [ask("listRooms", 1), ask("broadcast", None, method="hear", args=[1]), ask("none", 2), {"id": 3},
                                ask("broadcast", 4, method="hear", args=[2])])
        expect([each["id"] for each in replies], [1, 2, 3, 4])
        expect([each["error"]["code"] for each in replies[1:3]], [-32601, -32600])
        expect([ann.hear("hear"), ann.hear("hear")], [[1], [2]])
        expect(post(server, ask("broadcast", None, method="hear", args=[3]), status=204), None)
        expect(post(server, b"{")["error"]["code"], -32700)
        expect(post(server, [])["error"]["code"], -32600)
        expect(post(server, [ask("listRooms")] * 51)["error"]["code"], -32600)
        expect(len(post(server, [ask("listRooms")] * 50)), 50)
        expect(ann.hear("hear"), [3])
        expect([order(server, "createRoom", key="k1", room="once"), order(server, "createRoom", key="k1", room="once")], [{}, {}])
        expect(refused(server, "createRoom", key="k1", room="twice"), "this key was used for another order")
        expect(refused(server, "createRoom", key="k2", room="once"), "this room is there already")
        expect(post(server, ask("listRooms"), key="k" * 256, status=400)["status"], 400)
        token = "0123456789abcdef"
        expect(len(order(server, "listRooms", token=token)["rooms"]) > 0, True)
        expect(post(server, {"jsonrpc": "2.0", "id": 1, "method": "listRooms", "params": {}}, token)["id"], 1)
        expect(refused(server, "listRooms", app="echo", token=token).startswith("params is an object"), True)
        post(server, ask("listRooms"), token="0123456789abcdeX", status=401)
        expect(get(server.local_port, "/api/v1/server", f"Authorization: Bearer {token}")[0], 403)
        expect(get(server.local_port, "/api/v1/server", f"Authorization: Bearer {server.token}")[0], 200)
