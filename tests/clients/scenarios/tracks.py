# SPDX-License-Identifier: MIT
"""Several tracks of a kind from FFmpeg 8: Enhanced RTMP's multitrack messages, said by the one encoder that has them."""

import os
import subprocess
import threading

from media import FFMPEG, X264, folder, packets, same
from peers import HERE, Peer, Player
from scenario import scenario
from scenarios.live import live
from scenarios.streams import AUDIO, VIDEO, Viewer
from server import Failure

SCRIPT = os.path.join(HERE, "publish_all_tracks.mjs")


def made(name, *arguments):
    path = os.path.join(folder, name)
    subprocess.run([*FFMPEG, *arguments, "-y", path], check=True)
    return path


def both_tracks(viewer, heard):
    """Collect what a viewer that knows multitrack hears until the stream is over: {(kind, track): frames}."""
    while True:
        kind, _, body = viewer.message()
        if kind == 20 and b"NetStream.Play.UnpublishNotify" in body:
            return
        if kind == VIDEO and body[0] & 0x8F == 0x86 and body[1] >> 4 == 0:  # one track
            key = (kind, body[6]) if body[1] & 15 in (1, 3) else None
        elif kind == AUDIO and body[0] == 0x95 and body[1] >> 4 == 0:
            key = (kind, body[6]) if body[1] & 15 == 1 else None
        elif kind in (VIDEO, AUDIO):
            key = (kind, 0) if body[1] == 1 else None
        else:
            key = None
        if key:
            heard[key] = heard.get(key, 0) + 1


@scenario
def tracks_of_ffmpeg8():
    """Who knows multitrack gets every frame of every track; others get track 0, as if there were no other."""
    inputs = ["testsrc2=s=320x180:r=30", "testsrc=s=160x90:r=30", "sine", "sine=880"]
    every = made("tracks.mkv", *(word for source in inputs for word in ("-f", "lavfi", "-i", source)), "-t", "5",
                 *(word for i in range(4) for word in ("-map", str(i))), *X264, "-bf", "0", "-c:a", "aac")
    first = made("track0.mkv", "-i", every, "-map", "0:v:0", "-map", "0:a:0", "-c", "copy")
    with live() as server, Viewer(server, capsEx=2) as knows, Player(server.url()) as plain:
        heard = {}
        listener = threading.Thread(target=both_tracks, args=(knows, heard), daemon=True)
        listener.start()
        server.wait_line(r"playing live/cam", count=2)
        with Peer(["node", SCRIPT, every, server.url(key=True)]) as source:
            server.wait_line(r"publishing live/cam: .*320x180.*160x90 \(track 1\).*\(track 1\)")
            source.wait()
        played = plain.packets()
        listener.join()
    same(packets(first), played, times="shifted")
    n = {kind: sum(packet[0] == kind for packet in packets(first)) for kind in ("video", "audio")}
    wanted = {(VIDEO, 0): n["video"], (VIDEO, 1): n["video"], (AUDIO, 0): n["audio"], (AUDIO, 1): n["audio"]}
    if heard != wanted:
        raise Failure(f"{heard} frames of (kind, track) came instead of {wanted}")
