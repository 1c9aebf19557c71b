/* SPDX-License-Identifier: MIT */
/* Orders with a key are done once, and remembered for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/ledger.h"
#include "base/limits.h"

static struct ph_ledger ledger;

static int set_up(void **state)
{
    static const struct ph_hash_seed seed = {{1, 2}};
    (void)state;
    ph_ledger_init(&ledger, &seed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_ledger_finish(&ledger);
    return 0;
}

static enum ph_ledger_verdict begin(const char *key, uint64_t fingerprint, uint64_t now_us)
{
    struct ph_ledger_entry *entry;
    return ph_ledger_begin(&ledger, key, fingerprint, now_us, &entry);
}

static void an_order_is_done_once(void **state)
{
    (void)state;
    struct ph_ledger_entry *entry;
    assert_int_equal(begin("a", 7, 1), PH_LEDGER_NEW);
    assert_int_equal(begin("a", 7, 2), PH_LEDGER_BUSY);
    assert_int_equal(begin("a", 8, 2), PH_LEDGER_OTHER);
    ph_ledger_end(&ledger, "a", -3, "{}", 2);
    assert_int_equal(ph_ledger_begin(&ledger, "a", 7, 3, &entry), PH_LEDGER_DONE);
    assert_int_equal(entry->error, -3);
    assert_string_equal(entry->answer, "{}");
    assert_int_equal(begin("a", 8, 3), PH_LEDGER_OTHER);
    assert_int_equal(begin("A", 7, 3), PH_LEDGER_NEW);
}

static void ten_minutes_later_it_is_forgotten(void **state)
{
    (void)state;
    uint64_t minute_us = 60 * UINT64_C(1000000);
    assert_int_equal(begin("a", 7, 0), PH_LEDGER_NEW);
    assert_int_equal(begin("b", 7, 0), PH_LEDGER_NEW);
    ph_ledger_end(&ledger, "a", 0, "", 0);
    assert_int_equal(begin("a", 7, 10 * minute_us), PH_LEDGER_DONE);
    assert_int_equal(begin("a", 7, 10 * minute_us + 1), PH_LEDGER_NEW);
    assert_int_equal(begin("b", 7, 20 * minute_us), PH_LEDGER_BUSY); /* what is being done stays */
}

static void as_many_as_there_is_room_for(void **state)
{
    (void)state;
    char key[32];
    for (unsigned i = 0; i < PH_LIMIT_LEDGER; i++) {
        snprintf(key, sizeof key, "%u", i);
        assert_int_equal(begin(key, 1, i), PH_LEDGER_NEW);
    }
    assert_int_equal(begin("more", 1, 5000), PH_LEDGER_FULL);
    ph_ledger_end(&ledger, "3", 0, "", 0);
    assert_int_equal(begin("more", 1, 5000), PH_LEDGER_NEW);
    assert_int_equal(begin("4", 1, 5000), PH_LEDGER_BUSY);
    char *large = calloc(1, PH_LIMIT_LEDGER_BYTES);
    assert_non_null(large);
    ph_ledger_end(&ledger, "5", 0, large, PH_LIMIT_LEDGER_BYTES);
    ph_ledger_end(&ledger, "6", 0, large, 10);
    assert_int_equal(begin("6", 1, 5001), PH_LEDGER_DONE); /* 5 has made room */
    assert_int_equal(begin("5", 1, 5001), PH_LEDGER_NEW);
    free(large);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        ROW(an_order_is_done_once),
        ROW(ten_minutes_later_it_is_forgotten),
        ROW(as_many_as_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
