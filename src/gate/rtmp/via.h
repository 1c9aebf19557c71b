/* SPDX-License-Identifier: MIT */
/**
 * @file  Via: the servers that a stream has come through, as relays tell each other in the `via` of connect.
 *
 * "a1b2c3d4e5f6a7b8,0011223344556677": each server has a random name for the life of its process. Who finds its own
 * name there refuses: the relay leads back to where it came from.
 *
 * Thread  Stateless: any.
 */
#ifndef PH_GATE_RTMP_VIA_H
#define PH_GATE_RTMP_VIA_H

#include <stdbool.h>

#include "base/attr.h"
#include "media/finder.h"

enum { PH_VIA_NODE = 17 }; /**< bytes of a name, with the NUL */

#define PH_VIA_PROPERTY "via"
#define PH_VIA_LOOP     "two servers push to, or pull from, each other" /**< ends what such a refusal says */

/** A new name. Returns 0; what the kernel says when it gives no random bytes. */
PH_MUST_USE int ph_via_name(char node[PH_VIA_NODE]);

bool ph_via_has(const char *via, const char *node);

/** `via` and `node` behind it. Returns 0; -ELOOP there is no room: so many servers are a mistake. */
PH_MUST_USE int ph_via_add(const char *via, const char *node, char out[PH_VIA_MAX]);

#endif
