# SPDX-License-Identifier: MIT
"""Plugins in a running server."""

import os

from rtmp import Client, amf0_all
from scenario import scenario
from scenarios.apps import guests
from server import Server


def plugin(n):
    build = os.path.dirname(os.path.dirname(os.path.dirname(Server.binary)))
    return os.path.join(build, "tests", "app", f"libplugin{n}.so")


@scenario
def a_plugin_greets():
    with Server("app.mine.type=plugin", f"app.mine.path={plugin(0)}", "app.mine.options.greeting=salut") as server:
        with guests(server, "mine/room") as (client,):
            assert client.call("anything") == "salut"


@scenario
def a_failing_plugin_does_not_stop_the_others():
    with Server("app.mine.type=plugin", f"app.mine.path={plugin(1)}", "app.other.type=plugin", "app.third.type=plugin",
                f"app.third.path={plugin(0)}", "app.third.options.colour=red") as server:
        server.wait_line("mine: this application did not load.*build it with this server's headers")
        server.wait_line("other: this application did not load: set path")
        server.wait_line("third: this application did not load.*no such option")
        for name in ("mine", "other", "third"):
            with Client(server.port) as client:
                assert client.connect(name)[3]["code"] == "NetConnection.Connect.InvalidApp"
        with guests(server, "echo") as (client,):
            assert client.call("echo", 1) == 1


@scenario
def the_plugin_of_the_manual():
    build = os.path.dirname(os.path.dirname(os.path.dirname(Server.binary)))
    with Server("app.door.type=plugin", f"app.door.path={build}/examples/greeter.so", "app.door.options.greeting=Salut!") as server:
        with guests(server, "door/hall", "door/hall") as (one, two):
            assert one.hear("greet") == ["Salut!"] and two.hear("greet") == ["Salut!"]
            assert one.call("hello") == 2


@scenario
def a_plugin_of_the_first_interface():
    """Built on headers that no longer change: everything it uses works."""
    with Server("app.old.type=plugin", f"app.old.path={plugin('first')}") as server, guests(server, "old/blue") as (client,):
        asked = client.ask("tour")
        while True:
            values = amf0_all(client.message()[2])
            if values[0] == "ping":
                break
        client.command("_result", values[1], None, "pong")
        seen = client.answer(asked)[1].split()
        assert sorted(seen) == sorted("member room value broadcast put got timer job shared reply".split()), seen
