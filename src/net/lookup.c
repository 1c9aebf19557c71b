/* SPDX-License-Identifier: MIT */
#include "net/lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

struct ph_lookup {
    struct ph_loop *loop;
    ph_lookup_fn done; /* NULL: nobody waits any more */
    void *user;
    uint16_t port;
    struct ph_address number;
    struct ph_deferred tell; /* of a number */
    uv_getaddrinfo_t request;
};

static bool read_number(const char *host, uint16_t port, struct ph_address *address)
{
    *address = (struct ph_address){0};
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &address->as.v4.sin_addr) == 1) {
        address->as.v4.sin_family = AF_INET;
        address->as.v4.sin_port = htons(port);
        return true;
    }
    if (inet_pton(AF_INET6, host, &address->as.v6.sin6_addr) == 1) {
        address->as.v6.sin6_family = AF_INET6;
        address->as.v6.sin6_port = htons(port);
        return true;
    }
    return false;
}

static void tell_number(struct ph_deferred *deferred)
{
    struct ph_lookup *lookup = ph_container_of(deferred, struct ph_lookup, tell);
    struct ph_lookup copy = *lookup;
    free(lookup);
    copy.done(copy.user, NULL, &copy.number, 1);
}

static size_t read_answer(const struct addrinfo *answer, struct ph_address addresses[PH_LOOKUP_MAX])
{
    size_t n = 0;
    for (const struct addrinfo *at = answer; at && n < PH_LOOKUP_MAX; at = at->ai_next) {
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6)
            continue;
        addresses[n] = (struct ph_address){0};
        memcpy(&addresses[n++].as, at->ai_addr, at->ai_addrlen);
    }
    return n;
}

static void answered(uv_getaddrinfo_t *request, int status, struct addrinfo *answer)
{
    struct ph_lookup *lookup = request->data;
    struct ph_address addresses[PH_LOOKUP_MAX];
    size_t n = status == 0 ? read_answer(answer, addresses) : 0;
    ph_lookup_fn done = lookup->done;
    void *user = lookup->user;
    uv_freeaddrinfo(answer);
    free(lookup);
    if (!done)
        return;
    if (n)
        done(user, NULL, addresses, n);
    else
        done(user,
             status == UV_EAI_NONAME || status == 0 ? "no host has this name" : "its name cannot be looked up now",
             NULL, 0);
}

static int ask(struct ph_lookup *lookup, const char *host)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    char port[8];
    int at = sizeof port - 1;
    port[at] = '\0';
    for (unsigned rest = lookup->port; rest || at == sizeof port - 1; rest /= 10)
        port[--at] = (char)('0' + rest % 10);
    lookup->request.data = lookup;
    return uv_getaddrinfo(&lookup->loop->uv, &lookup->request, answered, host, port + at, &hints);
}

int ph_lookup_start(struct ph_loop *loop, const char *host, uint16_t port, ph_lookup_fn done, void *user,
                    struct ph_lookup **started)
{
    ph_loop_assert_owner(loop);
    struct ph_lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return -ENOMEM;
    *lookup = (struct ph_lookup){.loop = loop, .done = done, .user = user, .port = port};
    ph_deferred_init(&lookup->tell, tell_number);
    if (read_number(host, port, &lookup->number)) {
        ph_loop_defer(loop, &lookup->tell);
    } else if (ask(lookup, host)) {
        free(lookup);
        return -ENOMEM;
    }
    *started = lookup;
    return 0;
}

void ph_lookup_cancel(struct ph_lookup *lookup)
{
    if (!lookup)
        return;
    if (lookup->request.data) {
        lookup->done = NULL;
        (void)uv_cancel((uv_req_t *)&lookup->request); /* what runs already comes back some day */
    } else {
        ph_deferred_cancel(&lookup->tell);
        free(lookup);
    }
}
