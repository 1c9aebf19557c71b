/* SPDX-License-Identifier: MIT */
/* Calls of a client, one after the other unless a method says otherwise; and calls to it. */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/question.h"
#include "app/room.h"
#include "app/verbs.h"
#include "base/limits.h"

enum { INVOKE_MS = 5000 };

static const char failed_code[] = "NetConnection.Call.Failed";

/* Calls of the client */

static void run_calls(struct ph_member *member);

void ph_member_answer_call(struct ph_member *member, struct ph_letter *call, int verdict,
                           const struct ph_answer *answer)
{
    bool failed = false;
    if (verdict == PH_ACCEPT && call->id != 0)
        call->value = ph_letter_value(call, ph_value_in(answer->value), &failed);
    if (verdict != PH_ACCEPT || failed) {
        const char *words = verdict == PH_E_NOT_FOUND ? "This application has no such method."
                                                      : "The call was refused.";
        const struct ph_refusal why = ph_refusal_of(failed ? PH_E_MEMORY : verdict, answer, failed_code, words);
        ph_letter_refuse(call, &why);
    }
    ph_member_post(member, call);
}

static void on_answered(const struct ph_question *question, int verdict, const struct ph_answer *answer)
{
    struct ph_member *member = question->member;
    member->n_running--;
    member->is_exclusive = false;
    ph_member_answer_call(member, question->letter, verdict, answer);
    if (question->is_late) /* those behind it have waited */
        run_calls(member);
}

static int unknown_method(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)app;
    (void)event;
    (void)answer;
    return PH_E_NOT_FOUND;
}

static void run_call(struct ph_member *member, struct ph_letter *call, const struct ph_method *method)
{
    struct ph_instance *instance = member->instance;
    ph_hook_fn hook = method && method->run  ? method->run
                      : instance->type->call ? instance->type->call
                                             : unknown_method;
    const struct ph_question question = {
        .instance = instance, .member = member, .room = member->room, .letter = call, .answered = on_answered};
    const struct ph_event event = {.size = sizeof event,
                                   .room = member->room ? member->room->id : 0,
                                   .member = member->id,
                                   .name = call->name,
                                   .value = ph_value_out(call->value),
                                   .no_reply = call->id == 0};
    member->n_running++;
    member->is_exclusive = !(method && method->concurrent);
    ph_question_ask(&question, hook, &event, &member->questions);
}

/* The bucket that a call draws from; NULL: no memory. */
static struct ph_rate *rate_of(struct ph_member *member, const struct ph_method *method, size_t index)
{
    struct ph_instance *instance = member->instance;
    if (!method || !method->rate)
        return &member->rate;
    if (!member->method_rates)
        member->method_rates = calloc(instance->methods.n, sizeof *member->method_rates);
    struct ph_rate *rate = member->method_rates ? &member->method_rates[index] : NULL;
    if (rate && !rate->per_second)
        ph_rate_init(rate, method->rate, method->burst ? method->burst : 2U * method->rate);
    return rate;
}

static bool may_run(struct ph_member *member, const struct ph_method *method, size_t index)
{
    struct ph_loop *loop = member->instance->loop;
    struct ph_rate *rate = rate_of(member, method, index);
    if (!rate || ph_rate_take(rate, ph_loop_now(loop), 1))
        return true;
    ph_timer_start(loop, &member->throttle, ph_rate_wait_us(rate, ph_loop_now(loop), 1));
    return false;
}

static void on_throttle(struct ph_timer *timer)
{
    struct ph_member *member = ph_container_of(timer, struct ph_member, throttle);
    struct ph_instance *instance = member->instance;
    ph_instance_begin(instance);
    run_calls(member);
    ph_instance_end(instance);
}

static void run_calls(struct ph_member *member)
{
    struct ph_list *node;
    while (!member->is_leaving && (node = ph_list_first(&member->calls))) {
        struct ph_letter *call = ph_list_entry(node, struct ph_letter, link);
        size_t index = 0;
        const struct ph_method *method = ph_instance_method(member->instance, call->name, &index);
        bool is_concurrent = method && method->concurrent;
        if (member->n_running && (member->is_exclusive || !is_concurrent))
            return;
        if (ph_timer_is_running(&member->throttle) || !may_run(member, method, index))
            return;
        ph_list_remove(&call->link);
        if (call->name[0] == '$')
            ph_verb_run(member, call);
        else
            run_call(member, call, method);
    }
}

static void fold(char *name)
{
    for (; *name; name++)
        if (*name >= 'A' && *name <= 'Z')
            *name = (char)(*name - 'A' + 'a');
}

void ph_member_take_call(struct ph_member *member, struct ph_letter *call)
{
    if (member->instance->application->settings.fold_calls)
        fold((char *)(uintptr_t)call->name); /* the letter's own copy */
    member->throttle.fire = on_throttle;
    ph_list_append(&member->calls, &call->link);
    run_calls(member);
}

/* Calls to the client */

struct invoke {
    struct ph_list link;
    struct ph_member *member;
    uint32_t id;
    ph_done_fn done;
    void *user;
    struct ph_timer deadline;
};

static void end_invoke(struct invoke *invoke, int error, const struct rtmp_value *value)
{
    struct ph_member *member = invoke->member;
    ph_list_remove(&invoke->link);
    member->n_invokes--;
    ph_timer_stop(member->instance->loop, &invoke->deadline);
    ph_instance_done(member->instance, invoke->done, invoke->user, error, ph_value_out(value));
    free(invoke);
}

static void on_invoke_deadline(struct ph_timer *timer)
{
    struct invoke *invoke = ph_container_of(timer, struct invoke, deadline);
    struct ph_instance *instance = invoke->member->instance;
    ph_instance_begin(instance);
    end_invoke(invoke, PH_E_TIMEOUT, NULL);
    ph_instance_end(instance);
}

static struct invoke *add_invoke(struct ph_member *member, uint32_t timeout_ms, ph_done_fn done, void *user)
{
    struct invoke *invoke = calloc(1, sizeof *invoke);
    if (!invoke)
        return NULL;
    *invoke = (struct invoke){.member = member, .done = done, .user = user};
    if (++member->last_invoke < 2) /* FMSPy's first is 2: 1 is connect's */
        member->last_invoke = 2;
    invoke->id = member->last_invoke;
    ph_timer_init(&invoke->deadline, on_invoke_deadline);
    ph_timer_start(member->instance->loop, &invoke->deadline, (timeout_ms ? timeout_ms : INVOKE_MS) * UINT64_C(1000));
    ph_list_append(&member->invokes, &invoke->link);
    member->n_invokes++;
    return invoke;
}

int ph_member_invoke(struct ph_member *member, const char *name, const struct rtmp_value *arguments,
                     uint32_t timeout_ms, ph_done_fn done, void *user)
{
    bool failed = false;
    size_t length = strlen(name);
    if (length == 0 || length > PH_LIMIT_NAME_BYTES)
        return PH_E_ARGUMENT;
    if (member->is_leaving || (done && !member->seat))
        return PH_E_GONE;
    if (done && member->n_invokes >= PH_LIMIT_OPEN_CALLS)
        return PH_E_LIMIT;
    struct ph_letter *letter = ph_letter_create(PH_LETTER_INVOKE);
    if (!letter)
        return PH_E_MEMORY;
    letter->name = ph_letter_text(letter, name, &failed);
    letter->value = ph_letter_value(letter, arguments, &failed);
    struct invoke *invoke = done && !failed ? add_invoke(member, timeout_ms, done, user) : NULL;
    if (failed || (done && !invoke)) {
        ph_letter_free(letter);
        return PH_E_MEMORY;
    }
    letter->id = invoke ? invoke->id : 0;
    ph_member_post(member, letter);
    return 0;
}

void ph_member_take_reply(struct ph_member *member, struct ph_letter *reply)
{
    ph_list_for_each(node, &member->invokes)
    {
        struct invoke *invoke = ph_list_entry(node, struct invoke, link);
        if (invoke->id == reply->id) {
            end_invoke(invoke, reply->is_refused ? PH_E_DENIED : 0, reply->value);
            return;
        }
    }
}

void ph_member_drop_invokes(struct ph_member *member)
{
    for (struct ph_list *node; (node = ph_list_first(&member->invokes));) {
        struct invoke *invoke = ph_list_entry(node, struct invoke, link);
        invoke->done = NULL;
        end_invoke(invoke, 0, NULL);
    }
}

void ph_member_fail_calls(struct ph_member *member)
{
    for (struct ph_list *node; (node = ph_list_pop(&member->calls));) {
        struct ph_letter *call = ph_list_entry(node, struct ph_letter, link);
        ph_letter_refuse(call, &(struct ph_refusal){.code = failed_code, .description = "You are no longer here."});
        ph_member_post(member, call);
    }
    for (struct ph_list *node; (node = ph_list_first(&member->invokes));)
        end_invoke(ph_list_entry(node, struct invoke, link), PH_E_GONE, NULL);
}
