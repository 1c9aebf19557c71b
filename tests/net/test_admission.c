/* SPDX-License-Identifier: MIT */
#include "../base/test.h"

#include <stdio.h>

#include "base/limits.h"
#include "net/admission.h"

static const struct ph_hash_seed seed = {{1}};
static struct ph_admission admission;
static struct ph_guest guests[1200];
static struct ph_guest *evicted;
static bool first;

static void begin(struct ph_admission_limits limits) { ph_admission_init(&admission, &limits, &seed); }

static enum ph_admission_verdict enter(const char *peer, size_t guest)
{
    struct ph_address address;
    assert_int_equal(ph_address_parse(peer, &address), 0);
    return ph_admission_enter(&admission, &address, test_now_us, &guests[guest], &evicted, &first);
}

static void leave(size_t from, size_t to)
{
    for (; from < to; from++)
        ph_admission_leave(&admission, &guests[from], test_now_us);
}

static void finish(void)
{
    assert_int_equal(admission.n, 0);
    assert_int_equal(admission.n_new, 0);
    ph_admission_finish(&admission);
}

static void the_total_holds_for_loopback_too(void **state)
{
    (void)state;
    begin((struct ph_admission_limits){3, 100, 100, 100, 100, 100});
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(enter("127.0.0.1:1", i), PH_ADMITTED);
    assert_int_equal(enter("127.0.0.1:1", 3), PH_REFUSED_TOTAL);
    assert_true(first);
    assert_int_equal(enter("10.0.0.1:1", 3), PH_REFUSED_TOTAL);
    assert_false(first);
    leave(0, 1);
    assert_int_equal(enter("10.0.0.1:1", 0), PH_ADMITTED);
    leave(0, 3);
    finish();
}

static void nobody_comes_in_when_memory_is_tight(void **state)
{
    (void)state;
    begin((struct ph_admission_limits){3, 100, 100, 100, 100, 100});
    assert_int_equal(enter("10.0.0.1:1", 0), PH_ADMITTED);
    atomic_store(&admission.is_tight, true);
    assert_int_equal(enter("10.0.0.1:1", 1), PH_REFUSED_PRESSURE);
    assert_true(first);
    assert_int_equal(enter("127.0.0.1:1", 1), PH_REFUSED_PRESSURE);
    assert_false(first);
    atomic_store(&admission.is_tight, false);
    assert_int_equal(enter("127.0.0.1:1", 1), PH_ADMITTED);
    leave(0, 2);
    finish();
}

static void a_source_has_its_rows(void **state)
{
    (void)state;
    struct ph_admission_limits limits = ph_admission_defaults(20000);
    assert_int_equal(limits.total, 20000 - 256);
    begin(limits);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(enter("10.0.0.1:1", i), PH_ADMITTED);
    assert_int_equal(enter("10.0.0.1:2", 32), PH_REFUSED_SOURCE_NEW);
    assert_true(first);
    assert_int_equal(enter("10.0.0.1:2", 32), PH_REFUSED_SOURCE_NEW);
    assert_false(first);
    assert_int_equal(enter("10.0.0.2:1", 32), PH_ADMITTED);
    leave(32, 33);

    size_t n = 32;
    for (; n < 512; n++) { /* authorised as they come, at a decent rate */
        ph_admission_authorise(&admission, &guests[n - 32]);
        test_now_us += 10000;
        assert_int_equal(enter("10.0.0.1:1", n), PH_ADMITTED);
    }
    ph_admission_authorise(&admission, &guests[500]);
    assert_int_equal(enter("10.0.0.1:1", n), PH_REFUSED_SOURCE);
    leave(0, 512);
    finish();
}

static void a_source_has_its_rate(void **state)
{
    (void)state;
    begin(ph_admission_defaults(20000));
    for (int i = 0; i < 200; i++) {
        assert_int_equal(enter("10.0.0.3:1", 0), PH_ADMITTED);
        leave(0, 1);
    }
    assert_int_equal(enter("10.0.0.3:1", 0), PH_REFUSED_RATE); /* remembered without any connection */
    test_now_us += 10000;
    assert_int_equal(enter("10.0.0.3:1", 0), PH_ADMITTED);
    assert_int_equal(enter("10.0.0.3:1", 1), PH_REFUSED_RATE);
    leave(0, 1);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(enter("127.0.0.1:1", 0), PH_ADMITTED);
        leave(0, 1);
    }
    finish();
}

static void the_oldest_stranger_makes_room(void **state)
{
    (void)state;
    struct ph_admission_limits limits = ph_admission_defaults(20000);
    limits.total = 16;
    begin(limits);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(enter("127.0.0.1:1", i), PH_ADMITTED);
        assert_null(evicted);
    }
    ph_admission_authorise(&admission, &guests[0]);
    assert_int_equal(enter("127.0.0.1:1", 4), PH_ADMITTED);
    assert_null(evicted);
    assert_int_equal(enter("127.0.0.1:1", 5), PH_ADMITTED);
    assert_ptr_equal(evicted, &guests[1]);
    assert_int_equal(admission.n_new, 4);
    assert_int_equal(admission.n, 6); /* until it has left */
    leave(0, 6);
    finish();
}

static void idle_sources_are_bounded(void **state)
{
    (void)state;
    begin(ph_admission_defaults(20000));
    for (unsigned i = 0; i < 3 * PH_LIMIT_CONNS_IDLE_SOURCES; i++) {
        char peer[32];
        snprintf(peer, sizeof peer, "11.%u.%u.1:1", i >> 8, i & 255);
        assert_int_equal(enter(peer, 0), PH_ADMITTED);
        leave(0, 1);
        assert_true(admission.sources.n <= PH_LIMIT_CONNS_IDLE_SOURCES);
    }
    test_now_us += 10000; /* one token later each bucket is full again */
    assert_int_equal(enter("12.0.0.1:1", 0), PH_ADMITTED);
    leave(0, 1);
    assert_int_equal(admission.sources.n, 1);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_total_holds_for_loopback_too),     cmocka_unit_test(a_source_has_its_rows),
        cmocka_unit_test(nobody_comes_in_when_memory_is_tight), cmocka_unit_test(a_source_has_its_rate),
        cmocka_unit_test(the_oldest_stranger_makes_room),       cmocka_unit_test(idle_sources_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
