# SPDX-License-Identifier: MIT
"""Sample media made by ffmpeg once per run, and the comparison of what was played with what was published."""

import os
import subprocess
import tempfile
import threading

from server import HANG, Failure

FFMPEG = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error"]
VIDEO = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=30"]
AUDIO = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "2", "-pix_fmt", "yuv420p"]

folder = tempfile.mkdtemp(prefix="playhouse-media-")
_lock = threading.Lock()

# name: (inputs, codecs). Six seconds each, as FLV.
SAMPLES = {
    "h264-aac": (VIDEO + AUDIO, X264 + ["-c:a", "aac"]),
    "h264-mp3": (VIDEO + AUDIO, X264 + ["-c:a", "libmp3lame"]),
    "h264": (VIDEO, X264),
    "sorenson": (VIDEO, ["-c:v", "flv", "-g", "30"]),
    "aac": (AUDIO, ["-c:a", "aac"]),
    "nellymoser": (AUDIO, ["-c:a", "nellymoser", "-ar", "22050", "-ac", "1"]),
    "speex": (AUDIO, ["-c:a", "libspeex", "-ar", "16000", "-ac", "1"]),
    "hevc-aac": (VIDEO + AUDIO, ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=30",
                                 "-pix_fmt", "yuv420p", "-c:a", "aac"]),
    "av1-aac": (VIDEO + AUDIO, ["-c:v", "libsvtav1", "-preset", "12", "-g", "30", "-c:a", "aac"]),
    "vp9-aac": (VIDEO + AUDIO, ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "30",
                                "-c:a", "aac"]),
    # OBS's default on custom servers: a key frame every 250 frames; 6 Mbit/s of noise that does not compress.
    "noise": (["-f", "lavfi", "-i", "testsrc2=s=640x360:r=30,noise=alls=40:allf=t"] + AUDIO,
              ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M",
               "-bufsize", "6M", "-pix_fmt", "yuv420p", "-c:a", "aac"]),
    "mp3": (AUDIO, ["-c:a", "libmp3lame"]),
    "long-gop": (["-f", "lavfi", "-i", "testsrc2=s=640x360:r=30,noise=alls=40:allf=t"] + AUDIO,
                 ["-c:v", "libx264", "-preset", "ultrafast", "-g", "250", "-keyint_min", "250", "-sc_threshold", "0",
                  "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "6M", "-pix_fmt", "yuv420p",
                  "-c:a", "aac"]),
}


def sample(name, seconds=6, ffmpeg=FFMPEG):
    """The path of a sample, made at first use."""
    inputs, codecs = SAMPLES[name]
    path = os.path.join(folder, f"{name}-{seconds}.flv")
    with _lock:
        if not os.path.exists(path):
            done = subprocess.run([*ffmpeg, *inputs, "-t", str(seconds), *codecs, "-f", "flv", "-y", path],
                                  capture_output=True, text=True, timeout=10 * HANG)
            if done.returncode != 0:
                raise Failure(f"ffmpeg cannot make sample {name}: {done.stderr[-300:]}")
    return path


def packets(source, *options, ffmpeg=FFMPEG, seconds=HANG):
    """[(kind, dts_ms, pts_ms, hash)] of every packet ffmpeg reads from a file or URL."""
    done = subprocess.run([*ffmpeg, *options, "-copyts", "-i", source, "-map", "0:v?", "-map", "0:a?", "-c", "copy",
                           "-copyts", "-f", "framehash", "-hash", "md5", "-"],
                          capture_output=True, text=True, timeout=seconds)
    found = parse_framehash(done.stdout)
    if not found:
        raise Failure(f"ffmpeg read no packet from {source}: {done.stderr[-300:]}")
    return found


def parse_framehash(text):
    kinds, scales, found = {}, {}, []
    for line in text.splitlines():
        if line.startswith("#tb "):
            index, scale = line[4:].split(": ")
            scales[index] = [int(n) for n in scale.split("/")]
        elif line.startswith("#media_type "):
            index, kind = line[12:].split(": ")
            kinds[index] = kind
        elif line and not line.startswith("#"):
            index, dts, pts, _, _, digest = [field.strip() for field in line.split(",")[:6]]
            up, down = scales[index]
            found.append((kinds[index], round(int(dts) * up * 1000 / down), round(int(pts) * up * 1000 / down), digest))
    return found


def same(published, played, times="equal", to_end=True):
    """Fail unless `played` is `published` from some packet on, kind by kind, in order and without a gap.

    times  "equal", or "shifted": every packet by the same offset
    """
    offsets = set()
    for kind in sorted({packet[0] for packet in published}):
        sent = [packet for packet in published if packet[0] == kind]
        got = [packet for packet in played if packet[0] == kind]
        if not got:
            raise Failure(f"no {kind} was played; {len(sent)} packets were published")
        starts = [i for i, packet in enumerate(sent) if packet[3] == got[0][3]]
        for start in starts:
            if [packet[3] for packet in sent[start:start + len(got)]] == [packet[3] for packet in got]:
                break
        else:
            raise Failure(f"the {len(got)} played {kind} packets are no run of the {len(sent)} published ones")
        if to_end and start + len(got) != len(sent):
            raise Failure(f"the last {len(sent) - start - len(got)} {kind} packets were not played")
        offsets |= {b[1] - a[1] for a, b in zip(sent[start:], got)} | {b[2] - a[2] for a, b in zip(sent[start:], got)}
    if (times == "equal" and offsets != {0}) or len(offsets) > 1:
        raise Failure(f"played times differ from published ones by {sorted(offsets)[:6]} ms")
    return offsets.pop()
