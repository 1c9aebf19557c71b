/* SPDX-License-Identifier: MIT */
/*
 * What both roles are built on: bytes to messages and back, and everything that no caller wants to hear of.
 *
 * Input runs handshake → chunk reader → aggregate reader. While `holding` is set, input is kept unread; it is read
 * first once that ends. Output is one row of whole messages; the memory goes when the last byte is sent.
 *
 * A link that failed stays failed: rtmp_link_fail() notes the first reason, every later read returns it.
 */
#ifndef RTMPWIRE_LINK_H
#define RTMPWIRE_LINK_H

#include <rtmpwire/aggregate.h>
#include <rtmpwire/alloc.h>
#include <rtmpwire/arena.h>
#include <rtmpwire/buffer.h>
#include <rtmpwire/chunk.h>
#include <rtmpwire/command.h>
#include <rtmpwire/event.h>
#include <rtmpwire/handshake.h>
#include <rtmpwire/message.h>
#include <rtmpwire/session.h>
#include <rtmpwire/value.h>

enum {
    EVENT_READY = 1, /* what handlers return besides 0 (nothing to tell) and errors */
    WINDOW_DEFAULT = 2500000,
};

struct link {
    struct rtmp_allocator allocator;
    struct rtmp_random random;
    struct rtmp_session_limits limits; /* defaults filled in */

    struct rtmp_handshake *handshake;       /* NULL once done */
    uint8_t challenge[RTMP_CHALLENGE_SIZE]; /* of the handshake that is done */
    struct rtmp_chunk_reader reader;
    struct rtmp_aggregate_reader aggregate;
    struct rtmp_arena arena; /* of the event given out last */

    uint8_t *hold;
    size_t hold_start, hold_end, hold_cap;

    uint8_t *out;
    size_t out_start, out_end, out_cap;
    struct rtmp_buffer body; /* of the message being written */
    uint32_t chunk_size;     /* ours */

    uint32_t window_in;     /* the peer wants to be told every so many bytes */
    uint32_t window_out;    /* what we asked of the peer last; 0: nothing yet */
    uint64_t acked;         /* reader.bytes_received as last told */
    uint64_t ack_base;      /* what acknowledgement numbers count from */
    uint64_t message_start; /* input bytes before the message being read or handled */
    uint64_t message_end;   /* and behind the last whole one */

    struct rtmp_session_stats stats;
    int error;
    const char *rule;
    bool amf3_commands; /* write commands as type 17 */
    bool in_aggregate;
    bool holding;
    bool deaf; /* over in good order: input is consumed and ignored */
};

void rtmp_link_init(struct link *link, const struct rtmp_allocator *allocator, const struct rtmp_random *random,
                    const struct rtmp_session_limits *limits);
void rtmp_link_finish(struct link *link);

/* Note the first failure; returns its code. rule NULL: the text of the code. */
int rtmp_link_fail(struct link *link, int code, const char *rule);
void rtmp_link_failure(const struct link *link, struct rtmp_failure *failure);

/* An oddity is survived, unless there have been too many: 0 or RTMP_E_ODDITIES. */
int rtmp_link_odd(struct link *link);

/* A command or data message that could not be read: the second one whose fault is a limit ends the session. */
int rtmp_link_bad_values(struct link *link, int code);

/* Use the limits that hold after connect. */
void rtmp_link_connected(struct link *link);

/* The next message that is not handled below; 0, RTMP_E_MORE or a failure. As rtmp_chunk_read otherwise. */
int rtmp_link_read(struct link *link, const uint8_t *data, size_t length, size_t *used, struct rtmp_message *message);

/* Handle what both roles treat alike: control and shared objects; audio, video and data. 0, EVENT_READY or an error. */
int rtmp_link_handle(struct link *link, uint32_t now_ms, const struct rtmp_message *message, struct rtmp_event *event);
int rtmp_link_handle_media(struct link *link, const struct rtmp_message *message, struct rtmp_event *event);

/* A command or data message that says nothing, such as the 4 bytes of ffmpeg's data tracks; it is counted. */
bool rtmp_link_is_artefact(struct link *link, const struct rtmp_message *message);

/* Writing. Each returns 0, RTMP_E_MEMORY or RTMP_E_OUTPUT, and writes a whole message or nothing. */
int rtmp_link_write(struct link *link, uint8_t type, uint32_t stream_id, uint32_t time_ms, const uint8_t *body,
                    size_t length);
int rtmp_link_write_control(struct link *link, uint8_t type, uint32_t value, uint8_t limit);
int rtmp_link_write_user(struct link *link, uint16_t event, uint32_t value, uint32_t buffer_ms);
int rtmp_link_flush_handshake(struct link *link);

/* rtmp_link_begin_body() empties link->body for the writers of amf0.h; rtmp_link_write_body() sends it. A command's
 * body is begun with its name, its transaction and null, and goes in the form that the peer asked for. Where more than
 * one message belongs together, rtmp_link_mark() and rtmp_link_rewind() take all of them back when one fails. */
struct rtmp_buffer *rtmp_link_begin_body(struct link *link);
int rtmp_link_write_body(struct link *link, uint8_t type, uint32_t stream_id, uint32_t time_ms);
int rtmp_link_begin_command(struct link *link, const char *name, double transaction_id);
int rtmp_link_write_command(struct link *link, uint32_t stream_id);
size_t rtmp_link_mark(const struct link *link);
int rtmp_link_rewind(struct link *link, size_t mark, int code);

int rtmp_link_write_status(struct link *link, uint32_t stream_id, const char *name, double transaction_id,
                           const struct rtmp_status *status);
int rtmp_link_write_result(struct link *link, double transaction_id, const struct rtmp_value *value);
int rtmp_link_write_error(struct link *link, double transaction_id, const struct rtmp_status *status);
int rtmp_link_write_call(struct link *link, uint32_t stream_id, const char *name, double transaction_id,
                         const struct rtmp_value *arguments);
int rtmp_link_write_data(struct link *link, uint32_t stream_id, uint32_t time_ms, const char *name,
                         const struct rtmp_value *arguments);
int rtmp_link_write_media(struct link *link, uint8_t type, uint32_t stream_id, uint32_t time_ms, const uint8_t *body,
                          size_t length);
int rtmp_link_write_shared_object(struct link *link, uint8_t type, const uint8_t *body, size_t length);

const uint8_t *rtmp_link_output(const struct link *link, size_t *length);
void rtmp_link_sent(struct link *link, size_t length);

#endif
