/* SPDX-License-Identifier: MIT */
/**
 * @file  A cursor: a reader's place in a framing's log, and what it leaves out.
 *
 * Model   A place is a slab, a byte offset, the index entry in which or before which that lies, and a sieve. An open
 *         sieve lets whole slab ranges through without a look at the index; otherwise the index is walked, and what
 *         lies together is sent together. A unit once begun always passes.
 *         Gathering works on a copy of the place, since nobody knows how much the socket will take: if all, the copy
 *         becomes the place; if less, the place walks that many bytes.
 * Owner   A viewer; the slab is a reference of the cursor's.
 * Thread  The viewer's worker.
 */
#ifndef PH_MEDIA_CURSOR_H
#define PH_MEDIA_CURSOR_H

#include <stdbool.h>
#include <sys/uio.h>

#include "base/list.h"
#include "media/slab.h"

struct ph_join;

/** What is left out. All zero lets everything through. */
struct ph_sieve {
    uint8_t off;            /**< bit per kind; headers pass */
    bool one_track;         /**< track 0 only, headers too */
    bool video_until_key;   /**< no video until a key frame of track 0 */
    bool nothing_until_key; /**< nothing at all until then, but headers */
};

struct ph_place {
    struct ph_slab *slab; /**< NULL: nowhere */
    uint32_t offset, entry;
    struct ph_sieve sieve;
};

struct ph_cursor {
    struct ph_list in_outlet;
    struct ph_place place;
};

enum { PH_GATHER_MAX = 16 }; /**< pieces per write */

struct ph_gathered {
    struct iovec iov[PH_GATHER_MAX];
    int n;
    size_t bytes;
    struct ph_place after; /**< where the cursor is when all is taken; its slab is lent */
};

void ph_cursor_init(struct ph_cursor *cursor);

/** Be at `join`, keeping the sieve. */
void ph_cursor_set(struct ph_cursor *cursor, const struct ph_join *join);

/** Be nowhere. */
void ph_cursor_clear(struct ph_cursor *cursor);

/** What comes next, up to the first unit's end at or behind `limit` bytes; SIZE_MAX: as much as there is. */
void ph_cursor_gather(const struct ph_cursor *cursor, size_t limit, struct ph_gathered *gathered);

/** `accepted` of the gathered bytes are taken. */
void ph_cursor_advance(struct ph_cursor *cursor, const struct ph_gathered *gathered, size_t accepted);

/** The unit at the cursor has been sent in part. */
bool ph_cursor_is_inside(const struct ph_cursor *cursor);

/** Nothing is published beyond it yet. */
bool ph_cursor_is_at_end(const struct ph_cursor *cursor);

/** The unit at the cursor, wanted or not; NULL at the end of what is published. */
const struct ph_entry *ph_cursor_entry(struct ph_cursor *cursor);

/** Go behind the unit that ph_cursor_entry() told. */
void ph_cursor_skip(struct ph_cursor *cursor);

/** Bytes of the framing's log before the cursor. */
static inline uint64_t ph_cursor_position(const struct ph_cursor *cursor)
{
    return cursor->place.slab->base + cursor->place.offset;
}

#endif
