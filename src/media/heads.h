/* SPDX-License-Identifier: MIT */
/**
 * @file  Heads: the header units that a decoder needs before anything else, as they were at one place of the log.
 *
 * Model   An immutable, counted set, in the order of first appearance. A new header makes a new set that shares all
 *         other bodies with the old one.
 * Thread  Any holder of a reference.
 * Limits  PH_HEADS_TRACKS tracks of each kind, PH_HEADS_MAX headers, PH_HEADS_BYTES in all; a header beyond that is
 *         not kept for late joiners.
 */
#ifndef PH_MEDIA_HEADS_H
#define PH_MEDIA_HEADS_H

#include "base/attr.h"
#include "base/ref.h"
#include "media/unit.h"

enum { PH_HEADS_TRACKS = 16, PH_HEADS_MAX = 96, PH_HEADS_BYTES = 256 * 1024 };

/** One header; shared between sets. */
struct ph_head {
    struct ph_ref ref;
    uint8_t kind, track, flags, slot;
    size_t length;
    uint8_t body[];
};

struct ph_heads {
    struct ph_ref ref;
    size_t n;
    struct ph_head *head[];
};

/** The empty set. NULL: out of memory. */
struct ph_heads *ph_heads_create(void);

/**
 * The set that follows `heads` (lent) after the header `unit`.
 *
 * next   out: a reference of the caller's; `heads` itself when the unit changes nothing or is beyond the limits
 *
 * Returns 0; -ENOMEM.
 */
PH_MUST_USE int ph_heads_with(struct ph_heads *heads, const struct ph_unit *unit, struct ph_heads **next);

void ph_heads_ref(struct ph_heads *heads);

/** NULL is fine. */
void ph_heads_unref(struct ph_heads *heads);

/** Header number `i` as a unit at `time_us`; its body is lent by the set. */
struct ph_unit ph_heads_unit(const struct ph_heads *heads, size_t i, int64_t time_us);

#endif
