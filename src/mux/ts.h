/* SPDX-License-Identifier: MIT */
/**
 * @file  MPEG transport stream: pieces of a few frames each, for players that know nothing newer.
 *
 * A piece begins with the tables, and its frames follow in the order of their decoding times. Sound goes several frames
 * to a packet of the elementary stream, with the time of the first; players count on from there.
 *
 * Source  ISO 13818-1; H.264 annex B and H.265 annex B in it by 2.14 and 2.17; ADTS of ISO 13818-7.
 * Owner   Tracks and runs are lent; bytes are appended to the caller's buffer.
 * Thread  Any.
 */
#ifndef PH_MUX_TS_H
#define PH_MUX_TS_H

#include <rtmpwire/buffer.h>

#include "mux/run.h"
#include "mux/track.h"

enum {
    PH_TS_PACKET = 188,
    PH_TS_TRACKS = 2,
    PH_TS_DELAY = 126000, /**< of 90 kHz: presentation is so much later than the clock, as players expect room */
};

/** What goes on from piece to piece; zeroed at first. */
struct ph_ts {
    uint8_t pat, pmt, tracks[PH_TS_TRACKS]; /**< the next continuity counters */
};

/** Can it carry the track? H.264, H.265, AAC, MP3. */
bool ph_ts_carries(const struct ph_mux_track *track);

/** Append a piece; at most PH_TS_TRACKS tracks, whose numbers are 1, 2. A frame that is not what its track says goes as
 *  far as it can be read. Returns 0; RTMP_E_RANGE; RTMP_E_SPACE, RTMP_E_MEMORY. */
PH_MUST_USE int ph_ts_piece(struct ph_ts *ts, const struct ph_mux_track *const *tracks, size_t n_tracks,
                            const struct ph_mux_run *runs, size_t n_runs, struct rtmp_buffer *out);

#endif
