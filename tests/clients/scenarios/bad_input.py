# SPDX-License-Identifier: MIT
"""Bad input of every kind beside a healthy publisher and viewer, who must not notice."""

import contextlib
import os
import random
import resource
import socket
import struct
import subprocess
import tempfile
import time

from media import packets, same, sample
from peers import Player, publish
from rtmp import Client, Stranger, amf0, chunked
from scenario import scenario
from scenarios.live import live
from server import HANG, Failure, Server, free_port, wait_for

MEMORY_SLACK = 8 << 20  # what allocators keep and sanitizers remember


@contextlib.contextmanager
def healthy(*sets, seconds=8, **options):
    """A server with one publisher and one viewer; afterwards the viewer must have every packet from its join on, and
    the server its first descriptors and about its first memory."""
    path = sample("h264-aac", seconds=seconds)
    with live(*sets, **options) as server:
        n_descriptors = server.descriptors()
        with publish(path, server.url(key=True)) as source:
            server.wait_line(r"publishing live/cam")
            with Player(server.url()) as viewer:
                server.wait_line(r"playing live/cam")
                yield server
                source.wait()
                played = viewer.packets()
        same(packets(path), played)
        wait_for(lambda: server.descriptors() <= n_descriptors + 2, "descriptors to return")
        grown = server.memory() - server.base_memory
        if grown > MEMORY_SLACK and "asan" not in Server.binary:
            raise Failure(f"memory grew by {grown >> 20} MiB")


def attack(server, *pieces, handshake=True, connect=False):
    """Say `pieces`; the server must end the connection."""
    with Stranger(server) as client:
        try:
            if connect:
                client.connect()
            elif handshake:
                client.handshake()
            for piece in pieces:
                client.send(piece)
        except (ConnectionError, EOFError):
            return
        if not client.closed():
            raise Failure(f"the server kept a connection after {b''.join(pieces)[:24].hex()}…")


@scenario
def garbage_instead_of_handshake():
    chance = random.Random(1)
    with healthy() as server:
        for first in (0, 1, 2, 4, 5, 7, 8, 9, 32, 127, 255):
            attack(server, bytes([first]) + chance.randbytes(1600), handshake=False)
        attack(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", handshake=False)
        attack(server, b"\x16\x03\x01\x02\x00" + chance.randbytes(512), handshake=False)
        attack(server, b"\x03" + bytes(100), handshake=False)  # and then nothing: the handshake's deadline


@scenario
def random_version_and_digest_fields():
    """A C1 that claims a digest it does not carry is served as a simple handshake."""
    chance = random.Random(2)
    with Server() as server:
        for _ in range(20):
            with Client(server.port) as client:
                client.send(b"\x03" + bytes(4) + b"\x09\x00\x7c\x02" + chance.randbytes(1528))
                answer = client.need(3073)
                assert answer[0] == 3 and answer[5:9] == bytes(4), "S1 claims a digest"
                client.send(answer[1:1537])
                client.command("connect", 1, {"app": "live", "tcUrl": "rtmp://127.0.0.1/live"})
                assert client.until("_result")[1] == 1


@scenario
def bad_chunk_headers():
    with healthy() as server:
        attack(server, b"\xc4" + bytes(40))                                         # type 3 that continues nothing
        attack(server, b"\x84" + bytes(40))                                         # type 2, likewise
        attack(server, chunked(2, 1, 0, 0, struct.pack(">I", 0)))                   # chunk size 0
        attack(server, chunked(2, 1, 0, 0, struct.pack(">I", 0x80000000)))          # chunk size with the top bit
        attack(server, chunked(2, 1, 0, 0, struct.pack(">I", 1)))                   # below the server's floor
        attack(server, chunked(3, 20, 0, 0, bytes(300))[:140] + chunked(3, 20, 0, 0, b"x"))  # type 0 in mid-message
        attack(server, *(chunked(csid, 8, 1, 0, bytes(200))[:60] for csid in range(3, 64)),
               *(bytes([0, n]) + chunked(3, 8, 1, 0, bytes(200))[1:60] for n in range(0, 80)), connect=True)


@scenario
def huge_announced_lengths():
    """16 MiB announced, a few bytes sent, by two hundred at once: nothing is reserved for it."""
    head = bytes([4]) + bytes(3) + b"\xff\xff\xff" + bytes([9]) + struct.pack("<I", 1)
    with healthy() as server:
        attack(server, head + bytes(128), connect=True)
        attack(server, bytes([3]) + bytes(3) + (40000).to_bytes(3, "big") + bytes([20]) + bytes(4) + bytes(128))
        allowed = bytes([4]) + bytes(3) + (8 << 20).to_bytes(3, "big") + bytes([9]) + struct.pack("<I", 1)
        before = server.memory()
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                client = stack.enter_context(Stranger(server))
                client.connect()
                client.send(allowed + bytes(100))
            grown = server.memory() - before
            if grown > 200 * 64 * 1024 and "asan" not in Server.binary:
                raise Failure(f"{grown >> 10} KiB for 200 announced messages")


@scenario
def amf_bombs():
    """What breaks a limit ends the connection the second time; what is only malformed is answered, and life goes on."""
    bombs = {"deep": b"\x03\x00\x01a" * 5000, "laughs": b"\x11\x09\x03\x01" * 200, "string": b"\x0c\xff\xff\xff\xff"}
    malformed = {"wide": b"\x0a\xff\xff\xff\xff", "reference": b"\x07\x00\x05", "movie clip": b"\x04",
                 "externalizable": b"\x11\x0a\x07\x05evil"}

    def call(bomb):
        return chunked(3, 20, 0, 0, amf0("boom") + amf0(7) + b"\x05" + bomb)

    with healthy() as server:
        for bomb in bombs.values():
            attack(server, call(bomb), call(bomb), connect=True)
        for bomb in malformed.values():
            with Stranger(server) as client:
                client.connect()
                client.send(call(bomb))
                assert client.until("_error")[1] == 7
                assert client.create_stream() == 1
        for bomb in bombs.values():
            attack(server, chunked(3, 20, 0, 0, amf0("connect") + amf0(1) + bomb))


@scenario
def commands_out_of_order():
    """Publish, play, delete and close of streams that are not there; media before publish; all survive or end cleanly."""
    with healthy() as server:
        for name in ("publish", "play", "pause", "seek", "deleteStream", "closeStream", "receiveAudio", "FCUnpublish"):
            with Stranger(server) as client:
                client.connect()
                with contextlib.suppress(ConnectionError):
                    for stream in (0, 1, 77, 0xFFFFFFFF):
                        client.send(chunked(3, 20, stream, 0, amf0(name) + amf0(0) + amf0(None) + amf0("x")))
                        client.send(chunked(6, 9, stream, 0, b"\x17\x01\x00\x00\x00abc"))
        attack(server, chunked(3, 20, 0, 0, amf0("createStream") + amf0(2) + amf0(None)))  # before connect


@scenario
def media_without_headers():
    """Random media bodies, flagged as key frames or not: carried or dropped, never fatal for others."""
    chance = random.Random(3)
    with healthy() as server, Stranger(server) as client:
        client.connect()
        assert client.publish(f"noise?key={server.key}")["code"] == "NetStream.Publish.Start"
        with Stranger(server) as viewer:
            viewer.connect()
            viewer.play("noise")
            for i in range(2000):
                kind = chance.choice((8, 9, 18))
                client.send(chunked(4, kind, 1, 40 * i, chance.randbytes(chance.randrange(60))))
            client.command("deleteStream", 0, None, 1)


@scenario
def play_of_nothing():
    """A play of a stream that nobody publishes waits; other clients are unharmed, and it may leave at any time."""
    with healthy() as server:
        for _ in range(50):
            with Client(server.port) as client:
                client.connect()
                client.play("nothing-here")
                client.until("onStatus")


@scenario
def unknown_application():
    with Server() as server, Client(server.port) as client:
        answer = client.connect(app="nonsense")
        assert answer[0] == "_error" and answer[3]["code"] == "NetConnection.Connect.InvalidApp", answer
        assert client.closed()


@scenario
def hostile_names():
    with Server(open_publish=True) as server:
        for name in ("../x", "a/../b", ".hidden", "a//b", "x" * 300, "a b", "a\x00b", "a\nb", "ü", "/", "a/" * 9 + "b"):
            with Client(server.port) as client:
                client.connect()
                status = client.publish(name)
                assert status["level"] == "error", f"{name!r} was accepted: {status}"
        assert not any("\x00" in line for line in server.lines)


@scenario(alone=True)
def ten_thousand_silent_connections():
    """10,000 connects that never speak are let go at their deadline, and cost the others nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    n = min(10000, hard - 200)
    with healthy(seconds=20) as server:
        silent = []
        try:
            for i in range(n):
                silent.append(socket.create_connection(("127.0.0.1", server.port), timeout=HANG))
                if i % 500 == 499:
                    time.sleep(0.05)
            wait_for(lambda: server.descriptors() < 100, "the silent ones to be closed")
        finally:
            for s in silent:
                s.close()


@scenario(alone=True)
def viewer_that_stops_reading():
    """A viewer that reads nothing is gone within 12 s (+ slack), the healthy one keeps every packet."""
    path = sample("long-gop", seconds=25)
    with live() as server, publish(path, server.url(key=True), hold=1) as source:
        server.wait_line(r"publishing live/cam")
        with Player(server.url()) as viewer, Client(server.port) as stopped:
            stopped.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            stopped.connect()
            stopped.play("cam")
            server.wait_line(r"closed live/cam: the player does not read")
            source.wait()
            same(packets(path), viewer.packets())


@scenario
def disk_full_state_directory():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=2", "none", folder], check=True)
        try:
            with contextlib.suppress(OSError), open(os.path.join(folder, "filler"), "wb") as f:
                f.write(bytes(8192))
            said = refuses("--state", os.path.join(folder, "state"))
            assert folder in said, said
        finally:
            subprocess.run(["umount", folder], check=True)


def refuses(*args, status=2):
    """The server must end with one clear line and `status`; that line."""
    done = subprocess.run([Server.binary, "serve", *args, "--set", f"listen.local.address=127.0.0.1:{free_port()}"],
                          capture_output=True, text=True, timeout=HANG)
    lines = done.stderr.strip().splitlines()
    if done.returncode != status or len(lines) != 1:
        raise Failure(f"status {done.returncode}, {len(lines)} lines: {done.stderr[-300:]!r}")
    return lines[0]


@scenario
def port_in_use():
    """By a stranger, and by another playhouse."""
    with tempfile.TemporaryDirectory() as state, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        said = refuses("--state", state, "--set", f"listen.media.address=127.0.0.1:{port}")
        assert f"127.0.0.1:{port}" in said and "in use" in said and "listen.media.address" in said, said
    with Server() as server, tempfile.TemporaryDirectory() as state:
        said = refuses("--state", state, "--set", f"listen.media.address=127.0.0.1:{server.port}")
        assert "in use" in said, said


@scenario
def malformed_config():
    cases = {
        'app live { latency = "fast" }': ("latency", ":1:"),
        "listen media { adress = \"[::]:1935\" }": ("adress", ":1:"),
        "\n\nworkers = many": ("workers", ":3:"),
        "app watch { type = live }": ("watch", ":1:"),
        "auth { publish = maybe }": ("publish", ":1:"),
        "app live {": ("", ":"),
        'listen media { address = "nowhere" }': ("address", ":1:"),
        "workers = 100000": ("workers", ":1:"),
    }
    with tempfile.TemporaryDirectory() as folder:
        for text, marks in cases.items():
            path = os.path.join(folder, "site.conf")
            with open(path, "w") as f:
                f.write(text + "\n")
            said = refuses("-c", path, "--state", folder)
            assert path in said and all(mark in said for mark in marks), f"{text!r}: {said}"
        for option in ("app.live.latency=fast", "workers=-1", "no.such.option=1", "auth.publish", "listen.media.address=x:y"):
            said = refuses("--state", folder, "--set", option)
            assert option.split("=")[0].split(".")[-1] in said, said
        assert "nowhere.conf" in refuses("-c", os.path.join(folder, "nowhere.conf"))
