/* SPDX-License-Identifier: MIT */
/**
 * @file  One end of a WebSocket, without I/O: bytes in, messages out; the server's side.
 *
 * wslay reads frames, checks their rules and answers pings; what it has to say is collected in `control`, to be sent
 * between two messages. Messages of the server are one frame each: a header of ph_ws_header() and the payload.
 *
 * Source  RFC 6455.
 * Owner   The caller.
 * Thread  One at a time.
 * Limits  `max` bytes of one message; 0: messages are handed out in pieces and have no limit.
 */
#ifndef PH_GATE_WS_SOCKET_H
#define PH_GATE_WS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"

struct ph_ws;

enum { PH_WS_HEADER = 10 };

enum ph_ws_kind { PH_WS_TEXT = 1, PH_WS_BINARY = 2 };

struct ph_ws_events {
    /** A message, or with no limit a piece of one; lent. */
    void (*message)(void *user, enum ph_ws_kind kind, const uint8_t *bytes, size_t length);
};

/** Returns 0; -ENOMEM. */
PH_MUST_USE int ph_ws_create(size_t max, const struct ph_ws_events *events, void *user, struct ph_ws **ws);

/** NULL is fine. */
void ph_ws_destroy(struct ph_ws *ws);

/**
 * Bytes of the peer.
 *
 * Returns 0; -EPIPE the peer has closed, or broken the rules: send what `control` holds, then close.
 */
PH_MUST_USE int ph_ws_feed(struct ph_ws *ws, const uint8_t *bytes, size_t length);

/** Say goodbye: a close frame is added to what is to be sent. `code`: RFC 6455, 7.4. */
void ph_ws_close(struct ph_ws *ws, uint16_t code, const char *reason);

/** What is to be sent between two messages; the caller takes it out with ph_buf_consume(). */
struct ph_buf *ph_ws_control(struct ph_ws *ws);

/** Whether the peer has closed it on purpose: with code 1000. A page that is left or loaded anew says 1001. */
bool ph_ws_is_goodbye(const struct ph_ws *ws);

/** Why it ended, for the log; static storage. "" while it goes on. */
const char *ph_ws_fault(const struct ph_ws *ws);

/** The header of a message of the server. Returns its length. */
size_t ph_ws_header(enum ph_ws_kind kind, size_t length, uint8_t header[PH_WS_HEADER]);

#endif
