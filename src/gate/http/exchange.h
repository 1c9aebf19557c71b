/* SPDX-License-Identifier: MIT */
/**
 * @file  One HTTP connection: its requests and answers, one after the other.
 *
 *     reading -> asked -> sending -> reading ... -> (on_close) gone
 *      |           |  `-> taken over by a route: gone
 *      |           `- a route answers at once or later
 *      `- deadlines: the head, the body, the pause between two requests; while sending, for each move of the peer
 *
 * Owner   Its connection: made in ph_http_open(), freed when that closes or is taken over.
 * Thread  The worker of the connection.
 * Limits  PH_LIMIT_HTTP_HEAD, _BODY, _REQUESTS, and their deadlines.
 */
#ifndef PH_GATE_HTTP_EXCHANGE_H
#define PH_GATE_HTTP_EXCHANGE_H

#include "base/buf.h"
#include "gate/http/http.h"
#include "net/loop.h"
#include "net/timer.h"

enum ph_exchange_state { PH_EXCHANGE_READING, PH_EXCHANGE_ASKED, PH_EXCHANGE_SENDING };

struct ph_exchange {
    const struct ph_http_gate *gate;
    struct ph_conn *conn;
    struct ph_timer deadline;
    enum ph_exchange_state state;
    unsigned n_requests;
    bool is_head, keeps_alive, has_continued;
    char *asked; /* "GET /path", for the log; NULL: it is not kept */
    uint64_t asked_us;

    void (*gone)(void *user); /* of a route that answers later */
    void *user;

    struct ph_buf head;  /* of the answer, and a body that was copied */
    const uint8_t *body; /* what is left of a lent one */
    size_t length;
    void (*release)(void *owner);
    void *owner;
};

/** [http.c] Find the route of a request and ask it. */
void ph_http_ask(struct ph_exchange *exchange, const struct ph_request *request);

/** [upgrade.c] Make the connection a WebSocket for `route`, or refuse. */
void ph_http_upgrade(struct ph_exchange *exchange, const struct ph_request *request, const struct ph_route *route);

/** Refuse with more fields; the connection ends. */
void ph_exchange_refuse_with(struct ph_exchange *exchange, unsigned status, const char *fields, const char *why);

#endif
