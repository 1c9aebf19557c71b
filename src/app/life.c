/* SPDX-License-Identifier: MIT */
/* How an instance begins, begins anew and ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/command.h"
#include "app/control.h"
#include "app/copy.h"
#include "app/http_client.h"
#include "app/instance.h"
#include "app/keep.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/object.h"
#include "app/question.h"
#include "app/room.h"
#include "app/theatre.h"
#include "app/timers.h"
#include "base/log.h"

enum { FAILURES_MAX = 3, MINUTE_US = 60 * 1000000 };

static struct ph_log *log_of(const struct ph_instance *instance) { return instance->theatre->log; }

static const struct ph_event stop_event = {.size = sizeof stop_event, .reason = PH_REASON_STOP};

/* Loading */

static int add_methods(struct ph_instance *instance)
{
    int err = 0;
    for (size_t i = 0; i < instance->type->n_methods && !err; i++)
        err = ph_instance_add_method(instance, &instance->type->methods[i]);
    return err;
}

static int call_load(struct ph_instance *instance, const struct rtmp_value *saved, struct ph_answer *answer)
{
    const struct ph_event event = {.size = sizeof event, .room = instance->hall->id, .value = ph_value_out(saved)};
    int err = add_methods(instance);
    return err ? err : ph_instance_call(instance, instance->type->load, &event, answer);
}

static void load(struct ph_instance *instance, const struct rtmp_value *saved)
{
    struct ph_answer answer = {0};
    instance->state = PH_INSTANCE_NEW;
    int err = instance->hall ? 0 : ph_room_create(instance, "", "", &instance->hall);
    if (!err) {
        instance->hall->is_open = true;
        err = call_load(instance, saved, &answer);
    }
    instance->state = err ? PH_INSTANCE_FAILED : PH_INSTANCE_RUNNING;
    if (err)
        ph_log_error(log_of(instance), instance->app.name, "this application did not load: %s",
                     answer.description ? answer.description : "it gave no reason");
}

static void on_load(struct ph_mail *mail)
{
    struct ph_instance *instance = ph_container_of(mail, struct ph_instance, load_mail);
    if (instance->state != PH_INSTANCE_NEW)
        return;
    ph_instance_begin(instance);
    load(instance, ph_keep_find(instance, ""));
    ph_instance_end(instance);
}

void ph_instance_load(struct ph_instance *instance) { ph_loop_post(instance->loop, &instance->load_mail); }

/* Saving: for the next life of the instance, or for the next server */

/* What the hook gives lies in the instance's scratch. */
static const struct rtmp_value *ask_state(struct ph_instance *instance, ph_hook_fn hook, ph_room_id room)
{
    const struct ph_event event = {.size = sizeof event, .room = room, .reason = PH_REASON_STOP};
    struct ph_answer answer = {0};
    if (!hook || ph_instance_call(instance, hook, &event, &answer) != PH_ACCEPT)
        return NULL;
    return ph_value_in(answer.value);
}

static void keep_state(struct ph_instance *instance, ph_hook_fn hook, const struct ph_room *room)
{
    const struct rtmp_value *value = ask_state(instance, hook, room == instance->hall ? 0 : room->id);
    if (value)
        ph_keep_put(instance, room->name, value);
    rtmp_arena_reset(&instance->scratch); /* each may be as large */
}

/* Another server may be its next host. */
static void tell_router(struct ph_instance *instance)
{
    const struct ph_router *router = &instance->theatre->router;
    struct rtmp_buffer bundle;
    if (!router->saved)
        return;
    rtmp_buffer_init(&bundle, &ph_app_allocator, PH_LIMIT_BUNDLE_BYTES);
    if (ph_keep_bundle(instance, &bundle)) {
        ph_log_error(log_of(instance), instance->app.name, "what it saved is too large for the next host");
        rtmp_buffer_clear(&bundle);
    }
    router->saved(router->user, instance, bundle.data, bundle.length);
    rtmp_buffer_finish(&bundle);
}

static void on_save(struct ph_mail *mail)
{
    struct ph_instance *instance = ph_container_of(mail, struct ph_instance, save_mail);
    if (instance->state != PH_INSTANCE_RUNNING)
        return;
    ph_instance_begin(instance);
    instance->is_draining = true;
    ph_list_for_each(node, &instance->room_list)
    {
        const struct ph_room *room = ph_list_entry(node, struct ph_room, link);
        if (room->is_open)
            keep_state(instance, room == instance->hall ? instance->type->save : instance->type->save_room, room);
    }
    tell_router(instance);
    ph_instance_end(instance);
}

void ph_instance_save(struct ph_instance *instance) { ph_loop_post(instance->loop, &instance->save_mail); }

/* Draining */

static void on_drain(struct ph_mail *mail)
{
    struct ph_instance *instance = ph_container_of(mail, struct ph_instance, drain_mail);
    if (instance->state != PH_INSTANCE_RUNNING)
        return;
    ph_instance_begin(instance);
    struct ph_event event = stop_event;
    event.seconds = instance->theatre->options.drain_ms / 1000.0;
    ph_instance_tell(instance, instance->type->drain, &event);
    ph_instance_end(instance);
    on_save(&instance->save_mail); /* clients begin to leave now, and rooms to end */
}

void ph_instance_drain(struct ph_instance *instance) { ph_loop_post(instance->loop, &instance->drain_mail); }

/* The end */

static void end_members(struct ph_instance *instance, enum ph_reason reason, const struct ph_refusal *why)
{
    for (struct ph_list *node; (node = ph_list_first(&instance->members));)
        ph_member_end(ph_list_entry(node, struct ph_member, link), reason, why);
}

static void end_rooms(struct ph_instance *instance, enum ph_reason reason)
{
    ph_list_for_each_safe(node, &instance->room_list)
    {
        struct ph_room *room = ph_list_entry(node, struct ph_room, link);
        if (room == instance->hall)
            ph_room_free(room);
        else
            ph_room_end(room, reason);
    }
    instance->hall = NULL;
}

static void unload(struct ph_instance *instance, enum ph_reason reason)
{
    const struct ph_event event = {.size = sizeof event, .reason = reason};
    ph_timers_end(instance, NULL);
    if (instance->state == PH_INSTANCE_RUNNING)
        ph_instance_tell(instance, instance->type->unload, &event);
    instance->state = PH_INSTANCE_ENDED;
    instance->life++;
    ph_command_end_visits(instance);
    ph_control_end_all(instance);
    ph_http_client_free(instance->http);
    instance->http = NULL;
    ph_instance_drop_methods(instance);
}

void ph_instance_unload(struct ph_instance *instance)
{
    ph_instance_begin(instance);
    end_members(instance, PH_REASON_STOP, NULL);
    end_rooms(instance, PH_REASON_STOP);
    unload(instance, PH_REASON_STOP);
    free(instance->failure);
    rtmp_arena_finish(&instance->saved);
    ph_instance_end(instance);
}

/* Another server has it now: its members go there. */
static void on_yield(struct ph_mail *mail)
{
    static const struct ph_refusal why = {.error = PH_E_GONE,
                                          .description = "This application is on another server now; connect again."};
    struct ph_instance *instance = ph_container_of(mail, struct ph_instance, yield_mail);
    atomic_store(&instance->is_yielding, false);
    if (instance->state != PH_INSTANCE_RUNNING)
        return;
    ph_instance_begin(instance);
    end_members(instance, PH_REASON_STOP, &why);
    ph_instance_end(instance);
}

void ph_instance_yield(struct ph_instance *instance)
{
    if (!atomic_exchange(&instance->is_yielding, true))
        ph_loop_post(instance->loop, &instance->yield_mail);
}

/* Failing: everybody out, then once more from the beginning, but not for ever. */

static bool may_try_again(struct ph_instance *instance)
{
    uint64_t now_us = ph_loop_now(instance->loop);
    if (!instance->failed_us || now_us - instance->failed_us > MINUTE_US) {
        instance->failed_us = now_us;
        instance->n_failures = 0;
    }
    return ++instance->n_failures <= FAILURES_MAX;
}

static void on_fail(struct ph_task *task)
{
    struct ph_instance *instance = ph_container_of(task, struct ph_instance, fail_task);
    const char *words = instance->failure ? instance->failure : "it gave no reason";
    const struct ph_refusal why = {.description = "The application failed; connect again."};
    bool again = may_try_again(instance);
    ph_log_error(log_of(instance), instance->app.name, "this application failed: %s; %s", words,
                 again ? "it begins anew" : "it stays closed, for it has failed too often");
    end_members(instance, PH_REASON_FAILED, &why);
    end_rooms(instance, PH_REASON_FAILED);
    unload(instance, PH_REASON_FAILED);
    if (again)
        load(instance, NULL);
}

void ph_instance_fail(struct ph_instance *instance, const char *description)
{
    free(instance->failure);
    instance->failure = description ? strdup(description) : NULL;
    ph_instance_defer(instance, &instance->fail_task);
}

/* Reloading: members and rooms stay, code and its state are exchanged. */

static const struct rtmp_value *save(struct ph_instance *instance, ph_hook_fn hook, ph_room_id room)
{
    const struct rtmp_value *value = ask_state(instance, hook, room);
    const struct rtmp_value *copy = value ? ph_value_copy(value, &instance->saved) : NULL;
    if (value && !copy)
        ph_log_error(log_of(instance), instance->app.name, "what it saved is too large and was not kept");
    rtmp_arena_reset(&instance->scratch); /* each may be as large */
    return copy;
}

/* What has not been decided is not any more; who is on the way goes. */
static void detach(struct ph_instance *instance)
{
    static const struct ph_refusal why = {.description = "The application begins anew; connect again."};
    ph_list_for_each(node, &instance->room_list)
    {
        struct ph_room *room = ph_list_entry(node, struct ph_room, link);
        for (struct ph_list *question; (question = ph_list_first(&room->questions));)
            ph_question_withdraw(ph_list_entry(question, struct ph_question, link));
        ph_objects_unwatch(room);
        room->data = NULL;
    }
    ph_list_for_each_safe(node, &instance->members)
    {
        struct ph_member *member = ph_list_entry(node, struct ph_member, link);
        if (member->state != PH_MEMBER_IN) {
            ph_member_end(member, PH_REASON_REFUSED, &why);
            continue;
        }
        ph_member_withdraw(member);
        ph_member_drop_invokes(member);
        if (member->moving)
            member->moving->done = NULL;
        member->n_running = 0;
        member->data = NULL;
    }
}

static void tell_room(struct ph_instance *instance, const struct ph_room *room)
{
    struct ph_event event = {.size = sizeof event,
                             .room = room->id,
                             .name = room->name,
                             .value = ph_value_out(room->saved),
                             .reason = PH_REASON_STOP};
    if (room != instance->hall)
        ph_instance_tell(instance, instance->type->create_room, &event);
    event.value = NULL;
    ph_list_for_each(node, &room->members)
    {
        event.member = ph_list_entry(node, struct ph_member, in_room)->id;
        ph_instance_tell(instance, instance->type->enter_room, &event);
    }
}

/* With what lies in instance->saved: the application's `saved`, and room->saved. */
static void begin_anew(struct ph_instance *instance, const struct rtmp_value *saved)
{
    detach(instance);
    unload(instance, PH_REASON_STOP);
    load(instance, saved);
    ph_list_for_each(node, &instance->room_list)
    {
        struct ph_room *room = ph_list_entry(node, struct ph_room, link);
        if (instance->state == PH_INSTANCE_RUNNING && room->is_open)
            tell_room(instance, room);
        ph_objects_settle(room);
        room->saved = NULL;
    }
    rtmp_arena_reset(&instance->saved);
}

static void on_reload(struct ph_task *task)
{
    struct ph_instance *instance = ph_container_of(task, struct ph_instance, reload_task);
    const struct ph_app_type *type = instance->type;
    bool was_running = instance->state == PH_INSTANCE_RUNNING;
    const struct rtmp_value *saved = was_running ? save(instance, type->save, 0) : NULL;
    ph_list_for_each(node, &instance->room_list)
    {
        struct ph_room *room = ph_list_entry(node, struct ph_room, link);
        room->saved = was_running ? save(instance, type->save_room, room->id) : NULL;
    }
    begin_anew(instance, saved);
}

void ph_instance_reload(struct ph_instance *instance) { ph_instance_defer(instance, &instance->reload_task); }

/* This server is the host now: the application begins anew with what the last one saved. */

struct succession {
    struct ph_mail mail;
    struct ph_instance *instance;
    size_t length;
    uint8_t bytes[];
};

static const struct rtmp_value *recall(struct ph_instance *instance, const char *name)
{
    const struct rtmp_value *kept = ph_keep_find(instance, name);
    const struct rtmp_value *copy = kept ? ph_value_copy(kept, &instance->saved) : NULL;
    rtmp_arena_reset(&instance->scratch); /* each may be as large */
    return copy;
}

static void on_succeed(struct ph_mail *mail)
{
    struct succession *succession = ph_container_of(mail, struct succession, mail);
    struct ph_instance *instance = succession->instance;
    ph_instance_begin(instance);
    ph_keep_unbundle(instance, succession->bytes, succession->length);
    if (instance->state == PH_INSTANCE_RUNNING && instance->kept.n) {
        ph_list_for_each(node, &instance->room_list)
        {
            struct ph_room *room = ph_list_entry(node, struct ph_room, link);
            room->saved = recall(instance, room->name);
        }
        begin_anew(instance, recall(instance, ""));
    }
    ph_instance_end(instance);
    free(succession);
}

int ph_instance_succeed(struct ph_instance *instance, const void *bytes, size_t length)
{
    struct succession *succession = malloc(sizeof *succession + length);
    if (!succession)
        return -ENOMEM;
    succession->mail.deliver = on_succeed;
    succession->instance = instance;
    succession->length = length;
    if (length)
        memcpy(succession->bytes, bytes, length);
    ph_loop_post(instance->loop, &succession->mail);
    return 0;
}

void ph_instance_init_life(struct ph_instance *instance)
{
    instance->load_mail.deliver = on_load;
    instance->drain_mail.deliver = on_drain;
    instance->save_mail.deliver = on_save;
    instance->yield_mail.deliver = on_yield;
    instance->reload_task.run = on_reload;
    instance->fail_task.run = on_fail;
    ph_list_init(&instance->reload_task.link);
    ph_list_init(&instance->fail_task.link);
    rtmp_arena_init(&instance->saved, &ph_app_allocator, PH_LIMIT_SAVED_BYTES);
}
