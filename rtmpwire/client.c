/* SPDX-License-Identifier: MIT */
/*
 * The client session. It says connect by itself once the handshake is done: the body is made at creation, since the
 * config is lent for that call only.
 *
 * A stream is begun by createStream; until its answer comes it has no id, only the transaction it waits for, and
 * remembers what to say then. Transactions of the session's own count from 2 (1 is connect) to 999 and around.
 */
#include "client_internal.h"

#include <string.h>

#include <rtmpwire/amf0.h>

#include "connect.h"

enum { CHUNK_SIZE_DEFAULT = 4096, STREAMS_FIRST = 1, CONNECT_ID = 1, FIRST_ID = 2 };

static void *resize(const struct rtmp_client *client, void *block, size_t old_size, size_t new_size)
{
    return client->link.allocator.resize(client->link.allocator.user, block, old_size, new_size);
}

/* Life */

/* The member is there from the start; what it says waits for the server's challenge. */
static int reserve_proof(struct rtmp_client *client, const struct rtmp_client_config *config)
{
    char blank[RTMP_PROOF_LENGTH + 1];
    if (!config->secret)
        return 0;
    memcpy(client->secret, config->secret, config->secret_length);
    client->secret_length = config->secret_length;
    memset(blank, '0', RTMP_PROOF_LENGTH);
    blank[RTMP_PROOF_LENGTH] = '\0';
    int rc = rtmp_put_text_member(&client->connect, RTMP_PROOF_MEMBER, blank);
    client->proof = rc ? 0 : client->connect.length - RTMP_PROOF_LENGTH;
    return rc;
}

static int write_connect_body(struct rtmp_client *client, const struct rtmp_client_config *config)
{
    struct rtmp_buffer *body = &client->connect;
    uint32_t n_complex = 1;
    int rc = rtmp_amf0_write_text(body, "connect");
    rc = rc ? rc : rtmp_amf0_write_number(body, CONNECT_ID);
    rc = rc ? rc : rtmp_amf0_begin_object(body);
    rc = rc ? rc : rtmp_put_text_member(body, "app", config->app);
    if (config->type)
        rc = rc ? rc : rtmp_put_text_member(body, "type", config->type);
    if (config->flash_ver)
        rc = rc ? rc : rtmp_put_text_member(body, "flashVer", config->flash_ver);
    if (config->swf_url)
        rc = rc ? rc : rtmp_put_text_member(body, "swfUrl", config->swf_url);
    rc = rc ? rc : rtmp_put_text_member(body, "tcUrl", config->tc_url);
    if (config->page_url)
        rc = rc ? rc : rtmp_put_text_member(body, "pageUrl", config->page_url);
    if (config->object_encoding != 0)
        rc = rc ? rc : rtmp_put_number_member(body, "objectEncoding", config->object_encoding);
    rc = rc ? rc : rtmp_put_capabilities(body, config->capabilities, &n_complex);
    rc = rc ? rc : rtmp_put_members(body, config->properties, &n_complex);
    rc = rc ? rc : reserve_proof(client, config);
    rc = rc ? rc : rtmp_amf0_end_object(body);
    return rc ? rc : rtmp_put_items(body, config->arguments, &n_complex);
}

int rtmp_client_create(const struct rtmp_client_config *config, struct rtmp_client **created)
{
    if (!config->allocator || !config->random || !config->app || !config->tc_url ||
        config->chunk_size > RTMP_CHUNK_SIZE_MAX || config->secret_length > RTMP_CLIENT_SECRET_MAX)
        return RTMP_E_RANGE;
    const struct rtmp_allocator *allocator = config->allocator;
    struct rtmp_client *client = allocator->resize(allocator->user, NULL, 0, sizeof *client);
    if (!client)
        return RTMP_E_MEMORY;
    *client = (struct rtmp_client){.chunk_size = config->chunk_size ? config->chunk_size : CHUNK_SIZE_DEFAULT,
                                   .window = config->window ? config->window : WINDOW_DEFAULT,
                                   .next_id = FIRST_ID};
    rtmp_link_init(&client->link, allocator, config->random, &config->limits);
    rtmp_buffer_init(&client->connect, &client->link.allocator, RTMP_MESSAGE_MAX);
    int rc = write_connect_body(client, config);
    rc = rc ? rc
            : rtmp_handshake_create_client(&client->link.allocator, &client->link.random, 0, config->handshake,
                                           &client->link.handshake);
    rc = rc ? rc : rtmp_link_flush_handshake(&client->link);
    if (rc) {
        rtmp_client_destroy(client);
        return rc;
    }
    *created = client;
    return 0;
}

void rtmp_client_destroy(struct rtmp_client *client)
{
    if (!client)
        return;
    while (client->n_streams > 0)
        rtmp_client_forget_stream(client, &client->streams[0]);
    if (client->streams)
        (void)resize(client, client->streams, client->streams_cap * sizeof *client->streams, 0);
    rtmp_buffer_finish(&client->connect);
    struct rtmp_allocator allocator = client->link.allocator;
    rtmp_link_finish(&client->link);
    (void)allocator.resize(allocator.user, client, sizeof *client, 0);
}

static int say_connect(struct rtmp_client *client)
{
    struct link *link = &client->link;
    int rc = rtmp_link_write_control(link, RTMP_TYPE_SET_CHUNK_SIZE, client->chunk_size, 0);
    link->chunk_size = client->chunk_size;
    if (client->proof)
        rtmp_proof_write(client->secret, client->secret_length, link->challenge,
                         (char *)client->connect.data + client->proof);
    rc = rc ? rc : rtmp_link_write(link, RTMP_TYPE_COMMAND_AMF0, 0, 0, client->connect.data, client->connect.length);
    rtmp_buffer_finish(&client->connect);
    client->state = CLIENT_CONNECTING;
    return rc;
}

/* Message streams */

struct client_stream *rtmp_client_find(const struct rtmp_client *client, uint32_t stream_id)
{
    for (uint32_t i = 0; i < client->n_streams; i++)
        if (client->streams[i].id == stream_id && stream_id != 0)
            return &client->streams[i];
    return NULL;
}

struct client_stream *rtmp_client_find_waiting(const struct rtmp_client *client, double transaction_id)
{
    for (uint32_t i = 0; i < client->n_streams; i++)
        if (client->streams[i].id == 0 && client->streams[i].transaction_id == transaction_id)
            return &client->streams[i];
    return NULL;
}

static int copy_name(const struct rtmp_client *client, const char *name, struct client_stream *stream)
{
    size_t size = strlen(name) + 1;
    stream->name = resize(client, NULL, 0, size);
    if (!stream->name)
        return RTMP_E_MEMORY;
    memcpy(stream->name, name, size);
    stream->name_size = size;
    return 0;
}

int rtmp_client_open_stream(struct rtmp_client *client, const char *name, struct client_stream **opened)
{
    if (client->n_streams >= client->link.limits.message_streams)
        return RTMP_E_STREAMS;
    if (client->n_streams == client->streams_cap) {
        uint32_t cap = client->streams_cap ? client->streams_cap * 2 : STREAMS_FIRST;
        struct client_stream *streams = resize(client, client->streams, client->streams_cap * sizeof *streams,
                                               cap * sizeof *streams);
        if (!streams)
            return RTMP_E_MEMORY;
        client->streams = streams;
        client->streams_cap = cap;
    }
    struct client_stream *stream = &client->streams[client->n_streams];
    *stream = (struct client_stream){0};
    int rc = copy_name(client, name, stream);
    if (rc)
        return rc;
    client->n_streams++;
    *opened = stream;
    return 0;
}

void rtmp_client_forget_stream(struct rtmp_client *client, struct client_stream *stream)
{
    (void)resize(client, stream->name, stream->name_size, 0);
    *stream = client->streams[--client->n_streams];
}

double rtmp_client_next_id(struct rtmp_client *client)
{
    double id = client->next_id++;
    if (client->next_id == RTMP_CALL_ID_MIN)
        client->next_id = FIRST_ID;
    return id;
}

/* Reading */

static int handle(struct rtmp_client *client, uint32_t now_ms, const struct rtmp_message *message,
                  struct rtmp_event *event)
{
    switch (message->info.type) {
    case RTMP_TYPE_COMMAND_AMF0:
    case RTMP_TYPE_COMMAND_AMF3:
        return rtmp_client_handle_command(client, message, event);
    case RTMP_TYPE_AUDIO:
    case RTMP_TYPE_VIDEO:
    case RTMP_TYPE_DATA_AMF0:
    case RTMP_TYPE_DATA_AMF3:
        return rtmp_link_handle_media(&client->link, message, event);
    default:
        break;
    }
    int rc = rtmp_link_handle(&client->link, now_ms, message, event);
    /* only clients say how much they buffer */
    return event->type == RTMP_EVENT_BUFFER_LENGTH ? 0 : rc;
}

static int read_event(struct rtmp_client *client, uint32_t now_ms, const uint8_t *data, size_t length, size_t *used,
                      struct rtmp_event *event)
{
    struct link *link = &client->link;
    struct rtmp_message message;
    int rc = rtmp_link_read(link, data, length, used, &message);
    if (client->state == CLIENT_SHAKING && !link->handshake && (rc == 0 || rc == RTMP_E_MORE)) {
        int said = say_connect(client);
        if (said)
            return rtmp_link_fail(link, said, NULL);
    }
    if (rc)
        return rc;
    *event = (struct rtmp_event){.stream_id = message.info.stream_id};
    rc = handle(client, now_ms, &message, event);
    return rc < 0 ? rtmp_link_fail(link, rc, NULL) : rc;
}

int rtmp_client_read(struct rtmp_client *client, uint32_t now_ms, const uint8_t *data, size_t length, size_t *used,
                     struct rtmp_event *event)
{
    size_t done = 0;
    for (;;) {
        rtmp_arena_reset(&client->link.arena);
        size_t n = 0;
        int rc = read_event(client, now_ms, length > done ? data + done : data, length - done, &n, event);
        done += n;
        *used = done;
        if (rc < 0)
            return rc;
        if (rc == EVENT_READY)
            return 0;
    }
}

const uint8_t *rtmp_client_output(const struct rtmp_client *client, size_t *length)
{
    return rtmp_link_output(&client->link, length);
}

void rtmp_client_sent(struct rtmp_client *client, size_t length) { rtmp_link_sent(&client->link, length); }

void rtmp_client_failure(const struct rtmp_client *client, struct rtmp_failure *failure)
{
    rtmp_link_failure(&client->link, failure);
}

void rtmp_client_stats(const struct rtmp_client *client, struct rtmp_session_stats *stats)
{
    *stats = client->link.stats;
}
