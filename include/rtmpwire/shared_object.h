/* SPDX-License-Identifier: MIT */
/**
 * @file  Shared objects: the bodies of messages of type 19 and 16, as a head and a row of events.
 *
 * Values inside events stay bytes: the AMF reader and writer of this library take them from here.
 *
 * Source  RTMP 1.0, 7.1.3; the numbers and layouts have no public source but docs/wire.md 6.
 * Owner   Parsed parts point into the payload; the builder appends to the caller's buffer.
 * Thread  One thread at a time per object.
 * Since   0.1
 */
#ifndef RTMPWIRE_SHARED_OBJECT_H
#define RTMPWIRE_SHARED_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtmp_buffer;

enum {
    RTMP_SHARED_NAME_MAX = 255,   /**< bytes in the name of an object or of a property */
    RTMP_SHARED_EVENTS_MAX = 256, /**< events in one message */
};

enum rtmp_shared_event_type {
    RTMP_SHARED_USE = 1,             /**< to the server; no data */
    RTMP_SHARED_RELEASE = 2,         /**< to the server; no data */
    RTMP_SHARED_REQUEST_CHANGE = 3,  /**< to the server; pairs of name and value */
    RTMP_SHARED_CHANGE = 4,          /**< to clients; pairs of name and value */
    RTMP_SHARED_SUCCESS = 5,         /**< to the client that asked; name */
    RTMP_SHARED_SEND = 6,            /**< both ways; values: the handler's name with its marker, then arguments */
    RTMP_SHARED_STATUS = 7,          /**< to clients; two names: code, level */
    RTMP_SHARED_CLEAR = 8,           /**< to clients; no data */
    RTMP_SHARED_REMOVE = 9,          /**< to clients; name */
    RTMP_SHARED_REQUEST_REMOVE = 10, /**< to the server; name */
    RTMP_SHARED_USE_SUCCESS = 11,    /**< to clients; no data */
    RTMP_SHARED_REQUEST_CLEAR = 14,  /**< to the server; no data; rare */
};

/** What a message says about the object. */
struct rtmp_shared_head {
    const char *name; /**< UTF-8, not terminated; lent */
    size_t name_length;
    uint32_t version; /**< to the server: the last one the client knows; to clients: the current one */
    bool persistent;
};

/** One event; also the rest of it, while names and values are taken off its front. */
struct rtmp_shared_event {
    uint8_t type;        /**< enum rtmp_shared_event_type, or unknown: to be ignored */
    const uint8_t *data; /**< lent from the payload */
    size_t length;
};

/** Fields are the reader's own. */
struct rtmp_shared_reader {
    const uint8_t *next;
    size_t left;
    uint32_t n_events;
};

/**
 * Read the head of a body.
 *
 * type             RTMP_TYPE_SHARED_OBJECT_AMF0 or _AMF3 (whose body starts with one byte more)
 * payload, length  lent for as long as the reader and its events are used
 * head             out
 * reader           out: stands before the first event
 *
 * Returns 0; RTMP_E_TRUNCATED; RTMP_E_UNSUPPORTED the format byte of type 16 is not 0; RTMP_E_BYTES the name is longer
 * than RTMP_SHARED_NAME_MAX; RTMP_E_RANGE `type` is another.
 */
RTMP_API RTMP_MUST_USE int rtmp_shared_parse(uint8_t type, const uint8_t *payload, size_t length,
                                             struct rtmp_shared_head *head, struct rtmp_shared_reader *reader);

/**
 * The next event.
 *
 * Returns 0; RTMP_E_MORE there is none left; RTMP_E_TRUNCATED; RTMP_E_NODES more than RTMP_SHARED_EVENTS_MAX.
 */
RTMP_API RTMP_MUST_USE int rtmp_shared_next(struct rtmp_shared_reader *reader, struct rtmp_shared_event *event);

/**
 * Take a name off the front of an event: afterwards its data starts behind the name, with the value if it has one.
 * After reading that value, move data and length behind it, and take the next name while length is not 0.
 *
 * name    out: UTF-8, not terminated; lent from the payload
 *
 * Returns 0; RTMP_E_TRUNCATED; RTMP_E_BYTES longer than RTMP_SHARED_NAME_MAX. The event is untouched on failure.
 */
RTMP_API RTMP_MUST_USE int rtmp_shared_take_name(struct rtmp_shared_event *event, const char **name,
                                                 size_t *name_length);

/**
 * Begin a body: append the head.
 *
 * Returns 0; RTMP_E_RANGE `type` is neither 19 nor 16, or the name is too long; RTMP_E_MEMORY or RTMP_E_SPACE from the
 * buffer, which is then unchanged.
 */
RTMP_API RTMP_MUST_USE int rtmp_shared_begin(struct rtmp_buffer *out, uint8_t type,
                                             const struct rtmp_shared_head *head);

/**
 * Append one event.
 *
 * type   enum rtmp_shared_event_type
 * name   lent; NULL for an event without one, such as Clear, or Send, whose name is a value
 * value  lent: encoded values, `value_length` bytes; may be NULL when that is 0
 *
 * Returns 0; RTMP_E_RANGE name or value is too long; RTMP_E_MEMORY or RTMP_E_SPACE as above.
 */
RTMP_API RTMP_MUST_USE int rtmp_shared_append(struct rtmp_buffer *out, uint8_t type, const char *name,
                                              size_t name_length, const uint8_t *value, size_t value_length);

/** Append a Status event; both strings are terminated. Returns as rtmp_shared_append(). */
RTMP_API RTMP_MUST_USE int rtmp_shared_append_status(struct rtmp_buffer *out, const char *code, const char *level);

#ifdef __cplusplus
}
#endif
#endif
