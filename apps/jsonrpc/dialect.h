/* SPDX-License-Identifier: MIT */
/**
 * @file  Dialects: what a backend speaks. JSON-RPC is ours; srs and nginx are what callbacks of these servers look
 * like, so that a backend written for them works unchanged for streams.
 *
 * Source  JSON-RPC 2.0; SRS "HTTP Callback"; nginx-rtmp-module's on_connect, on_publish, on_play and their ends.
 * Owner   Static storage.
 * Thread  The instance's loop.
 */
#ifndef APPS_JSONRPC_DIALECT_H
#define APPS_JSONRPC_DIALECT_H

#include "apps/jsonrpc/line.h"

struct ph_rpc_dialect {
    const char *name;
    const char *header; /**< Content-Type of its requests */
    unsigned hooks;     /**< bits of enum ph_rpc_hook that it has words for */
    bool has_calls;     /**< and batches: of clients' methods */
    /** Append the body of a request. */
    void (*write)(struct ph_rpc_request *request, const char *room, const char *method, const struct ph_value *args);
    /** The body of an answer, once for all requests of a POST; NULL is handed on. */
    const struct ph_value *(*parse)(struct ph_rpc_proxy *proxy, const char *body, size_t length);
    /** What it says to one request. `http`: {status, headers, body}; the fields `status` and `retry_s` are set by the
     *  caller. */
    struct ph_rpc_reply (*read)(const struct ph_rpc_request *request, int status, const struct ph_value *http,
                                const struct ph_value *answer);
};

extern const struct ph_rpc_dialect ph_rpc_dialect_jsonrpc, ph_rpc_dialect_srs, ph_rpc_dialect_nginx;

/** No success over HTTP. */
static inline bool ph_rpc_is_failure(int status) { return status < 200 || status > 299; }

#endif
