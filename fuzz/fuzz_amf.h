/* SPDX-License-Identifier: MIT */
/*
 * What the targets for AMF0 and AMF3 share: an input is a message body. What is read from it is written, read again and
 * written again: from then on nothing may change any more. The second reader has no limits but its own writer's, since
 * a value that may be written must be readable.
 */
#ifndef FUZZ_FUZZ_AMF_H
#define FUZZ_FUZZ_AMF_H

#include <rtmpwire/amf3.h>

#include "fuzz.h"

typedef int (*fuzz_read_fn)(struct rtmp_amf_reader *reader, struct rtmp_value **value);
typedef int (*fuzz_write_fn)(struct rtmp_buffer *buffer, const struct rtmp_value *value);

struct fuzz_format {
    fuzz_read_fn read;
    fuzz_write_fn write;
};

enum { FUZZ_PRINT_MAX = 1 << 16, FUZZ_BODY_MAX = 1 << 22, FUZZ_ARENA_MAX = 1 << 26 };

static const struct rtmp_value_limits fuzz_no_limits = {
    .depth = RTMP_VALUE_DEPTH,
    .nodes = RTMP_VALUE_WALK_NODES,
    .references = RTMP_VALUE_WALK_NODES,
    .members = FUZZ_BODY_MAX,
    .text = FUZZ_BODY_MAX,
    .bytes = FUZZ_ARENA_MAX,
};

/* Keeps the compiler from leaving out what is only looked at. */
static volatile uint64_t fuzz_sink;

static inline void fuzz_look_at(const struct rtmp_value *value, const struct rtmp_allocator *allocator)
{
    struct rtmp_buffer text;
    rtmp_buffer_init(&text, allocator, FUZZ_PRINT_MAX);
    int rc = rtmp_value_print(value, RTMP_VALUE_WALK_NODES, &text);
    CHECK(rc == 0 || rc == RTMP_E_SPACE);
    fuzz_sink = fuzz_hash(fuzz_sink, text.data, text.length);
    rtmp_buffer_finish(&text);
    CHECK(rtmp_value_equal(value, value));
}

/* Write `value`, read it back into `arena`; NULL when it is too large, or contains itself where that cannot be told. */
static inline struct rtmp_value *fuzz_again(const struct fuzz_format *format, const struct rtmp_value *value,
                                            struct rtmp_buffer *body, struct rtmp_arena *arena)
{
    int rc = format->write(body, value);
    if (rc) {
        CHECK(rc == RTMP_E_NODES || rc == RTMP_E_DEPTH || rc == RTMP_E_SPACE || rc == RTMP_E_RANGE);
        CHECK(body->length == 0);
        return NULL;
    }
    struct rtmp_amf_reader reader;
    struct rtmp_value *again = NULL;
    rtmp_amf_reader_init(&reader, body->data, body->length, arena, &fuzz_no_limits);
    reader.arena_max = FUZZ_ARENA_MAX; /* what was short by references may grow by more than the factor allowed */
    rc = format->read(&reader, &again);
    CHECK(rc == 0 && reader.at == reader.length && again);
    return again;
}

/* From the first writing on, nothing changes. */
static inline void fuzz_settles(const struct fuzz_format *format, const struct rtmp_value *value, bool at_once,
                                const struct rtmp_allocator *allocator)
{
    struct rtmp_arena arena;
    struct rtmp_buffer first, second;
    rtmp_arena_init(&arena, allocator, FUZZ_ARENA_MAX);
    rtmp_buffer_init(&first, allocator, FUZZ_BODY_MAX);
    rtmp_buffer_init(&second, allocator, FUZZ_BODY_MAX);
    struct rtmp_value *again = fuzz_again(format, value, &first, &arena);
    CHECK(again == NULL || !at_once || rtmp_value_equal(value, again));
    if (again) {
        struct rtmp_value *third = fuzz_again(format, again, &second, &arena);
        CHECK(third && rtmp_value_equal(again, third));
        CHECK(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);
    }
    rtmp_buffer_finish(&first);
    rtmp_buffer_finish(&second);
    rtmp_arena_finish(&arena);
}

/* Every value of a body; `at_once`: the first writing changes nothing either. */
static inline void fuzz_body(const struct fuzz_format *format, const uint8_t *data, size_t size, bool at_once)
{
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    struct rtmp_arena arena;
    struct rtmp_amf_reader reader;
    struct rtmp_value *value = NULL;
    rtmp_arena_init(&arena, &allocator, FUZZ_ARENA_MAX);
    rtmp_amf_reader_init(&reader, data, size, &arena, NULL);
    while (format->read(&reader, &value) == 0) {
        CHECK(value && reader.at <= size && reader.depth == 0);
        fuzz_look_at(value, &allocator);
        fuzz_settles(format, value, at_once, &allocator);
    }
    CHECK(arena.used <= 2 << 20);
    rtmp_arena_finish(&arena);
    CHECK(heap.live_bytes == 0);
}

#endif
