/* SPDX-License-Identifier: MIT */
/**
 * @file  A booking: which server has an application with its rooms. Who needs it first claims it; until that is known
 * letters wait.
 *
 * Owner   The cluster, from the first letter to the end.
 * Thread  Home.
 */
#ifndef PH_CLUSTER_BOOKING_H
#define PH_CLUSTER_BOOKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/engine.h"
#include "media/path.h"
#include "net/timer.h"

struct ph_cluster;
struct ph_instance;
struct ph_letter;
struct ph_seat;

enum booking_state {
    BOOKING_UNKNOWN,
    BOOKING_ASKED,     /**< the engine is asked */
    BOOKING_PAUSED,    /**< the engine wants to be asked again later */
    BOOKING_RECALLING, /**< it is ours; what the last host saved is being fetched */
    BOOKING_OURS,
    BOOKING_KEEPING, /**< the same; what it saved is on its way to the engine */
    BOOKING_THEIRS,
};

struct booking {
    struct ph_list in_cluster;
    struct ph_cluster *cluster;
    struct ph_instance *instance;
    char path[PH_PATH_MAX]; /**< "@game": what is claimed */
    enum booking_state state;
    uint64_t epoch, newest; /**< of our claim; the highest that was heard of */
    char holder[PH_NODE_ID];
    struct ph_engine_request request;
    struct ph_timer again;
    struct ph_list waiting; /**< list of struct ph_letter::link */
    bool is_saved;          /**< for the next host */
    uint8_t *bundle;        /**< while that is under way */
};

/** A JOIN letter of a seat: it goes to the application here, to the other server, or waits. */
void booking_take(struct ph_cluster *cluster, struct ph_letter *join);

/** The same for one that the other server has sent back, for it does not have the application any more. */
void booking_take_back(struct ph_cluster *cluster, struct ph_letter *join);

/** The JOIN letter of this seat, if it waits; it does not wait any more. */
struct ph_letter *booking_withdraw(struct ph_cluster *cluster, const struct ph_seat *seat);

/** Whether an application is here, as far as is known: others may send their clients. */
bool booking_is_ours(struct ph_cluster *cluster, const struct ph_instance *instance);

/** A claim, somebody's. NULL: nobody here has asked for it. */
void booking_take_news(struct booking *booking, const struct ph_engine_news *news);
struct booking *booking_find(const struct ph_cluster *cluster, const char *path);

/** The engine can be reached again, or has forgotten us. */
void booking_doubt(struct booking *booking);

/** The server that has it is gone. */
void booking_lost_holder(struct booking *booking);

/** The application here has saved what its next host is to have; the bytes are the booking's from here on. */
void booking_keep(struct ph_cluster *cluster, const struct ph_instance *instance, uint8_t *bytes, size_t length);

/** This server stops: others may have it, when it has been saved. */
void booking_release(struct booking *booking);

void booking_free(struct booking *booking);

#endif
