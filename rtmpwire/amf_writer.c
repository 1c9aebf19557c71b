/* SPDX-License-Identifier: MIT */
#include "amf_writer.h"

#include "bytes.h"

int writer_room(struct writer *writer, size_t length, uint8_t **bytes)
{
    int rc = rtmp_buffer_reserve(writer->buffer, length);
    if (rc)
        return rc;
    *bytes = writer->buffer->data + writer->buffer->length;
    writer->buffer->length += length;
    return 0;
}

int writer_u8(struct writer *writer, uint8_t value) { return rtmp_buffer_append(writer->buffer, &value, 1); }

int writer_bytes(struct writer *writer, const void *bytes, size_t length)
{
    return rtmp_buffer_append(writer->buffer, bytes, length);
}

int writer_enter(struct writer *writer)
{
    if (writer->depth >= RTMP_VALUE_DEPTH)
        return RTMP_E_DEPTH;
    if (writer->n_nodes >= RTMP_VALUE_WALK_NODES)
        return RTMP_E_NODES;
    writer->depth++;
    writer->n_nodes++;
    return 0;
}
