/* SPDX-License-Identifier: MIT */
#include "link.h"

#include <string.h>

#include "bytes.h"

enum { TEXTS_MAX = 256 << 10 }; /* beside the values of a message: copies of names */

static const uint64_t ack_restart_at = 0xF0000000; /* FMLE disconnects when numbers pass this */

static uint32_t or_default(uint32_t value, uint32_t standard) { return value > 0 ? value : standard; }

static struct rtmp_session_limits with_defaults(const struct rtmp_session_limits *asked)
{
    return (struct rtmp_session_limits){
        .chunk_size_min = or_default(asked->chunk_size_min, 1),
        .chunk_streams = or_default(asked->chunk_streams, 64),
        .message_streams = or_default(asked->message_streams, 16),
        .message_before = or_default(asked->message_before, 32 << 10),
        .message_command = or_default(asked->message_command, 512 << 10),
        .message_media = or_default(asked->message_media, 8 << 20),
        .partial_before = or_default(asked->partial_before, 64 << 10),
        .partial = or_default(asked->partial, 16 << 20),
        .hold = or_default(asked->hold, 64 << 10),
        .output = or_default(asked->output, 1 << 20),
        .amf_depth = or_default(asked->amf_depth, 32),
        .amf_nodes = or_default(asked->amf_nodes, 10000),
        .amf_bytes = or_default(asked->amf_bytes, 2 << 20),
        .oddities = or_default(asked->oddities, 100),
        .acknowledge_restarts = asked->acknowledge_restarts,
    };
}

static struct rtmp_chunk_limits chunk_limits(const struct rtmp_session_limits *limits, bool connected)
{
    return (struct rtmp_chunk_limits){
        .message_max = connected ? limits->message_command : limits->message_before,
        .media_max = connected ? limits->message_media : limits->message_before,
        .partial_max = connected ? limits->partial : limits->partial_before,
        .chunk_size_min = limits->chunk_size_min,
        .n_streams_max = limits->chunk_streams,
    };
}

void rtmp_link_init(struct link *link, const struct rtmp_allocator *allocator, const struct rtmp_random *random,
                    const struct rtmp_session_limits *limits)
{
    *link = (struct link){.allocator = *allocator,
                          .random = *random,
                          .limits = with_defaults(limits),
                          .chunk_size = RTMP_CHUNK_SIZE_DEFAULT,
                          .window_in = WINDOW_DEFAULT,
                          .rule = ""};
    struct rtmp_chunk_limits before = chunk_limits(&link->limits, false);
    rtmp_chunk_reader_init(&link->reader, &link->allocator, &before);
    rtmp_arena_init(&link->arena, &link->allocator, (size_t)link->limits.amf_bytes + TEXTS_MAX);
    rtmp_buffer_init(&link->body, &link->allocator, RTMP_MESSAGE_MAX);
}

static void drop_hold(struct link *link)
{
    if (link->hold)
        (void)link->allocator.resize(link->allocator.user, link->hold, link->hold_cap, 0);
    link->hold = NULL;
    link->hold_start = link->hold_end = link->hold_cap = 0;
}

void rtmp_link_finish(struct link *link)
{
    rtmp_handshake_destroy(link->handshake);
    rtmp_chunk_reader_finish(&link->reader);
    rtmp_arena_finish(&link->arena);
    rtmp_buffer_finish(&link->body);
    drop_hold(link);
    if (link->out)
        (void)link->allocator.resize(link->allocator.user, link->out, link->out_cap, 0);
}

/* The end, and what leads to it */

int rtmp_link_fail(struct link *link, int code, const char *rule)
{
    if (!link->error) {
        link->error = code;
        link->rule = rule ? rule : rtmp_error_text(code);
    }
    return link->error;
}

void rtmp_link_failure(const struct link *link, struct rtmp_failure *failure)
{
    *failure = (struct rtmp_failure){
        .code = link->error, .offset = link->error ? link->message_start : 0, .rule = link->rule};
}

int rtmp_link_odd(struct link *link)
{
    return ++link->stats.oddities > link->limits.oddities ? rtmp_link_fail(link, RTMP_E_ODDITIES, NULL) : 0;
}

int rtmp_link_bad_values(struct link *link, int code)
{
    if (code == RTMP_E_MEMORY)
        return rtmp_link_fail(link, code, NULL);
    if (rtmp_error_class(code) == RTMP_CLASS_LIMIT && ++link->stats.bad_commands > 1)
        return rtmp_link_fail(link, code, NULL);
    return rtmp_link_odd(link);
}

void rtmp_link_connected(struct link *link)
{
    struct rtmp_chunk_limits limits = chunk_limits(&link->limits, true);
    rtmp_chunk_reader_set_limits(&link->reader, &limits);
}

/* Input */

static int hold(struct link *link, const uint8_t *data, size_t length)
{
    if (length > link->limits.hold || link->hold_end > link->limits.hold - length)
        return rtmp_link_fail(link, RTMP_E_ORDER, "the peer sent too much before its connect was answered");
    if (length == 0)
        return 0;
    size_t cap = link->hold_end + length;
    uint8_t *bytes = link->allocator.resize(link->allocator.user, link->hold, link->hold_cap, cap);
    if (!bytes)
        return rtmp_link_fail(link, RTMP_E_MEMORY, NULL);
    link->hold = bytes;
    link->hold_cap = cap;
    memcpy(link->hold + link->hold_end, data, length);
    link->hold_end += length;
    return 0;
}

static int acknowledge(struct link *link)
{
    uint64_t received = link->reader.bytes_received;
    if (received - link->acked < link->window_in / 2)
        return 0;
    link->acked = received;
    if (link->limits.acknowledge_restarts && received - link->ack_base >= ack_restart_at)
        link->ack_base = received;
    return rtmp_link_write_control(link, RTMP_TYPE_ACK, (uint32_t)(received - link->ack_base), 0);
}

static int read_handshake(struct link *link, const uint8_t *data, size_t length, size_t *used)
{
    int rc = rtmp_handshake_read(link->handshake, data, length, used);
    if (rc && rc != RTMP_E_MORE)
        return rtmp_link_fail(link, rc, NULL);
    link->stats.bytes_in += *used;
    int written = rtmp_link_flush_handshake(link);
    if (written)
        return rtmp_link_fail(link, written, NULL);
    if (rc)
        return rc;
    memcpy(link->challenge, rtmp_handshake_challenge(link->handshake), sizeof link->challenge);
    rtmp_handshake_destroy(link->handshake);
    link->handshake = NULL;
    link->message_end = link->stats.bytes_in;
    return 0;
}

/* Sets *message and returns EVENT_READY, or returns 0 when nothing is left of the aggregate. */
static int read_aggregate(struct link *link, struct rtmp_message *message)
{
    int rc = rtmp_aggregate_next(&link->aggregate, message);
    if (rc == 0)
        return EVENT_READY;
    link->in_aggregate = false;
    return rc == RTMP_E_MORE ? 0 : rtmp_link_odd(link);
}

static int read_chunks(struct link *link, const uint8_t *data, size_t length, size_t *used,
                       struct rtmp_message *message)
{
    link->message_start = link->message_end;
    int rc = rtmp_chunk_read(&link->reader, data, length, used, message);
    if (rc && rc != RTMP_E_MORE)
        return rtmp_link_fail(link, rc, NULL);
    link->stats.bytes_in += *used;
    int written = acknowledge(link);
    if (written)
        return rtmp_link_fail(link, written, NULL);
    if (rc)
        return rc;
    link->message_end = link->stats.bytes_in;
    link->stats.messages_in++;
    if (message->info.type != RTMP_TYPE_AGGREGATE)
        return 0;
    rtmp_aggregate_reader_init(&link->aggregate, message);
    link->in_aggregate = true;
    return 0;
}

/* As rtmp_link_read(), but from one piece of input. */
static int take(struct link *link, const uint8_t *data, size_t length, size_t *used, struct rtmp_message *message)
{
    size_t done = 0;
    int rc = 0;
    for (;;) {
        if (link->in_aggregate) {
            rc = read_aggregate(link, message);
            if (rc) {
                *used = done;
                return rc == EVENT_READY ? 0 : rc;
            }
        }
        size_t n = 0;
        const uint8_t *rest = length > done ? data + done : data;
        if (link->handshake) {
            rc = read_handshake(link, rest, length - done, &n);
            done += n;
            if (rc == 0)
                continue;
        } else {
            rc = read_chunks(link, rest, length - done, &n, message);
            done += n;
            if (rc == 0 && link->in_aggregate)
                continue;
        }
        *used = done;
        return rc;
    }
}

int rtmp_link_read(struct link *link, const uint8_t *data, size_t length, size_t *used, struct rtmp_message *message)
{
    size_t n = 0;
    *used = 0;
    if (link->error)
        return link->error;
    if (link->deaf) {
        *used = length;
        return RTMP_E_MORE;
    }
    if (link->holding) {
        int rc = hold(link, data, length);
        *used = rc ? 0 : length;
        return rc ? rc : RTMP_E_MORE;
    }
    if (link->hold_start < link->hold_end || link->in_aggregate) {
        const uint8_t *held = link->hold ? link->hold + link->hold_start : NULL;
        int rc = take(link, held, link->hold_end - link->hold_start, &n, message);
        link->hold_start += n;
        if (rc != RTMP_E_MORE)
            return rc;
    }
    drop_hold(link); /* only now: the message or aggregate given out before may have been lying there */
    return take(link, data, length, used, message);
}
