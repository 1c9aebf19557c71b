/* SPDX-License-Identifier: MIT */
#include "gate/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/secret.h"
#include "base/text.h"
#include "gate/api/census.h"
#include "net/conn.h"

/* Words */

void ph_api_say(struct ph_exchange *exchange, unsigned status, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(value);
    if (text)
        ph_exchange_answer(exchange, &(struct ph_http_answer){.status = status,
                                                              .type = "application/json",
                                                              .fields = "Cache-Control: no-store\r\n",
                                                              .body = text,
                                                              .length = strlen(text)});
    else
        ph_exchange_refuse(exchange, 503, "the server is out of memory");
    free(text);
}

void ph_api_refuse(struct ph_exchange *exchange, unsigned status, const char *title, const char *fields)
{
    char words[1024];
    struct ph_text text;
    ph_text_init(&text, words, sizeof words - 32);
    ph_text_add(&text, "{\"title\":\"");
    ph_text_add_json(&text, title, strlen(title));
    text.cap = sizeof words;
    ph_text_add(&text, "\",\"status\":%u}\n", status);
    ph_exchange_answer(exchange, &(struct ph_http_answer){.status = status,
                                                          .type = "application/problem+json",
                                                          .fields = fields,
                                                          .body = words,
                                                          .length = strlen(words)});
}

/* Resources: each begins a census, and tells what of it was asked for */

/* {"items": rows} */
static json_t *page_of(json_t *rows)
{
    json_t *page = json_object();
    if (page && json_object_set(page, "items", rows) == 0)
        return page;
    json_decref(page);
    return NULL;
}

static void tell_streams(struct ph_census *census)
{
    json_t *rows = json_array(), *row;
    const char *path;
    bool failed = !rows;
    json_object_foreach(census->streams, path, row) { failed |= json_array_append(rows, row) != 0; }
    ph_api_say(census->exchange, 200, failed ? NULL : page_of(rows));
    json_decref(rows);
}

static void tell_stream(struct ph_census *census)
{
    json_t *row = json_object_get(census->streams, census->path);
    if (row)
        ph_api_say(census->exchange, 200, json_incref(row));
    else
        ph_api_refuse(census->exchange, 404, "nobody publishes or watches this stream", NULL);
}

static void tell_sessions(struct ph_census *census) { ph_api_say(census->exchange, 200, page_of(census->sessions)); }

static void tell_kicked(struct ph_census *census)
{
    if (census->is_found)
        ph_exchange_answer(census->exchange, &(struct ph_http_answer){.status = 204});
    else
        ph_api_refuse(census->exchange, 404, "there is no such session", NULL);
}

static void tell_server(struct ph_census *census)
{
    struct ph_api *api = census->api;
    uint64_t now_us = ph_loop_now(census->round.home);
    ph_api_say(census->exchange, 200,
               json_pack("{s:s, s:f, s:I, s:b, s:i, s:i, s:O}", "version", api->version, "seconds",
                         (double)(now_us - api->began_us) / 1e6, "memory_bytes", (json_int_t)api->memory(), "draining",
                         atomic_load(&api->is_draining), "streams", (int)json_object_size(census->streams), "sessions",
                         (int)json_array_size(census->sessions), "workers", census->workers));
}

static void begin_streams(struct ph_api *api, struct ph_exchange *exchange, const struct ph_request *request)
{
    struct ph_census wish = {.told = request->rest.length ? tell_stream : tell_streams};
    if (request->rest.length >= sizeof wish.path)
        ph_api_refuse(exchange, 404, "no stream has a name so long", NULL);
    else {
        memcpy(wish.path, request->rest.data, request->rest.length);
        ph_census_start(api, exchange, &wish);
    }
}

static void begin_sessions(struct ph_api *api, struct ph_exchange *exchange, const struct ph_request *request)
{
    const struct ph_census wish = {.told = tell_sessions};
    if (request->rest.length)
        ph_api_refuse(exchange, 404, "there is nothing here", NULL);
    else
        ph_census_start(api, exchange, &wish);
}

static void begin_kick(struct ph_api *api, struct ph_exchange *exchange, const struct ph_request *request)
{
    struct ph_census wish = {.told = tell_kicked};
    char digits[24] = "";
    if (request->rest.length < sizeof digits)
        memcpy(digits, request->rest.data, request->rest.length);
    if (ph_text_u64(digits, &wish.wanted) || !wish.wanted)
        ph_api_refuse(exchange, 404, "a session's id is a number", NULL);
    else
        ph_census_start(api, exchange, &wish);
}

static void begin_server(struct ph_api *api, struct ph_exchange *exchange, const struct ph_request *request)
{
    const struct ph_census wish = {.told = tell_server};
    (void)request;
    ph_census_start(api, exchange, &wish);
}

static void tell_apps(struct ph_api *api, struct ph_exchange *exchange, const struct ph_request *request)
{
    json_t *rows = json_array();
    bool failed = !rows;
    (void)request;
    ph_list_for_each(node, &api->apps->list)
    {
        const struct ph_application *app = ph_list_entry(node, struct ph_application, link);
        json_t *row = json_pack("{s:s, s:s, s:b}", "name", app->name, "type", ph_app_type_names[app->settings.type],
                                "enabled", app->settings.enabled);
        failed |= !row || json_array_append_new(rows, row);
    }
    ph_api_say(exchange, 200, failed ? NULL : page_of(rows));
    json_decref(rows);
}

static void order_reload(struct ph_api *api, struct ph_exchange *exchange, const struct ph_request *request)
{
    (void)request;
    api->order(true);
    ph_api_say(exchange, 200, json_pack("{s:s}", "ordered", "reload"));
}

static void order_end(struct ph_api *api, struct ph_exchange *exchange, const struct ph_request *request)
{
    (void)request;
    api->order(false);
    ph_api_say(exchange, 200, json_pack("{s:s}", "ordered", "drain"));
}

/* docs/api.md lists them */
static const struct {
    const char *path;
    bool is_tree;
    unsigned method;
    void (*run)(struct ph_api *api, struct ph_exchange *exchange, const struct ph_request *request);
} resources[] = {
    {"server", false, PH_HTTP_GET, begin_server},          {"apps", false, PH_HTTP_GET, tell_apps},
    {"apps", true, PH_HTTP_GET, ph_api_tell_rooms},        {"apps", true, PH_HTTP_DELETE, ph_api_close_room},
    {"streams", true, PH_HTTP_GET, begin_streams},         {"sessions", false, PH_HTTP_GET, begin_sessions},
    {"sessions", true, PH_HTTP_DELETE, begin_kick},        {"reload", false, PH_HTTP_POST, order_reload},
    {"relays", true, PH_HTTP_GET, ph_api_tell_relays},     {"relays", true, PH_HTTP_POST, ph_api_order_relay},
    {"relays", true, PH_HTTP_DELETE, ph_api_remove_relay}, {"drain", false, PH_HTTP_POST, order_end},
};

/* Whose token was shown: the server's, which opens all; or that of an application, in *scope, which opens rpc. */
static bool is_known(const struct ph_api *api, const struct ph_http_head *head, const struct ph_application **scope)
{
    static const char bearer[] = "Bearer ";
    struct rtmp_text shown = ph_http_field(head, "Authorization");
    size_t prefix = sizeof bearer - 1;
    *scope = NULL;
    if (!shown.data || shown.length <= prefix || memcmp(shown.data, bearer, prefix) != 0)
        return false;
    const char *token = shown.data + prefix;
    size_t length = shown.length - prefix;
    if (ph_secret_equal(token, length, api->token, strlen(api->token)))
        return true;
    ph_list_for_each(node, &api->apps->list)
    {
        const struct ph_application *app = ph_list_entry(node, struct ph_application, link);
        const char *own = app->settings.token;
        if (own[0] && ph_secret_equal(token, length, own, strlen(own)))
            *scope = app;
    }
    return *scope;
}

void ph_api_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    struct ph_api *api = user;
    const struct ph_application *scope;
    bool exists = false, is_rpc = rtmp_text_is(request->rest, "rpc");
    if (!is_known(api, request->head, &scope)) {
        ph_api_refuse(exchange, 401, "show the token of the file api.token in the state directory",
                      "WWW-Authenticate: Bearer\r\n");
        return;
    }
    if (is_rpc && request->method == PH_HTTP_POST) {
        ph_api_rpc(api, scope, exchange, request);
        return;
    }
    if (scope) {
        ph_api_refuse(exchange, 403, "the token of an application opens POST /api/v1/rpc alone", NULL);
        return;
    }
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
        size_t length = strlen(resources[i].path);
        struct rtmp_text rest = request->rest;
        if (rest.length < length || memcmp(rest.data, resources[i].path, length) != 0)
            continue;
        if (rest.length > length && (rest.data[length] != '/' || !resources[i].is_tree))
            continue;
        exists = true;
        size_t cut = length + (rest.length > length);
        if (resources[i].method == request->method) {
            struct ph_request inner = *request;
            inner.rest = (struct rtmp_text){rest.data + cut, rest.length - cut};
            resources[i].run(api, exchange, &inner);
            return;
        }
    }
    exists |= is_rpc;
    ph_api_refuse(exchange, exists ? 405 : 404, exists ? "this cannot be done here" : "there is nothing here", NULL);
}

/* Signs of life */

static void say_word(struct ph_exchange *exchange, unsigned status, const char *word)
{
    ph_exchange_answer(exchange, &(struct ph_http_answer){.status = status,
                                                          .type = "text/plain; charset=utf-8",
                                                          .fields = "Cache-Control: no-store\r\n",
                                                          .body = word,
                                                          .length = strlen(word)});
}

void ph_api_health(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    (void)user, (void)request;
    say_word(exchange, 200, "ok\n");
}

void ph_api_ready(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    struct ph_api *api = user;
    bool is_draining = atomic_load(&api->is_draining);
    (void)request;
    say_word(exchange, is_draining ? 503 : 200, is_draining ? "draining\n" : "ready\n");
}
