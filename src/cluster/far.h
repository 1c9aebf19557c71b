/* SPDX-License-Identifier: MIT */
/**
 * @file  A far seat: a client of this server whose application is on another one.
 *
 * The letters of its seat become messages; those that want an answer wait here for it, the others come back at once.
 *
 * Owner   The cluster, from the JOIN letter to the LEAVE letter.
 * Thread  Home.
 */
#ifndef PH_CLUSTER_FAR_H
#define PH_CLUSTER_FAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/message.h"

struct link;
struct ph_cluster;
struct ph_letter;
struct ph_seat;

struct far {
    struct ph_list in_link;
    struct ph_cluster *cluster;
    struct link *link; /**< NULL: it has broken */
    struct ph_seat *seat;
    uint32_t id;
    uint32_t n_refs;
    struct ph_letter *join; /**< waits for welcome or refusal */
    struct ph_list open;    /**< list of struct ph_letter::link: wait for a result or a decision */
};

/** The JOIN letter is the far seat's from here on. */
void far_join(struct link *link, struct ph_letter *join);

/** A later letter of its seat. */
void far_take(struct far *far, struct ph_letter *letter);

/** What the other server says about these seats. */
void far_hear(struct link *link, enum message_kind kind, const struct message_reader *reader, const uint32_t *seats,
              size_t n);

/** The link has broken. Who was not welcomed yet is sent where its application is then. */
void far_break(struct far *far, const char *why);

/** NULL: this seat is not far. */
struct far *far_find(const struct ph_cluster *cluster, const struct ph_seat *seat);

/** Its letters come back to nobody: the loops have stopped. */
void far_free(struct far *far);

#endif
