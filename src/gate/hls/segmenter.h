/* SPDX-License-Identifier: MIT */
/**
 * @file  A segmenter: makes segments and parts of one rendition of a stream, and keeps the newest of them.
 *
 * Model   Frames gather in two lanes, video and sound. The leading one (video, where there is any) says where a part
 *         ends: before the frame that would make it longer than it may be; and where a segment ends: before a key
 *         frame, once it is long enough, or before it would be longer than it may be. What a decoder needs first is
 *         known when the first part ends; when that changes, and when another publisher comes, a new epoch begins.
 *         Data messages of the publisher go along as ID3 tags: name, and the arguments as JSON.
 *
 *         Renditions of one stream follow the first of them, so that a player can change between them: they end their
 *         segments at its key frames, number them as it does and count the time of day as it does.
 * Owner   Its packager. Bytes are blobs, counted, and may outlive it.
 * Thread  The packager's worker; blobs anywhere.
 * Limits  max_bytes of segments, PH_LIMIT_HLS_MS of them, PH_SEGMENTS_MAX; three are kept all the same.
 */
#ifndef PH_GATE_HLS_SEGMENTER_H
#define PH_GATE_HLS_SEGMENTER_H

#include <rtmpwire/buffer.h>
#include <rtmpwire/flv.h>

#include "base/attr.h"
#include "base/ref.h"
#include "mux/fmp4.h"
#include "mux/playlist.h"
#include "mux/ts.h"

enum {
    PH_HLS_PART_MS = 500,
    PH_HLS_TARGET_S = 6,
    PH_HLS_SEGMENT_MS = 1900, /* a key frame ends a segment that is so long */
    PH_SEGMENTS_MAX = 64,
    PH_PARTS_MAX = 128, /* of one segment */
};

/** Bytes that several hold. */
struct ph_blob {
    struct ph_ref ref;
    size_t length;
    uint8_t bytes[];
};

struct ph_blob *ph_blob_create(const void *bytes, size_t length); /**< NULL: out of memory */
void ph_blob_ref(struct ph_blob *blob);
void ph_blob_unref(struct ph_blob *blob); /**< NULL is fine */

/** A piece of a blob, with a reference on it. */
struct ph_slice {
    struct ph_blob *blob;
    size_t offset, length;
};

struct ph_segment {
    struct ph_hls_segment is; /**< as the playlist tells it; its parts are those below */
    int64_t time_ms;          /**< stream time of its begin */
    struct ph_hls_part parts[PH_PARTS_MAX];
    struct ph_slice slices[PH_PARTS_MAX]; /**< of each part; all of one blob once the segment is whole */
    size_t length;
};

struct ph_lane {
    int number;                /**< of the stream's tracks of this kind, the one that goes here; -1: none */
    struct ph_mux_track track; /**< fourcc 0: there is none */
    bool is_new;               /**< it is not in the present epoch's header */
    struct ph_mux_sample *samples;
    size_t n, cap;
    struct rtmp_buffer bytes;
    int64_t first_ms, last_ms; /**< decoding times of the samples */
    uint32_t step_ms;          /**< between the newest two */
};

struct ph_segmenter {
    enum ph_hls_container container;
    const struct ph_segmenter *lead; /**< the one that it follows; NULL: none */
    size_t max_bytes;
    struct ph_lane video, audio;
    struct ph_ts ts;
    uint32_t width, height; /**< of the metadata, for codecs that do not tell */
    int64_t time_ms;        /**< stream time of the newest tag */
    bool has_time;

    struct rtmp_buffer events; /**< timed metadata for the next part, as boxes */
    uint32_t n_events;

    bool is_begun;     /**< the present part has a first frame of the leading lane */
    int64_t part_ms;   /**< where it began */
    uint32_t sequence; /**< of parts, one after the other */
    uint32_t epoch, first_epoch;
    struct ph_blob *init[4]; /**< headers, by epoch modulo 4 */
    uint32_t init_epoch[4];

    struct ph_segment *segments[PH_SEGMENTS_MAX]; /**< `n` of them, oldest first; the last may be growing */
    size_t n;
    uint64_t next_number;
    size_t bytes; /**< of all segments */
    uint64_t peak_bit_s;
    bool has_ended;
};

struct ph_segmenter_options {
    enum ph_hls_container container;
    int video, audio;                /**< numbers of its tracks; -1: none */
    const struct ph_segmenter *lead; /**< lent until this one is finished; NULL: it leads */
    uint64_t first_number;           /**< of its first segment, where it leads */
};

void ph_segmenter_init(struct ph_segmenter *segmenter, const struct ph_segmenter_options *options);
void ph_segmenter_finish(struct ph_segmenter *segmenter);

/** From now on it carries no sound. */
void ph_segmenter_silence(struct ph_segmenter *segmenter);

/** A new epoch: another publisher. */
void ph_segmenter_cut(struct ph_segmenter *segmenter);

/** Nobody publishes any more. */
void ph_segmenter_end(struct ph_segmenter *segmenter);

/** The next message of the stream. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_segmenter_take(struct ph_segmenter *segmenter, const struct rtmp_flv_tag *tag);

/** The segment of this number; NULL: it is not there, or no more. */
const struct ph_segment *ph_segmenter_find(const struct ph_segmenter *segmenter, uint64_t number);

/**
 * Text of the media playlist.
 *
 * wall_offset_ms  wall clock since 1970 minus stream time
 * about           container, segments and what follows from them is filled here, the rest is as the caller says
 *
 * Returns 0; -ENOENT there is no part yet; -ENOMEM.
 */
PH_MUST_USE int ph_segmenter_playlist(struct ph_segmenter *segmenter, int64_t wall_offset_ms,
                                      struct ph_hls_playlist about, struct rtmp_buffer *out);

/** What a master playlist says of it; all but `uri` and `name`. False: there is nothing to play yet. */
bool ph_segmenter_describe(const struct ph_segmenter *segmenter, struct ph_hls_variant *variant);

/** Something has come, and nothing can be played of it yet. */
bool ph_segmenter_is_beginning(const struct ph_segmenter *segmenter);

#endif
