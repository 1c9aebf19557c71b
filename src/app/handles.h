/* SPDX-License-Identifier: MIT */
/**
 * @file  Handles: numbers that stand for objects and notice when the object has gone.
 *
 * A handle is a place and the generation of what lies there: a place that is used again has another generation, so
 * that an old handle finds nothing instead of a stranger. 0 is no handle.
 *
 * Owner   The table owns its places, not the objects.
 * Thread  One at a time.
 */
#ifndef PH_APP_HANDLES_H
#define PH_APP_HANDLES_H

#include <stdint.h>

#include "base/attr.h"

struct ph_handle_slot {
    void *object;        /* NULL: free */
    uint32_t generation; /* of what lies here, or will lie here next */
    uint32_t next_free;
};

/** All zero is an empty table. */
struct ph_handles {
    struct ph_handle_slot *slots; /* private */
    uint32_t n_slots, cap;        /* private */
    uint32_t first_free;          /* private: index + 1; 0: none */
};

/** A handle for `object`; 0: out of memory. */
PH_MUST_USE uint64_t ph_handles_add(struct ph_handles *handles, void *object);

/** NULL: it has gone. */
void *ph_handles_get(const struct ph_handles *handles, uint64_t handle);

/** The handle stands for nothing from now on. A stale one is ignored. */
void ph_handles_remove(struct ph_handles *handles, uint64_t handle);

/** Another handle for the object of `handle`, which must be valid; the old one is stale. */
PH_MUST_USE uint64_t ph_handles_renew(struct ph_handles *handles, uint64_t handle);

/** Free the table. */
void ph_handles_finish(struct ph_handles *handles);

#endif
