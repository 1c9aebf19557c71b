/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/rpc: commands to applications as JSON-RPC 2.0, one or a batch; docs/commands.md. The param `app` says which
 * application is meant; of a token that opens one application alone it may be left out.
 */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/control.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/text.h"
#include "gate/api/census.h"
#include "net/conn.h"

enum { PARSE_ERROR = -32700, INVALID = -32600, NO_METHOD = -32601, BAD_PARAMS = -32602, REFUSED = -32000 };

/* One POST: each of its orders is answered in its place. */
struct envelope {
    struct ph_exchange *exchange; /* NULL: who asked has left */
    json_t *asked;                /* an array of requests */
    json_t **replies;             /* NULL: not yet, or none is wanted */
    size_t n, n_open;
    bool is_batch;
    char key[PH_CONTROL_KEY + 1];
};

struct order {
    struct ph_control control;
    struct envelope *envelope;
    size_t at;
    char key[PH_CONTROL_KEY + 24]; /* of this one of a batch */
};

static json_t *reply_of(const json_t *request)
{
    json_t *id = json_object_get(request, "id");
    return json_pack("{s:s, s:O}", "jsonrpc", "2.0", "id", id ? id : json_null());
}

static bool wants_reply(const json_t *request) { return json_object_get(request, "id") != NULL; }

static void put_error(struct envelope *envelope, size_t at, int code, const char *words)
{
    json_t *request = json_array_get(envelope->asked, at), *reply = reply_of(request);
    (void)!json_object_set_new(reply, "error", json_pack("{s:i, s:s}", "code", code, "message", words));
    envelope->replies[at] = reply;
}

/* The end */

static void free_envelope(struct envelope *envelope)
{
    for (size_t i = 0; envelope->replies && i < envelope->n; i++)
        json_decref(envelope->replies[i]);
    free(envelope->replies);
    json_decref(envelope->asked);
    free(envelope);
}

static void answer(struct envelope *envelope)
{
    json_t *all = json_array();
    for (size_t i = 0; i < envelope->n; i++)
        if (envelope->replies[i])
            (void)!json_array_append(all, envelope->replies[i]);
    if (!all || json_array_size(all) == 0)
        ph_exchange_answer(envelope->exchange, &(struct ph_http_answer){.status = 204});
    else
        ph_api_say(envelope->exchange, 200, json_incref(envelope->is_batch ? all : json_array_get(all, 0)));
    json_decref(all);
}

static void close_order(struct envelope *envelope)
{
    if (--envelope->n_open)
        return;
    if (envelope->exchange)
        answer(envelope);
    free_envelope(envelope);
}

/* An error that is no text is what a client answered. */
static json_t *error_of(int error, json_t *value)
{
    int code = error == PH_E_UNSUPPORTED ? NO_METHOD : REFUSED + error;
    if (json_is_string(value))
        return json_pack("{s:i, s:o}", "code", code, "message", value);
    return json_pack("{s:i, s:s, s:o}", "code", code, "message", "it was refused", "data", value ? value : json_null());
}

static void on_done(struct ph_control *control)
{
    struct order *order = ph_container_of(control, struct order, control);
    struct envelope *envelope = order->envelope;
    json_t *request = json_array_get(envelope->asked, order->at);
    json_t *value = control->answer
                        ? json_loadb(control->answer, control->answer_length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)
                        : NULL;
    if (wants_reply(request)) {
        json_t *reply = reply_of(request), *it = control->error ? error_of(control->error, value) : value;
        (void)!json_object_set_new(reply, control->error ? "error" : "result", it ? it : json_null());
        envelope->replies[order->at] = reply;
    } else {
        json_decref(value);
    }
    free(control->answer);
    free((char *)(uintptr_t)control->params);
    free(order);
    close_order(envelope);
}

static void on_gone(void *user) { ((struct envelope *)user)->exchange = NULL; }

/* The beginning */

static struct ph_instance *instance_of(const struct ph_api *api, const struct ph_application *scope,
                                       const json_t *params)
{
    const char *name = json_string_value(json_object_get(params, "app"));
    const struct ph_application *app = name ? ph_apps_find(api->apps, name, strlen(name)) : scope;
    bool may = app && (!scope || app == scope);
    return may && api->theatre ? ph_theatre_find(api->theatre, app) : NULL;
}

static void begin_order(struct ph_api *api, const struct ph_application *scope, struct envelope *envelope, size_t at)
{
    const json_t *request = json_array_get(envelope->asked, at);
    const json_t *params = json_object_get(request, "params");
    const char *version = json_string_value(json_object_get(request, "jsonrpc"));
    const char *method = json_string_value(json_object_get(request, "method"));
    if (!version || strcmp(version, "2.0") != 0 || !method) {
        put_error(envelope, at, INVALID, "a request has jsonrpc: \"2.0\", method, params and id");
        return;
    }
    struct ph_instance *instance = instance_of(api, scope, params);
    if (!json_is_object(params) || !instance) {
        put_error(envelope, at, BAD_PARAMS, "params is an object, and its app the name of an application with rooms");
        return;
    }
    struct order *order = calloc(1, sizeof *order);
    char *text = order ? json_dumps(params, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (!text) {
        free(order);
        put_error(envelope, at, REFUSED, "the server is out of memory");
        return;
    }
    order->envelope = envelope;
    order->at = at;
    order->control = (struct ph_control){.instance = instance,
                                         .home = ph_conn_loop(ph_exchange_conn(envelope->exchange)),
                                         .method = method,
                                         .params = text,
                                         .length = strlen(text),
                                         .done = on_done};
    if (envelope->key[0]) {
        struct ph_text key;
        ph_text_init(&key, order->key, sizeof order->key);
        ph_text_add(&key, "%s#%zu", envelope->key, at);
        order->control.key = order->key;
    }
    envelope->n_open++;
    ph_control_send(&order->control);
}

static struct envelope *open_envelope(json_t *asked)
{
    struct envelope *envelope = calloc(1, sizeof *envelope);
    if (!envelope) {
        json_decref(asked);
        return NULL;
    }
    envelope->is_batch = json_is_array(asked);
    envelope->asked = envelope->is_batch ? asked : json_pack("[o]", asked);
    envelope->n = json_array_size(envelope->asked);
    envelope->replies = calloc(envelope->n + 1, sizeof(json_t *));
    if (envelope->asked && envelope->replies)
        return envelope;
    free_envelope(envelope);
    return NULL;
}

static bool read_key(const struct ph_http_head *head, struct envelope *envelope)
{
    struct rtmp_text key = ph_http_field(head, "Idempotency-Key");
    if (key.length > PH_CONTROL_KEY)
        return false;
    if (key.length)
        memcpy(envelope->key, key.data, key.length);
    return true;
}

void ph_api_rpc(const struct ph_api_call *call)
{
    struct ph_exchange *exchange = call->exchange;
    const struct ph_request *request = call->request;
    json_error_t why;
    json_t *asked = json_loadb((const char *)request->body, request->length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                               &why);
    size_t n = json_is_array(asked) ? json_array_size(asked) : 1;
    if (!asked || n == 0 || n > PH_LIMIT_RPC_BATCH) {
        int code = asked ? INVALID : PARSE_ERROR;
        const char *words = !asked ? why.text : "a batch has 1 to 50 requests";
        ph_api_say(
            exchange, 200,
            json_pack("{s:s, s:n, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", "error", "code", code, "message", words));
        json_decref(asked);
        return;
    }
    struct envelope *envelope = open_envelope(asked);
    if (!envelope || !read_key(request->head, envelope)) {
        ph_api_refuse(exchange, envelope ? 400 : 503,
                      envelope ? "an Idempotency-Key has at most 255 characters" : "the server is out of memory", NULL);
        if (envelope)
            free_envelope(envelope);
        return;
    }
    envelope->exchange = exchange;
    envelope->n_open = 1; /* this one, until all are begun */
    ph_exchange_wait(exchange, on_gone, envelope);
    for (size_t i = 0; i < envelope->n; i++)
        begin_order(call->api, call->scope, envelope, i);
    close_order(envelope);
}
