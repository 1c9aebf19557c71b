# SPDX-License-Identifier: MIT
"""Requests that two programs could read differently: each is answered 400 and nothing behind it is read."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor

from capture import STRANGER
from scenario import scenario
from server import HANG, Failure, Server

HIDDEN = "GET /watch/live/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(*fields, body="0\r\n\r\n", line="POST /gateway/chat HTTP/1.1", host="Host: localhost\r\n"):
    return f"{line}\r\n{host}Content-Type: application/x-amf\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\n" + body


def lengths():
    """What is no length, or more than one."""
    for value in ("+5", "-5", "0x5", "5 5", "5,5", "5, 5", "5;5", "5.0", "5e0", "'5'", '"5"', "five", "", " ", "٥", "5\t5", "0_5",
                  "18446744073709551616", "18446744073709551621", "99999999999999999999999999", "-0", "+0", "0b101", "5%00", "5\\",
                  "\x0b5", "5\x0c", "\x005", "5\x00", "\x85" + "5", "5\xa0"):
        yield post(f"Content-Length: {value}", body="12345")
    for one, other in (("5", "5"), ("5", "6"), ("0", "5"), ("5", "0"), ("5", "")):
        yield post(f"Content-Length: {one}", f"Content-Length: {other}", body="12345")
        yield post(f"Content-Length: {one}", "X: y", f"content-length: {other}", body="12345")


def codings():
    """A length beside chunks; codings that are none, or hidden ones."""
    for value in ("chunked", "Chunked", "CHUNKED", "chunked ", "\tchunked", "identity", "chunked, identity", "identity, chunked", "gzip, chunked"):
        yield post("Content-Length: 5", f"Transfer-Encoding: {value}")
        yield post(f"Transfer-Encoding: {value}", "Content-Length: 5")
    for value in ("identity", "xchunked", "chunkedx", "chunked-", "chunked, identity", "chunked;q=1", "chunked, chunked x", "x, y", "", " ",
                  "chunk", "cow", "c hunked", "chu\tnked", '"chunked"', "'chunked'", "chunked\x0b", "\x0bchunked", "chunked\x0c", "chunked\x00",
                  "\x00chunked", "\xffchunked", "chunked,", "chunked,,"):
        yield post(f"Transfer-Encoding: {value}")
    for first, second in (("chunked", "chunked"), ("chunked", "identity"), ("identity", "chunked"), ("gzip", "chunked"), ("chunked", "x")):
        yield post(f"Transfer-Encoding: {first}", f"Transfer-Encoding: {second}")
    for name in ("Transfer-Encoding ", "Transfer-Encoding\t", " Transfer-Encoding", "\tTransfer-Encoding", "Transfer Encoding", "Transfer-Encoding\x0b",
                 "Transfer-Encoding\x00", "\x00Transfer-Encoding", "Transfer\x7f-Encoding", "Transfer-Encoding\xa0", "Transfer-Encoding:", "Content-Length ",
                 "Content-Length\t", " Content-Length", "Content Length", "Content-Length\x00", "\x0bContent-Length", "Content-Length\x0c", '"Content-Length"',
                 "Content-Length\\", "(Content-Length)", "Content-Length,", "Content-Length;", "Content-Length=", "@Content-Length", "[Content-Length]"):
        yield post(f"{name}: {'5' if 'ontent' in name else 'chunked'}", body="12345")
    yield post("Transfer-Encoding: chunked", line="POST /gateway/chat HTTP/1.0")
    yield post("X: y\r\n Transfer-Encoding: chunked")
    yield post("X: y\r\n\tContent-Length: 5", body="12345")
    yield post("Transfer-Encoding:\r\n chunked")
    yield post("Content-Length:\r\n 5", body="12345")


def ends_of_lines():
    good = post("Content-Length: 5", body="12345")
    for end in ("\n", "\r", "\n\r", "\r\r\n", "\r\n\n", "\v\r\n", "\x00\r\n", "\r\x00\n", "\x85", "\u2028"):
        yield good.replace("\r\n", end)
        if end.isascii():  # others may stand in a value
            yield good.replace("\r\nContent-Length", f"{end}Content-Length")
        if end != "\r\n\n":
            yield good.replace("localhost\r\n", f"localhost{end}")


def first_lines():
    for line in ("GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", "GET / x HTTP/1.1",
                 "GET / HTTP/1.2", "GET / HTTP/2.0", "GET / HTTP/3.1", "GET / HTTP/11", "GET / HTTP/1.", "GET / HTTP/.1", "GET / HTTP/1", "GET / http/1.1",
                 "GET / HTTP/1.10", "GET / HTTP/01.1", "GET / HTTP/1.1\x00", "GET /\x00 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /\x01 HTTP/1.1", "GET x HTTP/1.1",
                 "GET * HTTP/1.1", "GET http://localhost/ HTTP/1.1", "GET //\\ HTTP/1.1 HTTP/1.1", "GET ?x HTTP/1.1", "GET", "GET /", "/ HTTP/1.1",
                 "GET /#x y HTTP/1.1"):
        yield f"{line}\r\nHost: localhost\r\n\r\n"
    for host in ("", "Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n", "Host : a\r\n", " Host: a\r\n", "Host\r\n", ": a\r\nHost: b\r\n", "Host: a\x00b\r\n",
                 "Host: a\r\n: x\r\n", "Host: a\r\n\x00: x\r\n", "Host: a\r\nX Y: z\r\n", "Host: a\r\nX\r\n", "Host: a\r\nX\x80: y\r\n", "Host: a\r\nX: \x01\r\n",
                 "Host: a\r\nX: y\x00\r\n"):
        yield f"GET /watch/live/x HTTP/1.1\r\n{host}\r\n"


def chunks():
    """Sizes and ends that another reader may take for others."""
    for body in ("5;\n\r\n12345\r\n0\r\n\r\n", "5 \r\n12345\r\n0\r\n\r\n", " 5\r\n12345\r\n0\r\n\r\n", "0x5\r\n12345\r\n0\r\n\r\n", "+5\r\n12345\r\n0\r\n\r\n",
                 "-5\r\n12345\r\n0\r\n\r\n", "5\n12345\r\n0\r\n\r\n", "5\r12345\r\n0\r\n\r\n", "5\r\n12345\n0\r\n\r\n", "5\r\n12345\r0\r\n\r\n", "5\r\n123456\r\n0\r\n\r\n",
                 "5\r\n1234\r\n0\r\n\r\n", "g\r\n12345\r\n0\r\n\r\n", "\r\n12345\r\n0\r\n\r\n", ";x\r\n12345\r\n0\r\n\r\n", "10000000000000000\r\n12345\r\n0\r\n\r\n",
                 "FFFFFFFFFFFFFFFFF\r\n12345\r\n0\r\n\r\n", "5;x\x00\r\n12345\r\n0\r\n\r\n", "5\x0b\r\n12345\r\n0\r\n\r\n", "5,5\r\n12345\r\n0\r\n\r\n",
                 "5\r\n12345\r\n0\r\nX: y\n\r\n", "5\r\n12345\r\n0\r\n\n", "5\r\n12345\r\n00x\r\n\r\n", "5_\r\n12345\r\n0\r\n\r\n"):
        yield post("Transfer-Encoding: chunked", body=body)


def answered(port, request):
    """What comes back until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), HANG, (STRANGER, 0)) as sock:
        sock.settimeout(HANG)
        got = b""
        try:
            sock.sendall(request.encode("utf-8", "surrogateescape") + HIDDEN.encode())
            while True:
                more = sock.recv(65536)
                if not more:
                    break
                got += more
        except ConnectionError:
            pass
        except TimeoutError:
            raise Failure(f"{request!r} is neither answered nor closed: {got!r}") from None
        return got


@scenario
def what_may_be_read_twice_is_refused():
    every = [*lengths(), *codings(), *ends_of_lines(), *first_lines()]
    assert len(every) >= 150 and len(set(every)) == len(every), (len(every), len(set(every)))
    wrong = []
    with Server() as server, ThreadPoolExecutor(8) as pool:
        for request, got in zip(every, pool.map(lambda request: answered(server.port, request), every)):
            # what does not begin as a request is no HTTP to a port that speaks several protocols: it is closed unanswered
            is_silent = not got and not request.startswith(("GET /", "POST /"))
            if not is_silent and (not got.startswith(b"HTTP/1.1 400 ") or len(re.findall(rb"HTTP/1\.1 \d\d\d ", got)) != 1 or b"Connection: close" not in got):
                wrong.append((request, got[:300]))
    if wrong:
        raise Failure(f"{len(wrong)} of {len(every)} are not refused: " + "\n".join(map(repr, wrong[:40])))


@scenario
def chunks_that_may_be_read_twice_hide_nothing():
    """Bodies in chunks are not taken at all: whatever they hold, one refusal, and the connection ends."""
    wrong = []
    with Server() as server:
        for request in [*chunks(), post("Transfer-Encoding: chunked", body="5\r\n12345\r\n0\r\n\r\n")]:
            got = answered(server.port, request)
            if not got.startswith(b"HTTP/1.1 4") or got.count(b"HTTP/1.1 ") != 1:
                wrong.append((request, got[:200]))
    if wrong:
        raise Failure(f"{len(wrong)} are not refused: " + "\n".join(map(repr, wrong[:20])))
