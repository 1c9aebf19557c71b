#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether every vector of docs/wire.md 12 is read by a test, and how many the writers make again.

all_vectors.py VECTORS DATA TEST... -- SOURCE...    VECTORS is tests/vectors.tsv, the others are the tests and their sources

The tests are run; they say "vector read HEX" and "vector written HEX" when that has succeeded. Such a text may go on behind
the vector: basic headers are followed by the rest of a chunk, tags by their bodies. What is not written again has another
form that means the same (a shorter integer, a reference spelt out, one header type for all chunks): the tests say which.
"""
import re
import subprocess
import sys

# What stands in docs/wire.md 12 only, by its value. (The key of S2 and the inner base64 of authmod are steps on the way
# to the signature and to the response, which are here.)
ELSEWHERE = {
    "digest position, digest first": "290",
    "C1 digest, digest first": "0b441119ef46c4660e578ac88d3bf4c2d8901ff9a39c94bb92cb345f63928860",
    "digest position, key first": "942",
    "C1 digest, key first": "8e211aefe949d44221d8905aa6154973bcab5ecb43dc582f65b1de1c2f94e4d5",
    "signature of S2 over zeros": "6e5179ff9131cf299b8f54a10f2676d0f2d2d1d80215a4a7972f6a5e983f4adb",
    "key of C2": "376827175ef25628833dd8addbfee83bdb839bcead110f2acea55ca0818c84d5",
    "response of authmod": "7tGAwBKFVKlQPJklqG6JrQ==",
} | {f"U29 {edge}": "04" + edge for edge in ("00", "7f", "8100", "ff7f", "818000", "ffff7f", "80c08000", "bfffffff",
                                            "ffffffff")}
WRITTEN = 108  # so many at least: a writer that has begun to make other bytes is found
# Of protocols and formats that are not built yet, and so used by no test.
LATER = ["RTMPE key", "RTMPE keystream", "ADTS, PES and Annex B"]


def literals(path):
    """The string literals of a C file, adjacent ones joined, and its numbers."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    joined = re.sub(r'"\s*"', "", text)
    return set(re.findall(r'"([^"\n]*)"', joined)) | set(re.findall(r"\b\d+\b", joined))


def said_by(tests, arguments):
    """{"read": the texts, "written": the texts} of all tests."""
    said = {"read": set(), "written": set()}
    for test in tests:
        done = subprocess.run([test, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{test} failed")
        for how, text in re.findall(r"^vector (read|written) ([0-9a-f]+)$", done.stdout + done.stderr, flags=re.M):
            said[how].add(text)
    return said


def main():
    vectors, data, *rest = sys.argv[1:]
    tests, sources = rest[:rest.index("--")], rest[rest.index("--") + 1:]
    with open(vectors, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    said = said_by(tests, [vectors, data])
    basic = {"40ff", "812d01", "c1ffff"}  # of types that come first in no chunk stream

    def is_said(how, value):
        return any(text.startswith(value) or (value in basic and value in text) for text in said[how])
    missing = [f"{kind}: {value} {meaning}" for kind, value, meaning in rows if not is_said("read", value)]
    used = set().union(*(literals(path) for path in sources))
    missing += [name for name, value in ELSEWHERE.items() if value not in used]
    for line in missing:
        print("used by no test:", line)
    n_read, n_written = (sum(is_said(how, value) for _, value, _ in rows) for how in ("read", "written"))
    print(f"{len(rows)} vectors: {n_read} read, {n_written} written back; {len(ELSEWHERE)} more of docs/wire.md 12 are tested, "
          f"later: {', '.join(LATER)}")
    return 1 if missing or len(rows) < 128 or n_written < WRITTEN else 0


sys.exit(main())
