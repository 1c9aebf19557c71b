/* SPDX-License-Identifier: MIT */
/**
 * @file  A tap: one worker's view of one framing, and the passes over the viewers that hang on it.
 *
 * Model   Made when the first viewer here wants the form, gone with the last. The home is asked by mail to add it to
 *         the framing, answers by mail, and from then on does two things: it exchanges `offered` for the newest join
 *         point, and it wakes the tap.
 *
 *         Waking: the home sets `pending`; only if it was clear it posts the wake letter. The tap clears `pending` at
 *         the end of a pass, then looks at the log's end once more; so a tap whose flush timer runs or whose pass is
 *         under way costs the home one atomic exchange and no letter.
 *
 *         A pass visits everybody who hangs here, once: newcomers join, the others send what there is at that moment.
 *         It yields after PH_LOOP_SLICE_US and goes on after the reads of the next turn. Each pass begins one viewer
 *         later than the last. Between passes with news lies a window at least, in which units gather; while they do
 *         (the flush timer runs) a pass is for newcomers only.
 *
 *         States: asking -> open | refused -> closing -> freed.
 * Invariants
 *         pending is set  =>  the wake letter is under way, or `woken` is set.
 *         The home touches `in_framing` and the mail it sends; all else but atomics is the worker's.
 * Owner   The watch, until ph_tap_close(); then itself, until the home has answered.
 * Thread  The worker's, but ph_tap_wake().
 */
#ifndef PH_MEDIA_TAP_H
#define PH_MEDIA_TAP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "media/epoch.h"
#include "media/framing.h"
#include "media/worker.h"

enum ph_tap_state { PH_TAP_ASKING, PH_TAP_OPEN, PH_TAP_REFUSED, PH_TAP_CLOSING };

struct ph_tap {
    struct ph_worker *worker;
    struct ph_epoch *epoch; /**< a reference */
    const struct ph_form *form;
    uint32_t variant;
    struct ph_framing *framing; /**< a reference, set by the home with its answer */

    /* shared */
    atomic_bool pending;
    _Atomic(struct ph_join *) offered; /**< a reference, or NULL when taken */

    /* home only */
    struct ph_list in_framing;
    int answer; /**< goes with the answer */

    /* worker only */
    enum ph_tap_state state;
    struct ph_list in_worker;
    struct ph_list in_watch;
    struct ph_join *join;   /**< the newest that was taken; a reference */
    struct ph_list joining; /**< list of struct ph_viewer::in_tap */
    struct ph_list active;  /**< list of struct ph_viewer::in_tap: joined, socket not full */
    uint32_t n_users;       /**< viewers that hold this tap */
    uint32_t n_active;
    uint32_t n_due; /**< of the active ones, from the front, still to be visited in this pass */
    bool woken;
    bool passing;       /**< a pass is under way */
    bool ended;         /**< the epoch had ended before this pass */
    uint64_t seen;      /**< the log's end before this pass */
    uint64_t passed_us; /**< when the last pass with news began: the window counts from there */
    struct ph_timer flush;
    struct ph_deferred pass;

    struct ph_mail open_mail, opened_mail, wake_mail, close_mail, closed_mail;
};

/** Ask the epoch's home for a tap. NULL: out of memory. */
struct ph_tap *ph_tap_create(struct ph_worker *worker, struct ph_epoch *epoch, const struct ph_form *form,
                             uint32_t variant);

/** Nobody uses it any more. */
void ph_tap_close(struct ph_tap *tap);

/** The loops have stopped. */
void ph_tap_abandon(struct ph_tap *tap);

/** [home] There is something new. */
void ph_tap_wake(struct ph_tap *tap);

/** The newest join point, lent; the tap is open. */
struct ph_join *ph_tap_newest_join(struct ph_tap *tap);

/** See to it that the pass runs at the end of this turn. */
void ph_tap_run(struct ph_tap *tap);

#endif
