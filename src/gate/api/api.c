/* SPDX-License-Identifier: MIT */
#include "gate/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/query.h"
#include "base/secret.h"
#include "base/tail.h"
#include "base/text.h"
#include "gate/api/census.h"
#include "gate/api/resource.h"
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

void ph_api_say_page(struct ph_exchange *exchange, const struct ph_page *page, const json_t *rows)
{
    ph_api_say(exchange, 200, rows ? ph_page_of(page, rows) : NULL);
}

static void tell_streams(struct ph_census *census)
{
    json_t *rows = json_array(), *row;
    const char *path;
    bool failed = !rows;
    json_object_foreach(census->streams, path, row) { failed |= json_array_append(rows, row) != 0; }
    ph_api_say_page(census->exchange, &census->page, failed ? NULL : rows);
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

static void tell_sessions(struct ph_census *census)
{
    ph_api_say_page(census->exchange, &census->page, census->sessions);
}

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

static void begin_streams(const struct ph_api_call *call)
{
    const struct ph_census wish = {.told = tell_streams};
    ph_census_start(call, &wish);
}

static void begin_stream(const struct ph_api_call *call)
{
    struct ph_census wish = {.told = tell_stream};
    if (call->rest.length >= sizeof wish.path)
        ph_api_refuse(call->exchange, 404, "no stream has a name so long", NULL);
    else {
        memcpy(wish.path, call->rest.data, call->rest.length);
        ph_census_start(call, &wish);
    }
}

static void begin_sessions(const struct ph_api_call *call)
{
    const struct ph_census wish = {.told = tell_sessions};
    ph_census_start(call, &wish);
}

static void begin_kick(const struct ph_api_call *call)
{
    struct ph_census wish = {.told = tell_kicked};
    if (ph_text_u64_of(call->rest.data, call->rest.length, &wish.wanted) || !wish.wanted)
        ph_api_refuse(call->exchange, 404, "a session's id is a number", NULL);
    else
        ph_census_start(call, &wish);
}

static void begin_server(const struct ph_api_call *call)
{
    const struct ph_census wish = {.told = tell_server};
    ph_census_start(call, &wish);
}

static void tell_apps(const struct ph_api_call *call)
{
    json_t *rows = json_array();
    bool failed = !rows;
    ph_list_for_each(node, &call->api->apps->list)
    {
        const struct ph_application *app = ph_list_entry(node, struct ph_application, link);
        json_t *row = json_pack("{s:s, s:s, s:b}", "name", app->name, "type", ph_app_type_names[app->settings.type],
                                "enabled", app->settings.enabled);
        failed |= !row || json_array_append_new(rows, row);
    }
    ph_api_say_page(call->exchange, &call->page, failed ? NULL : rows);
    json_decref(rows);
}

static void add_line(void *user, uint64_t number, const char *line, size_t length)
{
    json_t *row = json_stringn(line, length);
    (void)number;
    if (row)
        (void)!json_array_append_new(user, row);
}

static void tell_log(const struct ph_api_call *call)
{
    struct rtmp_text given = ph_query_find(call->request->head->query, "after");
    uint64_t after = 0;
    if (given.length && ph_text_u64_of(given.data, given.length, &after)) {
        ph_api_refuse(call->exchange, 400, "after is the number of the last line that you have", NULL);
        return;
    }
    json_t *lines = json_array();
    uint64_t last = lines ? ph_tail_read(call->api->tail, after, add_line, lines) : 0;
    ph_api_say(call->exchange, 200, lines ? json_pack("{s:I, s:o}", "last", (json_int_t)last, "lines", lines) : NULL);
}

static void tell_publish(const struct ph_api_call *call)
{
    const struct ph_api *api = call->api;
    ph_api_say(call->exchange, 200, json_pack("{s:i, s:s?}", "port", (int)api->port, "key", api->publish_key));
}

static void order_reload(const struct ph_api_call *call)
{
    call->api->order(true);
    ph_api_say(call->exchange, 200, json_pack("{s:s}", "ordered", "reload"));
}

static void order_end(const struct ph_api_call *call)
{
    call->api->order(false);
    ph_api_say(call->exchange, 200, json_pack("{s:s}", "ordered", "drain"));
}

static void tell_description(const struct ph_api_call *call) { ph_api_say(call->exchange, 200, ph_api_describe()); }

/* docs/api.md explains them, docs/openapi.json is made of them */
static const struct ph_page_fields streams = {"path", {"path", "live"}},
                                   sessions = {"id", {"path", "protocol", "address", "client"}},
                                   apps = {"name", {"name", "type", "enabled"}},
                                   rooms = {"name", {"name", "listed", "locked"}},
                                   relays = {"name", {"name", "kind", "stream", "paused"}};

const struct ph_resource ph_api_resources[] = {
    {"openapi.json", PH_HTTP_GET, PH_API_READ, "this description", NULL, 200, tell_description},
    {"server", PH_HTTP_GET, PH_API_READ, "the server and its workers", NULL, 200, begin_server},
    {"publish", PH_HTTP_GET, PH_API_ADMIN, "where encoders publish, and the server's key", NULL, 200, tell_publish},
    {"log", PH_HTTP_GET, PH_API_READ, "the newest lines of the log, behind number ?after=", NULL, 200, tell_log},
    {"streams", PH_HTTP_GET, PH_API_READ, "streams that somebody publishes or waits for", &streams, 200, begin_streams},
    {"streams/{path*}", PH_HTTP_GET, PH_API_READ, "one stream", NULL, 200, begin_stream},
    {"sessions", PH_HTTP_GET, PH_API_READ, "connections of clients", &sessions, 200, begin_sessions},
    {"sessions/{id}", PH_HTTP_DELETE, PH_API_OPERATE, "close a connection", NULL, 204, begin_kick},
    {"apps", PH_HTTP_GET, PH_API_READ, "applications", &apps, 200, tell_apps},
    {"apps/{app}/hall", PH_HTTP_GET, PH_API_READ, "the hall of an application", NULL, 200, ph_api_tell_rooms},
    {"apps/{app}/rooms", PH_HTTP_GET, PH_API_READ, "its rooms", &rooms, 200, ph_api_tell_rooms},
    {"apps/{app}/rooms/{room}", PH_HTTP_GET, PH_API_READ, "a room with members and shared objects", NULL, 200,
     ph_api_tell_rooms},
    {"apps/{app}/rooms/{room}", PH_HTTP_DELETE, PH_API_OPERATE, "close a room: its members are in the hall then", NULL,
     204, ph_api_close_room},
    {"relays", PH_HTTP_GET, PH_API_READ, "pushes and pulls", &relays, 200, ph_api_tell_relays},
    {"relays", PH_HTTP_POST, PH_API_OPERATE, "add a push or pull", NULL, 201, ph_api_add_relay},
    {"relays/{relay}", PH_HTTP_GET, PH_API_READ, "one of them", NULL, 200, ph_api_tell_relay},
    {"relays/{relay}", PH_HTTP_DELETE, PH_API_OPERATE, "remove it, and end what it carries", NULL, 204,
     ph_api_remove_relay},
    {"relays/{relay}/pause", PH_HTTP_POST, PH_API_OPERATE, "end what it carries until it is resumed", NULL, 204,
     ph_api_pause_relay},
    {"relays/{relay}/resume", PH_HTTP_POST, PH_API_OPERATE, "go on", NULL, 204, ph_api_resume_relay},
    {"rpc", PH_HTTP_POST, PH_API_OPERATE, "orders to applications, as JSON-RPC 2.0", NULL, 200, ph_api_rpc},
    {"reload", PH_HTTP_POST, PH_API_ADMIN, "read keys and log level again", NULL, 200, order_reload},
    {"drain", PH_HTTP_POST, PH_API_ADMIN, "tell clients, then end the server", NULL, 200, order_end},
};
const size_t ph_api_n_resources = PH_COUNT(ph_api_resources);

/* Whose token was shown: of a role; or that of an application, in *scope, which opens rpc alone. False: nobody's. */
static bool is_known(const struct ph_api *api, const struct ph_http_head *head, enum ph_api_role *role,
                     const struct ph_application **scope)
{
    static const char bearer[] = "Bearer ";
    struct rtmp_text shown = ph_http_field(head, "Authorization");
    size_t prefix = sizeof bearer - 1;
    bool found = false;
    *scope = NULL;
    if (!shown.data || shown.length <= prefix || memcmp(shown.data, bearer, prefix) != 0)
        return false;
    const char *token = shown.data + prefix;
    size_t length = shown.length - prefix;
    for (int i = 0; i < PH_API_ROLES; i++)
        if (ph_secret_equal(token, length, api->tokens[i], strlen(api->tokens[i]))) {
            *role = (enum ph_api_role)i;
            found = true;
        }
    if (found)
        return true;
    ph_list_for_each(node, &api->apps->list)
    {
        const struct ph_application *app = ph_list_entry(node, struct ph_application, link);
        const char *own = app->settings.token;
        if (own[0] && ph_secret_equal(token, length, own, strlen(own)))
            *scope = app;
    }
    *role = PH_API_OPERATE;
    return *scope;
}

static void refuse_role(struct ph_exchange *exchange, const struct ph_resource *resource, enum ph_api_role role)
{
    char words[128];
    struct ph_text text;
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "this wants the role %s; the token shown has %s", ph_api_role_names[resource->role],
                ph_api_role_names[role]);
    ph_api_refuse(exchange, 403, words, NULL);
}

static void refuse_method(struct ph_exchange *exchange, unsigned methods)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{PH_HTTP_GET, "GET, HEAD"}, {PH_HTTP_POST, "POST"}, {PH_HTTP_DELETE, "DELETE"}};
    char fields[64];
    struct ph_text text;
    const char *before = "Allow: ";
    ph_text_init(&text, fields, sizeof fields);
    for (size_t i = 0; i < PH_COUNT(names); i++) {
        if (!(methods & names[i].bit))
            continue;
        ph_text_add(&text, "%s%s", before, names[i].name);
        before = ", ";
    }
    ph_text_add(&text, "\r\n");
    ph_api_refuse(exchange, 405, "this cannot be done here", fields);
}

void ph_api_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    struct ph_api *api = user;
    struct ph_api_call call = {.api = api, .exchange = exchange, .request = request};
    enum ph_api_role role;
    unsigned methods;
    char words[PH_PAGE_TEXT];
    if (!is_known(api, request->head, &role, &call.scope)) {
        ph_api_refuse(exchange, 401, "show the token of the file api.token in the state directory",
                      "WWW-Authenticate: Bearer\r\n");
        return;
    }
    const struct ph_resource *resource = ph_resource_find(request->method, request->rest, &methods, &call.rest);
    const char *fault = resource && resource->list
                            ? ph_page_read(&call.page, resource->list, request->head->query, words)
                            : NULL;
    if (call.scope && (!resource || resource->run != ph_api_rpc))
        ph_api_refuse(exchange, 403, "the token of an application opens POST /api/v1/rpc alone", NULL);
    else if (!resource && methods)
        refuse_method(exchange, methods);
    else if (!resource)
        ph_api_refuse(exchange, 404, "there is nothing here", NULL);
    else if (resource->role > role)
        refuse_role(exchange, resource, role);
    else if (fault)
        ph_api_refuse(exchange, 400, fault, NULL);
    else
        resource->run(&call);
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
