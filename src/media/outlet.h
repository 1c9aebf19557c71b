/* SPDX-License-Identifier: MIT */
/**
 * @file  A connection's way out: private bytes and any number of cursors, cut only where a message ends. Or a sink's: a
 * function inside the server that takes everything at once.
 *
 * One per connection that may play. Private bytes (statuses, replies, prologues) and the shared bytes of cursors never
 * interleave inside a message: what was begun is finished first.
 *
 * Owner   The gate's session, on its storage; init before and finish after all its viewers.
 * Thread  The connection's worker.
 */
#ifndef PH_MEDIA_OUTLET_H
#define PH_MEDIA_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/list.h"

struct ph_conn;
struct ph_cursor;
struct ph_loop;

/** Takes whole messages, one after the other in a row of pieces. It must not close viewers. */
typedef void (*ph_sink_fn)(void *user, const struct iovec *pieces, int n);

struct ph_outlet {
    struct ph_conn *conn; /**< lent; NULL: a sink */
    struct ph_loop *loop; /**< of either */
    ph_sink_fn take;      /**< of a sink */
    void *user;
    size_t max;                  /**< of private bytes that are put; what cursors leave behind comes on top */
    struct ph_buf private_bytes; /**< whole messages, but for the rest of one that a cursor left behind */
    size_t left_behind;          /**< of those: what a cursor that went elsewhere had begun */
    struct ph_list cursors;      /**< list of ph_cursor::in_outlet; the next to send is the first */
    struct ph_cursor *begun;     /**< the cursor whose message is half sent or promised, or NULL */
    int error;                   /**< sticky: the connection is lost or the queue is full */
};

/** `max` bounds the private bytes. */
void ph_outlet_init(struct ph_outlet *outlet, struct ph_conn *conn, size_t max);

/** One that ends in a function. */
void ph_outlet_init_sink(struct ph_outlet *outlet, struct ph_loop *loop, ph_sink_fn take, void *user);
void ph_outlet_finish(struct ph_outlet *outlet);

/** Whole messages, copied. Returns 0; -ENOBUFS the peer does not read and `max` is reached; -ENOMEM. Sends at the next
 *  ph_outlet_pump(). */
int ph_outlet_put(struct ph_outlet *outlet, const void *bytes, size_t length);

/** Send what can be sent. The gate calls it after puts and from the connection's on_writable.
 *  Returns 0, or the connection's error. */
int ph_outlet_pump(struct ph_outlet *outlet);

/** Nothing private is waiting and no message is half sent. */
bool ph_outlet_idle(const struct ph_outlet *outlet);

#endif
