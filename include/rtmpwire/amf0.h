/* SPDX-License-Identifier: MIT */
/**
 * @file  AMF0: reading and writing values.
 *
 * Reading starts a struct rtmp_amf_reader on a message body; one reader has one set of reference tables, shared with
 * AMF3 values inside (marker 0x11, which covers one value). Writing appends to a buffer.
 *
 * Source  AMF 0 (2013); docs/wire.md 4.1.
 * Owner   What is read lives in the arena; the input is only needed during the call.
 * Thread  One thread at a time per reader, arena or buffer.
 * Since   0.1
 */
#ifndef RTMPWIRE_AMF0_H
#define RTMPWIRE_AMF0_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/value.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtmp_amf_class;

/** Entries in the order in which they appeared. */
struct rtmp_amf_table {
    const void **entries; /**< in the arena */
    uint32_t n, cap;
};

/** A message body being read; `at` may be read and moved, the rest is the reader's own. */
struct rtmp_amf_reader {
    const uint8_t *data;
    size_t length, at;
    struct rtmp_arena *arena;
    struct rtmp_value_limits limits;
    size_t arena_max;
    uint32_t depth, n_nodes;
    struct rtmp_amf_table amf0_objects;
    struct rtmp_amf_table strings, objects, classes; /**< AMF3 */
};

/** Begin at the first byte of `data`. limits: NULL, or 0 in a field, means the defaults; copied. */
RTMP_API void rtmp_amf_reader_init(struct rtmp_amf_reader *reader, const uint8_t *data, size_t length,
                                   struct rtmp_arena *arena, const struct rtmp_value_limits *limits);

/**
 * Read the next value. An ECMA array at the top level may end with the message instead of its end marker.
 *
 * value  out: never NULL on success
 *
 * Returns 0; RTMP_E_MORE at the end of the message; RTMP_E_TRUNCATED, RTMP_E_MALFORMED, RTMP_E_REFERENCE,
 * RTMP_E_UNSUPPORTED (an externalizable class that is not known: the rest of the message cannot be read);
 * RTMP_E_DEPTH, RTMP_E_NODES, RTMP_E_BYTES a limit; RTMP_E_MEMORY.
 */
RTMP_API RTMP_MUST_USE int rtmp_amf0_read(struct rtmp_amf_reader *reader, struct rtmp_value **value);

/**
 * Append a value. Integers become numbers; what only AMF3 has goes as AMF3 behind 0x11, without references; in AMF0 a
 * reference is written only where a value contains itself.
 *
 * Returns 0; RTMP_E_DEPTH, RTMP_E_NODES the value is too deep or too large for anybody to read; RTMP_E_RANGE a name is
 * longer than 65535 bytes, or a value that only AMF3 has contains itself; RTMP_E_UNSUPPORTED an object says
 * RTMP_VALUE_EXTERNAL but is of no known class; RTMP_E_SPACE, RTMP_E_MEMORY. On failure the buffer is as before.
 */
RTMP_API RTMP_MUST_USE int rtmp_amf0_write(struct rtmp_buffer *buffer, const struct rtmp_value *value);

/**
 * Append a value that is not the first object or array of its message body: references count from the body's first,
 * so after others rtmp_amf0_write() would make a value that contains itself contain one of them instead.
 *
 * n_complex  in: AMF0 objects and arrays that the body holds before this one, 0 at its beginning, each
 *            rtmp_amf0_begin_object() is one; out: with those of `value`; not touched on failure
 *
 * Returns as rtmp_amf0_write(); RTMP_E_RANGE also for a reference to what stands behind 65535 others.
 */
RTMP_API RTMP_MUST_USE int rtmp_amf0_write_next(struct rtmp_buffer *buffer, const struct rtmp_value *value,
                                                uint32_t *n_complex);

/* Without a tree. Each returns 0, RTMP_E_SPACE, RTMP_E_MEMORY, or RTMP_E_RANGE for a key longer than 65535 bytes. */

RTMP_API RTMP_MUST_USE int rtmp_amf0_write_null(struct rtmp_buffer *buffer);
RTMP_API RTMP_MUST_USE int rtmp_amf0_write_undefined(struct rtmp_buffer *buffer);
RTMP_API RTMP_MUST_USE int rtmp_amf0_write_boolean(struct rtmp_buffer *buffer, bool boolean);
RTMP_API RTMP_MUST_USE int rtmp_amf0_write_number(struct rtmp_buffer *buffer, double number);
RTMP_API RTMP_MUST_USE int rtmp_amf0_write_string(struct rtmp_buffer *buffer, const char *text, size_t length);
RTMP_API RTMP_MUST_USE int rtmp_amf0_write_text(struct rtmp_buffer *buffer, const char *text); /**< NUL-terminated */

/** An object: begin, then for each member a key and a value, then end. */
RTMP_API RTMP_MUST_USE int rtmp_amf0_begin_object(struct rtmp_buffer *buffer);
RTMP_API RTMP_MUST_USE int rtmp_amf0_write_key(struct rtmp_buffer *buffer, const char *name, size_t length);
RTMP_API RTMP_MUST_USE int rtmp_amf0_end_object(struct rtmp_buffer *buffer);

#ifdef __cplusplus
}
#endif
#endif
