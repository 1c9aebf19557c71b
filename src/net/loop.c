/* SPDX-License-Identifier: MIT */
/*
 * How a turn maps on libuv: `before_sleep` (prepare) arms the alarm for the earliest timer and marks the clock as not
 * read; poll delivers reads and, through `wake`, mail; `after_sleep` (check) runs timers that are due and deferred
 * work. Timers and deferred work of libuv's own timer phase do not exist: the alarm only ends the sleep.
 */
#include "net/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/limits.h"
#include "net/conn.h"

static struct ph_loop *loop_of(void *handle) { return ((uv_handle_t *)handle)->data; }

/* ---- time ---- */

static void measure_busy(struct ph_loop *loop, uint64_t now_us)
{
    uint64_t window = now_us - loop->window_from_us;
    if (window < PH_LOOP_BUSY_WINDOW_US)
        return;
    unsigned idle = (unsigned)(loop->window_idle_us * 1000 / window);
    atomic_store_explicit(&loop->busy_permille, idle < 1000 ? 1000 - idle : 0, memory_order_relaxed);
    loop->window_from_us = now_us;
    loop->window_idle_us = 0;
}

uint64_t ph_loop_now(struct ph_loop *loop)
{
    if (loop->now_us == 0) {
        loop->now_us = ph_clock_us(loop->clock);
        if (loop->sleep_from_us) {
            loop->window_idle_us += loop->now_us - loop->sleep_from_us;
            loop->sleep_from_us = 0;
        }
        measure_busy(loop, loop->now_us);
    }
    return loop->now_us;
}

void ph_timer_start(struct ph_loop *loop, struct ph_timer *timer, uint64_t after_us)
{
    ph_loop_assert_owner(loop);
    ph_timers_remove(&loop->timers, timer);
    ph_timers_add(&loop->timers, timer, ph_loop_now(loop) + (after_us ? after_us : 1)); /* not in this turn */
}

void ph_timer_stop(struct ph_loop *loop, struct ph_timer *timer) { ph_timers_remove(&loop->timers, timer); }

static void run_timers(struct ph_loop *loop)
{
    uint64_t now_us = ph_loop_now(loop);
    struct ph_timer *timer;
    while ((timer = ph_timers_take_due(&loop->timers, now_us)))
        timer->fire(timer);
}

static void alarm_rang(uv_timer_t *alarm) { loop_of(alarm)->alarm_us = 0; }

static void set_alarm(struct ph_loop *loop)
{
    uint64_t due_us = loop->timers.root ? loop->timers.root->due_us : 0;
    if (due_us == loop->alarm_us)
        return;
    loop->alarm_us = due_us;
    if (due_us == 0) {
        uv_timer_stop(&loop->alarm);
        return;
    }
    uint64_t now_us = ph_clock_us(loop->clock);
    uint64_t wait_ms = due_us > now_us ? (due_us - now_us + 999) / 1000 : 0;
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->alarm, alarm_rang, wait_ms, 0);
}

/* ---- deferred work ---- */

void ph_deferred_init(struct ph_deferred *deferred, void (*run)(struct ph_deferred *deferred))
{
    ph_list_init(&deferred->link);
    deferred->run = run;
}

void ph_loop_defer(struct ph_loop *loop, struct ph_deferred *deferred)
{
    ph_loop_assert_owner(loop);
    ph_list_remove(&deferred->link); /* it may be waiting for the next turn */
    ph_list_append(&loop->deferred, &deferred->link);
}

void ph_loop_defer_again(struct ph_loop *loop, struct ph_deferred *deferred)
{
    ph_loop_assert_owner(loop);
    if (ph_list_is_empty(&deferred->link))
        ph_list_append(&loop->again, &deferred->link);
}

void ph_deferred_cancel(struct ph_deferred *deferred) { ph_list_remove(&deferred->link); }

/* What work defers while this runs is run too, until the slice is over. */
static void run_deferred(struct ph_loop *loop)
{
    if (ph_list_is_empty(&loop->deferred))
        return;
    uint64_t until_us = ph_clock_us(loop->clock) + PH_LOOP_SLICE_US;
    struct ph_list *node;
    while ((node = ph_list_pop(&loop->deferred))) {
        struct ph_deferred *deferred = ph_list_entry(node, struct ph_deferred, link);
        deferred->run(deferred);
        if (ph_clock_us(loop->clock) >= until_us)
            break;
    }
}

/* ---- mail ---- */

void ph_loop_post(struct ph_loop *loop, struct ph_mail *mail)
{
    if (ph_mailbox_push(&loop->mailbox, mail))
        uv_async_send(&loop->wake);
}

static bool deliver_mail(struct ph_loop *loop)
{
    uint64_t until_us = 0;
    unsigned n = 0;
    for (;;) {
        if (!loop->mail_left)
            loop->mail_left = ph_mailbox_take(&loop->mailbox);
        struct ph_mail *mail = loop->mail_left;
        if (!mail)
            return true;
        loop->mail_left = mail->next;
        mail->deliver(mail);
        if (++n % 16 == 0) { /* the clock costs more than a letter */
            uint64_t now_us = ph_clock_us(loop->clock);
            if (until_us == 0)
                until_us = now_us + PH_LOOP_MAIL_SLICE_US;
            if (now_us >= until_us)
                return false;
        }
    }
}

static void mail_came(uv_async_t *wake)
{
    struct ph_loop *loop = loop_of(wake);
    ph_loop_now(loop);
    if (!deliver_mail(loop)) /* more may lie in the box, and its wake may have been this one */
        uv_async_send(&loop->wake);
}

/* ---- turns ---- */

static void stay_awake(uv_idle_t *restless) { (void)restless; }

/* True when nothing is left that a stopping loop still has to do. */
static bool is_quiet(struct ph_loop *loop)
{
    return ph_list_is_empty(&loop->conns) && !loop->mail_left && ph_list_is_empty(&loop->deferred) &&
           ph_list_is_empty(&loop->again);
}

static void before_sleep(uv_prepare_t *prepare)
{
    struct ph_loop *loop = loop_of(prepare);
    if (loop->stopping && is_quiet(loop))
        uv_stop(&loop->uv);
    set_alarm(loop);
    if (!ph_list_is_empty(&loop->deferred) || !ph_list_is_empty(&loop->again))
        uv_idle_start(&loop->restless, stay_awake);
    else
        uv_idle_stop(&loop->restless);
    loop->sleep_from_us = ph_clock_us(loop->clock);
    loop->now_us = 0;
}

static void after_sleep(uv_check_t *check)
{
    struct ph_loop *loop = loop_of(check);
    ph_loop_now(loop);
    run_timers(loop);
    ph_list_move_all(&loop->deferred, &loop->again);
    run_deferred(loop);
}

static uintptr_t this_thread(void) { return (uintptr_t)pthread_self(); }

bool ph_loop_is_owner(const struct ph_loop *loop)
{
    uintptr_t owner = atomic_load_explicit(&((struct ph_loop *)(uintptr_t)loop)->owner, memory_order_relaxed);
    return owner == 0 || owner == this_thread();
}

static void run(struct ph_loop *loop, uv_run_mode mode)
{
    atomic_store_explicit(&loop->owner, this_thread(), memory_order_relaxed);
    uv_run(&loop->uv, mode);
    atomic_store_explicit(&loop->owner, 0, memory_order_relaxed);
}

void ph_loop_turn(struct ph_loop *loop, bool wait) { run(loop, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT); }

static void *run_thread(void *argument)
{
    struct ph_loop *loop = argument;
    char name[16];
    snprintf(name, sizeof name, "%.10s%u", loop->name, loop->index % 1000);
    prctl(PR_SET_NAME, name);
    run(loop, UV_RUN_DEFAULT);
    return NULL;
}

/* ---- life ---- */

static void stop_here(struct ph_mail *mail)
{
    struct ph_loop *loop = ph_container_of(mail, struct ph_loop, stop_mail);
    loop->stopping = true;
    ph_conn_close_all(loop, PH_CLOSE_STOP);
}

static int init_handles(struct ph_loop *loop)
{
    int err = uv_async_init(&loop->uv, &loop->wake, mail_came);
    if (err)
        return err;
    uv_prepare_init(&loop->uv, &loop->before_sleep); /* these four cannot fail */
    uv_check_init(&loop->uv, &loop->after_sleep);
    uv_idle_init(&loop->uv, &loop->restless);
    uv_timer_init(&loop->uv, &loop->alarm);
    void *handles[] = {&loop->wake, &loop->before_sleep, &loop->after_sleep, &loop->restless, &loop->alarm};
    for (size_t i = 0; i < PH_COUNT(handles); i++)
        ((uv_handle_t *)handles[i])->data = loop;
    uv_prepare_start(&loop->before_sleep, before_sleep);
    uv_check_start(&loop->after_sleep, after_sleep);
    return 0;
}

static int loop_init(struct ph_loop *loop, const struct ph_loops_options *options)
{
    loop->read_buffer = malloc(PH_LIMIT_READ_BYTES);
    if (!loop->read_buffer)
        return -ENOMEM;
    loop->clock = options->clock ? options->clock : &ph_clock_system;
    loop->log = options->log;
    loop->name = options->name;
    loop->stop_mail.deliver = stop_here;
    ph_mailbox_init(&loop->mailbox);
    ph_list_init(&loop->deferred);
    ph_list_init(&loop->again);
    ph_list_init(&loop->conns);
    loop->window_from_us = ph_clock_us(loop->clock);
    int err = uv_loop_init(&loop->uv);
    if (!err) {
        err = init_handles(loop);
        if (err)
            uv_loop_close(&loop->uv);
    }
    if (err)
        free(loop->read_buffer);
    return err;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void loop_finish(struct ph_loop *loop)
{
    uv_walk(&loop->uv, close_handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int err = uv_loop_close(&loop->uv);
    assert(err == 0);
    (void)err;
    free(loop->read_buffer);
}

int ph_loops_create(const struct ph_loops_options *options, struct ph_loops **loops)
{
    struct ph_loops *made = calloc(1, sizeof *made);
    if (made)
        made->loop = calloc(options->n, sizeof *made->loop);
    int err = made && made->loop ? 0 : -ENOMEM;
    for (unsigned i = 0; !err && i < options->n; i++) {
        made->loop[i].index = i;
        made->loop[i].all = made;
        err = loop_init(&made->loop[i], options);
        made->n += !err;
    }
    if (err) {
        ph_loops_destroy(made);
        return err;
    }
    *loops = made;
    return 0;
}

int ph_loops_start(struct ph_loops *loops)
{
    for (unsigned i = 0; i < loops->n; i++) {
        struct ph_loop *loop = &loops->loop[i];
        int err = pthread_create(&loop->thread, NULL, run_thread, loop);
        if (err) {
            ph_loops_stop(loops);
            return -err;
        }
        loop->started = true;
    }
    return 0;
}

/* No thread runs: what the loops posted to each other at the end is delivered here. */
void ph_loops_settle(struct ph_loops *loops)
{
    for (bool quiet = false; !quiet;) {
        quiet = true;
        for (unsigned i = 0; i < loops->n; i++) {
            struct ph_loop *loop = &loops->loop[i];
            if (!ph_mailbox_is_empty(&loop->mailbox) || !is_quiet(loop)) {
                ph_loop_turn(loop, false);
                quiet = false;
            }
        }
    }
}

void ph_loops_stop(struct ph_loops *loops)
{
    for (unsigned i = 0; i < loops->n; i++) {
        struct ph_loop *loop = &loops->loop[i];
        if (loop->started)
            ph_loop_post(loop, &loop->stop_mail);
        else
            stop_here(&loop->stop_mail);
    }
    for (unsigned i = 0; i < loops->n; i++)
        if (loops->loop[i].started) {
            pthread_join(loops->loop[i].thread, NULL);
            loops->loop[i].started = false;
        }
    ph_loops_settle(loops);
}

void ph_loops_destroy(struct ph_loops *loops)
{
    if (!loops)
        return;
    for (unsigned i = 0; i < loops->n; i++)
        loop_finish(&loops->loop[i]);
    free(loops->loop);
    free(loops);
}

struct ph_loop *ph_loops_least_loaded(struct ph_loops *loops)
{
    struct ph_loop *best = &loops->loop[0];
    unsigned fewest = atomic_load_explicit(&best->n_conns, memory_order_relaxed);
    for (unsigned i = 1; i < loops->n; i++) {
        unsigned n = atomic_load_explicit(&loops->loop[i].n_conns, memory_order_relaxed);
        if (n < fewest) {
            fewest = n;
            best = &loops->loop[i];
        }
    }
    return best;
}
