/* SPDX-License-Identifier: MIT */
/** @file  What a person reads at the start: where the server is, and lines to paste. */
#ifndef PH_MAIN_BANNER_H
#define PH_MAIN_BANNER_H

#include <stdio.h>

#include "main/server.h"
#include "ops/command_line.h"

/** Print it to `out`. This is the one place where the publish key is shown. */
void banner_print(FILE *out, const struct server *server, const struct ph_command_line *line,
                  const struct ph_settings *settings, const struct ph_state *state);

#endif
