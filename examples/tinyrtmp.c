/* SPDX-License-Identifier: MIT */
/*
 * tinyrtmp: a whole RTMP relay on librtmpwire and poll(2). Anybody may publish; anybody may play what is published.
 *
 *     tinyrtmp [PORT]                 listens on 127.0.0.1, port 1935 unless told otherwise
 *     ffmpeg -re -i film.mp4 -c copy -f flv rtmp://127.0.0.1/live/film
 *     ffplay rtmp://127.0.0.1/live/film
 *
 * A peer is one connection: a socket and a session. A channel is one name in use; it keeps what a player who comes
 * later needs first: metadata and codec headers. Players start at the next key frame; one who cannot keep up loses
 * frames until a key frame fits again. A player who comes before the publisher waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rtmpwire/message.h>
#include <rtmpwire/server.h>

#include "libc_allocator.h"

enum { PEERS_MAX = 256, NAME_MAX_BYTES = 256, READ_SIZE = 65536, BACKLOG = 64 };

struct block { /* a message kept for later players */
    uint8_t *bytes;
    size_t length;
};

struct channel {
    char name[NAME_MAX_BYTES]; /* "app/stream" */
    struct peer *publisher;    /* NULL while players wait for one */
    struct block metadata, video_header, audio_header;
    struct channel *next;
};

struct peer {
    int fd;
    struct rtmp_server *session;
    char app[NAME_MAX_BYTES];
    struct channel *publishing, *playing;
    uint32_t stream_id; /* of the one stream that publishes or plays */
    bool needs_key;     /* no video before the next key frame */
    bool over;          /* close once the output is sent */
    bool gone;          /* close now */
};

static struct peer *peers[PEERS_MAX];
static size_t n_peers;
static struct channel *channels;
static volatile sig_atomic_t stopped;

static void random_fill(void *user, uint8_t *out, size_t length)
{
    (void)user;
    while (length > 0) {
        ssize_t n = getrandom(out, length < 256 ? length : 256, 0);
        if (n > 0)
            out += n, length -= (size_t)n;
    }
}

static const struct rtmp_random random_source = {random_fill, NULL};

static uint32_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

/* A call that writes fails only when memory is short or the peer does not read: then the peer goes. */
static void must(struct peer *peer, int rc)
{
    if (rc)
        peer->over = true;
}

static void say(struct peer *peer, const char *level, const char *code, const char *description)
{
    struct rtmp_status status = {level, code, description, NULL, NULL};
    must(peer, rtmp_server_status(peer->session, peer->stream_id, &status));
}

/* Channels */

static void keep(struct block *block, const uint8_t *bytes, size_t length)
{
    free(block->bytes);
    block->bytes = malloc(length > 0 ? length : 1);
    block->length = block->bytes ? length : 0;
    if (block->length > 0)
        memcpy(block->bytes, bytes, length);
}

static void forget(struct block *block)
{
    free(block->bytes);
    *block = (struct block){0};
}

static struct channel *find_channel(const char *app, const char *stream)
{
    char name[NAME_MAX_BYTES];
    if (snprintf(name, sizeof name, "%s/%s", app, stream) >= (int)sizeof name)
        return NULL;
    for (struct channel *channel = channels; channel; channel = channel->next)
        if (strcmp(channel->name, name) == 0)
            return channel;
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        return NULL;
    memcpy(channel->name, name, sizeof name);
    channel->next = channels;
    channels = channel;
    return channel;
}

static bool has_players(const struct channel *channel)
{
    for (size_t i = 0; i < n_peers; i++)
        if (peers[i]->playing == channel)
            return true;
    return false;
}

static void drop_if_unused(struct channel *channel)
{
    if (channel->publisher || has_players(channel))
        return;
    struct channel **link = &channels;
    while (*link != channel)
        link = &(*link)->next;
    *link = channel->next;
    forget(&channel->metadata);
    forget(&channel->video_header);
    forget(&channel->audio_header);
    free(channel);
}

/* Leaving */

static void stop_publishing(struct peer *peer)
{
    struct channel *channel = peer->publishing;
    if (!channel)
        return;
    printf("unpublished %s\n", channel->name);
    peer->publishing = NULL;
    channel->publisher = NULL;
    forget(&channel->metadata);
    forget(&channel->video_header);
    forget(&channel->audio_header);
    for (size_t i = 0; i < n_peers; i++) {
        if (peers[i]->playing != channel)
            continue;
        say(peers[i], "status", "NetStream.Play.UnpublishNotify", "The publisher has left.");
        must(peers[i], rtmp_server_stream_eof(peers[i]->session, peers[i]->stream_id));
        peers[i]->needs_key = true;
    }
    drop_if_unused(channel);
}

static void stop_playing(struct peer *peer)
{
    struct channel *channel = peer->playing;
    if (!channel)
        return;
    printf("stopped playing %s\n", channel->name);
    peer->playing = NULL;
    drop_if_unused(channel);
}

static void stop(struct peer *peer)
{
    stop_publishing(peer);
    stop_playing(peer);
}

/* Media */

static bool is_enhanced_video(const uint8_t *body) { return body[0] & 0x80; }

static bool is_video_header(const uint8_t *body, size_t length)
{
    if (length < 2)
        return false;
    return is_enhanced_video(body) ? (body[0] & 15) == 0 : (body[0] & 15) == 7 && body[1] == 0;
}

static bool is_key_frame(const uint8_t *body, size_t length) { return length > 0 && ((body[0] >> 4) & 7) == 1; }

static bool is_audio_header(const uint8_t *body, size_t length)
{
    return length > 1 && (body[0] >> 4 == 9 ? (body[0] & 15) == 0 : body[0] >> 4 == 10 && body[1] == 0);
}

static int send_media(struct peer *player, uint8_t type, uint32_t time_ms, const uint8_t *body, size_t length)
{
    int rc = rtmp_server_media(player->session, type, player->stream_id, time_ms, body, length);
    if (rc == RTMP_E_OUTPUT) /* too slow: go on at a key frame */
        player->needs_key = true;
    else
        must(player, rc);
    return rc;
}

static void send_headers(struct peer *player, uint32_t time_ms)
{
    const struct channel *channel = player->playing;
    const struct block *metadata = &channel->metadata, *audio = &channel->audio_header, *video = &channel->video_header;
    if (metadata->bytes)
        send_media(player, RTMP_TYPE_DATA_AMF0, time_ms, metadata->bytes, metadata->length);
    if (audio->bytes)
        send_media(player, RTMP_TYPE_AUDIO, time_ms, audio->bytes, audio->length);
    if (video->bytes)
        send_media(player, RTMP_TYPE_VIDEO, time_ms, video->bytes, video->length);
}

static void relay(struct peer *publisher, uint8_t type, const struct rtmp_event_media *media, bool header)
{
    bool key = type == RTMP_TYPE_VIDEO && !header && is_key_frame(media->body, media->length);
    for (size_t i = 0; i < n_peers; i++) {
        struct peer *player = peers[i];
        if (player->playing != publisher->publishing || player->over)
            continue;
        if (key)
            player->needs_key = false;
        if (type == RTMP_TYPE_VIDEO && !header && player->needs_key)
            continue;
        send_media(player, type, media->time_ms, media->body, media->length);
    }
}

static void on_audio(struct peer *peer, const struct rtmp_event_media *media)
{
    bool header = is_audio_header(media->body, media->length);
    if (!peer->publishing)
        return;
    if (header)
        keep(&peer->publishing->audio_header, media->body, media->length);
    relay(peer, RTMP_TYPE_AUDIO, media, header);
}

static void on_video(struct peer *peer, const struct rtmp_event_media *media)
{
    bool header = is_video_header(media->body, media->length);
    if (!peer->publishing)
        return;
    if (header)
        keep(&peer->publishing->video_header, media->body, media->length);
    relay(peer, RTMP_TYPE_VIDEO, media, header);
}

static void on_data(struct peer *peer, const struct rtmp_event_data *data)
{
    if (!peer->publishing || data->kind == RTMP_DATA_CLEAR_FRAME)
        return;
    if (strcmp(data->name.data, "onMetaData") == 0)
        keep(&peer->publishing->metadata, data->body, data->length);
    struct rtmp_event_media media = {data->time_ms, data->length, data->body};
    relay(peer, RTMP_TYPE_DATA_AMF0, &media, true);
}

/* Requests */

static void on_connect(struct peer *peer, const struct rtmp_event_connect *connect)
{
    if (connect->app.length == 0 || connect->app.length >= sizeof peer->app) {
        struct rtmp_connect_refusal refusal = {"NetConnection.Connect.InvalidApp", "This name is not usable.", NULL,
                                               NULL};
        must(peer, rtmp_server_refuse_connect(peer->session, &refusal));
        peer->over = true;
        return;
    }
    memcpy(peer->app, connect->app.data, connect->app.length + 1);
    must(peer, rtmp_server_accept_connect(peer->session, NULL));
}

static bool is_busy(const struct peer *peer) { return peer->publishing || peer->playing; }

static void on_publish(struct peer *peer, uint32_t stream_id, const struct rtmp_event_publish *publish)
{
    struct channel *channel = is_busy(peer) ? NULL : find_channel(peer->app, publish->name.data);
    if (!channel || channel->publisher) {
        struct rtmp_status status = {"error", "NetStream.Publish.BadName", "This name is in use.", NULL, NULL};
        must(peer, rtmp_server_status(peer->session, stream_id, &status));
        return;
    }
    must(peer, rtmp_server_accept_publish(peer->session, stream_id));
    peer->stream_id = stream_id;
    peer->publishing = channel;
    channel->publisher = peer;
    printf("publishing %s\n", channel->name);
    for (size_t i = 0; i < n_peers; i++)
        if (peers[i]->playing == channel)
            say(peers[i], "status", "NetStream.Play.PublishNotify", "A publisher has come.");
}

static void on_play(struct peer *peer, uint32_t stream_id, const struct rtmp_event_play *play)
{
    stop_playing(peer);
    struct channel *channel = is_busy(peer) ? NULL : find_channel(peer->app, play->name.data);
    if (!channel) {
        struct rtmp_status status = {"error", "NetStream.Play.Failed", "This cannot be played.", NULL, NULL};
        must(peer, rtmp_server_status(peer->session, stream_id, &status));
        return;
    }
    must(peer, rtmp_server_accept_play(peer->session, stream_id, false));
    peer->stream_id = stream_id;
    peer->playing = channel;
    peer->needs_key = true;
    printf("playing %s\n", channel->name);
    send_headers(peer, 0);
}

static void on_event(struct peer *peer, const struct rtmp_event *event)
{
    switch (event->type) {
    case RTMP_EVENT_CONNECT:
        on_connect(peer, &event->connect);
        break;
    case RTMP_EVENT_PUBLISH:
        on_publish(peer, event->stream_id, &event->publish);
        break;
    case RTMP_EVENT_PLAY:
        on_play(peer, event->stream_id, &event->play);
        break;
    case RTMP_EVENT_STOP:
        if (event->stream_id == peer->stream_id)
            stop(peer);
        break;
    case RTMP_EVENT_AUDIO:
        on_audio(peer, &event->media);
        break;
    case RTMP_EVENT_VIDEO:
        on_video(peer, &event->media);
        break;
    case RTMP_EVENT_DATA:
        on_data(peer, &event->data);
        break;
    case RTMP_EVENT_STREAM_LENGTH: /* live streams have none */
        must(peer, rtmp_server_reply_result(peer->session, event->release.transaction_id, NULL));
        break;
    case RTMP_EVENT_CALL: /* this server has no methods */
        must(peer, rtmp_server_reply_error(peer->session, event->call.transaction_id, NULL));
        break;
    case RTMP_EVENT_CLOSE:
        peer->over = true;
        break;
    default:
        break;
    }
}

/* Sockets */

static void feed(struct peer *peer, const uint8_t *data, size_t length)
{
    struct rtmp_event event;
    size_t used;
    int rc;
    while ((rc = rtmp_server_read(peer->session, now_ms(), data, length, &used, &event)) == 0) {
        data += used;
        length -= used;
        on_event(peer, &event);
    }
    if (rc == RTMP_E_MORE)
        return;
    struct rtmp_failure failure;
    rtmp_server_failure(peer->session, &failure);
    printf("closing: %s at byte %llu\n", failure.rule, (unsigned long long)failure.offset);
    peer->over = true;
}

static void receive(struct peer *peer)
{
    static uint8_t data[READ_SIZE];
    ssize_t n = recv(peer->fd, data, sizeof data, 0);
    if (n > 0)
        feed(peer, data, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        peer->gone = true;
}

static void transmit(struct peer *peer)
{
    size_t length;
    const uint8_t *bytes;
    while (!peer->gone && (bytes = rtmp_server_output(peer->session, &length))) {
        ssize_t n = send(peer->fd, bytes, length, MSG_NOSIGNAL);
        if (n > 0)
            rtmp_server_sent(peer->session, (size_t)n);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            peer->gone = true;
    }
    if (peer->over)
        peer->gone = true;
}

static void welcome(int listener)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return;
    struct rtmp_server_config config = {.allocator = &libc_allocator, .random = &random_source};
    struct peer *peer = n_peers < PEERS_MAX ? calloc(1, sizeof *peer) : NULL;
    if (!peer || fcntl(fd, F_SETFL, O_NONBLOCK) || rtmp_server_create(&config, &peer->session)) {
        free(peer);
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    peer->fd = fd;
    peers[n_peers++] = peer;
}

static void see_off(size_t index)
{
    struct peer *peer = peers[index];
    stop(peer);
    rtmp_server_destroy(peer->session);
    close(peer->fd);
    free(peer);
    peers[index] = peers[--n_peers];
}

static int listen_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, BACKLOG)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void turn(int listener)
{
    static struct pollfd waits[PEERS_MAX + 1];
    size_t n_waiting = n_peers;
    for (size_t i = 0; i < n_waiting; i++) {
        size_t length;
        (void)rtmp_server_output(peers[i]->session, &length);
        waits[i] = (struct pollfd){.fd = peers[i]->fd, .events = (short)(length > 0 ? POLLIN | POLLOUT : POLLIN)};
    }
    waits[n_waiting] = (struct pollfd){.fd = listener, .events = POLLIN};
    if (poll(waits, n_waiting + 1, -1) < 0)
        return;
    for (size_t i = 0; i < n_waiting; i++)
        if (waits[i].revents & ~POLLOUT)
            receive(peers[i]);
    if (waits[n_waiting].revents & POLLIN)
        welcome(listener);
    for (size_t i = 0; i < n_peers; i++)
        transmit(peers[i]);
    for (size_t i = n_peers; i-- > 0;)
        if (peers[i]->gone)
            see_off(i);
}

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

int main(int argc, char **argv)
{
    long port = argc > 1 ? strtol(argv[1], NULL, 10) : 1935;
    int listener = port > 0 && port <= 65535 ? listen_on((uint16_t)port) : -1;
    if (listener < 0) {
        fprintf(stderr, "tinyrtmp: cannot listen on 127.0.0.1:%s: %s\n", argc > 1 ? argv[1] : "1935", strerror(errno));
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    printf("listening on 127.0.0.1:%ld\n", port);
    while (!stopped)
        turn(listener);
    while (n_peers > 0)
        see_off(n_peers - 1);
    close(listener);
    return EXIT_SUCCESS;
}
