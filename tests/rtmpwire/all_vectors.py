#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether every vector of docs/wire.md 12 is used by a test, and how many there are.

all_vectors.py VECTORS SOURCE...    VECTORS is tests/vectors.tsv

A vector is used when a string of a test begins with it: basic headers are followed by the rest of a chunk, tags by their
bodies in a string of its own. The tables of the tests say in which direction each is used, and fail by themselves.
"""
import re
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
# Of protocols and formats that are not built yet, and so used by no test.
LATER = ["RTMPE key", "RTMPE keystream", "ADTS, PES and Annex B"]


def literals(path):
    """The string literals of a C file, adjacent ones joined, and its numbers."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    joined = re.sub(r'"\s*"', "", text)
    return set(re.findall(r'"([^"\n]*)"', joined)) | set(re.findall(r"\b\d+\b", joined))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    used = set().union(*(literals(path) for path in sys.argv[2:]))
    wholes = "\n".join(used)
    basic = {"40ff", "812d01", "c1ffff"}  # of types that come first in no chunk stream
    missing = [f"{kind}: {value} {meaning}" for kind, value, meaning in rows
               if value not in used and not any(text.startswith(value) for text in used)
               and not (value in basic and value in wholes)]
    missing += [name for name, value in ELSEWHERE.items() if value not in used]
    for line in missing:
        print("used by no test:", line)
    print(f"{len(rows)} vectors of {sys.argv[1].rsplit('/', 1)[-1]} and {len(ELSEWHERE)} more of docs/wire.md 12: "
          f"{len(rows) + len(ELSEWHERE) - len(missing)} are tested, later: {', '.join(LATER)}")
    return 1 if missing or len(rows) < 128 else 0


sys.exit(main())
