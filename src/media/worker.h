/* SPDX-License-Identifier: MIT */
/**
 * @file  The part of media that lives on one worker.
 *
 * Owner   struct ph_media, from create to destroy. The lists know every object that belongs to this worker, so that
 *         what a stopped process leaves half said is freed all the same.
 * Thread  Its loop's.
 */
#ifndef PH_MEDIA_WORKER_H
#define PH_MEDIA_WORKER_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/map.h"
#include "base/siphash.h"
#include "media/finder.h"
#include "media/locator.h"
#include "media/media.h"
#include "media/observer.h"
#include "media/path.h"
#include "net/loop.h"

struct ph_worker {
    struct ph_media *media;
    struct ph_loop *loop;
    uint32_t index;

    struct ph_map entries; /**< directory.c: path -> struct ph_stream */
    struct ph_map watches; /**< watch.c: path -> struct ph_watch, those not closing */

    struct ph_list publishers;  /**< list of struct ph_publisher::in_worker */
    struct ph_list epochs;      /**< list of struct ph_epoch::in_worker, at home here */
    struct ph_list all_watches; /**< list of struct ph_watch::in_worker */
    struct ph_list taps;        /**< list of struct ph_tap::in_worker */

    struct ph_list blocked; /**< lag.c: list of struct ph_viewer::in_tap whose socket is full */
    struct ph_timer sweep;  /**< lag.c: runs while one is blocked */
};

struct ph_media {
    struct ph_media_config config; /**< no 0 in it */
    struct ph_hash_seed seed;
    struct ph_finder finder;            /**< may be all zero */
    struct ph_locator locator;          /**< the same */
    struct ph_stream_observer observer; /**< the same */
    _Atomic uint64_t next_epoch;        /**< ids */
    struct ph_worker workers[];
};

/** The part that belongs to `loop`, which must be one of the workers. */
struct ph_worker *ph_worker_of(struct ph_media *media, const struct ph_loop *loop);

/** The worker that holds the directory entry of `path`. */
struct ph_worker *ph_worker_of_path(struct ph_media *media, const struct ph_path *path);

/** The loops have stopped: free what is left; each in the file that knows the type. */
void ph_publishers_abandon(struct ph_worker *worker);
void ph_watches_abandon(struct ph_worker *worker);
void ph_directory_abandon(struct ph_worker *worker);

static inline const struct ph_media_config *ph_worker_config(const struct ph_worker *worker)
{
    return &worker->media->config;
}

#endif
