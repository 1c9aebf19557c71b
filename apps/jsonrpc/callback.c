/* SPDX-License-Identifier: MIT */
/*
 * The dialects of servers that only know streams: each hook is one POST with a fixed set of fields, and the answer is
 * yes, no, or (nginx) another name for the stream.
 */
#include <stdio.h>
#include <string.h>

#include "apps/jsonrpc/dialect.h"
#include "apps/jsonrpc/proxy.h"
#include "apps/jsonrpc/request.h"

enum {
    HOOKS = 1U << PH_RPC_CONNECT | 1U << PH_RPC_PUBLISH | 1U << PH_RPC_PLAY | 1U << PH_RPC_DISCONNECT |
            1U << PH_RPC_UNPUBLISH | 1U << PH_RPC_STOP
};

/* What both tell. */
struct facts {
    char id[32], ip[64], app[300];
    const char *tc_url, *page_url, *swf_url, *flash_ver, *stream;
    char host[256];               /* of tcUrl */
    const struct ph_value *query; /* of the stream; NULL */
};

static const char *text_in(const struct ph_values *values, const struct ph_value *object, const char *name)
{
    const struct ph_value *text = values->get(object, name);
    return values->type(text) == PH_STRING ? values->text(text, NULL) : "";
}

static void copy(char *into, size_t size, const char *from, size_t length)
{
    snprintf(into, size, "%.*s", (int)(length < size ? length : size - 1), from);
}

/* "10.0.0.7:53122", "[::1]:53122" */
static void take_ip(struct facts *facts, const char *address)
{
    const char *end = strrchr(address, ':');
    bool is_v6 = address[0] == '[';
    size_t length = end ? (size_t)(end - address) : strlen(address);
    copy(facts->ip, sizeof facts->ip, address + is_v6, length - 2U * is_v6);
}

static void take_host(struct facts *facts)
{
    const char *from = strstr(facts->tc_url, "://");
    copy(facts->host, sizeof facts->host, from ? from + 3 : "", from ? strcspn(from + 3, ":/?") : 0);
}

static struct facts facts_of(const struct ph_rpc_request *request, const char *room, const struct ph_value *args)
{
    const struct ph_rpc_proxy *proxy = request->proxy;
    const struct ph_values *values = proxy->host->values;
    struct ph_member_info info = {.size = sizeof info, .address = "", .session = ""};
    struct facts facts = {.stream = values->text(values->at(args, 0), NULL), .query = values->at(args, 1)};
    (void)proxy->host->members->info(proxy->app, request->session->member, &info);
    copy(facts.id, sizeof facts.id, info.session, strlen(info.session));
    take_ip(&facts, info.address);
    snprintf(facts.app, sizeof facts.app, "%s%s%s", proxy->app->name, room[0] ? "/" : "", room);
    facts.tc_url = text_in(values, info.properties, "tcUrl");
    facts.page_url = text_in(values, info.properties, "pageUrl");
    facts.swf_url = text_in(values, info.properties, "swfUrl");
    facts.flash_ver = text_in(values, info.properties, "flashVer");
    take_host(&facts);
    return facts;
}

/* As application/x-www-form-urlencoded has it. */
static void add_encoded(struct ph_rpc_text *text, const char *words)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
                      hex[] = "0123456789ABCDEF";
    for (; *words; words++) {
        unsigned char byte = (unsigned char)*words;
        if (strchr(plain, *words))
            ph_rpc_add_bytes(text, words, 1);
        else
            ph_rpc_add_bytes(text, (char[]){'%', hex[byte >> 4], hex[byte & 15]}, 3);
    }
}

static void add_field(struct ph_rpc_text *text, const char *before, const char *name, const char *value)
{
    ph_rpc_add(text, before);
    add_encoded(text, name);
    ph_rpc_add(text, "=");
    add_encoded(text, value);
}

/* "?a=1&b=2", or with "&" before the first as well. */
static void add_query(struct ph_rpc_text *text, const struct ph_values *values, const struct ph_value *query,
                      const char *before)
{
    struct ph_value_member member = {0};
    for (; values->type(query) == PH_OBJECT && values->next(query, &member); before = "&")
        add_field(text, before, member.name, values->text(member.value, NULL));
}

/* SRS */

static const char *const srs_actions[PH_RPC_HOOKS] = {
    [PH_RPC_CONNECT] = "on_connect",     [PH_RPC_DISCONNECT] = "on_close", [PH_RPC_PUBLISH] = "on_publish",
    [PH_RPC_UNPUBLISH] = "on_unpublish", [PH_RPC_PLAY] = "on_play",        [PH_RPC_STOP] = "on_stop",
};

static bool has_stream(int hook)
{
    return hook == PH_RPC_PUBLISH || hook == PH_RPC_UNPUBLISH || hook == PH_RPC_PLAY || hook == PH_RPC_STOP;
}

static void put(struct ph_rpc_request *request, struct ph_value *object, const char *name, const char *text)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    const struct ph_values *values = proxy->host->values;
    if (values->set(proxy->app, object, name, values->new_text(proxy->app, text)))
        request->body.failed = true;
}

static void write_srs(struct ph_rpc_request *request, const char *room, const char *method, const struct ph_value *args)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    const struct ph_values *values = proxy->host->values;
    const struct facts facts = facts_of(request, room, args);
    struct ph_value *object = values->new_object(proxy->app);
    int hook = request->hook;
    (void)method;
    put(request, object, "server_id", proxy->node);
    put(request, object, "service_id", proxy->node);
    put(request, object, "action", srs_actions[hook]);
    put(request, object, "client_id", facts.id);
    put(request, object, "ip", facts.ip);
    put(request, object, "vhost", facts.host);
    put(request, object, "app", facts.app);
    put(request, object, "tcUrl", facts.tc_url);
    if (hook == PH_RPC_CONNECT || hook == PH_RPC_PLAY)
        put(request, object, "pageUrl", facts.page_url);
    if (has_stream(hook)) {
        struct ph_rpc_text param = {0}, url = {0};
        add_query(&param, values, facts.query, "?");
        const char *const parts[] = {"/", facts.app, "/", facts.stream};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            ph_rpc_add(&url, parts[i]);
        put(request, object, "stream", facts.stream);
        put(request, object, "param", param.bytes ? param.bytes : "");
        put(request, object, "stream_url", url.bytes ? url.bytes : "");
        request->body.failed |= param.failed || url.failed;
        ph_rpc_text_free(&param);
        ph_rpc_text_free(&url);
    }
    ph_rpc_add(&request->body, values->to_json(proxy->app, object, NULL));
}

static const struct ph_value *parse_srs(struct ph_rpc_proxy *proxy, const char *body, size_t length)
{
    return proxy->host->values->from_json(proxy->app, body, length, NULL);
}

static struct ph_rpc_reply yes(const struct ph_rpc_request *request)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    return (struct ph_rpc_reply){.outcome = PH_RPC_RESULT, .value = proxy->host->values->new_object(proxy->app)};
}

static struct ph_rpc_reply no(const struct ph_rpc_request *request, double code)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    const struct ph_values *values = proxy->host->values;
    struct ph_value *error = values->new_object(proxy->app);
    if (values->set(proxy->app, error, "code", values->new_number(proxy->app, code)) ||
        values->set(proxy->app, error, "message", values->new_text(proxy->app, "The backend does not allow it.")))
        return (struct ph_rpc_reply){.outcome = PH_RPC_BAD};
    return (struct ph_rpc_reply){.outcome = PH_RPC_ERROR, .value = error};
}

/* 200 with 0 or {"code": 0}. */
static struct ph_rpc_reply read_srs(const struct ph_rpc_request *request, int status, const struct ph_value *http,
                                    const struct ph_value *answer)
{
    const struct ph_values *values = request->proxy->host->values;
    const struct ph_value *code = values->type(answer) == PH_OBJECT ? values->get(answer, "code") : answer;
    double number = values->number(code, -1);
    (void)http;
    if (ph_rpc_is_failure(status))
        return (struct ph_rpc_reply){.outcome = PH_RPC_STATUS};
    if (values->type(code) != PH_INTEGER && values->type(code) != PH_NUMBER)
        return (struct ph_rpc_reply){.outcome = PH_RPC_BAD};
    return number == 0 ? yes(request) : no(request, number);
}

/* nginx-rtmp */

static const char *const nginx_calls[PH_RPC_HOOKS] = {
    [PH_RPC_CONNECT] = "connect", [PH_RPC_DISCONNECT] = "disconnect",
    [PH_RPC_PUBLISH] = "publish", [PH_RPC_UNPUBLISH] = "publish_done",
    [PH_RPC_PLAY] = "play",       [PH_RPC_STOP] = "play_done",
};

static void write_nginx(struct ph_rpc_request *request, const char *room, const char *method,
                        const struct ph_value *args)
{
    const struct ph_values *values = request->proxy->host->values;
    const struct facts facts = facts_of(request, room, args);
    struct ph_rpc_text *body = &request->body;
    int hook = request->hook;
    (void)method;
    add_field(body, "", "call", nginx_calls[hook]);
    add_field(body, "&", "addr", facts.ip);
    add_field(body, "&", "clientid", facts.id);
    add_field(body, "&", "app", facts.app);
    add_field(body, "&", "flashver", facts.flash_ver);
    add_field(body, "&", "swfurl", facts.swf_url);
    add_field(body, "&", "tcurl", facts.tc_url);
    add_field(body, "&", "pageurl", facts.page_url);
    if (!has_stream(hook))
        return;
    add_field(body, "&", "name", facts.stream);
    if (hook == PH_RPC_PUBLISH)
        add_field(body, "&", "type", "live");
    add_query(body, values, facts.query, "&");
}

/* Another name: what stands behind the last slash, or all of it. One with a scheme would be another server. */
static struct ph_rpc_reply rename_stream(const struct ph_rpc_request *request, const struct ph_value *http)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    const struct ph_values *values = proxy->host->values;
    const char *location = values->text(values->get(values->get(http, "headers"), "location"), NULL);
    struct ph_rpc_reply reply = yes(request);
    struct ph_value *result = values->new_object(proxy->app);
    if (!location[0] || strstr(location, "://"))
        return (struct ph_rpc_reply){.outcome = PH_RPC_BAD};
    if (values->set(proxy->app, result, "stream", values->new_text(proxy->app, location)))
        return (struct ph_rpc_reply){.outcome = PH_RPC_BAD};
    reply.value = result;
    return reply;
}

static struct ph_rpc_reply read_nginx(const struct ph_rpc_request *request, int status, const struct ph_value *http,
                                      const struct ph_value *answer)
{
    (void)answer;
    if (!ph_rpc_is_failure(status))
        return yes(request);
    if (status >= 300 && status <= 399)
        return rename_stream(request, http);
    return status >= 500 ? (struct ph_rpc_reply){.outcome = PH_RPC_STATUS} : no(request, status);
}

const struct ph_rpc_dialect ph_rpc_dialect_srs = {.name = "srs",
                                                  .header = "Content-Type: application/json",
                                                  .hooks = HOOKS,
                                                  .write = write_srs,
                                                  .parse = parse_srs,
                                                  .read = read_srs};

const struct ph_rpc_dialect ph_rpc_dialect_nginx = {.name = "nginx",
                                                    .header = "Content-Type: application/x-www-form-urlencoded",
                                                    .hooks = HOOKS,
                                                    .write = write_nginx,
                                                    .read = read_nginx};
