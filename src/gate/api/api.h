/* SPDX-License-Identifier: MIT */
/**
 * @file  The API gate: what operators and their programs ask and order, as JSON; metrics; signs of life.
 *
 * /api/v1 wants "Authorization: Bearer TOKEN"; the others tell nothing that is secret, and belong to the local door
 * as it does. Errors are problem+json (RFC 9457).
 *
 * Owner   main makes it before connections come and keeps it until the loops have stopped.
 * Thread  Requests live on the worker of their connection; what they ask for is collected by a round of the workers.
 */
#ifndef PH_GATE_API_API_H
#define PH_GATE_API_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gate/api/resource.h"

struct ph_apps;
struct ph_log;
struct ph_loops;
struct ph_media;
struct ph_relay;
struct ph_tail;
struct ph_theatre;

/** Everything is lent. */
struct ph_api {
    struct ph_loops *workers;
    struct ph_media *media;
    const struct ph_apps *apps;
    struct ph_relay *relay;
    const struct ph_theatre *theatre;
    struct ph_log *log;
    const char *tokens[PH_API_ROLES]; /**< of each role */
    const char *version;
    uint64_t (*memory)(void);      /**< resident bytes */
    void (*order)(bool is_reload); /**< reload, else end */
    atomic_bool is_draining;
    uint64_t began_us; /**< of the workers' clock */
    struct ph_tail *tail;
    const char *publish_key; /**< NULL: everybody may publish */
    unsigned port;           /**< of clients */
};

/** The `answer` of routes; `user` is the struct ph_api. */
void ph_api_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request);
void ph_api_metrics(void *user, struct ph_exchange *exchange, const struct ph_request *request);
void ph_api_health(void *user, struct ph_exchange *exchange, const struct ph_request *request);
void ph_api_ready(void *user, struct ph_exchange *exchange, const struct ph_request *request);

#endif
