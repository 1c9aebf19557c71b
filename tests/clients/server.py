# SPDX-License-Identifier: MIT
"""A playhouse under test: started on a free port with its own state directory, watched, stopped and judged."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from capture import Capture
from waiting import HANG, Failure, wait_for  # noqa: F401: whoever has a server waits for it

_ports = itertools.count(10000 + os.getpid() % 10000)


def free_port():
    """A port that nobody has, below those that the kernel gives to connections, and given out once."""
    for port in _ports:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            return port


class Server:
    """One server process. Use as a context manager: leaving it asks for a clean end and checks that it came, and that
    all its traffic dissects cleanly (`observed`)."""

    binary = None  # set by run

    def __init__(self, *sets, args=(), port=None, state=None, open_publish=False, observed=True):
        self.port = port or free_port()
        self.state = state or tempfile.mkdtemp(prefix="playhouse-state-")
        self.own_state = state is None
        self.lines = []
        self.more = threading.Condition()
        self.stopped = self.killed = False
        self.observed = observed
        sets = [f"listen.media.address=127.0.0.1:{self.port}", "listen.local.address=127.0.0.1:0", *sets]
        if open_publish:
            sets.append("auth.publish=open")
        command = [self.binary, "serve", "--state", self.state, *args]
        for option in sets:
            command += ["--set", option]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="replace", stdin=subprocess.DEVNULL)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.more:
                self.lines.append(line.rstrip("\n"))
                self.more.notify_all()

    def __enter__(self):
        try:
            self.wait_line("ready")
        except Failure:
            self.process.kill()
            raise
        self.base_memory = self.memory()
        self.capture = Capture(self.port) if self.observed else None
        return self

    def __exit__(self, kind, value, trace):
        alive = self.stopped or self.killed or self.process.poll() is None
        if alive and not self.stopped and not self.killed:
            self.stop()
        try:
            status = self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "none: it had to be killed"
        if self.own_state:
            shutil.rmtree(self.state, ignore_errors=True)
        report = [line for line in self.lines if "runtime error:" in line or "Sanitizer" in line]
        is_well = kind is None and not report and alive and status == (-signal.SIGKILL if self.killed else 0)
        if self.capture:
            self.capture.stop(judge=is_well)
        if kind is None and report:
            said = self.lines[self.lines.index(report[0]):][:40]
            raise Failure("the server's sanitizer says:\n" + "\n".join(said))
        if kind is None and not is_well:
            raise Failure(f"the server ended {'too early ' if not alive else ''}with status {status}: {self.tail()}")

    @property
    def local_port(self):
        """Of the operator's door."""
        return int(self.wait_line(r"^listen   local: ").split(":")[2].split()[0])

    @property
    def token(self):
        """What operators show."""
        with open(self.wait_line("with the token of ").split("with the token of ")[1]) as f:
            return f.read().strip()

    def stop(self):
        """Ask for a clean end: clients are told, and get what there is for them."""
        self.process.send_signal(signal.SIGTERM)
        self.stopped = True

    def kill(self):
        """As a machine that loses its power."""
        self.process.kill()
        self.killed = True

    def tail(self):
        return " | ".join(self.lines[-4:])

    def wait_line(self, pattern, seconds=HANG, count=1):
        """Wait until `count` log lines match; return the last of them."""
        rule = re.compile(pattern)
        end = time.monotonic() + seconds
        with self.more:
            while True:
                found = [line for line in self.lines if rule.search(line)]
                if len(found) >= count:
                    return found[-1]
                if self.process.poll() is not None and not self.more.wait(0.2):
                    raise Failure(f"the server ended while {pattern!r} was awaited: {self.tail()}")
                if time.monotonic() > end:
                    raise Failure(f"no log line {pattern!r} within {seconds} s: {self.tail()}")
                self.more.wait(0.2)

    @property
    def key(self):
        """The publish key, from the banner as a person would take it."""
        return re.search(r"[?&]key=([A-Za-z0-9_-]+)", self.wait_line(r"[?&]key=")).group(1)

    def url(self, stream="cam", app="live", key=False):
        return f"rtmp://127.0.0.1:{self.port}/{app}/{stream}" + (f"?key={self.key}" if key else "")

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
