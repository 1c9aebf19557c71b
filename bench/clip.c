/* SPDX-License-Identifier: MIT */
#include "clip.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t u24(const uint8_t *p) { return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]; }

static uint8_t *read_all(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length);
    if (bytes == NULL || fread(bytes, 1, *length, file) != *length) {
        perror(path);
        exit(2);
    }
    fclose(file);
    return bytes;
}

struct clip clip_load(const char *path)
{
    size_t length;
    uint8_t *bytes = read_all(path, &length);
    struct clip clip = {0};
    for (size_t at = 13; at + 11 <= length;) {
        struct clip_tag tag = {bytes[at] & 31, u24(bytes + at + 4) | (uint32_t)bytes[at + 7] << 24, bytes + at + 11,
                               u24(bytes + at + 1)};
        at += 11 + tag.length + 4;
        if (at > length)
            break;
        clip.tags = realloc(clip.tags, (clip.n + 1) * sizeof *clip.tags);
        clip.tags[clip.n++] = tag;
    }
    if (clip.n == 0) {
        fprintf(stderr, "%s: no tags\n", path);
        exit(2);
    }
    clip.length_ms = clip.tags[clip.n - 1].time_ms + 33;
    return clip;
}

struct clip_tag *clip_due(const struct clip *clip, struct clip_place *place, uint64_t now_ms, uint64_t *time_ms)
{
    struct clip_tag *tag = &clip->tags[place->i];
    uint64_t due_ms = place->round_ms + tag->time_ms;
    if (due_ms > now_ms)
        return NULL;
    if (++place->i == clip->n) {
        place->i = 0;
        place->round_ms += clip->length_ms;
    }
    *time_ms = due_ms;
    return tag;
}
