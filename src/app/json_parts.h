/* SPDX-License-Identifier: MIT */
/**
 * @file  What both forms of JSON are made of: json.h, json_strict.h.
 *
 * Thread  Any.
 */
#ifndef PH_APP_JSON_PARTS_H
#define PH_APP_JSON_PARTS_H

#include <jansson.h>
#include <stdbool.h>

#include "app/json.h"

/** One text being read: levels and values that are left. */
struct ph_json_reading {
    struct rtmp_arena *arena;
    unsigned levels, values;
    int err;
    void *more; /**< of the form */
    struct rtmp_value *(*object)(struct ph_json_reading *reading, const json_t *json);
};

/** Read a text by the form's `object`. */
PH_MUST_USE int ph_json_read_by(struct ph_json_reading *reading, const char *text, size_t length,
                                struct rtmp_value **value, char *fault);

/** A value of any kind; NULL: reading->err says why. */
struct rtmp_value *ph_json_convert(struct ph_json_reading *reading, const json_t *json);

/** Items into an array that is there. False: reading->err. */
bool ph_json_convert_items(struct ph_json_reading *reading, const json_t *json, struct rtmp_value *array);

/** NULL, and the error is noted. */
struct rtmp_value *ph_json_fail(struct ph_json_reading *reading, int err);

/* Writing; each returns 0 or the buffer's error. */

PH_MUST_USE int ph_json_put(struct rtmp_buffer *buffer, const char *bytes);
PH_MUST_USE int ph_json_write_base64(struct rtmp_buffer *buffer, const uint8_t *bytes, size_t length);
PH_MUST_USE int ph_json_write_int(struct rtmp_buffer *buffer, int64_t number);

/** The shortest text that reads back as the same; null of what is not finite. */
PH_MUST_USE int ph_json_write_number(struct rtmp_buffer *buffer, double number);

/** Is it valid UTF-8? */
bool ph_json_is_text(const char *text, size_t length);

#endif
