/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "script.h"

static const char *const class_names[] = {
    [PH_LUA_MEMBER] = "member", [PH_LUA_ROOM] = "room", [PH_LUA_TIMER] = "timer", [PH_LUA_SHARED] = "shared object"};

/* Keys of the registry, by kind: the metatable, the objects by number (weak), the tables `data` by number. */
static const char metatables[PH_LUA_KINDS], objects[PH_LUA_KINDS], data[PH_LUA_KINDS];

void ph_lua_push_object(lua_State *L, enum ph_lua_kind kind, uint64_t id)
{
    if (!id) {
        lua_pushnil(L);
        return;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &objects[kind]);
    if (lua_rawgeti(L, -1, (lua_Integer)id) == LUA_TNIL) {
        lua_pop(L, 1);
        *(uint64_t *)lua_newuserdatauv(L, sizeof id, 0) = id;
        lua_rawgetp(L, LUA_REGISTRYINDEX, &metatables[kind]);
        lua_setmetatable(L, -2);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (lua_Integer)id);
    }
    lua_remove(L, -2);
}

uint64_t ph_lua_check_object(lua_State *L, int index, enum ph_lua_kind kind)
{
    bool is_it = lua_type(L, index) == LUA_TUSERDATA && lua_getmetatable(L, index);
    if (is_it) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &metatables[kind]);
        is_it = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    luaL_argexpected(L, is_it, index, class_names[kind]);
    return *(uint64_t *)lua_touserdata(L, index);
}

void ph_lua_push_data(lua_State *L, enum ph_lua_kind kind, uint64_t id)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &data[kind]);
    if (lua_rawgeti(L, -1, (lua_Integer)id) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, (lua_Integer)id);
    }
    lua_remove(L, -2);
}

void ph_lua_drop_data(lua_State *L, enum ph_lua_kind kind, uint64_t id)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &data[kind]);
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)id);
    lua_pop(L, 1);
}

/* Upvalues: methods, the function for fields. */
static int index_object(lua_State *L)
{
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    luaL_checkstring(L, 2);
    return lua_tocfunction(L, lua_upvalueindex(2))(L);
}

static int no_new_field(lua_State *L)
{
    return luaL_error(L, "'%s' cannot be set here; keep your own things in .data", luaL_tolstring(L, 2, NULL));
}

/* Upvalue: the name of the class. */
static int object_text(lua_State *L)
{
    lua_pushfstring(L, "%s %I", lua_tostring(L, lua_upvalueindex(1)), (LUAI_UACINT) * (uint64_t *)lua_touserdata(L, 1));
    return 1;
}

void ph_lua_make_class(lua_State *L, enum ph_lua_kind kind, const luaL_Reg *methods, lua_CFunction field)
{
    lua_newtable(L);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushcfunction(L, field);
    lua_pushcclosure(L, index_object, 2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, no_new_field);
    lua_setfield(L, -2, "__newindex");
    lua_pushstring(L, class_names[kind]);
    lua_pushcclosure(L, object_text, 1);
    lua_setfield(L, -2, "__tostring");
    lua_pushstring(L, class_names[kind]);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatables[kind]);
}

void ph_lua_open_objects(lua_State *L)
{
    for (int kind = 0; kind < PH_LUA_KINDS; kind++) {
        lua_newtable(L);
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "v");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &objects[kind]);
        lua_newtable(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &data[kind]);
    }
}
