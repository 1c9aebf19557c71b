/* SPDX-License-Identifier: MIT */
/**
 * @file  Which protocol a new connection speaks, from its first bytes; then the matching gate takes it over.
 *
 * Thread  The connection's loop.
 * Limits  PH_LIMIT_FIRST_BYTE_MS from accept to the bytes that tell.
 * Since   0.1
 */
#ifndef PH_NET_DETECT_H
#define PH_NET_DETECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/log.h"
#include "net/conn.h"

enum ph_wire {
    PH_WIRE_MORE,    /**< the bytes so far fit more than one, or are none */
    PH_WIRE_UNKNOWN, /**< none of ours */
    PH_WIRE_RTMP,
    PH_WIRE_TLS,
    PH_WIRE_HTTP,
};

/** What the first `n` bytes look like. */
enum ph_wire ph_wire_detect(const uint8_t *bytes, size_t n);

/** A gate, as the wiring knows it. */
struct ph_protocol {
    const char *name; /**< "rtmp" */
    enum ph_wire wire;
    /**
     * Take the connection over with ph_conn_handle(): its first bytes come to on_read of the new handler. Or refuse
     * with a negative errno value: the connection is closed.
     */
    int (*open)(void *user, struct ph_conn *conn);
    void *user;
};

/** What one listener lets in; lent by the wiring, constant while connections come. */
struct ph_protocols {
    const struct ph_protocol *rows;
    size_t n_rows;
    struct ph_log *log; /**< may be NULL */
};

/** The on_conn of a listener whose `user` is a struct ph_protocols. Also to be used again inside TLS. */
void ph_detect_conn(void *protocols, struct ph_conn *conn);

#endif
