# SPDX-License-Identifier: MIT
"""Servers that work together: publish to any, watch on any, whatever dies meanwhile. The engine is a real Redis."""

import contextlib
import os
import signal
import socket
import tempfile
import threading
import time
import types

from media import packets, same, sample
from peers import Peer, Player, publish
from scenario import scenario
from scenarios import apps, sdk, services, shared, websocket
from scenarios.flv import get
from scenarios.relay import hear, order
from scenarios.tls import certified
from server import HANG, Failure, Server, free_port, wait_for
from websocket import Member

LEASE = 6  # seconds


class Engine:
    """A Redis of our own on a free port; `password` None: none."""

    def __init__(self, password=None, folder=None):
        self.port, self.password, self.tls_port = free_port(), password, folder and free_port()
        self.options = ["--requirepass", password] if password else []
        if folder:
            self.options += ["--tls-port", str(self.tls_port), "--tls-cert-file", f"{folder}/playhouse.crt",
                             "--tls-key-file", f"{folder}/playhouse.key", "--tls-ca-cert-file", f"{folder}/playhouse.crt",
                             "--tls-auth-clients", "no"]
        self.secrets = tempfile.TemporaryDirectory(prefix="playhouse-cluster-")
        self.peer = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *what):
        self.peer.__exit__(*what)
        self.secrets.cleanup()

    def start(self):
        """Empty: it keeps nothing on disk."""
        self.peer = Peer(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                          "--dir", self.secrets.name, *self.options])
        wait_for(lambda: "Ready to accept connections" in self.peer.text(self.peer.out), "Redis to be ready")

    def kill(self):
        self.peer.process.kill()
        self.peer.process.wait()

    def signal(self, number):
        self.peer.process.send_signal(number)

    def ask(self, *words):
        login = ["-a", self.password, "--no-auth-warning"] if self.password else []
        with Peer(["redis-cli", "-p", str(self.port), *login, *words]) as peer:
            said = peer.wait()
            return [] if said == "\n" else said.split("\n")[:-1]

    def packets(self):
        """What servers have said to each other about members, as redis-cli prints it."""
        said = [self.ask("--no-raw", "XRANGE", inbox, "-", "+") for inbox in self.ask("KEYS", "*:inbox:*")]
        return [line for lines in said for line in lines if "\\n" in line]

    def secret(self, name="secret"):
        path = os.path.join(self.secrets.name, name)
        if not os.path.exists(path):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(f"{name} of the servers of this test\n")
        return path

    @property
    def url(self):
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{self.port}"


def node(engine, name, *sets, secret="secret", url=None, wait=True):
    """A server of the cluster; HTTP comes on the same port, so its traffic is not taken down."""
    port = free_port()
    server = Server(f"cluster.url={url or engine.url}", f"cluster.node={name}", f"cluster.address=127.0.0.1:{port}",
                    f"cluster.secret_file={engine.secret(secret)}", "app.live.linger=3s", "auth.publish=open", *sets, port=port,
                    observed=False)
    return joined(server) if wait else server


@contextlib.contextmanager
def joined(server):
    with server:
        server.wait_line(r"joined cluster: as ")
        yield server


def count(server, pattern):
    return len([line for line in server.lines if pattern in line])


@scenario
def cluster_publish_anywhere_watch_anywhere():
    """Whatever is published on one is played on the others by RTMP, FLV and HLS, packet by packet, and fetched once."""
    path = sample("h264-aac")
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b, node(engine, "c") as c:
        with publish(path, a.url()) as source:
            a.wait_line("publishing live/cam")
            with Player(a.url()) as here, Player(b.url()) as there, Player(c.url().replace("rtmp", "http") + ".flv") as by_flv, \
                    hear(b, "/live/cam.flv"), hear(b, "/live/cam.flv"):
                for player in here, there, by_flv:
                    player.begun()
                status, _, body = get(c.port, "/live/cam.m3u8")
                assert status == 200 and b"#EXTM3U" in body, (status, body)
                rule, = [r for r in order(b, "GET")["items"] if r["origin"] == "cluster"]
                leg, = rule["legs"]
                assert leg["stream"] == "live/cam" and leg["state"] == "carrying", rule
                source.wait()
                for player in here, there, by_flv:
                    same(packets(path), player.packets())
            assert count(a, "playing live/cam") == 3, a.lines  # one of them sits here
            wait_for(lambda: not [r for r in order(b, "GET")["items"] if r["origin"] == "cluster"], "the pull to end")


@scenario
def cluster_a_stream_has_one_publisher():
    """Who comes to another server while the first one lives is told so, and nobody notices."""
    path = sample("h264-aac")
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        with publish(path, a.url()) as source:
            a.wait_line("publishing live/cam")
            with Player(b.url()) as viewer:
                viewer.begun()
                with publish(path, b.url(), hold=1) as second:
                    second.wait(status=None)
                b.wait_line("publish refused: somebody else publishes this stream")
                source.wait()
                same(packets(path), viewer.packets())
            assert count(a, "publishing live/cam") == 1 and count(b, "publishing live/cam") == 1, (a.lines, b.lines)


def ends_as(path, played):
    """The second half of the film is the end of what was played, kind by kind."""
    film = packets(path)
    for kind in ("video", "audio"):
        sent, got = ([packet[3] for packet in row if packet[0] == kind] for row in (film, played))
        half = len(sent) // 2
        if got[-half:] != sent[-half:]:
            raise Failure(f"{len(got)} {kind} packets were played; their end is not that of the film of {len(sent)}")
    times = [packet[1] for packet in played if packet[0] == "audio"]
    assert times == sorted(times), "time went back"


@scenario
def cluster_a_publisher_moves():
    """It comes back to another server at once, before the first one has missed it: viewers everywhere go on."""
    path = sample("h264-aac")
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b, node(engine, "c") as c:
        with publish(path, a.url(), hold=0.3) as first:
            a.wait_line("publishing live/cam")
            with Player(a.url()) as on_a, Player(b.url()) as on_b:
                on_a.begun()
                on_b.begun()
                first.process.kill()
                with publish(path, c.url()) as second:
                    c.wait_line("publishing live/cam")
                    for server in a, b:
                        server.wait_line(f"pulling live/cam: .*127.0.0.1:{c.port}")
                    second.wait()
                    ends_as(path, on_a.packets())
                    ends_as(path, on_b.packets())


@scenario
def cluster_the_origin_dies():
    """Its publisher comes back to another server, and is not told that it is still there."""
    path = sample("h264-aac")
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b, node(engine, "c") as c:
        with publish(path, a.url(), hold=0.3):
            a.wait_line("publishing live/cam")
            with Player(b.url()) as viewer:
                viewer.begun()
                a.kill()
                with publish(path, c.url()) as second:  # the lease of the dead one still runs
                    c.wait_line("publishing live/cam")
                    b.wait_line(f"pulling live/cam: .*127.0.0.1:{c.port}")
                    second.wait()
                    ends_as(path, viewer.packets())


@scenario
def cluster_a_frozen_origin_steps_down():
    """A server that stood still for longer than its lease finds that another one has its stream, and lets go of it."""
    path = sample("h264-aac", 12)
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b, node(engine, "c") as c:
        with publish(path, a.url(), hold=0.3):
            a.wait_line("publishing live/cam")
            a.process.send_signal(signal.SIGSTOP)
            try:
                with publish(path, c.url()) as second:
                    c.wait_line("publishing live/cam")
                    time.sleep(LEASE + 2)
                    a.process.send_signal(signal.SIGCONT)
                    a.wait_line("another server of the cluster has this stream now")
                    a.wait_line("closed live/cam: another encoder took the stream over")
                    with Player(b.url()) as viewer, Player(a.url()) as on_a:
                        viewer.begun()
                        on_a.begun()
                        second.wait()
                        same(packets(path), viewer.packets(), times="shifted")
                        same(packets(path), on_a.packets(), times="shifted")
            finally:
                a.process.send_signal(signal.SIGCONT)


@scenario
def cluster_without_its_engine():
    """Servers begin without it, each for itself; when it comes they find each other's streams. When it dies, is emptied
    and comes back, what they have is theirs still."""
    path = sample("h264-aac", 12)
    with Engine() as engine:
        engine.kill()
        with node(engine, "a", wait=False) as a, node(engine, "b", wait=False) as b:
            a.wait_line("redis 127.0.0.1:.*it will be tried again")
            with publish(path, a.url(), hold=0.9) as source:
                a.wait_line("publishing live/cam")
                assert get(b.port, "/live/cam.flv")[0] == 404
                engine.start()
                a.wait_line("joined cluster")
                b.wait_line("joined cluster")
                wait_for(lambda: engine.ask("KEYS", "playhouse:1:*:stream:*"), "the claim")
                with Player(b.url()) as viewer:
                    viewer.begun()
                    engine.kill()
                    a.wait_line("it will be tried again", count=2)
                    engine.start()  # it has forgotten everything
                    a.wait_line("joined cluster", count=2)
                    b.wait_line("joined cluster", count=2)
                    wait_for(lambda: engine.ask("KEYS", "playhouse:1:*:stream:*"), "the claim again")
                    with publish(path, b.url(), hold=1) as second:
                        second.wait(status=None)
                    b.wait_line("publish refused: somebody else publishes this stream")
                    source.wait()
                    same(packets(path), viewer.packets())


@scenario
def cluster_an_emptied_engine():
    """Whoever empties it takes nothing from anybody: the holders come forward before others are served."""
    path = sample("h264-aac", 12)
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        with publish(path, a.url(), hold=0.9) as source:
            a.wait_line("publishing live/cam")
            engine.ask("FLUSHALL")
            with publish(path, b.url(), hold=1) as second:
                second.wait(status=None)
            b.wait_line("publish refused: somebody else publishes this stream")
            with Player(b.url()) as viewer:
                viewer.begun()
                source.wait()
                same(packets(path), viewer.packets())
            assert count(a, "publishing live/cam") == 1, a.lines


@scenario
def cluster_a_hanging_engine():
    """It takes connections and does not answer: it is given up after some seconds, and publishing goes on."""
    path = sample("h264-aac")
    with Engine() as engine, node(engine, "a") as a:
        engine.signal(signal.SIGSTOP)
        try:
            with publish(path, a.url()) as source, Player(a.url()) as viewer:
                a.wait_line("it does not answer; it will be tried again")
                viewer.begun()
                source.wait()
                same(packets(path), viewer.packets())
        finally:
            engine.signal(signal.SIGCONT)
        a.wait_line("joined cluster", count=2)


@scenario
def cluster_trusts_no_address():
    """Servers with another secret are another cluster, also in the same Redis; what nobody has signed is not heeded."""
    path = sample("h264-aac")
    with Engine() as engine, node(engine, "a") as a, node(engine, "b", secret="other") as b:
        with publish(path, a.url()) as source:
            a.wait_line("publishing live/cam")
            assert get(b.port, "/live/cam.flv")[0] == 404
            with publish(path, b.url()):
                b.wait_line("publishing live/cam")
            claim, = [k for k in engine.ask("KEYS", "*:stream:live/cam") if ":a." in engine.ask("GET", k)[0].replace(" ", ":")]
            epoch, holder = engine.ask("GET", claim)[0].split()
            inbox = claim.replace("stream:live/cam", f"inbox:{holder}")
            engine.ask("XADD", inbox, "*", "m", f"{'0' * 64} b.1 {holder} ask live/cam {epoch}")
            a.wait_line("a message was not written by a server of this cluster")
            engine.ask("XADD", inbox, "*", "b", f"{'0' * 32}b.1 {holder} 1 0 1\n")
            a.wait_line("a packet was not written by a server of this cluster for this one")
            source.wait()


@scenario
def cluster_a_server_that_stops_holds_nothing():
    """Its publishers are let in elsewhere at once."""
    path = sample("h264-aac")
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        with publish(path, a.url()):
            a.wait_line("publishing live/cam")
            a.stop()
            a.wait_line("stopped")
            assert not engine.ask("KEYS", "*node:a.*"), "the lease is given back"
            assert engine.ask("GET", *engine.ask("KEYS", "*:stream:live/cam"))[0].endswith(" -"), "and the claim"
            with publish(path, b.url()) as again:
                b.wait_line("publishing live/cam")
                again.wait()


@scenario
def cluster_an_application_is_asked_about_its_viewers():
    """Wherever they are; but not about the server that fetches the stream for them."""
    with tempfile.TemporaryDirectory(prefix="playhouse-cluster-") as folder, Engine() as engine:
        with open(os.path.join(folder, "game.lua"), "w", encoding="utf-8") as file:
            file.write("local game, plays = {calls = {}}, {}\n"
                       "function game.play(room, member, name) plays[#plays + 1] = name end\n"
                       "function game.calls.plays() return plays end\n"
                       "return game\n")
        sets = ["app.game.type=lua", f"app.game.script={folder}/game.lua", "app.game.linger=1s"]
        path = sample("h264-aac")
        with node(engine, "a", *sets) as a, node(engine, "b", *sets) as b:
            ann, = members((a, "game"))
            with publish(path, a.url(app="game")) as source:
                a.wait_line("publishing game/cam")
                with Player(b.url(app="game")) as viewer:
                    viewer.begun()
                    source.wait()
                    same(packets(path), viewer.packets())
            assert ann.call("plays") == ["cam"]


@scenario
def cluster_a_viewer_who_returns():
    """What was fetched for him is still there."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b", "workers=1") as b, publish(sample("h264-aac"), a.url()):
        a.wait_line("publishing live/cam")
        for n in (1, 2):
            with hear(b, "/live/cam.flv"):
                b.wait_line("playing live/cam", count=n)
                b.wait_line("pulling live/cam")
            b.wait_line("closed live/cam: .*http-flv", count=n)
        assert count(b, "pulling live/cam") == 1, b.lines


@scenario
def cluster_something_said_is_lost():
    """A packet between two servers does not arrive: both begin anew, and their members come back."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        ann, bob = hosted((a, "chat/blue"), (b, "chat/blue"))
        ann.call("identify", "Ann")
        b.process.send_signal(signal.SIGSTOP)
        try:
            inbox, = engine.ask("KEYS", "*:inbox:b.*")
            for words in "this is on its way", "this is lost", "and this tells":
                before = engine.ask("XLEN", inbox)
                ann.call("say", words)
                wait_for(lambda: engine.ask("XLEN", inbox) != before, "the packet")
                newest = engine.ask("XREVRANGE", inbox, "+", "-", "COUNT", "1")[0]
                if words == "this is lost":
                    lost = newest
            assert engine.ask("XDEL", inbox, lost) == ["1"]
        finally:
            b.process.send_signal(signal.SIGCONT)
        b.wait_line("the link to a.* is broken: something that was said is missing")
        with contextlib.suppress(EOFError):
            while True:
                bob.message()
        bob, = members((b, "chat/blue"))
        bob.call("identify", "Bob")
        assert ann.hear("joined") == ["Bob"]


class Pair:
    """Two servers that are used like one: who asks for a port gets another one each time."""

    def __init__(self, *sets, **_):
        self.sets, self.stack = sets, contextlib.ExitStack()

    def __enter__(self):
        engine = self.stack.enter_context(Engine())
        self.nodes = [self.stack.enter_context(node(engine, name, *self.sets)) for name in "ab"]
        self.turn = 0
        return self

    def __exit__(self, *what):
        return self.stack.__exit__(*what)

    @property
    def port(self):
        self.turn += 1
        return self.nodes[self.turn % 2].port


def as_on_one(*functions):
    """Run scenarios of one server with a pair in its place."""
    for function in functions:
        known = {**function.__globals__, "Server": Pair, "live": Pair}
        try:
            types.FunctionType(function.__code__, known, function.__name__, function.__defaults__, function.__closure__)()
        except Failure as failure:
            raise Failure(f"{function.__name__}: {failure}") from failure


@scenario
def cluster_calls_as_on_one_server():
    as_on_one(apps.echo_returns_every_value, apps.a_thousand_calls_come_back_in_order, apps.too_many_calls_wait,
              apps.names_that_may_not_be, apps.no_reply_to_transaction_zero)


@scenario
def cluster_rooms_as_on_one_server():
    as_on_one(apps.chat_in_rooms, apps.relay_without_code, apps.lobby_makes_and_lists_rooms, websocket.json_members,
              websocket.three_kinds_of_clients_in_one_room)


@scenario
def cluster_shared_objects_as_on_one_server():
    as_on_one(shared.shared_object_between_two, shared.shared_object_ends_with_its_last_user, shared.shared_object_refusals,
              shared.shared_object_seen_from_json, shared.shared_objects_converge)


def members(*places):
    """Members of rooms by JSON: a (server, path) each."""
    stack = contextlib.ExitStack()
    with stack:
        people = [stack.enter_context(Member(server.port, path)) for server, path in places]
        for person in people:
            person.welcome()
        stack.pop_all()
    return people


def hosted(first, *others):
    """The same; the server of the first has the application before the others come."""
    server, path = first
    member, = members(first)
    server.wait_line(f"hosting {path.split('/')[0]}: for all servers of the cluster")
    return [member, *members(*others)]


@scenario
def cluster_a_room_is_on_one_server():
    """Whoever comes first has it; a broadcast to many of one server goes there once."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        first, *others = hosted((a, "relay/table"), *[(b, "relay/table")] * 20)
        first.call("broadcast", "shout", "x" * 5000)
        for member in others:
            assert member.hear("shout")[1] == "x" * 5000
        assert [packet.count("x" * 5000) for packet in engine.packets() if "x" * 5000 in packet] == [1]
        assert count(b, "hosting") == 0


@scenario
def cluster_the_host_of_a_room_dies():
    """Its members are sent away, come back, and find the room on another server; others notice nothing."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b, node(engine, "c") as c:
        ann, bob, eve = hosted((a, "chat/blue"), (b, "chat/blue"), (c, "chat/blue"))
        dan, = members((b, "echo"))  # another application, hosted by b
        bob.call("identify", "Bob")
        ann.socket.close()
        a.kill()
        for member in bob, eve:
            with contextlib.suppress(EOFError):
                while True:
                    member.message()
        assert dan.call("echo", 1) == 1
        bob, eve = members((b, "chat/blue"), (c, "chat/blue"))
        bob.call("identify", "Bob")
        eve.call("identify", "Eve")
        bob.call("say", "hello")
        assert eve.hear("message") == ["Bob", "hello"]
        wait_for(lambda: count(b, "hosting chat") + count(c, "hosting chat") == 1, "one host")


@scenario
def cluster_a_server_of_guests_dies():
    """Those who were connected to it leave the room."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        ann, bob = hosted((a, "chat/blue"), (b, "chat/blue"))
        ann.call("identify", "Ann")
        bob.call("identify", "Bob")
        assert ann.hear("joined") == ["Bob"]
        b.kill()
        assert ann.hear("left") == ["Bob"]
        a.wait_line("server b.* is gone")


@scenario
def cluster_a_frozen_host_steps_down():
    """It stood still, and another server has its rooms: when it wakes its members are sent there."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        ann, = members((a, "chat/blue"))
        a.wait_line("hosting chat")
        a.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(LEASE + 1)
            bob, = members((b, "chat/blue"))
            b.wait_line("hosting chat")
        finally:
            a.process.send_signal(signal.SIGCONT)
        a.wait_line("chat: another server of the cluster has this application now")
        with contextlib.suppress(EOFError):
            while True:
                ann.message()
        ann, = members((a, "chat/blue"))
        ann.call("identify", "Ann")
        bob.call("identify", "Bob")
        assert ann.hear("joined") == ["Bob"]


@scenario
def cluster_rooms_without_their_engine():
    """Those who are on the server of their room go on; others come back when it is there again. Nobody new comes in before."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        ann, bob = hosted((a, "chat/blue"), (b, "chat/blue"))
        engine.kill()
        a.wait_line("it will be tried again")
        ann.call("identify", "Ann")
        b.wait_line("it will be tried again")
        engine.start()
        a.wait_line("joined cluster", count=2)
        b.wait_line("joined cluster", count=2)
        with contextlib.suppress(EOFError):
            while True:
                bob.message()
        bob, = members((b, "chat/blue"))
        bob.call("identify", "Bob")
        assert ann.hear("joined") == ["Bob"]


@scenario
def cluster_a_host_that_stops():
    """Another server has the rooms at once."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        ann, bob = hosted((a, "chat/blue"), (b, "chat/blue"))
        a.stop()
        for member in ann, bob:
            with contextlib.suppress(EOFError):
                while True:
                    member.message()
        bob, = members((b, "chat/blue"))
        b.wait_line("hosting chat")
        a.wait_line("stopped, 0 clients cut off")


@scenario
def cluster_rooms_go_on_where_they_were():
    """A host that stops hands its rooms over, large ones too, and what the application itself has saved; one that is
    killed takes them with it."""
    with tempfile.TemporaryDirectory(prefix="playhouse-cluster-") as folder, Engine() as engine:
        with open(os.path.join(folder, "game.lua"), "w", encoding="utf-8") as file:
            file.write(services.LASTING)
        sets = ["app.game.type=lua", f"app.game.script={folder}/game.lua", "app.game.options.budget=1000", "app.game.call_rate=100000"]
        with node(engine, "a", *sets) as a:
            red, = members((a, "game/red"))
            a.wait_line("hosting game")
            with node(engine, "b", *sets) as b:
                blue, = members((b, "game/blue"))
                for _ in range(15):
                    red.call("draw", "x" * 60000)
                blue.call("draw", "blue")
                assert blue.call("board") == [4, 1]
                a.stop()
                for member in red, blue:
                    with contextlib.suppress(EOFError):
                        while True:
                            member.message()
                red, blue = members((b, "game/red"), (b, "game/blue"))
                assert [red.call("board"), blue.call("board")] == [[900000, 2], [4, 2]]
                with node(engine, "c", *sets) as c:
                    b.kill()
                    red, = members((c, "game/red"))
                    assert red.call("board") == [0, 1]


@scenario
def cluster_everybody_hears_the_same_order():
    """Three speak at once on three servers; all members hear all of it, one like the other."""
    free = ["app.chat.call_rate=100000", "app.chat.call_burst=100000", "limits.connections_per_source_new=1000"]
    with Engine() as engine, node(engine, "a", *free) as a, node(engine, "b", *free) as b, node(engine, "c", *free) as c:
        people = members(*[(server, "chat/blue") for _ in range(20) for server in (a, b, c)])
        for i, member in enumerate(people):
            member.call("identify", f"m{i}")
        calls = [(speaker, speaker.ask("say", f"{n}")) for n in range(50) for speaker in people[:3]]
        heard = [[member.hear("message") for _ in calls] for member in people]
        assert all(each == heard[0] for each in heard), "orders differ"
        for k in range(3):
            assert [text for name, text in heard[0] if name == f"m{k}"] == [str(n) for n in range(50)]
        for member in people[1:]:  # what they say then is the same, word by word: each of it counts
            member.socket.close()
        assert {people[0].hear("left")[0] for _ in people[1:]} == {f"m{i}" for i in range(1, len(people))}


@scenario
def cluster_a_room_has_its_capacity():
    """Thirty run for the seats of a room, on three servers: as many get in as there are seats."""
    free = ["limits.connections_per_source_new=1000"]
    with Engine() as engine, node(engine, "a", *free) as a, node(engine, "b", *free) as b, node(engine, "c", *free) as c:
        people = members(*[(server, "lobby") for _ in range(11) for server in (a, b, c)])
        people[0].call("create", "chess", {"capacity": 8, "metadata": {}})
        asked = [(member, member.ask("$join", "chess")) for member in people[1:]]
        answers = [member.answer(call) for member, call in asked]
        assert sum("result" in answer for answer in answers) == 7, answers
        assert people[0].call("$rooms")[0]["members"] == 8
        for _ in range(20):  # many the same answers at once
            asked = [(member, member.ask("nosuch")) for member in people]
            assert all("error" in member.answer(call) for member, call in asked)


class Cable:
    """What connects two servers; it can be cut, and mended."""

    def __init__(self):
        self.port, self.to, self.pairs, self.is_cut = free_port(), None, [], False
        self.door = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            near, _ = self.door.accept()
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.to))
            self.pairs += [near, far]
            for one, other in (near, far), (far, near):
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    @staticmethod
    def carry(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in one, other:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.is_cut = True
        for end in self.pairs:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@scenario
def cluster_the_cable_is_cut():
    """Between a server and the one it fetches from; when it is mended, viewers go on."""
    path, cable = sample("h264-aac", 12), Cable()
    with Engine() as engine, node(engine, "a", f"cluster.address=127.0.0.1:{cable.port}", "app.live.linger=10s") as a, \
            node(engine, "b", "app.live.linger=10s") as b:
        cable.to = a.port
        with publish(path, a.url()) as source:
            a.wait_line("publishing live/cam")
            with Player(b.url()) as viewer:
                viewer.begun()
                cable.cut()
                b.wait_line("live/cam: .*it will be tried again")
                cable.is_cut = False
                b.wait_line("pulling live/cam", count=2)
                source.wait()
                ends_as(path, viewer.packets())


@scenario
def cluster_sdk_at_a_distance():
    """The JavaScript client does at another server all that it does at the host."""
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        for person in members(*[(a, app) for app in ("relay", "echo", "chat", "lobby")]):
            person.socket.close()
        a.wait_line("hosting lobby")
        sdk.node(b, "room.test.mjs")
        assert count(b, "hosting") == 0, b.lines


@scenario
def cluster_sdk_comes_back():
    """Its host dies: it reconnects by itself, and goes on where the application is then."""
    script = """
      import { connect } from %r;
      const room = await connect(`ws://127.0.0.1:${process.env.PORT}/ws/echo/blue`);
      console.log(await room.call("echo", "before"));
      room.when("resumed", async (resumed) => { console.log(resumed, await room.call("echo", "after")); room.leave?.(); process.exit(0); });
    """ % os.path.join(sdk.SDK, "index.js")
    with Engine() as engine, node(engine, "a") as a, node(engine, "b") as b:
        members((a, "echo"))[0].socket.close()
        a.wait_line("hosting echo")
        with Peer([sdk.NODE, "--input-type=module", "-e", script], env={"PORT": str(b.port)}) as player:
            wait_for(lambda: "before" in player.text(player.out), "the first call")
            a.kill()
            assert player.wait() == "before\nfalse after\n"
        b.wait_line("hosting echo")


@scenario
def cluster_redis_with_password_and_tls():
    with certified("localhost") as folder, Engine("p@ss/word", folder) as engine:
        secret = "p%40ss%2Fword"
        with node(engine, "a", url=f"redis://:{secret}@127.0.0.1:{engine.port}/3"), \
                node(engine, "b", f"tls.authorities={folder}/playhouse.crt",
                     url=f"rediss://default:{secret}@localhost:{engine.tls_port}/3") as b:
            wait_for(lambda: len(engine.ask("-n", "3", "KEYS", "playhouse:1:*:node:*")) == 2, "two leases")
            assert secret not in "".join(b.lines) and "p@ss" not in "".join(b.lines)
        with node(engine, "c", url=f"redis://:wrong@127.0.0.1:{engine.port}", wait=False) as c:
            c.wait_line("it says WRONGPASS .*it will be tried again")


@scenario
def cluster_says_what_redis_may_forget():
    with Engine() as engine:
        engine.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        with node(engine, "a") as a:
            a.wait_line("cluster.url: this Redis may throw away .* its maxmemory-policy is allkeys-lru; make it noeviction")


@scenario
def cluster_options_are_checked():
    good = {"cluster.url": "redis://127.0.0.1:1", "cluster.address": "127.0.0.1:1935", "cluster.secret_file": "/nowhere/secret"}
    rows = [({"cluster.address": ""}, "cluster.address: it is missing"),
            ({"cluster.address": ":1935"}, "cluster.address: .*no address that others can call"),
            ({"cluster.address": "0.0.0.0:1935"}, "cluster.address: .*no address that others can call"),
            ({"cluster.secret_file": ""}, "cluster.secret_file: it is missing; make it once"),
            ({}, "cluster.secret_file: /nowhere/secret: No such file or directory; make it once"),
            ({"cluster.url": "http://x"}, "cluster.url: the URL does not begin with redis://")]
    with tempfile.TemporaryDirectory(prefix="playhouse-cluster-") as folder:
        short, long, shared = (os.path.join(folder, name) for name in ("short", "long", "shared"))
        for path, text, mode in (short, "short", 0o600), (long, "x" * 40, 0o600), (shared, "x" * 40, 0o644):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, mode), "w") as f:
                f.write(text + "\n")
        rows += [({"cluster.secret_file": short}, "cluster.secret_file: .*short: .*one line of 32 to 512 characters"),
                 ({"cluster.secret_file": shared}, "cluster.secret_file: .*shared: .*mode 0600")]
        good_url = {"cluster.secret_file": long}
        for change, says in rows:
            sets = {**good, **(good_url if "cluster.url" in change else {}), **change}
            server = Server(*[f"{name}={value}" for name, value in sets.items()], observed=False)
            server.wait_line(f"playhouse: {says}")
            assert server.process.wait(HANG) == 2, server.lines
