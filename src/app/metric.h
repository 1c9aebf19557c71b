/* SPDX-License-Identifier: MIT */
/**
 * @file  Counters and gauges that an application keeps; /metrics shows them.
 *
 * There are few, they stay until the server ends, and one thread writes: so they lie in a table that any thread may
 * read while it grows.
 *
 * Owner   The instance.
 * Thread  Add and set: the instance's loop. Reading: any.
 * Limits  PH_LIMIT_APP_METRICS.
 */
#ifndef PH_APP_METRIC_H
#define PH_APP_METRIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

enum { PH_METRIC_NAME = 64 }; /**< with the NUL behind */

struct ph_metric {
    char name[PH_METRIC_NAME];
    bool is_counter;
    _Atomic double value;
};

struct ph_metrics {
    atomic_size_t n; /**< those that are there; the fields before `value` do not change any more */
    struct ph_metric metric[PH_LIMIT_APP_METRICS];
};

/**
 * The counter or gauge of this name, made at its first use. Names are made of letters, digits, "_", "." and "-".
 *
 * Returns 0; PH_E_ARGUMENT the name, or it is of the other kind; PH_E_LIMIT.
 */
int ph_metric_find(struct ph_metrics *metrics, const char *name, bool is_counter, struct ph_metric **metric);

#endif
