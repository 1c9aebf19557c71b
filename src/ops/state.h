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

enum { PH_STATE_SHARED_MIN = 32 };

struct ph_state {
    char directory[PATH_MAX];
    char publish_key[PH_SECRET_MAX + 1];
    char api_token[PH_SECRET_MAX + 1];                                                      /**< what operators show */
    char read_token[PH_SECRET_TOKEN_LENGTH + 1], operate_token[PH_SECRET_TOKEN_LENGTH + 1]; /**< of lesser roles */
    bool is_new_key;                /**< the publish key was made now */
    char token_file[PATH_MAX + 32]; /**< where operators find the token */
    char relay_secret[PH_SECRET_TOKEN_LENGTH + 1], cluster_key[PH_SECRET_TOKEN_LENGTH + 1]; /**< of a cluster; "" */
};

/**
 * Find or make the directory, the server's publish key and the API token. The tokens of the lesser roles are made of
 * it, and lie beside it in api.read and api.operate.
 *
 * directory  NULL: $XDG_STATE_HOME/playhouse, else $HOME/.local/state/playhouse
 * error      out on failure, PH_SETTINGS_ERROR bytes: one line with the remedy
 *
 * Returns 0; a negative errno value.
 */
PH_MUST_USE int ph_state_open(const char *directory, struct ph_state *state, char *error);

/**
 * Take the keys of a cluster instead: all are made of the one secret that its servers share. The token is kept in the
 * directory, for operators; the server's own keys stay where they are, for the time after.
 *
 * secret_file  of at least PH_STATE_SHARED_MIN characters, mode 0600
 *
 * Returns 0; a negative errno value, and `error` as above.
 */
PH_MUST_USE int ph_state_join(const char *secret_file, struct ph_state *state, char *error);

#endif
