/* SPDX-License-Identifier: MIT */
#include <rtmpwire/buffer.h>

#include <string.h>

enum { FIRST_CAP = 128 };

void rtmp_buffer_init(struct rtmp_buffer *buffer, const struct rtmp_allocator *allocator, size_t max)
{
    *buffer = (struct rtmp_buffer){.allocator = *allocator, .max = max};
}

void rtmp_buffer_finish(struct rtmp_buffer *buffer)
{
    if (buffer->data)
        (void)buffer->allocator.resize(buffer->allocator.user, buffer->data, buffer->cap, 0);
    buffer->data = NULL;
    buffer->length = buffer->cap = 0;
}

void rtmp_buffer_clear(struct rtmp_buffer *buffer) { buffer->length = 0; }

int rtmp_buffer_reserve(struct rtmp_buffer *buffer, size_t length)
{
    if (length > buffer->max - buffer->length)
        return RTMP_E_SPACE;
    size_t needed = buffer->length + length;
    if (needed <= buffer->cap)
        return 0;
    size_t cap = buffer->cap > 0 ? buffer->cap : FIRST_CAP / 2;
    cap = cap > buffer->max / 2 ? buffer->max : cap * 2;
    if (cap < needed)
        cap = needed;
    uint8_t *data = buffer->allocator.resize(buffer->allocator.user, buffer->data, buffer->cap, cap);
    if (!data)
        return RTMP_E_MEMORY;
    buffer->data = data;
    buffer->cap = cap;
    return 0;
}

int rtmp_buffer_append(struct rtmp_buffer *buffer, const void *bytes, size_t length)
{
    int rc = rtmp_buffer_reserve(buffer, length);
    if (rc)
        return rc;
    if (length > 0)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    return 0;
}
