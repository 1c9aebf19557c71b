/* SPDX-License-Identifier: MIT */
/* A session with a seat in an application: what its client says goes there, what comes from there is said to it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/chunk.h>
#include <rtmpwire/command.h>
#include <rtmpwire/message.h>
#include <rtmpwire/value.h>

#include "app/app.h"
#include "app/query.h"
#include "app/seat.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/text.h"
#include "gate/rtmp/session.h"

static const char call_failed[] = "NetConnection.Call.Failed";

static struct rtmp_arena *scratch_of(struct session *session) { return &session->home->scratch; }

/* A refusal in the words of RTMP. */
static struct rtmp_status status_of(struct session *session, const struct ph_refusal *refusal, const char *code)
{
    struct rtmp_status status = {.level = "error",
                                 .code = refusal->code ? refusal->code : code,
                                 .description = refusal->description ? refusal->description : "Refused."};
    struct rtmp_value *more = refusal->application ? rtmp_value_new_object(scratch_of(session)) : NULL;
    struct rtmp_value *application = (struct rtmp_value *)(uintptr_t)refusal->application; /* read only */
    if (more && rtmp_value_set(scratch_of(session), more, "application", application) == 0)
        status.more = more;
    return status;
}

/* After what an event has said. */
static void finish(struct session *session)
{
    rtmp_arena_reset(scratch_of(session));
    session_flush_soon(session);
}

/* Coming in */

static bool take_room(struct session *session, const char *room)
{
    size_t size = strlen(session->app->name) + 1 + strlen(room) + 1;
    char *path = malloc(size);
    struct ph_text text;
    if (!path)
        return false;
    ph_text_init(&text, path, size);
    ph_text_add(&text, "%s%s%s", session->app->name, room[0] ? "/" : "", room);
    free(session->app_path);
    session->app_path = path;
    return true;
}

static void on_welcome(void *user, const struct ph_welcome *welcome)
{
    struct session *session = user;
    struct rtmp_arena *arena = scratch_of(session);
    struct rtmp_value *info = rtmp_value_new_object(arena);
    struct rtmp_value *data = (struct rtmp_value *)(uintptr_t)welcome->data; /* read only */
    struct rtmp_value *token = rtmp_value_new_string(arena, welcome->token, strlen(welcome->token));
    bool failed = (data && rtmp_value_set(arena, info, "data", data)) ||
                  (welcome->token[0] && rtmp_value_set(arena, info, "token", token));
    if (failed)
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
    session->app = session->wanted;
    if (!take_room(session, welcome->room))
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
    session_welcome(session, info);
    finish(session);
    session_go_on(session);
}

static void on_refused(void *user, const struct ph_refusal *refusal)
{
    struct session *session = user;
    struct rtmp_connect_refusal refused = {.code = refusal->code,
                                           .description = refusal->description,
                                           .redirect = refusal->redirect,
                                           .application = refusal->application};
    session_wrote(session, rtmp_server_refuse_connect(session->rtmp, &refused));
    session_end(session, PH_CLOSE_REFUSED, "refused by the application");
}

/* Calls */

static void on_result(void *user, double id, const struct rtmp_value *value, const struct ph_refusal *refusal)
{
    struct session *session = user;
    if (refusal) {
        struct rtmp_status status = status_of(session, refusal, call_failed);
        session_wrote(session, rtmp_server_reply_error(session->rtmp, id, &status));
    } else {
        session_wrote(session, rtmp_server_reply_result(session->rtmp, id, value));
    }
    finish(session);
}

static void on_invoke(void *user, const char *name, uint32_t id, const struct rtmp_value *arguments)
{
    struct session *session = user;
    session_wrote(session, rtmp_server_call(session->rtmp, name, id, arguments));
    finish(session);
}

static int encode(const struct ph_parcel *parcel, enum ph_parcel_form form, struct rtmp_buffer *buffer)
{
    bool is_amf3 = form == PH_PARCEL_AMF3;
    struct rtmp_buffer body;
    rtmp_buffer_init(&body, &buffer->allocator, buffer->max);
    int rc = is_amf3 ? rtmp_buffer_append(&body, "", 1) : 0; /* type 17 is type 20 behind a format byte 0 */
    rc = rc ? rc : rtmp_command_write_call(&body, parcel->name, 0, NULL, parcel->arguments);
    struct rtmp_message_info info = {.csid = RTMP_CSID_COMMAND,
                                     .length = (uint32_t)body.length,
                                     .type = is_amf3 ? RTMP_TYPE_COMMAND_AMF3 : RTMP_TYPE_COMMAND_AMF0};
    size_t span = rtmp_chunk_span(&info, PH_LIMIT_CHUNK_OUT);
    rc = rc ? rc : rtmp_buffer_reserve(buffer, span);
    rc = rc ? rc : rtmp_chunk_write(&info, body.data, PH_LIMIT_CHUNK_OUT, buffer->data, span, &buffer->length);
    rtmp_buffer_finish(&body);
    return rc;
}

static void on_deliver(void *user, struct ph_parcel *parcel)
{
    struct session *session = user;
    bool is_blocked = ph_conn_is_blocked(session->conn);
    const uint8_t *bytes;
    size_t length;
    if (session->is_ending || (is_blocked && parcel->kind == PH_DELIVER_AT_ONCE) ||
        ph_parcel_bytes(parcel, session->form, encode, &bytes, &length))
        return;
    if (is_blocked && parcel->kind == PH_DELIVER_NEWEST &&
        ph_newest_keep(&session->newest, parcel->name, bytes, length) == 0)
        return;
    session_collect(session); /* what was said before goes before */
    session_put(session, bytes, length);
    session_flush_soon(session);
}

void seating_call(struct session *session, const struct rtmp_event_call *call)
{
    static const struct rtmp_status bad_name = {
        .level = "error", .code = "NetConnection.Call.BadValue", .description = "A method's name cannot be this."};
    if (!seating_is_name(call->name)) {
        session_wrote(session, rtmp_server_reply_error(session->rtmp, call->transaction_id, &bad_name));
        return;
    }
    int err = ph_seat_call(session->seat, call->transaction_id, call->name, call->arguments);
    if (err == -ENOMEM)
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
}

void seating_reply(struct session *session, const struct rtmp_event_result *result)
{
    const struct rtmp_value *value = rtmp_value_at(result->arguments, 0);
    double id = result->transaction_id;
    const struct ph_refusal refusal = {.code = rtmp_value_text(rtmp_value_get(value, "code")).data,
                                       .description = rtmp_value_text(rtmp_value_get(value, "description")).data};
    if (!(id >= 1 && id <= UINT32_MAX) || id != (double)(uint32_t)id)
        return;
    if (ph_seat_reply(session->seat, (uint32_t)id, value, result->error ? &refusal : NULL))
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
}

bool seating_is_name(struct rtmp_text name)
{
    if (name.length == 0 || name.length > PH_LIMIT_NAME_BYTES)
        return false;
    for (size_t i = 0; i < name.length; i++)
        if ((unsigned char)name.data[i] < ' ' || name.data[i] == 0x7F)
            return false;
    return true;
}

/* Streams */

static struct stream *find_ticket(struct session *session, uint32_t ticket)
{
    ph_list_for_each(node, &session->streams)
    {
        struct stream *stream = ph_list_entry(node, struct stream, link);
        if (stream->ticket == ticket)
            return stream;
    }
    return NULL;
}

static void refuse_stream(struct stream *stream, const struct ph_refusal *refusal)
{
    struct session *session = stream->session;
    bool publishes = stream->asked == PH_SEAT_PUBLISH;
    struct rtmp_status status = status_of(session, refusal,
                                          publishes ? "NetStream.Publish.Denied" : "NetStream.Play.Failed");
    session_wrote(session, rtmp_server_status(session->rtmp, stream->id, &status));
}

static void on_decided(void *user, uint32_t ticket, const char *name, const struct ph_refusal *refusal)
{
    struct session *session = user;
    struct stream *stream = find_ticket(session, ticket);
    if (!stream) { /* it has gone on meanwhile */
        if (!refusal)
            ph_seat_over(session->seat, ticket & 1 ? PH_SEAT_PUBLISH : PH_SEAT_PLAY, name);
        return;
    }
    stream->ticket = 0;
    if (refusal)
        refuse_stream(stream, refusal);
    else
        stream_granted(stream, name);
    finish(session);
}

/* What the client calls its stream; the application's own path before it is cut off. */
static const char *name_in_room(const struct stream *stream)
{
    const char *path = stream->path.text;
    size_t length = strlen(stream->session->app_path);
    return strncmp(path, stream->session->app_path, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

void seating_ask(struct stream *stream, enum ph_seat_verb verb, struct rtmp_text query)
{
    struct session *session = stream->session;
    session->last_ticket += 2; /* its lowest bit tells the verb */
    stream->ticket = session->last_ticket | (verb == PH_SEAT_PUBLISH);
    stream->asked = verb;
    struct rtmp_value *object = ph_query_object(query, scratch_of(session));
    int err = ph_seat_ask(session->seat, verb, stream->ticket, name_in_room(stream), object);
    rtmp_arena_reset(scratch_of(session));
    if (err)
        session_end(session, err == -ENOMEM ? PH_CLOSE_MEMORY : PH_CLOSE_PROTOCOL,
                    err == -ENOMEM ? "out of memory" : "too much was asked at once");
}

void seating_data(struct stream *stream, const struct rtmp_event_data *data)
{
    ph_seat_data(stream->session->seat, name_in_room(stream), data->name, data->arguments);
}

void seating_over(struct stream *stream, enum ph_seat_verb verb)
{
    if (stream->session->seat)
        ph_seat_over(stream->session->seat, verb, name_in_room(stream));
}

static void on_stop_stream(void *user, const char *name, const char *description)
{
    struct session *session = user;
    ph_list_for_each_safe(node, &session->streams)
    {
        struct stream *stream = ph_list_entry(node, struct stream, link);
        if (!stream->publishing || strcmp(name_in_room(stream), name) != 0)
            continue;
        session_status(session, stream->id, "error", "NetStream.Publish.BadName",
                       description ? description : "The application ended this stream.", NULL);
        session_stream_drop(stream, "ended by the application");
    }
    finish(session);
}

/* Going */

static void on_moved(void *user, const struct ph_welcome *welcome)
{
    struct session *session = user;
    session_end_streams(session, "moved to another room");
    if (!take_room(session, welcome->room))
        session_end(session, PH_CLOSE_MEMORY, "out of memory");
    finish(session);
}

static void on_kicked(void *user, const struct ph_refusal *why)
{
    struct session *session = user;
    struct rtmp_status status = status_of(session, why, "NetConnection.Connect.Closed");
    session_wrote(session, rtmp_server_close(session->rtmp, &status));
    finish(session);
    session_end(session, PH_CLOSE_REFUSED, "ended by the application");
}

static void on_drained(void *user) { session_go_on(user); }

static void on_shared(void *user, const struct ph_shared_report *report)
{
    struct session *session = user;
    shared_on_report(session, report);
    finish(session);
}

static const struct ph_seat_events events = {
    .welcome = on_welcome,
    .refused = on_refused,
    .result = on_result,
    .invoke = on_invoke,
    .deliver = on_deliver,
    .shared = on_shared,
    .decided = on_decided,
    .moved = on_moved,
    .stop_stream = on_stop_stream,
    .kicked = on_kicked,
    .drained = on_drained,
};

int seating_open(struct session *session, const struct ph_application *app, const struct rtmp_event_connect *connect)
{
    char address[PH_ADDRESS_TEXT];
    ph_address_text(ph_conn_peer(session->conn), address);
    session->form = connect->object_encoding == 3 ? PH_PARCEL_AMF3 : PH_PARCEL_AMF0;
    session->wanted = app;
    struct rtmp_text token = ph_query_find(connect->app_query, "token");
    struct rtmp_text ticket = ph_query_find(connect->app_query, "ticket");
    struct ph_seat_request request = {
        .app = app,
        .token = token.data ? rtmp_arena_copy(scratch_of(session), token.data, token.length) : NULL,
        .ticket = ticket.data ? rtmp_arena_copy(scratch_of(session), ticket.data, ticket.length) : NULL,
        .path = connect->app.data,
        .query = ph_query_without_key(connect->app_query, scratch_of(session)),
        .protocol = strcmp(ph_conn_carrier(session->conn), "websocket") == 0 ? "rtmp+ws" : "rtmp",
        .address = address,
        .properties = connect->properties,
        .arguments = connect->arguments,
        .form = session->form,
        .events = &events,
        .user = session,
    };
    int err = request.query
                  ? ph_seat_open(session->gate->options.theatre, session->home->loop, &request, &session->seat)
                  : -ENOMEM;
    rtmp_arena_reset(scratch_of(session));
    return err;
}
