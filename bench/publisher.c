/* SPDX-License-Identifier: MIT */
/*
 * publisher: N publishers that send one FLV file in real time, again and again, stamped.
 *
 *     publisher PORT APP STREAM FILE.flv [N]
 *
 * STREAM may hold one "%u" for the publisher's number. Ends by a signal, or when a connection is lost.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rtmpwire/chunk.h>

#include "clip.h"
#include "hello.h"
#include "stamp.h"

enum { CHUNK_SIZE = 60000 };

struct publisher {
    int fd;
    struct clip_place place;
    uint32_t late_ms; /* publishers do not all send at the same moment */
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(int fd, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n <= 0)
            fail("publisher: send");
        bytes += n;
        length -= (size_t)n;
    }
}

static void open_publisher(struct publisher *publisher, uint16_t port, const char *app, const char *stream)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    publisher->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(publisher->fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("publisher: connect");
    setsockopt(publisher->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    static uint8_t c0c1[HELLO_C0C1] = {3}, answer[HELLO_ANSWER];
    uint8_t hello[HELLO_MAX];
    send_all(publisher->fd, c0c1, sizeof c0c1);
    if (recv(publisher->fd, answer, sizeof answer, MSG_WAITALL) != sizeof answer)
        fail("publisher: handshake");
    send_all(publisher->fd, answer + 1, HELLO_C0C1 - 1);
    send_all(publisher->fd, hello, hello_publish(hello, app, stream));
    usleep(2000);
    uint8_t size[] = {2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, CHUNK_SIZE >> 8, CHUNK_SIZE & 255};
    send_all(publisher->fd, size, sizeof size);
}

static void send_due(struct publisher *publisher, const struct clip *clip, uint64_t now_ms)
{
    static uint8_t out[1 << 21];
    if (now_ms < publisher->late_ms)
        return;
    struct clip_tag *tag;
    uint64_t time_ms;
    while ((tag = clip_due(clip, &publisher->place, now_ms - publisher->late_ms, &time_ms)) != NULL) {
        struct rtmp_message_info info = {.csid = tag->type == 8 ? 4 : 6,
                                         .time_ms = (uint32_t)time_ms,
                                         .length = (uint32_t)tag->length,
                                         .stream_id = 1,
                                         .type = tag->type};
        size_t written;
        stamp_put(tag->body, tag->length, clock_ns());
        if (rtmp_chunk_write(&info, tag->body, CHUNK_SIZE, out, sizeof out, &written) == 0)
            send_all(publisher->fd, out, written);
    }
    while (recv(publisher->fd, out, sizeof out, MSG_DONTWAIT) > 0)
        continue;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return fprintf(stderr, "usage: publisher PORT APP STREAM FILE.flv [N]\n"), 2;
    struct clip clip = clip_load(argv[4]);
    unsigned n = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 1;
    struct publisher *publishers = calloc(n, sizeof *publishers);
    const char *number = strstr(argv[3], "%u");
    for (unsigned i = 0; i < n; i++) {
        char name[256];
        if (number == NULL)
            snprintf(name, sizeof name, "%s", argv[3]);
        else
            snprintf(name, sizeof name, "%.*s%u%s", (int)(number - argv[3]), argv[3], i, number + 2);
        open_publisher(&publishers[i], (uint16_t)strtoul(argv[1], NULL, 10), argv[2], name);
        publishers[i].late_ms = i * 2000 / n;
    }
    printf("publishing\n");
    fflush(stdout);
    for (uint64_t begin = clock_ns();; usleep(1000))
        for (unsigned i = 0; i < n; i++)
            send_due(&publishers[i], &clip, (clock_ns() - begin) / 1000000);
}
