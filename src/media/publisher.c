/* SPDX-License-Identifier: MIT */
/*
 * A publisher is a claim on a stream and the epoch that is written while it is granted.
 *
 * States: asking -> live -> over (evicted, denied or closed). The object lives until its user has closed it and the
 * directory has forgotten its claim, whichever comes later.
 */
#include "media/publisher.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "media/directory.h"
#include "media/finder.h"
#include "media/survey.h"
#include "media/worker.h"

enum state { ASKING, LIVE, OVER };

struct ph_publisher {
    struct ph_list in_worker;
    struct ph_path path;
    char via[PH_VIA_MAX];
    const struct ph_conn *conn;
    uint64_t since_us; /* when it was granted; 0: it was not */
    const struct ph_publisher_events *events;
    void *user;
    enum state state;
    bool leaving, left, closed;
    struct ph_epoch *epoch; /* a reference */
    struct ph_claim claim;
};

static struct ph_publisher *of_claim(struct ph_claim *claim)
{
    return ph_container_of(claim, struct ph_publisher, claim);
}

static void destroy(struct ph_publisher *publisher)
{
    ph_list_remove(&publisher->in_worker);
    ph_epoch_unref(publisher->epoch);
    free(publisher);
}

static void tell(const struct ph_publisher *publisher, bool is_end)
{
    const struct ph_worker *worker = publisher->claim.worker;
    struct ph_stream_event event = {
        .path = publisher->path.text, .conn = publisher->conn, .is_publisher = true, .is_end = is_end};
    if (publisher->claim.kind != PH_CLAIM_OWN)
        return;
    if (is_end) {
        event.us = ph_loop_now(worker->loop) - publisher->since_us;
        event.bytes = publisher->epoch->bytes;
        event.viewers = atomic_load_explicit(&publisher->epoch->n_viewers, memory_order_relaxed);
    }
    ph_media_tell(worker->media, &event);
}

/* End the epoch and give up the claim; harmless when done already. */
static void leave(struct ph_publisher *publisher)
{
    publisher->state = OVER;
    if (publisher->leaving)
        return;
    publisher->leaving = true;
    if (publisher->since_us)
        tell(publisher, true);
    ph_epoch_end(publisher->epoch);
    if (publisher->epoch->begun)
        publisher->claim.clock_after = publisher->epoch->clock;
    ph_claim_leave(&publisher->claim);
}

/* ---- events of the claim ---- */

static void granted(struct ph_claim *claim)
{
    struct ph_publisher *publisher = of_claim(claim);
    if (publisher->state != ASKING)
        return;
    publisher->state = LIVE;
    publisher->epoch->clock = claim->clock_before;
    publisher->since_us = ph_loop_now(claim->worker->loop);
    tell(publisher, false);
    publisher->events->granted(publisher->user);
}

static void denied(struct ph_claim *claim)
{
    struct ph_publisher *publisher = of_claim(claim);
    publisher->state = OVER;
    if (!publisher->closed)
        publisher->events->denied(publisher->user);
}

static void probed(struct ph_claim *claim)
{
    struct ph_publisher *publisher = of_claim(claim);
    if (publisher->state == LIVE)
        publisher->events->probed(publisher->user);
}

static void evicted(struct ph_claim *claim)
{
    struct ph_publisher *publisher = of_claim(claim);
    leave(publisher);
    if (!publisher->closed)
        publisher->events->evicted(publisher->user);
}

static void left(struct ph_claim *claim)
{
    struct ph_publisher *publisher = of_claim(claim);
    publisher->left = true;
    if (publisher->closed)
        destroy(publisher);
}

static const struct ph_claim_events claim_events = {granted, denied, probed, evicted, left};

/* ---- for the gate ---- */

int ph_publisher_open(struct ph_media *media, struct ph_loop *loop, const struct ph_publish_request *request,
                      struct ph_publisher **opened)
{
    ph_loop_assert_owner(loop);
    struct ph_worker *worker = ph_worker_of(media, loop);
    struct ph_epoch_options options = {
        .cache_form = request->cache_form,
        .cache_variant = request->cache_variant,
        .latency_ms = request->latency_ms,
        .lag_ms = request->lag_ms,
    };
    struct ph_publisher *publisher = calloc(1, sizeof *publisher);
    if (!publisher || ph_epoch_create(worker, &options, &publisher->epoch) < 0) {
        free(publisher);
        return -ENOMEM;
    }
    ph_epoch_ref(publisher->epoch);
    ph_list_append(&worker->publishers, &publisher->in_worker);
    publisher->path = request->path;
    ph_text_copy(publisher->via, sizeof publisher->via, request->via);
    publisher->conn = request->conn;
    publisher->events = request->events;
    publisher->user = request->user;
    publisher->claim = (struct ph_claim){
        .worker = worker,
        .path = &publisher->path,
        .via = publisher->via,
        .epoch = publisher->epoch,
        .takeover = request->takeover,
        .kind = request->is_copy ? PH_CLAIM_COPY : PH_CLAIM_OWN,
        .linger_ms = request->linger_ms,
        .events = &claim_events,
    };
    ph_claim_open(&publisher->claim);
    *opened = publisher;
    return 0;
}

int ph_publisher_write(struct ph_publisher *publisher, const struct ph_unit *unit)
{
    if (publisher->state != LIVE || unit->kind >= PH_N_KINDS)
        return -EINVAL;
    ph_claim_alive(&publisher->claim);
    return ph_epoch_append(publisher->epoch, unit);
}

void ph_publisher_alive(struct ph_publisher *publisher)
{
    if (publisher->state == LIVE)
        ph_claim_alive(&publisher->claim);
}

void ph_publisher_totals(const struct ph_publisher *publisher, struct ph_publisher_totals *totals)
{
    struct ph_epoch *epoch = publisher->epoch;
    *totals = (struct ph_publisher_totals){
        .bytes = epoch->bytes,
        .units = epoch->units,
        .viewers = atomic_load_explicit(&epoch->n_viewers, memory_order_relaxed),
        .skips = atomic_load_explicit(&epoch->n_skips, memory_order_relaxed),
        .key_interval_ms = (uint32_t)(epoch->key_interval_us / 1000),
    };
}

void ph_publishers_tell(const struct ph_worker *worker, const struct ph_survey *survey)
{
    ph_list_for_each(node, &worker->publishers)
    {
        const struct ph_publisher *publisher = ph_list_entry(node, struct ph_publisher, in_worker);
        const struct ph_epoch *epoch = publisher->epoch;
        struct ph_publisher_totals totals;
        if (publisher->state != LIVE)
            continue;
        ph_publisher_totals(publisher, &totals);
        const struct ph_stream_row row = {
            .path = publisher->path.text,
            .bytes = totals.bytes,
            .units = totals.units,
            .bytes_per_s = atomic_load_explicit(&publisher->epoch->bytes_per_s, memory_order_relaxed),
            .viewers = totals.viewers,
            .skips = totals.skips,
            .time_us = epoch->clock.stream_us,
            .key_interval_ms = totals.key_interval_ms,
        };
        survey->stream(survey->user, &row);
    }
}

void ph_publisher_skip_linger(struct ph_publisher *publisher)
{
    if (publisher && !publisher->leaving)
        publisher->claim.linger_ms = 0;
}

void ph_publisher_close(struct ph_publisher *publisher)
{
    if (!publisher)
        return;
    leave(publisher);
    publisher->closed = true;
    if (publisher->left)
        destroy(publisher);
}

void ph_publishers_abandon(struct ph_worker *worker)
{
    for (struct ph_list *node; (node = ph_list_first(&worker->publishers));)
        destroy(ph_list_entry(node, struct ph_publisher, in_worker));
}
