/* SPDX-License-Identifier: MIT */
/*
 * The server session, split over three files: server.c reads and dispatches, server_command.c understands commands,
 * server_reply.c writes answers.
 *
 * A connection is NEW until its connect, PENDING until that is answered, then OPEN or REFUSED. A message stream is
 * idle, or a publish or play awaits its answer, or was accepted; the name is kept from the request to the end.
 */
#ifndef RTMPWIRE_SERVER_INTERNAL_H
#define RTMPWIRE_SERVER_INTERNAL_H

#include <rtmpwire/server.h>

#include "link.h"

enum connection_state { CONNECTION_NEW, CONNECTION_PENDING, CONNECTION_OPEN, CONNECTION_REFUSED };

enum stream_state { STREAM_IDLE, STREAM_WANTS_PUBLISH, STREAM_PUBLISHING, STREAM_WANTS_PLAY, STREAM_PLAYING };

struct stream {
    uint32_t id; /* never 0 */
    enum stream_state state;
    bool reset; /* the play that waits asked for a reset */
    char *name; /* of what is published or played, query removed; NULL when idle */
    size_t name_size;
};

struct rtmp_server {
    struct link link;
    uint32_t chunk_size; /* to use once connected */
    uint32_t window;
    enum connection_state state;
    double connect_id;
    double object_encoding;
    struct stream *streams;
    uint32_t n_streams, streams_cap;
};

struct stream *rtmp_server_find(const struct rtmp_server *server, uint32_t stream_id);
int rtmp_server_open_stream(struct rtmp_server *server, struct stream **opened);
void rtmp_server_forget_stream(struct rtmp_server *server, struct stream *stream);
void rtmp_server_idle_stream(struct rtmp_server *server, struct stream *stream);

/* The stream meant by a message on stream_id: some clients use 0 when there is only one. */
struct stream *rtmp_server_meant(const struct rtmp_server *server, uint32_t stream_id);

/* 0, EVENT_READY or an error. */
int rtmp_server_handle_command(struct rtmp_server *server, const struct rtmp_message *message,
                               struct rtmp_event *event);

#endif
