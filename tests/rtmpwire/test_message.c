/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/message.h>

#include "sha256.h"

static const struct {
    struct rtmp_control control;
    const char *body;
} control_bodies[] = {
    {{RTMP_TYPE_SET_CHUNK_SIZE, 4096, 0}, "00001000"},
    {{RTMP_TYPE_ABORT, 6, 0}, "00000006"},
    {{RTMP_TYPE_ACK, 0xFFFFFFF0, 0}, "fffffff0"},
    {{RTMP_TYPE_WINDOW_ACK_SIZE, 2500000, 0}, "002625a0"},
    {{RTMP_TYPE_SET_PEER_BANDWIDTH, 2500000, RTMP_BANDWIDTH_DYNAMIC}, "002625a002"},
};

static void protocol_control_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(control_bodies); i++) {
        const struct rtmp_control *expected = &control_bodies[i].control;
        struct rtmp_control control = {0};
        uint8_t out[RTMP_CONTROL_MAX];
        size_t length, written = 0;
        uint8_t *body = unhex(control_bodies[i].body, &length);
        for (size_t cut = 0; cut < length; cut++) {
            assert_int_equal(rtmp_control_parse(expected->type, body, cut, &control), RTMP_E_TRUNCATED);
            assert_int_equal(control.type, 0);
            assert_int_equal(rtmp_control_write(expected, out, cut, &written), RTMP_E_SPACE);
            assert_int_equal(written, 0);
        }
        assert_int_equal(rtmp_control_parse(expected->type, body, length, &control), 0);
        assert_int_equal(control.type, expected->type);
        assert_int_equal(control.value, expected->value);
        assert_int_equal(control.limit, expected->limit);
        assert_int_equal(rtmp_control_write(expected, out, sizeof out, &written), 0);
        assert_hex(out, written, control_bodies[i].body);
        vector_was_read(control_bodies[i].body);
        vector_was_written(control_bodies[i].body);
        free(body);
    }
}

static void other_types_are_not_protocol_control(void **state)
{
    (void)state;
    const uint8_t body[5] = {0, 0, 0, 1, 0};
    for (unsigned type = 0; type < 256; type++) {
        bool is_control = type == 1 || type == 2 || type == 3 || type == 5 || type == 6;
        struct rtmp_control control = {.type = (uint8_t)type, .value = 1};
        uint8_t out[RTMP_CONTROL_MAX];
        size_t written;
        assert_int_equal(rtmp_is_protocol_control((uint8_t)type), is_control);
        assert_int_equal(rtmp_control_write(&control, out, sizeof out, &written), is_control ? 0 : RTMP_E_RANGE);
        assert_int_equal(rtmp_control_parse((uint8_t)type, body, 5, &control), is_control ? 0 : RTMP_E_RANGE);
    }
}

static void chunk_sizes_we_may_announce(void **state)
{
    (void)state;
    static const struct {
        uint32_t size;
        int rc;
    } rows[] = {{0, RTMP_E_RANGE}, {1, 0}, {0x7FFFFFFF, 0}, {0x80000000, RTMP_E_RANGE}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rtmp_control control = {.type = RTMP_TYPE_SET_CHUNK_SIZE, .value = rows[i].size};
        uint8_t out[RTMP_CONTROL_MAX];
        size_t written;
        assert_int_equal(rtmp_control_write(&control, out, sizeof out, &written), rows[i].rc);
    }
}

static const struct {
    const char *meaning, *body;
    struct rtmp_user_control user;
    const char *data; /* NULL: none */
} user_bodies[] = {
    {"Stream Begin 0", "000000000000", {.event = RTMP_EVENT_STREAM_BEGIN}, NULL},
    {"Stream Begin 1", "000000000001", {.event = RTMP_EVENT_STREAM_BEGIN, .value = 1}, NULL},
    {"Stream EOF 1", "000100000001", {.event = RTMP_EVENT_STREAM_EOF, .value = 1}, NULL},
    {"Stream Dry 1", "000200000001", {.event = RTMP_EVENT_STREAM_DRY, .value = 1}, NULL},
    {"Set Buffer Length",
     "00030000000100000bb8",
     {.event = RTMP_EVENT_SET_BUFFER_LENGTH, .value = 1, .buffer_ms = 3000},
     NULL},
    {"Stream Is Recorded 1", "000400000001", {.event = RTMP_EVENT_STREAM_IS_RECORDED, .value = 1}, NULL},
    {"Ping Request", "000612345678", {.event = RTMP_EVENT_PING_REQUEST, .value = 0x12345678}, NULL},
    {"Ping Response", "000712345678", {.event = RTMP_EVENT_PING_RESPONSE, .value = 0x12345678}, NULL},
    {"Buffer Empty 1", "001f00000001", {.event = RTMP_EVENT_BUFFER_EMPTY, .value = 1}, NULL},
    {"Buffer Ready 1", "002000000001", {.event = RTMP_EVENT_BUFFER_READY, .value = 1}, NULL},
    {"SWF verify request type 1", "001a01", {.event = RTMP_EVENT_SWF_VERIFY_REQUEST}, "01"},
    {"SWF verify request, bare", "001a", {.event = RTMP_EVENT_SWF_VERIFY_REQUEST}, ""},
    {"SWF verify response",
     "001b0101000003e8000003e8182aa520f4de9e1351b8dea4facbe1e2369fa4ca0262ac9bc41c27d55903a695",
     {.event = RTMP_EVENT_SWF_VERIFY_RESPONSE},
     "0101000003e8000003e8182aa520f4de9e1351b8dea4facbe1e2369fa4ca0262ac9bc41c27d55903a695"},
    {"an event nobody knows", "0063abcd", {.event = 0x63}, "abcd"},
};

static void user_control_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(user_bodies); i++) {
        struct rtmp_user_control expected = user_bodies[i].user, user = {.event = 0xFFFF};
        uint8_t out[64], *data = NULL;
        size_t length, written = 0;
        uint8_t *body = unhex(user_bodies[i].body, &length);
        print_message("%s\n", user_bodies[i].meaning);
        if (user_bodies[i].data)
            expected.data = data = unhex(user_bodies[i].data, &expected.data_length);
        size_t needed = user_bodies[i].data ? 2 : length;
        for (size_t cut = 0; cut < needed; cut++) {
            assert_int_equal(rtmp_user_control_parse(body, cut, &user), RTMP_E_TRUNCATED);
            assert_int_equal(user.event, 0xFFFF);
        }
        assert_int_equal(rtmp_user_control_parse(body, length, &user), 0);
        assert_int_equal(user.event, expected.event);
        assert_int_equal(user.value, expected.value);
        assert_int_equal(user.buffer_ms, expected.buffer_ms);
        assert_int_equal(user.data_length, expected.data_length);
        if (data)
            assert_memory_equal(user.data, data, expected.data_length);
        else
            assert_null(user.data);
        assert_int_equal(rtmp_user_control_write(&expected, out, length - 1, &written), RTMP_E_SPACE);
        assert_int_equal(rtmp_user_control_write(&expected, out, length, &written), 0);
        assert_hex(out, written, user_bodies[i].body);
        vector_was_read(user_bodies[i].body);
        vector_was_written(user_bodies[i].body);
        free(data);
        free(body);
    }
}

static void swf_verify_response_is_an_hmac(void **state)
{
    (void)state;
    uint8_t key[32], swf_hash[32], data[42] = {1, 1, 0, 0, 3, 0xE8, 0, 0, 3, 0xE8}, out[64];
    memset(key, 0x33, sizeof key);
    memset(swf_hash, 0x44, sizeof swf_hash);
    struct rtmp_hmac hmac;
    rtmp_hmac_init(&hmac, key, sizeof key);
    rtmp_hmac_add(&hmac, swf_hash, sizeof swf_hash);
    rtmp_hmac_finish(&hmac, data + 10);
    struct rtmp_user_control user = {.event = RTMP_EVENT_SWF_VERIFY_RESPONSE, .data = data, .data_length = sizeof data};
    size_t written;
    assert_int_equal(rtmp_user_control_write(&user, out, sizeof out, &written), 0);
    assert_hex(out, written,
               "001b0101000003e8000003e8182aa520f4de9e1351b8dea4facbe1e2369fa4ca0262ac9bc41c27d55903a695");
}

static void bytes_behind_a_body_are_ignored(void **state)
{
    (void)state;
    const uint8_t body[] = {0, 6, 0, 0, 0, 9, 0xFF, 0xFF};
    struct rtmp_user_control user;
    struct rtmp_control control;
    assert_int_equal(rtmp_user_control_parse(body, sizeof body, &user), 0);
    assert_int_equal(user.value, 9);
    assert_int_equal(rtmp_control_parse(RTMP_TYPE_ACK, body, sizeof body, &control), 0);
    assert_int_equal(control.value, 0x00060000);
}

static void chunk_streams_by_convention(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        uint32_t stream_id, csid;
    } rows[] = {
        {RTMP_TYPE_SET_CHUNK_SIZE, 0, 2}, {RTMP_TYPE_USER_CONTROL, 0, 2},       {RTMP_TYPE_SET_PEER_BANDWIDTH, 0, 2},
        {RTMP_TYPE_COMMAND_AMF0, 0, 3},   {RTMP_TYPE_SHARED_OBJECT_AMF0, 0, 3}, {RTMP_TYPE_AUDIO, 1, 4},
        {RTMP_TYPE_COMMAND_AMF0, 1, 5},   {RTMP_TYPE_DATA_AMF0, 1, 5},          {RTMP_TYPE_VIDEO, 1, 6},
        {RTMP_TYPE_AUDIO, 2, 12},         {RTMP_TYPE_COMMAND_AMF3, 2, 13},      {RTMP_TYPE_VIDEO, 3, 22},
        {RTMP_TYPE_VIDEO, 8192, 65534},   {RTMP_TYPE_VIDEO, 8193, 6},           {RTMP_TYPE_VIDEO, 0xFFFFFFFF, 65526},
        {RTMP_TYPE_AUDIO, 0, 4},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(rtmp_csid_for(rows[i].type, rows[i].stream_id), rows[i].csid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocol_control_both_ways),     cmocka_unit_test(other_types_are_not_protocol_control),
        cmocka_unit_test(chunk_sizes_we_may_announce),    cmocka_unit_test(user_control_both_ways),
        cmocka_unit_test(swf_verify_response_is_an_hmac), cmocka_unit_test(bytes_behind_a_body_are_ignored),
        cmocka_unit_test(chunk_streams_by_convention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
