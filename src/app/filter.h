/* SPDX-License-Identifier: MIT */
/**
 * @file  Filters: which rooms somebody looks for, by their metadata.
 *
 * A filter is an object of texts, numbers and booleans. A room fits when its metadata have all of them, equal; an empty
 * filter fits every room.
 *
 * Thread  Stateless: any.
 */
#ifndef PH_APP_FILTER_H
#define PH_APP_FILTER_H

#include <stdbool.h>

#include <rtmpwire/value.h>

struct ph_room;

bool ph_filter_is_valid(const struct rtmp_value *filter);

/** Is this room listed, and does it fit? NULL fits all. */
bool ph_filter_fits(const struct rtmp_value *filter, const struct ph_room *room);

#endif
