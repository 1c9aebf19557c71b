/* SPDX-License-Identifier: MIT */
/**
 * @file  The tail of a log: its newest lines, numbered, for who asks later.
 *
 * Owner   The caller.
 * Thread  Any.
 * Limits  PH_LIMIT_LOG_TAIL lines, each of PH_LIMIT_LOG_LINE bytes.
 */
#ifndef PH_BASE_TAIL_H
#define PH_BASE_TAIL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct ph_tail {
    pthread_mutex_t lock;
    uint64_t n; /**< lines that have ever come */
    struct {
        size_t length;
        char bytes[PH_LIMIT_LOG_LINE];
    } lines[PH_LIMIT_LOG_TAIL];
};

void ph_tail_init(struct ph_tail *tail);
void ph_tail_finish(struct ph_tail *tail);

/** Keep a copy of a line, without its line feed. */
void ph_tail_add(struct ph_tail *tail, const char *line, size_t length);

/**
 * The lines behind number `after`, oldest first; those that have been forgotten are left out.
 *
 * take  called with the lock held: it must not log
 *
 * Returns the number of the newest line, for the next time; 0: none has come.
 */
uint64_t ph_tail_read(struct ph_tail *tail, uint64_t after,
                      void (*take)(void *user, uint64_t number, const char *line, size_t length), void *user);

#endif
