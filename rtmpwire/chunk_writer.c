/* SPDX-License-Identifier: MIT */
#include <rtmpwire/chunk.h>

#include <stdbool.h>

#include "bytes.h"

enum {
    TYPE0_HEADER = 11,
    TIME_ESCAPE = 0xFFFFFF, /* in the 24-bit field: the real time follows in 32 bits */
};

static size_t basic_header_size(uint32_t csid) { return csid < 64 ? 1 : csid < 320 ? 2 : 3; }

static uint8_t *put_basic_header(uint8_t *p, unsigned format, uint32_t csid)
{
    unsigned top = format << 6;
    if (csid < 64)
        return put_u8(p, (uint8_t)(top | csid));
    if (csid < 320)
        return put_u8(put_u8(p, (uint8_t)top), (uint8_t)(csid - 64));
    return put_u16le(put_u8(p, (uint8_t)(top | 1)), (uint16_t)(csid - 64));
}

static bool is_extended(const struct rtmp_message_info *info) { return info->time_ms >= TIME_ESCAPE; }

size_t rtmp_chunk_span(const struct rtmp_message_info *info, uint32_t chunk_size)
{
    size_t n_chunks = info->length ? (info->length + (size_t)chunk_size - 1) / chunk_size : 1;
    size_t per_chunk = basic_header_size(info->csid) + (is_extended(info) ? 4 : 0);
    return TYPE0_HEADER + n_chunks * per_chunk + info->length;
}

int rtmp_chunk_write(const struct rtmp_message_info *info, const uint8_t *payload, uint32_t chunk_size, uint8_t *out,
                     size_t cap, size_t *written)
{
    if (info->csid < 2 || info->csid > RTMP_CSID_MAX || info->length > RTMP_MESSAGE_MAX || chunk_size == 0 ||
        chunk_size > 0x7FFFFFFF)
        return RTMP_E_RANGE;
    size_t span = rtmp_chunk_span(info, chunk_size);
    if (cap < span)
        return RTMP_E_SPACE;

    bool extended = is_extended(info);
    uint8_t *p = put_basic_header(out, 0, info->csid);
    p = put_u24(p, extended ? TIME_ESCAPE : info->time_ms);
    p = put_u24(p, info->length);
    p = put_u8(p, info->type);
    p = put_u32le(p, info->stream_id);
    if (extended)
        p = put_u32(p, info->time_ms);

    for (size_t done = 0; done < info->length;) {
        if (done > 0) {
            p = put_basic_header(p, 3, info->csid);
            if (extended) /* ffmpeg and librtmp lose the stream without it */
                p = put_u32(p, info->time_ms);
        }
        size_t n = info->length - done < chunk_size ? info->length - done : chunk_size;
        p = put_bytes(p, payload + done, n);
        done += n;
    }
    *written = span;
    return 0;
}
