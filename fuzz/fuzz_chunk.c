/* SPDX-License-Identifier: MIT */
/*
 * The chunk reader. However an input is cut, the same messages and the same end must come out, and memory may only grow
 * with what has come. Each message is written again by our writer and must be read back the same.
 */
#include <rtmpwire/chunk.h>

#include "fuzz.h"

enum { STREAMS_AND_LOOK_AHEAD = 16384 };

static void check_round_trip(const struct rtmp_message *message)
{
    static const struct rtmp_chunk_limits any = {RTMP_MESSAGE_MAX, RTMP_MESSAGE_MAX, UINT32_MAX, 1, 64};
    static const uint8_t set_60000[] = {2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0xEA, 0x60};
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    struct rtmp_chunk_reader reader;
    struct rtmp_message again;
    size_t span = rtmp_chunk_span(&message->info, 60000), used, written;
    uint8_t *wire = malloc(span);
    CHECK(wire);
    CHECK(rtmp_chunk_write(&message->info, message->payload, 60000, wire, span, &written) == 0 && written == span);
    rtmp_chunk_reader_init(&reader, &allocator, &any);
    CHECK(rtmp_chunk_read(&reader, set_60000, sizeof set_60000, &used, &again) == 0);
    int rc = rtmp_chunk_read(&reader, wire, span, &used, &again);
    CHECK(rc == 0 || (message->info.type == 1 && rc == RTMP_E_CHUNK_SIZE));
    if (rc == 0) {
        CHECK(used == span);
        CHECK(again.info.csid == message->info.csid && again.info.time_ms == message->info.time_ms);
        CHECK(again.info.length == message->info.length && again.info.type == message->info.type);
        CHECK(again.info.stream_id == message->info.stream_id);
        CHECK(memcmp(again.payload, message->payload, again.info.length) == 0);
    }
    rtmp_chunk_reader_finish(&reader);
    CHECK(heap.live_bytes == 0);
    free(wire);
}

static uint64_t trace_piece(uint64_t trace, struct rtmp_chunk_reader *reader, const uint8_t *data, size_t size,
                            int *result)
{
    size_t at = 0;
    uint8_t *piece = malloc(size);
    CHECK(piece);
    memcpy(piece, data, size);
    *result = 0;
    while (*result == 0) {
        struct rtmp_message message;
        size_t used = 0;
        *result = rtmp_chunk_read(reader, piece + at, size - at, &used, &message);
        CHECK(used <= size - at);
        at += used;
        if (*result == 0) {
            const uint32_t fields[] = {message.info.csid, message.info.time_ms, message.info.length,
                                       message.info.stream_id, message.info.type};
            trace = fuzz_hash(trace, fields, sizeof fields);
            trace = fuzz_hash(trace, message.payload, message.info.length);
            check_round_trip(&message);
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
    struct rtmp_chunk_reader reader;
    uint64_t trace = 0;
    int result = RTMP_E_MORE;
    rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_before_connect);
    for (size_t at = 0; at < size && result == RTMP_E_MORE;) {
        size_t n = seed == 0 ? size : seed == 1 ? 1 : fuzz_next_size(&seed, size - at);
        trace = trace_piece(trace, &reader, data + at, n, &result);
        at += n;
    }
    CHECK(heap.peak_bytes <= 4 * size + STREAMS_AND_LOOK_AHEAD);
    rtmp_chunk_reader_finish(&reader);
    CHECK(heap.live_bytes == 0);
    return fuzz_hash(trace, &result, sizeof result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole = trace_of(data, size, 0);
    CHECK(trace_of(data, size, 1) == whole);
    CHECK(trace_of(data, size, 2 | fuzz_hash(0, data, size)) == whole);
    return 0;
}
