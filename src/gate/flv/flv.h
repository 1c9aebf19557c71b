/* SPDX-License-Identifier: MIT */
/**
 * @file  The FLV gate: /APP/STREAM.flv, as an HTTP body that ends with its connection, or in a WebSocket.
 *
 * Query: audio=0 or video=0 leaves one out; tracks=all sends every track; wait=SECONDS waits for a publisher. The rest
 * is the application's: it decides as it does over RTMP, by its hooks connect and play; who watches is a member of its
 * hall meanwhile.
 *
 * Source  FLV 10.1, E.2; what mpegts.js, ffmpeg and VLC ask for.
 * Owner   main makes it before connections come; a viewer belongs to its connection.
 * Thread  The worker of the connection.
 */
#ifndef PH_GATE_FLV_FLV_H
#define PH_GATE_FLV_FLV_H

#include "gate/http/route.h"

struct ph_apps;
struct ph_log;
struct ph_media;
struct ph_theatre;

/** Everything is lent. */
struct ph_flv_gate {
    struct ph_apps *apps;
    struct ph_theatre *theatre; /**< NULL: applications are media alone */
    struct ph_media *media;
    struct ph_log *log;
    const char *cors; /**< whose pages may read streams: "*", an origin, or "" for this host's alone */
};

enum { PH_FLV_WAIT_MAX_S = 60 };

/** The `answer` of a route; `user` is a struct ph_flv_gate. */
void ph_flv_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request);

/** The `open` of a route whose connection has a WebSocket filter on it. */
int ph_flv_open(void *user, struct ph_conn *conn, const struct ph_upgrade *upgrade);

#endif
