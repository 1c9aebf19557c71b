/* SPDX-License-Identifier: MIT */
/**
 * @file  Values of the host and values of Lua: docs/values.md.
 *
 * Owner   What is pushed is Lua's; what is taken is the host's scratch and lives until the callback returns.
 * Thread  The instance's loop. Every function may raise, and walks with a budget.
 * Since   0.2
 */
#ifndef PLAYHOUSE_LUA_VALUE_H
#define PLAYHOUSE_LUA_VALUE_H

#include <lua.h>
#include <playhouse/app.h>

/** Add null, undefined, array, bytes and date to the table on top of the stack. */
void ph_lua_open_values(lua_State *L);

/** Push a value; null and undefined are nil, but inside of arrays and objects null is playhouse.null. */
void ph_lua_push(lua_State *L, struct ph_app *app, const struct ph_value *value);

/** Push the items of an array one by one. Returns how many; 0: it is no array. */
int ph_lua_push_items(lua_State *L, struct ph_app *app, const struct ph_value *array);

/** The value at `index` of the stack; nothing there or nil: null. Never NULL. */
struct ph_value *ph_lua_take(lua_State *L, struct ph_app *app, int index);

/** What lies from `first` to the top, as an array. */
struct ph_value *ph_lua_take_items(lua_State *L, struct ph_app *app, int first);

/** The text at `index`, kept by the host until the callback returns; NULL: nil. Raises when it is no text. */
const char *ph_lua_take_text(lua_State *L, struct ph_app *app, int index);

#endif
