/* SPDX-License-Identifier: MIT */
/* Members and the shared objects of their room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/instance.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/news.h"
#include "app/object.h"
#include "app/question.h"
#include "app/room.h"

static struct ph_object_use *find_use(const struct ph_member *member, const char *name)
{
    ph_list_for_each(node, &member->uses)
    {
        struct ph_object_use *use = ph_list_entry(node, struct ph_object_use, in_member);
        if (strcmp(use->object->name, name) == 0)
            return use;
    }
    return NULL;
}

static void return_letter(const struct ph_member *member, struct ph_letter *letter)
{
    ph_letter_return(letter, member->worker);
}

/* Saying no: who asked by a call is told so, and its copy of the object is put right. */

static const char *code_of(int error)
{
    switch (error) {
    case PH_E_CONFLICT:
        return "SharedObject.VersionConflict";
    case PH_E_NOT_FOUND:
        return "SharedObject.NoObjectFound";
    case PH_E_LIMIT:
    case PH_E_MEMORY:
        return "SharedObject.ObjectCreationFailed";
    default:
        return "SharedObject.NoWriteAccess";
    }
}

static void add_all_slots(struct ph_news *news, const struct ph_object *object)
{
    ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_CLEARED, NULL, NULL, object->version);
    ph_list_for_each(node, &object->slot_list)
    {
        const struct ph_slot *slot = ph_list_entry(node, struct ph_slot, link);
        ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_CHANGED, slot->name, slot->content->value, slot->content->version);
    }
}

static void repair_slot(struct ph_news *news, const struct ph_object *object, const char *name)
{
    const struct ph_slot *slot = ph_object_slot(object, name);
    if (slot)
        ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_CHANGED, name, slot->content->value, slot->content->version);
    else
        ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_REMOVED, name, NULL, object->version);
}

static void repair(struct ph_news *news, const struct ph_object *object, const struct ph_letter *letter)
{
    bool has_clear = false;
    for (size_t i = 0; i < letter->shared.n_changes; i++)
        has_clear |= letter->shared.changes[i].kind == PH_SHARED_CLEAR;
    if (has_clear)
        add_all_slots(news, object);
    for (size_t i = 0; i < letter->shared.n_changes && !has_clear; i++) {
        const struct ph_shared_change *change = &letter->shared.changes[i];
        if ((change->kind == PH_SHARED_SET || change->kind == PH_SHARED_REMOVE) && change->name)
            repair_slot(news, object, change->name);
    }
}

static void refuse(struct ph_member *member, struct ph_letter *letter, struct ph_object_use *use,
                   const struct ph_refusal *why)
{
    static const struct rtmp_value level = {.type = RTMP_STRING, .n = 5, .text = "error"};
    struct ph_object *object = use ? use->object : NULL;
    struct ph_object stand_in = {.is_persistent = letter->shared.persistent};
    struct ph_news news;
    size_t length = strlen(letter->name);
    memcpy(stand_in.name, letter->name, length < sizeof stand_in.name ? length : sizeof stand_in.name - 1);
    ph_news_begin(&news, object ? object : &stand_in);
    ph_news_add(&news, PH_NEWS_TO_ASKER, PH_NEWS_STATUS, why->code, &level, 0);
    if (use) {
        repair(&news, object, letter);
        if (letter->shared.version <= object->version)
            use->repaired = ++object->version;
    }
    ph_letter_refuse(letter, why);
    ph_news_send_to(&news, member);
    return_letter(member, letter);
}

/* {version}, for who asked by a call. */
static void answer(const struct ph_member *member, struct ph_letter *letter, const struct ph_object *object)
{
    if (letter->id != 0) {
        struct rtmp_value *result = rtmp_value_new_object(&letter->arena);
        struct rtmp_value *version = rtmp_value_new_number(&letter->arena, object->version);
        if (result && rtmp_value_set(&letter->arena, result, "version", version) == 0)
            letter->value = result;
    }
    return_letter(member, letter);
}

/* Using an object */

static void tell_whole(struct ph_member *member, struct ph_object *object)
{
    struct ph_news news;
    ph_news_begin(&news, object);
    ph_news_add(&news, PH_NEWS_TO_ASKER, PH_NEWS_USED, NULL, NULL, object->version);
    add_all_slots(&news, object);
    ph_news_send_to(&news, member);
}

static int begin_use(struct ph_member *member, const struct ph_letter *letter, struct ph_object *object)
{
    struct ph_object_use *use = find_use(member, letter->name);
    if (use || (letter->shared.version && letter->shared.version <= object->version))
        object->version++; /* its copy begins anew: what it has sent meanwhile was of the old one */
    if (use) {
        use->repaired = object->version;
        return 0;
    }
    size_t n = 0;
    ph_list_for_each(node, &member->uses) n++;
    use = n < PH_LIMIT_OBJECT_USES ? malloc(sizeof *use) : NULL;
    if (!use) {
        ph_object_settle(object);
        return n < PH_LIMIT_OBJECT_USES ? PH_E_MEMORY : PH_E_LIMIT;
    }
    *use = (struct ph_object_use){.object = object, .member = member, .repaired = object->version};
    ph_list_append(&object->uses, &use->in_object);
    ph_list_append(&member->uses, &use->in_member);
    return 0;
}

static void use_object(struct ph_member *member, struct ph_letter *letter)
{
    struct ph_object *object = NULL;
    int err = ph_object_open(member->room, letter->name, letter->shared.persistent, &object);
    if (!err && object->is_loading) {
        ph_list_append(&object->waiting, &letter->link);
        return;
    }
    if (!err)
        err = begin_use(member, letter, object);
    if (err) {
        const struct ph_refusal why = {
            .error = err,
            .code = err == PH_E_CONFLICT ? "SharedObject.BadPersistence" : "SharedObject.ObjectCreationFailed",
            .description = err == PH_E_CONFLICT ? "The object is there with the other persistence."
                                                : "The object cannot be made."};
        refuse(member, letter, NULL, &why);
        return;
    }
    tell_whole(member, object);
    answer(member, letter, object);
}

/* Changing it */

static void change_object(struct ph_member *member, struct ph_letter *letter)
{
    struct ph_object_use *use = find_use(member, letter->name);
    struct ph_object *object = use ? use->object : NULL;
    int err = object ? ph_object_change(object, use, letter->shared.version, letter->shared.changes,
                                        letter->shared.n_changes)
                     : PH_E_NOT_FOUND;
    if (err) {
        const struct ph_refusal why = {.error = err,
                                       .code = code_of(err),
                                       .description = err == PH_E_NOT_FOUND  ? "Use the object first."
                                                      : err == PH_E_CONFLICT ? "Somebody else has changed it."
                                                                             : "The change is beyond a limit."};
        refuse(member, letter, use, &why);
        return;
    }
    ph_object_tell(object, member->id, letter->shared.changes, letter->shared.n_changes);
    answer(member, letter, object);
}

/* The application decides, at once. */
static void decide(struct ph_member *member, struct ph_letter *letter)
{
    struct ph_instance *instance = member->instance;
    const struct ph_event event = {.size = sizeof event,
                                   .room = member->room->id,
                                   .member = member->id,
                                   .name = letter->name,
                                   .changes = letter->shared.changes,
                                   .n_changes = letter->shared.n_changes};
    struct ph_answer answer = {0};
    bool is_use = letter->shared.n_changes && letter->shared.changes[0].kind == PH_SHARED_USE;
    int verdict = ph_instance_call(instance, instance->type->shared, &event, &answer);
    if (verdict != PH_ACCEPT) {
        struct ph_object_use *use = find_use(member, letter->name);
        const struct ph_refusal why = ph_refusal_of(verdict, &answer,
                                                    is_use ? "SharedObject.NoReadAccess" : "SharedObject.NoWriteAccess",
                                                    "The application does not allow it.");
        refuse(member, letter, is_use ? NULL : use, &why);
    } else if (is_use) {
        use_object(member, letter);
    } else {
        change_object(member, letter);
    }
}

/* Leaving it */

static void end_use(struct ph_object_use *use)
{
    struct ph_object *object = use->object;
    ph_list_remove(&use->in_object);
    ph_list_remove(&use->in_member);
    free(use);
    ph_object_settle(object);
}

static void turn_away(const struct ph_member *member, struct ph_letter *letter)
{
    ph_letter_refuse(letter, &(struct ph_refusal){.error = PH_E_GONE, .description = "You have left."});
    return_letter(member, letter);
}

/* What it still waits for is not wanted any more. */
static void withdraw(const struct ph_member *member, struct ph_object *object)
{
    ph_list_for_each_safe(node, &object->waiting)
    {
        struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
        if (*ph_seat_member(letter->seat) != member)
            continue;
        ph_list_remove(&letter->link);
        turn_away(member, letter);
    }
}

static void drop_updates(struct ph_member *member)
{
    ph_timer_stop(member->instance->loop, &member->update_throttle);
    for (struct ph_list *node; (node = ph_list_pop(&member->updates));)
        turn_away(member, ph_list_entry(node, struct ph_letter, link));
}

void ph_member_release_all(struct ph_member *member)
{
    drop_updates(member);
    ph_list_for_each(node, &member->room->objects) withdraw(member, ph_list_entry(node, struct ph_object, link));
    for (struct ph_list *node; (node = ph_list_first(&member->uses));)
        end_use(ph_list_entry(node, struct ph_object_use, in_member));
}

/* Letters */

void ph_member_do_shared(struct ph_member *member, struct ph_letter *letter)
{
    struct ph_object_use *use = find_use(member, letter->name);
    if (letter->kind == PH_LETTER_CHANGE) {
        decide(member, letter);
        return;
    }
    if (use)
        end_use(use);
    return_letter(member, letter);
}

static void take(struct ph_member *member, struct ph_letter *letter)
{
    struct ph_object *object = ph_object_find(member->room, letter->name);
    if (object && ph_object_is_closed(object))
        ph_list_append(&object->waiting, &letter->link);
    else
        ph_member_do_shared(member, letter);
}

/* What is asked of shared objects draws from the bucket of calls, and waits for it in its order. */
static void run_updates(struct ph_member *member)
{
    struct ph_loop *loop = member->instance->loop;
    struct ph_list *node;
    if (ph_timer_is_running(&member->update_throttle))
        return;
    while ((node = ph_list_first(&member->updates))) {
        struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
        if (!ph_rate_take(&member->rate, ph_loop_now(loop), 1)) {
            ph_timer_start(loop, &member->update_throttle, ph_rate_wait_us(&member->rate, ph_loop_now(loop), 1));
            return;
        }
        ph_list_remove(&letter->link);
        take(member, letter);
    }
}

static void on_throttle(struct ph_timer *timer)
{
    struct ph_member *member = ph_container_of(timer, struct ph_member, update_throttle);
    struct ph_instance *instance = member->instance;
    ph_instance_begin(instance);
    run_updates(member);
    ph_instance_end(instance);
}

void ph_member_init_updates(struct ph_member *member)
{
    ph_list_init(&member->updates);
    ph_timer_init(&member->update_throttle, on_throttle);
}

void ph_member_take_shared(struct ph_member *member, struct ph_letter *letter)
{
    if (!member->room || member->state != PH_MEMBER_IN) {
        ph_letter_refuse(letter, &(struct ph_refusal){.error = PH_E_STATE, .description = "You are in no room."});
        return_letter(member, letter);
        return;
    }
    ph_list_append(&member->updates, &letter->link);
    run_updates(member);
}
