/* SPDX-License-Identifier: MIT */
/** @file  The server: every part, made in order, wired, and taken down in the opposite order. */
#ifndef PH_MAIN_SERVER_H
#define PH_MAIN_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/log.h"
#include "ops/settings.h"
#include "ops/state.h"

struct server;

/** Which address a listener got. */
struct server_door {
    const char *name;
    const struct ph_address *address;
    enum ph_listen_tls tls;
};

/**
 * Make all parts and open the doors; clients are served from here on.
 *
 * settings, state  lent for the life of the server
 * error            out on failure, PH_SETTINGS_ERROR bytes: one line
 *
 * Returns 0; a negative errno value.
 */
PH_MUST_USE int server_start(const struct ph_settings *settings, const struct ph_state *state, struct server **server,
                             char *error);

struct ph_log *server_log(struct server *server);

/** Door number `i`; false: there are no more. */
bool server_door(const struct server *server, size_t i, struct server_door *door);

/**
 * Take over what can change while clients are connected: the log's level, who may publish, and the keys.
 *
 * Returns 0; a negative errno value, and nothing is changed.
 */
PH_MUST_USE int server_reload(struct server *server, const struct ph_settings *settings, const struct ph_state *state);

/** Look at the memory in use, once a second or so: when it is nearly all, nobody is let in until it is less again. */
void server_watch_memory(struct server *server);

/** Let nobody in any more, and tell every client. */
void server_drain(struct server *server);

/** How many clients are still there. */
unsigned server_n_clients(const struct server *server);

/** Cut off who is left and free everything. NULL is fine. */
void server_stop(struct server *server);

#endif
