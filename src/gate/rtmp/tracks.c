/* SPDX-License-Identifier: MIT */
#include "gate/rtmp/tracks.h"

#include <string.h>

static struct ph_track *find(struct ph_tracks *tracks, const struct rtmp_tag *tag)
{
    for (size_t i = 0; i < tracks->n; i++)
        if (tracks->track[i].kind == tag->kind && tracks->track[i].id == tag->track)
            return &tracks->track[i];
    if (tracks->n == PH_TRACKS_MAX)
        return NULL;
    struct ph_track *track = &tracks->track[tracks->n++];
    *track = (struct ph_track){.kind = tag->kind, .id = tag->track};
    struct ph_text codec;
    ph_text_init(&codec, track->codec, sizeof track->codec);
    ph_text_add(&codec, "%s", rtmp_tag_codec_name(tag));
    return track;
}

/* The four low bits of a legacy audio body. */
static void read_sound(struct ph_track *track, uint8_t sound)
{
    static const uint32_t rates_hz[] = {5500, 11025, 22050, 44100};
    if (track->rate_hz)
        return;
    track->rate_hz = rates_hz[sound >> 2];
    track->n_channels = 1 + (sound & 1U);
}

static void read_configuration(struct ph_track *track, const struct rtmp_tag *tag)
{
    int err = 0;
    switch (tag->fourcc) {
    case RTMP_FOURCC_AVC1:
        err = rtmp_avc_dimensions(tag->payload, tag->length, &track->width, &track->height);
        break;
    case RTMP_FOURCC_HVC1:
        err = rtmp_hevc_dimensions(tag->payload, tag->length, &track->width, &track->height);
        break;
    case RTMP_FOURCC_MP4A:
        err = rtmp_aac_config(tag->payload, tag->length, &track->rate_hz, &track->n_channels);
        break;
    default:
        break;
    }
    (void)err; /* then it stays unknown */
}

void ph_tracks_note(struct ph_tracks *tracks, const struct rtmp_tag *tag)
{
    struct ph_track *track = find(tracks, tag);
    if (!track)
        return;
    if (tag->packet == RTMP_TAG_SEQUENCE_START) {
        read_configuration(track, tag);
    } else if (!tag->header && !track->has_media) {
        track->has_media = true;
        if (tag->kind == RTMP_TAG_AUDIO && !tag->enhanced && tag->codec != RTMP_AUDIO_AAC)
            read_sound(track, tag->sound);
    }
}

/* The first track's picture, for codecs whose configuration is not read here. */
static void read_size(struct ph_tracks *tracks, const struct rtmp_value *object)
{
    double width = rtmp_value_number(rtmp_value_get(object, "width"), 0);
    double height = rtmp_value_number(rtmp_value_get(object, "height"), 0);
    if (!(width >= 1 && width <= 65535 && height >= 1 && height <= 65535))
        return;
    for (size_t i = 0; i < tracks->n; i++) {
        struct ph_track *track = &tracks->track[i];
        if (track->kind == RTMP_TAG_VIDEO && track->id == 0 && track->width == 0) {
            track->width = (uint32_t)width;
            track->height = (uint32_t)height;
        }
    }
}

void ph_tracks_note_metadata(struct ph_tracks *tracks, const struct rtmp_value *object)
{
    double fps = rtmp_value_number(rtmp_value_get(object, "framerate"), 0);
    tracks->fps = fps >= 1 && fps <= 1000 ? fps : 0;
    read_size(tracks, object);
}

bool ph_tracks_are_complete(const struct ph_tracks *tracks)
{
    bool has_audio = false, has_video = false;
    for (size_t i = 0; i < tracks->n; i++) {
        has_audio |= tracks->track[i].has_media && tracks->track[i].kind == RTMP_TAG_AUDIO;
        has_video |= tracks->track[i].has_media && tracks->track[i].kind == RTMP_TAG_VIDEO;
    }
    return has_audio && has_video;
}

static void tell_sound(const struct ph_track *track, struct ph_text *text)
{
    if (track->rate_hz)
        ph_text_add(text, " %.5g kHz", track->rate_hz / 1000.0);
    if (track->n_channels == 1 || track->n_channels == 2)
        ph_text_add(text, " %s", track->n_channels == 1 ? "mono" : "stereo");
    else if (track->n_channels)
        ph_text_add(text, " %u channels", track->n_channels);
}

static void tell_kind(const struct ph_tracks *tracks, uint8_t kind, struct ph_text *text)
{
    for (size_t i = 0; i < tracks->n; i++) {
        const struct ph_track *track = &tracks->track[i];
        if (track->kind != kind)
            continue;
        ph_text_add(text, "%s%s", text->length ? ", " : "", track->codec);
        if (kind == RTMP_TAG_AUDIO) {
            tell_sound(track, text);
        } else if (track->width) {
            ph_text_add(text, " %ux%u", track->width, track->height);
            if (track->id == 0 && tracks->fps > 0)
                ph_text_add(text, " %.4g fps", tracks->fps);
        }
        if (track->id)
            ph_text_add(text, " (track %u)", track->id);
    }
}

void ph_tracks_tell(const struct ph_tracks *tracks, struct ph_text *text)
{
    tell_kind(tracks, RTMP_TAG_VIDEO, text);
    tell_kind(tracks, RTMP_TAG_AUDIO, text);
    if (tracks->n == 0)
        ph_text_add(text, "data only");
}
