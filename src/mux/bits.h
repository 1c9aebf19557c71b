/* SPDX-License-Identifier: MIT */
/**
 * @file  Reading numbers bit by bit, the highest first. Behind the end there are zeros, and `is_over` is set.
 *
 * Thread  Any.
 */
#ifndef PH_MUX_BITS_H
#define PH_MUX_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ph_bits {
    const uint8_t *bytes; /**< lent */
    size_t n_bits, at;
    bool is_over;
};

static inline struct ph_bits ph_bits_of(const uint8_t *bytes, size_t length)
{
    return (struct ph_bits){.bytes = bytes, .n_bits = 8 * length};
}

/** The next `n` bits, at most 32. */
uint32_t ph_bits_take(struct ph_bits *bits, unsigned n);

#endif
