/* SPDX-License-Identifier: MIT */
/**
 * @file  Hash map from byte strings to pointers, with a keyed hash and a maximum at birth.
 *
 * Keys are lent: usually they lie inside the value, and must not change or go while the entry exists.
 *
 * Owner   The map owns its table only, never keys or values.
 * Thread  One.
 * Limits  `max` entries; the table grows as entries come and is freed when the last one goes.
 * Since   0.1
 */
#ifndef PH_BASE_MAP_H
#define PH_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/siphash.h"

struct ph_map_slot;

struct ph_map {
    struct ph_map_slot *slots; /**< private */
    size_t slots_cap;          /**< private: 0 or a power of two */
    size_t n;                  /**< entries */
    size_t max;
    struct ph_hash_seed seed;
};

void ph_map_init(struct ph_map *map, const struct ph_hash_seed *seed, size_t max);

/** Free the table; keys and values are not touched. */
void ph_map_finish(struct ph_map *map);

/** The value, or NULL. */
void *ph_map_get(const struct ph_map *map, const void *key, size_t length);

/**
 * Add an entry.
 *
 * key    lent until the entry is removed
 * value  lent, not NULL
 *
 * Returns 0; -EEXIST there is one with this key; -ENOSPC `max` is reached; -ENOMEM.
 */
PH_MUST_USE int ph_map_add(struct ph_map *map, const void *key, size_t length, void *value);

/** Remove an entry and return its value; NULL if there was none. */
void *ph_map_remove(struct ph_map *map, const void *key, size_t length);

/**
 * Walk in no particular order: start with `*at` 0; false at the end. The map must not be changed meanwhile.
 */
bool ph_map_next(const struct ph_map *map, size_t *at, void **value);

#endif
