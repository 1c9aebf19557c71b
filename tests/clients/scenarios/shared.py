# SPDX-License-Identifier: MIT
"""Shared objects: between RTMP clients, and between them and JSON clients."""

import contextlib
import random
import select
import shutil
import tempfile
import time

from scenario import scenario
from scenarios.apps import guests
from server import HANG, Failure, Server
from shared import CHANGE, CLEAR, REMOVE, SUCCESS, USED, Shared
from websocket import Member

FAST = ("app.relay.call_rate=100000", "app.relay.call_burst=100000")


@scenario
def shared_object_between_two():
    with Server() as server, guests(server, "relay/a", "relay/a") as (one, two):
        ann, bob = Shared(one, "board"), Shared(two, "board")
        assert ann.use() == [USED, CLEAR]
        ann.set(x=1, y={"deep": [1, "two"]})
        assert ann.next() == [SUCCESS, SUCCESS] and ann.version == 1
        assert bob.use() == [USED, CLEAR, CHANGE, CHANGE] and bob.version == 1
        assert bob.data == {"x": 1, "y": {"deep": [1, "two"]}}
        bob.set(x=2)
        assert bob.next() == [SUCCESS] and ann.next() == [CHANGE] and ann.data["x"] == 2
        bob.set(x=2)  # nothing changes, and nobody else hears of it
        assert bob.next() == [SUCCESS] and bob.version == 2
        ann.remove("y")
        assert ann.next() == [REMOVE] and bob.next() == [REMOVE] and "y" not in bob.data
        bob.set(x=None)
        assert bob.next() == [REMOVE] and ann.next() == [REMOVE] and ann.data == {}
        bob.say("draw", 1, "two")
        for it in (ann, bob):
            it.next()
            assert it.heard == [["draw", 1, "two"]]
        ann.set(a=1, b=2)
        ann.next(), bob.next()
        bob.clear()
        assert ann.next() == [CLEAR] and ann.data == {} and bob.next() == [CLEAR]


@scenario
def shared_object_ends_with_its_last_user():
    with Server() as server, guests(server, "relay/a", "relay/a", "relay/b") as (one, two, three):
        ann, bob, eve = Shared(one, "board"), Shared(two, "board"), Shared(three, "board")
        ann.use()
        ann.set(x=1)
        ann.next()
        eve.use()
        assert eve.data == {}  # another room, another object
        bob.use()
        ann.release()
        bob.set(x=2)
        bob.next()
        two.socket.close()
        one.hear("memberLeft")
        ann.version = 0  # what was released is forgotten
        ann.use()
        assert ann.data == {} and ann.version == 0


@scenario
def shared_object_refusals():
    with Server() as server, guests(server, "relay/a") as (one,):
        ann, other = Shared(one, "board"), Shared(one, "board", persistent=True)
        ann.set(x=1)
        ann.next()
        assert ann.statuses == ["SharedObject.NoObjectFound"]
        ann.use()
        other.send((1, b""))
        other.next()
        assert other.statuses == ["SharedObject.BadPersistence"]
        many = {f"s{i}": i for i in range(800)}
        ann.set(**many)
        ann.next()
        ann.set(**{f"t{i}": i for i in range(800)})  # beyond 1,024 slots: the copy is put right
        ann.next()
        assert ann.statuses[-1] == "SharedObject.ObjectCreationFailed" and ann.data == many


@scenario
def shared_object_seen_from_json():
    with Server(*FAST) as server, guests(server, "relay/a") as (one,), Member(server.port, "relay/a") as member:
        member.welcome()
        flash = Shared(one, "board")
        flash.use()
        flash.set(x=1)
        flash.next()
        use = member.ask("$use", "board")
        assert member.answer(use)["result"] == {"version": 1}
        assert member.hear("$shared") == {"object": "board", "version": 1, "changes": [
            {"clear": True}, {"set": "x", "value": 1, "version": 1}]}
        flash.set(x=2)
        assert member.hear("$shared") == {"object": "board", "version": 2, "changes": [{"set": "x", "value": 2, "version": 2}]}
        flash.next()
        assert member.call("$change", "board", [{"set": "x", "value": 3, "if": 2}, {"set": "y", "value": [True]}]) == {"version": 3}
        assert flash.next() == [CHANGE, CHANGE] and flash.data == {"x": 3, "y": [True]}
        error = member.fails("$change", "board", [{"set": "x", "value": 4, "if": 2}, {"set": "z", "value": 1}])
        assert error["data"]["code"] == "SharedObject.VersionConflict"
        assert member.call("$change", "board", [{"remove": "y"}, {"send": "draw", "args": [1]}]) == {"version": 4}
        flash.next()
        assert flash.data == {"x": 3} and flash.heard == [["draw", 1]]
        assert member.fails("$change", "board", [{}])["code"] == -32602
        assert member.fails("$change", "nosuch", [{"clear": True}])["data"]["code"] == "SharedObject.NoObjectFound"
        assert member.call("$change", "board", [{"clear": True}]) == {"version": 5}
        flash.next()
        assert flash.data == {}


@scenario
def shared_objects_converge():
    """Clients of both kinds change one object at random and at once; in the end all hold the same."""
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    with Server(*FAST) as server, guests(server, *["relay/a"] * 4) as clients, Member(server.port, "relay/a") as member:
        member.welcome()
        copies = [Shared(client, "board") for client in clients]
        for copy in copies:
            copy.use()
        member.call("$use", "board")
        mine = {}

        def follow(message):
            for change in message["changes"]:
                if "clear" in change:
                    mine.clear()
                elif "set" in change:
                    mine[change["set"]] = change["value"]
                elif "remove" in change:
                    mine.pop(change["remove"], None)

        for turn in range(300):
            copy, name = dice.choice(copies), dice.choice("abcdefgh")
            action = dice.random()
            if action < 0.6:
                copy.set(**{name: dice.randrange(100), dice.choice("abcdefgh"): f"turn {turn}"})
            elif action < 0.7:
                copy.remove(name)
            elif action < 0.72:
                copy.clear()
            elif action < 0.9:
                member.call("$change", "board", [{"set": name, "value": turn}])
                mine_change = {"changes": [{"set": name, "value": turn}]}
                while any(m.get("method") == "$shared" for m in member.heard):
                    follow(member.hear("$shared"))
                follow(mine_change)
            elif copy.client.buffer or select.select([copy.client.socket], [], [], 0)[0]:
                copy.next()
        for i, copy in enumerate(copies):  # a message that all hear marks the end
            copy.say("end", i)
        for copy in copies:
            while len([h for h in copy.heard if h[0] == "end"]) < len(copies):
                copy.next()
        fresh = Shared(clients[0], "board")
        fresh.use()
        for copy in copies:
            if copy.data != fresh.data:
                raise Failure(f"seed {seed}: {copy.data} is not {fresh.data}")


@scenario
def persistent_object_outlives_room_and_server():
    state = tempfile.mkdtemp(prefix="playhouse-state-")
    try:
        values = {"n": 1.5, "text": "grüße", "deep": {"a": [None, True, {"b": []}]}, "gone": 1}
        with Server(state=state) as server:
            with guests(server, "relay/a") as (one,):
                ann = Shared(one, "scores", persistent=True)
                ann.use()
                ann.set(**values)
                ann.next()
                ann.remove("gone")
                ann.next()
            with guests(server, "relay/a") as (two,):  # the room has ended meanwhile, or is about to
                bob = Shared(two, "scores", persistent=True)
                bob.use()
                del values["gone"]
                assert bob.data == values and bob.version == 2
        with Server(state=state) as server, guests(server, "relay/a", "relay/b") as (one, other):
            ann, eve = Shared(one, "scores", persistent=True), Shared(other, "scores", persistent=True)
            ann.use()
            eve.use()
            assert ann.data == values and ann.version == 2 and eve.data == {}
            ann.clear()
            ann.next()
            ann.set(after=1)
            ann.next()
        with Server(state=state) as server, guests(server, "relay/a") as (one,):
            ann = Shared(one, "scores", persistent=True)
            ann.use()
            assert ann.data == {"after": 1} and ann.version == 4
    finally:
        shutil.rmtree(state)


@scenario
def kill_loses_at_most_a_second():
    """What was confirmed a second ago is there after kill -9, and the file is whole, time after time."""
    state = tempfile.mkdtemp(prefix="playhouse-state-")
    n, safe = 0, 0
    try:
        for _ in range(4):
            with contextlib.suppress(Failure), Server(state=state) as server, guests(server, "relay/a") as (one,):
                ann = Shared(one, "log", persistent=True)
                ann.use()
                kept = max([0, *(int(name[1:]) for name in ann.data)])
                if kept < safe or len(ann.data) != kept:
                    raise AssertionError(f"{safe} slots were safe, {len(ann.data)} are there, up to {kept}")
                n, end = kept, time.monotonic() + 2.5
                while time.monotonic() < end:
                    n += 1
                    ann.set(**{f"s{n}": n})
                    ann.next()
                    if time.monotonic() < end - 1.1:
                        safe = n
                    time.sleep(0.02)
                server.process.kill()
        if safe < 200:
            raise Failure(f"only {safe} changes in all")
    finally:
        shutil.rmtree(state)


@scenario
def changes_have_the_rate_of_calls():
    """What the application allows, not less: so many at the rate of strangers would take minutes."""
    with Server("app.relay.call_rate=1000000", "app.relay.call_burst=1000000") as server, guests(server, "relay/table") as (ann,):
        board, begin = Shared(ann, "board"), time.monotonic()
        board.use()
        for i in range(150):
            for k in range(100):
                board.set(x=100 * i + k)
            for _ in range(100):
                board.until(SUCCESS)
            if time.monotonic() - begin > HANG:
                raise Failure("changes have to wait")
