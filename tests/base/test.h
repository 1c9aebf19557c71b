/* SPDX-License-Identifier: MIT */
/* cmocka with what it needs before it, and a clock held in the hand. */
#ifndef TESTS_BASE_TEST_H
#define TESTS_BASE_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static uint64_t test_now_us = 1000000;
static int64_t test_wall_us = INT64_C(1785585600123000); /* 2026-08-01T12:00:00.123Z */

static inline uint64_t read_test_now(void *user)
{
    (void)user;
    return test_now_us;
}

static inline int64_t read_test_wall(void *user)
{
    (void)user;
    return test_wall_us;
}

static inline struct ph_clock make_test_clock(void) { return (struct ph_clock){read_test_now, read_test_wall, NULL}; }

#endif
