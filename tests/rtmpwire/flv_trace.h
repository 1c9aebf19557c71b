/* SPDX-License-Identifier: MIT */
/* What the tests of the FLV reader share: everything that comes out of it for an input cut in pieces. */
#ifndef TESTS_RTMPWIRE_FLV_TRACE_H
#define TESTS_RTMPWIRE_FLV_TRACE_H

#include "harness.h"

#include <rtmpwire/flv.h>

enum { BODY_MAX = 1 << 16, TRACE_TAGS = 128, TRACE_BYTES = 1 << 15 };

/* What came out of a reader, with the bodies copied: they are lent until the next call only. */
struct trace {
    struct rtmp_flv_tag tags[TRACE_TAGS];
    size_t n_tags, n_bytes;
    uint8_t bytes[TRACE_BYTES];
    bool may_end;
    int result;
};

static inline void feed(struct trace *trace, struct rtmp_flv_reader *reader, const uint8_t *data, size_t length)
{
    size_t at = 0;
    uint8_t *piece = malloc(length + (length == 0)); /* exactly as long: reading past the end is found */
    assert_non_null(piece);
    memcpy(piece, data, length);
    do {
        struct rtmp_flv_tag tag;
        size_t used = 0;
        trace->result = rtmp_flv_read(reader, piece + at, length - at, &used, &tag);
        assert_in_range(used, 0, length - at);
        at += used;
        if (trace->result == 0) {
            assert_in_range(trace->n_tags, 0, TRACE_TAGS - 1);
            assert_in_range(tag.length, 0, TRACE_BYTES - trace->n_bytes);
            if (tag.length > 0)
                memcpy(trace->bytes + trace->n_bytes, tag.body, tag.length);
            trace->n_bytes += tag.length;
            tag.body = NULL;
            trace->tags[trace->n_tags++] = tag;
        }
    } while (trace->result == 0);
    if (trace->result == RTMP_E_MORE)
        assert_int_equal(at, length);
    free(piece);
}

/* The input in pieces: `first` bytes, then pieces of `step` bytes. */
static inline struct trace *trace_of(const uint8_t *data, size_t length, size_t first, size_t step, struct heap *heap)
{
    struct rtmp_allocator allocator = heap_allocator(heap);
    struct rtmp_flv_reader reader;
    struct trace *trace = calloc(1, sizeof *trace);
    assert_non_null(trace);
    trace->result = RTMP_E_MORE;
    rtmp_flv_reader_init(&reader, &allocator, BODY_MAX);
    for (size_t at = 0; at < length && trace->result == RTMP_E_MORE;) {
        size_t n = at == 0 ? first : step;
        n = n < length - at ? n : length - at;
        feed(trace, &reader, data + at, n);
        at += n;
    }
    if (trace->result == RTMP_E_MORE)
        assert_int_equal(reader.bytes_received, length);
    trace->may_end = rtmp_flv_reader_may_end(&reader);
    rtmp_flv_reader_finish(&reader);
    assert_int_equal(heap->live_bytes, 0);
    return trace;
}

#endif
