/* SPDX-License-Identifier: MIT */
/*
 * players: many players of one stream that cost next to nothing.
 *
 * Each says what a player says (simple handshake, connect, createStream, play, in one go) and from then on discards
 * what comes inside the kernel. Some of them, spread over the join order, are probes: they read and look for stamps, so
 * the added delay and the time to the first media are known.
 *
 *     players [-p PROBES] [-j JOIN_MS] [-s STOPPED] [-h HALF] [-k KBPS] [-r] PORT APP STREAM N
 *
 *     -j  spread the joins over so many milliseconds      -s  the last STOPPED players stop reading after a second
 *     -h  HALF players before them read at half of KBPS   -r  raw: the server just sends, nobody says anything
 *     -x  http or ws: they ask for APP/STREAM as FLV instead, in an answer or in a WebSocket
 *
 * Lines on standard input are commands: "mark" begins to count anew, "report" prints one line of JSON, end of file
 * ends it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hello.h"
#include "stamp.h"

enum { CATCH_UP_NS = 500000000, SAMPLES_MAX = 4000000 };

enum kind { GOOD, PROBE, STOPPED, HALF };

struct player {
    int fd;
    enum kind kind;
    uint32_t answered; /* bytes of S0 S1 S2 */
    uint64_t born_ns, first_ns, bytes;
    uint64_t held_ns; /* since when it reads at half rate; 0: at its own pace */
    uint8_t *tail;    /* probes: bytes that may begin a stamp */
    size_t n_tail;
    bool alive;
};

struct bench {
    struct player *players;
    uint32_t n, n_opened, n_probes, n_stopped, n_half, join_ms, kbps;
    uint16_t port;
    bool raw;
    uint8_t hello[HELLO_MAX];
    size_t n_hello, says; /* of hello, at once */
    int epoll;
    uint64_t bytes, mark_ns, lost;
    uint32_t *delays_us;
    size_t n_delays;
    uint8_t buffer[1 << 18];
};

static struct bench bench;

static void watch(struct bench *b, struct player *player, int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = player};
    epoll_ctl(b->epoll, operation, player->fd, &event);
}

static void lose(struct bench *b, struct player *player)
{
    if (player->fd >= 0)
        close(player->fd);
    player->fd = -1;
    player->alive = false;
    b->lost++;
}

static enum kind kind_of(const struct bench *b, uint32_t i)
{
    if (i >= b->n - b->n_stopped)
        return STOPPED;
    if (i >= b->n - b->n_stopped - b->n_half)
        return HALF;
    uint32_t n_good = b->n - b->n_stopped - b->n_half;
    return b->n_probes > 0 && i % (n_good / b->n_probes ? n_good / b->n_probes : 1) == 0 ? PROBE : GOOD;
}

static void open_player(struct bench *b, struct player *player)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(b->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    player->kind = kind_of(b, (uint32_t)(player - b->players));
    player->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (player->fd < 0 || connect(player->fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("players: connect");
        lose(b, player);
        return;
    }
    fcntl(player->fd, F_SETFL, O_NONBLOCK);
    setsockopt(player->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    player->alive = true;
    player->born_ns = clock_ns();
    player->answered = b->raw ? HELLO_ANSWER : 0;
    if (player->kind == PROBE)
        player->tail = malloc(STAMP_SIZE);
    uint8_t c0c1[HELLO_C0C1] = {3};
    if ((!b->raw && write(player->fd, c0c1, sizeof c0c1) != sizeof c0c1) ||
        (b->says && write(player->fd, b->hello, b->says) != (ssize_t)b->says))
        lose(b, player);
    else
        watch(b, player, EPOLL_CTL_ADD);
}

/* Bytes of the server's answer are counted away; behind them everything is said at once. */
static bool answer(struct bench *b, struct player *player)
{
    ssize_t n = recv(player->fd, b->buffer, HELLO_ANSWER - player->answered, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    player->answered += (uint32_t)n;
    if (player->answered < HELLO_ANSWER)
        return true;
    uint8_t reply[HELLO_C0C1 - 1 + sizeof b->hello] = {0};
    memcpy(reply + HELLO_C0C1 - 1, b->hello, b->n_hello);
    size_t length = HELLO_C0C1 - 1 + b->n_hello;
    player->born_ns = clock_ns();
    return write(player->fd, reply, length) == (ssize_t)length;
}

static void look_for_stamps(struct bench *b, struct player *player, size_t length)
{
    uint64_t now = clock_ns(), sent;
    size_t at = 0;
    while ((sent = stamp_next(b->buffer, length, &at)) != 0) {
        if (player->first_ns == 0)
            player->first_ns = now;
        bool live = sent > player->born_ns + CATCH_UP_NS && sent > b->mark_ns;
        if (live && b->n_delays < SAMPLES_MAX)
            b->delays_us[b->n_delays++] = (uint32_t)((now - sent) / 1000);
    }
    player->n_tail = length - at < STAMP_SIZE ? length - at : 0;
    memcpy(player->tail, b->buffer + length - player->n_tail, player->n_tail);
}

static bool take(struct bench *b, struct player *player)
{
    if (player->answered < HELLO_ANSWER)
        return answer(b, player);
    size_t offset = player->kind == PROBE ? player->n_tail : 0;
    if (offset > 0)
        memcpy(b->buffer, player->tail, offset);
    ssize_t n = recv(player->fd, b->buffer + offset, sizeof b->buffer - offset, player->kind == PROBE ? 0 : MSG_TRUNC);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    b->bytes += (uint64_t)n;
    player->bytes += (uint64_t)n;
    if (player->kind == PROBE)
        look_for_stamps(b, player, (size_t)n + offset);
    return true;
}

static void begin_to_hold(struct bench *b, struct player *player, uint64_t now)
{
    struct epoll_event event = {.data.ptr = player}; /* its end is told all the same */
    epoll_ctl(b->epoll, EPOLL_CTL_MOD, player->fd, &event);
    player->held_ns = now;
    player->bytes = 0;
}

static bool take_due(struct bench *b, struct player *player, uint64_t now)
{
    uint64_t due = (now - player->held_ns) / 1000000 * b->kbps / 16;
    if (due <= player->bytes)
        return true;
    ssize_t n = recv(player->fd, b->buffer, due - player->bytes, MSG_TRUNC);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    b->bytes += (uint64_t)n;
    player->bytes += (uint64_t)n;
    return true;
}

/* After a second stopped players are not read any more, half-rate ones never beyond their rate. */
static void hold_back(struct bench *b, uint64_t now)
{
    for (uint32_t i = b->n - b->n_stopped - b->n_half; i < b->n_opened; i++) {
        struct player *player = &b->players[i];
        if (!player->alive || now < player->born_ns + 1000000000u)
            continue;
        if (player->held_ns == 0)
            begin_to_hold(b, player, now);
        else if (player->kind == HALF && !take_due(b, player, now))
            lose(b, player);
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t quantile(uint32_t *sorted, size_t n, double q) { return n ? sorted[(size_t)(q * (double)(n - 1))] : 0; }

static void report(struct bench *b)
{
    uint32_t n_alive = 0, n_stopped = 0, n_half = 0, *first = calloc(b->n, sizeof *first);
    size_t n_first = 0;
    for (uint32_t i = 0; i < b->n_opened; i++) {
        struct player *player = &b->players[i];
        n_alive += player->alive;
        n_stopped += player->alive && player->kind == STOPPED;
        n_half += player->alive && player->kind == HALF;
        if (player->first_ns > 0)
            first[n_first++] = (uint32_t)((player->first_ns - player->born_ns) / 1000);
    }
    qsort(first, n_first, sizeof *first, by_size);
    qsort(b->delays_us, b->n_delays, sizeof *b->delays_us, by_size);
    printf("{\"alive\":%u,\"stopped_alive\":%u,\"half_alive\":%u,\"bytes\":%llu,\"samples\":%zu,\"delay_p50_us\":%u,"
           "\"delay_p99_us\":%u,\"delay_max_us\":%u,\"first_p50_us\":%u,\"first_max_us\":%u}\n",
           n_alive, n_stopped, n_half, (unsigned long long)b->bytes, b->n_delays,
           quantile(b->delays_us, b->n_delays, 0.5), quantile(b->delays_us, b->n_delays, 0.99),
           quantile(b->delays_us, b->n_delays, 1), quantile(first, n_first, 0.5), quantile(first, n_first, 1));
    fflush(stdout);
    free(first);
}

static bool obey(struct bench *b)
{
    char line[32] = {0};
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n <= 0)
        return false;
    if (strstr(line, "mark")) {
        b->bytes = 0;
        b->n_delays = 0;
        b->mark_ns = clock_ns();
    }
    if (strstr(line, "report"))
        report(b);
    return true;
}

static void run(struct bench *b)
{
    uint64_t begin = clock_ns(), checked = begin;
    struct epoll_event events[512];
    for (;;) {
        uint64_t now = clock_ns();
        uint64_t due = b->join_ms ? (now - begin) / 1000000 * b->n / b->join_ms + 1 : b->n;
        for (unsigned i = 0; i < 20 && b->n_opened < b->n && b->n_opened < due; i++)
            open_player(b, &b->players[b->n_opened++]);
        if (b->n_stopped + b->n_half > 0 && now - checked > 20000000) {
            hold_back(b, now);
            checked = now;
        }
        int n = epoll_wait(b->epoll, events, 512, b->n_opened < b->n ? 1 : 20);
        for (int i = 0; i < n; i++) {
            struct player *player = events[i].data.ptr;
            if (player == NULL) {
                if (!obey(b))
                    return;
            } else if (player->alive && !take(b, player)) {
                lose(b, player);
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct bench *b = &bench;
    const char *web = NULL;
    int option;
    while ((option = getopt(argc, argv, "p:j:s:h:k:rx:")) != -1) {
        uint32_t value = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
        switch (option) {
        case 'p':
            b->n_probes = value;
            break;
        case 'j':
            b->join_ms = value;
            break;
        case 's':
            b->n_stopped = value;
            break;
        case 'h':
            b->n_half = value;
            break;
        case 'k':
            b->kbps = value;
            break;
        case 'r':
            b->raw = true;
            break;
        case 'x':
            b->raw = true;
            web = optarg;
            break;
        default:
            return 2;
        }
    }
    if (argc - optind != 4)
        return fprintf(stderr, "usage: players [options] PORT APP STREAM N; see the head of players.c\n"), 2;
    b->port = (uint16_t)strtoul(argv[optind], NULL, 10);
    b->n_hello = web ? hello_web(b->hello, web, argv[optind + 1], argv[optind + 2])
                     : hello_play(b->hello, argv[optind + 1], argv[optind + 2]);
    b->says = web ? b->n_hello : 0;
    b->n = (uint32_t)strtoul(argv[optind + 3], NULL, 10);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    b->players = calloc(b->n, sizeof *b->players);
    b->delays_us = malloc(SAMPLES_MAX * sizeof *b->delays_us);
    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(b->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    run(b);
    return 0;
}
