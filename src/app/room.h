/* SPDX-License-Identifier: MIT */
/**
 * @file  Rooms of an instance: made, entered, left, ended.
 *
 * Owner   The instance.
 * Thread  The instance's loop.
 */
#ifndef PH_APP_ROOM_H
#define PH_APP_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <playhouse/app.h>
#include <rtmpwire/arena.h>

#include "app/instance.h"
#include "app/seat.h"
#include "base/attr.h"
#include "base/limits.h"
#include "base/list.h"
#include "net/timer.h"

struct ph_member;

struct ph_room {
    ph_room_id id;
    struct ph_instance *instance;
    struct ph_list link;                /**< in the instance */
    char name[PH_LIMIT_NAME_BYTES + 1]; /**< "" is the hall */
    char *extra;
    bool is_open;   /**< create_room has accepted */
    bool is_closed; /**< by the application: goes when it has been left */
    void *data;

    struct ph_list members;   /**< list of struct ph_member::in_room, in the order in which they came */
    struct ph_list waiting;   /**< the same, of those who wait for create_room */
    struct ph_list objects;   /**< list of struct ph_object::link */
    struct ph_list questions; /**< list of struct ph_question::link: create_room */
    ph_member_id creator;     /**< for whom create_room was asked last */
    size_t n_members, n_entering;
    struct ph_list reservations; /**< reserve.h */
    size_t n_reserved;           /**< seats */
    struct ph_list touched;      /**< in the lobby's, when those who watch are to hear of it */
    uint64_t sequence;           /**< of its last event */

    struct ph_room_options options; /**< password and metadata live in `kept` */
    struct rtmp_arena kept;
    struct ph_timer dispose;
    struct ph_timer tick;
    uint64_t ticked_us;
    struct ph_task close;
    const struct rtmp_value *saved; /**< what save_room gave, during a reload */
    struct ph_room_order *order;    /**< that it is made for, until create_room has decided; NULL: for a member */
};

/** NULL: it has gone. */
struct ph_room *ph_room_get(const struct ph_instance *instance, ph_room_id id);

/** NULL: there is none of that name. "" is the hall. */
struct ph_room *ph_room_find(const struct ph_instance *instance, const char *name);

/** Make a room that is not open yet. Returns 0; PH_E_LIMIT; PH_E_MEMORY. */
PH_MUST_USE int ph_room_create(struct ph_instance *instance, const char *name, const char *extra,
                               struct ph_room **room);

/** Make a room that nobody asks to enter: create_room decides, member 0. The options are copied; `done` is told.
 * Returns 0; PH_E_MEMORY. */
PH_MUST_USE int ph_room_order(struct ph_instance *instance, const char *name, const struct ph_room_options *options,
                              ph_done_fn done, void *user);

/** Nobody is told. NULL is fine. */
void ph_room_drop_order(struct ph_room_order *order);

/** Free it; nobody is in it. */
void ph_room_free(struct ph_room *room);

/** End a named room that nobody is in or on the way to, or begin to wait for its end. */
void ph_room_settle(struct ph_room *room);

/** End it now: destroy_room, and it is freed. Nobody is in it. */
void ph_room_end(struct ph_room *room, enum ph_reason reason);

/** Its members go to the hall, then it ends: as ph_rooms.close. */
int ph_room_close(struct ph_room *room, const char *description);

/** What a member shows at the door; both may be NULL. */
struct ph_pass {
    const char *password;
    const char *ticket;
};

/** Why a member may not enter now, as a refusal; false: it may. Who has made the room, or
 *  has a ticket for it, needs no password. */
bool ph_room_bars(const struct ph_room *room, ph_member_id member, const struct ph_pass *pass,
                  struct ph_refusal *refusal);

/** Are there so many that are neither taken nor reserved? */
bool ph_room_has_seats(const struct ph_room *room, size_t n);

/** As ph_rooms.configure. */
int ph_room_configure(struct ph_room *room, const struct ph_room_options *options);

/**
 * Call a method of many members, encoded once.
 *
 * members  a list of them, `n`; those without a seat are left out
 *
 * Returns 0; PH_E_MEMORY: nobody got it.
 */
int ph_room_deliver(struct ph_instance *instance, struct ph_member *const *members, size_t n, const char *name,
                    const struct rtmp_value *arguments, uint64_t sequence, enum ph_delivery_kind kind);

#endif
