/* SPDX-License-Identifier: MIT */
/**
 * @file  Secrets: made, kept in a file, compared.
 *
 * Thread  Any.
 * Since   0.1
 */
#ifndef PH_BASE_SECRET_H
#define PH_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum {
    PH_SECRET_KEY_LENGTH = 24,   /**< characters of a publish key: 120 bits, still typed by people */
    PH_SECRET_TOKEN_LENGTH = 52, /**< characters of an API token: 260 bits */
    PH_SECRET_MAX = 512,         /**< longest secret read from a file */
    PH_SECRET_CODE = 32,         /**< bytes of what ph_secret_sign() makes */
};

/** Compare in a time that depends on the lengths only. */
bool ph_secret_equal(const void *a, size_t a_length, const void *b, size_t b_length);

/** Write `length` random characters of a-z2-7 and a NUL to `text` (length + 1 bytes). 0 or a negative errno value. */
PH_MUST_USE int ph_secret_make(char *text, size_t length);

/** Write `text` and a line feed to a new file of mode 0600 that replaces `path` at once. 0 or a negative errno value.
 */
PH_MUST_USE int ph_secret_write(const char *path, const char *text);

/**
 * Read a secret, without the line feed at its end.
 *
 * Returns 0; -ENOENT; -EPERM group or others may read or write the file, or it is another user's, or no regular file;
 * -EMSGSIZE it does not fit `cap` or is longer than PH_SECRET_MAX; -EINVAL it is empty, or holds a control byte;
 * another negative errno value. `text` is not touched on failure.
 */
PH_MUST_USE int ph_secret_read(const char *path, char *text, size_t cap);

/** HMAC-SHA256: who knows `key` says `text`. */
void ph_secret_sign(const void *key, size_t key_length, const void *text, size_t length, uint8_t code[PH_SECRET_CODE]);

/** One secret for many purposes: who is told one of those made of it learns none of the others. `text` gets `length`
 * characters of a-z2-7, at most PH_SECRET_TOKEN_LENGTH, and a NUL. */
void ph_secret_derive(const char *secret, const char *purpose, char *text, size_t length);

#endif
