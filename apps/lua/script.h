/* SPDX-License-Identifier: MIT */
/**
 * @file  The parts of the application type "lua", to each other.
 *
 * lua.c        the type: load, unload, reload, hooks       task.c        coroutines: run, wait, end
 * api.c        playhouse.*: timers, log, json, options …   api_member.c  members
 * api_room.c   rooms                                       api_shared.c  shared objects
 * api_wait.c   store, http, streams
 *
 * Every callback of the host runs a task: a coroutine with a budget. A function of the API that has to wait notes the
 * task in a ph_lua_wait record, gives that to the host and yields; the end of what it waited for resumes the task. A
 * hook or call whose task waits has answered PH_LATER.
 *
 * Owner   lua.c owns the script; tasks and waits belong to it.
 * Thread  The instance's loop.
 */
#ifndef PLAYHOUSE_LUA_SCRIPT_H
#define PLAYHOUSE_LUA_SCRIPT_H

#include <lua.h>
#include <playhouse/app.h>

#include "sandbox.h"
#include "value.h"

struct ph_lua_script;

/** What becomes of what a task returns. */
enum ph_lua_end {
    PH_LUA_TOLD,    /**< nothing */
    PH_LUA_DECIDES, /**< nothing or true or a table: accepted; false, description, code: refused */
    PH_LUA_CALL,    /**< the result of a call */
    PH_LUA_VALUE,   /**< what is saved */
};

struct ph_lua_task {
    struct ph_lua_task *next, *previous;
    lua_State *co; /**< kept in the registry under the task's address */
    enum ph_lua_end end;
    ph_answer_id later;    /**< whom to answer; 0: nobody */
    ph_room_id room;       /**< where its budget counts; 0: nowhere */
    ph_member_id entering; /**< enter_room: who joins when it accepts */
    unsigned n_waiters;
    const struct ph_lua_waiter *for_; /**< what it waits for; NULL: it runs */
    const char *kind;                 /**< "call", for the log; and of what: */
    char name[48];
};

/** Something under way in the host that a task waits for. */
struct ph_lua_waiter {
    struct ph_lua_waiter *next, *previous;
    struct ph_lua_script *script;
    struct ph_lua_task *task; /**< NULL: it has ended */
    /** Push what came of it; NULL: the value as it is. Returns the number of results. */
    int (*push)(lua_State *L, struct ph_lua_waiter *waiter, const struct ph_value *value);
    uint64_t id; /**< of what is being opened */
};

/** A timer that runs a function, under its address in the registry. */
struct ph_lua_timer {
    struct ph_lua_timer *next, *previous;
    struct ph_lua_script *script;
    ph_timer_id id;
    ph_room_id room;
    bool is_repeated;
};

enum { PH_LUA_FILES_MAX = 64 };

struct ph_lua_script {
    struct ph_app *app;
    const struct ph_host *host;
    struct ph_lua_sandbox sandbox;
    struct ph_lua_task *tasks, *current; /**< all; the one that runs */
    struct ph_lua_waiter *waiters;
    struct ph_lua_timer *timers;
    struct ph_lua_joining *joining, **joining_end; /**< members whose `joined` is about to be called, in order */
    unsigned n_tasks;
    uint32_t hooks;                     /**< bits of those that the script has */
    int n_spare;                        /**< coroutines that can be used again */
    bool is_loading, is_broken, is_dev; /**< broken: the file is wrong, and we wait for a better one */
    char fault[256];                    /**< why it is broken */
    char *file;                         /**< path of the script */
    char *files[PH_LUA_FILES_MAX];      /**< those that were read, for dev */
    size_t n_files;
    uint64_t stamp;     /**< of its files, when they were read */
    uint64_t errors_ms; /**< begin of the second in which lines about errors are counted */
    unsigned n_errors;
    uint64_t overrun_ms; /**< begin of the minute in which overruns are counted */
    ph_room_id overrun_room;
    unsigned n_overruns;
};

/** The script that L belongs to. */
struct ph_lua_script *ph_lua_script_of(lua_State *L);

/* lua.c */

/** enter_room has accepted: `joined` follows when the member is in the room. */
void ph_lua_will_join(struct ph_lua_script *script, ph_room_id room, ph_member_id member);

/* task.c */

/** Make a task for the function on top of L, which it takes. Raises. */
struct ph_lua_task *ph_lua_task_new(lua_State *L, struct ph_lua_script *script, enum ph_lua_end end, const char *kind,
                                    const char *name);

/** Run a task with what `n_arguments` lie on its stack, until it ends or waits. Frees it when it ends. Returns a
 * verdict and fills `answer`; PH_LATER: it waits and will answer `later`, or nobody. */
int ph_lua_task_run(lua_State *L, struct ph_lua_task *task, int n_arguments, struct ph_answer *answer);

void ph_lua_task_free(struct ph_lua_script *script, struct ph_lua_task *task);

/** A function of the API is about to wait; raises when it cannot here. */
struct ph_lua_waiter *ph_lua_waiter_new(lua_State *L);

/** Begun with `error`: wait, as `return ph_lua_waiter_yield(…)`; when it is not 0: return nil and its name instead. */
int ph_lua_waiter_yield(lua_State *L, struct ph_lua_waiter *waiter, int error);

/** The ph_done_fn of a waiter. */
void ph_lua_waiter_done(struct ph_app *app, void *user, int error, const struct ph_value *value);
void ph_lua_waiter_free(struct ph_lua_waiter *waiter);

/** Run the function of the registry under `key` as a task of its own, without arguments. */
void ph_lua_run_kept(struct ph_lua_script *script, const void *key, ph_room_id room, const char *kind);

/** Around everything that comes from the host; reports what took too long. Returns a status of Lua. */
int ph_lua_enter(struct ph_lua_script *script, lua_CFunction run, void *user, ph_room_id room, const char *what);

/** One line for the developer: the message on top of L, and how the coroutine came there (NULL: unknown). */
void ph_lua_report(lua_State *L, lua_State *co, const char *what);

/* Results of functions of the API */

/** 0: true. Wrong arguments are raised, everything else is nil and its name ("gone", "limit" …). */
int ph_lua_result(lua_State *L, int error);
const char *ph_lua_error_name(int error);
const char *ph_lua_reason_name(enum ph_reason reason);

/** Raise unless the host has this service. */
#define PH_LUA_NEED(L, table, name)                       \
    do {                                                  \
        if (!(table))                                     \
            luaL_error(L, "this server has no %s", name); \
    } while (0)

/* Objects: a number of the host in a userdata; two of the same number are the same */

enum ph_lua_kind { PH_LUA_MEMBER, PH_LUA_ROOM, PH_LUA_TIMER, PH_LUA_SHARED, PH_LUA_KINDS };

/** Push the object; 0 pushes nil. */
void ph_lua_push_object(lua_State *L, enum ph_lua_kind kind, uint64_t id);
uint64_t ph_lua_check_object(lua_State *L, int index, enum ph_lua_kind kind);

/** The table of `data`: made at the first use, dropped by ph_lua_drop_data. */
void ph_lua_push_data(lua_State *L, enum ph_lua_kind kind, uint64_t id);
void ph_lua_drop_data(lua_State *L, enum ph_lua_kind kind, uint64_t id);

/** A class: methods, and a function (object, name) for everything else. */
void ph_lua_make_class(lua_State *L, enum ph_lua_kind kind, const luaL_Reg *methods, lua_CFunction field);
void ph_lua_open_objects(lua_State *L);

/* Each adds its functions to the table "playhouse" on top of the stack, and makes its classes. */
void ph_lua_open_api(lua_State *L);
void ph_lua_open_members(lua_State *L);
void ph_lua_open_rooms(lua_State *L);
void ph_lua_open_shared(lua_State *L);
void ph_lua_open_waits(lua_State *L);
void ph_lua_open_timers(lua_State *L);

/** An array of {kind, name, value, if_version}, as the hook `shared` and observers hear it. */
void ph_lua_push_changes(lua_State *L, struct ph_app *app, const struct ph_shared_change *changes, size_t n);

/** Close the shared objects of a room, or with room 0 all of them: their handles would outlive the script. */
void ph_lua_close_shared(lua_State *L, ph_room_id room);

/** Set the options that the table at `index` has for a room. */
int ph_lua_configure(lua_State *L, ph_room_id room, int index);

/** room:after, room:every, room:shared. */
int ph_lua_room_after(lua_State *L);
int ph_lua_room_every(lua_State *L);
int ph_lua_room_shared(lua_State *L);

/** Timers of a room have ended with it. */
void ph_lua_end_timers(lua_State *L, ph_room_id room);

/** Is it what playhouse.refuse raised? Then it is on top of L. */
bool ph_lua_is_refusal(lua_State *L, int index);
extern const char ph_lua_refusal;

#endif
