/* SPDX-License-Identifier: MIT */
/**
 * @file  A line: requests of one kind that wait for their turn at one backend.
 *
 * At most `in_flight` are under way, the others wait; those for whom there is no room, and those who have waited too
 * long, fail. After `breaker` failures in a row the line closes for `breaker_ms`: all fail at once, then one goes to
 * find out. A request is sent once: whether one that failed was heard is told apart (PH_RPC_UNKNOWN).
 *
 * Owner   The route. A request belongs to its line from the moment it is sent until it has been answered.
 * Thread  The instance's loop.
 */
#ifndef APPS_JSONRPC_LINE_H
#define APPS_JSONRPC_LINE_H

#include <playhouse/app.h>

#include "apps/jsonrpc/text.h"

struct ph_rpc_post;
struct ph_rpc_proxy;
struct ph_rpc_request;
struct ph_rpc_route;
struct ph_rpc_session;

enum ph_rpc_outcome {
    PH_RPC_RESULT,      /**< value: as the backend said */
    PH_RPC_ERROR,       /**< value: code, message, data */
    PH_RPC_TIMEOUT,     /**< it may have been heard */
    PH_RPC_UNKNOWN,     /**< the connection broke; it may have been heard */
    PH_RPC_UNREACHABLE, /**< it was not heard */
    PH_RPC_OVERLOADED,  /**< it was not sent: too many wait, or for too long */
    PH_RPC_CLOSED,      /**< it was not sent: the breaker is open */
    PH_RPC_STATUS,      /**< no success over HTTP */
    PH_RPC_BAD,         /**< that was no answer */
};

struct ph_rpc_reply {
    enum ph_rpc_outcome outcome;
    const struct ph_value *value; /**< lent; NULL where there is none */
    int status;                   /**< of HTTP; 0: none came */
    uint32_t retry_s;             /**< that the backend wants to be left alone for; 0: it did not say */
};

typedef void (*ph_rpc_answered_fn)(struct ph_rpc_request *request, const struct ph_rpc_reply *reply);

enum { PH_RPC_ID = 40 };

/** One JSON-RPC request; made and freed by its sender, in the end in `answered`. */
struct ph_rpc_request {
    struct ph_rpc_request *next; /**< private: in a line or a post */
    struct ph_rpc_proxy *proxy;
    const struct ph_rpc_route *route; /**< of the line that it was sent by */
    struct ph_rpc_session *session;
    ph_rpc_answered_fn answered;
    int hook;             /**< enum ph_rpc_hook */
    bool is_notification; /**< nothing is wanted but that it has come */
    ph_answer_id later;
    ph_member_id member; /**< 0: nobody's */
    char id[PH_RPC_ID];
    char room[129]; /**< of a decision: its room */
    struct ph_rpc_text body;
    uint64_t since_ms;
};

struct ph_rpc_line {
    struct ph_rpc_proxy *proxy;
    struct ph_rpc_route *route;
    bool is_patient; /**< who waits is not sent away */
    struct ph_rpc_request *first, **last;
    struct ph_rpc_post *posts; /**< under way */
    uint32_t n_waiting, n_in_flight, n_failures;
    uint64_t closed_until_ms; /**< 0: the breaker is shut */
};

void ph_rpc_line_init(struct ph_rpc_line *line, struct ph_rpc_proxy *proxy, struct ph_rpc_route *route,
                      bool is_patient);

/** Free what waits and what is under way, unheard. */
void ph_rpc_line_finish(struct ph_rpc_line *line);

/** Send it, now or when its turn comes. `answered` is called once, maybe before this returns. */
void ph_rpc_line_send(struct ph_rpc_line *line, struct ph_rpc_request *request);

/** Forget those of a member that wait for a decision: nobody wants it any more. */
void ph_rpc_line_drop(struct ph_rpc_line *line, ph_member_id member);

/** From time to time: send away who has waited too long, try again what is closed. */
void ph_rpc_line_look(struct ph_rpc_line *line, uint64_t now_ms);

#endif
