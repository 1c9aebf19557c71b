/* SPDX-License-Identifier: MIT */
/**
 * @file  A framing: the log of one epoch in one form and variant; and the join points into it.
 *
 * Model   The home appends units to the newest slab and holds references from the newest join point on; a reader that
 *         is further behind holds its own slabs. A join point is an immutable counted object; the home hands the newest
 *         to each tap by exchanging one pointer, so any number of them costs one, and nobody waits.
 *         Appending is in two steps, so that a unit is appended to all framings of an epoch or to none: prepare may
 *         fail, commit may not.
 * Owner   Its references: the epoch (while in its list) and taps.
 * Thread  The home's, but `end` and reference counts.
 */
#ifndef PH_MEDIA_FRAMING_H
#define PH_MEDIA_FRAMING_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/list.h"
#include "media/form.h"
#include "media/heads.h"
#include "media/slab.h"

struct ph_epoch;
struct ph_tap;

/** A place where a viewer may begin. */
struct ph_join {
    struct ph_ref ref;
    uint32_t offset, entry; /**< of its first unit in `slab` */
    struct ph_slab *slab;   /**< a reference */
    struct ph_heads *heads; /**< a reference: as they were here */
    int64_t time_us;        /**< stream time here */
    bool until_key;         /**< there is no key frame to begin with: video waits for the next */
    bool has_video;         /**< the epoch had shown video before this point */
};

/** What is known of a join point apart from its place. */
struct ph_join_info {
    struct ph_heads *heads; /**< lent */
    int64_t time_us;
    bool until_key, has_video;
};

void ph_join_ref(struct ph_join *join);
void ph_join_unref(struct ph_join *join); /**< NULL is fine */

/** Its place in the framing's log, to compare with a cursor's. */
static inline uint64_t ph_join_position(const struct ph_join *join) { return join->slab->base + join->offset; }

struct ph_framing {
    struct ph_ref ref;
    const struct ph_form *form;
    uint32_t variant;
    _Atomic uint64_t end; /**< bytes ever appended; any thread */

    /* home only */
    struct ph_list in_epoch;
    struct ph_list taps;     /**< list of struct ph_tap::in_framing */
    uint64_t unused_us;      /**< when the last tap left; 0 while there is one */
    struct ph_slab *newest;  /**< a reference; NULL once the epoch is over */
    struct ph_join *join;    /**< a reference; NULL once the epoch is over */
    struct ph_slab *spare;   /**< prepared: the slab for the next unit if it does not fit the newest */
    struct ph_join *pending; /**< prepared: the join point that the next unit will be */
    size_t span;             /**< prepared: bytes of the next unit; 0 leaves it out */
};

/** An empty log whose join point is its start. NULL: out of memory. */
struct ph_framing *ph_framing_create(const struct ph_form *form, uint32_t variant, size_t slab_size,
                                     const struct ph_join_info *start);

void ph_framing_ref(struct ph_framing *framing);
void ph_framing_unref(struct ph_framing *framing); /**< NULL is fine */

/** Get ready to append `unit`, as a join point if `join` is not NULL. Returns 0; -ENOMEM, and nothing has changed. */
PH_MUST_USE int ph_framing_prepare(struct ph_framing *framing, const struct ph_unit *unit, size_t slab_size,
                                   const struct ph_join_info *join);

/** Append what was prepared. The taps are not woken yet. */
void ph_framing_commit(struct ph_framing *framing, const struct ph_unit *unit);

/** Append all that `from` holds from its join point on. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_framing_fill(struct ph_framing *framing, const struct ph_framing *from, size_t slab_size);

/** Wake every tap that is not awake. */
void ph_framing_wake(struct ph_framing *framing);

/** The epoch is over: let go of the log; readers keep what they hold. */
void ph_framing_release(struct ph_framing *framing);

static inline uint64_t ph_framing_end(const struct ph_framing *framing)
{
    return atomic_load_explicit(&((struct ph_framing *)(uintptr_t)framing)->end, memory_order_acquire);
}

#endif
