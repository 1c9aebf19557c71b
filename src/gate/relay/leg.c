/* SPDX-License-Identifier: MIT */
#include "gate/relay/leg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/retry.h"
#include "base/text.h"
#include "gate/rtmp/via.h"
#include "media/finder.h"

enum { STANDS_US = 10 * 1000000 };

static void enter(struct leg *leg, enum leg_state state)
{
    leg->state = state;
    leg->since_us = ph_loop_now(leg->loop);
}

void leg_who(const struct leg *leg, char text[LEG_WHO])
{
    struct ph_text out;
    ph_text_init(&out, text, LEG_WHO);
    ph_text_add(&out, "%s %s, %s", leg->rule->kind == PH_RELAY_PUSH ? "push" : "pull", leg->rule->name, leg->target);
}

uint64_t leg_bytes(const struct leg *leg) { return leg->bytes_before + leg->kind->bytes(leg); }

static void let_go(struct leg *leg, const char *why)
{
    leg->bytes_before = leg_bytes(leg);
    leg->kind->let_go(leg, why);
    leg->stream_id = 0;
}

/* Trying again */

/* The next address at once, then a pause before the first. */
static void wait(struct leg *leg)
{
    uint64_t after_us = 0;
    leg->n_failures++;
    leg->url = (leg->url + 1) % leg->rule->n_urls;
    if (leg->url == 0) {
        leg->has_failed = true;
        after_us = ph_retry_us(leg->n_failures / (unsigned)leg->rule->n_urls - 1, PH_LIMIT_RELAY_RETRY_MIN_MS,
                               PH_LIMIT_RELAY_RETRY_MAX_MS);
    }
    enter(leg, LEG_WAITING);
    if (!leg->loop->stopping)
        ph_timer_start(leg->loop, &leg->retry, after_us);
}

static void note(struct leg *leg, const char *why)
{
    char who[LEG_WHO];
    bool is_new = strcmp(leg->error, why) != 0 || leg->state == LEG_CARRYING;
    if (leg->state == LEG_CARRYING && ph_loop_now(leg->loop) - leg->since_us > STANDS_US) {
        leg->n_failures = 0;
        leg->url = leg->rule->n_urls - 1; /* begin with the first again */
    }
    leg_who(leg, who);
    ph_text_copy(leg->error, sizeof leg->error, why);
    if (is_new)
        ph_log_warning(leg->options->log, leg->path->text, "%s; it will be tried again (%s)", why, who);
}

static void on_over(void *user, const char *why)
{
    struct leg *leg = user;
    bool had_failed = leg->has_failed;
    leg->caller = NULL;
    let_go(leg, why);
    note(leg, why);
    wait(leg);
    if (leg->has_failed && !had_failed && leg->rule->kind == PH_RELAY_PULL)
        ph_media_give_up(leg->options->media, leg->path);
}

void leg_fail(struct leg *leg, const char *why)
{
    if (leg->caller)
        caller_fail(leg->caller, "%s", why);
}

void leg_fail_status(struct leg *leg, const struct rtmp_event_status *status)
{
    char words[PH_RELAY_FAULT];
    struct ph_text text;
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "the server says ");
    ph_text_add_escaped(&text, status->code.data, status->code.length);
    ph_text_add(&text, " ");
    ph_text_add_escaped(&text, status->description.data, status->description.length);
    leg_fail(leg, words);
}

void leg_carries(struct leg *leg)
{
    char who[LEG_WHO];
    leg_who(leg, who);
    enter(leg, LEG_CARRYING);
    leg->has_failed = false;
    leg->error[0] = '\0';
    ph_log_event(leg->options->log, leg->kind->verb, leg->path->text, "%s", who);
}

/* Calling */

static void on_ready(void *user)
{
    struct leg *leg = user;
    leg->kind->ready(leg);
}

static void on_event(void *user, const struct rtmp_event *event)
{
    struct leg *leg = user;
    leg->kind->event(leg, event);
}

static const char *call(struct leg *leg, struct rtmp_url *url)
{
    static const struct caller_handler handler = {.ready = on_ready, .event = on_event, .over = on_over};
    const char *why = "out of memory";
    if (!url)
        return why;
    if (rule_url(leg->rule, leg->url, leg->path, url))
        return "its address would be too long with this name in it";
    bool is_ours = leg->rule->origin == RULE_OF_CLUSTER;
    const struct caller_options options = {.loop = leg->loop,
                                           .trust = leg->options->trust,
                                           .url = url,
                                           .via = leg->via,
                                           .is_guarded = leg->rule->origin == RULE_GUARDED,
                                           .secret = is_ours ? leg->options->secret : NULL,
                                           .secret_length = is_ours ? leg->options->secret_length : 0,
                                           .handler = &handler,
                                           .user = leg};
    ph_text_copy(leg->target, sizeof leg->target, url->tc_url);
    return caller_open(&options, &leg->caller) ? why : NULL;
}

static void on_retry(struct ph_timer *timer)
{
    struct leg *leg = ph_container_of(timer, struct leg, retry);
    struct rtmp_url *url = malloc(sizeof *url);
    const char *why = call(leg, url);
    leg->on_change(leg); /* somebody may publish it here by now */
    if (url)
        explicit_bzero(url, sizeof *url);
    free(url);
    leg->n_calls++;
    if (why)
        on_over(leg, why);
    else
        enter(leg, LEG_CALLING);
}

int leg_create(const struct ph_relay_options *options, struct ph_loop *loop, struct rule *rule,
               const struct ph_path *path, const char *via, struct leg **created)
{
    struct leg *leg = calloc(1, sizeof *leg);
    if (!leg)
        return -ENOMEM;
    leg->options = options;
    leg->loop = loop;
    leg->rule = rule;
    ph_ref_take(&rule->ref);
    leg->path = path;
    leg->kind = rule->kind == PH_RELAY_PUSH ? &leg_push : &leg_pull;
    ph_list_init(&leg->in_place);
    ph_timer_init(&leg->retry, on_retry);
    ph_timer_init(&leg->watch, leg->kind->on_watch);
    enter(leg, LEG_WAITING);
    leg->has_failed = ph_via_add(via, options->node, leg->via) != 0;
    if (leg->has_failed)
        ph_text_copy(leg->error, sizeof leg->error, "it has come through too many servers");
    else
        ph_timer_start(loop, &leg->retry, 0);
    *created = leg;
    return 0;
}

void leg_destroy(struct leg *leg, const char *why)
{
    char who[LEG_WHO], words[160];
    struct ph_text text;
    uint64_t carried_us = leg->state == LEG_CARRYING ? ph_loop_now(leg->loop) - leg->since_us : 0;
    let_go(leg, why);
    caller_close(leg->caller);
    if (leg->state == LEG_CARRYING) {
        leg_who(leg, who);
        ph_text_init(&text, words, sizeof words);
        ph_text_add(&text, "%s after ", why);
        ph_text_add_duration(&text, carried_us);
        ph_text_add(&text, ", ");
        ph_text_add_amount(&text, leg->bytes_before);
        ph_log_event(leg->options->log, "closed", leg->path->text, "%s (%s)", words, who);
    }
    ph_timer_stop(leg->loop, &leg->retry);
    ph_list_remove(&leg->in_place);
    rule_unref(leg->rule);
    free(leg);
}
