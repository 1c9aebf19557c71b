/* SPDX-License-Identifier: MIT */
/* Feeds a chunk reader in pieces and writes down everything it says, so that two ways of cutting can be compared. */
#ifndef TESTS_RTMPWIRE_CHUNK_TRACE_H
#define TESTS_RTMPWIRE_CHUNK_TRACE_H

#include <rtmpwire/chunk.h>
#include <rtmpwire/message.h>

#include "harness.h"

struct trace {
    uint8_t *bytes;
    size_t length, cap;
    int result; /* RTMP_E_MORE, or the error that ended it */
};

static inline void trace_add(struct trace *trace, const void *bytes, size_t length)
{
    if (trace->cap - trace->length < length) {
        trace->cap = 2 * trace->cap + length;
        trace->bytes = realloc(trace->bytes, trace->cap);
        assert_non_null(trace->bytes);
    }
    if (length > 0)
        memcpy(trace->bytes + trace->length, bytes, length);
    trace->length += length;
}

static inline void trace_message(struct trace *trace, const struct rtmp_message_info *info, const uint8_t *payload)
{
    const uint32_t fields[] = {info->csid, info->time_ms, info->length, info->stream_id, info->type};
    trace_add(trace, fields, sizeof fields);
    trace_add(trace, payload, info->length);
}

/* The piece is read from a block of its own size, so that a sanitizer sees a byte read beyond it. */
static inline void trace_piece(struct trace *trace, struct rtmp_chunk_reader *reader, const uint8_t *data,
                               size_t length)
{
    uint8_t *piece = malloc(length + (length == 0));
    assert_non_null(piece);
    if (length > 0)
        memcpy(piece, data, length);
    size_t at = 0;
    trace->result = 0;
    while (trace->result == 0) {
        size_t used = SIZE_MAX;
        struct rtmp_message message;
        trace->result = rtmp_chunk_read(reader, piece + at, length - at, &used, &message);
        if (trace->result == 0)
            trace_message(trace, &message.info, message.payload);
        if (trace->result == 0 || trace->result == RTMP_E_MORE) {
            assert_true(used <= length - at);
            at += used;
        }
    }
    if (trace->result == RTMP_E_MORE)
        assert_int_equal(at, length);
    free(piece);
}

/* Reads `data` in pieces of the sizes that `next_size` tells, 0 for all that is left. */
static inline struct trace trace_cut(const uint8_t *data, size_t length, const struct rtmp_chunk_limits *limits,
                                     struct heap *heap, size_t (*next_size)(void *user, size_t at), void *user)
{
    struct rtmp_allocator allocator = heap_allocator(heap);
    struct rtmp_chunk_reader reader;
    struct trace trace = {.result = RTMP_E_MORE};
    rtmp_chunk_reader_init(&reader, &allocator, limits);
    for (size_t at = 0; at < length && trace.result == RTMP_E_MORE;) {
        size_t size = next_size(user, at);
        if (size == 0 || size > length - at)
            size = length - at;
        trace_piece(&trace, &reader, data + at, size);
        at += size;
    }
    if (trace.result == RTMP_E_MORE)
        assert_int_equal(reader.bytes_received, length);
    rtmp_chunk_reader_finish(&reader);
    assert_int_equal(heap->live_bytes, 0);
    return trace;
}

static inline void assert_same_trace(const struct trace *a, const struct trace *b)
{
    assert_int_equal(a->result, b->result);
    assert_int_equal(a->length, b->length);
    if (a->length > 0)
        assert_memory_equal(a->bytes, b->bytes, a->length);
}

/* Ways to cut */

static inline size_t cut_never(void *user, size_t at)
{
    (void)user, (void)at;
    return 0;
}

static inline size_t cut_everywhere(void *user, size_t at)
{
    (void)user, (void)at;
    return 1;
}

/* user: size_t, the place of the one cut */
static inline size_t cut_once(void *user, size_t at)
{
    size_t place = *(const size_t *)user;
    return at == 0 ? place : 0;
}

/* user: uint64_t, state of random_below() */
static inline size_t cut_at_random(void *user, size_t at)
{
    (void)at;
    return 1 + random_below(user, random_below(user, 4) == 0 ? 400 : 9);
}

static inline void check_cut(const struct trace *expected, const uint8_t *wire, size_t length,
                             size_t (*next_size)(void *, size_t), void *user)
{
    struct heap heap = {0};
    struct trace got = trace_cut(wire, length, &rtmp_limits_connected, &heap, next_size, user);
    assert_same_trace(expected, &got);
    free(got.bytes);
}

/* Writes a Set Chunk Size, or nothing for 0. Returns bytes written. */
static inline size_t put_chunk_size(uint8_t *out, size_t cap, uint32_t chunk_size)
{
    const struct rtmp_message_info info = {.csid = 2, .length = 4, .type = RTMP_TYPE_SET_CHUNK_SIZE};
    const uint8_t payload[] = {(uint8_t)(chunk_size >> 24), (uint8_t)(chunk_size >> 16), (uint8_t)(chunk_size >> 8),
                               (uint8_t)chunk_size};
    size_t written = 0;
    if (chunk_size > 0)
        assert_int_equal(rtmp_chunk_write(&info, payload, 128, out, cap, &written), 0);
    return written;
}

#endif
