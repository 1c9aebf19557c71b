/* SPDX-License-Identifier: MIT */
/**
 * @file  A ledger: what was answered to whom said "Idempotency-Key", so that an order sent twice is done once.
 *
 * Source  The Idempotency-Key HTTP header field (draft-ietf-httpapi-idempotency-key-header).
 * Owner   The instance.
 * Thread  The instance's loop.
 * Limits  PH_LIMIT_LEDGER entries, PH_LIMIT_LEDGER_BYTES of answers; the oldest go; each is kept for 10 minutes.
 */
#ifndef PH_APP_LEDGER_H
#define PH_APP_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/list.h"
#include "base/map.h"

enum ph_ledger_verdict {
    PH_LEDGER_NEW,   /**< do it, then ph_ledger_end() */
    PH_LEDGER_BUSY,  /**< it is being done */
    PH_LEDGER_DONE,  /**< it was: the answer is in the entry */
    PH_LEDGER_OTHER, /**< the key was used for another order */
    PH_LEDGER_FULL,  /**< no memory, or all entries are being done */
};

struct ph_ledger_entry {
    struct ph_list link; /**< in the ledger, the oldest first */
    uint64_t since_us, fingerprint;
    int error;
    char *answer; /**< NULL: it is being done */
    size_t length;
    size_t key_length;
    char key[];
};

struct ph_ledger {
    struct ph_map entries;
    struct ph_list list; /**< list of struct ph_ledger_entry::link */
    size_t bytes;        /**< of answers */
};

void ph_ledger_init(struct ph_ledger *ledger, const struct ph_hash_seed *seed);
void ph_ledger_finish(struct ph_ledger *ledger);

/** An order has come. *entry is set for NEW and DONE; it stays until the next call. */
enum ph_ledger_verdict ph_ledger_begin(struct ph_ledger *ledger, const char *key, uint64_t fingerprint, uint64_t now_us,
                                       struct ph_ledger_entry **entry);

/** It has been done; the answer is copied. Without memory it is as if it had never been asked for. */
void ph_ledger_end(struct ph_ledger *ledger, const char *key, int error, const char *answer, size_t length);

#endif
