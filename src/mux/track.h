/* SPDX-License-Identifier: MIT */
/**
 * @file  A track as muxers need it: which codec, how its decoder is set up, size of picture or rate of sound.
 *
 * Source  RFC 6381 (codec strings); the codecs' bindings to ISO 14496-12: 14496-15, AV1-ISOBMFF, VP-codec-ISOBMFF,
 *         Opus and FLAC in ISOBMFF, ETSI TS 102 366 annex F.
 * Thread  Any; a track is a value.
 * Limits  PH_MUX_CONFIG_MAX bytes of configuration.
 */
#ifndef PH_MUX_TRACK_H
#define PH_MUX_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/tag.h>

#include "base/attr.h"

struct ph_text;

enum { PH_MUX_CONFIG_MAX = 4096 };

struct ph_mux_track {
    uint32_t fourcc; /**< enum rtmp_fourcc; 0: there is no such track */
    bool is_video;
    uint32_t width, height;       /**< of video; 0: the configuration does not tell */
    uint32_t rate_hz, n_channels; /**< of audio */
    size_t length;
    uint8_t config[PH_MUX_CONFIG_MAX]; /**< the codec's own record, as the container wants it */
};

/**
 * Fill a track from the message that describes it: a sequence header, or the first frame of a codec that has none.
 *
 * Returns 0; -EAGAIN this message says nothing about it; -ENOTSUP fragmented MP4 cannot carry it, or we cannot;
 * -EINVAL a configuration that cannot be.
 */
PH_MUST_USE int ph_mux_track_read(struct ph_mux_track *track, const struct rtmp_tag *tag);

/** A decoder set up for one can go on with the other. */
bool ph_mux_track_equal(const struct ph_mux_track *one, const struct ph_mux_track *other);

/** Add its codec string: "avc1.64001f". */
void ph_mux_track_codec(const struct ph_mux_track *track, struct ph_text *text);

#endif
