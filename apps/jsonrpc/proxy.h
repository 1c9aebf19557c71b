/* SPDX-License-Identifier: MIT */
/**
 * @file  The proxy: what an application of type jsonrpc knows. docs/jsonrpc.md is what its users read.
 *
 *     jsonrpc.c   the hooks of the application: what is asked, what becomes of the answers
 *     request.c   one question as JSON-RPC
 *     line.c      its way to the backend and back           route.c    which backend, how much of it
 *     callback.c  the same as SRS and nginx-rtmp say it       dialect.h  what they have in common
 *     session.c   what is known of a member                  outbox.c   notices, delivered at least once
 *     actions.c   what the backend wants done besides        options.c  what the configuration says
 *     signer.c    signatures                                 text.c     texts that grow
 *
 * Owner   The instance: app->state.
 * Thread  The instance's loop.
 */
#ifndef APPS_JSONRPC_PROXY_H
#define APPS_JSONRPC_PROXY_H

#include <playhouse/app.h>

#include "apps/jsonrpc/outbox.h"
#include "apps/jsonrpc/route.h"
#include "apps/jsonrpc/session.h"
#include "apps/jsonrpc/signer.h"

/** What the backend is asked or told; a call of a client has its own name. */
enum ph_rpc_hook {
    PH_RPC_CONNECT,
    PH_RPC_CREATE_ROOM,
    PH_RPC_ENTER_ROOM,
    PH_RPC_PUBLISH,
    PH_RPC_PLAY,
    PH_RPC_REFRESH, /**< the last that decides */
    PH_RPC_DISCONNECT,
    PH_RPC_LEAVE_ROOM,
    PH_RPC_DESTROY_ROOM,
    PH_RPC_DROP,
    PH_RPC_RESUME,
    PH_RPC_UNPUBLISH,
    PH_RPC_STOP,
    PH_RPC_SESSIONS,
    PH_RPC_HOOKS,
    PH_RPC_CALL = PH_RPC_HOOKS
};

/** What requests tell of their session, beyond what all tell. */
enum ph_rpc_include { PH_RPC_PATH = 1, PH_RPC_QUERY = 2, PH_RPC_PROPERTIES = 4, PH_RPC_ARGUMENTS = 8 };

struct ph_rpc_proxy {
    struct ph_app *app;
    const struct ph_host *host;
    const struct ph_rpc_dialect *dialect;
    struct ph_rpc_routes routes;
    struct ph_rpc_signer signer;
    bool is_strict;       /**< values in the strict form */
    unsigned hooks, open; /**< bits of enum ph_rpc_hook: which are asked; which accept when the backend fails */
    unsigned include;     /**< bits of enum ph_rpc_include */
    uint32_t sessions_ms; /**< between two $sessions; 0: none */
    uint64_t next_sessions_ms;
    char node[9];        /**< of this life of the proxy: ids begin with it */
    uint64_t n_requests; /**< the next one's number */
    ph_timer_id beat;
    struct ph_rpc_session *sessions; /**< all, the gone ones too that have notices left */
    struct ph_rpc_session house;     /**< for what is nobody's */
    struct ph_rpc_outbox outbox;
    struct ph_rpc_actions *actions; /**< that are to be done */
    void *telling;                  /**< outbox.c: of the sessions; NULL: not now */
};

/** "$connect" … */
extern const char *const ph_rpc_hook_names[PH_RPC_HOOKS];

static inline struct ph_rpc_proxy *ph_rpc_proxy_of(const struct ph_app *app) { return app->state; }

#endif
