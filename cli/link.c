/* SPDX-License-Identifier: MIT */
#include "cli/link.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/relay/caller.h"
#include "net/tls.h"

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

const struct rtmp_allocator cli_allocator = {resize, NULL};

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
    else if (link->caller)
        caller_wrote(link->caller, 0);
}

size_t cli_link_unsent(const struct cli_link *link)
{
    size_t length = 0;
    if (!link->caller || ph_outlet_idle(caller_outlet(link->caller)))
        return 0;
    (void)rtmp_client_output(link->client, &length);
    return length + ph_buf_length(&caller_outlet(link->caller)->private_bytes);
}

/* What the caller says */

static void on_ready(void *user)
{
    struct cli_link *link = user;
    const struct rtmp_event event = {.type = RTMP_EVENT_CONNECTED};
    link->client = caller_client(link->caller);
    link->event(link, &event);
}

static void on_event(void *user, const struct rtmp_event *event)
{
    struct cli_link *link = user;
    if (!link->is_over && !link->fault[0])
        link->event(link, event);
}

static void on_over(void *user, const char *why)
{
    struct cli_link *link = user;
    link->caller = NULL;
    link->client = NULL;
    cli_fail(link, "%s", why);
}

static void on_deadline(struct ph_timer *timer)
{
    struct cli_link *link = ph_container_of(timer, struct cli_link, deadline);
    if (!link->is_patient)
        cli_fail(link, "%s within %d s", link->late ? link->late : "the server did not answer", CLI_TIMEOUT_S);
}

/* Until it is over and all was sent, or it failed. */
static void run(struct cli_link *link, struct ph_tls_trust *trust)
{
    static const struct caller_handler handler = {.ready = on_ready, .event = on_event, .over = on_over};
    const struct caller_options options = {
        .loop = link->loop, .trust = trust, .url = &link->address, .via = "", .handler = &handler, .user = link};
    if (caller_open(&options, &link->caller)) {
        cli_fail(link, "out of memory");
        return;
    }
    ph_timer_init(&link->deadline, on_deadline);
    ph_timer_start(link->loop, &link->deadline, CLI_TIMEOUT_S * UINT64_C(1000000));
    while (!link->fault[0] && !(link->is_over && cli_link_unsent(link) == 0))
        ph_loop_turn(link->loop, true);
    ph_timer_stop(link->loop, &link->deadline);
    caller_close(link->caller);
    link->caller = NULL;
}

int cli_link_run(struct cli_link *link, const char *name)
{
    const struct ph_loops_options options = {.n = 1, .name = "client"};
    const char *why;
    struct ph_loops *loops = NULL;
    struct ph_tls_trust *trust = NULL;
    if (rtmp_url_parse(link->url, link->path, &link->address, &why)) {
        fprintf(stderr, "playhouse %s: %s is no address of the form rtmp://HOST[:PORT]/APP%s: the URL %s\n", name,
                link->url, link->path == RTMP_URL_OF_APP ? "[/ROOM]" : "/STREAM", why);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (ph_loops_create(&options, &loops) || ph_tls_trust_create("", &trust)) {
        cli_fail(link, "out of memory");
    } else {
        link->loop = &loops->loop[0];
        run(link, trust);
        ph_loops_stop(loops);
    }
    ph_loops_destroy(loops);
    ph_tls_trust_destroy(trust);
    explicit_bzero(&link->address, sizeof link->address);
    if (link->fault[0])
        fprintf(stderr, "playhouse %s: %s\n", name, link->fault);
    return link->fault[0] ? 1 : 0;
}
