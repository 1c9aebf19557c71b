/* SPDX-License-Identifier: MIT */
/**
 * @file  A caller: one RTMP session as a client of another server.
 *
 *     looking up -> dialling -> talking -> ready -> over
 *         ^------------'<-----------'   the next address; user and password were asked for; sent on to another server
 *
 * Owner   Who opens it, until caller_close() or `over`.
 * Thread  Its loop's. Events come from a fresh stack, but those that a read leads to: they may close the caller.
 */
#ifndef PH_GATE_RELAY_CALLER_H
#define PH_GATE_RELAY_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include <rtmpwire/client.h>
#include <rtmpwire/url.h>

#include "base/attr.h"
#include "media/outlet.h"
#include "net/loop.h"

struct caller;
struct ph_tls_trust;

struct caller_handler {
    void (*ready)(void *user); /**< connected: say publish or play */
    void (*event)(void *user, const struct rtmp_event *event);
    void (*over)(void *user, const char *why); /**< once, the last call; the caller is freed when it returns */
};

struct caller_options {
    struct ph_loop *loop;
    struct ph_tls_trust *trust; /**< lent; NULL: rtmps is refused */
    const struct rtmp_url *url; /**< copied */
    const char *via;            /**< copied; "": not said */
    bool is_guarded;            /**< not to private addresses */
    const void *secret;         /**< lent; proved in connect, see rtmpwire/proof.h; NULL: none */
    size_t secret_length;
    const struct caller_handler *handler;
    void *user;
};

/** Returns 0; -ENOMEM. */
PH_MUST_USE int caller_open(const struct caller_options *options, struct caller **caller);

/** Send what was said, then end it; `over` does not come. Viewers in its outlet are closed before. NULL is fine. */
void caller_close(struct caller *caller);

/** End it with `over`, from a fresh stack; the first reason counts. */
void caller_fail(struct caller *caller, const char *format, ...) PH_PRINTF(2, 3);

/** From `ready` on. */
struct rtmp_client *caller_client(struct caller *caller);
struct ph_outlet *caller_outlet(struct caller *caller);

/** Where it calls: the URL's, or where it was sent on to. */
const struct rtmp_url *caller_url(const struct caller *caller);

/** A function of rtmp_client_*() has written, or has not: then the caller fails. What was written goes out. */
void caller_wrote(struct caller *caller, int rc);

/** Move what the protocol has to say into the outlet, before what others put there. */
void caller_collect(struct caller *caller);

/** Read nothing until it is false again: what is unread then comes from a fresh stack. */
void caller_pause(struct caller *caller, bool on);

/** The server knows several tracks per stream. */
bool caller_takes_tracks(const struct caller *caller);

#endif
