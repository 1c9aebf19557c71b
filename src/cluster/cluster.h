/* SPDX-License-Identifier: MIT */
/**
 * @file  The cluster: several servers that behave as one for publishers and viewers.
 *
 * A server claims each stream that is published with it, and knows where the streams are that its viewers want: media
 * asks it as a locator, the relay then fetches them. Without an engine that can be reached each server goes on by
 * itself, and claims what it has when the engine is back.
 *
 *   engine.h                what all share: leases, claims, news, messages
 *   redis.c, redis_wire.c   the engine in a Redis
 *   spot.c                  one stream, as this server sees it
 *   note.c                  messages between servers about a stream, signed
 *   booking.c               which server has an application with its rooms
 *   link.c, message.c       what two servers say to each other about clients
 *   far.c                   a client here, its application there
 *   lodger.c                a client there, its application here
 *   cluster.c               this server: its lease, its spots
 *
 * Owner   main makes it before the loops run and destroys it after they have stopped.
 * Thread  Home is the first worker; each stream is also known at its desk (media/locator.h).
 * Source  docs/cluster.md, docs/decisions/0012-cluster.md. Since   0.3
 */
#ifndef PH_CLUSTER_CLUSTER_H
#define PH_CLUSTER_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "cluster/engine.h"

struct ph_cluster;
struct ph_log;
struct ph_loop;
struct ph_loops;
struct ph_media;
struct ph_theatre;
struct ph_tls_trust;

enum { PH_CLUSTER_KEY_LENGTH = 52 };

struct ph_cluster_options {
    struct ph_loops *workers;   /**< lent, as the others */
    struct ph_media *media;     /**< its locator becomes the cluster */
    struct ph_theatre *theatre; /**< its router becomes the cluster; NULL: streams alone */
    struct ph_tls_trust *trust;
    struct ph_log *log;
    const char *url;     /**< of the engine */
    const char *name;    /**< of this server; "": the machine's */
    const char *address; /**< where the others reach it: "10.0.0.1:1935", "rtmps://HOST[:PORT]" */
    const char *parent;  /**< the address of the server to fetch through, if that can be reached; "": none */
    const char *key;     /**< signs messages between servers */
};

/**
 * Returns 0; -EINVAL the URL is none, and `why`, in static storage, tells people, to be read behind "the URL"; -ENOMEM;
 * what the kernel says when it gives no random bytes.
 */
PH_MUST_USE int ph_cluster_create(const struct ph_cluster_options *options, struct ph_cluster **cluster,
                                  const char **why);

/** [any, once] Before the loops run: call the engine, first of all. NULL is fine. */
void ph_cluster_start(struct ph_cluster *cluster);

/** [any, once] Claim nothing any more, give up what ends, and then the lease. NULL is fine. */
void ph_cluster_drain(struct ph_cluster *cluster);

/** [any] Since the drain: the others do not know yet that this server has gone. NULL: false. */
bool ph_cluster_is_leaving(const struct ph_cluster *cluster);

void ph_cluster_destroy(struct ph_cluster *cluster); /**< NULL is fine */

#endif
