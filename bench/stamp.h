/* SPDX-License-Identifier: MIT */
/* When a message was sent, written over its last 16 bytes: found again by scanning, whatever the server made of the
 * rest. No contender looks into payloads. */
#ifndef PH_BENCH_STAMP_H
#define PH_BENCH_STAMP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { STAMP_SIZE = 16 };

static const uint8_t stamp_magic[8] = {0xF3, 'p', 'h', 's', 't', 'a', 'm', 'p'};

static inline uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/** Stamp a body that is long enough to be media, not a header. */
static inline void stamp_put(uint8_t *body, size_t length, uint64_t now_ns)
{
    if (length < 4 * STAMP_SIZE)
        return;
    memcpy(body + length - STAMP_SIZE, stamp_magic, sizeof stamp_magic);
    memcpy(body + length - STAMP_SIZE / 2, &now_ns, sizeof now_ns);
}

/** The next stamp at or behind `*at`, which moves behind it; 0 when there is none. */
static inline uint64_t stamp_next(const uint8_t *bytes, size_t length, size_t *at)
{
    while (*at + STAMP_SIZE <= length) {
        const uint8_t *p = memchr(bytes + *at, stamp_magic[0], length - *at - STAMP_SIZE + 1);
        if (p == NULL)
            break;
        *at = (size_t)(p - bytes) + 1;
        if (memcmp(p, stamp_magic, sizeof stamp_magic) != 0)
            continue;
        uint64_t sent_ns;
        memcpy(&sent_ns, p + sizeof stamp_magic, sizeof sent_ns);
        *at += STAMP_SIZE - 1;
        return sent_ns;
    }
    *at = length < STAMP_SIZE ? 0 : length - STAMP_SIZE + 1 > *at ? length - STAMP_SIZE + 1 : *at;
    return 0;
}

#endif
