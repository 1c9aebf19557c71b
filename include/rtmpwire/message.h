/* SPDX-License-Identifier: MIT */
/**
 * @file  Messages: their types, the bodies of protocol and user control, and where messages travel by convention.
 *
 * Source  RTMP 1.0, 5.4, 6.2 and 7.1; docs/wire.md 2.6 and 3.
 * Owner   Parsed bodies point into the payload; nothing is allocated.
 * Thread  Stateless: any thread.
 * Since   0.1
 */
#ifndef RTMPWIRE_MESSAGE_H
#define RTMPWIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rtmp_message_type {
    RTMP_TYPE_SET_CHUNK_SIZE = 1,
    RTMP_TYPE_ABORT = 2,
    RTMP_TYPE_ACK = 3,
    RTMP_TYPE_USER_CONTROL = 4,
    RTMP_TYPE_WINDOW_ACK_SIZE = 5,
    RTMP_TYPE_SET_PEER_BANDWIDTH = 6,
    RTMP_TYPE_AUDIO = 8,
    RTMP_TYPE_VIDEO = 9,
    RTMP_TYPE_DATA_AMF3 = 15,
    RTMP_TYPE_SHARED_OBJECT_AMF3 = 16,
    RTMP_TYPE_COMMAND_AMF3 = 17,
    RTMP_TYPE_DATA_AMF0 = 18,
    RTMP_TYPE_SHARED_OBJECT_AMF0 = 19,
    RTMP_TYPE_COMMAND_AMF0 = 20,
    RTMP_TYPE_AGGREGATE = 22,
};

enum {
    RTMP_CSID_CONTROL = 2, /**< types 1 to 6, always on message stream 0 */
    RTMP_CSID_COMMAND = 3, /**< commands and shared objects of the connection */
    RTMP_CSID_AUDIO = 4,   /**< of message stream 1, as the next two */
    RTMP_CSID_STATUS = 5,  /**< commands and data of a message stream */
    RTMP_CSID_VIDEO = 6,
};

/** The chunk stream on which we send such messages. A receiver routes by stream_id, never by this. */
RTMP_API uint32_t rtmp_csid_for(uint8_t type, uint32_t stream_id);

/** Types 1, 2, 3, 5 and 6. */
RTMP_API bool rtmp_is_protocol_control(uint8_t type);

enum rtmp_bandwidth_limit {
    RTMP_BANDWIDTH_HARD = 0,
    RTMP_BANDWIDTH_SOFT = 1,
    RTMP_BANDWIDTH_DYNAMIC = 2,
};

/** The body of a message of type 1, 2, 3, 5 or 6. */
struct rtmp_control {
    uint8_t type;   /**< enum rtmp_message_type */
    uint32_t value; /**< chunk size, csid, bytes received modulo 2^32, or window */
    uint8_t limit;  /**< enum rtmp_bandwidth_limit; type 6 only, else 0 */
};

enum { RTMP_CONTROL_MAX = 5 }; /**< bytes of the longest body of protocol control */

/**
 * Read a body; bytes behind it are ignored.
 *
 * Returns 0; RTMP_E_TRUNCATED; RTMP_E_RANGE `type` is not protocol control.
 */
RTMP_API RTMP_MUST_USE int rtmp_control_parse(uint8_t type, const uint8_t *payload, size_t length,
                                              struct rtmp_control *control);

/**
 * Write a body. Set Chunk Size must be in 1..0x7FFFFFFF.
 *
 * written  out: 4, or 5 for type 6
 *
 * Returns 0; RTMP_E_RANGE the type is not protocol control or the value not allowed; RTMP_E_SPACE.
 */
RTMP_API RTMP_MUST_USE int rtmp_control_write(const struct rtmp_control *control, uint8_t *out, size_t cap,
                                              size_t *written);

enum rtmp_user_event {
    RTMP_EVENT_STREAM_BEGIN = 0,
    RTMP_EVENT_STREAM_EOF = 1,
    RTMP_EVENT_STREAM_DRY = 2,
    RTMP_EVENT_SET_BUFFER_LENGTH = 3,
    RTMP_EVENT_STREAM_IS_RECORDED = 4,
    RTMP_EVENT_PING_REQUEST = 6,
    RTMP_EVENT_PING_RESPONSE = 7,
    RTMP_EVENT_SWF_VERIFY_REQUEST = 26,
    RTMP_EVENT_SWF_VERIFY_RESPONSE = 27,
    RTMP_EVENT_BUFFER_EMPTY = 31,
    RTMP_EVENT_BUFFER_READY = 32,
};

/** The body of a message of type 4. */
struct rtmp_user_control {
    uint16_t event;      /**< enum rtmp_user_event, or one that nobody has documented: to be ignored */
    uint32_t value;      /**< message stream, or the time of a ping; 0 where the event has none */
    uint32_t buffer_ms;  /**< RTMP_EVENT_SET_BUFFER_LENGTH, else 0 */
    const uint8_t *data; /**< events 26, 27 and unknown ones: all that follows the event; else NULL */
    size_t data_length;
};

/**
 * Read a body; bytes behind it are ignored. user->data is lent from `payload`.
 *
 * Returns 0; RTMP_E_TRUNCATED shorter than the event needs.
 */
RTMP_API RTMP_MUST_USE int rtmp_user_control_parse(const uint8_t *payload, size_t length,
                                                   struct rtmp_user_control *user);

/** Write a body: the fields that the event has. Returns 0; RTMP_E_SPACE. */
RTMP_API RTMP_MUST_USE int rtmp_user_control_write(const struct rtmp_user_control *user, uint8_t *out, size_t cap,
                                                   size_t *written);

#ifdef __cplusplus
}
#endif
#endif
