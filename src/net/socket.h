/* SPDX-License-Identifier: MIT */
/**
 * @file  The lowest filter of every connection: its socket.
 *
 * Owner   The connection it lies in; destroying it closes the descriptor.
 * Thread  The connection's loop.
 * Since   0.1
 */
#ifndef PH_NET_SOCKET_H
#define PH_NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/filter.h"

struct ph_socket {
    struct ph_filter filter;
    int descriptor;
};

/** Take over a non-blocking descriptor; small writes leave at once (TCP_NODELAY). */
void ph_socket_init(struct ph_socket *socket, int descriptor);

/** Bytes that the kernel still holds for the peer. */
size_t ph_socket_unsent(const struct ph_socket *socket);

/** Writability means: fewer unsent bytes than this. */
void ph_socket_set_lowat(struct ph_socket *socket, unsigned bytes);

/**
 * Acknowledge now what was read, and what comes next at once: a peer without TCP_NODELAY holds its next small write
 * back until then, which would be 40 ms for each step of a conversation. False: leave it to the kernel again.
 */
void ph_socket_set_prompt(struct ph_socket *socket, bool prompt);

/** How far the peer's kernel is ready to take bytes. */
struct ph_window {
    uint64_t edge;  /**< bytes from the first byte on, with those it has acknowledged already */
    uint32_t size;  /**< bytes beyond the acknowledged ones */
    uint32_t unit;  /**< it is announced in multiples of this, rounded up */
    uint32_t count; /**< announcements up to now, modulo 2^32 */
};

/** Returns 0; a negative errno value when the kernel does not say. */
PH_MUST_USE int ph_socket_window(const struct ph_socket *socket, struct ph_window *window);

/** The error of a connect that has ended: 0, or a negative errno value. */
int ph_socket_error(const struct ph_socket *socket);

/** Let closing throw away what the peer has not taken. */
void ph_socket_discard(struct ph_socket *socket);

#endif
