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

static size_t bytes_of(const struct ph_slot *slot) { return sizeof *slot + strlen(slot->name) + slot->arena.used; }

static void free_slot(struct ph_slot *slot)
{
    rtmp_arena_finish(&slot->arena);
    free(slot);
}

struct ph_slot *ph_object_slot(const struct ph_object *object, const char *name)
{
    return ph_map_get(&object->slots, name, strlen(name));
}

static void drop_slot(struct ph_object *object, struct ph_slot *slot)
{
    (void)ph_map_remove(&object->slots, slot->name, strlen(slot->name));
    ph_list_remove(&slot->link);
    object->bytes -= bytes_of(slot);
    free_slot(slot);
}

static void clear(struct ph_object *object)
{
    for (struct ph_list *node; (node = ph_list_first(&object->slot_list));)
        drop_slot(object, ph_list_entry(node, struct ph_slot, link));
}

static struct ph_slot *make_slot(const char *name, const struct rtmp_value *value)
{
    size_t length = strlen(name);
    struct ph_slot *slot = malloc(sizeof *slot + length + 1);
    if (!slot)
        return NULL;
    memcpy(slot->name, name, length + 1);
    ph_list_init(&slot->link);
    rtmp_arena_init(&slot->arena, &ph_app_allocator, PH_LIMIT_SLOT_BYTES);
    slot->value = ph_value_copy(value, &slot->arena);
    if (slot->value)
        return slot;
    free_slot(slot);
    return NULL;
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
    struct ph_instance *instance = object->room->instance;
    for (struct ph_list *node; (node = ph_list_pop(&object->waiting));) {
        struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
        ph_letter_refuse(letter, &(struct ph_refusal){.error = PH_E_GONE, .description = "The object has gone."});
        ph_letter_return(letter, ph_seat_worker(letter->seat));
    }
    for (struct ph_list *node; (node = ph_list_pop(&object->watches));) {
        struct ph_object_watch *watch = ph_list_entry(node, struct ph_object_watch, in_object);
        (void)ph_idtable_remove(&instance->watch_ids, watch->id);
        free(watch);
    }
    ph_list_remove(&object->unlock.link);
    clear(object);
    ph_map_finish(&object->slots);
    ph_list_remove(&object->link);
    free(object);
}

static void on_unlock(struct ph_task *task) { ph_object_unlock(ph_container_of(task, struct ph_object, unlock)); }

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
        found = calloc(1, sizeof *found);
        if (!found)
            return PH_E_MEMORY;
        memcpy(found->name, name, length + 1);
        found->room = room;
        found->is_persistent = persistent;
        ph_map_init(&found->slots, &room->instance->theatre->seed, PH_LIMIT_SLOTS);
        ph_list_init(&found->slot_list);
        ph_list_init(&found->uses);
        ph_list_init(&found->watches);
        ph_list_init(&found->waiting);
        ph_list_init(&found->unlock.link);
        found->unlock.run = on_unlock;
        ph_list_append(&room->objects, &found->link);
        found->is_loading = persistent && room->instance->theatre->store;
        if (found->is_loading && !ph_object_load(found)) {
            end(found);
            return PH_E_MEMORY;
        }
    }
    *object = found;
    return 0;
}

void ph_object_settle(struct ph_object *object)
{
    if (!object->is_persistent && !object->is_unlocking && ph_list_is_empty(&object->uses) &&
        ph_list_is_empty(&object->watches))
        end(object);
}

void ph_objects_end(struct ph_room *room)
{
    for (struct ph_list *node; (node = ph_list_first(&room->objects));)
        end(ph_list_entry(node, struct ph_object, link));
}

/* Batches */

/* What a batch will do, made before anything is done. */
struct batch {
    struct ph_object *object;
    const struct ph_shared_change *changes;
    size_t n;
    uint32_t version;      /* of the object, before */
    struct ph_slot **made; /* of each change that sets; NULL: it does not, or nothing changes */
};

static bool is_deletion(const struct ph_shared_change *change)
{
    enum rtmp_value_type type = rtmp_value_type(ph_value_in(change->value));
    return change->kind == PH_SHARED_REMOVE ||
           (change->kind == PH_SHARED_SET && (type == RTMP_NULL || type == RTMP_UNDEFINED));
}

static int check(const struct ph_object *object, const struct ph_shared_change *change)
{
    bool has_name = change->kind == PH_SHARED_SET || change->kind == PH_SHARED_REMOVE ||
                    change->kind == PH_SHARED_MESSAGE;
    size_t length = change->name ? strlen(change->name) : 0;
    if (change->kind == PH_SHARED_USE || (has_name && (length == 0 || length > PH_LIMIT_OBJECT_NAME)))
        return PH_E_ARGUMENT;
    if (!change->if_version)
        return 0;
    const struct ph_slot *slot = change->name ? ph_object_slot(object, change->name) : NULL;
    return slot && slot->version == change->if_version ? 0 : PH_E_CONFLICT;
}

static int prepare_one(struct batch *batch, size_t i, size_t *n_new, size_t *bytes)
{
    const struct ph_shared_change *change = &batch->changes[i];
    int err = check(batch->object, change);
    if (err || change->kind != PH_SHARED_SET || is_deletion(change))
        return err;
    const struct ph_slot *old = ph_object_slot(batch->object, change->name);
    if (old && rtmp_value_equal(old->value, ph_value_in(change->value)))
        return 0;
    batch->made[i] = make_slot(change->name, ph_value_in(change->value));
    if (!batch->made[i])
        return PH_E_LIMIT;
    *n_new += !old;
    *bytes += bytes_of(batch->made[i]);
    return 0;
}

static int prepare(struct batch *batch)
{
    size_t n_new = 0, bytes = 0;
    batch->made = calloc(batch->n, sizeof(struct ph_slot *));
    if (!batch->made)
        return PH_E_MEMORY;
    int err = 0;
    for (size_t i = 0; i < batch->n && !err; i++)
        err = prepare_one(batch, i, &n_new, &bytes);
    if (!err &&
        (batch->object->slots.n + n_new > PH_LIMIT_SLOTS || batch->object->bytes + bytes > PH_LIMIT_OBJECT_BYTES))
        err = PH_E_LIMIT;
    for (size_t i = 0; i < batch->n && err; i++)
        if (batch->made[i])
            free_slot(batch->made[i]);
    return err;
}

static bool changes_slots(const struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const struct ph_shared_change *change = &batch->changes[i];
        bool removes = is_deletion(change) && ph_object_slot(batch->object, change->name);
        bool clears = change->kind == PH_SHARED_CLEAR && batch->object->slots.n;
        if (batch->made[i] || removes || clears)
            return true;
    }
    return false;
}

/* The slot of its name gives way. False: no memory, and then nothing is there any more. */
static bool place(struct ph_object *object, struct ph_slot *slot)
{
    struct ph_slot *old = ph_object_slot(object, slot->name);
    if (old)
        drop_slot(object, old);
    if (ph_map_add(&object->slots, slot->name, strlen(slot->name), slot)) {
        free_slot(slot);
        return false;
    }
    slot->version = object->version;
    ph_list_append(&object->slot_list, &slot->link);
    object->bytes += bytes_of(slot);
    return true;
}

static void do_set(struct batch *batch, size_t i, uint32_t known, struct ph_news *news)
{
    const struct ph_shared_change *change = &batch->changes[i];
    struct ph_object *object = batch->object;
    struct ph_slot *old = ph_object_slot(object, change->name);
    bool is_newer = (old ? old->version : batch->version) > known; /* without a slot: it may have been removed */
    if (!batch->made[i]) {
        ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_SUCCESS, change->name, NULL, object->version);
        if (is_newer)
            ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_CHANGED, change->name, old->value, old->version);
        return;
    }
    if (!place(object, batch->made[i])) {
        ph_news_add(news, PH_NEWS_TO_ALL, PH_NEWS_REMOVED, change->name, NULL, object->version);
        return;
    }
    const struct rtmp_value *value = ph_object_slot(object, change->name)->value;
    ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_SUCCESS, change->name, NULL, object->version);
    if (is_newer)
        ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_CHANGED, change->name, value, object->version);
    ph_news_add(news, PH_NEWS_TO_OTHERS, PH_NEWS_CHANGED, change->name, value, object->version);
}

static void do_remove(struct ph_object *object, const char *name, struct ph_news *news)
{
    struct ph_slot *slot = ph_object_slot(object, name);
    ph_news_add(news, slot ? PH_NEWS_TO_ALL : PH_NEWS_TO_ASKER, PH_NEWS_REMOVED, name, NULL, object->version);
    if (slot)
        drop_slot(object, slot);
}

static void do_one(struct batch *batch, size_t i, uint32_t known, struct ph_news *news)
{
    const struct ph_shared_change *change = &batch->changes[i];
    switch (change->kind) {
    case PH_SHARED_SET:
        if (is_deletion(change))
            do_remove(batch->object, change->name, news);
        else
            do_set(batch, i, known, news);
        break;
    case PH_SHARED_REMOVE:
        do_remove(batch->object, change->name, news);
        break;
    case PH_SHARED_CLEAR:
        clear(batch->object);
        ph_news_add(news, PH_NEWS_TO_ALL, PH_NEWS_CLEARED, NULL, NULL, batch->object->version);
        break;
    case PH_SHARED_MESSAGE:
        ph_news_add(news, PH_NEWS_TO_ALL, PH_NEWS_MESSAGE, change->name, ph_value_in(change->value),
                    batch->object->version);
        break;
    case PH_SHARED_USE:
        break;
    }
}

/* On disk a clear is the removal of each slot. */
static bool save_clear(const struct ph_object *object, const struct ph_shared_change *changes, size_t n_changes)
{
    size_t n = 0;
    bool has_clear = false;
    for (size_t i = 0; i < n_changes; i++)
        has_clear |= changes[i].kind == PH_SHARED_CLEAR;
    if (!has_clear || object->slots.n == 0)
        return true;
    struct ph_shared_change *removals = calloc(object->slots.n, sizeof *removals);
    if (!removals)
        return false;
    ph_list_for_each(node, &object->slot_list) removals[n++] = (struct ph_shared_change){
        .kind = PH_SHARED_REMOVE, .name = ph_list_entry(node, struct ph_slot, link)->name};
    ph_object_forget(object, removals, n);
    free(removals);
    return true;
}

/* A slot that a batch names twice is news twice: what is told must still be there when it is told. So values are
 * copied into the news as they are added. */
int ph_object_change(struct ph_object *object, struct ph_member *member, uint32_t known,
                     const struct ph_shared_change *changes, size_t n_changes)
{
    struct batch batch = {.object = object, .changes = changes, .n = n_changes, .version = object->version};
    struct ph_news news;
    int err = n_changes ? prepare(&batch) : PH_E_ARGUMENT;
    if (err) {
        free(batch.made);
        return err;
    }
    ph_news_begin(&news, object);
    if (object->is_persistent && !save_clear(object, changes, n_changes))
        news.failed = true;
    object->version += changes_slots(&batch);
    for (size_t i = 0; i < n_changes; i++)
        do_one(&batch, i, known, &news);
    free(batch.made);
    if (object->is_persistent)
        ph_object_save(object, changes, n_changes);
    ph_news_send(&news, member);
    return 0;
}

int ph_object_restore(struct ph_object *object, const char *name, const struct rtmp_value *value, uint32_t version)
{
    struct ph_slot *slot = make_slot(name, value);
    if (!slot)
        return PH_E_LIMIT;
    if (!place(object, slot))
        return PH_E_MEMORY;
    slot->version = version;
    return 0;
}

/* The end may close its watch, or any. */
static void tell_opened(struct ph_object *object)
{
    struct ph_instance *instance = object->room->instance;
    for (struct ph_list *node = object->watches.next; node != &object->watches;) {
        struct ph_object_watch *watch = ph_list_entry(node, struct ph_object_watch, in_object);
        ph_done_fn opened = watch->opened;
        watch->opened = NULL;
        node = opened ? object->watches.next : node->next;
        if (opened)
            ph_instance_done(instance, opened, watch->user, 0, NULL);
    }
}

void ph_object_loaded(struct ph_object *object)
{
    object->is_loading = false;
    object->n_locks--;
    tell_opened(object);
    ph_object_unlock(object);
}
