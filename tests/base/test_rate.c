/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/rate.h"

static void a_burst_then_the_rate(void **state)
{
    (void)state;
    struct ph_rate rate;
    uint64_t now_us = 5000000;
    ph_rate_init(&rate, 100, 200);
    for (int i = 0; i < 200; i++)
        assert_true(ph_rate_take(&rate, now_us, 1));
    assert_false(ph_rate_take(&rate, now_us, 1));
    assert_int_equal(ph_rate_wait_us(&rate, now_us, 1), 10000);
    assert_int_equal(ph_rate_wait_us(&rate, now_us, 50), 500000);
    assert_false(ph_rate_take(&rate, now_us + 9999, 1));
    assert_true(ph_rate_take(&rate, now_us + 10000, 1));
    assert_false(ph_rate_take(&rate, now_us + 10000, 1));
    assert_false(ph_rate_is_full(&rate, now_us + 2009999));
    assert_true(ph_rate_is_full(&rate, now_us + 2010000));
    assert_true(ph_rate_take(&rate, now_us + 9000000, 200));
    assert_false(ph_rate_take(&rate, now_us + 9000000, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_burst_then_the_rate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
