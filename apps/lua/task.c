/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

enum {
    TASKS_MAX = 1000,
    OVERRUNS_MAX = 3,      /* of a room in a minute: then it is closed */
    HOPELESS_US = 1000000, /* longer than this: not a long loop, but one that does not end soon */
    MINUTE_MS = 60000,
    SECOND_MS = 1000,
    ERROR_LINES = 20, /* a second */
    TRACE_LINES = 4,
    SPARES_MAX = 16,
};

struct ph_lua_script *ph_lua_script_of(lua_State *L)
{
    struct ph_lua_sandbox *sandbox = ph_lua_sandbox_of(L);
    return (struct ph_lua_script *)((char *)sandbox - offsetof(struct ph_lua_script, sandbox));
}

/* Errors */

const char *ph_lua_error_name(int error)
{
    static const char *const names[] = {[-PH_E_GONE] = "gone",
                                        [-PH_E_MEMORY] = "memory",
                                        [-PH_E_LIMIT] = "limit",
                                        [-PH_E_ARGUMENT] = "argument",
                                        [-PH_E_STATE] = "state",
                                        [-PH_E_NOT_FOUND] = "not found",
                                        [-PH_E_CONFLICT] = "conflict",
                                        [-PH_E_DENIED] = "denied",
                                        [-PH_E_TIMEOUT] = "timeout",
                                        [-PH_E_IO] = "io",
                                        [-PH_E_UNSUPPORTED] = "unsupported"};
    size_t n = sizeof names / sizeof *names;
    return error < 0 && (size_t)-error < n && names[-error] ? names[-error] : "failed";
}

const char *ph_lua_reason_name(enum ph_reason reason)
{
    static const char *const names[] = {"left",  "lost",   "moved", "kicked", "refused", "expired",
                                        "limit", "closed", "empty", "failed", "stop"};
    return (size_t)reason < sizeof names / sizeof *names ? names[reason] : "left";
}

int ph_lua_result(lua_State *L, int error)
{
    if (error == 0) {
        lua_pushboolean(L, true);
        return 1;
    }
    if (error == PH_E_ARGUMENT)
        return luaL_error(L, "an argument has a value that is not allowed");
    lua_pushnil(L);
    lua_pushstring(L, ph_lua_error_name(error));
    return 2;
}

/* " (by main.lua:30, main.lua:12)" */
static void trace(lua_State *co, char *out, size_t size)
{
    lua_Debug record;
    size_t used = 0;
    int n_lines = 0;
    out[0] = '\0';
    for (int level = 0; n_lines < TRACE_LINES && lua_getstack(co, level, &record); level++) {
        lua_getinfo(co, "Sl", &record);
        if (record.currentline <= 0)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s:%d", n_lines ? ", " : " (by ", record.short_src,
                                 record.currentline);
        n_lines++;
    }
    if (n_lines)
        snprintf(out + used, size - used, ")");
}

/* Clients may make a script fail as often as they may call it: that must not fill a disk. */
static void write_error(struct ph_lua_script *script, const char *line)
{
    const struct ph_host *host = script->host;
    uint64_t now_ms = host->timers->now_ms(script->app);
    if (now_ms - script->errors_ms >= SECOND_MS) {
        char words[64];
        snprintf(words, sizeof words, "%u more errors", script->n_errors - ERROR_LINES);
        if (script->n_errors > ERROR_LINES)
            host->log->write(script->app, PH_APP_LOG_ERROR, words);
        script->errors_ms = now_ms;
        script->n_errors = 0;
    }
    if (script->n_errors++ < ERROR_LINES)
        host->log->write(script->app, PH_APP_LOG_ERROR, line);
}

void ph_lua_report(lua_State *L, lua_State *co, const char *what)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    char came[TRACE_LINES * (LUA_IDSIZE + 24)] = "";
    if (co)
        trace(co, came, sizeof came);
    if (lua_type(L, -1) == LUA_TSTRING || script->sandbox.over)
        lua_pushvalue(L, -1);
    else
        luaL_tolstring(L, -1, NULL); /* __tostring may run: within the budget */
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error that is no text";
    lua_pushfstring(L, "%s: %s%s", what, text, came);
    write_error(script, lua_tostring(L, -1));
    lua_pop(L, 2);
}

/* Budgets */

static void count_overrun(struct ph_lua_script *script, ph_room_id room, uint64_t used_us, const char *what)
{
    const struct ph_host *host = script->host;
    uint64_t now_ms = host->timers->now_ms(script->app);
    char line[200];
    if (room != script->overrun_room || now_ms - script->overrun_ms > MINUTE_MS) {
        script->overrun_room = room;
        script->overrun_ms = now_ms;
        script->n_overruns = 0;
    }
    script->n_overruns++;
    const char *name = room ? host->rooms->name(script->app, room) : NULL;
    bool is_hopeless = used_us > HOPELESS_US || (script->n_overruns > 3 * OVERRUNS_MAX);
    snprintf(line, sizeof line, "%s took %llu us of processor time, %u us are allowed", what,
             (unsigned long long)used_us, (unsigned)script->sandbox.limits.budget_us);
    host->log->write(script->app, PH_APP_LOG_WARNING, line);
    if (name && *name && script->n_overruns >= OVERRUNS_MAX) {
        script->n_overruns = 0;
        (void)host->rooms->close(script->app, room, "This room took too much time.");
    } else if (is_hopeless) {
        script->n_overruns = 0;
        host->fail(script->app, line);
    }
}

int ph_lua_enter(struct ph_lua_script *script, lua_CFunction run, void *user, ph_room_id room, const char *what)
{
    uint64_t used_us;
    char line[512];
    ph_lua_begin(&script->sandbox);
    int status = ph_lua_protected(&script->sandbox, run, user);
    if (status != LUA_OK) { /* out here nothing may raise */
        lua_State *L = script->sandbox.running;
        bool is_text = lua_gettop(L) > 0 && lua_type(L, -1) == LUA_TSTRING;
        snprintf(line, sizeof line, "%s: %s", what, is_text ? lua_tostring(L, -1) : "out of memory");
        write_error(script, line);
        if (lua_gettop(L) > 0)
            lua_pop(L, 1);
    }
    if (ph_lua_end(&script->sandbox, &used_us))
        count_overrun(script, room, used_us, what);
    return status;
}

/* Tasks */

static const char spare_coroutines = 's';

static lua_State *new_coroutine(lua_State *L, struct ph_lua_script *script)
{
    if (!script->n_spare)
        return lua_newthread(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &spare_coroutines);
    lua_rawgeti(L, -1, script->n_spare);
    lua_pushnil(L);
    lua_rawseti(L, -3, script->n_spare--);
    lua_remove(L, -2);
    return lua_tothread(L, -1);
}

/* A coroutine that has ended well can be used once more. */
static void keep_coroutine(lua_State *L, struct ph_lua_script *script, struct ph_lua_task *task)
{
    if (script->n_spare >= SPARES_MAX || lua_status(task->co) != LUA_OK || lua_gettop(task->co) != 0)
        return;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &spare_coroutines) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, SPARES_MAX, 0);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &spare_coroutines);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, task);
    lua_rawseti(L, -2, ++script->n_spare);
    lua_pop(L, 1);
}

/* The first of the list, when nothing has become of it: out of memory, see below. Else a new one is put there. */
static struct ph_lua_task *idle_task(struct ph_lua_script *script)
{
    if (script->tasks && !script->tasks->co)
        return script->tasks;
    struct ph_lua_task *task = calloc(1, sizeof *task);
    if (!task)
        return NULL;
    task->next = script->tasks;
    if (task->next)
        task->next->previous = task;
    script->tasks = task;
    return task;
}

struct ph_lua_task *ph_lua_task_new(lua_State *L, struct ph_lua_script *script, enum ph_lua_end end, const char *kind,
                                    const char *name)
{
    if (script->n_tasks >= TASKS_MAX)
        luaL_error(L, "more than %d tasks are waiting", TASKS_MAX);
    lua_State *co = new_coroutine(L, script);
    struct ph_lua_task *task = idle_task(script);
    if (!task)
        luaL_error(L, "out of memory");
    lua_rawsetp(L, LUA_REGISTRYINDEX, task); /* raises: the next one finds the task idle */
    script->n_tasks++;
    task->co = co;
    task->end = end;
    size_t length = strlen(name);
    task->kind = kind;
    memcpy(task->name, name, length < sizeof task->name ? length : sizeof task->name - 1); /* the rest is 0 */
    lua_xmove(L, co, 1);
    return task;
}

void ph_lua_task_free(struct ph_lua_script *script, struct ph_lua_task *task)
{
    for (struct ph_lua_waiter *waiter = task->n_waiters ? script->waiters : NULL; waiter; waiter = waiter->next)
        if (waiter->task == task)
            waiter->task = NULL;
    if (task->next)
        task->next->previous = task->previous;
    if (task->previous)
        task->previous->next = task->next;
    else
        script->tasks = task->next;
    script->n_tasks--;
    free(task);
}

struct finishing {
    struct ph_lua_script *script;
    struct ph_lua_task *task;
    int n_results;
    struct ph_answer *answer;
    int verdict;
};

static const char *text_field(lua_State *L, struct ph_app *app, int table, const char *name)
{
    lua_getfield(L, table, name);
    return ph_lua_take_text(L, app, -1);
}

static const struct ph_value *value_field(lua_State *L, struct ph_app *app, int table, const char *name)
{
    return lua_getfield(L, table, name) == LUA_TNIL ? NULL : ph_lua_take(L, app, -1);
}

/* What the hook has returned lies from index 2 on. */
static void decide(lua_State *L, struct finishing *it)
{
    struct ph_app *app = it->script->app;
    it->verdict = PH_ACCEPT;
    if (lua_istable(L, 2)) {
        it->answer->user = text_field(L, app, 2, "user");
        it->answer->name = text_field(L, app, 2, "room");
        if (!it->answer->name)
            it->answer->name = text_field(L, app, 2, "name");
        it->answer->value = value_field(L, app, 2, "data");
    } else if (lua_isboolean(L, 2) && !lua_toboolean(L, 2)) {
        it->verdict = PH_REFUSE;
        it->answer->description = ph_lua_take_text(L, app, 3);
        it->answer->code = ph_lua_take_text(L, app, 4);
        if (!lua_isnoneornil(L, 5))
            it->answer->application = ph_lua_take(L, app, 5);
    } else if (!lua_isnoneornil(L, 2) && !lua_isboolean(L, 2)) {
        luaL_error(L, "returned a %s; a hook that decides returns nothing, a table, or false and a description",
                   luaL_typename(L, 2));
    }
}

static int finish(lua_State *L)
{
    enum { RESULTS_MAX = 4 };
    struct finishing *it = lua_touserdata(L, 1);
    lua_State *co = it->task->co;
    int n = it->n_results < RESULTS_MAX ? it->n_results : RESULTS_MAX;
    lua_pop(co, it->n_results - n);
    lua_xmove(co, L, n);
    keep_coroutine(L, it->script, it->task);
    switch (it->task->end) {
    case PH_LUA_TOLD:
        break;
    case PH_LUA_DECIDES:
        decide(L, it);
        break;
    case PH_LUA_CALL:
    case PH_LUA_VALUE:
        it->answer->value = lua_isnoneornil(L, 2) ? NULL : ph_lua_take(L, it->script->app, 2);
        break;
    }
    return 0;
}

static void report_task(lua_State *L, lua_State *co, const struct ph_lua_task *task)
{
    char words[sizeof task->name + 32];
    snprintf(words, sizeof words, "%s%s%s", task->kind, task->name[0] ? " " : "", task->name);
    ph_lua_report(L, co, words);
}

static int fail(lua_State *L)
{
    struct finishing *it = lua_touserdata(L, 1);
    struct ph_app *app = it->script->app;
    lua_xmove(it->task->co, L, 1);
    if (!it->script->sandbox.over && ph_lua_is_refusal(L, 2)) {
        it->answer->description = text_field(L, app, 2, "description");
        it->answer->code = text_field(L, app, 2, "code");
        it->answer->redirect = text_field(L, app, 2, "redirect");
        it->answer->application = value_field(L, app, 2, "application");
    } else {
        report_task(L, it->task->co, it->task);
        it->answer->description = "The application made a mistake.";
    }
    return 0;
}

/* In protection of its own: whatever happens, the question is answered. */
static int conclude(lua_State *L, lua_CFunction how, struct finishing *it, int verdict)
{
    it->verdict = verdict;
    lua_pushcfunction(L, how);
    lua_pushlightuserdata(L, it);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK)
        return it->verdict;
    *it->answer = (struct ph_answer){.description = "The application made a mistake."};
    if (lua_type(L, -1) == LUA_TSTRING)
        report_task(L, NULL, it->task);
    lua_pop(L, 1);
    return PH_REFUSE;
}

int ph_lua_task_run(lua_State *L, struct ph_lua_task *task, int n_arguments, struct ph_answer *answer)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    struct ph_lua_task *outer = script->current;
    struct finishing it = {.script = script, .task = task, .answer = answer};
    script->current = task;
    task->for_ = NULL;
    int status = ph_lua_resume(&script->sandbox, task->co, n_arguments, &it.n_results);
    script->current = outer;
    if (status == LUA_YIELD && it.n_results == 1 && lua_touserdata(task->co, -1) == &ph_lua_waiting) {
        lua_pop(task->co, 1);
        return PH_LATER;
    }
    if (status == LUA_YIELD) {
        lua_settop(task->co, 0);
        lua_pushstring(task->co, "yields, but nobody resumes it; playhouse.sleep and others wait");
    }
    int verdict = status == LUA_OK ? conclude(L, finish, &it, PH_ACCEPT) : conclude(L, fail, &it, PH_REFUSE);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, task);
    ph_lua_task_free(script, task);
    return verdict;
}

/* Waiting */

struct ph_lua_waiter *ph_lua_waiter_new(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    if (!script->current || !lua_isyieldable(L))
        luaL_error(
            L, "this function waits, which is not possible here; in hooks, calls, timers and playhouse.spawn it is");
    struct ph_lua_waiter *waiter = calloc(1, sizeof *waiter);
    if (!waiter)
        luaL_error(L, "out of memory");
    waiter->script = script;
    waiter->task = script->current;
    waiter->task->n_waiters++;
    waiter->next = script->waiters;
    if (waiter->next)
        waiter->next->previous = waiter;
    script->waiters = waiter;
    return waiter;
}

void ph_lua_waiter_free(struct ph_lua_waiter *waiter)
{
    struct ph_lua_script *script = waiter->script;
    if (waiter->task)
        waiter->task->n_waiters--;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        script->waiters = waiter->next;
    free(waiter);
}

int ph_lua_waiter_yield(lua_State *L, struct ph_lua_waiter *waiter, int error)
{
    if (error) {
        ph_lua_waiter_free(waiter);
        return ph_lua_result(L, error);
    }
    waiter->task->for_ = waiter;
    return ph_lua_wait(L);
}

struct waking {
    struct ph_lua_waiter *waiter;
    int error;
    const struct ph_value *value;
};

static int push_outcome(lua_State *L)
{
    struct waking *it = lua_touserdata(L, 1);
    struct ph_app *app = it->waiter->script->app;
    if (it->error) {
        lua_pushnil(L);
        lua_pushstring(L, ph_lua_error_name(it->error));
        ph_lua_push(L, app, it->value);
        return 3;
    }
    if (it->waiter->push)
        return it->waiter->push(L, it->waiter, it->value);
    ph_lua_push(L, app, it->value);
    return 1;
}

static int wake(lua_State *L)
{
    struct waking *it = lua_touserdata(L, 1);
    struct ph_lua_task *task = it->waiter->task;
    lua_settop(L, 0);
    lua_pushcfunction(L, push_outcome);
    lua_pushlightuserdata(L, it);
    if (lua_pcall(L, 1, LUA_MULTRET, 0) != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, 1);
    }
    int n = lua_gettop(L);
    if (!lua_checkstack(task->co, n))
        return luaL_error(L, "out of memory");
    lua_xmove(L, task->co, n);
    struct ph_answer answer = {0};
    ph_answer_id later = task->later;
    struct ph_lua_script *script = it->waiter->script;
    ph_room_id room = task->room;
    ph_member_id entering = task->entering;
    int verdict = ph_lua_task_run(L, task, n, &answer);
    if (verdict != PH_LATER && later)
        (void)script->host->answer(script->app, later, verdict, &answer); /* PH_E_GONE: nobody waits any more */
    if (verdict == PH_ACCEPT && entering)
        ph_lua_will_join(script, room, entering);
    return 0;
}

/* It could not be woken: who asked must not wait for ever. */
static void give_up(struct ph_lua_script *script, struct ph_lua_task *task)
{
    const struct ph_answer answer = {.description = "The application made a mistake."};
    if (task->later)
        (void)script->host->answer(script->app, task->later, PH_REFUSE, &answer);
    ph_lua_task_free(script, task);
}

void ph_lua_waiter_done(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    (void)app;
    struct waking it = {.waiter = user, .error = error, .value = value};
    struct ph_lua_task *task = it.waiter->task;
    if (task && task->for_ == it.waiter &&
        ph_lua_enter(it.waiter->script, wake, &it, task->room, task->kind) != LUA_OK && it.waiter->task == task &&
        task->for_ == it.waiter)
        give_up(it.waiter->script, task);
    ph_lua_waiter_free(it.waiter);
}

struct kept {
    struct ph_lua_script *script;
    const void *key;
    ph_room_id room;
    const char *kind;
};

static int run_kept(lua_State *L)
{
    struct kept *kept = lua_touserdata(L, 1);
    struct ph_answer answer = {0};
    lua_rawgetp(L, LUA_REGISTRYINDEX, kept->key);
    struct ph_lua_task *task = ph_lua_task_new(L, kept->script, PH_LUA_TOLD, kept->kind, "");
    task->room = kept->room;
    (void)ph_lua_task_run(L, task, 0, &answer);
    return 0;
}

void ph_lua_run_kept(struct ph_lua_script *script, const void *key, ph_room_id room, const char *kind)
{
    struct kept kept = {.script = script, .key = key, .room = room, .kind = kind};
    (void)ph_lua_enter(script, run_kept, &kept, room, kind);
}
