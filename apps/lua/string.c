/* SPDX-License-Identifier: MIT */
/* The string library: rep, find, match, gmatch and gsub are our own, the rest is metered; no dump, pack, unpack. */
#include <stdbool.h>
#include <string.h>

#include <lualib.h>

#include "pattern.h"
#include "sandbox.h"

static int string_rep(lua_State *L)
{
    size_t length, separator_length;
    const char *text = luaL_checklstring(L, 1, &length);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &separator_length);
    size_t most = ph_lua_sandbox_of(L)->limits.text;
    if (n <= 0 || length + separator_length == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((lua_Unsigned)n > most / (length + separator_length) + 1)
        return luaL_error(L, "resulting string too large");
    size_t total = (size_t)n * length + (size_t)(n - 1) * separator_length;
    ph_lua_charge(L, (uint64_t)n + total / 64);
    luaL_Buffer buffer;
    char *out = luaL_buffinitsize(L, &buffer, total);
    for (lua_Integer i = 0; i < n; i++) {
        memcpy(out, text, length);
        out += length;
        if (i + 1 < n)
            memcpy(out, separator, separator_length);
        out += separator_length;
    }
    luaL_pushresultsize(&buffer, total);
    return 1;
}

/* The first place of `what` in [text, end), or NULL. */
static const char *find_plain(lua_State *L, const char *text, const char *end, const char *what, size_t length)
{
    if (length == 0)
        return text;
    while ((size_t)(end - text) >= length) {
        const char *at = memchr(text, what[0], (size_t)(end - text) - length + 1);
        if (!at)
            return NULL;
        size_t same = 1;
        while (same < length && at[same] == what[same])
            same++;
        if (same == length)
            return at;
        ph_lua_charge(L, same + (uint64_t)(at - text) / 64 + 1);
        text = at + 1;
    }
    return NULL;
}

/* Where a search begins, from 0; length + 1 at most. */
static size_t start_of(lua_State *L, int index, size_t length)
{
    lua_Integer start = luaL_optinteger(L, index, 1);
    if (start > 0)
        return (lua_Unsigned)start - 1 > length ? length + 1 : (size_t)start - 1;
    return start == 0 || start < -(lua_Integer)length ? 0 : length - (size_t)-start;
}

static bool has_specials(const char *pattern, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i]))
            return true;
    return false;
}

static int search(lua_State *L, bool is_find)
{
    size_t length, pattern_length;
    const char *text = luaL_checklstring(L, 1, &length);
    const char *pattern = luaL_checklstring(L, 2, &pattern_length);
    size_t start = start_of(L, 3, length);
    if (start > length) {
        lua_pushnil(L);
        return 1;
    }
    ph_lua_charge(L, pattern_length / 8);
    if (is_find && (lua_toboolean(L, 4) || !has_specials(pattern, pattern_length))) {
        const char *found = find_plain(L, text + start, text + length, pattern, pattern_length);
        if (!found) {
            lua_pushnil(L);
            return 1;
        }
        lua_pushinteger(L, found - text + 1);
        lua_pushinteger(L, found - text + (lua_Integer)pattern_length);
        return 2;
    }
    struct ph_lua_match match;
    ph_lua_match_init(&match, L, text, length, pattern, pattern_length);
    bool anchored = pattern_length > 0 && pattern[0] == '^';
    for (const char *at = text + start;; at++) {
        const char *end = ph_lua_match_at(&match, at, pattern + anchored);
        if (end) {
            if (!is_find)
                return ph_lua_push_captures(&match, at, end);
            lua_pushinteger(L, at - text + 1);
            lua_pushinteger(L, end - text);
            return 2 + ph_lua_push_captures(&match, NULL, NULL);
        }
        if (anchored || at == match.text_end)
            break;
    }
    lua_pushnil(L);
    return 1;
}

static int string_find(lua_State *L) { return search(L, true); }
static int string_match(lua_State *L) { return search(L, false); }

/* Upvalues: text, pattern, where to go on, end of the last match. */
static int next_match(lua_State *L)
{
    size_t length, pattern_length;
    const char *text = lua_tolstring(L, lua_upvalueindex(1), &length);
    const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_length);
    size_t start = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    struct ph_lua_match match;
    ph_lua_match_init(&match, L, text, length, pattern, pattern_length);
    for (; start <= length; start++) {
        const char *end = ph_lua_match_at(&match, text + start, pattern);
        if (!end || end - text == last)
            continue;
        lua_pushinteger(L, end - text);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_copy(L, -1, lua_upvalueindex(4));
        return ph_lua_push_captures(&match, text + start, end);
    }
    return 0;
}

static int string_gmatch(lua_State *L)
{
    size_t length;
    luaL_checklstring(L, 1, &length);
    luaL_checkstring(L, 2);
    size_t start = start_of(L, 3, length);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)start);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

/* "%0" … "%9" and "%%" in the replacement, which is argument 3. */
static void add_template(struct ph_lua_match *match, luaL_Buffer *buffer, const char *begin, const char *end)
{
    lua_State *L = match->L;
    size_t length;
    const char *p = lua_tolstring(L, 3, &length), *last = p + length;
    ph_lua_charge(L, length / 16);
    for (; p < last; p++) {
        if (*p != '%') {
            luaL_addchar(buffer, *p);
            continue;
        }
        char c = p + 1 < last ? *++p : '\0';
        if (c == '%') {
            luaL_addchar(buffer, c);
        } else if (c == '0') {
            luaL_addlstring(buffer, begin, (size_t)(end - begin));
        } else if (c >= '1' && c <= '9') {
            ph_lua_push_capture(match, c - '1', begin, end);
            luaL_tolstring(L, -1, NULL); /* a position is a number */
            lua_remove(L, -2);
            luaL_addvalue(buffer);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
    }
}

/* True: something else stands in the place of the match now. */
static bool add_replacement(struct ph_lua_match *match, luaL_Buffer *buffer, const char *begin, const char *end)
{
    lua_State *L = match->L;
    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, ph_lua_push_captures(match, begin, end), 1);
        break;
    case LUA_TTABLE:
        ph_lua_push_capture(match, 0, begin, end);
        lua_gettable(L, 3);
        break;
    default:
        add_template(match, buffer, begin, end);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(buffer, begin, (size_t)(end - begin));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(buffer);
    return true;
}

static int string_gsub(lua_State *L)
{
    size_t length, pattern_length;
    const char *text = luaL_checklstring(L, 1, &length), *last = NULL;
    const char *pattern = luaL_checklstring(L, 2, &pattern_length);
    int kind = lua_type(L, 3);
    luaL_argexpected(L, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
                     "string/function/table");
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)length + 1), n = 0;
    bool anchored = pattern_length > 0 && pattern[0] == '^', changed = false;
    struct ph_lua_match match;
    ph_lua_match_init(&match, L, text, length, pattern, pattern_length);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    while (n < most) {
        const char *end = ph_lua_match_at(&match, text, pattern + anchored);
        if (end && end != last) {
            n++;
            changed |= add_replacement(&match, &buffer, text, end);
            text = last = end;
        } else if (text < match.text_end) {
            luaL_addchar(&buffer, *text++);
        } else {
            break;
        }
        if (anchored)
            break;
    }
    if (changed) {
        luaL_addlstring(&buffer, text, (size_t)(match.text_end - text));
        luaL_pushresult(&buffer);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, n);
    return 2;
}

/* "%99d" is as far as a width goes, and a text in it is metered. */
void ph_lua_open_string(lua_State *L)
{
    static const char *const standard[] = {"byte", "char", "format", "len", "lower", "reverse", "sub", "upper", NULL};
    static const char *const utf8[] = {"char", "charpattern", "codepoint", "codes", "len", "offset", NULL};
    static const luaL_Reg own[] = {{"find", string_find},   {"gmatch", string_gmatch}, {"gsub", string_gsub},
                                   {"match", string_match}, {"rep", string_rep},       {NULL, NULL}};
    luaL_newlib(L, own);
    ph_lua_copy_metered(L, luaopen_string, standard);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1); /* made by luaopen_string: text methods find our library, and nobody finds the metatable */
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    lua_setglobal(L, LUA_STRLIBNAME);
    lua_newtable(L);
    ph_lua_copy_metered(L, luaopen_utf8, utf8);
    lua_setglobal(L, LUA_UTF8LIBNAME);
}
