/* SPDX-License-Identifier: MIT */
/**
 * @file  Reading a script, and looking whether its files change.
 *
 * Thread  The instance's loop.
 */
#ifndef PLAYHOUSE_LUA_LOAD_H
#define PLAYHOUSE_LUA_LOAD_H

#include "script.h"

enum ph_lua_hook {
    PH_LUA_LOAD,
    PH_LUA_UNLOAD,
    PH_LUA_CONNECT,
    PH_LUA_DISCONNECT,
    PH_LUA_CREATE_ROOM,
    PH_LUA_DESTROY_ROOM,
    PH_LUA_ENTER_ROOM,
    PH_LUA_JOINED,
    PH_LUA_LEAVE_ROOM,
    PH_LUA_DROP,
    PH_LUA_RESUME,
    PH_LUA_CALL_HOOK,
    PH_LUA_PUBLISH,
    PH_LUA_UNPUBLISH,
    PH_LUA_PLAY,
    PH_LUA_STOP,
    PH_LUA_DATA,
    PH_LUA_SHARED_HOOK,
    PH_LUA_TICK,
    PH_LUA_SAVE_ROOM,
    PH_LUA_SAVE,
    PH_LUA_DRAIN,
    PH_LUA_OBSERVE,
    PH_LUA_HOOKS
};

/* Keys of the registry. */
extern const char ph_lua_hooks[PH_LUA_HOOKS]; /**< functions */
extern const char ph_lua_room_defaults;       /**< the table `options`, or nil */
extern const char ph_lua_hashes;              /**< {name = hash} of what was read */

extern const char *const ph_lua_hook_names[PH_LUA_HOOKS];

/** Read the script's files and take what it returns. Raises what is wrong. */
void ph_lua_read(lua_State *L, struct ph_lua_script *script);

/** Keep hashes of what was read; tell the log how they differ from those of `before`, unless that is NULL. */
void ph_lua_compare(lua_State *L, struct ph_lua_script *script, const struct ph_value *before);

/** Push the function for a call; false: there is none, nothing is pushed. */
bool ph_lua_push_call(lua_State *L, const char *name);

/** Look at the files twice a second, and reload when they change. */
void ph_lua_watch(struct ph_lua_script *script);

#endif
