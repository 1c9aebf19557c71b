/* SPDX-License-Identifier: MIT */
/**
 * @file  What an application saves when the server is about to end, and gets back from the next one.
 *
 * Each state is kept under the name of its room, the application's own under "": in the store, and from the start of
 * the server in memory too, so that create_room has it at once. It stays until it is saved again or its room ends for
 * another reason than the server's end: after a crash a room begins with what was saved last.
 *
 * Owner   The instance.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_STORE_SPACE for all that an application keeps.
 */
#ifndef PH_APP_KEEP_H
#define PH_APP_KEEP_H

#include <stddef.h>
#include <stdint.h>

struct ph_instance;
struct rtmp_buffer;
struct rtmp_value;

/** Before the loops run: ask the store; `*waiting` counts those who have not been answered. */
void ph_keep_recall(struct ph_instance *instance, unsigned *waiting);

/** What is kept under this name, in the instance's scratch; NULL: nothing. */
const struct rtmp_value *ph_keep_find(struct ph_instance *instance, const char *name);

/** Keep `value`. */
void ph_keep_put(struct ph_instance *instance, const char *name, const struct rtmp_value *value);

/** Keep nothing under this name any more. */
void ph_keep_forget(struct ph_instance *instance, const char *name);

/** All that is kept, to be carried to another server. Returns 0; an error of the library. */
int ph_keep_bundle(struct ph_instance *instance, struct rtmp_buffer *buffer);

/** Keep what is in the bundle, and nothing else; of length 0: nothing. */
void ph_keep_unbundle(struct ph_instance *instance, const uint8_t *bytes, size_t length);

/** Free what is in memory. */
void ph_keep_finish(struct ph_instance *instance);

#endif
