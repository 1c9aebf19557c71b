/* SPDX-License-Identifier: MIT */
/**
 * @file  One client of the JSON gate, and what the files of this folder share about it.
 *
 *     joining -> in -> ending -> (on_close) gone
 *
 * rpc.c           bytes, timers, the end             rpc_message.c   what the client says
 * rpc_events.c    what the application says
 *
 * Owner   Its connection.
 * Thread  The worker of the connection.
 */
#ifndef PH_GATE_WS_RPC_SESSION_H
#define PH_GATE_WS_RPC_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/buffer.h>

#include "app/newest.h"
#include "app/seat.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "gate/ws/rpc.h"
#include "gate/ws/socket.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/timer.h"

/** Close codes of ours; the others are those of RFC 6455. */
enum { RPC_REFUSED = 4001, RPC_KICKED = 4003, RPC_GOING_AWAY = 1001, RPC_POLICY = 1008, RPC_UNSUPPORTED = 1003 };

/** Errors of JSON-RPC 2.0, and ours. */
enum {
    RPC_E_PARSE = -32700,
    RPC_E_REQUEST = -32600,
    RPC_E_METHOD = -32601,
    RPC_E_PARAMS = -32602,
    RPC_E_REFUSED = -32000, /* by the application */
    RPC_E_FAILED = -32001,  /* the application failed */
    RPC_E_TIMEOUT = -32002, /* it did not answer in time */
    RPC_E_LIMIT = -32003,
};

/* The sessions of one worker. */
struct rpc_home {
    struct ph_rpc *gate;
    struct ph_loop *loop;
    struct ph_list sessions;   /* list of struct rpc_session::link */
    struct ph_list unsent;     /* list of struct rpc_session::unsent */
    struct ph_deferred flush;  /* sends what these have to say, at the end of the turn */
    struct rtmp_arena scratch; /* for one message */
    struct rtmp_buffer text;   /* the message that is being written */
    struct ph_mail drain;
    bool is_draining;
};

struct ph_rpc {
    struct ph_rpc_options options;
    atomic_uint n_sessions;
    unsigned n_homes;
    struct rpc_home homes[];
};

/* A request whose answer is due; its id as JSON. */
struct rpc_open {
    char *id; /* NULL: free */
};

struct rpc_session {
    struct ph_rpc *gate;
    struct rpc_home *home;
    struct ph_conn *conn;
    struct ph_ws *ws;
    struct ph_seat *seat; /* NULL: before it was asked for, after it was left */
    struct ph_list link;
    struct ph_list unsent;   /* in home->unsent while it has something to say */
    struct ph_buf out;       /* whole frames */
    struct ph_newest newest; /* calls that wait until these have gone */
    struct ph_buf backlog;   /* messages that wait for the seat: length, bytes */
    struct ph_timer watch;
    struct ph_deferred teardown;
    char *path; /* "chat/blue" */
    char *query;
    const char *reason; /* of its end, for the log */
    uint64_t heard;
    uint32_t n_oddities;
    bool is_waiting; /* for $connect */
    bool is_in;
    bool is_pinged;
    bool is_ending;
    bool is_lost;            /* it has not said goodbye: it may come back */
    struct rpc_open connect; /* the $connect that is being answered */
    struct rpc_open open[PH_LIMIT_OPEN_CALLS];
};

/* rpc.c */

struct ph_log *rpc_log(const struct rpc_session *session);

/* Queue one text message; it goes out at the end of the turn. */
void rpc_send(struct rpc_session *session, const uint8_t *text, size_t length);

/* Queue bytes that are whole frames. */
void rpc_put(struct rpc_session *session, const uint8_t *frames, size_t length);

/* Send what is to be said, then close. `why` is static, for the log; `words` for the client, may be NULL. */
void rpc_end(struct rpc_session *session, uint16_t code, const char *why, const char *words);

/* Handle what has waited, then read on. */
void rpc_go_on(struct rpc_session *session);

/* rpc_message.c */

void rpc_take(struct rpc_session *session, const uint8_t *text, size_t length);

/* rpc_events.c */

/* Ask for the seat. `arguments`, `options`, `token`, `password`: of $connect, or NULL. Returns 0; negative errno. */
int rpc_join(struct rpc_session *session, const struct rtmp_value *connect);

void rpc_send_error(struct rpc_session *session, const char *id, int code, const char *message,
                    const struct ph_refusal *refusal);

#endif
