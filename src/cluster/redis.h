/* SPDX-License-Identifier: MIT */
/**
 * @file  The engine in a Redis (or Valkey): one server of it, without Redis Cluster.
 *
 *     playhouse:1:CLUSTER:node:ID        the address of a living server; its expiry is the lease
 *     playhouse:1:CLUSTER:stream:PATH    "EPOCH ID" of who has the stream; "EPOCH -" when it was given up
 *     playhouse:1:CLUSTER:news           a Redis Stream of claims, the newest ten thousand or so
 *     playhouse:1:CLUSTER:inbox:ID       a Redis Stream of messages to one server, the newest ten thousand or so
 *     playhouse:1:CLUSTER:saved:@APP     what an application has saved for its next host
 *     playhouse:1:CLUSTER:fresh          there for two beats after the directory was empty: others have to come forward
 * first
 *
 * What has to happen at once is a script. The 1 is the version of all this and of the messages: servers with another
 * version are another cluster, as are those with another secret, of which CLUSTER is made.
 *
 * Owner, thread  As in engine.h.
 */
#ifndef PH_CLUSTER_REDIS_H
#define PH_CLUSTER_REDIS_H

#include "base/attr.h"
#include "cluster/engine.h"
#include "cluster/redis_url.h"

struct ph_log;
struct ph_loop;
struct ph_tls_trust;

struct redis_options {
    struct ph_loop *loop;
    struct ph_tls_trust *trust; /**< lent, as all; NULL: rediss is refused */
    struct ph_log *log;
    const struct redis_url *url;
    const char *cluster; /**< its name in keys */
    const char *id;      /**< of this server's incarnation */
    const char *where;   /**< its address */
    const struct ph_engine_events *events;
    void *user;
};

/** Returns 0; -ENOMEM. */
PH_MUST_USE int redis_open(const struct redis_options *options, struct ph_engine **engine);

#endif
