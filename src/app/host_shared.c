/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "app/host.h"
#include "app/instance.h"
#include "app/object.h"
#include "app/room.h"

static struct ph_object_watch *watch_of(struct ph_app *app, ph_shared_id id)
{
    return ph_object_watch_get(ph_instance_of(app), id);
}

/* The object is open when this has been called. */
struct opening {
    struct ph_task task;
    struct ph_instance *instance;
    unsigned life; /* of the instance, when it was begun */
    ph_done_fn done;
    void *user;
};

static void on_opened(struct ph_task *task)
{
    struct opening *opening = ph_container_of(task, struct opening, task);
    struct ph_instance *instance = opening->instance;
    ph_instance_done(instance, opening->life == instance->life ? opening->done : NULL, opening->user, 0, NULL);
    free(opening);
}

static int tell_later(struct ph_instance *instance, ph_done_fn done, void *user)
{
    struct opening *opening = done ? malloc(sizeof *opening) : NULL;
    if (!opening)
        return done ? PH_E_MEMORY : 0;
    *opening = (struct opening){.instance = instance, .life = instance->life, .done = done, .user = user};
    opening->task.run = on_opened;
    ph_list_init(&opening->task.link);
    ph_instance_defer(instance, &opening->task);
    return 0;
}

static int open_object(struct ph_app *app, ph_room_id room_id, const char *name, bool persistent, ph_shared_fn changed,
                       ph_done_fn done, void *user, ph_shared_id *id)
{
    struct ph_instance *instance = ph_instance_of(app);
    struct ph_room *room = ph_room_get(instance, room_id);
    struct ph_object *object;
    int err = room ? ph_object_open(room, name, persistent, &object) : PH_E_GONE;
    if (err)
        return err;
    bool is_late = object->is_loading;
    err = ph_object_watch(object, changed, is_late ? done : NULL, user, id);
    if (err) {
        ph_object_settle(object);
        return err;
    }
    err = is_late ? 0 : tell_later(instance, done, user);
    if (err)
        ph_object_unwatch(watch_of(app, *id));
    return err;
}

static int close_object(struct ph_app *app, ph_shared_id id)
{
    struct ph_object_watch *watch = watch_of(app, id);
    if (!watch)
        return PH_E_GONE;
    ph_object_unwatch(watch);
    return 0;
}

static const struct ph_value *get(struct ph_app *app, ph_shared_id id, const char *name, uint32_t *version)
{
    const struct ph_object_watch *watch = watch_of(app, id);
    const struct ph_slot *slot = watch ? ph_object_slot(watch->object, name) : NULL;
    if (version)
        *version = slot ? slot->content->version : 0;
    return slot ? ph_value_out(slot->content->value) : NULL;
}

static bool next(struct ph_app *app, ph_shared_id id, struct ph_shared_slot *slot)
{
    const struct ph_object_watch *watch = watch_of(app, id);
    const struct ph_slot *last = watch && slot->name ? ph_object_slot(watch->object, slot->name) : NULL;
    if (!watch || (slot->name && !last))
        return false;
    const struct ph_list *node = last ? last->link.next : watch->object->slot_list.next;
    if (node == &watch->object->slot_list)
        return false;
    const struct ph_slot *found = ph_list_entry(node, struct ph_slot, link);
    *slot = (struct ph_shared_slot){
        .name = found->name, .value = ph_value_out(found->content->value), .version = found->content->version};
    return true;
}

static size_t count(struct ph_app *app, ph_shared_id id)
{
    const struct ph_object_watch *watch = watch_of(app, id);
    return watch ? watch->object->slots.n : 0;
}

static uint32_t object_version(struct ph_app *app, ph_shared_id id)
{
    const struct ph_object_watch *watch = watch_of(app, id);
    return watch ? watch->object->version : 0;
}

static int change(struct ph_app *app, ph_shared_id id, const struct ph_shared_change *changes, size_t n_changes)
{
    const struct ph_object_watch *watch = watch_of(app, id);
    return watch ? ph_object_change_own(watch->object, changes, n_changes) : PH_E_GONE;
}

static int lock(struct ph_app *app, ph_shared_id id)
{
    struct ph_object_watch *watch = watch_of(app, id);
    return watch ? ph_object_lock(watch) : PH_E_GONE;
}

static int unlock(struct ph_app *app, ph_shared_id id)
{
    struct ph_object_watch *watch = watch_of(app, id);
    return watch ? ph_object_unlock(watch) : PH_E_GONE;
}

const struct ph_shared ph_host_shared = {
    .version = 1,
    .size = sizeof ph_host_shared,
    .open = open_object,
    .close = close_object,
    .get = get,
    .next = next,
    .count = count,
    .object_version = object_version,
    .change = change,
    .lock = lock,
    .unlock = unlock,
};
