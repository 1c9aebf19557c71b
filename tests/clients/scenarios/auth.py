# SPDX-License-Identifier: MIT
"""Who may publish: closed by default, the key as a parameter or through login fields."""

from media import FFMPEG, packets, sample
from peers import Peer, Player, publish
from rtmp import Client
from scenario import scenario
from scenarios.live import live
from server import Server


def refused(server, name):
    """Publish `name` by hand; the refusal must be Denied, say what to do, and be followed by the end."""
    with Client(server.port) as client:
        client.connect()
        status = client.publish(name)
        assert status["code"] == "NetStream.Publish.Denied", status
        assert status["level"] == "error" and "?key=" in status["description"], status
        assert client.closed(), "the server kept a refused publisher"


@scenario
def publish_without_key_is_denied():
    with Server() as server:
        refused(server, "cam")


@scenario
def publish_with_wrong_key_is_denied():
    with Server() as server:
        for wrong in ("x", server.key[:-1], server.key + "a", "", server.key.swapcase()):
            if wrong != server.key:
                refused(server, f"cam?key={wrong}")


@scenario
def key_in_the_url_of_the_application():
    """`rtmp://host/live?key=K` with stream name `cam` works as well as `cam?key=K`."""
    with Server() as server, Client(server.port) as client:
        client.connect(app=f"live?key={server.key}")
        assert client.publish("cam")["code"] == "NetStream.Publish.Start"


@scenario
def open_publishing_needs_no_key():
    with Server(open_publish=True) as server, Client(server.port) as client:
        client.connect()
        assert client.publish("cam")["code"] == "NetStream.Publish.Start"


@scenario
def keys_stay_out_of_the_log():
    with Server("log.level=debug") as server:
        key = server.key
        n_before = len(server.lines)
        refused(server, "cam?key=canary-of-a-wrong-key")
        with Client(server.port) as client:
            client.connect(app=f"live?key={key}")
            client.publish(f"cam?key={key}")
        server.wait_line("closed", count=2)
        said = "\n".join(server.lines[n_before:])
        assert key not in said and "canary" not in said, "a key is in the log"


def login(command):
    """An encoder that knows user and password, and a URL that ends in ?login: asked, it answers."""
    path = sample("h264-aac")
    with live() as server:
        with Player(server.url()) as viewer:
            server.wait_line(r"playing live/cam")
            with Peer(command(path, server)) as source:
                server.wait_line(r"publishing live/cam")
                source.wait()
            played = [packet for packet in viewer.packets() if packet[0] == "video"]
    sent = [packet for packet in packets(path) if packet[0] == "video"]
    assert len(played) >= len(sent) - 2, f"{len(played)} of {len(sent)} video packets"


@scenario
def login_fields_of_ffmpeg():
    login(lambda path, server: [*FFMPEG, "-re", "-i", path, "-c", "copy", "-f", "flv",
                                f"rtmp://anyone:{server.key}@127.0.0.1:{server.port}/live?login/cam"])


@scenario
def login_fields_of_gstreamer():
    """rtmp2sink; rtmpsink's librtmp crashes on every challenge."""
    login(lambda path, server: ["gst-launch-1.0", "-q", "-e", "filesrc", f"location={path}", "!", "flvdemux", "name=d",
                                "d.video", "!", "queue", "!", "h264parse", "!", "flvmux", "streamable=true", "!", "rtmp2sink",
                                f"location=rtmp://anyone:{server.key}@127.0.0.1:{server.port}/live?login/cam"])


@scenario
def login_fields_with_wrong_password():
    path = sample("h264-aac")
    with Server() as server:
        with publish(path, f"rtmp://anyone:wrong@127.0.0.1:{server.port}/live?login/cam") as source:
            source.wait(status=range(1, 256))
        server.wait_line("wrong password")
        assert not any("publishing live/cam" in line for line in server.lines)
