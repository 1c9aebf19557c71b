/* SPDX-License-Identifier: MIT */
#include "media/slab.h"

#include <stdlib.h>

_Static_assert(sizeof(struct ph_entry) <= 24, "an index entry is small beside a unit");

static uint64_t pack(uint32_t end, uint32_t count, bool mixed)
{
    return (uint64_t)mixed << 63 | (uint64_t)count << 32 | end;
}

size_t ph_slab_size_for(uint64_t bytes_per_s)
{
    size_t size = PH_SLAB_MIN;
    while (size < PH_SLAB_MAX && size + size / 2 <= bytes_per_s / 4)
        size *= 2;
    return size;
}

struct ph_slab *ph_slab_create(size_t size, size_t unit_length, uint64_t base)
{
    size_t least = unit_length + sizeof(struct ph_entry);
    size_t cap = size - sizeof(struct ph_slab);
    if (cap < least)
        cap = (least + 7) & ~(size_t)7;
    if (unit_length > INT32_MAX)
        return NULL;
    struct ph_slab *slab = malloc(sizeof *slab + cap);
    if (!slab)
        return NULL;
    ph_ref_init(&slab->ref);
    slab->cap = (uint32_t)cap;
    slab->base = base;
    atomic_init(&slab->published, 0);
    atomic_init(&slab->next, NULL);
    return slab;
}

void ph_slab_ref(struct ph_slab *slab) { ph_ref_take(&slab->ref); }

void ph_slab_unref(struct ph_slab *slab)
{
    while (slab && ph_ref_drop(&slab->ref)) {
        struct ph_slab *next = ph_slab_next(slab);
        free(slab);
        slab = next;
    }
}

bool ph_slab_has_room(const struct ph_slab *slab, size_t length)
{
    struct ph_published p = ph_slab_published(slab);
    size_t index = (p.count + (size_t)1) * sizeof(struct ph_entry);
    return p.end + index <= slab->cap && length <= slab->cap - index - p.end;
}

uint8_t *ph_slab_place(struct ph_slab *slab) { return slab->bytes + ph_slab_published(slab).end; }

void ph_slab_append(struct ph_slab *slab, const struct ph_unit *unit, uint32_t length)
{
    struct ph_published p = ph_slab_published(slab);
    struct ph_entry *entry = (struct ph_entry *)(void *)(slab->bytes + slab->cap) - (p.count + 1);
    *entry = (struct ph_entry){
        .offset = p.end,
        .length = length,
        .time_us = unit->time_us,
        .kind = unit->kind,
        .track = unit->track,
        .flags = unit->flags,
        .slot = unit->slot,
    };
    uint64_t word = pack(p.end + length, p.count + 1, p.mixed || unit->track != 0);
    atomic_store_explicit(&slab->published, word, memory_order_release);
}

void ph_slab_chain(struct ph_slab *slab, struct ph_slab *next)
{
    ph_slab_ref(next);
    atomic_store_explicit(&slab->next, next, memory_order_release);
}
