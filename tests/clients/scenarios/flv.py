# SPDX-License-Identifier: MIT
"""Streams as FLV, by HTTP and in WebSockets: what comes is what RTMP players get."""

import socket
import struct
import subprocess
import time

from media import FFMPEG, packets, same, sample
from peers import Peer, Player, publish
from scenario import scenario
from scenarios import live as rtmp
from server import HANG, Failure, Server
from websocket import Socket


def live(*sets):
    """HTTP on the port of RTMP is nothing that tshark could judge."""
    return rtmp.live(*sets, observed=False)


def ask(port, text):
    """A request as it stands; the whole answer until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), HANG) as sock:
        sock.sendall(text.replace("\n", "\r\n").encode())
        answer = b""
        while data := sock.recv(65536):
            answer += data
    return answer


def get(port, path, *fields, method="GET"):
    """(status, head, body)"""
    answer = ask(port, "\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close", *fields, "", ""]))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


def tags(data):
    """(flags, [(type, time, body)]) of an FLV stream that ends with a whole tag."""
    if data[:4] != b"FLV\x01" or data[5:13] != b"\0\0\0\x09\0\0\0\0":
        raise Failure(f"no FLV header: {data[:13]}")
    at, found = 13, []
    while at < len(data):
        length = int.from_bytes(data[at + 1:at + 4], "big")
        time = int.from_bytes(data[at + 4:at + 7], "big") | data[at + 7] << 24
        body = data[at + 11:at + 11 + length]
        if struct.unpack(">I", data[at + 11 + length:at + 15 + length])[0] != length + 11:
            raise Failure(f"the tag at {at} is not followed by its size")
        found.append((data[at], time, body))
        at += 15 + length
    return data[4], found


@scenario
def http_flv_equals_rtmp():
    """ffmpeg plays both ways at once; and one file is what the other has."""
    path = sample("h264-aac")
    with live() as server, publish(path, server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        url = f"http://127.0.0.1:{server.port}/live/cam.flv"
        with Player(server.url()) as by_rtmp, Player(url) as by_http:
            server.wait_line("playing live/cam", count=2)
            source.wait()
            same(packets(path), by_rtmp.packets())
            same(packets(path), by_http.packets())
        server.wait_line(r"closed live/cam: the stream has ended after .*http-flv")


@scenario
def http_flv_is_flv():
    path = sample("h264-aac")
    with live() as server, publish(path, server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        with Peer(["curl", "-sS", "-D", "-", f"http://127.0.0.1:{server.port}/live/cam.flv"]) as curl, \
                Peer(["curl", "-sS", f"http://127.0.0.1:{server.port}/live/cam.flv?video=0"]) as deaf:
            server.wait_line("playing live/cam", count=2)
            source.wait()
            curl.wait()
            deaf.wait()
            head, _, body = curl.out_bytes().partition(b"\r\n\r\n")
            sound = deaf.out_bytes()
    for field in (b"200 OK", b"Content-Type: video/x-flv", b"Connection: close", b"Access-Control-Allow-Origin: *"):
        if field not in head:
            raise Failure(f"{field} is not in {head}")
    flags, found = tags(body)
    assert flags == 5 and {kind for kind, _, _ in found} == {8, 9, 18}, flags
    assert found[0][0] == 18 and b"onMetaData" in found[0][2] and b"@setDataFrame" not in found[0][2]
    flags, found = tags(sound)
    assert flags == 4 and all(kind != 9 or body[1] == 0 for kind, _, body in found), flags  # headers come all the same


@scenario
def http_flv_refusals():
    with Server() as server:
        for path, status, words in (("/live/nobody.flv", 404, "nobody publishes"), ("/nosuch/cam.flv", 404, "no such application"),
                                    ("/live.flv", 404, "/APP/STREAM.flv"), ("/live/.flv", 404, ""), ("/live/a%2e.flv", 404, ""),
                                    ("/live/../cam.flv", 404, ""), ("/live/cam.flv?wait=x", 400, "wait"),
                                    ("/live/cam.flv?wait=61", 400, "wait"), ("/nothing", 404, "nothing here")):
            found, _, body = get(server.port, path)
            if found != status or words.encode() not in body:
                raise Failure(f"{path}: {found} {body}")
        assert get(server.port, "/live/cam.flv", method="HEAD")[::2] == (404, b"")
        found, head, _ = get(server.port, "/live/cam.flv", method="DELETE")
        assert found == 405 and "Allow: GET, HEAD, OPTIONS" in head, head
        found, head, _ = get(server.port, "/live/cam.flv", method="OPTIONS")
        assert found == 204 and "Allow: GET, HEAD, OPTIONS" in head, head


@scenario
def http_flv_waits_for_a_publisher():
    path = sample("h264-aac")
    with live() as server:
        with Peer(["curl", "-sS", f"http://127.0.0.1:{server.port}/live/cam.flv?wait=30"]) as curl:
            time.sleep(0.3)
            with publish(path, server.url(key=True)) as source:
                server.wait_line("playing live/cam")
                source.wait()
            curl.wait()
            flags, found = tags(curl.out_bytes())
        assert len(found) > 100
        begin = time.monotonic()
        assert get(server.port, "/live/late.flv?wait=1")[0] == 404 and time.monotonic() - begin > 0.9


@scenario
def http_flv_head():
    path = sample("h264-aac")
    with live() as server, publish(path, server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        status, head, body = get(server.port, "/live/cam.flv", method="HEAD")
        assert (status, body) == (200, b"") and "video/x-flv" in head
        source.wait()


@scenario
def ws_flv():
    path = sample("h264-aac")
    with live() as server, publish(path, server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        player = Socket(server.port, "/live/cam.flv")
        server.wait_line("playing live/cam: .*ws-flv")
        source.wait()
        data = b""
        while (message := player.frame()) and message[0] == 2:
            data += message[1]
        flags, found = tags(data)
        assert flags == 5 and {kind for kind, _, _ in found} == {8, 9, 18}


@scenario
def flv_asks_the_application():
    """A door of its own is no way around the hooks."""
    script = """
    local game = {}
    function game.connect(member, args) if member.protocol == "http-flv" and member.query == "no=1" then return false, "No." end end
    function game.play(room, member, name, query)
      if name == "secret" and query.token ~= "yes" then return false, "Show the token." end
    end
    return game
    """
    from scenarios.lua import scripted
    path = sample("h264-aac")
    with scripted(script, "auth.publish=open", "app.game.linger=0s", observed=False) as (server, _), \
            publish(path, f"rtmp://127.0.0.1:{server.port}/game/secret") as source:
        server.wait_line("publishing game/secret")
        assert get(server.port, "/game/secret.flv?no=1")[::2] == (403, b"No\n")
        status, _, body = get(server.port, "/game/secret.flv")
        assert status == 403 and b"Show the token" in body, (status, body)
        with Peer(["curl", "-sS", f"http://127.0.0.1:{server.port}/game/secret.flv?token=yes"]) as curl:
            server.wait_line("playing game/secret")
            source.wait()
            curl.wait()
            tags(curl.out_bytes())


@scenario
def requests_on_one_connection():
    """Pipelined requests are answered in their order, and the connection stays."""
    with Server() as server, socket.create_connection(("127.0.0.1", server.port), HANG) as sock:
        names = [f"/live/s{i}.flv" if i % 3 else f"/nothing/{i}" for i in range(60)]
        sock.sendall("".join(f"GET {name} HTTP/1.1\r\nHost: x\r\n\r\n" for name in names).encode())
        answers, data = [], b""
        while len(answers) < len(names):
            while b"\r\n\r\n" not in data:
                data += sock.recv(65536)
            head, _, data = data.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(data) < length:
                data += sock.recv(65536)
            answers.append(data[:length])
            data = data[length:]
        for name, answer in zip(names, answers):
            assert (b"nobody publishes" if name.endswith(".flv") else b"nothing here") in answer, (name, answer)


@scenario
def a_request_that_waits_is_answered_first():
    with Server() as server, socket.create_connection(("127.0.0.1", server.port), HANG) as sock:
        sock.sendall(b"GET /live/cam.flv?wait=2 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.3)
        sock.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b""
        while more := sock.recv(65536):
            data += more
        assert 0 < data.find(b"nobody publishes") < data.find(b"nothing here"), data


@scenario
def http_bodies():
    with Server() as server:
        def post(*fields, body=""):
            return get(server.port, "/live/cam.flv", *fields, "", body, method="POST")[0]
        assert post("Content-Length: 2", body="hi") == 405
        assert post("Transfer-Encoding: chunked", body="0\r\n") == 411
        assert post("Content-Length: 99999999") == 413
        with socket.create_connection(("127.0.0.1", server.port), HANG) as sock:
            sock.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            assert sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(b"body")
            assert b"404" in sock.recv(4096)


@scenario
def a_player_that_does_not_read():
    """It is closed, and the others do not notice."""
    path = sample("long-gop", seconds=12)
    with live("app.live.lag=1s") as server, publish(path, server.url(key=True)) as source, \
            socket.socket() as sleeper:
        server.wait_line("publishing live/cam")
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.connect(("127.0.0.1", server.port))
        sleeper.sendall(b"GET /live/cam.flv HTTP/1.1\r\nHost: x\r\n\r\n")
        with Peer(["curl", "-sS", f"http://127.0.0.1:{server.port}/live/cam.flv"]) as curl:
            server.wait_line("playing live/cam", count=2)
            source.wait()
            curl.wait()
            tags(curl.out_bytes())


@scenario
def requests_are_logged_when_wanted():
    """Without their queries, and without anything that would break a line."""
    with Server("http.log=true", observed=False) as server:
        get(server.port, "/watch/live/cam?key=secret")
        get(server.port, "/no/such%0apage")
        line = server.wait_line(r"http: GET /watch/live/cam: 200, \d+ bytes after [0-9.]+ ms \(127.0.0.1:\d+, tcp\)")
        server.wait_line(r"http: GET /no/such.*page: 404")
        if any("secret" in line for line in server.lines):
            raise Failure(line)
    with Server(observed=False) as server:
        get(server.port, "/watch/live/cam")
        assert not any("GET" in line for line in server.lines)
