/* SPDX-License-Identifier: MIT */
/**
 * @file  Plugins: application types from shared objects.
 *
 * A plugin exports playhouse_app() (include/playhouse/app.h). Its type is copied: one that was made against an earlier
 * interface lacks the last hooks, one against a later has more than this server looks at.
 *
 * Owner   The caller, until close: after every instance of the type has gone.
 * Thread  Any, one at a time.
 */
#ifndef PH_APP_PLUGIN_H
#define PH_APP_PLUGIN_H

#include <stddef.h>

#include <playhouse/app.h>

#include "base/attr.h"

struct ph_plugin {
    struct ph_app_type type;
    void *library;
};

enum { PH_PLUGIN_ERROR = 512 };

/**
 * Load a plugin.
 *
 * error  out on failure, PH_PLUGIN_ERROR bytes: what is wrong and how to mend it, to be read behind the file's name
 *
 * Returns 0; -EINVAL; -ENOMEM.
 */
PH_MUST_USE int ph_plugin_open(const char *file, struct ph_plugin **plugin, char *error);

/** NULL is fine. */
void ph_plugin_close(struct ph_plugin *plugin);

#endif
