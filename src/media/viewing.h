/* SPDX-License-Identifier: MIT */
/**
 * @file  A viewer from the inside: what watches, taps, outlets and the sweep do with it.
 *
 * Model   A viewer waits at its watch, hangs on a tap, and has a cursor in the outlet while it has a place in the log.
 *
 *         Stands:  away      no tap: waits for an epoch, is paused, or is lost
 *                  joining   on a tap; the next pass gives it a place
 *                  active    has a place; passes visit it
 *                  blocked   has a place, and its socket is full; the sweep looks at it
 *
 *         What may call the user runs deferred, in step(), or in a pass (joined); all else only notes what is to do.
 * Owner   The user, from open to close.
 * Thread  The worker's.
 */
#ifndef PH_MEDIA_VIEWING_H
#define PH_MEDIA_VIEWING_H

#include "media/cursor.h"
#include "media/outlet.h"
#include "media/viewer.h"
#include "media/watch.h"

enum ph_stand { PH_AWAY, PH_JOINING, PH_ACTIVE, PH_BLOCKED };

struct ph_viewer {
    struct ph_cursor cursor;
    struct ph_list in_watch;
    struct ph_list in_tap; /**< in the list of its stand */
    struct ph_watch *watch;
    struct ph_tap *tap; /**< counted in its n_users; NULL while away */
    struct ph_outlet *outlet;
    const struct ph_form *form;
    const struct ph_viewer_events *events;
    void *user;
    struct ph_heads *heads; /**< a reference: those it was sent last */
    struct ph_deferred step;

    struct ph_viewer_totals totals;
    uint64_t epoch_id; /**< the one it joined last */
    uint64_t since_us; /**< when it joined first */
    int64_t limit_us;  /**< of lag: larger until it has caught up once */
    uint32_t variant;
    uint32_t lag_ms;
    uint32_t lowat;

    uint8_t stand; /**< enum ph_stand */
    uint8_t why;   /**< enum ph_viewer_lost */
    bool from_next : 1;
    bool joined : 1; /**< once at least */
    bool paused : 1;
    bool drained : 1;
    bool told_absent : 1;
    bool lost : 1, told_lost : 1;
    bool in_event : 1, closed : 1; /**< closed inside an event: freed after it */
};

static inline struct ph_viewer *ph_viewing_of(struct ph_list *in_tap)
{
    return ph_list_entry(in_tap, struct ph_viewer, in_tap);
}

/* viewer.c */

/** See what is to do, at the end of this turn. */
void ph_viewing_step_soon(struct ph_viewer *viewer);

/** Change the stand, and the list with it. */
void ph_viewing_stand(struct ph_viewer *viewer, enum ph_stand stand);

/** Give up the place in the log and the tap. What is half sent stays in the outlet. */
void ph_viewing_leave(struct ph_viewer *viewer);

/** It cannot go on: leave, and tell the user soon. */
void ph_viewing_lose(struct ph_viewer *viewer, enum ph_viewer_lost why);

/* viewing.c */

/** [pass] Give a joining viewer its place. It may be gone afterwards. */
void ph_viewing_join(struct ph_viewer *viewer);

/** [pass] Send what there is. */
void ph_viewing_send(struct ph_viewer *viewer);

/** Go to `join`, with the headers that belong there. May end in ph_viewing_lose(). */
void ph_viewing_place(struct ph_viewer *viewer, const struct ph_join *join);

/** The home refused the tap: -ENOENT the epoch has ended, -ENOMEM. */
void ph_viewing_refused(struct ph_tap *tap, int answer);

/** Tell the observer, of viewers that are clients. */
void ph_viewing_tell(const struct ph_viewer *viewer, bool is_end);

/** The outlet has sent what it could: see where `cursor` stands now. */
void ph_viewing_sent(struct ph_cursor *cursor, size_t bytes);
void ph_viewing_pumped(struct ph_cursor *cursor);

/** Kernel memory for unsent bytes that suits the stream's bitrate; set when it has changed much. */
void ph_viewing_set_lowat(struct ph_viewer *viewer);

/* outlet.c */

/** Room for `length` private bytes, to be written and committed at once. Returns 0; -ENOBUFS; -ENOMEM. */
PH_MUST_USE int ph_outlet_reserve(struct ph_outlet *outlet, size_t length, uint8_t **place);
void ph_outlet_commit(struct ph_outlet *outlet, size_t length);

/** Nothing can be sent now. */
bool ph_outlet_is_blocked(const struct ph_outlet *outlet);

/** Copy what `cursor` has begun before the private bytes, so that it may go elsewhere; it is behind that then. */
void ph_outlet_settle(struct ph_outlet *outlet, struct ph_cursor *cursor);

/* lag.c */

/** Look at the blocked viewers of this worker from now on. */
void ph_lag_watch(struct ph_worker *worker);
/** It has taken or read no byte for too long. */
bool ph_lag_is_stalled(const struct ph_viewer *viewer);

void ph_lag_sweep(struct ph_timer *timer);

#endif
