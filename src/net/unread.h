/* SPDX-License-Identifier: MIT */
/**
 * @file  Does the peer's application read what the peer's kernel takes?
 *
 * Nobody tells. But the kernel announces how far it will take bytes, and while nothing is read that edge stands still:
 * each byte taken makes the window smaller by one. Almost: an announcement is rounded up, by half a unit on average,
 * and what a byte costs in memory is an estimate. So nothing is read while the window gets smaller and its edge moves
 * by no more than that. An application that reads less than a twentieth of what comes, or little beside that rounding,
 * is taken for one that does not read.
 *
 * Owner   The connection it lies in.
 * Thread  The connection's loop.
 * Since   0.1
 */
#ifndef PH_NET_UNREAD_H
#define PH_NET_UNREAD_H

#include <stdbool.h>

#include "net/socket.h"

enum {
    PH_UNREAD_BYTES = 32 * 1024, /**< less may be on its way through the application */
    PH_UNREAD_ASK_US = 1000000,
};

struct ph_unread {
    struct ph_window last; /* when something was read last, as far as was seen */
    uint64_t since_us, asked_us;
};

/** True if the application has read something between the two. */
bool ph_unread_is_read(const struct ph_window *before, const struct ph_window *now);

/**
 * Since when PH_UNREAD_BYTES lie with the peer of which none is read; 0: it reads, or one cannot know. Asks the kernel
 * every PH_UNREAD_ASK_US at most; a gap of three times that between two calls begins anew.
 */
uint64_t ph_unread_since_us(struct ph_unread *unread, const struct ph_socket *socket, uint64_t now_us);

#endif
