/* SPDX-License-Identifier: MIT */
/**
 * @file  Timers of an application.
 *
 * Owner   The instance; one that belongs to a room ends with it.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_APP_TIMERS of an instance, PH_LIMIT_ROOM_TIMERS of a room.
 */
#ifndef PH_APP_TIMERS_H
#define PH_APP_TIMERS_H

#include <playhouse/services.h>

struct ph_instance;
struct ph_room;

extern const struct ph_timers_service ph_host_timers;

/** Stop those of a room, or all when it is NULL. */
void ph_timers_end(struct ph_instance *instance, const struct ph_room *room);

#endif
