/* SPDX-License-Identifier: MIT */
#include "media/epoch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "media/tap.h"

enum {
    JOIN_STEP_US = 500000,  /* between join points that are no key frames */
    RATE_STEP_US = 500000,  /* the bitrate is measured over this */
    JUMP_BACK_US = 1000000, /* the publisher's clock was set anew */
};

static struct ph_framing *cache_of(const struct ph_epoch *epoch)
{
    return ph_list_entry(epoch->framings.next, struct ph_framing, in_epoch);
}

static uint64_t rate_of(const struct ph_epoch *epoch)
{
    return atomic_load_explicit(&((struct ph_epoch *)(uintptr_t)epoch)->bytes_per_s, memory_order_relaxed);
}

/* ---- life ---- */

static void prune(struct ph_timer *timer);

int ph_epoch_create(struct ph_worker *home, const struct ph_epoch_options *options, struct ph_epoch **created)
{
    struct ph_epoch *epoch = calloc(1, sizeof *epoch);
    struct ph_heads *heads = ph_heads_create();
    struct ph_join_info start = {.heads = heads};
    struct ph_framing *cache = epoch && heads
                                   ? ph_framing_create(options->cache_form, options->cache_variant, PH_SLAB_MIN, &start)
                                   : NULL;
    if (!cache) {
        ph_heads_unref(heads);
        free(epoch);
        return -ENOMEM;
    }
    ph_ref_init(&epoch->ref);
    epoch->home = home;
    epoch->id = atomic_fetch_add_explicit(&home->media->next_epoch, 1, memory_order_relaxed);
    epoch->latency_ms = options->latency_ms;
    epoch->lag_ms = options->lag_ms;
    epoch->heads = heads;
    ph_list_init(&epoch->framings);
    ph_list_append(&epoch->framings, &cache->in_epoch);
    ph_list_append(&home->epochs, &epoch->in_worker);
    ph_timer_init(&epoch->prune, prune);
    *created = epoch;
    return 0;
}

void ph_epoch_ref(struct ph_epoch *epoch) { ph_ref_take(&epoch->ref); }

void ph_epoch_unref(struct ph_epoch *epoch)
{
    if (!epoch || !ph_ref_drop(&epoch->ref))
        return;
    ph_heads_unref(epoch->heads);
    free(epoch);
}

static void drop_framing(struct ph_framing *framing)
{
    ph_list_remove(&framing->in_epoch);
    ph_framing_release(framing);
    ph_framing_unref(framing);
}

static void abandon_if_empty(struct ph_epoch *epoch)
{
    if (!ph_list_is_empty(&epoch->framings))
        return;
    ph_timer_stop(epoch->home->loop, &epoch->prune);
    ph_list_remove(&epoch->in_worker);
    ph_epoch_unref(epoch);
}

void ph_epoch_end(struct ph_epoch *epoch)
{
    ph_loop_assert_owner(epoch->home->loop);
    atomic_store_explicit(&epoch->ended, true, memory_order_release);
    ph_list_for_each_safe(node, &epoch->framings)
    {
        struct ph_framing *framing = ph_list_entry(node, struct ph_framing, in_epoch);
        ph_framing_release(framing);
        ph_framing_wake(framing);
        if (ph_list_is_empty(&framing->taps))
            drop_framing(framing);
    }
    abandon_if_empty(epoch);
}

void ph_epoch_abandon(struct ph_epoch *epoch)
{
    ph_list_for_each_safe(node, &epoch->framings) drop_framing(ph_list_entry(node, struct ph_framing, in_epoch));
    ph_list_remove(&epoch->in_worker);
    ph_epoch_unref(epoch);
}

/* ---- time ---- */

/* What the offset must be so that `time_us` follows the newest unit after the real gap. */
static int64_t offset_after_gap(const struct ph_stream_clock *clock, uint64_t now_us, int64_t time_us)
{
    int64_t gap_us = now_us > clock->at_us ? (int64_t)(now_us - clock->at_us) : 0;
    return clock->stream_us + gap_us - time_us;
}

static int64_t offset_for(const struct ph_epoch *epoch, int64_t time_us, uint64_t now_us)
{
    const struct ph_stream_clock *clock = &epoch->clock;
    if (clock->at_us == 0) /* the stream's very first unit */
        return 0;
    if (!epoch->begun || time_us + epoch->offset_us < clock->stream_us - JUMP_BACK_US)
        return offset_after_gap(clock, now_us, time_us);
    return epoch->offset_us;
}

static void note_time(struct ph_epoch *epoch, int64_t stream_us, uint64_t now_us)
{
    if (epoch->clock.at_us == 0 || stream_us > epoch->clock.stream_us || !epoch->begun)
        epoch->clock.stream_us = stream_us;
    epoch->clock.at_us = now_us;
    atomic_store_explicit(&epoch->newest_us, epoch->clock.stream_us, memory_order_release);
}

static void note_rate(struct ph_epoch *epoch)
{
    uint64_t end = ph_framing_end(cache_of(epoch));
    int64_t newest_us = epoch->clock.stream_us;
    if (!epoch->begun) {
        epoch->rate_from_us = newest_us;
        return;
    }
    int64_t span_us = newest_us - epoch->rate_from_us;
    if (span_us < RATE_STEP_US)
        return;
    uint64_t now = (end - epoch->rate_from_end) * 1000000 / (uint64_t)span_us;
    uint64_t mean = rate_of(epoch);
    atomic_store_explicit(&epoch->bytes_per_s, mean ? (3 * mean + now) / 4 : now + 1, memory_order_relaxed);
    epoch->rate_from_us = newest_us;
    epoch->rate_from_end = end;
}

/* ---- join points ---- */

enum join {
    JOIN_NONE,
    JOIN_KEY,
    JOIN_ANY, /* without video any unit will do */
    JOIN_NOW,
};

static bool is_default_key(const struct ph_unit *unit)
{
    return unit->kind == PH_VIDEO && unit->track == 0 && unit->flags & PH_UNIT_KEY && !(unit->flags & PH_UNIT_HEADER);
}

/* The group of pictures is too long to begin at its key frame. */
static bool is_overgrown(const struct ph_epoch *epoch, int64_t time_us)
{
    return time_us - epoch->group_us >= (int64_t)ph_worker_config(epoch->home)->cache_ms * 1000 ||
           ph_framing_end(cache_of(epoch)) - epoch->group_end > PH_LIMIT_CACHE_BYTES ||
           epoch->group_units >= PH_LIMIT_CACHE_FRAMES;
}

static enum join join_at(const struct ph_epoch *epoch, const struct ph_unit *unit)
{
    if (is_default_key(unit))
        return JOIN_KEY;
    bool rested = epoch->begun && unit->time_us - epoch->join_us >= JOIN_STEP_US;
    bool apart = rested || ph_framing_end(cache_of(epoch)) - epoch->join_end > PH_LIMIT_CACHE_BYTES;
    if (!apart)
        return JOIN_NONE;
    if (!epoch->has_video && unit->kind != PH_VIDEO)
        return JOIN_ANY;
    return epoch->begun && is_overgrown(epoch, unit->time_us) ? JOIN_NOW : JOIN_NONE;
}

static void note_join(struct ph_epoch *epoch, enum join join, int64_t time_us, uint64_t end_before)
{
    if (join == JOIN_KEY) {
        int64_t interval_us = time_us - epoch->key_us;
        if (epoch->key_seen && interval_us > epoch->key_interval_us)
            epoch->key_interval_us = interval_us;
        epoch->key_seen = true;
        epoch->key_us = time_us;
    }
    if (join != JOIN_NONE || !epoch->begun) {
        epoch->join_us = time_us;
        epoch->join_end = end_before;
    }
    if (join == JOIN_KEY || join == JOIN_ANY || !epoch->begun) {
        epoch->group_us = time_us;
        epoch->group_end = end_before;
        epoch->group_units = 0;
    }
    epoch->group_units++;
}

/* ---- appending ---- */

static int prepare_all(struct ph_epoch *epoch, const struct ph_unit *unit, enum join join)
{
    struct ph_join_info info = {
        .heads = epoch->heads,
        .time_us = unit->time_us,
        .until_key = join == JOIN_NOW,
        .has_video = epoch->has_video || unit->kind == PH_VIDEO,
    };
    size_t slab_size = ph_slab_size_for(rate_of(epoch));
    int result = 0;
    ph_list_for_each(node, &epoch->framings)
    {
        struct ph_framing *framing = ph_list_entry(node, struct ph_framing, in_epoch);
        if (result == 0)
            result = ph_framing_prepare(framing, unit, slab_size, join == JOIN_NONE ? NULL : &info);
    }
    return result;
}

int ph_epoch_append(struct ph_epoch *epoch, const struct ph_unit *published)
{
    ph_loop_assert_owner(epoch->home->loop);
    uint64_t now_us = ph_loop_now(epoch->home->loop);
    int64_t offset_us = offset_for(epoch, published->time_us, now_us);
    struct ph_unit unit = *published;
    unit.time_us += offset_us;

    struct ph_heads *heads = NULL;
    if (unit.flags & PH_UNIT_HEADER && ph_heads_with(epoch->heads, &unit, &heads) < 0)
        return -ENOMEM;
    enum join join = join_at(epoch, &unit);
    if (prepare_all(epoch, &unit, join) < 0) {
        ph_heads_unref(heads);
        return -ENOMEM;
    }

    uint64_t end_before = ph_framing_end(cache_of(epoch));
    ph_list_for_each(node, &epoch->framings) ph_framing_commit(ph_list_entry(node, struct ph_framing, in_epoch), &unit);
    epoch->offset_us = offset_us;
    note_time(epoch, unit.time_us, now_us);
    note_rate(epoch);
    note_join(epoch, join, unit.time_us, end_before);
    epoch->begun = true;
    epoch->has_video |= unit.kind == PH_VIDEO;
    atomic_fetch_or_explicit(&epoch->kinds, (uint8_t)(1U << unit.kind), memory_order_relaxed);
    epoch->bytes += unit.length;
    epoch->units++;
    if (heads) {
        ph_heads_unref(epoch->heads);
        epoch->heads = heads;
    }
    ph_list_for_each(node, &epoch->framings) ph_framing_wake(ph_list_entry(node, struct ph_framing, in_epoch));
    return 0;
}

/* ---- taps ---- */

static struct ph_framing *find_framing(struct ph_epoch *epoch, const struct ph_form *form, uint32_t variant)
{
    ph_list_for_each(node, &epoch->framings)
    {
        struct ph_framing *framing = ph_list_entry(node, struct ph_framing, in_epoch);
        if (framing->form == form && framing->variant == variant)
            return framing;
    }
    return NULL;
}

static struct ph_framing *make_framing(struct ph_epoch *epoch, const struct ph_form *form, uint32_t variant)
{
    const struct ph_framing *cache = cache_of(epoch);
    struct ph_join_info start = {
        .heads = cache->join->heads,
        .time_us = cache->join->time_us,
        .until_key = cache->join->until_key,
        .has_video = cache->join->has_video,
    };
    size_t slab_size = ph_slab_size_for(rate_of(epoch));
    struct ph_framing *framing = ph_framing_create(form, variant, slab_size, &start);
    if (!framing)
        return NULL;
    if (ph_framing_fill(framing, cache, slab_size) < 0) {
        ph_framing_unref(framing);
        return NULL;
    }
    ph_list_append(&epoch->framings, &framing->in_epoch);
    return framing;
}

int ph_epoch_add_tap(struct ph_epoch *epoch, struct ph_tap *tap)
{
    ph_loop_assert_owner(epoch->home->loop);
    if (ph_epoch_has_ended(epoch))
        return -ENOENT;
    struct ph_framing *framing = find_framing(epoch, tap->form, tap->variant);
    if (!framing)
        framing = make_framing(epoch, tap->form, tap->variant);
    if (!framing)
        return -ENOMEM;
    ph_framing_ref(framing);
    tap->framing = framing;
    ph_list_append(&framing->taps, &tap->in_framing);
    framing->unused_us = 0;
    ph_join_ref(framing->join);
    atomic_store_explicit(&tap->offered, framing->join, memory_order_release);
    return 0;
}

void ph_epoch_remove_tap(struct ph_epoch *epoch, struct ph_tap *tap)
{
    ph_loop_assert_owner(epoch->home->loop);
    struct ph_framing *framing = tap->framing;
    ph_list_remove(&tap->in_framing);
    if (!framing || !ph_list_is_empty(&framing->taps))
        return;
    if (ph_epoch_has_ended(epoch)) {
        drop_framing(framing);
        abandon_if_empty(epoch);
    } else if (framing != cache_of(epoch)) {
        framing->unused_us = ph_loop_now(epoch->home->loop);
        if (!ph_timer_is_running(&epoch->prune))
            ph_timer_start(epoch->home->loop, &epoch->prune,
                           (uint64_t)ph_worker_config(epoch->home)->framing_keep_ms * 1000);
    }
}

/* Drop the framings that have been without a tap for long enough; look again while there are younger ones. */
static void prune(struct ph_timer *timer)
{
    struct ph_epoch *epoch = ph_container_of(timer, struct ph_epoch, prune);
    struct ph_loop *loop = epoch->home->loop;
    uint64_t now_us = ph_loop_now(loop);
    uint64_t keep_us = (uint64_t)ph_worker_config(epoch->home)->framing_keep_ms * 1000;
    uint64_t wait_us = 0;
    ph_list_for_each_safe(node, &epoch->framings)
    {
        struct ph_framing *framing = ph_list_entry(node, struct ph_framing, in_epoch);
        if (!framing->unused_us)
            continue;
        uint64_t age_us = now_us - framing->unused_us;
        if (age_us >= keep_us)
            drop_framing(framing);
        else if (!wait_us || keep_us - age_us < wait_us)
            wait_us = keep_us - age_us;
    }
    if (wait_us)
        ph_timer_start(loop, timer, wait_us);
}
