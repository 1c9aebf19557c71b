/* SPDX-License-Identifier: MIT */
/* What the client says, and what it costs: each kind of event draws from a bucket of its own. */
#include <rtmpwire/value.h>

#include "gate/rtmp/session.h"

static void answer_length(struct session *session, const struct rtmp_event_release *asked)
{
    const struct rtmp_value live = {.type = RTMP_NUMBER, .number = 0};
    session_wrote(session, rtmp_server_reply_result(session->rtmp, asked->transaction_id, &live));
}

static void answer_call(struct session *session, const struct rtmp_event_call *call)
{
    static const struct rtmp_status unknown = {
        .level = "error", .code = "NetConnection.Call.Failed", .description = "This application has no such method."};
    if (session->seat) {
        seating_call(session, call);
        return;
    }
    session_wrote(session, rtmp_server_reply_error(session->rtmp, call->transaction_id, &unknown));
}

static void on_stop(struct session *session, uint32_t id)
{
    struct stream *stream = session_stream(session, id);
    session->said_bye = true;
    if (stream)
        session_stream_drop(stream, stream->publishing ? "publisher left" : "player left");
}

static void handle_play_control(struct session *session, const struct rtmp_event *event)
{
    bool wish = event->type == RTMP_EVENT_RECEIVE_AUDIO || event->type == RTMP_EVENT_RECEIVE_VIDEO;
    struct stream *stream = wish ? session_stream_make(session, event->stream_id)
                                 : session_stream(session, event->stream_id);
    if (!stream)
        return;
    if (wish)
        play_on_receive(stream, event->type == RTMP_EVENT_RECEIVE_VIDEO, event->receive.on);
    else if (event->type == RTMP_EVENT_PAUSE)
        play_on_pause(stream, event->pause.pause);
    else
        play_on_seek(stream);
}

static void handle(struct session *session, const struct rtmp_event *event)
{
    struct stream *stream;
    switch (event->type) {
    case RTMP_EVENT_AUDIO:
    case RTMP_EVENT_VIDEO:
    case RTMP_EVENT_DATA:
        stream = session_stream(session, event->stream_id);
        if (stream && stream->publishing)
            publish_on_media(stream, event);
        break;
    case RTMP_EVENT_CONNECT:
        session_on_connect(session, &event->connect);
        break;
    case RTMP_EVENT_STREAM_LENGTH:
        answer_length(session, &event->release);
        break;
    case RTMP_EVENT_PUBLISH:
        publish_on_publish(session, event->stream_id, &event->publish);
        break;
    case RTMP_EVENT_PLAY:
        play_on_play(session, event->stream_id, &event->play);
        break;
    case RTMP_EVENT_PAUSE:
    case RTMP_EVENT_SEEK:
    case RTMP_EVENT_RECEIVE_AUDIO:
    case RTMP_EVENT_RECEIVE_VIDEO:
        handle_play_control(session, event);
        break;
    case RTMP_EVENT_STOP:
        on_stop(session, event->stream_id);
        break;
    case RTMP_EVENT_CALL:
        answer_call(session, &event->call);
        break;
    case RTMP_EVENT_SHARED_OBJECT:
        if (session->seat)
            shared_on_message(session, &event->shared_object);
        break;
    case RTMP_EVENT_RESULT:
        if (session->seat)
            seating_reply(session, &event->result);
        break;
    case RTMP_EVENT_CLOSE:
        session_end(session, PH_CLOSE_DONE, "the client closed it");
        break;
    default: /* pongs, acknowledgements, releaseStream: that they came is all they say here */
        break;
    }
}

/* The bucket an event draws from; NULL: it is free. */
static struct ph_rate *price_of(struct session *session, enum rtmp_event_type type)
{
    switch (type) {
    case RTMP_EVENT_RELEASE:
    case RTMP_EVENT_STREAM_LENGTH:
    case RTMP_EVENT_PUBLISH:
    case RTMP_EVENT_PLAY:
    case RTMP_EVENT_PAUSE:
    case RTMP_EVENT_SEEK:
    case RTMP_EVENT_RECEIVE_AUDIO:
    case RTMP_EVENT_RECEIVE_VIDEO:
    case RTMP_EVENT_STOP:
        return &session->verbs;
    case RTMP_EVENT_CALL:
    case RTMP_EVENT_RESULT:
    case RTMP_EVENT_SHARED_OBJECT:
        return session->seat ? NULL : &session->calls; /* an application sets the rate of its calls itself */
    case RTMP_EVENT_PONG:
    case RTMP_EVENT_ACK:
    case RTMP_EVENT_BUFFER_LENGTH:
        return &session->controls;
    default:
        return NULL;
    }
}

/* Every event is handled; when its bucket is empty, the next has to wait until it has been paid for. */
static void charge(struct session *session, enum rtmp_event_type type)
{
    struct ph_rate *rate = price_of(session, type);
    uint64_t now_us = ph_loop_now(session->home->loop);
    if (!rate || session->is_ending || ph_rate_take(rate, now_us, 1))
        return;
    session->lacking = rate;
    session_pause(session, ph_rate_wait_us(rate, now_us, 1));
}

void events_handle(struct session *session, const struct rtmp_event *event)
{
    handle(session, event);
    charge(session, event->type);
    session->is_held = session->seat && ph_seat_is_full(session->seat);
}
