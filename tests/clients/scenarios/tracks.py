# SPDX-License-Identifier: MIT
"""Several tracks of a kind from FFmpeg 8: Enhanced RTMP's multitrack messages, said by the one encoder that has them."""

import os
import re
import subprocess
import threading

from media import FFMPEG, X264, folder, packets, same
from peers import HERE, Peer, Player
from scenario import scenario
from scenarios.flv import get
from scenarios.hls import playlist
from scenarios.live import live
from scenarios.streams import AUDIO, VIDEO, Viewer
from server import HANG, Failure

SCRIPT = os.path.join(HERE, "publish_all_tracks.mjs")


def made(name, *arguments):
    path = os.path.join(folder, name)
    subprocess.run([*FFMPEG, *arguments, "-y", path], check=True)
    return path


def several_tracks(name, seconds):
    """Two pictures, 320 and 160 wide, and two sounds; a key frame every 2 s."""
    inputs = ["testsrc2=s=320x180:r=30", "testsrc=s=160x90:r=30", "sine", "sine=880"]
    return made(name, *(word for source in inputs for word in ("-f", "lavfi", "-i", source)), "-t", str(seconds),
                *(word for i in range(4) for word in ("-map", str(i))), *X264, "-bf", "0", "-g", "60", "-c:a", "aac")


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
def tracks_are_renditions():
    """Over HLS each picture is a variant, each further sound an alternative; ffmpeg finds them all, and they change in step."""
    with live() as server, Peer(["node", SCRIPT, several_tracks("renditions.mkv", 14), server.url(key=True)]) as source:
        server.wait_line(r"publishing live/cam: .*320x180.*160x90 \(track 1\).*\(track 1\)")
        for form, folder_ in (("", ""), ("?format=ts", "ts/")):
            master = playlist(server, path="/live/cam.m3u8" + form)
            assert re.search(rf"RESOLUTION=320x180,AUDIO=\"audio\"\ncam.hls/{folder_}live.m3u8", master), master
            assert re.search(rf"RESOLUTION=160x90,AUDIO=\"audio\"\ncam.hls/{folder_}v1/live.m3u8", master), master
            assert re.search(rf'TYPE=AUDIO.*NAME="1",DEFAULT=YES.*URI="cam.hls/{folder_}a0/live.m3u8"', master), master
            assert re.search(rf'TYPE=AUDIO.*NAME="2",DEFAULT=NO.*URI="cam.hls/{folder_}a1/live.m3u8"', master), master
            rates = [int(rate) for rate in re.findall(r"[:,]BANDWIDTH=(\d+)", master)]
            assert rates[0] > rates[1] > 10000, rates
            probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width", "-of", "csv=p=0",
                                    f"http://127.0.0.1:{server.port}/live/cam.m3u8{form}"], capture_output=True, timeout=HANG, check=True, text=True)
            found = sorted(set(probe.stdout.split()))
            assert found == ["aac", "h264,160", "h264,320"], found
        first, small, sound = (playlist(server, path=f"/live/cam.hls/{name}live.m3u8") for name in ("", "v1/", "a1/"))

        def starts(text):
            """{segment number: time of day}"""
            return {int(number): date for date, number in re.findall(r"PROGRAM-DATE-TIME:(\S+)\n(?:#.*\n)*s(\d+)\.m4s", text)}
        one, other = starts(first), starts(small)
        both = set(one) & set(other)
        assert len(both) >= 2 and all(one[number] == other[number] for number in both), (one, other)
        assert set(starts(sound)) & set(one)
        assert 'RENDITION-REPORT:URI="v1/live.m3u8"' in first and 'RENDITION-REPORT:URI="../live.m3u8"' in small
        number = max(other)
        status, _, body = get(server.port, f"/live/cam.hls/v1/s{number}.m4s")
        assert status == 200 and b"moof" in body[:64], body[:64]
        source.wait()


@scenario
def tracks_of_ffmpeg8():
    """Who knows multitrack gets every frame of every track; others get track 0, as if there were no other."""
    every = several_tracks("tracks.mkv", 5)
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
