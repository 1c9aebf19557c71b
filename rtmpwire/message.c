/* SPDX-License-Identifier: MIT */
#include <rtmpwire/message.h>

#include "bytes.h"

enum {
    CSIDS_PER_STREAM = 8,
    STREAMS_APART = 8192, /* message streams beyond these share chunk streams, which 16 bits of csid force upon us */
};

uint32_t rtmp_csid_for(uint8_t type, uint32_t stream_id)
{
    if (type <= RTMP_TYPE_SET_PEER_BANDWIDTH)
        return RTMP_CSID_CONTROL;
    bool media = type == RTMP_TYPE_AUDIO || type == RTMP_TYPE_VIDEO || type == RTMP_TYPE_AGGREGATE;
    if (stream_id == 0 && !media)
        return RTMP_CSID_COMMAND;
    uint32_t first = type == RTMP_TYPE_AUDIO ? RTMP_CSID_AUDIO : media ? RTMP_CSID_VIDEO : RTMP_CSID_STATUS;
    return first + (stream_id ? (stream_id - 1) % STREAMS_APART : 0) * CSIDS_PER_STREAM;
}

/* Protocol control */

bool rtmp_is_protocol_control(uint8_t type)
{
    return type >= RTMP_TYPE_SET_CHUNK_SIZE && type <= RTMP_TYPE_SET_PEER_BANDWIDTH && type != RTMP_TYPE_USER_CONTROL;
}

static size_t control_size(uint8_t type) { return type == RTMP_TYPE_SET_PEER_BANDWIDTH ? 5 : 4; }

int rtmp_control_parse(uint8_t type, const uint8_t *payload, size_t length, struct rtmp_control *control)
{
    if (!rtmp_is_protocol_control(type))
        return RTMP_E_RANGE;
    if (length < control_size(type))
        return RTMP_E_TRUNCATED;
    control->type = type;
    control->value = get_u32(payload);
    control->limit = type == RTMP_TYPE_SET_PEER_BANDWIDTH ? payload[4] : 0;
    return 0;
}

int rtmp_control_write(const struct rtmp_control *control, uint8_t *out, size_t cap, size_t *written)
{
    if (!rtmp_is_protocol_control(control->type))
        return RTMP_E_RANGE;
    if (control->type == RTMP_TYPE_SET_CHUNK_SIZE && (control->value == 0 || control->value > 0x7FFFFFFF))
        return RTMP_E_RANGE;
    size_t size = control_size(control->type);
    if (cap < size)
        return RTMP_E_SPACE;
    out = put_u32(out, control->value);
    if (control->type == RTMP_TYPE_SET_PEER_BANDWIDTH)
        put_u8(out, control->limit);
    *written = size;
    return 0;
}

/* User control */

enum layout { LAYOUT_VALUE, LAYOUT_VALUE_AND_BUFFER, LAYOUT_BYTES };

static enum layout layout_of(uint16_t event)
{
    switch (event) {
    case RTMP_EVENT_STREAM_BEGIN:
    case RTMP_EVENT_STREAM_EOF:
    case RTMP_EVENT_STREAM_DRY:
    case RTMP_EVENT_STREAM_IS_RECORDED:
    case RTMP_EVENT_PING_REQUEST:
    case RTMP_EVENT_PING_RESPONSE:
    case RTMP_EVENT_BUFFER_EMPTY:
    case RTMP_EVENT_BUFFER_READY:
        return LAYOUT_VALUE;
    case RTMP_EVENT_SET_BUFFER_LENGTH:
        return LAYOUT_VALUE_AND_BUFFER;
    default:
        return LAYOUT_BYTES;
    }
}

int rtmp_user_control_parse(const uint8_t *payload, size_t length, struct rtmp_user_control *user)
{
    static const size_t sizes[] = {[LAYOUT_VALUE] = 6, [LAYOUT_VALUE_AND_BUFFER] = 10, [LAYOUT_BYTES] = 2};
    if (length < 2)
        return RTMP_E_TRUNCATED;
    struct rtmp_user_control read = {.event = get_u16(payload)};
    enum layout layout = layout_of(read.event);
    if (length < sizes[layout])
        return RTMP_E_TRUNCATED;
    if (layout == LAYOUT_BYTES) {
        read.data = payload + 2;
        read.data_length = length - 2;
    } else {
        read.value = get_u32(payload + 2);
        if (layout == LAYOUT_VALUE_AND_BUFFER)
            read.buffer_ms = get_u32(payload + 6);
    }
    *user = read;
    return 0;
}

int rtmp_user_control_write(const struct rtmp_user_control *user, uint8_t *out, size_t cap, size_t *written)
{
    enum layout layout = layout_of(user->event);
    size_t size = layout == LAYOUT_VALUE ? 6 : layout == LAYOUT_VALUE_AND_BUFFER ? 10 : 2 + user->data_length;
    if (cap < size)
        return RTMP_E_SPACE;
    out = put_u16(out, user->event);
    if (layout == LAYOUT_BYTES) {
        put_bytes(out, user->data, user->data_length);
    } else {
        out = put_u32(out, user->value);
        if (layout == LAYOUT_VALUE_AND_BUFFER)
            put_u32(out, user->buffer_ms);
    }
    *written = size;
    return 0;
}
