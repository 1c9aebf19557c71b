/* SPDX-License-Identifier: MIT */
/* The basic functions: those that catch errors pass on the end of a budget, and nothing loads code. */
#include "sandbox.h"

#include <lualib.h>
#include <string.h>

/* Texts are what a C function works on; the rest of its work the allocator sees. */
static uint64_t text_steps(lua_State *L, int from)
{
    uint64_t steps = 1;
    for (int i = from; i <= lua_gettop(L); i++)
        if (lua_type(L, i) == LUA_TSTRING)
            steps += lua_rawlen(L, i) / 4;
    return steps;
}

static int call_metered(lua_State *L)
{
    ph_lua_charge(L, text_steps(L, 1));
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* They yield, or are asked who they are: they must be called directly. */
static bool is_light(const char *name)
{
    return strcmp(name, "yield") == 0 || strcmp(name, "isyieldable") == 0 || strcmp(name, "running") == 0;
}

void ph_lua_copy_metered(lua_State *L, lua_CFunction open, const char *const *names)
{
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
    for (; *names; names++) {
        if (lua_getfield(L, -1, *names) == LUA_TFUNCTION && !is_light(*names))
            lua_pushcclosure(L, call_metered, 1);
        lua_setfield(L, -3, *names);
    }
    lua_pop(L, 1);
}

static int finish_call(lua_State *L, int status, lua_KContext n_hidden)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - (int)n_hidden;
    ph_lua_stop_if_over(L);
    lua_pushboolean(L, false);
    lua_insert(L, -2);
    return 2;
}

static int base_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, true);
    lua_insert(L, 1);
    return finish_call(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_call), 0);
}

/* A handler of xpcall is not told of the end of the budget. */
static int handle_error(lua_State *L)
{
    if (ph_lua_sandbox_of(L)->over)
        return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int base_xpcall(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handle_error, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, true); /* f, handler, true, arguments -> f, handler, true, f, arguments */
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    return finish_call(L, lua_pcallk(L, lua_gettop(L) - 4, LUA_MULTRET, 2, 2, finish_call), 2);
}

/* What runs when something is collected would run in nobody's budget; tables whose keys alone are weak can make one
 * step of the collector take seconds. */
static int base_setmetatable(lua_State *L)
{
    int kind = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, kind == LUA_TNIL || kind == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (kind == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "__gc is not available");
        lua_pushliteral(L, "__mode");
        if (lua_rawget(L, 2) == LUA_TSTRING && strchr(lua_tostring(L, -1), 'k') && !strchr(lua_tostring(L, -1), 'v'))
            return luaL_error(L, "__mode \"k\" is not available; use \"kv\" or \"v\"");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int base_collectgarbage(lua_State *L)
{
    const char *what = luaL_optstring(L, 1, "count");
    if (strcmp(what, "count") != 0)
        return luaL_error(L, "collectgarbage can only \"count\"");
    lua_pushnumber(L, (lua_Number)ph_lua_sandbox_of(L)->used / 1024);
    return 1;
}

void ph_lua_open_base(lua_State *L)
{
    static const char *const standard[] = {"assert", "error",    "getmetatable", "ipairs", "next",
                                           "pairs",  "rawequal", "rawget",       "rawlen", "rawset",
                                           "select", "tonumber", "tostring",     "type",   NULL};
    static const luaL_Reg own[] = {{"pcall", base_pcall},
                                   {"xpcall", base_xpcall},
                                   {"setmetatable", base_setmetatable},
                                   {"collectgarbage", base_collectgarbage},
                                   {NULL, NULL}};
    lua_pushglobaltable(L);
    /* luaopen_base writes into the globals: let it write elsewhere, and take from there what is wanted */
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    ph_lua_copy_metered(L, luaopen_base, standard);
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    luaL_setfuncs(L, own, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, LUA_GNAME);
    lua_pushliteral(L, LUA_VERSION);
    lua_setfield(L, -2, "_VERSION");
    lua_pop(L, 1);
}
