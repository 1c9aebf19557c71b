/* SPDX-License-Identifier: MIT */
/**
 * @file  A wire to a Redis: commands out, replies in their order, made again when it breaks.
 *
 *     resting -> looking up -> dialling -> greeting -> up
 *        ^-----------'------------'------------'--------'   after a pause that grows
 *
 * Owner   Who opens it, until close, which is not allowed inside its events and replies.
 * Thread  Its loop's. Events and replies come from a fresh stack.
 * Source  https://redis.io/docs/latest/develop/reference/protocol-spec (RESP2), by hiredis' reader and formatter.
 */
#ifndef PH_CLUSTER_REDIS_WIRE_H
#define PH_CLUSTER_REDIS_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include <hiredis.h>

#include "base/attr.h"
#include "cluster/redis_url.h"
#include "net/loop.h"

struct ph_tls_trust;
struct redis_wire;

struct redis_wire_events {
    void (*up)(void *user);
    void (*down)(void *user, const char *why); /**< after the replies that were lost; before `up` too */
};

struct redis_wire_options {
    struct ph_loop *loop;
    struct ph_tls_trust *trust;  /**< lent; NULL: rediss is refused */
    const struct redis_url *url; /**< lent */
    uint32_t patience_ms;        /**< for a reply */
    const struct redis_wire_events *events;
    void *user;
};

/** `reply` is lent; NULL: the wire broke. */
typedef void (*redis_reply_fn)(void *user, const redisReply *reply);

/** Returns 0; -ENOMEM. */
PH_MUST_USE int redis_wire_open(const struct redis_wire_options *options, struct redis_wire **wire);

/** What has not been replied to will not be. NULL is fine. */
void redis_wire_close(struct redis_wire *wire);

/** Say a command of `n` words; `lengths` NULL: they end in a NUL. Returns 0: `done` comes once; -ENOTCONN; -ENOMEM;
 *  -ENOBUFS Redis does not read. */
PH_MUST_USE int redis_wire_say(struct redis_wire *wire, size_t n, const char *const *words, const size_t *lengths,
                               redis_reply_fn done, void *user);

/** Break it: what Redis says makes no sense. */
void redis_wire_fail(struct redis_wire *wire, const char *format, ...) PH_PRINTF(2, 3);

#endif
