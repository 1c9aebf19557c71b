/* SPDX-License-Identifier: MIT */
/**
 * @file  How long to wait before something that has failed is tried again.
 *
 * Thread  Any.
 */
#ifndef PH_BASE_RETRY_H
#define PH_BASE_RETRY_H

#include <stdint.h>

/** Microseconds after the failure that `n` others in a row went before: `min_ms`, doubled each time up to `max_ms`, a
 * quarter more or less, so that those that lost the same server come apart. */
uint64_t ph_retry_us(unsigned n, uint32_t min_ms, uint32_t max_ms);

#endif
