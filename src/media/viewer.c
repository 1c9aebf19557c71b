/* SPDX-License-Identifier: MIT */
#include "media/viewer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "media/viewing.h"
#include "net/conn.h"

/* ---- stands ---- */

void ph_viewing_stand(struct ph_viewer *viewer, enum ph_stand stand)
{
    if (viewer->stand == PH_ACTIVE)
        viewer->tap->n_active--;
    ph_list_remove(&viewer->in_tap);
    viewer->stand = (uint8_t)stand;
    switch (stand) {
    case PH_AWAY:
        break;
    case PH_JOINING:
        ph_list_append(&viewer->tap->joining, &viewer->in_tap);
        break;
    case PH_ACTIVE:
        ph_list_append(&viewer->tap->active, &viewer->in_tap);
        viewer->tap->n_active++;
        break;
    case PH_BLOCKED:
        ph_list_append(&viewer->watch->worker->blocked, &viewer->in_tap);
        ph_lag_watch(viewer->watch->worker);
        break;
    }
}

void ph_viewing_leave(struct ph_viewer *viewer)
{
    if (!viewer->tap)
        return;
    ph_outlet_settle(viewer->outlet, &viewer->cursor);
    ph_list_remove(&viewer->cursor.in_outlet);
    ph_cursor_clear(&viewer->cursor);
    ph_viewing_stand(viewer, PH_AWAY);
    ph_watch_put_tap(viewer->tap);
    viewer->tap = NULL;
    viewer->drained = false;
}

void ph_viewing_lose(struct ph_viewer *viewer, enum ph_viewer_lost why)
{
    if (viewer->lost)
        return;
    viewer->lost = true;
    viewer->why = (uint8_t)why;
    ph_viewing_leave(viewer);
    ph_viewing_step_soon(viewer);
}

/* ---- what is to do ---- */

void ph_viewing_step_soon(struct ph_viewer *viewer) { ph_loop_defer(viewer->watch->worker->loop, &viewer->step); }

static void go_to_epoch(struct ph_viewer *viewer)
{
    struct ph_tap *tap;
    int result = ph_watch_get_tap(viewer->watch, viewer->form, viewer->variant, &tap);
    if (result == -ENOMEM)
        ph_viewing_lose(viewer, PH_LOST_MEMORY);
    if (result < 0)
        return;
    viewer->tap = tap;
    ph_viewing_stand(viewer, PH_JOINING);
    if (tap->state == PH_TAP_OPEN)
        ph_tap_run(tap);
}

/* From a fresh stack. An event is the last thing done, for the user may close the viewer in it. */
static void step(struct ph_deferred *deferred)
{
    struct ph_viewer *viewer = ph_container_of(deferred, struct ph_viewer, step);
    if (viewer->drained) {
        ph_watch_forget(viewer->watch, viewer->tap->epoch);
        ph_viewing_leave(viewer);
    }
    if (!viewer->tap && !viewer->paused && !viewer->lost)
        go_to_epoch(viewer);
    if (viewer->lost) {
        if (viewer->told_lost)
            return;
        viewer->told_lost = true;
        viewer->events->lost(viewer->user, viewer->why);
    } else if (!viewer->tap && viewer->watch->absent && !viewer->told_absent) {
        viewer->told_absent = true;
        viewer->events->absent(viewer->user);
    }
}

/* ---- for the gate ---- */

int ph_viewer_open(struct ph_media *media, struct ph_loop *loop, const struct ph_view_request *request,
                   struct ph_viewer **opened)
{
    ph_loop_assert_owner(loop);
    assert(request->outlet->loop == loop);
    struct ph_viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer)
        return -ENOMEM;
    viewer->watch = ph_watch_get(ph_worker_of(media, loop), &request->path, request->via);
    if (!viewer->watch) {
        free(viewer);
        return -ENOMEM;
    }
    ph_cursor_init(&viewer->cursor);
    ph_list_init(&viewer->in_tap);
    ph_list_append(&viewer->watch->viewers, &viewer->in_watch);
    ph_deferred_init(&viewer->step, step);
    viewer->outlet = request->outlet;
    viewer->form = request->form;
    viewer->variant = request->variant;
    viewer->from_next = request->start == PH_START_NEXT;
    viewer->cursor.place.sieve.one_track = !request->all_tracks;
    viewer->lag_ms = request->lag_ms;
    viewer->events = request->events;
    viewer->user = request->user;
    ph_viewing_step_soon(viewer);
    *opened = viewer;
    return 0;
}

void ph_viewer_receive(struct ph_viewer *viewer, enum ph_unit_kind kind, bool on)
{
    struct ph_sieve *sieve = &viewer->cursor.place.sieve;
    uint8_t bit = (uint8_t)(1u << kind);
    if (on == !(sieve->off & bit))
        return;
    ph_outlet_settle(viewer->outlet, &viewer->cursor);
    sieve->off ^= bit;
    if (on && kind == PH_VIDEO)
        sieve->video_until_key = true;
}

void ph_viewer_pause(struct ph_viewer *viewer, bool paused)
{
    viewer->paused = paused;
    if (paused)
        ph_viewing_leave(viewer);
    else
        ph_viewing_step_soon(viewer);
}

void ph_viewer_totals(const struct ph_viewer *viewer, struct ph_viewer_totals *totals) { *totals = viewer->totals; }

void ph_viewer_say_totals(const struct ph_viewer *viewer, struct ph_text *text)
{
    const struct ph_viewer_totals *totals = &viewer->totals;
    ph_text_add_amount(text, totals->bytes);
    ph_text_add(text, " out, %llu skip%s", (unsigned long long)totals->skips, totals->skips == 1 ? "" : "s");
    if (totals->video_withheld)
        ph_text_add(text, ", %llu times audio only until a key frame", (unsigned long long)totals->video_withheld);
}

unsigned ph_viewer_kinds(const struct ph_viewer *viewer)
{
    return viewer->tap ? atomic_load_explicit(&viewer->tap->epoch->kinds, memory_order_relaxed) : 0;
}

void ph_viewer_close(struct ph_viewer *viewer)
{
    if (!viewer)
        return;
    if (viewer->in_event) {
        viewer->closed = true;
        return;
    }
    struct ph_watch *watch = viewer->watch;
    ph_loop_assert_owner(watch->worker->loop);
    if (viewer->joined)
        ph_viewing_tell(viewer, true);
    ph_viewing_leave(viewer);
    ph_deferred_cancel(&viewer->step);
    ph_list_remove(&viewer->in_watch);
    ph_heads_unref(viewer->heads);
    free(viewer);
    ph_watch_put(watch);
}
