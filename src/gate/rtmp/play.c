/* SPDX-License-Identifier: MIT */
/* A stream that goes out: statuses are ours, everything else is a viewer of the stream's log. */
#include <string.h>

#include <rtmpwire/message.h>

#include "app/app.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/rtmp/form.h"
#include "gate/rtmp/session.h"
#include "media/viewer.h"

/* The player may look at samples of sound and picture: "|RtmpSampleAccess", true, true. */
static const uint8_t sample_access[] = {2,   0,   17,  '|', 'R', 't', 'm', 'p', 'S', 'a', 'm', 'p',
                                        'l', 'e', 'A', 'c', 'c', 'e', 's', 's', 1,   1,   1,   1};

static void on_joined(void *user, bool again)
{
    (void)again;
    struct stream *stream = user;
    if (stream->session->is_ending)
        return;
    if (stream->is_absent)
        session_status(stream->session, stream->id, "status", "NetStream.Play.PublishNotify",
                       "The stream is being published.", stream->path.text);
    stream->is_absent = false;
    stream->was_joined = true;
    session_collect(stream->session);
}

static void on_absent(void *user)
{
    struct stream *stream = user;
    struct session *session = stream->session;
    stream->is_absent = true;
    if (!stream->was_joined || session->is_ending)
        return;
    session_status(session, stream->id, "status", "NetStream.Play.UnpublishNotify",
                   "The stream is no longer published.", stream->path.text);
    session_wrote(session, rtmp_server_stream_eof(session->rtmp, stream->id));
    session_flush(session);
}

static void on_lost(void *user, enum ph_viewer_lost why)
{
    struct stream *stream = user;
    if (why == PH_LOST_STALLED)
        session_end(stream->session, PH_CLOSE_STALLED, "the player does not read");
    else if (why == PH_LOST_MEMORY)
        session_end(stream->session, PH_CLOSE_MEMORY, "out of memory");
}

static const struct ph_viewer_events events = {.joined = on_joined, .absent = on_absent, .lost = on_lost};

static int open_viewer(struct stream *stream)
{
    struct session *session = stream->session;
    struct ph_view_request request = {
        .path = stream->path,
        .outlet = &session->outlet,
        .form = &ph_rtmp_form,
        .variant = stream->id,
        .start = session->app->settings.start == PH_APP_START_NEXT ? PH_START_NEXT : PH_START_CACHED,
        .all_tracks = session->takes_tracks,
        .lag_ms = (uint32_t)session->app->settings.lag_ms,
        .via = session->via,
        .events = &events,
        .user = stream,
    };
    int err = ph_viewer_open(session->gate->options.media, session->home->loop, &request, &stream->viewer);
    if (err)
        return err;
    if (stream->no_audio)
        ph_viewer_receive(stream->viewer, PH_AUDIO, false);
    if (stream->no_video)
        ph_viewer_receive(stream->viewer, PH_VIDEO, false);
    return 0;
}

static void refuse(struct session *session, uint32_t stream_id, const char *why)
{
    session_status(session, stream_id, "error", "NetStream.Play.StreamNotFound", why, NULL);
}

static void begin(struct stream *stream)
{
    struct session *session = stream->session;
    char peer[SESSION_PEER];
    session_wrote(session, rtmp_server_accept_play(session->rtmp, stream->id, false));
    session_wrote(session, rtmp_server_media(session->rtmp, RTMP_TYPE_DATA_AMF0, stream->id, 0, sample_access,
                                             sizeof sample_access));
    if (session->is_ending)
        return;
    session_collect(session);
    stream->since_us = ph_loop_now(session->home->loop);
    stream->was_joined = stream->is_absent = stream->is_paused = false;
    session_peer(session, peer);
    ph_log_event(session_log(session), "playing", stream->path.text, "%s", peer);
    if (open_viewer(stream))
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
}

void play_on_play(struct session *session, uint32_t stream_id, const struct rtmp_event_play *play)
{
    const char *why = NULL;
    struct ph_path path;
    struct stream *stream = session_stream_make(session, stream_id);
    if (!stream) {
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
        return;
    }
    if (stream->viewer) /* a switch; nothing live ever ends by itself, so adding to a playlist is one too */
        play_close(stream, "player went on to another stream");
    if (ph_path_join(session->app_path, strlen(session->app_path), play->name.data, play->name.length, &path, &why)) {
        refuse(session, stream_id, why);
    } else if (play->start == RTMP_PLAY_AT && play->start_ms > 0) { /* librtmp says 0 unless told that it is live */
        refuse(session, stream_id, "there is no recording of this name; play it live");
    } else {
        stream->path = path;
        if (session->seat)
            seating_ask(stream, PH_SEAT_PLAY, play->query);
        else
            begin(stream);
    }
}

void play_granted(struct stream *stream) { begin(stream); }

void play_on_pause(struct stream *stream, enum rtmp_pause pause)
{
    struct session *session = stream->session;
    if (!stream->viewer)
        return;
    stream->is_paused = pause == RTMP_PAUSE_TOGGLE ? !stream->is_paused : pause == RTMP_PAUSE_ON;
    if (stream->is_paused) {
        ph_viewer_pause(stream->viewer, true);
        session_status(session, stream->id, "status", "NetStream.Pause.Notify", "Paused.", stream->path.text);
        session_wrote(session, rtmp_server_stream_eof(session->rtmp, stream->id));
        return;
    }
    session_status(session, stream->id, "status", "NetStream.Unpause.Notify", "Going on.", stream->path.text);
    session_wrote(session, rtmp_server_stream_begin(session->rtmp, stream->id));
    session_collect(session);
    if (!session->is_ending)
        ph_viewer_pause(stream->viewer, false);
}

/* A live stream has one place to be: the player is told that it is there. */
void play_on_seek(struct stream *stream)
{
    if (stream->viewer)
        session_status(stream->session, stream->id, "status", "NetStream.Seek.Notify", "This stream is live.",
                       stream->path.text);
}

void play_on_receive(struct stream *stream, bool video, bool on)
{
    *(video ? &stream->no_video : &stream->no_audio) = !on;
    if (stream->viewer)
        ph_viewer_receive(stream->viewer, video ? PH_VIDEO : PH_AUDIO, on);
}

void play_close(struct stream *stream, const char *why)
{
    struct session *session = stream->session;
    char peer[SESSION_PEER], words[256];
    struct ph_text text;
    seating_over(stream, PH_SEAT_PLAY);
    session_peer(session, peer);
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "%s after ", why);
    ph_text_add_duration(&text, ph_loop_now(session->home->loop) - stream->since_us);
    ph_text_add(&text, ", ");
    ph_viewer_say_totals(stream->viewer, &text);
    ph_viewer_close(stream->viewer);
    stream->viewer = NULL;
    ph_log_event(session_log(session), "closed", stream->path.text, "%s (%s)", words, peer);
}
