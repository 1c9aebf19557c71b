/* SPDX-License-Identifier: MIT */
/**
 * @file  Memory for one message's values: taken piece by piece, given back all at once.
 *
 * Owner   The arena, on its owner's storage, owns every piece until reset or finish. Idle it holds nothing.
 * Thread  One thread at a time.
 * Since   0.1
 */
#ifndef RTMPWIRE_ARENA_H
#define RTMPWIRE_ARENA_H

#include <stddef.h>

#include <rtmpwire/alloc.h>
#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtmp_arena_block;

/** Fields are the arena's own, except where they say otherwise. */
struct rtmp_arena {
    struct rtmp_allocator allocator;
    struct rtmp_arena_block *newest;
    size_t budget;
    size_t used; /**< readable: bytes taken since the last reset, padding included */
};

/** `allocator` is copied; `budget` is the most bytes that may be taken between two resets. Allocates nothing yet. */
RTMP_API void rtmp_arena_init(struct rtmp_arena *arena, const struct rtmp_allocator *allocator, size_t budget);

/** Give everything back and start anew. */
RTMP_API void rtmp_arena_reset(struct rtmp_arena *arena);

/** Give everything back. */
RTMP_API void rtmp_arena_finish(struct rtmp_arena *arena);

/** `size` bytes, aligned for any value of this library, not cleared; NULL: out of memory or over the budget. */
RTMP_API void *rtmp_arena_take(struct rtmp_arena *arena, size_t size);

/** A copy of `length` bytes with a NUL behind it; NULL as above. */
RTMP_API char *rtmp_arena_copy(struct rtmp_arena *arena, const void *bytes, size_t length);

/** Why the last take of `size` bytes failed: RTMP_E_BYTES over the budget, else RTMP_E_MEMORY. */
RTMP_API int rtmp_arena_error(const struct rtmp_arena *arena, size_t size);

#ifdef __cplusplus
}
#endif
#endif
