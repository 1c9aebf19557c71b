/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate/rtmp/via.h"

static void whole_names_are_found(void **state)
{
    (void)state;
    assert_true(ph_via_has("aa,bb,cc", "aa"));
    assert_true(ph_via_has("aa,bb,cc", "bb"));
    assert_true(ph_via_has("aa,bb,cc", "cc"));
    assert_true(ph_via_has("aaa,aa", "aa"));
    assert_false(ph_via_has("aaa,baa", "aa"));
    assert_false(ph_via_has("", "aa"));
    assert_false(ph_via_has("aa", ""));
}

static void so_many_servers_are_a_mistake(void **state)
{
    (void)state;
    char via[PH_VIA_MAX] = "", next[PH_VIA_MAX], name[PH_VIA_NODE];
    int n = 0;
    while (n < 100 && ph_via_name(name) == 0 && ph_via_add(via, name, next) == 0) {
        memcpy(via, next, sizeof via);
        assert_true(ph_via_has(via, name));
        n++;
    }
    assert_int_equal(n, (PH_VIA_MAX - 1 + 1) / PH_VIA_NODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_names_are_found),
        cmocka_unit_test(so_many_servers_are_a_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
