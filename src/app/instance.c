/* SPDX-License-Identifier: MIT */
#include "app/instance.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/host.h"
#include "app/keep.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/object.h"
#include "app/question.h"
#include "app/resume.h"
#include "app/theatre.h"
#include "base/limits.h"

enum { IDS_MAX = 1 << 24 }; /* members and questions have limits of their own */

struct method {
    struct ph_method method;
    size_t index;
    char name[];
};

static const struct ph_app_type no_type; /* of an application that could not be found */

/* Callbacks */

void ph_instance_begin(struct ph_instance *instance)
{
    (void)instance;
    ph_loop_assert_owner(instance->loop);
    assert(!instance->is_inside);
}

void ph_instance_end(struct ph_instance *instance)
{
    assert(!instance->is_inside);
    rtmp_arena_reset(&instance->scratch);
}

int ph_instance_call(struct ph_instance *instance, ph_hook_fn hook, const struct ph_event *event,
                     struct ph_answer *answer)
{
    if (!hook)
        return PH_ACCEPT;
    assert(!instance->is_inside);
    instance->is_inside = true;
    int verdict = hook(&instance->app, event, answer);
    instance->is_inside = false;
    return verdict;
}

void ph_instance_tell(struct ph_instance *instance, ph_hook_fn hook, const struct ph_event *event)
{
    struct ph_answer unread = {0};
    (void)ph_instance_call(instance, hook, event, &unread);
}

void ph_instance_done(struct ph_instance *instance, ph_done_fn done, void *user, int error,
                      const struct ph_value *value)
{
    if (!done)
        return;
    assert(!instance->is_inside);
    instance->is_inside = true;
    done(&instance->app, user, error, value);
    instance->is_inside = false;
}

void ph_instance_shared(struct ph_instance *instance, const struct ph_object_watch *watch, ph_member_id member,
                        const struct ph_shared_change *changes, size_t n_changes)
{
    assert(!instance->is_inside);
    instance->is_inside = true;
    watch->changed(&instance->app, watch->id, member, changes, n_changes, watch->user);
    instance->is_inside = false;
}

/* Tasks */

void ph_instance_defer(struct ph_instance *instance, struct ph_task *task)
{
    if (!ph_list_is_empty(&task->link))
        return;
    ph_list_append(&instance->tasks, &task->link);
    ph_loop_defer(instance->loop, &instance->work);
}

static void on_work(struct ph_deferred *deferred)
{
    struct ph_instance *instance = ph_container_of(deferred, struct ph_instance, work);
    uint64_t begin_us = ph_loop_clock(instance->loop);
    for (struct ph_list *node; (node = ph_list_pop(&instance->tasks));) {
        struct ph_task *task = ph_list_entry(node, struct ph_task, link);
        ph_instance_begin(instance);
        task->run(task);
        ph_instance_end(instance);
        if (ph_loop_clock(instance->loop) - begin_us > PH_LOOP_SLICE_US)
            break;
    }
    if (!ph_list_is_empty(&instance->tasks))
        ph_loop_defer_again(instance->loop, &instance->work);
}

/* Methods */

int ph_instance_add_method(struct ph_instance *instance, const struct ph_method *method)
{
    size_t length = method->name ? strlen(method->name) : 0;
    if (length == 0 || length > PH_LIMIT_NAME_BYTES || method->name[0] == '$')
        return PH_E_ARGUMENT;
    struct method *made = malloc(sizeof *made + length + 1);
    if (!made)
        return PH_E_MEMORY;
    memcpy(made->name, method->name, length + 1);
    made->method = *method;
    made->method.name = made->name;
    made->index = instance->methods.n;
    int err = ph_map_add(&instance->methods, made->name, length, made);
    if (err)
        free(made);
    return err == -EEXIST ? PH_E_CONFLICT : err == -ENOSPC ? PH_E_LIMIT : err ? PH_E_MEMORY : 0;
}

const struct ph_method *ph_instance_method(const struct ph_instance *instance, const char *name, size_t *index)
{
    const struct method *found = ph_map_get(&instance->methods, name, strlen(name));
    if (!found && name[0] != '$')
        found = ph_map_get(&instance->methods, "*", 1);
    if (!found)
        return NULL;
    *index = found->index;
    return &found->method;
}

void ph_instance_drop_methods(struct ph_instance *instance)
{
    size_t at = 0;
    for (void *value; ph_map_next(&instance->methods, &at, &value);)
        free(value);
    ph_map_finish(&instance->methods);
    ph_map_init(&instance->methods, &instance->theatre->seed, PH_LIMIT_METHODS);
}

/* Beginning and end */

int ph_instance_create(struct ph_theatre *theatre, const struct ph_application *application,
                       const struct ph_app_type *type, struct ph_loop *loop, struct ph_instance **instance)
{
    struct ph_instance *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->app = (struct ph_app){.host = &ph_host_tables, .name = application->name};
    made->type = type ? type : &no_type;
    made->state = type ? PH_INSTANCE_NEW : PH_INSTANCE_FAILED;
    made->application = application;
    made->theatre = theatre;
    made->loop = loop;
    rtmp_arena_init(&made->scratch, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    ph_map_init(&made->methods, &theatre->seed, PH_LIMIT_METHODS);
    ph_map_init(&made->tokens, &theatre->seed, IDS_MAX);
    ph_map_init(&made->tickets, &theatre->seed, PH_LIMIT_RESERVATIONS);
    ph_map_init(&made->rooms, &theatre->seed, PH_LIMIT_ROOMS);
    ph_map_init(&made->kept, &theatre->seed, IDS_MAX);
    ph_idtable_init(&made->member_ids, IDS_MAX);
    ph_idtable_init(&made->room_ids, PH_LIMIT_ROOMS + 1);
    ph_idtable_init(&made->question_ids, IDS_MAX);
    ph_idtable_init(&made->timer_ids, PH_LIMIT_APP_TIMERS);
    ph_idtable_init(&made->watch_ids, IDS_MAX);
    ph_list_init(&made->tasks);
    ph_list_init(&made->members);
    ph_list_init(&made->room_list);
    ph_list_init(&made->timers);
    ph_list_init(&made->visits);
    ph_list_init(&made->controls);
    ph_ledger_init(&made->ledger, &theatre->seed);
    ph_deferred_init(&made->work, on_work);
    ph_lobby_init(&made->lobby);
    ph_instance_init_life(made);
    *instance = made;
    return 0;
}

/* What an earlier life has left to do ends unheard. */
static void end_tasks(struct ph_instance *instance)
{
    ph_list_remove(&instance->reload_task.link);
    ph_list_remove(&instance->fail_task.link);
    for (struct ph_list *node; (node = ph_list_pop(&instance->tasks));) {
        struct ph_task *task = ph_list_entry(node, struct ph_task, link);
        task->run(task);
    }
}

void ph_instance_destroy(struct ph_instance *instance)
{
    if (!instance)
        return;
    ph_instance_unload(instance);
    ph_lobby_finish(instance);
    end_tasks(instance);
    ph_deferred_cancel(&instance->work);
    ph_question_finish(instance);
    ph_map_finish(&instance->methods);
    ph_map_finish(&instance->tokens);
    ph_map_finish(&instance->tickets);
    ph_map_finish(&instance->rooms);
    ph_keep_finish(instance);
    ph_ledger_finish(&instance->ledger);
    ph_idtable_finish(&instance->member_ids);
    ph_idtable_finish(&instance->room_ids);
    ph_idtable_finish(&instance->question_ids);
    ph_idtable_finish(&instance->timer_ids);
    ph_idtable_finish(&instance->watch_ids);
    rtmp_arena_finish(&instance->scratch);
    free(instance);
}

/* Letters */

/* Its sender has no member any more: it was kicked, or refused, and does not know it yet. */
static void turn_away(struct ph_letter *letter)
{
    ph_letter_refuse(letter, &(struct ph_refusal){.description = "You are no longer here."});
    ph_letter_give_back(letter);
}

static void leave(struct ph_letter *letter)
{
    struct ph_member *member = *ph_seat_member(letter->seat);
    if (member && !(letter->reason == PH_REASON_LOST && ph_member_drop(member)))
        ph_member_end(member, member->is_leaving ? member->end_reason : letter->reason, NULL);
    ph_letter_give_back(letter);
}

static void receive(struct ph_instance *instance, struct ph_letter *letter)
{
    struct ph_member *member = *ph_seat_member(letter->seat);
    if (letter->kind == PH_LETTER_JOIN) {
        ph_member_join(instance, letter);
        return;
    }
    if (letter->kind == PH_LETTER_LEAVE) {
        leave(letter);
        return;
    }
    if (!member || member->is_leaving) {
        turn_away(letter);
        return;
    }
    switch (letter->kind) {
    case PH_LETTER_CALL:
        ph_member_take_call(member, letter);
        return;
    case PH_LETTER_REPLY:
        ph_member_take_reply(member, letter);
        break;
    case PH_LETTER_ASK:
        ph_member_take_ask(member, letter);
        return;
    case PH_LETTER_OVER:
        ph_member_take_over(member, letter);
        break;
    case PH_LETTER_DATA:
        ph_member_take_data(member, letter);
        break;
    case PH_LETTER_CHANGE:
    case PH_LETTER_RELEASE:
        ph_member_take_shared(member, letter);
        return;
    default:
        break;
    }
    ph_letter_give_back(letter);
}

void ph_instance_receive(struct ph_letter *letter)
{
    struct ph_instance *instance = letter->instance;
    ph_instance_begin(instance);
    receive(instance, letter);
    ph_instance_end(instance);
}
