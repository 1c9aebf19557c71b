/* SPDX-License-Identifier: MIT */
/**
 * @file  A leg: one stream carried by one rule; it calls the server until that stands, and again when it breaks.
 *
 *     waiting -> calling -> carrying
 *        ^----------'----------'        after the next address of the rule, or a pause that grows
 *
 * Owner   relay.c, from leg_create() to leg_destroy().
 * Thread  The desk of its stream.
 */
#ifndef PH_GATE_RELAY_LEG_H
#define PH_GATE_RELAY_LEG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "gate/relay/caller.h"
#include "gate/relay/rule.h"
#include "gate/rtmp/ingest.h"
#include "media/finder.h"
#include "media/path.h"
#include "net/loop.h"

struct leg;
struct ph_publisher;
struct ph_viewer;

/** What a leg does with its caller: push.c, pull.c. */
struct leg_kind {
    const char *verb; /**< "pushing" */
    void (*ready)(struct leg *leg);
    void (*event)(struct leg *leg, const struct rtmp_event *event);
    void (*let_go)(struct leg *leg, const char *why); /**< of viewer or publisher; any state, more than once */
    uint64_t (*bytes)(const struct leg *leg);         /**< of what it holds now */
    void (*on_watch)(struct ph_timer *timer);         /**< of leg->watch; NULL: not used */
};

extern const struct leg_kind leg_push, leg_pull;

enum leg_state { LEG_WAITING, LEG_CALLING, LEG_CARRYING };

struct leg {
    struct ph_list in_place;                /**< relay.c */
    void (*on_change)(struct leg *leg);     /**< relay.c: look whether it is still needed */
    const struct ph_relay_options *options; /**< lent */
    struct ph_loop *loop;
    struct rule *rule;          /**< a reference */
    const struct ph_path *path; /**< lent */
    const struct leg_kind *kind;
    char via[PH_VIA_MAX];

    enum leg_state state;
    uint64_t since_us;     /**< of the state */
    struct caller *caller; /**< NULL: waiting */
    struct ph_timer retry;
    unsigned n_failures; /**< in a row */
    size_t url;          /**< the one that is tried */
    bool has_failed;     /**< a whole round of addresses: nobody need wait for it */
    uint64_t n_calls, bytes_before;
    char target[RTMP_URL_MAX];
    char error[PH_RELAY_FAULT];

    uint32_t stream_id;       /**< 0: none yet */
    bool is_drained;          /**< push.c: the server has all, and nobody publishes any more */
    struct ph_viewer *viewer; /**< push.c */

    /* pull.c */
    struct ph_publisher *publisher;
    bool is_granted;
    uint64_t granted_us;
    struct ph_ingest ingest;
    struct ph_timer watch;   /* for media */
    struct rtmp_event first; /* came before it was granted, with a body that is a copy */
    uint8_t *first_body;
};

/** `via`: of who publishes (push) or asks (pull). Returns 0; -ENOMEM. It begins to call at once. */
PH_MUST_USE int leg_create(const struct ph_relay_options *options, struct ph_loop *loop, struct rule *rule,
                           const struct ph_path *path, const char *via, struct leg **leg);

/** Say goodbye. `why`: for the log. */
void leg_destroy(struct leg *leg, const char *why);

/* For push.c and pull.c */

/** It stands. */
void leg_carries(struct leg *leg);

/** This call has failed; the leg tries again. */
void leg_fail(struct leg *leg, const char *why);

/** A status of level "error", or what means the same. */
void leg_fail_status(struct leg *leg, const struct rtmp_event_status *status);

/** The rule's name and where it leads, for the log: "push backup, rtmp://host/live". */
enum { LEG_WHO = PH_RELAY_NAME + 96 };
void leg_who(const struct leg *leg, char text[LEG_WHO]);

uint64_t leg_bytes(const struct leg *leg);

#endif
