/* SPDX-License-Identifier: MIT */
/**
 * @file  TLS as a filter of a connection; what is inside is recognised as on a plain one.
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

#endif
