/* SPDX-License-Identifier: MIT */
/**
 * @file  Fragmented MP4: what players need first, then fragments of a few frames each.
 *
 * All times are milliseconds, as in RTMP: what comes out has the very times that went in.
 *
 * Source  ISO 14496-12; CMAF, ISO 23000-19.
 * Owner   Tracks and samples are lent; bytes are appended to the caller's buffer.
 * Thread  Any.
 */
#ifndef PH_MUX_FMP4_H
#define PH_MUX_FMP4_H

#include <rtmpwire/buffer.h>

#include "mux/run.h"
#include "mux/track.h"

/** ftyp and moov; track numbers are 1, 2 … in this order. Returns 0; RTMP_E_SPACE, RTMP_E_MEMORY. */
PH_MUST_USE int ph_fmp4_init(const struct ph_mux_track *const *tracks, size_t n, struct rtmp_buffer *out);

/** moof and mdat. `sequence` counts fragments from 1. Returns as above. */
PH_MUST_USE int ph_fmp4_fragment(uint32_t sequence, const struct ph_mux_run *runs, size_t n, struct rtmp_buffer *out);

#endif
