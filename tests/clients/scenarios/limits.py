# SPDX-License-Identifier: MIT
"""Limits that a single client can meet: just below it nothing happens, at it what docs/limits.md says.

Times are only ever lower bounds: a limit may not act too early, and a slow machine may always be late.
"""

import contextlib
import socket
import struct
import time

from rtmp import Client, Stranger, amf0, amf0_all, chunked
from scenario import scenario
from server import HANG, Failure, Server, wait_for

PING, PONG, COMMAND, VIDEO = 6, 7, 20, 9
KEY = b"\x17\x01\0\0\0"


def alive(client):
    """The client is heard and answered: a ping comes back."""
    client.send(chunked(2, 4, 0, 0, struct.pack(">HI", PING, 4711)))
    while client.message()[2] != struct.pack(">HI", PONG, 4711):
        pass


def ended(client, server, why):
    if not client.closed():
        raise Failure(f"the server kept a connection: {why}")
    server.wait_line(why)


def header(csid, kind, length):
    return bytes([csid]) + bytes(3) + length.to_bytes(3, "big") + bytes([kind]) + struct.pack("<I", 1 if kind == VIDEO else 0)


@scenario
def limits_handshake_deadline():
    """Drips do not help: the deadline counts from the beginning."""
    with Server("limits.handshake=500ms", "limits.connect=60s") as server, Stranger(server) as client:
        client.send(b"\x03")
        with contextlib.suppress(ConnectionError):
            end = time.monotonic() + HANG
            while not client.closed(seconds=0.1):
                assert time.monotonic() < end, "the server waits for ever for a handshake"
                client.send(b"x")
        server.wait_line("no handshake in time")


@scenario
def limits_connect_deadline():
    with Server("limits.connect=1s") as server, Client(server.port) as client:
        client.handshake()
        ended(client, server, "no connect in time")


@scenario
def limits_ping_and_pong():
    """A silent client is asked; who answers may stay as long as it likes, who does not is closed."""
    with Server("limits.ping=1s", "limits.pong=1s") as server, Client(server.port) as lively, Client(server.port) as dead:
        lively.connect()
        dead.connect()
        for _ in range(3):
            while True:
                kind, _, body = lively.message()
                if kind == 4 and body[:2] == struct.pack(">H", PING):
                    lively.send(chunked(2, 4, 0, 0, struct.pack(">H", PONG) + body[2:]))
                    break
        ended(dead, server, "no answer to a ping")
        alive(lively)


@scenario
def limits_publishers_without_media():
    """No first media, or none any more: told as Publish.Idle, then closed."""
    with Server("limits.first_media=1s", "limits.publisher_idle=1s", open_publish=True) as server:
        for frames, why in ((0, "no media came"), (1, "the publisher fell silent")):
            with Client(server.port) as client:
                client.connect()
                assert client.publish("cam")["code"] == "NetStream.Publish.Start"
                for _ in range(frames):
                    client.send(chunked(6, VIDEO, 1, 0, KEY))
                status = client.until("onStatus")[3]
                assert status["code"] == "NetStream.Publish.Idle", status
                ended(client, server, why)


@scenario
def limits_chunk_size():
    with Server() as server, Stranger(server) as good, Stranger(server) as bad:
        good.connect()
        good.send(chunked(2, 1, 0, 0, struct.pack(">I", 128)))
        alive(good)
        bad.connect()
        bad.send(chunked(2, 1, 0, 0, struct.pack(">I", 127)))
        ended(bad, server, "protocol broken at byte")


@scenario
def limits_message_lengths():
    """Judged by the announced length, before anything is kept: the longest is waited for, one more byte is the end."""
    limits = [(3, COMMAND, 32 << 10, False), (3, COMMAND, 512 << 10, True), (5, 18, 512 << 10, True), (6, VIDEO, 8 << 20, True),
              (4, 8, 8 << 20, True)]
    with Server() as server:
        for csid, kind, longest, connected in limits:
            with Stranger(server) as good, Stranger(server) as bad:
                for client in (good, bad):
                    client.connect() if connected else client.handshake()
                good.send(header(csid, kind, longest) + bytes(128))
                alive(good)
                bad.send(header(csid, kind, longest + 1))
                if not bad.closed():
                    raise Failure(f"a message of type {kind} and {longest + 1} bytes was waited for")


@scenario
def limits_message_option():
    """limits.message moves the longest media message, and one of that length arrives whole."""
    with Server("limits.message=64KiB", "app.live.linger=0ms", open_publish=True) as server:
        with Client(server.port) as publisher, Client(server.port) as viewer:
            publisher.connect()
            publisher.publish("cam")
            frame = KEY + bytes(65536 - len(KEY))
            publisher.send(chunked(6, VIDEO, 1, 0, frame))
            viewer.connect()
            viewer.play("cam")
            while True:
                kind, _, body = viewer.message()
                if kind == VIDEO:
                    break
            assert body == frame, f"{len(body)} bytes of {len(frame)}"
            with Stranger(server) as bad:
                bad.connect()
                bad.send(header(6, VIDEO, 65537))
                assert bad.closed(), "a longer one was waited for"


@scenario
def limits_message_streams():
    """Sixteen message streams; the seventeenth is refused, and given when another was deleted."""
    with Server() as server, Client(server.port) as client:
        client.connect()
        for i in range(16):
            client.create_stream()
        client.command("createStream", 17, None)
        assert client.until("_error")[1] == 17
        client.command("deleteStream", 0, None, 3)
        client.create_stream()
        alive(client)


@scenario
def limits_rates():
    """What comes faster than the rate waits its turn: all is answered, in order, and not sooner."""
    for method, name, n, rate, burst in (("nonsense", "_error", 400, 100, 200), ("getStreamLength", "_result", 35, 5, 20)):
        with Server() as server, Client(server.port) as client:
            client.connect()
            begin = time.monotonic()
            for i in range(n):
                client.command(method, 100 + i, None, "x")
            for i in range(n):
                assert client.until(name)[1] == 100 + i
            took, least = time.monotonic() - begin, (n - burst - 1) / rate - 0.1
            assert took >= least, f"{n} times {method} took {took:.2f} s, not {least:.2f}"


@scenario
def limits_controls():
    """Buffer lengths beyond the burst wait for their turn, and so does what comes behind them."""
    with Server() as server, Client(server.port) as client:
        client.connect()
        begin = time.monotonic()
        for i in range(300):
            client.send(chunked(2, 4, 0, 0, struct.pack(">HII", 3, 1, i)))
        alive(client)
        assert time.monotonic() - begin >= 1.9, "100 more than the burst took no time"


@scenario
def limits_guessing():
    """Ten wrong keys a minute; then each costs a second."""
    with Server() as server:
        took = []
        for i in range(12):
            with Client(server.port) as client:
                client.connect()
                begin = time.monotonic()
                assert client.publish("cam?key=wrong-key-wrong-key")["code"] == "NetStream.Publish.Denied"
                took.append(time.monotonic() - begin)
                assert client.closed()
        assert min(took[10:]) >= 0.95, f"guesses were answered after {took}"
        with Client(server.port) as client:
            client.connect()
            assert client.publish(f"cam?key={server.key}")["code"] == "NetStream.Publish.Start", "the right key"


@scenario
def limits_connections():
    """limits.connections: the next caller is closed at once, with one line in the log; a place that is left is given again."""
    with Server("limits.connections=4") as server, contextlib.ExitStack() as stack:
        clients = []
        while len(clients) < 4:
            clients.append(stack.enter_context(Client(server.port)))
            clients[-1].connect()
        for _ in range(3):
            with Client(server.port) as more:
                assert more.closed()
        server.wait_line(r"refused 127.0.0.1:\d+: the server is full")
        assert sum("the server is full" in line for line in server.lines) == 1, "told more than once"
        for client in clients:
            alive(client)
        clients.pop().socket.close()

        def comes_in():
            with Client(server.port) as more, contextlib.suppress(EOFError, ConnectionError):
                return more.connect()[0] == "_result"
        wait_for(comes_in, "the free place to be given")


@scenario
def limits_memory():
    """With less memory allowed than it uses, the server lets nobody in, and says so; whoever is there stays."""
    with Server("limits.memory=1MiB") as server:
        server.wait_line("limits.memory: .* are used: nobody is let in")
        with Client(server.port) as client:
            assert client.closed()
        server.wait_line(r"refused 127.0.0.1:\d+: the server's memory is nearly used up")


@scenario
def limits_drain():
    """At SIGTERM everybody is told; one that does not read cannot hold the server."""
    with Server("limits.drain=1s", open_publish=True) as server:
        with Client(server.port) as publisher, Client(server.port) as viewer, Client(server.port) as deaf:
            deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for client in (publisher, viewer, deaf):
                client.connect()
            publisher.publish("cam")
            for client in (viewer, deaf):
                client.play("cam")
            for i in range(8):
                publisher.send(chunked(6, VIDEO, 1, 40 * i, KEY + bytes(1 << 20)))
            alive(publisher)
            server.stop()
            for client in (publisher, viewer):
                codes = []
                with contextlib.suppress(EOFError, ConnectionError):
                    while True:
                        kind, _, body = client.message()
                        if kind == COMMAND:
                            codes += [v["code"] for v in amf0_all(body) if isinstance(v, dict) and "code" in v]
                assert "NetConnection.Connect.AppShutdown" in codes, codes
            assert server.process.wait(HANG) == 0


@scenario
def limits_http_requests():
    """A connection is answered a thousand times; the last answer says that it ends."""
    with Server(observed=False) as server, socket.create_connection(("127.0.0.1", server.local_port), timeout=HANG) as client:
        ask = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.local_port}\r\n\r\n".encode()
        heard = b""
        for _ in range(10):
            client.sendall(ask * 101)
            while heard.count(b"\r\n\r\nok\n") % 101 and not heard.endswith(b"close"):
                more = client.recv(65536)
                if not more:
                    break
                heard += more
        with contextlib.suppress(ConnectionError):
            while more := client.recv(65536):
                heard += more
        answers = heard.count(b"HTTP/1.1 200")
        if answers != 1000 or heard.count(b"Connection: close") != 1 or b"Connection: close" not in heard[heard.rindex(b"HTTP/1.1"):]:
            raise Failure(f"{answers} answers, {heard.count(b'Connection: close')} of them the last")


@scenario
def limits_http_deadlines():
    """Half a head; a pause after an answer; an answer that nobody reads: each ends, and not too early."""
    with Server(observed=False) as server, contextlib.ExitStack() as stack:
        port, before = server.local_port, server.descriptors()
        ask = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()

        def caller(buffer=None):
            client = stack.enter_context(socket.socket())
            if buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            client.settimeout(HANG)
            client.connect(("127.0.0.1", port))
            return client, time.monotonic()
        half, begun = caller()
        half.sendall(ask[:-2])
        deaf, deaf_begun = caller(buffer=2048)
        with contextlib.suppress(ConnectionError):
            deaf.sendall(ask * 900)  # more than the kernel keeps
        idle, _ = caller()
        idle.sendall(ask)
        idle.recv(1)
        idle_begun = time.monotonic()
        while half.recv(65536):
            pass
        took = time.monotonic() - begun
        assert took > 9, f"a slow head was closed after {took} s"
        wait_for(lambda: server.descriptors() <= before + 1, "who does not read is closed")
        assert time.monotonic() - deaf_begun > 9
        while idle.recv(65536):
            pass
        took = time.monotonic() - idle_begun
        assert took > 19, f"a pause was ended after {took} s"
