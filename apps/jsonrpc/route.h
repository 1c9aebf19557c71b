/* SPDX-License-Identifier: MIT */
/**
 * @file  Routes: where requests go whose names begin alike, and how much of the backend they may use.
 *
 * An option NAME is of the route of all requests; PREFIX.NAME is of those called PREFIX or PREFIX.something, and of
 * hooks: `$connect.timeout_ms`. The longest prefix wins; what it does not set is as in the route of all.
 *
 * Owner   The proxy.
 * Thread  The instance's loop.
 * Limits  PH_RPC_ROUTES.
 */
#ifndef APPS_JSONRPC_ROUTE_H
#define APPS_JSONRPC_ROUTE_H

#include <playhouse/app.h>

#include "apps/jsonrpc/line.h"

enum { PH_RPC_ROUTES = 16, PH_RPC_HEADERS = 16, PH_RPC_STATUSES = 16, PH_RPC_PREFIX = 128 };

/** Requests of different kinds do not wait for each other. */
enum ph_rpc_class { PH_RPC_CALLS, PH_RPC_DECISIONS, PH_RPC_NOTES, PH_RPC_CLASSES };

struct ph_rpc_route {
    char prefix[PH_RPC_PREFIX + 1]; /**< "": all */
    const char *url;                /**< static, as all texts: of the configuration */
    const char *unix_socket;        /**< NULL: TCP */
    const char *ca, *certificate, *key;
    uint32_t timeout_ms, connect_timeout_ms, reply_max;
    uint32_t in_flight, queue, queue_wait_ms, batch;
    uint32_t breaker, breaker_ms;
    char *header[PH_RPC_HEADERS]; /**< "Name: value"; `n_headers` of them, owned */
    size_t n_headers;
    struct {
        int status;
        char *code; /**< owned */
    } status[PH_RPC_STATUSES];
    size_t n_statuses;
    struct ph_rpc_line line[PH_RPC_CLASSES];
};

struct ph_rpc_routes {
    struct ph_rpc_route *route; /**< `n` of them; the first is of all */
    size_t n;
};

/** Read the options. Returns 0; or an error, and *fault is a text of the callback's scratch. */
int ph_rpc_routes_load(struct ph_app *app, struct ph_rpc_routes *routes, const char **fault);

/** Requests under way end unheard. */
void ph_rpc_routes_finish(struct ph_rpc_routes *routes);

/** That of a name. */
struct ph_rpc_route *ph_rpc_route_of(struct ph_rpc_routes *routes, const char *name);

#endif
