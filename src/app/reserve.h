/* SPDX-License-Identifier: MIT */
/**
 * @file  Reservations: seats of a room that are kept for who shows a ticket, for PH_LIMIT_RESERVED_MS.
 *
 * A reserved seat counts as taken until somebody comes with the ticket or its time is over. A room with reserved seats
 * does not end.
 *
 * Owner   The room; the instance finds them by their tickets.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_RESERVATIONS of an instance.
 */
#ifndef PH_APP_RESERVE_H
#define PH_APP_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct ph_room;

/** Keep seats. `ticket`: out, lent until the callback returns. Returns 0; PH_E_STATE it is full, closed or locked;
 *  PH_E_LIMIT; PH_E_MEMORY. */
PH_MUST_USE int ph_reserve(struct ph_room *room, uint32_t n_seats, const char **ticket);

/** Does the ticket keep a seat in this room? NULL does not. */
bool ph_reservation_holds(const struct ph_room *room, const char *ticket);

/** Somebody takes a seat that the ticket keeps; nothing happens when it keeps none here. */
void ph_reservation_take(struct ph_room *room, const char *ticket);

/** All of a room. */
void ph_reservations_end(struct ph_room *room);

#endif
