/* SPDX-License-Identifier: MIT */
/**
 * @file  The finder: who may fetch a stream from elsewhere, or carry it there. Media asks; it does not know how.
 *
 * Owner   Lent for the life of the media, set before the loops run.
 * Thread  Everything about a path happens on its desk: the worker that ph_media_desk() names.
 */
#ifndef PH_MEDIA_FINDER_H
#define PH_MEDIA_FINDER_H

#include <stdbool.h>

#include "media/path.h"

struct ph_loop;
struct ph_media;

/** Bytes of the names of the servers that a stream came through, or that ask for it, with the NUL: "a1b2c3d4,…". */
enum { PH_VIA_MAX = 128 };

struct ph_stream_need {
    const struct ph_path *path; /**< lent, as the texts */
    bool is_published;          /**< somebody publishes */
    bool is_copy;      /**< and that is a finder, which has it from a server that works together with this one */
    bool is_live;      /**< the same, or was lost a moment ago and may return */
    bool is_wanted;    /**< somebody watches, or waits */
    bool is_asked_for; /**< somebody waits for ph_media_admit(), see media/locator.h */
    bool takes_over;   /**< the same, and need not ask who publishes now */
    const char *publisher_via; /**< of the publisher; "" */
    const char *viewer_via;    /**< "" if somebody wants it who came through no other server */
};

struct ph_finder {
    /** One of these has changed. Returns whether the stream is being fetched: until it is there, or
     *  ph_media_give_up(), nobody is told that it is absent. Must not open or close viewers and publishers. */
    bool (*changed)(void *user, struct ph_loop *desk, const struct ph_stream_need *need);
    void *user;
};

void ph_media_set_finder(struct ph_media *media, const struct ph_finder *finder);

/** [any] The worker where a path's finder is called. */
struct ph_loop *ph_media_desk(struct ph_media *media, const struct ph_path *path);

/** [desk] It cannot be fetched now: whoever waits is told. */
void ph_media_give_up(struct ph_media *media, const struct ph_path *path);

#endif
