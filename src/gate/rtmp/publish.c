/* SPDX-License-Identifier: MIT */
/* A stream that comes in: asked for, granted or not, then each message becomes a unit of the stream's log. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/limits.h"
#include "base/log.h"
#include "gate/rtmp/form.h"
#include "gate/rtmp/ingest.h"
#include "gate/rtmp/session.h"
#include "media/publisher.h"

enum { SECOND_US = 1000000 };

struct publishing {
    struct stream *stream;
    struct ph_publisher *publisher;
    struct ph_timer watch;
    bool is_granted;
    uint64_t granted_us;
    struct ph_ingest ingest;
};

static struct session *session_of(const struct publishing *publishing) { return publishing->stream->session; }

static uint64_t now_of(const struct publishing *publishing) { return ph_loop_now(session_of(publishing)->home->loop); }

static void arm(struct publishing *publishing);

static void tell_tracks(struct publishing *publishing)
{
    char peer[SESSION_PEER];
    session_peer(session_of(publishing), peer);
    ph_ingest_tell(&publishing->ingest, peer);
}

static void take_data(struct publishing *publishing, const struct rtmp_event_data *data)
{
    if (ph_ingest_data(&publishing->ingest, data))
        session_end(session_of(publishing), PH_CLOSE_MEMORY, "out of memory");
    else if (session_of(publishing)->seat)
        seating_data(publishing->stream, data);
}

void publish_on_media(struct stream *stream, const struct rtmp_event *event)
{
    struct publishing *publishing = stream->publishing;
    struct ph_ingest *ingest = &publishing->ingest;
    bool is_first = !ingest->first_us;
    if (!publishing->is_granted)
        return;
    if (event->type == RTMP_EVENT_DATA) {
        take_data(publishing, &event->data);
        return;
    }
    if (ph_ingest_media(ingest, event)) {
        session_end(session_of(publishing), PH_CLOSE_MEMORY, "out of memory");
        return;
    }
    if (is_first)
        arm(publishing);
    if (!ingest->is_told && ph_tracks_are_complete(&ingest->tracks))
        tell_tracks(publishing);
}

/* Watching it */

static uint64_t deadline_of(const struct publishing *publishing)
{
    const struct ph_rtmp_options *options = &session_of(publishing)->gate->options;
    return publishing->ingest.first_us ? publishing->ingest.heard_us + (uint64_t)options->publisher_idle_ms * 1000
                                       : publishing->granted_us + (uint64_t)options->first_media_ms * 1000;
}

static void arm(struct publishing *publishing)
{
    uint64_t now_us = now_of(publishing), at_us = deadline_of(publishing);
    if (publishing->ingest.first_us && !publishing->ingest.is_told && publishing->ingest.first_us + SECOND_US < at_us)
        at_us = publishing->ingest.first_us + SECOND_US;
    ph_timer_start(session_of(publishing)->home->loop, &publishing->watch, at_us > now_us ? at_us - now_us : 0);
}

static void on_watch(struct ph_timer *timer)
{
    struct publishing *publishing = ph_container_of(timer, struct publishing, watch);
    struct session *session = session_of(publishing);
    uint64_t now_us = now_of(publishing);
    if (session->is_ending)
        return;
    if (publishing->ingest.first_us && !publishing->ingest.is_told && now_us >= publishing->ingest.first_us + SECOND_US)
        tell_tracks(publishing);
    if (now_us < deadline_of(publishing)) {
        arm(publishing);
        return;
    }
    session_status(session, publishing->stream->id, "error", "NetStream.Publish.Idle",
                   "no media came for too long; publish again when there is some", NULL);
    session_end(session, PH_CLOSE_TIMEOUT, publishing->ingest.first_us ? "the publisher fell silent" : "no media came");
}

/* What the directory says */

static void on_granted(void *user)
{
    struct publishing *publishing = user;
    struct session *session = session_of(publishing);
    if (session->is_ending)
        return;
    publishing->is_granted = true;
    publishing->granted_us = now_of(publishing);
    arm(publishing);
    session_wrote(session, rtmp_server_accept_publish(session->rtmp, publishing->stream->id));
    session_flush(session);
}

static void end_with(struct publishing *publishing, const char *description, const char *why)
{
    struct session *session = session_of(publishing);
    if (session->is_ending)
        return;
    session_status(session, publishing->stream->id, "error", "NetStream.Publish.BadName", description,
                   publishing->stream->path.text);
    session_end(session, PH_CLOSE_REFUSED, why);
}

static void on_denied(void *user)
{
    struct publishing *publishing = user;
    char peer[SESSION_PEER];
    if (session_of(publishing)->is_ending)
        return;
    session_peer(session_of(publishing), peer);
    ph_log_warning(session_log(session_of(publishing)), publishing->stream->path.text,
                   "publish refused: somebody else publishes this stream (%s)", peer);
    end_with(publishing, "somebody else publishes this stream; choose another name, or stop the other encoder",
             "the stream is taken");
}

static void on_probed(void *user)
{
    struct publishing *publishing = user;
    struct session *session = session_of(publishing);
    if (session->is_ending)
        return;
    session->is_probed = true;
    session_wrote(session, rtmp_server_ping(session->rtmp, (uint32_t)(now_of(publishing) / 1000)));
    session_flush(session);
}

static void on_evicted(void *user)
{
    end_with(user, "another encoder has taken this stream over", "another encoder took the stream over");
}

static const struct ph_publisher_events events = {
    .granted = on_granted, .denied = on_denied, .probed = on_probed, .evicted = on_evicted};

void publish_show_life(struct stream *stream)
{
    if (stream->publishing)
        ph_publisher_alive(stream->publishing->publisher);
}

/* Asking for it */

static int open_publisher(struct stream *stream)
{
    struct session *session = stream->session;
    const struct ph_app_settings *app = &session->app->settings;
    struct publishing *publishing = calloc(1, sizeof *publishing);
    if (!publishing)
        return -ENOMEM;
    publishing->stream = stream;
    ph_timer_init(&publishing->watch, on_watch);
    struct ph_publish_request request = {
        .path = stream->path,
        .takeover = app->takeover,
        .linger_ms = (uint32_t)app->linger_ms,
        .latency_ms = (int32_t)app->latency_ms,
        .lag_ms = (uint32_t)app->lag_ms,
        .cache_form = &ph_rtmp_form,
        .cache_variant = PH_RTMP_FORM_CACHE,
        .conn = session->conn,
        .via = session->via,
        .events = &events,
        .user = publishing,
    };
    int err = ph_publisher_open(session->gate->options.media, session->home->loop, &request, &publishing->publisher);
    if (err) {
        free(publishing);
        return err;
    }
    publishing->ingest = (struct ph_ingest){.publisher = publishing->publisher,
                                            .loop = session->home->loop,
                                            .log = session_log(session),
                                            .path = stream->path.text};
    stream->publishing = publishing;
    return 0;
}

void publish_deny(struct stream *stream)
{
    struct session *session = stream->session;
    session->denied = NULL;
    session_status(
        session, stream->id, "error", "NetStream.Publish.Denied",
        "this server needs a publish key: add ?key=... to the stream name, or ?login to the server's URL if you "
        "gave a password",
        NULL);
    session_end(session, PH_CLOSE_REFUSED, "no publish key");
}

static void refuse_key(struct stream *stream, enum ph_access_verdict verdict)
{
    struct session *session = stream->session;
    bool is_wrong = verdict == PH_ACCESS_WRONG_KEY;
    char peer[SESSION_PEER];
    session_peer(session, peer);
    ph_log_warning(session_log(session), stream->path.text, "publish refused: %s (%s)",
                   is_wrong ? "wrong key" : "no key", peer);
    if (is_wrong &&
        login_is_guessing(session->gate->desk, ph_conn_peer(session->conn), ph_loop_now(session->home->loop))) {
        session->denied = stream; /* told when the pause is over */
        session_pause(session, PH_LIMIT_GUESS_DELAY_MS * UINT64_C(1000));
    } else {
        publish_deny(stream);
    }
}

void publish_on_publish(struct session *session, uint32_t stream_id, const struct rtmp_event_publish *publish)
{
    const char *why = NULL;
    struct stream *stream = session_stream_make(session, stream_id);
    if (!stream) {
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
        return;
    }
    if (ph_path_join(session->app_path, strlen(session->app_path), publish->name.data, publish->name.length,
                     &stream->path, &why)) {
        session_status(session, stream_id, "error", "NetStream.Publish.BadName", why, NULL);
        session_end(session, PH_CLOSE_REFUSED, "a stream name that cannot be used");
        return;
    }
    if (session->is_kin) {
        session_status(session, stream_id, "error", "NetStream.Publish.Denied", "servers of a cluster only play", NULL);
        return;
    }
    enum ph_access_verdict verdict = session_may_publish(session, stream->path.text, publish->query);
    if (verdict != PH_ACCESS_GRANTED) {
        refuse_key(stream, verdict);
        return;
    }
    if (session->seat)
        seating_ask(stream, PH_SEAT_PUBLISH, publish->query);
    else
        publish_granted(stream);
}

void publish_granted(struct stream *stream)
{
    if (open_publisher(stream))
        session_end(stream->session, PH_CLOSE_MEMORY, "out of memory");
}

void publish_close(struct stream *stream, const char *why)
{
    struct publishing *publishing = stream->publishing;
    stream->publishing = NULL;
    seating_over(stream, PH_SEAT_PUBLISH);
    if (publishing->is_granted) {
        if (!publishing->ingest.is_told && publishing->ingest.first_us)
            tell_tracks(publishing);
        ph_ingest_tell_end(&publishing->ingest, why, publishing->granted_us);
    }
    ph_timer_stop(stream->session->home->loop, &publishing->watch);
    ph_publisher_close(publishing->publisher);
    free(publishing);
}
