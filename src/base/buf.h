/* SPDX-License-Identifier: MIT */
/**
 * @file  Byte queue: bytes go in at the end and leave at the front, up to a maximum given at birth.
 *
 * Its memory grows as bytes arrive and is freed when the last byte leaves: an idle queue costs its struct only.
 *
 * Thread  One.
 * Since   0.1
 */
#ifndef PH_BASE_BUF_H
#define PH_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct ph_buf {
    uint8_t *bytes;    /**< private */
    size_t start, end; /**< private: what is queued lies between */
    size_t cap;        /**< private */
    size_t max;        /**< the most that may be queued */
};

void ph_buf_init(struct ph_buf *buf, size_t max);

void ph_buf_finish(struct ph_buf *buf);

static inline size_t ph_buf_length(const struct ph_buf *buf) { return buf->end - buf->start; }

/** How many bytes still fit. */
static inline size_t ph_buf_room(const struct ph_buf *buf) { return buf->max - ph_buf_length(buf); }

/** The first queued byte; valid until the next call that changes the queue; NULL when it is empty. */
static inline const uint8_t *ph_buf_data(const struct ph_buf *buf)
{
    return ph_buf_length(buf) ? buf->bytes + buf->start : NULL;
}

/** Queue `length` bytes, all or none. Returns 0; -ENOSPC beyond `max`; -ENOMEM. */
PH_MUST_USE int ph_buf_append(struct ph_buf *buf, const void *bytes, size_t length);

/**
 * Make place for `length` more bytes at the end; write there, then ph_buf_commit() what was written.
 * Returns 0; -ENOSPC beyond `max`; -ENOMEM.
 */
PH_MUST_USE int ph_buf_reserve(struct ph_buf *buf, size_t length, uint8_t **place);

/** Queue the first `length` bytes of the place last reserved; also with 0, so that an unused place is freed. */
void ph_buf_commit(struct ph_buf *buf, size_t length);

/** Drop `length` bytes at the front, at most ph_buf_length(). */
void ph_buf_consume(struct ph_buf *buf, size_t length);

#endif
