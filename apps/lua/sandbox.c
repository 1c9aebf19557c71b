/* SPDX-License-Identifier: MIT */
#include "sandbox.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lualib.h>

enum {
    INTERVAL = 1000,     /* instructions: some microseconds */
    SHORT_INTERVAL = 32, /* one instruction on a text of 1 MiB may take a millisecond and more */
    LOOK_STEPS = 10000,  /* charged steps between two looks at the clock */
    FIRST_LOOK_NS = 1000000,
    BYTES_PER_STEP = 64, /* of memory that is asked for */
};

static uint64_t clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct ph_lua_sandbox *ph_lua_sandbox_of(lua_State *L) { return *(struct ph_lua_sandbox **)lua_getextraspace(L); }

/* Asking for processor time is a system call, asking what time it is is none: most callbacks are over before the former
 * is asked for. The time up to then counts as used, but never as more than FIRST_LOOK_NS. */
static uint64_t used_ns(struct ph_lua_sandbox *sandbox, uint64_t wall_ns)
{
    uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    if (!sandbox->began_cpu_ns) {
        uint64_t gone_ns = wall_ns - sandbox->began_wall_ns;
        uint64_t used = gone_ns < FIRST_LOOK_NS ? gone_ns : FIRST_LOOK_NS;
        sandbox->began_cpu_ns = cpu_ns > used ? cpu_ns - used : 1;
    }
    return cpu_ns - sandbox->began_cpu_ns;
}

static bool is_over(struct ph_lua_sandbox *sandbox)
{
    if (sandbox->over || sandbox->depth == 0)
        return sandbox->over;
    sandbox->look = sandbox->work + LOOK_STEPS;
    uint64_t wall_ns = clock_ns(CLOCK_MONOTONIC);
    if (wall_ns < sandbox->look_wall_ns)
        return false;
    uint64_t used = used_ns(sandbox, wall_ns), budget = (uint64_t)sandbox->limits.budget_us * 1000;
    sandbox->over = used >= budget;
    sandbox->look_wall_ns = wall_ns + (sandbox->over ? 0 : budget - used);
    return sandbox->over;
}

static void on_count(lua_State *L, lua_Debug *record)
{
    (void)record;
    if (is_over(ph_lua_sandbox_of(L)))
        ph_lua_stop_if_over(L);
}

/* Sets fields only, so it is allowed inside the allocator too. */
static void set_interval(struct ph_lua_sandbox *sandbox, int interval)
{
    sandbox->interval = interval;
    if (sandbox->running)
        lua_sethook(sandbox->running, on_count, LUA_MASKCOUNT, interval);
}

void ph_lua_stop_if_over(lua_State *L)
{
    struct ph_lua_sandbox *sandbox = ph_lua_sandbox_of(L);
    if (!sandbox->over)
        return;
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    luaL_where(L, 0);
    if (!*lua_tostring(L, -1)) { /* inside a C function: name who called it */
        lua_pop(L, 1);
        luaL_where(L, 1);
    }
    lua_pushfstring(L, "used more than its %d us of processor time", (int)sandbox->limits.budget_us);
    lua_concat(L, 2);
    lua_error(L);
}

void ph_lua_charge(lua_State *L, uint64_t steps)
{
    struct ph_lua_sandbox *sandbox = ph_lua_sandbox_of(L);
    sandbox->work += steps;
    if ((sandbox->work >= sandbox->look || sandbox->over) && is_over(sandbox))
        ph_lua_stop_if_over(L);
}

static void *allocate(void *user, void *block, size_t old_size, size_t size)
{
    struct ph_lua_sandbox *sandbox = user;
    bool is_text = !block && old_size == LUA_TSTRING;
    if (!block)
        old_size = 0; /* it was a type */
    if (size > old_size) {
        sandbox->work += (size - old_size) / BYTES_PER_STEP;
        bool refused = sandbox->used + (size - old_size) > sandbox->limits.memory ||
                       (is_text && size > sandbox->limits.text + 64); /* a header, a NUL */
        if (refused)                                                  /* a full collection follows */
            sandbox->look = sandbox->work;
        if (sandbox->work >= sandbox->look && sandbox->running && is_over(sandbox))
            set_interval(sandbox, 1);
        if (refused)
            return NULL;
    }
    void *fresh = NULL;
    if (size == 0)
        free(block);
    else if (!(fresh = realloc(block, size)))
        return NULL;
    sandbox->used += size - old_size;
    sandbox->n_large += (size_t)(size >= PH_LUA_LARGE) - (size_t)(old_size >= PH_LUA_LARGE);
    if (size >= PH_LUA_LARGE && sandbox->interval > SHORT_INTERVAL)
        set_interval(sandbox, SHORT_INTERVAL);
    return fresh;
}

static int open_libraries(lua_State *L)
{
    ph_lua_open_base(L);
    ph_lua_open_coroutine(L);
    ph_lua_open_table(L);
    ph_lua_open_string(L);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    lua_pushglobaltable(L); /* errors look up the names of functions there */
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    return 0;
}

int ph_lua_sandbox_init(struct ph_lua_sandbox *sandbox, const struct ph_lua_limits *limits)
{
    memset(sandbox, 0, sizeof *sandbox);
    sandbox->limits = *limits;
    if (!sandbox->limits.memory)
        sandbox->limits.memory = 32 * 1024 * 1024;
    if (!sandbox->limits.text)
        sandbox->limits.text = 1024 * 1024;
    if (!sandbox->limits.budget_us)
        sandbox->limits.budget_us = 10000;
    sandbox->interval = INTERVAL;
    lua_State *L = lua_newstate(allocate, sandbox);
    if (!L)
        return -1;
    sandbox->L = sandbox->running = L;
    *(struct ph_lua_sandbox **)lua_getextraspace(L) = sandbox;
    if (ph_lua_protected(sandbox, open_libraries, NULL) == LUA_OK)
        return 0;
    ph_lua_sandbox_finish(sandbox);
    return -1;
}

void ph_lua_sandbox_finish(struct ph_lua_sandbox *sandbox)
{
    if (sandbox->L)
        lua_close(sandbox->L);
    sandbox->L = sandbox->running = NULL;
}

void ph_lua_begin(struct ph_lua_sandbox *sandbox)
{
    if (sandbox->depth++)
        return;
    sandbox->over = false;
    sandbox->began_cpu_ns = 0;
    sandbox->began_wall_ns = clock_ns(CLOCK_MONOTONIC);
    sandbox->look_wall_ns = sandbox->began_wall_ns + FIRST_LOOK_NS;
    sandbox->look = sandbox->work + LOOK_STEPS;
    set_interval(sandbox, sandbox->n_large ? SHORT_INTERVAL : INTERVAL);
}

bool ph_lua_end(struct ph_lua_sandbox *sandbox, uint64_t *used_us)
{
    bool over = sandbox->over;
    *used_us = over ? used_ns(sandbox, clock_ns(CLOCK_MONOTONIC)) / 1000 : 0;
    if (--sandbox->depth == 0)
        sandbox->over = false;
    return over;
}

int ph_lua_protected(struct ph_lua_sandbox *sandbox, lua_CFunction run, void *user)
{
    lua_State *L = sandbox->running;
    unsigned n_closing = sandbox->n_closing;
    if (!lua_checkstack(L, LUA_MINSTACK))
        return LUA_ERRMEM;
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, user);
    int status = lua_pcall(L, 1, 0, 0);
    sandbox->n_closing = n_closing;
    return status;
}

int ph_lua_resume(struct ph_lua_sandbox *sandbox, lua_State *co, int n_arguments, int *n_results)
{
    lua_State *from = sandbox->running;
    unsigned n_closing = sandbox->n_closing;
    sandbox->running = co;
    lua_sethook(co, on_count, LUA_MASKCOUNT, sandbox->over ? 1 : sandbox->interval);
    int status = lua_resume(co, from, n_arguments, n_results);
    sandbox->running = from;
    sandbox->n_closing = n_closing;
    lua_sethook(from, on_count, LUA_MASKCOUNT, sandbox->over ? 1 : sandbox->interval);
    return status;
}
