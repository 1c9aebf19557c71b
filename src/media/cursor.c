/* SPDX-License-Identifier: MIT */
#include "media/cursor.h"

#include "media/framing.h"

/* ---- the sieve ---- */

static bool is_open(const struct ph_sieve *sieve, struct ph_published published)
{
    return !sieve->off && !sieve->video_until_key && !sieve->nothing_until_key &&
           !(sieve->one_track && published.mixed);
}

/* Does the unit pass? A key frame of the default track opens what waited for it. Asking twice gives the same. */
static bool passes(struct ph_sieve *sieve, const struct ph_entry *entry)
{
    if (sieve->one_track && entry->track != 0)
        return false;
    if (entry->flags & PH_UNIT_HEADER)
        return true;
    if (entry->kind == PH_VIDEO && entry->track == 0 && entry->flags & PH_UNIT_KEY)
        sieve->video_until_key = sieve->nothing_until_key = false;
    if (sieve->nothing_until_key || sieve->off & (1u << entry->kind))
        return false;
    return !(sieve->video_until_key && entry->kind == PH_VIDEO);
}

/* ---- walking ---- */

/* Go on to the slab that has something at the place; false at the end of what is published. */
static bool has_more(struct ph_place *place, struct ph_published *published)
{
    for (;;) {
        struct ph_slab *next = ph_slab_next(place->slab); /* before `published`: then that is the slab's last word */
        *published = ph_slab_published(place->slab);
        if (place->entry < published->count)
            return true;
        if (!next)
            return false;
        place->slab = next;
        place->offset = 0;
        place->entry = 0;
    }
}

static bool is_inside(const struct ph_place *place)
{
    return place->entry < ph_slab_published(place->slab).count &&
           place->offset > ph_slab_entry(place->slab, place->entry)->offset;
}

static void leave_entry(struct ph_place *place, const struct ph_entry *entry)
{
    place->offset = ph_entry_end(entry);
    place->entry++;
}

/* Go to the next unit that passes; NULL at the end. */
static const struct ph_entry *seek(struct ph_place *place, struct ph_published *published)
{
    while (has_more(place, published)) {
        const struct ph_entry *entry = ph_slab_entry(place->slab, place->entry);
        if (place->offset > entry->offset || passes(&place->sieve, entry))
            return entry;
        leave_entry(place, entry);
    }
    return NULL;
}

/* Walk over `bytes` that pass. */
static void walk(struct ph_place *place, size_t bytes)
{
    struct ph_published published;
    const struct ph_entry *entry;
    while (bytes && (entry = seek(place, &published))) {
        size_t rest = ph_entry_end(entry) - place->offset;
        if (bytes < rest) {
            place->offset += (uint32_t)bytes;
            return;
        }
        bytes -= rest;
        leave_entry(place, entry);
    }
}

/* ---- gathering ---- */

/* Add a piece; false if there is no room for it. */
static bool add_piece(struct ph_gathered *gathered, const uint8_t *at, size_t length)
{
    struct iovec *last = gathered->n ? &gathered->iov[gathered->n - 1] : NULL;
    if (last && (const uint8_t *)last->iov_base + last->iov_len == at) {
        last->iov_len += length;
    } else {
        if (gathered->n == PH_GATHER_MAX)
            return false;
        gathered->iov[gathered->n++] = (struct iovec){(void *)(uintptr_t)at, length};
    }
    gathered->bytes += length;
    return true;
}

void ph_cursor_gather(const struct ph_cursor *cursor, size_t limit, struct ph_gathered *gathered)
{
    gathered->n = 0;
    gathered->bytes = 0;
    gathered->after = cursor->place;
    struct ph_place *place = &gathered->after;
    struct ph_published published;
    while (gathered->bytes < limit && has_more(place, &published)) {
        if (limit == SIZE_MAX && is_open(&place->sieve, published)) {
            if (!add_piece(gathered, place->slab->bytes + place->offset, published.end - place->offset))
                return;
            place->offset = published.end;
            place->entry = published.count;
            continue;
        }
        const struct ph_entry *entry = seek(place, &published);
        if (!entry || !add_piece(gathered, place->slab->bytes + place->offset, ph_entry_end(entry) - place->offset))
            return;
        leave_entry(place, entry);
    }
}

/* ---- the cursor ---- */

/* Put the cursor at `place`, whose slab is lent. */
static void settle_at(struct ph_cursor *cursor, struct ph_place place)
{
    struct ph_slab *old = cursor->place.slab;
    if (old != place.slab) {
        ph_slab_ref(place.slab);
        ph_slab_unref(old);
    }
    cursor->place = place;
}

void ph_cursor_init(struct ph_cursor *cursor)
{
    *cursor = (struct ph_cursor){0};
    ph_list_init(&cursor->in_outlet);
}

void ph_cursor_set(struct ph_cursor *cursor, const struct ph_join *join)
{
    settle_at(cursor, (struct ph_place){join->slab, join->offset, join->entry, cursor->place.sieve});
}

void ph_cursor_clear(struct ph_cursor *cursor)
{
    ph_slab_unref(cursor->place.slab);
    cursor->place.slab = NULL;
}

void ph_cursor_advance(struct ph_cursor *cursor, const struct ph_gathered *gathered, size_t accepted)
{
    if (accepted == gathered->bytes) {
        settle_at(cursor, gathered->after);
        return;
    }
    struct ph_place place = cursor->place;
    walk(&place, accepted);
    settle_at(cursor, place);
}

bool ph_cursor_is_inside(const struct ph_cursor *cursor) { return is_inside(&cursor->place); }

bool ph_cursor_is_at_end(const struct ph_cursor *cursor)
{
    struct ph_place place = cursor->place;
    struct ph_published published;
    return !has_more(&place, &published);
}

const struct ph_entry *ph_cursor_entry(struct ph_cursor *cursor)
{
    struct ph_place place = cursor->place;
    struct ph_published published;
    bool more = has_more(&place, &published);
    settle_at(cursor, place);
    return more ? ph_slab_entry(place.slab, place.entry) : NULL;
}

void ph_cursor_skip(struct ph_cursor *cursor)
{
    leave_entry(&cursor->place, ph_slab_entry(cursor->place.slab, cursor->place.entry));
}
