/* SPDX-License-Identifier: MIT */
/* Command bodies, read and written: those of docs/wire.md 12, and what must not be taken for one. */
#include <rtmpwire/amf0.h>
#include <rtmpwire/command.h>
#include <rtmpwire/message.h>
#include <rtmpwire/session.h>

#include "harness.h"

static struct heap heap;
static struct rtmp_arena arena;
static struct rtmp_buffer buffer;

static int setup(void **state)
{
    (void)state;
    heap = (struct heap){0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    rtmp_arena_init(&arena, &allocator, 4 << 20);
    rtmp_buffer_init(&buffer, &allocator, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rtmp_arena_finish(&arena);
    rtmp_buffer_finish(&buffer);
    assert_int_equal(heap.live_bytes, 0);
    return 0;
}

static int read_hex(const char *hex, uint8_t type, struct rtmp_command *command)
{
    size_t length;
    uint8_t *body = unhex(hex, &length);
    int rc = rtmp_command_read(body, length, type, NULL, &arena, command);
    free(body); /* a command does not need its body any more */
    return rc;
}

struct vector {
    const char *meaning, *hex;
    uint8_t type;
    const char *name;
    double transaction_id;
    size_t n_arguments;
};

static const struct vector vectors[] = {
    {"connect",
     "020007636f6e6e656374003ff00000000000000300036170700200046c6976650005746355726c02000d72746d703a2f2f682f6c697665000"
     "009",
     20, "connect", 1, 0},
    {"createStream", "02000c63726561746553747265616d00401000000000000005", 20, "createStream", 4, 0},
    {"_result with a stream id", "0200075f726573756c7400401000000000000005003ff0000000000000", 20, "_result", 4, 1},
    {"publish", "0200077075626c697368004014000000000000050200036b65790200046c697665", 20, "publish", 5, 2},
    {"onStatus",
     "0200086f6e537461747573000000000000000000050300056c6576656c0200067374617475730004636f64650200144e657453747265616d2"
     "e506c"
     "61792e5374617274000009",
     20, "onStatus", 0, 1},
    {"type 17 behind its format byte", "0002000166004000000000000000051106056869", 17, "f", 2, 1},
    {"type 17 without it", "02000166004000000000000000051106056869", 17, "f", 2, 1},
    {"a name alone", "02000166", 20, "f", 0, 0},
    {"no name", "003ff0000000000000", 20, NULL, 0, 0},
    {"nothing", "", 20, NULL, 0, 0},
    {"type 17 in another format", "0302000166", 17, NULL, 0, 0},
    {"values cut short", "0200016600400000000000000003000161", 20, NULL, 0, 0},
};

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct rtmp_command command = {0};
        int rc = read_hex(v->hex, v->type, &command);
        if (!v->name) {
            if (rc == 0)
                fail_msg("%s was read", v->meaning);
            assert_null(command.object);
            continue;
        }
        if (rc)
            fail_msg("%s: %s", v->meaning, rtmp_error_name(rc));
        assert_string_equal(command.name.data, v->name);
        assert_true(command.transaction_id == v->transaction_id);
        assert_int_equal(rtmp_value_count(command.arguments), v->n_arguments);
        vector_was_read(v->hex);
        rtmp_arena_reset(&arena);
    }
}

static void test_read_values(void **state)
{
    (void)state;
    struct rtmp_command command;
    assert_int_equal(read_hex(vectors[0].hex, 20, &command), 0);
    assert_string_equal(rtmp_value_text(rtmp_value_get(command.object, "app")).data, "live");
    assert_string_equal(rtmp_value_text(rtmp_value_get(command.object, "tcUrl")).data, "rtmp://h/live");
    assert_int_equal(read_hex(vectors[3].hex, 20, &command), 0);
    assert_int_equal(rtmp_value_type(command.object), RTMP_NULL);
    assert_string_equal(rtmp_value_text(rtmp_value_at(command.arguments, 0)).data, "key");
    assert_int_equal(read_hex(vectors[5].hex, 17, &command), 0);
    assert_string_equal(rtmp_value_text(rtmp_value_at(command.arguments, 0)).data, "hi");
}

/* The head is there even if what follows cannot be read: a name, an id, then an object cut short. */
static void test_read_head(void **state)
{
    (void)state;
    struct rtmp_text name;
    double transaction_id;
    size_t length, used;
    uint8_t *body = unhex("0200016600400000000000000003000161", &length);
    assert_int_equal(rtmp_command_read_head(body, length, 20, &arena, &name, &transaction_id, &used), 0);
    free(body);
    assert_string_equal(name.data, "f");
    assert_true(transaction_id == 2);
    assert_int_equal(used, 13);
}

static void test_depth_is_limited(void **state)
{
    (void)state;
    struct rtmp_session_limits limits = {.amf_depth = 3};
    assert_int_equal(rtmp_command_write(&buffer, "f", 1), 0);
    for (size_t depth = 1; depth <= 4; depth++) {
        struct rtmp_command command;
        size_t start = buffer.length;
        for (size_t i = 0; i < depth; i++)
            assert_int_equal(rtmp_buffer_append(&buffer, "\x0a\x00\x00\x00\x01", 5), 0);
        assert_int_equal(rtmp_amf0_write_null(&buffer), 0);
        int rc = rtmp_command_read(buffer.data, buffer.length, 20, &limits, &arena, &command);
        assert_int_equal(rc, depth < 3 ? 0 : RTMP_E_DEPTH);
        buffer.length = start;
    }
}

static void test_write(void **state)
{
    (void)state;
    assert_int_equal(rtmp_command_write(&buffer, "createStream", 4), 0);
    assert_hex(buffer.data, buffer.length, vectors[1].hex);
    vector_was_written(vectors[1].hex);
    rtmp_buffer_clear(&buffer);

    static const size_t read_before[] = {0, 3};
    for (size_t i = 0; i < COUNT(read_before); i++) {
        const struct vector *v = &vectors[read_before[i]];
        struct rtmp_command command;
        assert_int_equal(read_hex(v->hex, v->type, &command), 0);
        assert_int_equal(
            rtmp_command_write_call(&buffer, v->name, v->transaction_id, command.object, command.arguments), 0);
        assert_hex(buffer.data, buffer.length, v->hex);
        vector_was_written(v->hex);
        rtmp_buffer_clear(&buffer);
    }

    struct rtmp_value one = {.type = RTMP_NUMBER, .number = 1};
    struct rtmp_value *arguments = rtmp_value_new_array(&arena);
    assert_int_equal(rtmp_value_push(&arena, arguments, &one), 0);
    assert_int_equal(rtmp_command_write_call(&buffer, "_result", 4, NULL, arguments), 0);
    assert_hex(buffer.data, buffer.length, vectors[2].hex);
    vector_was_written(vectors[2].hex);
    rtmp_buffer_clear(&buffer);

    struct rtmp_status status = {.level = "status", .code = "NetStream.Play.Start"};
    assert_int_equal(rtmp_command_write_status(&buffer, "onStatus", 0, &status), 0);
    assert_hex(buffer.data, buffer.length, vectors[4].hex);
    vector_was_written(vectors[4].hex);
}

/* References count from the first object of the body, so a value stays in itself whatever stands before it. */
static void test_values_that_contain_themselves(void **state)
{
    (void)state;
    struct rtmp_value *self = rtmp_value_new_object(&arena), *arguments = rtmp_value_new_array(&arena);
    assert_int_equal(rtmp_value_set(&arena, self, "me", self), 0);
    assert_int_equal(rtmp_value_push(&arena, arguments, self), 0);
    assert_int_equal(rtmp_value_push(&arena, arguments, self), 0);
    assert_int_equal(rtmp_command_write_call(&buffer, "f", 1, self, arguments), 0);
    assert_hex(buffer.data, buffer.length,
               "02000166003ff0000000000000"
               "0300026d65070000000009"
               "0300026d65070001000009"
               "0300026d65070002000009");
    struct rtmp_command command;
    assert_int_equal(rtmp_command_read(buffer.data, buffer.length, 20, NULL, &arena, &command), 0);
    const struct rtmp_value *last = rtmp_value_at(command.arguments, 1);
    assert_ptr_equal(rtmp_value_get(command.object, "me"), command.object);
    assert_ptr_equal(rtmp_value_get(last, "me"), last);

    rtmp_buffer_clear(&buffer);
    struct rtmp_value *more = rtmp_value_new_object(&arena);
    assert_int_equal(rtmp_value_set(&arena, more, "self", self), 0);
    struct rtmp_status status = {.level = "status", .code = "c", .more = more};
    assert_int_equal(rtmp_command_write_status(&buffer, "onStatus", 0, &status), 0);
    assert_int_equal(rtmp_command_read(buffer.data, buffer.length, 20, NULL, &arena, &command), 0);
    last = rtmp_value_get(rtmp_value_at(command.arguments, 0), "self");
    assert_ptr_equal(rtmp_value_get(last, "me"), last);
}

static void test_status_members_in_order(void **state)
{
    (void)state;
    struct rtmp_value *more = rtmp_value_new_object(&arena);
    assert_int_equal(rtmp_value_set(&arena, more, "clientid", rtmp_value_new_number(&arena, 7)), 0);
    struct rtmp_status status = {"error", "a.b", "words", "name", more};
    assert_int_equal(rtmp_command_write_status(&buffer, "onStatus", 0, &status), 0);
    struct rtmp_command command;
    assert_int_equal(rtmp_command_read(buffer.data, buffer.length, 20, NULL, &arena, &command), 0);
    static const char *const order[] = {"level", "code", "description", "details", "clientid"};
    const struct rtmp_member *m = rtmp_value_members(rtmp_value_at(command.arguments, 0));
    for (size_t i = 0; i < COUNT(order); i++, m = m->next) {
        assert_non_null(m);
        assert_string_equal(m->name.data, order[i]);
    }
    assert_null(m);
}

static void test_write_takes_back_what_failed(void **state)
{
    (void)state;
    struct rtmp_status status = {"error", "a.b", "words", "name", NULL};
    for (size_t max = 0; max < 80; max++) {
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_buffer small;
        rtmp_buffer_init(&small, &allocator, max);
        int rc = rtmp_command_write_status(&small, "onStatus", 0, &status);
        assert_int_equal(rc, RTMP_E_SPACE);
        assert_int_equal(small.length, 0);
        rtmp_buffer_finish(&small);
    }
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    size_t length;
    uint8_t *body = unhex(vectors[0].hex, &length);
    int rc = RTMP_E_MEMORY;
    for (long at = 1; rc; at++) {
        struct rtmp_command command;
        rtmp_arena_finish(&arena);
        heap.n_calls = 0;
        heap.fail_at = at;
        rc = rtmp_command_read(body, length, 20, NULL, &arena, &command);
        assert_true(rc == 0 || rc == RTMP_E_MEMORY);
    }
    heap.fail_at = 0;
    free(body);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_head, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_that_contain_themselves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status_members_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_takes_back_what_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
