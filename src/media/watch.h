/* SPDX-License-Identifier: MIT */
/**
 * @file  A watch: one path as the viewers of one worker see it.
 *
 * Model   It tells the directory that somebody here is interested, knows the newest epoch it was told of, and keeps the
 *         taps that viewers here use: those of the newest epoch, and of older ones as long as somebody drains them.
 * Owner   Its viewers: made with the first, closed with the last, freed when the directory has let go of it.
 * Thread  The worker's.
 */
#ifndef PH_MEDIA_WATCH_H
#define PH_MEDIA_WATCH_H

#include "media/directory.h"
#include "media/finder.h"
#include "media/tap.h"

struct ph_watch {
    struct ph_worker *worker;
    struct ph_path path;
    char via[PH_VIA_MAX]; /**< of the viewer it was made for */
    struct ph_list in_worker;
    struct ph_list viewers; /**< list of struct ph_viewer::in_watch */
    struct ph_list taps;    /**< list of struct ph_tap::in_watch */
    struct ph_epoch *epoch; /**< a reference; NULL: nothing to go to */
    bool absent;            /**< nobody publishes and nobody is waited for */
    struct ph_interest interest;
};

/** The watch of `path`, made if need be; the caller adds itself to `viewers`. `via` may be NULL. NULL: out of memory.
 */
struct ph_watch *ph_watch_get(struct ph_worker *worker, const struct ph_path *path, const char *via);

/** A viewer has removed itself: the last one closes the watch. */
void ph_watch_put(struct ph_watch *watch);

/**
 * The tap for the newest epoch in this form, made if need be; counted in n_users, given back by ph_watch_put_tap().
 *
 * Returns 0; -ENOMEM; -ENOENT there is no epoch.
 */
PH_MUST_USE int ph_watch_get_tap(struct ph_watch *watch, const struct ph_form *form, uint32_t variant,
                                 struct ph_tap **tap);

/** The last user closes it. */
void ph_watch_put_tap(struct ph_tap *tap);

/** `epoch` has ended and was drained, or could not be entered: nobody should go there. */
void ph_watch_forget(struct ph_watch *watch, const struct ph_epoch *epoch);

#endif
