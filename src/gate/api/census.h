/* SPDX-License-Identifier: MIT */
/**
 * @file  A census: a round of the workers that writes down streams, sessions and the workers themselves.
 *
 * Owner   Itself: from the start until its end has been told.
 * Thread  Started and told on the worker of the exchange.
 */
#ifndef PH_GATE_API_CENSUS_H
#define PH_GATE_API_CENSUS_H

#include <jansson.h>

#include "gate/api/api.h"
#include "gate/api/resource.h"
#include "net/round.h"

struct ph_census {
    struct ph_round round;
    struct ph_api *api;
    struct ph_exchange *exchange;           /**< NULL: who asked has left */
    void (*told)(struct ph_census *census); /**< answers; only called while somebody waits */
    json_t *streams;                        /**< by path: object of fields */
    json_t *sessions, *workers;             /**< arrays */
    struct ph_page page;                    /**< of lists */
    char path[272];                         /**< what is asked for; "": all */
    uint64_t wanted;                        /**< session that is to be closed; 0: none */
    bool is_found, failed;
};

/** Begin one; answers with 503 when there is no memory. */
void ph_census_start(const struct ph_api_call *call, const struct ph_census *wish);

/** Answer with a JSON value, which is taken. */
void ph_api_say(struct ph_exchange *exchange, unsigned status, json_t *value);

/** Answer with problem+json. */
void ph_api_refuse(struct ph_exchange *exchange, unsigned status, const char *title, const char *fields);

/** Answer with the page of a list; `rows` is lent. NULL: there was no memory for them, and that is said. */
void ph_api_say_page(struct ph_exchange *exchange, const struct ph_page *page, const json_t *rows);

/* relays.c */
void ph_api_tell_relays(const struct ph_api_call *call);
void ph_api_tell_relay(const struct ph_api_call *call);
void ph_api_add_relay(const struct ph_api_call *call);
void ph_api_pause_relay(const struct ph_api_call *call);
void ph_api_resume_relay(const struct ph_api_call *call);
void ph_api_remove_relay(const struct ph_api_call *call);

/* rpc.c */
void ph_api_rpc(const struct ph_api_call *call);

/* rooms.c */
void ph_api_tell_rooms(const struct ph_api_call *call);
void ph_api_close_room(const struct ph_api_call *call);

#endif
