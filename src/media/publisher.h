/* SPDX-License-Identifier: MIT */
/**
 * @file  A publisher: one session that feeds one stream.
 *
 * Opening asks the stream's directory entry. A free stream is granted at once; a busy one is held while the present
 * publisher is probed (3 s of silence, or `takeover`, and the new one has it), or refused.
 *
 * Owner   The caller, from open to close; close is allowed in every state and inside every event.
 * Thread  The worker it was opened on. Events come from a fresh stack, never from inside a call.
 */
#ifndef PH_MEDIA_PUBLISHER_H
#define PH_MEDIA_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "media/form.h"
#include "media/path.h"
#include "media/unit.h"

struct ph_conn;
struct ph_loop;
struct ph_media;
struct ph_publisher;

struct ph_publisher_events {
    void (*granted)(void *user); /**< write may begin */
    void (*denied)(void *user);  /**< somebody else publishes and answered; close it */
    void (*probed)(
        void *user); /**< somebody waits for this stream: ping the peer, call ph_publisher_alive on any byte */
    void (*evicted)(void *user); /**< somebody else took over; close it */
};

struct ph_publish_request {
    struct ph_path path;
    bool takeover;                    /**< of this request: do not ask the present publisher */
    bool is_copy;                     /**< as in struct ph_stream_need */
    uint32_t linger_ms;               /**< after its loss viewers hear nothing for this long */
    int32_t latency_ms;               /**< merging window of its viewers; -1 is auto */
    uint32_t lag_ms;                  /**< a viewer further behind skips, if it has no limit of its own */
    const struct ph_form *cache_form; /**< the form that is always written, and that others are made from */
    uint32_t cache_variant;
    const struct ph_conn *conn; /**< whose it is, lent until close; NULL: no client's */
    const char *via;            /**< copied: the servers it came through, see media/finder.h; NULL: none */
    const struct ph_publisher_events *events; /**< static storage */
    void *user;
};

/** What the closing log line tells. */
struct ph_publisher_totals {
    uint64_t bytes, units;
    uint64_t viewers; /**< ever joined */
    uint64_t skips;
    uint32_t key_interval_ms; /**< longest seen; 0 without two key frames */
};

/** Returns 0, -ENOMEM. `publisher` is set before any event comes. */
int ph_publisher_open(struct ph_media *media, struct ph_loop *worker, const struct ph_publish_request *request,
                      struct ph_publisher **publisher);

/**
 * Append one unit. `unit->time_us` is the publisher's own clock (unwrapped); the stream's time is made from it: the
 * first epoch keeps it, later ones go on after the real gap, and a jump back of more than 1 s inside an epoch too.
 *
 * Returns 0; -ENOMEM (nothing was appended: close the publisher); -EINVAL before it is granted, after it is evicted, or
 * no such kind.
 */
int ph_publisher_write(struct ph_publisher *publisher, const struct ph_unit *unit);

/** The peer showed life while it was probed. */
void ph_publisher_alive(struct ph_publisher *publisher);

void ph_publisher_totals(const struct ph_publisher *publisher, struct ph_publisher_totals *totals);

/** Its end will be told at once: whoever sent the stream has waited already for somebody to return. NULL is fine. */
void ph_publisher_skip_linger(struct ph_publisher *publisher);

/** Ends the epoch; viewers drain what there is and wait. Never NULL afterwards used. NULL is fine. */
void ph_publisher_close(struct ph_publisher *publisher);

#endif
