# SPDX-License-Identifier: MIT
"""The applications that come with the server, spoken to by RTMP clients."""

import contextlib

from rtmp import Client, amf0, chunked
from scenario import scenario
from server import Failure, Server


@contextlib.contextmanager
def guests(server, *paths):
    """A connected client for each path."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in paths]
        for client, path in zip(clients, paths):
            answer = client.connect(path)
            if answer[0] != "_result":
                raise Failure(f"connect to {path} was refused: {answer}")
        yield clients


@scenario
def echo_returns_every_value():
    values = [None, True, False, 0, -1.5, 1e300, "", "grüße", "x" * 60000,
              {}, {"a": 1, "b": {"c": [1, "two", None]}}, [], [[], [1]]]
    with Server() as server, guests(server, "echo") as (client,):
        for value in values:
            got = client.call("echo", value)
            if got != value:
                raise Failure(f"echo of {value!r} returned {got!r}")
        assert client.call("any.name.will.do", 1, "two") == [1, "two"]
        assert client.call("nothing") == []


@scenario
def a_thousand_calls_come_back_in_order():
    with Server("app.echo.call_rate=1000000", "app.echo.call_burst=1000000") as server, guests(server, "echo") as (client,):
        calls = [client.ask("echo", i) for i in range(1000)]
        for i, call in enumerate(calls):
            assert client.answer(call) == ("_result", i)


@scenario
def too_many_calls_wait():
    """Beyond the rate a client is slowed down, not refused."""
    with Server("app.echo.call_rate=200", "app.echo.call_burst=50") as server, guests(server, "echo") as (client,):
        calls = [client.ask("echo", i) for i in range(300)]
        for i, call in enumerate(calls):
            assert client.answer(call) == ("_result", i)


@scenario
def names_that_may_not_be():
    with Server() as server, guests(server, "echo") as (client,):
        for name in ("x" * 129, "a\nb", ""):
            assert client.fails(name)["code"] == "NetConnection.Call.BadValue"
        assert client.fails("$nosuch")["code"] == "NetConnection.Call.Failed"
        assert client.call("echo", "still there") == "still there"


@scenario
def no_reply_to_transaction_zero():
    with Server() as server, guests(server, "echo") as (client,):
        client.command("echo", 0, None, "quiet")
        client.command("echo", 7, None, "loud")
        assert client.until("_result")[3] == "loud"


@scenario
def chat_in_rooms():
    """FMSPy's chat: who is in a room hears it, others do not."""
    with Server() as server, guests(server, "chat/blue", "chat/blue", "chat/red") as (ann, bob, eve):
        assert "first" in ann.fails("say", "hello")["description"]
        for client, name in ((ann, "Ann"), (bob, "Bob"), (eve, "Eve")):
            client.call("identify", name)
        assert ann.hear("joined") == ["Bob"]
        ann.call("say", "hello")
        assert ann.hear("message") == ["Ann", "hello"]
        assert bob.hear("message") == ["Ann", "hello"]
        eve.call("say", "anybody?")
        assert eve.hear("message") == ["Eve", "anybody?"]
        assert ann.fails("say", "")["code"] == "NetConnection.Call.Failed"
        assert ann.fails("identify", "Anna")["description"] == "You have a name already."
        bob.socket.close()
        assert ann.hear("left") == ["Bob"]
        assert not eve.heard


@scenario
def relay_without_code():
    with Server() as server, Client(server.port) as first, Client(server.port) as second:
        ids = [client.connect("relay/table")[3]["data"]["id"] for client in (first, second)]
        assert first.hear("memberJoined") == [ids[1]]
        assert first.call("members") == ids
        first.call("relay", ids[1], "wave", 1, "two")
        assert second.hear("wave") == [ids[0], 1, "two"]
        second.call("broadcast", "shout", {"loud": True})
        assert first.hear("shout") == [ids[1], {"loud": True}]
        assert "no such member" in first.fails("relay", "123", "wave")["description"]
        second.socket.close()
        assert first.hear("memberLeft") == [ids[1]]


@scenario
def lobby_makes_and_lists_rooms():
    with Server() as server, guests(server, "lobby", "lobby", "lobby") as (host, guest, third):
        assert guest.call("$rooms") == []
        host.call("create", "chess", {"capacity": 2, "metadata": {"level": "easy"}})
        guest.hear("roomsChanged")
        assert guest.call("$rooms") == [{"name": "chess", "members": 1, "capacity": 2, "locked": False,
                                         "password": False, "metadata": {"level": "easy"}}]
        assert "There is a room" in third.fails("create", "chess")["description"]
        guest.call("join", "chess")
        assert third.fails("join", "chess")["description"] == "The room does not take you."
        assert third.fails("$join", "chess")["description"] == "This room is full."
        assert third.call("$rooms")[0]["members"] == 2
        assert guest.call("$leave") == {"room": ""}
        assert third.call("$join", "chess") == {"room": "chess"}
        assert len(third.call("$members")) == 2
        host.socket.close()
        third.call("$leave")
        guest.hear("roomsChanged")
        assert guest.call("$rooms") == []


@scenario
def password_of_a_room():
    with Server() as server, guests(server, "lobby", "lobby") as (host, guest):
        host.call("create", "secret", {"password": "sesame"})
        assert guest.fails("$join", "secret")["description"] == "This room needs a password."
        assert guest.fails("$join", "secret", {"password": "abc"})["description"] == "This room needs a password."
        assert guest.call("$join", "secret", {"password": "sesame"}) == {"room": "secret"}


@scenario
def app_that_is_not_there():
    with Server() as server, Client(server.port) as client:
        answer = client.connect("nosuch/room")
        assert answer[0] == "_error" and answer[3]["code"] == "NetConnection.Connect.InvalidApp"


@scenario
def many_members_hear_a_broadcast():
    with Server() as server, guests(server, *["chat/hall"] * 60) as clients:
        clients[0].call("identify", "Ann")
        for n in range(20):
            clients[0].call("say", f"line {n}")
        for client in clients:
            for n in range(20):
                assert client.hear("message") == ["Ann", f"line {n}"]


@scenario
def slow_reader_in_a_room_costs_only_itself():
    """Who does not read is closed when 1 MiB waits for it; the others hear everything."""
    with Server("app.chat.call_rate=100000", "app.chat.call_burst=100000") as server:
        with guests(server, "chat/x", "chat/x", "chat/x") as (ann, bob, slow):
            ann.call("identify", "Ann")
            text = "y" * 1000
            for n in range(10000):
                ann.call("say", text)
                ann.heard.clear()
                assert bob.hear("message") == ["Ann", text]
                if n > 2000 and n % 100 == 0 and any("does not read" in line for line in server.lines):
                    break
            server.wait_line("does not read")
            ann.call("say", "still here")
            assert bob.hear("message") == ["Ann", "still here"]
