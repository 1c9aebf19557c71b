/* SPDX-License-Identifier: MIT */
/*
 * A source is remembered from its first connection until its last has left and its rate bucket is full again, at most
 * PH_LIMIT_CONNS_IDLE_SOURCES of those that have no connection: the longest idle is forgotten first.
 */
#include "net/admission.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/rate.h"

enum { QUIET_US = 60000000 }; /* between two log lines about one source */

struct ph_source_count {
    struct ph_source source;
    struct ph_list idle; /* in ph_admission::idle while n is 0 */
    struct ph_rate rate;
    uint64_t told_us;
    uint32_t n, n_new;
};

struct ph_admission_limits ph_admission_defaults(uint64_t descriptor_limit)
{
    uint64_t left = descriptor_limit > PH_LIMIT_SPARE_DESCRIPTORS ? descriptor_limit - PH_LIMIT_SPARE_DESCRIPTORS : 0;
    if (left < descriptor_limit / 2) /* a tiny limit: half is better than nothing */
        left = descriptor_limit / 2;
    return (struct ph_admission_limits){
        .total = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX,
        .per_source = PH_LIMIT_CONNS_PER_SOURCE,
        .per_source_new = PH_LIMIT_CONNS_PER_SOURCE_NEW,
        .new_percent = PH_LIMIT_CONNS_NEW_PERCENT,
        .rate = PH_LIMIT_CONNS_RATE,
        .burst = PH_LIMIT_CONNS_BURST,
    };
}

const char *ph_verdict_text(enum ph_admission_verdict verdict)
{
    static const char *const texts[PH_N_VERDICTS] = {
        [PH_ADMITTED] = "admitted",
        [PH_REFUSED_TOTAL] = "the server is full",
        [PH_REFUSED_SOURCE] = "too many connections from this address",
        [PH_REFUSED_SOURCE_NEW] = "too many connections from this address that have not said who they are",
        [PH_REFUSED_RATE] = "too many new connections per second from this address",
        [PH_REFUSED_MEMORY] = "out of memory",
        [PH_REFUSED_PRESSURE] = "the server's memory is nearly used up",
    };
    return texts[verdict];
}

void ph_admission_init(struct ph_admission *admission, const struct ph_admission_limits *limits,
                       const struct ph_hash_seed *seed)
{
    *admission = (struct ph_admission){.limits = *limits};
    ph_list_init(&admission->new_guests);
    ph_list_init(&admission->idle);
    ph_map_init(&admission->sources, seed, (size_t)limits->total + PH_LIMIT_CONNS_IDLE_SOURCES + 1);
}

static void forget(struct ph_admission *admission, struct ph_source_count *source)
{
    ph_list_remove(&source->idle);
    admission->n_idle--;
    ph_map_remove(&admission->sources, &source->source, sizeof source->source);
    free(source);
}

static struct ph_source_count *longest_idle(const struct ph_admission *admission)
{
    struct ph_list *node = ph_list_first(&admission->idle);
    return node ? ph_list_entry(node, struct ph_source_count, idle) : NULL;
}

void ph_admission_finish(struct ph_admission *admission)
{
    struct ph_source_count *source;
    while ((source = longest_idle(admission)))
        forget(admission, source);
    ph_map_finish(&admission->sources);
}

/* The source has no connection: remember it for its rate, and forget those that have waited long enough. */
static void rest(struct ph_admission *admission, struct ph_source_count *source, uint64_t now_us)
{
    ph_list_append(&admission->idle, &source->idle);
    admission->n_idle++;
    struct ph_source_count *oldest;
    while ((oldest = longest_idle(admission)) &&
           (ph_rate_is_full(&oldest->rate, now_us) || admission->n_idle > PH_LIMIT_CONNS_IDLE_SOURCES))
        forget(admission, oldest);
}

static struct ph_source_count *find_source(struct ph_admission *admission, const struct ph_address *peer)
{
    struct ph_source name = ph_address_source(peer);
    struct ph_source_count *source = ph_map_get(&admission->sources, &name, sizeof name);
    if (source)
        return source;
    source = calloc(1, sizeof *source);
    if (!source)
        return NULL;
    source->source = name;
    ph_rate_init(&source->rate, admission->limits.rate, admission->limits.burst);
    if (ph_map_add(&admission->sources, &source->source, sizeof source->source, source)) {
        free(source);
        return NULL;
    }
    ph_list_append(&admission->idle, &source->idle);
    admission->n_idle++;
    return source;
}

static enum ph_admission_verdict judge(const struct ph_admission *admission, struct ph_source_count *source,
                                       uint64_t now_us)
{
    if (admission->n >= admission->limits.total)
        return PH_REFUSED_TOTAL;
    if (atomic_load_explicit(&admission->is_tight, memory_order_relaxed))
        return PH_REFUSED_PRESSURE;
    if (!source)
        return PH_ADMITTED;
    if (source->n >= admission->limits.per_source)
        return PH_REFUSED_SOURCE;
    if (source->n_new >= admission->limits.per_source_new)
        return PH_REFUSED_SOURCE_NEW;
    return ph_rate_take(&source->rate, now_us, 1) ? PH_ADMITTED : PH_REFUSED_RATE;
}

static void stop_counting_as_new(struct ph_admission *admission, struct ph_guest *guest)
{
    if (guest->authorised)
        return;
    guest->authorised = true;
    ph_list_remove(&guest->link);
    admission->n_new--;
    if (guest->source)
        guest->source->n_new--;
}

/* Makes room among those not yet authorised: the oldest, or NULL when there is room. */
static struct ph_guest *evict_oldest(struct ph_admission *admission)
{
    uint64_t most = (uint64_t)admission->limits.total * admission->limits.new_percent / 100;
    if (admission->n_new < (most ? most : 1))
        return NULL;
    struct ph_guest *oldest = ph_list_entry(ph_list_first(&admission->new_guests), struct ph_guest, link);
    stop_counting_as_new(admission, oldest);
    admission->n_evicted++;
    return oldest;
}

static bool is_worth_telling(uint64_t *told_us, uint64_t now_us)
{
    if (*told_us && now_us - *told_us < QUIET_US)
        return false;
    *told_us = now_us;
    return true;
}

enum ph_admission_verdict ph_admission_enter(struct ph_admission *admission, const struct ph_address *peer,
                                             uint64_t now_us, struct ph_guest *guest, struct ph_guest **evict,
                                             bool *first)
{
    bool exempt = ph_address_is_loopback(peer);
    struct ph_source_count *source = exempt ? NULL : find_source(admission, peer);
    enum ph_admission_verdict verdict = source || exempt ? judge(admission, source, now_us) : PH_REFUSED_MEMORY;
    admission->n_verdicts[verdict]++;
    *evict = NULL;
    bool about_source = source && verdict != PH_REFUSED_TOTAL && verdict != PH_REFUSED_PRESSURE;
    *first = verdict != PH_ADMITTED && is_worth_telling(about_source ? &source->told_us : &admission->told_us, now_us);
    if (verdict != PH_ADMITTED) {
        if (source && source->n == 0) { /* to the end of the queue of idle ones */
            ph_list_remove(&source->idle);
            admission->n_idle--;
            rest(admission, source, now_us);
        }
        return verdict;
    }

    *evict = evict_oldest(admission);
    *guest = (struct ph_guest){.source = source};
    ph_list_append(&admission->new_guests, &guest->link);
    admission->n++;
    admission->n_new++;
    if (source) {
        if (source->n++ == 0) {
            ph_list_remove(&source->idle);
            admission->n_idle--;
        }
        source->n_new++;
    }
    return verdict;
}

void ph_admission_authorise(struct ph_admission *admission, struct ph_guest *guest)
{
    stop_counting_as_new(admission, guest);
}

void ph_admission_leave(struct ph_admission *admission, struct ph_guest *guest, uint64_t now_us)
{
    stop_counting_as_new(admission, guest);
    admission->n--;
    struct ph_source_count *source = guest->source;
    if (source && --source->n == 0)
        rest(admission, source, now_us);
}
