/* SPDX-License-Identifier: MIT */
/*
 * Instead of a number of tokens and the time it was right, one time is kept: when the bucket will be full again. Each
 * token moves it on by 1 / rate; an empty bucket is one that is full burst / rate from now.
 */
#include "base/rate.h"

void ph_rate_init(struct ph_rate *rate, uint32_t per_second, uint32_t burst)
{
    *rate = (struct ph_rate){.per_second = per_second, .burst = burst};
}

static uint64_t span_us(const struct ph_rate *rate, uint32_t n) { return (uint64_t)n * 1000000 / rate->per_second; }

uint64_t ph_rate_wait_us(const struct ph_rate *rate, uint64_t now_us, uint32_t n)
{
    uint64_t from = rate->filled_us > now_us ? rate->filled_us : now_us;
    uint64_t full_after = from + span_us(rate, n);
    uint64_t latest = now_us + span_us(rate, rate->burst);
    return full_after > latest ? full_after - latest : 0;
}

bool ph_rate_take(struct ph_rate *rate, uint64_t now_us, uint32_t n)
{
    if (ph_rate_wait_us(rate, now_us, n) > 0)
        return false;
    rate->filled_us = (rate->filled_us > now_us ? rate->filled_us : now_us) + span_us(rate, n);
    return true;
}
