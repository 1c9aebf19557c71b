/* SPDX-License-Identifier: MIT */
/* /api/v1/relays, /api/v1/relays/NAME, /api/v1/relays/NAME/pause and /resume: docs/api.md. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "gate/api/census.h"
#include "gate/relay/relay.h"
#include "net/conn.h"

enum { IDLE_MS = 10000, IDLE_MAX_MS = 86400000 };

struct question {
    struct ph_relay_request request;
    struct ph_exchange *exchange; /* NULL: who asked has left */
    json_t *rows;                 /* by name */
    struct ph_page page;
    bool is_list, failed;
};

static struct question *question_of(struct ph_relay_request *request)
{
    return ph_container_of(request, struct question, request);
}

/* Answers */

static void on_rule(struct ph_relay_request *request, const struct ph_relay_rule_row *row)
{
    struct question *question = question_of(request);
    json_t *made = json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:[]}", "name", row->name, "kind",
                             row->kind == PH_RELAY_PUSH ? "push" : "pull", "stream", row->stream, "paused",
                             row->is_paused, "always", row->is_always, "origin", row->origin, "legs");
    question->failed |= !made || json_object_set_new(question->rows, row->name, made);
}

static void on_leg(struct ph_relay_request *request, const struct ph_relay_leg_row *row)
{
    struct question *question = question_of(request);
    json_t *legs = json_object_get(json_object_get(question->rows, row->rule), "legs");
    json_t *made = json_pack("{s:s, s:s, s:s, s:f, s:I, s:I, s:s}", "stream", row->path, "state", row->state, "target",
                             row->target, "seconds", (double)row->state_us / 1e6, "bytes", (json_int_t)row->bytes,
                             "calls", (json_int_t)row->n_calls, "error", row->error);
    if (!legs) /* a rule that was added since the round began */
        json_decref(made);
    else
        question->failed |= !made || json_array_append_new(legs, made);
}

static void answer_list(struct question *question)
{
    json_t *items = json_array(), *row;
    const char *name;
    bool failed = question->failed || !items;
    json_object_foreach(question->rows, name, row) { failed |= json_array_append(items, row) != 0; }
    ph_api_say_page(question->exchange, &question->page, failed ? NULL : items);
    json_decref(items);
}

static void answer(struct question *question)
{
    struct ph_relay_request *request = &question->request;
    json_t *row = json_object_get(question->rows, request->name);
    switch (request->err) {
    case 0:
        if (question->is_list)
            answer_list(question);
        else if (request->order == PH_RELAY_LOOK && !row)
            ph_api_refuse(question->exchange, 404, "there is no push or pull of this name", NULL);
        else if (request->order == PH_RELAY_LOOK)
            ph_api_say(question->exchange, 200, question->failed ? NULL : json_incref(row));
        else if (request->order == PH_RELAY_ADD)
            ph_api_say(question->exchange, 201, json_pack("{s:s}", "name", request->name));
        else
            ph_exchange_answer(question->exchange, &(struct ph_http_answer){.status = 204});
        break;
    case -EINVAL:
        ph_api_refuse(question->exchange, 422, request->fault, NULL);
        break;
    case -EEXIST:
        ph_api_refuse(question->exchange, 409, "a push or pull of this name is there", NULL);
        break;
    case -ENOENT:
        ph_api_refuse(question->exchange, 404, "there is no push or pull of this name", NULL);
        break;
    case -ENOSPC:
        ph_api_refuse(question->exchange, 409, "there are as many pushes and pulls as there may be", NULL);
        break;
    default:
        ph_api_refuse(question->exchange, 503, "the server is out of memory", NULL);
    }
}

static void free_question(struct question *question)
{
    free(question->request.wanted.stream);
    free(question->request.wanted.url);
    json_decref(question->rows);
    free(question);
}

static void on_done(struct ph_relay_request *request)
{
    struct question *question = question_of(request);
    if (question->exchange)
        answer(question);
    free_question(question);
}

static void on_gone(void *user) { ((struct question *)user)->exchange = NULL; }

static struct question *make(struct ph_exchange *exchange, enum ph_relay_order order, struct rtmp_text name)
{
    struct question *question = calloc(1, sizeof *question);
    json_t *rows = json_object();
    if (!question || !rows || name.length >= sizeof question->request.name) {
        ph_api_refuse(exchange, question && rows ? 404 : 503,
                      question && rows ? "no push or pull has a name so long" : "the server is out of memory", NULL);
        json_decref(rows);
        free(question);
        return NULL;
    }
    question->exchange = exchange;
    question->rows = rows;
    question->request = (struct ph_relay_request){.order = order,
                                                  .home = ph_conn_loop(ph_exchange_conn(exchange)),
                                                  .rule = on_rule,
                                                  .leg = on_leg,
                                                  .done = on_done};
    if (name.length)
        memcpy(question->request.name, name.data, name.length);
    return question;
}

static void ask(const struct ph_api_call *call, struct question *question)
{
    ph_exchange_wait(question->exchange, on_gone, question);
    ph_relay_ask(call->api->relay, &question->request);
}

static void order(const struct ph_api_call *call, enum ph_relay_order what, struct rtmp_text name)
{
    struct question *question = make(call->exchange, what, name);
    if (question)
        ask(call, question);
}

/* Questions */

void ph_api_tell_relays(const struct ph_api_call *call)
{
    struct question *question = make(call->exchange, PH_RELAY_LOOK, (struct rtmp_text){0});
    if (!question)
        return;
    question->is_list = true;
    question->page = call->page;
    ask(call, question);
}

void ph_api_tell_relay(const struct ph_api_call *call) { order(call, PH_RELAY_LOOK, call->rest); }

void ph_api_remove_relay(const struct ph_api_call *call) { order(call, PH_RELAY_REMOVE, call->rest); }

/* Of "NAME/pause" the name. */
static struct rtmp_text first_of(struct rtmp_text rest)
{
    const char *slash = memchr(rest.data, '/', rest.length);
    return (struct rtmp_text){rest.data, slash ? (size_t)(slash - rest.data) : rest.length};
}

void ph_api_pause_relay(const struct ph_api_call *call) { order(call, PH_RELAY_PAUSE, first_of(call->rest)); }

void ph_api_resume_relay(const struct ph_api_call *call) { order(call, PH_RELAY_RESUME, first_of(call->rest)); }

/* "rtmp://a/x" or ["rtmp://a/x", "rtmp://b/x"]; NULL: neither, or no memory. */
static char *addresses_of(json_t *value)
{
    static const size_t cap = 8192;
    struct ph_text text;
    if (json_is_string(value))
        return strdup(json_string_value(value));
    char *made = json_is_array(value) ? malloc(cap) : NULL;
    if (!made)
        return NULL;
    ph_text_init(&text, made, cap);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *one = json_string_value(json_array_get(value, i));
        ph_text_add(&text, "%s%s", i ? "," : "", one ? one : "");
    }
    return made;
}

/* What is wrong with the order; NULL: nothing. */
static const char *read_order(json_t *asked, struct ph_relay_request *request)
{
    const char *name = json_string_value(json_object_get(asked, "name"));
    const char *push = json_string_value(json_object_get(asked, "push"));
    const char *pull = json_string_value(json_object_get(asked, "pull"));
    json_t *idle = json_object_get(asked, "idle_ms");
    if (!name || !name[0] || strlen(name) >= sizeof request->name || strchr(name, '/'))
        return "name: a push or pull needs one, of at most 128 characters without a slash";
    if (!push == !pull)
        return "say either push, with the stream that is sent, or pull, with the stream that is fetched";
    if (idle && (!json_is_integer(idle) || json_integer_value(idle) < 0 || json_integer_value(idle) > IDLE_MAX_MS))
        return "idle_ms: this is no number of milliseconds up to a day";
    memcpy(request->name, name, strlen(name) + 1);
    request->kind = push ? PH_RELAY_PUSH : PH_RELAY_PULL;
    request->wanted = (struct ph_relay_settings){
        .stream = strdup(push ? push : pull),
        .url = addresses_of(json_object_get(asked, push ? "to" : "from")),
        .enabled = true,
        .always = json_is_true(json_object_get(asked, "always")),
        .idle_ms = idle ? json_integer_value(idle) : IDLE_MS,
    };
    if (!request->wanted.url)
        return push ? "to: an address is missing" : "from: an address is missing";
    return request->wanted.stream ? NULL : "the server is out of memory";
}

void ph_api_add_relay(const struct ph_api_call *call)
{
    json_error_t why;
    const struct ph_request *request = call->request;
    json_t *asked = json_loadb((const char *)request->body, request->length, JSON_REJECT_DUPLICATES, &why);
    struct question *question = asked ? make(call->exchange, PH_RELAY_ADD, (struct rtmp_text){0}) : NULL;
    if (!asked)
        ph_api_refuse(call->exchange, 400, why.text, NULL);
    const char *fault = question ? read_order(asked, &question->request) : NULL;
    json_decref(asked);
    if (fault) {
        ph_api_refuse(call->exchange, 422, fault, NULL);
        free_question(question);
    } else if (question) {
        ask(call, question);
    }
}
