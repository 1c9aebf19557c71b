/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"

static void bytes_leave_in_order(void **state)
{
    (void)state;
    struct ph_buf buf;
    ph_buf_init(&buf, 1000);
    uint8_t next_in = 0, next_out = 0;
    for (int round = 0; round < 500; round++) {
        uint8_t piece[37];
        size_t n = (size_t)round % sizeof piece;
        for (size_t i = 0; i < n; i++)
            piece[i] = next_in++;
        assert_int_equal(ph_buf_append(&buf, piece, n), 0);
        size_t leave = ph_buf_length(&buf) * 2 / 3;
        for (size_t i = 0; i < leave; i++)
            assert_int_equal(ph_buf_data(&buf)[i], next_out++);
        ph_buf_consume(&buf, leave);
    }
    ph_buf_finish(&buf);
}

static void the_maximum_holds(void **state)
{
    (void)state;
    struct ph_buf buf;
    uint8_t piece[600] = {0};
    ph_buf_init(&buf, 1000);
    assert_int_equal(ph_buf_append(&buf, piece, 600), 0);
    assert_int_equal(ph_buf_append(&buf, piece, 401), -ENOSPC);
    assert_int_equal(ph_buf_length(&buf), 600);
    assert_int_equal(ph_buf_append(&buf, piece, 400), 0);
    assert_int_equal(ph_buf_room(&buf), 0);
    assert_int_equal(buf.cap, 1000);
    ph_buf_finish(&buf);
}

static void an_empty_queue_keeps_no_memory(void **state)
{
    (void)state;
    struct ph_buf buf;
    uint8_t *place;
    ph_buf_init(&buf, 1000);
    assert_int_equal(ph_buf_append(&buf, "abc", 3), 0);
    ph_buf_consume(&buf, 3);
    assert_null(buf.bytes);
    assert_null(ph_buf_data(&buf));
    assert_int_equal(ph_buf_reserve(&buf, 100, &place), 0);
    ph_buf_commit(&buf, 0);
    assert_null(buf.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_order),
        cmocka_unit_test(the_maximum_holds),
        cmocka_unit_test(an_empty_queue_keeps_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
