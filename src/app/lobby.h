/* SPDX-License-Identifier: MIT */
/**
 * @file  The lobby: members who watch the listed rooms of their application.
 *
 * Who watches has got the list, and then hears of what changes: "$lobby" with one object, `removed` (names) and then
 * `rooms` (new or changed ones, as they are now). Changes are gathered for PH_LIMIT_LOBBY_MS. Those who watch with the
 * same filter are told together; for each filter it is known which rooms they have been told of, so that nobody hears
 * the name of a room that was never listed.
 *
 * Owner   The instance.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_LOBBY_FILTERS different filters, PH_LIMIT_LOBBY_ROWS rooms at once: the others follow.
 */
#ifndef PH_APP_LOBBY_H
#define PH_APP_LOBBY_H

#include <rtmpwire/arena.h>
#include <rtmpwire/value.h>

#include "base/attr.h"
#include "base/list.h"
#include "net/timer.h"

struct ph_instance;
struct ph_member;
struct ph_room;

struct ph_lobby {
    struct ph_list groups;  /**< private; one for each filter */
    struct ph_list touched; /**< private; list of struct ph_room::touched */
    size_t n_groups;
    struct ph_timer news;
};

void ph_lobby_init(struct ph_lobby *lobby);

/** Stop its timer; nobody watches any more. */
void ph_lobby_finish(struct ph_instance *instance);

/** Watch from now on, instead of what it watched before. filter: valid, or NULL. rooms: out, an array in the scratch
 *  arena. Returns 0; PH_E_LIMIT; PH_E_MEMORY. */
PH_MUST_USE int ph_lobby_watch(struct ph_member *member, const struct rtmp_value *filter, struct rtmp_value **rooms);

/** Harmless when it does not. */
void ph_lobby_unwatch(struct ph_member *member);

/** The room may look different now. */
void ph_lobby_touch(struct ph_room *room);

/** The room is about to be freed. */
void ph_lobby_forget(struct ph_room *room);

/** What lobbies see of a room; NULL: out of memory. */
struct rtmp_value *ph_lobby_describe(struct rtmp_arena *arena, const struct ph_room *room);

/** The listed rooms that fit, PH_LIMIT_LISTED at most. NULL: no memory. */
struct rtmp_value *ph_lobby_list(struct ph_instance *instance, const struct rtmp_value *filter,
                                 struct rtmp_arena *arena);

#endif
