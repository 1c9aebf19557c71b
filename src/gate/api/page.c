/* SPDX-License-Identifier: MIT */
#include "gate/api/page.h"

#include <stdlib.h>
#include <string.h>

#include <rtmpwire/arena.h>

#include "app/letter.h"
#include "app/query.h"
#include "base/text.h"

/* Reading */

static const char *set_limit(struct ph_page *page, const char *text)
{
    uint64_t limit;
    if (ph_text_u64(text, &limit) || limit < 1 || limit > PH_PAGE_ROWS)
        return "limit is a number from 1 to 1000";
    page->limit = (unsigned)limit;
    return NULL;
}

static const char *set(struct ph_page *page, const char *name, const char *text, char fault[PH_PAGE_TEXT])
{
    struct ph_text words;
    ph_text_init(&words, fault, PH_PAGE_TEXT);
    if (strcmp(name, "limit") == 0)
        return set_limit(page, text);
    bool is_cursor = strcmp(name, "cursor") == 0;
    char *place = is_cursor ? page->cursor : NULL;
    page->has_cursor |= is_cursor;
    for (size_t i = 0; page->fields->filters[i] && !place; i++)
        if (strcmp(page->fields->filters[i], name) == 0)
            place = page->filter[i];
    if (place && strlen(text) < PH_PAGE_TEXT) {
        memcpy(place, text, strlen(text) + 1);
        return NULL;
    }
    if (place)
        return "this is longer than any value";
    ph_text_add(&words, "this list knows limit, cursor");
    for (size_t i = 0; page->fields->filters[i]; i++)
        ph_text_add(&words, ", %s", page->fields->filters[i]);
    return fault;
}

const char *ph_page_read(struct ph_page *page, const struct ph_page_fields *fields, struct rtmp_text query,
                         char fault[PH_PAGE_TEXT])
{
    enum { ARENA = 64 * 1024 };
    struct rtmp_arena arena;
    const char *wrong = NULL;
    *page = (struct ph_page){.fields = fields, .limit = PH_PAGE_ROWS};
    rtmp_arena_init(&arena, &ph_app_allocator, ARENA);
    const struct rtmp_value *asked = ph_query_object(query, &arena);
    if (!asked)
        wrong = "the query is too long";
    const struct rtmp_member *member = asked ? rtmp_value_members(asked) : NULL;
    for (; member && !wrong; member = member->next)
        wrong = set(page, member->name.data, rtmp_value_text(member->value).data, fault);
    rtmp_arena_finish(&arena);
    return wrong;
}

/* Choosing */

static bool is_like(const json_t *value, const char *wanted)
{
    char digits[32];
    const char *text = json_string_value(value);
    struct ph_text words;
    ph_text_init(&words, digits, sizeof digits);
    if (json_is_boolean(value))
        text = json_is_true(value) ? "true" : "false";
    if (json_is_integer(value)) {
        ph_text_add(&words, "%lld", (long long)json_integer_value(value));
        text = digits;
    }
    size_t length = strlen(wanted);
    bool is_begin = length && wanted[length - 1] == '*';
    return text && (is_begin ? strncmp(text, wanted, length - 1) == 0 : strcmp(text, wanted) == 0);
}

static bool is_wanted(const struct ph_page *page, const json_t *row)
{
    for (size_t i = 0; page->fields->filters[i]; i++)
        if (page->filter[i][0] && !is_like(json_object_get(row, page->fields->filters[i]), page->filter[i]))
            return false;
    return true;
}

struct row {
    const json_t *key;
    json_t *row;
};

static int compare_keys(const json_t *one, const json_t *other)
{
    json_int_t a = json_integer_value(one), b = json_integer_value(other);
    if (json_is_string(one) && json_is_string(other))
        return strcmp(json_string_value(one), json_string_value(other));
    return (a > b) - (a < b);
}

static int compare(const void *one, const void *other)
{
    return compare_keys(((const struct row *)one)->key, ((const struct row *)other)->key);
}

/* The row comes behind the cursor. */
static bool is_ahead(const struct ph_page *page, const json_t *key)
{
    uint64_t number;
    if (!page->has_cursor)
        return true;
    if (json_is_string(key))
        return strcmp(json_string_value(key), page->cursor) > 0;
    return ph_text_u64(page->cursor, &number) != 0 || json_integer_value(key) > (json_int_t)number;
}

static size_t choose(const struct ph_page *page, const json_t *rows, struct row *chosen)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        const json_t *key = json_object_get(row, page->fields->key);
        if (is_ahead(page, key) && is_wanted(page, row))
            chosen[n++] = (struct row){key, row};
    }
    qsort(chosen, n, sizeof *chosen, compare);
    return n;
}

/* A cursor is text, whatever the key is. */
static json_t *cursor_of(const json_t *key)
{
    char digits[32];
    struct ph_text text;
    if (json_is_string(key))
        return json_string(json_string_value(key));
    ph_text_init(&text, digits, sizeof digits);
    ph_text_add(&text, "%lld", (long long)json_integer_value(key));
    return json_string(digits);
}

json_t *ph_page_of(const struct ph_page *page, const json_t *rows)
{
    struct row *chosen = calloc(json_array_size(rows) + 1, sizeof *chosen);
    json_t *items = json_array(), *whole = json_pack("{s:O}", "items", items);
    bool failed = !chosen || !items || !whole;
    size_t n = failed ? 0 : choose(page, rows, chosen), shown = n < page->limit ? n : page->limit;
    for (size_t i = 0; i < shown; i++)
        failed |= json_array_append(items, chosen[i].row) != 0;
    if (shown < n)
        failed |= json_object_set_new(whole, "next", cursor_of(chosen[shown - 1].key)) != 0;
    json_decref(items);
    free(chosen);
    if (!failed)
        return whole;
    json_decref(whole);
    return NULL;
}
