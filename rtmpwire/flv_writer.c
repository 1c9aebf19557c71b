/* SPDX-License-Identifier: MIT */
#include <rtmpwire/flv.h>

#include "bytes.h"

int rtmp_flv_header_write(bool has_audio, bool has_video, uint8_t *out, size_t cap, size_t *written)
{
    if (cap < RTMP_FLV_HEADER_SIZE)
        return RTMP_E_SPACE;
    out = put_bytes(out, "FLV\1", 4);
    out = put_u8(out, (uint8_t)((has_audio ? 4 : 0) | (has_video ? 1 : 0)));
    out = put_u32(out, RTMP_FLV_HEADER_SIZE - RTMP_FLV_TAG_TAIL_SIZE);
    put_u32(out, 0);
    *written = RTMP_FLV_HEADER_SIZE;
    return 0;
}

size_t rtmp_flv_tag_span(uint32_t length) { return RTMP_FLV_TAG_HEAD_SIZE + (size_t)length + RTMP_FLV_TAG_TAIL_SIZE; }

int rtmp_flv_tag_write(const struct rtmp_flv_tag *tag, uint8_t *out, size_t cap, size_t *written)
{
    enum { TYPE_MAX = 0x1F, FILTER = 0x20 };
    if (tag->type > TYPE_MAX || tag->length > RTMP_FLV_BODY_MAX)
        return RTMP_E_RANGE;
    size_t span = rtmp_flv_tag_span(tag->length);
    if (cap < span)
        return RTMP_E_SPACE;
    out = put_u8(out, (uint8_t)(tag->type | (tag->filtered ? FILTER : 0)));
    out = put_u24(out, tag->length);
    out = put_u8(put_u24(out, tag->time_ms & 0xFFFFFF), (uint8_t)(tag->time_ms >> 24));
    out = put_u24(out, 0);
    out = put_bytes(out, tag->body, tag->length);
    put_u32(out, RTMP_FLV_TAG_HEAD_SIZE + tag->length);
    *written = span;
    return 0;
}
