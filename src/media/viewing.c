/* SPDX-License-Identifier: MIT */
#include "media/viewing.h"

#include <errno.h>
#include <string.h>

#include "net/conn.h"

enum {
    LOWAT_MIN = 32 * 1024,
    LOWAT_MAX = 256 * 1024,
};

/* ---- the prologue ---- */

static bool holds(const struct ph_heads *heads, const struct ph_head *head)
{
    for (size_t i = 0; heads && i < heads->n; i++)
        if (heads->head[i] == head)
            return true;
    return false;
}

static int put_head(struct ph_viewer *viewer, const struct ph_unit *unit)
{
    size_t span = viewer->form->span(viewer->variant, unit);
    uint8_t *place;
    if (span == 0)
        return 0;
    int result = ph_outlet_reserve(viewer->outlet, span, &place);
    if (result < 0)
        return result;
    viewer->form->write(viewer->variant, unit, place);
    ph_outlet_commit(viewer->outlet, span);
    viewer->totals.bytes += span;
    return 0;
}

/* Put the headers at `join` that the viewer was not sent yet. */
static int put_prologue(struct ph_viewer *viewer, const struct ph_join *join)
{
    if (viewer->heads == join->heads)
        return 0;
    for (size_t i = 0; i < join->heads->n; i++) {
        struct ph_unit unit = ph_heads_unit(join->heads, i, join->time_us);
        if (holds(viewer->heads, join->heads->head[i]) || (viewer->cursor.place.sieve.one_track && unit.track != 0))
            continue;
        int result = put_head(viewer, &unit);
        if (result < 0)
            return result;
    }
    ph_heads_ref(join->heads);
    ph_heads_unref(viewer->heads);
    viewer->heads = join->heads;
    return 0;
}

/* Go on from the cursor to the log's end, putting only the headers on the way; then wait for a key frame. */
static int go_to_end(struct ph_viewer *viewer, bool has_video)
{
    struct ph_cursor *cursor = &viewer->cursor;
    struct ph_sieve *sieve = &cursor->place.sieve;
    for (const struct ph_entry *entry; (entry = ph_cursor_entry(cursor)); ph_cursor_skip(cursor)) {
        has_video |= entry->kind == PH_VIDEO;
        if (!(entry->flags & PH_UNIT_HEADER) || (sieve->one_track && entry->track != 0))
            continue;
        int result = ph_outlet_put(viewer->outlet, cursor->place.slab->bytes + entry->offset, entry->length);
        if (result < 0)
            return result;
        viewer->totals.bytes += entry->length;
    }
    sieve->nothing_until_key = has_video;
    return 0;
}

/* ---- places ---- */

void ph_viewing_set_lowat(struct ph_viewer *viewer)
{
    uint64_t rate = atomic_load_explicit(&viewer->tap->epoch->bytes_per_s, memory_order_relaxed);
    uint64_t lowat = rate / 2 < LOWAT_MIN ? LOWAT_MIN : rate / 2 > LOWAT_MAX ? LOWAT_MAX : rate / 2;
    if (viewer->lowat && lowat < 2 * (uint64_t)viewer->lowat && viewer->lowat < 2 * lowat)
        return;
    viewer->lowat = (uint32_t)lowat;
    if (viewer->outlet->conn)
        ph_conn_set_lowat(viewer->outlet->conn, viewer->lowat);
}

static int64_t lag_allowed_us(const struct ph_viewer *viewer)
{
    uint32_t lag_ms = viewer->lag_ms ? viewer->lag_ms : viewer->tap->epoch->lag_ms;
    return (int64_t)lag_ms * 1000;
}

/* Until it has caught up once, what it was behind when it began does not count. */
static void set_limit(struct ph_viewer *viewer, int64_t from_us)
{
    int64_t newest_us = atomic_load_explicit(&viewer->tap->epoch->newest_us, memory_order_acquire);
    int64_t backlog_us = newest_us > from_us ? newest_us - from_us : 0;
    viewer->limit_us = lag_allowed_us(viewer) + backlog_us;
}

void ph_viewing_place(struct ph_viewer *viewer, const struct ph_join *join)
{
    struct ph_sieve *sieve = &viewer->cursor.place.sieve;
    ph_outlet_settle(viewer->outlet, &viewer->cursor);
    int result = put_prologue(viewer, join);
    ph_cursor_set(&viewer->cursor, join);
    sieve->video_until_key = join->until_key;
    sieve->nothing_until_key = false;
    if (result == 0 && viewer->from_next)
        result = go_to_end(viewer, join->has_video);
    viewer->from_next = false;
    if (result < 0)
        ph_viewing_lose(viewer, result == -ENOMEM ? PH_LOST_MEMORY : PH_LOST_STALLED);
    else
        set_limit(viewer, join->time_us);
}

void ph_viewing_tell(const struct ph_viewer *viewer, bool is_end)
{
    const struct ph_worker *worker = viewer->watch->worker;
    const struct ph_stream_event event = {.path = viewer->watch->path.text,
                                          .conn = viewer->outlet->conn,
                                          .is_end = is_end,
                                          .us = is_end ? ph_loop_now(worker->loop) - viewer->since_us : 0,
                                          .bytes = is_end ? viewer->totals.bytes : 0};
    if (viewer->outlet->conn)
        ph_media_tell(worker->media, &event);
}

/* Tell the user that it joins an epoch; false when the viewer has been closed or paused in that event. */
static bool tell_joined(struct ph_viewer *viewer)
{
    bool again = viewer->joined;
    viewer->joined = true;
    viewer->told_absent = false;
    viewer->in_event = true;
    viewer->events->joined(viewer->user, again);
    viewer->in_event = false;
    if (!again) {
        viewer->since_us = ph_loop_now(viewer->watch->worker->loop);
        ph_viewing_tell(viewer, false);
    }
    if (viewer->closed) {
        ph_viewer_close(viewer);
        return false;
    }
    return viewer->tap;
}

void ph_viewing_join(struct ph_viewer *viewer)
{
    struct ph_epoch *epoch = viewer->tap->epoch;
    if (viewer->epoch_id != epoch->id) {
        viewer->epoch_id = epoch->id;
        atomic_fetch_add_explicit(&epoch->n_viewers, 1, memory_order_relaxed);
        if (!tell_joined(viewer))
            return;
    }
    ph_viewing_stand(viewer, PH_ACTIVE);
    ph_list_append(&viewer->outlet->cursors, &viewer->cursor.in_outlet);
    ph_viewing_set_lowat(viewer);
    ph_viewing_place(viewer, ph_tap_newest_join(viewer->tap));
    if (!viewer->lost)
        ph_viewing_send(viewer);
}

void ph_viewing_refused(struct ph_tap *tap, int answer)
{
    struct ph_list refused;
    ph_list_init(&refused);
    ph_list_move_all(&refused, &tap->joining);
    for (struct ph_list *node; (node = ph_list_first(&refused));) {
        struct ph_viewer *viewer = ph_viewing_of(node);
        ph_watch_forget(viewer->watch, tap->epoch);
        if (answer == -ENOMEM)
            ph_viewing_lose(viewer, PH_LOST_MEMORY);
        ph_viewing_leave(viewer);
        ph_viewing_step_soon(viewer);
    }
}

/* ---- sending ---- */

void ph_viewing_send(struct ph_viewer *viewer) { (void)ph_outlet_pump(viewer->outlet); /* ph_viewing_pumped() looks */ }

static struct ph_viewer *of_cursor(struct ph_cursor *cursor)
{
    return ph_container_of(cursor, struct ph_viewer, cursor);
}

void ph_viewing_sent(struct ph_cursor *cursor, size_t bytes) { of_cursor(cursor)->totals.bytes += bytes; }

void ph_viewing_pumped(struct ph_cursor *cursor)
{
    struct ph_viewer *viewer = of_cursor(cursor);
    const struct ph_outlet *outlet = viewer->outlet;
    if (outlet->error) {
        bool stalled = outlet->error == -ENOBUFS, memory = outlet->error == -ENOMEM;
        ph_viewing_lose(viewer, stalled ? PH_LOST_STALLED : memory ? PH_LOST_MEMORY : PH_LOST_SOCKET);
        return;
    }
    if (ph_outlet_is_blocked(outlet)) {
        if (viewer->stand == PH_ACTIVE)
            ph_viewing_stand(viewer, PH_BLOCKED);
        return;
    }
    if (viewer->stand == PH_BLOCKED)
        ph_viewing_stand(viewer, PH_ACTIVE);
    if (ph_lag_is_stalled(viewer)) {
        ph_viewing_lose(viewer, PH_LOST_STALLED);
        return;
    }
    bool ended = ph_epoch_has_ended(viewer->tap->epoch); /* before the end: then that is final */
    if (!ph_cursor_is_at_end(cursor))
        return; /* appended this moment: the next pass will see it */
    viewer->limit_us = lag_allowed_us(viewer);
    if (ended) {
        viewer->drained = true;
        ph_viewing_step_soon(viewer);
    }
}
