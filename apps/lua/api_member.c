/* SPDX-License-Identifier: MIT */
/* Members, as scripts see them: docs/lua.md. */
#include <string.h>

#include "script.h"

static ph_member_id check_member(lua_State *L, int index) { return ph_lua_check_object(L, index, PH_LUA_MEMBER); }

/* member:send(method, ...) */
static int member_send(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_member_id member = check_member(L, 1);
    const char *method = luaL_checkstring(L, 2);
    struct ph_value *arguments = ph_lua_take_items(L, script->app, 3);
    return ph_lua_result(L, script->host->members->call(script->app, member, method, arguments, 0, NULL, NULL));
}

static int call(lua_State *L, int method_index, uint32_t timeout_ms)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_member_id member = check_member(L, 1);
    const char *method = luaL_checkstring(L, method_index);
    struct ph_value *arguments = ph_lua_take_items(L, script->app, method_index + 1);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    int error = script->host->members->call(script->app, member, method, arguments, timeout_ms, ph_lua_waiter_done,
                                            waiter);
    return ph_lua_waiter_yield(L, waiter, error);
}

/* member:call(method, ...) */
static int member_call(lua_State *L) { return call(L, 2, 0); }

/* member:call_within(milliseconds, method, ...) */
static int member_call_within(lua_State *L)
{
    lua_Integer timeout_ms = luaL_checkinteger(L, 2);
    luaL_argcheck(L, timeout_ms >= 1 && timeout_ms <= UINT32_MAX, 2, "milliseconds, 1 or more");
    return call(L, 3, (uint32_t)timeout_ms);
}

/* member:kick([description [, code]]) */
static int member_kick(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    return ph_lua_result(L, script->host->members->kick(script->app, check_member(L, 1), luaL_optstring(L, 3, NULL),
                                                        luaL_optstring(L, 2, NULL)));
}

/* "" and true when all went well. */
static int push_true(lua_State *L, struct ph_lua_waiter *waiter, const struct ph_value *value)
{
    (void)waiter, (void)value;
    lua_pushboolean(L, true);
    return 1;
}

/* member:move(room) */
static int member_move(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_member_id member = check_member(L, 1);
    const char *room = lua_type(L, 2) == LUA_TUSERDATA
                           ? script->host->rooms->name(script->app, ph_lua_check_object(L, 2, PH_LUA_ROOM))
                           : luaL_checkstring(L, 2);
    if (!room)
        return ph_lua_result(L, PH_E_GONE);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    waiter->push = push_true;
    return ph_lua_waiter_yield(L, waiter,
                               script->host->members->move(script->app, member, room, ph_lua_waiter_done, waiter));
}

static int push_room(lua_State *L, struct ph_lua_waiter *waiter, const struct ph_value *value)
{
    const struct ph_lua_script *script = waiter->script;
    const char *name = script->host->values->text(value, NULL);
    ph_lua_push_object(L, PH_LUA_ROOM, script->host->rooms->find(script->app, name));
    return 1;
}

/* member:join_or_create(filter [, beginning of the name]) */
static int member_join_or_create(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_member_id member = check_member(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    const char *prefix = luaL_optstring(L, 3, "");
    const struct ph_value *filter = ph_lua_take(L, script->app, 2);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    waiter->push = push_room;
    return ph_lua_waiter_yield(
        L, waiter, script->host->members->join(script->app, member, prefix, filter, ph_lua_waiter_done, waiter));
}

/* member:get(attribute) */
static int member_get(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_lua_push(L, script->app,
                script->host->members->attribute(script->app, check_member(L, 1), luaL_checkstring(L, 2)));
    return 1;
}

/* member:set(attribute, value) */
static int member_set(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_member_id member = check_member(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const struct ph_value *value = lua_isnoneornil(L, 3) ? NULL : ph_lua_take(L, script->app, 3);
    return ph_lua_result(L, script->host->members->set_attribute(script->app, member, name, value));
}

static bool push_text_field(lua_State *L, const struct ph_member_info *info, const char *name)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"address", info->address},
                 {"protocol", info->protocol},
                 {"user", info->user},
                 {"path", info->path},
                 {"query", info->query}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0) {
            lua_pushstring(L, texts[i].text);
            return true;
        }
    return false;
}

/* A field; nil when the member is gone, but for id and data. */
static int member_field(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_member_id member = check_member(L, 1);
    const char *name = lua_tostring(L, 2);
    struct ph_member_info info = {.size = sizeof info};
    bool is_gone = script->host->members->info(script->app, member, &info) != 0;
    if (strcmp(name, "id") == 0)
        lua_pushinteger(L, (lua_Integer)member);
    else if (strcmp(name, "is_gone") == 0)
        lua_pushboolean(L, is_gone);
    else if (is_gone)
        lua_pushnil(L);
    else if (strcmp(name, "data") == 0)
        ph_lua_push_data(L, PH_LUA_MEMBER, member);
    else if (strcmp(name, "room") == 0)
        ph_lua_push_object(L, PH_LUA_ROOM, info.room);
    else if (strcmp(name, "properties") == 0)
        ph_lua_push(L, script->app, info.properties);
    else if (strcmp(name, "arguments") == 0)
        ph_lua_push(L, script->app, info.arguments);
    else if (strcmp(name, "connected_ms") == 0)
        lua_pushinteger(L, (lua_Integer)info.connected_ms);
    else if (strcmp(name, "is_dropped") == 0)
        lua_pushboolean(L, info.is_dropped);
    else if (!push_text_field(L, &info, name))
        return luaL_error(L, "a member has no '%s'; keep your own things in member.data", name);
    return 1;
}

void ph_lua_open_members(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"send", member_send}, {"call", member_call}, {"call_within", member_call_within},       {"kick", member_kick},
        {"move", member_move}, {"get", member_get},   {"join_or_create", member_join_or_create}, {"set", member_set},
        {NULL, NULL}};
    ph_lua_make_class(L, PH_LUA_MEMBER, methods, member_field);
}
