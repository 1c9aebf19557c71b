/* SPDX-License-Identifier: MIT */
/**
 * @file  A lookup: from the name of a host to its addresses, without holding up the loop.
 *
 * Numbers are read at once, names by the system's resolver on a thread of libuv's. A loop that stops waits for the
 * resolver to give up, which may take some seconds.
 *
 * Owner   Itself: from start until `done` or cancel.
 * Thread  The loop's.
 * Limits  PH_LOOKUP_MAX addresses; the others are not told.
 */
#ifndef PH_NET_LOOKUP_H
#define PH_NET_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/address.h"
#include "net/loop.h"

enum { PH_LOOKUP_MAX = 8 };

struct ph_lookup;

/** `fault`: why there is no address, for people, in static storage; NULL: there are `n` ≥ 1, in the resolver's order.
 */
typedef void (*ph_lookup_fn)(void *user, const char *fault, const struct ph_address *addresses, size_t n);

/** Start; `done` comes once, from a fresh stack. `host` is copied. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_lookup_start(struct ph_loop *loop, const char *host, uint16_t port, ph_lookup_fn done, void *user,
                                struct ph_lookup **lookup);

/** `done` will not come. NULL is fine. */
void ph_lookup_cancel(struct ph_lookup *lookup);

#endif
