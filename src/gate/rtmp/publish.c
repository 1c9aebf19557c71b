/* SPDX-License-Identifier: MIT */
/* A stream that comes in: asked for, granted or not, then each message becomes a unit of the stream's log. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/clock.h>
#include <rtmpwire/tag.h>
#include <rtmpwire/value.h>

#include "app/app.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/rtmp/form.h"
#include "gate/rtmp/session.h"
#include "gate/rtmp/tracks.h"
#include "media/publisher.h"

enum {
    SECOND_US = 1000000,
    KEY_INTERVAL_MAX_S = 4, /* viewers wait for key frames, and caches grow with their distance */
    ASTRAY_MS = 10000,      /* a header or data message further from the media's clock gets the clock's time */
};

/* Slots of headers: a track has one of each. */
enum { SLOT_CONFIGURATION, SLOT_EXTRA };

struct publishing {
    struct stream *stream;
    struct ph_publisher *publisher;
    struct ph_timer watch;
    bool is_granted;
    bool is_told; /* the log knows its tracks */
    bool is_key_warned;
    uint64_t granted_us, first_us, heard_us; /* first_us, heard_us: media, 0 before it came */
    uint64_t key_us;                         /* the last key frame of track 0 */
    int64_t clock_ms;                        /* of the last frame, unwrapped */
    bool has_clock;
    uint64_t n_dropped; /* messages that cannot be understood */
    struct tracks tracks;
};

static struct session *session_of(const struct publishing *publishing) { return publishing->stream->session; }

static uint64_t now_of(const struct publishing *publishing) { return ph_loop_now(session_of(publishing)->home->loop); }

/* Telling the log */

static void tell_tracks(struct publishing *publishing)
{
    char peer[SESSION_PEER], words[512];
    struct ph_text text;
    publishing->is_told = true;
    session_peer(session_of(publishing), peer);
    ph_text_init(&text, words, sizeof words);
    tracks_tell(&publishing->tracks, &text);
    ph_log_event(session_log(session_of(publishing)), "publishing", publishing->stream->path.text, "%s (%s)", words,
                 peer);
}

static void tell_end(const struct publishing *publishing, const char *why)
{
    struct ph_publisher_totals totals;
    char words[256];
    struct ph_text text;
    ph_publisher_totals(publishing->publisher, &totals);
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "%s after ", why);
    ph_text_add_duration(&text, now_of(publishing) - publishing->granted_us);
    ph_text_add(&text, ", ");
    ph_text_add_amount(&text, totals.bytes);
    ph_text_add(&text, " in, %llu viewer%s, %llu skip%s", (unsigned long long)totals.viewers,
                totals.viewers == 1 ? "" : "s", (unsigned long long)totals.skips, totals.skips == 1 ? "" : "s");
    if (publishing->n_dropped)
        ph_text_add(&text, ", %llu messages not understood", (unsigned long long)publishing->n_dropped);
    ph_log_event(session_log(session_of(publishing)), "closed", publishing->stream->path.text, "%s", words);
}

static void note_key_frame(struct publishing *publishing)
{
    uint64_t now_us = now_of(publishing), before_us = publishing->key_us;
    publishing->key_us = now_us;
    if (publishing->is_key_warned || !before_us || now_us - before_us <= (uint64_t)KEY_INTERVAL_MAX_S * SECOND_US)
        return;
    publishing->is_key_warned = true;
    ph_log_warning(session_log(session_of(publishing)), publishing->stream->path.text,
                   "key frames are %.1f s apart: viewers wait for them; set the encoder's key frame interval to 2 s",
                   (double)(now_us - before_us) / SECOND_US);
}

/* Messages */

static void write_unit(struct publishing *publishing, const struct ph_unit *unit)
{
    int err = ph_publisher_write(publishing->publisher, unit);
    if (err == -ENOMEM)
        session_end(session_of(publishing), PH_CLOSE_MEMORY, "out of memory");
}

/* The clock follows frames; what headers and data say is believed only near it. */
static int64_t time_of(struct publishing *publishing, uint32_t time_ms, bool is_frame)
{
    int64_t unwrapped_ms = rtmp_clock_unwrap(publishing->clock_ms, time_ms);
    int64_t away_ms = unwrapped_ms - publishing->clock_ms;
    if (!publishing->has_clock)
        publishing->clock_ms = time_ms;
    else if (is_frame)
        publishing->clock_ms = unwrapped_ms;
    else if (away_ms >= -ASTRAY_MS && away_ms <= ASTRAY_MS)
        return unwrapped_ms * 1000;
    publishing->has_clock |= is_frame;
    return publishing->clock_ms * 1000;
}

static void write_tag(struct publishing *publishing, const struct rtmp_tag *tag, uint32_t time_ms, const uint8_t *body,
                      size_t length)
{
    bool is_frame = tag->packet == RTMP_TAG_CODED || tag->packet == RTMP_TAG_CODED_X;
    bool is_extra = tag->packet == RTMP_TAG_METADATA || tag->packet == RTMP_TAG_MULTICHANNEL;
    struct ph_unit unit = {
        .kind = tag->kind == RTMP_TAG_AUDIO ? PH_AUDIO : PH_VIDEO,
        .track = tag->track,
        .flags = (uint8_t)((tag->key && is_frame ? PH_UNIT_KEY : 0) | (tag->header ? PH_UNIT_HEADER : 0) |
                           (tag->disposable ? PH_UNIT_DISPOSABLE : 0)),
        .slot = is_extra ? SLOT_EXTRA : SLOT_CONFIGURATION,
        .time_us = time_of(publishing, time_ms, is_frame),
        .body = body,
        .length = length,
    };
    if (unit.flags & PH_UNIT_KEY && unit.kind == PH_VIDEO && unit.track == 0)
        note_key_frame(publishing);
    write_unit(publishing, &unit);
}

/* A message of its own for one track of several; track 0 in the plain form, which every player understands. */
static void write_alone(struct publishing *publishing, const struct rtmp_tag *tag, uint32_t time_ms)
{
    size_t head;
    uint8_t *body = malloc(RTMP_TAG_HEAD_MAX + tag->length);
    if (!body) {
        session_end(session_of(publishing), PH_CLOSE_MEMORY, "out of memory");
        return;
    }
    if (rtmp_tag_write(tag, body, RTMP_TAG_HEAD_MAX, &head)) {
        publishing->n_dropped++;
    } else {
        if (tag->length)
            memcpy(body + head, tag->payload, tag->length);
        write_tag(publishing, tag, time_ms, body, head + tag->length);
    }
    free(body);
}

static bool is_worth_keeping(const struct rtmp_tag *tag)
{
    return tag->known && tag->packet != RTMP_TAG_COMMAND && tag->packet != RTMP_TAG_SILENCE &&
           tag->packet != RTMP_TAG_RESERVED;
}

static void take_tags(struct publishing *publishing, const struct rtmp_event *event)
{
    const struct rtmp_event_media *media = &event->media;
    struct rtmp_tag tag;
    int rc = event->type == RTMP_EVENT_AUDIO ? rtmp_tag_parse_audio(media->body, media->length, &tag)
                                             : rtmp_tag_parse_video(media->body, media->length, &tag);
    if (rc) {
        publishing->n_dropped++;
        return;
    }
    bool is_alone = !tag.multitrack || (tag.track != 0 && tag.more_length == 0);
    do {
        if (!is_worth_keeping(&tag)) {
            publishing->n_dropped += !tag.known;
            continue;
        }
        if (!publishing->is_told)
            tracks_note(&publishing->tracks, &tag);
        if (is_alone)
            write_tag(publishing, &tag, media->time_ms, media->body, media->length);
        else
            write_alone(publishing, &tag, media->time_ms);
    } while (!session_of(publishing)->is_ending && rtmp_tag_track_next(&tag));
}

static void take_data(struct publishing *publishing, const struct rtmp_event_data *data)
{
    bool is_metadata = data->kind == RTMP_DATA_SET_FRAME || rtmp_text_is(data->name, "onMetaData");
    bool is_clear = data->kind == RTMP_DATA_CLEAR_FRAME;
    if (is_metadata)
        tracks_note_metadata(&publishing->tracks, rtmp_value_at(data->arguments, 0));
    struct ph_unit unit = {
        .kind = PH_DATA,
        .flags = is_metadata || is_clear ? PH_UNIT_HEADER : 0,
        .slot = SLOT_CONFIGURATION,
        .time_us = time_of(publishing, data->time_ms, false),
        .body = data->body,
        .length = is_clear ? 0 : data->length,
    };
    write_unit(publishing, &unit);
    if (session_of(publishing)->seat)
        seating_data(publishing->stream, data);
}

static void arm(struct publishing *publishing);

void publish_on_media(struct stream *stream, const struct rtmp_event *event)
{
    struct publishing *publishing = stream->publishing;
    if (!publishing->is_granted)
        return;
    if (event->type == RTMP_EVENT_DATA) {
        take_data(publishing, &event->data);
        return;
    }
    publishing->heard_us = now_of(publishing);
    if (!publishing->first_us) {
        publishing->first_us = publishing->heard_us;
        arm(publishing);
    }
    take_tags(publishing, event);
    if (!publishing->is_told && tracks_are_complete(&publishing->tracks))
        tell_tracks(publishing);
}

/* Watching it */

static uint64_t deadline_of(const struct publishing *publishing)
{
    const struct ph_rtmp_options *options = &session_of(publishing)->gate->options;
    return publishing->first_us ? publishing->heard_us + (uint64_t)options->publisher_idle_ms * 1000
                                : publishing->granted_us + (uint64_t)options->first_media_ms * 1000;
}

static void arm(struct publishing *publishing)
{
    uint64_t now_us = now_of(publishing), at_us = deadline_of(publishing);
    if (publishing->first_us && !publishing->is_told && publishing->first_us + SECOND_US < at_us)
        at_us = publishing->first_us + SECOND_US;
    ph_timer_start(session_of(publishing)->home->loop, &publishing->watch, at_us > now_us ? at_us - now_us : 0);
}

static void on_watch(struct ph_timer *timer)
{
    struct publishing *publishing = ph_container_of(timer, struct publishing, watch);
    struct session *session = session_of(publishing);
    uint64_t now_us = now_of(publishing);
    if (session->is_ending)
        return;
    if (publishing->first_us && !publishing->is_told && now_us >= publishing->first_us + SECOND_US)
        tell_tracks(publishing);
    if (now_us < deadline_of(publishing)) {
        arm(publishing);
        return;
    }
    session_status(session, publishing->stream->id, "error", "NetStream.Publish.Idle",
                   "no media came for too long; publish again when there is some", NULL);
    session_end(session, PH_CLOSE_TIMEOUT, publishing->first_us ? "the publisher fell silent" : "no media came");
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
        .events = &events,
        .user = publishing,
    };
    int err = ph_publisher_open(session->gate->options.media, session->home->loop, &request, &publishing->publisher);
    if (err)
        free(publishing);
    else
        stream->publishing = publishing;
    return err;
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
        if (!publishing->is_told && publishing->first_us)
            tell_tracks(publishing);
        tell_end(publishing, why);
    }
    ph_timer_stop(stream->session->home->loop, &publishing->watch);
    ph_publisher_close(publishing->publisher);
    free(publishing);
}
