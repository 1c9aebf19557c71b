/* SPDX-License-Identifier: MIT */
/**
 * @file  The locator: which of several servers that work together has a stream. Media asks; it does not know how.
 *
 * A server on its own has none: whoever comes first publishes, and a stream that nobody publishes here is nowhere.
 *
 * Owner   Lent for the life of the media, set before the loops run.
 * Thread  Everything about a path happens on its desk: the worker that ph_media_desk() names.
 */
#ifndef PH_MEDIA_LOCATOR_H
#define PH_MEDIA_LOCATOR_H

#include <stdbool.h>

#include "base/attr.h"
#include "media/finder.h"
#include "media/path.h"

struct ph_locator {
    /** One of these has changed. Who is asked for is answered by ph_media_admit(), from a fresh stack. */
    void (*changed)(void *user, struct ph_loop *desk, const struct ph_stream_need *need);
    /** Which server has it: "rtmp://10.0.0.2:1935", lent for this turn of the loop; several, with commas, are to be
     * tried in turn; "": none; NULL: that is not known yet, ph_media_located() will tell. */
    const char *(*where)(void *user, struct ph_loop *desk, const struct ph_path *path);
    void *user;
};

void ph_media_set_locator(struct ph_media *media, const struct ph_locator *locator);

/** [desk] What the locator says; "" without one. */
const char *ph_media_where(struct ph_media *media, const struct ph_path *path);

/* For the locator */

/** [desk] Whoever asks to publish may do so as far as other servers are concerned, or is refused. */
void ph_media_admit(struct ph_media *media, const struct ph_path *path, bool may);

/** [desk] Another server has the stream: whoever publishes it here at first hand is sent away. */
void ph_media_evict(struct ph_media *media, const struct ph_path *path);

/** [desk] `where` has another answer. */
void ph_media_located(struct ph_media *media, const struct ph_path *path);

/** Is somebody publishing who gives a sign of life? Who gives none for as long as a newcomer has to wait is sent away.
 */
struct ph_media_question {
    struct ph_path path;
    void (*done)(struct ph_media_question *question, bool is_alive); /**< once, from a fresh stack; it may free it */
};

/** [desk] Ask. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_media_ask(struct ph_media *media, struct ph_media_question *question);

#endif
