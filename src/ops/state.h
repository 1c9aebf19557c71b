/* SPDX-License-Identifier: MIT */
/**
 * @file  The state directory: what the server keeps from one start to the next.
 *
 * Thread  One.
 * Since   0.1
 */
#ifndef PH_OPS_STATE_H
#define PH_OPS_STATE_H

#include <limits.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/secret.h"

struct ph_state {
    char directory[PATH_MAX];
    char publish_key[PH_SECRET_MAX + 1];
    char api_token[PH_SECRET_MAX + 1]; /**< what operators show */
    bool is_new_key;                   /**< the publish key was made now */
};

/**
 * Find or make the directory, the server's publish key and the API token.
 *
 * directory  NULL: $XDG_STATE_HOME/playhouse, else $HOME/.local/state/playhouse
 * error      out on failure, PH_SETTINGS_ERROR bytes: one line with the remedy
 *
 * Returns 0; a negative errno value.
 */
PH_MUST_USE int ph_state_open(const char *directory, struct ph_state *state, char *error);

#endif
