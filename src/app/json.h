/* SPDX-License-Identifier: MIT */
/**
 * @file  JSON to values and back: the table of docs/values.md.
 *
 * Reading is strict: UTF-8, no duplicate names, no lone surrogates, nothing behind the value. Whole numbers within 32
 * bits become integers, all others doubles. Writing is for programs: no blanks. What JSON cannot say becomes what the
 * table says; a value that contains itself is written as null where it comes again.
 *
 * Owner   Values: the arena. Texts: the buffer.
 * Thread  Any.
 * Limits  RTMP_VALUE_DEPTH levels, RTMP_VALUE_WALK_NODES values, the arena's budget, the buffer's maximum.
 */
#ifndef PH_APP_JSON_H
#define PH_APP_JSON_H

#include <stddef.h>

#include <rtmpwire/arena.h>
#include <rtmpwire/buffer.h>
#include <rtmpwire/value.h>

#include "base/attr.h"

enum { PH_JSON_FAULT = 192 };

/**
 * Read one JSON text.
 *
 * fault  out on failure, PH_JSON_FAULT bytes: what is wrong and where
 *
 * Returns 0; -EINVAL it is none; -E2BIG too deep or too many values; -ENOMEM.
 */
PH_MUST_USE int ph_json_read(const char *text, size_t length, struct rtmp_arena *arena, struct rtmp_value **value,
                             char *fault);

/** Append a value; NULL is null. Returns 0; RTMP_E_SPACE, RTMP_E_MEMORY, RTMP_E_NODES, RTMP_E_DEPTH. */
PH_MUST_USE int ph_json_write(const struct rtmp_value *value, struct rtmp_buffer *buffer);

/** Append a text as a JSON string, with its quotes. Returns 0; RTMP_E_SPACE, RTMP_E_MEMORY. */
PH_MUST_USE int ph_json_write_text(const char *text, size_t length, struct rtmp_buffer *buffer);

#endif
