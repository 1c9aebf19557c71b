/* SPDX-License-Identifier: MIT */
/**
 * @file  Ingest: audio, video and data messages of one stream, as they come, become units of its log.
 *
 * The same for an encoder that publishes here and for a server that we pull from. It splits messages of several tracks,
 * finds headers and key frames, keeps the clock in order, and tells the server's log what comes.
 *
 * Owner   Whoever has the publisher, on its storage.
 * Thread  The publisher's.
 */
#ifndef PH_GATE_RTMP_INGEST_H
#define PH_GATE_RTMP_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include <rtmpwire/event.h>

#include "base/attr.h"
#include "gate/rtmp/tracks.h"

struct ph_log;
struct ph_loop;
struct ph_publisher;

struct ph_ingest {
    /* lent, set by the owner */
    struct ph_publisher *publisher;
    struct ph_loop *loop;
    struct ph_log *log;
    const char *path; /**< for the log */

    /* readable */
    bool is_told;                /**< the log knows its tracks */
    uint64_t first_us, heard_us; /**< when media came first, and last; 0: not yet */
    uint64_t n_dropped;          /**< messages that cannot be understood */
    struct ph_tracks tracks;

    /* private */
    bool is_key_warned, has_clock;
    uint64_t key_us;  /* the last key frame of track 0 */
    int64_t clock_ms; /* of the last frame, unwrapped */
};

/** Take an audio or video message. Returns 0; -ENOMEM: end the publisher. */
PH_MUST_USE int ph_ingest_media(struct ph_ingest *ingest, const struct rtmp_event *event);

/** Take a data message. Returns as above. */
PH_MUST_USE int ph_ingest_data(struct ph_ingest *ingest, const struct rtmp_event_data *data);

/** Tell the log that `who` publishes, with the tracks known by now. */
void ph_ingest_tell(struct ph_ingest *ingest, const char *who);

/** Tell the log that it is over: "WHY after 00:01:02, 3.1 MB in, …". `since_us`: when it was granted. */
void ph_ingest_tell_end(const struct ph_ingest *ingest, const char *why, uint64_t since_us);

#endif
