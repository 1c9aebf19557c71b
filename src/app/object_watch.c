/* SPDX-License-Identifier: MIT */
/* Shared objects and the application of their room: it watches, changes and locks them. */
#include <stdlib.h>
#include <string.h>

#include "app/copy.h"
#include "app/instance.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/news.h"
#include "app/object.h"
#include "app/room.h"

/* A batch of the application that its watches have not heard of. */
struct untold {
    struct ph_list link;
    struct rtmp_arena arena;
    struct ph_shared_change *changes;
    size_t n_changes;
};

static struct ph_instance *instance_of(const struct ph_object *object) { return object->room->instance; }

static void free_untold(struct untold *untold)
{
    rtmp_arena_finish(&untold->arena);
    free(untold);
}

/* Watching */

int ph_object_watch(struct ph_object *object, ph_shared_fn changed, ph_done_fn opened, void *user, ph_shared_id *id)
{
    struct ph_object_watch *watch = calloc(1, sizeof *watch);
    int err = watch ? ph_idtable_add(&instance_of(object)->watch_ids, watch, &watch->id) : PH_E_MEMORY;
    if (err) {
        free(watch);
        return PH_E_MEMORY;
    }
    watch->object = object;
    watch->life = instance_of(object)->life;
    watch->changed = changed;
    watch->opened = opened;
    watch->user = user;
    ph_list_append(&object->watches, &watch->in_object);
    *id = watch->id;
    return 0;
}

struct ph_object_watch *ph_object_watch_get(const struct ph_instance *instance, ph_shared_id id)
{
    return ph_idtable_get(&instance->watch_ids, id);
}

static void take_locks_off(struct ph_object *object, unsigned n)
{
    if (n == 0)
        return;
    object->n_locks -= n;
    if (object->n_locks)
        return;
    ph_news_send(object->gathered, NULL);
    free(object->gathered);
    object->gathered = NULL;
    ph_instance_defer(instance_of(object), &object->unlock);
}

static void end_watch(struct ph_object_watch *watch)
{
    (void)ph_idtable_remove(&instance_of(watch->object)->watch_ids, watch->id);
    ph_list_remove(&watch->in_object);
    take_locks_off(watch->object, watch->n_locks);
    free(watch);
}

void ph_object_unwatch(struct ph_object_watch *watch)
{
    struct ph_object *object = watch->object;
    end_watch(watch);
    ph_object_settle(object);
}

static void forget_untold(struct ph_object *object)
{
    for (struct ph_list *node; (node = ph_list_pop(&object->untold));)
        free_untold(ph_list_entry(node, struct untold, link));
}

static void unwatch_all(struct ph_object *object)
{
    for (struct ph_list *node; (node = ph_list_first(&object->watches));)
        end_watch(ph_list_entry(node, struct ph_object_watch, in_object));
    forget_untold(object);
}

void ph_objects_unwatch(struct ph_room *room)
{
    ph_list_for_each(node, &room->objects) unwatch_all(ph_list_entry(node, struct ph_object, link));
}

/* Locking */

int ph_object_lock(struct ph_object_watch *watch)
{
    struct ph_object *object = watch->object;
    if (!object->gathered) {
        object->gathered = malloc(sizeof *object->gathered);
        if (!object->gathered)
            return PH_E_MEMORY;
        ph_news_begin(object->gathered, object);
    }
    object->n_locks++;
    watch->n_locks++;
    return 0;
}

int ph_object_unlock(struct ph_object_watch *watch)
{
    if (watch->n_locks == 0)
        return PH_E_STATE;
    watch->n_locks--;
    take_locks_off(watch->object, 1);
    return 0;
}

void ph_object_let_in(struct ph_object *object)
{
    object->is_unlocking = true;
    for (struct ph_list *node; object->n_locks == 0 && !object->is_loading && (node = ph_list_pop(&object->waiting));) {
        struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
        ph_member_do_shared(*ph_seat_member(letter->seat), letter);
    }
    object->is_unlocking = false;
    ph_object_settle(object);
}

static void on_unlock(struct ph_task *task) { ph_object_let_in(ph_container_of(task, struct ph_object, unlock)); }

/* Telling */

void ph_object_tell_opened(struct ph_object *object, int error)
{
    struct ph_list *node = object->watches.next;
    while (node != &object->watches) {
        struct ph_object_watch *watch = ph_list_entry(node, struct ph_object_watch, in_object);
        ph_done_fn opened = watch->opened;
        watch->opened = NULL;
        if (opened && watch->life == instance_of(object)->life)
            ph_instance_done(instance_of(object), opened, watch->user, error, NULL);
        node = opened ? object->watches.next : node->next; /* it may have closed its watch, or any */
    }
}

/* Each may close any of them. */
void ph_object_tell(struct ph_object *object, ph_member_id member, const struct ph_shared_change *changes,
                    size_t n_changes)
{
    struct ph_instance *instance = instance_of(object);
    size_t n = 0;
    ph_list_for_each(node, &object->watches) n++;
    ph_shared_id *ids = n ? rtmp_arena_take(&instance->scratch, n * sizeof *ids) : NULL;
    if (!ids)
        return;
    n = 0;
    ph_list_for_each(node, &object->watches) ids[n++] = ph_list_entry(node, struct ph_object_watch, in_object)->id;
    for (size_t i = 0; i < n; i++) {
        const struct ph_object_watch *watch = ph_object_watch_get(instance, ids[i]);
        if (watch && watch->changed && watch->life == instance->life)
            ph_instance_shared(instance, watch, member, changes, n_changes);
    }
}

static void on_tell(struct ph_task *task)
{
    struct ph_object *object = ph_container_of(task, struct ph_object, tell);
    struct ph_list *node = ph_list_pop(&object->untold);
    struct untold *untold = ph_list_entry(node, struct untold, link);
    if (!ph_list_is_empty(&object->untold))
        ph_instance_defer(instance_of(object), &object->tell);
    ph_object_tell(object, 0, untold->changes, untold->n_changes);
    free_untold(untold); /* the object may have gone */
}

static bool copy_change(struct untold *untold, const struct ph_shared_change *change)
{
    struct ph_shared_change *copy = &untold->changes[untold->n_changes++];
    *copy = *change;
    if (change->name)
        copy->name = rtmp_arena_copy(&untold->arena, change->name, strlen(change->name));
    if (change->value)
        copy->value = ph_value_out(ph_value_copy(ph_value_in(change->value), &untold->arena));
    return !change->name == !copy->name && !change->value == !copy->value;
}

/* NULL: no memory. */
static struct untold *remember(const struct ph_shared_change *changes, size_t n_changes)
{
    struct untold *untold = calloc(1, sizeof *untold);
    if (!untold)
        return NULL;
    rtmp_arena_init(&untold->arena, &ph_app_allocator, PH_LIMIT_OBJECT_BYTES + PH_LIMIT_AMF_BYTES);
    untold->changes = rtmp_arena_take(&untold->arena, n_changes * sizeof *untold->changes);
    bool is_whole = untold->changes;
    for (size_t i = 0; i < n_changes && is_whole; i++)
        is_whole = copy_change(untold, &changes[i]);
    if (is_whole)
        return untold;
    free_untold(untold);
    return NULL;
}

static bool is_watched(const struct ph_object *object)
{
    ph_list_for_each(node, &object->watches)
    {
        if (ph_list_entry(node, struct ph_object_watch, in_object)->changed)
            return true;
    }
    return false;
}

int ph_object_change_own(struct ph_object *object, const struct ph_shared_change *changes, size_t n_changes)
{
    struct untold *untold = NULL;
    if (n_changes == 0 || n_changes > PH_LIMIT_CHANGES)
        return PH_E_ARGUMENT;
    if (object->is_loading)
        return PH_E_STATE;
    if (is_watched(object) && !(untold = remember(changes, n_changes)))
        return PH_E_MEMORY;
    int err = ph_object_change(object, NULL, object->version, changes, n_changes);
    if (err && untold)
        free_untold(untold);
    if (err || !untold)
        return err;
    ph_list_append(&object->untold, &untold->link);
    ph_instance_defer(instance_of(object), &object->tell);
    return 0;
}

/* Of an object */

void ph_object_init_watches(struct ph_object *object)
{
    ph_list_init(&object->watches);
    ph_list_init(&object->waiting);
    ph_list_init(&object->untold);
    ph_list_init(&object->unlock.link);
    ph_list_init(&object->tell.link);
    object->unlock.run = on_unlock;
    object->tell.run = on_tell;
}

void ph_object_finish_watches(struct ph_object *object)
{
    unwatch_all(object);
    ph_list_remove(&object->unlock.link);
    ph_list_remove(&object->tell.link);
}
