/* SPDX-License-Identifier: MIT */
/* Reading a script: its files, hooks and calls, and what has changed since it was read before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "load.h"

enum { FILE_MAX = 1024 * 1024, NAME_DEPTH = 8, NAME_MAX_BYTES = 128, WATCH_MS = 500, CHANGES_MAX = 400 };

/* Keys of the registry: modules by name, texts of files by chunk name, calls by name. */
static const char modules = 'm', texts = 't', calls = 'c';
const char ph_lua_hooks[PH_LUA_HOOKS], ph_lua_room_defaults = 'r', ph_lua_hashes = 'h';

const char *const ph_lua_hook_names[PH_LUA_HOOKS] = {
    "load",       "unload", "connect", "disconnect", "create_room", "destroy_room", "enter_room", "joined",
    "leave_room", "drop",   "resume",  "call",       "publish",     "unpublish",    "play",       "stop",
    "data",       "shared", "tick",    "save_room",  "save",        "drain",        "observe",
};

/* Files */

static uint64_t stamp_of(const char *file)
{
    struct stat status;
    if (stat(file, &status))
        return 1;
    uint64_t time = (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec;
    return (time ^ (uint64_t)status.st_ino << 20) * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)status.st_size;
}

static uint64_t stamp_of_all(const struct ph_lua_script *script)
{
    uint64_t stamp = 0;
    for (size_t i = 0; i < script->n_files; i++)
        stamp += stamp_of(script->files[i]) * (i + 1);
    return stamp;
}

/* Push the text of a file. */
static void read_file(lua_State *L, const char *file)
{
    FILE *stream = fopen(file, "rb");
    if (!stream)
        luaL_error(L, "%s cannot be read", file);
    char *text = malloc(FILE_MAX + 1);
    size_t length = text ? fread(text, 1, FILE_MAX + 1, stream) : 0;
    bool failed = ferror(stream) || !text;
    fclose(stream);
    if (failed || length > FILE_MAX) {
        free(text);
        luaL_error(L, failed ? "%s cannot be read" : "%s is longer than 1 MiB", file);
    }
    luaL_Buffer buffer; /* a buffer raises before it owns anything of ours, so: copy, then free */
    if (ph_lua_sandbox_of(L)->used + 2 * length > ph_lua_sandbox_of(L)->limits.memory) {
        free(text);
        luaL_error(L, "%s does not fit into the memory of the application", file);
    }
    luaL_buffinit(L, &buffer);
    luaL_addlstring(&buffer, text, length);
    free(text);
    luaL_pushresult(&buffer);
}

/* Read and compile a file; the function is pushed. `name` is what errors call it. */
static void compile(lua_State *L, struct ph_lua_script *script, const char *file, const char *name)
{
    if (script->n_files == PH_LUA_FILES_MAX)
        luaL_error(L, "a script has at most %d files", PH_LUA_FILES_MAX);
    script->files[script->n_files] = strdup(file);
    if (!script->files[script->n_files])
        luaL_error(L, "out of memory");
    script->n_files++;
    read_file(L, file);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &texts);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    const char *first_line = length && text[0] == '#' ? memchr(text, '\n', length) : NULL;
    size_t skipped = first_line ? (size_t)(first_line - text) : 0; /* "#!": for editors and shells */
    if (luaL_loadbufferx(L, text + skipped, length - skipped, name, "t") != LUA_OK)
        lua_error(L);
    lua_remove(L, -2);
}

/* require(name): a file beside the script; "cards.deck" is cards/deck.lua. Only while the script is read. */
static int require(lua_State *L)
{
    struct ph_lua_script *script = ph_lua_script_of(L);
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &modules);
    if (lua_getfield(L, 2, name) != LUA_TNIL)
        return 1;
    if (!script->is_loading)
        return luaL_error(L, "require works while the script is read, not in hooks and calls");
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    if (name[length] || !*name || *name == '.' || strstr(name, ".."))
        return luaL_error(L, "require: '%s' is not the name of a file beside the script", name);
    lua_settop(L, 2);
    const char *slash = strrchr(script->file, '/');
    lua_pushlstring(L, script->file, slash ? (size_t)(slash - script->file) + 1 : 0);
    luaL_gsub(L, name, ".", "/");
    lua_pushfstring(L, "%s%s.lua", lua_tostring(L, -2), lua_tostring(L, -1));
    lua_pushfstring(L, "@%s.lua", lua_tostring(L, -2));
    lua_pushboolean(L, true); /* a module that requires itself gets true, as in Lua */
    lua_setfield(L, 2, name);
    compile(L, script, lua_tostring(L, -2), lua_tostring(L, -1));
    lua_call(L, 0, 1);
    if (!lua_isnil(L, -1)) {
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, name);
    }
    lua_getfield(L, 2, name);
    return 1;
}

/* Hooks and calls */

static bool is_hook(const char *name)
{
    for (int i = 0; i < PH_LUA_HOOKS; i++)
        if (strcmp(name, ph_lua_hook_names[i]) == 0)
            return true;
    return strcmp(name, "calls") == 0 || strcmp(name, "options") == 0;
}

/* The script's table is at index 1: its functions by the names of the hooks. */
static void take_hooks(lua_State *L, struct ph_lua_script *script)
{
    script->hooks = 0;
    for (int i = 0; i < PH_LUA_HOOKS; i++) {
        int type = lua_getfield(L, 1, ph_lua_hook_names[i]);
        if (type != LUA_TNIL && type != LUA_TFUNCTION)
            luaL_error(L, "'%s' is a %s; it should be a function", ph_lua_hook_names[i], lua_typename(L, type));
        script->hooks |= (uint32_t)(type == LUA_TFUNCTION) << i;
        lua_rawsetp(L, LUA_REGISTRYINDEX, &ph_lua_hooks[i]);
    }
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        if (lua_isfunction(L, -1) && lua_type(L, -2) == LUA_TSTRING && !is_hook(lua_tostring(L, -2))) {
            lua_pushfstring(L, "'%s' is no hook; methods that clients may call belong into the table calls",
                            lua_tostring(L, -2));
            lua_error(L);
        }
        lua_pop(L, 1);
    }
}

static uint16_t limit_field(lua_State *L, const char *call, const char *name)
{
    lua_getfield(L, -1, name);
    lua_Integer number = luaL_optinteger(L, -1, 0);
    if (number < 0 || number > UINT16_MAX)
        luaL_error(L, "calls.%s: %s is out of range", call, name);
    lua_pop(L, 1);
    return (uint16_t)number;
}

/* A function, or {run = function, rate =, burst =, concurrent =}, on top. */
static void take_call(lua_State *L, struct ph_lua_script *script, const char *name)
{
    struct ph_method method = {.name = name};
    if (lua_istable(L, -1)) {
        method.rate = limit_field(L, name, "rate");
        method.burst = limit_field(L, name, "burst");
        lua_getfield(L, -1, "concurrent");
        method.concurrent = lua_toboolean(L, -1);
        lua_pop(L, 1);
        lua_getfield(L, -1, "run");
    } else {
        lua_pushvalue(L, -1);
    }
    int error = script->host->method(script->app, &method);
    if (error)
        luaL_error(L, "calls.%s: this name cannot be used (%s)", name, ph_lua_error_name(error));
    lua_rawgetp(L, LUA_REGISTRYINDEX, &calls);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* The table on top holds calls, and tables of calls. */
static void take_calls(lua_State *L, struct ph_lua_script *script, const char *prefix, unsigned depth)
{
    luaL_checkstack(L, 10, "calls");
    if (depth > NAME_DEPTH)
        luaL_error(L, "calls.%s: more than %d levels", prefix, NAME_DEPTH);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        char name[NAME_MAX_BYTES + 1];
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "calls: a name is a %s; it should be a text", luaL_typename(L, -2));
        int length = snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", lua_tostring(L, -2));
        if (length > NAME_MAX_BYTES)
            luaL_error(L, "calls.%s: the name is too long", name);
        bool is_call = lua_isfunction(L, -1);
        if (lua_istable(L, -1)) {
            is_call = lua_getfield(L, -1, "run") == LUA_TFUNCTION;
            lua_pop(L, 1);
            if (!is_call)
                take_calls(L, script, name, depth + 1);
        } else if (!is_call) {
            luaL_error(L, "calls.%s is a %s; it should be a function", name, luaL_typename(L, -1));
        }
        if (is_call)
            take_call(L, script, name);
        lua_pop(L, 1);
    }
}

bool ph_lua_push_call(lua_State *L, const char *name)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &calls);
    if (lua_getfield(L, -1, name) == LUA_TFUNCTION) {
        lua_remove(L, -2);
        return true;
    }
    lua_pop(L, 2);
    return false;
}

/* What has changed: names of functions with a hash of their lines */

static uint32_t hash_lines(const char *text, int first, int last)
{
    uint32_t hash = 2166136261u;
    for (int line = 1; *text && line <= last; text++) {
        if (line >= first)
            hash = (hash ^ (unsigned char)*text) * 16777619u;
        line += *text == '\n';
    }
    return hash;
}

/* The function on top, popped; its hash into the table at index 2. */
static void add_hash(lua_State *L, const char *name)
{
    lua_Debug record;
    lua_getinfo(L, ">S", &record);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &texts);
    lua_getfield(L, -1, record.source);
    const char *text = lua_tostring(L, -1);
    uint32_t hash = text ? hash_lines(text, record.linedefined, record.lastlinedefined) : 0;
    lua_pop(L, 2);
    lua_pushinteger(L, (lua_Integer)(hash >> 1));
    lua_setfield(L, 2, name);
}

/* A table {name = hash} is left on top. */
static void push_hashes(lua_State *L)
{
    lua_settop(L, 1);
    lua_newtable(L);
    for (int i = 0; i < PH_LUA_HOOKS; i++)
        if (lua_rawgetp(L, LUA_REGISTRYINDEX, &ph_lua_hooks[i]) == LUA_TFUNCTION)
            add_hash(L, ph_lua_hook_names[i]);
        else
            lua_pop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &calls);
    lua_pushnil(L);
    while (lua_next(L, 3)) {
        char name[NAME_MAX_BYTES + 8];
        snprintf(name, sizeof name, "calls.%s", lua_tostring(L, 4));
        add_hash(L, name);
    }
    lua_settop(L, 2);
}

struct line {
    char text[CHANGES_MAX + NAME_MAX_BYTES + 32];
    size_t used;
};

/* Names in the table at `from` that are not the same in the one at `in` go to the line: with `word` when they are not
 * there at all, with `changed` when that is not NULL and they are different. */
static void list_changes(lua_State *L, int from, int in, const char *word, const char *changed, struct line *line)
{
    lua_pushnil(L);
    while (lua_next(L, from)) {
        const char *name = lua_tostring(L, -2), *what = NULL;
        if (lua_getfield(L, in, name) == LUA_TNIL)
            what = word;
        else if (!lua_rawequal(L, -1, -2))
            what = changed;
        if (what && line->used < CHANGES_MAX)
            line->used += (size_t)snprintf(line->text + line->used, sizeof line->text - line->used, "%s %s %.*s",
                                           line->used ? "," : ":", what, NAME_MAX_BYTES, name);
        lua_pop(L, 2);
    }
}

static void report_changes(lua_State *L, struct ph_lua_script *script, int before, int now)
{
    struct line line = {.text = ": no hook and no call has changed"};
    list_changes(L, now, before, "new", "changed", &line);
    list_changes(L, before, now, "gone", NULL, &line);
    lua_pushfstring(L, "read again%s", line.text);
    script->host->log->write(script->app, PH_APP_LOG_INFO, lua_tostring(L, -1));
    lua_pop(L, 1);
}

/* Reading it all */

void ph_lua_read(lua_State *L, struct ph_lua_script *script)
{
    lua_settop(L, 0);
    const char *slash = strrchr(script->file, '/');
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &texts);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &modules);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &calls);
    lua_pushcfunction(L, require);
    lua_setglobal(L, "require");
    const char *name = lua_pushfstring(L, "@%s", slash ? slash + 1 : script->file);
    compile(L, script, script->file, name);
    lua_remove(L, 1);
    lua_call(L, 0, 1);
    if (!lua_istable(L, 1))
        luaL_error(L, "%s returns a %s; it should end with: return a table of hooks", script->file,
                   luaL_typename(L, 1));
    take_hooks(L, script);
    if (lua_getfield(L, 1, "calls") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TTABLE);
        take_calls(L, script, "", 1);
    }
    lua_settop(L, 1);
    if (lua_getfield(L, 1, "options") != LUA_TNIL)
        luaL_checktype(L, -1, LUA_TTABLE);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &ph_lua_room_defaults);
}

void ph_lua_compare(lua_State *L, struct ph_lua_script *script, const struct ph_value *before)
{
    lua_settop(L, 0);
    lua_pushnil(L);
    push_hashes(L);
    if (before) {
        ph_lua_push(L, script->app, before);
        if (lua_istable(L, 3))
            report_changes(L, script, 3, 2);
    }
    lua_pushvalue(L, 2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &ph_lua_hashes);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &texts); /* not needed any more */
    lua_settop(L, 0);
}

/* dev: a file that has another time or size is read again. Asking for that is no work that a job is worth. */
static void look(struct ph_app *app, ph_timer_id timer, void *user)
{
    (void)timer;
    struct ph_lua_script *script = user;
    uint64_t stamp = stamp_of_all(script);
    if (stamp == script->stamp)
        return;
    script->stamp = stamp;
    script->host->reload(app);
}

void ph_lua_watch(struct ph_lua_script *script)
{
    ph_timer_id timer;
    script->stamp = stamp_of_all(script);
    int error = script->host->timers->start(script->app, 0, WATCH_MS, WATCH_MS, look, script, &timer);
    if (error)
        script->host->log->write(script->app, PH_APP_LOG_WARNING, "changes of the script will not be seen");
}
