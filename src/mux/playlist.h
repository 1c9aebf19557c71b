/* SPDX-License-Identifier: MIT */
/**
 * @file  The text of HLS playlists.
 *
 * What lies where: "i1.mp4" what players of epoch 1 need first, "s12.m4s" segment 12, "p12.3.m4s" its fourth part;
 * "s12.ts" a segment as a transport stream, which needs nothing first and has no parts.
 *
 * Source  RFC 8216bis (HLS, second edition): low-latency mode with parts, blocking reload, preload hints, delta
 *         updates. For transport streams RFC 8216, as old players read it.
 * Owner   Everything is lent; text is appended to the caller's buffer.
 * Thread  Any.
 */
#ifndef PH_MUX_PLAYLIST_H
#define PH_MUX_PLAYLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/buffer.h>

#include "mux/track.h"

enum ph_hls_container { PH_HLS_FMP4, PH_HLS_TS, PH_HLS_CONTAINERS };

struct ph_hls_part {
    uint32_t duration_ms;
    bool is_independent; /**< begins with a key frame */
};

struct ph_hls_segment {
    uint64_t number;
    uint32_t duration_ms;
    int64_t wall_ms; /**< when its first frame was there, since 1970 */
    uint32_t epoch;  /**< whose "i….mp4" it needs */
    bool is_whole;   /**< no part will come any more */
    size_t n_parts;
    const struct ph_hls_part *parts;
};

/** How far another rendition of the same stream is. */
struct ph_hls_report {
    const char *uri; /**< of its playlist, from this one */
    uint64_t number; /**< of its newest segment */
    size_t n_parts;  /**< of that, 1 or more */
};

struct ph_hls_playlist {
    enum ph_hls_container container;
    uint32_t target_s;    /**< no segment is longer, rounded */
    uint32_t part_ms;     /**< no part is longer */
    uint64_t first_epoch; /**< of the first segment ever: epochs since then are discontinuities */
    const struct ph_hls_segment *const *segments; /**< `n`, one after the other */
    size_t n;
    const struct ph_hls_report *reports; /**< `n_reports` */
    size_t n_reports;
    bool is_delta;  /**< leave out what the client has */
    bool has_ended; /**< nothing comes any more */
};

/** Segments that end longer than this before the live edge may be left out of a delta. */
static inline uint32_t ph_hls_skip_until_ms(const struct ph_hls_playlist *playlist)
{
    return 6000 * playlist->target_s;
}

/** Returns 0; RTMP_E_SPACE, RTMP_E_MEMORY. */
PH_MUST_USE int ph_hls_media_playlist(const struct ph_hls_playlist *playlist, struct rtmp_buffer *out);

enum { PH_HLS_TRACKS = 2 }; /**< of one rendition */

/** One media playlist among those that a player may choose from. */
struct ph_hls_variant {
    const char *uri;  /**< of its media playlist */
    const char *name; /**< of an alternative: what users see; NULL: it is no alternative */
    bool is_default;  /**< of alternatives the one that is heard first; where there is none, what the others carry is */
    const struct ph_mux_track *tracks[PH_HLS_TRACKS];
    size_t n;
    uint64_t peak_bit_s, mean_bit_s; /**< the highest and the mean rate */
};

/** The one that leads to them. Alternatives are sound that may be heard instead of what the others carry. */
PH_MUST_USE int ph_hls_master_playlist(enum ph_hls_container container, const struct ph_hls_variant *variants, size_t n,
                                       struct rtmp_buffer *out);

#endif
