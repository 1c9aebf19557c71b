/* SPDX-License-Identifier: MIT */
/**
 * @file  Members: the clients of an application, one by one.
 *
 * A member exists from the connect hook to the disconnect hook. It is in exactly one room from the moment in which
 * enter_room accepted it to the end of leave_room.
 *
 * Thread  The instance's loop.
 * Since   0.2
 */
#ifndef PLAYHOUSE_MEMBERS_H
#define PLAYHOUSE_MEMBERS_H

#include <playhouse/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is known of a member; texts are lent until the callback returns and never NULL. */
struct ph_member_info {
    uint32_t size; /**< set by the caller: sizeof of what it was compiled with */
    ph_member_id id;
    ph_room_id room;      /**< 0: in none */
    const char *address;  /**< "10.0.0.7:53122" */
    const char *protocol; /**< "rtmp", "rtmp+ws", "json", "remoting"; "http-flv", "ws-flv", "hls" only watch */
    const char *user;     /**< as the connect hook said; "" */
    const char *path;     /**< what it connected to: "game/room/extra" */
    const char *query;    /**< behind the '?' of the address, without keys */
    const struct ph_value *properties; /**< flashVer, pageUrl, swfUrl, tcUrl … as sent */
    const struct ph_value *arguments;  /**< of connect: an array */
    uint64_t connected_ms;             /**< wall clock, since 1970 */
    bool is_dropped;                   /**< its connection is lost, its grace period runs */
    const char *session;               /**< its name for others: "5f3a09c1-2b", never given again. Since 0.3 */
};

struct ph_members {
    uint32_t version, size;

    /** PH_E_GONE. */
    int (*info)(struct ph_app *app, ph_member_id member, struct ph_member_info *info);

    /** The application's own pointer. NULL: none, or the member is gone. Freed by the application in disconnect. */
    void *(*data)(struct ph_app *app, ph_member_id member);
    int (*set_data)(struct ph_app *app, ph_member_id member, void *data);

    /** Attributes travel with the member from room to room, and are shown to lobbies. Value NULL deletes. At most 64 of
     *  1 KiB names and values together 16 KiB: PH_E_LIMIT. */
    const struct ph_value *(*attribute)(struct ph_app *app, ph_member_id member, const char *name);
    int (*set_attribute)(struct ph_app *app, ph_member_id member, const char *name, const struct ph_value *value);

    /**
     * Call a method of the client.
     *
     * arguments   an array; NULL: none
     * timeout_ms  0: 5 s
     * done        NULL: no reply is wanted. Else gets the result; PH_E_DENIED and the error the client sent;
     *             PH_E_TIMEOUT; PH_E_GONE the member left
     *
     * PH_E_GONE; PH_E_LIMIT 64 calls are open; PH_E_ARGUMENT; PH_E_MEMORY.
     */
    int (*call)(struct ph_app *app, ph_member_id member, const char *name, const struct ph_value *arguments,
                uint32_t timeout_ms, ph_done_fn done, void *user);

    /** End the connection: the client gets the code (NULL: NetConnection.Connect.Closed) and the description. */
    int (*kick)(struct ph_app *app, ph_member_id member, const char *code, const char *description);

    /** Into the room called `room` ("" is the hall), made if it is not there: leave, then enter; a refusal leaves the
     *  member in the hall. `done` gets the name of the room, and may be NULL. PH_E_STATE it is on its way already. */
    int (*move)(struct ph_app *app, ph_member_id member, const char *room, ph_done_fn done, void *user);

    /** Walk the members of a room, or with room 0 of the instance: start with 0; 0 at the end. May be interrupted by
     *  anything, also by members that leave. */
    ph_member_id (*next)(struct ph_app *app, ph_room_id room, ph_member_id previous);

    /**
     * As move, into any listed room without password that has a free seat and fits, or else into a new one; two who
     * look for the same at the same time meet.
     *
     * prefix  how the name of a new room begins; what follows is made up. NULL is ""
     * filter  an object of texts, numbers and booleans: all of them are in the room's metadata. A new room has it as
     * its metadata when create_room is asked
     *
     * PH_E_GONE; PH_E_STATE; PH_E_ARGUMENT; PH_E_MEMORY.
     */
    int (*join)(struct ph_app *app, ph_member_id member, const char *prefix, const struct ph_value *filter,
                ph_done_fn done, void *user);
};

#ifdef __cplusplus
}
#endif
#endif
