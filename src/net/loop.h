/* SPDX-License-Identifier: MIT */
/**
 * @file  A loop: one thread that owns objects and is the only one to touch them.
 *
 * A turn is what happens between two sleeps:
 *
 *     sleep in poll -> reads, writability, mail -> timers -> deferred work -> sleep
 *
 * The clock is read once per turn. Deferred work runs after all reads of the turn, so that what came together is
 * handled together. Work that has had its time slice defers itself "again": it goes on in the next turn, after the
 * reads that came meanwhile, and the loop does not sleep before that.
 *
 * Thread  A loop's functions are for its own thread, but those marked [any].
 * Since   0.1
 */
#ifndef PH_NET_LOOP_H
#define PH_NET_LOOP_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "net/mailbox.h"
#include "net/timer.h"

enum {
    PH_LOOP_SLICE_US = 2000,      /**< deferred work should yield after this */
    PH_LOOP_MAIL_SLICE_US = 1000, /**< mail is delivered for so long, then reads get a turn */
    PH_LOOP_BUSY_WINDOW_US = 250000,
};

struct ph_loop;

/** Work to be done once, later; lives inside the object it is about. */
struct ph_deferred {
    struct ph_list link; /**< private */
    void (*run)(struct ph_deferred *deferred);
};

/** The loops of one kind, made together: media workers, or app loops. */
struct ph_loops {
    unsigned n;
    struct ph_loop *loop; /**< array of n */
};

struct ph_loop {
    uv_loop_t uv;
    unsigned index;       /**< in its ph_loops */
    struct ph_loops *all; /**< its siblings and itself */
    struct ph_log *log;   /**< may be NULL */
    uint8_t *read_buffer; /**< PH_LIMIT_READ_BYTES, for the length of one callback */
    atomic_uint n_conns;  /**< connections, with those on their way here: its load */
    struct ph_list conns; /**< list of struct ph_conn::link */
    uint64_t n_made;      /**< connections, ever */

    /* private */
    const struct ph_clock *clock;
    uint64_t now_us; /* 0: not read yet in this turn */
    const char *name;
    pthread_t thread;
    bool started;             /* the thread is to be joined */
    bool stopping;            /* ends as soon as nothing is left to do */
    _Atomic(uintptr_t) owner; /* the thread inside, as a number; 0: none */
    struct ph_mailbox mailbox;
    struct ph_mail *mail_left; /* taken, not delivered yet; oldest first */
    struct ph_mail stop_mail;
    uv_async_t wake;
    uv_prepare_t before_sleep;
    uv_check_t after_sleep;
    uv_idle_t restless; /* active while there is work that must not wait */
    uv_timer_t alarm;
    uint64_t alarm_us; /* what the alarm is set to; 0: not set */
    struct ph_timers timers;
    struct ph_list deferred; /* list of struct ph_deferred::link */
    struct ph_list again;    /* list of struct ph_deferred::link, for the next turn */
    uint64_t sleep_from_us;
    uint64_t window_from_us, window_idle_us;
    atomic_uint busy_permille;
};

struct ph_loops_options {
    unsigned n;                   /**< at least 1 */
    const char *name;             /**< lent; of the threads: "worker" gives worker0, worker1 */
    struct ph_log *log;           /**< lent; may be NULL */
    const struct ph_clock *clock; /**< lent; NULL is ph_clock_system */
};

/** Make loops that do not run yet. Returns 0; a negative errno value. */
PH_MUST_USE int ph_loops_create(const struct ph_loops_options *options, struct ph_loops **loops);

/** Start the threads. Returns 0; a negative errno value, and then none runs. */
PH_MUST_USE int ph_loops_start(struct ph_loops *loops);

/**
 * [any but their own] Close every connection (PH_CLOSE_STOP), deliver the mail that is there, end the threads, wait
 * for them. A loop ends once its connections have told their users. Loops that were turned by hand
 * are emptied in the same way.
 */
void ph_loops_stop(struct ph_loops *loops);

/** After ph_loops_stop(): deliver what others have posted since. */
void ph_loops_settle(struct ph_loops *loops);

/** After ph_loops_stop(). */
void ph_loops_destroy(struct ph_loops *loops);

/** For tests and tools: run one turn on the calling thread, which becomes the owner; `wait` lets it sleep. */
void ph_loop_turn(struct ph_loop *loop, bool wait);

/** Microseconds, the same during one turn. */
uint64_t ph_loop_now(struct ph_loop *loop);

/** Read the clock now: for measuring a time slice inside a turn. */
static inline uint64_t ph_loop_clock(const struct ph_loop *loop) { return ph_clock_us(loop->clock); }

/** [any] True on the loop's thread, and on every thread while the loop does not run. */
bool ph_loop_is_owner(const struct ph_loop *loop);

#define ph_loop_assert_owner(loop) assert(ph_loop_is_owner(loop))

/** [any] Send a letter; see mailbox.h for who owns it. */
void ph_loop_post(struct ph_loop *loop, struct ph_mail *mail);

/** [any] Share of time not spent asleep, 0..1000, mean of the last quarter second that is over. */
static inline unsigned ph_loop_busy_permille(const struct ph_loop *loop)
{
    return atomic_load_explicit(&((struct ph_loop *)(uintptr_t)loop)->busy_permille, memory_order_relaxed);
}

/** [any] The one with the fewest connections. */
struct ph_loop *ph_loops_least_loaded(struct ph_loops *loops);

void ph_deferred_init(struct ph_deferred *deferred, void (*run)(struct ph_deferred *deferred));

/** Run at the end of this turn, once however often it is asked for. */
void ph_loop_defer(struct ph_loop *loop, struct ph_deferred *deferred);

/** Run at the end of the next turn, which follows without sleep. Harmless if it is due already. */
void ph_loop_defer_again(struct ph_loop *loop, struct ph_deferred *deferred);

/** Forget it; do so before freeing the object it lies in. */
void ph_deferred_cancel(struct ph_deferred *deferred);

/** Fire once in `after_us`, in a later turn even if that is 0; starts anew if it runs. */
void ph_timer_start(struct ph_loop *loop, struct ph_timer *timer, uint64_t after_us);

/** Stop; it will not fire, even if it was due. */
void ph_timer_stop(struct ph_loop *loop, struct ph_timer *timer);

#endif
