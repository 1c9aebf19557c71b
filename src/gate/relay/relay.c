/* SPDX-License-Identifier: MIT */
/*
 * Each worker has a part of the relay: the rules, and a place for each stream at its desk that somebody needs or a rule
 * fetches. What the finder tells is written into the place; from a fresh stack the place then gets the legs that it
 * has to have, and loses the others. Where the locator says that another server has the stream, the place has a rule
 * of its own.
 */
#include "gate/relay/relay.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/list.h"
#include "base/map.h"
#include "base/random.h"
#include "base/text.h"
#include "gate/relay/leg.h"
#include "gate/relay/rule.h"
#include "media/finder.h"
#include "media/locator.h"

enum {
    PLACES_MAX = 1 << 20, /* of one worker: as many as media keeps */
    FOUND_IDLE_MS = 10000,
};

/* A rule on one worker. */
struct bound {
    struct ph_list link;
    struct rule *rule; /* a reference */
    bool is_paused;
};

/* The relay on one worker. */
struct home {
    struct ph_relay *relay;
    struct ph_loop *loop;
    struct ph_list rules; /* list of struct bound::link */
    size_t n_rules;
    atomic_uint n_legs;
    struct ph_map places;
    struct ph_list changed; /* list of struct place::changed */
    struct ph_deferred step;
    struct ph_mail drain;
    bool is_draining;
};

/* A stream. */
struct place {
    struct home *home;
    struct ph_path path;
    struct ph_list changed; /* in home->changed while it has to be looked at */
    struct ph_list legs;    /* list of struct leg::in_place */
    struct ph_timer idle;   /* runs after the last viewer */
    bool is_published, is_live, is_wanted;
    struct bound found;   /* where it is; rule NULL: nowhere else */
    char *found_at;       /* in the locator's words */
    uint64_t unwanted_us; /* since when; 0: it never was wanted */
    char publisher_via[PH_VIA_MAX], viewer_via[PH_VIA_MAX];
};

struct ph_relay {
    struct ph_relay_options options;
    struct ph_hash_seed seed;
    unsigned n_homes;
    struct home homes[];
};

/* Places */

static void look_soon(struct place *place)
{
    if (ph_list_is_empty(&place->changed))
        ph_list_append(&place->home->changed, &place->changed);
    ph_loop_defer(place->home->loop, &place->home->step);
}

static void on_idle(struct ph_timer *timer) { look_soon(ph_container_of(timer, struct place, idle)); }

static struct place *place_get(struct home *home, const struct ph_path *path)
{
    struct place *place = ph_map_get(&home->places, path->text, path->length);
    if (place)
        return place;
    place = calloc(1, sizeof *place);
    if (!place)
        return NULL;
    place->home = home;
    place->path = *path;
    ph_list_init(&place->changed);
    ph_list_init(&place->legs);
    ph_timer_init(&place->idle, on_idle);
    if (ph_map_add(&home->places, place->path.text, path->length, place) == 0)
        return place;
    free(place);
    return NULL;
}

static void place_drop(struct place *place)
{
    struct home *home = place->home;
    ph_timer_stop(home->loop, &place->idle);
    ph_list_remove(&place->changed);
    ph_map_remove(&home->places, place->path.text, place->path.length);
    rule_unref(place->found.rule);
    free(place->found_at);
    free(place);
}

static struct leg *leg_of(const struct place *place, const struct rule *rule)
{
    ph_list_for_each(node, &place->legs)
    {
        struct leg *leg = ph_list_entry(node, struct leg, in_place);
        if (leg->rule == rule)
            return leg;
    }
    return NULL;
}

/* A stream of an application that is not there is not played either: it is not fetched. */
static bool is_known(const struct ph_relay *relay, const struct ph_path *path)
{
    return !relay->options.apps || ph_apps_find(relay->options.apps, path->text, path->length);
}

static bool concerns(const struct bound *bound, const struct place *place)
{
    return !bound->is_paused && rule_is_for(bound->rule, &place->path) && is_known(place->home->relay, &place->path);
}

/* Somebody watches, or did a moment ago. */
static bool is_watched(const struct place *place, const struct rule *rule)
{
    uint64_t until_us = place->unwanted_us + rule->idle_ms * UINT64_C(1000);
    return place->is_wanted || (place->unwanted_us && ph_loop_now(place->home->loop) < until_us);
}

/* A pull fetches what nobody publishes here; what it publishes itself is its own. */
static bool must_pull(const struct place *place, const struct bound *bound)
{
    const struct leg *leg = leg_of(place, bound->rule);
    bool is_own = leg && leg->publisher;
    if (place->is_published && !is_own)
        return false;
    if (bound->rule->is_always)
        return true;
    return is_watched(place, bound->rule) && (leg || place->is_wanted);
}

/* A stream that has ended is pushed to its last message. */
static bool must_push(const struct place *place, const struct bound *bound)
{
    const struct leg *leg = leg_of(place, bound->rule);
    return place->is_live || (leg && leg->viewer && !leg->is_drained);
}

static bool must_carry(const struct place *place, const struct bound *bound)
{
    if (place->home->is_draining || !concerns(bound, place))
        return false;
    return bound->rule->kind == PH_RELAY_PUSH ? must_push(place, bound) : must_pull(place, bound);
}

static void on_change(struct leg *leg) { look_soon(ph_container_of(leg->path, struct place, path)); }

static void add_leg(struct place *place, struct bound *bound)
{
    struct home *home = place->home;
    struct leg *leg;
    const char *via = bound->rule->kind == PH_RELAY_PUSH ? place->publisher_via : place->viewer_via;
    if (home->n_legs >= PH_LIMIT_RELAY_LEGS ||
        leg_create(&home->relay->options, home->loop, bound->rule, &place->path, via, &leg)) {
        ph_media_give_up(home->relay->options.media, &place->path);
        return;
    }
    leg->on_change = on_change;
    ph_list_append(&place->legs, &leg->in_place);
    home->n_legs++;
}

static void remove_leg(struct place *place, struct leg *leg, const char *why)
{
    place->home->n_legs--;
    leg_destroy(leg, why);
}

static const char *why_not(const struct place *place, const struct bound *bound)
{
    if (place->home->is_draining)
        return "the server stops";
    if (bound->rule->kind == PH_RELAY_PULL && place->is_published && (place->is_wanted || bound->rule->is_always))
        return "it is published here";
    if (bound->is_paused)
        return "paused";
    return bound->rule->kind == PH_RELAY_PUSH ? "the stream has ended" : "nobody watches";
}

static void watch_idle(struct place *place, const struct rule *rule)
{
    uint64_t now_us = ph_loop_now(place->home->loop), until_us = place->unwanted_us + rule->idle_ms * UINT64_C(1000);
    if (!place->is_wanted && !rule->is_always && until_us > now_us)
        ph_timer_start(place->home->loop, &place->idle, until_us - now_us);
}

/* "rtmp://10.0.0.2:1935" and "live/cam" make a rule for live/ and a star that leads to rtmp://10.0.0.2:1935/live. */
static int make_found(const struct place *place, const char *where, struct rule **rule)
{
    char name[PH_RELAY_NAME], stream[PH_PATH_MAX + 2], url[2048], fault[PH_RELAY_FAULT];
    struct ph_text text;
    int app = (int)strcspn(place->path.text, "/");
    ph_text_init(&text, name, sizeof name);
    ph_text_add(&text, "cluster/%s", place->path.text);
    ph_text_init(&text, stream, sizeof stream);
    ph_text_add(&text, "%.*s/*", app, place->path.text);
    ph_text_init(&text, url, sizeof url);
    for (size_t length; *where; where += length + (where[length] == ',')) {
        length = strcspn(where, ",");
        ph_text_add(&text, "%s%.*s/%.*s/{stream}", text.length ? "," : "", (int)length, where, app, place->path.text);
    }
    const struct ph_relay_settings settings = {.stream = stream, .url = url, .idle_ms = FOUND_IDLE_MS};
    return rule_create(name, PH_RELAY_PULL, &settings, RULE_OF_CLUSTER, rule, fault);
}

static bool is_found_at(const struct place *place, const char *where)
{
    return strcmp(place->found_at ? place->found_at : "", where) == 0;
}

/* What the locator says becomes the place's own rule; it looks only for what is wanted. */
static void locate(struct place *place)
{
    if (!place->is_wanted)
        return;
    const char *where = ph_media_where(place->home->relay->options.media, &place->path);
    struct bound *found = &place->found;
    if (!where || is_found_at(place, where))
        return;
    if (found->rule) {
        struct leg *leg = leg_of(place, found->rule);
        if (leg)
            remove_leg(place, leg, where[0] ? "the stream has moved" : "the stream has ended there");
        rule_unref(found->rule);
        found->rule = NULL;
    }
    free(place->found_at);
    place->found_at = strdup(where);
    if (where[0] && make_found(place, where, &found->rule))
        found->rule = NULL; /* as if it were nowhere */
}

static void look_at(struct place *place, struct bound *bound)
{
    struct leg *leg = leg_of(place, bound->rule);
    bool must = must_carry(place, bound);
    if (must && !leg)
        add_leg(place, bound);
    else if (!must && leg)
        remove_leg(place, leg, why_not(place, bound));
    if (bound->rule->kind == PH_RELAY_PULL && leg_of(place, bound->rule))
        watch_idle(place, bound->rule);
}

static void look(struct place *place)
{
    locate(place);
    ph_list_for_each(node, &place->home->rules) look_at(place, ph_list_entry(node, struct bound, link));
    if (place->found.rule)
        look_at(place, &place->found);
    if (ph_list_is_empty(&place->legs) && !place->is_live && !place->is_wanted)
        place_drop(place);
}

static void on_step(struct ph_deferred *deferred)
{
    struct home *home = ph_container_of(deferred, struct home, step);
    for (struct ph_list *node; (node = ph_list_pop(&home->changed));)
        look(ph_list_entry(node, struct place, changed));
}

/* What media says */

/* Will a pull bring it, or has each that could failed? */
static bool may_bring(const struct place *place, const struct bound *bound)
{
    const struct leg *leg = leg_of(place, bound->rule);
    bool has_hope = leg ? !leg->has_failed : place->home->n_legs < PH_LIMIT_RELAY_LEGS;
    return bound->rule->kind == PH_RELAY_PULL && has_hope && must_carry(place, bound);
}

/* Another server has it, as far as is known. */
static bool may_be_found(const struct place *place)
{
    const char *where = ph_media_where(place->home->relay->options.media, &place->path);
    if (where && is_found_at(place, where))
        return place->found.rule && may_bring(place, &place->found);
    return (!where || where[0]) && !place->home->is_draining && is_known(place->home->relay, &place->path);
}

static bool may_come(const struct place *place)
{
    if (may_be_found(place))
        return true;
    ph_list_for_each(node, &place->home->rules)
    {
        if (may_bring(place, ph_list_entry(node, struct bound, link)))
            return true;
    }
    return false;
}

static bool on_changed(void *user, struct ph_loop *desk, const struct ph_stream_need *need)
{
    struct ph_relay *relay = user;
    struct home *home = &relay->homes[desk->index];
    bool is_needed = need->is_live || need->is_wanted;
    struct place *place = is_needed ? place_get(home, need->path)
                                    : ph_map_get(&home->places, need->path->text, need->path->length);
    if (!place)
        return false;
    if (place->is_wanted && !need->is_wanted)
        place->unwanted_us = ph_loop_now(desk);
    place->is_published = need->is_published;
    place->is_live = need->is_live;
    place->is_wanted = need->is_wanted;
    if (need->is_published)
        ph_text_copy(place->publisher_via, sizeof place->publisher_via, need->publisher_via);
    if (need->is_wanted)
        ph_text_copy(place->viewer_via, sizeof place->viewer_via, need->viewer_via);
    look_soon(place);
    return need->is_wanted && !need->is_live && may_come(place);
}

/* Rules */

static struct bound *find(const struct home *home, const char *name)
{
    ph_list_for_each(node, &home->rules)
    {
        struct bound *bound = ph_list_entry(node, struct bound, link);
        if (strcmp(bound->rule->name, name) == 0)
            return bound;
    }
    return NULL;
}

static void look_at_all(struct home *home)
{
    size_t at = 0;
    void *place;
    while (ph_map_next(&home->places, &at, &place))
        look_soon(place);
}

/* The rule begins, or goes on: here, and for the stream that it fetches whether somebody wants it or not. */
static int wake(struct home *home, const struct rule *rule)
{
    struct ph_path path;
    look_at_all(home);
    if (!rule->is_always || !rule_path(rule, &path) || ph_media_desk(home->relay->options.media, &path) != home->loop)
        return 0;
    struct place *place = place_get(home, &path);
    if (place)
        look_soon(place);
    return place ? 0 : -ENOMEM;
}

static int hold_rule(struct home *home, struct rule *rule, bool is_paused)
{
    struct bound *bound = calloc(1, sizeof *bound);
    if (!bound)
        return -ENOMEM;
    bound->rule = rule;
    bound->is_paused = is_paused;
    ph_ref_take(&rule->ref);
    ph_list_append(&home->rules, &bound->link);
    home->n_rules++;
    return wake(home, rule);
}

static void drop_rule(struct home *home, struct bound *bound)
{
    size_t at = 0;
    void *each;
    while (ph_map_next(&home->places, &at, &each)) {
        struct leg *leg = leg_of(each, bound->rule);
        if (leg)
            remove_leg(each, leg, "the rule was removed");
        look_soon(each);
    }
    ph_list_remove(&bound->link);
    rule_unref(bound->rule);
    free(bound);
    home->n_rules--;
}

int ph_relay_add(struct ph_relay *relay, const char *name, enum ph_relay_kind kind,
                 const struct ph_relay_settings *settings, char *fault)
{
    struct rule *rule;
    if (find(&relay->homes[0], name)) {
        ph_text_copy(fault, PH_RELAY_FAULT, "stream: a push and a pull have this name; give one of them another");
        return -EEXIST;
    }
    if (relay->homes[0].n_rules >= PH_LIMIT_RELAY_RULES)
        return -ENOSPC;
    int err = rule_create(name, kind, settings, RULE_OF_CONFIG, &rule, fault);
    for (unsigned i = 0; i < relay->n_homes && !err; i++)
        err = hold_rule(&relay->homes[i], rule, !settings->enabled);
    if (err == 0)
        rule_unref(rule);
    return err;
}

/* Requests */

static void tell_rule(struct ph_relay_request *request, const struct bound *bound)
{
    static const char *const origins[] = {[RULE_OF_CONFIG] = "configuration",
                                          [RULE_BY_REQUEST] = "request",
                                          [RULE_GUARDED] = "request",
                                          [RULE_OF_CLUSTER] = "cluster"};
    const struct rule *rule = bound->rule;
    char stream[PH_PATH_MAX + 2];
    struct ph_text text;
    ph_text_init(&text, stream, sizeof stream);
    ph_text_add(&text, "%s%s", rule->stream, rule->is_tree ? "*" : "");
    const struct ph_relay_rule_row row = {.name = rule->name,
                                          .stream = stream,
                                          .kind = rule->kind,
                                          .is_paused = bound->is_paused,
                                          .is_always = rule->is_always,
                                          .origin = origins[rule->origin],
                                          .n_urls = rule->n_urls};
    request->rule(request, &row);
}

static void tell_legs(struct ph_relay_request *request, const struct place *place)
{
    static const char *const states[] = {
        [LEG_WAITING] = "waiting", [LEG_CALLING] = "calling", [LEG_CARRYING] = "carrying"};
    ph_list_for_each(node, &place->legs)
    {
        const struct leg *leg = ph_list_entry(node, struct leg, in_place);
        const struct ph_relay_leg_row row = {.rule = leg->rule->name,
                                             .path = place->path.text,
                                             .state = states[leg->state],
                                             .target = leg->target,
                                             .error = leg->error,
                                             .state_us = ph_loop_now(place->home->loop) - leg->since_us,
                                             .bytes = leg_bytes(leg),
                                             .n_calls = leg->n_calls};
        request->leg(request, &row);
    }
}

static void tell(struct ph_relay_request *request, const struct home *home, bool is_first)
{
    size_t at = 0;
    void *each;
    if (is_first && request->rule)
        ph_list_for_each(node, &home->rules) tell_rule(request, ph_list_entry(node, struct bound, link));
    while (request->leg && ph_map_next(&home->places, &at, &each)) {
        const struct place *place = each;
        if (request->rule && place->found.rule && leg_of(place, place->found.rule))
            tell_rule(request, &place->found);
        tell_legs(request, place);
    }
}

static int add(struct ph_relay_request *request, struct home *home, bool is_first)
{
    if (is_first && find(home, request->name))
        return -EEXIST;
    if (is_first && home->n_rules >= PH_LIMIT_RELAY_RULES)
        return -ENOSPC;
    return hold_rule(home, request->made, false);
}

static int change(struct ph_relay_request *request, struct home *home)
{
    struct bound *bound = find(home, request->name);
    if (!bound)
        return -ENOENT;
    if (request->order == PH_RELAY_REMOVE) {
        drop_rule(home, bound);
        return 0;
    }
    bound->is_paused = request->order == PH_RELAY_PAUSE;
    return wake(home, bound->rule);
}

static void visit(struct ph_round *round, struct ph_loop *loop)
{
    struct ph_relay_request *request = ph_container_of(round, struct ph_relay_request, round);
    struct home *home = &request->relay->homes[loop->index];
    bool is_first = loop->index == 0;
    if (request->err)
        return;
    if (request->order == PH_RELAY_LOOK)
        tell(request, home, is_first);
    else
        request->err = request->order == PH_RELAY_ADD ? add(request, home, is_first) : change(request, home);
}

static void on_done(struct ph_round *round)
{
    struct ph_relay_request *request = ph_container_of(round, struct ph_relay_request, round);
    rule_unref(request->made);
    request->made = NULL;
    request->done(request);
}

void ph_relay_ask(struct ph_relay *relay, struct ph_relay_request *request)
{
    request->relay = relay;
    request->made = NULL;
    request->err = request->order == PH_RELAY_ADD
                       ? rule_create(request->name, request->kind, &request->wanted,
                                     relay->options.may_go_inside ? RULE_BY_REQUEST : RULE_GUARDED, &request->made,
                                     request->fault)
                       : 0;
    request->round = (struct ph_round){
        .visit = visit, .done = on_done, .loops = relay->options.workers, .home = request->home};
    ph_round_start(&request->round);
}

/* Beginning and end */

static void on_drain(struct ph_mail *mail)
{
    struct home *home = ph_container_of(mail, struct home, drain);
    home->is_draining = true;
    look_at_all(home);
}

void ph_relay_drain(struct ph_relay *relay)
{
    for (unsigned i = 0; i < relay->n_homes; i++)
        ph_loop_post(relay->homes[i].loop, &relay->homes[i].drain);
}

unsigned ph_relay_n_legs(const struct ph_relay *relay)
{
    unsigned n = 0;
    for (unsigned i = 0; i < relay->n_homes; i++)
        n += atomic_load(&relay->homes[i].n_legs);
    return n;
}

int ph_relay_create(const struct ph_relay_options *options, struct ph_relay **created)
{
    unsigned n = options->workers->n;
    struct ph_relay *relay = calloc(1, sizeof *relay + n * sizeof relay->homes[0]);
    if (!relay)
        return -ENOMEM;
    int err = ph_random_fill(&relay->seed, sizeof relay->seed);
    if (err) {
        free(relay);
        return err;
    }
    relay->options = *options;
    relay->n_homes = n;
    for (unsigned i = 0; i < n; i++) {
        struct home *home = &relay->homes[i];
        home->relay = relay;
        home->loop = &options->workers->loop[i];
        home->drain.deliver = on_drain;
        ph_list_init(&home->rules);
        ph_list_init(&home->changed);
        ph_map_init(&home->places, &relay->seed, PLACES_MAX);
        ph_deferred_init(&home->step, on_step);
    }
    const struct ph_finder finder = {.changed = on_changed, .user = relay};
    ph_media_set_finder(options->media, &finder);
    *created = relay;
    return 0;
}

static void finish(struct home *home)
{
    size_t at = 0;
    void *each;
    while (ph_map_next(&home->places, &at, &each)) {
        struct place *place = each;
        for (struct ph_list *node; (node = ph_list_first(&place->legs));)
            remove_leg(place, ph_list_entry(node, struct leg, in_place), "the server stops");
        ph_timer_stop(home->loop, &place->idle);
        rule_unref(place->found.rule);
        free(place->found_at);
        free(place);
    }
    ph_map_finish(&home->places);
    ph_deferred_cancel(&home->step);
    for (struct ph_list *node; (node = ph_list_pop(&home->rules));) {
        struct bound *bound = ph_list_entry(node, struct bound, link);
        rule_unref(bound->rule);
        free(bound);
    }
}

void ph_relay_destroy(struct ph_relay *relay)
{
    if (!relay)
        return;
    ph_media_set_finder(relay->options.media, &(struct ph_finder){0});
    for (unsigned i = 0; i < relay->n_homes; i++)
        finish(&relay->homes[i]);
    free(relay);
}
