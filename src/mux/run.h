/* SPDX-License-Identifier: MIT */
/**
 * @file  Runs: frames of one track that follow each other, as muxers take them.
 *
 * Owner   A run is a value; what it points at is lent.
 * Thread  Any.
 */
#ifndef PH_MUX_RUN_H
#define PH_MUX_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ph_mux_sample {
    uint32_t length;
    uint32_t duration_ms;
    int32_t composition_ms; /**< presentation minus decoding time */
    bool is_key;
};

struct ph_mux_run {
    uint32_t track;   /**< number, from 1 */
    uint64_t time_ms; /**< decoding time of the first */
    const struct ph_mux_sample *samples;
    size_t n;
    const uint8_t *bytes; /**< of all samples, one after the other */
    size_t length;
};

#endif
