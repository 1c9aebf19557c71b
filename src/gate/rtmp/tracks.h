/* SPDX-License-Identifier: MIT */
/** @file  What a publisher sends, gathered for one log line: "h264 1280x720 30 fps, aac 48 kHz stereo". */
#ifndef PH_GATE_RTMP_TRACKS_H
#define PH_GATE_RTMP_TRACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/tag.h>
#include <rtmpwire/value.h>

#include "base/text.h"

enum { PH_TRACKS_MAX = 8, PH_TRACK_CODEC = 16 };

struct ph_track {
    uint8_t kind, id; /* enum rtmp_tag_kind */
    bool has_media;
    char codec[PH_TRACK_CODEC];
    uint32_t width, height;       /* video; 0: not known */
    uint32_t rate_hz, n_channels; /* audio; 0: not known */
};

struct ph_tracks {
    struct ph_track track[PH_TRACKS_MAX]; /* what comes after is not told */
    size_t n;
    double fps; /* from the metadata; 0: not told */
};

/* Take note of one audio or video message of one track. */
void ph_tracks_note(struct ph_tracks *tracks, const struct rtmp_tag *tag);

/* Take note of onMetaData's object. */
void ph_tracks_note_metadata(struct ph_tracks *tracks, const struct rtmp_value *object);

/* Has media of both kinds come? Then there is nothing to wait for. */
bool ph_tracks_are_complete(const struct ph_tracks *tracks);

void ph_tracks_tell(const struct ph_tracks *tracks, struct ph_text *text);

#endif
