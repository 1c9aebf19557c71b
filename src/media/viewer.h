/* SPDX-License-Identifier: MIT */
/**
 * @file  A viewer: one subscription of one connection to one stream, in one form.
 *
 * It may be opened before anybody publishes. Joining puts a private prologue (metadata and headers as they were at the
 * join point) into the outlet, then the cursor goes on from there. When the publisher returns or is taken over, the
 * viewer drains the old epoch and joins the next at its first key frame, with a new prologue.
 *
 * Owner   The caller, from open to close; close is allowed in every state and inside every event.
 * Thread  The worker of its connection. Events come from a fresh stack, never from inside a call.
 */
#ifndef PH_MEDIA_VIEWER_H
#define PH_MEDIA_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "media/form.h"
#include "media/path.h"

struct ph_loop;
struct ph_media;
struct ph_outlet;
struct ph_text;
struct ph_viewer;

enum ph_viewer_lost {
    PH_LOST_STALLED, /**< the peer took no byte for 10 s */
    PH_LOST_MEMORY,
    PH_LOST_SOCKET, /**< the connection failed; its own on_close comes too */
};

struct ph_viewer_events {
    /** The stream is live: statuses put into the outlet now go before the prologue. `again`: a later epoch. */
    void (*joined)(void *user, bool again);
    /** Nobody publishes and nobody will be waited for silently: at open, when there is no stream; later, after linger.
     */
    void (*absent)(void *user);
    /** This viewer cannot go on: close the connection. */
    void (*lost)(void *user, enum ph_viewer_lost why);
};

enum ph_viewer_start { PH_START_CACHED, PH_START_NEXT };

struct ph_view_request {
    struct ph_path path;
    struct ph_outlet *outlet; /**< lent until close */
    const struct ph_form *form;
    uint32_t variant;
    enum ph_viewer_start start;
    bool all_tracks;                       /**< false: track 0 of each kind only */
    const char *via;                       /**< as in struct ph_publish_request, of whoever asks */
    uint32_t lag_ms;                       /**< further behind than this it skips; 0: as the publisher's request says */
    const struct ph_viewer_events *events; /**< static storage */
    void *user;
};

struct ph_viewer_totals {
    uint64_t bytes;
    uint64_t skips;          /**< jumps to a key frame because of lag */
    uint64_t video_withheld; /**< times it got audio only until a key frame came */
};

/** Returns 0, -ENOMEM. */
int ph_viewer_open(struct ph_media *media, struct ph_loop *worker, const struct ph_view_request *request,
                   struct ph_viewer **viewer);

/** Nothing of a kind that is off is sent (headers are); video comes back at a key frame. */
void ph_viewer_receive(struct ph_viewer *viewer, enum ph_unit_kind kind, bool on);

/** Paused: holds no place in the log; going on is joining anew at the newest key frame. */
void ph_viewer_pause(struct ph_viewer *viewer, bool paused);

void ph_viewer_totals(const struct ph_viewer *viewer, struct ph_viewer_totals *totals);

/** Its totals for the log: "2.1 MB out, 1 skip". */
void ph_viewer_say_totals(const struct ph_viewer *viewer, struct ph_text *text);

/** Bit per kind that the stream has shown in this epoch; 0 while nobody publishes. */
unsigned ph_viewer_kinds(const struct ph_viewer *viewer);

/** What is half sent stays in the outlet, so that the connection can go on with other things. NULL is fine. */
void ph_viewer_close(struct ph_viewer *viewer);

#endif
