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

static void repair(struct ph_news *news, const struct ph_object *object, const struct ph_letter *letter)
{
    for (size_t i = 0; object && i < letter->shared.n_changes; i++) {
        const char *name = letter->shared.changes[i].name;
        const struct ph_slot *slot = name ? ph_object_slot(object, name) : NULL;
        bool is_slot = letter->shared.changes[i].kind == PH_SHARED_SET ||
                       letter->shared.changes[i].kind == PH_SHARED_REMOVE;
        if (is_slot && slot)
            ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_CHANGED, name, slot->value, slot->version);
        else if (is_slot)
            ph_news_add(news, PH_NEWS_TO_ASKER, PH_NEWS_REMOVED, name, NULL, object->version);
    }
}

static void refuse(struct ph_member *member, struct ph_letter *letter, struct ph_object *object,
                   const struct ph_refusal *why)
{
    static const struct rtmp_value level = {.type = RTMP_STRING, .n = 5, .text = "error"};
    struct ph_object stand_in = {.is_persistent = letter->shared.persistent};
    struct ph_news news;
    size_t length = strlen(letter->name);
    memcpy(stand_in.name, letter->name, length < sizeof stand_in.name ? length : sizeof stand_in.name - 1);
    ph_news_begin(&news, object ? object : &stand_in);
    ph_news_add(&news, PH_NEWS_TO_ASKER, PH_NEWS_STATUS, why->code, &level, 0);
    repair(&news, object, letter);
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

static void tell_all_slots(struct ph_member *member, struct ph_object *object)
{
    struct ph_news news;
    ph_news_begin(&news, object);
    ph_news_add(&news, PH_NEWS_TO_ASKER, PH_NEWS_USED, NULL, NULL, object->version);
    ph_news_add(&news, PH_NEWS_TO_ASKER, PH_NEWS_CLEARED, NULL, NULL, object->version);
    ph_list_for_each(node, &object->slot_list)
    {
        const struct ph_slot *slot = ph_list_entry(node, struct ph_slot, link);
        ph_news_add(&news, PH_NEWS_TO_ASKER, PH_NEWS_CHANGED, slot->name, slot->value, slot->version);
    }
    ph_news_send_to(&news, member);
}

static int begin_use(struct ph_member *member, struct ph_letter *letter, struct ph_object *object)
{
    if (find_use(member, letter->name))
        return 0;
    size_t n = 0;
    ph_list_for_each(node, &member->uses) n++;
    struct ph_object_use *use = n < PH_LIMIT_OBJECT_USES ? malloc(sizeof *use) : NULL;
    if (!use) {
        ph_object_settle(object);
        return n < PH_LIMIT_OBJECT_USES ? PH_E_MEMORY : PH_E_LIMIT;
    }
    *use = (struct ph_object_use){.object = object, .member = member};
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
    tell_all_slots(member, object);
    answer(member, letter, object);
}

/* Changing it */

static void tell_watches(struct ph_object *object, const struct ph_member *member, const struct ph_letter *letter)
{
    struct ph_instance *instance = member->instance;
    struct ph_list *node = ph_list_first(&object->watches);
    while (node) {
        const struct ph_object_watch *watch = ph_list_entry(node, struct ph_object_watch, in_object);
        struct ph_list *next = node->next == &object->watches ? NULL : node->next;
        ph_shared_id next_id = next ? ph_list_entry(next, struct ph_object_watch, in_object)->id : 0;
        if (watch->changed)
            ph_instance_shared(instance, watch, member->id, letter->shared.changes, letter->shared.n_changes);
        node = next && ph_idtable_get(&instance->watch_ids, next_id) ? next : NULL; /* it may have closed any */
    }
}

static void change_object(struct ph_member *member, struct ph_letter *letter)
{
    struct ph_object_use *use = find_use(member, letter->name);
    struct ph_object *object = use ? use->object : NULL;
    int err = object ? ph_object_change(object, member, letter->shared.version, letter->shared.changes,
                                        letter->shared.n_changes)
                     : PH_E_NOT_FOUND;
    if (err) {
        const struct ph_refusal why = {.error = err,
                                       .code = code_of(err),
                                       .description = err == PH_E_NOT_FOUND  ? "Use the object first."
                                                      : err == PH_E_CONFLICT ? "Somebody else has changed it."
                                                                             : "The change is beyond a limit."};
        refuse(member, letter, object, &why);
        return;
    }
    tell_watches(object, member, letter);
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
        refuse(member, letter, use ? use->object : NULL, &why);
    } else if (is_use) {
        use_object(member, letter);
    } else {
        change_object(member, letter);
    }
}

void ph_member_take_change(struct ph_member *member, struct ph_letter *letter)
{
    struct ph_object *object = member->state == PH_MEMBER_IN ? ph_object_find(member->room, letter->name) : NULL;
    if (member->state != PH_MEMBER_IN) {
        ph_letter_refuse(letter, &(struct ph_refusal){.error = PH_E_STATE, .description = "You are in no room."});
        return_letter(member, letter);
    } else if (object && object->n_locks) {
        ph_list_append(&object->waiting, &letter->link);
    } else {
        decide(member, letter);
    }
}

static void let_in(struct ph_object *object, struct ph_letter *letter)
{
    struct ph_member *member = *ph_seat_member(letter->seat);
    if (member && !member->is_leaving && member->room == object->room) {
        decide(member, letter);
        return;
    }
    ph_letter_refuse(letter, &(struct ph_refusal){.error = PH_E_GONE, .description = "You have left."});
    ph_letter_return(letter, ph_seat_worker(letter->seat));
}

void ph_object_unlock(struct ph_object *object)
{
    object->is_unlocking = true;
    for (struct ph_list *node; object->n_locks == 0 && (node = ph_list_pop(&object->waiting));)
        let_in(object, ph_list_entry(node, struct ph_letter, link));
    object->is_unlocking = false;
    ph_object_settle(object);
}

/* Leaving it */

static void end_use(struct ph_object_use *use)
{
    struct ph_object *object = use->object;
    ph_list_remove(&use->in_object);
    ph_list_remove(&use->in_member);
    ph_list_for_each_safe(node, &object->waiting)
    {
        struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
        if (*ph_seat_member(letter->seat) != use->member)
            continue;
        ph_list_remove(&letter->link);
        ph_letter_refuse(letter, &(struct ph_refusal){.error = PH_E_GONE, .description = "You have left."});
        return_letter(use->member, letter);
    }
    free(use);
    ph_object_settle(object);
}

void ph_member_take_release(struct ph_member *member, struct ph_letter *letter)
{
    struct ph_object_use *use = find_use(member, letter->name);
    if (use)
        end_use(use);
}

void ph_member_release_all(struct ph_member *member)
{
    for (struct ph_list *node; (node = ph_list_first(&member->uses));)
        end_use(ph_list_entry(node, struct ph_object_use, in_member));
}
