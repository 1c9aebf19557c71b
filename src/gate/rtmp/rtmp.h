/* SPDX-License-Identifier: MIT */
/**
 * @file  The RTMP gate: joins connections that speak RTMP to applications and streams.
 *
 * Owner   main makes it before connections come and destroys it after the loops have stopped.
 * Thread  Sessions live on the worker of their connection; functions marked [any] may be called anywhere.
 * Since   0.1
 */
#ifndef PH_GATE_RTMP_RTMP_H
#define PH_GATE_RTMP_RTMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct ph_access;
struct ph_apps;
struct ph_conn;
struct ph_log;
struct ph_loops;
struct ph_media;
struct ph_rtmp;
struct ph_theatre;

/** When an encoder that shows no key at connect is asked for user and password. */
enum ph_rtmp_login {
    PH_RTMP_LOGIN_URL,    /**< when the URL of the server says ?login: docs/decisions/0005-login.md */
    PH_RTMP_LOGIN_ALWAYS, /**< at once */
    PH_RTMP_LOGIN_OFF,
};

struct ph_rtmp_options {
    struct ph_loops *workers;   /**< lent */
    struct ph_media *media;     /**< lent */
    const struct ph_apps *apps; /**< lent */
    struct ph_theatre *theatre; /**< lent; NULL: every application is media alone */
    struct ph_access *access;   /**< lent */
    struct ph_log *log;         /**< lent */
    const char *node;           /**< lent: the server's name in `via`; "": none */
    const void *secret;         /**< lent: who proves it in connect is a server that works together with this one, and
                                     may play without being asked anything; NULL: there is none */
    size_t secret_length;
    enum ph_rtmp_login login;
    uint32_t handshake_ms, connect_ms; /**< since accept */
    uint32_t ping_ms, pong_ms;
    uint32_t first_media_ms, publisher_idle_ms;
    uint32_t message_bytes; /**< longest audio or video message */
};

/** Returns 0; -ENOMEM; what the kernel says when it gives no random bytes. */
PH_MUST_USE int ph_rtmp_create(const struct ph_rtmp_options *options, struct ph_rtmp **gate);

/** NULL is fine. */
void ph_rtmp_destroy(struct ph_rtmp *gate);

/** Take a connection over: the `open` of a struct ph_protocol. On the worker of the connection. */
int ph_rtmp_open(void *gate, struct ph_conn *conn);

/** [any, once] Tell every client that the server stops, and close each when it has been told; let nobody in. */
void ph_rtmp_drain(struct ph_rtmp *gate);

/** [any] */
unsigned ph_rtmp_n_sessions(const struct ph_rtmp *gate);

#endif
