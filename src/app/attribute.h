/* SPDX-License-Identifier: MIT */
/**
 * @file  Attributes of a member: values by name that travel with it from room to room.
 *
 * Owner   The member.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_ATTRIBUTES, PH_LIMIT_ATTRIBUTE_BYTES for all together.
 */
#ifndef PH_APP_ATTRIBUTE_H
#define PH_APP_ATTRIBUTE_H

#include <rtmpwire/value.h>

#include "base/attr.h"

struct ph_member;

/** NULL: there is none. */
const struct rtmp_value *ph_attribute_get(const struct ph_member *member, const char *name);

/** Keep a copy; NULL deletes. Returns 0; PH_E_LIMIT; PH_E_ARGUMENT a name that may not be; PH_E_MEMORY. */
PH_MUST_USE int ph_attribute_set(struct ph_member *member, const char *name, const struct rtmp_value *value);

/** All of them as an object in `arena`; NULL: out of memory. */
struct rtmp_value *ph_attributes_all(const struct ph_member *member, struct rtmp_arena *arena);

/** Forget all. */
void ph_attributes_clear(struct ph_member *member);

#endif
