/* SPDX-License-Identifier: MIT */
/* playhouse.*: log, json, metrics, options, refuse, spawn, reload, fail. docs/lua.md. */
#include <string.h>

#include "script.h"

const char ph_lua_refusal = 'r'; /* key of the registry: the metatable of what refuse raises */

/* Log */

static int write_log(lua_State *L, enum ph_app_log_level level)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    int n = lua_gettop(L);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (int i = 1; i <= n; i++) {
        if (i > 1)
            luaL_addchar(&buffer, ' ');
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    script->host->log->write(script->app, level, lua_tostring(L, -1));
    return 0;
}

static int log_error(lua_State *L) { return write_log(L, PH_APP_LOG_ERROR); }
static int log_warning(lua_State *L) { return write_log(L, PH_APP_LOG_WARNING); }
static int log_info(lua_State *L) { return write_log(L, PH_APP_LOG_INFO); }
static int log_debug(lua_State *L) { return write_log(L, PH_APP_LOG_DEBUG); }

/* JSON */

/* json.encode(value) -> text */
static int json_encode(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    size_t length;
    const char *text = script->host->values->to_json(script->app, ph_lua_take(L, script->app, 1), &length);
    if (!text)
        return luaL_error(L, "this value cannot be said in JSON, or is too large");
    ph_lua_charge(L, length);
    lua_pushlstring(L, text, length);
    return 1;
}

/* json.decode(text) -> value, or nil and what is wrong */
static int json_decode(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length), *fault = NULL;
    ph_lua_charge(L, length);
    const struct ph_value *value = script->host->values->from_json(script->app, text, length, &fault);
    if (!value) {
        lua_pushnil(L);
        lua_pushstring(L, fault ? fault : "too large");
        return 2;
    }
    ph_lua_push(L, script->app, value);
    return 1;
}

/* Metrics */

static int metrics_add(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const char *name = luaL_checkstring(L, 1);
    lua_Number by = luaL_optnumber(L, 2, 1);
    if (script->host->metrics)
        script->host->metrics->add(script->app, name, by);
    return 0;
}

static int metrics_set(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const char *name = luaL_checkstring(L, 1);
    lua_Number to = luaL_checknumber(L, 2);
    if (script->host->metrics)
        script->host->metrics->set(script->app, name, to);
    return 0;
}

/* The rest */

/* option(name) -> text, or nil */
static int option(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    lua_pushstring(L, script->host->options->text(script->app, luaL_checkstring(L, 1)));
    return 1;
}

/* refuse(description) or refuse{description =, code =, application =, redirect =}: raises */
static int refuse(lua_State *L)
{
    lua_settop(L, 1);
    if (!lua_istable(L, 1)) {
        luaL_optstring(L, 1, NULL);
        lua_createtable(L, 0, 1);
        lua_insert(L, 1);
        lua_setfield(L, 1, "description");
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &ph_lua_refusal);
    lua_setmetatable(L, 1);
    return lua_error(L);
}

bool ph_lua_is_refusal(lua_State *L, int index)
{
    if (!lua_istable(L, index) || !lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &ph_lua_refusal);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static int refusal_text(lua_State *L)
{
    lua_getfield(L, 1, "description");
    lua_pushfstring(L, "refused: %s", luaL_optstring(L, -1, "no reason given"));
    return 1;
}

/* spawn(function, ...): runs now, until it waits */
static int spawn(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    struct ph_answer answer = {0};
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (!script->current)
        return luaL_error(L, "nothing can be spawned while the script is read; do it in load()");
    int n = lua_gettop(L) - 1;
    lua_pushvalue(L, 1);
    struct ph_lua_task *task = ph_lua_task_new(L, script, PH_LUA_TOLD, "spawned", "");
    task->room = script->current->room;
    if (!lua_checkstack(task->co, n)) {
        ph_lua_task_free(script, task);
        return luaL_error(L, "too many arguments");
    }
    lua_xmove(L, task->co, n);
    (void)ph_lua_task_run(L, task, n, &answer);
    ph_lua_stop_if_over(L);
    return 0;
}

/* reload(): begin anew when the present callback has returned */
static int reload(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    script->host->reload(script->app);
    return 0;
}

/* fail([description]): the application cannot go on */
static int fail(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    script->host->fail(script->app, luaL_optstring(L, 1, "the script gave up"));
    return 0;
}

static void add_table(lua_State *L, const char *name, const luaL_Reg *functions)
{
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_setfield(L, -2, name);
}

void ph_lua_open_api(lua_State *L)
{
    static const luaL_Reg log[] = {
        {"error", log_error}, {"warning", log_warning}, {"info", log_info}, {"debug", log_debug}, {NULL, NULL}};
    static const luaL_Reg json[] = {{"encode", json_encode}, {"decode", json_decode}, {NULL, NULL}};
    static const luaL_Reg metrics[] = {{"add", metrics_add}, {"set", metrics_set}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"option", option}, {"refuse", refuse}, {"spawn", spawn},
                                         {"reload", reload}, {"fail", fail},     {NULL, NULL}};
    add_table(L, "log", log);
    add_table(L, "json", json);
    add_table(L, "metrics", metrics);
    luaL_setfuncs(L, functions, 0);
    lua_pushstring(L, ph_lua_script_of(L)->app->name);
    lua_setfield(L, -2, "app");
    lua_pushcfunction(L, log_info);
    lua_setglobal(L, "print");
    lua_newtable(L);
    lua_pushcfunction(L, refusal_text);
    lua_setfield(L, -2, "__tostring");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &ph_lua_refusal);
}
