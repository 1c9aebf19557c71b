/* SPDX-License-Identifier: MIT */
/**
 * @file  The file gate: the pages, read into memory once; only names of its table are ever opened.
 *
 * Owner   The caller, from load to free.
 * Thread  Loaded on one thread; then read on any.
 */
#ifndef PH_GATE_FILE_FILE_H
#define PH_GATE_FILE_FILE_H

#include "base/attr.h"
#include "gate/http/route.h"

struct ph_files;

/**
 * Read the pages in `folder`.
 *
 * missing  out: the name of the first file that is not there, or NULL; static storage
 *
 * Returns 0, also when files are missing: their addresses then answer 404; -ENOMEM.
 */
PH_MUST_USE int ph_files_load(const char *folder, struct ph_files **files, const char **missing);

/** NULL is fine. */
void ph_files_free(struct ph_files *files);

/** The `answer` of /watch and all below it: its assets, and for every stream the player. `user`: a struct ph_files. */
void ph_files_watch(void *user, struct ph_exchange *exchange, const struct ph_request *request);

/** The `answer` of the console's address. */
void ph_files_console(void *user, struct ph_exchange *exchange, const struct ph_request *request);

#endif
