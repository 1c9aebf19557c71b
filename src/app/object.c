/* SPDX-License-Identifier: MIT */
#include "app/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/copy.h"
#include "app/instance.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/news.h"
#include "app/persist.h"
#include "app/room.h"
#include "app/theatre.h"

/* Slots */

struct ph_slot *ph_object_slot(const struct ph_object *object, const char *name)
{
    struct ph_slot *slot = ph_map_get(&object->slots, name, strlen(name));
    return slot && slot->content ? slot : NULL;
}

static void free_slots(struct ph_object *object)
{
    for (struct ph_list *node; (node = ph_list_pop(&object->slot_list));) {
        struct ph_slot *slot = ph_list_entry(node, struct ph_slot, link);
        ph_content_free(slot->content);
        free(slot);
    }
    ph_map_finish(&object->slots);
}

/* Objects */

struct ph_object *ph_object_find(const struct ph_room *room, const char *name)
{
    ph_list_for_each(node, &room->objects)
    {
        struct ph_object *object = ph_list_entry(node, struct ph_object, link);
        if (strcmp(object->name, name) == 0)
            return object;
    }
    return NULL;
}

static void end(struct ph_object *object)
{
    for (struct ph_list *node; (node = ph_list_pop(&object->waiting));) {
        struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
        ph_letter_refuse(letter, &(struct ph_refusal){.error = PH_E_GONE, .description = "The object has gone."});
        ph_letter_give_back(letter);
    }
    ph_object_finish_watches(object);
    free_slots(object);
    ph_list_remove(&object->link);
    free(object);
}

static struct ph_object *create(struct ph_room *room, const char *name, bool persistent)
{
    struct ph_object *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    memcpy(made->name, name, strlen(name) + 1);
    made->room = room;
    made->is_persistent = persistent;
    /* a batch may remove all slots and make as many anew before the removed ones go */
    ph_map_init(&made->slots, &room->instance->theatre->seed, (size_t)PH_LIMIT_SLOTS + PH_LIMIT_CHANGES);
    ph_list_init(&made->slot_list);
    ph_list_init(&made->uses);
    ph_object_init_watches(made);
    ph_list_append(&room->objects, &made->link);
    return made;
}

int ph_object_open(struct ph_room *room, const char *name, bool persistent, struct ph_object **object)
{
    size_t length = strlen(name), n = 0;
    struct ph_object *found = ph_object_find(room, name);
    if (length == 0 || length > PH_LIMIT_OBJECT_NAME)
        return PH_E_ARGUMENT;
    if (found && found->is_persistent != persistent)
        return PH_E_CONFLICT;
    ph_list_for_each(node, &room->objects) n++;
    if (!found && n >= PH_LIMIT_OBJECTS)
        return PH_E_LIMIT;
    if (!found) {
        found = create(room, name, persistent);
        if (!found)
            return PH_E_MEMORY;
        found->is_loading = persistent && room->instance->theatre->store;
        if (found->is_loading && !ph_object_load(found)) {
            end(found);
            return PH_E_MEMORY;
        }
    }
    *object = found;
    return 0;
}

/* What is on disk comes back when it is wanted. */
static bool may_go(const struct ph_object *object)
{
    return !object->is_persistent || (object->room->instance->theatre->store && !object->is_loading);
}

void ph_object_settle(struct ph_object *object)
{
    if (may_go(object) && !object->is_unlocking && ph_list_is_empty(&object->uses) &&
        ph_list_is_empty(&object->watches) && ph_list_is_empty(&object->waiting))
        end(object);
}

void ph_object_loaded(struct ph_object *object, int error)
{
    object->is_unlocking = true;
    object->is_loading = false;
    ph_object_tell_opened(object, error);
    object->is_unlocking = false;
    if (error)
        end(object);
    else
        ph_object_let_in(object);
}

void ph_objects_settle(struct ph_room *room)
{
    ph_list_for_each_safe(node, &room->objects) ph_object_settle(ph_list_entry(node, struct ph_object, link));
}

void ph_objects_end(struct ph_room *room)
{
    for (struct ph_list *node; (node = ph_list_first(&room->objects));)
        end(ph_list_entry(node, struct ph_object, link));
}
