/* SPDX-License-Identifier: MIT */
/* playhouse.store, playhouse.http and playhouse.streams: what waits for disk and network. docs/lua.md. */
#include <string.h>

#include "script.h"

enum { HEADERS_MAX = 64, LIST_MOST = 100 };

/* Store */

static int push_true(lua_State *L, struct ph_lua_waiter *waiter, const struct ph_value *value)
{
    (void)waiter, (void)value;
    lua_pushboolean(L, true);
    return 1;
}

static const struct ph_store_service *store_of(lua_State *L, struct ph_lua_script *script)
{
    PH_LUA_NEED(L, script->host->store, "store");
    return script->host->store;
}

/* store.get(key) */
static int store_get(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const struct ph_store_service *store = store_of(L, script);
    const char *key = luaL_checkstring(L, 1);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    return ph_lua_waiter_yield(L, waiter, store->get(script->app, key, ph_lua_waiter_done, waiter));
}

/* store.put(key, value) */
static int store_put(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const struct ph_store_service *store = store_of(L, script);
    const char *key = luaL_checkstring(L, 1);
    const struct ph_value *value = ph_lua_take(L, script->app, 2);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    waiter->push = push_true;
    return ph_lua_waiter_yield(L, waiter, store->put(script->app, key, value, ph_lua_waiter_done, waiter));
}

/* store.remove(key) */
static int store_remove(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const struct ph_store_service *store = store_of(L, script);
    const char *key = luaL_checkstring(L, 1);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    waiter->push = push_true;
    return ph_lua_waiter_yield(L, waiter, store->remove(script->app, key, ph_lua_waiter_done, waiter));
}

/* store.list([prefix [, after [, most]]]) */
static int store_list(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const struct ph_store_service *store = store_of(L, script);
    const char *prefix = luaL_optstring(L, 1, ""), *behind = luaL_optstring(L, 2, NULL);
    lua_Integer most = luaL_optinteger(L, 3, LIST_MOST);
    luaL_argcheck(L, most >= 1 && most <= INT32_MAX, 3, "1 or more");
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    return ph_lua_waiter_yield(L, waiter,
                               store->list(script->app, prefix, behind, (uint32_t)most, ph_lua_waiter_done, waiter));
}

/* HTTP */

/* {status, headers, body}, the body as a text. */
static int push_reply(lua_State *L, struct ph_lua_waiter *waiter, const struct ph_value *value)
{
    const struct ph_values *values = waiter->script->host->values;
    size_t length;
    const char *body = values->text(values->get(value, "body"), &length);
    lua_newtable(L);
    ph_lua_push(L, waiter->script->app, values->get(value, "status"));
    lua_setfield(L, -2, "status");
    ph_lua_push(L, waiter->script->app, values->get(value, "headers"));
    lua_setfield(L, -2, "headers");
    lua_pushlstring(L, body, length);
    lua_setfield(L, -2, "body");
    return 1;
}

/* "Name: value" texts of the table at `index`; they live in a table that is left on the stack. */
static void take_headers(lua_State *L, int index, const char *headers[HEADERS_MAX + 1])
{
    size_t n = 0;
    luaL_checktype(L, index, LUA_TTABLE);
    lua_newtable(L);
    int kept = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (n == HEADERS_MAX)
            luaL_error(L, "more than %d headers", HEADERS_MAX);
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
            luaL_error(L, "headers are texts by name");
        headers[n++] = lua_pushfstring(L, "%s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
        lua_rawseti(L, kept, (lua_Integer)n);
        lua_pop(L, 1);
    }
    headers[n] = NULL;
}

static uint32_t optional_number(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    lua_Integer number = luaL_optinteger(L, -1, 0);
    if (number < 0 || number > UINT32_MAX)
        luaL_error(L, "%s is out of range", name);
    lua_pop(L, 1);
    return (uint32_t)number;
}

/* The field stays on the stack, so that the text lives. */
static const char *optional_text(lua_State *L, int index, const char *name, size_t *length)
{
    lua_getfield(L, index, name);
    return luaL_optlstring(L, -1, NULL, length);
}

/* http.request{url = ..., method = ..., headers = {...}, body = ..., timeout_ms = ..., reply_max = ...} */
static int http_request(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    PH_LUA_NEED(L, script->host->http, "HTTP client");
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    const char *headers[HEADERS_MAX + 1] = {NULL};
    struct ph_http_request request = {.size = sizeof request};
    request.url = optional_text(L, 1, "url", NULL);
    request.method = optional_text(L, 1, "method", NULL);
    request.body = optional_text(L, 1, "body", &request.body_length);
    request.timeout_ms = optional_number(L, 1, "timeout_ms");
    request.reply_max = optional_number(L, 1, "reply_max");
    if (lua_getfield(L, 1, "headers") != LUA_TNIL)
        take_headers(L, lua_gettop(L), headers);
    request.headers = headers[0] ? headers : NULL;
    if (!request.url)
        return luaL_error(L, "the request has no url");
    if (!request.body)
        request.body_length = 0;
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    waiter->push = push_reply;
    return ph_lua_waiter_yield(L, waiter,
                               script->host->http->request(script->app, &request, ph_lua_waiter_done, waiter));
}

/* http.get(url) */
static int http_get(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_createtable(L, 0, 1);
    lua_insert(L, 1);
    lua_setfield(L, 1, "url");
    return http_request(L);
}

/* http.post(url, body [, content type]) */
static int http_post(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    const char *type = luaL_optstring(L, 3, "application/json");
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "url");
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "body");
    lua_createtable(L, 0, 1);
    lua_pushstring(L, type);
    lua_setfield(L, -2, "Content-Type");
    lua_setfield(L, -2, "headers");
    lua_replace(L, 1);
    return http_request(L);
}

/* Streams */

/* streams.list() */
static int streams_list(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    PH_LUA_NEED(L, script->host->streams, "list of streams");
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    return ph_lua_waiter_yield(L, waiter, script->host->streams->list(script->app, ph_lua_waiter_done, waiter));
}

/* streams.stop(path [, description]) */
static int streams_stop(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    PH_LUA_NEED(L, script->host->streams, "list of streams");
    const char *path = luaL_checkstring(L, 1), *description = luaL_optstring(L, 2, NULL);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    waiter->push = push_true;
    return ph_lua_waiter_yield(L, waiter,
                               script->host->streams->stop(script->app, path, description, ph_lua_waiter_done, waiter));
}

void ph_lua_open_waits(lua_State *L)
{
    static const luaL_Reg store[] = {
        {"get", store_get}, {"put", store_put}, {"remove", store_remove}, {"list", store_list}, {NULL, NULL}};
    static const luaL_Reg http[] = {{"request", http_request}, {"get", http_get}, {"post", http_post}, {NULL, NULL}};
    static const luaL_Reg streams[] = {{"list", streams_list}, {"stop", streams_stop}, {NULL, NULL}};
    luaL_newlib(L, store);
    lua_setfield(L, -2, "store");
    luaL_newlib(L, http);
    lua_setfield(L, -2, "http");
    luaL_newlib(L, streams);
    lua_setfield(L, -2, "streams");
}
