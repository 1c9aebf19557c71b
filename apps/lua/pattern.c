/* SPDX-License-Identifier: MIT */
/*
 * The pattern is read as it is matched. An item is a single character (a letter, '.', %a, [set]) with an optional
 * quantifier, or one of ( ) %b %f %1 $. match_here() walks items in a loop and calls itself only where it may have to
 * come back: behind a quantifier and inside a capture.
 */
#include "pattern.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox.h"

enum {
    OPEN = -1,     /* of a capture's length: its ')' has not come yet */
    POSITION = -2, /* it is a position: "()" */
    DEPTH_MAX = 200,
};

static const char *match_here(struct ph_lua_match *match, const char *at, const char *p);

static unsigned char byte_of(char c) { return (unsigned char)c; }

/* Behind the single character that begins at `p`. */
static const char *end_of_single(struct ph_lua_match *match, const char *p)
{
    char first = *p++;
    if (first == '%') {
        if (p == match->pattern_end)
            luaL_error(match->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[')
        return p;
    if (p < match->pattern_end && *p == '^')
        p++;
    for (bool is_first = true;; is_first = false) { /* a ']' in the first place stands for itself */
        if (p >= match->pattern_end)
            luaL_error(match->L, "malformed pattern (missing ']')");
        if (*p == ']' && !is_first)
            return p + 1;
        p += *p == '%' && p + 1 < match->pattern_end ? 2 : 1;
    }
}

static bool is_in_class(unsigned char c, char class)
{
    bool found;
    switch (tolower(byte_of(class))) {
    case 'a':
        found = isalpha(c);
        break;
    case 'c':
        found = iscntrl(c);
        break;
    case 'd':
        found = isdigit(c);
        break;
    case 'g':
        found = isgraph(c);
        break;
    case 'l':
        found = islower(c);
        break;
    case 'p':
        found = ispunct(c);
        break;
    case 's':
        found = isspace(c);
        break;
    case 'u':
        found = isupper(c);
        break;
    case 'w':
        found = isalnum(c);
        break;
    case 'x':
        found = isxdigit(c);
        break;
    case 'z': /* from the days when a pattern could not hold a NUL */
        found = c == 0;
        break;
    default:
        return byte_of(class) == c;
    }
    return found != (isupper(byte_of(class)) != 0);
}

/* `set` is at '[', `last` at its ']'. */
static bool is_in_set(unsigned char c, const char *set, const char *last)
{
    bool wanted = true;
    const char *p = set + 1;
    if (*p == '^') {
        wanted = false;
        p++;
    }
    while (p < last) {
        if (*p == '%') {
            if (is_in_class(c, p[1]))
                return wanted;
            p += 2;
        } else if (p[1] == '-' && p + 2 < last) {
            if (byte_of(p[0]) <= c && c <= byte_of(p[2]))
                return wanted;
            p += 3;
        } else if (byte_of(*p++) == c) {
            return wanted;
        }
    }
    return !wanted;
}

/* Does the byte at `at` match the single character in [p, end)? */
static bool is_single(struct ph_lua_match *match, const char *at, const char *p, const char *end)
{
    if (at >= match->text_end)
        return false;
    switch (*p) {
    case '.':
        return true;
    case '%':
        return is_in_class(byte_of(*at), p[1]);
    case '[':
        ph_lua_charge(match->L, (uint64_t)(end - p) / 4);
        return is_in_set(byte_of(*at), p, end - 1);
    default:
        return *p == *at;
    }
}

/* "%bxy" with p at x. */
static const char *match_balanced(struct ph_lua_match *match, const char *at, const char *p)
{
    if (p >= match->pattern_end - 1)
        luaL_error(match->L, "malformed pattern (missing arguments to '%%b')");
    if (at >= match->text_end || *at != p[0])
        return NULL;
    size_t open = 1;
    for (at++; at < match->text_end; at++) {
        ph_lua_charge(match->L, 1);
        if (*at == p[1]) {
            if (--open == 0)
                return at + 1;
        } else if (*at == p[0]) {
            open++;
        }
    }
    return NULL;
}

static const char *match_most(struct ph_lua_match *match, const char *at, const char *p, const char *end)
{
    const char *last = at;
    for (; is_single(match, last, p, end); last++)
        ph_lua_charge(match->L, 1);
    for (;; last--) {
        const char *found = match_here(match, last, end + 1);
        if (found || last == at)
            return found;
    }
}

static const char *match_least(struct ph_lua_match *match, const char *at, const char *p, const char *end)
{
    for (;; at++) {
        const char *found = match_here(match, at, end + 1);
        if (found || !is_single(match, at, p, end))
            return found;
    }
}

static const char *match_open(struct ph_lua_match *match, const char *at, const char *p, ptrdiff_t mark)
{
    if (match->n_captures >= PH_LUA_CAPTURES_MAX)
        luaL_error(match->L, "too many captures");
    match->captures[match->n_captures++] = (struct ph_lua_capture){at, mark};
    const char *found = match_here(match, at, p);
    if (!found)
        match->n_captures--;
    return found;
}

static const char *match_close(struct ph_lua_match *match, const char *at, const char *p)
{
    int last = match->n_captures - 1;
    while (last >= 0 && match->captures[last].length != OPEN)
        last--;
    if (last < 0)
        luaL_error(match->L, "invalid pattern capture");
    match->captures[last].length = at - match->captures[last].begin;
    const char *found = match_here(match, at, p);
    if (!found)
        match->captures[last].length = OPEN;
    return found;
}

static const char *match_back(struct ph_lua_match *match, const char *at, char digit)
{
    int index = digit - '1';
    if (index < 0 || index >= match->n_captures || match->captures[index].length == OPEN)
        luaL_error(match->L, "invalid capture index %%%d", index + 1);
    const struct ph_lua_capture *capture = &match->captures[index];
    size_t length = (size_t)capture->length; /* of a position: longer than any text, so that it never matches */
    if ((size_t)(match->text_end - at) < length)
        return NULL;
    ph_lua_charge(match->L, length / 16);
    return memcmp(capture->begin, at, length) == 0 ? at + length : NULL;
}

/* "%f[set]" with p at '['. */
static bool is_frontier(struct ph_lua_match *match, const char *at, const char *p, const char *end)
{
    unsigned char before = at == match->text ? 0 : byte_of(at[-1]);
    unsigned char behind = at == match->text_end ? 0 : byte_of(*at);
    return !is_in_set(before, p, end - 1) && is_in_set(behind, p, end - 1);
}

/* An item with '%' that is more than a single character: true, and where matching goes on in *at (NULL: it failed) and
 * *p. */
static bool match_special(struct ph_lua_match *match, const char **at, const char **p)
{
    const char *item = *p;
    if (item[0] != '%' || item + 1 == match->pattern_end)
        return false;
    if (item[1] == 'b') {
        *at = match_balanced(match, *at, item + 2);
        *p = item + 4;
    } else if (item[1] == 'f') {
        item += 2;
        if (item == match->pattern_end || *item != '[')
            luaL_error(match->L, "missing '[' after '%%f' in pattern");
        *p = end_of_single(match, item);
        if (!is_frontier(match, *at, item, *p))
            *at = NULL;
    } else if (isdigit(byte_of(item[1]))) {
        *at = match_back(match, *at, item[1]);
        *p = item + 2;
    } else {
        return false;
    }
    return true;
}

static const char *match_items(struct ph_lua_match *match, const char *at, const char *p)
{
    while (p != match->pattern_end) {
        ph_lua_charge(match->L, 1);
        if (*p == '(' && p + 1 < match->pattern_end && p[1] == ')')
            return match_open(match, at, p + 2, POSITION);
        if (*p == '(')
            return match_open(match, at, p + 1, OPEN);
        if (*p == ')')
            return match_close(match, at, p + 1);
        if (*p == '$' && p + 1 == match->pattern_end)
            return at == match->text_end ? at : NULL;
        if (match_special(match, &at, &p)) {
            if (!at)
                return NULL;
            continue;
        }
        const char *end = end_of_single(match, p);
        char quantifier = end < match->pattern_end ? *end : '\0';
        if (quantifier == '-')
            return match_least(match, at, p, end);
        if (quantifier == '*')
            return match_most(match, at, p, end);
        bool found = is_single(match, at, p, end);
        if (quantifier == '+')
            return found ? match_most(match, at + 1, p, end) : NULL;
        if (quantifier == '?') {
            const char *rest = found ? match_here(match, at + 1, end + 1) : NULL;
            if (rest)
                return rest;
            p = end + 1;
            continue;
        }
        if (!found)
            return NULL;
        at++;
        p = end;
    }
    return at;
}

static const char *match_here(struct ph_lua_match *match, const char *at, const char *p)
{
    if (++match->depth > DEPTH_MAX)
        luaL_error(match->L, "pattern too complex");
    const char *found = match_items(match, at, p);
    match->depth--;
    return found;
}

void ph_lua_match_init(struct ph_lua_match *match, lua_State *L, const char *text, size_t text_length,
                       const char *pattern, size_t pattern_length)
{
    match->L = L;
    match->text = text;
    match->text_end = text + text_length;
    match->pattern_end = pattern + pattern_length;
}

const char *ph_lua_match_at(struct ph_lua_match *match, const char *at, const char *pattern)
{
    match->depth = 0;
    match->n_captures = 0;
    return match_here(match, at, pattern);
}

void ph_lua_push_capture(struct ph_lua_match *match, int index, const char *begin, const char *end)
{
    if (index >= match->n_captures) {
        if (index > 0)
            luaL_error(match->L, "invalid capture index %%%d", index + 1);
        lua_pushlstring(match->L, begin, (size_t)(end - begin));
        return;
    }
    const struct ph_lua_capture *capture = &match->captures[index];
    if (capture->length == OPEN)
        luaL_error(match->L, "unfinished capture");
    if (capture->length == POSITION)
        lua_pushinteger(match->L, capture->begin - match->text + 1);
    else
        lua_pushlstring(match->L, capture->begin, (size_t)capture->length);
}

int ph_lua_push_captures(struct ph_lua_match *match, const char *begin, const char *end)
{
    int n = match->n_captures == 0 && begin ? 1 : match->n_captures;
    luaL_checkstack(match->L, n, "too many captures");
    for (int i = 0; i < n; i++)
        ph_lua_push_capture(match, i, begin, end);
    return n;
}
