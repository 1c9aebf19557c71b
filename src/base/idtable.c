/* SPDX-License-Identifier: MIT */
#include "base/idtable.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_CAP = 8 };

struct ph_idslot {
    void *object;        /* NULL: free */
    uint32_t generation; /* of the object here, or of the next one; never 0 */
    uint32_t next_free;  /* slot number + 1, or 0 */
};

void ph_idtable_init(struct ph_idtable *table, uint32_t max) { *table = (struct ph_idtable){.max = max}; }

void ph_idtable_finish(struct ph_idtable *table)
{
    free(table->slots);
    *table = (struct ph_idtable){.max = table->max};
}

static int grow(struct ph_idtable *table)
{
    uint32_t cap = table->slots_cap ? table->slots_cap : FIRST_CAP / 2;
    cap = cap > UINT32_MAX / 2 || cap * 2 > table->max ? table->max : cap * 2;
    struct ph_idslot *slots = realloc(table->slots, cap * sizeof *slots);
    if (!slots)
        return -ENOMEM;
    for (uint32_t i = cap; i-- > table->slots_cap;) {
        slots[i] = (struct ph_idslot){.generation = 1, .next_free = table->first_free};
        table->first_free = i + 1;
    }
    table->slots = slots;
    table->slots_cap = cap;
    return 0;
}

int ph_idtable_add(struct ph_idtable *table, void *object, uint64_t *id)
{
    if (table->n >= table->max)
        return -ENOSPC;
    if (!table->first_free) {
        int err = grow(table);
        if (err)
            return err;
    }
    uint32_t number = table->first_free - 1;
    struct ph_idslot *slot = &table->slots[number];
    table->first_free = slot->next_free;
    table->n++;
    slot->object = object;
    *id = (uint64_t)slot->generation << 32 | number;
    return 0;
}

static struct ph_idslot *find(const struct ph_idtable *table, uint64_t id)
{
    uint32_t number = (uint32_t)id;
    if (number >= table->slots_cap)
        return NULL;
    struct ph_idslot *slot = &table->slots[number];
    return slot->object && slot->generation == id >> 32 ? slot : NULL;
}

void *ph_idtable_get(const struct ph_idtable *table, uint64_t id)
{
    const struct ph_idslot *slot = find(table, id);
    return slot ? slot->object : NULL;
}

void *ph_idtable_remove(struct ph_idtable *table, uint64_t id)
{
    struct ph_idslot *slot = find(table, id);
    if (!slot)
        return NULL;
    void *object = slot->object;
    slot->object = NULL;
    if (++slot->generation == 0)
        slot->generation = 1;
    slot->next_free = table->first_free;
    table->first_free = (uint32_t)id + 1;
    table->n--;
    return object;
}
