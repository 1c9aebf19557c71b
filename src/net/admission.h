/* SPDX-License-Identifier: MIT */
/**
 * @file  Admission: who may still come in.
 *
 * Counts connections: all of them, those of each source, those not yet authorised. A source is an IPv4 address or an
 * IPv6 /64; loopback is exempt from the rows of a source, from nothing else.
 *
 * Owner   The accepting loop; guests lie in the caller's objects.
 * Thread  One.
 * Since   0.1
 */
#ifndef PH_NET_ADMISSION_H
#define PH_NET_ADMISSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/list.h"
#include "base/map.h"
#include "net/address.h"

struct ph_admission_limits {
    uint32_t total;          /**< connections */
    uint32_t per_source;     /**< connections */
    uint32_t per_source_new; /**< not yet authorised ones of a source */
    uint32_t new_percent;    /**< of `total`: not yet authorised ones */
    uint32_t rate, burst;    /**< new connections of a source per second, and at once */
};

/** The rows of limits.h; `total` is what a descriptor limit leaves. */
struct ph_admission_limits ph_admission_defaults(uint64_t descriptor_limit);

enum ph_admission_verdict {
    PH_ADMITTED,
    PH_REFUSED_TOTAL,
    PH_REFUSED_SOURCE,
    PH_REFUSED_SOURCE_NEW,
    PH_REFUSED_RATE,
    PH_REFUSED_MEMORY,
    PH_REFUSED_PRESSURE,
    PH_N_VERDICTS
};

/** "too many connections from this address" */
const char *ph_verdict_text(enum ph_admission_verdict verdict);

struct ph_source_count; /* private */

/** One connection as admission knows it. */
struct ph_guest {
    struct ph_list link;            /**< private: in the order of arrival while not authorised */
    struct ph_source_count *source; /**< private; NULL for loopback */
    bool authorised;                /**< private: authorised, or already asked to go */
};

struct ph_admission {
    struct ph_admission_limits limits;
    atomic_bool is_tight; /**< [any] set by whoever watches memory: nobody is let in */
    uint32_t n, n_new;
    uint64_t n_verdicts[PH_N_VERDICTS]; /**< how often each was given */
    uint64_t n_evicted;
    uint64_t told_us;          /**< private: when a refusal that is not about a source was last told */
    struct ph_list new_guests; /**< list of struct ph_guest::link, oldest first */
    struct ph_map sources;     /**< ph_source to struct ph_source_count */
    struct ph_list idle;       /**< list of struct ph_source_count::idle, longest idle first */
    uint32_t n_idle;
};

void ph_admission_init(struct ph_admission *admission, const struct ph_admission_limits *limits,
                       const struct ph_hash_seed *seed);

/** Guests must have left. */
void ph_admission_finish(struct ph_admission *admission);

/**
 * Ask for one more connection.
 *
 * guest  lent until ph_admission_leave() when the verdict is PH_ADMITTED; else not touched
 * evict  out: the oldest guest not yet authorised, which must now be closed to make room; NULL: nobody. It is still to
 *        leave as usual.
 * first  out: this is the first such refusal of this source in a minute: worth a log line
 */
enum ph_admission_verdict ph_admission_enter(struct ph_admission *admission, const struct ph_address *peer,
                                             uint64_t now_us, struct ph_guest *guest, struct ph_guest **evict,
                                             bool *first);

void ph_admission_authorise(struct ph_admission *admission, struct ph_guest *guest);

void ph_admission_leave(struct ph_admission *admission, struct ph_guest *guest, uint64_t now_us);

#endif
