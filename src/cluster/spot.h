/* SPDX-License-Identifier: MIT */
/**
 * @file  A spot: one stream, as this server sees it among the others.
 *
 * One half is at the stream's desk, where media tells what is needed and hears where the stream is; the other is at
 * home, where the engine is asked. Between them go two letters, each with the newest state: what changes while a letter
 * is under way goes with the next.
 *
 *     desk:  media's needs  ->  wish  == up ==>  home: claims, finds, asks the holder
 *     desk:  admits, evicts, looks after a publisher, knows where  <== down ==  home: verdict
 *
 * A spot begins with a need at its desk. When nothing is needed and nothing held, home forgets it (the last letter) and
 * the desk frees it.
 *
 * Owner   The desk, in struct desk::spots; home knows it from the first letter up to the last one down.
 * Thread  The two halves are on their loops.
 */
#ifndef PH_CLUSTER_SPOT_H
#define PH_CLUSTER_SPOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/engine.h"
#include "cluster/note.h"
#include "media/locator.h"
#include "media/path.h"
#include "net/loop.h"

struct desk;

/** What the desk says. */
struct wish {
    bool is_asked_for; /**< somebody wants to publish */
    bool takes_over;
    bool is_own;      /**< somebody publishes at first hand */
    bool is_live;     /**< the same, or did a moment ago */
    bool is_wanted;   /**< somebody watches */
    uint32_t n_asked; /**< how often somebody wanted to publish: an answer names its question */
    uint32_t n_looks; /**< how often home has asked about the publisher, and was answered */
    bool is_alive;    /**< the last of these answers */
};

/** What home says. */
struct verdict {
    uint32_t admitted, refused; /**< wish.n_asked of the last one */
    uint32_t n_evicted;
    uint32_t n_looks; /**< how often home asks about the publisher */
    bool is_known;
    char where[2 * PH_NODE_WHERE]; /**< "": nowhere else; see media/locator.h */
    bool is_forgotten;
};

enum spot_state {
    SPOT_IDLE,
    SPOT_REQUEST, /**< the engine is asked */
    SPOT_HOLDER,  /**< the server that has it is asked about its publisher */
    SPOT_PAUSE,   /**< the engine wants to be asked again later */
};

struct spot {
    struct ph_path path;
    struct desk *desk;

    /* the desk's half */
    struct wish wish;
    bool has_changed;     /**< since it was told */
    bool is_under_way;    /**< `up` */
    struct verdict heard; /**< of home, last */
    struct ph_media_question look;
    bool is_looking;

    struct ph_mail up, down; /**< each comes back to where it was posted */
    struct wish said_up;
    struct verdict said_down;

    /* the half at home */
    struct ph_list in_home; /**< alone: home does not know it */
    struct wish needs;
    struct verdict verdict;
    bool is_news; /**< the verdict has changed since it was told */
    bool is_down_posted;
    enum spot_state state;
    struct ph_engine_request request;
    struct ph_timer timer; /**< of the states HOLDER and PAUSE */
    uint64_t epoch;        /**< of our claim; 0: none */
    uint64_t newest;       /**< the highest that was heard of */
    uint64_t claimed_us;   /**< when the engine was last told so */
    uint64_t found_us;     /**< when the engine was last asked where it is; 0: it has to be */
    uint64_t over;         /**< the epoch that the next claim may take over; 0: none */
    uint64_t asked_epoch;  /**< of the claim that the holder was asked about */
    bool must_assert;      /**< the engine may have forgotten our claim */
    bool is_evicted;       /**< whoever publishes is being sent away: that is claimed no more */
    char holder[PH_NODE_ID];
    char asker[PH_NODE_ID]; /**< of another server, about our publisher; "": nobody asks */
};

/** [desk] A new one. NULL: out of memory. */
struct spot *spot_create(struct desk *desk, const struct ph_path *path);

/** [desk] What is needed. */
void spot_need(struct spot *spot, const struct ph_stream_need *need);

/** [home] What may have to be done, now that something has happened. */
void spot_step(struct spot *spot);

/** [home] A claim, somebody's. */
void spot_take_news(struct spot *spot, const struct ph_engine_news *news);

/** [home] Another server has written about this stream. */
void spot_take_note(struct spot *spot, const struct note *note);

/** [home] The engine can be reached again, or has forgotten us: everything it was told has to be told again. */
void spot_doubt(struct spot *spot);

/** [home] Now and then: claims do not last for ever, and news may be lost. */
void spot_refresh(struct spot *spot);

#endif
