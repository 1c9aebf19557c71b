/* SPDX-License-Identifier: MIT */
/**
 * @file  Aggregate: one message of type 22 that carries several, as FLV carries tags.
 *
 * Source  RTMP 1.0, 7.1.6; docs/wire.md 3.2.
 * Owner   Everything is lent; nothing is allocated.
 * Thread  A reader belongs to one thread at a time; the writer is stateless.
 * Since   0.1
 */
#ifndef RTMPWIRE_AGGREGATE_H
#define RTMPWIRE_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/chunk.h>
#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fields are the reader's own. */
struct rtmp_aggregate_reader {
    struct rtmp_message whole;
    const uint8_t *next;
    size_t left;
    uint32_t first_ms;
    bool begun;
};

/** Start at the first message inside. `aggregate` is copied, its payload lent for as long as the reader is used. */
RTMP_API void rtmp_aggregate_reader_init(struct rtmp_aggregate_reader *reader, const struct rtmp_message *aggregate);

/**
 * The next message inside, with chunk stream and message stream of the aggregate and its time counted from the
 * aggregate's: the first one has the time of the aggregate itself.
 *
 * message  out: its payload points into that of the aggregate
 *
 * Returns 0; RTMP_E_MORE there is none left; RTMP_E_TRUNCATED a message is cut short (a missing end of the last back
 * pointer is not an error); RTMP_E_UNSUPPORTED an aggregate or a control message inside.
 */
RTMP_API RTMP_MUST_USE int rtmp_aggregate_next(struct rtmp_aggregate_reader *reader, struct rtmp_message *message);

/** Bytes that rtmp_aggregate_write() needs for a message of `length` bytes. */
RTMP_API size_t rtmp_aggregate_span(uint32_t length);

/**
 * Write one message as part of the body of an aggregate, whose own time must be that of its first part.
 *
 * info      lent; type, time_ms and length are used
 * payload   lent; may be NULL when info->length is 0
 * written   out: bytes written, equal to rtmp_aggregate_span()
 *
 * Returns 0; RTMP_E_RANGE too long, or a type that may not be inside; RTMP_E_SPACE.
 */
RTMP_API RTMP_MUST_USE int rtmp_aggregate_write(const struct rtmp_message_info *info, const uint8_t *payload,
                                                uint8_t *out, size_t cap, size_t *written);

#ifdef __cplusplus
}
#endif
#endif
