/* SPDX-License-Identifier: MIT */
/**
 * @file  Options as tables: one row gives the parser, the help, the manual and the sample file.
 *
 * A table describes one struct of settings; each row names a field of it. Tables with a `section` describe groups that
 * may occur more than once, such as `app live { ... }`: one struct per group.
 *
 * Owner   The caller owns the structs; texts in them are on the heap: ph_options_finish() frees them.
 * Thread  One at a time per struct.
 * Since   0.1
 */
#ifndef PH_BASE_OPTION_H
#define PH_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"

enum ph_option_type {
    PH_OPTION_STRING,   /**< char *, never NULL after ph_options_default() */
    PH_OPTION_BOOL,     /**< bool */
    PH_OPTION_INT,      /**< int64_t */
    PH_OPTION_DURATION, /**< int64_t, milliseconds */
    PH_OPTION_SIZE,     /**< int64_t, bytes */
    PH_OPTION_ENUM,     /**< int: the index of the choice */
    PH_OPTION_SET,      /**< unsigned: bit i for choice i; written "rtmp, http" */
    PH_OPTION_AUTO_MS,  /**< int64_t, milliseconds; "auto" is PH_OPTION_AUTO */
};

#define PH_OPTION_AUTO ((int64_t)-1)

struct ph_option {
    const char *name; /**< "address": the path is the section's, or the whole of it: "log.level" */
    enum ph_option_type type;
    const char *initial;        /**< as a user would write it */
    int64_t min, max;           /**< of numbers; of a string, its length */
    const char *unit;           /**< of INT: "connections"; else NULL */
    const char *help;           /**< one sentence */
    size_t offset;              /**< of the field: offsetof() */
    const char *const *choices; /**< of ENUM and SET: NULL-terminated, at most 32 */
    /** of STRING: what is wrong with a text, to be read behind "is", and how to mend it; returns NULL if nothing is.
     *  NULL: any text will do. */
    const char *(*fault)(const char *text);
    bool live; /**< a running server takes a change over at SIGHUP */
};

struct ph_option_table {
    const char *section; /**< "app" for `app NAME { }`; NULL for options outside groups */
    const char *help;    /**< one sentence about the group */
    const struct ph_option *rows;
    size_t n_rows;
};

/** The row called `name`, or NULL. */
const struct ph_option *ph_option_find(const struct ph_option_table *table, const char *name);

/** Set every field to its default. The struct's old contents are not freed. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_options_default(const struct ph_option_table *table, void *settings);

/** Free the texts of a struct. */
void ph_options_finish(const struct ph_option_table *table, void *settings);

/**
 * Set one field from a text.
 *
 * error, cap  out: on failure, what is wrong and how to mend it, without place and name of the option:
 *             `"fast" is not a time; use auto, or milliseconds such as 100`
 *
 * Returns 0; -EINVAL; -ENOMEM. The field is not touched on failure.
 */
PH_MUST_USE int ph_option_apply(const struct ph_option *row, void *settings, const char *text, char *error, size_t cap);

/** Write a field as a user would; cut to `cap`. */
void ph_option_show(const struct ph_option *row, const void *settings, char *text, size_t cap);

/** What a row takes, in words: "a time in milliseconds, 0 to 1000, or auto"; cut to `cap`. */
void ph_option_describe(const struct ph_option *row, char *text, size_t cap);

/** For `--help`: one or two lines per option. */
void ph_options_print_help(const struct ph_option_table *table, FILE *out);

/** For the manual: a Markdown table. */
void ph_options_print_markdown(const struct ph_option_table *table, FILE *out);

/** For the sample file: every option with its default, commented out. */
void ph_options_print_sample(const struct ph_option_table *table, FILE *out);

#endif
