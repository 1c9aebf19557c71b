/* SPDX-License-Identifier: MIT */
/* What the AMF0 and AMF3 writers share. */
#ifndef RTMPWIRE_AMF_WRITER_H
#define RTMPWIRE_AMF_WRITER_H

#include <rtmpwire/value.h>

/** Values are written into `buffer`; both counters bound the walk over a tree that may contain itself. */
struct writer {
    struct rtmp_buffer *buffer;
    uint32_t depth, n_nodes;
};

/** `length` bytes to be filled by the caller, at the buffer's end. */
int writer_room(struct writer *writer, size_t length, uint8_t **bytes);
int writer_u8(struct writer *writer, uint8_t value);
int writer_bytes(struct writer *writer, const void *bytes, size_t length);

/** One level deeper; leave with writer->depth--. */
int writer_enter(struct writer *writer);

/** One AMF3 value inside an AMF0 one, without references; RTMP_E_RANGE if it contains itself. */
int amf3_write_inside(struct writer *writer, const struct rtmp_value *value);

struct amf3_writer;

/** One value inside another, with the tables of the message. */
int amf3_write_value(struct amf3_writer *amf3, const struct rtmp_value *value);
int amf3_write_u8(struct amf3_writer *amf3, uint8_t value);

/** The body of an externalizable object. */
int flex_write(struct amf3_writer *amf3, const struct rtmp_value *value);

#endif
