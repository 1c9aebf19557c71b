/* SPDX-License-Identifier: MIT */
/* What the server says: replies to our own requests, statuses, and calls of the application. */
#include <string.h>

#include "client_internal.h"
#include "connect.h"

/* The first argument that is an object: the info of a reply, the status of an onStatus. */
static const struct rtmp_value *info_of(const struct rtmp_command *command)
{
    return rtmp_value_at(command->arguments, 0);
}

/* Replies */

static int on_connected(struct rtmp_client *client, const struct rtmp_command *command, struct rtmp_event *event)
{
    const struct rtmp_value *info = info_of(command);
    struct rtmp_event_connected *connected = &event->connected;
    event->type = RTMP_EVENT_CONNECTED;
    connected->code = rtmp_value_text(rtmp_value_get(info, "code"));
    connected->description = rtmp_value_text(rtmp_value_get(info, "description"));
    connected->object_encoding = rtmp_value_number(rtmp_value_get(info, "objectEncoding"), 0);
    connected->properties = command->object;
    connected->info = info;
    rtmp_read_capabilities(command->object, &connected->capabilities);
    if (!connected->capabilities.announced) /* some servers announce in the other object */
        rtmp_read_capabilities(info, &connected->capabilities);
    client->state = CLIENT_OPEN;
    rtmp_link_connected(&client->link);
    if (client->link.window_out == client->window)
        return EVENT_READY;
    client->link.window_out = client->window;
    int rc = rtmp_link_write_control(&client->link, RTMP_TYPE_WINDOW_ACK_SIZE, client->window, 0);
    return rc ? rc : EVENT_READY;
}

static int on_refused(struct rtmp_client *client, const struct rtmp_value *info, struct rtmp_event *event)
{
    event->type = RTMP_EVENT_REFUSED;
    event->stream_id = 0;
    event->refused = (struct rtmp_event_refused){
        .code = rtmp_value_text(rtmp_value_get(info, "code")),
        .description = rtmp_value_text(rtmp_value_get(info, "description")),
        .redirect = rtmp_value_text(rtmp_value_get(rtmp_value_get(info, "ex"), "redirect")),
        .info = info,
    };
    client->state = CLIENT_REFUSED;
    client->link.deaf = true;
    return EVENT_READY;
}

static int on_stream_created(struct rtmp_client *client, struct client_stream *stream,
                             const struct rtmp_command *command, struct rtmp_event *event)
{
    double id = rtmp_value_number(rtmp_value_at(command->arguments, 0), 0);
    if (!(id >= 1 && id <= UINT32_MAX) || rtmp_client_find(client, (uint32_t)id))
        return rtmp_link_fail(&client->link, RTMP_E_MALFORMED, "the answer to createStream is no new stream id");
    stream->id = (uint32_t)id;
    int rc = rtmp_client_begin(client, stream);
    if (rc)
        return rc;
    event->type = RTMP_EVENT_STREAM_READY;
    event->stream_id = stream->id;
    event->stream_ready = (struct rtmp_event_stream_ready){
        .purpose = stream->purpose, .name = {.data = stream->name, .length = stream->name_size - 1}};
    return EVENT_READY;
}

static int on_stream_refused(struct rtmp_client *client, struct client_stream *stream,
                             const struct rtmp_command *command, struct rtmp_event *event)
{
    rtmp_read_status(info_of(command), &event->status);
    event->type = RTMP_EVENT_STATUS;
    event->stream_id = 0;
    if (event->status.level.length == 0)
        event->status.level = rtmp_text_from("error");
    if (event->status.code.length == 0)
        event->status.code = rtmp_text_from("NetConnection.Call.Failed");
    rtmp_client_forget_stream(client, stream);
    return EVENT_READY;
}

static int on_reply(struct rtmp_client *client, const struct rtmp_command *command, bool error,
                    struct rtmp_event *event)
{
    double id = command->transaction_id;
    if (client->state == CLIENT_CONNECTING)
        return error ? on_refused(client, info_of(command), event) : on_connected(client, command, event);
    struct client_stream *stream = rtmp_client_find_waiting(client, id);
    if (stream)
        return error ? on_stream_refused(client, stream, command, event)
                     : on_stream_created(client, stream, command, event);
    if (!(id >= RTMP_CALL_ID_MIN)) { /* releaseStream and FCPublish: whatever the answer, it does no harm */
        client->link.stats.messages_ignored++;
        return 0;
    }
    event->type = RTMP_EVENT_RESULT;
    event->result = (struct rtmp_event_result){
        .transaction_id = id, .error = error, .object = command->object, .arguments = command->arguments};
    return EVENT_READY;
}

/* Statuses */

static int on_status(struct rtmp_client *client, const struct rtmp_command *command, struct rtmp_event *event)
{
    const struct rtmp_value *info = info_of(command);
    struct rtmp_text code = rtmp_value_text(rtmp_value_get(info, "code"));
    if (rtmp_text_is(code, "NetConnection.Connect.ReconnectRequest")) {
        event->type = RTMP_EVENT_RECONNECT_REQUEST;
        event->reconnect = (struct rtmp_event_reconnect){
            .tc_url = rtmp_value_text(rtmp_value_get(info, "tcUrl")),
            .description = rtmp_value_text(rtmp_value_get(info, "description"))};
        return EVENT_READY;
    }
    if (client->state == CLIENT_CONNECTING && rtmp_text_is(rtmp_value_text(rtmp_value_get(info, "level")), "error"))
        return on_refused(client, info, event); /* a server may redirect in this way */
    event->type = RTMP_EVENT_STATUS;
    rtmp_read_status(info, &event->status);
    return EVENT_READY;
}

static int on_call(const struct rtmp_command *command, const struct rtmp_message *message, struct rtmp_event *event)
{
    event->type = RTMP_EVENT_CALL;
    event->call = (struct rtmp_event_call){.name = command->name,
                                           .transaction_id = command->transaction_id,
                                           .object = command->object,
                                           .arguments = command->arguments,
                                           .message_type = message->info.type,
                                           .length = message->info.length,
                                           .body = message->payload};
    return EVENT_READY;
}

static bool is_harmless(struct rtmp_text name)
{
    static const char *const names[] = {"onBWDone",      "onFCPublish",     "onFCUnpublish",
                                        "onFCSubscribe", "onFCUnsubscribe", "_onbwdone"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (rtmp_text_is(name, names[i]))
            return true;
    return false;
}

static int dispatch(struct rtmp_client *client, const struct rtmp_command *command, const struct rtmp_message *message,
                    struct rtmp_event *event)
{
    struct link *link = &client->link;
    if (rtmp_text_is(command->name, "_result"))
        return on_reply(client, command, false, event);
    if (rtmp_text_is(command->name, "_error"))
        return on_reply(client, command, true, event);
    if (rtmp_text_is(command->name, "onStatus"))
        return on_status(client, command, event);
    if (rtmp_text_is(command->name, "close")) {
        link->deaf = true;
        event->type = RTMP_EVENT_CLOSE;
        event->stream_id = 0;
        return EVENT_READY;
    }
    if (rtmp_text_is(command->name, "_onbwcheck"))
        return rtmp_link_write_result(link, command->transaction_id, NULL);
    if (is_harmless(command->name)) {
        link->stats.messages_ignored++;
        return 0;
    }
    return on_call(command, message, event);
}

int rtmp_client_handle_command(struct rtmp_client *client, const struct rtmp_message *message, struct rtmp_event *event)
{
    struct link *link = &client->link;
    if (rtmp_link_is_artefact(link, message))
        return 0;
    struct rtmp_command command;
    int rc = rtmp_command_read(message->payload, message->info.length, message->info.type, &link->limits, &link->arena,
                               &command);
    if (rc)
        return rtmp_link_bad_values(link, rc);
    return dispatch(client, &command, message, event);
}
