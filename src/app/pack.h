/* SPDX-License-Identifier: MIT */
/**
 * @file  Values as bytes for the store: every type as it was, in the order of the tree.
 *
 * A node that stands in several places is written as often; one that contains itself is over the depth.
 *
 * Owner   Bytes: the buffer. Values: the arena.
 * Thread  Any.
 * Limits  RTMP_VALUE_DEPTH levels, RTMP_VALUE_WALK_NODES values, the arena's budget.
 */
#ifndef PH_APP_PACK_H
#define PH_APP_PACK_H

#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/buffer.h>
#include <rtmpwire/value.h>

#include "base/attr.h"

/** Append a value. Returns 0; RTMP_E_DEPTH, RTMP_E_NODES, RTMP_E_SPACE, RTMP_E_MEMORY. */
PH_MUST_USE int ph_pack(const struct rtmp_value *value, struct rtmp_buffer *buffer);

/** NULL: the bytes are no value, or over a limit. */
struct rtmp_value *ph_unpack(const uint8_t *bytes, size_t length, struct rtmp_arena *arena);

#endif
