# SPDX-License-Identifier: MIT
"""What the server does for applications, through scripts and clients of each kind."""

import contextlib
import http.server
import os
import socket
import tempfile
import threading
import time

from media import sample
from peers import Player, publish
from rtmp import Client, amf0_all
from scenario import scenario
from scenarios.apps import guests
from scenarios.flv import get
from scenarios.lua import expect, scripted
from server import HANG, Server
from waiting import Failure, wait_for
from websocket import Member

RESERVE = """
local game = {options = {capacity = 2, password = "secret"}, calls = {}}
function game.calls.invite(member, room, seats) local ticket, why = playhouse.reserve(room, seats) return ticket or why end
return game
"""


def free_seat(host):
    ticket = host.call("invite", "blue")
    return ticket if ticket != "state" else None


@scenario
def lua_reserved_seats():
    """A full room with a password lets in who has a ticket: over RTMP, at connect, at $join."""
    with scripted(RESERVE) as (server, _), Client(server.port) as host, Client(server.port) as stranger:
        host.connect("game/blue")
        expect([host.call("invite", *words) for words in [("none", 1), ("blue", 2)]], ["not found", "state"])
        ticket = host.call("invite", "blue")
        expect(host.call("invite", "blue"), "state")
        expect(stranger.connect("game/blue")[0], "_error")
        with Client(server.port) as guest:
            expect(guest.connect(f"game/blue?ticket={ticket}")[0], "_result")
        ticket = wait_for(lambda: free_seat(host), "the guest has left")
        with Member(server.port, "game/blue?hold") as guest:
            expect(guest.call("$connect", {"ticket": ticket})["room"], "blue")
            expect(guest.call("$leave"), {"room": ""})
            guest.fails("$join", "blue", {"ticket": ticket})  # it has been used
            expect(guest.call("$join", "blue", {"ticket": host.call("invite", "blue")}), {"room": "blue"})


MATCH = """
local game = {calls = {}}
function game.create_room(room) room:configure{capacity = 2} end
function game.calls.find(member, mode) -- the answer arrives in the new room
  local room, why = member:join_or_create({mode = mode}, mode .. "-")
  return room and {room.name, room.options.metadata.mode} or why
end
return game
"""


@scenario
def lua_join_or_create():
    """Pairs of players find each other, whatever they speak."""
    with scripted(MATCH) as (server, _), Client(server.port) as ann, Member(server.port, "game") as bob, \
            Client(server.port) as cat:
        ann.connect("game")
        bob.welcome()
        cat.connect("game")
        name, mode = ann.call("find", "duel")
        expect((name[:5], mode), ("duel-", "duel"))
        expect(bob.call("find", "duel"), [name, "duel"])
        other = cat.call("find", "duel")
        if other[0] == name:
            raise Failure("three in a room for two")


STREAMS = """
local game, S = {calls = {}}, playhouse.streams
function game.calls.list() local all = S.list() table.sort(all, function(a, b) return a.path < b.path end) return all end
function game.calls.stop(_, path) local done, why = S.stop(path, "Enough of that.") return done or why end
return game
"""


@scenario
def lua_streams_are_listed_and_stopped():
    with scripted(STREAMS, open_publish=True) as (server, _), Client(server.port) as boss, Client(server.port) as actor:
        boss.connect("game")
        expect(boss.call("list"), [])
        actor.connect("game/blue")
        begun = time.time() * 1000
        with publish(sample("h264-aac"), server.url("blue/cam", app="game")) as source, Player(server.url("blue/cam", app="game")) as seen:
            server.wait_line("publishing game/blue/cam")
            seen.begun()
            row, = boss.call("list")
            expect((row["path"], row["viewers"]), ("game/blue/cam", 1))
            if not begun - 60000 < row["since_ms"] < time.time() * 1000 + 60000:
                raise Failure(f"since {row['since_ms']}")
            expect(boss.call("stop", "game/blue/other"), "not found")
            expect(boss.call("stop", "game/blue/cam"), True)
            server.wait_line("Enough of that.|ended by the application")
            source.wait(status=range(256))
        wait_for(lambda: boss.call("list") == [], "the stream is gone from the list")


FIGURES = """
local game, M = {calls = {}}, playhouse.metrics
function game.calls.round(_, players) M.add("rounds") M.add("rounds", 2) M.set("players", players) M.set("rounds", 9) M.add("bad name") end
return game
"""


@scenario
def lua_metrics_are_shown():
    with scripted(FIGURES, "app.second.type=echo") as (server, _), Client(server.port) as host:
        host.connect("game")
        host.call("round", 3.5)
        host.call("round", 4.25)
        page = get(server.local_port, "/metrics")[2].decode()
        for line in ('playhouse_app_counter_total{app="game",name="rounds"} 6', 'playhouse_app_gauge{app="game",name="players"} 4.25'):
            if line not in page.splitlines():
                raise Failure(f"{line} is not in {page}")
        if "bad name" in page or "\n".join(server.lines).count("is not kept") != 1:
            raise Failure("a metric of another kind or name: " + page)


FETCH = """
local game, H, J = {calls = {}}, playhouse.http, playhouse.json
local function told(reply, why) if not reply then return why end
  return {reply.status, reply.headers["x-said"], reply.headers["set-cookie"], #reply.body > 1000 and #reply.body or reply.body} end
function game.calls.get(_, url) return told(H.get(url)) end
function game.calls.post(_, url, body) return told(H.post(url, body)) end
function game.calls.request(_, wish)
  local good, reply, why = pcall(H.request, wish)
  if not good then return "wrong" end
  return told(reply, why)
end
function game.calls.many(_, url, n)
  local limited, done = 0, 0
  for i = 1, n do playhouse.spawn(function()
    local reply, why = H.get(url)
    if why == "limit" then limited = limited + 1 end
    done = done + 1
  end) end
  while done < n do playhouse.sleep(0) end
  return limited
end
function game.calls.slow(_, url) playhouse.spawn(H.get, url) end
function game.calls.again() playhouse.reload() end
return game
"""


class Backend(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    release = threading.Event()

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        words = f"{self.command} {self.path} {self.headers.get('Content-Type')} {self.headers.get('X-Key')} ".encode()
        body = words + self.rfile.read(length)
        if self.path.startswith("/large"):
            body = b"x" * int(self.path[6:])
        if self.path == "/wait":
            self.release.wait(HANG)
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("X-Said", "yes")
        if self.path == "/away":
            self.send_header("Location", "/other")
        for cookie in ("a=1", "b=2"):
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):  # who asked has had enough
                self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def backend():
    Backend.release.clear()
    class Many(http.server.ThreadingHTTPServer):
        request_queue_size = 1024

        def handle_error(self, request, client_address):
            pass  # connections break

    with Many(("127.0.0.1", 0), Backend) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            Backend.release.set()
            server.shutdown()
            thread.join()


@scenario
def lua_http_client():
    with backend() as url, scripted(FETCH, "app.game.options.budget=2000") as (server, _), Client(server.port) as host:
        host.connect("game")
        said = [200, "yes", "a=1, b=2"]
        expect(host.call("get", url + "/a?b"), said + ["GET /a?b None None "])
        expect(host.call("post", url, '{"a":1}'), said + ['POST / application/json None {"a":1}'])
        expect(host.call("request", {"url": url, "method": "PUT", "body": "x", "headers": {"X-Key": "k"}}),
               said + ["PUT / None k x"])
        expect(host.call("request", {"url": url, "method": "HEAD"}), said + [""])
        expect(host.call("get", url + "/away")[0], 302)
        expect(host.call("get", url + "/large65536")[3], 65536)
        expect(host.call("get", url + "/large65537"), "limit")
        expect(host.call("request", {"url": url + "/large600000", "reply_max": 1 << 20})[3], 600000)
        expect(host.call("request", {"url": url + "/wait", "timeout_ms": 50}), "timeout")
        for wish in ({"url": "file:///etc/passwd"}, {"url": url, "headers": {"X-A": "b\r\nX-C: d"}},
                     {"url": url, "headers": {"Content-Length": "3"}}, {"url": url, "headers": {"X A": "b"}},
                     {"url": url, "method": "GET / HTTP/1.1"}, {"url": url, "reply_max": (1 << 20) + 1}, {}):
            expect(host.call("request", wish), "wrong")
        with socket.socket() as nobody:  # bound, not listening
            nobody.bind(("127.0.0.1", 0))
            expect(host.call("get", f"http://127.0.0.1:{nobody.getsockname()[1]}"), "io")
        server.wait_line("a request over HTTP failed")
        expect(host.call("many", url, 806), 6)  # and who sleeps 0 ms stops nobody
        host.call("slow", url + "/wait")
        host.call("again")
        expect(host.call("get", url)[0], 200)
        host.call("slow", url + "/wait")  # it ends with the server


@scenario
def http_bodies_are_not_sent_twice():
    """The connection was good for the first request, and ends in the middle of the second."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as door, scripted(FETCH) as (server, _), Client(server.port) as host:
        def serve():
            while True:
                try:
                    conn = door.accept()[0]
                except OSError:
                    return
                for reply in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b""):
                    head = b""
                    while not head.endswith(b"body"):
                        more = conn.recv(4096)
                        if not more:
                            break
                        head += more
                    if head.endswith(b"body"):
                        heard.append(head)
                        conn.sendall(reply)
                conn.close()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        host.connect("game")
        expect(host.call("post", url, "body")[3], "ok")
        expect(host.call("post", url, "body"), "io")
        expect(len(heard), 2)
        door.shutdown(socket.SHUT_RDWR)


STORE = """
local game, S = {calls = {}}, playhouse.store
function game.calls.put(_, key, length) local done, why = S.put(key, ("x"):rep(length)) return done or why end
function game.calls.length(_, key) local text, why = S.get(key) return text and #text or why end
function game.calls.remove(_, key) return (S.remove(key)) end
return game
"""


@scenario
def lua_store_has_an_end():
    """Of a key, of a value, of all together; what was there stays, and what is removed makes room."""
    large = 250 * 1024
    with scripted(STORE) as (server, _), Client(server.port) as host:
        host.connect("game")
        expect([host.call("put", "k" * 256, 1), host.call("put", "k" * 257, 1)], [True, "limit"])
        expect([host.call("put", "a", large), host.call("put", "a", 256 * 1024)], [True, "limit"])
        n = 0
        while host.call("put", f"b{n}", large) is True:
            n += 1
        expect(n, 64 * 1024 * 1024 // (large + 20) - 1)
        expect([host.call("length", "a"), host.call("length", f"b{n - 1}"), host.call("length", f"b{n}")],
               [large, large, "not found"])
        expect([host.call("remove", "b0"), host.call("put", "c", large), host.call("put", "d", large)], [True, True, "limit"])


@scenario
def lua_methods_have_an_end():
    script = """
    local game = {calls = {}}
    for i = 1, %d do game.calls["m" .. i] = function() return i end end
    return game
    """
    with scripted(script % 1000) as (server, _), Client(server.port) as host:
        host.connect("game")
        expect(host.call("m1000"), 1000)
    with scripted(script % 1001) as (server, _), Client(server.port) as host:
        server.wait_line("this application did not load")
        expect(host.connect("game")[0], "_error")


@scenario
def lua_too_much_to_save():
    """Rooms whose state is beyond what is kept begin anew, their members stay."""
    script = """
    local game, kept = {calls = {}}, 0
    function game.create_room(room, member, saved) if saved then kept = kept + #saved end end
    function game.save_room(room) return ("x"):rep(1000000) end
    function game.calls.kept() return kept end
    function game.calls.again() playhouse.reload() end
    return game
    """
    with scripted(script, "app.game.options.memory=64", "app.game.options.budget=1000") as (server, _), guests(server, *[f"game/room{i}" for i in range(20)]) as members:
        members[0].call("again")
        kept = {member.call("kept") for member in members}
        if len(kept) != 1 or not 12e6 < kept.pop() < 16.8e6:
            raise Failure(f"{kept} bytes were kept")
        server.wait_line("was not kept")


LASTING = """
local game, state = {calls = {}}, {starts = 0}
function game.load(saved) state = saved or state state.starts = state.starts + 1 end
function game.save() return state end
function game.create_room(room, member, saved) room.data.board = saved or {} end
function game.save_room(room) return room.data.board end
function game.calls.draw(member, stroke) local board = member.room.data.board board[#board + 1] = stroke return #board end
function game.calls.board(member)
  local n = 0
  for _, stroke in ipairs(member.room.data.board) do n = n + #stroke end
  return {n, state.starts}
end
return game
"""


@scenario
def lua_state_outlives_the_server():
    """What save and save_room gave is there after a restart, large or small, also after a crash; but a room that ended
    is over."""
    with tempfile.TemporaryDirectory(prefix="playhouse-state-") as state:
        with open(os.path.join(state, "game.lua"), "w", encoding="utf-8") as file:
            file.write(LASTING)

        def server():
            return Server("app.game.type=lua", f"app.game.script={state}/game.lua", "app.game.options.budget=1000",
                          "app.game.call_rate=100000", state=state)
        with server() as first, guests(first, "game/red", "game/blue") as (red, blue):
            for _ in range(15):
                red.call("draw", "x" * 60000)
            blue.call("draw", "blue")
            expect(red.call("board"), [900000, 1])
            first.stop()
            red.closed()
            blue.closed()
        with contextlib.suppress(Failure), server() as second, guests(second, "game/red", "game/blue") as (red, blue):
            seen = [red.call("board"), blue.call("board")]
            red.call("draw", "this is lost")
            with contextlib.suppress(OSError):
                blue.socket.close()
            second.wait_line("closed game/blue")
            time.sleep(1)  # a room that has ended is forgotten at the latest then
            second.process.kill()
        expect(seen, [[900000, 2], [4, 2]])
        with server() as third, guests(third, "game/red", "game/blue") as (red, blue):
            expect([red.call("board"), blue.call("board")], [[900000, 2], [0, 2]])


SLOW = """
local game, text = {calls = {}}, ("x"):rep(1000)
function game.calls.flood(member, from, to)
  for i = from, to do
    member.room:broadcast_newest("where", i, text)
    member.room:broadcast_at_once("flash", i, text)
  end
end
function game.calls.mark(member) member.room:broadcast("mark") end
return game
"""


@scenario
def lua_newest_calls_for_slow_members():
    """Who does not read for a while hears few of the calls that may go, the newest of them in any case, and stays."""
    with scripted(SLOW, "app.game.options.budget=1000") as (server, _), Client(server.port) as host, \
            Client(server.port) as slow, Member(server.port, "game/r") as browser:
        host.connect("game/r")
        slow.connect("game/r")
        browser.welcome()
        total, step = 20000, 200
        for at in range(1, total, step):
            host.call("flood", at, at + step - 1)
            host.heard.clear()
        host.call("mark")
        def by_rtmp():
            kind, _, body = slow.message()
            values = amf0_all(body) if kind == 20 else [None]
            return values[0], values[3:]

        def by_json():
            message = browser.message()
            return message.get("method"), message.get("params")
        for name, hear in (("rtmp", by_rtmp), ("json", by_json)):
            seen = {"where": [], "flash": []}
            marked = False
            while not marked or seen["where"][-1:] != [total]:
                method, arguments = hear()
                marked |= method == "mark"
                if method in seen:
                    seen[method].append(int(arguments[0]))
            for method, numbers in seen.items():
                if numbers != sorted(set(numbers)) or len(numbers) > total * 0.9:
                    raise Failure(f"{name}: {len(numbers)} calls of {method}")
