/* SPDX-License-Identifier: MIT */
/**
 * @file  Routes: what the HTTP gate knows of the parts it leads to, and how they answer.
 *
 * A request that a route gets is answered once: at once, or later on the same worker, or by taking the connection over.
 * The next request on the connection is not looked at before.
 *
 * Owner   Rows belong to the wiring and are constant while connections come. An exchange belongs to the HTTP gate:
 * after its answer, or when it is `gone`, the pointer is dead. Thread  The worker of the connection.
 */
#ifndef PH_GATE_HTTP_ROUTE_H
#define PH_GATE_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/http/head.h"

struct ph_conn;
struct ph_exchange;
struct ph_text;

enum ph_http_method { PH_HTTP_GET = 1, PH_HTTP_POST = 2, PH_HTTP_PUT = 4, PH_HTTP_DELETE = 8 };

/** A request as a route sees it; lent for the call. */
struct ph_request {
    const struct ph_http_head *head;
    struct rtmp_text rest; /**< of the path, behind that of the route, without slash: "chat/blue" */
    unsigned method;       /**< enum ph_http_method; HEAD is GET */
    const uint8_t *body;
    size_t length;
};

/** A WebSocket that a route is offered. */
struct ph_upgrade {
    const struct ph_http_head *head; /**< lent for the call */
    struct rtmp_text rest;           /**< as above */
    bool is_secure;
};

struct ph_route {
    const char *path; /**< "/rtmp"; with `is_tree` also everything below it */
    bool is_tree;
    const char *ending; /**< ".flv": only paths that end so; NULL: all */
    unsigned methods;   /**< enum ph_http_method bits that `answer` takes */
    const char *help;   /**< for the manual */
    /** Answer a request. NULL: this address speaks WebSocket only. */
    void (*answer)(void *user, struct ph_exchange *exchange, const struct ph_request *request);
    const char *subprotocol; /**< of WebSockets: must be offered, and is confirmed; NULL: none */
    /**
     * Take a WebSocket over with ph_conn_handle(): 101 has been said, what follows are frames. Or refuse with a
     * negative errno value: the connection is closed. NULL: no WebSocket here.
     */
    int (*open)(void *user, struct ph_conn *conn, const struct ph_upgrade *upgrade);
    void *user;
};

struct ph_routes {
    const struct ph_route *rows;
    size_t n_rows;
};

/** The first route of a path, and the rest behind it; NULL: there is none. */
const struct ph_route *ph_route_find(const struct ph_routes *routes, struct rtmp_text path, struct rtmp_text *rest);

/** Finished words for the client. */
struct ph_http_answer {
    unsigned status;    /**< 200 */
    const char *type;   /**< of the body: "text/plain; charset=utf-8" */
    const char *fields; /**< more lines of the head, each with its CRLF; NULL */
    const void *body;
    size_t length;
    void (*release)(void *owner); /**< NULL: the body is copied; else it is lent until this is called, once */
    void *owner;
};

/** Answer; HEAD gets the head alone. */
void ph_exchange_answer(struct ph_exchange *exchange, const struct ph_http_answer *answer);

/** Say no, in a sentence without full stop. */
void ph_exchange_refuse(struct ph_exchange *exchange, unsigned status, const char *why);

/** The answer comes later; `gone` is called when the client leaves before. */
void ph_exchange_wait(struct ph_exchange *exchange, void (*gone)(void *user), void *user);

/** The connection, while the answer is due. */
struct ph_conn *ph_exchange_conn(const struct ph_exchange *exchange);

bool ph_exchange_is_head(const struct ph_exchange *exchange);

/** Take the connection over instead of an answer: call ph_conn_handle() at once; it ends the answer by closing. */
struct ph_conn *ph_exchange_take(struct ph_exchange *exchange);

/** The head of an answer that ends with its connection. */
void ph_http_stream_head(struct ph_text *text, const char *type, const char *fields);

#endif
