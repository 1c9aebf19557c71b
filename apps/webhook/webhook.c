/* SPDX-License-Identifier: MIT */
/*
 * Webhooks: what happens to the server's streams, POSTed to an address as Standard Webhooks have it:
 *
 *     {"type": "stream.published", "timestamp": "2026-08-01T12:00:00.000Z", "data": {"path": "live/cam", ...}}
 *
 * A notice stays until it is answered with 2xx: again with the same id after 1 s, 2 s, 4 s … 1 min, TRIES times in all.
 * Notices of one stream come in their order. Who does not keep up loses the newest, and that is counted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apps/bundled.h"
#include "apps/jsonrpc/signer.h"

enum {
    QUEUE = 1000,
    IN_FLIGHT = 8,
    WINDOW = 64,
    TRIES = 12,
    LOOK_MS = 250,
    BACK_OFF_MS = 1000,
    BACK_OFF_MAX_MS = 60000
};
enum { ID = 48, HEADER = 96, STAMP = 32, GONE = 410 };

struct hook;

struct notice {
    struct notice *next;
    struct hook *hook;
    char id[ID];
    char *path, *body;
    unsigned tries;
    uint64_t due_ms;
    bool is_out;
};

struct hook {
    struct ph_app *app;
    const char *url, *events, *streams;
    struct ph_rpc_signer signer;
    struct notice *first, **last;
    unsigned n, n_out;
    uint64_t born_ms, n_ids;
    bool is_failing, is_over;
};

static void say(struct hook *hook, enum ph_app_log_level level, const char *format, const char *words)
{
    char line[256];
    snprintf(line, sizeof line, format, words);
    hook->app->host->log->write(hook->app, level, line);
}

static void count(struct hook *hook, const char *name) { hook->app->host->metrics->add(hook->app, name, 1); }

/* Sending */

static void pump(struct hook *hook);

static void free_notice(struct notice *notice)
{
    free(notice->path);
    free(notice->body);
    free(notice);
}

static void take_out(struct hook *hook, struct notice *notice)
{
    struct notice **at = &hook->first;
    while (*at != notice)
        at = &(*at)->next;
    *at = notice->next;
    if (!*at)
        hook->last = at;
    hook->n--;
    free_notice(notice);
}

static void try_again(struct hook *hook, struct notice *notice, const char *why)
{
    uint64_t wait_ms = (uint64_t)BACK_OFF_MS << (notice->tries < 7 ? notice->tries - 1 : 6);
    if (!hook->is_failing)
        say(hook, PH_APP_LOG_WARNING, "the webhook fails (%s); notices wait", why);
    hook->is_failing = true;
    notice->due_ms = hook->app->host->timers->now_ms(hook->app) +
                     (wait_ms < BACK_OFF_MAX_MS ? wait_ms : BACK_OFF_MAX_MS);
    if (notice->tries < TRIES)
        return;
    count(hook, "webhooks_given_up");
    take_out(hook, notice);
}

static void on_answer(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    struct notice *notice = user;
    struct hook *hook = notice->hook;
    const struct ph_values *values = app->host->values;
    int status = error ? 0 : (int)values->number(values->get(value, "status"), 0);
    char why[64];
    snprintf(why, sizeof why, "status %d", status);
    hook->n_out--;
    notice->is_out = false;
    if (status >= 200 && status < 300) {
        if (hook->is_failing)
            say(hook, PH_APP_LOG_INFO, "the webhook %s", "works again");
        hook->is_failing = false;
        count(hook, "webhooks_sent");
        take_out(hook, notice);
    } else if (status == GONE) {
        hook->is_over = true;
        say(hook, PH_APP_LOG_ERROR, "the webhook's address is gone (%s): nothing is sent any more", why);
    } else {
        const char *words = error ? values->text(values->get(value, "description"), NULL) : why;
        try_again(hook, notice, words[0] ? words : "no answer");
    }
    pump(hook);
}

static int send_notice(struct hook *hook, struct notice *notice)
{
    char id[HEADER], time[HEADER], signature[PH_RPC_SIGNATURE + HEADER], signed_as[PH_RPC_SIGNATURE];
    uint64_t seconds = hook->app->host->timers->wall_ms(hook->app) / 1000;
    const char *headers[5] = {"Content-Type: application/json", id, time};
    size_t length = strlen(notice->body);
    snprintf(id, sizeof id, "webhook-id: %s", notice->id);
    snprintf(time, sizeof time, "webhook-timestamp: %" PRIu64, seconds);
    if (hook->signer.n) {
        ph_rpc_sign(&hook->signer, notice->id, seconds, notice->body, length, signed_as);
        snprintf(signature, sizeof signature, "webhook-signature: %s", signed_as);
        headers[3] = signature;
    }
    const struct ph_http_request request = {
        .size = sizeof request, .url = hook->url, .headers = headers, .body = notice->body, .body_length = length};
    return hook->app->host->http->request(hook->app, &request, on_answer, notice);
}

/* An earlier one of the same stream comes first. */
static bool is_behind(const struct hook *hook, const struct notice *notice)
{
    for (const struct notice *other = hook->first; other != notice; other = other->next)
        if (strcmp(other->path, notice->path) == 0)
            return true;
    return false;
}

static void pump(struct hook *hook)
{
    uint64_t now_ms = hook->app->host->timers->now_ms(hook->app);
    struct notice *notice = hook->first;
    for (unsigned i = 0; notice && i < WINDOW && hook->n_out < IN_FLIGHT && !hook->is_over; i++) {
        struct notice *next = notice->next;
        if (!notice->is_out && notice->due_ms <= now_ms && !is_behind(hook, notice)) {
            notice->tries++;
            notice->is_out = send_notice(hook, notice) == 0;
            hook->n_out += notice->is_out;
            if (!notice->is_out)
                try_again(hook, notice, "it cannot be sent");
        }
        notice = next;
    }
}

static void on_look(struct ph_app *app, ph_timer_id timer, void *user)
{
    (void)app, (void)timer;
    pump(user);
}

/* Observing */

/* Is the word one of the list "a, b"? */
static bool has(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length) {
        bool is_begin = at == list || at[-1] == ' ' || at[-1] == ',';
        if (is_begin && strspn(at + length, " ,") + (at[length] == '\0') > 0)
            return true;
    }
    return false;
}

/* "live/x" alone, or as it begins: "live" with a star behind. */
static bool fits(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);
    bool is_begin = length && pattern[length - 1] == '*';
    return is_begin ? strncmp(pattern, path, length - 1) == 0 : strcmp(pattern, path) == 0;
}

static char *write_body(struct hook *hook, const struct ph_event *event)
{
    enum { ROOM = 128 };
    struct ph_app *app = hook->app;
    const struct ph_values *values = app->host->values;
    uint64_t wall_ms = (uint64_t)values->number(values->get(event->value, "wall_ms"), 0);
    time_t seconds = (time_t)(wall_ms / 1000);
    size_t length;
    const char *data = values->to_json(app, event->value, &length);
    size_t cap = data ? length + strlen(event->name) + ROOM : 0;
    char *body = cap ? malloc(cap) : NULL;
    char stamp[STAMP];
    struct tm tm;
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
    if (body)
        snprintf(body, cap, "{\"type\":\"%s\",\"timestamp\":\"%s.%03uZ\",\"data\":%s}", event->name, stamp,
                 (unsigned)(wall_ms % 1000), data);
    return body;
}

static int on_observe(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct hook *hook = app->state;
    const struct ph_values *values = app->host->values;
    const char *path = values->text(values->get(event->value, "path"), NULL);
    (void)answer;
    if (hook->is_over || !path[0] || !has(hook->events, event->name) || !fits(hook->streams, path))
        return 0;
    struct notice *notice = hook->n < QUEUE ? calloc(1, sizeof *notice) : NULL;
    if (notice) {
        notice->hook = hook;
        notice->path = strdup(path);
        notice->body = write_body(hook, event);
    }
    if (!notice || !notice->path || !notice->body) {
        if (notice)
            free_notice(notice);
        count(hook, "webhooks_dropped");
        return 0;
    }
    snprintf(notice->id, sizeof notice->id, "evt_%" PRIx64 "_%" PRIx64, hook->born_ms, ++hook->n_ids);
    *hook->last = notice;
    hook->last = &notice->next;
    hook->n++;
    pump(hook);
    return 0;
}

static int on_connect(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)app, (void)event;
    answer->description = "Nobody connects to this application.";
    return PH_REFUSE;
}

/* Life */

static int on_load(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_app_options_service *options = app->host->options;
    struct hook *hook = calloc(1, sizeof *hook);
    ph_timer_id timer;
    (void)event;
    if (!hook)
        return PH_E_MEMORY;
    app->state = hook;
    *hook = (struct hook){.app = app,
                          .url = options->text(app, "url"),
                          .events = options->text(app, "events"),
                          .streams = options->text(app, "streams"),
                          .last = &hook->first,
                          .born_ms = app->host->timers->wall_ms(app)};
    bool is_web = hook->url && (strncmp(hook->url, "http://", 7) == 0 || strncmp(hook->url, "https://", 8) == 0);
    const char *secrets = options->text(app, "secrets");
    answer->description = is_web ? (secrets ? ph_rpc_signer_add(&hook->signer, secrets) : NULL)
                                 : "url: write where notices go, http://HOST/PATH or https://HOST/PATH";
    if (!answer->description && app->host->timers->start(app, 0, LOOK_MS, LOOK_MS, on_look, hook, &timer) == 0)
        return PH_ACCEPT;
    free(hook);
    app->state = NULL;
    return PH_REFUSE;
}

static int on_unload(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct hook *hook = app->state;
    (void)event, (void)answer;
    for (struct notice *notice; (notice = hook->first);) {
        hook->first = notice->next;
        free_notice(notice);
    }
    free(hook);
    return 0;
}

static const struct ph_app_option own_options[] = {
    {"events", PH_TEXT_OPTION, "stream.published, stream.unpublished",
     "What is told; there are stream.played and stream.stopped as well."},
    {"streams", PH_TEXT_OPTION, "*", "Of which streams: live/cam, or live/* for those that begin so."},
};

const struct ph_app_type webhook_app = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof webhook_app,
    .name = "webhook",
    .about = "Tells an address on the web of streams that begin and end.",
    .options = own_options,
    .n_options = sizeof own_options / sizeof *own_options,
    .load = on_load,
    .unload = on_unload,
    .connect = on_connect,
    .observe = on_observe,
};
