/* SPDX-License-Identifier: MIT */
/**
 * @file  A link: all that this server and another one say to each other about seats, in order, by the post of the
 * engine.
 *
 * What is said during one turn of the loop goes as one packet:
 *
 *     code:32 FROM " " TO " " MINE " " YOURS " " NUMBER "\n" (length:u32 message n:u32 seat:u32*n)*      little-endian
 *
 * The code signs all behind it. Each side counts how often it has begun anew: MINE is that of the writer, YOURS what it
 * has heard of the other, 0 before the first word. Between two beginnings numbers count up from 1. Where one is missing
 * the link has broken, and who notices begins anew: the seats of either side end, and clients come back.
 *
 * Owner   The cluster, from the first word to the end.
 * Thread  Home.
 */
#ifndef PH_CLUSTER_LINK_H
#define PH_CLUSTER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/buffer.h>

#include "base/list.h"
#include "base/map.h"
#include "cluster/engine.h"
#include "cluster/message.h"
#include "net/loop.h"

struct ph_cluster;

struct link {
    struct ph_list in_cluster;
    struct ph_cluster *cluster;
    char id[PH_NODE_ID];  /**< of the other server */
    uint64_t mine, yours; /**< beginnings: the time of ours, and what was heard of theirs */
    uint64_t n_said, n_heard;
    struct rtmp_buffer out; /**< messages of this turn */
    size_t last;            /**< where the last of them begins */
    struct ph_deferred flush;
    struct ph_list fars;    /**< list of struct far::in_link: clients here, applications there */
    struct ph_list lodgers; /**< list of struct lodger::in_link: clients there, applications here */
    struct ph_map by_id;    /**< the lodgers, by the number of their seats */
    struct ph_engine_request peer;
    bool is_checking;
};

/** The link to a server, made if need be. NULL: no memory. */
struct link *link_get(struct ph_cluster *cluster, const char *id);

/** Say it about one seat; what was said just before, and is the same, goes once for both. */
void link_say(struct link *link, uint32_t seat, const struct message *message);
void link_say_bytes(struct link *link, uint32_t seat, const uint8_t *bytes, size_t length);

/** A packet has come. */
void link_take(struct ph_cluster *cluster, const uint8_t *bytes, size_t length);

/** Begin anew: everything ends that goes over it, and the other side is told so. */
void link_break(struct link *link, const char *why);

/** Now and then: does the other server live? */
void link_check(struct link *link);

void link_free(struct link *link);

#endif
