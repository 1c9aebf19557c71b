/* SPDX-License-Identifier: MIT */
/**
 * @file  Copies of value trees, from one arena to another: how values cross from loop to loop.
 *
 * A node that stands in several places, or in itself, does so in the copy too.
 *
 * Owner   The arena.
 * Thread  Stateless: any thread.
 * Limits  RTMP_VALUE_WALK_NODES values, RTMP_VALUE_DEPTH levels, the arena's budget.
 */
#ifndef PH_APP_COPY_H
#define PH_APP_COPY_H

#include <rtmpwire/arena.h>
#include <rtmpwire/value.h>

/** NULL: over a limit, or out of memory. */
struct rtmp_value *ph_value_copy(const struct rtmp_value *value, struct rtmp_arena *arena);

#endif
