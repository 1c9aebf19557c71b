/* SPDX-License-Identifier: MIT */
/**
 * @file  Text: strict readers for numbers, and a writer that cannot overflow.
 *
 * This is the only place of the server that turns text into numbers. A reader takes the whole text or nothing: no
 * leading or trailing blanks, no sign where none makes sense. They return 0; -EINVAL it is not such a text; -ERANGE
 * it is one, but too large. `value` is not touched on failure.
 *
 * Thread  Stateless: any.
 * Since   0.1
 */
#ifndef PH_BASE_TEXT_H
#define PH_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/** Digits only. */
PH_MUST_USE int ph_text_u64(const char *text, uint64_t *value);

/** The same of bytes with no NUL behind them, at most 23. */
PH_MUST_USE int ph_text_u64_of(const char *bytes, size_t length, uint64_t *value);

/** Digits, with a minus before them or not. */
PH_MUST_USE int ph_text_i64(const char *text, int64_t *value);

/** Decimal number with a point and an exponent or without; never infinite or not-a-number. */
PH_MUST_USE int ph_text_double(const char *text, double *value);

/** on, yes, true, 1; off, no, false, 0. */
PH_MUST_USE int ph_text_bool(const char *text, bool *value);

/** Bytes: "65536", "64 KiB", "64K", "16MiB", "1 GiB"; units of 1024 whatever their spelling. */
PH_MUST_USE int ph_text_size(const char *text, uint64_t *bytes);

/** A time: "100" and "100 ms" are milliseconds; "2 s", "5 min", "1 h", "7 d" and "1.5 s" as well. */
PH_MUST_USE int ph_text_duration_ms(const char *text, uint64_t *ms);

/** A text being written into the caller's bytes; always ends in a NUL; what does not fit is cut off and noted. */
struct ph_text {
    char *bytes;
    size_t cap;    /**< with the NUL; at least 1 */
    size_t length; /**< without the NUL */
    bool cut;      /**< something did not fit */
};

void ph_text_init(struct ph_text *text, char *bytes, size_t cap);

/** The same and one piece: a copy, cut to `cap`. `from` NULL: "". */
void ph_text_copy(char *bytes, size_t cap, const char *from);

/** Add as printf does. */
void ph_text_add(struct ph_text *text, const char *format, ...) PH_PRINTF(2, 3);
void ph_text_add_v(struct ph_text *text, const char *format, va_list values) PH_PRINTF(2, 0);

/** Add bytes as they are. */
void ph_text_add_bytes(struct ph_text *text, const void *bytes, size_t length);

/**
 * Add bytes that a stranger may have chosen, as one line of valid UTF-8: control bytes, the backslash and what is not
 * UTF-8 become \n, \t, \\ or \xNN. Never cuts an escape or a character in half.
 */
void ph_text_add_escaped(struct ph_text *text, const void *bytes, size_t length);

/** Add bytes as the inside of a JSON string; what is not UTF-8 becomes U+FFFD. Never cuts an escape in half. */
void ph_text_add_json(struct ph_text *text, const void *bytes, size_t length);

/** Add bytes as lower-case hexadecimal digits, two for each. */
void ph_text_add_hex(struct ph_text *text, const void *bytes, size_t length);

/** Add a size for people: "712 B", "3.1 GB" (units of 1000). */
void ph_text_add_amount(struct ph_text *text, uint64_t bytes);

/** Add a time for people: "01:12:40"; "3d 01:12:40". */
void ph_text_add_duration(struct ph_text *text, uint64_t us);

/** Add a point in time as 2026-08-01T12:00:00.123Z. */
void ph_text_add_time(struct ph_text *text, int64_t wall_us);

#endif
