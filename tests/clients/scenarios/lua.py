# SPDX-License-Identifier: MIT
"""Scripts in a running server, spoken to by RTMP clients."""

import contextlib
import json
import os
import re
import struct
import tempfile

from rtmp import COMMAND, Client, amf0, amf0_all, chunked
from scenario import scenario
from scenarios.apps import guests
from server import Failure, Server
from shared import CHANGE, SUCCESS, USE, Shared
from waiting import wait_for
from websocket import Member


@contextlib.contextmanager
def scripted(source, *sets, open_publish=False, observed=True, **files):
    """A server whose application `game` is this script; the server, and how to change a file of it."""
    with tempfile.TemporaryDirectory(prefix="playhouse-script-") as folder:
        def write(text, name="game"):
            with open(os.path.join(folder, name + ".new"), "w") as file:
                file.write(text)
            os.rename(os.path.join(folder, name + ".new"), os.path.join(folder, name + ".lua"))
        for name, text in files.items():
            write(text, name)
        write(source)
        with Server("app.game.type=lua", f"app.game.script={folder}/game.lua", "app.echo.type=echo",
                    "app.game.call_rate=100000", "app.game.call_burst=100000", *sets,
                    open_publish=open_publish, observed=observed) as server:
            yield server, write


def expect(got, wanted):
    if got != wanted:
        raise Failure(f"got {got!r} instead of {wanted!r}")


HOOKS = """
local heard = {}
local function note(...) local t = table.pack(...) for i = 1, t.n do t[i] = tostring(t[i]) end heard[#heard + 1] = table.concat(t, " ") end
local game = {calls = {}}
function game.connect(member, room, name) note("connect", room, name, member.protocol) return {user = name, data = {hello = name}} end
function game.disconnect(member, reason) note("disconnect", member.user, reason) end
function game.create_room(room, member) note("create", room.name, room.extra, member.user) end
function game.destroy_room(room, reason) note("destroy", room.name, reason) end
function game.enter_room(room, member) note("enter", room.name, member.user, room.count) end
function game.joined(room, member) note("joined", room.name, member.user, room.count) end
function game.leave_room(room, member, reason) note("leave", room.name, member.user, reason, member.room == room) end
function game.calls.heard() local h = heard heard = {} return h end
return game
"""


@scenario
def lua_hooks_in_order():
    with scripted(HOOKS) as (server, _), Client(server.port) as spy:
        expect(spy.connect("game", "Spy")[0], "_result")
        expect(spy.call("heard"), ["connect  Spy rtmp", "enter  Spy 0", "joined  Spy 1"])
        with Client(server.port) as ann:
            answer = ann.connect("game/blue/x/y", "Ann")
            expect(answer[3]["data"]["hello"], "Ann")
            expect(spy.call("heard"), ["connect blue Ann rtmp", "create blue x/y Ann", "enter blue Ann 0", "joined blue Ann 1"])
        lines = []

        def gone():
            lines.extend(spy.call("heard"))
            return len(lines) == 3
        wait_for(gone, "leave, destroy and disconnect")
        expect([line.rsplit(" ", 1)[0] if "disconnect" in line or "leave" in line else line for line in lines],
               ["leave blue Ann lost", "destroy blue empty", "disconnect Ann"])


@scenario
def lua_refusals_are_told_as_they_are():
    script = """
    local game, ph = {calls = {}}, playhouse
    function game.connect(member, room, how)
      if how == "false" then return false, "No.", "NetConnection.Connect.Rejected", {left = 3} end
      if how == "refuse" then ph.refuse{description = "Full.", code = "My.Code", application = {seats = 0}} end
      if how == "redirect" then ph.refuse{description = "There.", redirect = "rtmp://other/game"} end
      if how == "error" then error("not for clients") end
      if how == "type" then return 7 end
      if how == "later" then ph.sleep(1) return false, "Later." end
    end
    function game.create_room(room) if room.name == "forbidden" then return false, "Not this room." end end
    game.calls.refuse = function(member, ...) ph.refuse(...) end
    game.calls.fail = function() local t = nil; return t.x end
    game.calls.deep = {er = function() error({code = 1}) end}
    game.calls.unsendable = function() return function() end end
    return game
    """
    with scripted(script) as (server, _):
        for how, wanted in (("false", "No."), ("refuse", "Full."), ("redirect", "There."), ("error", "The application made a mistake."),
                            ("type", "The application made a mistake."), ("later", "Later.")):
            with Client(server.port) as client:
                answer = client.connect("game", how)
                expect((answer[0], answer[3]["description"]), ("_error", wanted))
                if how == "refuse":
                    expect((answer[3]["code"], answer[3]["application"]), ("My.Code", {"seats": 0}))
                if how == "redirect":
                    expect(answer[3]["ex"]["redirect"], "rtmp://other/game")
        with Client(server.port) as client:
            expect(client.connect("game/forbidden", "")[3]["description"], "Not this room.")
        with guests(server, "game") as (client,):
            expect(client.fails("refuse", "Not now.")["description"], "Not now.")
            for method in ("fail", "deep.er", "unsendable"):
                expect(client.fails(method)["description"], "The application made a mistake.")
            expect(client.fails("nosuch")["code"], "NetConnection.Call.Failed")
            expect(client.fails("deep")["description"], "This application has no such method.")
        server.wait_line(r"game: connect: game.lua:7: not for clients \(by game.lua:7\)")
        server.wait_line(r"game: call fail: game.lua:13: attempt to index a nil value")
        server.wait_line(r"game: call unsendable: a function cannot be part of a value")


VALUES = """
local game, ph = {calls = {}}, playhouse
game.calls.echo = function(member, ...) return ... end
game.calls.kind = function(member, v)
  if v == ph.null then return "null" end
  return math.type(v) or type(v)
end
game.calls.json = function(member, text) return ph.json.encode(ph.json.decode(text)) end
game.calls.made = function()
  return {bytes = ph.bytes("\\0\\1"), date = ph.date(1500), none = {}, array = ph.array{}, holes = {1, nil, 3, n = "x"},
          far = {[1] = "a", [1000] = "b"}, null = ph.null, gone = ph.undefined, int = 5, float = 5.5, big = 2^40, text = "grüße"}
end
game.calls.checks = function()
  local b, d = ph.bytes("abc"), ph.date(5)
  assert(#b == 3 and tostring(b) == "abc" and b == ph.bytes("abc") and b ~= ph.bytes("abd"))
  assert(d.ms == 5 and d < ph.date(6) and d == ph.date(5) and ph.date(4) <= d)
  assert(tostring(ph.null) == "null" and tostring(ph.undefined) == "undefined")
  assert(ph.json.encode(ph.array{}) == "[]" and ph.json.encode{} == "{}")
  assert(ph.json.encode{1, 2} == "[1,2]" and ph.json.encode(ph.null) == "null")
  local v, fault = ph.json.decode("{") assert(v == nil and fault)
  assert(ph.json.decode("[1,null,3]")[2] == ph.null and #ph.json.decode("[1,null,3]") == 3)
  local loop = {} loop.loop = loop assert(not pcall(ph.json.encode, loop))
  assert(not pcall(ph.json.encode, {[{}] = 1}) and not pcall(ph.json.encode, print))
  assert(not pcall(setmetatable, ph.json.decode("[]"), {}) and getmetatable(b) == false)
  return true
end
return game
"""


@scenario
def lua_values_go_in_and_come_back():
    values = [True, False, 0, 7, -1.5, 1e300, 2 ** 40, "", "grüße", {}, {"a": 1, "b": {"c": [1, "two", None]}}, [], [[], [1]],
              [1, None, 3]]
    with scripted(VALUES) as (server, _), guests(server, "game") as (client,):
        for value in values:
            expect(client.call("echo", value), value)
        expect(client.call("echo", None), None)
        for value, kind in ((1, "integer"), (1.0, "integer"), (1.5, "float"), ("x", "string"), ([], "table"), (None, "nil")):
            expect(client.call("kind", value), kind)
        expect(json.loads(client.call("json", '{"a":[1,2.5,null,"x"],"b":{}}')), {"a": [1, 2.5, None, "x"], "b": {}})
        expect(client.call("checks"), True)


@scenario
def lua_waits():
    """Tasks that sleep, call clients and spawn others; the answer comes later, in the order of the ends."""
    script = """
    local game, ph, done = {calls = {}}, playhouse, {}
    game.calls.slow = {concurrent = true, run = function(member, ms, text) ph.sleep(ms) return text end}
    game.calls.ask = function(member, method, ...) return {n = select("#", ...), member.room:call(member, method, ...)} end
    game.calls.within = function(member) local v, why = member:call_within(30, "silent") return why end
    game.calls.nested = function(member)
      local co = coroutine.wrap(function() for i = 1, 3 do ph.sleep(1) coroutine.yield(i) end end)
      local ok, sum = pcall(function() return co() + co() + co() end)
      return sum
    end
    game.calls.spawn = function(member)
      ph.spawn(function(text) ph.sleep(5) member:send("spawned", text) end, "later")
      return "now"
    end
    game.calls.timers = function(member)
      local n, timer = 0
      timer = member.room:every(2, function() n = n + 1 member:send("beat", n) if n == 3 then timer:stop() end end)
      ph.after(0, function() member:send("once", timer ~= nil) end)
    end
    game.calls.sorted = function() local ok, why = pcall(table.sort, {2, 1}, function() ph.sleep(1) end) return why end
    game.calls.yield = function() coroutine.yield() end
    return game
    """
    with scripted(script) as (server, _), guests(server, "game/r", "game/r") as (client, other):
        late, soon = client.ask("slow", 60, "late"), client.ask("slow", 1, "soon")
        expect(client.answer(soon), ("_result", "soon"))
        expect(client.answer(late), ("_result", "late"))
        asked = client.ask("ask", "question", 1, "two")
        while True:
            kind, _, body = client.message()
            if kind == 20:
                values = amf0_all(body)
                if values[0] == "question":
                    break
        expect(values[3:], [1, "two"])
        client.command("_result", values[1], None, "answer")
        expect(client.answer(asked), ("_result", {"0": "answer", "n": 2}))
        expect(client.call("within"), "timeout")
        expect(client.call("nested"), 6)
        expect(client.call("spawn"), "now")
        expect(client.hear("spawned"), ["later"])
        client.call("timers")
        expect(client.hear("once"), [True])
        for n in (1, 2, 3):
            expect(client.hear("beat"), [n])
        if "waits" not in client.call("sorted"):
            raise Failure("a comparator could wait")
        client.fails("yield")
        expect(client.call("nested"), 6)


@scenario
def lua_rooms_and_members():
    script = """
    local game, ph = {calls = {}, options = {capacity = 2, metadata = {mode = "duel"}}}, playhouse
    local c = game.calls
    function game.connect(member, room, name) return {user = name} end
    function c.say(member, text) member.room:broadcast("said", member.user, text) end
    function c.others(member, text) member.room:broadcast_except(member, "said", text) end
    function c.some(member, text) local t = {} for m in ph.members() do if m ~= member then t[#t + 1] = m end end
      return ph.send(t, "said", text) end
    function c.who(member) local t = ph.array{} for m in member.room:members() do t[#t + 1] = m.user end return t end
    function c.options(member) return member.room.options end
    function c.configure(member, options) return member.room:configure(options) end
    function c.score(member, by) member.data.score = (member.data.score or 0) + by return member.data.score end
    function c.attribute(member, value) member:set("colour", value) return member:get("colour") end
    function c.info(member) return {member.protocol, member.path, member.arguments, member.properties.flashVer, member.is_dropped,
      member.is_gone, math.type(member.connected_ms), tostring(member):match("^member ") } end
    function c.move(member, room) local ok, why = member:move(room) return {ok, member.room.name} end
    function c.kick(member, name) for m in ph.members() do if m.user == name then return m:kick("Out.") end end end
    function c.rooms(member) local t = ph.array{} for r in ph.rooms() do t[#t + 1] = r.name end table.sort(t) return t end
    function c.find(member, name) return ph.room(name) ~= nil end
    function c.wrong(member) return member.nonsense end
    function c.set(member) member.score = 1 end
    return game
    """
    with scripted(script) as (server, _), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(3)]
        for client, name, path in zip(clients, ("Ann", "Bob", "Eve"), ("game/blue", "game/blue", "game/red")):
            expect(client.connect(path, name)[0], "_result")
        ann, bob, eve = clients
        ann.call("say", "hi")
        expect([ann.hear("said"), bob.hear("said")], [["Ann", "hi"]] * 2)
        ann.call("others", "psst")
        expect(bob.hear("said"), ["psst"])
        expect(eve.call("some", "all"), True)
        expect([ann.hear("said"), bob.hear("said")], [["all"]] * 2)
        expect(ann.call("who"), ["Ann", "Bob"])
        expect(ann.call("options")["metadata"], {"mode": "duel"})
        with Client(server.port) as late:
            expect(late.connect("game/blue", "Late")[0], "_error")
        expect(ann.call("configure", {"capacity": 3, "dispose_ms": 10}), True)
        expect(ann.call("options")["capacity"], 3)
        expect(ann.fails("configure", {"kapacity": 3})["description"], "The application made a mistake.")
        expect([ann.call("score", 2), ann.call("score", 3), bob.call("score", 1)], [2, 5, 1])
        expect(ann.call("attribute", {"r": 255}), {"r": 255})
        expect(ann.call("info"), ["rtmp", "game/blue", ["Ann"], "test", False, False, "integer", "member "])
        expect(eve.call("move", "green"), [True, "green"])
        expect(ann.call("rooms"), [name for name in ann.call("rooms") if name in ("", "blue", "green")])
        expect([ann.call("find", "green"), ann.call("find", "red")], [True, False])
        expect(ann.call("kick", "Bob"), True)
        assert bob.closed()
        for method in ("wrong", "set"):
            ann.fails(method)
        server.wait_line("a member has no 'nonsense'")
        server.wait_line("'score' cannot be set here")


@scenario
def lua_ticks():
    script = """
    local game = {options = {tick_hz = 50}}
    function game.enter_room(room, member) room.data.n = 0 end
    function game.tick(room, seconds)
      room.data.n = room.data.n + 1
      if room.data.n <= 3 then room:broadcast("tick", room.data.n, seconds > 0 and seconds < 30) end
    end
    return game
    """
    with scripted(script) as (server, _), guests(server, "game/r") as (client,):
        for n in (1, 2, 3):
            expect(client.hear("tick"), [n, True])


@scenario
def lua_runaways_end_and_rooms_that_repeat_it_are_closed():
    script = """
    local game = {calls = {}}
    game.calls.loop = function() while true do pcall(function() while true do end end) end end
    game.calls.big = function() return ("x"):rep(1 << 30) end
    game.calls.fill = function() local t = {} while true do t[#t + 1] = {} end end
    game.calls.storm = function(member)
      local n = 0
      while member.room:every(1000000, function() end) do n = n + 1 end
      return n
    end
    game.calls.where = function(member) return member.room.name end
    return game
    """
    with scripted(script) as (server, _), guests(server, "game/bad", "game/good", "echo") as (bad, good, echo):
        for method in ("loop", "big", "loop"):
            expect(bad.fails(method)["description"], "The application made a mistake.")
            expect(good.call("where"), "good")
            expect(echo.call("echo", 1), 1)
        expect(good.call("storm"), 100)
        expect(bad.call("where"), "bad")
        bad.fails("loop")
        expect(bad.call("where"), "")
        server.wait_line("game: call loop: game.lua:3: used more than its 10000 us of processor time")
        expect(good.call("where"), "good")
        good.fails("fill")


UNREADABLE = (
    ("return {", "unexpected symbol near <eof>"), ("return 7", "returns a number"), ("error('no')", "bad2.lua:1: no"),
    ("return {tick = 5}", "'tick' is a number"), ("return {tock = print}", "'tock' is no hook"),
    ("return {calls = {x = 1}}", "calls.x is a number"), ("while true do end", "processor time"),
    ("return {load = function() error('not today') end}", "not today"),
    ("return {load = function() return false, 'No licence.' end}", "did not load: No licence."),
    ("\x1bLua", "binary chunk"), ("require('nosuch')", "nosuch.lua cannot be read"),
    ("require('../game')", "is not the name of a file"))


@scenario
def lua_scripts_that_cannot_be_read():
    """Each is reported, and stops nobody else."""
    files = {f"bad{i}": source for i, (source, _) in enumerate(UNREADABLE)}
    with tempfile.TemporaryDirectory(prefix="playhouse-script-") as folder:
        sets = ["app.echo.type=echo"]
        for name, source in files.items():
            with open(os.path.join(folder, name + ".lua"), "w") as file:
                file.write(source)
            sets += [f"app.{name}.type=lua", f"app.{name}.script={folder}/{name}.lua"]
        with Server(*sets) as server:
            for i, (_, line) in enumerate(UNREADABLE):
                server.wait_line(f"bad{i}: .*{line}")
            for name in files:
                with Client(server.port) as client:
                    expect(client.connect(name)[0], "_error")
            with guests(server, "echo") as (client,):
                expect(client.call("echo", 1), 1)


@scenario
def lua_modules():
    with scripted("""
        local cards, again = require("cards"), require("cards")
        return {calls = {draw = function() return {cards.draw(), cards == again, (pcall(require, "other"))} end}}
        """, cards='local n = 0 return {draw = function() n = n + 1 return "card " .. n end}') as (server, _):
        with guests(server, "game") as (client,):
            expect(client.call("draw"), ["card 1", True, False])


@scenario
def lua_options_and_the_log():
    script = """
    local ph = playhouse
    function load() end
    return {
      load = function() print("loaded", 1, true, {} ~= nil) ph.log.warning("watch out") ph.log.debug("quiet") end,
      calls = {option = function(member, name) return ph.option(name) end,
               app = function() return {ph.app, ph.time_ms() > 1e12, ph.now_ms() >= 0, collectgarbage() > 0} end}}
    """
    with scripted(script, "app.game.options.rounds=3") as (server, _), guests(server, "game") as (client,):
        server.wait_line("game: loaded 1 true true")
        server.wait_line("game: watch out")
        expect([client.call("option", name) for name in ("rounds", "nosuch", "memory")], ["3", None, "32"])
        expect(client.call("app"), ["game", True, True, True])


DEV = """
local game, ph = {calls = {}}, playhouse
local visits
function game.load(saved) visits = saved and saved.visits or 0 end
function game.save() return {visits = visits} end
function game.create_room(room, member, saved) room.data.n = saved and saved.n or 100 end
function game.save_room(room) return {n = room.data.n} end
function game.enter_room(room, member) if member.room then member:send("welcome", "VERSION") end end
function game.joined(room, member) member:send("joined", "VERSION") end
function game.calls.visit(member) visits = visits + 1 room = member.room room.data.n = room.data.n + 1 return {visits, room.data.n} end
function game.calls.version() return "VERSION" end
return game
"""


@scenario
def lua_dev_reloads_and_keeps_what_there_is():
    with scripted(DEV.replace("VERSION", "one"), "app.game.dev=on") as (server, write), guests(server, "game/r") as (client,):
        expect(client.hear("joined"), ["one"])
        expect(client.call("visit"), [1, 101])
        write(DEV.replace("VERSION", "two").replace("return game", "game.calls.new = game.save\nreturn game"))
        expect(client.hear("welcome"), ["two"])
        server.wait_line("game: read again: .*new calls.new")
        server.wait_line("game: read again: .*changed calls.version")
        server.wait_line("game: read again: (?!.*calls.visit)")
        expect([client.call("version"), client.call("visit")], ["two", [2, 102]])

        write("return {")  # the members stay, calls are refused, and nothing is lost
        server.wait_line("read again when it changes")
        wait_for(lambda: client.answer(client.ask("version"))[0] == "_error", "calls to fail")
        with Client(server.port) as late:
            expect(late.connect("game")[0], "_error")
        write(DEV.replace("VERSION", "three"))
        expect(client.hear("welcome"), ["three"])
        expect([client.call("version"), client.call("visit")], ["three", [3, 103]])


@scenario
def lua_publish_and_play_are_asked():
    script = """
    local game, heard = {calls = {}}, {}
    function game.publish(room, member, name, query)
      heard[#heard + 1] = "publish " .. name
      if name:find("secret") then return false, "Not this one." end
    end
    function game.play(room, member, name) if name:find("hidden") then playhouse.refuse("Hidden.") end end
    function game.unpublish(room, member, name) heard[#heard + 1] = "unpublish " .. name end
    function game.calls.heard() return heard end
    return game
    """
    with scripted(script, open_publish=True) as (server, _), guests(server, "game/r", "game/r") as (client, other):
        status = client.publish("secret")
        expect((status["level"], status["description"]), ("error", "Not this one."))
        other.play("hidden")
        expect(other.until("onStatus")[3]["description"], "Hidden.")


@scenario
def lua_first_game_of_the_manual():
    manual = os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "lua.md")
    with open(manual) as file:
        script = file.read().split("```lua\n")[1].split("```")[0]
    with scripted(script) as (server, _), Client(server.port) as ann, Client(server.port) as bob:
        expect(ann.connect("game/room7", 7)[3]["description"], "Say who you are.")
        with Client(server.port) as ann:
            for client, name in ((ann, "Ann"), (bob, "Bob")):
                expect(client.connect("game/room7", name)[0], "_result")
            if "0 guesses" not in bob.hear("round")[0]:
                raise Failure("Bob was not greeted")
            expect(ann.hear("joined"), ["Bob"])
            expect(bob.fails("guess", "x")["description"], "A whole number, please.")
            low, high, guesses, answer = 1, 100, 0, None
            while answer != "yes":
                number, guesses = (low + high) // 2, guesses + 1
                answer = ann.call("guess", number)
                low, high = (number + 1, high) if answer == "more" else (low, number - 1)
            expect(bob.hear("won"), ["Ann", number, guesses])


@scenario
def lua_shared_objects():
    script = """
    local game, ph, heard = {calls = {}}, playhouse, {}
    function game.create_room(room)
      room.data.board = assert(room:shared("board", {changed = function(object, member, changes)
        for _, c in ipairs(changes) do heard[#heard + 1] = table.concat({member and member.protocol or "script", c.kind, c.name or "",
          c.value == nil and "" or ph.json.encode(c.value)}, " ") end
      end}))
      room.data.board:set("x", 1)
    end
    function game.shared(room, member, name, changes)
      if changes[1].kind == "use" and name ~= "board" then return false, "Only the board." end
      for _, c in ipairs(changes) do if c.name == "secret" then return false end end
    end
    local c = game.calls
    function c.heard() local h = heard heard = {} return ph.array(h) end
    function c.get(member, name) local v, version = member.room.data.board:get(name) return {v, version} end
    function c.all(member) return member.room.data.board:all() end
    function c.set(member, name, value, version) local ok, why = member.room.data.board:set(name, value, version) return ok or why end
    function c.update(member, values) return member.room.data.board:update(values) end
    function c.lock(member) local b = member.room.data.board b:lock() b:set("p", 1) b:set("q", 2) b:unlock() return b.count end
    function c.send(member, ...) return member.room.data.board:send("said", ...) end
    function c.clear(member) local b = member.room.data.board b:clear() return b.count end
    function c.shut(member) local b = member.room.data.board b:close() return {select(2, b:set("x", 1)), b.count} end
    return game
    """
    with scripted(script) as (server, _), guests(server, "game/r", "game/r") as (ann, bob):
        board = Shared(bob, "board")
        board.use()
        expect(board.data, {"x": 1})
        board.set(y={"deep": [1]})
        expect(board.next(), [SUCCESS])
        expect(ann.call("get", "y"), [{"deep": [1]}, 2])
        expect(ann.call("heard"), ['script set x 1', 'rtmp set y {"deep":[1]}'])
        expect(ann.call("set", "x", 5), True)
        expect(board.next(), [CHANGE])
        expect(board.data["x"], 5)
        expect(ann.call("set", "x", 6, 1), "conflict")
        expect(ann.call("get", "x"), [5, 3])
        expect(ann.call("update", {"a": 1, "b": 2, "y": None}), True)
        board.next()
        expect(board.data, {"x": 5, "a": 1, "b": 2})
        expect(ann.call("all"), {"x": 5, "a": 1, "b": 2})
        expect(ann.call("lock"), 5)
        while board.data.get("q") != 2:
            board.next()
        expect(board.data["p"], 1)
        expect(ann.call("send", "hi", 1), True)
        board.next()
        expect(board.heard, [["said", "hi", 1]])
        board.set(secret=1)
        board.next()
        expect("secret" in ann.call("all"), False)
        expect(ann.call("clear"), 0)
        expect(ann.call("shut"), ["gone", 0])


def follow(client, name):
    """A shared object whose copy follows whatever else is read from this client."""
    shared, read = Shared(client, name), client.message

    def message():
        kind, stream, body = read()
        if kind == 19:
            shared.take(body)
        return kind, stream, body
    shared.send((USE, b""))
    client.message = message
    return shared


@scenario
def lua_example_game():
    """Draw and guess: two rounds of three players, who all see the same."""
    folder = os.path.join(os.path.dirname(__file__), "..", "..", "..", "examples", "game")
    with Server("app.game.type=lua", f"app.game.script={os.path.abspath(folder)}/game.lua") as server, \
            contextlib.ExitStack() as stack:
        players, states = {}, {}
        for name in ("Ann", "Bob", "Eve"):
            players[name] = stack.enter_context(Client(server.port))
            expect(players[name].connect("game/den", name)[0], "_result")
            states[name] = follow(players[name], "state")
        with Client(server.port) as other:
            expect(other.connect("game/den", "Ann")[3]["description"], "Somebody here has this name.")
        for drawer, guesser in (("Ann", "Bob"), ("Bob", "Eve")):
            word = players[drawer].hear("word")[0]
            for name, state in states.items():
                wait_for(lambda: players[name].call("strokes") == [] and state.data.get("phase") == "drawing"
                         and state.data.get("drawer") == drawer, f"{name} to see {drawer} draw")
            stroke = [0, 0, 10, 20]
            players[drawer].call("draw", stroke)
            expect(players[guesser].hear("stroke"), [stroke])
            expect(players[guesser].call("strokes"), [stroke])
            expect(players[guesser].fails("draw", stroke)["description"], "It is not your turn to draw.")
            expect(players[drawer].fails("guess", word)["description"], "You know the word.")
            expect(players[guesser].call("guess", "perhaps a cow"), False)
            for player in players.values():
                expect(player.hear("said"), [guesser, "perhaps a cow"])
            expect(players[guesser].call("guess", " " + word.upper()), True)
            for player in players.values():
                expect(player.hear("won"), [word, guesser])
        for name, state in states.items():
            wait_for(lambda: players[name].call("strokes") is not None
                     and state.data["scores"] == {"Ann": 1, "Bob": 3, "Eve": 2}, f"{name} to see the scores")


MISUSES = r"""
local game, ph = {calls = {}}, playhouse
local misuses = {
  function(m) m.send(nil, "x") end, function(m) m.send(m.room, "x") end, function(m) m.room.broadcast(m, "x") end,
  function(m) m:send() end, function(m) m:send({}) end, function(m) m:send("") end, function(m) m:send(("x"):rep(1000)) end,
  function(m) m:send("x", print) end, function(m) m:send("x", m) end, function(m) m:send("x", coroutine.create(print)) end,
  function(m) m:send("x", ("x"):rep(1000000), ("y"):rep(1000000), ("z"):rep(1000000)) end,
  function(m) local t = {} for i = 1, 100 do t = {t} end m:send("x", t) end,
  function(m) local t = {} t[1] = t m:send("x", t) end,
  function(m) local t = {} for i = 1, 30 do t = {t, t} end m:send("x", t) end,
  function(m) m:send("x", {[{}] = 1}) end, function(m) m:send("x", {[1.5] = 1, [true] = 2}) end, function(m) m:send("x", {["a\0b"] = 1}) end,
  function(m) m:send("x", table.unpack({}, 1, 20000)) assert(false) end,
  function(m) m:send("x", setmetatable({}, {__index = error, __len = error, __pairs = error})) assert(false) end,
  function(m) m.room:broadcast_except({1}, "x") end, function(m) m.room:broadcast_except({m.room}, "x") end,
  function(m) m.room:broadcast_except(setmetatable({}, {__len = function() return 1e9 end}), "x") assert(false) end,
  function(m) ph.send(5, "x") end, function(m) ph.send({}, 5, {}) assert(false) end,
  function(m) ph.room({}) end, function(m) ph.reserve("", -1) end, function(m) assert(ph.reserve("none", 1000000)) end, function(m) ph.spawn(nil) end, function(m) ph.spawn(5) end,
  function(m) ph.after(0/0, print) end, function(m) ph.after(-1, print) end, function(m) ph.every(0, print) end,
  function(m) ph.after(1e300, print) end, function(m) ph.after(1, "print") end, function(m) ph.sleep(-1) end, function(m) ph.sleep("x") end,
  function(m) m:call_within(0, "x") end, function(m) m:call_within(2^40, "x") end, function(m) m:set({}, 1) end, function(m) m:set("x", print) end,
  function(m) assert(m:set(("x"):rep(5000), 1)) end, function(m) assert(m:set("x", ("x"):rep(20000))) end,
  function(m) m.room:configure() end, function(m) m.room:configure{tick_hz = -1} end, function(m) assert(m.room:configure{tick_hz = 1e9}) end,
  function(m) m.room:configure{tick_hz = "x"} end, function(m) m.room:configure{locked = 1} end, function(m) m.room:configure{[1] = 1} end,
  function(m) assert(m.room:configure{metadata = 5}) end, function(m) assert(m.room:configure{metadata = {x = ("x"):rep(5000)}}) end,
  function(m) m.room:configure{password = {}} end, function(m) m.room:shared() end, function(m) m.room:shared({}) end,
  function(m) m.room:shared("x", 5) end, function(m) m.room:shared("x", {changed = 5}) end, function(m) assert(m.room:shared(("x"):rep(5000))) end,
  function(m) ph.json.encode(print) end, function(m) assert(ph.json.decode(("["):rep(100000))) end, function(m) assert(ph.json.decode("\0")) end,
  function(m) assert(ph.json.decode('{"a":1,"a":2}')) end, function(m) ph.json.decode() end, function(m) ph.json.encode(0/0, 1, 2) assert(false) end,
  function(m) ph.refuse(5, 6) end, function(m) ph.refuse({description = {}}) end, function(m) ph.refuse(print) end,
  function(m) error() end, function(m) error(false) end, function(m) error({}) end, function(m) error(setmetatable({}, {__tostring = error})) end,
  function(m) error(setmetatable({}, {__tostring = function() return 5 end})) end, function(m) error(m) end, function(m) error(("x"):rep(100000)) end,
  function(m) ph.array(5) end, function(m) ph.bytes() end, function(m) ph.date("x") end, function(m) return ph.date(1) < 5 end,
  function(m) ph.metrics.add() end, function(m) ph.metrics.set("x") end, function(m) ph.option() end, function(m) ph.log.info(setmetatable({}, {__tostring = error})) end,
  function(m) m.data = 5 end, function(m) m.room.data = 5 end, function(m) m[nil] = 1 end, function(m) return m[{}] end, function(m) return m.room[5].x end,
  function(m) getmetatable(m).x = 1 end, function(m) setmetatable(m, {}) end, function(m) getmetatable(ph.null).x = 1 end,
  function(m) local function f() ph.spawn(f) end f() assert(false) end,
  function(m) local co = coroutine.wrap(function() ph.sleep(1) end) table.sort({3, 2, 1}, co) end,
  function(m) ("x"):gsub("x", function() ph.sleep(1) end) end, function(m) coroutine.close(coroutine.running()) end,
  function(m) for _ in m.room:members() do error("in a loop") end end, function(m) ph.store.get({}) end, function(m) ph.http.request{} end,
  function(m) ph.http.request{url = {}} end, function(m) ph.http.get() end, function(m) ph.http.post("x") end, function(m) ph.streams.stop() end,
  function(m) m:move({}) end, function(m) m:move(m) end, function(m) require("other") end, function(m) playhouse = nil local x = playhouse.app end,
}
function game.calls.count() return #misuses end
function game.calls.direct(member, n) misuses[n](member) end
function game.calls.caught(member, n) local ok, why = pcall(misuses[n], member) assert(not ok) return type(why) end
function game.calls.wrapped(member, n) local co = coroutine.wrap(misuses[n]) return (pcall(co, member)) end
function game.calls.spawned(member, n) ph.spawn(misuses[n], member) return "on" end
function game.calls.well() return {1 + 1, ph == playhouse or "lost"} end
return game
"""


def misuse_everything(client, methods):
    for n in range(1, int(client.call("count")) + 1):
        for method in methods:
            client.answer(client.ask(method, n))
        if client.call("well")[0] != 2:
            raise Failure(f"after misuse {n} the script is not well")


@scenario
def lua_misuses_are_errors_of_the_script():
    with scripted(MISUSES, "app.game.options.budget=1000") as (server, _), guests(server, "game/r") as (client,):
        for n in range(1, int(client.call("count")) + 1):
            kind, value = client.answer(client.ask("direct", n))
            if kind != "_error":
                raise Failure(f"misuse {n} was no error")
        misuse_everything(client, ["caught", "wrapped", "spawned"])


@scenario
def lua_misuses_without_memory():
    """The same in 1 MiB that is nearly full: whatever runs out of memory is an error, not the end."""
    script = MISUSES.replace("return game\n", """
    function game.calls.fill() kept = {} pcall(function() while true do kept[#kept + 1] = {} end end) for i = 1, 300 do kept[#kept] = nil end end
    return game
    """)
    with scripted(script, "app.game.options.memory=1", "app.game.options.budget=1000") as (server, _), \
            guests(server, "game/r") as (client,):
        n = int(client.call("count"))
        client.ask("fill")
        for n in range(1, n + 1):
            for method in ("direct", "caught", "wrapped", "spawned", "well"):
                client.answer(client.ask(method, n))
        with guests(server, "echo") as (other,):
            expect(other.call("echo", 1), 1)


@scenario
def lua_store():
    script = """
    local game, ph = {calls = {}}, playhouse
    local store, c = ph.store, game.calls
    function game.load() ph.spawn(function() ph.log.info("starts: " .. tostring(store.get("starts"))) end) end
    function game.connect(member) -- a hook that waits for the disk
      local n = (store.get("starts") or 0) + 1
      assert(store.put("starts", n))
      return {data = n}
    end
    function c.put(member, key, value) return {store.put(key, value)} end
    function c.get(member, key) local value, why = store.get(key) return value ~= nil and value or why end
    function c.remove(member, key) return {store.remove(key)} end
    function c.list(member, ...) return store.list(...) end
    function c.many(member)
      local n, done = 20, 0
      for i = 1, n do ph.spawn(function() assert(store.put("many" .. i, {i = i, text = ("x"):rep(i)})) done = done + 1 end) end
      while done < n do ph.sleep(1) end
      return #store.list("many", nil, 100)
    end
    return game
    """
    with tempfile.TemporaryDirectory(prefix="playhouse-state-") as state, tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "game.lua"), "w") as file:
            file.write(script)
        sets = ("app.game.type=lua", f"app.game.script={folder}/game.lua")
        with Server(*sets, state=state) as server, Client(server.port) as client:
            expect(client.connect("game")[3]["data"], 1)
            server.wait_line("game: starts: nil")
            expect(client.call("get", "none"), "not found")
            value = {"a": [1, None, "x"], "b": {}, "c": [], "d": "grüße", "e": 1.5}
            expect(client.call("put", "k1", value), [True])
            expect(client.call("get", "k1"), value)
            client.call("put", "k2", 2)
            expect(client.call("list", "k"), [{"key": "k1", "value": value}, {"key": "k2", "value": 2}])
            expect(client.call("list", "k", "k1", 1), [{"key": "k2", "value": 2}])
            expect(client.call("remove", "k2"), [True])
            expect(client.call("get", "k2"), "not found")
            expect(client.call("many"), 20)
        with Server(*sets, state=state) as server, Client(server.port) as client:
            server.wait_line("game: starts: 1")
            expect(client.connect("game")[3]["data"], 2)
            expect(client.call("get", "k1"), value)


@scenario
def lua_persistent_shared_object():
    script = """
    local game = {calls = {}}
    function game.create_room(room) room.data.board = assert(room:shared("board", {persistent = true})) end
    function game.calls.set(member, name, value) return member.room.data.board:set(name, value) end
    function game.calls.get(member, name) return (member.room.data.board:get(name)) end
    function game.calls.other(member) return select(2, member.room:shared("board")) end
    return game
    """
    with tempfile.TemporaryDirectory(prefix="playhouse-state-") as state, tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "game.lua"), "w") as file:
            file.write(script)
        sets = ("app.game.type=lua", f"app.game.script={folder}/game.lua")
        with Server(*sets, state=state) as server, guests(server, "game/r") as (client,):
            expect(client.call("set", "high score", {"name": "Ann", "points": 7}), True)
            expect(client.call("other"), "conflict")
        with Server(*sets, state=state) as server, guests(server, "game/r") as (client,):
            expect(client.call("get", "high score"), {"name": "Ann", "points": 7})


@scenario
def lua_members_of_both_kinds():
    """A browser and a Flash client in one room of a script."""
    script = """
    local game, ph = {calls = {}}, playhouse
    local c = game.calls
    function game.joined(room, member) room:broadcast_except(member, "joined", member.protocol) end
    function c.echo(member, ...) return ... end
    function c.kinds(member) return {date = ph.date(1500), bytes = ph.bytes("\\0\\1\\2"), none = ph.null, list = ph.array{},
      gone = ph.undefined, nan = 0/0, big = 2^53, holes = {1, nil, 3}} end
    function c.say(member, text) member.room:broadcast("said", member.protocol, text) end
    function c.ask(member, ...) return member:call("question", ...) end
    function c.no(member) ph.refuse{description = "No.", code = "My.No"} end
    function c.oops(member) error("secret") end
    return game
    """
    with scripted(script) as (server, _), guests(server, "game/r") as (flash,), Member(server.port, "game/r") as browser:
        browser.welcome()
        expect(flash.hear("joined"), ["json"])
        for value in (1, 1.5, "grüße", True, None, [], {}, [1, None, 3], {"a": {"b": [1]}}, 2 ** 40):
            expect(browser.call("echo", value), value)
            expect(flash.call("echo", value), value)
        expect(browser.call("kinds"), {"date": 1500, "bytes": "AAEC", "none": None, "list": [], "nan": None, "big": 2 ** 53,
                                       "holes": [1, None, 3]})
        flash.call("say", "hi")
        browser.call("say", "ho")
        for hear in (flash.hear, browser.hear):
            expect([hear("said"), hear("said")], [["rtmp", "hi"], ["json", "ho"]])
        asked = browser.ask("ask", 1, "two")
        while True:
            message = browser.message()
            if message.get("method") == "question":
                break
        expect(message["params"], [1, "two"])
        browser.say({"jsonrpc": "2.0", "id": message["id"], "result": {"yes": 1}})
        expect(browser.answer(asked)["result"], {"yes": 1})
        expect(browser.fails("nosuch")["code"], -32601)
        expect(browser.fails("no")["message"], "No.")
        if "secret" in str(browser.fails("oops")) + str(flash.fails("oops")):
            raise Failure("a client has seen the program")


@scenario
def lua_reload_while_things_are_under_way():
    """What an earlier life of the script has begun does not end in the next one."""
    script = """
    local game, ph = {calls = {}}, playhouse
    function game.calls.all(member)
      for i = 1, 5 do ph.spawn(function() ph.store.put("k" .. i, i) ph.store.get("k" .. i) end) end
      ph.spawn(function() member:call("question") end)
      ph.spawn(function() ph.sleep(5) end)
      ph.reload()
      for i = 1, 5 do ph.spawn(function() ph.store.list("k") end) end
      ph.spawn(function() member.room:shared("board", {changed = print}) member.room:shared("other", {persistent = true}) end)
      ph.spawn(function() member:move("elsewhere") end)
      member.room:every(1, function() member:send("beat") end)
    end
    function game.joined(room, member) ph.spawn(function() room:shared("board") end) end
    function game.calls.well(member) return member.room.name end
    return game
    """
    with scripted(script) as (server, _), guests(server, "game/r", "game/r") as (ann, bob):
        for _ in range(10):
            ann.ask("all")
            if bob.call("well") not in ("r", "elsewhere"):
                raise Failure("lost")
            bob.ask("all")
            wait_for(lambda: bob.answer(bob.ask("well"))[0] == "_result", "an answer")
        with guests(server, "game/r") as (eve,):
            expect(eve.call("well"), "r")


@scenario
def lua_values_that_only_amf3_has():
    script = """
    local game, ph = {calls = {}}, playhouse
    local function say(v)
      if type(v) == "userdata" then return #tostring(v) > 40 and "long" or (tostring(v):gsub("%c", function(c) return "<" .. c:byte() .. ">" end)) end
      return type(v) == "string" and v or ph.json.encode(v)
    end
    function game.calls.describe(member, ...)
      local t = ph.array{}
      for i = 1, select("#", ...) do t[i] = say((select(i, ...))) end
      return t
    end
    function game.calls.class(member, v) return {v["$class"], v.x} end
    function game.calls.back(member, ...) return ph.json.encode{...} end
    function game.calls.cycle(member, v) return v[1][1] ~= nil end
    return game
    """
    date = b"\x08\x01" + struct.pack(">d", 1500.0)
    bytes_ = b"\x0c\x07\x01\x02\x03"
    dictionary = b"\x11\x03\x00\x06\x03k\x04\x07"
    vector = b"\x0d\x05\x00" + struct.pack(">ii", 1, -2)
    xml = b"\x0b\x09<a/>"
    point = b"\x0a\x13\x07p.q\x03x\x04\x05"
    cycle = b"\x09\x03\x01\x09\x00"
    with scripted(script) as (server, _), guests(server, "game/r") as (client,):
        def call(method, *values):
            client.last_call += 1
            body = amf0(method) + amf0(client.last_call) + amf0(None) + b"".join(b"\x11" + value for value in values)
            client.send(chunked(COMMAND, 20, 0, 0, body))
            return client.answer(client.last_call)

        expect(call("describe", date, bytes_, dictionary, vector, xml, b"\x00", b"\x01", b"\x04\x07"),
               ("_result", ["date 1500.0", "<1><2><3>", '[["k",7]]', "[1,-2]", "<a/>", "null", "null", "7"]))
        expect(call("class", point), ("_result", ["p.q", 5]))
        expect(call("back", date, bytes_, dictionary), ("_result", '[1500,"AQID",[["k",7]]]'))
        expect(call("cycle", cycle)[0], "_error")  # more than 32 levels: it contains itself
        expect(client.call("describe", "well"), ["well"])


@scenario
def lua_application_that_keeps_running_away_begins_anew():
    script = """
    local game, ph, n = {calls = {}}, playhouse, 0
    function game.calls.loop() while true do end end
    function game.calls.give_up() ph.fail("no more cards") end
    function game.calls.count() n = n + 1 return n end
    return game
    """
    with scripted(script) as (server, _):
        with guests(server, "game") as (client,):
            expect(client.call("count"), 1)
            with guests(server, "echo") as (other,):
                for _ in range(10):
                    client.ask("loop")
                    expect(other.call("echo", 1), 1)
            assert client.closed()
        server.wait_line("game: this application failed: .* processor time.*; it begins anew")
        with guests(server, "game") as (client,):
            expect(client.call("count"), 1)
            client.ask("give_up")
            assert client.closed()
        server.wait_line("game: this application failed: no more cards; it begins anew")
        with guests(server, "game") as (client,):
            expect(client.call("count"), 1)


@scenario
def lua_members_that_come_back():
    script = """
    local game, ph, heard = {calls = {}, options = {grace_ms = 30000}}, playhouse, {}
    function game.joined(room, member) member.data.score = 5 end
    function game.drop(room, member) heard[#heard + 1] = "drop " .. tostring(member.is_dropped) member:send("missed", 1) end
    function game.resume(room, member) heard[#heard + 1] = "resume " .. tostring(member.is_dropped) .. " " .. member.data.score end
    function game.leave_room(room, member, reason) heard[#heard + 1] = "leave " .. reason end
    function game.calls.heard() return ph.array(heard) end
    return game
    """
    with scripted(script) as (server, _), guests(server, "game/r") as (watcher,):
        with Member(server.port, "game/r") as lost:
            welcome = lost.welcome()
            assert welcome["token"]
        wait_for(lambda: watcher.call("heard") == ["drop true"], "the drop")
        with Member(server.port, "game/r?hold") as back:
            answer = back.call("$connect", {"token": welcome["token"], "seq": welcome["seq"]})
            expect((answer["resumed"], answer["member"]), (True, welcome["member"]))
            expect(back.hear("missed"), [1])
            expect(back.call("heard"), ["drop true", "resume false 5"])


@scenario
def lua_shared_hook_decides_at_once():
    script = """
    local game = {calls = {}}
    function game.shared(room, member, name) if name == "slow" then playhouse.sleep(1) end end
    return game
    """
    with scripted(script) as (server, _), guests(server, "game/r") as (client,):
        Shared(client, "quick").use()
        slow = Shared(client, "slow")
        slow.send((USE, b""))
        slow.next()
        expect(len(slow.statuses), 1)


@scenario
def lua_errors_do_not_flood_the_log():
    script = """
    return {calls = {oops = function(member, n) error("oops " .. n) end, well = function() return true end}}
    """
    with scripted(script) as (server, _), guests(server, "game") as (client,):
        sent = []

        def storm():
            asked = [client.ask("oops", n) for n in range(1000)]
            sent.extend(asked)
            assert all(client.answer(one)[0] == "_error" for one in asked)
            return any(re.search(r"game: \d+ more errors", line) for line in server.lines)
        wait_for(storm, "errors to be counted")
        if len([line for line in server.lines if "oops" in line]) >= len(sent):
            raise Failure("every error has its line")


@scenario
def lua_hears_how_long_is_left():
    script = "return {drain = function(seconds) playhouse.log.info('left: ' .. seconds) end}"
    with scripted(script, "limits.drain=7s") as (server, _):
        server.stop()
        server.wait_line("left: 7")
