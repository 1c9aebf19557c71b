/* SPDX-License-Identifier: MIT */
#include "media/heads.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_same_header(const struct ph_head *head, const struct ph_unit *unit)
{
    return head->kind == unit->kind && head->track == unit->track && head->slot == unit->slot;
}

static struct ph_heads *heads_alloc(size_t n)
{
    struct ph_heads *heads = malloc(sizeof *heads + n * sizeof(struct ph_head *));
    if (!heads)
        return NULL;
    ph_ref_init(&heads->ref);
    heads->n = 0;
    return heads;
}

struct ph_heads *ph_heads_create(void) { return heads_alloc(0); }

void ph_heads_ref(struct ph_heads *heads) { ph_ref_take(&heads->ref); }

static void head_unref(struct ph_head *head)
{
    if (head && ph_ref_drop(&head->ref))
        free(head);
}

void ph_heads_unref(struct ph_heads *heads)
{
    if (!heads || !ph_ref_drop(&heads->ref))
        return;
    for (size_t i = 0; i < heads->n; i++)
        head_unref(heads->head[i]);
    free(heads);
}

static struct ph_head *head_copy(const struct ph_unit *unit)
{
    struct ph_head *head = malloc(sizeof *head + unit->length);
    if (!head)
        return NULL;
    ph_ref_init(&head->ref);
    head->kind = unit->kind;
    head->track = unit->track;
    head->flags = unit->flags;
    head->slot = unit->slot;
    head->length = unit->length;
    memcpy(head->body, unit->body, unit->length);
    return head;
}

/* The bytes that all headers but the one replaced by `unit` take. */
static size_t bytes_beside(const struct ph_heads *heads, const struct ph_unit *unit)
{
    size_t bytes = 0;
    for (size_t i = 0; i < heads->n; i++)
        if (!is_same_header(heads->head[i], unit))
            bytes += heads->head[i]->length;
    return bytes;
}

static bool is_kept(const struct ph_heads *heads, const struct ph_unit *unit, bool known)
{
    if (unit->track >= PH_HEADS_TRACKS || (!known && heads->n >= PH_HEADS_MAX))
        return false;
    size_t beside = bytes_beside(heads, unit);
    return unit->length <= PH_HEADS_BYTES - beside;
}

int ph_heads_with(struct ph_heads *heads, const struct ph_unit *unit, struct ph_heads **next)
{
    const struct ph_head *old = NULL;
    for (size_t i = 0; i < heads->n && !old; i++)
        if (is_same_header(heads->head[i], unit))
            old = heads->head[i];

    bool same = old && old->length == unit->length && !memcmp(old->body, unit->body, unit->length);
    bool removes = unit->length == 0;
    if (same || (removes && !old) || (!removes && !is_kept(heads, unit, old != NULL))) {
        ph_heads_ref(heads);
        *next = heads;
        return 0;
    }

    struct ph_head *head = removes ? NULL : head_copy(unit);
    struct ph_heads *set = heads_alloc(heads->n + 1);
    if (!set || (!removes && !head)) {
        head_unref(head);
        free(set);
        return -ENOMEM;
    }
    for (size_t i = 0; i < heads->n; i++) {
        struct ph_head *here = heads->head[i];
        if (here != old) {
            ph_ref_take(&here->ref);
            set->head[set->n++] = here;
        } else if (head) {
            set->head[set->n++] = head;
        }
    }
    if (!old)
        set->head[set->n++] = head;
    *next = set;
    return 0;
}

struct ph_unit ph_heads_unit(const struct ph_heads *heads, size_t i, int64_t time_us)
{
    const struct ph_head *head = heads->head[i];
    return (struct ph_unit){
        .kind = head->kind,
        .track = head->track,
        .flags = head->flags,
        .slot = head->slot,
        .time_us = time_us,
        .body = head->body,
        .length = head->length,
    };
}
