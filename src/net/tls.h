/* SPDX-License-Identifier: MIT */
/**
 * @file  TLS as a filter of a connection, for both sides; what comes inside is recognised as on a plain one.
 *
 * Owner   A filter belongs to its connection. A door is lent by the wiring while connections come.
 * Thread  The worker of the connection.
 * Source  RFC 8446, by OpenSSL 3.
 */
#ifndef PH_NET_TLS_H
#define PH_NET_TLS_H

#include "base/attr.h"
#include "net/certificates.h"
#include "net/detect.h"

/** What a listener needs for TLS. */
struct ph_tls_door {
    struct ph_certificates *certificates;
    const struct ph_protocols *inside; /**< what may be spoken inside */
};

/** The `open` of a protocol whose `user` is a struct ph_tls_door. */
int ph_tls_open(void *door, struct ph_conn *conn);

/** Whom a client believes. */
struct ph_tls_trust;

/**
 * authorities  file of certificates (PEM) whose word counts besides the system's; "": the system's alone
 * trust        out: lent to connections until ph_tls_trust_destroy(), after they have ended
 *
 * Returns 0; -EINVAL the file cannot be read as such; -ENOMEM.
 */
PH_MUST_USE int ph_tls_trust_create(const char *authorities, struct ph_tls_trust **trust);
void ph_tls_trust_destroy(struct ph_tls_trust *trust); /**< NULL is fine */

/** In on_open: speak TLS from here on, as a client that insists on a certificate for `host`. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_tls_dial(struct ph_tls_trust *trust, struct ph_conn *conn, const char *host);

#endif
