/* SPDX-License-Identifier: MIT */
/**
 * @file  An epoch: one publish of one stream, from grant to loss.
 *
 * Model   The home gives each unit its stream time, decides which units are join points, and appends to every framing.
 *         The first framing is the cache: it lives as long as the epoch. Others come with their first tap, filled from
 *         the cache, and go a while after their last.
 *
 *         Join points: the start of the log; then every key frame of the default video track; while no video has been
 *         shown, a unit at least half a second after the last one. When the group of pictures grows beyond the cache's
 *         limits, "now" is a join point every half second, and video waits there for the next key frame.
 *
 *         States: live -> ended (the publisher left or was evicted; the log is final).
 * Owner   References: the home worker until it has ended and has no framing left; the directory entry, watches, taps.
 * Thread  The home's, but what is marked [any].
 */
#ifndef PH_MEDIA_EPOCH_H
#define PH_MEDIA_EPOCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "media/framing.h"
#include "media/worker.h"

/** Where a stream's time stands, from one epoch to the next. */
struct ph_stream_clock {
    int64_t stream_us; /**< the newest unit's */
    uint64_t at_us;    /**< loop time when it came; 0: no unit yet */
};

struct ph_epoch_options {
    const struct ph_form *cache_form;
    uint32_t cache_variant;
    int32_t latency_ms;
    uint32_t lag_ms;
};

struct ph_epoch {
    struct ph_ref ref;
    struct ph_worker *home;
    uint64_t id;        /**< never used twice */
    int32_t latency_ms; /**< -1 is auto */
    uint32_t lag_ms;

    /* [any] */
    atomic_bool ended;
    _Atomic int64_t newest_us;    /**< stream time of the log's end */
    _Atomic uint64_t bytes_per_s; /**< of the cache framing; 0: not known yet */
    _Atomic uint64_t n_viewers, n_skips;
    _Atomic uint8_t kinds; /**< bit per kind that has come */

    /* home only */
    struct ph_list in_worker;
    struct ph_list framings; /**< list of struct ph_framing::in_epoch; the cache is the first */
    struct ph_timer prune;   /**< looks for framings that nobody uses */
    struct ph_heads *heads;

    struct ph_stream_clock clock; /**< as it was when the epoch began, then as it is */
    bool begun;                   /**< a unit has come */
    int64_t offset_us;            /**< stream time - publisher's time */

    bool has_video;
    int64_t join_us;      /**< of the newest join point */
    uint64_t join_end;    /**< the cache's end there */
    int64_t group_us;     /**< of the newest true one (not a "now") */
    uint64_t group_end;   /**< the cache's end there */
    uint32_t group_units; /**< units since then */
    int64_t key_us;       /**< of the newest key frame */
    bool key_seen;
    int64_t key_interval_us; /**< the longest */
    int64_t rate_from_us;    /**< the rate is measured since then */
    uint64_t rate_from_end;  /**< the cache's end there */
    uint64_t bytes, units;
};

/** Returns 0; -ENOMEM. The reference is the home's; ph_epoch_end() gives it back. */
PH_MUST_USE int ph_epoch_create(struct ph_worker *home, const struct ph_epoch_options *options,
                                struct ph_epoch **epoch);

void ph_epoch_ref(struct ph_epoch *epoch);   /**< [any] */
void ph_epoch_unref(struct ph_epoch *epoch); /**< [any] NULL is fine */

/** Append a unit in the publisher's time and wake the taps. Returns 0; -ENOMEM, and nothing was appended. */
PH_MUST_USE int ph_epoch_append(struct ph_epoch *epoch, const struct ph_unit *unit);

/** No unit comes any more. Gives up the home's reference once no framing is left. */
void ph_epoch_end(struct ph_epoch *epoch);

/** The framing for a tap, made if need be. Returns 0; -ENOMEM; -ENOENT the epoch has ended. */
PH_MUST_USE int ph_epoch_add_tap(struct ph_epoch *epoch, struct ph_tap *tap);
void ph_epoch_remove_tap(struct ph_epoch *epoch, struct ph_tap *tap);

/** The loops have stopped: let go of everything, whatever taps there are. */
void ph_epoch_abandon(struct ph_epoch *epoch);

static inline bool ph_epoch_has_ended(const struct ph_epoch *epoch)
{
    return atomic_load_explicit(&((struct ph_epoch *)(uintptr_t)epoch)->ended, memory_order_acquire);
}

#endif
