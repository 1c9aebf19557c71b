/* SPDX-License-Identifier: MIT */
#include "mux/bits.h"

uint32_t ph_bits_take(struct ph_bits *bits, unsigned n)
{
    uint32_t value = 0;
    for (; n; n--, bits->at++) {
        bool is_there = bits->at < bits->n_bits;
        bits->is_over |= !is_there;
        value = value << 1 | (is_there ? (uint32_t)(bits->bytes[bits->at / 8] >> (7 - bits->at % 8)) & 1 : 0);
    }
    return value;
}
