/* SPDX-License-Identifier: MIT */
/* A stream that goes to another server: publish there, then a viewer of the stream writes to the connection. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "gate/relay/leg.h"
#include "gate/rtmp/form.h"
#include "media/viewer.h"

static void on_joined(void *user, bool again)
{
    struct leg *leg = user;
    (void)again;
    leg->is_drained = false;
    caller_collect(leg->caller);
}

static void on_absent(void *user)
{
    struct leg *leg = user;
    leg->is_drained = true;
    leg->on_change(leg);
}

static void on_lost(void *user, enum ph_viewer_lost why)
{
    if (why != PH_LOST_SOCKET)
        leg_fail(user, why == PH_LOST_STALLED ? "the server does not read" : "out of memory");
}

static void begin(struct leg *leg)
{
    static const struct ph_viewer_events events = {.joined = on_joined, .absent = on_absent, .lost = on_lost};
    const struct ph_view_request request = {
        .path = *leg->path,
        .outlet = caller_outlet(leg->caller),
        .form = &ph_rtmp_push_form,
        .variant = leg->stream_id,
        .start = PH_START_CACHED,
        .all_tracks = caller_takes_tracks(leg->caller),
        .events = &events,
        .user = leg,
    };
    caller_collect(leg->caller);
    if (ph_viewer_open(leg->options->media, leg->loop, &request, &leg->viewer))
        leg_fail(leg, "out of memory");
    else
        leg_carries(leg);
}

static void ready(struct leg *leg)
{
    const struct rtmp_url *url = caller_url(leg->caller);
    caller_wrote(leg->caller, rtmp_client_publish(caller_client(leg->caller), url->stream, RTMP_PUBLISH_LIVE));
}

static void event(struct leg *leg, const struct rtmp_event *event)
{
    if (event->type == RTMP_EVENT_STREAM_READY) {
        leg->stream_id = event->stream_id;
    } else if (event->type == RTMP_EVENT_STATUS) {
        if (rtmp_text_is(event->status.level, "error") || strstr(event->status.code.data, ".BadName"))
            leg_fail_status(leg, &event->status);
        else if (rtmp_text_is(event->status.code, "NetStream.Publish.Start") && !leg->viewer && leg->stream_id)
            begin(leg);
    }
}

static void let_go(struct leg *leg, const char *why)
{
    (void)why;
    ph_viewer_close(leg->viewer);
    leg->viewer = NULL;
    if (leg->caller && leg->stream_id)
        (void)!rtmp_client_stop(caller_client(leg->caller), leg->stream_id);
}

static uint64_t bytes(const struct leg *leg)
{
    struct ph_viewer_totals totals = {0};
    if (leg->viewer)
        ph_viewer_totals(leg->viewer, &totals);
    return totals.bytes;
}

const struct leg_kind leg_push = {.verb = "pushing", .ready = ready, .event = event, .let_go = let_go, .bytes = bytes};
