/* SPDX-License-Identifier: MIT */
/**
 * @file  A lodger: the client of another server in an application of this one. It has a seat here as any client of a
 * gate; what its client wants comes as messages, and what the application says goes as messages.
 *
 * Owner   The link, from JOIN to LEAVE or the end of the link.
 * Thread  Home.
 */
#ifndef PH_CLUSTER_LODGER_H
#define PH_CLUSTER_LODGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "cluster/message.h"

struct link;
struct ph_seat;

struct lodger {
    struct ph_list in_link;
    struct link *link;
    uint32_t id; /**< the number that its server gave it */
    struct ph_seat *seat;
};

/** What the other server says about these seats of its clients. */
void lodger_hear(struct link *link, enum message_kind kind, const struct message_reader *reader, const uint32_t *ids,
                 size_t n);

/** Its server is gone, or does not know it any more: it may come back, and resume. */
void lodger_break(struct lodger *lodger);

#endif
