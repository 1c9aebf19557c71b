/* SPDX-License-Identifier: MIT */
/**
 * @file  A Lua state that cannot hurt its host: memory, processor time and library are bounded.
 *
 * Time     A count hook looks at the clock. It does not see what happens inside C functions and single long
 *          instructions, so the library's long functions are our own and charge for their steps, the allocator charges
 *          for bytes, and while large blocks exist the hook comes more often. Once a callback is over its budget every
 *          further step raises: pcall, xpcall and coroutines are our own and pass that error on, and a handler of
 *          xpcall or a __close runs into it at its first instruction.
 * Memory   The allocator refuses beyond the maximum; a string has a maximum of its own.
 * Library  Text chunks only, compiled by the host: no load, io, os, debug, package, string.dump, and no __gc.
 *
 * Owner   The caller owns the struct, which must not move; finish ends everything made by init.
 * Thread  One.
 * Since   0.2
 */
#ifndef PLAYHOUSE_LUA_SANDBOX_H
#define PLAYHOUSE_LUA_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

struct ph_lua_limits {
    size_t memory;      /**< bytes of the state; 0: 32 MiB */
    size_t text;        /**< bytes of one string; 0: 1 MiB */
    uint32_t budget_us; /**< processor time of one callback; 0: 10 ms */
};

struct ph_lua_sandbox {
    lua_State *L;       /**< the main state */
    lua_State *running; /**< the coroutine that runs, or the main state */
    struct ph_lua_limits limits;
    size_t used;        /**< bytes */
    size_t n_large;     /**< blocks of at least PH_LUA_LARGE bytes */
    int interval;       /**< instructions between two looks at the clock */
    unsigned depth;     /**< callbacks inside callbacks */
    unsigned n_closing; /**< coroutines that are being closed inside each other */
    uint64_t work;      /**< steps charged */
    uint64_t look;      /**< at how many of them to look at the clock */
    uint64_t began_wall_ns;
    uint64_t began_cpu_ns; /**< 0: not asked for yet */
    uint64_t look_wall_ns; /**< before this the budget cannot be used up */
    bool over;             /**< the callback has used up its budget */
};

enum { PH_LUA_LARGE = 16 * 1024 };

/** Returns 0, or -1: out of memory. */
int ph_lua_sandbox_init(struct ph_lua_sandbox *sandbox, const struct ph_lua_limits *limits);
void ph_lua_sandbox_finish(struct ph_lua_sandbox *sandbox);

struct ph_lua_sandbox *ph_lua_sandbox_of(lua_State *L);

/** A callback begins: it has its budget. Calls may be nested; the outermost counts. */
void ph_lua_begin(struct ph_lua_sandbox *sandbox);

/** It ends. True: it was over its budget; forgotten with the outermost. `used_us`: then, the processor time. */
bool ph_lua_end(struct ph_lua_sandbox *sandbox, uint64_t *used_us);

/**
 * Call `run` with `user` as a light userdata, protected: what is raised stops here. For all work on a state, since
 * each function of Lua may run out of memory.
 *
 * Returns a status of Lua; unless it is LUA_OK a message (a text, maybe not a valid one) is on sandbox->running's
 * stack.
 */
int ph_lua_protected(struct ph_lua_sandbox *sandbox, lua_CFunction run, void *user);

/** As lua_resume, with the budget's hook; raises nothing. */
int ph_lua_resume(struct ph_lua_sandbox *sandbox, lua_State *co, int n_arguments, int *n_results);

/** Work of `steps` (about ten nanoseconds each) was done or is about to be. Raises when the budget is used up. */
void ph_lua_charge(lua_State *L, uint64_t steps);

/** Has the callback used up its budget? Then raise in L, again. */
void ph_lua_stop_if_over(lua_State *L);

/** Marks a yield that is for the host: coroutine.resume passes it on outwards, until it leaves the outermost. */
extern const char ph_lua_waiting;

/** Yield to the host from a C function, as `return ph_lua_wait(L)`; what the host resumes with are the results. */
int ph_lua_wait(lua_State *L);

/* The libraries, opened by init. */
void ph_lua_open_base(lua_State *L);
void ph_lua_open_coroutine(lua_State *L);
void ph_lua_open_table(lua_State *L);
void ph_lua_open_string(lua_State *L);
/** The table on top of the stack gets those functions of a standard library that `names` lists, ended by NULL; each
 *  charges for the texts it is given and gives. */
void ph_lua_copy_metered(lua_State *L, lua_CFunction open, const char *const *names);

#endif
