# SPDX-License-Identifier: MIT
"""A client of AMF remoting: envelopes and what comes back."""

import struct
import urllib.error
import urllib.request

from rtmp import amf0
from waiting import Failure


def text(words):
    return struct.pack(">H", len(words)) + words.encode()


def envelope(*calls, version=0, headers=()):
    """`calls`: (method, response, arguments) or raw bytes instead of the arguments."""
    body = struct.pack(">HH", version, len(headers))
    for name, value in headers:
        body += text(name) + b"\0" + struct.pack(">I", 0xFFFFFFFF) + amf0(value)
    body += struct.pack(">H", len(calls))
    for method, response, arguments in calls:
        value = arguments if isinstance(arguments, bytes) else b"\x0a" + struct.pack(">I", len(arguments)) + b"".join(map(amf0, arguments))
        body += text(method) + text(response) + struct.pack(">I", len(value)) + value
    return body


def post(server, path, body, status=200):
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", data=body, headers={"Content-Type": "application/x-amf"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            reply, found = answer.read(), answer.status
    except urllib.error.HTTPError as error:
        reply, found = b"", error.code
    if found != status:
        raise Failure(f"{path}: {found} instead of {status}")
    return reply


def answers(reply):
    """{target: raw bytes of the value}"""
    version, n_headers, n = struct.unpack_from(">HHH", reply)
    at, told = 6, {}
    assert n_headers == 0, reply
    for _ in range(n):
        length = struct.unpack_from(">H", reply, at)[0]
        target = reply[at + 2:at + 2 + length].decode()
        at += 2 + length
        assert reply[at:at + 6] == text("null"), reply
        size = struct.unpack_from(">I", reply, at + 6)[0]
        told[target] = reply[at + 10:at + 10 + size]
        at += 10 + size
    assert at == len(reply), reply
    return told
