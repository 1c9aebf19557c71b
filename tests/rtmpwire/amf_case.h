/* SPDX-License-Identifier: MIT */
/*
 * What the tests of values and AMF share: an arena and a buffer on a heap that counts, and a value's description: every
 * type, name and content on one line, so that a vector's whole meaning stands beside it.
 *
 *   undefined null true false unsupported      num(1) int(5) date(0) date(0,-60)
 *   "text" xml"…" xmldoc"…" bytes(0102)         array[1;2|name=…] ecma[…]
 *   {name=…} Class{…}; sealed names end with "!", Class+ is dynamic, Class* writes itself
 *   vint(…) vuint(…) vdouble(…) vobject<Type>[…] dict[key=>value]; "fixed " or "weak " before them
 *   ^N  the Nth complex value of the description, counted from 0, stands here too
 */
#ifndef TESTS_RTMPWIRE_AMF_CASE_H
#define TESTS_RTMPWIRE_AMF_CASE_H

#include <stdarg.h>
#include <stdio.h>

#include <rtmpwire/amf3.h>

#include "harness.h"

typedef int (*read_fn)(struct rtmp_amf_reader *reader, struct rtmp_value **value);
typedef int (*write_fn)(struct rtmp_buffer *buffer, const struct rtmp_value *value);

static struct heap heap;
static struct rtmp_allocator allocator;
static struct rtmp_arena arena;
static struct rtmp_buffer buffer;

static int setup(void **state)
{
    (void)state;
    heap = (struct heap){0};
    allocator = heap_allocator(&heap);
    rtmp_arena_init(&arena, &allocator, 16 << 20);
    rtmp_buffer_init(&buffer, &allocator, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rtmp_arena_finish(&arena);
    rtmp_buffer_finish(&buffer);
    assert_int_equal(heap.live_bytes, 0);
    return 0;
}

struct description {
    char text[4096];
    size_t length;
    const struct rtmp_value *seen[64];
    size_t n_seen;
};

static inline void say(struct description *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void say(struct description *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(d->text + d->length, sizeof d->text - d->length, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof d->text - d->length);
    d->length += (size_t)n;
}

static inline void say_text(struct description *d, struct rtmp_text text)
{
    assert_int_equal(text.data[text.length], 0);
    say(d, "%.*s", (int)text.length, text.data);
}

static inline void describe(struct description *d, const struct rtmp_value *value);

static inline void say_members(struct description *d, const struct rtmp_value *value, const char *between)
{
    uint32_t i = 0, n_sealed = value->type == RTMP_OBJECT ? value->n : 0;
    for (const struct rtmp_member *member = rtmp_value_members(value); member; member = member->next, i++) {
        say(d, "%s", i > 0 ? "," : between);
        say_text(d, member->name);
        say(d, i < n_sealed ? "!=" : "=");
        describe(d, member->value);
    }
    assert_true(i >= n_sealed);
}

static inline void say_items(struct description *d, const struct rtmp_value *value)
{
    bool is_dictionary = value->type == RTMP_DICTIONARY;
    for (uint32_t i = 0; i < value->n; i++) {
        say(d, "%s", i == 0 ? "" : is_dictionary && i % 2 == 1 ? "=>" : ";");
        describe(d, value->items[i]);
    }
}

static inline void say_numbers(struct description *d, const struct rtmp_value *value)
{
    for (uint32_t i = 0; i < value->n; i++)
        say(d, "%s%.17g", i > 0 ? ";" : "",
            value->type == RTMP_VECTOR_INT    ? value->ints[i]
            : value->type == RTMP_VECTOR_UINT ? value->uints[i]
                                              : value->doubles[i]);
    say(d, ")");
}

static inline void say_container(struct description *d, const struct rtmp_value *value)
{
    for (size_t i = 0; i < d->n_seen; i++)
        if (d->seen[i] == value) {
            say(d, "^%zu", i);
            return;
        }
    assert_true(d->n_seen < COUNT(d->seen));
    d->seen[d->n_seen++] = value;
    say(d, "%s%s", value->flags & RTMP_VALUE_FIXED ? "fixed " : "", value->flags & RTMP_VALUE_WEAK ? "weak " : "");
    if (value->type == RTMP_OBJECT) {
        say_text(d, rtmp_value_class(value));
        say(d, "%s%s{", value->flags & RTMP_VALUE_DYNAMIC ? "+" : "", value->flags & RTMP_VALUE_EXTERNAL ? "*" : "");
        say_members(d, value, "");
        say(d, "}");
    } else if (value->type >= RTMP_VECTOR_INT && value->type <= RTMP_VECTOR_DOUBLE) {
        static const char *const names[] = {"vint(", "vuint(", "vdouble("};
        say(d, "%s", names[value->type - RTMP_VECTOR_INT]);
        say_numbers(d, value);
    } else {
        bool is_vector = value->type == RTMP_VECTOR_OBJECT;
        say(d, "%s", is_vector ? "vobject<" : value->type == RTMP_DICTIONARY ? "dict" : "");
        if (is_vector)
            say_text(d, *value->type_name);
        say(d, "%s[",
            is_vector                        ? ">"
            : value->type == RTMP_DICTIONARY ? ""
            : value->flags & RTMP_VALUE_ECMA ? "ecma"
                                             : "array");
        say_items(d, value);
        say_members(d, value, "|");
        say(d, "]");
    }
}

static inline void say_opaque(struct description *d, const struct rtmp_value *value)
{
    if (value->type == RTMP_BYTES) {
        say(d, "bytes(");
        for (uint32_t i = 0; i < value->n; i++)
            say(d, "%02x", value->bytes[i]);
        say(d, ")");
        return;
    }
    say(d, "%s\"", value->type == RTMP_XML ? "xml" : value->type == RTMP_XML_DOCUMENT ? "xmldoc" : "");
    say_text(d, (struct rtmp_text){value->text, value->n});
    say(d, "\"");
}

static inline void describe(struct description *d, const struct rtmp_value *value)
{
    assert_non_null(value);
    switch (rtmp_value_type(value)) {
    case RTMP_UNDEFINED:
        say(d, "undefined");
        return;
    case RTMP_NULL:
        say(d, "null");
        return;
    case RTMP_UNSUPPORTED:
        say(d, "unsupported");
        return;
    case RTMP_BOOLEAN:
        say(d, rtmp_value_boolean(value, false) ? "true" : "false");
        return;
    case RTMP_NUMBER:
        say(d, "num(%.17g)", rtmp_value_number(value, 0));
        return;
    case RTMP_INTEGER:
        say(d, "int(%d)", (int)value->integer);
        return;
    case RTMP_DATE:
        say(d, value->zone ? "date(%.17g,%d)" : "date(%.17g)", value->number, value->zone);
        return;
    case RTMP_STRING:
    case RTMP_XML:
    case RTMP_XML_DOCUMENT:
    case RTMP_BYTES:
        say_opaque(d, value);
        return;
    default:
        say_container(d, value);
    }
}

/* All values of a body; the first result other than 0. `values` may be NULL; `d` too. */
static inline int read_all(read_fn read, const uint8_t *body, size_t length, const struct rtmp_value_limits *limits,
                           struct description *d, struct rtmp_buffer *again, write_fn write)
{
    struct rtmp_amf_reader reader;
    rtmp_amf_reader_init(&reader, body, length, &arena, limits);
    for (int n = 0;; n++) {
        struct rtmp_value *untouched = (struct rtmp_value *)&reader, *value = untouched;
        int rc = read(&reader, &value);
        if (rc) {
            assert_ptr_equal(value, untouched);
            return rc;
        }
        if (d) {
            say(d, "%s", n > 0 ? " " : "");
            describe(d, value);
        }
        rc = again ? write(again, value) : 0;
        if (rc)
            return rc;
    }
}

static inline int read_hex(read_fn read, const char *hex, const struct rtmp_value_limits *limits, struct description *d)
{
    size_t length;
    uint8_t *body = unhex(hex, &length);
    *d = (struct description){.length = 0};
    rtmp_arena_reset(&arena);
    int rc = read_all(read, body, length, limits, d, NULL, NULL);
    free(body);
    return rc;
}

/* The one value of `hex`. */
static inline struct rtmp_value *value_of(read_fn read, const char *hex)
{
    struct rtmp_amf_reader reader;
    struct rtmp_value *value = NULL;
    size_t length;
    uint8_t *body = unhex(hex, &length);
    rtmp_amf_reader_init(&reader, body, length, &arena, NULL);
    assert_int_equal(read(&reader, &value), 0);
    assert_int_equal(reader.at, length);
    free(body);
    return value;
}

static inline void assert_description(const struct rtmp_value *value, const char *expected)
{
    struct description d = {.length = 0};
    describe(&d, value);
    assert_string_equal(d.text, expected);
}

/* Written, and what was written read again, whose description is `expected`. */
static inline void assert_written(write_fn write, read_fn read, const struct rtmp_value *value, const char *hex,
                                  const char *expected)
{
    rtmp_buffer_clear(&buffer);
    assert_int_equal(write(&buffer, value), 0);
    assert_hex(buffer.data, buffer.length, hex);
    struct description d = {.length = 0};
    assert_int_equal(read_all(read, buffer.data, buffer.length, NULL, &d, NULL, NULL), RTMP_E_MORE);
    assert_string_equal(d.text, expected);
}

static inline void assert_printed(const struct rtmp_value *value, uint32_t max_nodes, const char *expected)
{
    rtmp_buffer_clear(&buffer);
    assert_int_equal(rtmp_value_print(value, max_nodes, &buffer), 0);
    assert_int_equal(buffer.length, strlen(expected));
    assert_memory_equal(buffer.data, expected, buffer.length);
}

/* A row of docs/wire.md 12 and its meaning. */
struct vector {
    const char *hex, *meaning;
    const char *rewritten; /* what the writer makes of it; NULL: the same bytes */
};

static inline void check_vector(const struct vector *vector, read_fn read, write_fn write)
{
    size_t length;
    uint8_t *body = unhex(vector->hex, &length);
    struct description d = {.length = 0}, again = {.length = 0};
    rtmp_buffer_clear(&buffer);
    assert_int_equal(read_all(read, body, length, NULL, &d, &buffer, write), RTMP_E_MORE);
    assert_string_equal(d.text, vector->meaning);
    assert_hex(buffer.data, buffer.length, vector->rewritten ? vector->rewritten : vector->hex);
    rtmp_arena_reset(&arena);
    assert_int_equal(read_all(read, buffer.data, buffer.length, NULL, &again, NULL, NULL), RTMP_E_MORE);
    vector_was_read(vector->hex);
    if (!vector->rewritten)
        vector_was_written(vector->hex);
    free(body);
}

/* Cut short, a body ends between two values or is truncated; nothing is read past the cut, nothing is left behind. */
static inline void check_truncated(const char *hex, read_fn read, bool may_end_anywhere)
{
    size_t length, n_ends = 0;
    uint8_t *body = unhex(hex, &length);
    size_t ends[64] = {0};
    struct rtmp_amf_reader reader;
    struct rtmp_value *value;
    rtmp_amf_reader_init(&reader, body, length, &arena, NULL);
    while (read(&reader, &value) == 0)
        ends[++n_ends] = reader.at;
    assert_int_equal(ends[n_ends], length);
    for (size_t cut = 0, next = 0; cut < length; cut++) {
        uint8_t *piece = malloc(cut + (cut == 0));
        assert_non_null(piece);
        memcpy(piece, body, cut);
        int rc = read_all(read, piece, cut, NULL, NULL, NULL, NULL);
        bool at_end = cut == ends[next];
        if (!may_end_anywhere || rc != RTMP_E_MORE)
            assert_int_equal(rc, at_end ? RTMP_E_MORE : RTMP_E_TRUNCATED);
        next += at_end;
        free(piece);
        rtmp_arena_reset(&arena);
    }
    free(body);
}

/* Every allocation fails in turn, while reading and while writing; what was taken is given back. */
static inline void check_memory(const uint8_t *body, size_t length, read_fn read, write_fn write)
{
    int rc = RTMP_E_MEMORY;
    for (long fail_at = 1; rc == RTMP_E_MEMORY; fail_at++) {
        teardown(NULL);
        setup(NULL);
        heap.fail_at = fail_at;
        rc = read_all(read, body, length, NULL, NULL, &buffer, write);
        assert_true(rc == RTMP_E_MEMORY || heap.n_calls < fail_at);
    }
    assert_int_equal(rc, RTMP_E_MORE);
    heap.fail_at = 0;
}

/* Whether `vectors` holds every row of the file whose section begins with `section`, and how many there are. */
static inline size_t count_rows(const char *path, const char *section, const struct vector *vectors, size_t n_vectors)
{
    char line[8192];
    size_t n_rows = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, section, strlen(section)) != 0)
            continue;
        const char *hex = strchr(line, '\t');
        assert_non_null(hex);
        size_t length = strcspn(++hex, "\t"), i = 0;
        while (i < n_vectors && (strlen(vectors[i].hex) != length || memcmp(vectors[i].hex, hex, length) != 0))
            i++;
        if (i == n_vectors)
            fail_msg("not tested: %s", line);
        n_rows++;
    }
    (void)fclose(file);
    return n_rows;
}

#endif
