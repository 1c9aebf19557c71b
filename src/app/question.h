/* SPDX-License-Identifier: MIT */
/**
 * @file  Questions: what a hook is asked, and the answer that may come later.
 *
 * Asking calls the hook. When it answers at once, `answered` is called before ph_question_ask() returns; when it says
 * PH_LATER, the question waits for ph_question_answer(), for its deadline, or to be withdrawn. Each question is
 * answered or withdrawn, once.
 *
 * Owner   The instance.
 * Thread  The instance's loop.
 */
#ifndef PH_APP_QUESTION_H
#define PH_APP_QUESTION_H

#include <playhouse/app.h>
#include <rtmpwire/arena.h>

#include "app/instance.h"
#include "app/seat.h"
#include "base/attr.h"
#include "base/list.h"
#include "net/timer.h"

struct ph_letter;
struct ph_member;
struct ph_question;
struct ph_room;

/** What to do with an answer; everything is lent. */
typedef void (*ph_answered_fn)(const struct ph_question *question, int verdict, const struct ph_answer *answer);

struct ph_question {
    struct ph_instance *instance;
    struct ph_member *member; /**< whose; NULL: the room's */
    struct ph_room *room;     /**< which it is about; NULL: none */
    struct ph_letter *letter; /**< that waits for the answer; NULL: none */
    ph_answered_fn answered;
    bool is_late; /**< the hook has not answered by its return */

    /* private */
    ph_answer_id id;
    struct ph_list link; /* of the owner's waiting questions */
    struct ph_timer deadline;
    struct ph_task task; /* the answer has come */
    bool is_answered;
    int verdict;
    struct ph_answer answer;
    struct rtmp_arena arena; /* of the answer */
};

/** Ask `hook`. `waiting`: the list of struct ph_question::link that keeps it if the answer comes later. */
void ph_question_ask(const struct ph_question *question, ph_hook_fn hook, const struct ph_event *event,
                     struct ph_list *waiting);

/** The late answer. Returns 0; PH_E_GONE; PH_E_ARGUMENT; PH_E_MEMORY. */
int ph_question_answer(struct ph_instance *instance, ph_answer_id id, int verdict, const struct ph_answer *answer);

/** Withdraw a waiting question: nobody will hear of it. The letter is the caller's. */
void ph_question_withdraw(struct ph_question *question);

/** A refusal, with these words where the answer has none. Lent. */
struct ph_refusal ph_refusal_of(int verdict, const struct ph_answer *answer, const char *code, const char *description);

/** Free what the instance keeps ready. */
void ph_question_finish(struct ph_instance *instance);

#endif
