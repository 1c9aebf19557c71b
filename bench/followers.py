#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""followers PORT N: players of low-latency HLS, as hls.js is one: the next part is asked for before it is there, and so is
the playlist that names the one after. On standard input "mark" begins to count anew, "report" prints one line of JSON:
parts and playlists that came, bytes, and how long after its last frame was sent a part was whole (p50 and p99, of a share
of the players: looking into parts costs time)."""

import json
import re
import select
import socket
import struct
import sys
import time

MAGIC = b"\xf3phstamp"
HINT = re.compile(rb'PRELOAD-HINT:TYPE=PART,URI="p(\d+)\.(\d+)\.m4s"')
LOOKS = 20  # every so many players look into their parts


class Follower:
    """One connection; asks for the playlist and the part in turn, both blocking."""

    def __init__(self, port, looks):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.looks, self.got, self.left, self.at = looks, bytearray(), None, None
        self.ask("live.m3u8")

    def ask(self, name):
        self.name = name
        self.sock.send(f"GET /live/cam.hls/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    def take(self, count):
        """Read what there is; count what is whole, and ask for the next."""
        try:
            data = self.sock.recv(1 << 17)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionError("the server hung up")
        self.got += data
        if self.left is None:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.got[:end])
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(head[:40])
            self.left = end + 4 + int(re.search(rb"Content-Length: (\d+)", head).group(1))
            self.body = end + 4
        if len(self.got) < self.left:
            return
        self.whole(count)

    def whole(self, count):
        count["bytes"] += self.left
        if self.name.startswith("p"):
            count["parts"] += 1
            if self.looks:
                self.look(count)
            number, part = self.at
            self.reset()
            self.ask(f"live.m3u8?_HLS_msn={number}&_HLS_part={part}")
            return
        count["playlists"] += 1
        self.at = number, part = tuple(map(int, HINT.search(self.got, self.body).groups()))
        self.reset()
        self.ask(f"p{number}.{part}.m4s")

    def reset(self):
        self.got, self.left = bytearray(), None

    def look(self, count):
        at = self.got.rfind(MAGIC)
        if at >= 0:
            sent, = struct.unpack_from("<Q", self.got, at + len(MAGIC))
            count["delays"].append((time.monotonic_ns() - sent) / 1e6)


def begin():
    return {"parts": 0, "playlists": 0, "bytes": 0, "delays": []}


def main():
    port, n = int(sys.argv[1]), int(sys.argv[2])
    poll, followers, count = select.epoll(), {}, begin()
    poll.register(0, select.EPOLLIN)
    for i in range(n):
        follower = Follower(port, i % LOOKS == 0)
        followers[follower.sock.fileno()] = follower
        poll.register(follower.sock, select.EPOLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd:
                followers[fd].take(count)
                continue
            line = sys.stdin.readline()
            if not line:
                return
            if line == "mark\n":
                count = begin()
            else:
                delays = sorted(count.pop("delays")) or [0]
                count |= {"p50": delays[len(delays) // 2], "p99": delays[int(len(delays) * 0.99)], "max": delays[-1]}
                print(json.dumps(count), flush=True)
                count = begin()


if __name__ == "__main__":
    main()
