/* SPDX-License-Identifier: MIT */
/**
 * @file  What a running server can take over from options that were read again, and what has to wait for a restart.
 *
 * Thread  Any; it only compares.
 * Since   0.1
 */
#ifndef PH_OPS_RELOAD_H
#define PH_OPS_RELOAD_H

#include <stdbool.h>

#include "base/text.h"
#include "ops/settings.h"

/**
 * Name what differs and cannot be changed while the server runs: "workers, listen.media, app.live". Options whose row
 * says `live`, and publish keys, are not among it.
 *
 * names  appended to
 *
 * Returns whether there is any.
 */
bool ph_reload_waits(const struct ph_settings *now, const struct ph_settings *wanted, struct ph_text *names);

#endif
