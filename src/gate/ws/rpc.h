/* SPDX-License-Identifier: MIT */
/**
 * @file  The JSON gate: members of applications over WebSocket, in JSON-RPC 2.0.
 *
 * Source  docs/protocol-json.md; JSON-RPC 2.0; RFC 6455.
 * Owner   main makes it before connections come and destroys it after the loops have stopped.
 * Thread  Sessions live on the worker of their connection; functions marked [any] may be called anywhere.
 * Limits  PH_LIMIT_WS_MESSAGE bytes per message, PH_LIMIT_EVENT_QUEUE bytes that wait for a client.
 */
#ifndef PH_GATE_WS_RPC_H
#define PH_GATE_WS_RPC_H

#include "base/attr.h"
#include "gate/http/route.h"

struct ph_apps;
struct ph_log;
struct ph_loops;
struct ph_rpc;
struct ph_theatre;

#define PH_RPC_SUBPROTOCOL "playhouse.v1"

struct ph_rpc_options {
    struct ph_loops *workers;   /**< lent */
    const struct ph_apps *apps; /**< lent */
    struct ph_theatre *theatre; /**< lent */
    struct ph_log *log;         /**< lent */
    uint32_t ping_ms, pong_ms;
};

/** Returns 0; -ENOMEM. */
PH_MUST_USE int ph_rpc_create(const struct ph_rpc_options *options, struct ph_rpc **gate);

/** NULL is fine. */
void ph_rpc_destroy(struct ph_rpc *gate);

/** The `open` of a struct ph_route: the rest of the path names application and room. */
int ph_rpc_open(void *gate, struct ph_conn *conn, const struct ph_upgrade *upgrade);

/** [any, once] Tell every client that the server stops, and close each. */
void ph_rpc_drain(struct ph_rpc *gate);

/** [any] */
unsigned ph_rpc_n_sessions(const struct ph_rpc *gate);

#endif
