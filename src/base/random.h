/* SPDX-License-Identifier: MIT */
/**
 * @file  Randomness of the kernel.
 *
 * Thread  Any.
 * Since   0.1
 */
#ifndef PH_BASE_RANDOM_H
#define PH_BASE_RANDOM_H

#include <stddef.h>

#include "base/attr.h"

/** Fill `bytes` with `length` unpredictable bytes. Returns 0; a negative errno value, and then nothing may be used. */
PH_MUST_USE int ph_random_fill(void *bytes, size_t length);

#endif
