/* SPDX-License-Identifier: MIT */
/*
 * Order of the enhanced forms: first byte; extensions (ModEx) while the packet number is 7; a command byte, which ends
 * it, if the frame is a command; the byte of the multitrack form; FourCC; then the track, or tracks each with its
 * number and, but in OneTrack, its size. The packet number is asked before the frame: OBS writes colour metadata with
 * frame 0 and ffmpeg with frame 5, which otherwise is a command.
 */
#include <rtmpwire/tag.h>

#include "bytes.h"
#include "tag_codec.h"

struct input {
    const uint8_t *at;
    size_t left;
};

/* The next `n` bytes, or NULL. */
static const uint8_t *take(struct input *in, size_t n)
{
    if (in->left < n)
        return NULL;
    const uint8_t *taken = in->at;
    in->at += n;
    in->left -= n;
    return taken;
}

static int32_t sign_24(uint32_t value) { return (int32_t)(value ^ 0x800000) - 0x800000; }

static bool is_coded(const struct rtmp_tag *tag)
{
    return tag->packet == RTMP_TAG_CODED || tag->packet == RTMP_TAG_CODED_X;
}

/* What follows from kind, packet and frame. */
static void set_roles(struct rtmp_tag *tag)
{
    bool is_video = tag->kind == RTMP_TAG_VIDEO;
    tag->key = is_coded(tag) && (!is_video || tag->frame == RTMP_FRAME_KEY || tag->frame == RTMP_FRAME_GENERATED_KEY);
    tag->disposable = is_coded(tag) && is_video && tag->frame == RTMP_FRAME_DISPOSABLE;
    tag->header = tag->packet == RTMP_TAG_SEQUENCE_START || tag->packet == RTMP_TAG_MPEG2TS_START ||
                  tag->packet == RTMP_TAG_MULTICHANNEL || tag->packet == RTMP_TAG_METADATA;
}

/* One extension; what we do not know, or what cannot be, changes nothing. */
static int take_modex(struct rtmp_tag *tag, struct input *in, unsigned *packet)
{
    const uint8_t *p = take(in, 1);
    if (!p)
        return RTMP_E_TRUNCATED;
    size_t size = (size_t)*p + 1;
    if (size == 256) {
        p = take(in, 2);
        if (!p)
            return RTMP_E_TRUNCATED;
        size = (size_t)get_u16(p) + 1;
    }
    const uint8_t *data = take(in, size);
    p = take(in, 1);
    if (!data || !p)
        return RTMP_E_TRUNCATED;
    if (*p >> 4 == TAG_TIMESTAMP_OFFSET && size >= 3 && get_u24(data) <= RTMP_TAG_NANO_MAX)
        tag->nano = get_u24(data);
    *packet = *p & 0x0F;
    return 0;
}

/* A track's own bytes: all of `in`. */
static int set_payload(struct rtmp_tag *tag, struct input in)
{
    const struct tag_codec *codec = tag_codec_by_fourcc(tag->kind, tag->fourcc);
    tag->known = codec != NULL;
    tag->composition_ms = 0;
    if (codec && codec->composition && tag->packet == RTMP_TAG_CODED) {
        const uint8_t *p = take(&in, 3);
        if (!p)
            return RTMP_E_TRUNCATED;
        tag->composition_ms = sign_24(get_u24(p));
    }
    tag->payload = in.at;
    tag->length = in.left;
    return 0;
}

/* The first of the tracks in `more`. */
static int take_track(struct rtmp_tag *tag)
{
    struct input in = {tag->more, tag->more_length};
    if (tag->more_codecs) {
        const uint8_t *fourcc = take(&in, 4);
        if (!fourcc)
            return RTMP_E_TRUNCATED;
        tag->fourcc = get_u32(fourcc);
    }
    const uint8_t *p = take(&in, 4);
    if (!p)
        return RTMP_E_TRUNCATED;
    tag->track = p[0];
    struct input track = {in.at, get_u24(p + 1)};
    if (!take(&in, track.left))
        return RTMP_E_TRUNCATED;
    tag->more = in.at;
    tag->more_length = in.left;
    return set_payload(tag, track);
}

/* The first track; that the others follow its example is found out here, so that going on to them cannot fail. */
static int set_first_track(struct rtmp_tag *tag, struct input in, bool codecs)
{
    tag->more = in.at;
    tag->more_length = in.left;
    tag->more_codecs = codecs;
    int error = take_track(tag);
    struct rtmp_tag other = *tag;
    for (unsigned n = 1; !error && other.more_length > 0; n++)
        error = n < RTMP_TAG_TRACKS_MAX ? take_track(&other) : RTMP_E_MALFORMED;
    return error;
}

static int parse_tracks(struct rtmp_tag *tag, struct input in, unsigned packet)
{
    unsigned form = TAG_NOT_MULTI;
    if (packet == tag_multitrack(tag->kind)) {
        const uint8_t *p = take(&in, 1);
        if (!p)
            return RTMP_E_TRUNCATED;
        form = *p >> 4;
        packet = *p & 0x0F;
        if (form > TAG_AS_MANY_CODECS || packet == tag_multitrack(tag->kind) || packet == TAG_MODEX)
            return RTMP_E_MALFORMED;
        tag->multitrack = true;
    }
    tag->packet = tag_packet_of(tag->kind, packet);
    set_roles(tag);

    if (form != TAG_AS_MANY_CODECS) {
        const uint8_t *fourcc = take(&in, 4);
        if (!fourcc)
            return RTMP_E_TRUNCATED;
        tag->fourcc = get_u32(fourcc);
    }
    if (form == TAG_AS_MANY || form == TAG_AS_MANY_CODECS)
        return set_first_track(tag, in, form == TAG_AS_MANY_CODECS);
    if (form == TAG_AS_ONE) {
        const uint8_t *track = take(&in, 1);
        if (!track)
            return RTMP_E_TRUNCATED;
        tag->track = *track;
    }
    return set_payload(tag, in);
}

static int parse_command(struct rtmp_tag *tag, struct input in)
{
    const uint8_t *command = take(&in, 1);
    if (!command)
        return RTMP_E_TRUNCATED;
    tag->packet = RTMP_TAG_COMMAND;
    tag->command = *command;
    tag->known = true;
    return 0;
}

static int parse_enhanced(struct rtmp_tag *tag, struct input in, unsigned packet)
{
    tag->enhanced = true;
    for (unsigned n = 0; packet == TAG_MODEX; n++) {
        int error = n < RTMP_TAG_MODEX_MAX ? take_modex(tag, &in, &packet) : RTMP_E_MALFORMED;
        if (error)
            return error;
    }
    if (tag->frame == RTMP_FRAME_COMMAND && tag_packet_of(tag->kind, packet) != RTMP_TAG_METADATA)
        return parse_command(tag, in);
    return parse_tracks(tag, in, packet);
}

static void set_legacy_codec(struct rtmp_tag *tag, unsigned legacy)
{
    const struct tag_codec *codec = tag_codec_by_legacy(tag->kind, legacy);
    tag->codec = (uint8_t)legacy;
    tag->known = codec != NULL;
    tag->fourcc = codec ? codec->fourcc : RTMP_FOURCC_NONE;
}

static int parse_legacy_video(struct rtmp_tag *tag, struct input in, unsigned codec)
{
    set_legacy_codec(tag, codec);
    if (tag->frame == RTMP_FRAME_COMMAND)
        return parse_command(tag, in);
    tag->packet = RTMP_TAG_CODED;
    if (tag_is_avc_form(codec)) {
        const uint8_t *p = take(&in, 4);
        if (!p)
            return RTMP_E_TRUNCATED;
        tag->packet = p[0] <= 2 ? tag_packet_of(RTMP_TAG_VIDEO, p[0]) : RTMP_TAG_RESERVED;
        if (tag->packet == RTMP_TAG_CODED) /* without a meaning in others */
            tag->composition_ms = sign_24(get_u24(p + 1));
    }
    set_roles(tag);
    tag->payload = in.at;
    tag->length = in.left;
    return 0;
}

static int parse_legacy_audio(struct rtmp_tag *tag, struct input in)
{
    tag->packet = RTMP_TAG_CODED;
    if (tag->codec == RTMP_AUDIO_AAC) {
        const uint8_t *p = take(&in, 1);
        if (!p)
            return RTMP_E_TRUNCATED;
        tag->packet = *p <= 1 ? tag_packet_of(RTMP_TAG_AUDIO, *p) : RTMP_TAG_RESERVED;
    }
    set_roles(tag);
    tag->payload = in.at;
    tag->length = in.left;
    return 0;
}

int rtmp_tag_parse_video(const uint8_t *body, size_t length, struct rtmp_tag *tag)
{
    struct input in = {body, length};
    const uint8_t *first = take(&in, 1);
    if (!first)
        return RTMP_E_TRUNCATED;
    struct rtmp_tag made = {.kind = RTMP_TAG_VIDEO, .frame = *first >> 4 & 7};
    unsigned low = *first & 0x0F;
    int error = *first & 0x80 ? parse_enhanced(&made, in, low) : parse_legacy_video(&made, in, low);
    if (!error)
        *tag = made;
    return error;
}

int rtmp_tag_parse_audio(const uint8_t *body, size_t length, struct rtmp_tag *tag)
{
    struct input in = {body, length};
    const uint8_t *first = take(&in, 1);
    struct rtmp_tag made = {.kind = RTMP_TAG_AUDIO, .packet = RTMP_TAG_SILENCE, .known = true};
    int error = 0;
    if (first && *first >> 4 == RTMP_AUDIO_ENHANCED) {
        error = parse_enhanced(&made, in, *first & 0x0F);
    } else if (first) {
        set_legacy_codec(&made, *first >> 4);
        made.sound = *first & 0x0F;
        error = parse_legacy_audio(&made, in);
    }
    if (!error)
        *tag = made;
    return error;
}

bool rtmp_tag_track_next(struct rtmp_tag *tag)
{
    struct rtmp_tag next = *tag;
    if (tag->more_length == 0 || take_track(&next) != 0)
        return false;
    *tag = next;
    return true;
}
