/* SPDX-License-Identifier: MIT */
/**
 * @file  A tunnel: a byte stream inside the binary messages of a WebSocket, as a filter of a connection.
 *
 * How the stream is cut into messages means nothing, in either direction. RTMP over WebSocket is RTMP on such a
 * connection: what Ruffle's socketProxy speaks.
 *
 * Owner   The connection it is pushed on.
 * Thread  The connection's loop.
 */
#ifndef PH_GATE_WS_TUNNEL_H
#define PH_GATE_WS_TUNNEL_H

#include "base/attr.h"
#include "gate/http/route.h"

/** Put a tunnel on a connection that has just been upgraded. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_tunnel_push(struct ph_conn *conn);

#endif
