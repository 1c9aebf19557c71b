/* SPDX-License-Identifier: MIT */
/**
 * @file  Members: what an instance knows of each client, and the end of one.
 *
 *     connecting -> waiting (for its room to be made) -> entering -> in -> gone
 *
 * join.c leads it there, calls.c answers what it asks, host_members.c shows it to the application.
 *
 * Owner   The instance. A member that has a seat is known to it (ph_seat_member()); one that dropped has none.
 * Thread  The instance's loop.
 */
#ifndef PH_APP_MEMBER_H
#define PH_APP_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <playhouse/app.h>
#include <rtmpwire/arena.h>

#include "app/instance.h"
#include "app/seat.h"
#include "base/attr.h"
#include "base/list.h"
#include "base/rate.h"
#include "net/timer.h"

struct ph_letter;
struct ph_lobby_group;
struct ph_room;

enum ph_member_state {
    PH_MEMBER_CONNECTING, /**< the connect hook thinks */
    PH_MEMBER_WAITING,    /**< for a room to be made */
    PH_MEMBER_ENTERING,   /**< the enter_room hook thinks */
    PH_MEMBER_IN,         /**< in a room */
    PH_MEMBER_ALONE,      /**< in none, for a moment: between two rooms */
};

/** A stream that it publishes or plays with leave of the application. */
struct ph_member_stream {
    struct ph_list link;
    enum ph_seat_verb verb;
    uint64_t since_ms; /**< since 1970 */
    char name[];
};

enum { PH_TOKEN_TEXT = 33 };   /**< 32 hexadecimal digits and NUL */
enum { PH_SESSION_TEXT = 26 }; /**< 8 and up to 16 hexadecimal digits, a dash and NUL */

/** Where a member is to go. */
struct ph_destination {
    const char *name;                /**< of the room; "" is the hall */
    const struct rtmp_value *filter; /**< into any room that fits, or a new one, whose name begins so; NULL */
    const char *password;
    const char *ticket;               /**< of a reservation */
    const struct rtmp_value *options; /**< of the join request */
    enum ph_reason reason;            /**< for who is left */
    ph_done_fn done;                  /**< told when it has arrived, or has not; may be NULL */
    void *user;
    struct ph_letter *letter; /**< a call that is answered then; NULL: none */
};

struct ph_member {
    ph_member_id id;
    char session[PH_SESSION_TEXT]; /**< the id for others: no other member has it, in no run of the server */
    struct ph_instance *instance;
    struct ph_list link; /**< in the instance */
    enum ph_member_state state;
    bool is_known;           /**< connect was asked and has not refused: disconnect follows */
    bool is_leaving;         /**< its end is a task already */
    struct ph_seat *seat;    /**< NULL: it has dropped */
    struct ph_loop *worker;  /**< of the seat */
    struct ph_letter *join;  /**< to be answered when it is in; NULL afterwards */
    struct rtmp_arena arena; /**< of request and user */
    const struct ph_seat_request *request;
    const char *user;
    uint64_t connected_ms;
    void *data;

    struct ph_room *room;      /**< it is in, enters, or waits for */
    struct ph_list in_room;    /**< in the room's members, or those who wait for it */
    struct ph_list questions;  /**< list of struct ph_question::link */
    struct ph_list streams;    /**< list of struct ph_member_stream::link */
    struct ph_list attributes; /**< list of struct ph_attribute::link: attribute.h */
    size_t attribute_bytes;

    struct ph_list uses;    /**< list of struct ph_object_use::in_member */
    struct ph_list updates; /**< list of struct ph_letter::link: for shared objects, more than the rate allows */
    struct ph_timer update_throttle;

    struct ph_list calls; /**< list of struct ph_letter::link: asked, not begun */
    unsigned n_running;   /**< begun, not answered */
    bool is_exclusive;    /**< one of them is not concurrent */
    struct ph_rate rate;
    struct ph_rate *method_rates; /**< of methods that have their own, by index; NULL before the first */
    struct ph_timer throttle;

    struct ph_list invokes; /**< list of struct invoke::link: calls to the client that wait for a reply */
    uint32_t n_invokes, last_invoke;

    struct ph_list watching;            /**< in its group */
    struct ph_lobby_group *lobby_group; /**< NULL: it does not watch the lobby */

    char token[PH_TOKEN_TEXT]; /**< to resume with; "": its room has no grace period */
    struct ph_timer grace;     /**< runs while it is dropped */
    struct ph_list missed;     /**< list of struct ph_letter::link, for when it comes back */
    unsigned n_missed;
    bool has_lost; /**< there were too many */
    uint64_t seen; /**< the room's last event before it dropped */

    struct ph_task end; /**< kick */
    enum ph_reason end_reason;
    struct ph_task move;
    struct ph_destination *moving; /**< where to, in moving_arena; NULL: nowhere */
    struct rtmp_arena moving_arena;
};

/** Make a member for a JOIN letter, which stays the caller's; it takes its arena. NULL: out of memory. */
struct ph_member *ph_member_create(struct ph_instance *instance, struct ph_letter *join);

/** NULL: it has gone. */
struct ph_member *ph_member_get(const struct ph_instance *instance, ph_member_id id);

/** The same by its name for others. */
struct ph_member *ph_member_of_session(const struct ph_instance *instance, const char *session);

/**
 * From a fresh stack: everything that a member's end means, in its order: calls fail, streams end, it leaves its
 * room, it is disconnected; it is freed.
 *
 * why  what its client is told if it still has one; NULL: nothing, it knows
 */
void ph_member_end(struct ph_member *member, enum ph_reason reason, const struct ph_refusal *why);

/** The same as a task; `why` is said as NetConnection.Connect.Closed with `description` (copied, may be NULL). */
void ph_member_kick(struct ph_member *member, enum ph_reason reason, const char *code, const char *description);

/** A letter to its client; NULL is fine. Without a seat it waits for the client to come back, or is thrown away. */
void ph_member_post(struct ph_member *member, struct ph_letter *letter);

/* join.c */

/** A JOIN letter has come. */
void ph_member_join(struct ph_instance *instance, struct ph_letter *join);

/** Send it to another room, made if it is not there; all but the letter is copied. As ph_members.move. */
int ph_member_move(struct ph_member *member, const struct ph_destination *to);

/** Write the welcome into a letter: who it is, where it is, a new token. False: no memory. */
bool ph_welcome_fill(struct ph_member *member, struct ph_letter *letter);

/** The move is over: who asked for it is told. `why`: a refusal, or NULL. */
void ph_member_end_move(struct ph_member *member, int error, const struct ph_refusal *why);

/** From a fresh stack: leave the room it is in. */
void ph_member_leave_room(struct ph_member *member, enum ph_reason reason);

/* calls.c */

/** A CALL letter has come. */
void ph_member_take_call(struct ph_member *member, struct ph_letter *call);

/** A REPLY letter has come. */
void ph_member_take_reply(struct ph_member *member, struct ph_letter *reply);

/** Call the client: as ph_members.call. */
int ph_member_invoke(struct ph_member *member, const char *name, const struct rtmp_value *arguments,
                     uint32_t timeout_ms, ph_done_fn done, void *user);

/** Return a CALL letter with the answer. */
void ph_member_answer_call(struct ph_member *member, struct ph_letter *call, int verdict,
                           const struct ph_answer *answer);

/** Withdraw what the application is asked: letters are returned. */
void ph_member_withdraw(struct ph_member *member);

/** Nobody waits for the replies of the client any more. */
void ph_member_drop_invokes(struct ph_member *member);

/** All that waits fails: calls of the client, calls to it. */
void ph_member_fail_calls(struct ph_member *member);

/* streams.c */

/** ASK, OVER and DATA letters have come. */
void ph_member_take_ask(struct ph_member *member, struct ph_letter *ask);
void ph_member_take_over(struct ph_member *member, struct ph_letter *over);
void ph_member_take_data(struct ph_member *member, struct ph_letter *data);

/** They end, and the application hears of it. */
void ph_member_end_streams(struct ph_member *member);

#endif
