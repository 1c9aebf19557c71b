/* SPDX-License-Identifier: MIT */
/* Rooms, as scripts see them, and playhouse.room, rooms, members, send: docs/lua.md. */
#include <string.h>

#include "script.h"

enum { AUDIENCE_MAX = 10000 };

static ph_room_id check_room(lua_State *L, int index) { return ph_lua_check_object(L, index, PH_LUA_ROOM); }

/* Upvalues: room or 0, the last member. */
static int next_member(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_room_id room = (ph_room_id)lua_tointeger(L, lua_upvalueindex(1));
    ph_member_id last = (ph_member_id)lua_tointeger(L, lua_upvalueindex(2));
    ph_member_id member = script->host->members->next(script->app, room, last);
    lua_pushinteger(L, (lua_Integer)member);
    lua_replace(L, lua_upvalueindex(2));
    ph_lua_push_object(L, PH_LUA_MEMBER, member);
    return 1;
}

static int walk_members(lua_State *L, ph_room_id room)
{
    lua_pushinteger(L, (lua_Integer)room);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_member, 2);
    return 1;
}

/* for member in room:members() */
static int room_members(lua_State *L) { return walk_members(L, check_room(L, 1)); }

/* for member in playhouse.members() */
static int all_members(lua_State *L) { return walk_members(L, 0); }

/* A member, or an array of members: their handles in a block on the stack, and how many. */
static ph_member_id *check_audience(lua_State *L, int index, size_t *n)
{
    bool is_one = lua_type(L, index) == LUA_TUSERDATA;
    if (!is_one)
        luaL_checktype(L, index, LUA_TTABLE);
    *n = is_one ? 1 : lua_rawlen(L, index);
    luaL_argcheck(L, *n <= AUDIENCE_MAX, index, "too many members");
    ph_member_id *members = lua_newuserdatauv(L, (*n + 1) * sizeof *members, 0);
    if (is_one)
        members[0] = ph_lua_check_object(L, index, PH_LUA_MEMBER);
    for (size_t i = 0; i < *n && !is_one; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        members[i] = ph_lua_check_object(L, lua_gettop(L), PH_LUA_MEMBER);
        lua_pop(L, 1);
    }
    return members;
}

static int broadcast(lua_State *L, ph_room_id room, int method_index, const ph_member_id *except, size_t n)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const char *method = luaL_checkstring(L, method_index);
    struct ph_value *arguments = ph_lua_take_items(L, script->app, method_index + 1);
    return ph_lua_result(L, script->host->rooms->broadcast(script->app, room, method, arguments, except, n));
}

/* room:broadcast(method, ...) */
static int room_broadcast(lua_State *L) { return broadcast(L, check_room(L, 1), 2, NULL, 0); }

/* room:broadcast_except(member or members, method, ...) */
static int room_broadcast_except(lua_State *L)
{
    ph_room_id room = check_room(L, 1);
    size_t n;
    const ph_member_id *except = check_audience(L, 2, &n);
    lua_replace(L, 2); /* the block stays alive; what follows are method and arguments */
    return broadcast(L, room, 3, except, n);
}

static int deliver(lua_State *L, enum ph_delivery_kind kind)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const struct ph_delivery how = {.size = sizeof how, .kind = kind};
    ph_room_id room = check_room(L, 1);
    const char *method = luaL_checkstring(L, 2);
    struct ph_value *arguments = ph_lua_take_items(L, script->app, 3);
    return ph_lua_result(L, script->host->rooms->deliver(script->app, room, method, arguments, &how));
}

/* room:broadcast_newest(method, ...): who does not keep up hears the newest alone */
static int room_broadcast_newest(lua_State *L) { return deliver(L, PH_DELIVER_NEWEST); }

/* room:broadcast_at_once(method, ...): who does not keep up does not hear it */
static int room_broadcast_at_once(lua_State *L) { return deliver(L, PH_DELIVER_AT_ONCE); }

/* playhouse.send(members, method, ...) */
static int send_to(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    size_t n;
    const ph_member_id *members = check_audience(L, 1, &n);
    lua_replace(L, 1);
    const char *method = luaL_checkstring(L, 2);
    struct ph_value *arguments = ph_lua_take_items(L, script->app, 3);
    return ph_lua_result(L, script->host->rooms->multicast(script->app, members, n, method, arguments));
}

/* room:call(member, method, ...): as member:call, for a member of this room */
static int room_call(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_room_id room = check_room(L, 1);
    ph_member_id member = ph_lua_check_object(L, 2, PH_LUA_MEMBER);
    const char *method = luaL_checkstring(L, 3);
    struct ph_member_info info = {.size = sizeof info};
    if (script->host->members->info(script->app, member, &info) || info.room != room)
        return ph_lua_result(L, PH_E_GONE);
    struct ph_value *arguments = ph_lua_take_items(L, script->app, 4);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    return ph_lua_waiter_yield(
        L, waiter, script->host->members->call(script->app, member, method, arguments, 0, ph_lua_waiter_done, waiter));
}

/* room:close([description]) */
static int room_close(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    return ph_lua_result(L, script->host->rooms->close(script->app, check_room(L, 1), luaL_optstring(L, 2, NULL)));
}

static void number_option(lua_State *L, int table, const char *name, uint32_t *out)
{
    if (lua_getfield(L, table, name) != LUA_TNIL) {
        lua_Integer number = luaL_checkinteger(L, -1);
        if (number < 0 || number > UINT32_MAX)
            luaL_error(L, "%s: %I is not allowed", name, (LUAI_UACINT)number);
        *out = (uint32_t)number;
    }
    lua_pop(L, 1);
}

static void boolean_option(lua_State *L, int table, const char *name, bool *out)
{
    if (lua_getfield(L, table, name) != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TBOOLEAN);
        *out = lua_toboolean(L, -1);
    }
    lua_pop(L, 1);
}

static void check_option_names(lua_State *L, int table)
{
    static const char *const names[] = {"capacity", "unlisted",   "locked",   "password",
                                        "metadata", "dispose_ms", "grace_ms", "tick_hz"};
    lua_pushnil(L);
    while (lua_next(L, table)) {
        bool known = false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            known |= lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), names[i]) == 0;
        if (!known)
            luaL_error(L, "a room has no option '%s'", luaL_tolstring(L, -2, NULL));
        lua_pop(L, 1);
    }
}

int ph_lua_configure(lua_State *L, ph_room_id room, int index)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    struct ph_room_options options = {.size = sizeof options};
    int error = script->host->rooms->options(script->app, room, &options);
    if (error)
        return error;
    check_option_names(L, index);
    number_option(L, index, "capacity", &options.capacity);
    number_option(L, index, "dispose_ms", &options.dispose_ms);
    number_option(L, index, "grace_ms", &options.grace_ms);
    number_option(L, index, "tick_hz", &options.tick_hz);
    boolean_option(L, index, "unlisted", &options.unlisted);
    boolean_option(L, index, "locked", &options.locked);
    if (lua_getfield(L, index, "password") != LUA_TNIL)
        options.password = ph_lua_take_text(L, script->app, lua_gettop(L));
    if (lua_getfield(L, index, "metadata") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        options.metadata = ph_lua_take(L, script->app, lua_gettop(L));
    }
    lua_pop(L, 2);
    return script->host->rooms->configure(script->app, room, &options);
}

/* room:configure{capacity = 8, ...} */
static int room_configure(lua_State *L)
{
    ph_room_id room = check_room(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    return ph_lua_result(L, ph_lua_configure(L, room, 2));
}

static int push_options(lua_State *L, struct ph_lua_script *script, ph_room_id room)
{
    struct ph_room_options options = {.size = sizeof options};
    if (script->host->rooms->options(script->app, room, &options)) {
        lua_pushnil(L);
        return 1;
    }
    lua_newtable(L);
    const struct {
        const char *name;
        uint32_t number;
    } numbers[] = {{"capacity", options.capacity},
                   {"dispose_ms", options.dispose_ms},
                   {"grace_ms", options.grace_ms},
                   {"tick_hz", options.tick_hz}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        lua_pushinteger(L, numbers[i].number);
        lua_setfield(L, -2, numbers[i].name);
    }
    lua_pushboolean(L, options.unlisted);
    lua_setfield(L, -2, "unlisted");
    lua_pushboolean(L, options.locked);
    lua_setfield(L, -2, "locked");
    lua_pushstring(L, options.password);
    lua_setfield(L, -2, "password");
    ph_lua_push(L, script->app, options.metadata);
    lua_setfield(L, -2, "metadata");
    return 1;
}

/* A field; nil when the room is gone, but for id. */
static int room_field(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const struct ph_rooms *rooms = script->host->rooms;
    ph_room_id room = check_room(L, 1);
    const char *name = lua_tostring(L, 2);
    bool is_gone = rooms->name(script->app, room) == NULL;
    if (strcmp(name, "id") == 0)
        lua_pushinteger(L, (lua_Integer)room);
    else if (strcmp(name, "is_gone") == 0)
        lua_pushboolean(L, is_gone);
    else if (is_gone)
        lua_pushnil(L);
    else if (strcmp(name, "name") == 0)
        lua_pushstring(L, rooms->name(script->app, room));
    else if (strcmp(name, "extra") == 0)
        lua_pushstring(L, rooms->extra(script->app, room));
    else if (strcmp(name, "count") == 0)
        lua_pushinteger(L, (lua_Integer)rooms->count(script->app, room));
    else if (strcmp(name, "data") == 0)
        ph_lua_push_data(L, PH_LUA_ROOM, room);
    else if (strcmp(name, "options") == 0)
        return push_options(L, script, room);
    else
        return luaL_error(L, "a room has no '%s'; keep your own things in room.data", name);
    return 1;
}

/* playhouse.room(name) */
static int find_room(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_lua_push_object(L, PH_LUA_ROOM, script->host->rooms->find(script->app, luaL_checkstring(L, 1)));
    return 1;
}

/* Upvalue: the last room. */
static int next_room(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_room_id room = script->host->rooms->next(script->app, (ph_room_id)lua_tointeger(L, lua_upvalueindex(1)));
    lua_pushinteger(L, (lua_Integer)room);
    lua_replace(L, lua_upvalueindex(1));
    ph_lua_push_object(L, PH_LUA_ROOM, room);
    return 1;
}

/* for room in playhouse.rooms() */
static int all_rooms(lua_State *L)
{
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_room, 1);
    return 1;
}

/* playhouse.reserve(room name [, seats]) */
static int reserve(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const char *room = luaL_checkstring(L, 1);
    lua_Integer seats = luaL_optinteger(L, 2, 1);
    luaL_argcheck(L, seats >= 1 && seats <= INT32_MAX, 2, "seats, 1 or more");
    PH_LUA_NEED(L, script->host->rooms->reserve, "reservations");
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    return ph_lua_waiter_yield(
        L, waiter, script->host->rooms->reserve(script->app, room, (uint32_t)seats, ph_lua_waiter_done, waiter));
}

void ph_lua_open_rooms(lua_State *L)
{
    static const luaL_Reg methods[] = {{"members", room_members},
                                       {"broadcast", room_broadcast},
                                       {"broadcast_except", room_broadcast_except},
                                       {"broadcast_newest", room_broadcast_newest},
                                       {"broadcast_at_once", room_broadcast_at_once},
                                       {"call", room_call},
                                       {"close", room_close},
                                       {"configure", room_configure},
                                       {"after", ph_lua_room_after},
                                       {"every", ph_lua_room_every},
                                       {"shared", ph_lua_room_shared},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {{"room", find_room}, {"rooms", all_rooms}, {"members", all_members},
                                         {"send", send_to},   {"reserve", reserve}, {NULL, NULL}};
    ph_lua_make_class(L, PH_LUA_ROOM, methods, room_field);
    luaL_setfuncs(L, functions, 0);
}
