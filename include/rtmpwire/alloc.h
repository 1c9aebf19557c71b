/* SPDX-License-Identifier: MIT */
/**
 * @file  The memory a caller lends to the library: one function.
 *
 * The library never calls malloc. An allocator over libc is three lines: see examples/.
 *
 * Owner   The caller owns the allocator and keeps it alive longer than every object made with it.
 * Thread  Called only on the thread that uses the object.
 * Since   0.1
 */
#ifndef RTMPWIRE_ALLOC_H
#define RTMPWIRE_ALLOC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtmp_allocator {
    /**
     * Resize `block` from `old_size` to `new_size` bytes, as realloc does; NULL with 0 allocates, `new_size` 0 frees
     * and returns NULL. NULL for another `new_size` means out of memory; `block` is then unchanged.
     */
    void *(*resize)(void *user, void *block, size_t old_size, size_t new_size);
    void *user; /**< handed back to resize */
};

#ifdef __cplusplus
}
#endif
#endif
