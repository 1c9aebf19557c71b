/* SPDX-License-Identifier: MIT */
#include "app/question.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/copy.h"
#include "app/letter.h"
#include "base/limits.h"

static void on_deadline(struct ph_timer *timer);
static void on_task(struct ph_task *task);

/* One that is ready to wait: a hook must be told a handle before it is known whether it needs one. */
static struct ph_question *spare_of(struct ph_instance *instance)
{
    if (instance->spare)
        return instance->spare;
    struct ph_question *spare = calloc(1, sizeof *spare);
    if (!spare)
        return NULL;
    if (ph_idtable_add(&instance->question_ids, spare, &spare->id)) {
        free(spare);
        return NULL;
    }
    spare->instance = instance;
    spare->task.run = on_task;
    ph_list_init(&spare->task.link);
    ph_list_init(&spare->link);
    ph_timer_init(&spare->deadline, on_deadline);
    rtmp_arena_init(&spare->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    instance->spare = spare;
    return spare;
}

static void discard(struct ph_question *question)
{
    rtmp_arena_finish(&question->arena);
    free(question);
}

/* Its handle was shown and not needed: nobody may answer by it. */
static void renew(struct ph_question *spare)
{
    struct ph_instance *instance = spare->instance;
    (void)ph_idtable_remove(&instance->question_ids, spare->id);
    if (ph_idtable_add(&instance->question_ids, spare, &spare->id) == 0)
        return;
    instance->spare = NULL;
    discard(spare);
}

static void forget(struct ph_question *question)
{
    (void)ph_idtable_remove(&question->instance->question_ids, question->id);
    ph_timer_stop(question->instance->loop, &question->deadline);
    ph_list_remove(&question->task.link);
    ph_list_remove(&question->link);
}

static void answer_now(struct ph_question *question, int verdict, const struct ph_answer *answer)
{
    forget(question);
    question->answered(question, verdict, answer);
    discard(question);
}

static void on_task(struct ph_task *task)
{
    struct ph_question *question = ph_container_of(task, struct ph_question, task);
    answer_now(question, question->verdict, &question->answer);
}

static void on_deadline(struct ph_timer *timer)
{
    struct ph_question *question = ph_container_of(timer, struct ph_question, deadline);
    struct ph_instance *instance = question->instance;
    static const struct ph_answer nothing;
    ph_instance_begin(instance);
    answer_now(question, PH_E_TIMEOUT, &nothing);
    ph_instance_end(instance);
}

/* The hook has said PH_LATER; maybe it has answered already. */
static void wait_for_answer(struct ph_question *question, struct ph_list *waiting)
{
    uint64_t deadline_us = (uint64_t)question->instance->application->settings.answer_ms * 1000;
    question->is_late = true;
    ph_list_append(waiting, &question->link);
    if (!question->is_answered)
        ph_timer_start(question->instance->loop, &question->deadline, deadline_us);
}

void ph_question_ask(const struct ph_question *question, ph_hook_fn hook, const struct ph_event *event,
                     struct ph_list *waiting)
{
    struct ph_instance *instance = question->instance;
    struct ph_event told = *event;
    struct ph_answer answer = {0};
    struct ph_question *spare = hook ? spare_of(instance) : NULL;
    if (spare) {
        spare->member = question->member;
        spare->room = question->room;
        spare->letter = question->letter;
        spare->answered = question->answered;
        told.later = spare->id;
    }
    int verdict = ph_instance_call(instance, hook, &told, &answer);
    if (verdict == PH_LATER && spare) {
        instance->spare = NULL;
        wait_for_answer(spare, waiting);
        return;
    }
    if (spare) {
        spare->is_answered = false; /* if it was answered, and again by its return: that one counts */
        ph_list_remove(&spare->task.link);
        rtmp_arena_reset(&spare->arena);
        renew(spare);
    }
    question->answered(question, verdict == PH_LATER ? PH_E_MEMORY : verdict, &answer);
}

/* A copy that lives as long as the question. */
static bool keep_answer(struct ph_question *question, const struct ph_answer *answer)
{
    struct rtmp_arena *arena = &question->arena;
    const char *const *texts[] = {&answer->user, &answer->name, &answer->code, &answer->description, &answer->redirect};
    const char **kept[] = {&question->answer.user, &question->answer.name, &question->answer.code,
                           &question->answer.description, &question->answer.redirect};
    bool whole = true;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        *kept[i] = *texts[i] ? rtmp_arena_copy(arena, *texts[i], strlen(*texts[i])) : NULL;
        whole &= !*texts[i] || *kept[i];
    }
    const struct rtmp_value *value = ph_value_in(answer->value), *object = ph_value_in(answer->application);
    question->answer.value = value ? ph_value_out(ph_value_copy(value, arena)) : NULL;
    question->answer.application = object ? ph_value_out(ph_value_copy(object, arena)) : NULL;
    return whole && (!value || question->answer.value) && (!object || question->answer.application);
}

int ph_question_answer(struct ph_instance *instance, ph_answer_id id, int verdict, const struct ph_answer *answer)
{
    static const struct ph_answer plain;
    struct ph_question *question = ph_idtable_get(&instance->question_ids, id);
    if (!question || question->is_answered)
        return PH_E_GONE;
    if (verdict == PH_LATER || verdict > PH_LATER)
        return PH_E_ARGUMENT;
    if (!keep_answer(question, answer ? answer : &plain)) {
        rtmp_arena_reset(&question->arena);
        return PH_E_MEMORY;
    }
    question->is_answered = true;
    question->verdict = verdict;
    ph_timer_stop(instance->loop, &question->deadline);
    ph_instance_defer(instance, &question->task);
    return 0;
}

void ph_question_withdraw(struct ph_question *question)
{
    forget(question);
    discard(question);
}

struct ph_refusal ph_refusal_of(int verdict, const struct ph_answer *answer, const char *code, const char *description)
{
    const char *words = verdict == PH_REFUSE || verdict == PH_E_NOT_FOUND ? description
                        : verdict == PH_E_TIMEOUT                         ? "The application did not answer in time."
                                                                          : "The application failed.";
    return (struct ph_refusal){.error = verdict < 0 ? verdict : 0,
                               .code = answer->code ? answer->code : code,
                               .description = answer->description ? answer->description : words,
                               .redirect = answer->redirect,
                               .application = ph_value_in(answer->application)};
}

void ph_question_finish(struct ph_instance *instance)
{
    if (instance->spare)
        ph_question_withdraw(instance->spare);
    instance->spare = NULL;
}
