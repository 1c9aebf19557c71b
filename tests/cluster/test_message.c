/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/instance.h"
#include "cluster/message.h"

static struct rtmp_arena said, heard;
static struct rtmp_buffer buffer;

static int set_up(void **state)
{
    (void)state;
    rtmp_arena_init(&said, &ph_app_allocator, 1 << 20);
    rtmp_arena_init(&heard, &ph_app_allocator, 1 << 20);
    rtmp_buffer_init(&buffer, &ph_app_allocator, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rtmp_arena_finish(&said);
    rtmp_arena_finish(&heard);
    rtmp_buffer_finish(&buffer);
    return 0;
}

static struct rtmp_value *text(const char *words) { return rtmp_value_new_string(&said, words, strlen(words)); }

/* Over there. What was said is forgotten first: nothing may point to it. */
static void carry(const struct message *message, enum message_kind kind, struct message_reader *reader)
{
    enum message_kind got;
    assert_int_equal(message_pack(message, &buffer), 0);
    rtmp_arena_reset(&said);
    assert_true(message_unpack(buffer.data, buffer.length, &heard, reader, &got));
    assert_int_equal(got, kind);
}

static void plain_things(void **state)
{
    struct message message;
    struct message_reader reader;
    (void)state;
    message_begin(&message, &said, MESSAGE_JOIN);
    message_text(&message, "game");
    message_text(&message, NULL);
    message_text(&message, "");
    message_number(&message, UINT32_MAX);
    message_number(&message, 7);
    message_u64(&message, UINT64_MAX);
    message_value(&message, NULL);
    message_value(&message, rtmp_value_new_null());
    message_value(&message, text("value"));
    carry(&message, MESSAGE_JOIN, &reader);
    assert_string_equal(message_read_text(&reader), "game");
    assert_null(message_read_text(&reader));
    assert_string_equal(message_read_text(&reader), "");
    assert_true(message_read_number(&reader, UINT32_MAX) == UINT32_MAX);
    assert_int_equal(message_read_number(&reader, 5), 5); /* it is more than may be */
    assert_true(message_read_u64(&reader) == UINT64_MAX);
    assert_null(message_read_value(&reader));
    assert_int_equal(rtmp_value_type(message_read_value(&reader)), RTMP_NULL);
    assert_string_equal(rtmp_value_text(message_read_value(&reader)).data, "value");
    assert_null(message_read_value(&reader)); /* the end */
    assert_null(message_read_text(&reader));
    assert_int_equal(message_read_number(&reader, 9), 9);
}

static void refusals(void **state)
{
    const struct ph_refusal refusal = {
        .error = PH_E_GONE, .code = "Code", .description = "why", .redirect = "rtmp://x"};
    struct message message;
    struct message_reader reader;
    struct ph_refusal read;
    (void)state;
    message_begin(&message, &said, MESSAGE_RESULT);
    message_refusal(&message, NULL);
    message_refusal(&message, &refusal);
    carry(&message, MESSAGE_RESULT, &reader);
    assert_false(message_read_refusal(&reader, &read));
    assert_true(message_read_refusal(&reader, &read));
    assert_int_equal(read.error, PH_E_GONE);
    assert_string_equal(read.code, "Code");
    assert_string_equal(read.description, "why");
    assert_string_equal(read.redirect, "rtmp://x");
    assert_null(read.application);
}

static void welcomes(void **state)
{
    const struct ph_welcome welcome = {.member = UINT64_C(0x123456789ABCDEF),
                                       .room = "blue",
                                       .user = "ann",
                                       .token = "t",
                                       .sequence = 5,
                                       .is_resumed = true};
    struct message message;
    struct message_reader reader;
    struct ph_welcome read;
    (void)state;
    message_begin(&message, &said, MESSAGE_WELCOME);
    message_welcome(&message, &welcome);
    carry(&message, MESSAGE_WELCOME, &reader);
    message_read_welcome(&reader, &read);
    assert_true(read.member == welcome.member);
    assert_string_equal(read.room, "blue");
    assert_string_equal(read.user, "ann");
    assert_string_equal(read.token, "t");
    assert_true(read.sequence == 5 && read.is_resumed && !read.is_complete && !read.data);
}

static void reports_and_changes(void **state)
{
    const struct ph_shared_event events[] = {{.news = PH_NEWS_CLEARED},
                                             {.news = PH_NEWS_CHANGED, .name = "x", .value = text("1"), .version = 3}};
    const struct ph_shared_report report = {
        .object = "board", .persistent = true, .version = 9, .n = 2, .events = events};
    struct message message;
    struct message_reader reader;
    size_t n;
    (void)state;
    message_begin(&message, &said, MESSAGE_NEWS);
    message_report(&message, &report);
    carry(&message, MESSAGE_NEWS, &reader);
    struct ph_shared_report *read = message_read_report(&reader, &heard);
    assert_string_equal(read->object, "board");
    assert_true(read->persistent && read->version == 9 && read->n == 2);
    assert_int_equal(read->events[0].news, PH_NEWS_CLEARED);
    assert_string_equal(read->events[1].name, "x");
    assert_string_equal(rtmp_value_text(read->events[1].value).data, "1");
    assert_int_equal(read->events[1].version, 3);

    rtmp_buffer_clear(&buffer);
    message_begin(&message, &said, MESSAGE_CHANGE);
    message_number(&message, 99); /* no kind of a change */
    message_text(&message, NULL);
    message_value(&message, NULL);
    message_number(&message, 0);
    message_number(&message, PH_SHARED_SET);
    message_text(&message, NULL); /* a name is missing */
    message_value(&message, NULL);
    message_number(&message, 0);
    carry(&message, MESSAGE_CHANGE, &reader);
    struct ph_shared_change *changes = message_read_changes(&reader, &heard, &n);
    assert_int_equal(n, 2);
    assert_int_equal(changes[0].kind, PH_SHARED_USE);
    assert_string_equal(changes[1].name, "");
}

static void what_is_no_message(void **state)
{
    struct message message;
    struct message_reader reader;
    enum message_kind kind;
    (void)state;
    message_begin(&message, &said, MESSAGE_KINDS);
    assert_int_equal(message_pack(&message, &buffer), 0);
    assert_false(message_unpack(buffer.data, buffer.length, &heard, &reader, &kind));
    rtmp_buffer_clear(&buffer);
    message_begin(&message, &said, MESSAGE_CALL);
    assert_int_equal(message_pack(&message, &buffer), 0);
    for (size_t i = 0; i < buffer.length; i++)
        assert_false(message_unpack(buffer.data, i, &heard, &reader, &kind));
    assert_true(message_unpack(buffer.data, buffer.length, &heard, &reader, &kind));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {WITH(plain_things), WITH(refusals), WITH(welcomes), WITH(reports_and_changes),
                                       WITH(what_is_no_message)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
