# SPDX-License-Identifier: MIT
"""A deliberately plain WebSocket client: it can also say what no real client would."""

import base64
import hashlib
import json
import os
import socket
import struct

from server import HANG, Failure

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, payload, fin=True, mask=True, reserved=0):
    length = len(payload)
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0x80 if mask else 0
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))


class Socket:
    """An upgraded connection."""

    def __init__(self, port, path, protocol=None, origin=None, host=None, version="13", key=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=HANG)
        self.buffer = b""
        key = key or base64.b64encode(os.urandom(16)).decode()
        fields = {"Host": host or f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
                  "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": version}
        if protocol:
            fields["Sec-WebSocket-Protocol"] = protocol
        if origin:
            fields["Origin"] = origin
        self.send(f"GET {path} HTTP/1.1\r\n{''.join(f'{k}: {v}{chr(13)}{chr(10)}' for k, v in fields.items())}\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.need(1)
        self.head = head.decode()
        self.status = int(self.head.split()[1])
        if self.status == 101:
            want = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            if f"Sec-WebSocket-Accept: {want}\r\n" not in self.head:
                raise Failure(f"the server's key is wrong: {self.head}")

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

    def frame(self):
        """The next frame: (opcode, payload). The server must not mask, nor cut its messages."""
        first, second = self.need(2)
        if second & 0x80 or not first & 0x80:
            raise Failure("the server masks or cuts its frames")
        length = second & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.need(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.need(8))[0]
        return first & 15, self.need(length)

    def closed(self):
        """The code of the server's close frame, None without one; what comes before is dropped."""
        try:
            while True:
                opcode, payload = self.frame()
                if opcode == CLOSE:
                    return struct.unpack(">H", payload[:2])[0] if payload else 1005
        except (EOFError, ConnectionError):
            return None
        except TimeoutError:
            raise Failure("the server keeps the connection") from None


class Tunnel(Socket):
    """Looks like a socket; the bytes travel in binary messages."""

    inbox = b""

    def sendall(self, data):
        for i in range(0, len(data), 1000):  # cut anywhere
            self.send(frame(BINARY, data[i:i + 700]))
            self.send(frame(BINARY, data[i + 700:i + 800], fin=False) + frame(CONTINUATION, data[i + 800:i + 1000]))

    def recv(self, n):
        while not self.inbox:
            opcode, payload = self.frame()
            if opcode == CLOSE:
                return b""
            if opcode == BINARY:
                self.inbox += payload
        taken, self.inbox = self.inbox[:n], self.inbox[n:]
        return taken

    def settimeout(self, seconds):
        self.socket.settimeout(seconds)

    def close(self):
        self.socket.close()


class Member(Socket):
    """A member by JSON-RPC."""

    def __init__(self, port, path, **more):
        super().__init__(port, f"/ws/{path}", protocol="playhouse.v1", **more)
        self.last_call = 0
        self.heard = []

    def say(self, message):
        self.send(frame(TEXT, message if isinstance(message, bytes) else json.dumps(message).encode()))

    def message(self):
        while True:
            opcode, payload = self.frame()
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == CLOSE:
                raise EOFError(payload)

    def welcome(self):
        return self.hear("$welcome")

    def ask(self, method, *params):
        self.last_call += 1
        self.say({"jsonrpc": "2.0", "id": self.last_call, "method": method, "params": params})
        return self.last_call

    def answer(self, id):
        while True:
            message = self.message()
            if message.get("id") == id and "method" not in message:
                return message
            self.heard.append(message)

    def call(self, method, *params):
        answer = self.answer(self.ask(method, *params))
        if "error" in answer:
            raise Failure(f"{method} failed: {answer['error']}")
        return answer["result"]

    def fails(self, method, *params):
        answer = self.answer(self.ask(method, *params))
        if "error" not in answer:
            raise Failure(f"{method} should have failed: {answer}")
        return answer["error"]

    def hear(self, method):
        """The params of the next call that is named so; others are kept."""
        for message in self.heard:
            if message.get("method") == method:
                self.heard.remove(message)
                return message["params"]
        while True:
            message = self.message()
            if message.get("method") == method:
                return message["params"]
            self.heard.append(message)
