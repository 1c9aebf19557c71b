/* SPDX-License-Identifier: MIT */
/* What fuzz targets share: a heap that counts, a running hash of everything observed, and checks that end the run. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/alloc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A finding, also in builds without assertions. */
#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                  \
        }                                                                             \
    } while (0)

struct fuzz_heap {
    size_t live_bytes, peak_bytes;
};

static inline void *fuzz_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    struct fuzz_heap *heap = user;
    heap->live_bytes += new_size - old_size;
    if (heap->live_bytes > heap->peak_bytes)
        heap->peak_bytes = heap->live_bytes;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    void *made = realloc(block, new_size);
    CHECK(made);
    return made;
}

static inline struct rtmp_allocator fuzz_allocator(struct fuzz_heap *heap)
{
    return (struct rtmp_allocator){.resize = fuzz_resize, .user = heap};
}

/* FNV-1a; start with 0. Reads every byte, so that a sanitizer sees each of them. */
static inline uint64_t fuzz_hash(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ p[i]) * 0x100000001B3 + 1;
    return hash;
}

/* Sizes of pieces into which an input is cut, the same for the same seed. */
static inline size_t fuzz_next_size(uint64_t *seed, size_t left)
{
    *seed = *seed * 6364136223846793005 + 1442695040888963407;
    size_t size = 1 + (size_t)(*seed >> 33) % ((*seed >> 60) < 4 ? 200 : 7);
    return size < left ? size : left;
}

#endif
