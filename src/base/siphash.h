/* SPDX-License-Identifier: MIT */
/**
 * @file  SipHash-2-4: a hash that nobody can aim at without the key.
 *
 * Source  Aumasson, Bernstein: SipHash: a fast short-input PRF, 2012.
 * Thread  Stateless: any.
 * Since   0.1
 */
#ifndef PH_BASE_SIPHASH_H
#define PH_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct ph_hash_seed {
    uint8_t bytes[16]; /**< random, made once per process and passed down */
};

/** The same for the same seed and bytes, on every machine; `bytes` may be NULL when `length` is 0. */
uint64_t ph_siphash(const struct ph_hash_seed *seed, const void *bytes, size_t length);

#endif
