/* SPDX-License-Identifier: MIT */
#include "base/retry.h"

#include "base/random.h"

enum { DOUBLINGS_MAX = 10 };

uint64_t ph_retry_us(unsigned n, uint32_t min_ms, uint32_t max_ms)
{
    uint64_t ms = (uint64_t)min_ms << (n < DOUBLINGS_MAX ? n : DOUBLINGS_MAX);
    uint16_t noise = 0;
    (void)!ph_random_fill(&noise, sizeof noise); /* 0 will do */
    ms = ms < max_ms ? ms : max_ms;
    return ms * 750 + ms * noise * 500 / UINT16_MAX;
}
