/* SPDX-License-Identifier: MIT */
/**
 * @file  Clock: from the 32-bit milliseconds of the wire to a 64-bit clock that never wraps.
 *
 * Source  RTMP 1.0, 5.3.1 (arithmetic modulo 2^32), RFC 1982 (order of serial numbers).
 * Thread  Stateless: any thread.
 * Since   0.1
 */
#ifndef RTMPWIRE_CLOCK_H
#define RTMPWIRE_CLOCK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The 64-bit time nearest to `near_ms` whose low 32 bits are `time_ms`: at most 2^31 ms (24.8 days) back or just less
 * ahead. Give the result as `near_ms` of the next call; start with the first `time_ms` itself.
 */
static inline int64_t rtmp_clock_unwrap(int64_t near_ms, uint32_t time_ms)
{
    uint32_t ahead = time_ms - (uint32_t)near_ms;
    return ahead < 0x80000000U ? near_ms + (int64_t)ahead : near_ms - (int64_t)(0U - ahead);
}

#ifdef __cplusplus
}
#endif
#endif
