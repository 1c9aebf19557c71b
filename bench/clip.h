/* SPDX-License-Identifier: MIT */
/* An FLV file in memory, played again and again in real time. */
#ifndef PH_BENCH_CLIP_H
#define PH_BENCH_CLIP_H

#include <stddef.h>
#include <stdint.h>

struct clip_tag {
    uint8_t type;
    uint32_t time_ms;
    uint8_t *body;
    size_t length;
};

struct clip {
    struct clip_tag *tags;
    size_t n;
    uint32_t length_ms; /**< of one round */
};

/** Ends the program with a message when the file cannot be used. */
struct clip clip_load(const char *path);

/** A place in the endless repetition of a clip. */
struct clip_place {
    size_t i;
    uint64_t round_ms;
};

/** The tag due at `now_ms` since the start, or NULL; moves on. `time_ms` is its time without wrap at the clip's end. */
struct clip_tag *clip_due(const struct clip *clip, struct clip_place *place, uint64_t now_ms, uint64_t *time_ms);

#endif
