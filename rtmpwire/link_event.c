/* SPDX-License-Identifier: MIT */
/* Messages that mean the same to both roles, as events. */
#include "link.h"

#include <string.h>

#include <rtmpwire/amf0.h>

enum {
    WINDOW_MIN = 16384, /* a tiny window would make acknowledgements answer each other for ever */
    AMF0_STRING = 0x02
};

/* Protocol and user control */

static int handle_control(struct link *link, const struct rtmp_message *message, struct rtmp_event *event)
{
    struct rtmp_control control;
    if (rtmp_control_parse(message->info.type, message->payload, message->info.length, &control))
        return rtmp_link_odd(link);
    switch (control.type) {
    case RTMP_TYPE_ACK:
        event->type = RTMP_EVENT_ACK;
        event->ack.received = control.value;
        return EVENT_READY;
    case RTMP_TYPE_WINDOW_ACK_SIZE:
        link->window_in = control.value > WINDOW_MIN ? control.value : WINDOW_MIN;
        return 0;
    case RTMP_TYPE_SET_PEER_BANDWIDTH:
        if (control.value == link->window_out || control.value == 0)
            return 0;
        link->window_out = control.value;
        return rtmp_link_write_control(link, RTMP_TYPE_WINDOW_ACK_SIZE, control.value, 0);
    default: /* chunk size and abort: the reader has obeyed */
        return 0;
    }
}

static int handle_user_control(struct link *link, uint32_t now_ms, const struct rtmp_message *message,
                               struct rtmp_event *event)
{
    struct rtmp_user_control user;
    if (rtmp_user_control_parse(message->payload, message->info.length, &user))
        return rtmp_link_odd(link);
    event->stream_id = user.value;
    switch (user.event) {
    case RTMP_EVENT_PING_REQUEST:
        return rtmp_link_write_user(link, RTMP_EVENT_PING_RESPONSE, user.value, 0);
    case RTMP_EVENT_PING_RESPONSE:
        event->type = RTMP_EVENT_PONG;
        event->stream_id = 0;
        event->pong = (struct rtmp_event_pong){.sent_ms = user.value, .rtt_ms = now_ms - user.value};
        return EVENT_READY;
    case RTMP_EVENT_STREAM_BEGIN:
        event->type = RTMP_EVENT_BEGIN;
        return EVENT_READY;
    case RTMP_EVENT_STREAM_EOF:
        event->type = RTMP_EVENT_EOF;
        return EVENT_READY;
    case RTMP_EVENT_SET_BUFFER_LENGTH:
        event->type = RTMP_EVENT_BUFFER_LENGTH;
        event->buffer_length.length_ms = user.buffer_ms;
        return EVENT_READY;
    default:
        link->stats.messages_ignored++;
        return 0;
    }
}

int rtmp_link_handle(struct link *link, uint32_t now_ms, const struct rtmp_message *message, struct rtmp_event *event)
{
    const struct rtmp_message_info *info = &message->info;
    if (rtmp_is_protocol_control(info->type))
        return handle_control(link, message, event);
    if (info->type == RTMP_TYPE_USER_CONTROL)
        return handle_user_control(link, now_ms, message, event);
    if (info->type == RTMP_TYPE_SHARED_OBJECT_AMF0 || info->type == RTMP_TYPE_SHARED_OBJECT_AMF3) {
        event->type = RTMP_EVENT_SHARED_OBJECT;
        event->shared_object = (struct rtmp_event_shared_object){
            .message_type = info->type, .length = info->length, .body = message->payload};
        return EVENT_READY;
    }
    link->stats.messages_ignored++;
    return 0;
}

/* Media and data */

static int handle_bad_data(struct link *link, int code)
{
    return code == RTMP_E_MEMORY ? code : rtmp_link_bad_values(link, code);
}

/* The next value of a data message; its end where a value has to be is a fault. */
static int need(struct rtmp_amf_reader *reader, struct rtmp_text *text)
{
    struct rtmp_value *value;
    int rc = rtmp_amf0_read(reader, &value);
    if (rc)
        return rc == RTMP_E_MORE ? RTMP_E_TRUNCATED : rc;
    if (rtmp_value_type(value) != RTMP_STRING)
        return RTMP_E_MALFORMED;
    *text = rtmp_value_text(value);
    return 0;
}

static int read_handler(struct rtmp_amf_reader *reader, struct rtmp_event_data *data)
{
    size_t start = reader->at;
    int rc = need(reader, &data->name);
    if (rc == 0 && rtmp_text_is(data->name, "@setDataFrame"))
        data->kind = RTMP_DATA_SET_FRAME;
    else if (rc == 0 && rtmp_text_is(data->name, "@clearDataFrame"))
        data->kind = RTMP_DATA_CLEAR_FRAME;
    if (data->kind != RTMP_DATA_PLAIN) {
        start = reader->at;
        rc = need(reader, &data->name);
    }
    data->body = reader->data + start;
    data->length = (uint32_t)(reader->length - start);
    return rc;
}

static int read_arguments(struct rtmp_amf_reader *reader, struct rtmp_event_data *data)
{
    struct rtmp_value *value, *arguments = rtmp_value_new_array(reader->arena);
    if (!arguments)
        return rtmp_arena_error(reader->arena, sizeof *arguments);
    int rc;
    while ((rc = rtmp_amf0_read(reader, &value)) == 0) {
        rc = rtmp_value_push(reader->arena, arguments, value);
        if (rc)
            return rc;
    }
    data->arguments = arguments;
    return rc == RTMP_E_MORE ? 0 : rc;
}

/* Type 15 starts with a format byte 0, which some senders leave out; behind it both types are AMF0. */
static int handle_data(struct link *link, const struct rtmp_message *message, struct rtmp_event *event)
{
    const uint8_t *body = message->payload;
    uint32_t length = message->info.length;
    if (rtmp_link_is_artefact(link, message))
        return 0;
    if (message->info.type == RTMP_TYPE_DATA_AMF3 && body[0] != AMF0_STRING) {
        if (body[0] != 0)
            return rtmp_link_odd(link);
        body++;
        length--;
    }
    struct rtmp_value_limits limits = {
        .depth = link->limits.amf_depth, .nodes = link->limits.amf_nodes, .bytes = link->limits.amf_bytes};
    struct rtmp_amf_reader reader;
    rtmp_amf_reader_init(&reader, body, length, &link->arena, &limits);
    struct rtmp_event_data *data = &event->data;
    *data = (struct rtmp_event_data){.kind = RTMP_DATA_PLAIN, .time_ms = message->info.time_ms};
    int rc = read_handler(&reader, data);
    rc = rc ? rc : read_arguments(&reader, data);
    if (rc)
        return handle_bad_data(link, rc);
    event->type = RTMP_EVENT_DATA;
    return EVENT_READY;
}

int rtmp_link_handle_media(struct link *link, const struct rtmp_message *message, struct rtmp_event *event)
{
    const struct rtmp_message_info *info = &message->info;
    if (info->type == RTMP_TYPE_DATA_AMF0 || info->type == RTMP_TYPE_DATA_AMF3)
        return handle_data(link, message, event);
    event->type = info->type == RTMP_TYPE_AUDIO ? RTMP_EVENT_AUDIO : RTMP_EVENT_VIDEO;
    event->media = (struct rtmp_event_media){
        .time_ms = info->time_ms, .length = info->length, .body = message->payload};
    return EVENT_READY;
}

bool rtmp_link_is_artefact(struct link *link, const struct rtmp_message *message)
{
    if (message->info.length > 0 && !(message->info.length == 4 && message->payload[0] == 0))
        return false;
    link->stats.messages_ignored++;
    return true;
}
