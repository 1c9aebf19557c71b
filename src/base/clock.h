/* SPDX-License-Identifier: MIT */
/**
 * @file  Two clocks behind one pointer, so that tests can hold time in their hand.
 *
 * Thread  Any.
 * Since   0.1
 */
#ifndef PH_BASE_CLOCK_H
#define PH_BASE_CLOCK_H

#include <stdint.h>

struct ph_clock {
    uint64_t (*now_us)(void *user); /**< monotonic, never 0 */
    int64_t (*wall_us)(void *user); /**< since 1970-01-01 UTC */
    void *user;
};

/** The machine's own clocks. */
extern const struct ph_clock ph_clock_system;

/** Monotonic microseconds: for everything that measures or waits. */
static inline uint64_t ph_clock_us(const struct ph_clock *clock) { return clock->now_us(clock->user); }

/** Microseconds since 1970: for log lines and the life of tokens, never for waiting. */
static inline int64_t ph_clock_wall_us(const struct ph_clock *clock) { return clock->wall_us(clock->user); }

#endif
