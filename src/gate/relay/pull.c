/* SPDX-License-Identifier: MIT */
/*
 * A stream that comes from another server: play there; with the first message of media publish here. That message is
 * kept, and nothing more is read, until the stream is granted.
 *
 * Whoever publishes here goes first: a pull steps back when somebody asks for its stream.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/value.h>

#include "app/app.h"
#include "gate/relay/leg.h"
#include "gate/rtmp/form.h"
#include "media/finder.h"
#include "media/publisher.h"

enum { LINGER_MS = 15000 };

static const char silent[] = "no media comes";

static void drop_first(struct leg *leg)
{
    free(leg->first_body);
    leg->first_body = NULL;
}

static void let_go(struct leg *leg, const char *why)
{
    ph_timer_stop(leg->loop, &leg->watch);
    drop_first(leg);
    if (leg->is_granted)
        ph_ingest_tell_end(&leg->ingest, why, leg->granted_us);
    ph_publisher_close(leg->publisher);
    leg->publisher = NULL;
    leg->is_granted = false;
}

/* Media */

static void watch(struct leg *leg)
{
    ph_timer_start(leg->loop, &leg->watch, leg->options->first_media_ms * UINT64_C(1000));
}

static void on_watch(struct ph_timer *timer)
{
    struct leg *leg = ph_container_of(timer, struct leg, watch);
    uint64_t now_us = ph_loop_now(leg->loop), patience_us = leg->options->first_media_ms * UINT64_C(1000);
    if (leg->is_granted && leg->ingest.heard_us + patience_us > now_us)
        ph_timer_start(leg->loop, &leg->watch, leg->ingest.heard_us + patience_us - now_us);
    else
        leg_fail(leg, silent);
}

static void take(struct leg *leg, const struct rtmp_event *event)
{
    struct ph_ingest *ingest = &leg->ingest;
    char who[LEG_WHO];
    int err = event->type == RTMP_EVENT_DATA ? ph_ingest_data(ingest, &event->data) : ph_ingest_media(ingest, event);
    if (err)
        leg_fail(leg, "out of memory");
    if (ingest->is_told || !ph_tracks_are_complete(&ingest->tracks))
        return;
    leg_who(leg, who);
    ph_ingest_tell(ingest, who);
}

/* What the directory says */

static void on_granted(void *user)
{
    struct leg *leg = user;
    leg->is_granted = true;
    leg->granted_us = ph_loop_now(leg->loop);
    leg_carries(leg);
    if (leg->first_body) {
        take(leg, &leg->first);
        drop_first(leg);
    }
    if (leg->caller)
        caller_pause(leg->caller, false);
}

static void on_taken(void *user) { leg_fail(user, "somebody publishes this stream here"); }

static const struct ph_publisher_events events = {
    .granted = on_granted, .denied = on_taken, .probed = on_taken, .evicted = on_taken};

static const struct ph_app_settings *settings_of(const struct leg *leg)
{
    const struct ph_apps *apps = leg->options->apps;
    const struct ph_application *app = apps ? ph_apps_find(apps, leg->path->text, leg->path->length) : NULL;
    return app ? &app->settings : NULL;
}

static int open_publisher(struct leg *leg)
{
    const struct ph_app_settings *app = settings_of(leg);
    const struct ph_publish_request request = {
        .path = *leg->path,
        .linger_ms = app ? (uint32_t)app->linger_ms : LINGER_MS,
        .latency_ms = app ? (int32_t)app->latency_ms : 0,
        .lag_ms = app ? (uint32_t)app->lag_ms : 0,
        .cache_form = &ph_rtmp_form,
        .cache_variant = PH_RTMP_FORM_CACHE,
        .is_copy = leg->rule->origin == RULE_OF_CLUSTER,
        .via = leg->via,
        .events = &events,
        .user = leg,
    };
    return ph_publisher_open(leg->options->media, leg->loop, &request, &leg->publisher);
}

/* Keep what came: its body is all that the log wants. */
static int keep_first(struct leg *leg, const struct rtmp_event *event)
{
    bool is_data = event->type == RTMP_EVENT_DATA;
    size_t length = is_data ? event->data.length : event->media.length;
    leg->first_body = malloc(length + 1);
    if (!leg->first_body)
        return -ENOMEM;
    leg->first = *event;
    if (is_data) {
        memcpy(leg->first_body, event->data.body, length);
        leg->first.data.kind = RTMP_DATA_SET_FRAME;
        leg->first.data.body = leg->first_body;
        leg->first.data.name = (struct rtmp_text){"onMetaData", sizeof "onMetaData" - 1};
        leg->first.data.arguments = NULL;
    } else {
        memcpy(leg->first_body, event->media.body, length);
        leg->first.media.body = leg->first_body;
    }
    return 0;
}

static void begin(struct leg *leg, const struct rtmp_event *event)
{
    if (keep_first(leg, event) || open_publisher(leg)) {
        leg_fail(leg, "out of memory");
        return;
    }
    leg->ingest = (struct ph_ingest){
        .publisher = leg->publisher, .loop = leg->loop, .log = leg->options->log, .path = leg->path->text};
    if (event->type == RTMP_EVENT_DATA)
        ph_tracks_note_metadata(&leg->ingest.tracks, rtmp_value_at(event->data.arguments, 0));
    caller_pause(leg->caller, true);
}

/* What the server says */

static void ready(struct leg *leg)
{
    const struct rtmp_play_options options = {.start = RTMP_PLAY_LIVE};
    const struct rtmp_url *url = caller_url(leg->caller);
    caller_wrote(leg->caller, rtmp_client_play(caller_client(leg->caller), url->stream, &options));
    watch(leg);
}

/* A server of the cluster says so after it has waited for the publisher; others do not wait. */
static void end(struct leg *leg)
{
    if (leg->rule->origin == RULE_OF_CLUSTER)
        ph_publisher_skip_linger(leg->publisher);
    leg_fail(leg, "the stream has ended there");
}

static void take_status(struct leg *leg, const struct rtmp_event_status *status)
{
    if (rtmp_text_is(status->level, "error") || rtmp_text_is(status->code, "NetStream.Play.StreamNotFound"))
        leg_fail_status(leg, status);
    else if (rtmp_text_is(status->code, "NetStream.Play.UnpublishNotify"))
        end(leg);
}

/* "|RtmpSampleAccess" and onStatus are said to players, not part of the stream. */
static bool is_of_the_stream(const struct rtmp_event_data *data)
{
    return data->name.data[0] != '|' && !rtmp_text_is(data->name, "onStatus");
}

static void event(struct leg *leg, const struct rtmp_event *event)
{
    switch ((int)event->type) {
    case RTMP_EVENT_STREAM_READY:
        leg->stream_id = event->stream_id;
        break;
    case RTMP_EVENT_STATUS:
        take_status(leg, &event->status);
        break;
    case RTMP_EVENT_DATA:
        if (leg->is_granted && is_of_the_stream(&event->data))
            take(leg, event);
        else if (!leg->publisher && rtmp_text_is(event->data.name, "onMetaData"))
            begin(leg, event);
        break;
    case RTMP_EVENT_AUDIO:
    case RTMP_EVENT_VIDEO:
        if (leg->is_granted)
            take(leg, event);
        else if (!leg->publisher)
            begin(leg, event);
        break;
    default:
        break;
    }
}

static uint64_t bytes(const struct leg *leg)
{
    struct ph_publisher_totals totals = {0};
    if (leg->publisher)
        ph_publisher_totals(leg->publisher, &totals);
    return totals.bytes;
}

const struct leg_kind leg_pull = {
    .verb = "pulling", .ready = ready, .event = event, .let_go = let_go, .bytes = bytes, .on_watch = on_watch};
