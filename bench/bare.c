/* SPDX-License-Identifier: MIT */
/*
 * bare: what fan-out costs when nothing is done but the system calls.
 *
 *     bare PORT FILE.flv WINDOW_MS
 *     bare PORT - BYTES
 *
 * The second form sends so many bytes to everybody for each byte that comes on standard input.
 *
 * Sends an FLV file's tags in real time, stamped, to everybody who connects: one sendmsg per connection and window (0:
 * one per tag). No protocol, no queue: what a socket does not take is counted and left out. Ends when standard
 * input does, and says how often that was.
 */
#define _GNU_SOURCE /* accept4 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clip.h"
#include "stamp.h"

enum { PLAYERS_MAX = 16384, HEADER = 12 };

struct bare {
    int listener, players[PLAYERS_MAX];
    unsigned n;
    uint8_t window[1 << 22];
    size_t filled;
    uint64_t n_short;
};

static struct bare bare;

static void listen_on(struct bare *b, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    b->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(b->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(b->listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(b->listener, 4096) < 0) {
        perror("bare: listen");
        exit(1);
    }
}

static void accept_all(struct bare *b)
{
    int fd;
    while (b->n < PLAYERS_MAX && (fd = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        b->players[b->n++] = fd;
    }
}

static void flush(struct bare *b)
{
    struct iovec piece = {b->window, b->filled};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    for (unsigned i = 0; b->filled > 0 && i < b->n; i++)
        b->n_short += sendmsg(b->players[i], &message, MSG_NOSIGNAL) != (ssize_t)b->filled;
    b->filled = 0;
}

static void add(struct bare *b, struct clip_tag *tag)
{
    if (b->filled + HEADER + tag->length > sizeof b->window)
        return;
    stamp_put(tag->body, tag->length, clock_ns());
    memset(b->window + b->filled, 0, HEADER);
    memcpy(b->window + b->filled + HEADER, tag->body, tag->length);
    b->filled += HEADER + tag->length;
}

/* What a broadcast costs at least. */
static void send_when_told(struct bare *b, size_t bytes)
{
    char told[64];
    ssize_t n;
    struct pollfd wait[2] = {{.fd = b->listener, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    while (poll(wait, 2, -1) > 0) {
        accept_all(b);
        if (!(wait[1].revents & (POLLIN | POLLHUP)))
            continue;
        n = read(STDIN_FILENO, told, sizeof told);
        if (n <= 0)
            return;
        for (; n; n--) {
            b->filled = bytes < sizeof b->window ? bytes : sizeof b->window;
            flush(b);
        }
    }
}

int main(int argc, char **argv)
{
    struct bare *b = &bare;
    if (argc != 4)
        return fprintf(stderr, "usage: bare PORT FILE.flv WINDOW_MS\n"), 2;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    listen_on(b, (uint16_t)strtoul(argv[1], NULL, 10));
    printf("ready\n");
    fflush(stdout);
    if (strcmp(argv[2], "-") == 0) {
        send_when_told(b, strtoul(argv[3], NULL, 10));
        return 0;
    }
    struct clip clip = clip_load(argv[2]);
    uint64_t window_ms = strtoul(argv[3], NULL, 10), flushed_ms = 0;
    struct pollfd wait[2] = {{.fd = b->listener, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    struct clip_place place = {0};
    for (uint64_t begin = clock_ns(); !(wait[1].revents & (POLLIN | POLLHUP)); poll(wait, 2, 1)) {
        accept_all(b);
        struct clip_tag *tag;
        uint64_t now_ms = (clock_ns() - begin) / 1000000, time_ms;
        while ((tag = clip_due(&clip, &place, now_ms, &time_ms)) != NULL) {
            add(b, tag);
            if (window_ms == 0)
                flush(b);
        }
        if (now_ms - flushed_ms >= window_ms) {
            flush(b);
            flushed_ms = now_ms;
        }
    }
    printf("{\"short\":%llu}\n", (unsigned long long)b->n_short);
    return 0;
}
