/* SPDX-License-Identifier: MIT */
#include "cluster/spot.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cluster/home.h"

enum {
    AGAIN_MS = 1000,                 /* after an answer that helps nobody */
    BEAT_SOON_MS = 100,              /* for a lease to be renewed */
    FOUND_US = 10 * 1000000,         /* news may be lost: where a stream is, is asked again after so long */
    CLAIMED_US = 20 * 60 * 1000000U, /* a claim is renewed long before the engine forgets it */
};

static struct ph_cluster *cluster_of(const struct spot *spot) { return spot->desk->cluster; }

/* ---- at the desk ---- */

static void on_timer(struct ph_timer *timer);

static bool is_nothing(const struct wish *wish)
{
    return !wish->is_asked_for && !wish->is_own && !wish->is_live && !wish->is_wanted;
}

static void deliver_up(struct ph_mail *mail);

static void say(struct spot *spot)
{
    spot->has_changed = spot->is_under_way;
    if (spot->is_under_way)
        return;
    spot->is_under_way = true;
    spot->said_up = spot->wish;
    spot->up.deliver = deliver_up;
    ph_loop_post(cluster_of(spot)->home, &spot->up);
}

static void up_is_back(struct ph_mail *mail)
{
    struct spot *spot = ph_container_of(mail, struct spot, up);
    spot->is_under_way = false;
    if (spot->has_changed)
        say(spot);
}

struct spot *spot_create(struct desk *desk, const struct ph_path *path)
{
    struct spot *spot = calloc(1, sizeof *spot);
    if (!spot)
        return NULL;
    spot->path = *path;
    spot->desk = desk;
    ph_list_init(&spot->in_home);
    ph_timer_init(&spot->timer, on_timer);
    if (ph_map_add(&desk->spots, spot->path.text, path->length, spot) == 0)
        return spot;
    free(spot);
    return NULL;
}

void spot_need(struct spot *spot, const struct ph_stream_need *need)
{
    struct wish *wish = &spot->wish;
    bool is_copy = need->is_published && need->is_copy;
    if (need->is_asked_for && !wish->is_asked_for)
        wish->n_asked++;
    wish->is_asked_for = need->is_asked_for;
    wish->takes_over = need->takes_over;
    wish->is_own = need->is_published && !is_copy;
    wish->is_live = need->is_live && !is_copy;
    wish->is_wanted = need->is_wanted;
    say(spot);
}

static void tell_look(struct spot *spot, bool is_alive)
{
    spot->wish.n_looks = spot->heard.n_looks;
    spot->wish.is_alive = is_alive;
    say(spot);
}

static void on_looked(struct ph_media_question *question, bool is_alive)
{
    struct spot *spot = ph_container_of(question, struct spot, look);
    spot->is_looking = false;
    tell_look(spot, is_alive);
}

static void look_after_publisher(struct spot *spot)
{
    if (spot->is_looking)
        return;
    spot->look = (struct ph_media_question){.path = spot->path, .done = on_looked};
    spot->is_looking = ph_media_ask(cluster_of(spot)->media, &spot->look) == 0;
    if (!spot->is_looking) /* out of memory: it keeps what it has */
        tell_look(spot, true);
}

static void heed(struct spot *spot, const struct verdict *verdict)
{
    struct ph_media *media = cluster_of(spot)->media;
    const struct verdict before = spot->heard;
    spot->heard = *verdict;
    if (verdict->n_evicted != before.n_evicted)
        ph_media_evict(media, &spot->path);
    if (verdict->is_known != before.is_known || strcmp(verdict->where, before.where) != 0)
        ph_media_located(media, &spot->path);
    if (verdict->admitted != before.admitted && verdict->admitted == spot->wish.n_asked)
        ph_media_admit(media, &spot->path, true);
    if (verdict->refused != before.refused && verdict->refused == spot->wish.n_asked)
        ph_media_admit(media, &spot->path, false);
    if (verdict->n_looks != before.n_looks)
        look_after_publisher(spot);
}

static void down_is_back(struct ph_mail *mail);

static void deliver_down(struct ph_mail *mail)
{
    struct spot *spot = ph_container_of(mail, struct spot, down);
    heed(spot, &spot->said_down);
    if (spot->said_down.is_forgotten && is_nothing(&spot->wish) && !spot->is_under_way && !spot->is_looking) {
        ph_map_remove(&spot->desk->spots, spot->path.text, spot->path.length);
        free(spot);
        return;
    }
    spot->down.deliver = down_is_back;
    ph_loop_post(cluster_of(spot)->home, &spot->down);
}

/* ---- at home: what is told ---- */

static void tell(struct spot *spot)
{
    if (!spot->is_news || spot->is_down_posted)
        return;
    spot->is_news = false;
    spot->is_down_posted = true;
    spot->said_down = spot->verdict;
    spot->down.deliver = deliver_down;
    ph_loop_post(spot->desk->loop, &spot->down);
}

/* An edge goes to its parent first: that fetches the stream once for all its edges. */
static void set_where(struct spot *spot, const char *holder)
{
    struct verdict *verdict = &spot->verdict;
    const char *parent = cluster_of(spot)->parent;
    bool has_parent = holder[0] && parent[0] && strcmp(parent, holder) != 0;
    char where[sizeof verdict->where];
    struct ph_text text;
    ph_text_init(&text, where, sizeof where);
    ph_text_add(&text, "%s%s%s", has_parent ? parent : "", has_parent ? "," : "", holder);
    if (verdict->is_known && strcmp(verdict->where, where) == 0)
        return;
    verdict->is_known = spot->is_news = true;
    ph_text_copy(verdict->where, sizeof verdict->where, where);
}

/* The first letter, or one that crossed the news that this spot was forgotten. */
static void remember(struct spot *spot)
{
    struct ph_cluster *cluster = cluster_of(spot);
    spot->verdict.is_forgotten = false;
    if (!ph_list_is_empty(&spot->in_home))
        return;
    ph_list_append(&cluster->remembered, &spot->in_home);
    (void)!ph_map_add(&cluster->spots, spot->path.text, spot->path.length, spot); /* out of memory: it hears no news */
}

static void forget(struct spot *spot)
{
    (void)ph_map_remove(&cluster_of(spot)->spots, spot->path.text, spot->path.length);
    ph_list_remove(&spot->in_home);
    spot->verdict.is_forgotten = spot->is_news = true;
}

static void deliver_up(struct ph_mail *mail)
{
    struct spot *spot = ph_container_of(mail, struct spot, up);
    spot->needs = spot->said_up;
    spot->is_evicted = spot->is_evicted && spot->needs.is_own;
    spot->up.deliver = up_is_back;
    ph_loop_post(spot->desk->loop, &spot->up);
    if (spot->verdict.is_forgotten) /* `down` is under way, and will come back: there is a need */
        return;
    remember(spot);
    spot_step(spot);
}

static void down_is_back(struct ph_mail *mail)
{
    struct spot *spot = ph_container_of(mail, struct spot, down);
    spot->is_down_posted = false;
    if (spot->verdict.is_forgotten)
        remember(spot);
    spot_step(spot);
}

/* ---- at home: what is done ---- */

static bool is_asking(const struct spot *spot)
{
    const struct wish *needs = &spot->needs;
    return needs->is_asked_for && spot->verdict.admitted != needs->n_asked && spot->verdict.refused != needs->n_asked;
}

/* Who has lost its publisher a moment ago keeps the stream: it may return. A server that stops does not wait. */
static bool must_hold(const struct spot *spot)
{
    const struct wish *needs = &spot->needs;
    return needs->is_asked_for || needs->is_own || (spot->epoch && needs->is_live && !cluster_of(spot)->is_draining);
}

static bool must_claim(const struct spot *spot)
{
    if (spot->epoch)
        return spot->must_assert && must_hold(spot);
    return spot->needs.is_own && !spot->is_evicted;
}

static void set_epoch(struct spot *spot, uint64_t epoch)
{
    struct ph_cluster *cluster = cluster_of(spot);
    cluster->n_claims = cluster->n_claims + (epoch != 0) - (spot->epoch != 0);
    spot->epoch = epoch;
    spot->must_assert = false;
    if (epoch > spot->newest)
        spot->newest = epoch;
}

static void answer(struct spot *spot, bool may)
{
    if (may)
        spot->verdict.admitted = spot->needs.n_asked;
    else
        spot->verdict.refused = spot->needs.n_asked;
    spot->over = 0;
    spot->is_evicted = false;
    spot->is_news = true;
}

static void pause_for(struct spot *spot, uint32_t ms)
{
    spot->state = SPOT_PAUSE;
    ph_timer_start(cluster_of(spot)->home, &spot->timer, ms * UINT64_C(1000));
}

static void ask(struct spot *spot, enum ph_engine_verb verb, uint64_t epoch,
                void (*done)(struct ph_engine_request *request))
{
    struct ph_engine *engine = cluster_of(spot)->engine;
    spot->state = SPOT_REQUEST;
    spot->request = (struct ph_engine_request){
        .verb = verb, .path = spot->path.text, .epoch = epoch, .over = spot->over, .done = done};
    engine->ask(engine, &spot->request);
}

/* Another server has it. */
static void lose(struct spot *spot)
{
    set_epoch(spot, 0);
    if (spot->needs.is_own) {
        spot->verdict.n_evicted++;
        spot->is_evicted = spot->is_news = true;
        ph_log_warning(cluster_of(spot)->log, spot->path.text,
                       "another server of the cluster has this stream now; it is closed here");
    }
}

static void ask_holder(struct spot *spot)
{
    spot->state = SPOT_HOLDER;
    spot->asked_epoch = spot->request.epoch;
    home_write(cluster_of(spot), NOTE_ASK, spot->holder, spot->path.text, spot->asked_epoch);
    ph_timer_start(cluster_of(spot)->home, &spot->timer, PH_LIMIT_HOLDER_MS * UINT64_C(1000));
}

static void is_held(struct spot *spot)
{
    const struct ph_engine_request *request = &spot->request;
    if (request->epoch > spot->newest)
        spot->newest = request->epoch;
    if (request->where[0])
        lose(spot);
    else
        set_epoch(spot, 0); /* whoever had it meanwhile has gone: it is claimed anew */
    ph_text_copy(spot->holder, sizeof spot->holder, request->holder);
    set_where(spot, request->where);
    if (is_asking(spot) && spot->needs.takes_over)
        spot->over = request->epoch;
    else if (is_asking(spot) && request->where[0])
        ask_holder(spot);
}

/* The engine helps nobody now: who wants to publish may, and it is claimed later. */
static void is_lost(struct spot *spot)
{
    if (is_asking(spot))
        answer(spot, true);
    if (!spot->verdict.is_known)
        set_where(spot, "");
    pause_for(spot, AGAIN_MS);
}

static void on_claimed(struct ph_engine_request *request)
{
    struct spot *spot = ph_container_of(request, struct spot, request);
    spot->state = SPOT_IDLE;
    switch (request->answer) {
    case PH_ENGINE_DONE:
        set_epoch(spot, request->epoch);
        spot->claimed_us = ph_loop_now(cluster_of(spot)->home);
        spot->over = 0;
        set_where(spot, "");
        break;
    case PH_ENGINE_HELD:
        is_held(spot);
        break;
    case PH_ENGINE_EARLY:
        pause_for(spot, request->wait_ms);
        break;
    case PH_ENGINE_LAPSED:
        home_beat_now(cluster_of(spot));
        pause_for(spot, BEAT_SOON_MS);
        break;
    default:
        is_lost(spot);
    }
    spot_step(spot);
}

static void on_released(struct ph_engine_request *request)
{
    struct spot *spot = ph_container_of(request, struct spot, request);
    struct ph_cluster *cluster = cluster_of(spot);
    spot->state = SPOT_IDLE;
    spot_step(spot);
    home_leave_when_done(cluster);
}

static void release(struct spot *spot, uint64_t epoch)
{
    set_epoch(spot, 0);
    ask(spot, PH_ENGINE_RELEASE, epoch, on_released);
}

static void on_found(struct ph_engine_request *request)
{
    struct spot *spot = ph_container_of(request, struct spot, request);
    const char *self = cluster_of(spot)->id;
    bool is_old = request->epoch < spot->newest;
    spot->state = SPOT_IDLE;
    spot->found_us = ph_loop_now(cluster_of(spot)->home);
    switch (request->answer) {
    case PH_ENGINE_DONE:
        if (is_old)
            break;
        spot->newest = request->epoch;
        set_where(spot, strcmp(request->holder, self) == 0 ? "" : request->where);
        if (strcmp(request->holder, self) == 0 && !spot->epoch) /* a release that did not arrive */
            release(spot, request->epoch);
        break;
    case PH_ENGINE_NOWHERE:
        if (!is_old)
            set_where(spot, "");
        break;
    case PH_ENGINE_EARLY:
        spot->found_us = 0;
        pause_for(spot, request->wait_ms);
        break;
    default:
        spot->found_us = 0;
        is_lost(spot);
    }
    spot_step(spot);
}

/* The desk has looked after our publisher: whoever has asked is told. */
static void answer_asker(struct spot *spot)
{
    if (!spot->asker[0] || spot->needs.n_looks != spot->verdict.n_looks)
        return;
    home_write(cluster_of(spot), spot->needs.is_alive ? NOTE_ALIVE : NOTE_GONE, spot->asker, spot->path.text,
               spot->epoch);
    spot->asker[0] = '\0';
}

/* One thing at a time, the most urgent first. */
static void act(struct spot *spot)
{
    const struct ph_cluster *cluster = cluster_of(spot);
    bool wants = is_asking(spot), holds = must_hold(spot);
    if (!wants)
        spot->over = 0;
    if (wants && (cluster->is_draining || !cluster->is_up))
        answer(spot, !cluster->is_draining);
    else if (wants && spot->epoch && !spot->must_assert)
        answer(spot, true);
    else if (cluster->is_up && (wants || must_claim(spot)))
        ask(spot, PH_ENGINE_CLAIM, spot->epoch, on_claimed);
    else if (spot->epoch && !holds)
        release(spot, spot->epoch);
    else if (spot->needs.is_wanted && !holds && spot->found_us == 0 && cluster->is_up)
        ask(spot, PH_ENGINE_FIND, 0, on_found);
    else if (spot->needs.is_wanted && !spot->verdict.is_known && !cluster->is_up)
        set_where(spot, "");
    else if (is_nothing(&spot->needs) && !spot->asker[0] && !spot->is_down_posted)
        forget(spot);
}

void spot_step(struct spot *spot)
{
    answer_asker(spot);
    if (spot->state == SPOT_IDLE && !spot->verdict.is_forgotten)
        act(spot);
    tell(spot);
}

static void on_timer(struct ph_timer *timer)
{
    struct spot *spot = ph_container_of(timer, struct spot, timer);
    if (spot->state == SPOT_HOLDER) /* the holder is silent: it has lost the stream */
        spot->over = spot->asked_epoch;
    spot->state = SPOT_IDLE;
    spot_step(spot);
}

/* ---- at home: what others say ---- */

void spot_take_news(struct spot *spot, const struct ph_engine_news *news)
{
    bool is_ours = strcmp(news->holder, cluster_of(spot)->id) == 0;
    if (news->epoch < spot->newest)
        return;
    spot->newest = news->epoch;
    if (is_ours)
        return;
    if (spot->epoch && news->epoch > spot->epoch)
        lose(spot);
    if (!spot->epoch)
        set_where(spot, news->where);
    spot_step(spot);
}

static void is_asked(struct spot *spot, const struct note *note)
{
    enum note_verb verb = NOTE_GONE;
    if (spot->epoch && spot->epoch == note->epoch)
        verb = spot->asker[0] ? NOTE_ALIVE : NOTE_WAIT; /* one at a time */
    home_write(cluster_of(spot), verb, note->from, note->path, note->epoch);
    if (verb != NOTE_WAIT)
        return;
    ph_text_copy(spot->asker, sizeof spot->asker, note->from);
    spot->verdict.n_looks++;
    spot->is_news = true;
}

void spot_take_note(struct spot *spot, const struct note *note)
{
    struct ph_loop *home = cluster_of(spot)->home;
    bool is_answer = spot->state == SPOT_HOLDER && note->epoch == spot->asked_epoch;
    if (note->verb == NOTE_ASK) {
        is_asked(spot, note);
    } else if (is_answer && note->verb == NOTE_WAIT) {
        ph_timer_start(home, &spot->timer, PH_LIMIT_HOLDER_PROBE_MS * UINT64_C(1000));
    } else if (is_answer) {
        ph_timer_stop(home, &spot->timer);
        spot->state = SPOT_IDLE;
        if (note->verb == NOTE_GONE)
            spot->over = spot->asked_epoch;
        else if (is_asking(spot))
            answer(spot, false);
    }
    spot_step(spot);
}

void spot_doubt(struct spot *spot)
{
    spot->must_assert = spot->epoch != 0;
    spot->found_us = 0;
    if (spot->state == SPOT_PAUSE) {
        ph_timer_stop(cluster_of(spot)->home, &spot->timer);
        spot->state = SPOT_IDLE;
    }
    spot_step(spot);
}

void spot_refresh(struct spot *spot)
{
    uint64_t now_us = ph_loop_now(cluster_of(spot)->home);
    if (spot->epoch && now_us - spot->claimed_us > CLAIMED_US)
        spot->must_assert = true;
    if (now_us - spot->found_us > FOUND_US)
        spot->found_us = 0;
    spot_step(spot);
}
