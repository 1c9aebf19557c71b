/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/jsonrpc/dialect.h"
#include "apps/jsonrpc/proxy.h"

static const struct {
    const char *code, *words;
} failures[] = {
    [PH_RPC_TIMEOUT] = {"Backend.Timeout", "The backend did not answer in time; it may have heard the request."},
    [PH_RPC_UNKNOWN] = {"Backend.Unknown", "The connection to the backend broke; it may have heard the request."},
    [PH_RPC_UNREACHABLE] = {"Backend.Unreachable", "The backend could not be reached."},
    [PH_RPC_OVERLOADED] = {"Backend.Overloaded", "The backend has too much to do; try again later."},
    [PH_RPC_CLOSED] = {"Backend.Closed", "The backend has failed too often; try again later."},
    [PH_RPC_STATUS] = {"Backend.Status", "The backend answered without success."},
    [PH_RPC_BAD] = {"Backend.BadReply", "What the backend answered is no answer."},
};

const char *ph_rpc_code(enum ph_rpc_outcome outcome) { return failures[outcome].code; }

const char *ph_rpc_words(enum ph_rpc_outcome outcome) { return failures[outcome].words; }

const char *ph_rpc_json(struct ph_rpc_proxy *proxy, const struct ph_value *value)
{
    const struct ph_values *values = proxy->host->values;
    return proxy->is_strict ? values->to_strict_json(proxy->app, value, NULL)
                            : values->to_json(proxy->app, value, NULL);
}

static void add_text(struct ph_rpc_proxy *proxy, struct ph_rpc_text *body, const char *text)
{
    const struct ph_values *values = proxy->host->values;
    ph_rpc_add(body, values->to_json(proxy->app, values->new_text(proxy->app, text), NULL));
}

static void write_jsonrpc(struct ph_rpc_request *request, const char *room, const char *method,
                          const struct ph_value *args)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    struct ph_rpc_text *body = &request->body;
    ph_rpc_add(body, "{\"jsonrpc\":\"2.0\",");
    if (!request->is_notification) {
        ph_rpc_add(body, "\"id\":\"");
        ph_rpc_add(body, request->id);
        ph_rpc_add(body, "\",");
    }
    ph_rpc_add(body, "\"method\":");
    add_text(proxy, body, method);
    ph_rpc_add(body, ",\"params\":{\"args\":[");
    for (size_t i = 0; i < proxy->host->values->count(args); i++) {
        ph_rpc_add(body, i ? "," : "");
        ph_rpc_add(body, ph_rpc_json(proxy, proxy->host->values->at(args, i)));
    }
    ph_rpc_add(body, "],\"session\":");
    ph_rpc_session_tell(proxy, request->session, room, body);
    ph_rpc_add(body, "}}");
}

struct ph_rpc_request *ph_rpc_request_create(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, int hook,
                                             const char *room, const char *method, const struct ph_value *args,
                                             bool is_notification)
{
    struct ph_rpc_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->proxy = proxy;
    request->session = session;
    request->hook = hook;
    request->member = session->member;
    request->is_notification = is_notification;
    snprintf(request->id, sizeof request->id, "%s.%llu", proxy->node, (unsigned long long)++proxy->n_requests);
    proxy->dialect->write(request, room, method, args);
    if (request->body.failed) {
        ph_rpc_request_free(request);
        return NULL;
    }
    return request;
}

void ph_rpc_request_free(struct ph_rpc_request *request)
{
    if (!request)
        return;
    free(request->body.bytes);
    free(request);
}

static bool is_text(const struct ph_values *values, const struct ph_value *value, const char *text)
{
    return values->type(value) == PH_STRING && strcmp(values->text(value, NULL), text) == 0;
}

static bool is_error(const struct ph_values *values, const struct ph_value *error)
{
    return values->type(error) == PH_OBJECT && values->type(values->get(error, "message")) == PH_STRING;
}

static const struct ph_value *parse_jsonrpc(struct ph_rpc_proxy *proxy, const char *body, size_t length)
{
    const struct ph_values *values = proxy->host->values;
    return proxy->is_strict ? values->from_strict_json(proxy->app, body, length, NULL)
                            : values->from_json(proxy->app, body, length, NULL);
}

/* Of a batch, that with its id. */
static const struct ph_value *answer_of(const struct ph_rpc_request *request, const struct ph_value *answers)
{
    const struct ph_values *values = request->proxy->host->values;
    for (size_t i = 0; values->type(answers) == PH_ARRAY && i < values->count(answers); i++)
        if (is_text(values, values->get(values->at(answers, i), "id"), request->id))
            return values->at(answers, i);
    return answers;
}

static struct ph_rpc_reply read_jsonrpc(const struct ph_rpc_request *request, int status, const struct ph_value *http,
                                        const struct ph_value *answers)
{
    const struct ph_values *values = request->proxy->host->values;
    const struct ph_value *answer = answer_of(request, answers);
    const struct ph_value *result = values->get(answer, "result"), *error = values->get(answer, "error");
    (void)http;
    if (ph_rpc_is_failure(status))
        return (struct ph_rpc_reply){.outcome = PH_RPC_STATUS};
    if (request->is_notification)
        return (struct ph_rpc_reply){.outcome = PH_RPC_RESULT};
    if (values->type(error) == PH_NULL) /* some say both */
        error = NULL;
    if (error)
        result = NULL;
    bool is_good = is_text(values, values->get(answer, "jsonrpc"), "2.0") &&
                   is_text(values, values->get(answer, "id"), request->id) && (result || error) &&
                   (!error || is_error(values, error));
    if (!is_good)
        return (struct ph_rpc_reply){.outcome = PH_RPC_BAD};
    return (struct ph_rpc_reply){.outcome = error ? PH_RPC_ERROR : PH_RPC_RESULT, .value = error ? error : result};
}

const struct ph_rpc_dialect ph_rpc_dialect_jsonrpc = {.name = "jsonrpc",
                                                      .header = "Content-Type: application/json",
                                                      .hooks = (1U << PH_RPC_HOOKS) - 1,
                                                      .has_calls = true,
                                                      .write = write_jsonrpc,
                                                      .parse = parse_jsonrpc,
                                                      .read = read_jsonrpc};
