/* SPDX-License-Identifier: MIT */
/* What the client says: each command has a row in the table below; one that has none is a call of the application. */
#include "server_internal.h"

#include <string.h>

#include "connect.h"

/* One command being handled. */
struct request {
    struct rtmp_server *server;
    const struct rtmp_message *message;
    struct rtmp_command command;
    struct stream *stream; /* the one meant, NULL if there is none */
    struct rtmp_event *event;
};

static struct rtmp_text text_at(const struct request *r, size_t index)
{
    return rtmp_value_text(rtmp_value_at(r->command.arguments, index));
}

static int answer(const struct request *r, const struct rtmp_value *value)
{
    return rtmp_link_write_result(&r->server->link, r->command.transaction_id, value);
}

/* A command that does not fit the state of its stream: an answer, and an oddity. */
static int misplaced(const struct request *r, const char *code, const char *description)
{
    struct link *link = &r->server->link;
    struct rtmp_status status = {.level = "error", .code = code, .description = description};
    int rc = rtmp_link_write_status(link, r->message->info.stream_id, "onStatus", 0, &status);
    return rc ? rc : rtmp_link_odd(link);
}

static int told(const struct request *r, enum rtmp_event_type type)
{
    r->event->type = type;
    if (r->stream)
        r->event->stream_id = r->stream->id;
    return EVENT_READY;
}

static bool publishes(const struct stream *stream)
{
    return stream->state == STREAM_WANTS_PUBLISH || stream->state == STREAM_PUBLISHING;
}

static bool plays(const struct stream *stream)
{
    return stream->state == STREAM_WANTS_PLAY || stream->state == STREAM_PLAYING;
}

/* connect */

static int on_connect(struct request *r)
{
    static const struct rtmp_status twice = {
        .level = "error", .code = "NetConnection.Call.Failed", .description = "This connection is open already."};
    struct rtmp_server *server = r->server;
    if (server->state != CONNECTION_NEW) {
        int rc = rtmp_link_write_error(&server->link, r->command.transaction_id, &twice);
        return rc ? rc : rtmp_link_odd(&server->link);
    }
    struct rtmp_event_connect *connect = &r->event->connect;
    int rc = rtmp_read_connect(&server->link.arena, &r->command, connect);
    if (rc)
        return rc;
    server->state = CONNECTION_PENDING;
    server->connect_id = r->command.transaction_id;
    server->object_encoding = connect->object_encoding;
    server->link.holding = true;
    r->event->stream_id = 0;
    r->event->type = RTMP_EVENT_CONNECT;
    return EVENT_READY;
}

/* Message streams */

static int on_create_stream(struct request *r)
{
    static const struct rtmp_status full = {
        .level = "error", .code = "NetConnection.Call.Failed", .description = "Too many streams on this connection."};
    struct link *link = &r->server->link;
    struct stream *stream;
    int rc = rtmp_server_open_stream(r->server, &stream);
    if (rc == RTMP_E_STREAMS) {
        rc = rtmp_link_write_error(link, r->command.transaction_id, &full);
        return rc ? rc : rtmp_link_odd(link);
    }
    if (rc)
        return rc;
    struct rtmp_value id = {.type = RTMP_NUMBER, .number = stream->id};
    return rtmp_link_write_result(link, r->command.transaction_id, &id);
}

/* Ends what a stream does, if it does anything. */
static int stop(const struct request *r, struct stream *stream, enum rtmp_stop_cause cause)
{
    if (stream->state == STREAM_IDLE)
        return 0;
    r->event->type = RTMP_EVENT_STOP;
    r->event->stream_id = stream->id;
    r->event->stop = (struct rtmp_event_stop){
        .cause = cause,
        .published = publishes(stream),
        .pending = stream->state == STREAM_WANTS_PUBLISH || stream->state == STREAM_WANTS_PLAY,
    };
    rtmp_server_idle_stream(r->server, stream);
    return EVENT_READY;
}

/* As stop(); a publisher who stays connected is told that it has ended. */
static int stop_politely(const struct request *r, struct stream *stream, enum rtmp_stop_cause cause)
{
    static const struct rtmp_status ended = {
        .level = "status", .code = "NetStream.Unpublish.Success", .description = "Unpublished."};
    if (publishes(stream)) {
        int rc = rtmp_link_write_status(&r->server->link, stream->id, "onStatus", 0, &ended);
        if (rc)
            return rc;
    }
    return stop(r, stream, cause);
}

static int on_delete_stream(struct request *r)
{
    double id = rtmp_value_number(rtmp_value_at(r->command.arguments, 0), 0);
    struct stream *stream = id >= 1 && id <= UINT32_MAX ? rtmp_server_find(r->server, (uint32_t)id) : r->stream;
    if (!stream)
        return 0;
    int rc = stop(r, stream, RTMP_STOP_DELETE_STREAM);
    rtmp_server_forget_stream(r->server, stream);
    return rc;
}

static int on_close_stream(struct request *r)
{
    return r->stream ? stop_politely(r, r->stream, RTMP_STOP_CLOSE_STREAM) : 0;
}

static int keep_name(const struct request *r, enum stream_state state, struct rtmp_text name)
{
    const struct rtmp_allocator *allocator = &r->server->link.allocator;
    char *copy = allocator->resize(allocator->user, NULL, 0, name.length + 1);
    if (!copy)
        return RTMP_E_MEMORY;
    memcpy(copy, name.data, name.length + 1);
    rtmp_server_idle_stream(r->server, r->stream);
    r->stream->state = state;
    r->stream->name = copy;
    r->stream->name_size = name.length + 1;
    return 0;
}

static enum rtmp_publish_mode publish_mode(struct rtmp_text text)
{
    if (rtmp_text_is(text, "record"))
        return RTMP_PUBLISH_RECORD;
    if (rtmp_text_is(text, "append"))
        return RTMP_PUBLISH_APPEND;
    if (rtmp_text_is(text, "appendWithGap"))
        return RTMP_PUBLISH_APPEND_WITH_GAP;
    return RTMP_PUBLISH_LIVE;
}

static int on_publish(struct request *r)
{
    if (!r->stream)
        return misplaced(r, "NetStream.Publish.BadName", "There is no such message stream: send createStream first.");
    if (!rtmp_value_boolean(rtmp_value_at(r->command.arguments, 0), true))
        return stop_politely(r, r->stream, RTMP_STOP_PUBLISH_FALSE);
    if (r->stream->state != STREAM_IDLE)
        return misplaced(r, "NetStream.Publish.BadName", "This message stream is in use.");
    struct rtmp_event_publish *publish = &r->event->publish;
    int rc = rtmp_split_name(&r->server->link.arena, text_at(r, 0), &publish->name, &publish->query);
    rc = rc ? rc : keep_name(r, STREAM_WANTS_PUBLISH, publish->name);
    if (rc)
        return rc;
    publish->mode = publish_mode(text_at(r, 1));
    return told(r, RTMP_EVENT_PUBLISH);
}

/* Clients send milliseconds where the specification has seconds, also for its −2 and −1. */
static void read_start(double start, struct rtmp_event_play *play)
{
    if (start >= 0) {
        play->start = RTMP_PLAY_AT;
        play->start_ms = start;
    } else {
        play->start = start == -1 || start == -1000 ? RTMP_PLAY_LIVE : RTMP_PLAY_ANY;
    }
}

static bool read_reset(const struct rtmp_value *value)
{
    return rtmp_value_boolean(value, true) && rtmp_value_number(value, 1) != 0;
}

static int begin_play(struct request *r)
{
    struct rtmp_event_play *play = &r->event->play;
    int rc = keep_name(r, STREAM_WANTS_PLAY, play->name);
    if (rc)
        return rc;
    r->stream->reset = play->reset;
    return told(r, RTMP_EVENT_PLAY);
}

static int on_play(struct request *r)
{
    if (!r->stream)
        return misplaced(r, "NetStream.Play.Failed", "There is no such message stream: send createStream first.");
    if (!rtmp_value_boolean(rtmp_value_at(r->command.arguments, 0), true))
        return stop(r, r->stream, RTMP_STOP_CLOSE_STREAM);
    if (publishes(r->stream))
        return misplaced(r, "NetStream.Play.Failed", "This message stream is publishing.");
    struct rtmp_event_play *play = &r->event->play;
    int rc = rtmp_split_name(&r->server->link.arena, text_at(r, 0), &play->name, &play->query);
    if (rc)
        return rc;
    read_start(rtmp_value_number(rtmp_value_at(r->command.arguments, 1), -2), play);
    play->duration_ms = rtmp_value_number(rtmp_value_at(r->command.arguments, 2), -1) >= 0
                            ? rtmp_value_number(rtmp_value_at(r->command.arguments, 2), -1)
                            : -1;
    play->reset = read_reset(rtmp_value_at(r->command.arguments, 3));
    play->old_name = play->operation = rtmp_value_text(NULL);
    return begin_play(r);
}

static int on_play2(struct request *r)
{
    if (!r->stream)
        return misplaced(r, "NetStream.Play.Failed", "There is no such message stream: send createStream first.");
    if (publishes(r->stream))
        return misplaced(r, "NetStream.Play.Failed", "This message stream is publishing.");
    const struct rtmp_value *options = rtmp_value_at(r->command.arguments, 0);
    struct rtmp_event_play *play = &r->event->play;
    int rc = rtmp_split_name(&r->server->link.arena, rtmp_value_text(rtmp_value_get(options, "streamName")),
                             &play->name, &play->query);
    if (rc)
        return rc;
    read_start(rtmp_value_number(rtmp_value_get(options, "start"), -2), play);
    play->duration_ms = rtmp_value_number(rtmp_value_get(options, "len"), -1) >= 0
                            ? rtmp_value_number(rtmp_value_get(options, "len"), -1)
                            : -1;
    play->transition = true;
    play->old_name = rtmp_value_text(rtmp_value_get(options, "oldStreamName"));
    play->operation = rtmp_value_text(rtmp_value_get(options, "transition"));
    play->reset = rtmp_text_is(play->operation, "reset");
    return begin_play(r);
}

/* Control of a player */

static int on_pause(struct request *r)
{
    if (!r->stream || !plays(r->stream))
        return rtmp_link_odd(&r->server->link);
    const struct rtmp_value *on = rtmp_value_at(r->command.arguments, 0);
    r->event->pause.pause = !rtmp_value_boolean(on, true)   ? RTMP_PAUSE_OFF
                            : rtmp_value_boolean(on, false) ? RTMP_PAUSE_ON
                                                            : RTMP_PAUSE_TOGGLE;
    r->event->pause.time_ms = rtmp_value_number(rtmp_value_at(r->command.arguments, 1), 0);
    return told(r, RTMP_EVENT_PAUSE);
}

static int on_seek(struct request *r)
{
    if (!r->stream || !plays(r->stream))
        return misplaced(r, "NetStream.Seek.Failed", "Nothing is playing on this message stream.");
    r->event->seek.time_ms = rtmp_value_number(rtmp_value_at(r->command.arguments, 0), 0);
    return told(r, RTMP_EVENT_SEEK);
}

/* Allowed before play, where it says what the player will want. */
static int receive(struct request *r, enum rtmp_event_type type)
{
    if (!r->stream || publishes(r->stream))
        return rtmp_link_odd(&r->server->link);
    r->event->receive.on = !!rtmp_value_boolean(rtmp_value_at(r->command.arguments, 0), true);
    return told(r, type);
}

static int on_receive_audio(struct request *r) { return receive(r, RTMP_EVENT_RECEIVE_AUDIO); }
static int on_receive_video(struct request *r) { return receive(r, RTMP_EVENT_RECEIVE_VIDEO); }

/* Harmless commands of encoders and players, in any order */

static int release(struct request *r, enum rtmp_event_type type)
{
    struct rtmp_event_release *release = &r->event->release;
    int rc = rtmp_split_name(&r->server->link.arena, text_at(r, 0), &release->name, &release->query);
    if (rc)
        return rc;
    release->command = r->command.name;
    release->transaction_id = r->command.transaction_id;
    r->event->type = type;
    r->event->stream_id = 0;
    return EVENT_READY;
}

static int on_release_stream(struct request *r)
{
    int rc = answer(r, NULL);
    return rc ? rc : release(r, RTMP_EVENT_RELEASE);
}

/* `name` is called at the client too, as the Flash server did; a client that gives id 0 wants to hear nothing. */
static int answer_and_notify(struct request *r, const char *name, const char *code)
{
    struct rtmp_status status = {.level = "status", .code = code, .description = text_at(r, 0).data};
    if (r->command.transaction_id == 0)
        return 0;
    int rc = answer(r, NULL);
    return rc ? rc : rtmp_link_write_status(&r->server->link, 0, name, 0, &status);
}

static int on_fc_publish(struct request *r)
{
    int rc = answer_and_notify(r, "onFCPublish", "NetStream.Publish.Start");
    return rc ? rc : release(r, RTMP_EVENT_RELEASE);
}

static int on_fc_subscribe(struct request *r)
{
    int rc = answer_and_notify(r, "onFCSubscribe", "NetStream.Play.Start");
    return rc ? rc : release(r, RTMP_EVENT_RELEASE);
}

static struct stream *publisher_of(const struct rtmp_server *server, struct rtmp_text name)
{
    struct stream *only = NULL;
    size_t n_publishers = 0;
    for (uint32_t i = 0; i < server->n_streams; i++) {
        struct stream *stream = &server->streams[i];
        if (!publishes(stream))
            continue;
        if (stream->name_size == name.length + 1 && memcmp(stream->name, name.data, name.length) == 0)
            return stream;
        only = stream;
        n_publishers++;
    }
    return n_publishers == 1 ? only : NULL;
}

static int on_fc_unpublish(struct request *r)
{
    struct rtmp_text name, query;
    int rc = rtmp_split_name(&r->server->link.arena, text_at(r, 0), &name, &query);
    rc = rc ? rc : answer_and_notify(r, "onFCUnpublish", "NetStream.Unpublish.Success");
    struct stream *stream = publisher_of(r->server, name);
    return rc || !stream ? rc : stop_politely(r, stream, RTMP_STOP_UNPUBLISH);
}

static int on_get_stream_length(struct request *r)
{
    return r->command.transaction_id == 0 ? 0 : release(r, RTMP_EVENT_STREAM_LENGTH);
}

static int on_harmless(struct request *r) { return answer(r, NULL); }

static int on_ignored(struct request *r)
{
    r->server->link.stats.messages_ignored++;
    return 0;
}

/* The connection */

static int on_close(struct request *r)
{
    r->server->link.deaf = true;
    r->event->type = RTMP_EVENT_CLOSE;
    r->event->stream_id = 0;
    return EVENT_READY;
}

static int result(struct request *r, bool error)
{
    if (r->command.transaction_id == 0)
        return 0;
    r->event->type = RTMP_EVENT_RESULT;
    r->event->result = (struct rtmp_event_result){.transaction_id = r->command.transaction_id,
                                                  .error = error,
                                                  .object = r->command.object,
                                                  .arguments = r->command.arguments};
    return EVENT_READY;
}

static int on_result(struct request *r) { return result(r, false); }
static int on_error(struct request *r) { return result(r, true); }

static int on_call(struct request *r)
{
    r->event->type = RTMP_EVENT_CALL;
    r->event->call = (struct rtmp_event_call){.name = r->command.name,
                                              .transaction_id = r->command.transaction_id,
                                              .object = r->command.object,
                                              .arguments = r->command.arguments,
                                              .message_type = r->message->info.type,
                                              .length = r->message->info.length,
                                              .body = r->message->payload};
    return EVENT_READY;
}

/* The table */

struct row {
    const char *name;
    int (*handle)(struct request *r);
};

static const struct row rows[] = {
    {"FCPublish", on_fc_publish},
    {"FCSubscribe", on_fc_subscribe},
    {"FCUnpublish", on_fc_unpublish},
    {"FCUnsubscribe", on_harmless},
    {"_checkbw", on_harmless},
    {"_error", on_error},
    {"_result", on_result},
    {"close", on_close},
    {"closeStream", on_close_stream},
    {"connect", on_connect},
    {"createStream", on_create_stream},
    {"deleteStream", on_delete_stream},
    {"getStreamLength", on_get_stream_length},
    {"pause", on_pause},
    {"pauseRaw", on_pause},
    {"play", on_play},
    {"play2", on_play2},
    {"playlist_ready", on_ignored},
    {"publish", on_publish},
    {"receiveAudio", on_receive_audio},
    {"receiveVideo", on_receive_video},
    {"releaseStream", on_release_stream},
    {"secureTokenResponse", on_ignored},
    {"seek", on_seek},
    {"set_playlist", on_ignored},
};

static int (*handler_of(struct rtmp_text name))(struct request *r)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rtmp_text_is(name, rows[i].name))
            return rows[i].handle;
    return on_call;
}

/* Values that cannot be read: the caller of a method hears of it, if the head says who that is. */
static int unreadable(struct rtmp_server *server, const struct rtmp_message *message, int code)
{
    static const struct rtmp_status failed = {
        .level = "error", .code = "NetConnection.Call.Failed", .description = "The arguments cannot be read."};
    struct link *link = &server->link;
    struct rtmp_text name;
    double transaction_id;
    size_t used;
    if (server->state == CONNECTION_OPEN &&
        rtmp_command_read_head(message->payload, message->info.length, message->info.type, &link->arena, &name,
                               &transaction_id, &used) == 0) {
        int rc = rtmp_link_write_error(link, transaction_id, &failed);
        if (rc)
            return rc;
    }
    return rtmp_link_bad_values(link, code);
}

int rtmp_server_handle_command(struct rtmp_server *server, const struct rtmp_message *message, struct rtmp_event *event)
{
    struct link *link = &server->link;
    if (rtmp_link_is_artefact(link, message))
        return 0;
    struct request r = {.server = server, .message = message, .event = event};
    int rc = rtmp_command_read(message->payload, message->info.length, message->info.type, &link->limits, &link->arena,
                               &r.command);
    if (rc)
        return rc == RTMP_E_MEMORY ? rc : unreadable(server, message, rc);
    if (server->state == CONNECTION_NEW && !rtmp_text_is(r.command.name, "connect"))
        return rtmp_link_fail(link, RTMP_E_ORDER, "the first command is not connect");
    r.stream = rtmp_server_meant(server, message->info.stream_id);
    return handler_of(r.command.name)(&r);
}
