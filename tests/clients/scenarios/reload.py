# SPDX-License-Identifier: MIT
"""SIGHUP: options and keys are read again, sessions stay."""

import os
import signal
import tempfile

from rtmp import Client, chunked
from scenario import scenario
from scenarios.streams import KEY, VIDEO
from server import Server, wait_for

OLD, NEW = "first-key-of-cam", "second-key-of-cam"


def verdict(server, name):
    with Client(server.port) as client:
        client.connect()
        return client.publish(name)["code"]


def hang_up(server, answer):
    count = 1 + sum("SIGHUP:" in line for line in server.lines)
    server.process.send_signal(signal.SIGHUP)
    line = server.wait_line("SIGHUP:", count=count)
    assert answer in line, line


@scenario
def reload_keys_and_level():
    """A publisher and its viewer go on; new keys open, old ones do not; a mistake changes nothing; what waits is named."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "site.conf")

        def write(text):
            with open(file, "w", encoding="ascii") as f:
                f.write(text)
        write(f"auth {{ publish_keys {{ cam = \"{OLD}\" }} }}\napp live {{ }}\n")
        with Server(args=("-c", file)) as server, Client(server.port) as publisher, Client(server.port) as viewer:
            publisher.connect()
            assert publisher.publish(f"cam?key={OLD}")["code"] == "NetStream.Publish.Start"
            viewer.connect()
            viewer.play("cam")
            viewer.until("onStatus")

            write(f"log {{ level = debug }}\nauth {{ publish_keys {{ door = \"{NEW}\" }} }}\napp live {{ latency = 100 }}\n")
            hang_up(server, "read again; these changes wait for a restart: app.live")
            assert verdict(server, f"door?key={NEW}") == "NetStream.Publish.Start"
            assert verdict(server, f"cam2?key={NEW}") == "NetStream.Publish.Denied"
            assert verdict(server, f"cam?key={OLD}") == "NetStream.Publish.Denied", "the old key still opens"

            with open(os.path.join(server.state, "publish.key"), "w", encoding="ascii") as f:
                f.write("another-server-key\n")
            write("nonsense {\n")
            hang_up(server, "nothing was changed")
            assert verdict(server, "any?key=another-server-key") == "NetStream.Publish.Denied"
            write("auth { publish = open }\napp live { }\n")
            hang_up(server, "were read again")
            assert verdict(server, "free") == "NetStream.Publish.Start"
            write("app live { }\n")
            hang_up(server, "were read again")
            assert verdict(server, "any?key=another-server-key") == "NetStream.Publish.Start"
            assert verdict(server, "free") == "NetStream.Publish.Denied"

            def arrives():
                publisher.send(chunked(6, VIDEO, 1, 0, KEY))
                while True:
                    kind, _, body = viewer.message()
                    if kind == VIDEO:
                        return body == KEY
            wait_for(arrives, "the first publisher's frames")
