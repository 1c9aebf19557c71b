/* SPDX-License-Identifier: MIT */
/* Events as lines of text, so that a whole conversation can be compared at once, and sessions made for tests. */
#ifndef TESTS_RTMPWIRE_SESSION_TRACE_H
#define TESTS_RTMPWIRE_SESSION_TRACE_H

#include <stdio.h>

#include <rtmpwire/client.h>
#include <rtmpwire/message.h>
#include <rtmpwire/server.h>

#include "harness.h"

struct trace {
    char *text;
    size_t length, cap;
};

__attribute__((format(printf, 2, 3))) static inline void trace_line(struct trace *trace, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert_true(length >= 0);
    size_t needed = trace->length + (size_t)length + 2;
    if (needed > trace->cap) {
        trace->cap = 2 * needed;
        trace->text = realloc(trace->text, trace->cap);
        assert_non_null(trace->text);
    }
    va_start(arguments, format);
    vsnprintf(trace->text + trace->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    trace->length += (size_t)length;
    memcpy(trace->text + trace->length++, "\n", 2);
}

static inline void trace_clear(struct trace *trace)
{
    free(trace->text);
    *trace = (struct trace){0};
}

static inline void assert_trace(const struct trace *trace, const char *expected)
{
    assert_string_equal(trace->text ? trace->text : "", expected);
}

/* So that two bodies of one length that differ give different lines. */
static inline unsigned checksum(const uint8_t *bytes, size_t length)
{
    unsigned sum = 1;
    for (size_t i = 0; i < length; i++)
        sum = sum * 31 + bytes[i];
    return sum & 0xFFFF;
}

static inline void trace_request(struct trace *trace, const struct rtmp_event *event)
{
    const char *name = rtmp_event_name(event->type);
    uint32_t id = event->stream_id;
    switch (event->type) {
    case RTMP_EVENT_CONNECT:
        trace_line(trace, "%s app=%s query=%s tcUrl=%s flashVer=%s encoding=%g", name, event->connect.app.data,
                   event->connect.app_query.data, event->connect.tc_url.data, event->connect.flash_ver.data,
                   event->connect.object_encoding);
        break;
    case RTMP_EVENT_RELEASE:
    case RTMP_EVENT_STREAM_LENGTH:
        trace_line(trace, "%s %s %s?%s id=%g", name, event->release.command.data, event->release.name.data,
                   event->release.query.data, event->release.transaction_id);
        break;
    case RTMP_EVENT_PUBLISH:
        trace_line(trace, "%s %u %s?%s mode=%d", name, id, event->publish.name.data, event->publish.query.data,
                   event->publish.mode);
        break;
    case RTMP_EVENT_PLAY:
        trace_line(trace, "%s %u %s?%s start=%d,%g duration=%g reset=%d", name, id, event->play.name.data,
                   event->play.query.data, event->play.start, event->play.start_ms, event->play.duration_ms,
                   event->play.reset);
        break;
    case RTMP_EVENT_PAUSE:
        trace_line(trace, "%s %u %d at %g", name, id, event->pause.pause, event->pause.time_ms);
        break;
    case RTMP_EVENT_SEEK:
        trace_line(trace, "%s %u %g", name, id, event->seek.time_ms);
        break;
    case RTMP_EVENT_RECEIVE_AUDIO:
    case RTMP_EVENT_RECEIVE_VIDEO:
        trace_line(trace, "%s %u %d", name, id, event->receive.on);
        break;
    case RTMP_EVENT_STOP:
        trace_line(trace, "%s %u cause=%d published=%d pending=%d", name, id, event->stop.cause, event->stop.published,
                   event->stop.pending);
        break;
    case RTMP_EVENT_BUFFER_LENGTH:
        trace_line(trace, "%s %u %u", name, id, event->buffer_length.length_ms);
        break;
    default:
        trace_line(trace, "%s %u", name, id);
    }
}

static inline void trace_reply(struct trace *trace, const struct rtmp_event *event)
{
    const char *name = rtmp_event_name(event->type);
    uint32_t id = event->stream_id;
    switch (event->type) {
    case RTMP_EVENT_CONNECTED:
        trace_line(trace, "%s %s encoding=%g caps=%u codecs=%u", name, event->connected.code.data,
                   event->connected.object_encoding, event->connected.capabilities.caps_ex,
                   event->connected.capabilities.n_codecs);
        break;
    case RTMP_EVENT_REFUSED:
        trace_line(trace, "%s %s '%s' redirect=%s", name, event->refused.code.data, event->refused.description.data,
                   event->refused.redirect.data);
        break;
    case RTMP_EVENT_STREAM_READY:
        trace_line(trace, "%s %u %s purpose=%d", name, id, event->stream_ready.name.data, event->stream_ready.purpose);
        break;
    case RTMP_EVENT_STATUS:
        trace_line(trace, "%s %u %s %s details=%s", name, id, event->status.level.data, event->status.code.data,
                   event->status.details.data);
        break;
    case RTMP_EVENT_RECONNECT_REQUEST:
        trace_line(trace, "%s %s", name, event->reconnect.tc_url.data);
        break;
    default:
        trace_request(trace, event);
    }
}

static inline void trace_event(struct trace *trace, const struct rtmp_event *event)
{
    const char *name = rtmp_event_name(event->type);
    uint32_t id = event->stream_id;
    switch (event->type) {
    case RTMP_EVENT_AUDIO:
    case RTMP_EVENT_VIDEO:
        trace_line(trace, "%s %u at %u: %u bytes %04x", name, id, event->media.time_ms, event->media.length,
                   checksum(event->media.body, event->media.length));
        break;
    case RTMP_EVENT_DATA:
        trace_line(trace, "%s %u at %u: %s kind=%d, %u bytes %04x", name, id, event->data.time_ms,
                   event->data.name.data, event->data.kind, event->data.length,
                   checksum(event->data.body, event->data.length));
        break;
    case RTMP_EVENT_CALL:
        trace_line(trace, "%s %u %s id=%g type=%u", name, id, event->call.name.data, event->call.transaction_id,
                   event->call.message_type);
        break;
    case RTMP_EVENT_RESULT:
        trace_line(trace, "%s id=%g error=%d", name, event->result.transaction_id, event->result.error);
        break;
    case RTMP_EVENT_SHARED_OBJECT:
        trace_line(trace, "%s type=%u %u bytes %04x", name, event->shared_object.message_type,
                   event->shared_object.length, checksum(event->shared_object.body, event->shared_object.length));
        break;
    case RTMP_EVENT_PONG:
        trace_line(trace, "%s %u rtt=%u", name, event->pong.sent_ms, event->pong.rtt_ms);
        break;
    case RTMP_EVENT_ACK:
        trace_line(trace, "%s %u", name, event->ack.received);
        break;
    default:
        trace_reply(trace, event);
    }
}

/* Sessions for tests */

static inline void fill_counting(void *user, uint8_t *out, size_t length)
{
    (void)user;
    for (size_t i = 0; i < length; i++)
        out[i] = (uint8_t)(i * 7 + 1);
}

static const struct rtmp_random counting_random = {fill_counting, NULL};

/* What a server of these tests does with events that want an answer. */
static inline int answer(struct rtmp_server *server, const struct rtmp_event *event)
{
    switch (event->type) {
    case RTMP_EVENT_CONNECT:
        return rtmp_server_accept_connect(server, NULL);
    case RTMP_EVENT_PUBLISH:
        return rtmp_server_accept_publish(server, event->stream_id);
    case RTMP_EVENT_PLAY:
        return rtmp_server_accept_play(server, event->stream_id, false);
    case RTMP_EVENT_STREAM_LENGTH:
        return rtmp_server_reply_result(server, event->release.transaction_id, NULL);
    case RTMP_EVENT_CALL:
        return rtmp_server_reply_error(server, event->call.transaction_id, NULL);
    default:
        return 0;
    }
}

/* Feed one piece, from a block of its own size; events go to the trace and, if `answers`, get their answer. */
static inline int feed_server(struct rtmp_server *server, const uint8_t *data, size_t length, bool answers,
                              struct trace *trace)
{
    uint8_t *piece = malloc(length + (length == 0));
    assert_non_null(piece);
    if (length > 0)
        memcpy(piece, data, length);
    size_t at = 0, used = 0;
    struct rtmp_event event;
    int rc;
    while ((rc = rtmp_server_read(server, 1000, piece + at, length - at, &used, &event)) == 0) {
        at += used;
        trace_event(trace, &event);
        if (answers && (rc = answer(server, &event)))
            break;
    }
    if (rc == RTMP_E_MORE)
        assert_int_equal(at + used, length);
    free(piece);
    return rc;
}

static inline int feed_client(struct rtmp_client *client, const uint8_t *data, size_t length, struct trace *trace)
{
    size_t used = 0;
    struct rtmp_event event;
    int rc;
    while ((rc = rtmp_client_read(client, 1000, data, length, &used, &event)) == 0) {
        data += used;
        length -= used;
        trace_event(trace, &event);
    }
    return rc;
}

static inline struct rtmp_server *make_server(struct heap *heap, const struct rtmp_session_limits *limits)
{
    struct rtmp_allocator allocator = heap_allocator(heap);
    struct rtmp_server_config config = {.allocator = &allocator, .random = &counting_random};
    if (limits)
        config.limits = *limits;
    struct rtmp_server *server = NULL;
    assert_int_equal(rtmp_server_create(&config, &server), 0);
    return server;
}

static inline struct rtmp_client *make_client(struct heap *heap)
{
    struct rtmp_allocator allocator = heap_allocator(heap);
    struct rtmp_client_config config = {.allocator = &allocator,
                                        .random = &counting_random,
                                        .app = "live",
                                        .tc_url = "rtmp://host/live",
                                        .type = "nonprivate",
                                        .flash_ver = "FMLE/3.0 (compatible; test)"};
    struct rtmp_client *client = NULL;
    assert_int_equal(rtmp_client_create(&config, &client), 0);
    return client;
}

/* Carry bytes both ways until there are none; what either side hears goes to its trace. */
static inline void converse(struct rtmp_server *server, struct rtmp_client *client, struct trace *heard_by_server,
                            struct trace *heard_by_client)
{
    size_t to_server, to_client;
    do {
        const uint8_t *bytes = rtmp_client_output(client, &to_server);
        if (to_server > 0) {
            assert_int_equal(feed_server(server, bytes, to_server, true, heard_by_server), RTMP_E_MORE);
            rtmp_client_sent(client, to_server);
        }
        bytes = rtmp_server_output(server, &to_client);
        if (to_client > 0) {
            assert_int_equal(feed_client(client, bytes, to_client, heard_by_client), RTMP_E_MORE);
            rtmp_server_sent(server, to_client);
        }
    } while (to_server > 0 || to_client > 0);
}

#endif
