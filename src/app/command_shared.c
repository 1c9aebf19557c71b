/* SPDX-License-Identifier: MIT */
/* Commands about shared objects: each uses the object for as long as it takes, or until its lock is taken off. */
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/copy.h"
#include "app/errand.h"
#include "app/host.h"
#include "app/letter.h"
#include "app/room.h"
#include "base/limits.h"

enum { LEASE_MS = 10000, LEASE_MAX_MS = 60000 };

/* A command that waits for its object, or has locked it. */
struct visit {
    struct ph_list link; /* in the instance's visits */
    struct ph_errand errand;
    struct ph_timer lease; /* of a lock */
    bool is_lock;
    ph_shared_id object;
    const struct rtmp_value *params; /* a copy */
    struct rtmp_arena arena;
    int (*run)(struct ph_app *app, struct visit *visit, struct rtmp_value *result);
};

static const struct ph_shared *shared(void) { return &ph_host_shared; }

static bool put(struct ph_app *app, struct rtmp_value *object, const char *name, struct rtmp_value *item)
{
    return rtmp_value_set(&ph_instance_of(app)->scratch, object, name, item) == 0;
}

static struct rtmp_value *number(struct ph_app *app, double it)
{
    return rtmp_value_new_number(&ph_instance_of(app)->scratch, it);
}

static int get(struct ph_app *app, struct visit *visit, struct rtmp_value *result)
{
    struct rtmp_arena *scratch = &ph_instance_of(app)->scratch;
    struct rtmp_value *slots = rtmp_value_new_object(scratch);
    struct ph_shared_slot slot = {0};
    while (shared()->next(app, visit->object, &slot)) {
        struct rtmp_value *row = rtmp_value_new_object(scratch);
        if (!put(app, row, "value", ph_value_copy(ph_value_in(slot.value), scratch)) ||
            !put(app, row, "version", number(app, slot.version)) || !put(app, slots, slot.name, row))
            return PH_E_MEMORY;
    }
    bool whole = put(app, result, "version", number(app, shared()->object_version(app, visit->object))) &&
                 put(app, result, "slots", slots);
    return whole ? 0 : PH_E_MEMORY;
}

/* One that no slot has, where it is none. */
static uint32_t version_of(const struct rtmp_value *versions, const char *name)
{
    double number = rtmp_value_number(rtmp_value_get(versions, name), 0);
    return number >= 0 && number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

/* {clear, remove: [names], slots: {name: value}, if_versions: {name: version}, in this order, as one batch. */
static size_t read_changes(const struct rtmp_value *params, struct ph_shared_change *changes)
{
    const struct rtmp_value *versions = rtmp_value_get(params, "if_versions"),
                            *remove = rtmp_value_get(params, "remove");
    size_t n = 0;
    if (rtmp_value_boolean(rtmp_value_get(params, "clear"), false))
        changes[n++] = (struct ph_shared_change){.kind = PH_SHARED_CLEAR};
    for (size_t i = 0; i < rtmp_value_count(remove); i++) {
        const struct rtmp_value *name = rtmp_value_at(remove, i);
        if (rtmp_value_type(name) == RTMP_STRING)
            changes[n++] = (struct ph_shared_change){
                .kind = PH_SHARED_REMOVE, .name = name->text, .if_version = version_of(versions, name->text)};
    }
    const struct rtmp_member *slot = rtmp_value_members(rtmp_value_get(params, "slots"));
    for (; slot; slot = slot->next)
        changes[n++] = (struct ph_shared_change){.kind = PH_SHARED_SET,
                                                 .name = slot->name.data,
                                                 .value = ph_value_out(slot->value),
                                                 .if_version = version_of(versions, slot->name.data)};
    return n;
}

static size_t count_members(const struct rtmp_value *object)
{
    size_t n = 0;
    for (const struct rtmp_member *member = rtmp_value_members(object); member; member = member->next)
        n++;
    return n;
}

static int set(struct ph_app *app, struct visit *visit, struct rtmp_value *result)
{
    size_t most = 1 + rtmp_value_count(rtmp_value_get(visit->params, "remove")) +
                  count_members(rtmp_value_get(visit->params, "slots"));
    struct ph_shared_change *changes = calloc(most, sizeof *changes);
    if (!changes)
        return PH_E_MEMORY;
    size_t n = read_changes(visit->params, changes);
    int error = n ? shared()->change(app, visit->object, changes, n) : 0;
    free(changes);
    if (!error && !put(app, result, "version", number(app, shared()->object_version(app, visit->object))))
        error = PH_E_MEMORY;
    return error;
}

static int say(struct ph_app *app, struct visit *visit, struct rtmp_value *result)
{
    const struct rtmp_value *method = rtmp_value_get(visit->params, "method");
    const struct rtmp_value *args = rtmp_value_get(visit->params, "args");
    (void)result;
    if (rtmp_value_type(method) != RTMP_STRING || (args && rtmp_value_type(args) != RTMP_ARRAY))
        return PH_E_ARGUMENT;
    const struct ph_shared_change change = {
        .kind = PH_SHARED_MESSAGE, .name = method->text, .value = ph_value_out(args)};
    return shared()->change(app, visit->object, &change, 1);
}

static void end_visit(struct visit *visit)
{
    struct ph_instance *instance = visit->errand.instance;
    ph_list_remove(&visit->link);
    ph_timer_stop(instance->loop, &visit->lease);
    (void)shared()->close(&instance->app, visit->object);
    rtmp_arena_finish(&visit->arena);
    free(visit);
}

void ph_command_end_visits(struct ph_instance *instance)
{
    for (struct ph_list *node; (node = ph_list_first(&instance->visits));)
        end_visit(ph_list_entry(node, struct visit, link));
}

/* Closing takes the lock off. */
static void on_lease(struct ph_timer *timer)
{
    struct visit *visit = ph_container_of(timer, struct visit, lease);
    struct ph_instance *instance = visit->errand.instance;
    ph_instance_begin(instance);
    end_visit(visit);
    ph_instance_end(instance);
}

static int lock(struct ph_app *app, struct visit *visit, struct rtmp_value *result)
{
    double ms = rtmp_value_number(rtmp_value_get(visit->params, "lease_ms"), LEASE_MS);
    (void)result;
    if (!(ms >= 1 && ms <= LEASE_MAX_MS))
        return PH_E_ARGUMENT;
    int error = shared()->lock(app, visit->object);
    visit->is_lock = !error;
    if (!error)
        ph_timer_start(visit->errand.instance->loop, &visit->lease, (uint64_t)(ms * 1000));
    return error;
}

static void on_open(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    struct visit *visit = user;
    struct rtmp_value *result = rtmp_value_new_object(&ph_instance_of(app)->scratch);
    (void)value;
    if (!error)
        error = result ? visit->run(app, visit, result) : PH_E_MEMORY;
    if (visit->errand.done)
        visit->errand.done(app, visit->errand.user, error, error ? NULL : ph_value_out(result));
    if (error || !visit->is_lock)
        end_visit(visit);
}

static int begin(struct ph_command *command, int (*run)(struct ph_app *, struct visit *, struct rtmp_value *))
{
    struct ph_room *room = ph_command_room(command);
    const char *name = ph_command_text(command, "object");
    bool persistent = rtmp_value_boolean(ph_command_value(command, "persistent"), false);
    if (!room)
        return PH_E_NOT_FOUND;
    if (!name[0])
        return ph_command_fail(command, PH_E_ARGUMENT, "object: the name of a shared object");
    struct visit *visit = calloc(1, sizeof *visit);
    if (!visit)
        return PH_E_MEMORY;
    visit->errand = ph_errand_begin(command->app, command->done, command->user);
    visit->run = run;
    ph_timer_init(&visit->lease, on_lease);
    ph_list_init(&visit->link);
    ph_list_append(&command->instance->visits, &visit->link);
    rtmp_arena_init(&visit->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    visit->params = command->params ? ph_value_copy(command->params, &visit->arena) : NULL;
    int error = command->params && !visit->params ? PH_E_MEMORY : 0;
    if (!error)
        error = shared()->open(command->app, room->id, name, persistent, NULL, on_open, visit, &visit->object);
    if (error) {
        visit->object = 0;
        end_visit(visit);
        return error;
    }
    command->is_later = true;
    return 0;
}

static int get_shared(struct ph_command *command) { return begin(command, get); }
static int set_shared(struct ph_command *command) { return begin(command, set); }
static int send_shared(struct ph_command *command) { return begin(command, say); }
static int lock_shared(struct ph_command *command) { return begin(command, lock); }

static bool is_same(const struct ph_command *command, const struct visit *visit, const char *name)
{
    struct rtmp_text there = rtmp_value_text(rtmp_value_get(visit->params, name));
    return rtmp_text_is(there, ph_command_text(command, name));
}

static int unlock_shared(struct ph_command *command)
{
    ph_list_for_each_safe(node, &command->instance->visits)
    {
        struct visit *visit = ph_list_entry(node, struct visit, link);
        if (!visit->is_lock || !is_same(command, visit, "room") || !is_same(command, visit, "object"))
            continue;
        end_visit(visit);
        return 0;
    }
    return ph_command_fail(command, PH_E_NOT_FOUND, "nobody has locked this object from outside");
}

const struct ph_command_method ph_shared_commands[] = {{"getShared", get_shared},       {"setShared", set_shared},
                                                       {"sendShared", send_shared},     {"lockShared", lock_shared},
                                                       {"unlockShared", unlock_shared}, {NULL, NULL}};
