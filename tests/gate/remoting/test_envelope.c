/* SPDX-License-Identifier: MIT */
/* Envelopes of AMF remoting: read, cut anywhere, beyond their limits; and replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/letter.h"
#include "gate/remoting/envelope.h"

static struct rtmp_arena arena;
static struct rtmp_buffer buffer;

static int set_up(void **state)
{
    (void)state;
    rtmp_arena_init(&arena, &ph_app_allocator, 1 << 20);
    rtmp_buffer_init(&buffer, &ph_app_allocator, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rtmp_arena_finish(&arena);
    rtmp_buffer_finish(&buffer);
    return 0;
}

/* Two headers, the second to be understood; say(1, "a") to /1 and ping() to /2. */
static const char whole[] = "\0\3\0\2"
                            "\0\1h\0\0\0\0\4\2\0\1x"
                            "\0\2hh\1\xFF\xFF\xFF\xFF\5"
                            "\0\2"
                            "\0\3say\0\2/1\0\0\0\x12\x0A\0\0\0\2\0\x3F\xF0\0\0\0\0\0\0\2\0\1a"
                            "\0\4ping\0\2/2\0\0\0\1\5";
enum { WHOLE = sizeof whole - 1 };

static int read(const char *data, size_t length, struct ph_amf_envelope *envelope)
{
    uint8_t *copy = malloc(length + 1); /* of exactly this size: the sanitizer sees what lies behind */
    assert_non_null(copy);
    memcpy(copy, data, length);
    copy = realloc(copy, length ? length : 1);
    int rc = ph_amf_envelope_read(copy, length, &arena, envelope);
    free(copy);
    return rc;
}

static void calls_and_headers_are_read(void **state)
{
    (void)state;
    struct ph_amf_envelope envelope;
    assert_int_equal(read(whole, WHOLE, &envelope), 0);
    assert_int_equal(envelope.version, 3);
    assert_string_equal(rtmp_value_text(rtmp_value_get(envelope.headers, "h")).data, "x");
    assert_int_equal(rtmp_value_type(rtmp_value_get(envelope.headers, "hh")), RTMP_NULL);
    assert_int_equal(envelope.n, 2);
    assert_string_equal(envelope.call[0].method.data, "say");
    assert_string_equal(envelope.call[0].response.data, "/1");
    assert_int_equal(rtmp_value_count(envelope.call[0].arguments), 2);
    assert_string_equal(rtmp_value_text(rtmp_value_at(envelope.call[0].arguments, 1)).data, "a");
    assert_string_equal(envelope.call[1].method.data, "ping");
    assert_int_equal(rtmp_value_count(envelope.call[1].arguments), 0);
}

static void one_that_is_cut_is_refused(void **state)
{
    (void)state;
    struct ph_amf_envelope envelope;
    for (size_t length = 0; length < WHOLE; length++) {
        assert_int_not_equal(read(whole, length, &envelope), 0);
        rtmp_arena_reset(&arena);
    }
}

static void there_is_an_end_to_everything(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        int rc;
    } rows[] = {
        {"\0\1\0\0\0\0", 6, RTMP_E_UNSUPPORTED},                  /* no such version */
        {"\0\0\0\x11", 4, RTMP_E_TRUNCATED},                      /* less than the least */
        {"\0\0\0\x11\0\0", 6, RTMP_E_RANGE},                      /* 17 headers */
        {"\0\0\0\0\0\x21", 6, RTMP_E_RANGE},                      /* 33 calls */
        {"\0\0\0\0\0\1\0\x81", 8, RTMP_E_RANGE},                  /* a name of 129 bytes */
        {"\0\0\0\0\0\1\0\0\0\0\0\0\0\0\5", 15, RTMP_E_MALFORMED}, /* no name */
        {"\0\0\0\1\0\x41", 6, RTMP_E_RANGE},                      /* a header's name of 65 bytes */
    };
    struct ph_amf_envelope envelope;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(read(rows[i].bytes, rows[i].length, &envelope), rows[i].rc);
}

static void replies_are_written_in_the_version_asked(void **state)
{
    (void)state;
    struct ph_amf_envelope envelope;
    assert_int_equal(read(whole, WHOLE, &envelope), 0);
    assert_int_equal(ph_amf_reply_begin(&buffer, &envelope), 0);
    assert_int_equal(ph_amf_reply_add(&buffer, &envelope, &envelope.call[0], false, rtmp_value_new_boolean(true)), 0);
    envelope.version = 0;
    assert_int_equal(ph_amf_reply_add(&buffer, &envelope, &envelope.call[1], true, NULL), 0);
    static const char wanted[] = "\0\3\0\0\0\2"
                                 "\0\x0B/1/onResult\0\4null\0\0\0\2\x11\3"
                                 "\0\x0B/2/onStatus\0\4null\0\0\0\1\5";
    assert_int_equal(buffer.length, sizeof wanted - 1);
    assert_memory_equal(buffer.data, wanted, sizeof wanted - 1);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        ROW(calls_and_headers_are_read),
        ROW(one_that_is_cut_is_refused),
        ROW(there_is_an_end_to_everything),
        ROW(replies_are_written_in_the_version_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
