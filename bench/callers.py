# SPDX-License-Identifier: MIT
"""Clients of applications that do no work of their own: they send prepared bytes and count what comes back."""

import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests/clients"))

from rtmp import COMMAND, Client, amf0, chunked  # noqa: E402
from websocket import TEXT, Member, frame  # noqa: E402


def rtmp(port, app):
    client = Client(port)
    client.connect(app)
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client.socket


def json(port, app):
    member = Member(port, app)
    member.welcome()
    return member.socket


def message(kind, method, *arguments):
    """The bytes of a call whose answer is always of the same length."""
    if kind == "rtmp":
        return chunked(COMMAND, 20, 0, 0, b"".join(map(amf0, (method, 5, None, *arguments))))
    words = ",".join(f'"{argument}"' for argument in arguments)
    return frame(TEXT, f'{{"jsonrpc":"2.0","id":5,"method":"{method}","params":[{words}]}}'.encode())


def use(kind):
    """The bytes that begin to use the shared object "board"."""
    return shared_object(1, b"") if kind == "rtmp" else frame(
        TEXT, b'{"jsonrpc":"2.0","method":"$use","params":["board"]}')


def change(kind, value):
    """Those that set its slot x to a text."""
    if kind == "rtmp":
        return shared_object(3, struct.pack(">H", 1) + b"x" + amf0(value))
    return frame(TEXT, f'{{"jsonrpc":"2.0","method":"$change","params":["board",[{{"set":"x","value":"{value}"}}]]}}'.encode())


def shared_object(event, data):
    return chunked(COMMAND, 19, 0, 0, struct.pack(">H5sIIIBI", 5, b"board", 0xFFFFFFFF, 0, 0, event, len(data)) + data)


def hear(sock, words):
    """Read until the words have come; returns how many bytes that were."""
    heard, tail = 0, b""
    while words not in tail:
        data = sock.recv(1 << 16)
        if not data:
            raise ConnectionError("the server has closed a connection")
        heard += len(data)
        tail = tail[-len(words):] + data
    return heard


def length_of_answer(sock, call):
    sock.sendall(call)
    time.sleep(0.1)
    return len(sock.recv(65536))


def take(sock, n):
    while n:
        data = sock.recv(min(n, 1 << 16))
        if not data:
            raise ConnectionError("the server has closed a connection")
        n -= len(data)


def pipelined(socks, call, length, batch, seconds):
    """Calls per second with `batch` of each socket under way."""
    for sock in socks:
        sock.sendall(call * batch)
    n, begin = 0, time.monotonic()
    while time.monotonic() - begin < seconds:
        for sock in socks:
            take(sock, length * batch)
            sock.sendall(call * batch)
            n += batch
    took = time.monotonic() - begin
    for sock in socks:
        take(sock, length * batch)
    return n / took, n


def one_in_flight(sock, call, length, n):
    """Sorted times of round trips in microseconds."""
    times = []
    for _ in range(n):
        begin = time.perf_counter()
        sock.sendall(call)
        take(sock, length)
        times.append((time.perf_counter() - begin) * 1e6)
    return sorted(times)
