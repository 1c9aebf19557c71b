/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/jsonrpc/dialect.h"
#include "apps/jsonrpc/proxy.h"
#include "apps/jsonrpc/request.h"

enum { HEADERS = PH_RPC_HEADERS + 6, HEADER = 256, RETRY_MAX_S = 60 };

/* One POST: a request, or a batch. */
struct ph_rpc_post {
    struct ph_rpc_post *next, **link;
    struct ph_rpc_line *line;
    struct ph_rpc_request *first;
    bool is_batch;
    struct ph_rpc_text body; /* of a batch */
};

static uint64_t now_ms(const struct ph_rpc_line *line) { return line->proxy->host->timers->now_ms(line->proxy->app); }

static void count(const struct ph_rpc_line *line, const char *name)
{
    line->proxy->host->metrics->add(line->proxy->app, name, 1);
}

/* The waiting */

void ph_rpc_line_init(struct ph_rpc_line *line, struct ph_rpc_proxy *proxy, struct ph_rpc_route *route, bool is_patient)
{
    *line = (struct ph_rpc_line){.proxy = proxy, .route = route, .is_patient = is_patient};
    line->last = &line->first;
}

static struct ph_rpc_request *take(struct ph_rpc_line *line)
{
    struct ph_rpc_request *request = line->first;
    if (!request)
        return NULL;
    line->first = request->next;
    if (!line->first)
        line->last = &line->first;
    line->n_waiting--;
    request->next = NULL;
    return request;
}

static void fail(struct ph_rpc_request *request, enum ph_rpc_outcome outcome)
{
    const struct ph_rpc_reply reply = {.outcome = outcome};
    request->answered(request, &reply);
}

/* The breaker */

/* May one go? While the line is closed, one may when its time is over, to find out. */
static bool is_open(const struct ph_rpc_line *line)
{
    if (!line->closed_until_ms)
        return true;
    return now_ms(line) >= line->closed_until_ms && line->n_in_flight == 0;
}

static void note_outcome(struct ph_rpc_line *line, bool has_failed)
{
    const struct ph_rpc_route *route = line->route;
    if (!has_failed) {
        line->n_failures = 0;
        line->closed_until_ms = 0;
        return;
    }
    count(line, "backend_failures");
    if (route->breaker && ++line->n_failures >= route->breaker) {
        if (!line->closed_until_ms)
            line->proxy->host->log->write(line->proxy->app, PH_APP_LOG_WARNING,
                                          "the backend has failed too often; it is left alone for a while");
        line->closed_until_ms = now_ms(line) + route->breaker_ms;
    }
}

/* A POST */

static void free_post(struct ph_rpc_post *post)
{
    *post->link = post->next;
    if (post->next)
        post->next->link = post->link;
    for (struct ph_rpc_request *request; (request = post->first);) {
        post->first = request->next;
        ph_rpc_request_free(request);
    }
    free(post->body.bytes);
    free(post);
}

static void pump(struct ph_rpc_line *line);

/* Each of the post's requests is answered, and is no longer the post's. `http`: what came; NULL: nothing, *common says
 * why. */
static bool answer_all(struct ph_rpc_post *post, const struct ph_rpc_reply *common, const struct ph_value *http)
{
    struct ph_rpc_proxy *proxy = post->line->proxy;
    const struct ph_values *values = proxy->host->values;
    const struct ph_rpc_dialect *dialect = proxy->dialect;
    size_t length;
    const char *body = values->text(values->get(http, "body"), &length);
    const struct ph_value *answers = http && dialect->parse && length ? dialect->parse(proxy, body, length) : NULL;
    bool has_failed = !http;
    for (struct ph_rpc_request *request; (request = post->first);) {
        struct ph_rpc_reply reply = *common;
        post->first = request->next;
        request->next = NULL;
        if (http)
            reply = dialect->read(request, common->status, http, answers);
        reply.status = common->status;
        reply.retry_s = common->retry_s;
        has_failed |= reply.outcome == PH_RPC_STATUS && reply.status >= 500;
        request->answered(request, &reply);
    }
    return !has_failed;
}

static uint32_t retry_of(const struct ph_values *values, const struct ph_value *reply)
{
    const char *text = values->text(values->get(values->get(reply, "headers"), "retry-after"), NULL);
    uint32_t seconds = 0;
    return ph_rpc_digits(&text, &seconds) && !*text && seconds <= RETRY_MAX_S ? seconds : 0;
}

/* Why nothing came. */
static enum ph_rpc_outcome outcome_of(int error, bool was_sent)
{
    if (error == PH_E_LIMIT)
        return PH_RPC_BAD;
    return !was_sent ? PH_RPC_UNREACHABLE : error == PH_E_TIMEOUT ? PH_RPC_TIMEOUT : PH_RPC_UNKNOWN;
}

static void on_done(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    struct ph_rpc_post *post = user;
    struct ph_rpc_line *line = post->line;
    const struct ph_values *values = app->host->values;
    struct ph_rpc_reply common = {
        .outcome = error ? outcome_of(error, values->boolean(values->get(value, "sent"), false)) : PH_RPC_RESULT,
        .status = (int)values->number(values->get(value, "status"), 0),
        .retry_s = retry_of(values, value)};
    line->n_in_flight--;
    bool has_worked = answer_all(post, &common, error ? NULL : value);
    note_outcome(line, !has_worked);
    free_post(post);
    pump(line);
}

/* Requests that go together. */
static struct ph_rpc_post *gather(struct ph_rpc_line *line)
{
    struct ph_rpc_post *post = calloc(1, sizeof *post);
    if (!post)
        return NULL;
    post->line = line;
    post->next = line->posts;
    post->link = &line->posts;
    if (post->next)
        post->next->link = &post->next;
    line->posts = post;
    struct ph_rpc_request **end = &post->first;
    uint32_t most = line->proxy->dialect->has_calls ? line->route->batch : 1;
    for (uint32_t n = 0; n < most && line->first; n++) {
        *end = take(line);
        end = &(*end)->next;
    }
    post->is_batch = post->first->next != NULL;
    if (post->is_batch)
        for (const struct ph_rpc_request *request = post->first; request; request = request->next) {
            ph_rpc_add(&post->body, request == post->first ? "[" : ",");
            ph_rpc_add_bytes(&post->body, request->body.bytes, request->body.length);
        }
    if (post->is_batch)
        ph_rpc_add(&post->body, "]");
    return post;
}

static int send_post(struct ph_rpc_post *post)
{
    struct ph_rpc_proxy *proxy = post->line->proxy;
    const struct ph_rpc_route *route = post->line->route;
    const struct ph_rpc_text *body = post->is_batch ? &post->body : &post->first->body;
    const char *headers[HEADERS] = {proxy->dialect->header};
    char id[HEADER], time[HEADER], signature[PH_RPC_SIGNATURE + HEADER];
    uint64_t seconds = proxy->host->timers->wall_ms(proxy->app) / 1000;
    size_t n = 1;
    if (body->failed)
        return PH_E_MEMORY;
    for (size_t i = 0; i < route->n_headers; i++)
        headers[n++] = route->header[i];
    snprintf(id, sizeof id, "webhook-id: %s", post->first->id);
    headers[n++] = id;
    if (proxy->signer.n) {
        char signed_as[PH_RPC_SIGNATURE];
        ph_rpc_sign(&proxy->signer, post->first->id, seconds, body->bytes, body->length, signed_as);
        snprintf(time, sizeof time, "webhook-timestamp: %llu", (unsigned long long)seconds);
        snprintf(signature, sizeof signature, "webhook-signature: %s", signed_as);
        headers[n++] = time;
        headers[n++] = signature;
    }
    const struct ph_http_request request = {.size = sizeof request,
                                            .url = route->url,
                                            .headers = headers,
                                            .body = body->bytes,
                                            .body_length = body->length,
                                            .timeout_ms = route->timeout_ms,
                                            .reply_max = route->reply_max,
                                            .connect_timeout_ms = route->connect_timeout_ms,
                                            .unix_socket = route->unix_socket,
                                            .ca = route->ca,
                                            .certificate = route->certificate,
                                            .key = route->key};
    return proxy->host->http->request(proxy->app, &request, on_done, post);
}

static void pump(struct ph_rpc_line *line)
{
    while (line->first && line->n_in_flight < line->route->in_flight && is_open(line)) {
        struct ph_rpc_post *post = gather(line);
        if (!post)
            return; /* out of memory: those who wait will be looked at again */
        count(line, "backend_requests");
        if (send_post(post) == 0) {
            line->n_in_flight++;
            continue;
        }
        const struct ph_rpc_reply reply = {.outcome = PH_RPC_OVERLOADED};
        (void)answer_all(post, &reply, NULL);
        free_post(post);
    }
}

/* From outside */

void ph_rpc_line_send(struct ph_rpc_line *line, struct ph_rpc_request *request)
{
    request->route = line->route;
    if (!is_open(line)) {
        fail(request, PH_RPC_CLOSED);
        return;
    }
    if (!line->is_patient && line->n_waiting >= line->route->queue && line->n_in_flight >= line->route->in_flight) {
        count(line, "backend_overloads");
        fail(request, PH_RPC_OVERLOADED);
        return;
    }
    request->since_ms = now_ms(line);
    request->next = NULL;
    *line->last = request;
    line->last = &request->next;
    line->n_waiting++;
    pump(line);
}

/* Take those out of the line whom `leaves` names; each is given to `end`. */
static void sift(struct ph_rpc_line *line, bool (*leaves)(const struct ph_rpc_request *request, uint64_t number),
                 uint64_t number, void (*end)(struct ph_rpc_request *request))
{
    struct ph_rpc_request *gone = NULL, **last_gone = &gone;
    for (struct ph_rpc_request **at = &line->first; *at;) {
        struct ph_rpc_request *request = *at;
        if (!leaves(request, number)) {
            at = &request->next;
            continue;
        }
        *at = request->next;
        request->next = NULL;
        *last_gone = request;
        last_gone = &request->next;
        line->n_waiting--;
    }
    line->last = &line->first;
    while (*line->last)
        line->last = &(*line->last)->next;
    for (struct ph_rpc_request *request; (request = gone);) {
        gone = request->next;
        request->next = NULL;
        end(request);
    }
}

static bool is_of(const struct ph_rpc_request *request, uint64_t member) { return request->member == member; }

static bool has_waited(const struct ph_rpc_request *request, uint64_t before_ms)
{
    return request->since_ms < before_ms;
}

static void end_unwanted(struct ph_rpc_request *request) { fail(request, PH_RPC_UNREACHABLE); }

static void end_overdue(struct ph_rpc_request *request)
{
    request->proxy->host->metrics->add(request->proxy->app, "backend_overloads", 1);
    fail(request, PH_RPC_OVERLOADED);
}

static void end_closed(struct ph_rpc_request *request) { fail(request, PH_RPC_CLOSED); }

static bool is_any(const struct ph_rpc_request *request, uint64_t number)
{
    (void)request, (void)number;
    return true;
}

void ph_rpc_line_drop(struct ph_rpc_line *line, ph_member_id member) { sift(line, is_of, member, end_unwanted); }

void ph_rpc_line_look(struct ph_rpc_line *line, uint64_t now)
{
    if (line->first && !is_open(line))
        sift(line, is_any, 0, end_closed);
    else if (line->first && !line->is_patient && now > line->route->queue_wait_ms)
        sift(line, has_waited, now - line->route->queue_wait_ms, end_overdue);
    pump(line);
}

void ph_rpc_line_finish(struct ph_rpc_line *line)
{
    while (line->posts)
        free_post(line->posts);
    for (struct ph_rpc_request *request; (request = take(line));)
        ph_rpc_request_free(request);
}
