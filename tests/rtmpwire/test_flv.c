/* SPDX-License-Identifier: MIT */
#include "flv_trace.h"

#include <rtmpwire/amf0.h>
#include <rtmpwire/tag.h>

static void assert_same(const struct trace *a, const struct trace *b)
{
    assert_int_equal(a->result, b->result);
    assert_int_equal(a->may_end, b->may_end);
    assert_int_equal(a->n_tags, b->n_tags);
    assert_int_equal(a->n_bytes, b->n_bytes);
    assert_memory_equal(a->bytes, b->bytes, a->n_bytes);
    for (size_t i = 0; i < a->n_tags; i++) {
        assert_int_equal(a->tags[i].type, b->tags[i].type);
        assert_int_equal(a->tags[i].length, b->tags[i].length);
        assert_int_equal(a->tags[i].time_ms, b->tags[i].time_ms);
        assert_int_equal(a->tags[i].offset, b->tags[i].offset);
        assert_int_equal(a->tags[i].filtered, b->tags[i].filtered);
    }
}

#define FILE_HEADER "464c5601050000000900000000"
#define AAC_TAG     "0800000400000000000000af0012100000000f"
#define AVC_TAG     "0900000a020304010000002701ffffd8000000010900000015"
#define SCRIPT_TAG \
    "120000280000000000000002000a6f6e4d65746144617461080000000100086475726174696f6e00000000000000000000000900000033"

/* wire.md 12 */
static const struct {
    const char *wire;
    struct rtmp_flv_tag tag;
    const char *body;
} vectors[] = {
    {AAC_TAG, {.type = RTMP_FLV_AUDIO, .length = 4}, "af001210"},
    {AVC_TAG, {.type = RTMP_FLV_VIDEO, .length = 10, .time_ms = 0x01020304}, "2701ffffd80000000109"},
    {SCRIPT_TAG,
     {.type = RTMP_FLV_SCRIPT, .length = 40},
     "02000a6f6e4d65746144617461080000000100086475726174696f6e000000000000000000000009"},
    {"28000000ffffff80000000"
     "0000000b",
     {.type = RTMP_FLV_AUDIO, .time_ms = 0x80FFFFFF, .filtered = true},
     ""},
    {"0f00000112345600000000aa0000000c", {.type = RTMP_FLV_SCRIPT_AMF3, .length = 1, .time_ms = 0x123456}, "aa"},
};

static const char whole_file[] = FILE_HEADER SCRIPT_TAG AAC_TAG AVC_TAG "28000000ffffff800000000000000b"
                                                                        "0f00000112345600000000aa0000000c";

static void vectors_are_written(void **state)
{
    (void)state;
    uint8_t out[128];
    size_t written = 99;
    assert_int_equal(rtmp_flv_header_write(true, true, out, RTMP_FLV_HEADER_SIZE - 1, &written), RTMP_E_SPACE);
    assert_int_equal(written, 99);
    assert_int_equal(rtmp_flv_header_write(true, true, out, RTMP_FLV_HEADER_SIZE, &written), 0);
    assert_hex(out, written, FILE_HEADER);
    vector_was_written(FILE_HEADER);
    assert_int_equal(rtmp_flv_header_write(true, false, out, sizeof out, &written), 0);
    assert_int_equal(out[4], 4);
    assert_int_equal(rtmp_flv_header_write(false, true, out, sizeof out, &written), 0);
    assert_int_equal(out[4], 1);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        size_t length, span = rtmp_flv_tag_span(vectors[i].tag.length);
        uint8_t *body = unhex(vectors[i].body, &length);
        struct rtmp_flv_tag tag = vectors[i].tag;
        tag.body = length ? body : NULL;
        written = 99;
        assert_int_equal(rtmp_flv_tag_write(&tag, out, span - 1, &written), RTMP_E_SPACE);
        assert_int_equal(written, 99);
        assert_int_equal(rtmp_flv_tag_write(&tag, out, span, &written), 0);
        assert_int_equal(written, span);
        assert_hex(out, written, vectors[i].wire);
        vector_was_written(vectors[i].wire);
        free(body);
    }
    struct rtmp_flv_tag wrong = {.type = 32};
    assert_int_equal(rtmp_flv_tag_write(&wrong, out, sizeof out, &written), RTMP_E_RANGE);
    wrong = (struct rtmp_flv_tag){.type = 9, .length = RTMP_FLV_BODY_MAX + 1};
    assert_int_equal(rtmp_flv_tag_write(&wrong, out, SIZE_MAX, &written), RTMP_E_RANGE);
}

static void vectors_are_read(void **state)
{
    (void)state;
    size_t length, offset = RTMP_FLV_HEADER_SIZE, n_bytes = 0;
    uint8_t *file = unhex(whole_file, &length);
    struct heap heap = {0};
    struct trace *trace = trace_of(file, length, length, length, &heap);
    static const size_t order[] = {2, 0, 1, 3, 4};
    assert_int_equal(trace->result, RTMP_E_MORE);
    assert_int_equal(trace->n_tags, COUNT(order));
    assert_int_equal(heap.n_calls, 0); /* in one piece: nothing is copied */
    vector_was_read(FILE_HEADER);
    for (size_t i = 0; i < COUNT(order); i++) {
        const struct rtmp_flv_tag *tag = &trace->tags[i], *expected = &vectors[order[i]].tag;
        assert_int_equal(tag->type, expected->type);
        assert_int_equal(tag->time_ms, expected->time_ms);
        assert_int_equal(tag->filtered, expected->filtered);
        assert_int_equal(tag->offset, offset);
        assert_hex(trace->bytes + n_bytes, tag->length, vectors[order[i]].body);
        vector_was_read(vectors[order[i]].wire);
        n_bytes += tag->length;
        offset += rtmp_flv_tag_span(tag->length);
    }
    free(trace);
    free(file);
}

static void cuts_change_nothing(void **state)
{
    (void)state;
    size_t length;
    uint8_t *file = unhex(whole_file, &length);
    struct heap heap = {0};
    struct trace *whole = trace_of(file, length, length, length, &heap);
    for (size_t cut = 1; cut <= length; cut++) {
        struct trace *in_two = trace_of(file, length, cut, length, &heap);
        assert_same(in_two, whole);
        free(in_two);
        struct trace *in_steps = trace_of(file, length, cut, cut, &heap);
        assert_same(in_steps, whole);
        free(in_steps);
    }
    free(whole);
    free(file);
}

/* A file that ends early gives the tags that are whole, and says whether the end cuts one. */
static void files_may_end_early(void **state)
{
    (void)state;
    size_t length;
    uint8_t *file = unhex(whole_file, &length);
    struct heap heap = {0};
    static const size_t sizes[] = {40, 4, 10, 0, 1};
    size_t body_end[COUNT(sizes)], at = RTMP_FLV_HEADER_SIZE;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        body_end[i] = at + RTMP_FLV_TAG_HEAD_SIZE + sizes[i];
        at = body_end[i] + RTMP_FLV_TAG_TAIL_SIZE;
    }
    assert_int_equal(at, length);
    for (size_t cut = 0; cut <= length; cut++) {
        struct trace *trace = trace_of(file, cut, cut, cut, &heap);
        size_t n = 0;
        while (n < COUNT(sizes) && body_end[n] <= cut)
            n++;
        size_t clean = n == 0 ? 9 : body_end[n - 1];
        size_t clean_end = n == 0 ? RTMP_FLV_HEADER_SIZE : body_end[n - 1] + RTMP_FLV_TAG_TAIL_SIZE;
        assert_int_equal(trace->n_tags, n);
        assert_int_equal(trace->result, RTMP_E_MORE);
        assert_int_equal(trace->may_end, cut >= clean && cut <= clean_end);
        free(trace);
    }
    free(file);
}

static void what_is_not_flv_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *meaning, *wire;
        int error;
    } rows[] = {
        {"HTTP", "474554202f20485454502f312e310d0a", RTMP_E_MALFORMED},
        {"version 2", "464c560205000000090000000008", RTMP_E_MALFORMED},
        {"a header of 8 bytes", "464c560105000000080000000008", RTMP_E_MALFORMED},
        {"a header of 1025 bytes", "464c560105000004010000000008", RTMP_E_MALFORMED},
        {"reserved bits of a tag", FILE_HEADER "4800000000000000000000", RTMP_E_MALFORMED},
        {"a body of one byte too many", FILE_HEADER "0901000100000000000000", RTMP_E_MESSAGE_SIZE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("%s\n", rows[i].meaning);
        size_t length;
        uint8_t *wire = unhex(rows[i].wire, &length);
        for (size_t step = 1; step <= length; step++) {
            struct heap heap = {0};
            struct trace *trace = trace_of(wire, length, step, step, &heap);
            assert_int_equal(trace->result, rows[i].error);
            assert_int_equal(trace->n_tags, 0);
            assert_int_equal(heap.n_calls, 0);
            assert_false(trace->may_end);
            free(trace);
        }
        free(wire);
    }
}

static void an_error_stays(void **state)
{
    (void)state;
    static const uint8_t wrong[] = "no file of any kind", right[] = "FLV";
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_flv_reader reader;
    struct rtmp_flv_tag tag;
    size_t used = 99;
    rtmp_flv_reader_init(&reader, &allocator, BODY_MAX);
    assert_int_equal(rtmp_flv_read(&reader, wrong, sizeof wrong, &used, &tag), RTMP_E_MALFORMED);
    assert_int_equal(rtmp_flv_read(&reader, right, 3, &used, &tag), RTMP_E_MALFORMED);
    assert_int_equal(rtmp_flv_read(&reader, NULL, 0, &used, &tag), RTMP_E_MALFORMED);
    assert_int_equal(used, 99);
    rtmp_flv_reader_finish(&reader);
}

static void longer_headers_and_wrong_back_pointers_are_skipped(void **state)
{
    (void)state;
    size_t length;
    uint8_t *file = unhex("464c5601040000000caabbccffffffff"
                          "0800000100000000000000af12345678"
                          "0800000100000100000000af00000000",
                          &length);
    for (size_t step = 1; step <= length; step++) {
        struct heap heap = {0};
        struct trace *trace = trace_of(file, length, step, step, &heap);
        assert_int_equal(trace->n_tags, 2);
        assert_int_equal(trace->tags[0].offset, 16);
        assert_int_equal(trace->tags[1].time_ms, 1);
        assert_true(trace->may_end);
        free(trace);
    }
    enum { LONG_HEADER = 12 };
    for (size_t cut = 0; cut <= LONG_HEADER + RTMP_FLV_TAG_TAIL_SIZE; cut++) {
        struct heap heap = {0};
        struct trace *trace = trace_of(file, cut, cut, cut, &heap);
        assert_int_equal(trace->may_end, cut >= LONG_HEADER);
        free(trace);
    }
    free(file);
}

/* A peer that announces much and sends little holds little. */
static void memory_follows_what_has_come(void **state)
{
    (void)state;
    static const char head[] = FILE_HEADER "0900ffff00000000000000";
    size_t length;
    uint8_t *start = unhex(head, &length), zeros[1000] = {0};
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_flv_reader reader;
    struct rtmp_flv_tag tag;
    size_t used;
    rtmp_flv_reader_init(&reader, &allocator, BODY_MAX);
    assert_int_equal(rtmp_flv_read(&reader, start, length, &used, &tag), RTMP_E_MORE);
    assert_int_equal(heap.live_bytes, 0);
    for (size_t sent = sizeof zeros; sent < 0xFFFF; sent += sizeof zeros) {
        assert_int_equal(rtmp_flv_read(&reader, zeros, sizeof zeros, &used, &tag), RTMP_E_MORE);
        assert_in_range(heap.live_bytes, sent, 2 * sent);
    }
    assert_int_equal(rtmp_flv_read(&reader, zeros, sizeof zeros, &used, &tag), 0);
    assert_int_equal(tag.length, 0xFFFF);
    assert_int_equal(used, 0xFFFF % sizeof zeros);
    rtmp_flv_reader_finish(&reader);
    assert_int_equal(heap.live_bytes, 0);
    free(start);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t length;
    uint8_t *file = unhex(whole_file, &length);
    long fail_at = 1;
    for (bool failed = true; failed; fail_at++) {
        struct heap heap = {.fail_at = fail_at};
        struct trace *trace = trace_of(file, length, 1, 1, &heap);
        failed = heap.n_calls >= fail_at;
        assert_int_equal(trace->result, failed ? RTMP_E_MEMORY : RTMP_E_MORE);
        free(trace);
    }
    assert_in_range(fail_at, 3, 100); /* at least one did fail */
    free(file);
}

static void metadata_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *meaning, *body, *name;
        int error;
        double number;
    } rows[] = {
        {"FLV", "02000a6f6e4d65746144617461080000000100086475726174696f6e000000000000000000000009", "duration", 0, 0},
        {"behind @setDataFrame",
         "02000d40736574446174614672616d6502000a6f6e4d657461446174610800000001000577696474680040840000000000000000"
         "09",
         "width", 0, 640},
        {"as an object", "02000a6f6e4d65746144617461030003667073004039000000000000000009", "fps", 0, 25},
        {"an ECMA array without an end",
         "02000a6f6e4d657461446174610800000001000577696474680040840000000000"
         "00",
         "width", 0, 640},
        {"another script", "02000a6f6e437565506f696e740300000009", NULL, RTMP_E_UNSUPPORTED, 0},
        {"another script behind @setDataFrame", "02000d40736574446174614672616d6502000161", NULL, RTMP_E_UNSUPPORTED,
         0},
        {"a number for a name", "00000000000000000005", NULL, RTMP_E_UNSUPPORTED, 0},
        {"no value", "02000a6f6e4d65746144617461", NULL, RTMP_E_TRUNCATED, 0},
        {"@setDataFrame alone", "02000d40736574446174614672616d65", NULL, RTMP_E_TRUNCATED, 0},
        {"nothing", "", NULL, RTMP_E_TRUNCATED, 0},
        {"a text for a value", "02000a6f6e4d65746144617461020000", NULL, RTMP_E_MALFORMED, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("%s\n", rows[i].meaning);
        size_t length;
        uint8_t *body = unhex(rows[i].body, &length);
        struct heap heap = {0};
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_arena arena;
        struct rtmp_value *value = NULL;
        rtmp_arena_init(&arena, &allocator, 1 << 16);
        assert_int_equal(rtmp_flv_metadata_read(body, length, &arena, NULL, &value), rows[i].error);
        if (rows[i].error)
            assert_null(value);
        else
            assert_true(rtmp_value_number(rtmp_value_get(value, rows[i].name), -1) == rows[i].number);
        if (!rows[i].error)
            vector_was_read(rows[i].body);
        rtmp_arena_finish(&arena);
        assert_int_equal(heap.live_bytes, 0);
        free(body);
    }
}

static void metadata_is_written(void **state)
{
    (void)state;
    for (long fail_at = 0; fail_at < 8; fail_at++) {
        struct heap values = {0}, bytes = {.fail_at = fail_at};
        struct rtmp_allocator for_values = heap_allocator(&values), for_bytes = heap_allocator(&bytes);
        struct rtmp_arena arena;
        struct rtmp_buffer buffer;
        rtmp_arena_init(&arena, &for_values, 1 << 16);
        rtmp_buffer_init(&buffer, &for_bytes, 40);
        struct rtmp_value *value = rtmp_value_new_ecma_array(&arena);
        assert_int_equal(rtmp_value_set(&arena, value, "duration", rtmp_value_new_number(&arena, 0)), 0);
        int error = rtmp_flv_metadata_write(&buffer, value);
        assert_true(error == 0 || (error == RTMP_E_MEMORY && fail_at > 0 && fail_at <= bytes.n_calls));
        if (error) {
            assert_int_equal(buffer.length, 0);
        } else {
            assert_hex(buffer.data, buffer.length, vectors[2].body);
            assert_int_equal(rtmp_flv_metadata_write(&buffer, value), RTMP_E_SPACE);
            assert_int_equal(buffer.length, 40);
        }
        rtmp_buffer_finish(&buffer);
        rtmp_arena_finish(&arena);
        assert_int_equal(values.live_bytes + bytes.live_bytes, 0);
    }
}

/* wire.md 12: videocodecid and audiocodecid of Enhanced RTMP are FourCCs as numbers. */
static void codec_numbers_are_fourccs(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        uint32_t fourcc;
        const char *name;
    } rows[] = {
        {"0041d85d8c0c400000", RTMP_FOURCC_AV01, "av1"},
        {"0041da1d98cc400000", RTMP_FOURCC_HVC1, "hevc"},
        {"0041d3dc1d5cc00000", RTMP_FOURCC_OPUS, "opus"},
        {"0041d85d98cc400000", RTMP_FOURCC_AVC1, "h264"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length;
        uint8_t *wire = unhex(rows[i].wire, &length);
        struct heap heap = {0};
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_arena arena;
        struct rtmp_buffer buffer;
        struct rtmp_amf_reader reader;
        struct rtmp_value *value;
        rtmp_arena_init(&arena, &allocator, 1 << 16);
        rtmp_amf_reader_init(&reader, wire, length, &arena, NULL);
        assert_int_equal(rtmp_amf0_read(&reader, &value), 0);
        assert_true(rtmp_value_number(value, 0) == rows[i].fourcc);
        rtmp_buffer_init(&buffer, &allocator, 100);
        assert_int_equal(rtmp_amf0_write(&buffer, value), 0);
        assert_hex(buffer.data, buffer.length, rows[i].wire);
        vector_was_read(rows[i].wire);
        vector_was_written(rows[i].wire);
        rtmp_buffer_finish(&buffer);
        assert_string_equal(rtmp_fourcc_name(rows[i].fourcc), rows[i].name);
        rtmp_arena_finish(&arena);
        free(wire);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_written),
        cmocka_unit_test(vectors_are_read),
        cmocka_unit_test(cuts_change_nothing),
        cmocka_unit_test(files_may_end_early),
        cmocka_unit_test(what_is_not_flv_is_refused),
        cmocka_unit_test(an_error_stays),
        cmocka_unit_test(longer_headers_and_wrong_back_pointers_are_skipped),
        cmocka_unit_test(memory_follows_what_has_come),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(metadata_is_read),
        cmocka_unit_test(metadata_is_written),
        cmocka_unit_test(codec_numbers_are_fourccs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
