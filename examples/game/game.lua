-- SPDX-License-Identifier: MIT
-- Draw and guess: one draws a word, the others guess it.
--
-- Clients connect to game/ROOM with a nickname, use the shared object "state" (phase, drawer, seconds, hint, scores) and
-- call draw{x, y, x, y …}, wipe(), guess(text) and strokes(). They hear stroke{…}, wiped(), said(nick, text), word(text),
-- won(word, nick) and over(word). docs/lua.md explains every function.

local ph = playhouse

local ROUND, PAUSE, STROKES, POINTS = 60, 5, 2000, 400
local words = {"apple", "bridge", "candle", "dragon", "engine", "flower", "guitar", "hammer", "island", "jungle", "window"}

local game = {
  calls = {},
  options = {capacity = 8, grace_ms = 15000, dispose_ms = 1000, tick_hz = 4, metadata = {game = "draw and guess"}},
}

local function scores_of(room) return room.data.state:get("scores") or {} end

local function begin_round(room)
  local data, players = room.data, {}
  for member in room:members() do players[#players + 1] = member end
  if #players < 2 then
    data.drawer = nil
    data.state:update{phase = "waiting", drawer = "", seconds = 0, hint = ""}
    return
  end
  data.turn = data.turn % #players + 1
  data.drawer, data.word, data.strokes, data.left = players[data.turn], words[math.random(#words)], ph.array{}, ROUND
  room:broadcast("wiped")
  data.state:update{phase = "drawing", drawer = data.drawer.user, seconds = ROUND, hint = ("_ "):rep(#data.word)}
  data.drawer:send("word", data.word)
end

local function end_round(room, winner)
  local data = room.data
  local scores = scores_of(room)
  if winner then
    scores[winner.user] = (scores[winner.user] or 0) + 2
    scores[data.drawer.user] = (scores[data.drawer.user] or 0) + 1
  end
  data.state:update{phase = "pause", seconds = PAUSE, hint = data.word, scores = scores}
  room:broadcast(winner and "won" or "over", data.word, winner and winner.user)
  data.drawer, data.left = nil, PAUSE
end

function game.connect(member, room, nick)
  if room == "" then return false, "Choose a room: game/NAME." end
  if type(nick) ~= "string" or not nick:find("^[%w_ ]+$") or #nick > 20 then return false, "Say who you are." end
  return {user = nick}
end

function game.create_room(room, _, saved)
  room.data.state = assert(room:shared("state")) -- waits; others who ask for the room wait too
  room.data.turn, room.data.strokes, room.data.left = 0, saved and saved.strokes or ph.array{}, 0
  room.data.state:update{phase = "waiting", drawer = "", seconds = 0, hint = "", scores = saved and saved.scores or {}}
end

function game.save_room(room) return {scores = scores_of(room), strokes = room.data.strokes} end

function game.enter_room(room, member)
  for other in room:members() do
    if other ~= member and other.user == member.user then return false, "Somebody here has this name." end
  end
end

function game.joined(room, member)
  local scores = scores_of(room)
  scores[member.user] = scores[member.user] or 0
  room.data.state:set("scores", scores)
  if room.data.state:get("phase") == "waiting" then begin_round(room) end
end

function game.leave_room(room, member)
  if room.data.drawer == member then end_round(room) end
end

function game.tick(room, seconds)
  local data, phase = room.data, room.data.state:get("phase")
  if phase == "waiting" then return end
  data.left = data.left - seconds
  if data.left > 0 then
    data.state:set("seconds", math.ceil(data.left)) -- the same value again is no change
  elseif phase == "drawing" then
    end_round(room)
  else
    begin_round(room)
  end
end

function game.calls.draw(member, points)
  local data = member.room.data
  if member ~= data.drawer then ph.refuse("It is not your turn to draw.") end
  if type(points) ~= "table" or #points < 4 or #points > POINTS then ph.refuse("A stroke has 2 to 200 points.") end
  if #data.strokes == STROKES then ph.refuse("The sheet is full.") end
  data.strokes[#data.strokes + 1] = points
  member.room:broadcast_except(member, "stroke", points)
end

function game.calls.wipe(member)
  if member ~= member.room.data.drawer then ph.refuse("It is not your turn to draw.") end
  member.room.data.strokes = ph.array{}
  member.room:broadcast("wiped")
end

function game.calls.guess(member, text)
  local room, data = member.room, member.room.data
  if type(text) ~= "string" or #text > 100 then ph.refuse("A guess is a text.") end
  if member == data.drawer then ph.refuse("You know the word.") end
  local right = data.drawer ~= nil and text:lower():match("^%s*(.-)%s*$") == data.word
  if right then end_round(room, member) else room:broadcast("said", member.user, text) end
  return right
end

function game.calls.strokes(member) return member.room.data.strokes end

return game
