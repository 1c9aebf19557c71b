/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static uint64_t read_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now); /* fails only for clocks that do not exist */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t monotonic_us(void *user)
{
    (void)user;
    return read_us(CLOCK_MONOTONIC) + 1; /* never 0, whatever the machine's start */
}

static int64_t wall_us(void *user)
{
    (void)user;
    return (int64_t)read_us(CLOCK_REALTIME);
}

const struct ph_clock ph_clock_system = {monotonic_us, wall_us, NULL};
