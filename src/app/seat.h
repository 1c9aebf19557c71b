/* SPDX-License-Identifier: MIT */
/**
 * @file  A seat: what a session of a gate holds in an application.
 *
 * Gates know sessions and bytes, applications know members and values; they live on different loops. A seat stands
 * between: on the worker of its session, it turns what the client wants into messages to the loop of the application,
 * and what comes from there into events.
 *
 *     opened -> (welcome | refused) -> ... -> closed by the gate, or kicked and then closed by the gate
 *
 * Exactly one of welcome and refused comes, unless the seat is closed before. A seat that is closed while a decision
 * is pending cancels it. Every call that was taken is answered once, with result or failure, until the seat is closed.
 *
 * Flow    A seat takes PH_LIMIT_OPEN_CALLS unanswered requests; then ph_seat_is_full() is true and the gate does not
 *         read its socket until the event `drained`.
 * Values  What a function is given is lent and copied; what an event brings is lent until it returns.
 * Owner   The caller, from open to close; close is allowed in every state and inside every event.
 * Thread  The worker of its session. Events come from a fresh stack, never from inside a call.
 * Since   0.2
 */
#ifndef PH_APP_SEAT_H
#define PH_APP_SEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <playhouse/base.h>
#include <playhouse/shared.h>
#include <rtmpwire/text.h>
#include <rtmpwire/value.h>

#include "app/parcel.h"
#include "base/attr.h"
#include "net/loop.h"

struct ph_application;
struct ph_member;
struct ph_seat;
struct ph_theatre;

/** A refusal, or the failure of a call. Texts are NUL-terminated; NULL where nothing was said. */
struct ph_refusal {
    int error; /**< enum ph_error where it was one, else 0: the application said no */
    const char *code;
    const char *description;
    const char *redirect;                 /**< connect only */
    const struct rtmp_value *application; /**< an object for the client's program */
};

/** Who has come in. */
struct ph_welcome {
    ph_member_id member;
    const char *room;              /**< "" is the hall */
    const char *user;              /**< "" */
    const struct rtmp_value *data; /**< of the connect hook; NULL */
    const char *token;             /**< to resume with; "" when the room has no grace period */
    uint64_t sequence;             /**< of the last room event before this seat hears of them */
    bool is_resumed;               /**< it had been here before: what it missed follows; false: a snapshot does */
    bool is_complete;              /**< resumed, and nothing it missed was lost */
};

/** What a client sees of a shared object. Kinds beyond those of enum ph_shared_kind are told by the server only. */
enum ph_shared_news {
    PH_NEWS_USED,    /**< the client uses the object now; CLEARED and CHANGED with all slots follow in the same batch */
    PH_NEWS_CLEARED, /**< forget all slots */
    PH_NEWS_CHANGED, /**< name, value, slot version */
    PH_NEWS_REMOVED, /**< name */
    PH_NEWS_SUCCESS, /**< name: what this client asked for was done */
    PH_NEWS_MESSAGE, /**< name of the handler, value: array of arguments */
    PH_NEWS_STATUS,  /**< code in name, description in value: refused */
};

struct ph_shared_event {
    enum ph_shared_news news;
    const char *name;
    const struct rtmp_value *value;
    uint32_t version;
};

/** Events of one object that belong together. */
struct ph_shared_report {
    const char *object;
    bool persistent;
    uint32_t version; /**< of the object, after the batch */
    size_t n;
    const struct ph_shared_event *events;
    struct rtmp_buffer *encoded; /* private: ph_report_bytes(); one for each form */
};

/** NULL: not wanted; calls to a client without `invoke` are refused. welcome, refused and kicked are always there. */
struct ph_seat_events {
    void (*welcome)(void *user, const struct ph_welcome *welcome);
    void (*refused)(void *user, const struct ph_refusal *refusal);
    /** The answer to ph_seat_call(): `refusal` NULL: `value` is the result. */
    void (*result)(void *user, double id, const struct rtmp_value *value, const struct ph_refusal *refusal);
    /** The application calls the client; `id` 0: it wants no reply, else ph_seat_reply() is due. */
    void (*invoke)(void *user, const char *name, uint32_t id, const struct rtmp_value *arguments);
    /** A call to many, without reply; see parcel.h for how it is encoded once. */
    void (*deliver)(void *user, struct ph_parcel *parcel);
    void (*shared)(void *user, const struct ph_shared_report *report);
    /** The answer to ph_seat_ask(); refusal NULL: go on, with the stream `name` (as asked, or another). */
    void (*decided)(void *user, uint32_t ticket, const char *name, const struct ph_refusal *refusal);
    /** The member is in another room now. */
    void (*moved)(void *user, const struct ph_welcome *welcome);
    /** The application wants the stream `name` of this session to end. */
    void (*stop_stream)(void *user, const char *name, const char *description);
    /** Tell the client, then close connection and seat. PH_E_GONE: its application is on another server now, or was
     * lost with one; it shall come back. */
    void (*kicked)(void *user, const struct ph_refusal *why);
    /** The seat takes requests again. */
    void (*drained)(void *user);
};

struct ph_seat_request {
    const struct ph_application *app;
    const char *path;                    /**< "game/room/extra": application, room, the rest */
    const char *query;                   /**< without keys; "" */
    const char *protocol;                /**< "rtmp", "rtmp+ws", "json"; static storage */
    const char *address;                 /**< "10.0.0.7:53122" */
    const struct rtmp_value *properties; /**< of connect: an object, or NULL */
    const struct rtmp_value *arguments;  /**< of connect: an array, or NULL */
    const char *token;                   /**< to resume with; NULL: a new member */
    uint64_t sequence;                   /**< with a token: the last room event that the client has seen; 0: none */
    const char *password;                /**< of the room; NULL */
    const char *ticket;                  /**< of a reservation; NULL */
    const struct rtmp_value *options;    /**< of the join request: an object, or NULL */
    enum ph_parcel_form form;            /**< in which broadcasts are encoded for this seat */
    bool is_lodger;                      /**< of a client of another server: no router is asked */
    const struct ph_seat_events *events; /**< static storage */
    void *user;
};

/** Returns 0; -ENOMEM. */
PH_MUST_USE int ph_seat_open(struct ph_theatre *theatre, struct ph_loop *worker, const struct ph_seat_request *request,
                             struct ph_seat **seat);

/**
 * A call of the client. Names that begin with "$" are the server's own verbs (docs/protocol-json.md) and never reach an
 * application.
 *
 * id  0: no reply is wanted; else it comes back in `result`
 *
 * Returns 0; -EAGAIN the seat is full; -EINVAL before welcome; -ENOMEM.
 */
PH_MUST_USE int ph_seat_call(struct ph_seat *seat, double id, struct rtmp_text name,
                             const struct rtmp_value *arguments);

/** The client's answer to an invoke. refusal NULL: a result. Unknown ids, late ones too, are ignored. -ENOMEM. */
PH_MUST_USE int ph_seat_reply(struct ph_seat *seat, uint32_t id, const struct rtmp_value *value,
                              const struct ph_refusal *refusal);

enum ph_seat_verb { PH_SEAT_PUBLISH, PH_SEAT_PLAY };

/** May the client publish or play the stream `name` (of its room: docs/apps.md)? `query`: an object, or NULL.
 *  `decided` follows with the ticket. Returns 0; -EAGAIN; -ENOMEM. */
PH_MUST_USE int ph_seat_ask(struct ph_seat *seat, enum ph_seat_verb verb, uint32_t ticket, const char *name,
                            const struct rtmp_value *query);

/** It publishes, or plays, no longer: once for each ask that was granted. */
void ph_seat_over(struct ph_seat *seat, enum ph_seat_verb verb, const char *name);

/** The publisher of `name` sent a data message. Dropped when the application does not want them. */
void ph_seat_data(struct ph_seat *seat, const char *name, struct rtmp_text handler, const struct rtmp_value *arguments);

/** One batch of the client for a shared object, USE alone.
 *
 * id       0: nothing but reports is wanted; else `result` follows
 * version  the last one that the client knows; UINT32_MAX: it touches its copy only when it hears the result
 *
 * Returns 0; -EAGAIN the seat is full; -ENOMEM.
 */
PH_MUST_USE int ph_seat_shared(struct ph_seat *seat, double id, const char *object, bool persistent, uint32_t version,
                               const struct ph_shared_change *changes, size_t n_changes);

/** The client uses the object no longer. */
void ph_seat_shared_release(struct ph_seat *seat, const char *object);

bool ph_seat_is_full(const struct ph_seat *seat);

/** The session ends: PH_REASON_LEFT the client said so, PH_REASON_LOST it may come back. NULL is fine. */
void ph_seat_close(struct ph_seat *seat, enum ph_reason reason);

/* For the instance: its member, written on its loop alone, and where to write to. */
struct ph_member **ph_seat_member(struct ph_seat *seat);
struct ph_loop *ph_seat_worker(const struct ph_seat *seat);

#endif
