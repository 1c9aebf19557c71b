/* SPDX-License-Identifier: MIT */
/**
 * @file  Sessions: what the proxy knows of a member, and what it still has to tell of one that has gone.
 *
 * Notices of a session go one after the other, in their order, and never while a question of the session is under way:
 * the backend hears of everything in the order in which it happened.
 *
 * Owner   The proxy's list; the member's data points there while it is a member.
 * Thread  The instance's loop.
 */
#ifndef APPS_JSONRPC_SESSION_H
#define APPS_JSONRPC_SESSION_H

#include <playhouse/app.h>

#include "apps/jsonrpc/text.h"

struct ph_rpc_proxy;
struct ph_rpc_request;

struct ph_rpc_session {
    struct ph_rpc_session *next, **link; /**< in the proxy's list */
    ph_member_id member;                 /**< 0: it has gone, or is nobody */
    uint64_t n_events;                   /**< numbers what the backend hears of it */
    unsigned n_open;                     /**< questions under way or waiting */
    char *meta;                          /**< JSON that the backend wants back with each request; NULL */
    uint64_t expires_ms, refresh_ms;     /**< monotonic; 0: it does not expire */
    bool is_refreshing;

    struct ph_rpc_request *first, **last; /**< notices that wait: outbox.c */
    bool is_sending;                      /**< one is under way */
    unsigned n_tries;                     /**< of the first notice */
    uint64_t retry_ms;
};

/** NULL: out of memory. */
struct ph_rpc_session *ph_rpc_session_create(struct ph_rpc_proxy *proxy, ph_member_id member);

/** The member's; NULL: it has none. */
struct ph_rpc_session *ph_rpc_session_of(const struct ph_rpc_proxy *proxy, ph_member_id member);

/** The member has gone: free it when its last notice has arrived. */
void ph_rpc_session_leave(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session);

/** Free it if nothing is left to do; else see to its notices. NULL is fine. */
void ph_rpc_session_settle(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session);

void ph_rpc_session_free(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session);

/** Append what a request says about it: an object. */
void ph_rpc_session_tell(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, const char *room,
                         struct ph_rpc_text *text);

#endif
