# SPDX-License-Identifier: MIT
"""Streams that go to other servers and come from them: between our own, to and from nginx-rtmp, over TLS, in circles."""

import contextlib
import json
import re
import signal
import socket
import tempfile
import time

from media import packets, same, sample
from peers import Peer, Player, publish
from scenario import scenario
from scenarios.clients import nginx
from scenarios.flv import ask as ask_raw, get, live
from scenarios.tls import certified, options
from server import HANG, Failure, Server, free_port, wait_for

OPEN = ["app.live.linger=1s", "auth.publish=open"]


def push(to, stream="live/*", name="b", **more):
    return [f"push.{name}.stream={stream}", f"push.{name}.to={to}", *[f"push.{name}.{k}={v}" for k, v in more.items()]]


def pull(source, stream="live/*", name="a", **more):
    return [f"pull.{name}.stream={stream}", f"pull.{name}.from={source}", *[f"pull.{name}.{k}={v}" for k, v in more.items()]]


def there(port, app="live", scheme="rtmp", before="", after=""):
    return f"{scheme}://{before}127.0.0.1:{port}/{app}/{{stream}}{after}"


def order(server, method, path="", body=None, status=200):
    text = json.dumps(body) if body is not None else ""
    answer = ask_raw(server.local_port, "\n".join([f"{method} /api/v1/relays{path} HTTP/1.1", "Host: localhost", "Connection: close",
                                                   f"Authorization: Bearer {server.token}", "Content-Type: application/json",
                                                   f"Content-Length: {len(text)}", "", text]))
    head, _, rest = answer.partition(b"\r\n\r\n")
    if int(head.split()[1]) != status:
        raise Failure(f"{method} {path}: {head.split()[1]} {rest}")
    return json.loads(rest) if rest.strip() else None


def legs(server, name):
    return next(r["legs"] for r in order(server, "GET")["items"] if r["name"] == name)


def hear(server, path):
    """A viewer over HTTP-FLV that wants everything from now on."""
    return Peer(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{server.port}{path}"])


@scenario
def relay_pushes_what_is_published():
    """What arrives over there is what is played here, packet by packet; it ends there when it ends here."""
    path = sample("h264-aac")
    with live(*OPEN) as b, live(*OPEN, *push(there(b.port))) as a:
        with Player(b.url()) as over_there, Player(a.url()) as here:
            a.wait_line("playing live/cam")
            b.wait_line("playing live/cam")
            with publish(path, a.url()) as source:
                a.wait_line("pushing live/cam: push b, rtmp://127.0.0.1")
                b.wait_line("publishing live/cam: h264 320x180 30 fps, aac 44.1 kHz mono .*Playhouse")
                source.wait()
                same(packets(path), here.packets())
                same(packets(path), over_there.packets())
        a.wait_line(r"closed live/cam: the stream has ended after .* \(push b")
        b.wait_line("closed live/cam: publisher left")


@scenario
def relay_pushes_to_the_last_message():
    """Also where nobody waits for a publisher to come back, and writes are gathered."""
    path = sample("h264-aac")
    with live("auth.publish=open") as b, live("auth.publish=open", "app.live.linger=0", "app.live.latency=500", *push(there(b.port))) as a:
        with Player(b.url(), "-t", "5") as over_there:
            b.wait_line("playing live/cam")
            with publish(path, a.url()) as source:
                source.wait()
            a.wait_line(r"closed live/cam: the stream has ended after .* \(push b")
        sent, got = (float(re.search(r", ([\d.]+) kB in", server.wait_line("closed live/cam: publisher left")).group(1))
                     for server in (a, b))
        assert abs(sent - got) < 2, (sent, got)


@scenario
def relay_pulls_on_demand():
    """One connection however many watch; none when nobody does; again when somebody does."""
    path = sample("h264-aac")
    with live(*OPEN) as a, live(*OPEN, *pull(there(a.port), idle="500ms")) as b:
        with publish(path, a.url(), hold=0.3) as source:
            a.wait_line("publishing live/cam")
            with Player(b.url()) as by_rtmp, hear(b, "/live/cam.flv"), hear(b, "/live/cam.flv"):
                b.wait_line("playing live/cam", count=3)
                by_rtmp.begun()
                a.wait_line("playing live/cam")
                assert len([line for line in a.lines if "playing live/cam" in line]) == 1, a.lines
                by_metric = get(b.local_port, "/metrics")[2].decode()
                assert 'playhouse_sessions{protocol="relay"} 1\n' in by_metric, by_metric
                leg, = legs(b, "a")
                assert leg["state"] == "carrying" and leg["bytes"] > 1000 and leg["stream"] == "live/cam", leg
                assert leg["target"] == f"rtmp://127.0.0.1:{a.port}/live", leg
                source.wait()
                same(packets(path), by_rtmp.packets())
            wait_for(lambda: not legs(b, "a"), "the pull to end")
        with publish(path, a.url()) as source, Player(b.url()) as again:
            a.wait_line("publishing live/cam", count=2)
            again.begun()
            source.wait()
            same(packets(path), again.packets(), times="shifted")


@scenario
def relay_pulls_for_hls():
    with live(*OPEN) as a, live(*OPEN, *pull(there(a.port))) as b, publish(sample("h264-aac"), a.url()):
        a.wait_line("publishing live/cam")
        status, _, body = get(b.port, "/live/cam.m3u8")
        assert status == 200 and b"#EXTM3U" in body, (status, body)


@scenario
def relay_waits_as_long_as_there_is_hope():
    """A viewer of a stream that is being fetched waits; when it cannot be fetched he is told."""
    with live(*OPEN, *pull(f"rtmp://127.0.0.1:{free_port()}/live/{{stream}}")) as b:
        status, _, body = get(b.port, "/live/cam.flv")
        assert status == 404 and b"nobody publishes" in body, (status, body)
        b.wait_line(r"live/cam: 127.0.0.1 port \d+ cannot be reached; it will be tried again \(pull a")
        status, _, _ = get(b.port, "/echo/cam.flv")  # no rule names it
        assert status == 404


@scenario
def relay_tries_one_server_after_the_other():
    path = sample("h264-aac")
    dead = f"rtmp://127.0.0.1:{free_port()}/live/{{stream}}"
    with live(*OPEN) as a, live(*OPEN, *pull(f"{dead}, {there(a.port)}")) as b, \
            publish(path, a.url()) as source:
        a.wait_line("publishing live/cam")
        with Player(b.url()) as viewer:
            viewer.begun()
            source.wait()
            same(packets(path), viewer.packets())


@scenario
def relay_always_means_without_viewers():
    path = sample("h264-aac")
    with live(*OPEN) as a, publish(path, a.url()) as source:
        a.wait_line("publishing live/cam")
        with live(*OPEN, *pull(f"rtmp://localhost:{a.port}/live/cam", stream="live/door", always="true")) as b:
            b.wait_line(r"publishing live/door: h264 320x180 30 fps, aac 44.1 kHz mono \(pull a, rtmp://localhost")
            with Player(b.url("door")) as viewer:
                viewer.begun()
                source.wait()
                same(packets(path), viewer.packets())
            b.wait_line("the stream has ended there; it will be tried again")


@scenario
def relay_to_and_from_nginx():
    """The neighbour that most people have: it takes what we push, with its metadata, and we play what it has."""
    path = sample("h264-aac")
    with nginx("") as port:
        with live(*OPEN, *push(there(port)), *pull(there(port), stream="relay/*"),
                  "limits.publisher_idle=2s") as server, publish(path, server.url()) as source:
            server.wait_line("pushing live/cam")
            with Player(server.url(app="relay")) as back, Player(f"rtmp://127.0.0.1:{port}/live/cam", "-t", "3") as there_itself:
                back.begun()
                there_itself.begun()
                source.wait()
                same(packets(path), back.packets(), times="shifted", to_end=False)
                same(packets(path), there_itself.packets(), times="shifted", to_end=False)


@scenario
def relay_over_tls_with_user_and_password():
    """rtmps with a certificate that the file of authorities vouches for; an encoder's login; and neither without."""
    path = sample("h264-aac")
    with certified() as folder, live("app.live.linger=1s", "auth.login=always", *options(folder)) as b:
        target = dict(scheme="rtmps", before=f"me:{b.key}@")
        with live(*OPEN, *push(there(b.port, **target)), *push(there(b.port, scheme="rtmps", before="me:wrong-key@"), name="wrong"),
                  f"tls.authorities={folder}/playhouse.crt") as a, Player(b.url()) as viewer:
            b.wait_line("playing live/cam")
            with publish(path, a.url()) as source:
                a.wait_line("pushing live/cam: push b, rtmps://127.0.0.1")
                a.wait_line(r"connect was refused: .*authfailed; .* \(push wrong")
                assert not [line for line in a.lines if b.key in line or "wrong-key" in line], "a password is in the log"
                source.wait()
                same(packets(path), viewer.packets())
        with live(*OPEN, *push(there(b.port, **target))) as stranger, publish(path, stranger.url()):
            stranger.wait_line("TLS: self-signed certificate; it will be tried again")


@scenario
def relay_in_a_circle_is_refused():
    """Two servers that push to each other carry a stream once, and it ends when its publisher leaves."""
    path, one, two = sample("h264-aac"), free_port(), free_port()
    with contextlib.ExitStack() as stack:
        a = stack.enter_context(Server(*OPEN, *push(there(two)), port=one, observed=False))
        b = stack.enter_context(Server(*OPEN, *push(there(one)), port=two, observed=False))
        with publish(path, a.url()) as source:
            b.wait_line("connect was refused: NetConnection.Connect.Rejected this relay leads back to where it came from")
            a.wait_line("closed live: a relay that leads back")
            source.wait()
        a.wait_line("closed live/cam: publisher left")
        b.wait_line("closed live/cam: publisher left")
        time.sleep(1.5)  # linger
        assert not any(stream["live"] for server in (a, b) for stream in json.loads(
            get(server.local_port, "/api/v1/streams", f"Authorization: Bearer {server.token}")[2])["items"])


@scenario
def relay_pulls_in_a_circle_end():
    """Two servers that pull from each other what neither has: who waits is told."""
    one, two = free_port(), free_port()
    with contextlib.ExitStack() as stack:
        a = stack.enter_context(Server(*OPEN, *pull(there(two)), "limits.publisher_idle=2s", port=one, observed=False))
        stack.enter_context(Server(*OPEN, *pull(there(one)), "limits.publisher_idle=2s", port=two, observed=False))
        a.wait_line("ready")
        status, _, _ = get(a.port, "/live/cam.flv")
        assert status == 404, status


@scenario
def relay_steps_back_for_a_publisher_here():
    path = sample("h264-aac")
    with live(*OPEN) as a, live(*OPEN, *pull(there(a.port))) as b, publish(path, a.url()):
        a.wait_line("publishing live/cam")
        with hear(b, "/live/cam.flv"):
            b.wait_line("pulling live/cam")
            with publish(path, b.url()) as local:
                b.wait_line("publishing live/cam: .*Lavf")
                wait_for(lambda: not legs(b, "a"), "the pull to end")
                local.wait()


@scenario
def relay_comes_back_with_its_server():
    """The other server dies and returns: the push stands again, by itself."""
    path = sample("h264-aac", 12)
    port = free_port()
    with live(*OPEN, *push(there(port))) as a, publish(path, a.url(), hold=0.9) as source:
        a.wait_line("cannot be reached")
        for n in (1, 2):
            with Server(*OPEN, port=port, observed=False) as b:
                a.wait_line("pushing live/cam", count=n)
                b.wait_line("publishing live/cam")
                b.process.send_signal(signal.SIGKILL)
                b.process.wait()
                a.wait_line("it will be tried again", count=n + 1)
                b.stopped = True
                b.process.returncode = 0  # as it was meant
        source.wait()


@scenario
def relay_slow_target_slows_nobody():
    """One target is frozen, its buffers full: the other one and the viewers here miss nothing; it is left, and called again."""
    path = sample("noise")
    with live(*OPEN) as b, Server(*OPEN, observed=False) as frozen:
        with live(*OPEN, *push(there(b.port)), *push(there(frozen.port), name="slow")) as a, Player(b.url()) as over_there, \
                Player(a.url()) as here:
            b.wait_line("playing live/cam")
            a.wait_line("playing live/cam")
            with publish(path, a.url()) as source:
                frozen.wait_line("publishing live/cam")
                frozen.process.send_signal(signal.SIGSTOP)
                a.wait_line(r"the server does not read; it will be tried again \(push slow")
                frozen.process.send_signal(signal.SIGCONT)
                a.wait_line("pushing live/cam: push slow", count=2)
                source.wait()
                played = [len(player.packets()) for player in (here, over_there)]
                assert abs(played[0] - played[1]) < 10 and played[0] > 400, played  # a push begins at a key frame


@scenario
def relay_by_request():
    """The API adds a push while the stream lives, pauses it, takes it away; what is wrong is said."""
    path = sample("h264-aac")
    with live(*OPEN) as b, live(*OPEN, "relay.inside=true") as a, publish(path, a.url()):
        a.wait_line("publishing live/cam")
        assert order(a, "GET") == {"items": []}
        assert order(a, "POST", body={"name": "two", "push": "live/cam", "to": b.url("copy")}, status=201) == {"name": "two"}
        b.wait_line("publishing live/copy")
        row = order(a, "GET", "/two")
        assert row["kind"] == "push" and row["origin"] == "request" and row["legs"][0]["state"] == "carrying", row
        order(a, "POST", "/two/pause", status=204)
        b.wait_line("closed live/copy: publisher left")
        assert order(a, "GET", "/two")["paused"] and not legs(a, "two")
        order(a, "POST", "/two/resume", status=204)
        b.wait_line("publishing live/copy", count=2)
        for status, body in (
                (409, {"name": "two", "push": "live/cam", "to": b.url("x")}),
                (422, {"name": "x", "push": "live/cam", "to": "http://a/live/cam"}),
                (422, {"name": "x", "push": "live/*", "to": b.url("x")}),
                (422, {"name": "x", "push": "cam", "to": b.url("x")}),
                (422, {"name": "x", "pull": "live/*", "from": [there(b.port)], "always": True}),
                (422, {"name": "x", "pull": "live/x", "from": []}),
                (422, {"name": "x", "pull": "live/x", "from": [there(b.port)] * 9}),
                (422, {"name": "x", "push": "live/x", "pull": "live/x"}),
                (422, {"push": "live/x", "to": b.url("x")}),
                (422, {"name": "x", "pull": "live/x", "from": b.url("x"), "idle_ms": -1}),
                (422, [])):
            order(a, "POST", body=body, status=status)
        for method, path_, status in (("GET", "/none", 404), ("DELETE", "/none", 404), ("POST", "/none/pause", 404),
                                      ("POST", "/two/stop", 404), ("DELETE", "/" + "x" * 200, 404)):
            order(a, method, path_, status=status)
        order(a, "DELETE", "/two", status=204)
        b.wait_line("closed live/copy: publisher left", count=2)
        assert order(a, "GET") == {"items": []}
        order(a, "POST", body={"name": "from", "pull": "live/back", "from": b.url("none"), "always": True}, status=201)
        wait_for(lambda: [leg["state"] for leg in legs(a, "from")] == ["calling"], "the pull")
        order(a, "POST", "/from/pause", status=204)
        wait_for(lambda: not legs(a, "from"), "the pull to rest")
        order(a, "POST", "/from/resume", status=204)
        wait_for(lambda: [leg["state"] for leg in legs(a, "from")] == ["calling"], "the pull to go on")


@scenario
def relay_by_request_goes_to_public_addresses():
    """What the API is asked for does not reach what is private, whatever name it goes by."""
    with socket.create_server(("127.0.0.1", 0)) as secret, live(*OPEN) as server:
        secret.settimeout(0.5)
        port = secret.getsockname()[1]
        for i, host in enumerate(("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254")):
            order(server, "POST", body={"name": f"p{i}", "pull": f"live/x{i}", "from": f"rtmp://{host}:{port}/a/b", "always": True},
                  status=201)
            server.wait_line(rf"live/x{i}: .* is no public address: relay.inside allows others")
        with contextlib.suppress(TimeoutError):
            secret.accept()
            raise Failure("the server called a private address")


@scenario
def relay_rules_have_an_end():
    with live(*OPEN) as server:
        for i in range(256):
            order(server, "POST", body={"name": f"n{i}", "push": "live/cam", "to": "rtmp://192.0.2.1/a/b"}, status=201)
        order(server, "POST", body={"name": "last", "push": "live/cam", "to": "rtmp://192.0.2.1/a/b"}, status=409)


@scenario
def relay_calls_have_an_end():
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        with live(*OPEN, *pull(f"rtmp://127.0.0.1:{mute.getsockname()[1]}/a/b", "live/x", always="true")) as server:
            server.wait_line("live/x: the server did not answer within 10 s; it will be tried again", seconds=100)


@scenario
def relay_configuration_that_is_wrong():
    for words, sets in (
            ("push.b.to: \"http://x\" is no address of a stream", push("http://x")),
            ("push.b.to: every stream of live/\\* would have the same name there", push("rtmp://a/live/cam")),
            ("push.b.to: the URL does not begin", ["push.b.stream=live/cam"]),
            ("push.b.stream: \"cam\" is no stream", push("rtmp://a/live/cam", stream="cam")),
            ("pull.a.always: a pattern names no stream", pull("rtmp://a/live/{stream}", always="true")),
            ("push.x.stream: a push and a pull have this name|pull.x.stream: a push and a pull have this name",
             push("rtmp://a/live/cam", "live/x", "x") + pull("rtmp://a/live/cam", "live/x", "x")),
            ("tls.authorities: /none cannot be read as certificates in PEM", ["tls.authorities=/none"])):
        command = [Server.binary, "serve", "--state", tempfile.gettempdir(), "--set", "listen.media.address=127.0.0.1:0", "--set",
                   "listen.local.address="]
        for option in sets:
            command += ["--set", option]
        with Peer(command) as server:
            server.wait(status=(2,))
            said = server.text(server.err)
            if not re.search(words, said) or said.count("\n") != 1:
                raise Failure(f"{sets}: {said}")
