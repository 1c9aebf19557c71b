# SPDX-License-Identifier: MIT
"""AMF remoting: calls in the bodies of POSTs, as Flash and Ruffle send them without a connection."""

from backend import Backend
from remoting import answers, envelope, post
from rtmp import Client, amf0, amf0_all
from scenario import scenario
from scenarios.flv import get
from scenarios.jsonrpc import proxied
from scenarios.lua import expect, scripted
from server import Server


SHOP = """
local game, log = {calls = {}}, {}
function game.connect(member) log[#log + 1] = member.protocol .. " " .. tostring((member.properties.Credentials or {}).userid) return {user = "x"} end
function game.disconnect(member, reason) log[#log + 1] = "gone " .. reason end
game.calls["shop.add"] = function(member, a, b) return a + b end
function game.calls.later(member) playhouse.sleep(50) return "late" end
function game.calls.room(member) return member.room.name end
function game.calls.ask(member) local r, why = member:call("are you there") return why end
function game.calls.bad() error("oh") end
function game.calls.log() local l = log log = {} return l end
return game
"""


@scenario
def remoting_calls():
    """Several calls in one envelope, each answered; the member lives as long as they take."""
    with scripted(SHOP, "app.game.remoting=true", observed=False) as (server, _), Client(server.port) as spy:
        spy.connect("game")
        spy.call("log")
        told = answers(post(server, "/gateway/game/blue", envelope(
            ("shop.add", "/1", [2, 3]), ("later", "/2", []), ("room", "/3", []), ("bad", "/4", []), ("none", "/5", b"\x05"),
            ("ask", "/6", []), headers=[("Credentials", {"userid": "ann", "password": "x"})])))
        expect({target: amf0_all(value)[0] for target, value in told.items() if target.endswith("/onResult")},
               {"/1/onResult": 5, "/2/onResult": "late", "/3/onResult": "blue", "/6/onResult": "denied"})
        expect({target: amf0_all(value)[0]["code"] for target, value in told.items() if target.endswith("/onStatus")},
               {"/4/onStatus": "NetConnection.Call.Failed", "/5/onStatus": "NetConnection.Call.Failed"})
        expect(spy.call("log"), ["remoting ann", "gone left"])
        expect(answers(post(server, "/gateway/game", envelope())), {})
        expect(spy.call("log"), {})


@scenario
def remoting_amf3():
    """An envelope of version 3: values in AMF3, one may stand for the whole list."""
    with Server("app.echo.type=echo", "app.echo.remoting=true", observed=False) as server:
        raw = b"\x11\x0a\x0b\x01\x03a\x04\x05\x01"  # {a: 5}
        told = answers(post(server, "/gateway/echo", envelope(("any", "/1", b"\x0a\0\0\0\1" + raw), ("any", "/2", raw), version=3)))
        expect(told, {"/1/onResult": raw, "/2/onResult": raw})


@scenario
def remoting_refusals():
    calls = [("say", f"/{i}", [i]) for i in range(32)]
    with Server("app.echo.type=echo", "app.echo.remoting=true", "app.chat.type=chat", observed=False) as server:
        for path, status in (("/gateway/chat", 404), ("/gateway/none", 404), ("/gateway", 404), ("/gateway/echo", 200)):
            post(server, path, envelope(("say", "/1", [1])), status)
        expect(get(server.port, "/gateway/echo")[0], 405)
        expect(get(server.port, "/gateway/echo", "Content-Type: text/plain", "Content-Length: 0", method="POST")[0], 415)
        whole = envelope(*calls, headers=[(f"h{i}", 1) for i in range(16)])
        expect(len(answers(post(server, "/gateway/echo", whole))), 32)
        for body in (b"", b"\0", b"\0\x05\0\0\0\0", whole[:-1], whole[:40], envelope(*calls, ("say", "/x", [])),
                     envelope(headers=[(f"h{i}", 1) for i in range(17)]), envelope(("say", "/1", b"\x0a\xff\xff\xff\xff")),
                     envelope(("s" * 129, "/1", [])), envelope(("", "/1", [])), envelope(("say", "/1", b"\x0a\0\0\0\1" * 100))):
            post(server, "/gateway/echo", body, 400)
        expect(answers(post(server, "/gateway/echo", envelope(("$connect", "/1", [])))).keys(), {"/1/onStatus"})


@scenario
def remoting_and_a_backend():
    """A Flash remoting client talks to a backend that knows JSON alone, and hears its refusal."""
    with Backend(add=lambda args, session: args[0] + args[1]) as backend:
        with proxied(backend, "app.game.remoting=true", observed=False) as server:
            told = answers(post(server, "/gateway/game", envelope(("add", "/1", [2, 3]))))
            expect(amf0_all(told["/1/onResult"]), [5])
            expect(backend.wait("$disconnect")["session"]["protocol"], "remoting")
    with proxied("http://127.0.0.1:1/", "app.game.remoting=true", observed=False) as server:
        told = answers(post(server, "/gateway/game", envelope(("add", "/1", [2, 3]), ("add", "/2", []))))
        expect([amf0_all(value)[0]["code"] for value in told.values()], ["NetConnection.Connect.Rejected"] * 2)


@scenario
def remoting_answers_too_long():
    """What does not fit into the reply is told so by itself; and so are calls of a member that is gone."""
    script = """
    local game = {calls = {}}
    function game.calls.much(member) return ("x"):rep(65530) end
    function game.calls.leave(member) member:kick("enough") playhouse.sleep(1000) end
    return game
    """
    with scripted(script, "app.game.remoting=true", "app.game.options.memory=64", observed=False) as (server, _):
        told = answers(post(server, "/gateway/game", envelope(*[("much", f"/{i}", []) for i in range(32)])))
        expect([target for target in told if target.endswith("/onStatus")], ["/31/onStatus"])
        told = answers(post(server, "/gateway/game", envelope(*[("much", f"/{i}", []) for i in range(3)], ("leave", "/x", []), ("much", "/y", []))))
        expect(sorted(target for target in told if target.endswith("/onStatus")), ["/x/onStatus", "/y/onStatus"])
