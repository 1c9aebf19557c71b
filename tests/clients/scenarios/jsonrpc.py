# SPDX-License-Identifier: MIT
"""The proxy: clients of each kind, and a backend that only knows HTTP."""

import contextlib
import http.server
import json
import os
import shutil
import socket
import ssl
import struct
import tempfile
import threading
import time
import urllib.parse

from backend import Backend, Hang, Raw, Refusal, deaf, verify
from media import sample
from peers import Peer, Player, publish
from remoting import answers as remoting_answers
from remoting import envelope, post
from rtmp import COMMAND, Client, amf0, amf0_all, chunked
from scenario import scenario
from scenarios.apps import guests
from scenarios.lua import expect
from scenarios.sdk import NODE
from scenarios.tls import certified
from server import Failure, Server, free_port
from waiting import wait_for
from websocket import Member, Tunnel


HERE = os.path.dirname(os.path.abspath(__file__))


def proxied(backend, *sets, **more):
    """A server whose application `game` is the backend's."""
    url = backend if isinstance(backend, str) else backend.url
    return Server("app.game.type=jsonrpc", f"app.game.url={url}", "app.echo.type=echo", "app.game.call_rate=100000",
                  "app.game.call_burst=100000", *sets, **more)


def answers(client, ids):
    """(kind, value) of each, in whatever order they come."""
    got = {}
    while len(got) < len(ids):
        kind, _, body = client.message()
        values = amf0_all(body) if kind == 20 else [None]
        if values[0] in ("_result", "_error") and values[1] in ids:
            got[values[1]] = values[0], values[3]
    return [got[id] for id in ids]


class Tunnelled(Client):
    """RTMP inside a WebSocket."""

    def __init__(self, port):
        self.begin(Tunnel(port, "/rtmp"))


def code_of(reply):
    """Of an _error over RTMP."""
    return reply["code"]


@scenario
def jsonrpc_hooks_in_order():
    """Connects, rooms and calls become requests, each once, with what is known of the session."""
    with Backend(_connect=lambda args, session: {"user": args[0], "data": {"hi": args[0]}, "meta": {"level": 7}}) as backend:
        with proxied(backend, "app.game.options.include=path, query, properties, arguments") as server:
            with Client(server.port) as ann:
                result = ann.connect("game/blue?color=red", "ann")
                expect(result[-1]["data"], {"hi": "ann"})
                expect(ann.call("say", "hello", 2), "hello")
                ann.command("note", 0, None, "quiet")
                backend.wait("note")
            backend.wait("$disconnect")
            backend.wait("$destroyRoom")
        names = backend.names()
        expect(names[:5], ["$connect", "$createRoom", "$enterRoom", "say", "note"])
        expect(sorted(names[5:]), ["$destroyRoom", "$disconnect", "$leaveRoom"])
        heard = {each["method"]: each for each in backend.heard}
        session = heard["$connect"]["session"]
        expect([session[name] for name in ("app", "room", "protocol", "user", "seq", "path", "query", "arguments")],
               ["game", "blue", "rtmp", "", 1, "game/blue", "color=red", ["ann"]])
        expect(session["properties"]["tcUrl"].endswith("/game/blue?color=red"), True)
        said = heard["say"]
        expect([said["args"], said["session"]["user"], said["session"]["meta"], said["session"]["id"]],
               [["hello", 2], "ann", {"level": 7}, session["id"]])
        expect([heard["note"]["id"], heard["note"]["args"]], [None, ["quiet"]])
        expect([heard["$leaveRoom"]["args"], heard["$disconnect"]["args"], heard["$destroyRoom"]["args"]],
               [["blue", "lost"], ["lost"], ["blue", "empty"]])
        expect([heard[name]["session"]["seq"] for name in ("$connect", "$enterRoom", "say", "note", "$leaveRoom", "$disconnect")],
               [1, 3, 4, 5, 6, 7])
        expect(len({each["id"] for each in backend.heard if each["id"]}), 7)


def refuse_some(args, session):
    who = args[0]
    if who == "eve":
        raise Refusal("No eves here.", 7, code="Game.NoEve", application={"why": "eve"})
    if who == "moved":
        raise Refusal("Elsewhere.", 7, redirect="rtmp://127.0.0.1/other")
    if who == "odd":
        return {"user": 5}
    if who == "list":
        return []
    return {"room": "red" if who == "red" else session["room"], "attributes": {"color": who}}


@scenario
def jsonrpc_decides():
    """Refusals with code, words and object; redirects; another room; answers that are none refuse."""
    def enter(args, session):
        if args[0] == "closed":
            raise Refusal("This room is closed.")
        return {}
    rooms = {"options": {"capacity": 1, "metadata": {"mode": "duel"}}}
    with Backend(_connect=refuse_some, _enterRoom=enter, _createRoom=lambda args, session: rooms,
                 fail=lambda args, session: (_ for _ in ()).throw(Refusal("Not so.", 42, code="Shop.Empty", more=1))) as backend:
        with proxied(backend) as server, contextlib.ExitStack() as stack:
            def come(path, who):
                client = stack.enter_context(Client(server.port))
                return client, client.connect(path, who)[-1]
            refused = come("game", "eve")[1]
            expect([refused["code"], refused["description"]], ["Game.NoEve", "No eves here."])
            expect(come("game", "moved")[1]["ex"]["redirect"], "rtmp://127.0.0.1/other")
            for who in ("odd", "list"):
                refused = come("game", who)[1]
                expect(refused["code"], "NetConnection.Connect.Rejected")
                expect(refused["application"]["code"], "Backend.BadReply")
            expect(come("game/closed", "ann")[1]["description"], "This room is closed.")
            red, welcome = come("game", "red")
            expect(welcome["code"], "NetConnection.Connect.Success")
            expect(come("game/red", "ann")[1]["description"], "This room is full.")
            failed = red.fails("fail")
            expect([failed["code"], failed["description"], failed["application"]["code"]], ["Shop.Empty", "Not so.", 42])
            with Member(server.port, "game?hold") as ann:
                ann.call("$connect", {"arguments": ["ann"]})
                expect([each["metadata"] for each in ann.call("$rooms") if each["name"] == "red"], [{"mode": "duel"}])


@scenario
def jsonrpc_backend_fails():
    """Each kind of failure has its code, refuses what it should decide, and costs others nothing."""
    kinds = {
        "garbage": lambda: Raw(b"{not json"), "empty": lambda: Raw(b""), "other": lambda: Raw(b'{"jsonrpc":"2.0","id":"x","result":1}'),
        "both": lambda: Raw(b'{"jsonrpc":"2.0","id":null}'), "large": lambda: Raw(b'"' + b"x" * 70000 + b'"'),
        "away": lambda: Raw(b"", 302, Location="http://127.0.0.1:1/"), "down": lambda: Raw(b"no", 503), "busy": lambda: Raw(b"", 429),
        "mute": Hang,
    }
    wanted = {"garbage": "Backend.BadReply", "empty": "Backend.BadReply", "other": "Backend.BadReply", "both": "Backend.BadReply",
              "large": "Backend.BadReply", "away": "Backend.Status", "down": "Backend.Status", "busy": "Shop.Busy",
              "mute": "Backend.Unknown"}

    def act(args, session):
        raise kinds[args[0]]()

    with Backend(act=act, wait=lambda args, session: backend.hold()) as backend:
        with proxied(backend, "app.game.options.status_map=429 Shop.Busy", "app.game.options.timeout_ms=300",
                     "app.game.options.breaker=0") as server:
            with Client(server.port) as ann, Client(server.port) as other:
                ann.connect("game", "ann")
                other.connect("echo")
                expect({kind: code_of(ann.fails("act", kind)) for kind in kinds}, wanted)
                expect(code_of(ann.fails("wait")), "Backend.Timeout")
                expect(other.call("any", 1), 1)
                expect(ann.call("say", 1), 1)
            backend.release.set()
    with deaf() as url, proxied(url, "app.game.options.timeout_ms=200") as server, Client(server.port) as ann:
        refused = ann.connect("game", "ann")[-1]
        expect([refused["code"], refused["application"]["code"]], ["NetConnection.Connect.Rejected", "Backend.Timeout"])
    with proxied("http://127.0.0.1:1/") as server, Client(server.port) as ann:
        expect(ann.connect("game", "ann")[-1]["application"]["code"], "Backend.Unreachable")
    with proxied("http://127.0.0.1:1/", "app.game.options.insecure_open=connect, enterRoom") as server, Client(server.port) as ann:
        expect(ann.connect("game", "ann")[-1]["code"], "NetConnection.Connect.Success")
        server.wait_line("insecure_open")


@scenario
def jsonrpc_notices_arrive_at_least_once():
    """The backend fails, dies and returns: notices of a session arrive in their order, each with its id."""
    state = {"left": 3}

    def leave(args, session):
        if state["left"]:
            state["left"] -= 1
            raise Raw(b"", 503)
        return {}
    backend = Backend(_leaveRoom=leave)
    with backend, proxied(backend, "app.game.options.breaker=2", "app.game.options.breaker_ms=50") as server:
        with Client(server.port) as ann:
            ann.connect("game/blue", "ann")
        backend.wait("$disconnect")
        with backend.lock:
            told = [each for each in backend.heard if each["session"].get("id") == backend.heard[0]["session"]["id"]]
        left = [each for each in told if each["method"] == "$leaveRoom"]
        expect([len(left), len({each["id"] for each in left}), told[-1]["method"]], [4, 1, "$disconnect"])
        with Client(server.port) as bob:
            bob.connect("game/blue", "bob")
            backend.__exit__()
            expect(code_of(bob.fails("say", 1)) in ("Backend.Unreachable", "Backend.Unknown"), True)
        server.wait_line("closed|lost|left")
        with Backend(port=backend.port) as again:
            again.wait("$disconnect")
            expect([name for name in again.names() if name in ("$leaveRoom", "$disconnect")], ["$leaveRoom", "$disconnect"])


@scenario
def jsonrpc_sessions_after_a_flood():
    """More notices than there is room for: those beyond are counted, and the backend is told who is there."""
    with Backend(_leaveRoom=lambda args, session: backend.hold()) as backend:
        with proxied(backend, "app.game.options.notices=3", "app.game.options.timeout_ms=60000") as server:
            with Client(server.port) as stays:
                stays.connect("game", "stays")
                with guests(server, *["game/blue"] * 6):
                    pass
                backend.wait("$leaveRoom", 2)
                wait_for(lambda: 'playhouse_app_counter_total{app="game",name="notices_dropped"}' in metrics(server), "some are dropped")
                wait_for(lambda: backend.names().count("$connect") == 7, "all came")
                time.sleep(0.3)
                backend.release.set()
                told = backend.wait("$sessions")
                expect([len(told["args"][0]), told["args"][0][0]["room"], told["args"][1]], [1, "", True])


def metrics(server):
    import urllib.request
    with urllib.request.urlopen(f"http://127.0.0.1:{server.local_port}/metrics") as reply:
        return reply.read().decode()


@scenario
def jsonrpc_lists_all_sessions():
    with Backend() as backend, proxied(backend, "app.game.options.sessions_ms=300") as server:
        with guests(server, *["game/blue"] * 30):
            told = wait_for(lambda: next((each for each in list(backend.heard) if each["method"] == "$sessions" and len(each["args"][0]) == 30), None),
                            "all are listed")
            ids = {each["id"] for each in told["args"][0]}
            expect(ids, {each["session"]["id"] for each in backend.heard if each["method"] == "$connect"})


@scenario
def jsonrpc_breaker():
    """After failures in a row nothing is sent; then one request finds out, and all go on."""
    state = {"down": True}

    def act(args, session):
        if state["down"]:
            raise Raw(b"", 503)
        return "fine"
    with Backend(act=act) as backend:
        with proxied(backend, "app.game.options.breaker=3", "app.game.options.breaker_ms=400") as server, Client(server.port) as ann:
            ann.connect("game", "ann")
            expect([code_of(ann.fails("act")) for _ in range(3)], ["Backend.Status"] * 3)
            expect([code_of(ann.fails("act")) for _ in range(20)], ["Backend.Closed"] * 20)
            expect(backend.names().count("act"), 3)
            server.wait_line("the backend has failed too often")
            time.sleep(0.5)
            expect(code_of(ann.fails("act")), "Backend.Status")  # the one that finds out
            expect(code_of(ann.fails("act")), "Backend.Closed")
            state["down"] = False
            wait_for(lambda: ann.answer(ann.ask("act"))[0] == "_result", "it works again")
            expect([ann.call("act") for _ in range(5)], ["fine"] * 5)


@scenario
def jsonrpc_too_much_at_once():
    """Two in flight, three wait, the others are told at once; who waits too long too; other kinds are not in the way."""
    sets = ["app.game.options.in_flight=2", "app.game.options.queue=3", "app.game.options.queue_wait_ms=400",
            "app.game.options.timeout_ms=5000", "app.game.options.concurrent=on"]
    with Backend(wait=lambda args, session: backend.hold()) as backend:
        with proxied(backend, *sets) as server, Client(server.port) as ann, Client(server.port) as bob:
            ann.connect("game", "ann")
            asked = [ann.ask("wait") for _ in range(8)]
            begin = time.monotonic()
            expect([code_of(ann.answer(id)[1]) for id in asked[5:]], ["Backend.Overloaded"] * 3)
            expect(bob.connect("game", "bob")[-1]["code"], "NetConnection.Connect.Success")
            expect(time.monotonic() - begin < 0.4, True)
            expect([code_of(ann.answer(id)[1]) for id in asked[2:5]], ["Backend.Overloaded"] * 3)
            backend.release.set()
            expect([kind for kind, _ in answers(ann, asked[:2])], ["_result"] * 2)
            expect(backend.names().count("wait"), 2)


@scenario
def jsonrpc_keeps_the_order_of_a_client():
    """Without `concurrent` a client's calls reach the backend one after the other, however slow the first."""
    with Backend(say=lambda args, session: time.sleep(0.2 if args[0] == 0 else 0) or args[0]) as backend:
        with proxied(backend) as server, Client(server.port) as ann:
            ann.connect("game", "ann")
            asked = [ann.ask("say", i) for i in range(20)]
            expect([ann.answer(id)[1] for id in asked], list(range(20)))
            expect([each["args"][0] for each in backend.heard if each["method"] == "say"], list(range(20)))
            seqs = [each["session"]["seq"] for each in backend.heard if each["method"] == "say"]
            expect(seqs, list(range(seqs[0], seqs[0] + 20)))


@scenario
def jsonrpc_who_leaves_is_not_waited_for():
    """A client that goes while its decision is pending: cancelled, one disconnect, and nothing of it is asked later."""
    with Backend(_connect=lambda args, session: backend.hold(3) or {}) as backend:
        with proxied(backend, "app.game.options.in_flight=1", "app.game.options.timeout_ms=5000") as server:
            with Client(server.port) as first, Client(server.port) as second:
                for client in (first, second):
                    client.handshake()
                    client.command("connect", 1, {"app": "game", "tcUrl": "rtmp://127.0.0.1/game"})
                backend.wait("$connect")
            time.sleep(0.3)
            backend.release.set()
            backend.wait("$disconnect", 2)
            time.sleep(0.2)
            expect(sorted(backend.names()), ["$connect", "$disconnect", "$disconnect"])


SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECOND = "whsec_" + "c2Vjb25kLXNlY3JldC1vZi10aGUtdGVzdC1vZi1vdXJz"


@scenario
def jsonrpc_signs_and_says_headers():
    with Backend() as backend:
        with proxied(backend, f"app.game.secrets={SECRET}, {SECOND}", "app.game.options.headers=X-Key: a b | X-More: c") as server, Client(server.port) as ann:
            ann.connect("game", "ann")
            ann.call("say", "ä")
            for headers, body, path in backend.headers:
                expect([verify(SECRET, headers, body), verify(SECOND, headers, body), verify(SECRET, headers, body + b" ")], [True, True, False])
                expect([headers["X-Key"], headers["X-More"], headers["Content-Type"], path], ["a b", "c", "application/json", "/rpc"])
            expect([each[0]["webhook-id"] for each in backend.headers], [each["id"] for each in backend.heard])


@scenario
def jsonrpc_over_a_unix_socket():
    with tempfile.TemporaryDirectory() as folder:
        with Backend(path=os.path.join(folder, "rpc.sock")) as backend, proxied(backend) as server, Client(server.port) as ann:
            ann.connect("game", "ann")
            expect(ann.call("say", 5), 5)


@scenario
def jsonrpc_over_tls():
    """The backend shows a certificate that must be trusted, and wants to see one."""
    with certified("localhost") as folder:
        certificate, key = f"{folder}/playhouse.crt", f"{folder}/playhouse.key"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        trusted = [f"app.game.options.ca={certificate}"]
        shown = [f"app.game.options.certificate={certificate}", f"app.game.options.key={key}"]
        with Backend(tls=context) as backend:
            for sets, code in ((trusted + shown, "NetConnection.Connect.Success"), (trusted, None), (shown, None)):
                with proxied(backend, *sets) as server, Client(server.port) as ann:
                    status = ann.connect("game")[-1]
                    expect(status["code"] if code else status["application"]["code"] in ("Backend.Unreachable", "Backend.Unknown"), code or True)


@scenario
def jsonrpc_batches():
    """Requests that wait go together; answers find theirs in any order; one that fails fails alone."""
    def say(args, session):
        if args[0] == 7:
            raise Refusal("Not 7.")
        return args[0] * 2
    sets = ["app.game.options.in_flight=1", "app.game.options.batch=10", "app.game.options.concurrent=on"]
    with Backend(say=say, wait=lambda args, session: time.sleep(0.3)) as backend:
        with proxied(backend, *sets) as server, Client(server.port) as ann:
            ann.connect("game", "ann")
            ann.ask("wait")
            asked = [ann.ask("say", i) for i in range(25)]
            told = answers(ann, asked)
            expect([value for kind, value in told if kind == "_result"], [2 * i for i in range(25) if i != 7])
            expect(told[7][1]["description"], "Not 7.")
            posts = [body for headers, body, path in backend.headers if b'"say"' in body]
            expect(len(posts) <= 5, True)


@scenario
def jsonrpc_sessions_expire():
    """Before its time is over the backend is asked; what it says counts, and without it the session ends."""
    answers = iter([{"expires_in": 1}, Refusal("Go home.", 1, code="Game.Over")])

    def refresh(args, session):
        answer = next(answers)
        if isinstance(answer, Refusal):
            raise answer
        return answer
    with Backend(_connect=lambda args, session: {"expires_in": 1, "user": "ann"}, _refresh=refresh) as backend:
        with proxied(backend) as server, Client(server.port) as ann:
            ann.connect("game", "ann")
            backend.wait("$refresh", 2)
            status = ann.until("onStatus")[3]
            expect([status["code"], status["description"]], ["Game.Over", "Go home."])
            expect(ann.closed(), True)
    with Backend(_connect=lambda args, session: {"expires_in": 0.6}, _refresh=lambda args, session: (_ for _ in ()).throw(Raw(b"", 500))) as backend:
        with proxied(backend) as server, Client(server.port) as ann:
            ann.connect("game", "ann")
            expect(ann.until("onStatus")[3]["code"], "Backend.Expired")


@scenario
def jsonrpc_actions():
    """What the backend wants done beside its answer is done in its order, after it."""
    def enter(args, session):
        return {"$actions": [{"method": "broadcast", "params": {"room": "blue", "method": "joined", "args": [session["user"]]}},
                             {"method": "setShared", "params": {"room": "blue", "object": "board", "slots": {"last": session["user"]}}}]}

    def say(args, session):
        call = [{"method": "invoke", "params": {"session": session["id"], "method": "hear", "args": [i], "reply": False}} for i in range(3)]
        return {"$result": "said", "$actions": [*call, {"method": "nothing", "params": {}}, {"method": "kick", "params": {"session": session["id"]}}]}
    with Backend(_connect=lambda args, session: {"user": args[0]}, _enterRoom=enter, say=say) as backend:
        with proxied(backend) as server, Client(server.port) as ann, Client(server.port) as bob:
            ann.connect("game/blue", "ann")
            bob.connect("game/blue", "bob")
            expect([ann.hear("joined"), ann.hear("joined"), bob.hear("joined")], [["ann"], ["bob"], ["bob"]])
            expect(bob.call("say"), "said")
            expect([bob.hear("hear") for _ in range(3)], [[0], [1], [2]])
            expect(bob.closed(), True)


@scenario
def jsonrpc_routes():
    """Calls and hooks whose names begin alike may go elsewhere, with limits of their own."""
    with Backend() as main, Backend() as shop, Backend() as door:
        sets = [f"app.game.options.shop.url={shop.url}", "app.game.options.shop.timeout_ms=200",
                "app.game.options.shop.status_map=429 Shop.Busy", f"app.game.options.$connect.url={door.url}"]
        shop.methods["shop.wait"] = lambda args, session: shop.hold()
        shop.methods["shop.full"] = main.methods["full"] = lambda args, session: (_ for _ in ()).throw(Raw(b"", 429))
        main.methods["wait"] = lambda args, session: time.sleep(0.4)
        with proxied(main, *sets) as server, Client(server.port) as ann:
            ann.connect("game", "ann")
            ann.call("shop.buy", 1)
            ann.call("shopping", 1)
            ann.call("wait")
            expect(code_of(ann.fails("shop.wait")), "Backend.Timeout")
            shop.release.set()
            expect([main.names(), shop.names(), door.names()],
                   [["$enterRoom", "shopping", "wait"], ["shop.buy", "shop.wait"], ["$connect"]])
            expect([code_of(ann.fails("shop.full")), code_of(ann.fails("full"))], ["Shop.Busy", "Backend.Status"])


@scenario
def jsonrpc_streams():
    """The backend decides who publishes and plays what, under which name, and hears when it is over."""
    def publish(args, session):
        if args[1].get("pass") != "good":
            raise Refusal("Show the key.")
        return {"stream": "secret-" + args[0]}
    with Backend(_publish=publish, _play=lambda args, session: {"stream": "secret-" + args[0]}) as backend:
        with proxied(backend, open_publish=True) as server:
            with Client(server.port) as ann, Client(server.port) as bob:
                ann.connect("game", "ann")
                bob.connect("game", "bob")
                expect(ann.publish("cam")["code"], "NetStream.Publish.Denied")
                expect(ann.publish("cam?pass=good")["code"], "NetStream.Publish.Start")
                expect(backend.wait("$publish", 2)["args"], ["cam", {"pass": "good"}])
                bob.play("cam")
                expect(bob.until("onStatus")[3]["code"].startswith("NetStream.Play"), True)
            backend.wait("$unpublish")
            expect(backend.wait("$stop")["args"], ["secret-cam"])


@scenario
def jsonrpc_names_with_a_dollar_are_the_hosts():
    """No client can forge a hook, over no protocol."""
    with Backend() as backend, proxied(backend) as server, Client(server.port) as ann, Member(server.port, "game") as bob:
        ann.connect("game", "ann")
        ann.fails("$connect", "forged")
        ann.fails("$refresh")
        bob.fails("$disconnect", "forged")
        expect([name for name in backend.names() if name not in ("$connect", "$enterRoom")], [])
        expect(backend.names().count("$connect"), 2)


@scenario
def jsonrpc_wrong_options():
    """One line says what is wrong and what to write."""
    for sets, words in [(["app.game.options.timeout_ms=0"], "options.timeout_ms: write a whole number from 1 to 60000"),
                        (["app.game.options.hooks=connect, dance"], "options.hooks: write names of hooks"),
                        (["app.game.options.dialect=red5"], "options.dialect: write jsonrpc, srs or nginx"),
                        (["app.game.options.none=1"], "none: the type jsonrpc has no such option"),
                        (["app.game.options.shop.none=1"], "shop.none: the type jsonrpc has no such option"),
                        (["app.game.secrets=whsec_abc"], "secrets: behind whsec_ stand 24 to 64 bytes"),
                        (["app.game.url=ftp://a"], "url: write http://HOST/PATH"),
                        (["app.game.options.headers=nothing"], "options.headers: write at most 16"),
                        (["app.game.options.status_map=x"], "options.status_map: write at most 16")]:
        with Server("app.game.type=jsonrpc", "app.game.url=http://127.0.0.1:1/", *sets) as server, Client(server.port) as ann:
            server.wait_line(words)
            expect(ann.connect("game")[0], "_error")


def vectors(kind):
    with open(os.path.join(HERE, "../../vectors.tsv")) as file:
        return [bytes.fromhex(line.split("\t")[1]) for line in file if line.startswith(kind)]


def echoed(client, raw):
    """The bytes that come back for the argument `raw`; None: the call failed."""
    client.last_call += 1
    client.send(chunked(COMMAND, 20, 0, 0, amf0("say") + amf0(client.last_call) + amf0(None) + raw))
    head = amf0("_result") + amf0(client.last_call) + amf0(None)
    while True:
        kind, _, body = client.message()
        body = body[1:] if kind == 17 else body
        if kind in (17, 20) and body.startswith(head):
            return body[len(head):]
        if kind in (17, 20) and body.startswith(amf0("_error")):
            return None


@scenario
def jsonrpc_values_come_back():
    """In the strict form every AMF vector goes to the backend and back as an echo in the server would return it."""
    with Backend(say=lambda args, session: args[0] if len(args) == 1 else args) as backend, proxied(backend, "app.game.options.strict=on", observed=False) as server:
        for encoding, values in ((0, vectors("AMF0")), (3, [b"\x11" + raw for raw in vectors("AMF3")])):
            with Client(server.port) as there, Client(server.port) as here:
                there.connect("game", objectEncoding=encoding)
                here.connect("echo", objectEncoding=encoding)
                n = 0
                for raw in values:
                    wanted = echoed(here, raw)
                    n += wanted is not None
                    got = echoed(there, raw)
                    if got != wanted and raw != b"\x11\x05" + struct.pack(">d", 3):
                        raise Failure(f"{raw.hex()}: {wanted and wanted.hex()} became {got and got.hex()}")
                expect(n > 10, True)


EXAMPLES = os.path.join(HERE, "../../../examples")
BACKENDS = {"node": [NODE, f"{EXAMPLES}/backend-node/backend.mjs"], "python": ["python3", f"{EXAMPLES}/backend-python/backend.py"],
            "php": ["php", "-S"]}


@contextlib.contextmanager
def example(kind):
    """A backend of examples/, that knows the secret."""
    port = free_port()
    command = [*BACKENDS[kind], *([f"127.0.0.1:{port}", f"{EXAMPLES}/backend-php/backend.php"] if kind == "php" else [str(port)])]
    with Peer(command, env={"SECRET": SECRET}) as peer:
        wait_for(lambda: listens(port), f"the {kind} backend listens")
        yield f"http://127.0.0.1:{port}/rpc"
        if not peer.running():
            raise Failure(f"the {kind} backend ended: {peer.text(peer.err)[-300:]}")


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@scenario
def jsonrpc_chat_in_node():
    """FMSPy's chat as a backend in Node: RTMP, RTMP over WebSocket, JSON and remoting clients talk in one room."""
    with example("node") as url, proxied(url, f"app.game.secrets={SECRET}", "app.game.remoting=true") as server:
        with Client(server.port) as ann, Tunnelled(server.port) as bob, Member(server.port, "game/blue?hold") as cat:
            ann.connect("game/blue", "ann")
            bob.connect("game/blue", "bob")
            expect(cat.call("$connect", {"arguments": ["cat"]})["data"], {"hello": "cat"})
            expect(ann.fails("say", "too early")["description"], "Say who you are first: identify(name).")
            for who, name in ((ann, "ann"), (bob, "bob"), (cat, "cat")):
                who.call("identify", name)
            bob.call("say", "hello")
            expect([who.hear("message") for who in (ann, bob, cat)], [["bob", "hello"]] * 3)
            expect(cat.fails("dance")["message"], "There is no method dance.")
            answered = post(server, "/gateway/game/blue", envelope(("identify", "/1", ["dan"]), ("say", "/2", ["by mail"])))
            expect(sorted(remoting_answers(answered)), ["/1/onResult", "/2/onResult"])
            expect([who.hear("message") for who in (ann, bob, cat)], [["dan", "by mail"]] * 3)
            expect(ann.hear("left"), ["dan"])
            bob.socket.close()
            expect(ann.hear("left"), ["bob"])
    with example("node") as url, proxied(url) as server, Client(server.port) as ann:  # without the secret
        expect(ann.connect("game", "ann")[-1]["application"], {"code": "Backend.Status", "status": 401})


@scenario
def jsonrpc_example_backends():
    """Those of examples/: each checks signatures, answers and broadcasts. PHP's if there is an interpreter."""
    for kind in ["python", *(["php"] if shutil.which("php") else [])]:
        with example(kind) as url, proxied(url, f"app.game.secrets={SECOND}, {SECRET}") as server, Client(server.port) as ann:
            ann.connect("game/blue", "ann")
            expect(ann.call("echo", [1, {"a": "ü"}]), [1, {"a": "ü"}])
            if kind == "python":
                ann.call("identify", "ann")
            ann.call("say", "hi")
            expect(ann.hear("message"), ["ann", "hi"])
            expect(ann.fails("none")["code"], "NetConnection.Call.Failed")
        with example(kind) as url, proxied(url) as server, Client(server.port) as ann:
            expect(ann.connect("game", "ann")[-1]["application"]["code"], "Backend.Status")


class Callbacks:
    """A backend of SRS or nginx-rtmp: `decide` gets the fields of each POST, and returns status, headers and body."""

    def __init__(self, read, decide):
        self.heard = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                fields = read(self.rfile.read(int(self.headers["Content-Length"])).decode())
                outer.heard.append({"type": self.headers["Content-Type"], **fields})
                status, headers, body = decide(fields)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/api/v1/streams"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, field, value):
        return wait_for(lambda: next((each for each in list(self.heard) if each[field] == value), None), f"{value} is heard of")


def watched(server):
    """ffmpeg publishes with a token, and a player sees it."""
    with publish(sample("h264-aac"), server.url("cam?token=good&who=a%20b", app="game/blue")) as source:
        with Player(server.url("cam", app="game/blue")) as seen:
            seen.begun()
        source.running()


@scenario
def jsonrpc_callbacks_of_srs():
    """A backend written for SRS decides who publishes and plays: same fields, 0 or {"code": 0} allows."""
    def decide(fields):
        if fields["action"] == "on_publish":
            return 200, {}, json.dumps({"code": 0 if "token=good" in fields["param"] else 1, "data": None}).encode()
        return 200, {}, b"0"
    with Callbacks(json.loads, decide) as backend:
        with proxied(backend.url, "app.game.options.dialect=srs", open_publish=True) as server:
            watched(server)
            with Client(server.port) as ann:
                ann.connect("game/blue", pageUrl="http://page/")
                expect(ann.publish("bad?token=wrong")["code"], "NetStream.Publish.Denied")
                expect(ann.fails("any")["code"], "NetConnection.Call.Failed")
            backend.wait("action", "on_stop")
            backend.wait("action", "on_unpublish")
            backend.wait("action", "on_close")
            asked = backend.wait("action", "on_publish")
            expect([asked[name] for name in ("ip", "vhost", "app", "stream", "param", "stream_url", "type")],
                   ["127.0.0.1", "127.0.0.1", "game/blue", "cam", "?token=good&who=a%20b", "/game/blue/cam", "application/json"])
            first = [each for each in backend.heard if each["client_id"] == asked["client_id"]]
            expect([each["action"] for each in first], ["on_connect", "on_publish", "on_unpublish", "on_close"])
            expect([each["pageUrl"] for each in backend.heard if each.get("pageUrl")], ["http://page/"])
    with Callbacks(json.loads, lambda fields: (200, {}, b"fine")) as backend:  # SRS wants 0
        with proxied(backend.url, "app.game.options.dialect=srs", "app.game.options.hooks=connect") as server, Client(server.port) as ann:
            expect(ann.connect("game")[-1]["application"]["code"], "Backend.BadReply")


@scenario
def jsonrpc_callbacks_of_nginx():
    """A backend written for nginx-rtmp: form fields, the status decides, a redirect gives the stream another name."""
    def read(body):
        return {name: values[0] for name, values in urllib.parse.parse_qs(body, keep_blank_values=True).items()}

    def decide(fields):
        if fields["call"] == "publish":
            return (302, {"Location": "hidden"}, b"") if fields.get("token") == "good" else (403, {}, b"")
        if fields["call"] == "play":
            return 302, {"Location": "hidden"}, b""
        return 200, {}, b""
    with Callbacks(read, decide) as backend:
        with proxied(backend.url, "app.game.options.dialect=nginx", open_publish=True) as server:
            watched(server)
            with Client(server.port) as ann:
                ann.connect("game/blue")
                expect(ann.publish("bad?token=wrong")["code"], "NetStream.Publish.Denied")
            asked = backend.wait("call", "publish")
            expect([asked[name] for name in ("app", "name", "addr", "type", "who", "tcurl")],
                   ["game/blue", "cam", "127.0.0.1", "live", "a b", server.url("", app="game/blue")[:-1]])
            expect([each["call"] for each in backend.heard if each["clientid"] == asked["clientid"]][:2], ["connect", "publish"])
            backend.wait("call", "publish_done")
            backend.wait("call", "play_done")
            backend.wait("call", "disconnect")
    with Callbacks(read, lambda fields: (302, {"Location": "rtmp://other/"}, b"")) as backend:
        with proxied(backend.url, "app.game.options.dialect=nginx", "app.game.options.hooks=publish", open_publish=True) as server, Client(server.port) as ann:
            ann.connect("game")
            expect(ann.publish("cam")["code"], "NetStream.Publish.Denied")
