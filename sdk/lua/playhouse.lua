---@meta
-- SPDX-License-Identifier: MIT
-- What scripts of Playhouse see, for editors with EmmyLua annotations (lua-language-server and others): put this file
-- into the workspace, or name its folder in "Lua.workspace.library". It is never run. The words are in docs/lua.md.

---@alias playhouse.Reason "left"|"lost"|"moved"|"kicked"|"refused"|"expired"|"limit"|"closed"|"empty"|"failed"|"stop"

---What went wrong, as the second result behind nil.
---@alias playhouse.Error "gone"|"memory"|"limit"|"state"|"not found"|"conflict"|"denied"|"timeout"|"io"|"unsupported"

---What can be sent and kept: nil, booleans, numbers, texts, tables of these, playhouse.null, bytes and dates.
---@alias playhouse.Value any

---A client of this application.
---@class playhouse.Member
---@field id integer
---@field room playhouse.Room|nil the one it is in
---@field user string as connect has said; ""
---@field address string "10.0.0.7:53122"
---@field protocol string "rtmp", "rtmp+ws" or "json"
---@field path string what it connected to: "game/room/extra"
---@field query string behind the ? of its address
---@field properties table flashVer, pageUrl, swfUrl, tcUrl … as sent
---@field arguments playhouse.Value[] of connect
---@field connected_ms integer since 1970
---@field is_dropped boolean its connection is lost, its grace period runs
---@field is_gone boolean
---@field data table your own; nobody else sees it
local Member = {}

---Call a method of the client, without reply.
---@param method string
---@param ... playhouse.Value
---@return true|nil, playhouse.Error|nil
function Member:send(method, ...) end

---Call a method of the client and wait for what it returns, 5 s at most.
---@param method string
---@param ... playhouse.Value
---@return playhouse.Value result or nil
---@return playhouse.Error|nil
---@return playhouse.Value what the client said, when it said that it failed
function Member:call(method, ...) end

---As call, with another limit.
---@param milliseconds integer
---@param method string
---@param ... playhouse.Value
---@return playhouse.Value, playhouse.Error|nil, playhouse.Value
function Member:call_within(milliseconds, method, ...) end

---End its connection.
---@param description string|nil
---@param code string|nil "NetConnection.Connect.Closed"
---@return true|nil, playhouse.Error|nil
function Member:kick(description, code) end

---Wait until it is in another room, which is made if it is not there; "" is the hall.
---@param room string|playhouse.Room
---@return true|nil, playhouse.Error|nil
function Member:move(room) end

---Wait until it is in a listed room with a free seat whose metadata have all of the filter, or in a new one that has it.
---@param filter table<string, string|number|boolean>
---@param prefix string|nil how the name of a new room begins
---@return playhouse.Room|nil, playhouse.Error|nil
function Member:join_or_create(filter, prefix) end

---An attribute: a value that travels with the member and that lobbies see.
---@param name string
---@return playhouse.Value
function Member:get(name) end

---Set an attribute; nil removes it.
---@param name string
---@param value playhouse.Value
---@return true|nil, playhouse.Error|nil
function Member:set(name, value) end

---@class playhouse.RoomOptions
---@field capacity integer|nil members; 0: no limit but the server's
---@field unlisted boolean|nil lobbies do not see it
---@field locked boolean|nil nobody enters any more
---@field password string|nil
---@field metadata table|nil for lobbies, 2 KiB
---@field dispose_ms integer|nil an empty room lives on for so long
---@field grace_ms integer|nil a lost member may resume within this time
---@field tick_hz integer|nil 1 to 60; 0: no tick

---The hall, or a room with a name.
---@class playhouse.Room
---@field id integer
---@field name string "" is the hall
---@field extra string the rest of the path that made it
---@field count integer members
---@field options playhouse.RoomOptions as they are now; set them with configure
---@field is_gone boolean
---@field data table your own; nobody else sees it
local Room = {}

---for member in room:members() do … end
---@return fun(): playhouse.Member
function Room:members() end

---Call a method of everybody in the room, without reply.
---@param method string
---@param ... playhouse.Value
---@return true|nil, playhouse.Error|nil
function Room:broadcast(method, ...) end

---The same, but for these.
---@param except playhouse.Member|playhouse.Member[]
---@param method string
---@param ... playhouse.Value
---@return true|nil, playhouse.Error|nil
function Room:broadcast_except(except, method, ...) end

---Call a method of every member; who does not keep up hears the newest call of this method alone.
---@param method string
---@param ... playhouse.Value
---@return true|nil, playhouse.Error|nil
function Room:broadcast_newest(method, ...) end

---Call a method of every member whose connection takes it at once.
---@param method string
---@param ... playhouse.Value
---@return true|nil, playhouse.Error|nil
function Room:broadcast_at_once(method, ...) end

---As member:call, for a member of this room.
---@param member playhouse.Member
---@param method string
---@param ... playhouse.Value
---@return playhouse.Value, playhouse.Error|nil, playhouse.Value
function Room:call(member, method, ...) end

---Send everybody to the hall; the room ends.
---@param description string|nil
---@return true|nil, playhouse.Error|nil
function Room:close(description) end

---Change options; those that are not named stay.
---@param options playhouse.RoomOptions
---@return true|nil, playhouse.Error|nil
function Room:configure(options) end

---Run a function once; the timer ends with the room.
---@param milliseconds integer
---@param run fun()
---@return playhouse.Timer|nil, playhouse.Error|nil
function Room:after(milliseconds, run) end

---Run a function again and again; the timer ends with the room.
---@param milliseconds integer
---@param run fun()
---@return playhouse.Timer|nil, playhouse.Error|nil
function Room:every(milliseconds, run) end

---Wait for a shared object of the room; it is made if it is not there.
---@param name string
---@param options {persistent: boolean|nil, changed: fun(object: playhouse.Shared, member: playhouse.Member|nil, changes: playhouse.Change[])|nil}|nil
---@return playhouse.Shared|nil, playhouse.Error|nil
function Room:shared(name, options) end

---@class playhouse.Timer
local Timer = {}

---@return true|nil, playhouse.Error|nil
function Timer:stop() end

---@class playhouse.Change
---@field kind "set"|"remove"|"clear"|"message"|"use"
---@field name string|nil
---@field value playhouse.Value
---@field if_version integer|nil

---A keyed map that clients and the script see alike.
---@class playhouse.Shared
---@field count integer slots
---@field version integer raised by each batch
local Shared = {}

---@param name string
---@return playhouse.Value value
---@return integer version of the slot
function Shared:get(name) end

---Every value by its name.
---@return table<string, playhouse.Value>
function Shared:all() end

---Set a slot; nil removes it. With a version: only if the slot still has it.
---@param name string
---@param value playhouse.Value
---@param if_version integer|nil
---@return true|nil, playhouse.Error|nil "conflict": it has another version
function Shared:set(name, value, if_version) end

---@param name string
---@param if_version integer|nil
---@return true|nil, playhouse.Error|nil
function Shared:remove(name, if_version) end

---Set several slots in one batch; playhouse.null removes.
---@param values table<string, playhouse.Value>
---@return true|nil, playhouse.Error|nil
function Shared:update(values) end

---Remove every slot.
---@return true|nil, playhouse.Error|nil
function Shared:clear() end

---Call a handler of every user of the object; nothing is stored.
---@param handler string
---@param ... playhouse.Value
---@return true|nil, playhouse.Error|nil
function Shared:send(handler, ...) end

---Gather changes into one batch until unlock; those of clients wait.
---@return true|nil, playhouse.Error|nil
function Shared:lock() end

---@return true|nil, playhouse.Error|nil
function Shared:unlock() end

---Use it no longer.
---@return true|nil, playhouse.Error|nil
function Shared:close() end

---Bytes that are not text: what Flash calls a ByteArray. tostring(bytes) is a string of them, #bytes how many.
---@class playhouse.Bytes

---A moment. Dates can be compared.
---@class playhouse.Date
---@field ms number since 1970

---@class playhouse
---@field app string name of the application
---@field null userdata null inside of tables, where nil would be nothing
---@field undefined userdata undefined
playhouse = {}

---Mark a table as an array, so that it stays one when it is empty.
---@param items table|nil
---@return table
function playhouse.array(items) end

---@param text string
---@return playhouse.Bytes
function playhouse.bytes(text) end

---@param ms number since 1970
---@return playhouse.Date
function playhouse.date(ms) end

---@param name string "" is the hall
---@return playhouse.Room|nil
function playhouse.room(name) end

---for room in playhouse.rooms() do … end
---@return fun(): playhouse.Room
function playhouse.rooms() end

---for member in playhouse.members() do … end: everybody in the application
---@return fun(): playhouse.Member
function playhouse.members() end

---Call a method of these members, without reply.
---@param members playhouse.Member|playhouse.Member[]
---@param method string
---@param ... playhouse.Value
---@return true|nil, playhouse.Error|nil
function playhouse.send(members, method, ...) end

---Wait for seats in a room, kept for 15 s; the ticket goes to who may take them.
---@param room string
---@param seats integer|nil 1
---@return string|nil ticket, playhouse.Error|nil
function playhouse.reserve(room, seats) end

---Run a function once.
---@param milliseconds integer
---@param run fun()
---@return playhouse.Timer|nil, playhouse.Error|nil
function playhouse.after(milliseconds, run) end

---Run a function again and again.
---@param milliseconds integer
---@param run fun()
---@return playhouse.Timer|nil, playhouse.Error|nil
function playhouse.every(milliseconds, run) end

---Wait.
---@param milliseconds integer
function playhouse.sleep(milliseconds) end

---A clock that never jumps.
---@return integer milliseconds
function playhouse.now_ms() end

---@return integer milliseconds since 1970
function playhouse.time_ms() end

---Run a function as a task of its own: now, until it waits.
---@param run fun(...)
---@param ... any
function playhouse.spawn(run, ...) end

---End this hook or call; the client hears this.
---@param why string|{description: string|nil, code: string|nil, application: table|nil, redirect: string|nil}|nil
function playhouse.refuse(why) end

---An option of the configuration, `options { NAME = TEXT }`.
---@param name string
---@return string|nil
function playhouse.option(name) end

---Begin anew when the present callback has returned; members, rooms and what save gives stay.
function playhouse.reload() end

---The application cannot go on: its members are told, it is loaded anew.
---@param description string|nil
function playhouse.fail(description) end

playhouse.log = {}
---@param ... any
function playhouse.log.error(...) end
---@param ... any
function playhouse.log.warning(...) end
---@param ... any
function playhouse.log.info(...) end
---@param ... any
function playhouse.log.debug(...) end

playhouse.json = {}
---@param value playhouse.Value
---@return string
function playhouse.json.encode(value) end
---@param text string
---@return playhouse.Value value or nil
---@return string|nil fault
function playhouse.json.decode(text) end

playhouse.metrics = {}
---@param name string
---@param by number|nil 1
function playhouse.metrics.add(name, by) end
---@param name string
---@param to number
function playhouse.metrics.set(name, to) end

playhouse.store = {}
---Wait for a record.
---@param key string
---@return playhouse.Value value or nil
---@return playhouse.Error|nil "not found"
function playhouse.store.get(key) end
---Wait until a record is kept.
---@param key string
---@param value playhouse.Value
---@return true|nil, playhouse.Error|nil
function playhouse.store.put(key, value) end
---@param key string
---@return true|nil, playhouse.Error|nil
function playhouse.store.remove(key) end
---Wait for records in the order of their keys.
---@param prefix string|nil ""
---@param after string|nil go on behind this key
---@param most integer|nil 100
---@return {key: string, value: playhouse.Value}[]|nil, playhouse.Error|nil
function playhouse.store.list(prefix, after, most) end

---@class playhouse.Reply
---@field status integer
---@field headers table<string, string>
---@field body string

playhouse.http = {}
---Wait for the reply of a web server.
---@param request {url: string, method: string|nil, headers: table<string, string>|nil, body: string|nil, timeout_ms: integer|nil, reply_max: integer|nil}
---@return playhouse.Reply|nil, playhouse.Error|nil
function playhouse.http.request(request) end
---@param url string
---@return playhouse.Reply|nil, playhouse.Error|nil
function playhouse.http.get(url) end
---@param url string
---@param body string
---@param content_type string|nil "application/json"
---@return playhouse.Reply|nil, playhouse.Error|nil
function playhouse.http.post(url, body, content_type) end

playhouse.streams = {}
---Wait for the list of live streams of this application.
---@return {path: string, since_ms: integer, viewers: integer}[]|nil, playhouse.Error|nil
function playhouse.streams.list() end
---End a publisher.
---@param path string
---@param description string|nil
---@return true|nil, playhouse.Error|nil
function playhouse.streams.stop(path, description) end

---A method that clients may call, with limits of its own.
---@class playhouse.Call
---@field run fun(member: playhouse.Member, ...): playhouse.Value
---@field rate integer|nil calls per second of one member
---@field burst integer|nil
---@field concurrent boolean|nil the member's next call does not wait for this one

---What a script returns.
---@class playhouse.Script
---@field options playhouse.RoomOptions|nil of every new room
---@field calls table<string, playhouse.Call|fun(member: playhouse.Member, ...): playhouse.Value>|nil
---@field load nil|fun(saved: playhouse.Value)
---@field unload nil|fun()
---@field connect nil|fun(member: playhouse.Member, room: string, ...): playhouse.Value
---@field disconnect nil|fun(member: playhouse.Member, reason: playhouse.Reason)
---@field create_room nil|fun(room: playhouse.Room, member: playhouse.Member|nil, saved: playhouse.Value)
---@field destroy_room nil|fun(room: playhouse.Room, reason: playhouse.Reason)
---@field enter_room nil|fun(room: playhouse.Room, member: playhouse.Member, options: table|nil)
---@field joined nil|fun(room: playhouse.Room, member: playhouse.Member)
---@field leave_room nil|fun(room: playhouse.Room, member: playhouse.Member, reason: playhouse.Reason)
---@field drop nil|fun(room: playhouse.Room, member: playhouse.Member)
---@field resume nil|fun(room: playhouse.Room, member: playhouse.Member)
---@field call nil|fun(member: playhouse.Member, name: string, ...): playhouse.Value
---@field publish nil|fun(room: playhouse.Room, member: playhouse.Member, name: string, query: table)
---@field unpublish nil|fun(room: playhouse.Room, member: playhouse.Member, name: string)
---@field play nil|fun(room: playhouse.Room, member: playhouse.Member, name: string, query: table)
---@field stop nil|fun(room: playhouse.Room, member: playhouse.Member, name: string)
---@field data nil|fun(room: playhouse.Room, member: playhouse.Member, name: string, ...)
---@field shared nil|fun(room: playhouse.Room, member: playhouse.Member, name: string, changes: playhouse.Change[])
---@field tick nil|fun(room: playhouse.Room, seconds: number)
---@field save_room nil|fun(room: playhouse.Room): playhouse.Value
---@field save nil|fun(): playhouse.Value
---@field drain nil|fun(seconds: number)
---@field observe nil|fun(name: string, stream: table)
