/* SPDX-License-Identifier: MIT */
/**
 * @file  Observation: what happens to the streams of the whole server, told to applications that have the hook.
 *
 * Owner   The theatre.
 * Thread  Told on any worker; the hook is called on its instance's loop.
 * Limits  PH_LIMIT_OBSERVED events on their way to one instance; more are dropped, and counted in its metric
 *         `observed_dropped`.
 */
#ifndef PH_APP_OBSERVE_H
#define PH_APP_OBSERVE_H

struct ph_stream_event;

/** The `told` of an observer of media; `user` is the struct ph_theatre. */
void ph_theatre_observe(void *user, const struct ph_stream_event *event);

#endif
