/* SPDX-License-Identifier: MIT */
#include "server_internal.h"

#include <string.h>

enum { CHUNK_SIZE_DEFAULT = 60000, STREAMS_FIRST = 1 };

static void *resize(const struct rtmp_server *server, void *block, size_t old_size, size_t new_size)
{
    return server->link.allocator.resize(server->link.allocator.user, block, old_size, new_size);
}

int rtmp_server_create(const struct rtmp_server_config *config, struct rtmp_server **created)
{
    if (!config->allocator || !config->random || config->chunk_size > RTMP_CHUNK_SIZE_MAX)
        return RTMP_E_RANGE;
    const struct rtmp_allocator *allocator = config->allocator;
    struct rtmp_server *server = allocator->resize(allocator->user, NULL, 0, sizeof *server);
    if (!server)
        return RTMP_E_MEMORY;
    *server = (struct rtmp_server){.chunk_size = config->chunk_size ? config->chunk_size : CHUNK_SIZE_DEFAULT,
                                   .window = config->window ? config->window : WINDOW_DEFAULT};
    rtmp_link_init(&server->link, allocator, config->random, &config->limits);
    int rc = rtmp_handshake_create_server(&server->link.allocator, &server->link.random, 0, &server->link.handshake);
    if (rc) {
        rtmp_server_destroy(server);
        return rc;
    }
    *created = server;
    return 0;
}

void rtmp_server_destroy(struct rtmp_server *server)
{
    if (!server)
        return;
    while (server->n_streams > 0)
        rtmp_server_forget_stream(server, &server->streams[0]);
    (void)resize(server, server->streams, server->streams_cap * sizeof *server->streams, 0);
    struct rtmp_allocator allocator = server->link.allocator;
    rtmp_link_finish(&server->link);
    (void)allocator.resize(allocator.user, server, sizeof *server, 0);
}

/* Message streams */

struct stream *rtmp_server_find(const struct rtmp_server *server, uint32_t stream_id)
{
    for (uint32_t i = 0; i < server->n_streams; i++)
        if (server->streams[i].id == stream_id)
            return &server->streams[i];
    return NULL;
}

struct stream *rtmp_server_meant(const struct rtmp_server *server, uint32_t stream_id)
{
    if (stream_id == 0 && server->n_streams == 1)
        return &server->streams[0];
    return rtmp_server_find(server, stream_id);
}

int rtmp_server_open_stream(struct rtmp_server *server, struct stream **opened)
{
    if (server->n_streams >= server->link.limits.message_streams)
        return RTMP_E_STREAMS;
    if (server->n_streams == server->streams_cap) {
        uint32_t cap = server->streams_cap ? server->streams_cap * 2 : STREAMS_FIRST;
        struct stream *streams = resize(server, server->streams, server->streams_cap * sizeof *streams,
                                        cap * sizeof *streams);
        if (!streams)
            return RTMP_E_MEMORY;
        server->streams = streams;
        server->streams_cap = cap;
    }
    uint32_t id = 1;
    while (rtmp_server_find(server, id))
        id++;
    *opened = &server->streams[server->n_streams++];
    **opened = (struct stream){.id = id};
    return 0;
}

void rtmp_server_idle_stream(struct rtmp_server *server, struct stream *stream)
{
    if (stream->name)
        (void)resize(server, stream->name, stream->name_size, 0);
    *stream = (struct stream){.id = stream->id};
}

void rtmp_server_forget_stream(struct rtmp_server *server, struct stream *stream)
{
    rtmp_server_idle_stream(server, stream);
    *stream = server->streams[--server->n_streams];
}

void rtmp_server_stream_idle(struct rtmp_server *server, uint32_t stream_id)
{
    struct stream *stream = rtmp_server_find(server, stream_id);
    if (stream)
        rtmp_server_idle_stream(server, stream);
}

/* Reading */

/* Media counts only from an accepted publisher. Encoders may send onMetaData on stream 0. */
static int handle_media(struct rtmp_server *server, const struct rtmp_message *message, struct rtmp_event *event)
{
    const struct stream *stream = rtmp_server_meant(server, message->info.stream_id);
    if (!stream || stream->state != STREAM_PUBLISHING) {
        server->link.stats.media_dropped++;
        return 0;
    }
    event->stream_id = stream->id;
    return rtmp_link_handle_media(&server->link, message, event);
}

static int handle_other(struct rtmp_server *server, uint32_t now_ms, const struct rtmp_message *message,
                        struct rtmp_event *event)
{
    uint8_t type = message->info.type;
    bool control = rtmp_is_protocol_control(type) || type == RTMP_TYPE_USER_CONTROL;
    if (server->state != CONNECTION_OPEN && !control) {
        server->link.stats.messages_ignored++;
        return 0;
    }
    int rc = rtmp_link_handle(&server->link, now_ms, message, event);
    /* only servers announce these */
    return event->type == RTMP_EVENT_BEGIN || event->type == RTMP_EVENT_EOF ? 0 : rc;
}

static int handle(struct rtmp_server *server, uint32_t now_ms, const struct rtmp_message *message,
                  struct rtmp_event *event)
{
    switch (message->info.type) {
    case RTMP_TYPE_COMMAND_AMF0:
    case RTMP_TYPE_COMMAND_AMF3:
        return rtmp_server_handle_command(server, message, event);
    case RTMP_TYPE_AUDIO:
    case RTMP_TYPE_VIDEO:
    case RTMP_TYPE_DATA_AMF0:
    case RTMP_TYPE_DATA_AMF3:
        return handle_media(server, message, event);
    default:
        return handle_other(server, now_ms, message, event);
    }
}

int rtmp_server_read(struct rtmp_server *server, uint32_t now_ms, const uint8_t *data, size_t length, size_t *used,
                     struct rtmp_event *event)
{
    struct link *link = &server->link;
    size_t done = 0;
    for (;;) {
        rtmp_arena_reset(&link->arena);
        struct rtmp_message message;
        size_t n = 0;
        int rc = rtmp_link_read(link, length > done ? data + done : data, length - done, &n, &message);
        done += n;
        *used = done;
        if (rc)
            return rc;
        *event = (struct rtmp_event){.stream_id = message.info.stream_id};
        rc = handle(server, now_ms, &message, event);
        if (rc < 0)
            return rtmp_link_fail(link, rc, NULL);
        if (rc == EVENT_READY)
            return 0;
    }
}

const uint8_t *rtmp_server_output(const struct rtmp_server *server, size_t *length)
{
    return rtmp_link_output(&server->link, length);
}

void rtmp_server_sent(struct rtmp_server *server, size_t length) { rtmp_link_sent(&server->link, length); }

const uint8_t *rtmp_server_challenge(const struct rtmp_server *server) { return server->link.challenge; }

void rtmp_server_failure(const struct rtmp_server *server, struct rtmp_failure *failure)
{
    rtmp_link_failure(&server->link, failure);
}

void rtmp_server_stats(const struct rtmp_server *server, struct rtmp_session_stats *stats)
{
    *stats = server->link.stats;
}

uint32_t rtmp_server_chunk_size(const struct rtmp_server *server) { return server->link.chunk_size; }
