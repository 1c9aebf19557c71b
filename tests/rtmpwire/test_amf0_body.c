/* SPDX-License-Identifier: MIT */
/* Several values in one message body, whose references count from the body's first object. */
#include <rtmpwire/amf0.h>

#include "harness.h"

static struct heap heap;
static struct rtmp_arena arena;
static struct rtmp_buffer body;
static struct rtmp_amf_reader reader;

static int setup(void **state)
{
    (void)state;
    heap = (struct heap){0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    rtmp_arena_init(&arena, &allocator, 1 << 20);
    rtmp_buffer_init(&body, &allocator, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rtmp_arena_finish(&arena);
    rtmp_buffer_finish(&body);
    return heap.live_bytes == 0 ? 0 : -1;
}

static struct rtmp_value *value_in_itself(void)
{
    struct rtmp_value *value = rtmp_value_new_object(&arena);
    assert_int_equal(rtmp_value_set(&arena, value, "me", value), 0);
    return value;
}

static struct rtmp_value *read_next(void)
{
    struct rtmp_value *value;
    assert_int_equal(rtmp_amf0_read(&reader, &value), 0);
    return value;
}

static void each_value_contains_itself_and_no_other(void **state)
{
    (void)state;
    uint32_t n_complex = 0;
    struct rtmp_value *pair = rtmp_value_new_array(&arena);
    assert_int_equal(rtmp_value_push(&arena, pair, rtmp_value_new_object(&arena)), 0);
    assert_int_equal(rtmp_value_push(&arena, pair, value_in_itself()), 0);
    assert_int_equal(rtmp_amf0_write_next(&body, rtmp_value_new_object(&arena), &n_complex), 0);
    assert_int_equal(rtmp_amf0_write_next(&body, value_in_itself(), &n_complex), 0);
    assert_int_equal(rtmp_amf0_write_next(&body, rtmp_value_new_number(&arena, 1), &n_complex), 0);
    assert_int_equal(rtmp_amf0_write_next(&body, pair, &n_complex), 0);
    assert_int_equal(n_complex, 5);
    assert_hex(body.data, body.length,
               "03000009"
               "0300026d65070001000009"
               "003ff0000000000000"
               "0a00000002030000090300026d65070004000009");

    rtmp_amf_reader_init(&reader, body.data, body.length, &arena, NULL);
    assert_int_equal(rtmp_value_type(read_next()), RTMP_OBJECT);
    const struct rtmp_value *second = read_next();
    assert_ptr_equal(rtmp_value_get(second, "me"), second);
    assert_true(rtmp_value_number(read_next(), 0) == 1);
    const struct rtmp_value *last = rtmp_value_at(read_next(), 1);
    assert_ptr_equal(rtmp_value_get(last, "me"), last);
}

static void a_member_of_an_object_begun_by_hand_counts_it(void **state)
{
    (void)state;
    uint32_t n_complex = 1;
    assert_int_equal(rtmp_amf0_begin_object(&body), 0);
    assert_int_equal(rtmp_amf0_write_key(&body, "more", 4), 0);
    assert_int_equal(rtmp_amf0_write_next(&body, value_in_itself(), &n_complex), 0);
    assert_int_equal(rtmp_amf0_end_object(&body), 0);
    assert_int_equal(n_complex, 2);

    rtmp_amf_reader_init(&reader, body.data, body.length, &arena, NULL);
    const struct rtmp_value *more = rtmp_value_get(read_next(), "more");
    assert_non_null(more);
    assert_ptr_equal(rtmp_value_get(more, "me"), more);
}

static void what_is_behind_0x11_does_not_count(void **state)
{
    (void)state;
    uint32_t n_complex = 0;
    assert_int_equal(rtmp_amf0_write_next(&body, rtmp_value_new_bytes(&arena, "x", 1), &n_complex), 0);
    assert_int_equal(n_complex, 0);
    assert_int_equal(rtmp_amf0_write_next(&body, value_in_itself(), &n_complex), 0);
    rtmp_amf_reader_init(&reader, body.data, body.length, &arena, NULL);
    assert_int_equal(rtmp_value_type(read_next()), RTMP_BYTES);
    const struct rtmp_value *value = read_next();
    assert_ptr_equal(rtmp_value_get(value, "me"), value);
}

static void an_index_has_16_bits(void **state)
{
    (void)state;
    uint32_t n_complex = 65535;
    assert_int_equal(rtmp_amf0_write_next(&body, value_in_itself(), &n_complex), 0);
    assert_hex(body.data, body.length, "0300026d6507ffff000009");
    assert_int_equal(n_complex, 65536);
    assert_int_equal(rtmp_amf0_write_next(&body, value_in_itself(), &n_complex), RTMP_E_RANGE);
    assert_int_equal(n_complex, 65536);
    assert_int_equal(body.length, 11);
    assert_int_equal(rtmp_amf0_write_next(&body, rtmp_value_new_object(&arena), &n_complex), 0);
    assert_int_equal(n_complex, 65537);
}

static void a_failure_counts_nothing(void **state)
{
    (void)state;
    for (size_t max = 0; max < 11; max++) {
        uint32_t n_complex = 7;
        struct rtmp_allocator allocator = heap_allocator(&heap);
        struct rtmp_buffer small;
        rtmp_buffer_init(&small, &allocator, max);
        assert_int_equal(rtmp_amf0_write_next(&small, value_in_itself(), &n_complex), RTMP_E_SPACE);
        assert_int_equal(n_complex, 7);
        assert_int_equal(small.length, 0);
        rtmp_buffer_finish(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_value_contains_itself_and_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_member_of_an_object_begun_by_hand_counts_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_behind_0x11_does_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(an_index_has_16_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_counts_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
