/* SPDX-License-Identifier: MIT */
/* Coroutines that neither swallow the end of a budget nor stand between the host and what waits inside them. */
#include "sandbox.h"

#include <lualib.h>

enum {
    CLOSING_MAX = 100,    /* coroutines closed inside each other: each takes C stack */
    SWITCH_STEPS = 10000, /* a switch sets the hook's count back, so it looks at the clock itself */
};

const char ph_lua_waiting = 'w';

int ph_lua_wait(lua_State *L)
{
    lua_settop(L, 0);
    lua_pushlightuserdata(L, (void *)&ph_lua_waiting);
    return lua_yield(L, 1);
}

static lua_State *check_coroutine(lua_State *L, int index)
{
    lua_State *co = lua_tothread(L, index);
    luaL_argexpected(L, co, index, "thread");
    return co;
}

static bool is_running(lua_State *co)
{
    lua_Debug record;
    return lua_status(co) == LUA_OK && lua_getstack(co, 0, &record);
}

static bool is_resumable(lua_State *co)
{
    return lua_status(co) == LUA_YIELD || (lua_status(co) == LUA_OK && lua_gettop(co) > 0 && !is_running(co));
}

static int run_on(lua_State *L, lua_State *co, int n_arguments);

/* The host has answered what waited inside the coroutine: hand it in, and go on. What came lies on top. */
static int after_wait(lua_State *L, int status, lua_KContext base)
{
    (void)status;
    lua_State *co = lua_tothread(L, (int)base);
    return run_on(L, co, lua_gettop(L) - (int)base);
}

/* Resume `co`, at index 1 of L or as an upvalue that was copied there, with what lies on top of L. Returns the number
 * of results on L, or -1 with an error object there. Yields when the coroutine waits for the host. */
static int resume(lua_State *L, lua_State *co, int n_arguments)
{
    if (!is_resumable(co)) {
        lua_pushfstring(L, "cannot resume %s coroutine", is_running(co) ? "non-suspended" : "dead");
        return -1;
    }
    if (!lua_checkstack(co, n_arguments)) {
        lua_pushstring(L, "too many arguments to resume");
        return -1;
    }
    ph_lua_charge(L, SWITCH_STEPS + (uint64_t)n_arguments);
    lua_xmove(L, co, n_arguments);
    int n_results = 0;
    int status = ph_lua_resume(ph_lua_sandbox_of(L), co, n_arguments, &n_results);
    ph_lua_stop_if_over(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, n_results + 1)) {
        lua_pop(co, n_results);
        lua_pushstring(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, n_results);
    return n_results;
}

static bool is_waiting(lua_State *L, lua_State *co, int n_results)
{
    return n_results == 1 && lua_status(co) == LUA_YIELD && lua_touserdata(L, -1) == &ph_lua_waiting;
}

/* Index 1: the coroutine; index 2: true for resume, false for wrap. */
static int run_on(lua_State *L, lua_State *co, int n_arguments)
{
    int n_results = resume(L, co, n_arguments);
    if (n_results >= 0 && is_waiting(L, co, n_results)) {
        lua_settop(L, 2);
        lua_pushlightuserdata(L, (void *)&ph_lua_waiting);
        return lua_yieldk(L, 1, 2, after_wait);
    }
    if (lua_toboolean(L, 2)) {
        lua_pushboolean(L, n_results >= 0);
        lua_insert(L, -(n_results < 0 ? 1 : n_results) - 1);
        return (n_results < 0 ? 1 : n_results) + 1;
    }
    return n_results >= 0 ? n_results : lua_error(L);
}

static int co_resume(lua_State *L)
{
    lua_State *co = check_coroutine(L, 1);
    lua_pushboolean(L, true);
    lua_insert(L, 2);
    return run_on(L, co, lua_gettop(L) - 2);
}

/* Run what __close is waiting in `co`; each level takes C stack that Lua 5.4.4 does not count. */
static int close_coroutine(lua_State *L, lua_State *co)
{
    struct ph_lua_sandbox *sandbox = ph_lua_sandbox_of(L);
    if (sandbox->n_closing >= CLOSING_MAX)
        luaL_error(L, "too many coroutines are being closed inside each other");
    ph_lua_charge(L, SWITCH_STEPS);
    sandbox->n_closing++;
    lua_State *from = sandbox->running;
    sandbox->running = co;
    lua_sethook(co, lua_gethook(L), LUA_MASKCOUNT, sandbox->over ? 1 : sandbox->interval);
    int status = lua_resetthread(co);
    sandbox->running = from;
    sandbox->n_closing--;
    lua_sethook(L, lua_gethook(L), LUA_MASKCOUNT, sandbox->over ? 1 : sandbox->interval);
    ph_lua_stop_if_over(L);
    return status;
}

static int after_wrapped_wait(lua_State *L, int status, lua_KContext context);

/* Index 1: the coroutine; above it what goes in. */
static int run_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    int n_results = resume(L, co, lua_gettop(L) - 1);
    if (n_results >= 0) {
        if (!is_waiting(L, co, n_results))
            return n_results;
        lua_settop(L, 1);
        lua_pushlightuserdata(L, (void *)&ph_lua_waiting);
        return lua_yieldk(L, 1, 1, after_wrapped_wait);
    }
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD && close_coroutine(L, co) != LUA_OK)
        lua_xmove(co, L, 1); /* the error, or the one that came while closing */
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int after_wrapped_wait(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    return run_wrapped(L);
}

static int call_wrapped(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    return run_wrapped(L);
}

static int co_create(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int co_wrap(lua_State *L)
{
    co_create(L);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

static int co_close(lua_State *L)
{
    lua_State *co = check_coroutine(L, 1);
    if (is_running(co))
        return luaL_error(L, "cannot close a running coroutine");
    if (close_coroutine(L, co) == LUA_OK) {
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushboolean(L, false);
    lua_xmove(co, L, 1);
    return 2;
}

void ph_lua_open_coroutine(lua_State *L)
{
    static const char *const standard[] = {"isyieldable", "running", "status", "yield", NULL};
    static const luaL_Reg own[] = {
        {"close", co_close}, {"create", co_create}, {"resume", co_resume}, {"wrap", co_wrap}, {NULL, NULL}};
    luaL_newlib(L, own);
    ph_lua_copy_metered(L, luaopen_coroutine, standard);
    lua_setglobal(L, LUA_COLIBNAME);
}
