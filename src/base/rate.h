/* SPDX-License-Identifier: MIT */
/**
 * @file  Token bucket: so many per second on average, so many at once.
 *
 * Thread  One; the time comes in as an argument, usually ph_loop_now().
 * Since   0.1
 */
#ifndef PH_BASE_RATE_H
#define PH_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct ph_rate {
    uint64_t filled_us;  /**< private: the time at which the bucket is (or was) full */
    uint32_t per_second; /**< at least 1 */
    uint32_t burst;      /**< at least 1 */
};

/** A full bucket. */
void ph_rate_init(struct ph_rate *rate, uint32_t per_second, uint32_t burst);

/** Take `n` tokens, all or none; false when there are not enough. */
bool ph_rate_take(struct ph_rate *rate, uint64_t now_us, uint32_t n);

/** Microseconds until `n` tokens (at most the burst) are there; 0 when they are. */
uint64_t ph_rate_wait_us(const struct ph_rate *rate, uint64_t now_us, uint32_t n);

/** Nothing was taken for so long that the bucket might as well be forgotten. */
static inline bool ph_rate_is_full(const struct ph_rate *rate, uint64_t now_us) { return rate->filled_us <= now_us; }

#endif
