/* SPDX-License-Identifier: MIT */
/* Timers: playhouse.after, every, sleep, room:after, room:every, timer:stop: docs/lua.md. */
#include <stdlib.h>

#include "script.h"

static void unlink_timer(struct ph_lua_timer *timer)
{
    struct ph_lua_script *script = timer->script;
    if (timer->next)
        timer->next->previous = timer->previous;
    if (timer->previous)
        timer->previous->next = timer->next;
    else
        script->timers = timer->next;
    free(timer);
}

static int forget(lua_State *L)
{
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, lua_touserdata(L, 1));
    return 0;
}

static void on_fire(struct ph_app *app, ph_timer_id id, void *user)
{
    (void)app, (void)id;
    struct ph_lua_timer *timer = user;
    struct ph_lua_script *script = timer->script;
    bool is_repeated = timer->is_repeated; /* what runs may stop it */
    ph_lua_run_kept(script, timer, timer->room, "timer");
    if (is_repeated)
        return;
    (void)ph_lua_enter(script, forget, timer, 0, "timer");
    unlink_timer(timer);
}

static uint32_t check_ms(lua_State *L, int index, lua_Integer least)
{
    lua_Number ms = luaL_checknumber(L, index);
    luaL_argcheck(L, ms >= (lua_Number)least && ms <= UINT32_MAX, index, "milliseconds");
    return (uint32_t)ms;
}

/* The milliseconds at `index`, the function behind it. */
static int start(lua_State *L, ph_room_id room, int index, bool is_repeated)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    uint32_t ms = check_ms(L, index, is_repeated ? 1 : 0);
    luaL_checktype(L, index + 1, LUA_TFUNCTION);
    struct ph_lua_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return ph_lua_result(L, PH_E_MEMORY);
    *timer = (struct ph_lua_timer){.script = script, .room = room, .is_repeated = is_repeated, .next = script->timers};
    if (timer->next)
        timer->next->previous = timer;
    script->timers = timer;
    int error = script->host->timers->start(script->app, room, ms, is_repeated ? ms : 0, on_fire, timer, &timer->id);
    if (error) {
        unlink_timer(timer);
        return ph_lua_result(L, error);
    }
    lua_pushvalue(L, index + 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, timer); /* raises: the timer calls nil, and that is reported */
    ph_lua_push_object(L, PH_LUA_TIMER, timer->id);
    return 1;
}

/* playhouse.after(milliseconds, function) */
static int after(lua_State *L) { return start(L, 0, 1, false); }

/* playhouse.every(milliseconds, function) */
static int every(lua_State *L) { return start(L, 0, 1, true); }

int ph_lua_room_after(lua_State *L) { return start(L, ph_lua_check_object(L, 1, PH_LUA_ROOM), 2, false); }

int ph_lua_room_every(lua_State *L) { return start(L, ph_lua_check_object(L, 1, PH_LUA_ROOM), 2, true); }

/* timer:stop() */
static int timer_stop(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_timer_id id = ph_lua_check_object(L, 1, PH_LUA_TIMER);
    int error = script->host->timers->stop(script->app, id);
    for (struct ph_lua_timer *timer = error ? NULL : script->timers; timer; timer = timer->next)
        if (timer->id == id) {
            lua_pushnil(L);
            lua_rawsetp(L, LUA_REGISTRYINDEX, timer);
            unlink_timer(timer);
            break;
        }
    return ph_lua_result(L, error);
}

static int timer_field(lua_State *L) { return luaL_error(L, "a timer has no '%s', only stop()", lua_tostring(L, 2)); }

void ph_lua_end_timers(lua_State *L, ph_room_id room)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    for (struct ph_lua_timer *timer = script->timers, *next; timer; timer = next) {
        next = timer->next;
        if (timer->room != room)
            continue;
        (void)script->host->timers->stop(script->app, timer->id);
        lua_pushnil(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, timer);
        unlink_timer(timer);
    }
}

static void on_slept(struct ph_app *app, ph_timer_id id, void *user)
{
    (void)id;
    ph_lua_waiter_done(app, user, 0, NULL);
}

/* playhouse.sleep(milliseconds) */
static int sleep_for(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    uint32_t ms = check_ms(L, 1, 0);
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    return ph_lua_waiter_yield(L, waiter,
                               script->host->timers->start(script->app, 0, ms, 0, on_slept, waiter, &waiter->id));
}

/* playhouse.now_ms(): monotonic; playhouse.time_ms(): since 1970 */
static int now_ms(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    lua_pushinteger(L, (lua_Integer)script->host->timers->now_ms(script->app));
    return 1;
}

static int time_ms(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    lua_pushinteger(L, (lua_Integer)script->host->timers->wall_ms(script->app));
    return 1;
}

void ph_lua_open_timers(lua_State *L)
{
    static const luaL_Reg methods[] = {{"stop", timer_stop}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"after", after},   {"every", every},     {"sleep", sleep_for},
                                         {"now_ms", now_ms}, {"time_ms", time_ms}, {NULL, NULL}};
    ph_lua_make_class(L, PH_LUA_TIMER, methods, timer_field);
    luaL_setfuncs(L, functions, 0);
}
