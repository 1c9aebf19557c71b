/* SPDX-License-Identifier: MIT */
/* Shared objects: room:shared and what it gives. docs/lua.md. */
#include <string.h>

#include "script.h"

enum { BATCH_MAX = 1000 };

/* Keys of the registry: functions, and rooms, by number of the object. */
static const char observers = 'o', opened = 'p';

static const struct ph_shared *service_of(lua_State *L, struct ph_lua_script *script)
{
    PH_LUA_NEED(L, script->host->shared, "shared objects");
    return script->host->shared;
}

static ph_shared_id check_shared(lua_State *L, int index) { return ph_lua_check_object(L, index, PH_LUA_SHARED); }

static const char *const kind_names[] = {
    [PH_SHARED_SET] = "set",         [PH_SHARED_REMOVE] = "remove", [PH_SHARED_CLEAR] = "clear",
    [PH_SHARED_MESSAGE] = "message", [PH_SHARED_USE] = "use",
};

void ph_lua_push_changes(lua_State *L, struct ph_app *app, const struct ph_shared_change *changes, size_t n)
{
    lua_newtable(L);
    for (size_t i = 0; i < n; i++) {
        const struct ph_shared_change *change = &changes[i];
        lua_createtable(L, 0, 4);
        lua_pushstring(L,
                       (size_t)change->kind < sizeof kind_names / sizeof *kind_names ? kind_names[change->kind] : "?");
        lua_setfield(L, -2, "kind");
        lua_pushstring(L, change->name);
        lua_setfield(L, -2, "name");
        ph_lua_push(L, app, change->value);
        lua_setfield(L, -2, "value");
        if (change->if_version) {
            lua_pushinteger(L, change->if_version);
            lua_setfield(L, -2, "if_version");
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Somebody changed it */

struct news {
    struct ph_lua_script *script;
    ph_shared_id shared;
    ph_member_id member;
    const struct ph_shared_change *changes;
    size_t n_changes;
};

static int tell_observer(lua_State *L)
{
    struct news *news = lua_touserdata(L, 1);
    struct ph_answer answer = {0};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &observers);
    if (lua_rawgeti(L, -1, (lua_Integer)news->shared) != LUA_TFUNCTION)
        return 0;
    struct ph_lua_task *task = ph_lua_task_new(L, news->script, PH_LUA_TOLD, "changed", "");
    ph_lua_push_object(L, PH_LUA_SHARED, news->shared);
    ph_lua_push_object(L, PH_LUA_MEMBER, news->member);
    ph_lua_push_changes(L, news->script->app, news->changes, news->n_changes);
    lua_xmove(L, task->co, 3);
    (void)ph_lua_task_run(L, task, 3, &answer);
    return 0;
}

static void on_change(struct ph_app *app, ph_shared_id shared, ph_member_id member,
                      const struct ph_shared_change *changes, size_t n_changes, void *user)
{
    (void)user;
    struct ph_lua_script *script = app->state;
    struct news news = {script, shared, member, changes, n_changes};
    (void)ph_lua_enter(script, tell_observer, &news, 0, "changed");
}

static int push_opened(lua_State *L, struct ph_lua_waiter *waiter, const struct ph_value *value)
{
    (void)value;
    ph_lua_push_object(L, PH_LUA_SHARED, waiter->id);
    return 1;
}

/* Note what is open; room 0: it is no more. The function, or nil, is on top and is popped. */
static void note_open(lua_State *L, ph_shared_id shared, ph_room_id room)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &observers);
    lua_insert(L, -2);
    lua_rawseti(L, -2, (lua_Integer)shared);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &opened);
    if (room)
        lua_pushinteger(L, (lua_Integer)room);
    else
        lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)shared);
    lua_pop(L, 2);
}

void ph_lua_close_shared(lua_State *L, ph_room_id room)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &opened);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        ph_shared_id shared = (ph_shared_id)lua_tointeger(L, -2);
        bool is_of_room = !room || (ph_room_id)lua_tointeger(L, -1) == room;
        lua_pop(L, 1);
        if (!is_of_room)
            continue;
        (void)script->host->shared->close(script->app, shared); /* gone with its room, or not yet */
        lua_pushnil(L);
        note_open(L, shared, 0);
    }
    lua_pop(L, 1);
}

/* room:shared(name [, {persistent = true, changed = function}]) */
int ph_lua_room_shared(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const struct ph_shared *service = service_of(L, script);
    ph_room_id room = ph_lua_check_object(L, 1, PH_LUA_ROOM);
    const char *name = luaL_checkstring(L, 2);
    bool is_persistent = false, has_observer = false;
    lua_settop(L, 3);
    lua_pushnil(L);
    if (!lua_isnil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
        lua_getfield(L, 3, "persistent");
        is_persistent = lua_toboolean(L, -1);
        lua_getfield(L, 3, "changed");
        has_observer = !lua_isnil(L, -1);
        if (has_observer)
            luaL_checktype(L, -1, LUA_TFUNCTION);
        lua_replace(L, 4);
    }
    struct ph_lua_waiter *waiter = ph_lua_waiter_new(L);
    waiter->push = push_opened;
    int error = service->open(script->app, room, name, is_persistent, has_observer ? on_change : NULL,
                              ph_lua_waiter_done, waiter, &waiter->id);
    if (!error) {
        lua_settop(L, 4);
        note_open(L, waiter->id, room);
    }
    return ph_lua_waiter_yield(L, waiter, error);
}

/* Reading */

/* object:get(name) -> value, version */
static int shared_get(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    uint32_t version = 0;
    ph_shared_id shared = check_shared(L, 1);
    ph_lua_push(L, script->app, service_of(L, script)->get(script->app, shared, luaL_checkstring(L, 2), &version));
    lua_pushinteger(L, version);
    return 2;
}

/* object:all() -> table of values by name */
static int shared_all(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_shared_id shared = check_shared(L, 1);
    struct ph_shared_slot slot = {0};
    lua_newtable(L);
    while (service_of(L, script)->next(script->app, shared, &slot)) {
        ph_lua_push(L, script->app, slot.value);
        lua_setfield(L, -2, slot.name);
    }
    return 1;
}

/* Changing */

static int change(lua_State *L, const struct ph_shared_change *changes, size_t n)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_shared_id shared = check_shared(L, 1);
    return ph_lua_result(L, service_of(L, script)->change(script->app, shared, changes, n));
}

static uint32_t check_version(lua_State *L, int index)
{
    lua_Integer version = luaL_optinteger(L, index, 0);
    luaL_argcheck(L, version >= 0 && version <= UINT32_MAX, index, "a version");
    return (uint32_t)version;
}

/* object:set(name, value [, if_version]); nil removes */
static int shared_set(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2);
    struct ph_shared_change one = {.kind = PH_SHARED_SET, .name = name, .if_version = check_version(L, 4)};
    if (lua_isnoneornil(L, 3))
        one.kind = PH_SHARED_REMOVE;
    else
        one.value = ph_lua_take(L, ph_lua_script_of(L)->app, 3);
    return change(L, &one, 1);
}

/* object:remove(name [, if_version]) */
static int shared_remove(lua_State *L)
{
    return change(L,
                  &(struct ph_shared_change){
                      .kind = PH_SHARED_REMOVE, .name = luaL_checkstring(L, 2), .if_version = check_version(L, 3)},
                  1);
}

/* object:clear() */
static int shared_clear(lua_State *L) { return change(L, &(struct ph_shared_change){.kind = PH_SHARED_CLEAR}, 1); }

/* object:send(handler, ...) */
static int shared_send(lua_State *L)
{
    const char *name = luaL_checkstring(L, 2);
    const struct ph_value *arguments = ph_lua_take_items(L, ph_lua_script_of(L)->app, 3);
    return change(L, &(struct ph_shared_change){.kind = PH_SHARED_MESSAGE, .name = name, .value = arguments}, 1);
}

/* object:update{name = value, ...}: one batch; playhouse.null removes */
static int shared_update(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    size_t n = 0;
    struct ph_shared_change *changes = lua_newuserdatauv(L, BATCH_MAX * sizeof *changes, 0);
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        if (n == BATCH_MAX || lua_type(L, -2) != LUA_TSTRING)
            return luaL_error(L, "an update has at most %d names, which are texts", BATCH_MAX);
        changes[n++] = (struct ph_shared_change){.kind = PH_SHARED_SET,
                                                 .name = lua_tostring(L, -2), /* the table keeps it */
                                                 .value = ph_lua_take(L, script->app, lua_gettop(L))};
        if (script->host->values->type(changes[n - 1].value) == PH_NULL)
            changes[n - 1] = (struct ph_shared_change){.kind = PH_SHARED_REMOVE, .name = changes[n - 1].name};
        lua_pop(L, 1);
    }
    return change(L, changes, n);
}

/* object:lock(), object:unlock() */
static int shared_lock(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    return ph_lua_result(L, service_of(L, script)->lock(script->app, check_shared(L, 1)));
}

static int shared_unlock(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    return ph_lua_result(L, service_of(L, script)->unlock(script->app, check_shared(L, 1)));
}

/* object:close() */
static int shared_close(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_shared_id shared = check_shared(L, 1);
    int error = service_of(L, script)->close(script->app, shared);
    lua_pushnil(L);
    note_open(L, shared, 0);
    return ph_lua_result(L, error);
}

static int shared_field(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    ph_shared_id shared = check_shared(L, 1);
    const char *name = lua_tostring(L, 2);
    if (strcmp(name, "count") == 0)
        lua_pushinteger(L, (lua_Integer)service_of(L, script)->count(script->app, shared));
    else if (strcmp(name, "version") == 0)
        lua_pushinteger(L, service_of(L, script)->object_version(script->app, shared));
    else
        return luaL_error(L, "a shared object has no '%s'; its values are got with get(name)", name);
    return 1;
}

void ph_lua_open_shared(lua_State *L)
{
    static const luaL_Reg methods[] = {{"get", shared_get},
                                       {"all", shared_all},
                                       {"set", shared_set},
                                       {"remove", shared_remove},
                                       {"clear", shared_clear},
                                       {"send", shared_send},
                                       {"update", shared_update},
                                       {"lock", shared_lock},
                                       {"unlock", shared_unlock},
                                       {"close", shared_close},
                                       {NULL, NULL}};
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &observers);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &opened);
    ph_lua_make_class(L, PH_LUA_SHARED, methods, shared_field);
}
