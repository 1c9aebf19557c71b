/* SPDX-License-Identifier: MIT */
/**
 * @file  The strict form of values as JSON: what was read from AMF comes back as it was. docs/values.md shows it.
 *
 * What JSON has no word for is an object with one name that begins with "$" ({"$date": 0}); names of data that begin
 * so get another "$". A node that stands in several places is numbered where it comes first ("$id") and named
 * elsewhere ({"$ref": 1}), so a part of a text can be moved into another as it is.
 *
 * Owner   Values: the arena. Texts: the buffer.
 * Thread  Any.
 * Limits  RTMP_VALUE_DEPTH levels, RTMP_VALUE_WALK_NODES values, the arena's budget, the buffer's maximum.
 */
#ifndef PH_APP_JSON_STRICT_H
#define PH_APP_JSON_STRICT_H

#include "app/json.h"

/** As ph_json_read. */
PH_MUST_USE int ph_json_read_strict(const char *text, size_t length, struct rtmp_arena *arena,
                                    struct rtmp_value **value, char *fault);

/** As ph_json_write. */
PH_MUST_USE int ph_json_write_strict(const struct rtmp_value *value, struct rtmp_buffer *buffer);

#endif
