/* SPDX-License-Identifier: MIT */
/**
 * @file  The relay: carries streams to other RTMP servers and from them, as a client.
 *
 * A push rule sends every stream it names to a server as long as the stream lives here; a pull rule fetches a stream
 * when the first viewer comes, or always. Each stream and rule is a leg: a connection with a viewer or a publisher of
 * the stream at its end, which is made again when it breaks.
 *
 *   rule.c    what the operator said, or the locator (media/locator.h)
 *   relay.c   which legs there have to be        caller.c  one connection to a server
 *   leg.c     one stream and rule: calls until it stands
 *   push.c, pull.c  what it carries
 *
 * Owner   main makes it before the loops run and destroys it after they have stopped.
 * Thread  Everything about a stream happens on its desk (media/finder.h); functions marked [any] may be called
 * anywhere. Limits  PH_LIMIT_RELAY_RULES rules, PH_LIMIT_RELAY_LEGS legs of one worker. Source  docs/relay.md;
 * RTMP 1.0, 7.2; docs/wire.md 5. Since   0.2
 */
#ifndef PH_GATE_RELAY_RELAY_H
#define PH_GATE_RELAY_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/option.h"
#include "media/path.h"
#include "net/round.h"

struct ph_apps;
struct ph_log;
struct ph_loops;
struct ph_media;
struct ph_relay;
struct ph_tls_trust;

enum {
    PH_RELAY_NAME = PH_LIMIT_NAME_BYTES + 1,
    PH_RELAY_URLS = 8, /**< that a pull may try */
    PH_RELAY_FAULT = 320,
};

enum ph_relay_kind { PH_RELAY_PUSH, PH_RELAY_PULL };

/** The fields of ph_push_options and ph_pull_options. */
struct ph_relay_settings {
    char *stream;    /**< "live/cam", or "live/" and a star for all of it */
    char *url;       /**< "rtmp://…/{stream}"; a pull may name several, with commas */
    bool enabled;    /**< false: paused from the start */
    bool always;     /**< a pull: whether somebody watches or not */
    int64_t idle_ms; /**< a pull ends so long after the last viewer */
};

extern const struct ph_option_table ph_push_options; /**< `push NAME { ... }` */
extern const struct ph_option_table ph_pull_options; /**< `pull NAME { ... }` */

struct ph_relay_options {
    struct ph_loops *workers;   /**< lent, as the others */
    struct ph_media *media;     /**< its finder becomes the relay */
    const struct ph_apps *apps; /**< streams of others are not carried; NULL: all are */
    struct ph_tls_trust *trust; /**< for rtmps */
    struct ph_log *log;
    const char *node;   /**< the server's name in `via` */
    const void *secret; /**< lent: proved to servers that work together with this one; NULL: there are none */
    size_t secret_length;
    bool may_go_inside;      /**< rules made by request may lead to private addresses */
    uint32_t first_media_ms; /**< a pull that has brought nothing for so long has failed */
};

/** Returns 0; -ENOMEM; what the kernel says when it gives no random bytes. */
PH_MUST_USE int ph_relay_create(const struct ph_relay_options *options, struct ph_relay **relay);
void ph_relay_destroy(struct ph_relay *relay); /**< NULL is fine */

/**
 * Before the loops run: add a rule of the configuration.
 *
 * Returns 0; -EINVAL what it says makes no rule, -EEXIST its name is taken: `fault`, PH_RELAY_FAULT bytes, tells why;
 * -ENOSPC; -ENOMEM.
 */
PH_MUST_USE int ph_relay_add(struct ph_relay *relay, const char *name, enum ph_relay_kind kind,
                             const struct ph_relay_settings *settings, char *fault);

/** [any] Connections to other servers. */
unsigned ph_relay_n_legs(const struct ph_relay *relay);

/** [any, once] Let go of all streams: say goodbye where there is a connection. */
void ph_relay_drain(struct ph_relay *relay);

/* Rules while the server runs: a round of the workers that changes something, or looks. */

enum ph_relay_order { PH_RELAY_LOOK, PH_RELAY_ADD, PH_RELAY_REMOVE, PH_RELAY_PAUSE, PH_RELAY_RESUME };

/** A rule, told once per round, before its legs. */
struct ph_relay_rule_row {
    const char *name, *stream; /**< lent, as all texts */
    enum ph_relay_kind kind;
    const char *origin; /**< who has made it: "configuration", "request", "cluster" */
    bool is_paused, is_always;
    size_t n_urls;
};

/** A leg of the rule that `rule` names. */
struct ph_relay_leg_row {
    const char *rule, *path;
    const char *state;  /**< "waiting", "calling", "carrying" */
    const char *target; /**< "rtmp://host/live": what follows may be a secret; "" */
    const char *error;  /**< the last one; "" */
    uint64_t state_us;  /**< for so long */
    uint64_t bytes;     /**< carried, ever */
    uint64_t n_calls;
};

struct ph_relay_request {
    enum ph_relay_order order;
    char name[PH_RELAY_NAME];        /**< of the rule; LOOK: not used */
    enum ph_relay_kind kind;         /**< ADD */
    struct ph_relay_settings wanted; /**< ADD: lent until ph_relay_ask() returns */
    struct ph_loop *home;            /**< where `done` comes */
    void (*rule)(struct ph_relay_request *request, const struct ph_relay_rule_row *row); /**< LOOK; NULL: not told */
    void (*leg)(struct ph_relay_request *request, const struct ph_relay_leg_row *row);   /**< LOOK; NULL: not told */
    void (*done)(struct ph_relay_request *request);
    int err; /**< in done: 0; -EINVAL (`fault` tells), -EEXIST, -ENOENT, -ENOSPC, -ENOMEM */
    char fault[PH_RELAY_FAULT];

    struct ph_relay *relay; /**< private */
    struct rule *made;      /**< private */
    struct ph_round round;  /**< private */
};

/** [any] Carry the request out; it is the caller's again in `done`, which comes from a fresh stack. */
void ph_relay_ask(struct ph_relay *relay, struct ph_relay_request *request);

#endif
