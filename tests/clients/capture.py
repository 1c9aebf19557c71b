# SPDX-License-Identifier: MIT
"""What went over the wire, dissected by an implementation that is not ours."""

import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile

from waiting import HANG, Failure, wait_for

STRANGER = "127.0.0.2"  # who comes from here may say what is malformed: it is not captured


class Capture:
    """dumpcap on loopback while a server runs; stop() fails if tshark marks anything as malformed."""

    def __init__(self, port):
        self.port = port
        self.file = tempfile.mktemp(prefix="playhouse-", suffix=".pcapng")
        self.process = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-B", "64", "-w", self.file,
                                         "-f", f"tcp port {port} and not host {STRANGER}"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: os.path.exists(self.file) and os.path.getsize(self.file) > 0 or self.process.poll() is not None,
                 "dumpcap to begin")
        if self.process.poll() is not None:
            raise Failure(f"dumpcap cannot capture: {self.process.stderr.read()[-300:]}")

    def catch_up(self):
        """Wait until what went over the wire is in the file: a last packet, to a port that nobody has any more, follows it."""
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            mark = struct.pack(">HH", last.getsockname()[1], self.port)
            last.connect_ex(("127.0.0.1", self.port))

        def is_there():
            with open(self.file, "rb") as f:
                f.seek(max(0, os.path.getsize(self.file) - (1 << 20)))
                return mark in f.read()
        wait_for(is_there, "the capture to catch up")

    def stop(self, judge=True):
        if judge:
            self.catch_up()
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=HANG)[1]
        try:
            if judge and os.path.exists(self.file):
                self.judge(said)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.file)

    def rows(self, wanted, *fields):
        """Connection and fields of the packets that are wanted."""
        return subprocess.run(["tshark", "-r", self.file, "-d", f"tcp.port=={self.port},rtmpt",
                               "-o", "rtmpt.max_packet_size:16777215", "-Y", wanted, "-T", "fields", "-e", "tcp.stream",
                               *(word for field in fields for word in ("-e", field))],
                              capture_output=True, text=True, timeout=4 * HANG).stdout.splitlines()

    def judge(self, said):
        lost = re.search(r"received/dropped on interface [^:]*(?:: lo)?': (\d+)/(\d+)", said)
        if not lost:
            raise Failure(f"dumpcap does not say what it lost: {said[-300:]}")
        rows = self.rows("rtmpt || _ws.malformed", "_ws.malformed", "_ws.col.Info")
        with open(self.file, "rb") as f:
            if not rows and b"\2\0\7connect" in f.read():
                raise Failure("tshark sees no RTMP in the capture")
        bad = [row for row in rows if row.count("\t") > 1 and row.split("\t")[1]]  # what Info says may have line feeds in it
        if bad:  # the same port speaks HTTP as well, which tshark takes for RTMP here
            http = set(self.rows('tcp contains "HTTP/1."'))
            bad = [row for row in bad if row.split("\t")[0] not in http]
        if bad and lost[2] == "0":  # behind a gap anything looks malformed
            raise Failure(f"tshark marks {len(bad)} frames as malformed, the first: {bad[0]}")
