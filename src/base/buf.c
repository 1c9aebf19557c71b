/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024 }; /* a queue that is empty has no memory: what comes at once should find room at once */

void ph_buf_init(struct ph_buf *buf, size_t max) { *buf = (struct ph_buf){.max = max}; }

void ph_buf_finish(struct ph_buf *buf)
{
    free(buf->bytes);
    ph_buf_init(buf, buf->max);
}

static int grow(struct ph_buf *buf, size_t needed)
{
    size_t cap = buf->cap ? buf->cap : FIRST_CAP < buf->max ? FIRST_CAP : buf->max;
    while (cap < needed)
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    uint8_t *bytes = realloc(buf->bytes, cap);
    if (!bytes)
        return -ENOMEM;
    buf->bytes = bytes;
    buf->cap = cap;
    return 0;
}

int ph_buf_reserve(struct ph_buf *buf, size_t length, uint8_t **place)
{
    if (length > ph_buf_room(buf))
        return -ENOSPC;
    size_t queued = ph_buf_length(buf);
    if (buf->cap - buf->end < length) {
        if (queued + length > buf->cap) {
            int err = grow(buf, queued + length);
            if (err)
                return err;
        }
        if (buf->cap - buf->end < length) {
            memmove(buf->bytes, buf->bytes + buf->start, queued);
            buf->start = 0;
            buf->end = queued;
        }
    }
    *place = buf->bytes ? buf->bytes + buf->end : NULL;
    return 0;
}

void ph_buf_commit(struct ph_buf *buf, size_t length)
{
    buf->end += length;
    if (ph_buf_length(buf) == 0)
        ph_buf_finish(buf);
}

int ph_buf_append(struct ph_buf *buf, const void *bytes, size_t length)
{
    uint8_t *place;
    int err = ph_buf_reserve(buf, length, &place);
    if (err)
        return err;
    if (length > 0)
        memcpy(place, bytes, length);
    ph_buf_commit(buf, length);
    return 0;
}

void ph_buf_consume(struct ph_buf *buf, size_t length)
{
    buf->start += length;
    if (ph_buf_length(buf) == 0)
        ph_buf_finish(buf);
}
