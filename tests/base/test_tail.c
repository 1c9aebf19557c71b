/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/tail.h"

static struct ph_tail *tail;
static uint64_t first, last, n_taken;
static char text[PH_LIMIT_LOG_LINE + 1];

static void take(void *user, uint64_t number, const char *line, size_t length)
{
    (void)user;
    first = n_taken++ ? first : number;
    if (n_taken > 1)
        assert_int_equal(number, last + 1);
    last = number;
    memcpy(text, line, length);
    text[length] = '\0';
}

static uint64_t look(uint64_t after)
{
    first = last = n_taken = 0;
    text[0] = '\0';
    return ph_tail_read(tail, after, take, NULL);
}

static void add(const char *line) { ph_tail_add(tail, line, strlen(line)); }

static void lines_are_kept(void **state)
{
    (void)state;
    assert_int_equal(look(0), 0);
    add("one\n");
    add("two");
    assert_int_equal(look(0), 2);
    assert_int_equal(n_taken, 2);
    assert_string_equal(text, "two");
    assert_int_equal(look(1), 2);
    assert_int_equal(first, 2);
    assert_int_equal(look(2), 2);
    assert_int_equal(n_taken, 0);
    assert_int_equal(look(100), 2); /* of another run of the server */
    assert_int_equal(n_taken, 0);
}

static void the_oldest_are_forgotten(void **state)
{
    (void)state;
    char line[32];
    for (int i = 1; i <= 3 * PH_LIMIT_LOG_TAIL; i++) {
        snprintf(line, sizeof line, "line %d\n", i);
        add(line);
    }
    assert_int_equal(look(5), 3 * PH_LIMIT_LOG_TAIL);
    assert_int_equal(n_taken, PH_LIMIT_LOG_TAIL);
    assert_int_equal(first, 2 * PH_LIMIT_LOG_TAIL + 1);
    snprintf(line, sizeof line, "line %d", 3 * PH_LIMIT_LOG_TAIL);
    assert_string_equal(text, line);
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    static char line[2 * PH_LIMIT_LOG_LINE];
    memset(line, 'x', sizeof line);
    ph_tail_add(tail, line, sizeof line);
    (void)look(0);
    assert_int_equal(strlen(text), PH_LIMIT_LOG_LINE);
    ph_tail_add(tail, "", 0);
    assert_int_equal(look(1), 2);
    assert_string_equal(text, "");
}

static int begin(void **state)
{
    (void)state;
    tail = malloc(sizeof *tail);
    assert_non_null(tail);
    ph_tail_init(tail);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ph_tail_finish(tail);
    free(tail);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(the_oldest_are_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(long_lines_are_cut, begin, end),
    };
    return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
