/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/aggregate.h>
#include <rtmpwire/message.h>

static const char vector[] = "0800000300138800000000af01210000000e090000050013b000000000270100000000000010";

static struct rtmp_aggregate_reader read_from(const uint8_t *body, size_t length, uint32_t time_ms)
{
    struct rtmp_message whole = {
        {.csid = 6, .time_ms = time_ms, .length = (uint32_t)length, .stream_id = 1, .type = RTMP_TYPE_AGGREGATE}, body};
    struct rtmp_aggregate_reader reader;
    rtmp_aggregate_reader_init(&reader, &whole);
    return reader;
}

static void the_vector_is_read(void **state)
{
    (void)state;
    size_t length;
    uint8_t *body = unhex(vector, &length);
    struct rtmp_aggregate_reader reader = read_from(body, length, 7000);
    struct rtmp_message message;
    assert_int_equal(rtmp_aggregate_next(&reader, &message), 0);
    assert_int_equal(message.info.type, RTMP_TYPE_AUDIO);
    assert_int_equal(message.info.time_ms, 7000);
    assert_int_equal(message.info.stream_id, 1);
    assert_int_equal(message.info.csid, 6);
    assert_hex(message.payload, message.info.length, "af0121");
    assert_int_equal(rtmp_aggregate_next(&reader, &message), 0);
    assert_int_equal(message.info.type, RTMP_TYPE_VIDEO);
    assert_int_equal(message.info.time_ms, 7040);
    assert_hex(message.payload, message.info.length, "2701000000");
    assert_int_equal(rtmp_aggregate_next(&reader, &message), RTMP_E_MORE);
    assert_int_equal(rtmp_aggregate_next(&reader, &message), RTMP_E_MORE);
    vector_was_read(vector);
    free(body);
}

static void the_vector_is_written(void **state)
{
    (void)state;
    static const uint8_t audio[] = {0xAF, 1, 0x21}, video[] = {0x27, 1, 0, 0, 0};
    struct rtmp_message_info first = {.time_ms = 5000, .length = 3, .type = RTMP_TYPE_AUDIO};
    struct rtmp_message_info second = {.time_ms = 5040, .length = 5, .type = RTMP_TYPE_VIDEO};
    uint8_t out[64];
    size_t written = 0, more = 0;
    assert_int_equal(rtmp_aggregate_write(&first, audio, out, rtmp_aggregate_span(3) - 1, &written), RTMP_E_SPACE);
    assert_int_equal(written, 0);
    assert_int_equal(rtmp_aggregate_write(&first, audio, out, rtmp_aggregate_span(3), &written), 0);
    assert_int_equal(rtmp_aggregate_write(&second, video, out + written, sizeof out - written, &more), 0);
    assert_hex(out, written + more, vector);
    vector_was_written(vector);
}

static void a_body_may_end_anywhere(void **state)
{
    (void)state;
    size_t length;
    uint8_t *body = unhex(vector, &length);
    for (size_t cut = 0; cut <= length; cut++) {
        uint8_t *part = malloc(cut + 1);
        assert_non_null(part);
        memcpy(part, body, cut);
        struct rtmp_aggregate_reader reader = read_from(realloc(part, cut + (cut == 0)), cut, 0);
        struct rtmp_message message;
        size_t n = 0;
        int rc;
        while ((rc = rtmp_aggregate_next(&reader, &message)) == 0)
            n++;
        /* 14 bytes of message, 4 of back pointer; 16 and 4 */
        assert_int_equal(n, cut < 14 ? 0 : cut < 34 ? 1 : 2);
        bool whole = cut == 0 || (cut >= 14 && cut <= 18) || cut >= 34;
        assert_int_equal(rc, whole ? RTMP_E_MORE : RTMP_E_TRUNCATED);
        free((void *)(uintptr_t)reader.whole.payload);
    }
    free(body);
}

static void times_count_from_the_first_one(void **state)
{
    (void)state;
    static const struct {
        uint32_t carrier_ms, first_ms, second_ms, expected_ms;
    } rows[] = {
        {0, 0, 40, 40},
        {1000, 0x01000000, 0x01000028, 1040},
        {0xFFFFFFF0, 0, 0x20, 0x10},
        {100, 0xFFFFFFF0, 0x10, 132},
        {100, 50, 40, 90},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t body[64];
        size_t first, second;
        struct rtmp_message_info info = {.time_ms = rows[i].first_ms, .type = RTMP_TYPE_AUDIO};
        assert_int_equal(rtmp_aggregate_write(&info, NULL, body, sizeof body, &first), 0);
        info.time_ms = rows[i].second_ms;
        assert_int_equal(rtmp_aggregate_write(&info, NULL, body + first, sizeof body - first, &second), 0);
        struct rtmp_aggregate_reader reader = read_from(body, first + second, rows[i].carrier_ms);
        struct rtmp_message message;
        assert_int_equal(rtmp_aggregate_next(&reader, &message), 0);
        assert_int_equal(message.info.time_ms, rows[i].carrier_ms);
        assert_int_equal(rtmp_aggregate_next(&reader, &message), 0);
        assert_int_equal(message.info.time_ms, rows[i].expected_ms);
    }
}

static void only_media_data_and_commands_may_be_inside(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        bool refused = type <= 6 || type == RTMP_TYPE_AGGREGATE;
        uint8_t body[15] = {(uint8_t)type}, out[15];
        struct rtmp_aggregate_reader reader = read_from(body, sizeof body, 0);
        struct rtmp_message message;
        struct rtmp_message_info info = {.type = (uint8_t)type};
        size_t written;
        assert_int_equal(rtmp_aggregate_next(&reader, &message), refused ? RTMP_E_UNSUPPORTED : 0);
        assert_int_equal(rtmp_aggregate_write(&info, NULL, out, sizeof out, &written), refused ? RTMP_E_RANGE : 0);
    }
    struct rtmp_message_info info = {.type = 8, .length = RTMP_MESSAGE_MAX + 1};
    size_t written;
    assert_int_equal(rtmp_aggregate_write(&info, NULL, NULL, SIZE_MAX, &written), RTMP_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_is_read),
        cmocka_unit_test(the_vector_is_written),
        cmocka_unit_test(a_body_may_end_anywhere),
        cmocka_unit_test(times_count_from_the_first_one),
        cmocka_unit_test(only_media_data_and_commands_may_be_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
