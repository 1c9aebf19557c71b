# SPDX-License-Identifier: MIT
"""What the server does for applications, through scripts and clients of each kind."""

from rtmp import Client
from scenario import scenario
from scenarios.lua import expect, scripted
from waiting import Failure, wait_for
from websocket import Member

RESERVE = """
local game = {options = {capacity = 2, password = "secret"}, calls = {}}
function game.calls.invite(member, room, seats) local ticket, why = playhouse.reserve(room, seats) return ticket or why end
return game
"""


def free_seat(host):
    ticket = host.call("invite", "blue")
    return ticket if ticket != "state" else None


@scenario
def lua_reserved_seats():
    """A full room with a password lets in who has a ticket: over RTMP, at connect, at $join."""
    with scripted(RESERVE) as (server, _), Client(server.port) as host, Client(server.port) as stranger:
        host.connect("game/blue")
        expect([host.call("invite", *words) for words in [("none", 1), ("blue", 2)]], ["not found", "state"])
        ticket = host.call("invite", "blue")
        expect(host.call("invite", "blue"), "state")
        expect(stranger.connect("game/blue")[0], "_error")
        with Client(server.port) as guest:
            expect(guest.connect(f"game/blue?ticket={ticket}")[0], "_result")
        ticket = wait_for(lambda: free_seat(host), "the guest has left")
        with Member(server.port, "game/blue?hold") as guest:
            expect(guest.call("$connect", {"ticket": ticket})["room"], "blue")
            expect(guest.call("$leave"), {"room": ""})
            guest.fails("$join", "blue", {"ticket": ticket})  # it has been used
            expect(guest.call("$join", "blue", {"ticket": host.call("invite", "blue")}), {"room": "blue"})


MATCH = """
local game = {calls = {}}
function game.create_room(room) room:configure{capacity = 2} end
function game.calls.find(member, mode) -- the answer arrives in the new room
  local room, why = member:join_or_create({mode = mode}, mode .. "-")
  return room and {room.name, room.options.metadata.mode} or why
end
return game
"""


@scenario
def lua_join_or_create():
    """Pairs of players find each other, whatever they speak."""
    with scripted(MATCH) as (server, _), Client(server.port) as ann, Member(server.port, "game") as bob, \
            Client(server.port) as cat:
        ann.connect("game")
        bob.welcome()
        cat.connect("game")
        name, mode = ann.call("find", "duel")
        expect((name[:5], mode), ("duel-", "duel"))
        expect(bob.call("find", "duel"), [name, "duel"])
        other = cat.call("find", "duel")
        if other[0] == name:
            raise Failure("three in a room for two")
