/* SPDX-License-Identifier: MIT */
#include <rtmpwire/shared_object.h>

#include <rtmpwire/buffer.h>
#include <rtmpwire/chunk.h>
#include <rtmpwire/message.h>

#include "bytes.h"

enum {
    PERSISTENT = 2,
    HEAD_REST = 4 + 4 + 4, /* behind the name: version, flags, a word that is always 0 */
    EVENT_HEAD = 1 + 4,
};

struct input {
    const uint8_t *next;
    size_t left;
};

static void advance(struct input *in, size_t n)
{
    in->next += n;
    in->left -= n;
}

static bool is_shared_object(uint8_t type)
{
    return type == RTMP_TYPE_SHARED_OBJECT_AMF0 || type == RTMP_TYPE_SHARED_OBJECT_AMF3;
}

/* Reading */

static int take_name(struct input *in, const char **name, size_t *name_length)
{
    if (in->left < 2)
        return RTMP_E_TRUNCATED;
    size_t length = get_u16(in->next);
    if (length > RTMP_SHARED_NAME_MAX)
        return RTMP_E_BYTES;
    if (in->left - 2 < length)
        return RTMP_E_TRUNCATED;
    *name = (const char *)in->next + 2;
    *name_length = length;
    advance(in, 2 + length);
    return 0;
}

int rtmp_shared_parse(uint8_t type, const uint8_t *payload, size_t length, struct rtmp_shared_head *head,
                      struct rtmp_shared_reader *reader)
{
    struct input in = {payload, length};
    struct rtmp_shared_head read;
    if (!is_shared_object(type))
        return RTMP_E_RANGE;
    if (type == RTMP_TYPE_SHARED_OBJECT_AMF3) {
        if (length == 0)
            return RTMP_E_TRUNCATED;
        if (payload[0] != 0)
            return RTMP_E_UNSUPPORTED;
        advance(&in, 1);
    }
    int rc = take_name(&in, &read.name, &read.name_length);
    if (rc)
        return rc;
    if (in.left < HEAD_REST)
        return RTMP_E_TRUNCATED;
    read.version = get_u32(in.next);
    read.persistent = (get_u32(in.next + 4) & PERSISTENT) != 0;
    advance(&in, HEAD_REST);
    *head = read;
    *reader = (struct rtmp_shared_reader){.next = in.next, .left = in.left};
    return 0;
}

int rtmp_shared_next(struct rtmp_shared_reader *reader, struct rtmp_shared_event *event)
{
    if (reader->left == 0)
        return RTMP_E_MORE;
    if (reader->n_events == RTMP_SHARED_EVENTS_MAX)
        return RTMP_E_NODES;
    if (reader->left < EVENT_HEAD)
        return RTMP_E_TRUNCATED;
    size_t length = get_u32(reader->next + 1);
    if (reader->left - EVENT_HEAD < length)
        return RTMP_E_TRUNCATED;
    *event = (struct rtmp_shared_event){.type = reader->next[0], .data = reader->next + EVENT_HEAD, .length = length};
    reader->next += EVENT_HEAD + length;
    reader->left -= EVENT_HEAD + length;
    reader->n_events++;
    return 0;
}

int rtmp_shared_take_name(struct rtmp_shared_event *event, const char **name, size_t *name_length)
{
    struct input in = {event->data, event->length};
    int rc = take_name(&in, name, name_length);
    if (rc)
        return rc;
    event->data = in.next;
    event->length = in.left;
    return 0;
}

/* Building: room is made first, so that a body never ends in half an event. */

static uint8_t *put_name(uint8_t *p, const char *name, size_t length)
{
    return put_bytes(put_u16(p, (uint16_t)length), name, length);
}

static uint8_t *end_of(const struct rtmp_buffer *buffer) { return buffer->data + buffer->length; }

static void written_to(struct rtmp_buffer *buffer, const uint8_t *end)
{
    buffer->length = (size_t)(end - buffer->data);
}

int rtmp_shared_begin(struct rtmp_buffer *out, uint8_t type, const struct rtmp_shared_head *head)
{
    bool has_format = type == RTMP_TYPE_SHARED_OBJECT_AMF3;
    if (!is_shared_object(type) || head->name_length > RTMP_SHARED_NAME_MAX)
        return RTMP_E_RANGE;
    int rc = rtmp_buffer_reserve(out, has_format + 2 + head->name_length + HEAD_REST);
    if (rc)
        return rc;
    uint8_t *p = end_of(out);
    if (has_format)
        p = put_u8(p, 0);
    p = put_name(p, head->name, head->name_length);
    p = put_u32(put_u32(put_u32(p, head->version), head->persistent ? PERSISTENT : 0), 0);
    written_to(out, p);
    return 0;
}

int rtmp_shared_append(struct rtmp_buffer *out, uint8_t type, const char *name, size_t name_length,
                       const uint8_t *value, size_t value_length)
{
    if ((name && name_length > RTMP_SHARED_NAME_MAX) || value_length > RTMP_MESSAGE_MAX)
        return RTMP_E_RANGE;
    size_t length = (name ? 2 + name_length : 0) + value_length;
    int rc = rtmp_buffer_reserve(out, EVENT_HEAD + length);
    if (rc)
        return rc;
    uint8_t *p = put_u32(put_u8(end_of(out), type), (uint32_t)length);
    if (name)
        p = put_name(p, name, name_length);
    written_to(out, put_bytes(p, value, value_length));
    return 0;
}

int rtmp_shared_append_status(struct rtmp_buffer *out, const char *code, const char *level)
{
    size_t code_length = strlen(code), level_length = strlen(level);
    if (code_length > RTMP_SHARED_NAME_MAX || level_length > RTMP_SHARED_NAME_MAX)
        return RTMP_E_RANGE;
    size_t length = 2 + code_length + 2 + level_length;
    int rc = rtmp_buffer_reserve(out, EVENT_HEAD + length);
    if (rc)
        return rc;
    uint8_t *p = put_u32(put_u8(end_of(out), RTMP_SHARED_STATUS), (uint32_t)length);
    written_to(out, put_name(put_name(p, code, code_length), level, level_length));
    return 0;
}
