/* SPDX-License-Identifier: MIT */
/**
 * @file  HLS and low-latency HLS: a stream as segments of fragmented MP4 or MPEG-TS, made while somebody asks for
 *         them.
 *
 *     /APP/STREAM.m3u8             the master playlist
 *     /APP/STREAM.hls/live.m3u8    the media playlist; _HLS_msn, _HLS_part and _HLS_skip as RFC 8216bis has them
 *     /APP/STREAM.hls/i1.mp4       what a player needs first
 *     /APP/STREAM.hls/s12.m4s      a segment
 *     /APP/STREAM.hls/p12.3.m4s    a part of one
 *     /APP/STREAM.hls/v1/...       the same of another track, where there are several (presentation.h)
 *     /APP/STREAM.m3u8?format=ts   for old players: the same below ts/, segments "s12.ts" alone
 *
 * Where an application decides, the first playlist waits for it, and leads below a token: STREAM.hls/TOKEN/...
 * (guest.h).
 *
 * Owner   main: from create until the loops have stopped.
 * Thread  Requests are answered on the worker of their connection; segments are made on the worker of their stream.
 */
#ifndef PH_GATE_HLS_HLS_H
#define PH_GATE_HLS_HLS_H

#include "base/attr.h"
#include "gate/http/route.h"

struct ph_apps;
struct ph_hls_gate;
struct ph_log;
struct ph_loops;
struct ph_media;
struct ph_stream_event;
struct ph_theatre;

/** Everything is lent. */
struct ph_hls_options {
    struct ph_loops *workers;
    struct ph_media *media;
    const struct ph_apps *apps;
    struct ph_theatre *theatre;
    struct ph_log *log;
    const char *cors; /**< who may read answers from another site's page: "*", an origin; "": nobody */
};

/** Returns 0; -ENOMEM. */
PH_MUST_USE int ph_hls_create(const struct ph_hls_options *options, struct ph_hls_gate **gate);

/** After the workers have stopped, before the applications do: viewers leave them. NULL is fine. */
void ph_hls_leave(struct ph_hls_gate *gate);

/** After the loops have stopped. NULL is fine. */
void ph_hls_destroy(struct ph_hls_gate *gate);

/** [any worker] A stream has begun: make its segments at once where its application wants them always. */
void ph_hls_observe(struct ph_hls_gate *gate, const struct ph_stream_event *event);

/** The `answer` of routes; `user` is the gate. */
void ph_hls_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request);

#endif
