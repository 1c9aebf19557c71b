/* SPDX-License-Identifier: MIT */
#include <rtmpwire/aggregate.h>
#include <rtmpwire/message.h>

#include "bytes.h"

enum { HEADER = 11, BACK_POINTER = 4 };

static bool may_be_inside(uint8_t type) { return type > RTMP_TYPE_SET_PEER_BANDWIDTH && type != RTMP_TYPE_AGGREGATE; }

void rtmp_aggregate_reader_init(struct rtmp_aggregate_reader *reader, const struct rtmp_message *aggregate)
{
    *reader = (struct rtmp_aggregate_reader){
        .whole = *aggregate, .next = aggregate->payload, .left = aggregate->info.length};
}

int rtmp_aggregate_next(struct rtmp_aggregate_reader *reader, struct rtmp_message *message)
{
    const uint8_t *p = reader->next;
    if (reader->left == 0)
        return RTMP_E_MORE;
    if (reader->left < HEADER)
        return RTMP_E_TRUNCATED;
    uint32_t length = get_u24(p + 1);
    if (reader->left - HEADER < length)
        return RTMP_E_TRUNCATED;
    if (!may_be_inside(p[0]))
        return RTMP_E_UNSUPPORTED;

    uint32_t time_ms = (uint32_t)p[7] << 24 | get_u24(p + 4);
    if (!reader->begun)
        reader->first_ms = time_ms;
    reader->begun = true;
    message->info = reader->whole.info;
    message->info.type = p[0];
    message->info.length = length;
    message->info.time_ms += time_ms - reader->first_ms;
    message->payload = p + HEADER;

    size_t size = rtmp_aggregate_span(length); /* some senders leave out the last back pointer, or a part of it */
    if (size > reader->left)
        size = reader->left;
    reader->next += size;
    reader->left -= size;
    return 0;
}

size_t rtmp_aggregate_span(uint32_t length) { return HEADER + (size_t)length + BACK_POINTER; }

int rtmp_aggregate_write(const struct rtmp_message_info *info, const uint8_t *payload, uint8_t *out, size_t cap,
                         size_t *written)
{
    if (info->length > RTMP_MESSAGE_MAX || !may_be_inside(info->type))
        return RTMP_E_RANGE;
    size_t span = rtmp_aggregate_span(info->length);
    if (cap < span)
        return RTMP_E_SPACE;
    out = put_u24(put_u8(out, info->type), info->length);
    out = put_u8(put_u24(out, info->time_ms & 0xFFFFFF), (uint8_t)(info->time_ms >> 24));
    out = put_u24(out, 0); /* the aggregate's own message stream counts */
    out = put_bytes(out, payload, info->length);
    put_u32(out, HEADER + info->length);
    *written = span;
    return 0;
}
