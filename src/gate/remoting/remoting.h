/* SPDX-License-Identifier: MIT */
/**
 * @file  The remoting gate: /gateway/APP and /gateway/APP/ROOM, AMF over HTTP for Flash's and Ruffle's
 * NetConnection.call without a connection.
 *
 * Each POST is a member of the application for as long as its calls take: connect, the room, the calls in their order,
 * disconnect. The envelope's headers are its properties. Only applications with `remoting = true`.
 *
 * Owner   main makes it before connections come; a visit belongs to its request.
 * Thread  The worker of the connection.
 */
#ifndef PH_GATE_REMOTING_REMOTING_H
#define PH_GATE_REMOTING_REMOTING_H

#include "gate/http/route.h"

struct ph_apps;
struct ph_theatre;

/** Everything is lent. */
struct ph_remoting_gate {
    const struct ph_apps *apps;
    struct ph_theatre *theatre;
    const char *cors; /**< whose pages may call: "*", an origin, or "" for this host's alone */
};

/** The `answer` of a route; `user` is a struct ph_remoting_gate. */
void ph_remoting_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request);

#endif
