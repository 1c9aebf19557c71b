/* SPDX-License-Identifier: MIT */
/* The table library. What these functions do is Lua 5.4's; each step is charged, so that a length of 10^15 that a
 * metatable claims ends with the budget. Sorting merges: it is stable, and a bad comparator costs no more than a good
 * one. */
#include "sandbox.h"

#include <limits.h>
#include <lualib.h>

/* Anything that says how it is read, written and measured will do instead of a table. */
enum { READ = 1, WRITE = 2, LENGTH = 4 };

static bool has_field(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    bool found = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    return found;
}

static void check_table(lua_State *L, int index, int needs)
{
    if (lua_istable(L, index))
        return;
    bool will_do = lua_getmetatable(L, index);
    if (will_do) {
        will_do = (!(needs & READ) || has_field(L, "__index")) && (!(needs & WRITE) || has_field(L, "__newindex")) &&
                  (!(needs & LENGTH) || has_field(L, "__len"));
        lua_pop(L, 1);
    }
    if (!will_do)
        luaL_checktype(L, index, LUA_TTABLE);
}

static lua_Integer length_of(lua_State *L, int index, int needs)
{
    check_table(L, index, needs | LENGTH);
    return luaL_len(L, index);
}

static void copy_item(lua_State *L, int from, lua_Integer at, int to, lua_Integer place)
{
    ph_lua_charge(L, 4);
    lua_geti(L, from, at);
    lua_seti(L, to, place);
}

static int table_insert(lua_State *L)
{
    lua_Integer end = (lua_Integer)((lua_Unsigned)length_of(L, 1, READ | WRITE) + 1);
    lua_Integer at = end;
    switch (lua_gettop(L)) {
    case 2:
        break;
    case 3:
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)at - 1 < (lua_Unsigned)end, 2, "position out of bounds");
        for (lua_Integer i = end; i > at; i--)
            copy_item(L, 1, i - 1, 1, i);
        break;
    default:
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_seti(L, 1, at);
    return 0;
}

static int table_remove(lua_State *L)
{
    lua_Integer size = length_of(L, 1, READ | WRITE);
    lua_Integer at = luaL_optinteger(L, 2, size);
    luaL_argcheck(L, at == size || (lua_Unsigned)at - 1 <= (lua_Unsigned)size, 2, "position out of bounds");
    lua_geti(L, 1, at);
    for (; at < size; at++)
        copy_item(L, 1, at + 1, 1, at);
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

static int table_move(lua_State *L)
{
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    check_table(L, 1, READ);
    check_table(L, target, WRITE);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
        lua_Integer n = last - first + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
        bool upwards = to > last || to <= first || (target != 1 && !lua_compare(L, 1, target, LUA_OPEQ));
        for (lua_Integer i = 0; i < n; i++) {
            lua_Integer at = upwards ? i : n - 1 - i;
            copy_item(L, 1, first + at, target, to + at);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

static void add_item(lua_State *L, luaL_Buffer *buffer, lua_Integer at)
{
    ph_lua_charge(L, 4);
    lua_geti(L, 1, at);
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1), (LUAI_UACINT)at);
    luaL_addvalue(buffer);
}

static int table_concat(lua_State *L)
{
    lua_Integer size = length_of(L, 1, READ);
    size_t separator_length;
    const char *separator = luaL_optlstring(L, 2, "", &separator_length);
    lua_Integer at = luaL_optinteger(L, 3, 1), last = luaL_optinteger(L, 4, size);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (; at < last; at++) {
        add_item(L, &buffer, at);
        luaL_addlstring(&buffer, separator, separator_length);
    }
    if (at == last)
        add_item(L, &buffer, at);
    luaL_pushresult(&buffer);
    return 1;
}

static int table_pack(lua_State *L)
{
    int n = lua_gettop(L);
    ph_lua_charge(L, (uint64_t)n);
    lua_createtable(L, n, 1);
    lua_insert(L, 1);
    for (int i = n; i >= 1; i--)
        lua_rawseti(L, 1, i);
    lua_pushinteger(L, n);
    lua_setfield(L, 1, "n");
    return 1;
}

static int table_unpack(lua_State *L)
{
    lua_Integer at = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (at > last)
        return 0;
    lua_Unsigned n = (lua_Unsigned)last - (lua_Unsigned)at;
    if (n >= INT_MAX || !lua_checkstack(L, (int)++n))
        return luaL_error(L, "too many results to unpack");
    for (; at < last; at++) {
        ph_lua_charge(L, 2);
        lua_geti(L, 1, at);
    }
    lua_geti(L, 1, last);
    return (int)n;
}

enum { FUNCTION = 2, FROM = 3, TO = 4 }; /* places on the stack of sort */

/* Does the item on top come before the one below it? Both stay. */
static bool is_top_less(lua_State *L)
{
    ph_lua_charge(L, 8);
    if (lua_isnil(L, FUNCTION))
        return lua_compare(L, -1, -2, LUA_OPLT);
    lua_pushvalue(L, FUNCTION);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_call(L, 2, 1);
    bool less = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return less;
}

/* Merge FROM[begin, middle) and FROM[middle, end) into TO[begin, end). */
static void merge(lua_State *L, lua_Integer begin, lua_Integer middle, lua_Integer end)
{
    lua_Integer left = begin, right = middle;
    for (lua_Integer at = begin; at < end; at++) {
        bool take_right = left == middle;
        if (!take_right && right < end) {
            lua_rawgeti(L, FROM, left);
            lua_rawgeti(L, FROM, right);
            take_right = is_top_less(L);
            lua_pop(L, 2);
        }
        ph_lua_charge(L, 2);
        lua_rawgeti(L, FROM, take_right ? right++ : left++);
        lua_rawseti(L, TO, at);
    }
}

static int table_sort(lua_State *L)
{
    lua_Integer size = length_of(L, 1, READ | WRITE);
    if (size < 2)
        return 0;
    luaL_argcheck(L, size < INT_MAX, 1, "array too big");
    if (!lua_isnoneornil(L, FUNCTION))
        luaL_checktype(L, FUNCTION, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_newtable(L);
    lua_newtable(L);
    for (lua_Integer i = 1; i <= size; i++)
        copy_item(L, 1, i, FROM, i);
    for (lua_Integer width = 1; width < size; width *= 2) {
        for (lua_Integer begin = 1; begin <= size; begin += 2 * width) {
            lua_Integer middle = begin + width <= size ? begin + width : size + 1;
            lua_Integer end = middle + width <= size ? middle + width : size + 1;
            merge(L, begin, middle, end);
        }
        lua_insert(L, FROM); /* they change places */
    }
    for (lua_Integer i = 1; i <= size; i++)
        copy_item(L, FROM, i, 1, i);
    return 0;
}

void ph_lua_open_table(lua_State *L)
{
    static const luaL_Reg own[] = {
        {"concat", table_concat}, {"insert", table_insert}, {"move", table_move},     {"pack", table_pack},
        {"remove", table_remove}, {"sort", table_sort},     {"unpack", table_unpack}, {NULL, NULL}};
    luaL_newlib(L, own);
    lua_setglobal(L, LUA_TABLIBNAME);
}
