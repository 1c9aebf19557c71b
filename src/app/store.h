/* SPDX-License-Identifier: MIT */
/**
 * @file  The store: records by space and key in one SQLite file, written by one thread.
 *
 * What is asked for is done in its order; writes are committed together, at the latest after PH_LIMIT_STORE_MS, so that
 * a crash loses at most that much and never half of one write. A space is an application's own, or a shared object's.
 *
 * Owner   The theatre.
 * Thread  Functions: any loop. Ends: the loop they were asked for, from a fresh stack.
 * Limits  PH_LIMIT_STORE_KEY, PH_LIMIT_STORE_VALUE, PH_LIMIT_STORE_SPACE bytes.
 */
#ifndef PH_APP_STORE_H
#define PH_APP_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct ph_log;
struct ph_loop;
struct ph_store;

struct ph_record {
    const char *key;
    const void *bytes; /**< NULL: delete */
    size_t length;
};

/** What came of it: 0, PH_E_NOT_FOUND, PH_E_LIMIT, PH_E_IO, and the records of a read; lent. */
typedef void (*ph_store_fn)(void *user, int error, const struct ph_record *records, size_t n);

/** Open or make the file. `why`: out on failure, a phrase. Returns 0; -EIO; -ENOMEM. */
PH_MUST_USE int ph_store_open(const char *file, struct ph_log *log, struct ph_store **store, const char **why);

/** Do what was asked for, commit, close. Ends are posted before this returns. NULL is fine. */
void ph_store_close(struct ph_store *store);

/** All of these records or none. `end` may be NULL. Returns 0; -EINVAL a key or value is too long; -ENOMEM. */
PH_MUST_USE int ph_store_write(struct ph_store *store, const char *space, const struct ph_record *records, size_t n,
                               struct ph_loop *loop, ph_store_fn end, void *user);

/** One record. Returns 0; -EINVAL; -ENOMEM. */
PH_MUST_USE int ph_store_read(struct ph_store *store, const char *space, const char *key, struct ph_loop *loop,
                              ph_store_fn end, void *user);

/** At most `most` records whose keys begin with `prefix` and come behind `after`, in their order. Returns 0; -ENOMEM.
 */
PH_MUST_USE int ph_store_list(struct ph_store *store, const char *space, const char *prefix, const char *after,
                              size_t most, struct ph_loop *loop, ph_store_fn end, void *user);

#endif
