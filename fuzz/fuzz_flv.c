/* SPDX-License-Identifier: MIT */
/*
 * The FLV reader. However a file is cut, the same tags and the same end must come out, and memory may only grow with
 * what has come. Each tag is written again and must be read back the same; script tags are read as metadata.
 */
#include <rtmpwire/flv.h>

#include "fuzz.h"

enum { BODY_MAX = 4096 };

static void check_round_trip(const struct rtmp_flv_tag *tag)
{
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    struct rtmp_flv_reader reader;
    struct rtmp_flv_tag again;
    size_t size = RTMP_FLV_HEADER_SIZE + rtmp_flv_tag_span(tag->length), written, used;
    uint8_t *file = malloc(size);
    CHECK(file);
    CHECK(rtmp_flv_header_write(true, true, file, size, &written) == 0 && written == RTMP_FLV_HEADER_SIZE);
    CHECK(rtmp_flv_tag_write(tag, file + written, size - written, &written) == 0);
    CHECK(written == rtmp_flv_tag_span(tag->length));
    rtmp_flv_reader_init(&reader, &allocator, BODY_MAX);
    CHECK(rtmp_flv_read(&reader, file, size, &used, &again) == 0);
    CHECK(again.type == tag->type && again.filtered == tag->filtered && again.time_ms == tag->time_ms);
    CHECK(again.length == tag->length && (tag->length == 0 || memcmp(again.body, tag->body, tag->length) == 0));
    rtmp_flv_reader_finish(&reader);
    CHECK(heap.live_bytes == 0);
    free(file);
}

static void read_metadata(const struct rtmp_flv_tag *tag)
{
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    struct rtmp_arena arena;
    struct rtmp_value *value = NULL;
    rtmp_arena_init(&arena, &allocator, 1 << 20);
    if (rtmp_flv_metadata_read(tag->body, tag->length, &arena, NULL, &value) == 0)
        CHECK(rtmp_value_type(value) == RTMP_OBJECT || rtmp_value_type(value) == RTMP_ARRAY);
    rtmp_arena_finish(&arena);
    CHECK(heap.live_bytes == 0);
}

static uint64_t trace_piece(uint64_t trace, struct rtmp_flv_reader *reader, const uint8_t *data, size_t size,
                            int *result)
{
    size_t at = 0;
    uint8_t *piece = malloc(size);
    CHECK(piece);
    memcpy(piece, data, size);
    *result = 0;
    while (*result == 0) {
        struct rtmp_flv_tag tag;
        size_t used = 0;
        *result = rtmp_flv_read(reader, piece + at, size - at, &used, &tag);
        CHECK(used <= size - at);
        at += used;
        if (*result == 0) {
            const uint64_t fields[] = {tag.type, tag.filtered, tag.time_ms, tag.length, tag.offset};
            trace = fuzz_hash(trace, fields, sizeof fields);
            trace = fuzz_hash(trace, tag.body, tag.length);
            check_round_trip(&tag);
            if (tag.type == RTMP_FLV_SCRIPT)
                read_metadata(&tag);
        }
    }
    CHECK(*result != RTMP_E_MORE || at == size);
    free(piece);
    return trace;
}

/* seed 0: whole; 1: byte by byte; others: in random pieces */
static uint64_t trace_of(const uint8_t *data, size_t size, uint64_t seed)
{
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    struct rtmp_flv_reader reader;
    uint64_t trace = 0;
    int result = RTMP_E_MORE;
    rtmp_flv_reader_init(&reader, &allocator, BODY_MAX);
    for (size_t at = 0; at < size && result == RTMP_E_MORE;) {
        size_t n = seed == 0 ? size : seed == 1 ? 1 : fuzz_next_size(&seed, size - at);
        trace = trace_piece(trace, &reader, data + at, n, &result);
        at += n;
    }
    CHECK(heap.peak_bytes <= 4 * size + 256 && heap.peak_bytes <= 2 * BODY_MAX);
    bool may_end = rtmp_flv_reader_may_end(&reader);
    CHECK(!may_end || result == RTMP_E_MORE);
    rtmp_flv_reader_finish(&reader);
    CHECK(heap.live_bytes == 0);
    return fuzz_hash(fuzz_hash(trace, &result, sizeof result), &may_end, sizeof may_end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole = trace_of(data, size, 0);
    CHECK(trace_of(data, size, 1) == whole);
    CHECK(trace_of(data, size, 2 | fuzz_hash(0, data, size)) == whole);
    return 0;
}
