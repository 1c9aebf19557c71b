/* SPDX-License-Identifier: MIT */
/**
 * @file  Reference count that threads may share.
 *
 * Thread  Any, for a thread that holds a reference.
 * Since   0.1
 */
#ifndef PH_BASE_REF_H
#define PH_BASE_REF_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/attr.h"

struct ph_ref {
    atomic_uint n;
};

/** One reference: the maker's. */
static inline void ph_ref_init(struct ph_ref *ref) { atomic_init(&ref->n, 1); }

static inline void ph_ref_take(struct ph_ref *ref)
{
    unsigned before = atomic_fetch_add_explicit(&ref->n, 1, memory_order_relaxed);
    assert(before > 0);
    (void)before;
}

/** True when this was the last one: the caller destroys the object, and sees all that others wrote to it. */
PH_MUST_USE static inline bool ph_ref_drop(struct ph_ref *ref)
{
    unsigned before = atomic_fetch_sub_explicit(&ref->n, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1;
}

#endif
