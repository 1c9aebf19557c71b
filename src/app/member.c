/* SPDX-License-Identifier: MIT */
#include "app/member.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/attribute.h"
#include "app/letter.h"
#include "app/object.h"
#include "app/question.h"
#include "app/resume.h"
#include "app/room.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/text.h"

static void on_end(struct ph_task *task)
{
    struct ph_member *member = ph_container_of(task, struct ph_member, end);
    ph_member_end(member, member->end_reason, NULL);
}

struct ph_member *ph_member_create(struct ph_instance *instance, struct ph_letter *join)
{
    struct ph_member *member = calloc(1, sizeof *member);
    if (!member)
        return NULL;
    if (ph_idtable_add(&instance->member_ids, member, &member->id)) {
        free(member);
        return NULL;
    }
    const struct ph_app_settings *settings = &instance->application->settings;
    struct ph_text session;
    ph_text_init(&session, member->session, sizeof member->session);
    ph_text_add(&session, "%08x-%llx", instance->theatre->incarnation, (unsigned long long)member->id);
    member->instance = instance;
    member->seat = join->seat;
    member->worker = ph_seat_worker(join->seat);
    member->request = join->request;
    member->user = "";
    member->arena = join->arena; /* the request lies there */
    rtmp_arena_init(&join->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    member->connected_ms = ph_theatre_wall_ms(instance->theatre);
    member->end.run = on_end;
    ph_list_init(&member->end.link);
    ph_list_init(&member->move.link);
    rtmp_arena_init(&member->moving_arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    ph_list_init(&member->in_room);
    ph_list_init(&member->questions);
    ph_list_init(&member->streams);
    ph_list_init(&member->attributes);
    ph_list_init(&member->uses);
    ph_member_init_updates(member);
    ph_list_init(&member->calls);
    ph_list_init(&member->invokes);
    ph_list_init(&member->missed);
    ph_list_init(&member->watching);
    ph_rate_init(&member->rate, (uint32_t)settings->call_rate, (uint32_t)settings->call_burst);
    ph_list_append(&instance->members, &member->link);
    instance->n_members++;
    *ph_seat_member(member->seat) = member;
    return member;
}

struct ph_member *ph_member_get(const struct ph_instance *instance, ph_member_id id)
{
    return ph_idtable_get(&instance->member_ids, id);
}

struct ph_member *ph_member_of_session(const struct ph_instance *instance, const char *session)
{
    const char *dash = strchr(session, '-');
    ph_member_id id = 0;
    for (const char *at = dash ? dash + 1 : ""; *at; at++)
        id = id << 4 | (ph_member_id)(*at <= '9' ? *at - '0' : *at - 'a' + 10); /* what is none is not found */
    struct ph_member *member = ph_member_get(instance, id);
    return member && strcmp(member->session, session) == 0 ? member : NULL;
}

void ph_member_post(struct ph_member *member, struct ph_letter *letter)
{
    if (!letter)
        return;
    if (!member->seat || member->join) { /* nothing is said before the welcome */
        ph_member_miss(member, letter);
        return;
    }
    letter->seat = member->seat;
    ph_letter_return(letter, member->worker);
}

/* The end */

void ph_member_withdraw(struct ph_member *member)
{
    for (struct ph_list *node; (node = ph_list_first(&member->questions));) {
        struct ph_question *question = ph_list_entry(node, struct ph_question, link);
        struct ph_letter *letter = question->letter;
        if (letter) {
            ph_letter_refuse(letter, &(struct ph_refusal){.description = "You are no longer here."});
            ph_letter_return(letter, member->worker);
        }
        ph_question_withdraw(question);
    }
}

/* It is on its way into a room, and will not arrive. */
static void stop_entering(struct ph_member *member)
{
    struct ph_room *room = member->room;
    ph_list_remove(&member->in_room);
    member->room = NULL;
    if (member->state == PH_MEMBER_ENTERING)
        room->n_entering--;
    member->state = PH_MEMBER_ALONE;
    ph_room_settle(room);
}

static void say_why(struct ph_member *member, const struct ph_refusal *why)
{
    struct ph_letter *letter = member->join;
    member->join = NULL;
    if (letter) {
        ph_letter_refuse(letter, why ? why : &(struct ph_refusal){.description = "The connection was ended."});
        ph_letter_return(letter, member->worker);
    } else if (why && member->seat) {
        letter = ph_letter_create(PH_LETTER_KICK);
        if (letter)
            ph_letter_refuse(letter, why);
        ph_member_post(member, letter);
    }
}

static void free_member(struct ph_member *member)
{
    struct ph_instance *instance = member->instance;
    (void)ph_idtable_remove(&instance->member_ids, member->id);
    ph_list_remove(&member->link);
    instance->n_members--;
    ph_list_remove(&member->end.link);
    ph_list_remove(&member->move.link);
    ph_timer_stop(instance->loop, &member->throttle);
    if (member->seat)
        *ph_seat_member(member->seat) = NULL;
    ph_lobby_unwatch(member);
    ph_attributes_clear(member);
    ph_member_end_grace(member);
    rtmp_arena_finish(&member->moving_arena);
    free(member->method_rates);
    rtmp_arena_finish(&member->arena);
    free(member);
}

void ph_member_end(struct ph_member *member, enum ph_reason reason, const struct ph_refusal *why)
{
    struct ph_instance *instance = member->instance;
    member->is_leaving = true;
    say_why(member, why);
    ph_member_withdraw(member);
    ph_member_fail_calls(member);
    ph_member_end_move(member, PH_E_GONE, NULL);
    ph_member_end_streams(member);
    if (member->state == PH_MEMBER_IN)
        ph_member_leave_room(member, reason);
    else if (member->room)
        stop_entering(member);
    const struct ph_event event = {.size = sizeof event, .member = member->id, .reason = reason};
    if (member->is_known)
        ph_instance_tell(instance, instance->type->disconnect, &event);
    free_member(member);
}

void ph_member_kick(struct ph_member *member, enum ph_reason reason, const char *code, const char *description)
{
    if (member->is_leaving)
        return;
    const struct ph_refusal why = {.code = code, .description = description};
    member->is_leaving = true;
    member->end_reason = reason;
    say_why(member, &why);
    ph_instance_defer(member->instance, &member->end);
}
