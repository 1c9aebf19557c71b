/* SPDX-License-Identifier: MIT */
/**
 * @file  A listener: accepts on one loop, gives each connection to the least loaded worker.
 *
 * No SO_REUSEPORT: it spreads badly, and a forgotten second instance would take half of the connections.
 * At the descriptor limit it accepts and closes one connection with a spare descriptor, rests, and says so once a
 * second.
 *
 * Owner   The caller, until ph_listener_close().
 * Thread  Its accepting loop's; on_conn runs on the worker's.
 * Since   0.1
 */
#ifndef PH_NET_LISTENER_H
#define PH_NET_LISTENER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/admission.h"
#include "net/conn.h"
#include "net/loop.h"

struct ph_listener;

struct ph_listener_options {
    const char *name;               /**< "media"; copied */
    const char *address;            /**< as ph_address_parse() takes it */
    struct ph_loop *loop;           /**< accepts; lent */
    struct ph_loops *workers;       /**< get the connections; lent; `loop` may be one of them */
    struct ph_admission *admission; /**< lent; shared by the listeners of one loop; NULL: no caps */
    struct ph_log *log;             /**< lent; may be NULL */
    /**
     * A connection has come; called on the worker's thread. Takes it over with ph_conn_handle(), or closes it.
     * Until then its bytes are held.
     */
    void (*on_conn)(void *user, struct ph_conn *conn);
    void *user;
};

/**
 * Open the door: before the loops start, or on the accepting loop.
 *
 * error, cap  out: on failure, one line for people
 *
 * Returns 0; a negative errno value.
 */
PH_MUST_USE int ph_listener_open(const struct ph_listener_options *options, struct ph_listener **listener, char *error,
                                 size_t cap);

/** What it listens on, the port as the system chose it. */
const struct ph_address *ph_listener_address(const struct ph_listener *listener);

/** Accept nothing more; connections stay. On the accepting loop, or when it does not run. NULL is fine. */
void ph_listener_close(struct ph_listener *listener);

/** Raise the process's descriptor limit as far as it may go. Returns 0; a negative errno value. */
PH_MUST_USE int ph_descriptors_raise(uint64_t *limit);

#endif
