/* SPDX-License-Identifier: MIT */
/**
 * @file  Bytes that grow up to a maximum given at birth.
 *
 * Owner   The buffer, on its owner's storage, owns its bytes until clear or finish.
 * Thread  One thread at a time.
 * Since   0.1
 */
#ifndef RTMPWIRE_BUFFER_H
#define RTMPWIRE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/alloc.h>
#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All fields may be read; `length` may be made smaller. */
struct rtmp_buffer {
    struct rtmp_allocator allocator;
    uint8_t *data;
    size_t length, cap, max;
};

/** `allocator` is copied; `max` is the most bytes it will ever hold. Allocates nothing yet. */
RTMP_API void rtmp_buffer_init(struct rtmp_buffer *buffer, const struct rtmp_allocator *allocator, size_t max);

/** Free the bytes; the buffer may be used again. */
RTMP_API void rtmp_buffer_finish(struct rtmp_buffer *buffer);

/** Empty it, keep the memory. */
RTMP_API void rtmp_buffer_clear(struct rtmp_buffer *buffer);

/** Room for `length` more bytes behind the last. Returns 0; RTMP_E_SPACE over `max`; RTMP_E_MEMORY. */
RTMP_API RTMP_MUST_USE int rtmp_buffer_reserve(struct rtmp_buffer *buffer, size_t length);

/** Append a copy. Returns 0, or as rtmp_buffer_reserve() and nothing is appended. */
RTMP_API RTMP_MUST_USE int rtmp_buffer_append(struct rtmp_buffer *buffer, const void *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
