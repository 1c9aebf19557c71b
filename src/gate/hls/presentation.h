/* SPDX-License-Identifier: MIT */
/**
 * @file  A presentation: all renditions of a stream in one container.
 *
 * The first rendition has track 0 of each kind. Each further video track is one more with the same sound, "v1", "v2" …,
 * for players that choose by what their line carries. They come with the first message of their track.
 *
 * Sound that people may choose has renditions without a picture, "a0", "a1" …, and those with one are silent then:
 * players cannot exchange the sound of what carries both.
 *
 * Owner   Its packager.
 * Thread  The packager's worker.
 * Limits  PH_LIMIT_HLS_RENDITIONS; tracks beyond are left out. PH_LIMIT_HLS_BYTES of segments among them all.
 */
#ifndef PH_GATE_HLS_PRESENTATION_H
#define PH_GATE_HLS_PRESENTATION_H

#include "base/limits.h"
#include "gate/hls/segmenter.h"

enum { PH_RENDITION_NAME = 8 };

struct ph_rendition {
    char name[PH_RENDITION_NAME]; /**< "" is the first */
    struct ph_segmenter segmenter;
};

struct ph_presentation {
    enum ph_hls_container container;
    struct ph_rendition *renditions[PH_LIMIT_HLS_RENDITIONS]; /**< `n` of them */
    size_t n;
    bool is_split;          /**< pictures and sounds have renditions of their own */
    int64_t wall_offset_ms; /**< wall clock minus stream time, in epoch `offset_epoch` of the first */
    uint32_t offset_epoch;
};

/** `first_number`: of the first segment. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_presentation_init(struct ph_presentation *presentation, enum ph_hls_container container,
                                     uint64_t first_number);
void ph_presentation_finish(struct ph_presentation *presentation);

/** The next message of the stream. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_presentation_take(struct ph_presentation *presentation, const struct rtmp_flv_tag *tag);

/** Another publisher; nobody publishes any more. */
void ph_presentation_cut(struct ph_presentation *presentation);
void ph_presentation_end(struct ph_presentation *presentation);

/** NULL: there is none of that name. */
struct ph_rendition *ph_presentation_find(const struct ph_presentation *presentation, const char *name);

/** Nothing of the first can be played yet. */
bool ph_presentation_is_empty(const struct ph_presentation *presentation);

/** Parts that have been made, of all renditions. */
uint32_t ph_presentation_parts(const struct ph_presentation *presentation);

/** Every rendition that has begun can be played, or the others do not wait for it any longer. */
bool ph_presentation_is_ready(const struct ph_presentation *presentation);

/** Text of a rendition's playlist. `wall_ms`: now, since 1970. As ph_segmenter_playlist(). */
PH_MUST_USE int ph_presentation_playlist(struct ph_presentation *presentation, struct ph_rendition *rendition,
                                         int64_t wall_ms, bool is_delta, struct rtmp_buffer *out);

/** Text of the master playlist; media playlists are in `folder`, "cam.hls/". Returns 0; -ENOENT nothing can be played
 *  yet; -ENOMEM. */
PH_MUST_USE int ph_presentation_master(const struct ph_presentation *presentation, const char *folder,
                                       struct rtmp_buffer *out);

#endif
