/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/options.h"

#include <stdlib.h>
#include <string.h>

#include "apps/jsonrpc/dialect.h"
#include "apps/jsonrpc/proxy.h"

const struct ph_app_option ph_rpc_options[PH_RPC_OPTIONS] = {
    /* of each route */
    {"url", PH_TEXT_OPTION, "", "Of the backend: http, https, or unix:/path/of.sock:/path."},
    {"timeout_ms", PH_NUMBER_OPTION, "1000", "For an answer, from 1 to 60000."},
    {"connect_timeout_ms", PH_NUMBER_OPTION, "500", "For the connection, from 1 to 60000."},
    {"reply_max", PH_NUMBER_OPTION, "65536", "Bytes of one answer, from 1024 to 1048576."},
    {"in_flight", PH_NUMBER_OPTION, "64",
     "Requests of one kind at once, from 1 to 256; calls, decisions and notices are "
     "the kinds."},
    {"queue", PH_NUMBER_OPTION, "5000", "Requests of one kind that wait, from 0 to 100000; the next one fails."},
    {"queue_wait_ms", PH_NUMBER_OPTION, "5000", "For their turn, from 1 to 60000; then they fail."},
    {"batch", PH_NUMBER_OPTION, "1", "Requests in one POST, from 1 to 50, if so many wait."},
    {"breaker", PH_NUMBER_OPTION, "10", "After so many failures in a row nothing is sent for breaker_ms; 0: never."},
    {"breaker_ms", PH_NUMBER_OPTION, "1000", "Then one request goes to find out. From 10 to 600000."},
    {"headers", PH_TEXT_OPTION, "", "That every request carries: Name: value | Name: value."},
    {"status_map", PH_TEXT_OPTION, "", "What a status of HTTP means to clients: 403 Shop.Closed | 429 Shop.Busy."},
    {"ca", PH_TEXT_OPTION, "", "File of the certificates that are trusted, in PEM; empty: the system's."},
    {"certificate", PH_TEXT_OPTION, "", "File of the certificate that is shown to the backend, in PEM."},
    {"key", PH_TEXT_OPTION, "", "File of its key."},
    /* of the application */
    {"dialect", PH_TEXT_OPTION, "jsonrpc",
     "What the backend speaks: jsonrpc; srs or nginx, as the callbacks of SRS and nginx-rtmp."},
    {"hooks", PH_TEXT_OPTION,
     "connect, createRoom, enterRoom, publish, play, refresh, disconnect, leaveRoom, destroyRoom, drop, resume, "
     "unpublish, stop, sessions",
     "What the backend is asked and told; a decision that is left out is accepted."},
    {"insecure_open", PH_TEXT_OPTION, "", "Decisions that are accepted when the backend fails: connect, publish …"},
    {"include", PH_TEXT_OPTION, "",
     "What requests tell of a session beyond the usual: path, query, properties, "
     "arguments."},
    {"strict", PH_BOOLEAN_OPTION, "off", "Values in the strict form, in which nothing is lost: docs/values.md."},
    {"concurrent", PH_BOOLEAN_OPTION, "off", "Calls of one client may overlap; off keeps their order."},
    {"notices", PH_NUMBER_OPTION, "10000", "That wait for the backend, from 1 to 1000000; more are dropped."},
    {"sessions_ms", PH_NUMBER_OPTION, "60000", "Between two lists of all sessions; 0: none."},
};

static int fail(const struct ph_rpc_proxy *proxy, const char *name, const char *why, const char **fault)
{
    const struct ph_values *values = proxy->host->values;
    struct ph_rpc_text words = {0};
    ph_rpc_add(&words, name);
    ph_rpc_add(&words, ": ");
    ph_rpc_add(&words, why);
    *fault = values->text(values->new_text(proxy->app, words.failed ? why : words.bytes), NULL);
    free(words.bytes);
    return PH_E_ARGUMENT;
}

/* Names of a list, "a, b", as bits of their places in `names`; false: *wrong is none of them. */
static bool read_bits(const char *list, const char *const *names, size_t n, size_t cut, unsigned *bits)
{
    *bits = 0;
    for (const char *at = list; *(at += strspn(at, " ,"));) {
        size_t length = strcspn(at, " ,"), i = 0;
        while (i < n && !(strlen(names[i] + cut) == length && memcmp(names[i] + cut, at, length) == 0))
            i++;
        if (i == n)
            return false;
        *bits |= 1U << i;
        at += length;
    }
    return true;
}

static bool is_known(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < (dot ? PH_RPC_ROUTE_OPTIONS : PH_RPC_OPTIONS); i++)
        if (strcmp(ph_rpc_options[i].name, dot ? dot + 1 : name) == 0)
            return true;
    return false;
}

static int read_secrets(struct ph_rpc_proxy *proxy, const char **fault)
{
    const char *secrets = proxy->host->options->text(proxy->app, "secrets");
    const char *why = secrets ? ph_rpc_signer_add(&proxy->signer, secrets) : NULL;
    return why ? fail(proxy, "secrets", why, fault) : 0;
}

static const struct ph_rpc_dialect *find_dialect(const char *name)
{
    const struct ph_rpc_dialect *const all[] = {&ph_rpc_dialect_jsonrpc, &ph_rpc_dialect_srs, &ph_rpc_dialect_nginx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

static int read_own(struct ph_rpc_proxy *proxy, const char **fault)
{
    static const char *const includes[] = {"path", "query", "properties", "arguments"};
    struct ph_app *app = proxy->app;
    const struct ph_app_options_service *service = app->host->options;
    double notices = service->number(app, "notices"), sessions_ms = service->number(app, "sessions_ms");
    if (!read_bits(service->text(app, "hooks"), ph_rpc_hook_names, PH_RPC_HOOKS, 1, &proxy->hooks))
        return fail(proxy, "options.hooks", "write names of hooks without $: connect, publish, disconnect", fault);
    if (!read_bits(service->text(app, "insecure_open"), ph_rpc_hook_names, PH_RPC_REFRESH + 1, 1, &proxy->open))
        return fail(proxy, "options.insecure_open", "write names of decisions: connect, enterRoom, publish, play",
                    fault);
    if (!read_bits(service->text(app, "include"), includes, 4, 0, &proxy->include))
        return fail(proxy, "options.include", "write of these: path, query, properties, arguments", fault);
    if (!(notices >= 1 && notices <= 1e6))
        return fail(proxy, "options.notices", "write a number from 1 to 1000000", fault);
    if (!(sessions_ms >= 0 && sessions_ms <= 1e9))
        return fail(proxy, "options.sessions_ms", "write milliseconds, or 0", fault);
    proxy->dialect = find_dialect(service->text(app, "dialect"));
    if (!proxy->dialect)
        return fail(proxy, "options.dialect", "write jsonrpc, srs or nginx", fault);
    proxy->hooks &= proxy->dialect->hooks;
    proxy->outbox.cap = (uint32_t)notices;
    proxy->sessions_ms = (uint32_t)sessions_ms;
    proxy->is_strict = service->boolean(app, "strict");
    return read_secrets(proxy, fault);
}

int ph_rpc_options_read(struct ph_rpc_proxy *proxy, const char **fault)
{
    const char *name, *text;
    for (size_t i = 0; proxy->host->options->at(proxy->app, i, &name, &text); i++)
        if (!is_known(name))
            return fail(proxy, name, "the type jsonrpc has no such option; docs/jsonrpc.md lists them", fault);
    int error = ph_rpc_routes_load(proxy->app, &proxy->routes, fault);
    return error ? error : read_own(proxy, fault);
}
