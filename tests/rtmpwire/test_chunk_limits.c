/* SPDX-License-Identifier: MIT */
/* What a peer can make the chunk reader hold, and what happens at each limit. */
#include "chunk_trace.h"

struct wire {
    uint8_t bytes[1 << 16];
    size_t length;
};

static void put_message(struct wire *wire, uint32_t csid, uint8_t type, uint32_t length, uint32_t chunk_size,
                        uint32_t sent)
{
    struct rtmp_message_info info = {.csid = csid, .length = length, .type = type};
    uint8_t *payload = calloc(1, length + 1);
    size_t span = rtmp_chunk_span(&info, chunk_size), written;
    uint8_t *out = malloc(span);
    assert_non_null(payload);
    assert_non_null(out);
    assert_int_equal(rtmp_chunk_write(&info, payload, chunk_size, out, span, &written), 0);
    size_t n = written - length + sent < written ? written - length + sent : written;
    assert_true(n <= sizeof wire->bytes - wire->length);
    memcpy(wire->bytes + wire->length, out, n);
    wire->length += n;
    free(out);
    free(payload);
}

static int result_of(const struct wire *wire, const struct rtmp_chunk_limits *limits, struct heap *heap)
{
    struct trace whole = trace_cut(wire->bytes, wire->length, limits, heap, cut_never, NULL);
    struct trace cut = trace_cut(wire->bytes, wire->length, limits, heap, cut_everywhere, NULL);
    assert_same_trace(&whole, &cut);
    free(whole.bytes);
    free(cut.bytes);
    return whole.result;
}

static void message_length_is_judged_by_its_header(void **state)
{
    (void)state;
    static const struct {
        const struct rtmp_chunk_limits *limits;
        uint8_t type;
        uint32_t max;
    } rows[] = {
        {&rtmp_limits_before_connect, RTMP_TYPE_COMMAND_AMF0, 32 << 10},
        {&rtmp_limits_before_connect, RTMP_TYPE_VIDEO, 32 << 10},
        {&rtmp_limits_connected, RTMP_TYPE_COMMAND_AMF0, 512 << 10},
        {&rtmp_limits_connected, RTMP_TYPE_DATA_AMF0, 512 << 10},
        {&rtmp_limits_connected, RTMP_TYPE_AUDIO, 8 << 20},
        {&rtmp_limits_connected, RTMP_TYPE_VIDEO, 8 << 20},
        {&rtmp_limits_connected, RTMP_TYPE_AGGREGATE, 8 << 20},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int over = -1; over <= 1; over++) {
            struct heap heap = {0};
            struct wire wire = {.length = 0};
            put_message(&wire, 3, rows[i].type, rows[i].max + (uint32_t)over, RTMP_CHUNK_SIZE_MAX, 100);
            assert_int_equal(result_of(&wire, rows[i].limits, &heap), over > 0 ? RTMP_E_MESSAGE_SIZE : RTMP_E_MORE);
            assert_true(heap.peak_bytes < 1024); /* nothing is reserved for what has not come */
        }
    }
}

static void length_is_judged_in_every_header_type(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_chunk_limits tight = rtmp_limits_connected;
    tight.message_max = 1;
    static const uint8_t first[] = {3, 0, 0, 0, 0, 0, 2, 20, 0, 0, 0, 0, 1, 2};
    static const uint8_t next[][4] = {{0x83, 0, 0, 0}, {0xC3, 1, 2, 0}};
    for (size_t i = 0; i < COUNT(next); i++) {
        struct rtmp_chunk_reader reader;
        struct rtmp_message message;
        size_t used;
        rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_connected);
        assert_int_equal(rtmp_chunk_read(&reader, first, sizeof first, &used, &message), 0);
        rtmp_chunk_reader_set_limits(&reader, &tight);
        assert_int_equal(rtmp_chunk_read(&reader, next[i], sizeof next[i], &used, &message), RTMP_E_MESSAGE_SIZE);
        rtmp_chunk_reader_finish(&reader);
    }
}

static void unfinished_messages_are_limited_together(void **state)
{
    (void)state;
    for (int over = -1; over <= 1; over++) {
        struct heap heap = {0};
        struct rtmp_chunk_limits limits = rtmp_limits_connected;
        limits.partial_max = 300 - 50;
        struct wire wire = {.length = put_chunk_size(wire.bytes, sizeof wire.bytes, 100)};
        put_message(&wire, 5, 9, 200, RTMP_CHUNK_SIZE_MAX, 100);
        put_message(&wire, 6, 9, 200, RTMP_CHUNK_SIZE_MAX, 100);
        put_message(&wire, 7, 9, (uint32_t)(50 + over), 100, 10); /* a last chunk counts too, before it has come */
        assert_int_equal(result_of(&wire, &limits, &heap), over > 0 ? RTMP_E_PARTIAL_BYTES : RTMP_E_MORE);
    }
}

static void a_chunk_beyond_all_unfinished_messages_is_refused(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_chunk_limits limits = rtmp_limits_connected;
    limits.partial_max = 250;
    struct wire wire = {.length = put_chunk_size(wire.bytes, sizeof wire.bytes, 300)};
    put_message(&wire, 5, 9, 300, RTMP_CHUNK_SIZE_MAX, 10);
    assert_int_equal(result_of(&wire, &limits, &heap), RTMP_E_PARTIAL_BYTES);
}

static void finished_and_aborted_messages_no_longer_count(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_chunk_limits limits = rtmp_limits_connected;
    limits.partial_max = 200;
    struct wire wire = {.length = put_chunk_size(wire.bytes, sizeof wire.bytes, 100)};
    static const uint8_t abort_5[] = {2, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 5};
    for (int i = 0; i < 10; i++) {
        put_message(&wire, 6, 9, 200, 100, 200);
        put_message(&wire, 5, 9, 200, RTMP_CHUNK_SIZE_MAX, 100);
        memcpy(wire.bytes + wire.length, abort_5, sizeof abort_5);
        wire.length += sizeof abort_5;
    }
    assert_int_equal(result_of(&wire, &limits, &heap), RTMP_E_MORE);
}

static void chunk_size_has_a_floor_and_a_ceiling(void **state)
{
    (void)state;
    for (int over = -1; over <= 1; over++) {
        struct heap heap = {0};
        struct rtmp_chunk_limits limits = rtmp_limits_connected;
        limits.chunk_size_min = 128;
        struct wire wire = {.length = put_chunk_size(wire.bytes, sizeof wire.bytes, (uint32_t)(128 + over))};
        assert_int_equal(result_of(&wire, &limits, &heap), over < 0 ? RTMP_E_CHUNK_SIZE : RTMP_E_MORE);
    }
    static const uint32_t sizes[][2] = {
        {0xFFFFFE, 0xFFFFFE}, {0xFFFFFF, 0xFFFFFF}, {0x1000000, 0xFFFFFF}, {0x7FFFFFFF, 0xFFFFFF}};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct heap heap = {0};
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_chunk_reader reader;
        struct rtmp_message message;
        uint8_t wire[32];
        size_t used, length = put_chunk_size(wire, sizeof wire, sizes[i][0]);
        rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_connected);
        assert_int_equal(rtmp_chunk_read(&reader, wire, length, &used, &message), 0);
        assert_int_equal(reader.chunk_size, sizes[i][1]);
        rtmp_chunk_reader_finish(&reader);
    }
}

static void the_longest_idle_chunk_stream_makes_room(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct wire wire = {.length = 0};
    for (uint32_t csid = 3; csid < 3 + 64; csid++)
        put_message(&wire, csid, 8, 1, 128, 1);
    put_message(&wire, 3, 8, 1, 128, 1); /* now 4 is the one unused for longest */
    assert_int_equal(result_of(&wire, &rtmp_limits_connected, &heap), RTMP_E_MORE);
    put_message(&wire, 100, 8, 1, 128, 1);
    wire.bytes[wire.length++] = 0xC3;
    wire.bytes[wire.length++] = 0xAA;
    assert_int_equal(result_of(&wire, &rtmp_limits_connected, &heap), RTMP_E_MORE);
    wire.bytes[wire.length++] = 0xC4;
    assert_int_equal(result_of(&wire, &rtmp_limits_connected, &heap), RTMP_E_CHUNK_HEADER);
}

static void chunk_streams_with_a_message_under_way_stay(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct wire wire = {.length = put_chunk_size(wire.bytes, sizeof wire.bytes, 1)};
    for (uint32_t csid = 3; csid < 3 + 63; csid++)
        put_message(&wire, csid, 8, 2, RTMP_CHUNK_SIZE_MAX, 1);
    put_message(&wire, 100, 8, 2, RTMP_CHUNK_SIZE_MAX, 1); /* in the place of 2, which is idle */
    assert_int_equal(result_of(&wire, &rtmp_limits_connected, &heap), RTMP_E_MORE);
    put_message(&wire, 101, 8, 1, 128, 1);
    assert_int_equal(result_of(&wire, &rtmp_limits_connected, &heap), RTMP_E_CHUNK_STREAMS);
}

/* Memory */

static void a_message_in_one_piece_is_lent_from_the_input(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_chunk_reader reader;
    struct rtmp_message message;
    size_t used;
    static const uint8_t wire[] = {4, 0, 0, 9, 0, 0, 2, 8, 1, 0, 0, 0, 0xAA, 0xBB, 0xC4};
    rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_connected);
    assert_int_equal(rtmp_chunk_read(&reader, wire, sizeof wire, &used, &message), 0);
    assert_ptr_equal(message.payload, wire + 12);
    assert_int_equal(used, 14);
    assert_int_equal(rtmp_chunk_read(&reader, wire + 14, 1, &used, &message), RTMP_E_MORE);
    assert_int_equal(rtmp_chunk_read(&reader, wire + 12, 2, &used, &message), 0); /* a type 3 like the one before */
    assert_int_equal(message.info.time_ms, 18);
    rtmp_chunk_reader_finish(&reader);
    assert_int_equal(heap.live_bytes, 0);
}

static void an_idle_session_is_small(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_chunk_reader reader;
    struct trace trace = {0};
    struct wire wire = {.length = 0};
    put_message(&wire, 3, RTMP_TYPE_COMMAND_AMF0, 400, 128, 400);
    put_message(&wire, 2, RTMP_TYPE_WINDOW_ACK_SIZE, 4, 128, 4);
    put_message(&wire, 8, RTMP_TYPE_COMMAND_AMF0, 3000, 128, 3000);
    rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_connected);
    trace_piece(&trace, &reader, wire.bytes, wire.length);
    assert_true(sizeof reader + heap.live_bytes <= 512);
    put_message(&wire, 6, RTMP_TYPE_VIDEO, 20000, 128, 20000);
    trace_piece(&trace, &reader, wire.bytes, wire.length);
    assert_true(heap.live_bytes > 20000); /* frames use their buffer again */
    assert_true(heap.live_bytes < 70000);
    rtmp_chunk_reader_finish(&reader);
    assert_int_equal(heap.live_bytes, 0);
    free(trace.bytes);
}

static void memory_grows_with_what_has_come(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_chunk_reader reader;
    struct trace trace = {0};
    struct wire wire = {.length = 0};
    put_message(&wire, 6, RTMP_TYPE_VIDEO, 60000, 128, 60000);
    rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_connected);
    for (size_t at = 0; at < wire.length; at += 100) {
        trace_piece(&trace, &reader, wire.bytes + at, wire.length - at < 100 ? wire.length - at : 100);
        assert_true(heap.live_bytes <= 2 * (at + 100) + 1024);
    }
    assert_int_equal(trace.length, 20 + 60000);
    assert_true(heap.n_calls < 20);
    rtmp_chunk_reader_finish(&reader);
    free(trace.bytes);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct wire wire = {.length = put_chunk_size(wire.bytes, sizeof wire.bytes, 100)};
    for (uint32_t csid = 3; csid < 20; csid++)
        put_message(&wire, csid, 9, 5000, RTMP_CHUNK_SIZE_MAX, 100);
    put_message(&wire, 30, 9, 5000, 100, 5000);
    int result = RTMP_E_MEMORY;
    long n = 0;
    while (result == RTMP_E_MEMORY) {
        struct heap heap = {.fail_at = ++n};
        struct trace trace = trace_cut(wire.bytes, wire.length, &rtmp_limits_connected, &heap, cut_everywhere, NULL);
        result = trace.result;
        free(trace.bytes);
    }
    assert_int_equal(result, RTMP_E_MORE);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_length_is_judged_by_its_header),
        cmocka_unit_test(length_is_judged_in_every_header_type),
        cmocka_unit_test(unfinished_messages_are_limited_together),
        cmocka_unit_test(a_chunk_beyond_all_unfinished_messages_is_refused),
        cmocka_unit_test(finished_and_aborted_messages_no_longer_count),
        cmocka_unit_test(chunk_size_has_a_floor_and_a_ceiling),
        cmocka_unit_test(the_longest_idle_chunk_stream_makes_room),
        cmocka_unit_test(chunk_streams_with_a_message_under_way_stay),
        cmocka_unit_test(a_message_in_one_piece_is_lent_from_the_input),
        cmocka_unit_test(an_idle_session_is_small),
        cmocka_unit_test(memory_grows_with_what_has_come),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
