/* SPDX-License-Identifier: MIT */
/**
 * @file  Resources: what there is below /api/v1, who may do what with it, and the description that is made of that.
 *
 * Owner   Rows are constant.
 * Thread  Any.
 */
#ifndef PH_GATE_API_RESOURCE_H
#define PH_GATE_API_RESOURCE_H

#include <jansson.h>
#include <stdio.h>

#include "gate/api/page.h"
#include "gate/http/route.h"

struct ph_api;
struct ph_application;

/** Who shows a token, each may do what those before may. */
enum ph_api_role {
    PH_API_READ,    /**< look */
    PH_API_OPERATE, /**< change what goes on: sessions, rooms, relays */
    PH_API_ADMIN,   /**< change the server: options, its end */
    PH_API_ROLES,
};

extern const char *const ph_api_role_names[PH_API_ROLES];

/** A request that may be answered; lent for the call. */
struct ph_api_call {
    struct ph_api *api;
    struct ph_exchange *exchange;
    const struct ph_request *request;
    struct rtmp_text rest;              /**< of the path, from its first placeholder on */
    const struct ph_application *scope; /**< the only application that may be meant; NULL: any */
    struct ph_page page;                /**< of lists */
};

struct ph_resource {
    const char *path; /**< "apps/{app}/rooms/{room}"; "{path*}" at the end takes what there is with its slashes */
    unsigned method;  /**< enum ph_http_method */
    enum ph_api_role role;
    const char *summary;
    const struct ph_page_fields *list; /**< NULL: it is no list */
    unsigned status;                   /**< of an answer that is good */
    void (*run)(const struct ph_api_call *call);
};

extern const struct ph_resource ph_api_resources[];
extern const size_t ph_api_n_resources;

/** The row for a method and a path below /api/v1; NULL: none. methods: out, those that the path has. rest: out. */
const struct ph_resource *ph_resource_find(unsigned method, struct rtmp_text path, unsigned *methods,
                                           struct rtmp_text *rest);

/** All of it as OpenAPI 3.1. NULL: out of memory. */
json_t *ph_api_describe(void);

/** The same as text, for docs/openapi.json. */
void ph_api_print_description(FILE *out);

#endif
