# SPDX-License-Identifier: MIT
"""A deliberately plain RTMP client: it can also say what no real client would."""

import socket
import struct

from capture import STRANGER
from waiting import HANG, Failure

CONTROL, COMMAND, STREAM = 2, 3, 8  # chunk streams
MARK = object()


def amf0(value):
    if value is None:
        return b"\x05"
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"\x02" + struct.pack(">H", len(text)) + text
    if isinstance(value, list):
        return b"\x0a" + struct.pack(">I", len(value)) + b"".join(amf0(v) for v in value)
    if isinstance(value, dict):
        body = b"".join(struct.pack(">H", len(k)) + k.encode() + amf0(v) for k, v in value.items())
        return b"\x03" + body + b"\x00\x00\x09"
    raise TypeError(value)


def amf0_read(data, at=0):
    """One value and the position behind it."""
    marker, at = data[at], at + 1
    if marker == 0:
        return struct.unpack_from(">d", data, at)[0], at + 8
    if marker == 1:
        return bool(data[at]), at + 1
    if marker == 2:
        end = at + 2 + struct.unpack_from(">H", data, at)[0]
        return data[at + 2:end].decode(), end
    if marker in (5, 6):
        return None, at
    if marker in (3, 8):
        at += 4 if marker == 8 else 0
        found = {}
        while data[at:at + 3] != b"\x00\x00\x09":
            end = at + 2 + struct.unpack_from(">H", data, at)[0]
            key = data[at + 2:end].decode()
            found[key], at = amf0_read(data, end)
        return found, at + 3
    if marker == 10:
        count, at, items = struct.unpack_from(">I", data, at)[0], at + 4, []
        for _ in range(count):
            item, at = amf0_read(data, at)
            items.append(item)
        return items, at
    raise Failure(f"the server sent AMF0 marker {marker}")


def amf0_all(data):
    values, at = [], 0
    while at < len(data):
        value, at = amf0_read(data, at)
        values.append(value)
    return values


def chunked(csid, kind, stream, time, body, size=128):
    """One message as a type-0 chunk and type-3 chunks."""
    out = bytes([csid]) + time.to_bytes(3, "big") + len(body).to_bytes(3, "big") + bytes([kind]) + struct.pack("<I", stream)
    for i in range(0, max(len(body), 1), size):
        out += (bytes([0xC0 | csid]) if i else b"") + body[i:i + size]
    return out


class Client:
    """A connection that speaks when told to."""

    def __init__(self, port, address="127.0.0.1", source=None):
        self.begin(socket.create_connection((address, port), timeout=HANG, source_address=source))

    def begin(self, connection):
        """Speak over this socket, or what looks like one."""
        self.socket = connection
        self.buffer = b""
        self.chunk_size = 128
        self.headers = {}
        self.time = 0  # of the last message, if its header was of type 0
        self.partial = {}
        self.last_call = 10
        self.heard = []  # calls of the server that nobody has asked for yet

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def need(self, n):
        while len(self.buffer) < n:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def handshake(self):
        self.send(b"\x03" + bytes(1536))
        answer = self.need(3073)
        self.send(answer[1:1537])
        return self

    def message(self):
        """The next whole message: (type, stream, body). Chunk sizes are followed."""
        while True:
            first = self.need(1)[0]
            form, csid = first >> 6, first & 63
            header = self.headers.setdefault(csid, [0, 0, 0, 0])  # time, length, type, stream
            fields = self.need((11, 7, 3, 0)[form])
            if form < 3:
                header[0] = int.from_bytes(fields[:3], "big")
            if form < 2:
                header[1], header[2] = int.from_bytes(fields[3:6], "big"), fields[6]
            if form == 0:
                header[3] = struct.unpack("<I", fields[7:11])[0]
            self.time = int.from_bytes(self.need(4), "big") if header[0] == 0xFFFFFF else header[0]
            got = self.partial.get(csid, b"")
            got += self.need(min(self.chunk_size, header[1] - len(got)))
            if len(got) < header[1]:
                self.partial[csid] = got
                continue
            self.partial.pop(csid, None)
            if header[2] == 1:
                self.chunk_size = int.from_bytes(got, "big")
            return header[2], header[3], got

    def command(self, name, transaction, *values, stream=0, csid=COMMAND):
        self.send(chunked(csid, 20, stream, 0, b"".join(amf0(v) for v in (name, transaction, *values))))

    def until(self, name):
        """The values of the next command `name`; other messages are passed over."""
        while True:
            kind, stream, body = self.message()
            if kind == 20:
                values = amf0_all(body)
                if values[0] == name:
                    return values

    def ask(self, method, *arguments):
        """Call a method without waiting; its transaction id."""
        self.last_call += 1
        self.command(method, self.last_call, None, *arguments)
        return self.last_call

    def answer(self, transaction):
        """("_result" or "_error", value) of this call; what the server calls meanwhile is kept for hear()."""
        while True:
            kind, _, body = self.message()
            values = amf0_all(body) if kind == 20 else [None]
            if values[0] in ("_result", "_error") and values[1] == transaction:
                return values[0], values[3] if len(values) > 3 else None
            if kind == 20:
                self.heard.append(values)

    def call(self, method, *arguments):
        """The result of a method of the application; Failure when it is an error."""
        kind, value = self.answer(self.ask(method, *arguments))
        if kind != "_result":
            raise Failure(f"{method} failed: {value}")
        return value

    def fails(self, method, *arguments):
        """The status of a call that must fail."""
        kind, value = self.answer(self.ask(method, *arguments))
        if kind != "_error":
            raise Failure(f"{method} should have failed, it returned {value}")
        return value

    def hear(self, method):
        """The arguments of the next call of the server that is named so; others are kept."""
        for values in self.heard:
            if values[0] == method:
                self.heard.remove(values)
                return values[3:]
        while True:
            kind, _, body = self.message()
            values = amf0_all(body) if kind == 20 else [None]
            if values[0] == method:
                return values[3:]
            if kind == 20:
                self.heard.append(values)

    def connect(self, app="live", *arguments, **more):
        self.handshake()
        self.command("connect", 1, {"app": app, "tcUrl": f"rtmp://127.0.0.1/{app}", "flashVer": "test", **more}, *arguments)
        return self.answered()

    def answered(self):
        """The next _result or _error."""
        while True:
            kind, _, body = self.message()
            if kind == 20:
                values = amf0_all(body)
                if values[0] in ("_result", "_error"):
                    return values

    def create_stream(self):
        self.command("createStream", 2, None)
        return int(self.until("_result")[3])

    def publish(self, name):
        """Ask to publish; the code of the first status."""
        stream = self.create_stream()
        self.command("publish", 3, None, name, "live", stream=stream, csid=STREAM)
        return self.until("onStatus")[3]

    def play(self, name):
        stream = self.create_stream()
        self.command("play", 3, None, name, -2000, stream=stream, csid=STREAM)
        return stream

    def closed(self, seconds=HANG):
        """True when the server closes within `seconds`; what it says before is read and dropped."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False


class Stranger(Client):
    """A client whose words nobody else has to understand: they are not captured."""

    def __init__(self, server):
        super().__init__(server.port, source=(STRANGER, 0))
