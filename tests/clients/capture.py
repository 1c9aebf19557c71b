# SPDX-License-Identifier: MIT
"""What went over the wire, dissected by an implementation that is not ours."""

import os
import signal
import subprocess
import tempfile

from server import HANG, Failure, wait_for


class Capture:
    """dumpcap on loopback while a scenario runs; leaving it fails if tshark marks anything as malformed."""

    def __init__(self, port):
        self.port = port
        self.file = tempfile.mktemp(prefix="playhouse-", suffix=".pcapng")
        self.process = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-B", "32", "-f", f"tcp port {port}", "-w", self.file],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        wait_for(lambda: os.path.exists(self.file) and os.path.getsize(self.file) > 0 or self.process.poll() is not None,
                 "dumpcap to begin")
        if self.process.poll() is not None:
            raise Failure(f"dumpcap cannot capture: {self.process.stderr.read()[-300:]}")
        return self

    def __exit__(self, kind, value, trace):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(HANG)
        try:
            if kind is None:
                self.judge()
        finally:
            os.unlink(self.file)

    def judge(self):
        rows = subprocess.run(["tshark", "-r", self.file, "-d", f"tcp.port=={self.port},rtmpt",
                               "-o", "rtmpt.max_packet_size:16777215", "-Y", "rtmpt || _ws.malformed",
                               "-T", "fields", "-e", "frame.number", "-e", "_ws.malformed", "-e", "_ws.col.Info"],
                              capture_output=True, text=True, timeout=4 * HANG).stdout.splitlines()
        if not rows:
            raise Failure("tshark sees no RTMP in the capture")
        bad = [row for row in rows if row.split("\t")[1]]
        if bad:
            raise Failure(f"tshark marks {len(bad)} frames as malformed, the first: {bad[0]}")
