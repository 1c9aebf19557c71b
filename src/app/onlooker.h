/* SPDX-License-Identifier: MIT */
/**
 * @file  An onlooker: somebody who watches one stream and says nothing else, where an application decides who may.
 *
 *     opened -> (granted) -> ended, by the application; or closed by its owner at any time
 *
 * It is a member of the hall like others, with a protocol of its own; calls to it are refused.
 *
 * Owner   The caller's storage, from open to close.
 * Thread  The worker it was opened on. Events come from a fresh stack; closing inside one is allowed.
 */
#ifndef PH_APP_ONLOOKER_H
#define PH_APP_ONLOOKER_H

#include "app/seat.h"
#include "base/attr.h"
#include "media/path.h"

struct ph_onlooker_events {
    /** It may: `path` is the stream that it gets. */
    void (*granted)(void *user);
    /** It may not, or no longer; the onlooker is still to be closed. */
    void (*ended)(void *user, const struct ph_refusal *why);
};

struct ph_onlooker {
    struct ph_path path; /**< of the stream: as asked for, then as granted */
    bool is_granted;

    /* private */
    const struct ph_application *app;
    struct ph_seat *seat; /* NULL: not open */
    char *query;
    const struct ph_onlooker_events *events;
    void *user;
};

/** All is lent for the call, but `app` and `events`. */
struct ph_onlooker_request {
    struct ph_theatre *theatre;
    struct ph_loop *worker;
    const struct ph_application *app;
    const struct ph_path *path;
    struct rtmp_text query; /**< of the address; the application gets it without keys */
    const char *protocol;   /**< "http-flv"; static storage */
    const char *address;    /**< of the peer */
    const struct ph_onlooker_events *events;
    void *user;
};

/** Returns 0; -ENOMEM, and there is nothing to close. */
PH_MUST_USE int ph_onlooker_open(struct ph_onlooker *onlooker, const struct ph_onlooker_request *request);

enum { PH_ONLOOKER_WORDS = 192 };

/** A refusal as HTTP says it: returns the status, and writes the words, without full stop. */
unsigned ph_onlooker_refusal(const struct ph_refusal *why, char words[PH_ONLOOKER_WORDS]);

/** One that is all zero is not open, which is fine. */
void ph_onlooker_close(struct ph_onlooker *onlooker);

#endif
