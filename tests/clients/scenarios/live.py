# SPDX-License-Identifier: MIT
"""Publish with ffmpeg, play with ffmpeg: what is played is what was published, packet by packet."""

import contextlib

from media import FFMPEG, packets, same, sample
from peers import FFMPEG7, Player, publish, require
from scenario import scenario
from server import Server

SHORT_LINGER = "app.live.linger=1s"
PATIENT = "app.live.lag=60s"  # a viewer that the machine lets wait is no slow viewer


def live(*sets, **options):
    return Server(SHORT_LINGER, PATIENT, *sets, **options)


def there_and_back(name, publisher=FFMPEG, player=FFMPEG, maker=FFMPEG, times="equal"):
    """Publish a sample, join when it is live, play to its end, compare."""
    require(publisher[0], player[0], maker[0])
    path = sample(name, ffmpeg=maker)
    with live() as server:
        with publish(path, server.url(key=True), ffmpeg=publisher) as source:
            server.wait_line(r"publishing live/cam")
            with Player(server.url(), ffmpeg=player) as viewer:
                server.wait_line(r"playing live/cam")
                source.wait()
                played = viewer.packets()
        server.wait_line("closed live: the peer left", count=2)  # both said so before they broke the connection off
    same(packets(path, ffmpeg=player), played, times)


@scenario
def ffmpeg_h264_aac():
    there_and_back("h264-aac")


@scenario
def ffmpeg_h264_mp3():
    there_and_back("h264-mp3")


@scenario
def ffmpeg_sorenson_video_only():
    there_and_back("sorenson")


@scenario
def ffmpeg_h264_video_only():
    there_and_back("h264")


@scenario
def ffmpeg_aac_audio_only():
    there_and_back("aac")


@scenario
def ffmpeg_nellymoser():
    there_and_back("nellymoser")


@scenario
def ffmpeg_speex():
    there_and_back("speex")


@scenario
def ffmpeg7_hevc():
    there_and_back("hevc-aac", FFMPEG7, FFMPEG7, FFMPEG7)


@scenario
def ffmpeg7_av1():
    there_and_back("av1-aac", FFMPEG7, FFMPEG7, FFMPEG7)


@scenario
def ffmpeg7_vp9():
    there_and_back("vp9-aac", FFMPEG7, FFMPEG7, FFMPEG7)


@scenario
def play_before_publish():
    """A player that comes first waits, and gets the stream from its first packet."""
    path = sample("h264-aac")
    with live() as server:
        with Player(server.url()) as viewer:
            server.wait_line(r"playing live/cam")
            with publish(path, server.url(key=True)) as source:
                source.wait()
                played = viewer.packets()
    assert len(played) == len(packets(path)), f"{len(played)} of {len(packets(path))} packets"
    same(packets(path), played)


@scenario
def two_names_one_stream():
    """`live/room` + `x` and `live` + `room/x` meet."""
    path = sample("h264-aac")
    with live() as server:
        with publish(path, f"rtmp://127.0.0.1:{server.port}/live/room/x?key={server.key}",
                     output=["-rtmp_app", "live", "-rtmp_playpath", f"room/x?key={server.key}"]) as source:
            server.wait_line(r"publishing live/room/x")
            with Player(f"rtmp://127.0.0.1:{server.port}/live/room/x", "-rtmp_app", "live/room", "-rtmp_playpath", "x") as viewer:
                server.wait_line(r"playing live/room/x")
                source.wait()
                same(packets(path), viewer.packets())


@scenario
def twenty_viewers():
    """Twenty viewers that come and go at different moments each get a whole run of packets."""
    path = sample("h264-aac", seconds=8)
    with live() as server:
        with publish(path, server.url(key=True)) as source, contextlib.ExitStack() as stack:
            server.wait_line(r"publishing live/cam")
            # As an input option -t counts from where the viewer joined; as an output option from the stream's time 0.
            viewers = [stack.enter_context(Player(server.url(), "-t", str(1 + i % 4))) for i in range(20)]
            for viewer in viewers:
                viewer.begun()
            source.wait()
            played = [viewer.packets() for viewer in viewers]
    for one in played:
        same(packets(path), one, to_end=False)
