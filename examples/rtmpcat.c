/* SPDX-License-Identifier: MIT */
/*
 * rtmpcat: publish an FLV file in real time, or write what is played into one.
 *
 *     rtmpcat publish rtmp://HOST[:PORT]/APP/NAME[?QUERY] FILE.flv [FROM_MS]
 *     rtmpcat play    rtmp://HOST[:PORT]/APP/NAME[?QUERY] FILE.flv
 *
 * The client role of librtmpwire on one socket and poll(2). FROM_MS is added to every time, modulo 2^32. `play` ends
 * when the server says that the stream is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rtmpwire/client.h>
#include <rtmpwire/flv.h>

#include "libc_allocator.h"

enum { FILE_PIECE = 1 << 16, TIMEOUT_MS = 30000 };

struct url {
    char host[256], port[8], app[256], tc_url[600];
    const char *name;
};

struct cat {
    struct rtmp_client *client;
    int fd;
    FILE *file;
    bool publishing; /* the server has accepted */
    bool over;
    uint32_t stream_id, from_ms;
    uint32_t begun_ms; /* on our clock */

    struct rtmp_flv_reader reader;
    struct rtmp_flv_tag tag; /* the next to be sent, if has_tag */
    bool has_tag;
    uint32_t first_ms;
    uint8_t piece[FILE_PIECE];
    size_t piece_at, piece_end;
};

static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("rtmpcat: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void must(int rc, const char *what)
{
    if (rc != 0)
        die("%s: %s", what, rtmp_error_text(rc));
}

static uint32_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static void fill_random(void *user, uint8_t *out, size_t length)
{
    (void)user;
    if (getrandom(out, length, 0) != (ssize_t)length)
        die("no randomness: %s", strerror(errno));
}

static const struct rtmp_random system_random = {fill_random, NULL};

/* The first part of the path is the application, the rest with its query is the name. */
static void parse_url(const char *text, struct url *url)
{
    static const char scheme[] = "rtmp://";
    const char *host = text + strlen(scheme),
               *path = strncmp(text, scheme, strlen(scheme)) == 0 ? strchr(host, '/') : NULL;
    const char *name = path ? strchr(path + 1, '/') : NULL;
    if (name == NULL || (size_t)(path - host) >= sizeof url->host || name - path > 255)
        die("%s is no URL of the form rtmp://HOST[:PORT]/APP/NAME", text);
    snprintf(url->host, sizeof url->host, "%.*s", (int)(path - host), host);
    snprintf(url->app, sizeof url->app, "%.*s", (int)(name - path - 1), path + 1);
    snprintf(url->tc_url, sizeof url->tc_url, "%.*s", (int)(name - text), text);
    url->name = name + 1;
    char *colon = strrchr(url->host, ':');
    snprintf(url->port, sizeof url->port, "%s", colon ? colon + 1 : "1935");
    if (colon)
        *colon = 0;
}

static int dial(const struct url *url)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int rc = getaddrinfo(url->host, url->port, &hints, &found);
    if (rc != 0)
        die("%s: %s", url->host, gai_strerror(rc));
    int fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0)
        die("%s:%s: %s", url->host, url->port, strerror(errno));
    freeaddrinfo(found);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* What we publish */

/* Have the next tag, unless the file is at its end. */
static void read_tag(struct cat *cat)
{
    while (!cat->has_tag) {
        size_t used;
        int rc = rtmp_flv_read(&cat->reader, cat->piece + cat->piece_at, cat->piece_end - cat->piece_at, &used,
                               &cat->tag);
        if (rc != RTMP_E_MORE)
            must(rc, "the file");
        cat->piece_at += used;
        cat->has_tag = rc == 0;
        if (rc == 0)
            return;
        cat->piece_at = 0;
        cat->piece_end = fread(cat->piece, 1, sizeof cat->piece, cat->file);
        if (cat->piece_end == 0)
            return;
    }
}

/* Send every tag that is due; tell how long to wait for the next. */
static int send_due(struct cat *cat, uint32_t now_ms)
{
    for (;;) {
        read_tag(cat);
        if (!cat->has_tag) {
            must(rtmp_client_stop(cat->client, cat->stream_id), "stop");
            cat->over = true;
            return 0;
        }
        int32_t wait_ms = (int32_t)(cat->tag.time_ms - (now_ms - cat->begun_ms));
        if (wait_ms > 0)
            return wait_ms;
        must(rtmp_client_media(cat->client, cat->tag.type, cat->stream_id, cat->tag.time_ms + cat->from_ms,
                               cat->tag.body, cat->tag.length),
             "send");
        cat->has_tag = false;
    }
}

/* What we play */

static void keep(struct cat *cat, uint8_t type, uint32_t time_ms, const uint8_t *body, uint32_t length)
{
    struct rtmp_flv_tag tag = {.type = type, .time_ms = time_ms, .body = body, .length = length};
    size_t span = rtmp_flv_tag_span(length), written;
    uint8_t *bytes = malloc(span);
    if (bytes == NULL)
        die("out of memory");
    must(rtmp_flv_tag_write(&tag, bytes, span, &written), "tag");
    if (fwrite(bytes, 1, written, cat->file) != written)
        die("the file: %s", strerror(errno));
    free(bytes);
}

/* Both */

static void handle_status(struct cat *cat, const struct rtmp_event_status *status)
{
    fprintf(stderr, "rtmpcat: %s\n", status->code.data);
    if (rtmp_text_is(status->level, "error"))
        die("%s", status->description.data);
    if (rtmp_text_is(status->code, "NetStream.Publish.Start")) {
        cat->publishing = true;
        cat->begun_ms = clock_ms();
    }
    if (rtmp_text_is(status->code, "NetStream.Play.UnpublishNotify") ||
        rtmp_text_is(status->code, "NetStream.Play.Complete"))
        cat->over = true;
}

static void handle(struct cat *cat, const struct rtmp_event *event, const char *name, bool publish)
{
    switch (event->type) {
    case RTMP_EVENT_CONNECTED:
        must(publish ? rtmp_client_publish(cat->client, name, RTMP_PUBLISH_LIVE)
                     : rtmp_client_play(cat->client, name, NULL),
             "connect");
        break;
    case RTMP_EVENT_REFUSED:
        die("%s: %s", event->refused.code.data, event->refused.description.data);
        break;
    case RTMP_EVENT_STREAM_READY:
        cat->stream_id = event->stream_id;
        break;
    case RTMP_EVENT_STATUS:
        handle_status(cat, &event->status);
        break;
    case RTMP_EVENT_AUDIO:
    case RTMP_EVENT_VIDEO:
        if (!publish)
            keep(cat, event->type == RTMP_EVENT_AUDIO ? RTMP_FLV_AUDIO : RTMP_FLV_VIDEO, event->media.time_ms,
                 event->media.body, event->media.length);
        break;
    case RTMP_EVENT_DATA:
        if (!publish)
            keep(cat, RTMP_FLV_SCRIPT, event->data.time_ms, event->data.body, event->data.length);
        break;
    case RTMP_EVENT_CLOSE:
        cat->over = true;
        break;
    default: /* pongs, acknowledgements and the like say nothing to us */
        break;
    }
}

static void receive(struct cat *cat, const char *name, bool publish)
{
    uint8_t bytes[65536];
    ssize_t n = recv(cat->fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("the server closed the connection");
    const uint8_t *at = bytes;
    size_t left = (size_t)n, used;
    struct rtmp_event event;
    int rc;
    while ((rc = rtmp_client_read(cat->client, clock_ms(), at, left, &used, &event)) == 0) {
        at += used;
        left -= used;
        handle(cat, &event, name, publish);
    }
    if (rc != RTMP_E_MORE)
        must(rc, "the server");
}

static void send_output(struct cat *cat)
{
    size_t length;
    const uint8_t *bytes = rtmp_client_output(cat->client, &length);
    ssize_t n = length > 0 ? send(cat->fd, bytes, length, MSG_NOSIGNAL) : 0;
    if (n < 0 && errno != EAGAIN)
        die("send: %s", strerror(errno));
    if (n > 0)
        rtmp_client_sent(cat->client, (size_t)n);
}

static bool has_output(const struct cat *cat)
{
    size_t length;
    (void)rtmp_client_output(cat->client, &length);
    return length > 0;
}

static void run(struct cat *cat, const char *name, bool publish)
{
    while (!cat->over || has_output(cat)) {
        int wait_ms = TIMEOUT_MS;
        if (cat->publishing && !cat->over)
            wait_ms = send_due(cat, clock_ms());
        send_output(cat);
        struct pollfd wait = {.fd = cat->fd, .events = POLLIN | (has_output(cat) ? POLLOUT : 0)};
        if (poll(&wait, 1, wait_ms) == 0 && wait_ms == TIMEOUT_MS)
            die("the server said nothing for %d s", TIMEOUT_MS / 1000);
        if (wait.revents & (POLLIN | POLLHUP | POLLERR))
            receive(cat, name, publish);
    }
}

int main(int argc, char **argv)
{
    bool publish = argc > 1 && strcmp(argv[1], "publish") == 0;
    if (argc < 4 || argc > 5 || (!publish && strcmp(argv[1], "play") != 0)) {
        fputs("usage: rtmpcat publish|play rtmp://HOST[:PORT]/APP/NAME FILE.flv [FROM_MS]\n", stderr);
        return 2;
    }
    static struct cat cat;
    struct url url;
    parse_url(argv[2], &url);
    cat.from_ms = argc > 4 ? (uint32_t)strtoull(argv[4], NULL, 10) : 0;
    cat.file = fopen(argv[3], publish ? "rb" : "wb");
    if (cat.file == NULL)
        die("%s: %s", argv[3], strerror(errno));
    rtmp_flv_reader_init(&cat.reader, &libc_allocator, RTMP_FLV_BODY_MAX);
    uint8_t header[RTMP_FLV_HEADER_SIZE];
    size_t written;
    must(rtmp_flv_header_write(true, true, header, sizeof header, &written), "header");
    if (!publish && fwrite(header, 1, written, cat.file) != written)
        die("%s: %s", argv[3], strerror(errno));

    struct rtmp_client_config config = {
        .allocator = &libc_allocator,
        .random = &system_random,
        .limits = {.output = 64 << 20},
        .app = url.app,
        .tc_url = url.tc_url,
        .flash_ver = "rtmpcat",
    };
    must(rtmp_client_create(&config, &cat.client), "create");
    cat.fd = dial(&url);
    run(&cat, url.name, publish);
    rtmp_client_destroy(cat.client);
    rtmp_flv_reader_finish(&cat.reader);
    close(cat.fd);
    if (fclose(cat.file) != 0)
        die("%s: %s", argv[3], strerror(errno));
    return 0;
}
