/* SPDX-License-Identifier: MIT */
/* What the server says. Where several messages belong together, all are written or none. */
#include "server_internal.h"

#include <string.h>

#include <rtmpwire/amf0.h>

#include "connect.h"

enum { CAPABILITIES = 31, MODE_LIVE = 1 };

/* connect */

static const char *or_text(const char *text, const char *standard) { return text ? text : standard; }

static int write_connect_result(struct rtmp_server *server, const struct rtmp_connect_reply *reply)
{
    struct link *link = &server->link;
    struct rtmp_buffer *body = rtmp_link_begin_body(link);
    uint32_t n_complex = 0;
    int rc = rtmp_amf0_write_text(body, "_result");
    rc = rc ? rc : rtmp_amf0_write_number(body, server->connect_id);

    n_complex++;
    rc = rc ? rc : rtmp_amf0_begin_object(body);
    rc = rc ? rc : rtmp_put_text_member(body, "fmsVer", or_text(reply->fms_version, "FMS/3,5,7,7009"));
    rc = rc ? rc : rtmp_put_number_member(body, "capabilities", CAPABILITIES);
    rc = rc ? rc : rtmp_put_number_member(body, "mode", MODE_LIVE);
    rc = rc ? rc : rtmp_put_capabilities(body, reply->capabilities, &n_complex);
    rc = rc ? rc : rtmp_put_members(body, reply->properties, &n_complex);
    rc = rc ? rc : rtmp_amf0_end_object(body);

    n_complex++;
    rc = rc ? rc : rtmp_amf0_begin_object(body);
    rc = rc ? rc : rtmp_put_text_member(body, "level", "status");
    rc = rc ? rc : rtmp_put_text_member(body, "code", "NetConnection.Connect.Success");
    rc = rc ? rc : rtmp_put_text_member(body, "description", or_text(reply->description, "Connection succeeded."));
    rc = rc ? rc : rtmp_put_number_member(body, "objectEncoding", server->object_encoding);
    rc = rc ? rc : rtmp_put_capabilities(body, reply->capabilities, &n_complex);
    rc = rc ? rc : rtmp_put_members(body, reply->info, &n_complex);
    rc = rc ? rc : rtmp_amf0_end_object(body);
    return rc ? rc : rtmp_link_write_body(link, RTMP_TYPE_COMMAND_AMF0, 0, 0);
}

int rtmp_server_accept_connect(struct rtmp_server *server, const struct rtmp_connect_reply *reply)
{
    static const struct rtmp_connect_reply plain = {0};
    struct link *link = &server->link;
    if (server->state != CONNECTION_PENDING)
        return RTMP_E_STATE;
    size_t mark = rtmp_link_mark(link);
    uint32_t chunk_size = link->chunk_size;
    int rc = rtmp_link_write_control(link, RTMP_TYPE_WINDOW_ACK_SIZE, server->window, 0);
    rc = rc ? rc : rtmp_link_write_control(link, RTMP_TYPE_SET_PEER_BANDWIDTH, server->window, RTMP_BANDWIDTH_DYNAMIC);
    rc = rc ? rc : rtmp_link_write_control(link, RTMP_TYPE_SET_CHUNK_SIZE, server->chunk_size, 0);
    link->chunk_size = server->chunk_size;
    rc = rc ? rc : rtmp_link_write_user(link, RTMP_EVENT_STREAM_BEGIN, 0, 0);
    rc = rc ? rc : write_connect_result(server, reply ? reply : &plain);
    if (rc) {
        link->chunk_size = chunk_size;
        return rtmp_link_rewind(link, mark, rc);
    }
    server->state = CONNECTION_OPEN;
    link->window_out = server->window;
    link->holding = false;
    link->amf3_commands = server->object_encoding == 3;
    rtmp_link_connected(link);
    return 0;
}

static int write_refusal(struct rtmp_server *server, const struct rtmp_connect_refusal *refusal)
{
    struct link *link = &server->link;
    struct rtmp_buffer *body = &link->body;
    uint32_t n_complex = 1;
    int rc = rtmp_link_begin_command(link, "_error", server->connect_id);
    rc = rc ? rc : rtmp_amf0_begin_object(body);
    rc = rc ? rc : rtmp_put_text_member(body, "level", "error");
    rc = rc ? rc : rtmp_put_text_member(body, "code", or_text(refusal->code, "NetConnection.Connect.Rejected"));
    rc = rc ? rc : rtmp_put_text_member(body, "description", or_text(refusal->description, "Connection refused."));
    if (refusal->redirect) {
        n_complex++;
        rc = rc ? rc : rtmp_amf0_write_key(body, "ex", 2);
        rc = rc ? rc : rtmp_amf0_begin_object(body);
        rc = rc ? rc : rtmp_put_number_member(body, "code", 302);
        rc = rc ? rc : rtmp_put_text_member(body, "redirect", refusal->redirect);
        rc = rc ? rc : rtmp_amf0_end_object(body);
    }
    if (refusal->application) {
        rc = rc ? rc : rtmp_amf0_write_key(body, "application", 11);
        rc = rc ? rc : rtmp_amf0_write_next(body, refusal->application, &n_complex);
    }
    rc = rc ? rc : rtmp_amf0_end_object(body);
    return rc ? rc : rtmp_link_write_command(link, 0);
}

int rtmp_server_refuse_connect(struct rtmp_server *server, const struct rtmp_connect_refusal *refusal)
{
    static const struct rtmp_connect_refusal plain = {0};
    if (server->state != CONNECTION_PENDING)
        return RTMP_E_STATE;
    int rc = write_refusal(server, refusal ? refusal : &plain);
    if (rc)
        return rc;
    server->state = CONNECTION_REFUSED;
    server->link.deaf = true;
    return 0;
}

/* Message streams */

int rtmp_server_accept_publish(struct rtmp_server *server, uint32_t stream_id)
{
    struct link *link = &server->link;
    struct stream *stream = rtmp_server_find(server, stream_id);
    if (!stream || stream->state != STREAM_WANTS_PUBLISH)
        return RTMP_E_STATE;
    struct rtmp_status start = {
        .level = "status", .code = "NetStream.Publish.Start", .description = "Publishing.", .details = stream->name};
    size_t mark = rtmp_link_mark(link);
    int rc = rtmp_link_write_user(link, RTMP_EVENT_STREAM_BEGIN, stream_id, 0);
    rc = rc ? rc : rtmp_link_write_status(link, stream_id, "onStatus", 0, &start);
    if (rc == 0)
        stream->state = STREAM_PUBLISHING;
    return rtmp_link_rewind(link, mark, rc);
}

int rtmp_server_accept_play(struct rtmp_server *server, uint32_t stream_id, bool recorded)
{
    struct link *link = &server->link;
    struct stream *stream = rtmp_server_find(server, stream_id);
    if (!stream || stream->state != STREAM_WANTS_PLAY)
        return RTMP_E_STATE;
    struct rtmp_status reset = {.level = "status",
                                .code = "NetStream.Play.Reset",
                                .description = "Playing and resetting.",
                                .details = stream->name};
    struct rtmp_status start = {
        .level = "status", .code = "NetStream.Play.Start", .description = "Started playing.", .details = stream->name};
    size_t mark = rtmp_link_mark(link);
    int rc = recorded ? rtmp_link_write_user(link, RTMP_EVENT_STREAM_IS_RECORDED, stream_id, 0) : 0;
    rc = rc ? rc : rtmp_link_write_user(link, RTMP_EVENT_STREAM_BEGIN, stream_id, 0);
    if (stream->reset)
        rc = rc ? rc : rtmp_link_write_status(link, stream_id, "onStatus", 0, &reset);
    rc = rc ? rc : rtmp_link_write_status(link, stream_id, "onStatus", 0, &start);
    if (rc == 0)
        stream->state = STREAM_PLAYING;
    return rtmp_link_rewind(link, mark, rc);
}

static bool is_error(const struct rtmp_status *status) { return status->level && strcmp(status->level, "error") == 0; }

int rtmp_server_status(struct rtmp_server *server, uint32_t stream_id, const struct rtmp_status *status)
{
    int rc = rtmp_link_write_status(&server->link, stream_id, "onStatus", 0, status);
    struct stream *stream = rtmp_server_find(server, stream_id);
    bool waits = stream && (stream->state == STREAM_WANTS_PUBLISH || stream->state == STREAM_WANTS_PLAY);
    if (rc == 0 && waits && is_error(status))
        rtmp_server_idle_stream(server, stream);
    return rc;
}

int rtmp_server_stream_begin(struct rtmp_server *server, uint32_t stream_id)
{
    return rtmp_link_write_user(&server->link, RTMP_EVENT_STREAM_BEGIN, stream_id, 0);
}

int rtmp_server_stream_eof(struct rtmp_server *server, uint32_t stream_id)
{
    return rtmp_link_write_user(&server->link, RTMP_EVENT_STREAM_EOF, stream_id, 0);
}

int rtmp_server_media(struct rtmp_server *server, uint8_t type, uint32_t stream_id, uint32_t time_ms,
                      const uint8_t *body, size_t length)
{
    return rtmp_link_write_media(&server->link, type, stream_id, time_ms, body, length);
}

int rtmp_server_data(struct rtmp_server *server, uint32_t stream_id, uint32_t time_ms, const char *name,
                     const struct rtmp_value *arguments)
{
    return rtmp_link_write_data(&server->link, stream_id, time_ms, name, arguments);
}

int rtmp_server_shared_object(struct rtmp_server *server, uint8_t type, const uint8_t *body, size_t length)
{
    return rtmp_link_write_shared_object(&server->link, type, body, length);
}

/* Calls and the connection */

int rtmp_server_call(struct rtmp_server *server, const char *name, double transaction_id,
                     const struct rtmp_value *arguments)
{
    if (server->state != CONNECTION_OPEN)
        return RTMP_E_STATE;
    return rtmp_link_write_call(&server->link, 0, name, transaction_id, arguments);
}

int rtmp_server_reply_result(struct rtmp_server *server, double transaction_id, const struct rtmp_value *value)
{
    return rtmp_link_write_result(&server->link, transaction_id, value);
}

int rtmp_server_reply_error(struct rtmp_server *server, double transaction_id, const struct rtmp_status *status)
{
    return rtmp_link_write_error(&server->link, transaction_id, status);
}

int rtmp_server_ping(struct rtmp_server *server, uint32_t now_ms)
{
    return rtmp_link_write_user(&server->link, RTMP_EVENT_PING_REQUEST, now_ms, 0);
}

int rtmp_server_reconnect(struct rtmp_server *server, const char *tc_url, const char *description)
{
    if (server->state != CONNECTION_OPEN)
        return RTMP_E_STATE;
    struct link *link = &server->link;
    struct rtmp_buffer *body = &link->body;
    int rc = rtmp_link_begin_command(link, "onStatus", 0);
    rc = rc ? rc : rtmp_amf0_begin_object(body);
    rc = rc ? rc : rtmp_put_text_member(body, "level", "status");
    rc = rc ? rc : rtmp_put_text_member(body, "code", "NetConnection.Connect.ReconnectRequest");
    if (tc_url)
        rc = rc ? rc : rtmp_put_text_member(body, "tcUrl", tc_url);
    if (description)
        rc = rc ? rc : rtmp_put_text_member(body, "description", description);
    rc = rc ? rc : rtmp_amf0_end_object(body);
    return rc ? rc : rtmp_link_write_command(link, 0);
}

int rtmp_server_close(struct rtmp_server *server, const struct rtmp_status *status)
{
    static const struct rtmp_status closed = {
        .level = "status", .code = "NetConnection.Connect.Closed", .description = "The server closes this connection."};
    struct link *link = &server->link;
    size_t mark = rtmp_link_mark(link);
    int rc = rtmp_link_write_status(link, 0, "onStatus", 0, status ? status : &closed);
    rc = rc ? rc : rtmp_link_write_call(link, 0, "close", 0, NULL);
    if (rc == 0)
        link->deaf = true;
    return rtmp_link_rewind(link, mark, rc);
}
