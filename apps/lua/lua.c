/* SPDX-License-Identifier: MIT */
/*
 * The application type "lua": a script whose functions are the hooks. docs/lua.md.
 *
 * One state for an instance. A hook of the script runs as a task; when it waits, the answer follows later. With dev, a
 * script that cannot be read makes a broken instance: it refuses everybody with a clean status, keeps what was saved,
 * and is there to read the file again when it has changed.
 */
#include <lua.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/bundled.h"
#include "load.h"

enum { LOADING_US = 1000000, MEBI = 1024 * 1024 };

static const char mistake[] = "The application made a mistake.";

/* Of a broken instance: what is saved, and that of the rooms by number. */
static const char kept_state = 's', kept_rooms = 'r';

/* Hooks */

struct hooking {
    struct ph_lua_script *script;
    enum ph_lua_hook hook;
    const struct ph_event *event;
    struct ph_answer *answer;
    int verdict;
};

static enum ph_lua_end end_of(enum ph_lua_hook hook)
{
    switch (hook) {
    case PH_LUA_LOAD:
    case PH_LUA_CONNECT:
    case PH_LUA_CREATE_ROOM:
    case PH_LUA_ENTER_ROOM:
    case PH_LUA_PUBLISH:
    case PH_LUA_PLAY:
    case PH_LUA_SHARED_HOOK:
        return PH_LUA_DECIDES;
    case PH_LUA_CALL_HOOK:
        return PH_LUA_CALL;
    case PH_LUA_SAVE:
    case PH_LUA_SAVE_ROOM:
        return PH_LUA_VALUE;
    default:
        return PH_LUA_TOLD;
    }
}

static void push_member(lua_State *L, const struct ph_event *event)
{
    ph_lua_push_object(L, PH_LUA_MEMBER, event->member);
}

static void push_room(lua_State *L, const struct ph_event *event) { ph_lua_push_object(L, PH_LUA_ROOM, event->room); }

/* What a hook is told: docs/lua.md. */
static void push_arguments(lua_State *L, struct ph_app *app, enum ph_lua_hook hook, const struct ph_event *event)
{
    switch (hook) {
    case PH_LUA_LOAD:
        ph_lua_push(L, app, app->host->values->get(event->value, "state"));
        break;
    case PH_LUA_UNLOAD:
    case PH_LUA_SAVE:
        break;
    case PH_LUA_CONNECT:
        push_member(L, event);
        lua_pushstring(L, event->name);
        ph_lua_push_items(L, app, event->value);
        break;
    case PH_LUA_DISCONNECT:
        push_member(L, event);
        lua_pushstring(L, ph_lua_reason_name(event->reason));
        break;
    case PH_LUA_CREATE_ROOM:
    case PH_LUA_ENTER_ROOM:
        push_room(L, event);
        push_member(L, event);
        ph_lua_push(L, app, event->value);
        break;
    case PH_LUA_LEAVE_ROOM:
        push_room(L, event);
        push_member(L, event);
        lua_pushstring(L, ph_lua_reason_name(event->reason));
        break;
    case PH_LUA_DESTROY_ROOM:
        push_room(L, event);
        lua_pushstring(L, ph_lua_reason_name(event->reason));
        break;
    case PH_LUA_JOINED:
    case PH_LUA_DROP:
    case PH_LUA_RESUME:
        push_room(L, event);
        push_member(L, event);
        break;
    case PH_LUA_CALL_HOOK: /* through `call`, since `calls` has no such method */
        push_member(L, event);
        lua_pushstring(L, event->name);
        ph_lua_push_items(L, app, event->value);
        break;
    case PH_LUA_UNPUBLISH:
    case PH_LUA_STOP:
    case PH_LUA_PUBLISH:
    case PH_LUA_PLAY:
        push_room(L, event);
        push_member(L, event);
        lua_pushstring(L, event->name);
        ph_lua_push(L, app, event->value);
        break;
    case PH_LUA_DATA:
        push_room(L, event);
        push_member(L, event);
        lua_pushstring(L, event->name);
        ph_lua_push_items(L, app, event->value);
        break;
    case PH_LUA_SHARED_HOOK:
        push_room(L, event);
        push_member(L, event);
        lua_pushstring(L, event->name);
        ph_lua_push_changes(L, app, event->changes, event->n_changes);
        break;
    case PH_LUA_TICK:
        push_room(L, event);
        lua_pushnumber(L, event->seconds);
        break;
    case PH_LUA_DRAIN:
        lua_pushnumber(L, event->seconds);
        break;
    case PH_LUA_OBSERVE:
        lua_pushstring(L, event->name);
        ph_lua_push(L, app, event->value);
        break;
    case PH_LUA_SAVE_ROOM:
        push_room(L, event);
        break;
    case PH_LUA_HOOKS:
        break;
    }
}

static void before_hook(lua_State *L, const struct hooking *it)
{
    if (it->hook != PH_LUA_CREATE_ROOM)
        return;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &ph_lua_room_defaults) == LUA_TTABLE) {
        int error = ph_lua_configure(L, it->event->room, lua_gettop(L));
        if (error)
            luaL_error(L, "options: a room cannot have these (%s)", ph_lua_error_name(error));
    }
    lua_pop(L, 1);
}

static void after_hook(lua_State *L, const struct hooking *it)
{
    if (it->hook == PH_LUA_DISCONNECT)
        ph_lua_drop_data(L, PH_LUA_MEMBER, it->event->member);
    if (it->hook != PH_LUA_DESTROY_ROOM)
        return;
    ph_lua_end_timers(L, it->event->room);
    ph_lua_close_shared(L, it->event->room);
    ph_lua_drop_data(L, PH_LUA_ROOM, it->event->room);
}

/* Push the function; false: the script has none. `n_arguments`: on the stack of its task. */
static bool push_function(lua_State *L, const struct hooking *it, bool *is_call)
{
    *is_call = it->hook == PH_LUA_CALL_HOOK && ph_lua_push_call(L, it->event->name);
    return *is_call || lua_rawgetp(L, LUA_REGISTRYINDEX, &ph_lua_hooks[it->hook]) == LUA_TFUNCTION;
}

static int refuse(struct ph_answer *answer, const char *description)
{
    *answer = (struct ph_answer){.description = description};
    return PH_REFUSE;
}

static int run_hook(lua_State *L)
{
    struct hooking *it = lua_touserdata(L, 1);
    struct ph_lua_script *script = it->script;
    bool is_call;
    before_hook(L, it);
    if (!push_function(L, it, &is_call)) {
        it->verdict = it->hook == PH_LUA_CALL_HOOK ? PH_E_NOT_FOUND : PH_ACCEPT;
        after_hook(L, it);
        return 0;
    }
    int function = lua_gettop(L);
    if (is_call) {
        push_member(L, it->event);
        ph_lua_push_items(L, script->app, it->event->value);
    } else {
        push_arguments(L, script->app, it->hook, it->event);
    }
    int n = lua_gettop(L) - function;
    lua_pushvalue(L, function);
    struct ph_lua_task *task = ph_lua_task_new(
        L, script, end_of(it->hook), is_call ? "call" : ph_lua_hook_names[it->hook], is_call ? it->event->name : "");
    task->room = it->event->room;
    task->later = it->event->later;
    if (!lua_checkstack(task->co, n)) {
        ph_lua_task_free(script, task);
        luaL_error(L, "too many arguments");
    }
    lua_xmove(L, task->co, n);
    if (it->hook == PH_LUA_ENTER_ROOM)
        task->entering = it->event->member;
    it->verdict = ph_lua_task_run(L, task, n, it->answer);
    if (it->verdict == PH_LATER && !it->event->later)
        it->verdict = it->hook == PH_LUA_SHARED_HOOK ? refuse(it->answer, "This is decided at once.") : PH_ACCEPT;
    after_hook(L, it);
    return 0;
}

/* Has the script nothing to say, and have we nothing to do? */
static bool is_idle(const struct ph_lua_script *script, enum ph_lua_hook hook)
{
    bool is_ours = hook == PH_LUA_CALL_HOOK || hook == PH_LUA_CREATE_ROOM || hook == PH_LUA_DESTROY_ROOM ||
                   hook == PH_LUA_DISCONNECT;
    return !is_ours && !(script->hooks & UINT32_C(1) << hook);
}

static int call_hook(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer, enum ph_lua_hook hook)
{
    struct ph_lua_script *script = app->state;
    struct hooking it = {.script = script, .hook = hook, .event = event, .answer = answer, .verdict = PH_REFUSE};
    if (script->is_broken)
        return end_of(hook) == PH_LUA_TOLD ? PH_ACCEPT
                                           : refuse(answer, "The application is being repaired; try again.");
    if (is_idle(script, hook))
        return PH_ACCEPT;
    if (ph_lua_enter(script, run_hook, &it, event->room, ph_lua_hook_names[hook]) != LUA_OK)
        return refuse(answer, mistake);
    return it.verdict;
}

#define HOOK(function, hook)                                                                        \
    static int function(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer) \
    {                                                                                               \
        return call_hook(app, event, answer, hook);                                                 \
    }

HOOK(on_connect, PH_LUA_CONNECT)
HOOK(on_disconnect, PH_LUA_DISCONNECT)
HOOK(on_destroy_room, PH_LUA_DESTROY_ROOM)
HOOK(on_leave_room, PH_LUA_LEAVE_ROOM)
HOOK(on_drop, PH_LUA_DROP)
HOOK(on_resume, PH_LUA_RESUME)
HOOK(on_call, PH_LUA_CALL_HOOK)
HOOK(on_publish, PH_LUA_PUBLISH)
HOOK(on_unpublish, PH_LUA_UNPUBLISH)
HOOK(on_play, PH_LUA_PLAY)
HOOK(on_stop, PH_LUA_STOP)
HOOK(on_data, PH_LUA_DATA)
HOOK(on_shared, PH_LUA_SHARED_HOOK)
HOOK(on_tick, PH_LUA_TICK)
HOOK(on_drain, PH_LUA_DRAIN)
HOOK(on_observe, PH_LUA_OBSERVE)

/* joined: the interface has no hook for the moment after enter_room, in which a member can be greeted */

struct ph_lua_joining {
    struct ph_lua_joining *next;
    ph_room_id room;
    ph_member_id member;
};

static void on_joined(struct ph_app *app, void *user)
{
    struct ph_lua_script *script = user;
    struct ph_lua_joining *joining = script->joining;
    struct ph_event event = {.size = sizeof event, .room = joining->room, .member = joining->member};
    struct ph_member_info info = {.size = sizeof info};
    struct ph_answer answer = {0};
    script->joining = joining->next;
    if (!script->joining)
        script->joining_end = &script->joining;
    free(joining);
    if (app->host->members->info(app, event.member, &info) == 0 && info.room == event.room)
        (void)call_hook(app, &event, &answer, PH_LUA_JOINED);
}

void ph_lua_will_join(struct ph_lua_script *script, ph_room_id room, ph_member_id member)
{
    struct ph_lua_joining *joining = is_idle(script, PH_LUA_JOINED) ? NULL : malloc(sizeof *joining);
    if (!joining)
        return;
    *joining = (struct ph_lua_joining){.room = room, .member = member};
    if (script->host->soon(script->app, on_joined, script)) {
        free(joining);
        return;
    }
    *script->joining_end = joining;
    script->joining_end = &joining->next;
}

/* After a reload members are there already: they do not join again. */
static int on_enter_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    int verdict = call_hook(app, event, answer, PH_LUA_ENTER_ROOM);
    if (verdict == PH_ACCEPT && event->reason != PH_REASON_STOP)
        ph_lua_will_join(app->state, event->room, event->member);
    return verdict;
}

/* Saving. A broken script gives back what the last good one has saved. */

struct keeping {
    struct ph_lua_script *script;
    const void *key;
    ph_room_id room; /* 0: the state of the application */
    const struct ph_value *value;
    struct ph_answer *answer;
};

static int keep(lua_State *L)
{
    struct keeping *it = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, it->key);
    ph_lua_push(L, it->script->app, it->value);
    lua_rawseti(L, -2, (lua_Integer)it->room);
    return 0;
}

static int give_kept(lua_State *L)
{
    struct keeping *it = lua_touserdata(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, it->key);
    if (lua_rawgeti(L, -1, (lua_Integer)it->room) != LUA_TNIL)
        it->answer->value = ph_lua_take(L, it->script->app, -1);
    return 0;
}

static int on_create_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_lua_script *script = app->state;
    struct keeping it = {.script = script, .key = &kept_rooms, .room = event->room, .value = event->value};
    if (script->is_broken && event->value)
        (void)ph_lua_enter(script, keep, &it, event->room, "create_room");
    return call_hook(app, event, answer, PH_LUA_CREATE_ROOM);
}

static int on_save_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_lua_script *script = app->state;
    struct keeping it = {.script = script, .key = &kept_rooms, .room = event->room, .answer = answer};
    if (!script->is_broken)
        return call_hook(app, event, answer, PH_LUA_SAVE_ROOM);
    return ph_lua_enter(script, give_kept, &it, event->room, "save_room") == LUA_OK ? PH_ACCEPT : PH_REFUSE;
}

struct wrapping {
    struct ph_lua_script *script;
    const struct ph_value *state;
    struct ph_value *whole;
};

/* {state = what the script has saved, code = hashes of its functions} */
static int wrap_state(lua_State *L)
{
    struct wrapping *it = lua_touserdata(L, 1);
    struct ph_app *app = it->script->app;
    const struct ph_values *values = app->host->values;
    it->whole = values->new_object(app);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &ph_lua_hashes);
    if (it->state && values->set(app, it->whole, "state", it->state))
        return luaL_error(L, "what is saved is too large");
    if (values->set(app, it->whole, "code", ph_lua_take(L, app, -1)))
        return luaL_error(L, "what is saved is too large");
    return 0;
}

static int on_save(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_lua_script *script = app->state;
    struct keeping kept = {.script = script, .key = &kept_state, .answer = answer};
    if (script->is_broken)
        return ph_lua_enter(script, give_kept, &kept, 0, "save") == LUA_OK ? PH_ACCEPT : PH_REFUSE;
    struct wrapping it = {.script = script};
    if (call_hook(app, event, answer, PH_LUA_SAVE) == PH_ACCEPT)
        it.state = answer->value;
    if (ph_lua_enter(script, wrap_state, &it, 0, "save") != LUA_OK)
        return PH_REFUSE;
    *answer = (struct ph_answer){.value = it.whole};
    return PH_ACCEPT;
}

/* Beginning and end */

static int open_all(lua_State *L)
{
    ph_lua_open_objects(L);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kept_state);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kept_rooms);
    lua_newtable(L);
    ph_lua_open_values(L);
    ph_lua_open_api(L);
    ph_lua_open_members(L);
    ph_lua_open_rooms(L);
    ph_lua_open_shared(L);
    ph_lua_open_waits(L);
    ph_lua_open_timers(L);
    lua_setglobal(L, "playhouse");
    return 0;
}

struct reading {
    struct ph_lua_script *script;
    const struct ph_value *saved;
};

static int read_script(lua_State *L)
{
    struct reading *it = lua_touserdata(L, 1);
    struct ph_lua_script *script = it->script;
    script->is_loading = true;
    ph_lua_read(L, script);
    script->is_loading = false;
    ph_lua_compare(L, script, script->app->host->values->get(it->saved, "code"));
    return 0;
}

static void free_script(struct ph_lua_script *script)
{
    for (struct ph_lua_waiter *waiter = script->waiters, *next; waiter; waiter = next) {
        next = waiter->next;
        free(waiter);
    }
    for (struct ph_lua_timer *timer = script->timers, *next; timer; timer = next) {
        next = timer->next;
        free(timer);
    }
    for (struct ph_lua_task *task = script->tasks, *next; task; task = next) {
        next = task->next;
        free(task);
    }
    for (struct ph_lua_joining *joining = script->joining, *next; joining; joining = next) {
        next = joining->next;
        free(joining);
    }
    for (size_t i = 0; i < script->n_files; i++)
        free(script->files[i]);
    free(script->file);
    ph_lua_sandbox_finish(&script->sandbox);
    free(script);
}

/* A state with the API, and no script in it yet. */
static struct ph_lua_script *new_script(struct ph_app *app)
{
    const struct ph_app_options_service *options = app->host->options;
    double memory = options->number(app, "memory"), budget_ms = options->number(app, "budget");
    struct ph_lua_limits limits = {.memory = memory >= 1 && memory <= 4096 ? (size_t)(memory * MEBI) : 0,
                                   .budget_us = budget_ms >= 1 && budget_ms <= 10000 ? (uint32_t)(budget_ms * 1000)
                                                                                     : 0};
    const char *name = options->text(app, "script");
    const char *path = name && *name ? options->path(app, name) : "";
    struct ph_lua_script *script = calloc(1, sizeof *script);
    if (!script)
        return NULL;
    script->app = app;
    script->host = app->host;
    script->joining_end = &script->joining;
    script->is_dev = options->boolean(app, "dev");
    script->file = path ? strdup(path) : NULL;
    if (script->file && ph_lua_sandbox_init(&script->sandbox, &limits) == 0 &&
        ph_lua_enter(script, open_all, NULL, 0, "load") == LUA_OK)
        return script;
    free_script(script);
    return NULL;
}

/* Reading a script may take longer than a callback. Returns whether it could be read and its load accepted. */
static bool start(struct ph_lua_script *script, const struct ph_event *event, struct ph_answer *answer)
{
    struct reading it = {.script = script, .saved = event->value};
    uint32_t budget_us = script->sandbox.limits.budget_us;
    script->sandbox.limits.budget_us = LOADING_US;
    bool ok = ph_lua_enter(script, read_script, &it, 0, script->file) == LUA_OK;
    script->is_loading = false;
    int verdict = ok ? call_hook(script->app, event, answer, PH_LUA_LOAD) : PH_REFUSE;
    script->sandbox.limits.budget_us = budget_us;
    return verdict == PH_ACCEPT;
}

static int load(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const char *name = app->host->options->text(app, "script");
    if (!name || !*name)
        return refuse(answer, "it needs a script: set script = \"game.lua\"");
    struct ph_lua_script *script = new_script(app);
    if (!script)
        return PH_E_MEMORY;
    app->state = script;
    bool ok = start(script, event, answer);
    if (!ok && !script->is_dev) {
        app->state = NULL;
        free_script(script);
        return answer->description ? PH_REFUSE
                                   : refuse(answer, "the script could not be read; the line above says why");
    }
    if (!ok) {
        struct keeping kept = {.script = script, .key = &kept_state, .value = event->value};
        script->is_broken = true;
        *answer = (struct ph_answer){0};
        (void)ph_lua_enter(script, keep, &kept, 0, "load");
        app->host->log->write(app, PH_APP_LOG_WARNING, "the script will be read again when it changes");
    }
    if (script->is_dev)
        ph_lua_watch(script);
    return PH_ACCEPT;
}

static int close_all(lua_State *L)
{
    ph_lua_close_shared(L, 0);
    return 0;
}

static int unload(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_lua_script *script = app->state;
    if (!script)
        return PH_ACCEPT;
    (void)call_hook(app, event, answer, PH_LUA_UNLOAD);
    (void)ph_lua_enter(script, close_all, NULL, 0, "unload");
    app->state = NULL;
    free_script(script);
    *answer = (struct ph_answer){0};
    return PH_ACCEPT;
}

static const struct ph_app_option own_options[] = {
    {"memory", PH_NUMBER_OPTION, "32", "MiB that the script may use"},
    {"budget", PH_NUMBER_OPTION, "10", "milliseconds of processor time that one hook or call may take"},
};

const struct ph_app_type lua_app = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof lua_app,
    .name = "lua",
    .about = "A script in Lua 5.4: hooks, calls, rooms, shared objects; see the manual page on Lua.",
    .flags = PH_TYPE_FREE_OPTIONS,
    .options = own_options,
    .n_options = sizeof own_options / sizeof *own_options,
    .load = load,
    .unload = unload,
    .connect = on_connect,
    .disconnect = on_disconnect,
    .create_room = on_create_room,
    .destroy_room = on_destroy_room,
    .enter_room = on_enter_room,
    .leave_room = on_leave_room,
    .drop = on_drop,
    .resume = on_resume,
    .call = on_call,
    .publish = on_publish,
    .unpublish = on_unpublish,
    .play = on_play,
    .stop = on_stop,
    .data = on_data,
    .shared = on_shared,
    .tick = on_tick,
    .save_room = on_save_room,
    .save = on_save,
    .drain = on_drain,
    .observe = on_observe,
};
