/* SPDX-License-Identifier: MIT */
#include "media/tap.h"

#include <stdlib.h>

#include "media/viewing.h"

enum {
    AUTO_CALM_PERMILLE = 500, /* below this the loop has time to send every unit at once */
    AUTO_FULL_PERMILLE = 850,
    AUTO_WINDOW_MAX_US = 100000,
};

static void deliver_open(struct ph_mail *mail);
static void deliver_opened(struct ph_mail *mail);
static void deliver_wake(struct ph_mail *mail);
static void deliver_close(struct ph_mail *mail);
static void deliver_closed(struct ph_mail *mail);
static void flush(struct ph_timer *timer);
static void pass(struct ph_deferred *deferred);

/* ---- life ---- */

struct ph_tap *ph_tap_create(struct ph_worker *worker, struct ph_epoch *epoch, const struct ph_form *form,
                             uint32_t variant)
{
    struct ph_tap *tap = calloc(1, sizeof *tap);
    if (!tap)
        return NULL;
    ph_epoch_ref(epoch);
    tap->worker = worker;
    tap->epoch = epoch;
    tap->form = form;
    tap->variant = variant;
    atomic_init(&tap->pending, false);
    atomic_init(&tap->offered, NULL);
    ph_list_init(&tap->in_framing);
    ph_list_init(&tap->in_watch);
    ph_list_init(&tap->joining);
    ph_list_init(&tap->active);
    ph_list_append(&worker->taps, &tap->in_worker);
    ph_timer_init(&tap->flush, flush);
    ph_deferred_init(&tap->pass, pass);
    tap->open_mail.deliver = deliver_open;
    tap->opened_mail.deliver = deliver_opened;
    tap->wake_mail.deliver = deliver_wake;
    tap->close_mail.deliver = deliver_close;
    tap->closed_mail.deliver = deliver_closed;
    ph_loop_post(epoch->home->loop, &tap->open_mail);
    return tap;
}

static void deliver_open(struct ph_mail *mail)
{
    struct ph_tap *tap = ph_container_of(mail, struct ph_tap, open_mail);
    tap->answer = ph_epoch_add_tap(tap->epoch, tap);
    ph_loop_post(tap->worker->loop, &tap->opened_mail);
}

static void deliver_opened(struct ph_mail *mail)
{
    struct ph_tap *tap = ph_container_of(mail, struct ph_tap, opened_mail);
    if (tap->state == PH_TAP_CLOSING)
        return;
    tap->state = tap->answer == 0 ? PH_TAP_OPEN : PH_TAP_REFUSED;
    if (tap->state == PH_TAP_OPEN)
        ph_tap_run(tap);
    else
        ph_viewing_refused(tap, tap->answer);
}

void ph_tap_close(struct ph_tap *tap)
{
    ph_loop_assert_owner(tap->worker->loop);
    ph_timer_stop(tap->worker->loop, &tap->flush);
    ph_deferred_cancel(&tap->pass);
    ph_list_remove(&tap->in_watch);
    ph_join_unref(tap->join); /* the log should not wait for an answer to be freed */
    tap->join = NULL;
    tap->state = PH_TAP_CLOSING;
    ph_loop_post(tap->epoch->home->loop, &tap->close_mail);
}

static void deliver_close(struct ph_mail *mail)
{
    struct ph_tap *tap = ph_container_of(mail, struct ph_tap, close_mail);
    ph_epoch_remove_tap(tap->epoch, tap);
    ph_loop_post(tap->worker->loop, &tap->closed_mail);
}

/* The home's last letter: those it sent before have all come. */
static void deliver_closed(struct ph_mail *mail) { ph_tap_abandon(ph_container_of(mail, struct ph_tap, closed_mail)); }

void ph_tap_abandon(struct ph_tap *tap)
{
    ph_list_remove(&tap->in_worker);
    ph_join_unref(tap->join);
    ph_join_unref(atomic_load_explicit(&tap->offered, memory_order_acquire));
    ph_framing_unref(tap->framing);
    ph_epoch_unref(tap->epoch);
    free(tap);
}

/* ---- waking ---- */

void ph_tap_wake(struct ph_tap *tap)
{
    if (atomic_exchange_explicit(&tap->pending, true, memory_order_acq_rel))
        return;
    if (tap->worker == tap->epoch->home)
        deliver_wake(&tap->wake_mail); /* the pass runs at the end of this very turn */
    else
        ph_loop_post(tap->worker->loop, &tap->wake_mail);
}

/* How long to gather units before they are sent, so that they cost fewer writes. */
static uint64_t window_us(const struct ph_tap *tap)
{
    if (tap->epoch->latency_ms >= 0)
        return (uint64_t)tap->epoch->latency_ms * 1000;
    unsigned busy = ph_loop_busy_permille(tap->worker->loop);
    if (busy <= AUTO_CALM_PERMILLE)
        return 0;
    if (busy >= AUTO_FULL_PERMILLE)
        return AUTO_WINDOW_MAX_US;
    return (uint64_t)(busy - AUTO_CALM_PERMILLE) * AUTO_WINDOW_MAX_US / (AUTO_FULL_PERMILLE - AUTO_CALM_PERMILLE);
}

/*
 * Arrange for the next pass: now, in this turn or, if `defer` says so, in the next; or later if the last one is less
 * than a window ago. So what comes after a quiet moment leaves at once.
 */
static void schedule(struct ph_tap *tap, void (*defer)(struct ph_loop *loop, struct ph_deferred *deferred))
{
    struct ph_loop *loop = tap->worker->loop;
    if (ph_timer_is_running(&tap->flush))
        return;
    uint64_t now_us = ph_loop_now(loop);
    uint64_t due_us = ph_epoch_has_ended(tap->epoch) ? now_us : tap->passed_us + window_us(tap);
    if (due_us > now_us)
        ph_timer_start(loop, &tap->flush, due_us - now_us);
    else
        defer(loop, &tap->pass);
}

static void deliver_wake(struct ph_mail *mail)
{
    struct ph_tap *tap = ph_container_of(mail, struct ph_tap, wake_mail);
    tap->woken = true;
    if (tap->state == PH_TAP_OPEN && !tap->passing) /* a pass looks for itself at its end */
        schedule(tap, ph_loop_defer);
}

static void flush(struct ph_timer *timer) { ph_tap_run(ph_container_of(timer, struct ph_tap, flush)); }

void ph_tap_run(struct ph_tap *tap)
{
    if (!tap->passing)
        ph_loop_defer(tap->worker->loop, &tap->pass);
}

struct ph_join *ph_tap_newest_join(struct ph_tap *tap)
{
    struct ph_join *newest = atomic_exchange_explicit(&tap->offered, NULL, memory_order_acq_rel);
    if (newest) {
        ph_join_unref(tap->join);
        tap->join = newest;
    }
    return tap->join;
}

/* ---- passes ---- */

static bool has_news(const struct ph_tap *tap)
{
    return ph_epoch_has_ended(tap->epoch) != tap->ended || ph_framing_end(tap->framing) != tap->seen;
}

/* While the flush timer runs only newcomers are visited: the others gather units. */
static void begin_pass(struct ph_tap *tap)
{
    ph_tap_newest_join(tap); /* the older one would keep its slabs */
    tap->passing = true;
    tap->n_due = 0;
    if (ph_timer_is_running(&tap->flush))
        return;
    if (has_news(tap))
        tap->passed_us = ph_loop_now(tap->worker->loop);
    tap->ended = ph_epoch_has_ended(tap->epoch);
    tap->seen = ph_framing_end(tap->framing);
    tap->n_due = tap->n_active;
    struct ph_list *first = ph_list_pop(&tap->active);
    if (first)
        ph_list_append(&tap->active, first);
}

/* Visit one viewer; false when all have been visited. */
static bool visit_next(struct ph_tap *tap)
{
    struct ph_list *node = ph_list_first(&tap->joining);
    if (node) {
        ph_viewing_join(ph_viewing_of(node));
        return true;
    }
    node = tap->n_due ? ph_list_pop(&tap->active) : NULL;
    if (!node)
        return false;
    tap->n_due--;
    ph_list_append(&tap->active, node);
    ph_viewing_send(ph_viewing_of(node));
    return true;
}

static void end_pass(struct ph_tap *tap)
{
    tap->passing = false;
    if (ph_timer_is_running(&tap->flush))
        return;
    if (tap->woken && !has_news(tap)) {
        tap->woken = false;
        atomic_exchange_explicit(&tap->pending, false, memory_order_acq_rel);
    }
    if (has_news(tap)) /* came during the pass, and perhaps without a letter */
        schedule(tap, ph_loop_defer_again);
}

static void pass(struct ph_deferred *deferred)
{
    struct ph_tap *tap = ph_container_of(deferred, struct ph_tap, pass);
    struct ph_loop *loop = tap->worker->loop;
    uint64_t until_us = ph_loop_clock(loop) + PH_LOOP_SLICE_US;
    if (!tap->passing)
        begin_pass(tap);
    while (tap->state == PH_TAP_OPEN && visit_next(tap)) {
        if (ph_loop_clock(loop) >= until_us) {
            ph_loop_defer_again(loop, deferred);
            return;
        }
    }
    if (tap->state == PH_TAP_OPEN)
        end_pass(tap);
}
