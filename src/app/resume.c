/* SPDX-License-Identifier: MIT */
#include "app/resume.h"

#include <string.h>

#include "app/letter.h"
#include "app/object.h"
#include "app/room.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/text.h"

/* Tokens */

static void forget_token(struct ph_member *member)
{
    if (member->token[0])
        (void)ph_map_remove(&member->instance->tokens, member->token, PH_TOKEN_TEXT - 1);
    member->token[0] = '\0';
}

bool ph_token_write(char token[PH_TOKEN_TEXT])
{
    struct ph_text text;
    uint8_t secret[(PH_TOKEN_TEXT - 1) / 2];
    if (ph_random_fill(secret, sizeof secret))
        return false;
    ph_text_init(&text, token, PH_TOKEN_TEXT);
    ph_text_add_hex(&text, secret, sizeof secret);
    return true;
}

const char *ph_member_renew_token(struct ph_member *member)
{
    forget_token(member);
    if (!member->room || !member->room->options.grace_ms || !ph_token_write(member->token))
        return "";
    if (ph_map_add(&member->instance->tokens, member->token, PH_TOKEN_TEXT - 1, member))
        member->token[0] = '\0';
    return member->token;
}

/* Dropping */

static void on_grace_over(struct ph_timer *timer)
{
    struct ph_member *member = ph_container_of(timer, struct ph_member, grace);
    struct ph_instance *instance = member->instance;
    ph_instance_begin(instance);
    ph_member_end(member, PH_REASON_EXPIRED, NULL);
    ph_instance_end(instance);
}

static void leave_seat(struct ph_member *member)
{
    if (member->seat)
        *ph_seat_member(member->seat) = NULL;
    member->seat = NULL;
    ph_timer_stop(member->instance->loop, &member->throttle);
}

bool ph_member_drop(struct ph_member *member)
{
    struct ph_instance *instance = member->instance;
    if (member->state != PH_MEMBER_IN || member->is_leaving || member->moving || !member->token[0])
        return false;
    const struct ph_event event = {.size = sizeof event, .room = member->room->id, .member = member->id};
    uint64_t grace_us = (uint64_t)member->room->options.grace_ms * 1000;
    ph_member_withdraw(member);
    member->n_running = 0;
    ph_member_fail_calls(member);
    ph_member_end_streams(member);
    ph_member_release_all(member);
    ph_lobby_unwatch(member);
    leave_seat(member);
    member->seen = member->room->sequence;
    ph_timer_init(&member->grace, on_grace_over);
    ph_timer_start(instance->loop, &member->grace, grace_us);
    ph_instance_tell(instance, instance->type->drop, &event);
    return true;
}

void ph_member_miss(struct ph_member *member, struct ph_letter *letter)
{
    bool is_of_use = letter->kind == PH_LETTER_INVOKE && letter->id == 0; /* replies would come too late */
    if (!member->seat && !is_of_use) {
        ph_letter_free(letter);
        return;
    }
    ph_list_append(&member->missed, &letter->link);
    if (++member->n_missed <= PH_LIMIT_MISSED)
        return;
    ph_letter_free(ph_list_entry(ph_list_pop(&member->missed), struct ph_letter, link));
    member->n_missed--;
    member->has_lost = true;
}

void ph_member_end_grace(struct ph_member *member)
{
    forget_token(member);
    ph_timer_stop(member->instance->loop, &member->grace);
    for (struct ph_list *node; (node = ph_list_pop(&member->missed));)
        ph_letter_free(ph_list_entry(node, struct ph_letter, link));
    member->n_missed = 0;
    member->has_lost = false;
}

/* Resuming */

/* A connection that nobody has found dead yet gives way. */
static void supersede(struct ph_member *member)
{
    static const struct ph_refusal why = {.description = "You have come back on another connection."};
    struct ph_letter *letter = ph_letter_create(PH_LETTER_KICK);
    if (letter)
        ph_letter_refuse(letter, &why);
    ph_member_post(member, letter);
    (void)ph_member_drop(member);
}

void ph_member_send_missed(struct ph_member *member)
{
    for (struct ph_list *node; (node = ph_list_pop(&member->missed));)
        ph_member_post(member, ph_list_entry(node, struct ph_letter, link));
    member->n_missed = 0;
    member->has_lost = false;
}

bool ph_member_resume(struct ph_instance *instance, struct ph_letter *join)
{
    const char *token = join->request->token;
    struct ph_member *member = strlen(token) == PH_TOKEN_TEXT - 1
                                   ? ph_map_get(&instance->tokens, token, PH_TOKEN_TEXT - 1)
                                   : NULL;
    if (!member || member->is_leaving || member->state != PH_MEMBER_IN || member->moving)
        return false;
    if (member->seat)
        supersede(member);
    const struct ph_event event = {.size = sizeof event, .room = member->room->id, .member = member->id};
    bool is_complete = join->request->sequence == member->seen && !member->has_lost;
    ph_timer_stop(instance->loop, &member->grace);
    member->seat = join->seat;
    member->worker = ph_seat_worker(join->seat);
    *ph_seat_member(join->seat) = member;
    if (!ph_welcome_fill(member, join)) {
        ph_member_kick(member, PH_REASON_FAILED, NULL, "The server is out of memory.");
        ph_letter_return(join, member->worker);
        return true;
    }
    join->welcome->is_resumed = true;
    join->welcome->is_complete = is_complete;
    ph_member_post(member, join);
    ph_member_send_missed(member);
    ph_instance_tell(instance, instance->type->resume, &event);
    return true;
}
