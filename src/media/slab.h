/* SPDX-License-Identifier: MIT */
/**
 * @file  A slab: one piece of a framing's log, written by one thread and read by any without a lock.
 *
 *     | bytes ->                    free                    <- index |
 *     0        end                                    cap - n * 24   cap
 *
 * Model   Bytes grow from the front, one index entry per unit grows from the back. What a reader may look at is told by
 *         one atomic word: the number of entries, the end of the bytes, and whether another track than 0 is among them.
 *         `next` is set once, when the slab is full, after its last unit; it holds a reference, so who holds a slab can
 *         walk on to the newest.
 * Invariants
 *         Published bytes and entries never change. A unit lies in one slab. Who reads `next` before `published` and
 *         finds it set has seen the last of this slab.
 * Owner   Its references: the home's framing, join points, cursors.
 * Thread  append and chain: the home; everything else: any holder of a reference.
 */
#ifndef PH_MEDIA_SLAB_H
#define PH_MEDIA_SLAB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ref.h"
#include "media/unit.h"

enum { PH_SLAB_MIN = 16 * 1024, PH_SLAB_MAX = 256 * 1024 };

/** What the index says about one unit. */
struct ph_entry {
    uint32_t offset, length; /**< its bytes in the slab */
    int64_t time_us;
    uint8_t kind, track, flags, slot; /**< as in struct ph_unit */
};

struct ph_slab {
    struct ph_ref ref;
    uint32_t cap;               /**< bytes behind this header */
    uint64_t base;              /**< position of its first byte in the framing's log */
    _Atomic uint64_t published; /**< private: see struct ph_published */
    _Atomic(struct ph_slab *) next;
    _Alignas(8) uint8_t bytes[];
};

/** What of a slab may be read. */
struct ph_published {
    uint32_t end;   /**< bytes */
    uint32_t count; /**< index entries */
    bool mixed;     /**< one of them has a track other than 0 */
};

/** The size to choose: a power of two near a quarter second, between PH_SLAB_MIN and PH_SLAB_MAX. */
size_t ph_slab_size_for(uint64_t bytes_per_s);

/** A slab of `size` bytes all in all, more if a unit of `unit_length` bytes would not fit. NULL: out of memory. */
struct ph_slab *ph_slab_create(size_t size, size_t unit_length, uint64_t base);

void ph_slab_ref(struct ph_slab *slab);

/** Frees the slab and those behind it that nobody else holds, one after the other. NULL is fine. */
void ph_slab_unref(struct ph_slab *slab);

/** A unit of `length` bytes fits. */
bool ph_slab_has_room(const struct ph_slab *slab, size_t length);

/** Where the next unit's bytes go; write them, then ph_slab_append(). */
uint8_t *ph_slab_place(struct ph_slab *slab);

/** Publish `length` bytes, written before, as one unit; there must be room. Body and length of `unit` do not matter. */
void ph_slab_append(struct ph_slab *slab, const struct ph_unit *unit, uint32_t length);

/** Close `slab` with `next` behind it, and take a reference on that. */
void ph_slab_chain(struct ph_slab *slab, struct ph_slab *next);

static inline struct ph_slab *ph_slab_next(const struct ph_slab *slab)
{
    return atomic_load_explicit(&((struct ph_slab *)(uintptr_t)slab)->next, memory_order_acquire);
}

static inline struct ph_published ph_slab_published(const struct ph_slab *slab)
{
    uint64_t word = atomic_load_explicit(&((struct ph_slab *)(uintptr_t)slab)->published, memory_order_acquire);
    return (struct ph_published){(uint32_t)word, (uint32_t)(word >> 32) & 0x7FFFFFFF, word >> 63};
}

/** Entry number `i`, below the published count. */
static inline const struct ph_entry *ph_slab_entry(const struct ph_slab *slab, uint32_t i)
{
    return (const struct ph_entry *)(const void *)(slab->bytes + slab->cap) - (i + 1);
}

static inline uint32_t ph_entry_end(const struct ph_entry *entry) { return entry->offset + entry->length; }

#endif
