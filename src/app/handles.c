/* SPDX-License-Identifier: MIT */
#include "app/handles.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

enum { FIRST_SLOTS = 16, MOST_SLOTS = 1 << 30 };

static uint64_t handle_of(const struct ph_handles *handles, uint32_t index)
{
    return (uint64_t)handles->slots[index].generation << 32 | (index + 1);
}

static struct ph_handle_slot *slot_of(const struct ph_handles *handles, uint64_t handle)
{
    uint32_t index = (uint32_t)handle - 1; /* of 0 it is too large */
    if (index >= handles->n_slots)
        return NULL;
    struct ph_handle_slot *slot = &handles->slots[index];
    return slot->object && slot->generation == handle >> 32 ? slot : NULL;
}

static bool grow(struct ph_handles *handles)
{
    if (handles->n_slots < handles->cap)
        return true;
    uint32_t cap = handles->cap ? 2 * handles->cap : FIRST_SLOTS;
    struct ph_handle_slot *slots = cap <= MOST_SLOTS ? realloc(handles->slots, cap * sizeof *slots) : NULL;
    if (!slots)
        return false;
    handles->slots = slots;
    handles->cap = cap;
    return true;
}

static void next_generation(struct ph_handle_slot *slot)
{
    if (++slot->generation == 0)
        slot->generation = 1;
}

uint64_t ph_handles_add(struct ph_handles *handles, void *object)
{
    uint32_t index = handles->first_free - 1;
    if (handles->first_free) {
        handles->first_free = handles->slots[index].next_free;
    } else {
        if (!grow(handles))
            return 0;
        index = handles->n_slots++;
        handles->slots[index].generation = 1;
    }
    handles->slots[index].object = object;
    return handle_of(handles, index);
}

void *ph_handles_get(const struct ph_handles *handles, uint64_t handle)
{
    struct ph_handle_slot *slot = slot_of(handles, handle);
    return slot ? slot->object : NULL;
}

void ph_handles_remove(struct ph_handles *handles, uint64_t handle)
{
    struct ph_handle_slot *slot = slot_of(handles, handle);
    if (!slot)
        return;
    slot->object = NULL;
    next_generation(slot);
    slot->next_free = handles->first_free;
    handles->first_free = (uint32_t)(slot - handles->slots) + 1;
}

uint64_t ph_handles_renew(struct ph_handles *handles, uint64_t handle)
{
    struct ph_handle_slot *slot = slot_of(handles, handle);
    next_generation(slot);
    return handle_of(handles, (uint32_t)(slot - handles->slots));
}

void ph_handles_finish(struct ph_handles *handles)
{
    free(handles->slots);
    *handles = (struct ph_handles){0};
}
