/* SPDX-License-Identifier: MIT */
/**
 * @file  The HTTP gate: reads requests and leads each to its route: for an answer, or as a WebSocket.
 *
 * Who upgrades from a page must come from this host, or from an origin that the configuration lists.
 *
 * Owner   main makes it before connections come and destroys it after the loops have stopped.
 * Thread  Requests live on the worker of their connection.
 * Limits  Of exchange.h.
 */
#ifndef PH_GATE_HTTP_HTTP_H
#define PH_GATE_HTTP_HTTP_H

#include "base/attr.h"
#include "gate/http/route.h"

struct ph_conn;
struct ph_log;

struct ph_http_gate {
    struct ph_routes routes; /**< lent */
    const char *origins; /**< lent; those allowed besides this host: "https://a.example, https://b.example" or "*" */
    bool is_logged;      /**< each request is a line of the log */
    struct ph_log *log;  /**< lent */
    bool is_local;       /**< the operator's door: a name that leads here by a trick of DNS is refused */
};

/** Take a connection over: the `open` of a struct ph_protocol. `user` is a struct ph_http_gate. */
int ph_http_open(void *user, struct ph_conn *conn);

/** Whether the gate may be asked by this name. */
bool ph_http_host_is_allowed(const struct ph_http_gate *gate, struct rtmp_text host);

/** Whether a page of `origin` may open a WebSocket at `host`; no origin: it is no page. */
bool ph_origin_is_allowed(struct rtmp_text origin, struct rtmp_text host, const char *origins);

#endif
