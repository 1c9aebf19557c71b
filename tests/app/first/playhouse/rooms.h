/* SPDX-License-Identifier: MIT */
/**
 * @file  Rooms: the hall, whose name is "", and those that have one.
 *
 * A named room is made when the first member asks for it, and ends when the last has left (dispose_ms later, if that
 * is set). The hall is there as long as the instance, and create_room and destroy_room never hear of it.
 *
 * Thread  The instance's loop.
 * Since   0.2
 */
#ifndef PLAYHOUSE_ROOMS_H
#define PLAYHOUSE_ROOMS_H

#include <playhouse/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a room is like; set in create_room or later. */
struct ph_room_options {
    uint32_t size;                   /**< set by the caller: sizeof of what it was compiled with */
    uint32_t capacity;               /**< members, reserved seats counted; 0: no limit but the server's */
    bool unlisted;                   /**< lobbies do not see it; who knows the name may enter */
    bool locked;                     /**< nobody enters any more */
    const char *password;            /**< NULL or "": none; copied */
    const struct ph_value *metadata; /**< an object of at most 2 KiB, for lobbies and filters; NULL: none */
    uint32_t dispose_ms;             /**< an empty room lives on for so long */
    uint32_t grace_ms;               /**< a lost member may resume within this time; 0: it leaves at once */
    uint32_t tick_hz;                /**< 0: no tick; else 1..60 */
};

struct ph_rooms {
    uint32_t version, size;

    ph_room_id (*find)(struct ph_app *app, const char *name);    /**< 0: there is none; "" is the hall */
    const char *(*name)(struct ph_app *app, ph_room_id room);    /**< "" for the hall, NULL when it is gone */
    const char *(*extra)(struct ph_app *app, ph_room_id room);   /**< rest of the path that made it; "" */
    size_t (*count)(struct ph_app *app, ph_room_id room);        /**< members */
    ph_room_id (*next)(struct ph_app *app, ph_room_id previous); /**< walk: start with 0; 0 at the end */

    void *(*data)(struct ph_app *app, ph_room_id room);
    int (*set_data)(struct ph_app *app, ph_room_id room, void *data); /**< freed by the application in destroy_room */

    int (*options)(struct ph_app *app, ph_room_id room, struct ph_room_options *options);
    /** PH_E_GONE; PH_E_ARGUMENT; PH_E_LIMIT; PH_E_MEMORY. */
    int (*configure)(struct ph_app *app, ph_room_id room, const struct ph_room_options *options);

    /**
     * Call a method of every member of a room, without reply; encoded once.
     *
     * except  members that are left out, `n_except` of them; may be NULL when that is 0
     *
     * PH_E_GONE; PH_E_ARGUMENT; PH_E_MEMORY.
     */
    int (*broadcast)(struct ph_app *app, ph_room_id room, const char *name, const struct ph_value *arguments,
                     const ph_member_id *except, size_t n_except);
    /** The same for a list of members, whatever their rooms; those who are gone are left out. */
    int (*multicast)(struct ph_app *app, const ph_member_id *members, size_t n, const char *name,
                     const struct ph_value *arguments);

    /** Members leave (PH_REASON_CLOSED) and are in the hall then; destroy_room follows. Not for the hall. */
    int (*close)(struct ph_app *app, ph_room_id room, const char *description);

    /**
     * Keep seats for 15 s for those whom the application sends here. They count as taken; who shows the ticket at
     * connect ("?ticket=" over RTMP) or at $join gets one, without the password. The room lives at least as long.
     *
     * room     one that is there
     * members  how many seats the ticket is for, 1 or more
     * done     gets the ticket, a text
     *
     * PH_E_NOT_FOUND; PH_E_STATE it is full, locked or closed; PH_E_LIMIT 1,000 unused tickets; PH_E_ARGUMENT;
     * PH_E_MEMORY.
     */
    int (*reserve)(struct ph_app *app, const char *room, uint32_t members, ph_done_fn done, void *user);
};

#ifdef __cplusplus
}
#endif
#endif
