/* SPDX-License-Identifier: MIT */
#include "app/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define KEPT_US (600 * UINT64_C(1000000))

void ph_ledger_init(struct ph_ledger *ledger, const struct ph_hash_seed *seed)
{
    *ledger = (struct ph_ledger){0};
    ph_map_init(&ledger->entries, seed, PH_LIMIT_LEDGER);
    ph_list_init(&ledger->list);
}

static void drop(struct ph_ledger *ledger, struct ph_ledger_entry *entry)
{
    (void)ph_map_remove(&ledger->entries, entry->key, entry->key_length);
    ph_list_remove(&entry->link);
    ledger->bytes -= entry->length;
    free(entry->answer);
    free(entry);
}

void ph_ledger_finish(struct ph_ledger *ledger)
{
    for (struct ph_list *node; (node = ph_list_first(&ledger->list));)
        drop(ledger, ph_list_entry(node, struct ph_ledger_entry, link));
    ph_map_finish(&ledger->entries);
}

/* Old ones, and as many as there is no room for; those that are being done stay. */
static void tidy(struct ph_ledger *ledger, uint64_t now_us)
{
    ph_list_for_each_safe(node, &ledger->list)
    {
        struct ph_ledger_entry *entry = ph_list_entry(node, struct ph_ledger_entry, link);
        bool is_old = now_us - entry->since_us > KEPT_US;
        bool is_full = ledger->entries.n >= PH_LIMIT_LEDGER || ledger->bytes > PH_LIMIT_LEDGER_BYTES;
        if (!is_old && !is_full)
            return;
        if (entry->answer)
            drop(ledger, entry);
    }
}

enum ph_ledger_verdict ph_ledger_begin(struct ph_ledger *ledger, const char *key, uint64_t fingerprint, uint64_t now_us,
                                       struct ph_ledger_entry **entry)
{
    size_t length = strlen(key);
    tidy(ledger, now_us);
    struct ph_ledger_entry *made = ph_map_get(&ledger->entries, key, length);
    *entry = made;
    if (made)
        return made->fingerprint != fingerprint ? PH_LEDGER_OTHER : made->answer ? PH_LEDGER_DONE : PH_LEDGER_BUSY;
    made = calloc(1, sizeof *made + length + 1);
    if (!made)
        return PH_LEDGER_FULL;
    memcpy(made->key, key, length);
    made->key_length = length;
    made->since_us = now_us;
    made->fingerprint = fingerprint;
    if (ph_map_add(&ledger->entries, made->key, length, made)) {
        free(made);
        return PH_LEDGER_FULL;
    }
    ph_list_append(&ledger->list, &made->link);
    *entry = made;
    return PH_LEDGER_NEW;
}

void ph_ledger_end(struct ph_ledger *ledger, const char *key, int error, const char *answer, size_t length)
{
    struct ph_ledger_entry *entry = ph_map_get(&ledger->entries, key, strlen(key));
    if (!entry)
        return;
    entry->answer = malloc(length + 1);
    if (!entry->answer) {
        drop(ledger, entry);
        return;
    }
    memcpy(entry->answer, answer, length);
    entry->answer[length] = '\0';
    entry->length = length;
    entry->error = error;
    ledger->bytes += length;
}
