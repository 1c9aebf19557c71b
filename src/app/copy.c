/* SPDX-License-Identifier: MIT */
#include "app/copy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 32 }; /* containers that are remembered without taking memory; a power of two */

struct known {
    const struct rtmp_value *from; /* NULL: free */
    struct rtmp_value *to;
};

/* One copy: which containers have been met, in an open table of at most half its places. */
struct copier {
    struct rtmp_arena *arena;
    unsigned left;   /* values that may still be copied */
    unsigned levels; /* of nesting that are left */
    size_t n_known, cap;
    struct known *known;
    struct known few[FEW];
};

static struct rtmp_value *copy(struct copier *copier, const struct rtmp_value *value);

/* Containers that were met */

static struct known *place_of(const struct copier *copier, const struct rtmp_value *from)
{
    size_t at = (size_t)(((uintptr_t)from >> 3) * UINT64_C(0x9E3779B97F4A7C15) >> 40);
    for (at &= copier->cap - 1;; at = (at + 1) & (copier->cap - 1))
        if (!copier->known[at].from || copier->known[at].from == from)
            return &copier->known[at];
}

static bool grow(struct copier *copier)
{
    struct copier larger = *copier;
    larger.cap = 2 * copier->cap;
    larger.known = calloc(larger.cap, sizeof *larger.known);
    if (!larger.known)
        return false;
    for (size_t i = 0; i < copier->cap; i++)
        if (copier->known[i].from)
            *place_of(&larger, copier->known[i].from) = copier->known[i];
    if (copier->known != copier->few)
        free(copier->known);
    copier->known = larger.known;
    copier->cap = larger.cap;
    return true;
}

static bool remember(struct copier *copier, const struct rtmp_value *from, struct rtmp_value *to)
{
    if (2 * copier->n_known >= copier->cap && !grow(copier))
        return false;
    *place_of(copier, from) = (struct known){.from = from, .to = to};
    copier->n_known++;
    return true;
}

/* Parts */

static bool copy_name(struct copier *copier, const struct rtmp_text **name)
{
    const struct rtmp_text *from = *name;
    if (!from)
        return true;
    struct rtmp_text *to = rtmp_arena_take(copier->arena, sizeof *to);
    char *data = to ? rtmp_arena_copy(copier->arena, from->data, from->length) : NULL;
    if (!data)
        return false;
    *to = (struct rtmp_text){.data = data, .length = from->length};
    *name = to;
    return true;
}

static bool copy_items(struct copier *copier, const struct rtmp_value *from, struct rtmp_value *to)
{
    to->flags |= RTMP_VALUE_EXACT;
    to->items = NULL;
    if (from->n == 0)
        return true;
    to->items = rtmp_arena_take(copier->arena, from->n * sizeof *to->items);
    if (!to->items)
        return false;
    for (uint32_t i = 0; i < from->n; i++) {
        to->items[i] = copy(copier, from->items[i]);
        if (!to->items[i])
            return false;
    }
    return true;
}

static bool copy_members(struct copier *copier, const struct rtmp_value *from, struct rtmp_value *to)
{
    struct rtmp_member **end = &to->members;
    to->members = NULL;
    for (const struct rtmp_member *member = from->members; member; member = member->next) {
        struct rtmp_member *made = rtmp_arena_take(copier->arena, sizeof *made);
        char *name = made ? rtmp_arena_copy(copier->arena, member->name.data, member->name.length) : NULL;
        if (!name)
            return false;
        *made = (struct rtmp_member){.name = {.data = name, .length = member->name.length},
                                     .value = copy(copier, member->value)};
        if (!made->value)
            return false;
        *end = made;
        end = &made->next;
    }
    return true;
}

static bool copy_bytes(struct copier *copier, struct rtmp_value *to, size_t size)
{
    to->bytes = (const uint8_t *)rtmp_arena_copy(copier->arena, to->n ? to->bytes : (const uint8_t *)"", to->n * size);
    return to->bytes;
}

static bool copy_container(struct copier *copier, const struct rtmp_value *from, struct rtmp_value *to)
{
    if (copier->levels == 0 || !remember(copier, from, to))
        return false;
    copier->levels--;
    bool whole = true;
    if (from->type == RTMP_OBJECT)
        whole = copy_name(copier, &to->class_name);
    else
        whole = copy_items(copier, from, to);
    if (from->type == RTMP_OBJECT || from->type == RTMP_ARRAY)
        whole = whole && copy_members(copier, from, to);
    else if (from->type == RTMP_VECTOR_OBJECT)
        whole = whole && copy_name(copier, &to->type_name);
    copier->levels++;
    return whole;
}

static bool copy_parts(struct copier *copier, const struct rtmp_value *from, struct rtmp_value *to)
{
    switch ((enum rtmp_value_type)from->type) {
    case RTMP_STRING:
    case RTMP_XML:
    case RTMP_XML_DOCUMENT:
    case RTMP_BYTES:
        return copy_bytes(copier, to, 1);
    case RTMP_VECTOR_INT:
    case RTMP_VECTOR_UINT:
        return copy_bytes(copier, to, sizeof(int32_t));
    case RTMP_VECTOR_DOUBLE:
        return copy_bytes(copier, to, sizeof(double));
    case RTMP_ARRAY:
    case RTMP_OBJECT:
    case RTMP_VECTOR_OBJECT:
    case RTMP_DICTIONARY:
        return copy_container(copier, from, to);
    default:
        return true;
    }
}

static struct rtmp_value *copy(struct copier *copier, const struct rtmp_value *value)
{
    if (copier->left == 0)
        return NULL;
    copier->left--;
    struct known *known = place_of(copier, value);
    if (known->from)
        return known->to;
    struct rtmp_value *made = rtmp_arena_take(copier->arena, sizeof *made);
    if (!made)
        return NULL;
    *made = *value;
    return copy_parts(copier, value, made) ? made : NULL;
}

struct rtmp_value *ph_value_copy(const struct rtmp_value *value, struct rtmp_arena *arena)
{
    struct copier copier = {.arena = arena, .left = RTMP_VALUE_WALK_NODES, .levels = RTMP_VALUE_DEPTH, .cap = FEW};
    copier.known = copier.few;
    struct rtmp_value *made = copy(&copier, value);
    if (copier.known != copier.few)
        free(copier.known);
    return made;
}
