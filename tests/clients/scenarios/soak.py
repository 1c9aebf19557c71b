# SPDX-License-Identifier: MIT
"""Long runs: what is done ten thousand times leaves nothing behind, and those beside it notice nothing."""

import contextlib
import random
import socket
import struct
import threading
import time

from rtmp import Client, amf0, chunked
from scenario import scenario
from server import Failure, Server

VIDEO, DATA = 9, 18
KEY, INTER = b"\x17\x01\0\0\0", b"\x27\x01\0\0\0"
FRAME = 4000  # bytes: 1 Mbit/s at 30 frames a second
MEMORY_SLACK = 4 << 20
WARM, LONG = 120, 360  # seconds: memory is compared between these


class Crew:
    """Threads that do their part until the end; the first failure of any ends all."""

    def __init__(self):
        self.over = threading.Event()
        self.failure = None
        self.threads = []

    def add(self, work, *args):
        def body():
            try:
                work(*args)
            except Exception as failure:
                self.failure = self.failure or Failure(f"{work.__name__}: {failure!r}")
                self.over.set()
        self.threads.append(threading.Thread(target=body, daemon=True))
        self.threads[-1].start()

    def wait(self, seconds):
        if self.over.wait(seconds):
            raise self.failure

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.failure:
            raise self.failure


def publish_for_ever(crew, server):
    """Numbered frames at 30 a second, a key frame each second."""
    with Client(server.port) as client:
        client.connect()
        client.publish("cam")
        begin, n = time.monotonic(), 0
        client.socket.settimeout(0)
        while not crew.over.wait(max(0, begin + n / 30 - time.monotonic())):
            with contextlib.suppress(BlockingIOError):  # what the server says is dropped, so that it can go on
                client.socket.recv(65536)
            client.socket.settimeout(60)
            body = (INTER if n % 30 else KEY) + struct.pack(">I", n)
            client.send(chunked(6, VIDEO, 1, n * 33 & 0xFFFFFF, body + bytes(FRAME - len(body))))
            client.socket.settimeout(0)
            n += 1


def watch_for_ever(crew, server):
    """Every frame comes, once and in order, from the first key frame on."""
    with Client(server.port) as client:
        client.connect()
        client.play("cam")
        expected = None
        while not crew.over.is_set():
            kind, _, body = client.message()
            if kind == 4 and body[:2] == b"\0\6":
                client.send(chunked(2, 4, 0, 0, b"\0\7" + body[2:]))
            if kind == VIDEO:
                n = struct.unpack_from(">I", body, 5)[0]
                if expected is not None and n != expected:
                    raise Failure(f"frame {n} came instead of {expected}")
                expected = n + 1


def stop_reading(crew, server):
    """A viewer that reads nothing, is closed, and comes again."""
    while not crew.over.is_set():
        with Client(server.port) as client, contextlib.suppress(EOFError, ConnectionError):
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            client.connect()
            client.play("cam")
            crew.over.wait(15)


def come_and_go(crew, server, seed):
    """Somebody that leaves in any state of a connection, politely or not."""
    chance = random.Random(seed)
    while not crew.over.wait(0.005):
        client = Client(server.port)
        with contextlib.suppress(EOFError, ConnectionError):
            name, last = f"c{chance.randrange(6)}", chance.randrange(8)
            if last == 1:
                client.send(b"\x03" + bytes(chance.randrange(1536)))
            if last == 2:
                client.handshake()
            if last >= 3:
                client.connect()
            if last == 4:
                client.create_stream()
            if last == 5 and client.publish(name)["code"] == "NetStream.Publish.Start":
                client.send(chunked(5, DATA, 1, 0, amf0("onMetaData") + amf0({"width": 320})))
                for i in range(chance.randrange(40)):
                    client.send(chunked(6, VIDEO, 1, 33 * i, (INTER if i % 9 else KEY) + bytes(chance.randrange(9000))))
            if last >= 6:
                client.play(chance.choice((name, "cam")))
                for _ in range(chance.randrange(30) if last == 7 else 0):
                    client.send(chunked(2, 4, 0, 0, struct.pack(">HI", 6, 1)))
                    client.message()
        if chance.randrange(2):
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()
        crew.n_guests += 1


@scenario(long=True, alone=True)
def soak_churn_beside_viewers():
    """Six minutes of coming and going in every state, with viewers that stop: five that watch miss no frame, and memory
    and descriptors stay."""
    with Server("app.live.linger=1s", "app.live.lag=60s", open_publish=True, observed=False) as server:
        crew = Crew()
        crew.n_guests = 0
        try:
            crew.add(publish_for_ever, crew, server)
            server.wait_line("publishing live/cam")
            for _ in range(5):
                crew.add(watch_for_ever, crew, server)
            for _ in range(3):
                crew.add(stop_reading, crew, server)
            for seed in range(2):
                crew.add(come_and_go, crew, server, seed)
            crew.wait(WARM)
            warm = server.memory()
            crew.wait(LONG - WARM)
            grown, descriptors = server.memory() - warm, server.descriptors()
        finally:
            crew.end()
        print(f"     {crew.n_guests} guests; {warm >> 10} KiB, then {grown >> 10} KiB more; {descriptors} descriptors")
        if grown > MEMORY_SLACK and "asan" not in Server.binary:
            raise Failure(f"memory grew by {grown >> 10} KiB between {WARM} and {LONG} s")
        if descriptors > 60:
            raise Failure(f"{descriptors} descriptors are in use")
