/* SPDX-License-Identifier: MIT */
#include "link.h"

#include <string.h>

#include <rtmpwire/amf0.h>

#include "connect.h"

enum { OUT_FIRST = 512 };

/* The output */

static int reserve(struct link *link, size_t length)
{
    size_t waiting = link->out_end - link->out_start;
    if (length > link->limits.output || waiting > link->limits.output - length)
        return RTMP_E_OUTPUT;
    if (link->out_cap - link->out_end >= length)
        return 0;
    if (link->out_start > 0) {
        memmove(link->out, link->out + link->out_start, waiting);
        link->out_start = 0;
        link->out_end = waiting;
        if (link->out_cap - link->out_end >= length)
            return 0;
    }
    size_t cap = link->out_cap * 2 > OUT_FIRST ? link->out_cap * 2 : OUT_FIRST;
    if (cap < waiting + length)
        cap = waiting + length;
    uint8_t *out = link->allocator.resize(link->allocator.user, link->out, link->out_cap, cap);
    if (!out)
        return RTMP_E_MEMORY;
    link->out = out;
    link->out_cap = cap;
    return 0;
}

const uint8_t *rtmp_link_output(const struct link *link, size_t *length)
{
    *length = link->out_end - link->out_start;
    return *length > 0 ? link->out + link->out_start : NULL;
}

void rtmp_link_sent(struct link *link, size_t length)
{
    link->out_start += length;
    if (link->out_start < link->out_end || !link->out)
        return;
    (void)link->allocator.resize(link->allocator.user, link->out, link->out_cap, 0);
    link->out = NULL;
    link->out_start = link->out_end = link->out_cap = 0;
    rtmp_buffer_finish(&link->body);
}

size_t rtmp_link_mark(const struct link *link) { return link->out_end - link->out_start; }

int rtmp_link_rewind(struct link *link, size_t mark, int code)
{
    if (code) {
        link->stats.bytes_out -= rtmp_link_mark(link) - mark;
        link->out_end = link->out_start + mark;
    }
    return code;
}

int rtmp_link_flush_handshake(struct link *link)
{
    size_t length;
    const uint8_t *bytes = rtmp_handshake_output(link->handshake, &length);
    if (length == 0)
        return 0;
    int rc = reserve(link, length);
    if (rc)
        return rc;
    memcpy(link->out + link->out_end, bytes, length);
    link->out_end += length;
    link->stats.bytes_out += length;
    rtmp_handshake_sent(link->handshake, length);
    return 0;
}

/* Messages */

int rtmp_link_write(struct link *link, uint8_t type, uint32_t stream_id, uint32_t time_ms, const uint8_t *body,
                    size_t length)
{
    if (length > RTMP_MESSAGE_MAX)
        return RTMP_E_RANGE;
    struct rtmp_message_info info = {.csid = rtmp_csid_for(type, stream_id),
                                     .time_ms = time_ms,
                                     .length = (uint32_t)length,
                                     .stream_id = stream_id,
                                     .type = type};
    size_t span = rtmp_chunk_span(&info, link->chunk_size);
    int rc = reserve(link, span);
    if (rc == 0)
        rc = rtmp_chunk_write(&info, body, link->chunk_size, link->out + link->out_end, span, &span);
    if (rc)
        return rc;
    link->out_end += span;
    link->stats.bytes_out += span;
    return 0;
}

int rtmp_link_write_control(struct link *link, uint8_t type, uint32_t value, uint8_t limit)
{
    struct rtmp_control control = {.type = type, .value = value, .limit = limit};
    uint8_t body[RTMP_CONTROL_MAX];
    size_t length;
    int rc = rtmp_control_write(&control, body, sizeof body, &length);
    return rc ? rc : rtmp_link_write(link, type, 0, 0, body, length);
}

int rtmp_link_write_user(struct link *link, uint16_t event, uint32_t value, uint32_t buffer_ms)
{
    struct rtmp_user_control user = {.event = event, .value = value, .buffer_ms = buffer_ms};
    uint8_t body[16];
    size_t length;
    int rc = rtmp_user_control_write(&user, body, sizeof body, &length);
    return rc ? rc : rtmp_link_write(link, RTMP_TYPE_USER_CONTROL, 0, 0, body, length);
}

int rtmp_link_write_media(struct link *link, uint8_t type, uint32_t stream_id, uint32_t time_ms, const uint8_t *body,
                          size_t length)
{
    switch (type) {
    case RTMP_TYPE_AUDIO:
    case RTMP_TYPE_VIDEO:
    case RTMP_TYPE_DATA_AMF0:
    case RTMP_TYPE_DATA_AMF3:
    case RTMP_TYPE_AGGREGATE:
        return rtmp_link_write(link, type, stream_id, time_ms, body, length);
    default:
        return RTMP_E_RANGE;
    }
}

int rtmp_link_write_shared_object(struct link *link, uint8_t type, const uint8_t *body, size_t length)
{
    if (type != RTMP_TYPE_SHARED_OBJECT_AMF0 && type != RTMP_TYPE_SHARED_OBJECT_AMF3)
        return RTMP_E_RANGE;
    return rtmp_link_write(link, type, 0, 0, body, length);
}

/* Bodies made of values */

struct rtmp_buffer *rtmp_link_begin_body(struct link *link)
{
    rtmp_buffer_clear(&link->body);
    return &link->body;
}

int rtmp_link_write_body(struct link *link, uint8_t type, uint32_t stream_id, uint32_t time_ms)
{
    return rtmp_link_write(link, type, stream_id, time_ms, link->body.data, link->body.length);
}

/* Type 17 is type 20 behind a format byte 0: its values are AMF0, but for those that only AMF3 has. */
static int begin_command(struct link *link)
{
    rtmp_buffer_clear(&link->body);
    return link->amf3_commands ? rtmp_buffer_append(&link->body, "", 1) : 0;
}

int rtmp_link_begin_command(struct link *link, const char *name, double transaction_id)
{
    int rc = begin_command(link);
    return rc ? rc : rtmp_command_write(&link->body, name, transaction_id);
}

int rtmp_link_write_command(struct link *link, uint32_t stream_id)
{
    uint8_t type = link->amf3_commands ? RTMP_TYPE_COMMAND_AMF3 : RTMP_TYPE_COMMAND_AMF0;
    return rtmp_link_write_body(link, type, stream_id, 0);
}

int rtmp_link_write_status(struct link *link, uint32_t stream_id, const char *name, double transaction_id,
                           const struct rtmp_status *status)
{
    int rc = begin_command(link);
    rc = rc ? rc : rtmp_command_write_status(&link->body, name, transaction_id, status);
    return rc ? rc : rtmp_link_write_command(link, stream_id);
}

int rtmp_link_write_result(struct link *link, double transaction_id, const struct rtmp_value *value)
{
    if (transaction_id == 0)
        return 0;
    int rc = rtmp_link_begin_command(link, "_result", transaction_id);
    rc = rc ? rc : rtmp_amf0_write(&link->body, value ? value : rtmp_value_new_null());
    return rc ? rc : rtmp_link_write_command(link, 0);
}

int rtmp_link_write_error(struct link *link, double transaction_id, const struct rtmp_status *status)
{
    static const struct rtmp_status call_failed = {
        .level = "error", .code = "NetConnection.Call.Failed", .description = "Method not found."};
    if (transaction_id == 0)
        return 0;
    return rtmp_link_write_status(link, 0, "_error", transaction_id, status ? status : &call_failed);
}

int rtmp_link_write_call(struct link *link, uint32_t stream_id, const char *name, double transaction_id,
                         const struct rtmp_value *arguments)
{
    int rc = begin_command(link);
    rc = rc ? rc : rtmp_command_write_call(&link->body, name, transaction_id, NULL, arguments);
    return rc ? rc : rtmp_link_write_command(link, stream_id);
}

int rtmp_link_write_data(struct link *link, uint32_t stream_id, uint32_t time_ms, const char *name,
                         const struct rtmp_value *arguments)
{
    struct rtmp_buffer *body = rtmp_link_begin_body(link);
    int rc = rtmp_amf0_write_text(body, name);
    rc = rc ? rc : rtmp_put_items(body, arguments, &(uint32_t){0});
    return rc ? rc : rtmp_link_write_body(link, RTMP_TYPE_DATA_AMF0, stream_id, time_ms);
}
