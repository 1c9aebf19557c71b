/* SPDX-License-Identifier: MIT */
#include "app/query.h"

#include <string.h>

/* One "name=value"; NULL data of the value: there is no '='. */
struct pair {
    struct rtmp_text whole, name, value;
};

static bool next_pair(struct rtmp_text *query, struct pair *pair)
{
    if (query->length == 0)
        return false;
    const char *stop = memchr(query->data, '&', query->length);
    size_t length = stop ? (size_t)(stop - query->data) : query->length;
    const char *equals = memchr(query->data, '=', length);
    size_t name_length = equals ? (size_t)(equals - query->data) : length;
    pair->whole = (struct rtmp_text){query->data, length};
    pair->name = (struct rtmp_text){query->data, name_length};
    pair->value = equals ? (struct rtmp_text){equals + 1, length - name_length - 1}
                         : (struct rtmp_text){query->data + length, 0};
    query->data += length + (stop != NULL);
    query->length -= length + (stop != NULL);
    return true;
}

static bool is_secret(struct rtmp_text name) { return rtmp_text_is(name, "key"); }

struct rtmp_text ph_query_find(struct rtmp_text query, const char *name)
{
    for (struct pair pair; next_pair(&query, &pair);)
        if (rtmp_text_is(pair.name, name))
            return pair.value;
    return (struct rtmp_text){0};
}

struct rtmp_text ph_query_behind(struct rtmp_text text)
{
    for (size_t i = text.length; i > 0; i--)
        if (text.data[i - 1] == '?')
            return (struct rtmp_text){.data = text.data + i, .length = text.length - i};
    return (struct rtmp_text){.data = text.data + text.length};
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "%41" and "+" are decoded; what is no escape stays. Writes at most text.length bytes and a NUL. */
static size_t decode(struct rtmp_text text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.length; i++) {
        bool is_escape = text.data[i] == '%' && i + 2 < text.length && digit_of(text.data[i + 1]) >= 0 &&
                         digit_of(text.data[i + 2]) >= 0;
        if (is_escape) {
            out[n++] = (char)(digit_of(text.data[i + 1]) * 16 + digit_of(text.data[i + 2]));
            i += 2;
        } else {
            out[n++] = text.data[i] == '+' ? ' ' : text.data[i];
        }
    }
    out[n] = '\0';
    return n;
}

struct rtmp_value *ph_query_object(struct rtmp_text query, struct rtmp_arena *arena)
{
    struct rtmp_value *object = rtmp_value_new_object(arena);
    for (struct pair pair; object && next_pair(&query, &pair);) {
        if (is_secret(pair.name) || pair.name.length == 0)
            continue;
        char *name = rtmp_arena_take(arena, pair.name.length + 1);
        char *value = rtmp_arena_take(arena, pair.value.length + 1);
        if (!name || !value)
            return NULL;
        (void)decode(pair.name, name);
        size_t length = decode(pair.value, value);
        if (rtmp_value_set(arena, object, name, rtmp_value_new_string(arena, value, length)))
            return NULL;
    }
    return object;
}

const char *ph_query_without_key(struct rtmp_text query, struct rtmp_arena *arena)
{
    char *plain = rtmp_arena_take(arena, query.length + 1);
    size_t n = 0;
    for (struct pair pair; plain && next_pair(&query, &pair);) {
        if (is_secret(pair.name))
            continue;
        if (n)
            plain[n++] = '&';
        memcpy(plain + n, pair.whole.data, pair.whole.length);
        n += pair.whole.length;
    }
    if (plain)
        plain[n] = '\0';
    return plain;
}
