/* SPDX-License-Identifier: MIT */
/**
 * @file  The outbox: notices to the backend, delivered at least once while the server runs.
 *
 * A notice that fails is sent again, with the same id, after 0.1 s, 0.2 s … 20 s. When there is no room for one it is
 * dropped and counted, and as soon as the outbox is empty the backend is told of all sessions.
 *
 * Owner   The proxy; the notices are their sessions'.
 * Thread  The instance's loop.
 */
#ifndef APPS_JSONRPC_OUTBOX_H
#define APPS_JSONRPC_OUTBOX_H

#include <playhouse/app.h>

struct ph_rpc_proxy;
struct ph_rpc_request;
struct ph_rpc_session;

struct ph_rpc_outbox {
    uint32_t n, cap;
    bool has_dropped; /**< the backend does not know all */
};

/** Send a notice about the session. `hook`: an enum ph_rpc_hook. */
void ph_rpc_tell(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, int hook, const char *room,
                 const struct ph_value *args);

/** Send the session's next notice if it is time. */
void ph_rpc_outbox_see(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session);

/** From time to time: those that are to be tried again. */
void ph_rpc_outbox_look(struct ph_rpc_proxy *proxy, uint64_t now_ms);

/** Free the notices of a session. */
void ph_rpc_outbox_forget(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session);

/** Tell of all sessions, in parts. */
void ph_rpc_tell_sessions(struct ph_rpc_proxy *proxy);

#endif
