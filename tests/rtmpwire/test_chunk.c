/* SPDX-License-Identifier: MIT */
#include "chunk_trace.h"

#include <rtmpwire/clock.h>
#include <rtmpwire/message.h>

struct expected {
    struct rtmp_message_info info;
    const char *payload;
};

struct vector {
    const char *meaning;
    uint32_t chunk_size; /* 0: the default */
    const char *wire;
    bool canonical; /* the writer makes the same bytes */
    struct expected messages[4];
};

/* wire.md 12, and below them forms that only practice knows. */
static const struct vector vectors[] = {
    {"Set Chunk Size 4096", 0, "02000000000004010000000000001000", true, {{{2, 0, 4, 0, 1}, "00001000"}}},
    {"Abort csid 6", 0, "02000000000004020000000000000006", true, {{{2, 0, 4, 0, 2}, "00000006"}}},
    {"Acknowledgement", 0, "020000000000040300000000fffffff0", true, {{{2, 0, 4, 0, 3}, "fffffff0"}}},
    {"Window Acknowledgement Size", 0, "020000000000040500000000002625a0", true, {{{2, 0, 4, 0, 5}, "002625a0"}}},
    {"Set Peer Bandwidth", 0, "020000000000050600000000002625a002", true, {{{2, 0, 5, 0, 6}, "002625a002"}}},
    {"type 0, then type 2 with delta 20, then type 3",
     0,
     "040003e80000020801000000aa0184000014aa02c4aa03",
     false,
     {{{4, 1000, 2, 1, 8}, "aa01"}, {{4, 1020, 2, 1, 8}, "aa02"}, {{4, 1040, 2, 1, 8}, "aa03"}}},
    {"a type 3 after a type 0 adds its time once more",
     0,
     "0400001a000001080100000001c402",
     false,
     {{{4, 26, 1, 1, 8}, "01"}, {{4, 52, 1, 1, 8}, "02"}}},
    {"time 0xFFFFFE fits the field", 0, "06fffffe000001090100000027", true, {{{6, 0xFFFFFE, 1, 1, 9}, "27"}}},
    {"time 0xFFFFFF does not", 0, "06ffffff000001090100000000ffffff27", true, {{{6, 0xFFFFFF, 1, 1, 9}, "27"}}},
    {"type 3 repeats the extended time",
     2,
     "06ffffff0000030901000000010000002701c60100000009",
     true,
     {{{6, 0x01000000, 3, 1, 9}, "270109"}}},
    {"type 3 leaves it out; then type 1 with delta 40",
     2,
     "06ffffff0000030901000000010000002701c60946000028000001090b",
     false,
     {{{6, 0x01000000, 3, 1, 9}, "270109"}, {{6, 0x01000028, 1, 1, 9}, "0b"}}},
    {"an extended field of type 1 is a delta",
     0,
     "06002af800000109010000000146ffffff0000010900ffffff02",
     false,
     {{{6, 11000, 1, 1, 9}, "01"}, {{6, 16788215, 1, 1, 9}, "02"}}},
    {"time wraps",
     0,
     "05ffffff0000010801000000fffffff001450000200000010802",
     false,
     {{{5, 0xFFFFFFF0, 1, 1, 8}, "01"}, {{5, 0x10, 1, 1, 8}, "02"}}},
    {"two chunk streams in turn",
     1,
     "030000000000031400000000aa060000000000020901000000b1c3abc6b2c3ac",
     false,
     {{{6, 0, 2, 1, 9}, "b1b2"}, {{3, 0, 3, 0, 20}, "aaabac"}}},
    {"silence: no payload", 0, "030000000000000801000000", true, {{{3, 0, 0, 1, 8}, ""}}},
    {"csid 63", 0, "3f0000000000010800000000aa", true, {{{63, 0, 1, 0, 8}, "aa"}}},
    {"csid 64", 0, "00000000000000010800000000aa", true, {{{64, 0, 1, 0, 8}, "aa"}}},
    {"csid 319", 0, "00ff0000000000010800000000aa", true, {{{319, 0, 1, 0, 8}, "aa"}}},
    {"csid 319, then type 1",
     0,
     "00ff0000000000010800000000aa40ff00000200000108bb",
     false,
     {{{319, 0, 1, 0, 8}, "aa"}, {{319, 2, 1, 0, 8}, "bb"}}},
    {"csid 320", 0, "0100010000000000010800000000aa", true, {{{320, 0, 1, 0, 8}, "aa"}}},
    {"csid 365, type 2 and type 1",
     0,
     "012d010000050000010800000000aa812d01000002bb412d0100000200000209cccc",
     false,
     {{{365, 5, 1, 0, 8}, "aa"}, {{365, 7, 1, 0, 8}, "bb"}, {{365, 9, 2, 0, 9}, "cccc"}}},
    {"csid 65599", 2, "01ffff0000000000030800000000aabbc1ffffcc", true, {{{65599, 0, 3, 0, 8}, "aabbcc"}}},
    {"csid 64 in three bytes, continued in two",
     1,
     "0100000000000000020800000000aac000bb",
     false,
     {{{64, 0, 2, 0, 8}, "aabb"}}},
    {"a first header of type 1 counts from time and stream 0 (librtmp's pings)",
     0,
     "4200000a00000604000612345678",
     false,
     {{{2, 10, 6, 0, 4}, "000612345678"}}},
    {"message stream ids are little-endian", 0, "0300000000000108010203ff55", true, {{{3, 0, 1, 0xFF030201, 8}, "55"}}},
    {"headers of type 1 and 2 inside a message",
     1,
     "060000640000030901000000aa46000064000003098b86000000cc",
     false,
     {{{6, 100, 3, 1, 9}, "aa8bcc"}}},
    {"left out, and the payload begins like the time: settled by the next message's header",
     2,
     "06ffffff0000030901000000010000002701c601"
     "00000a000000000108010000005500",
     false,
     {{{6, 0x01000000, 3, 1, 9}, "270101"}, {{64, 0x0a0000, 1, 1, 8}, "55"}}},
    {"left out, and the bytes looked at hold a whole silent message",
     2,
     "040000000000000801000000"
     "06ffffff000003090100000001c400002701c601c400ff00000000000108010000",
     false,
     {{{4, 0, 0, 1, 8}, ""}, {{6, 0x01c40000, 3, 1, 9}, "270101"}, {{4, 0, 0, 1, 8}, ""}}},
    {"a type 3 that starts a message always has the extended field; it is the delta",
     0,
     "06ffffff000001090100000001000000aac601000000bb",
     false,
     {{{6, 0x01000000, 1, 1, 9}, "aa"}, {{6, 0x02000000, 1, 1, 9}, "bb"}}},
    {"type 3 after an extended delta may repeat the delta",
     2,
     "06000001000001090100000000"
     "46ffffff0000030901000000aabbc601000000cc",
     false,
     {{{6, 1, 1, 1, 9}, "00"}, {{6, 0x01000001, 3, 1, 9}, "aabbcc"}}},
    {"or the absolute time",
     2,
     "06000001000001090100000000"
     "46ffffff0000030901000000aabbc601000001cc",
     false,
     {{{6, 1, 1, 1, 9}, "00"}, {{6, 0x01000001, 3, 1, 9}, "aabbcc"}}},
    {"or one in one chunk, the other in the next",
     1,
     "06000001000001090100000000"
     "46ffffff0000030901000000aac601000001bbc601000000cc",
     false,
     {{{6, 1, 1, 1, 9}, "00"}, {{6, 0x01000001, 3, 1, 9}, "aabbcc"}}},
    {"an extended field that was not needed counts all the same",
     2,
     "06ffffff000003090100000000000005aabbc600000005cc",
     false,
     {{{6, 5, 3, 1, 9}, "aabbcc"}}},
    {"Set Chunk Size between two chunks of a message",
     1,
     "060000000000040901000000aa02000000000004010000000000c200c200c203c6bbccdd",
     false,
     {{{2, 0, 4, 0, 1}, "00000003"}, {{6, 0, 4, 1, 9}, "aabbccdd"}}},
    {"Abort drops what there is; the header stays",
     1,
     "060000070000020901000000aa02000000000004020000000000c200c200c206c6bbc6cc",
     false,
     {{{2, 0, 4, 0, 2}, "00000006"}, {{6, 14, 2, 1, 9}, "bbcc"}}},
    {"Abort of a chunk stream without a message",
     0,
     "02000000000004020000000000000009",
     true,
     {{{2, 0, 4, 0, 2}, "00000009"}}},
    {"bodies too short to be obeyed",
     0,
     "020000000000010100000000000200000000000102000000000000",
     false,
     {{{2, 0, 1, 0, 1}, "00"}, {{2, 0, 1, 0, 2}, "00"}}},
};

static uint8_t *wire_of(const struct vector *vector, size_t *length)
{
    uint8_t head[32];
    size_t n_head = put_chunk_size(head, sizeof head, vector->chunk_size), n_rest;
    uint8_t *rest = unhex(vector->wire, &n_rest);
    uint8_t *wire = malloc(n_head + n_rest);
    assert_non_null(wire);
    memcpy(wire, head, n_head);
    memcpy(wire + n_head, rest, n_rest);
    free(rest);
    *length = n_head + n_rest;
    return wire;
}

static struct trace trace_of(const struct vector *vector)
{
    struct trace trace = {.result = RTMP_E_MORE};
    if (vector->chunk_size > 0) {
        const struct rtmp_message_info info = {.csid = 2, .length = 4, .type = RTMP_TYPE_SET_CHUNK_SIZE};
        trace_message(&trace, &info, (const uint8_t[]){0, 0, 0, (uint8_t)vector->chunk_size});
    }
    for (size_t i = 0; i < COUNT(vector->messages) && vector->messages[i].payload; i++) {
        size_t length;
        uint8_t *payload = unhex(vector->messages[i].payload, &length);
        assert_int_equal(length, vector->messages[i].info.length);
        trace_message(&trace, &vector->messages[i].info, payload);
        free(payload);
    }
    return trace;
}

static void vectors_are_read_however_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        size_t length;
        uint8_t *wire = wire_of(&vectors[i], &length);
        struct trace expected = trace_of(&vectors[i]);
        print_message("%s\n", vectors[i].meaning);
        check_cut(&expected, wire, length, cut_never, NULL);
        check_cut(&expected, wire, length, cut_everywhere, NULL);
        for (size_t place = 1; place < length; place++)
            check_cut(&expected, wire, length, cut_once, &place);
        vector_was_read(vectors[i].wire);
        free(expected.bytes);
        free(wire);
    }
}

static void vectors_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        if (!vectors[i].canonical)
            continue;
        const struct expected *message = &vectors[i].messages[0];
        uint32_t chunk_size = vectors[i].chunk_size ? vectors[i].chunk_size : 128;
        size_t length, span = strlen(vectors[i].wire) / 2, written = 0;
        uint8_t *payload = unhex(message->payload, &length), out[64], untouched[64];
        memset(untouched, 0xEE, sizeof untouched);
        memcpy(out, untouched, sizeof out);
        assert_int_equal(rtmp_chunk_span(&message->info, chunk_size), span);
        assert_int_equal(rtmp_chunk_write(&message->info, payload, chunk_size, out, span - 1, &written), RTMP_E_SPACE);
        assert_memory_equal(out, untouched, sizeof out);
        assert_int_equal(written, 0);
        assert_int_equal(rtmp_chunk_write(&message->info, payload, chunk_size, out, span, &written), 0);
        assert_hex(out, written, vectors[i].wire);
        vector_was_written(vectors[i].wire);
        assert_memory_equal(out + span, untouched + span, sizeof out - span);
        free(payload);
    }
}

static void writer_refuses_what_does_not_fit_the_wire(void **state)
{
    (void)state;
    uint8_t out[32];
    size_t written;
    struct rtmp_message_info low = {.csid = 1}, high = {.csid = 65600}, good = {.csid = 2};
    assert_int_equal(rtmp_chunk_write(&low, NULL, 128, out, sizeof out, &written), RTMP_E_RANGE);
    assert_int_equal(rtmp_chunk_write(&high, NULL, 128, out, sizeof out, &written), RTMP_E_RANGE);
    assert_int_equal(rtmp_chunk_write(&good, NULL, 0, out, sizeof out, &written), RTMP_E_RANGE);
    assert_int_equal(rtmp_chunk_write(&good, NULL, 0x80000000, out, sizeof out, &written), RTMP_E_RANGE);
    assert_int_equal(rtmp_chunk_write(&good, NULL, 0x7FFFFFFF, out, sizeof out, &written), 0);
    good.length = RTMP_MESSAGE_MAX + 1;
    assert_int_equal(rtmp_chunk_write(&good, out, 128, out, sizeof out, &written), RTMP_E_RANGE);
}

/* Errors */

struct bad {
    const char *meaning;
    uint32_t chunk_size;
    const char *wire;
    int error;
};

static const struct bad bad_inputs[] = {
    {"type 2 on a new chunk stream", 0, "84000014", RTMP_E_CHUNK_HEADER},
    {"type 3 on a new chunk stream", 0, "c4", RTMP_E_CHUNK_HEADER},
    {"type 3 on another chunk stream than the one known", 0, "040000000000000801000000c5", RTMP_E_CHUNK_HEADER},
    {"type 0 inside a message", 1, "060000000000020901000000aa06", RTMP_E_CHUNK_HEADER},
    {"type 1 inside a message, longer", 1, "060000000000020901000000aa4600000000000309", RTMP_E_CHUNK_HEADER},
    {"type 1 inside a message, shorter", 1, "060000000000030901000000aa4600000000000209", RTMP_E_CHUNK_HEADER},
    {"Set Chunk Size 0", 0, "02000000000004010000000000000000", RTMP_E_CHUNK_SIZE},
    {"Set Chunk Size with the top bit", 0, "02000000000004010000000080000000", RTMP_E_CHUNK_SIZE},
    {"Set Chunk Size all ones", 0, "020000000000040100000000ffffffff", RTMP_E_CHUNK_SIZE},
    {"a command of 512 KiB + 1", 0, "0300000008000114000000", RTMP_E_MORE},
    {"a command of 512 KiB + 1, its header complete", 0, "030000000800011400000000", RTMP_E_MESSAGE_SIZE},
    {"the same in a type 1", 0, "4300000008000114", RTMP_E_MESSAGE_SIZE},
    {"video of 8 MiB + 1", 0, "060000008000010901000000", RTMP_E_MESSAGE_SIZE},
    {"audio of 8 MiB + 1", 0, "060000008000010801000000", RTMP_E_MESSAGE_SIZE},
    {"an aggregate of 8 MiB + 1", 0, "060000008000011601000000", RTMP_E_MESSAGE_SIZE},
    {"an unknown type of 512 KiB + 1", 0, "06000000080001ff01000000", RTMP_E_MESSAGE_SIZE},
};

static void bad_input_ends_the_reader_however_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_inputs); i++) {
        const struct vector vector = {.chunk_size = bad_inputs[i].chunk_size, .wire = bad_inputs[i].wire};
        size_t length;
        uint8_t *wire = wire_of(&vector, &length);
        print_message("%s\n", bad_inputs[i].meaning);
        struct heap heap = {0};
        struct trace whole = trace_cut(wire, length, &rtmp_limits_connected, &heap, cut_never, NULL);
        assert_int_equal(whole.result, bad_inputs[i].error);
        check_cut(&whole, wire, length, cut_everywhere, NULL);
        for (size_t place = 1; place < length; place++)
            check_cut(&whole, wire, length, cut_once, &place);
        free(whole.bytes);
        free(wire);
    }
}

static void an_error_is_final(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_chunk_reader reader;
    struct rtmp_message message = {.payload = NULL};
    size_t used = 77;
    const uint8_t bad[] = {0xC4}, good[] = {3, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0};
    rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_connected);
    assert_int_equal(rtmp_chunk_read(&reader, bad, sizeof bad, &used, &message), RTMP_E_CHUNK_HEADER);
    assert_int_equal(rtmp_chunk_read(&reader, good, sizeof good, &used, &message), RTMP_E_CHUNK_HEADER);
    assert_int_equal(used, 77);
    assert_null(message.payload);
    rtmp_chunk_reader_finish(&reader);
}

static void clock_goes_on_over_the_wrap(void **state)
{
    (void)state;
    static const struct {
        int64_t near_ms;
        uint32_t time_ms;
        int64_t expected;
    } rows[] = {
        {0, 0, 0},
        {0, 40, 40},
        {100, 60, 60},
        {0xFFFFFFF0, 0x10, 0x100000010},
        {0x100000010, 0xFFFFFFF0, 0xFFFFFFF0},
        {0x100000010, 0x20, 0x100000020},
        {0, 0x7FFFFFFF, 0x7FFFFFFF},
        {0, 0x80000000, -0x80000000LL},
        {0, 0xFFFFFFFF, -1},
        {-1, 0, 0},
        {5, 0x80000004, 0x80000004},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_true(rtmp_clock_unwrap(rows[i].near_ms, rows[i].time_ms) == rows[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_read_however_cut),
        cmocka_unit_test(vectors_are_written),
        cmocka_unit_test(writer_refuses_what_does_not_fit_the_wire),
        cmocka_unit_test(bad_input_ends_the_reader_however_cut),
        cmocka_unit_test(an_error_is_final),
        cmocka_unit_test(clock_goes_on_over_the_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
