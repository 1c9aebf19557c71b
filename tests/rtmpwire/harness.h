/* SPDX-License-Identifier: MIT */
/* What tests of the protocol library share: a heap that counts and can fail, hexadecimal, and cuts of an input. */
#ifndef TESTS_RTMPWIRE_HARNESS_H
#define TESTS_RTMPWIRE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rtmpwire/alloc.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct heap {
    size_t live_bytes, peak_bytes;
    long n_calls;
    long fail_at; /* the call, counted from 1, from which on nothing is given; 0 never */
};

/* Every block remembers its size, to hold the library to the old sizes it tells. */
union heap_block {
    size_t size;
    max_align_t align;
};

static inline void *heap_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    struct heap *heap = user;
    union heap_block *old = block ? (union heap_block *)block - 1 : NULL;
    assert_int_equal(old ? old->size : 0, old_size);
    if (new_size == 0) {
        heap->live_bytes -= old_size;
        free(old);
        return NULL;
    }
    heap->n_calls++;
    if (heap->fail_at > 0 && heap->n_calls >= heap->fail_at)
        return NULL;
    union heap_block *made = malloc(sizeof *made + new_size); /* always a new place: stale pointers are found */
    assert_non_null(made);
    made->size = new_size;
    memset(made + 1, 0xA5, new_size);
    if (old) {
        memcpy(made + 1, old + 1, old_size < new_size ? old_size : new_size);
        free(old);
    }
    heap->live_bytes += new_size - old_size;
    if (heap->live_bytes > heap->peak_bytes)
        heap->peak_bytes = heap->live_bytes;
    return made + 1;
}

static inline struct rtmp_allocator heap_allocator(struct heap *heap)
{
    return (struct rtmp_allocator){.resize = heap_resize, .user = heap};
}

static inline uint8_t nibble(char c)
{
    const char *digits = "0123456789abcdef", *found = strchr(digits, c);
    assert_non_null(found);
    return (uint8_t)(found - digits);
}

/* Bytes of `hex`, in a block of exactly that size, to be freed. */
static inline uint8_t *unhex(const char *hex, size_t *length)
{
    *length = strlen(hex) / 2;
    uint8_t *bytes = malloc(*length + (*length == 0));
    assert_non_null(bytes);
    for (size_t i = 0; i < *length; i++)
        bytes[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    return bytes;
}

/* For all_vectors.py, which counts: this row of tests/vectors.tsv was read; our writer has made the same bytes. */
static inline void vector_was_read(const char *hex) { print_message("vector read %s\n", hex); }
static inline void vector_was_written(const char *hex) { print_message("vector written %s\n", hex); }

static inline void assert_hex(const uint8_t *bytes, size_t length, const char *hex)
{
    size_t expected_length;
    uint8_t *expected = unhex(hex, &expected_length);
    assert_int_equal(length, expected_length);
    assert_memory_equal(bytes, expected, length);
    free(expected);
}

/* xorshift64: the same numbers in every run. */
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32) % n;
}

#endif
