/* SPDX-License-Identifier: MIT */
/** @file  This server in the cluster: what spots need of it, and it of them. See cluster.h. */
#ifndef PH_CLUSTER_HOME_H
#define PH_CLUSTER_HOME_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/map.h"
#include "cluster/cluster.h"
#include "cluster/note.h"
#include "cluster/redis_url.h"
#include "cluster/spot.h"
#include "net/loop.h"

enum { CLUSTER_NAME = 12 };

/** The cluster on one worker. */
struct desk {
    struct ph_cluster *cluster;
    struct ph_loop *loop;
    struct ph_map spots; /**< path -> struct spot */
};

struct ph_cluster {
    struct ph_media *media; /**< lent, as the others */
    struct ph_tls_trust *trust;
    struct ph_log *log;
    struct ph_hash_seed seed;
    char id[PH_NODE_ID];        /**< name and a random number: of this run of this server */
    char where[PH_NODE_WHERE];  /**< its address, as a URL */
    char parent[PH_NODE_WHERE]; /**< of the server that it fetches through; "": none */
    char key[PH_CLUSTER_KEY_LENGTH + 1];
    char name[CLUSTER_NAME + 1]; /**< of the cluster, in keys of the engine */
    struct redis_url url;

    /* at home */
    struct ph_loop *home;
    struct ph_engine *engine; /**< NULL: not yet */
    bool is_up;
    struct ph_engine_request beat, leave;
    bool is_beating;
    struct ph_timer next_beat;
    struct ph_map spots;       /**< path -> struct spot: who hears news and notes */
    struct ph_list remembered; /**< list of struct spot::in_home */
    struct ph_list letters;    /**< list of struct letter::link */
    size_t n_claims;
    struct ph_theatre *theatre; /**< lent; NULL: streams alone */
    struct ph_list bookings;    /**< list of struct booking::in_cluster */
    struct ph_list links;       /**< list of struct link::in_cluster */
    struct ph_map fars_by_seat; /**< struct far, by the pointer of the seat */
    struct ph_map fars_by_id;   /**< and by number */
    uint32_t last_far;
    bool is_draining, has_left;
    atomic_bool is_leaving; /* for whoever waits for the end */
    struct ph_mail start, drain;

    unsigned n_desks;
    struct desk desks[];
};

/** What an engine tells; its user is the cluster. */
extern const struct ph_engine_events home_events;

/** [home] This is the engine, the cluster's from here on; it tells when it is up. */
void home_begin(struct ph_cluster *cluster, struct ph_engine *engine);

/** [home] Send a note to `to` about a stream. */
void home_write(struct ph_cluster *cluster, enum note_verb verb, const char *to, const char *path, uint64_t epoch);

/** [home] Send bytes of link.h, signed, to another server. False: no memory. */
bool home_post(struct ph_cluster *cluster, const char *to, const char *head, size_t head_length, const uint8_t *body,
               size_t length);

/** [home] This server stops, and may have nothing to give back any more. */
void home_leave_when_done(struct ph_cluster *cluster);

/** [home] The engine says that our lease has run out. */
void home_beat_now(struct ph_cluster *cluster);

#endif
