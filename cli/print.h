/* SPDX-License-Identifier: MIT */
/**
 * @file  Values on standard output and from arguments, as JSON.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <rtmpwire/arena.h>
#include <rtmpwire/value.h>

/** One line; false when it cannot be written. */
bool cli_print(const struct rtmp_value *value);

/** The value of an argument; NULL: `fault` (PH_JSON_FAULT bytes) says what is wrong with it. */
struct rtmp_value *cli_value(const char *text, struct rtmp_arena *arena, char *fault);

#endif
