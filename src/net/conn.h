/* SPDX-License-Identifier: MIT */
/**
 * @file  A connection: one descriptor, owned by one loop, seen through a stack of filters.
 *
 * Bytes in    One recv per readiness, into the loop's shared buffer, shown to on_read. What on_read does not use is
 *             held here (at most PH_LIMIT_HOLD_BYTES) and shown again, with what has come since, at the next arrival
 *             or after ph_conn_resume(). A user that waits for a decision returns 0 until it has it. When the hold
 *             is full, the socket is not read until ph_conn_resume().
 *             The first few kilobytes are acknowledged promptly, for peers that greet without TCP_NODELAY.
 * Bytes out   ph_conn_write() takes what the socket takes now and keeps nothing. If that is less than all, on_writable
 *             comes once when there is room; the user then writes again from where it was.
 * End         on_close comes exactly once, from a fresh stack, never inside a call the user made; after it the pointer
 *             is dead. After ph_conn_close() no other callback comes. A user that closes on purpose gets what it wrote
 *             delivered: the descriptor lingers for PH_LIMIT_LINGER_MS so that a reset does not overtake it.
 *
 * Owner   Itself: made by ph_conn_create() or ph_conn_dial(), gone after on_close.
 * Thread  Its loop's.
 * Limits  At most 600 bytes while idle.
 * Since   0.1
 */
#ifndef PH_NET_CONN_H
#define PH_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/attr.h"
#include "net/address.h"
#include "net/filter.h"
#include "net/loop.h"

struct ph_conn;

/** X(name, text): why a connection ended. */
#define PH_CLOSE_MAP(X)                                    \
    X(PEER, "the peer left")                               \
    X(LOST, "the connection was lost")                     \
    X(UNREACHABLE, "the peer could not be reached")        \
    X(DONE, "all was said")                                \
    X(REFUSED, "refused")                                  \
    X(PROTOCOL, "the peer broke the protocol")             \
    X(LIMIT, "a limit was reached")                        \
    X(TIMEOUT, "the peer took too long")                   \
    X(STALLED, "the peer does not read")                   \
    X(KICKED, "closed by the operator or the application") \
    X(MEMORY, "out of memory")                             \
    X(STOP, "the server stops")

enum ph_close {
#define PH_CLOSE_ROW(name, text) PH_CLOSE_##name,
    PH_CLOSE_MAP(PH_CLOSE_ROW)
#undef PH_CLOSE_ROW
};

const char *ph_close_text(enum ph_close reason);

/** What whoever admitted a connection is told, on the connection's loop. */
struct ph_conn_watch {
    void (*authorised)(struct ph_conn_watch *watch);
    void (*gone)(struct ph_conn_watch *watch); /**< its descriptor is free again; the last call */
};

/** What a connection is for, for operators; texts are lent, NULL where there is nothing to say. */
struct ph_conn_about {
    const char *protocol; /**< "rtmp" */
    const char *path;     /**< "live" */
    const char *client;   /**< what it calls itself */
    unsigned n_publishing, n_playing;
};

/** What a user of a connection is called for; static storage. */
struct ph_conn_handler {
    /** Returns how many of the `length` bytes (at least 1) were used. May write and close. */
    size_t (*on_read)(void *user, const uint8_t *data, size_t length);
    /** There is room after a short write. NULL for a user that never writes. */
    void (*on_writable)(void *user);
    /** The end. */
    void (*on_close)(void *user, enum ph_close reason);
    /** A dialled connection stands; NULL if that does not matter. */
    void (*on_open)(void *user);
    /** Say what the connection is for. NULL for a user that does not know yet. */
    void (*about)(void *user, struct ph_conn_about *about);
};

/**
 * Make a connection of a connected socket.
 *
 * loop         counts the connection in n_conns from here on
 * descriptor   owned by the connection on success; stays the caller's on failure; is made non-blocking
 * peer         copied
 * handler      lent for life
 * user         handed to the handler
 *
 * Returns 0; -ENOMEM; another negative errno value.
 */
PH_MUST_USE int ph_conn_create(struct ph_loop *loop, int descriptor, const struct ph_address *peer,
                               const struct ph_conn_handler *handler, void *user, struct ph_conn **conn);

/** Connect to `peer`: on_open or on_close (PH_CLOSE_UNREACHABLE) follows. Returns 0; a negative errno value. */
PH_MUST_USE int ph_conn_dial(struct ph_loop *loop, const struct ph_address *peer, const struct ph_conn_handler *handler,
                             void *user, struct ph_conn **conn);

/** Pass the connection to another user, also inside on_read: what on_read leaves unused goes to the new one. */
void ph_conn_handle(struct ph_conn *conn, const struct ph_conn_handler *handler, void *user);

/** Put `filter` on top of the stack; the connection destroys it at the end. Not inside a callback of that filter. */
void ph_conn_push_filter(struct ph_conn *conn, struct ph_filter *filter);

/**
 * Write what the peer's socket takes now.
 *
 * iov, n    lent for the call; at most 1024 pieces are looked at
 * accepted  out: 0..all bytes; when less than all, on_writable follows
 *
 * The next write must begin with the same bytes up to ph_conn_promised(): a filter may have announced them already.
 *
 * Returns 0; a negative errno value when the connection is closed or lost: on_close follows or has been promised.
 */
PH_MUST_USE int ph_conn_write(struct ph_conn *conn, const struct iovec *iov, int n, size_t *accepted);

/** How many of the bytes offered last, but not accepted, must be offered again unchanged; 0 on plain TCP. */
size_t ph_conn_promised(const struct ph_conn *conn);

/** Show held bytes again, at the end of this turn; also after on_read had returned less than all for want of a
 * decision. */
void ph_conn_resume(struct ph_conn *conn);

/** End the connection; the first reason counts. */
void ph_conn_close(struct ph_conn *conn, enum ph_close reason);

/** Close every connection of a loop. */
void ph_conn_close_all(struct ph_loop *loop, enum ph_close reason);

/** In on_close: what went wrong in a filter, for people, lent until it returns; NULL: the reason says it all. */
const char *ph_conn_fault(const struct ph_conn *conn);

bool ph_conn_is_closing(const struct ph_conn *conn);

/** Set who is told; at most one, lent until `gone`. */
void ph_conn_set_watch(struct ph_conn *conn, struct ph_conn_watch *watch);

/** The connection has shown that it may be here: admission counts it as authorised. */
void ph_conn_authorise(struct ph_conn *conn);

/** Bytes that the kernel still holds for the peer. */
size_t ph_conn_unsent(const struct ph_conn *conn);

/** on_writable comes only when the kernel holds fewer unsent bytes than this. */
void ph_conn_set_lowat(struct ph_conn *conn, unsigned bytes);

/** A write was short and on_writable has not come yet. */
bool ph_conn_is_blocked(const struct ph_conn *conn);

/** When the peer last took a byte, or when it first refused one, whichever is later; 0 while it is not blocked. */
uint64_t ph_conn_blocked_since_us(const struct ph_conn *conn);

/** Since when the peer's kernel holds bytes of which its application reads none; 0: it reads, or one cannot know. See
 * net/unread.h. */
uint64_t ph_conn_unread_since_us(struct ph_conn *conn);

/** What its user says about it. */
void ph_conn_about(const struct ph_conn *conn, struct ph_conn_about *about);

/** Never used twice in this process; 0 is none. */
uint64_t ph_conn_id(const struct ph_conn *conn);

/** The connections of a loop: start with NULL; NULL at the end. */
struct ph_conn *ph_conn_next(struct ph_loop *loop, struct ph_conn *previous);

/** "tcp", or the name of the filter on top: "websocket". */
const char *ph_conn_carrier(const struct ph_conn *conn);

struct ph_loop *ph_conn_loop(const struct ph_conn *conn);
const struct ph_address *ph_conn_peer(const struct ph_conn *conn);
bool ph_conn_is_loopback(const struct ph_conn *conn);
uint64_t ph_conn_bytes_in(const struct ph_conn *conn);
uint64_t ph_conn_bytes_out(const struct ph_conn *conn);

/** When it was made: what absolute deadlines count from. */
uint64_t ph_conn_born_us(const struct ph_conn *conn);

#endif
