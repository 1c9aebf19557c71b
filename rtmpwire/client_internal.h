/* SPDX-License-Identifier: MIT */
/* The client session, split over three files: client.c lives and reads, client_command.c understands the server,
 * client_request.c speaks to it. */
#ifndef RTMPWIRE_CLIENT_INTERNAL_H
#define RTMPWIRE_CLIENT_INTERNAL_H

#include <rtmpwire/client.h>

#include "link.h"

enum client_state { CLIENT_SHAKING, CLIENT_CONNECTING, CLIENT_OPEN, CLIENT_REFUSED };

struct client_stream {
    uint32_t id;           /* 0 while createStream is not answered */
    double transaction_id; /* of that createStream */
    enum rtmp_stream_purpose purpose;
    enum rtmp_publish_mode mode;
    struct rtmp_play_options play;
    char *name;
    size_t name_size;
};

struct rtmp_client {
    struct link link;
    struct rtmp_buffer connect; /* body of the connect command, until it is sent */
    size_t proof;               /* where in it the proof is to be written; 0: none */
    uint8_t secret[RTMP_CLIENT_SECRET_MAX];
    size_t secret_length;
    uint32_t chunk_size;
    uint32_t window;
    uint32_t next_id;
    enum client_state state;
    struct client_stream *streams;
    uint32_t n_streams, streams_cap;
};

struct client_stream *rtmp_client_find(const struct rtmp_client *client, uint32_t stream_id);
struct client_stream *rtmp_client_find_waiting(const struct rtmp_client *client, double transaction_id);
int rtmp_client_open_stream(struct rtmp_client *client, const char *name, struct client_stream **opened);
void rtmp_client_forget_stream(struct rtmp_client *client, struct client_stream *stream);
double rtmp_client_next_id(struct rtmp_client *client);

/* createStream was answered: say publish or play. */
int rtmp_client_begin(struct rtmp_client *client, const struct client_stream *stream);

/* 0, EVENT_READY or an error. */
int rtmp_client_handle_command(struct rtmp_client *client, const struct rtmp_message *message,
                               struct rtmp_event *event);

#endif
