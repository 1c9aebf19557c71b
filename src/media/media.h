/* SPDX-License-Identifier: MIT */
/**
 * @file  Live streams: each once, as a shared log; viewers are cursors.
 *
 * One ph_media per process, one part of it on every media worker (a ph_loop). Publishers (publisher.h) and viewers
 * (viewer.h) live on the worker of their connection; everything between workers goes by mail.
 *
 *   directory entry (worker hash(path))   who publishes, which workers watch, the clock between epochs, linger
 *   epoch (publisher's worker: its home)  one publish: heads, join point, framings
 *   framing (home)                        an append-only chain of slabs in one form and variant
 *   slab (counted, any thread reads)      bytes from the front, index from the end, an atomic end, the next slab
 *   watch (each worker with viewers)      the path's viewers here, the epoch they are on
 *   tap (each worker with viewers)        the worker's view of one framing: join point, tail, cursors, flush timer
 *   cursor (viewer)                       slab + offset, and the connection's outlet
 *
 * Invariants: a slab's published bytes never change; a slab holds a reference on the next, so a reader that holds one
 * can always walk on; only reference counts, a slab's end, its next and a tap's pending flag are shared and atomic.
 */
#ifndef PH_MEDIA_MEDIA_H
#define PH_MEDIA_MEDIA_H

#include <stdint.h>

struct ph_log;
struct ph_loop;
struct ph_media;

struct ph_media_config {
    struct ph_loop **workers; /**< lent for the life of the media */
    uint32_t n_workers;
    struct ph_log *log; /**< lent */

    /* Times that tests shorten; 0 is the default. */
    uint32_t probe_ms;        /**< a publisher asked for a sign of life has so long: 3000 */
    uint32_t stall_ms;        /**< a viewer whose socket takes no byte for so long is lost: PH_LIMIT_WRITE_STALL_MS */
    uint32_t sweep_ms;        /**< between looks at viewers whose socket is full: 100 */
    uint32_t cache_ms;        /**< a group of pictures longer than this is not joined: PH_LIMIT_CACHE_MS */
    uint32_t framing_keep_ms; /**< a framing outlives its last viewer by this: 10000 */
};

/** Called before the loops run, on the main thread. Returns 0; -ENOMEM; what the kernel says when it gives no random
 * bytes. */
int ph_media_create(const struct ph_media_config *config, struct ph_media **media);

/** Called after the loops have stopped. NULL is fine. */
void ph_media_destroy(struct ph_media *media);

#endif
