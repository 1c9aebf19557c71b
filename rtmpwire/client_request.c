/* SPDX-License-Identifier: MIT */
/* What the client says after connect. Where several messages belong together, all are written or none. */
#include <string.h>

#include <rtmpwire/amf0.h>

#include "client_internal.h"
#include "connect.h"

enum { BUFFER_MS_DEFAULT = 3000 };

/* A command with up to a name as its argument. */
static int say(struct rtmp_client *client, uint32_t stream_id, const char *command, double id, const char *name)
{
    struct rtmp_buffer *body = &client->link.body;
    int rc = rtmp_link_begin_command(&client->link, command, id);
    if (name)
        rc = rc ? rc : rtmp_amf0_write_text(body, name);
    return rc ? rc : rtmp_link_write_command(&client->link, stream_id);
}

static int begin_stream(struct rtmp_client *client, const char *name, struct client_stream **stream)
{
    if (client->state != CLIENT_OPEN)
        return RTMP_E_STATE;
    return rtmp_client_open_stream(client, name, stream);
}

int rtmp_client_publish(struct rtmp_client *client, const char *name, enum rtmp_publish_mode mode)
{
    struct link *link = &client->link;
    struct client_stream *stream;
    int rc = begin_stream(client, name, &stream);
    if (rc)
        return rc;
    size_t mark = rtmp_link_mark(link);
    stream->purpose = RTMP_FOR_PUBLISH;
    stream->mode = mode;
    rc = say(client, 0, "releaseStream", rtmp_client_next_id(client), name);
    rc = rc ? rc : say(client, 0, "FCPublish", rtmp_client_next_id(client), name);
    stream->transaction_id = rtmp_client_next_id(client);
    rc = rc ? rc : say(client, 0, "createStream", stream->transaction_id, NULL);
    if (rc)
        rtmp_client_forget_stream(client, stream);
    return rtmp_link_rewind(link, mark, rc);
}

int rtmp_client_play(struct rtmp_client *client, const char *name, const struct rtmp_play_options *options)
{
    struct client_stream *stream;
    int rc = begin_stream(client, name, &stream);
    if (rc)
        return rc;
    stream->purpose = RTMP_FOR_PLAY;
    if (options)
        stream->play = *options;
    stream->transaction_id = rtmp_client_next_id(client);
    rc = say(client, 0, "createStream", stream->transaction_id, NULL);
    if (rc)
        rtmp_client_forget_stream(client, stream);
    return rc;
}

static int say_publish(struct rtmp_client *client, const struct client_stream *stream)
{
    static const char *const modes[] = {"live", "record", "append", "appendWithGap"};
    struct rtmp_buffer *body = &client->link.body;
    int rc = rtmp_link_begin_command(&client->link, "publish", rtmp_client_next_id(client));
    rc = rc ? rc : rtmp_amf0_write_text(body, stream->name);
    rc = rc ? rc : rtmp_amf0_write_text(body, modes[stream->mode]);
    return rc ? rc : rtmp_link_write_command(&client->link, stream->id);
}

static double start_number(const struct rtmp_play_options *play)
{
    switch (play->start) {
    case RTMP_PLAY_AT:
        return play->start_ms;
    case RTMP_PLAY_LIVE:
        return -1000;
    default:
        return -2000;
    }
}

static int say_play(struct rtmp_client *client, const struct client_stream *stream)
{
    const struct rtmp_play_options *play = &stream->play;
    struct link *link = &client->link;
    struct rtmp_buffer *body = &link->body;
    size_t mark = rtmp_link_mark(link);
    int rc = rtmp_link_begin_command(link, "play", rtmp_client_next_id(client));
    rc = rc ? rc : rtmp_amf0_write_text(body, stream->name);
    rc = rc ? rc : rtmp_amf0_write_number(body, start_number(play));
    if (play->duration_ms > 0 || play->append)
        rc = rc ? rc : rtmp_amf0_write_number(body, play->duration_ms > 0 ? play->duration_ms : -1000);
    if (play->append)
        rc = rc ? rc : rtmp_amf0_write_boolean(body, false);
    rc = rc ? rc : rtmp_link_write_command(link, stream->id);
    uint32_t buffer_ms = play->buffer_ms ? play->buffer_ms : BUFFER_MS_DEFAULT;
    rc = rc ? rc : rtmp_link_write_user(link, RTMP_EVENT_SET_BUFFER_LENGTH, stream->id, buffer_ms);
    return rtmp_link_rewind(link, mark, rc);
}

int rtmp_client_begin(struct rtmp_client *client, const struct client_stream *stream)
{
    return stream->purpose == RTMP_FOR_PUBLISH ? say_publish(client, stream) : say_play(client, stream);
}

static int say_delete(struct rtmp_client *client, uint32_t stream_id)
{
    struct rtmp_buffer *body = &client->link.body;
    int rc = rtmp_link_begin_command(&client->link, "deleteStream", rtmp_client_next_id(client));
    rc = rc ? rc : rtmp_amf0_write_number(body, stream_id);
    return rc ? rc : rtmp_link_write_command(&client->link, 0);
}

int rtmp_client_stop(struct rtmp_client *client, uint32_t stream_id)
{
    struct link *link = &client->link;
    struct client_stream *stream = rtmp_client_find(client, stream_id);
    if (!stream)
        return RTMP_E_STATE;
    size_t mark = rtmp_link_mark(link);
    int rc = 0;
    if (stream->purpose == RTMP_FOR_PUBLISH)
        rc = say(client, 0, "FCUnpublish", rtmp_client_next_id(client), stream->name);
    rc = rc ? rc : say_delete(client, stream_id);
    if (rc == 0)
        rtmp_client_forget_stream(client, stream);
    return rtmp_link_rewind(link, mark, rc);
}

int rtmp_client_pause(struct rtmp_client *client, uint32_t stream_id, bool on, double time_ms)
{
    if (!rtmp_client_find(client, stream_id))
        return RTMP_E_STATE;
    struct rtmp_buffer *body = &client->link.body;
    int rc = rtmp_link_begin_command(&client->link, "pause", rtmp_client_next_id(client));
    rc = rc ? rc : rtmp_amf0_write_boolean(body, on);
    rc = rc ? rc : rtmp_amf0_write_number(body, time_ms);
    return rc ? rc : rtmp_link_write_command(&client->link, stream_id);
}

int rtmp_client_seek(struct rtmp_client *client, uint32_t stream_id, double time_ms)
{
    if (!rtmp_client_find(client, stream_id))
        return RTMP_E_STATE;
    struct rtmp_buffer *body = &client->link.body;
    int rc = rtmp_link_begin_command(&client->link, "seek", rtmp_client_next_id(client));
    rc = rc ? rc : rtmp_amf0_write_number(body, time_ms);
    return rc ? rc : rtmp_link_write_command(&client->link, stream_id);
}

static int receive(struct rtmp_client *client, uint32_t stream_id, const char *command, bool on)
{
    if (!rtmp_client_find(client, stream_id))
        return RTMP_E_STATE;
    struct rtmp_buffer *body = &client->link.body;
    int rc = rtmp_link_begin_command(&client->link, command, rtmp_client_next_id(client));
    rc = rc ? rc : rtmp_amf0_write_boolean(body, on);
    return rc ? rc : rtmp_link_write_command(&client->link, stream_id);
}

int rtmp_client_receive_audio(struct rtmp_client *client, uint32_t stream_id, bool on)
{
    return receive(client, stream_id, "receiveAudio", on);
}

int rtmp_client_receive_video(struct rtmp_client *client, uint32_t stream_id, bool on)
{
    return receive(client, stream_id, "receiveVideo", on);
}

int rtmp_client_media(struct rtmp_client *client, uint8_t type, uint32_t stream_id, uint32_t time_ms,
                      const uint8_t *body, size_t length)
{
    if (!rtmp_client_find(client, stream_id))
        return RTMP_E_STATE;
    return rtmp_link_write_media(&client->link, type, stream_id, time_ms, body, length);
}

int rtmp_client_data(struct rtmp_client *client, uint32_t stream_id, uint32_t time_ms, const char *name,
                     const struct rtmp_value *arguments)
{
    if (!rtmp_client_find(client, stream_id))
        return RTMP_E_STATE;
    return rtmp_link_write_data(&client->link, stream_id, time_ms, name, arguments);
}

int rtmp_client_shared_object(struct rtmp_client *client, uint8_t type, const uint8_t *body, size_t length)
{
    if (client->state != CLIENT_OPEN)
        return RTMP_E_STATE;
    return rtmp_link_write_shared_object(&client->link, type, body, length);
}

int rtmp_client_call(struct rtmp_client *client, const char *name, double transaction_id,
                     const struct rtmp_value *arguments)
{
    if (client->state != CLIENT_OPEN)
        return RTMP_E_STATE;
    if (transaction_id != 0 && !(transaction_id >= RTMP_CALL_ID_MIN))
        return RTMP_E_RANGE;
    return rtmp_link_write_call(&client->link, 0, name, transaction_id, arguments);
}

int rtmp_client_reply_result(struct rtmp_client *client, double transaction_id, const struct rtmp_value *value)
{
    return rtmp_link_write_result(&client->link, transaction_id, value);
}

int rtmp_client_reply_error(struct rtmp_client *client, double transaction_id, const struct rtmp_status *status)
{
    return rtmp_link_write_error(&client->link, transaction_id, status);
}

int rtmp_client_ping(struct rtmp_client *client, uint32_t now_ms)
{
    return rtmp_link_write_user(&client->link, RTMP_EVENT_PING_REQUEST, now_ms, 0);
}
