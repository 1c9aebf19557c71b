/* SPDX-License-Identifier: MIT */
/**
 * @file  The command line, and the settings that come of it, of the environment and of the file it names.
 *
 * Owner   Everything is lent from argv.
 * Thread  One.
 * Since   0.1
 */
#ifndef PH_OPS_COMMAND_LINE_H
#define PH_OPS_COMMAND_LINE_H

#include <stddef.h>
#include <stdio.h>

#include <playhouse/app.h>

#include "base/attr.h"
#include "ops/settings.h"

enum { PH_COMMAND_LINE_SETS = 64 };

enum ph_command {
    PH_COMMAND_SERVE,
    PH_COMMAND_CHECK_CONFIG,
    PH_COMMAND_HELP,
    PH_COMMAND_HELP_MARKDOWN,
    PH_COMMAND_SAMPLE_CONFIG,
    PH_COMMAND_OPENAPI,
    PH_COMMAND_VERSION,
};

struct ph_command_line {
    enum ph_command command;
    const char *config; /**< NULL: no file */
    const char *state;  /**< NULL: the usual place */
    const char *sets[PH_COMMAND_LINE_SETS];
    size_t n_sets;
};

/** Returns 0; -EINVAL with `error` (PH_SETTINGS_ERROR bytes) set. */
PH_MUST_USE int ph_command_line_parse(int argc, const char *const *argv, struct ph_command_line *line, char *error);

/**
 * Defaults, then the file, the environment, --set.
 *
 * settings  out: to be finished on success only
 * error     out on failure, PH_SETTINGS_ERROR bytes: one line
 */
PH_MUST_USE int ph_command_line_settings(const struct ph_command_line *line, const char *const *environment,
                                         struct ph_settings *settings, char *error);

/** --help */
void ph_help_print(FILE *out);

/** docs/configuration.md, with the options that each of the types has. */
void ph_manual_print(FILE *out, const struct ph_app_type *const *types, size_t n_types);

#endif
