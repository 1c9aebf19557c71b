# SPDX-License-Identifier: MIT
"""Shared objects as Flash clients have them, over the plain RTMP client: a copy that follows the rules of docs/wire.md 6."""

import struct

from rtmp import COMMAND, amf0, amf0_all, amf0_read, chunked

USE, RELEASE, REQUEST, CHANGE, SUCCESS, SEND, STATUS, CLEAR, REMOVE, REQUEST_REMOVE, USED = range(1, 12)
REQUEST_CLEAR = 14


def text(name):
    return struct.pack(">H", len(name.encode())) + name.encode()


class Shared:
    """One object; `data` is what the client believes it holds."""

    def __init__(self, client, name, persistent=False):
        self.client, self.name, self.persistent = client, name, persistent
        self.data, self.version, self.heard, self.statuses = {}, 0, [], []
        self.pending = {}  # slots that this client has set and that were not confirmed: how often

    def send(self, *events):
        body = text(self.name) + struct.pack(">III", self.version, 2 if self.persistent else 0, 0)
        body += b"".join(bytes([kind]) + struct.pack(">I", len(data)) + data for kind, data in events)
        self.client.send(chunked(COMMAND, 19, 0, 0, body))

    def use(self):
        self.send((USE, b""))
        return self.until(USED)

    def set(self, **slots):
        for name, value in slots.items():
            if value is None:
                self.data.pop(name, None)
            else:
                self.data[name] = value
        self.send((REQUEST, b"".join(text(name) + amf0(value) for name, value in slots.items())))

    def remove(self, name):
        self.send((REQUEST_REMOVE, text(name)))

    def clear(self):
        self.send((REQUEST_CLEAR, b""))

    def say(self, handler, *arguments):
        self.send((SEND, amf0(handler) + b"".join(map(amf0, arguments))))

    def release(self):
        self.send((RELEASE, b""))

    def take(self, body):
        """Apply one message; the kinds of its events."""
        length = struct.unpack_from(">H", body)[0]
        if body[2:2 + length].decode() != self.name:
            return []
        at = 2 + length
        version = struct.unpack_from(">I", body, at)[0]
        assert version >= self.version, "the version went back"
        self.version, at, kinds = version, at + 12, []
        while at < len(body):
            kind, size = body[at], struct.unpack_from(">I", body, at + 1)[0]
            self.apply(kind, body[at + 5:at + 5 + size])
            kinds.append(kind)
            at += 5 + size
        return kinds

    def apply(self, kind, data):
        if kind == CLEAR:
            self.data.clear()
        elif kind in (CHANGE, REMOVE, SUCCESS):
            end = 2 + struct.unpack_from(">H", data)[0]
            name = data[2:end].decode()
            if kind == CHANGE:
                self.data[name] = amf0_read(data, end)[0]
            elif kind == REMOVE:
                self.data.pop(name, None)
        elif kind == SEND:
            self.heard.append(amf0_all(data))
        elif kind == STATUS:
            end = 2 + struct.unpack_from(">H", data)[0]
            self.statuses.append(data[2:end].decode())

    def next(self):
        """The next message about this object: the kinds of its events."""
        while True:
            kind, _, body = self.client.message()
            if kind == 19:
                kinds = self.take(body)
                if kinds:
                    return kinds
            elif kind == 20:
                self.client.heard.append(amf0_all(body))

    def until(self, kind):
        while True:
            kinds = self.next()
            if kind in kinds:
                return kinds
