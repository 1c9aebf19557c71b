/* SPDX-License-Identifier: MIT */
/**
 * @file  Handles that may travel: 64-bit ids that find an object or, once it has gone, nothing.
 *
 * An id is the slot's number and its generation; the generation changes whenever the slot is freed. 0 is never an id.
 *
 * Owner   The table owns its slots only.
 * Thread  One: other threads carry ids, only the owner resolves them.
 * Limits  `max` objects.
 * Since   0.1
 */
#ifndef PH_BASE_IDTABLE_H
#define PH_BASE_IDTABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct ph_idslot;

struct ph_idtable {
    struct ph_idslot *slots; /**< private */
    uint32_t slots_cap;      /**< private */
    uint32_t first_free;     /**< private: slot number + 1, or 0 */
    uint32_t n;              /**< objects in the table */
    uint32_t max;
};

void ph_idtable_init(struct ph_idtable *table, uint32_t max);

/** Free the slots; the objects are not touched. */
void ph_idtable_finish(struct ph_idtable *table);

/** Give `object` (not NULL, lent) an id. Returns 0; -ENOSPC `max` is reached; -ENOMEM. */
PH_MUST_USE int ph_idtable_add(struct ph_idtable *table, void *object, uint64_t *id);

/** The object, or NULL when the id is stale or was never given. */
void *ph_idtable_get(const struct ph_idtable *table, uint64_t id);

/** Make the id stale and return its object; NULL if it was stale already. */
void *ph_idtable_remove(struct ph_idtable *table, uint64_t id);

#endif
