/* SPDX-License-Identifier: MIT */
/**
 * @file  The canonical path of a stream: application path + "/" + stream name.
 *
 * `live/room` + `x` and `live` + `room/x` are the same stream. Queries are removed before (they are parameters of the
 * caller), a leading or trailing "/" and "/_definst_" are dropped. Limits: reference table in base/limits.h.
 */
#ifndef PH_MEDIA_PATH_H
#define PH_MEDIA_PATH_H

#include <stddef.h>

enum { PH_PATH_MAX = 260 }; /**< two names of 128 bytes, "/" between, 0 behind, rounded up */

struct ph_path {
    char text[PH_PATH_MAX]; /**< NUL-terminated */
    size_t length;
};

/**
 * Join and check. Allowed: A–Z a–z 0–9 . _ - and "/", each part not empty and without a leading dot, at most 8 parts,
 * each name at most 128 bytes.
 *
 * Returns 0; -EINVAL with `*why` set to one static phrase that says what to change.
 */
int ph_path_join(const char *app, size_t app_length, const char *name, size_t name_length, struct ph_path *path,
                 const char **why);

#endif
