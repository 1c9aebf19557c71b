/* SPDX-License-Identifier: MIT */
#include "media/directory.h"

#include <stdlib.h>

#include "media/finder.h"
#include "media/locator.h"

/** One path's entry, on its desk: the worker that the path's hash chooses. */
struct ph_stream {
    struct ph_worker *desk;
    struct ph_path path;
    struct ph_claim *present; /* who publishes */
    struct ph_claim *held;    /* who waits: for the locator, for the answer to a probe, for an evicted one to leave */
    bool is_asking;           /* for the locator */
    bool evicting;
    bool is_fetched;          /* the finder is at it */
    struct ph_timer probe;    /* runs while `held` waits for a sign of life of `present` */
    struct ph_timer linger;   /* runs while a lost publisher may return unnoticed */
    struct ph_list interests; /* list of struct ph_interest::in_stream */
    struct ph_stream_clock clock;
};

/* ---- the stream ---- */

static void probe_unanswered(struct ph_timer *timer);
static void linger_over(struct ph_timer *timer);

static struct ph_stream *find_or_create(struct ph_worker *desk, const struct ph_path *path)
{
    struct ph_stream *stream = ph_map_get(&desk->entries, path->text, path->length);
    if (stream)
        return stream;
    stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->desk = desk;
    stream->path = *path;
    ph_list_init(&stream->interests);
    ph_timer_init(&stream->probe, probe_unanswered);
    ph_timer_init(&stream->linger, linger_over);
    if (ph_map_add(&desk->entries, stream->path.text, path->length, stream) < 0) {
        free(stream);
        return NULL;
    }
    return stream;
}

static void drop_if_unused(struct ph_stream *stream)
{
    if (stream->present || stream->held || ph_timer_is_running(&stream->linger) ||
        !ph_list_is_empty(&stream->interests))
        return;
    ph_map_remove(&stream->desk->entries, stream->path.text, stream->path.length);
    free(stream);
}

void ph_directory_abandon(struct ph_worker *worker)
{
    size_t at = 0;
    void *stream;
    while (ph_map_next(&worker->entries, &at, &stream)) {
        struct ph_claim *held = ((struct ph_stream *)stream)->held;
        if (held && held->kind == PH_CLAIM_QUESTION)
            held->events->left(held);
        free(stream);
    }
    ph_map_finish(&worker->entries);
}

/* ---- finder and locator ---- */

/* Whoever came through no other server goes first. */
static const char *via_of_viewers(const struct ph_stream *stream)
{
    const char *via = "";
    ph_list_for_each(node, &stream->interests)
    {
        via = ph_list_entry(node, struct ph_interest, in_stream)->via;
        if (!via[0])
            break;
    }
    return via;
}

static struct ph_stream_need need_of(const struct ph_stream *stream)
{
    return (struct ph_stream_need){
        .path = &stream->path,
        .is_published = stream->present,
        .is_copy = stream->present && stream->present->kind == PH_CLAIM_COPY,
        .is_live = stream->present || ph_timer_is_running(&stream->linger),
        .is_wanted = !ph_list_is_empty(&stream->interests),
        .is_asked_for = stream->is_asking,
        .takes_over = stream->is_asking && stream->held->takeover,
        .publisher_via = stream->present ? stream->present->via : "",
        .viewer_via = via_of_viewers(stream),
    };
}

static void tell_finder(struct ph_stream *stream)
{
    const struct ph_finder *finder = &stream->desk->media->finder;
    const struct ph_stream_need need = need_of(stream);
    stream->is_fetched = finder->changed && finder->changed(finder->user, stream->desk->loop, &need);
}

static void tell_locator(const struct ph_stream *stream)
{
    const struct ph_locator *locator = &stream->desk->media->locator;
    const struct ph_stream_need need = need_of(stream);
    if (locator->changed)
        locator->changed(locator->user, stream->desk->loop, &need);
}

/* The locator first: the finder asks it where the stream is. */
static void tell_need(struct ph_stream *stream)
{
    tell_locator(stream);
    tell_finder(stream);
}

void ph_media_set_finder(struct ph_media *media, const struct ph_finder *finder) { media->finder = *finder; }

struct ph_loop *ph_media_desk(struct ph_media *media, const struct ph_path *path)
{
    return ph_worker_of_path(media, path)->loop;
}

/* ---- news to those who are interested ---- */

static void post_news(struct ph_interest *interest, struct ph_epoch *epoch, bool absent)
{
    if (epoch)
        ph_epoch_ref(epoch);
    interest->epoch = epoch;
    interest->absent = absent;
    interest->telling = true;
    interest->stale = false;
    ph_loop_post(interest->worker->loop, &interest->news_mail);
}

static void tell(struct ph_stream *stream, struct ph_interest *interest)
{
    if (interest->telling) {
        interest->stale = true;
        return;
    }
    struct ph_epoch *epoch = stream->present ? stream->present->epoch : NULL;
    post_news(interest, epoch, !epoch && !ph_timer_is_running(&stream->linger) && !stream->is_fetched);
}

static void tell_all(struct ph_stream *stream)
{
    ph_list_for_each(node, &stream->interests) tell(stream, ph_list_entry(node, struct ph_interest, in_stream));
}

static struct ph_stream *find(struct ph_media *media, const struct ph_path *path)
{
    return ph_map_get(&ph_worker_of_path(media, path)->entries, path->text, path->length);
}

void ph_media_give_up(struct ph_media *media, const struct ph_path *path)
{
    struct ph_stream *stream = find(media, path);
    if (!stream || !stream->is_fetched)
        return;
    stream->is_fetched = false;
    tell_all(stream);
}

void ph_media_located(struct ph_media *media, const struct ph_path *path)
{
    struct ph_stream *stream = find(media, path);
    if (!stream)
        return;
    bool was_fetched = stream->is_fetched;
    tell_finder(stream);
    if (was_fetched && !stream->is_fetched)
        tell_all(stream);
}

static void linger_over(struct ph_timer *timer)
{
    struct ph_stream *stream = ph_container_of(timer, struct ph_stream, linger);
    tell_need(stream);
    tell_all(stream);
    drop_if_unused(stream);
}

/* ---- who has the stream ---- */

static void answer(struct ph_claim *claim, bool granted)
{
    claim->granted = granted;
    ph_loop_post(claim->worker->loop, &claim->answer_mail);
}

static void grant(struct ph_stream *stream, struct ph_claim *claim)
{
    stream->held = NULL;
    stream->evicting = false;
    if (claim->kind == PH_CLAIM_QUESTION) {
        claim->stream = NULL; /* it does not keep the stream */
        answer(claim, true);
        return;
    }
    ph_timer_stop(stream->desk->loop, &stream->linger);
    stream->present = claim;
    claim->clock_before = stream->clock;
    answer(claim, true); /* before the news, so that it comes before any tap */
    tell_need(stream);
    tell_all(stream);
}

static void evict(struct ph_stream *stream)
{
    if (stream->evicting)
        return;
    stream->evicting = true;
    ph_timer_stop(stream->desk->loop, &stream->probe);
    ph_loop_post(stream->present->worker->loop, &stream->present->evict_mail);
}

static void probe(struct ph_stream *stream)
{
    struct ph_claim *present = stream->present;
    uint64_t wait_us = (uint64_t)ph_worker_config(stream->desk)->probe_ms * 1000;
    ph_timer_start(stream->desk->loop, &stream->probe, wait_us);
    if (present->probing) /* the question for an earlier one, who did not wait, still stands */
        return;
    present->probing = true;
    ph_loop_post(present->worker->loop, &present->probe_mail);
}

static void probe_unanswered(struct ph_timer *timer) { evict(ph_container_of(timer, struct ph_stream, probe)); }

/* As far as this server is concerned. */
static void decide(struct ph_stream *stream)
{
    if (!stream->present)
        grant(stream, stream->held);
    else if (stream->held->takeover)
        evict(stream);
    else
        probe(stream);
}

static void refuse_held(struct ph_stream *stream)
{
    struct ph_claim *held = stream->held;
    stream->held = NULL;
    held->stream = NULL; /* it does not keep the stream */
    ph_timer_stop(stream->desk->loop, &stream->probe);
    answer(held, false);
}

static void deliver_open(struct ph_mail *mail)
{
    struct ph_claim *claim = ph_container_of(mail, struct ph_claim, open_mail);
    struct ph_stream *stream = find_or_create(claim->desk, claim->path);
    if (!stream || stream->held) {
        answer(claim, false);
        return;
    }
    claim->stream = stream;
    stream->held = claim;
    stream->is_asking = claim->kind == PH_CLAIM_OWN && stream->desk->media->locator.changed;
    if (stream->is_asking)
        tell_locator(stream);
    else
        decide(stream);
    drop_if_unused(stream);
}

void ph_media_admit(struct ph_media *media, const struct ph_path *path, bool may)
{
    struct ph_stream *stream = find(media, path);
    if (!stream || !stream->is_asking)
        return;
    stream->is_asking = false;
    if (may) {
        decide(stream);
    } else {
        refuse_held(stream);
        tell_locator(stream);
        drop_if_unused(stream);
    }
}

void ph_media_evict(struct ph_media *media, const struct ph_path *path)
{
    struct ph_stream *stream = find(media, path);
    if (stream && stream->present && stream->present->kind == PH_CLAIM_OWN)
        evict(stream);
}

static void deliver_alive(struct ph_mail *mail)
{
    struct ph_claim *claim = ph_container_of(mail, struct ph_claim, alive_mail);
    struct ph_stream *stream = claim->stream;
    claim->probing = false;
    if (stream && stream->present == claim && stream->held && !stream->is_asking && !stream->evicting)
        refuse_held(stream);
}

static void present_left(struct ph_stream *stream, const struct ph_claim *claim)
{
    stream->present = NULL;
    ph_timer_stop(stream->desk->loop, &stream->probe);
    if (claim->clock_after.at_us)
        stream->clock = claim->clock_after;
    stream->evicting = false;
    if (stream->held && !stream->is_asking)
        grant(stream, stream->held);
    if (!stream->present && claim->linger_ms)
        ph_timer_start(stream->desk->loop, &stream->linger, (uint64_t)claim->linger_ms * 1000);
    if (!stream->present)
        tell_need(stream);
    if (!stream->present && !claim->linger_ms)
        tell_all(stream);
}

static void deliver_leave(struct ph_mail *mail)
{
    struct ph_claim *claim = ph_container_of(mail, struct ph_claim, leave_mail);
    struct ph_stream *stream = claim->stream;
    if (stream && stream->present == claim) {
        present_left(stream, claim);
        drop_if_unused(stream);
    } else if (stream && stream->held == claim) {
        stream->held = NULL;
        ph_timer_stop(stream->desk->loop, &stream->probe);
        if (stream->is_asking) {
            stream->is_asking = false;
            tell_locator(stream);
        }
        drop_if_unused(stream);
    }
    ph_loop_post(claim->worker->loop, &claim->left_mail);
}

/* ---- letters to a claim ---- */

static void deliver_answer(struct ph_mail *mail)
{
    struct ph_claim *claim = ph_container_of(mail, struct ph_claim, answer_mail);
    if (claim->granted)
        claim->events->granted(claim);
    else
        claim->events->denied(claim);
}

static void deliver_probe(struct ph_mail *mail)
{
    struct ph_claim *claim = ph_container_of(mail, struct ph_claim, probe_mail);
    claim->asked_alive = true;
    claim->events->probed(claim);
}

static void deliver_evict(struct ph_mail *mail)
{
    struct ph_claim *claim = ph_container_of(mail, struct ph_claim, evict_mail);
    claim->events->evicted(claim);
}

static void deliver_left(struct ph_mail *mail)
{
    struct ph_claim *claim = ph_container_of(mail, struct ph_claim, left_mail);
    claim->events->left(claim);
}

void ph_claim_open(struct ph_claim *claim)
{
    claim->desk = ph_worker_of_path(claim->worker->media, claim->path);
    claim->open_mail.deliver = deliver_open;
    claim->answer_mail.deliver = deliver_answer;
    claim->probe_mail.deliver = deliver_probe;
    claim->alive_mail.deliver = deliver_alive;
    claim->evict_mail.deliver = deliver_evict;
    claim->leave_mail.deliver = deliver_leave;
    claim->left_mail.deliver = deliver_left;
    ph_loop_post(claim->desk->loop, &claim->open_mail);
}

void ph_claim_alive(struct ph_claim *claim)
{
    if (!claim->asked_alive)
        return;
    claim->asked_alive = false;
    ph_loop_post(claim->desk->loop, &claim->alive_mail);
}

void ph_claim_leave(struct ph_claim *claim) { ph_loop_post(claim->desk->loop, &claim->leave_mail); }

/* ---- interests ---- */

static void deliver_interest(struct ph_mail *mail)
{
    struct ph_interest *interest = ph_container_of(mail, struct ph_interest, open_mail);
    struct ph_stream *stream = find_or_create(interest->desk, interest->path);
    interest->stream = stream;
    if (!stream) { /* out of memory: as if nobody published */
        post_news(interest, NULL, true);
        return;
    }
    ph_list_append(&stream->interests, &interest->in_stream);
    tell_need(stream);
    tell(stream, interest);
}

static void deliver_news(struct ph_mail *mail)
{
    struct ph_interest *interest = ph_container_of(mail, struct ph_interest, news_mail);
    interest->events->news(interest);
    if (!interest->closing)
        ph_loop_post(interest->desk->loop, &interest->heard_mail);
}

static void deliver_heard(struct ph_mail *mail)
{
    struct ph_interest *interest = ph_container_of(mail, struct ph_interest, heard_mail);
    interest->telling = false;
    if (interest->stale)
        tell(interest->stream, interest);
}

static void deliver_close(struct ph_mail *mail)
{
    struct ph_interest *interest = ph_container_of(mail, struct ph_interest, close_mail);
    ph_list_remove(&interest->in_stream);
    if (interest->stream) {
        tell_need(interest->stream);
        drop_if_unused(interest->stream);
    }
    ph_loop_post(interest->worker->loop, &interest->closed_mail);
}

static void deliver_closed(struct ph_mail *mail)
{
    struct ph_interest *interest = ph_container_of(mail, struct ph_interest, closed_mail);
    interest->events->closed(interest);
}

void ph_interest_open(struct ph_interest *interest)
{
    interest->desk = ph_worker_of_path(interest->worker->media, interest->path);
    ph_list_init(&interest->in_stream);
    interest->open_mail.deliver = deliver_interest;
    interest->news_mail.deliver = deliver_news;
    interest->heard_mail.deliver = deliver_heard;
    interest->close_mail.deliver = deliver_close;
    interest->closed_mail.deliver = deliver_closed;
    ph_loop_post(interest->desk->loop, &interest->open_mail);
}

void ph_interest_close(struct ph_interest *interest)
{
    interest->closing = true;
    ph_loop_post(interest->desk->loop, &interest->close_mail);
}
