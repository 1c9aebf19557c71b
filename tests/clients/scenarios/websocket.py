# SPDX-License-Identifier: MIT
"""WebSocket: RTMP inside one, JSON-RPC, and what the server refuses."""

import json
import socket

from rtmp import Client
from scenario import scenario
from scenarios.apps import guests
from server import HANG, Failure, Server
from websocket import BINARY, CONTINUATION, PING, PONG, TEXT, Member, Socket, Tunnel, frame


def tunnelled(port, path="/rtmp"):
    """An RTMP client whose bytes travel in a WebSocket."""
    client = Client.__new__(Client)
    client.begin(Tunnel(port, path))
    return client


@scenario
def rtmp_over_websocket():
    with Server() as server:
        for path in ("/rtmp", "/"):
            with tunnelled(server.port, path) as client:
                assert client.connect("echo")[0] == "_result"
                assert client.call("echo", "x" * 50000) == "x" * 50000
                assert client.call("echo", {"a": [1, None]}) == {"a": [1, None]}


@scenario
def json_members():
    with Server() as server, Member(server.port, "echo") as member:
        assert "Sec-WebSocket-Protocol: playhouse.v1" in member.head
        assert member.welcome()["room"] == ""
        for value in (None, True, 0, -7, 1.5, 2**40, "grüße \U0001f3ad\n", [], {}, [1, {"a": [None]}], {"b": 1, "a": 2}):
            assert member.call("echo", value) == value
        assert member.call("echo", 1, "two") == [1, "two"]
        member.say({"jsonrpc": "2.0", "id": "name", "method": "echo", "params": {"x": 1}})
        assert member.message() == {"jsonrpc": "2.0", "id": "name", "result": {"x": 1}}
        member.say({"jsonrpc": "2.0", "method": "echo", "params": [1]})  # no id, no answer
        assert member.call("echo", "after") == "after" and not member.heard


@scenario
def three_kinds_of_clients_in_one_room():
    """The chat, spoken by an RTMP client, one in a WebSocket, and one in JSON."""
    with Server() as server, guests(server, "chat/blue") as (ann,), tunnelled(server.port) as bob:
        assert bob.connect("chat/blue")[0] == "_result"
        with Member(server.port, "chat/blue") as eve:
            eve.welcome()
            for member, name in ((ann, "Ann"), (bob, "Bob"), (eve, "Eve")):
                member.call("identify", name)
            assert ann.hear("joined") == ["Bob"] and ann.hear("joined") == ["Eve"]
            for member, name in ((ann, "Ann"), (bob, "Bob"), (eve, "Eve")):
                member.call("say", f"I am {name}")
            for member in (ann, bob, eve):
                for name in ("Ann", "Bob", "Eve"):
                    assert member.hear("message") == [name, f"I am {name}"]
        assert ann.hear("left") == ["Eve"]


@scenario
def connect_by_a_request():
    with Server() as server, Member(server.port, "relay/table?hold&team=red") as member:
        assert member.fails("members")["code"] == -32600
        welcome = member.call("$connect", {"arguments": [1, "two"]})
        assert welcome["room"] == "table" and welcome["data"]["id"] == welcome["member"]
        assert member.fails("$connect")["code"] == -32600
        assert member.call("members") == [welcome["member"]]


@scenario
def json_errors():
    with Server() as server, Member(server.port, "chat") as member:
        member.welcome()
        assert member.fails("nosuch")["code"] == -32601
        assert member.fails("say", "x")["code"] == -32000
        assert member.fails("$nosuch")["code"] == -32601
        assert member.fails("x" * 129)["code"] == -32600
        assert member.fails("a\nb")["code"] == -32600
        for text, code in ((b"{", -32700), (b"[]", -32600), (b"{}", -32600), (b'{"jsonrpc":"1.0","id":1,"method":"say"}', -32600),
                           (b'{"jsonrpc":"2.0","id":[1],"method":"say"}', -32600), (b'{"jsonrpc":"2.0","id":1}', -32600),
                           (b'{"a":1,"a":2}', -32700), (b"nul", -32700), (b'"' + b"x" * 200 + b'"', -32600),
                           (b"[" * 40 + b"]" * 40, -32700)):
            member.say(text)
            answer = member.message()
            if answer["id"] is not None or answer["error"]["code"] != code:
                raise Failure(f"{text[:40]} was answered {answer}")
        member.say({"jsonrpc": "2.0", "id": 5, "method": "say", "params": "x"})
        assert member.message()["error"]["code"] == -32602
        for _ in range(200):
            member.say(b"{")
        assert member.closed() == 1008


@scenario
def applications_that_are_not_there():
    with Server() as server:
        for path in ("nosuch", "live", "", "nosuch/room"):
            with Member(server.port, path) as member:
                assert member.closed() == 4001, path


@scenario
def frames_that_break_the_rules():
    rules = [frame(TEXT, b"{}", mask=False), frame(3, b"x"), frame(TEXT, b"x", reserved=4), frame(PING, b"x" * 126),
             frame(PING, b"x", fin=False), frame(CONTINUATION, b"x"), frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
             frame(8, b"x"), frame(8, b"\x00\x01"), b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"abcd" + b"payload", frame(TEXT, b"\xff\xfe")]
    with Server() as server:
        for bytes_ in rules:
            for path in ("/ws/echo", "/rtmp"):
                if path == "/rtmp" and bytes_ == rules[-1]:
                    continue
                with Socket(server.port, path) as client:
                    client.send(bytes_)
                    try:
                        code = client.closed()
                    except Failure as failure:
                        raise Failure(f"{bytes_[:16].hex()} at {path}: {failure}") from None
                    if code not in (1002, 1003, 1005, 1007, 1009, None):
                        raise Failure(f"{bytes_[:16].hex()} at {path} ended with {code}")
        with Socket(server.port, "/rtmp") as client:
            client.send(frame(TEXT, b"hello"))
            assert client.closed() in (1003, None)
        with Member(server.port, "echo") as member:
            member.welcome()
            member.send(frame(PING, b"are you there"))
            assert member.frame() == (PONG, b"are you there")
            member.send(frame(TEXT, b"x" * 70000))
            assert member.closed() == 1009
        with Member(server.port, "echo") as member:
            member.send(frame(BINARY, b"x"))
            assert member.closed() == 1003


@scenario
def upgrades_that_are_refused():
    with Server("http.origins=https://game.example") as server:
        for more, status in (({"origin": "https://evil.example"}, 403), ({"origin": "https://game.example.evil"}, 403),
                             ({"origin": "https://game.example"}, 101), ({"origin": f"http://127.0.0.1:{server.port}"}, 101),
                             ({"origin": "null"}, 403), ({"version": "8"}, 426), ({"key": "short"}, 400),
                             ({"protocol": "other"}, 400)):
            with Socket(server.port, "/ws/echo", **more) as client:
                if client.status != status:
                    raise Failure(f"{more} was answered {client.status}")
        with Socket(server.port, "/nosuch") as client:
            assert client.status == 404


def heads():
    """Requests that two programs could read differently, or that are none."""
    good = "GET /rtmp HTTP/1.1\r\nHost: a\r\n"
    fields = ["Content-Length: +5", "Content-Length: 5, 5", "Content-Length: 0x5", "Content-Length: -1",
              "Content-Length: 99999999999999999999", "Content-Length:\t5 5", "Transfer-Encoding: chunked",
              "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: \x0bchunked",
              "Host: b", "Host : b", " folded: x", "\tfolded: x", "A\x00: b", "A: b\x00", "A: b\rc", "A: b\nC: d", "A b: c",
              "A(: b", "A\x7f: b", ": b", "A", "A: \x01", "Content-Length: 5\r\nContent-Length: 6",
              "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
              "Transfer-Encoding: chunked\r\nContent-Length: 0"]
    for field in fields:
        yield good + field + "\r\n\r\n"
        yield f"GET /rtmp HTTP/1.1\r\n{field}\r\nHost: a\r\n\r\n"
        yield f"POST /rtmp HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\nhello"
        yield good + f"X: y\r\n{field}\r\nConnection: keep-alive\r\n\r\n"
    for line in ("GET /rtmp", "GET  /rtmp HTTP/1.1", "GET /rtmp HTTP/1.2", "GET /rtmp HTTP/2.0", "GET /rtmp HTTP/9.9",
                 "GET /rtmp http/1.1", "GET /rtmp HTTP/1.1 ", "GET rtmp HTTP/1.1", "GET http://a/ HTTP/1.1", "GET * HTTP/1.1",
                 "GET /\x01 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /a b HTTP/1.1", "GET /rtmp HTTP/11", "GET /rtmp HTTP/1",
                 "GET \t/rtmp HTTP/1.1", "GET /rtmp\tHTTP/1.1", "GET /rtmp HTTP/1.1\r"):
        yield f"{line}\r\nHost: a\r\n\r\n"
        yield f"{line}\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    yield "GET /rtmp HTTP/1.1\r\n\r\n"
    yield "GET /rtmp HTTP/1.1\nHost: a\n\n"


@scenario
def heads_that_could_be_read_twice():
    """Each is answered 400 (411 where a length is what is missing) and closed, byte after byte too."""
    n = 0
    with Server() as server:
        for head in heads():
            for cut in (False, True) if n < 40 else (False,):
                with socket.create_connection(("127.0.0.1", server.port), timeout=HANG) as client:
                    data, answer = head.encode("latin-1"), b""
                    try:
                        for i in range(0, len(data), 7 if cut else len(data)):
                            client.sendall(data[i:i + (7 if cut else len(data))])
                    except ConnectionError:
                        pass  # it was closed before the end
                    try:
                        while more := client.recv(4096):
                            answer += more
                    except ConnectionError:
                        pass
                    if not answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 411 ")) and answer:
                        raise Failure(f"{head!r} was answered {answer[:60]!r}")
                    n += 1
        if n < 150:
            raise Failure(f"only {n} heads")
        with Socket(server.port, "/rtmp") as client:
            assert client.status == 101


@scenario
def heads_have_limits():
    with Server() as server:
        for data in (b"GET /rtmp HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20000, b"GET /" + b"x" * 20000):
            with socket.create_connection(("127.0.0.1", server.port), timeout=HANG) as client:
                client.sendall(data)
                assert client.recv(100).startswith(b"HTTP/1.1 431 ")
        with socket.create_connection(("127.0.0.1", server.port), timeout=HANG) as client:
            client.sendall(b"GET /rtmp HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 70 + b"\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")


@scenario
def many_json_calls_in_flight():
    with Server("app.echo.call_rate=1000000", "app.echo.call_burst=1000000") as server, Member(server.port, "echo") as member:
        member.welcome()
        calls = [member.ask("echo", i) for i in range(2000)]
        for i, call in enumerate(calls):
            assert member.answer(call)["result"] == i


@scenario
def drain_tells_websocket_clients():
    with Server() as server, Member(server.port, "echo") as member, tunnelled(server.port) as client:
        member.welcome()
        client.connect("echo")
        server.stop()
        assert member.closed() == 1001
        assert client.hear("onStatus")[0]["code"] == "NetConnection.Connect.AppShutdown"
