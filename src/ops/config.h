/* SPDX-License-Identifier: MIT */
/**
 * @file  The configuration file: libconfuse's syntax, options from the tables of settings.h.
 *
 *     workers = 2
 *     log { level = debug }
 *     auth { publish_keys { cam = "a-key-of-this-stream" } }
 *     app live { latency = 100  linger = "30 s" }
 *
 * Thread  One at a time per settings.
 * Since   0.1
 */
#ifndef PH_OPS_CONFIG_H
#define PH_OPS_CONFIG_H

#include <stdio.h>

#include "base/attr.h"
#include "ops/settings.h"

/**
 * Read `file` into `settings`. Applications in it replace those that are there.
 *
 * error  out on failure, PH_SETTINGS_ERROR bytes: `site.conf:14: app.live.latency: "fast" is not a time; use ...`
 *
 * Returns 0; -EINVAL what is in it; another negative errno value: it cannot be read; -ENOMEM. `settings` may be half
 * changed on failure.
 */
PH_MUST_USE int ph_config_read(struct ph_settings *settings, const char *file, char *error);

/** A file with every option and its default, commented out. */
void ph_config_print_sample(FILE *out);

#endif
