/* SPDX-License-Identifier: MIT */
#include <rtmpwire/tag.h>

#include "bytes.h"
#include "tag_codec.h"

enum { COMMAND_NUMBER = 1 }; /* a command needs none; senders write that of coded frames */

static bool has_composition(const struct rtmp_tag *tag)
{
    const struct tag_codec *codec = tag_codec_by_fourcc(tag->kind, tag->fourcc);
    return tag->packet == RTMP_TAG_CODED && codec && codec->composition;
}

static bool is_enhanced_writable(const struct rtmp_tag *tag)
{
    if (tag->packet == RTMP_TAG_COMMAND)
        return tag->track == 0 && tag->composition_ms == 0;
    return tag_number_of(tag->kind, tag->packet) != TAG_NO_NUMBER && (tag->composition_ms == 0 || has_composition(tag));
}

static bool is_legacy_writable(const struct rtmp_tag *tag)
{
    if (tag->track != 0 || tag->nano != 0 || tag->codec > 15 || tag->sound > 15)
        return false;
    bool is_coded = tag->packet == RTMP_TAG_CODED;
    if (tag->kind == RTMP_TAG_AUDIO)
        return tag->composition_ms == 0 && tag->codec != RTMP_AUDIO_ENHANCED &&
               (is_coded || tag->packet == RTMP_TAG_SILENCE ||
                (tag->packet == RTMP_TAG_SEQUENCE_START && tag->codec == RTMP_AUDIO_AAC));
    if (tag_is_avc_form(tag->codec))
        return is_coded || (tag->composition_ms == 0 &&
                            (tag->packet == RTMP_TAG_SEQUENCE_START || tag->packet == RTMP_TAG_SEQUENCE_END ||
                             tag->packet == RTMP_TAG_CODED_X || tag->packet == RTMP_TAG_COMMAND));
    return tag->composition_ms == 0 && (is_coded || tag->packet == RTMP_TAG_COMMAND);
}

static bool is_writable(const struct rtmp_tag *tag)
{
    bool is_command = tag->packet == RTMP_TAG_COMMAND;
    if ((tag->kind != RTMP_TAG_VIDEO && tag->kind != RTMP_TAG_AUDIO) || tag->frame > 7 ||
        tag->nano > RTMP_TAG_NANO_MAX || tag->composition_ms < -0x800000 || tag->composition_ms > 0x7FFFFF)
        return false;
    if (tag->kind == RTMP_TAG_AUDIO && (tag->frame != 0 || is_command))
        return false;
    if (is_command != (tag->frame == RTMP_FRAME_COMMAND) && tag->packet != RTMP_TAG_METADATA)
        return false; /* would be read as the opposite */
    return tag->enhanced ? is_enhanced_writable(tag) : is_legacy_writable(tag);
}

static uint8_t *put_enhanced(uint8_t *p, const struct rtmp_tag *tag)
{
    bool is_command = tag->packet == RTMP_TAG_COMMAND;
    unsigned inner = is_command ? COMMAND_NUMBER : tag_number_of(tag->kind, tag->packet);
    unsigned outer = tag->track != 0 ? tag_multitrack(tag->kind) : inner;
    unsigned top = tag->kind == RTMP_TAG_VIDEO ? 0x80u | (unsigned)tag->frame << 4 : RTMP_AUDIO_ENHANCED << 4;

    if (tag->nano != 0) {
        p = put_u8(put_u8(p, (uint8_t)(top | TAG_MODEX)), 3 - 1);
        p = put_u8(put_u24(p, tag->nano), (uint8_t)(TAG_TIMESTAMP_OFFSET << 4 | outer));
    } else {
        p = put_u8(p, (uint8_t)(top | outer));
    }
    if (is_command)
        return put_u8(p, tag->command);
    if (tag->track != 0)
        p = put_u8(p, (uint8_t)(TAG_AS_ONE << 4 | inner));
    p = put_u32(p, tag->fourcc);
    if (tag->track != 0)
        p = put_u8(p, tag->track);
    return has_composition(tag) ? put_u24(p, (uint32_t)tag->composition_ms & 0xFFFFFF) : p;
}

static uint8_t *put_legacy(uint8_t *p, const struct rtmp_tag *tag)
{
    if (tag->packet == RTMP_TAG_SILENCE)
        return p;
    if (tag->kind == RTMP_TAG_AUDIO) {
        p = put_u8(p, (uint8_t)(tag->codec << 4 | tag->sound));
        return tag->codec == RTMP_AUDIO_AAC ? put_u8(p, tag->packet == RTMP_TAG_CODED) : p;
    }
    p = put_u8(p, (uint8_t)(tag->frame << 4 | tag->codec));
    if (tag->packet == RTMP_TAG_COMMAND)
        return put_u8(p, tag->command);
    if (!tag_is_avc_form(tag->codec))
        return p;
    unsigned packet = tag->packet == RTMP_TAG_CODED_X ? RTMP_TAG_CODED : tag->packet;
    p = put_u8(p, (uint8_t)tag_number_of(RTMP_TAG_VIDEO, packet));
    return put_u24(p, (uint32_t)tag->composition_ms & 0xFFFFFF);
}

int rtmp_tag_write(const struct rtmp_tag *tag, uint8_t *out, size_t cap, size_t *written)
{
    if (!is_writable(tag))
        return RTMP_E_RANGE;
    uint8_t head[RTMP_TAG_HEAD_MAX];
    size_t length = (size_t)((tag->enhanced ? put_enhanced(head, tag) : put_legacy(head, tag)) - head);
    if (cap < length)
        return RTMP_E_SPACE;
    put_bytes(out, head, length);
    *written = length;
    return 0;
}
