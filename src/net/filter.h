/* SPDX-License-Identifier: MIT */
/**
 * @file  A filter: one layer between a connection's user and its socket (TLS, WebSocket, HTTP tunnel).
 *
 * The lowest filter is the socket itself. A filter reads and writes through `below`, which ph_conn_push_filter() sets,
 * and knows nothing of what is above it.
 *
 * Thread  The connection's loop.
 * Since   0.1
 */
#ifndef PH_NET_FILTER_H
#define PH_NET_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/attr.h"

struct ph_filter;

/** Reads and writes for itself; PH_WANT_SILENCE: what the user writes waits until something was read. */
enum { PH_WANT_READ = 1, PH_WANT_WRITE = 2, PH_WANT_SILENCE = 4 };

struct ph_filter_ops {
    const char *name;

    /**
     * Read up to `cap` bytes. Returns 0 and `got` ≥ 1; -EAGAIN nothing now; -ENODATA the peer said that it ends;
     * another negative errno value: lost.
     */
    int (*read)(struct ph_filter *filter, uint8_t *into, size_t cap, size_t *got);

    /**
     * Take what can be passed on now. Returns 0 and `accepted` (less than all when there is no room: the connection
     * then waits for writability); a negative errno value: lost.
     */
    int (*write)(struct ph_filter *filter, const struct iovec *iov, int n, size_t *accepted);

    /** Of the bytes offered but not accepted, those already announced to the peer. NULL: never any. */
    size_t (*promised)(const struct ph_filter *filter);

    /** Bytes wait inside the filter and can be read although the socket is quiet. NULL: never. */
    bool (*pending)(const struct ph_filter *filter);

    /** PH_WANT_ bits that the filter needs for itself, a handshake for example. NULL: none. */
    unsigned (*wants)(const struct ph_filter *filter);

    /** Why it is lost, for people; NULL: as the socket says. NULL: never more than that. */
    const char *(*fault)(const struct ph_filter *filter);

    /** Say goodbye in the filter's own words, as far as there is room. NULL: nothing to say. */
    void (*shutdown)(struct ph_filter *filter);

    /** Free it. */
    void (*destroy)(struct ph_filter *filter);
};

struct ph_filter {
    const struct ph_filter_ops *ops;
    struct ph_filter *below; /**< towards the socket; NULL at the lowest */
};

#endif
