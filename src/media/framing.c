/* SPDX-License-Identifier: MIT */
#include "media/framing.h"

#include <errno.h>
#include <stdlib.h>

#include "media/tap.h"

static struct ph_join *join_create(const struct ph_join_info *info, struct ph_slab *slab)
{
    struct ph_join *join = malloc(sizeof *join);
    if (!join)
        return NULL;
    struct ph_published here = ph_slab_published(slab);
    ph_slab_ref(slab);
    ph_heads_ref(info->heads);
    *join = (struct ph_join){
        .offset = here.end,
        .entry = here.count,
        .slab = slab,
        .heads = info->heads,
        .time_us = info->time_us,
        .until_key = info->until_key,
        .has_video = info->has_video,
    };
    ph_ref_init(&join->ref);
    return join;
}

void ph_join_ref(struct ph_join *join) { ph_ref_take(&join->ref); }

void ph_join_unref(struct ph_join *join)
{
    if (!join || !ph_ref_drop(&join->ref))
        return;
    ph_slab_unref(join->slab);
    ph_heads_unref(join->heads);
    free(join);
}

struct ph_framing *ph_framing_create(const struct ph_form *form, uint32_t variant, size_t slab_size,
                                     const struct ph_join_info *start)
{
    struct ph_framing *framing = calloc(1, sizeof *framing);
    if (!framing)
        return NULL;
    ph_ref_init(&framing->ref);
    framing->form = form;
    framing->variant = variant;
    ph_list_init(&framing->in_epoch);
    ph_list_init(&framing->taps);
    framing->newest = ph_slab_create(slab_size, 0, 0);
    framing->join = framing->newest ? join_create(start, framing->newest) : NULL;
    if (!framing->join) {
        ph_framing_unref(framing);
        return NULL;
    }
    return framing;
}

void ph_framing_ref(struct ph_framing *framing) { ph_ref_take(&framing->ref); }

void ph_framing_unref(struct ph_framing *framing)
{
    if (!framing || !ph_ref_drop(&framing->ref))
        return;
    ph_framing_release(framing);
    free(framing);
}

static void forget_prepared(struct ph_framing *framing)
{
    ph_slab_unref(framing->spare);
    framing->spare = NULL;
    ph_join_unref(framing->pending);
    framing->pending = NULL;
}

void ph_framing_release(struct ph_framing *framing)
{
    forget_prepared(framing);
    ph_slab_unref(framing->newest);
    framing->newest = NULL;
    ph_join_unref(framing->join);
    framing->join = NULL;
}

int ph_framing_prepare(struct ph_framing *framing, const struct ph_unit *unit, size_t slab_size,
                       const struct ph_join_info *join)
{
    forget_prepared(framing); /* of a unit that another framing had no memory for */
    framing->span = framing->form->span(framing->variant, unit);
    struct ph_slab *slab = framing->newest;
    if (!ph_slab_has_room(slab, framing->span)) {
        framing->spare = ph_slab_create(slab_size, framing->span, slab->base + ph_slab_published(slab).end);
        if (!framing->spare)
            return -ENOMEM;
        slab = framing->spare;
    }
    if (join) {
        framing->pending = join_create(join, slab);
        if (!framing->pending)
            return -ENOMEM;
    }
    return 0;
}

/* Give the newest join point to a tap; one that it has not taken yet is out of date. */
static void offer_join(struct ph_framing *framing, struct ph_tap *tap)
{
    ph_join_ref(framing->join);
    ph_join_unref(atomic_exchange_explicit(&tap->offered, framing->join, memory_order_acq_rel));
}

void ph_framing_commit(struct ph_framing *framing, const struct ph_unit *unit)
{
    if (framing->spare) {
        ph_slab_chain(framing->newest, framing->spare);
        ph_slab_unref(framing->newest);
        framing->newest = framing->spare;
        framing->spare = NULL;
    }
    if (framing->span) {
        framing->form->write(framing->variant, unit, ph_slab_place(framing->newest));
        ph_slab_append(framing->newest, unit, (uint32_t)framing->span);
        uint64_t end = atomic_load_explicit(&framing->end, memory_order_relaxed);
        atomic_store_explicit(&framing->end, end + framing->span, memory_order_release);
    }
    if (framing->pending) {
        ph_join_unref(framing->join);
        framing->join = framing->pending;
        framing->pending = NULL;
        ph_list_for_each(node, &framing->taps) offer_join(framing, ph_list_entry(node, struct ph_tap, in_framing));
    }
}

/* The longest unit from the join point of `from` on: how long a body may be. */
static size_t longest_unit(const struct ph_framing *from)
{
    size_t longest = 0;
    uint32_t i = from->join->entry;
    for (const struct ph_slab *slab = from->join->slab; slab; slab = ph_slab_next(slab), i = 0)
        for (uint32_t n = ph_slab_published(slab).count; i < n; i++)
            if (ph_slab_entry(slab, i)->length > longest)
                longest = ph_slab_entry(slab, i)->length;
    return longest;
}

static int copy_unit(struct ph_framing *framing, const struct ph_framing *from, const struct ph_slab *slab,
                     const struct ph_entry *entry, uint8_t *body, size_t slab_size)
{
    size_t length = from->form->read(from->variant, slab->bytes + entry->offset, entry->length, body);
    struct ph_unit unit = {
        .kind = entry->kind,
        .track = entry->track,
        .flags = entry->flags,
        .slot = entry->slot,
        .time_us = entry->time_us,
        .body = body,
        .length = length,
    };
    int result = ph_framing_prepare(framing, &unit, slab_size, NULL);
    if (result == 0)
        ph_framing_commit(framing, &unit);
    return result;
}

int ph_framing_fill(struct ph_framing *framing, const struct ph_framing *from, size_t slab_size)
{
    uint8_t *body = malloc(longest_unit(from) + 1);
    if (!body)
        return -ENOMEM;
    int result = 0;
    uint32_t i = from->join->entry;
    for (const struct ph_slab *slab = from->join->slab; slab && result == 0; slab = ph_slab_next(slab), i = 0)
        for (uint32_t n = ph_slab_published(slab).count; i < n && result == 0; i++)
            result = copy_unit(framing, from, slab, ph_slab_entry(slab, i), body, slab_size);
    free(body);
    return result;
}

void ph_framing_wake(struct ph_framing *framing)
{
    ph_list_for_each(node, &framing->taps) ph_tap_wake(ph_list_entry(node, struct ph_tap, in_framing));
}
