# SPDX-License-Identifier: MIT
"""The operator's door: API, metrics, signs of life, console."""

import json
import os
import re
import socket
import stat
import threading

from media import sample
from peers import Peer, Player, publish
from scenario import scenario
from scenarios.apps import guests
from scenarios.flv import get, live
from scenarios.pages import HERE
from scenarios.sdk import NODE
from server import HANG, Failure, Server, wait_for
from shared import Shared


def ask(server, path, method="GET", status=200):
    found, head, body = get(server.local_port, f"/api/v1/{path}", f"Authorization: Bearer {server.token}", method=method)
    if found != status:
        raise Failure(f"{method} {path}: {found} {body}")
    return json.loads(body) if body else None


@scenario
def api_shows_what_goes_on():
    with live() as server, publish(sample("h264-aac"), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        with Player(server.url()) as by_rtmp, Peer(["curl", "-sS", f"http://127.0.0.1:{server.port}/live/cam.flv"]), \
                guests(server, "chat/blue"):
            server.wait_line("playing live/cam", count=2)
            by_rtmp.begun()
            stream, = ask(server, "streams")["items"]
            assert stream["path"] == "live/cam" and stream["live"] and stream["viewers"] == stream["joined"] == 2, stream
            assert stream["messages"] > 10 and stream["bytes"] > 1000, stream
            assert ask(server, "streams/live/cam")["path"] == "live/cam"
            ask(server, "streams/live/nobody", status=404)
            sessions = {(s["protocol"], s["path"], s["publishing"], s["playing"]) for s in ask(server, "sessions")["items"]}
            for row in (("rtmp", "live", 1, 0), ("rtmp", "live", 0, 1), ("flv", "live/cam", 0, 1), ("rtmp", "chat/blue", 0, 0)):
                assert row in sessions, (row, sessions)
            found = ask(server, "server")
            assert found["streams"] == 1 and not found["draining"] and len(found["workers"]) >= 1, found
            assert {"name": "chat", "type": "chat", "enabled": True} in ask(server, "apps")["items"]
        source.wait()


@scenario
def api_closes_a_session():
    with Server() as server, guests(server, "chat/blue", "chat/red") as (ann, bob):
        blue = [s["id"] for s in ask(server, "sessions")["items"] if s["path"] == "chat/blue"]
        ask(server, f"sessions/{blue[0]}", "DELETE", 204)
        ann.closed()
        ask(server, f"sessions/{blue[0]}", "DELETE", 404)
        bob.call("identify", "Bob")
        for wrong in ("0", "-1", "x", "99999999999999999999999999", "", "1/2"):
            assert get(server.local_port, f"/api/v1/sessions/{wrong}", f"Authorization: Bearer {server.token}",
                       method="DELETE")[0] in (404, 405), wrong


@scenario
def api_reload_and_drain():
    with Server() as server:
        ask(server, "reload", "POST")
        server.wait_line("publish keys and log level were read again")
        assert get(server.local_port, "/readyz")[::2] == (200, b"ready\n")
        ask(server, "drain", "POST")
        server.stopped = True
        server.wait_line("stopped")


@scenario
def api_wants_its_token():
    with Server() as server:
        path = os.path.join(server.state, "api.token")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and len(server.token) == 52
        token = server.token
        for shown in ((), ("Authorization: Bearer",), ("Authorization: Bearer x",), (f"Authorization: Bearer {token[:-1]}",),
                      (f"Authorization: Bearer {token}x",), (f"Authorization: Basic {token}",), (f"Cookie: token={token}",)):
            for method, path in (("GET", "server"), ("GET", "streams"), ("POST", "drain"), ("DELETE", "sessions/1")):
                status, head, _ = get(server.local_port, f"/api/v1/{path}?token={token}", *shown, method=method)
                assert status == 401 and "WWW-Authenticate: Bearer" in head, (shown, status)
        for path in ("/api/v1/server", "/metrics", "/healthz", "/readyz"):  # nor is it there at all for clients
            assert get(server.port, path, f"Authorization: Bearer {token}")[0] == 404, path
        ask(server, "nothing", status=404)
        ask(server, "streams", "POST", 405)
        if token in "\n".join(server.lines):
            raise Failure("the token is in the log")


def role(server, name):
    path = os.path.join(server.state, name)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
    with open(path) as f:
        return f"Authorization: Bearer {f.read().strip()}"


@scenario
def api_has_roles():
    """Who reads may not change, who operates may not end the server; the description tells which is which."""
    with Server() as server:
        description = ask(server, "openapi.json")
        read, operate = role(server, "api.read"), role(server, "api.operate")
        admin = f"Authorization: Bearer {server.token}"
        seen = set()
        for path, methods in description["paths"].items():
            for method, operation in methods.items():
                wanted = operation["x-role"]
                seen.add(wanted)
                real = "/api/v1" + path.replace("{id}", "1").replace("{app}", "chat").replace("{path}", "live/x").replace("{", "").replace("}", "")
                for shown, has in ((read, "read"), (operate, "operate"), (admin, "admin")):
                    if path in ("/drain", "/reload") and has == "admin":
                        continue
                    status, _, body = get(server.local_port, real, shown, method=method.upper())
                    may = ["read", "operate", "admin"].index(has) >= ["read", "operate", "admin"].index(wanted)
                    assert (status != 403) == may, (method, real, has, wanted, status, body)
                    assert may or f"wants the role {wanted}" in body.decode(), body
        assert seen == {"read", "operate", "admin"}, seen
        status, head, _ = get(server.local_port, "/api/v1/server", read, method="DELETE")
        assert status == 405 and "Allow: GET, HEAD\r\n" in head, head
        for path in ("server/x", "apps/chat", "apps//rooms", "apps/chat/rooms/", "relays/a/b", "streamsx", "", "sessions/1/2"):
            assert get(server.local_port, f"/api/v1/{path}", read)[0] in (404, 405), path


@scenario
def api_lists_in_pages():
    """Every row once, however many at a time; filters by field."""
    with Server("app.chat.type=chat") as server, guests(server, *(f"chat/room{i}" for i in range(7))):
        names = ["", *(f"room{i}" for i in range(7))]

        def pages(path, key, limit):
            cursor, rows, n = "", [], 0
            while True:
                page = ask(server, f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
                assert len(page["items"]) <= limit, page
                rows += [row[key] for row in page["items"]]
                n += 1
                if "next" not in page:
                    return rows, n
                cursor = f"&cursor={page['next']}"
        for limit in (1, 3, 8, 1000):
            assert pages("apps/chat/rooms", "name", limit) == (names, -(-8 // limit)), limit
        ids, _ = pages("sessions", "id", 2)
        assert ids == sorted(set(ids)) and len(ids) >= 7, ids
        assert pages("sessions?path=chat/room3", "path", 5)[0] == ["chat/room3"]
        assert len(pages("sessions?path=chat/*&protocol=rtmp", "path", 3)[0]) == 7
        assert pages("sessions?path=chat/*&protocol=json", "path", 3)[0] == []
        assert pages("apps?type=chat", "name", 9)[0] == ["chat"] and pages("apps?enabled=false", "name", 9)[0] == []
        assert pages("apps/chat/rooms?locked=false&name=room5", "name", 9)[0] == ["room5"]
        for query, words in (("limit=0", "1 to 1000"), ("limit=1001", "1 to 1000"), ("limit=x", "1 to 1000"), ("colour=red", "limit, cursor, path, protocol"),
                             ("path=" + "x" * 300, "longer than any value")):
            assert words in ask(server, f"sessions?{query}", status=400)["title"], query


@scenario
def the_local_door_has_its_names():
    """A page of another host that leads here by DNS gets nothing."""
    with Server() as server:
        port = server.local_port
        for host, status in (("localhost", 200), (f"localhost:{port}", 200), (f"127.0.0.1:{port}", 200), ("[::1]", 200),
                             ("evil.example", 421), ("localhost.evil.example", 421)):
            with socket.create_connection(("127.0.0.1", port), HANG) as sock:
                sock.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                answer = sock.recv(4096)
            assert int(answer.split()[1]) == status, (host, answer)


@scenario
def metrics_are_prometheus():
    with live() as server, publish(sample("h264-aac"), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        status, head, body = get(server.local_port, "/metrics")
        assert status == 200 and "text/plain; version=0.0.4" in head
        told, values = set(), {}
        for line in body.decode().splitlines():
            if line.startswith("# "):
                told.add(line.split()[2])
                continue
            name, labels, value = re.fullmatch(r'(\w+)(?:\{(\w+="[^"\\]*"(?:,\w+="[^"\\]*")*)\})? (\S+)', line).groups()
            assert name in told and name.startswith("playhouse_"), line
            values[name, labels] = float(value)
        assert values["playhouse_streams", None] == 1
        assert values["playhouse_stream_viewers", 'path="live/cam"'] == 0
        assert values["playhouse_stream_received_bytes_total", 'path="live/cam"'] > 0
        assert values["playhouse_sessions", 'protocol="rtmp"'] == 1
        source.wait()


@scenario
def many_ask_at_once():
    """Answers come whole and in order, also when those who asked have left."""
    with Server() as server:
        port, request = server.local_port, f"GET /api/v1/server HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()

        def hurry():
            for _ in range(50):
                with socket.create_connection(("127.0.0.1", port), HANG) as sock:
                    sock.sendall(request * 3)

        threads = [threading.Thread(target=hurry) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            assert ask(server, "server")["version"]
        for thread in threads:
            thread.join()


@scenario
def answers_keep_their_order():
    """A quick answer does not overtake one that has to be collected."""
    with Server() as server, socket.create_connection(("127.0.0.1", server.local_port), HANG) as sock:
        def get_text(path):
            return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()
        sock.sendall((get_text("/api/v1/server") + get_text("/healthz") + get_text("/api/v1/streams") + get_text("/readyz")) * 20)
        data = b""
        while data.count(b"ready\n") < 20:
            more = sock.recv(65536)
            if not more:
                raise Failure("the server closed the connection")
            data += more
        found = re.findall(rb'"version"|\r\n\r\nok\n|"items"|\r\n\r\nready\n', data)
        assert found == [b'"version"', b"\r\n\r\nok\n", b'"items"', b"\r\n\r\nready\n"] * 20, found[:8]


@scenario(alone=True)
def the_console_in_chromium():
    with live() as server, publish(sample("h264-aac", seconds=20), server.url(key=True)) as source, guests(server, "chat/blue"):
        server.wait_line("publishing live/cam")
        with Peer([NODE, os.path.join(HERE, "browser/console.mjs")],
                  env={"PAGE": f"http://127.0.0.1:{server.local_port}/", "TOKEN": server.token,
                       "MODULES": os.path.join(HERE, "node_modules")}) as browser:
            browser.wait()
        wait_for(lambda: any("closed chat/blue" in line for line in server.lines), "the session to be closed")
        source.stop()


@scenario
def api_looks_into_rooms():
    with Server("app.live.type=live", "app.relay.type=relay", observed=False) as server, \
            guests(server, "relay/blue", "relay/blue", "relay") as (ann, _, _):
        board = Shared(ann, "board")
        board.use()
        board.set(score={"ann": [1, None, "two"]})
        rooms = {room["name"]: room for room in ask(server, "apps/relay/rooms")["items"]}
        assert set(rooms) == {"", "blue"} and rooms["blue"]["members"] == 2 and rooms[""]["members"] == 1, rooms
        blue = ask(server, "apps/relay/rooms/blue")
        assert [m["protocol"] for m in blue["members"]] == ["rtmp", "rtmp"] and blue["capacity"] == 0, blue
        wait_for(lambda: ask(server, "apps/relay/rooms/blue")["objects"][0]["slots"] == {"score": {"ann": [1, None, "two"]}},
                 "the slot")
        assert len(ask(server, "apps/relay/hall")["members"]) == 1
        for path in ("apps/relay/rooms/none", "apps/none/rooms", "apps/live/rooms", "apps/relay/x", "apps/relay/", "apps/relay/rooms/",
                     "apps//rooms", "apps/relay/rooms/" + "x" * 200):
            ask(server, path, status=404)
        ask(server, "apps/relay/rooms/none", "DELETE", 404)
        ask(server, "apps/relay/hall", "DELETE", 405)
        ask(server, "apps/relay/rooms/blue", "DELETE", 204)
        wait_for(lambda: len(ask(server, "apps/relay/rooms")["items"]) == 1, "the room has gone")
        assert len(ask(server, "apps/relay/hall")["members"]) == 3


@scenario
def the_dashboard_asks_for_what_there_is():
    """Each figure that packaging/grafana.json draws is one of /metrics."""
    with open(os.path.join(os.path.dirname(os.path.dirname(HERE)), "packaging/grafana.json"), encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    asked = {name for panel in panels for target in panel["targets"] for name in re.findall(r"playhouse_\w+", target["expr"])}
    with Server(observed=False) as server:
        told = set(re.findall(r"^# TYPE (\w+)", get(server.local_port, "/metrics")[2].decode(), re.MULTILINE))
    assert len(asked) >= 10 and asked <= told, asked - told
