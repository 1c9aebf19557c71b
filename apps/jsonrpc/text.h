/* SPDX-License-Identifier: MIT */
/**
 * @file  A text that grows. A failure sticks, so that many additions are tested once, at the end.
 *
 * Owner   Who holds it frees `bytes`.
 */
#ifndef APPS_JSONRPC_TEXT_H
#define APPS_JSONRPC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ph_rpc_text {
    char *bytes; /**< NUL-terminated; NULL: nothing yet */
    size_t length, cap;
    bool failed; /**< out of memory, or NULL was added */
};

/** Read the digits at *text, which ends behind them then. False: there are none, or too many. */
bool ph_rpc_digits(const char **text, uint32_t *number);

/** Append a text; NULL fails. */
void ph_rpc_add(struct ph_rpc_text *text, const char *more);

/** Append `length` bytes. */
void ph_rpc_add_bytes(struct ph_rpc_text *text, const char *more, size_t length);

/** Free its bytes. */
void ph_rpc_text_free(struct ph_rpc_text *text);

#endif
