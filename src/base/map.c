/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing. Removing moves later entries of the same run back, so there are no
 * tombstones and a lookup ends at the first empty slot. The table is never more than three quarters full.
 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 8 };

struct ph_map_slot {
    uint64_t hash;
    const void *key;
    size_t length;
    void *value; /* NULL: empty */
};

void ph_map_init(struct ph_map *map, const struct ph_hash_seed *seed, size_t max)
{
    *map = (struct ph_map){.max = max, .seed = *seed};
}

void ph_map_finish(struct ph_map *map)
{
    free(map->slots);
    map->slots = NULL;
    map->slots_cap = map->n = 0;
}

static bool is_same(const struct ph_map_slot *slot, uint64_t hash, const void *key, size_t length)
{
    return slot->hash == hash && slot->length == length && (length == 0 || memcmp(slot->key, key, length) == 0);
}

/* The slot that holds the key, or the empty one where it would go. The table must not be empty. */
static size_t find(const struct ph_map *map, uint64_t hash, const void *key, size_t length)
{
    size_t at = (size_t)hash & (map->slots_cap - 1);
    while (map->slots[at].value && !is_same(&map->slots[at], hash, key, length))
        at = (at + 1) & (map->slots_cap - 1);
    return at;
}

void *ph_map_get(const struct ph_map *map, const void *key, size_t length)
{
    if (map->n == 0)
        return NULL;
    return map->slots[find(map, ph_siphash(&map->seed, key, length), key, length)].value;
}

static int grow(struct ph_map *map)
{
    size_t cap = map->slots_cap ? map->slots_cap * 2 : FIRST_CAP;
    struct ph_map larger = {.slots = calloc(cap, sizeof *larger.slots), .slots_cap = cap};
    if (!larger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < map->slots_cap; i++) {
        const struct ph_map_slot *slot = &map->slots[i];
        if (slot->value)
            larger.slots[find(&larger, slot->hash, slot->key, slot->length)] = *slot;
    }
    free(map->slots);
    map->slots = larger.slots;
    map->slots_cap = cap;
    return 0;
}

int ph_map_add(struct ph_map *map, const void *key, size_t length, void *value)
{
    uint64_t hash = ph_siphash(&map->seed, key, length);
    if (map->n > 0 && map->slots[find(map, hash, key, length)].value)
        return -EEXIST;
    if (map->n >= map->max)
        return -ENOSPC;
    if (map->n >= map->slots_cap / 4 * 3) {
        int err = grow(map);
        if (err)
            return err;
    }
    map->slots[find(map, hash, key, length)] = (struct ph_map_slot){hash, key, length, value};
    map->n++;
    return 0;
}

/* Empty slot `hole`, and move back what was displaced over it. */
static void close_hole(struct ph_map *map, size_t hole)
{
    size_t mask = map->slots_cap - 1;
    for (size_t at = (hole + 1) & mask; map->slots[at].value; at = (at + 1) & mask) {
        size_t home = (size_t)map->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole].value = NULL;
}

void *ph_map_remove(struct ph_map *map, const void *key, size_t length)
{
    if (map->n == 0)
        return NULL;
    size_t at = find(map, ph_siphash(&map->seed, key, length), key, length);
    void *value = map->slots[at].value;
    if (!value)
        return NULL;
    close_hole(map, at);
    if (--map->n == 0)
        ph_map_finish(map);
    return value;
}

bool ph_map_next(const struct ph_map *map, size_t *at, void **value)
{
    while (*at < map->slots_cap) {
        void *found = map->slots[(*at)++].value;
        if (found) {
            *value = found;
            return true;
        }
    }
    return false;
}
