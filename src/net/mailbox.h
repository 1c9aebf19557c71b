/* SPDX-License-Identifier: MIT */
/**
 * @file  Mail between loops: many senders, one receiver, no lock, no allocation.
 *
 * The sender owns the node and gives it away with the post; `deliver` runs on the receiver's thread and may reuse or
 * free it. The queue is bounded by construction: a node can be posted only once at a time, so there are never more
 * letters than objects. Letters of one sender arrive in the order in which they were posted.
 *
 * Model   A stack that senders push on with compare-and-swap; the receiver takes all of it and turns it round.
 *         Who pushes on an empty stack has to wake the receiver.
 * Thread  push: any; take: the receiver.
 * Since   0.1
 */
#ifndef PH_NET_MAILBOX_H
#define PH_NET_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

struct ph_mail {
    struct ph_mail *next; /**< private */
    void (*deliver)(struct ph_mail *mail);
};

struct ph_mailbox {
    _Atomic(struct ph_mail *) newest; /**< private */
};

void ph_mailbox_init(struct ph_mailbox *box);

/** Add a letter that is in no box; true when the box was empty: the receiver must be woken. */
bool ph_mailbox_push(struct ph_mailbox *box, struct ph_mail *mail);

/** True when there was nothing to take a moment ago. */
bool ph_mailbox_is_empty(struct ph_mailbox *box);

/** Take all letters, oldest first, linked by `next`; NULL when there are none. */
struct ph_mail *ph_mailbox_take(struct ph_mailbox *box);

#endif
