/* SPDX-License-Identifier: MIT */
/*
 * What becomes of viewers that cannot keep up: of those whose socket is full, and of nobody else, one sweep asks
 *
 *     took or read no byte for stall_ms       -> lost
 *     further behind than allowed, or the log it keeps alive is larger than the cache may be:
 *         a join point lies ahead             -> skip there
 *         none does                           -> no video until a key frame comes
 *
 * Behind is what lies between the cursor and the log's end, and what the kernel still holds, as time.
 * Of the others each is asked, when it was sent something, whether it reads: the kernel at its end may take many
 * seconds of stream for a player that has stopped.
 */
#include "base/limits.h"
#include "media/viewing.h"
#include "net/conn.h"

void ph_lag_watch(struct ph_worker *worker)
{
    if (!ph_timer_is_running(&worker->sweep))
        ph_timer_start(worker->loop, &worker->sweep, (uint64_t)ph_worker_config(worker)->sweep_ms * 1000);
}

static int64_t kernel_us(const struct ph_viewer *viewer)
{
    uint64_t rate = atomic_load_explicit(&viewer->tap->epoch->bytes_per_s, memory_order_relaxed);
    return rate ? (int64_t)(ph_conn_unsent(viewer->outlet->conn) * (uint64_t)1000000 / rate) : 0;
}

static bool is_too_far_behind(struct ph_viewer *viewer)
{
    const struct ph_entry *entry = ph_cursor_entry(&viewer->cursor);
    if (!entry)
        return false;
    int64_t newest_us = atomic_load_explicit(&viewer->tap->epoch->newest_us, memory_order_acquire);
    uint64_t bytes = ph_framing_end(viewer->tap->framing) - ph_cursor_position(&viewer->cursor);
    return bytes > PH_LIMIT_CACHE_BYTES || newest_us - entry->time_us + kernel_us(viewer) > viewer->limit_us;
}

static void skip_or_withhold(struct ph_viewer *viewer)
{
    struct ph_join *join = ph_tap_newest_join(viewer->tap);
    struct ph_sieve *sieve = &viewer->cursor.place.sieve;
    if (ph_join_position(join) > ph_cursor_position(&viewer->cursor)) {
        viewer->totals.skips++;
        atomic_fetch_add_explicit(&viewer->tap->epoch->n_skips, 1, memory_order_relaxed);
        ph_viewing_place(viewer, join);
    } else if (!sieve->video_until_key && join->has_video && !(sieve->off & 1u << PH_VIDEO)) {
        viewer->totals.video_withheld++;
        ph_outlet_settle(viewer->outlet, &viewer->cursor);
        sieve->video_until_key = true;
    }
}

bool ph_lag_is_stalled(const struct ph_viewer *viewer)
{
    if (!viewer->outlet->conn)
        return false; /* a sink takes everything */
    uint64_t now_us = ph_loop_now(viewer->watch->worker->loop);
    uint64_t stall_us = (uint64_t)ph_worker_config(viewer->watch->worker)->stall_ms * 1000;
    uint64_t since_us[] = {ph_conn_blocked_since_us(viewer->outlet->conn),
                           ph_conn_unread_since_us(viewer->outlet->conn)};
    for (size_t i = 0; i < PH_COUNT(since_us); i++)
        if (since_us[i] && now_us - since_us[i] >= stall_us)
            return true;
    return false;
}

static void look_at(struct ph_viewer *viewer)
{
    if (ph_lag_is_stalled(viewer)) {
        ph_viewing_lose(viewer, PH_LOST_STALLED);
        return;
    }
    ph_viewing_set_lowat(viewer);
    if (is_too_far_behind(viewer))
        skip_or_withhold(viewer);
}

void ph_lag_sweep(struct ph_timer *timer)
{
    struct ph_worker *worker = ph_container_of(timer, struct ph_worker, sweep);
    ph_list_for_each_safe(node, &worker->blocked) look_at(ph_viewing_of(node));
    if (!ph_list_is_empty(&worker->blocked))
        ph_lag_watch(worker);
}
