/* SPDX-License-Identifier: MIT */
#include "cli/link.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

const struct rtmp_allocator cli_allocator = {resize, NULL};

static void fill_random(void *user, uint8_t *out, size_t length)
{
    (void)user;
    if (getrandom(out, length, 0) != (ssize_t)length)
        memset(out, 0, length); /* the handshake of a client keeps no secret */
}

static const struct rtmp_random system_random = {fill_random, NULL};

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void cli_fail(struct cli_link *link, const char *format, ...)
{
    va_list values;
    if (link->fault[0])
        return;
    va_start(values, format);
    vsnprintf(link->fault, sizeof link->fault, format, values);
    va_end(values);
}

void cli_check(struct cli_link *link, int rc, const char *what)
{
    if (rc)
        cli_fail(link, "%s: %s", what, rtmp_error_text(rc));
}

/* Connecting */

struct address {
    char host[256], port[8], app[CLI_URL];
};

/* "[::1]:1935" or "host:1935" */
static bool split_host(const char *text, size_t length, struct address *address)
{
    const char *end = text + length, *from = text, *to = end, *colon = memchr(text, ':', length);
    if (length && text[0] == '[') {
        const char *bracket = memchr(text, ']', length);
        if (!bracket)
            return false;
        from++;
        to = bracket;
        colon = bracket + 1 < end ? bracket + 1 : NULL;
    } else if (colon) {
        to = colon;
    }
    size_t host = (size_t)(to - from), port = colon ? (size_t)(end - colon - 1) : 0;
    if (host == 0 || host >= sizeof address->host || port >= sizeof address->port ||
        (colon && (*colon != ':' || !port)))
        return false;
    memcpy(address->host, from, host);
    memcpy(address->port, colon ? colon + 1 : "1935", colon ? port : 4);
    return true;
}

static bool read_url(const char *url, struct address *address)
{
    static const char scheme[] = "rtmp://";
    const char *host = url + sizeof scheme - 1;
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 || strlen(url) >= CLI_URL)
        return false;
    const char *slash = strchr(host, '/');
    if (!slash || !slash[1])
        return false;
    memcpy(address->app, slash + 1, strlen(slash + 1) + 1);
    return split_host(host, (size_t)(slash - host), address);
}

/* A connected socket; -1: `fault` says why there is none. */
static int dial(struct cli_link *link, const struct address *address)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int descriptor = -1, err = 0, rc = getaddrinfo(address->host, address->port, &hints, &found);
    for (const struct addrinfo *at = found; at && descriptor < 0; at = at->ai_next) {
        descriptor = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (descriptor >= 0 && connect(descriptor, at->ai_addr, at->ai_addrlen)) {
            err = errno;
            close(descriptor);
            descriptor = -1;
        }
    }
    if (found)
        freeaddrinfo(found);
    if (descriptor < 0)
        cli_fail(link, "%s port %s cannot be reached: %s", address->host, address->port,
                 rc ? gai_strerror(rc) : strerror(err));
    else
        (void)fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return descriptor;
}

/* Talking */

static void take_event(struct cli_link *link, const struct rtmp_event *event)
{
    if (event->type == RTMP_EVENT_REFUSED)
        cli_fail(link, "refused: %s %s", event->refused.code.data, event->refused.description.data);
    else if (event->type == RTMP_EVENT_CLOSE)
        cli_fail(link, "the server closed the connection");
    else
        link->event(link, event);
}

static void receive(struct cli_link *link, int descriptor)
{
    uint8_t bytes[65536];
    const uint8_t *at = bytes;
    struct rtmp_event event;
    size_t used;
    ssize_t n = recv(descriptor, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        cli_fail(link, "the server closed the connection");
    size_t left = n > 0 ? (size_t)n : 0;
    int rc = 0;
    while (left && !link->is_over && !link->fault[0] &&
           (rc = rtmp_client_read(link->client, (uint32_t)clock_ms(), at, left, &used, &event)) == 0) {
        at += used;
        left -= used;
        take_event(link, &event);
    }
    if (rc && rc != RTMP_E_MORE)
        cli_check(link, rc, "what the server says cannot be read");
}

static size_t send_output(struct cli_link *link, int descriptor)
{
    size_t length;
    const uint8_t *bytes = rtmp_client_output(link->client, &length);
    ssize_t n = length ? send(descriptor, bytes, length, MSG_NOSIGNAL) : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        cli_fail(link, "the connection was lost: %s", strerror(errno));
    if (n > 0)
        rtmp_client_sent(link->client, (size_t)n);
    return n > 0 ? length - (size_t)n : length;
}

static void talk(struct cli_link *link, int descriptor)
{
    uint64_t until_ms = clock_ms() + CLI_TIMEOUT_S * 1000;
    while (!link->fault[0]) {
        size_t left = send_output(link, descriptor);
        if (link->is_over && !left)
            return;
        uint64_t now_ms = clock_ms();
        struct pollfd wait = {.fd = descriptor, .events = (short)(POLLIN | (left ? POLLOUT : 0))};
        if (!link->is_patient && now_ms >= until_ms)
            cli_fail(link, "the server did not answer within %d s", CLI_TIMEOUT_S);
        else if (poll(&wait, 1, link->is_patient ? -1 : (int)(until_ms - now_ms)) > 0 && wait.revents & ~POLLOUT)
            receive(link, descriptor);
    }
}

int cli_link_run(struct cli_link *link, const char *name)
{
    struct address address = {0};
    if (!read_url(link->url, &address)) {
        fprintf(stderr, "playhouse %s: %s is no address of the form rtmp://HOST[:PORT]/APP[/ROOM]\n", name, link->url);
        return 2;
    }
    int descriptor = dial(link, &address);
    const struct rtmp_client_config config = {.allocator = &cli_allocator,
                                              .random = &system_random,
                                              .app = address.app,
                                              .tc_url = link->url,
                                              .flash_ver = "playhouse"};
    if (descriptor >= 0)
        cli_check(link, rtmp_client_create(&config, &link->client), "the session");
    if (!link->fault[0])
        talk(link, descriptor);
    rtmp_client_destroy(link->client);
    if (descriptor >= 0)
        close(descriptor);
    if (link->fault[0])
        fprintf(stderr, "playhouse %s: %s\n", name, link->fault);
    return link->fault[0] ? 1 : 0;
}
