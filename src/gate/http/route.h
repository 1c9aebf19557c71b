/* SPDX-License-Identifier: MIT */
/**
 * @file  Routes: what the HTTP gate knows of the parts it leads to.
 *
 * Owner   The wiring; constant while connections come.
 * Thread  `open` is called on the worker of the connection.
 */
#ifndef PH_GATE_HTTP_ROUTE_H
#define PH_GATE_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/http/head.h"

struct ph_conn;

/** A WebSocket that a route is offered. */
struct ph_upgrade {
    const struct ph_http_head *head; /**< lent for the call */
    struct rtmp_text rest;           /**< of the path, behind that of the route, without slash: "chat/blue" */
    bool is_secure;
};

struct ph_route {
    const char *path; /**< "/rtmp"; with `is_tree` also everything below it */
    bool is_tree;
    const char *subprotocol; /**< that must be offered, and is confirmed; NULL: none */
    const char *help;        /**< for the manual */
    /**
     * Take the connection over with ph_conn_handle(): 101 has been said, what follows are frames. Or refuse with a
     * negative errno value: the connection is closed.
     */
    int (*open)(void *user, struct ph_conn *conn, const struct ph_upgrade *upgrade);
    void *user;
};

struct ph_routes {
    const struct ph_route *rows;
    size_t n_rows;
};

/** The route of a path, and the rest behind it; NULL: there is none. */
const struct ph_route *ph_route_find(const struct ph_routes *routes, struct rtmp_text path, struct rtmp_text *rest);

#endif
