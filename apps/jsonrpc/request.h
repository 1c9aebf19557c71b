/* SPDX-License-Identifier: MIT */
/**
 * @file  Requests: one question, notice or call, in the words of the dialect; JSON-RPC 2.0 is the first.
 *
 * Owner   Who makes one frees it, in the end in `answered`.
 * Thread  The instance's loop.
 */
#ifndef APPS_JSONRPC_REQUEST_H
#define APPS_JSONRPC_REQUEST_H

#include "apps/jsonrpc/line.h"

/**
 * Make a request.
 *
 * session  whom it is about; the proxy's house: nobody
 * hook     an enum ph_rpc_hook; its name is the method's, but of PH_RPC_CALL
 * room     that the session is in, or asks for
 * args     an array
 *
 * NULL: out of memory.
 */
struct ph_rpc_request *ph_rpc_request_create(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, int hook,
                                             const char *room, const char *method, const struct ph_value *args,
                                             bool is_notification);

/** NULL is fine. */
void ph_rpc_request_free(struct ph_rpc_request *request);

/** "Backend.Timeout" …; NULL of PH_RPC_RESULT and PH_RPC_ERROR. */
const char *ph_rpc_code(enum ph_rpc_outcome outcome);

/** The sentence that goes with it. */
const char *ph_rpc_words(enum ph_rpc_outcome outcome);

/** A value as JSON, in the form that the application has chosen; NULL: it cannot be said. */
const char *ph_rpc_json(struct ph_rpc_proxy *proxy, const struct ph_value *value);

#endif
