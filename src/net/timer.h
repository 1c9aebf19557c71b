/* SPDX-License-Identifier: MIT */
/**
 * @file  Timers that live inside the objects they serve: starting never fails, stopping is immediate.
 *
 * Model   A pairing heap through the nodes themselves; a loop arms one libuv timer for its earliest. Resolution is
 *         that of libuv, 1 ms; a timer never fires early.
 * Owner   The object the timer lies in; stop it before freeing that.
 * Thread  The loop's.
 * Since   0.1
 */
#ifndef PH_NET_TIMER_H
#define PH_NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct ph_timer {
    void (*fire)(struct ph_timer *timer); /**< set by ph_timer_init() */
    uint64_t due_us;                      /**< private; 0 while stopped */
    struct ph_timer *child, *next, *prev; /**< private; prev is the parent for a first child */
};

struct ph_timers {
    struct ph_timer *root; /**< the earliest, or NULL */
};

/** A stopped timer. All zero bytes plus `fire` is the same. */
void ph_timer_init(struct ph_timer *timer, void (*fire)(struct ph_timer *timer));

static inline bool ph_timer_is_running(const struct ph_timer *timer) { return timer->due_us != 0; }

/** Used by loops: add, remove, and take the earliest that is due; NULL when none is. */
void ph_timers_add(struct ph_timers *timers, struct ph_timer *timer, uint64_t due_us);
void ph_timers_remove(struct ph_timers *timers, struct ph_timer *timer);
struct ph_timer *ph_timers_take_due(struct ph_timers *timers, uint64_t now_us);

#endif
