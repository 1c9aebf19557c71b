/* SPDX-License-Identifier: MIT */
#include <rtmpwire/arena.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    ALIGNMENT = 8,    /* of doubles and pointers */
    BLOCK_MIN = 1024, /* a whole connect object fits */
    BLOCK_MAX = 65536,
};

struct rtmp_arena_block {
    struct rtmp_arena_block *older;
    size_t size, used; /* bytes, this header included */
};

static size_t rounded(size_t size) { return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

void rtmp_arena_init(struct rtmp_arena *arena, const struct rtmp_allocator *allocator, size_t budget)
{
    if (budget > SIZE_MAX / 2) /* no sum below overflows */
        budget = SIZE_MAX / 2;
    *arena = (struct rtmp_arena){.allocator = *allocator, .budget = budget};
}

void rtmp_arena_reset(struct rtmp_arena *arena)
{
    for (struct rtmp_arena_block *block = arena->newest, *older; block; block = older) {
        older = block->older;
        (void)arena->allocator.resize(arena->allocator.user, block, block->size, 0);
    }
    arena->newest = NULL;
    arena->used = 0;
}

void rtmp_arena_finish(struct rtmp_arena *arena) { rtmp_arena_reset(arena); }

static struct rtmp_arena_block *add_block(struct rtmp_arena *arena, size_t size)
{
    size_t header = rounded(sizeof(struct rtmp_arena_block));
    size_t wanted = arena->newest ? 2 * arena->newest->size : BLOCK_MIN;
    if (wanted > BLOCK_MAX)
        wanted = BLOCK_MAX;
    if (wanted < header + size)
        wanted = header + size;
    struct rtmp_arena_block *block = arena->allocator.resize(arena->allocator.user, NULL, 0, wanted);
    if (block) {
        *block = (struct rtmp_arena_block){.older = arena->newest, .size = wanted, .used = header};
        arena->newest = block;
    }
    return block;
}

static bool over_budget(const struct rtmp_arena *arena, size_t size)
{
    return size > arena->budget || rounded(size) > arena->budget - arena->used;
}

void *rtmp_arena_take(struct rtmp_arena *arena, size_t size)
{
    if (over_budget(arena, size))
        return NULL;
    size = rounded(size);
    struct rtmp_arena_block *block = arena->newest;
    if (!block || block->size - block->used < size)
        block = add_block(arena, size);
    if (!block)
        return NULL;
    void *piece = (uint8_t *)block + block->used;
    block->used += size;
    arena->used += size;
    return piece;
}

char *rtmp_arena_copy(struct rtmp_arena *arena, const void *bytes, size_t length)
{
    char *copy = rtmp_arena_take(arena, length + 1);
    if (copy) {
        if (length > 0)
            memcpy(copy, bytes, length);
        copy[length] = 0;
    }
    return copy;
}

int rtmp_arena_error(const struct rtmp_arena *arena, size_t size)
{
    return over_budget(arena, size) ? RTMP_E_BYTES : RTMP_E_MEMORY;
}
