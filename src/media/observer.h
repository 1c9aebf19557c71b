/* SPDX-License-Identifier: MIT */
/**
 * @file  The observer: who hears of every stream that begins or ends, and of everybody who watches one.
 *
 * Copies of streams that other servers of a cluster have at first hand are not told of.
 *
 * Owner   Lent for the life of the media, set before its loops run.
 * Thread  Any worker; a call must not lead back into media.
 */
#ifndef PH_MEDIA_OBSERVER_H
#define PH_MEDIA_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>

struct ph_conn;
struct ph_media;

struct ph_stream_event {
    const char *path;           /**< "live/cam" */
    const struct ph_conn *conn; /**< whose; NULL: no client's: a relay, HLS */
    bool is_publisher;          /**< else a viewer */
    bool is_end;
    uint64_t us;      /**< of an end: how long it was */
    uint64_t bytes;   /**< of an end */
    uint64_t viewers; /**< of a publisher's end: that ever joined */
};

struct ph_stream_observer {
    void (*told)(void *user, const struct ph_stream_event *event); /**< NULL: nobody */
    void *user;
};

void ph_media_observe(struct ph_media *media, const struct ph_stream_observer *observer);

/** [media] Tell it. */
void ph_media_tell(struct ph_media *media, const struct ph_stream_event *event);

#endif
