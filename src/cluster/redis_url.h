/* SPDX-License-Identifier: MIT */
/**
 * @file  The URL of a Redis: redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE].
 *
 * Thread  Any.
 */
#ifndef PH_CLUSTER_REDIS_URL_H
#define PH_CLUSTER_REDIS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum { REDIS_URL_TEXT = 256, REDIS_URL_DATABASE_MAX = 9999, REDIS_URL_PORT = 6379 };

struct redis_url {
    bool is_secure;
    char host[REDIS_URL_TEXT]; /**< without brackets */
    uint16_t port;
    char user[REDIS_URL_TEXT], password[REDIS_URL_TEXT]; /**< decoded; "": none */
    unsigned database;
};

/** Returns 0; -EINVAL, and `why`, in static storage, tells people, to be read behind "the URL". */
PH_MUST_USE int redis_url_parse(const char *text, struct redis_url *url, const char **why);

#endif
