/* SPDX-License-Identifier: MIT */
/**
 * @file  The directory: who publishes a stream, and which workers watch it.
 *
 * Model   Each path has one worker, chosen by its hash, that keeps a struct ph_stream while there is somebody
 *         interested. Publishers come with a claim, workers that have viewers with an interest; both live in the
 *         memory of those who come, and hold the letters that go either way. Nothing is allocated for a letter.
 *
 *         claim:     open -> (granted | denied); granted -> probed* -> alive*; granted -> evicted;
 *                    leave, once, in any state -> left: the last letter, the claim may be freed.
 *         interest:  open -> news -> heard -> news ...; close, once -> closed: the last letter.
 *
 *         While news is not heard a change waits; what is told then is the newest state, so nothing queues up.
 *         A busy stream holds one more claim while the present publisher is probed, and denies others. Who is evicted
 *         leaves first, so that the stream's time goes on from its very last unit. Where there is a locator, a claim
 *         is held until that has admitted it.
 * Owner   Claims and interests: those who come. Streams: the directory.
 * Thread  Functions and events are on the worker of who came; the letters do the rest.
 */
#ifndef PH_MEDIA_DIRECTORY_H
#define PH_MEDIA_DIRECTORY_H

#include <stdbool.h>

#include "media/epoch.h"
#include "media/worker.h"

struct ph_stream;
struct ph_claim;
struct ph_interest;

struct ph_claim_events {
    void (*granted)(struct ph_claim *claim); /**< claim->clock_before tells where the stream's time stands */
    void (*denied)(struct ph_claim *claim);
    void (*probed)(struct ph_claim *claim);  /**< ph_claim_alive() within probe_ms, or it will be evicted */
    void (*evicted)(struct ph_claim *claim); /**< leave now */
    void (*left)(struct ph_claim *claim);    /**< the directory has forgotten it */
};

enum ph_claim_kind {
    PH_CLAIM_OWN,      /**< at first hand: the locator is asked */
    PH_CLAIM_COPY,     /**< of a stream that another server has */
    PH_CLAIM_QUESTION, /**< hears what a newcomer would, and never gets the stream */
};

/** A publisher's wish to have a stream. */
struct ph_claim {
    struct ph_worker *worker;   /**< where its events come */
    const struct ph_path *path; /**< lent */
    struct ph_epoch *epoch;     /**< lent until it has left; a question has none */
    enum ph_claim_kind kind;
    bool takeover;
    uint32_t linger_ms;
    const char *via; /**< lent until it has left; "" */
    const struct ph_claim_events *events;
    struct ph_stream_clock clock_before; /**< from grant on: the stream's */
    struct ph_stream_clock clock_after;  /**< to be set before leaving: the epoch's */

    struct ph_worker *desk; /**< private: the worker of the path */
    bool asked_alive;       /**< private */
    bool granted;           /**< private: what the answer says */
    struct ph_mail open_mail, answer_mail, probe_mail, alive_mail, evict_mail, leave_mail, left_mail;

    /* private to the desk */
    struct ph_stream *stream; /* while present or held */
    bool probing;             /* the probe has not been answered */
};

void ph_claim_open(struct ph_claim *claim);
void ph_claim_alive(struct ph_claim *claim); /**< any time; heeded once after each probe */
void ph_claim_leave(struct ph_claim *claim); /**< once */

struct ph_interest_events {
    void (*news)(struct ph_interest *interest);   /**< interest->epoch and ->absent are new; take the epoch */
    void (*closed)(struct ph_interest *interest); /**< the directory has forgotten it */
};

/** A worker's wish to know about a stream. */
struct ph_interest {
    struct ph_worker *worker;
    const struct ph_path *path; /**< lent */
    const char *via;            /**< lent; "" */
    const struct ph_interest_events *events;
    struct ph_epoch *epoch; /**< in news: a reference that passes to who hears it, or NULL */
    bool absent;            /**< in news: nobody publishes and nobody is waited for */

    struct ph_worker *desk; /**< private */
    bool closing;           /**< private */
    struct ph_mail open_mail, news_mail, heard_mail, close_mail, closed_mail;

    /* private to the desk */
    struct ph_stream *stream;
    struct ph_list in_stream;
    bool telling, stale; /* news is under way; and is out of date */
};

void ph_interest_open(struct ph_interest *interest);
void ph_interest_close(struct ph_interest *interest); /**< once */

#endif
