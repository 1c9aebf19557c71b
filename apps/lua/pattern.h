/* SPDX-License-Identifier: MIT */
/**
 * @file  Lua's patterns, with every step charged to the budget.
 *
 * What matches, what is captured and what is an error are as in Lua 5.4; an error is found where the match first meets
 * it. A pattern can backtrack for longer than the universe is old: it ends with the budget.
 *
 * Source  Lua 5.4 reference manual, 6.4.1.
 * Owner   The caller owns the struct and the texts.
 * Thread  The state's.
 * Since   0.2
 */
#ifndef PLAYHOUSE_LUA_PATTERN_H
#define PLAYHOUSE_LUA_PATTERN_H

#include <stddef.h>

#include <lua.h>

enum { PH_LUA_CAPTURES_MAX = 32 };

struct ph_lua_capture {
    const char *begin;
    ptrdiff_t length; /**< or one of the marks in pattern.c */
};

struct ph_lua_match {
    lua_State *L;
    const char *text, *text_end;
    const char *pattern_end;
    unsigned depth;
    int n_captures;
    struct ph_lua_capture captures[PH_LUA_CAPTURES_MAX];
};

void ph_lua_match_init(struct ph_lua_match *match, lua_State *L, const char *text, size_t text_length,
                       const char *pattern, size_t pattern_length);

/** Does `pattern` (without its '^') match at `at`? Returns the end of the match, or NULL. Raises what is wrong. */
const char *ph_lua_match_at(struct ph_lua_match *match, const char *at, const char *pattern);

/** Push the captures, or the whole match [begin, end) if there are none and begin is not NULL; returns how many. */
int ph_lua_push_captures(struct ph_lua_match *match, const char *begin, const char *end);

/** Push capture `index`, counted from 0; 0 is the whole match if there are no captures. */
void ph_lua_push_capture(struct ph_lua_match *match, int index, const char *begin, const char *end);

#endif
