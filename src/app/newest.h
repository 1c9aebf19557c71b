/* SPDX-License-Identifier: MIT */
/**
 * @file  What a client that does not keep up is to hear later: of each method the newest call alone.
 *
 * Owner   A gate's session.
 * Thread  Its worker.
 * Limits  PH_NEWEST_MAX methods; one more takes the place of the oldest.
 */
#ifndef PH_APP_NEWEST_H
#define PH_APP_NEWEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/list.h"

enum { PH_NEWEST_MAX = 16 };

struct ph_newest {
    struct ph_list list; /**< private: oldest first */
    size_t n;
};

void ph_newest_init(struct ph_newest *newest);
void ph_newest_finish(struct ph_newest *newest);

/** Keep a copy of the encoded call, instead of an older one of this method. Returns 0; -ENOMEM: nothing is kept. */
PH_MUST_USE int ph_newest_keep(struct ph_newest *newest, const char *method, const uint8_t *bytes, size_t length);

/** Hand over what is kept, oldest first, and keep nothing any more. */
void ph_newest_give(struct ph_newest *newest, void (*take)(void *user, const uint8_t *bytes, size_t length),
                    void *user);

#endif
