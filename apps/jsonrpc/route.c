/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FAULT = 256 };

/* What is read, and for whom. */
struct reading {
    struct ph_app *app;
    struct ph_rpc_route *route;
    const char **fault;
};

static int fail(const struct reading *reading, const char *name, const char *why)
{
    char words[FAULT];
    const struct ph_rpc_route *route = reading->route;
    bool is_own = route->prefix[0] || strcmp(name, "url") != 0; /* url stands in the section itself */
    snprintf(words, sizeof words, "%s%s%s%s: %s", is_own ? "options." : "", route->prefix, route->prefix[0] ? "." : "",
             name, why);
    const struct ph_values *values = reading->app->host->values;
    *reading->fault = values->text(values->new_text(reading->app, words), NULL);
    return PH_E_ARGUMENT;
}

/* The text of the option: of this route, or of the route of all. */
static const char *text_of(const struct reading *reading, const char *name)
{
    char whole[PH_RPC_PREFIX + 32];
    const struct ph_app_options_service *options = reading->app->host->options;
    snprintf(whole, sizeof whole, "%s.%s", reading->route->prefix, name);
    const char *own = reading->route->prefix[0] ? options->text(reading->app, whole) : NULL;
    const char *text = own ? own : options->text(reading->app, name);
    return text ? text : "";
}

static int read_number(const struct reading *reading, const char *name, uint32_t least, uint32_t most, uint32_t *number)
{
    char words[64];
    const char *text = text_of(reading, name);
    uint32_t value = 0;
    snprintf(words, sizeof words, "write a whole number from %u to %u", least, most);
    if (!ph_rpc_digits(&text, &value) || *text || value < least || value > most)
        return fail(reading, name, words);
    *number = value;
    return 0;
}

static int read_numbers(const struct reading *reading)
{
    struct ph_rpc_route *route = reading->route;
    const struct {
        const char *name;
        uint32_t least, most, *number;
    } rows[] = {
        {"timeout_ms", 1, 60000, &route->timeout_ms},
        {"connect_timeout_ms", 1, 60000, &route->connect_timeout_ms},
        {"reply_max", 1024, 1048576, &route->reply_max},
        {"in_flight", 1, 256, &route->in_flight},
        {"queue", 0, 100000, &route->queue},
        {"queue_wait_ms", 1, 60000, &route->queue_wait_ms},
        {"batch", 1, 50, &route->batch},
        {"breaker", 0, 1000000, &route->breaker},
        {"breaker_ms", 10, 600000, &route->breaker_ms},
    };
    int err = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !err; i++)
        err = read_number(reading, rows[i].name, rows[i].least, rows[i].most, rows[i].number);
    return err;
}

/* "unix:/run/app.sock:/rpc" */
static int read_url(const struct reading *reading)
{
    struct ph_rpc_route *route = reading->route;
    const char *text = text_of(reading, "url"), *colon = strncmp(text, "unix:", 5) == 0 ? strchr(text + 5, ':') : NULL;
    if (colon) {
        struct ph_rpc_text url = {0};
        ph_rpc_add(&url, "http://localhost");
        ph_rpc_add(&url, colon + 1);
        route->url = url.bytes;
        route->unix_socket = strndup(text + 5, (size_t)(colon - text - 5));
        return url.failed || !route->unix_socket ? PH_E_MEMORY : 0;
    }
    if (strncasecmp(text, "http://", 7) != 0 && strncasecmp(text, "https://", 8) != 0)
        return fail(reading, "url", "write http://HOST/PATH, https://HOST/PATH or unix:/PATH/OF.SOCK:/PATH");
    route->url = strdup(text);
    return route->url ? 0 : PH_E_MEMORY;
}

/* The next part of "a | b", without blanks around it; NULL: that was the last. The caller frees it. */
static char *next_part(const char **at)
{
    while (**at == ' ' || **at == '|')
        ++*at;
    size_t length = strcspn(*at, "|");
    const char *from = *at;
    *at += length;
    while (length && from[length - 1] == ' ')
        length--;
    return length ? strndup(from, length) : NULL;
}

static int read_headers(const struct reading *reading)
{
    struct ph_rpc_route *route = reading->route;
    const char *at = text_of(reading, "headers");
    for (char *part; (part = next_part(&at));) {
        if (route->n_headers == PH_RPC_HEADERS || !strchr(part, ':')) {
            free(part);
            return fail(reading, "headers", "write at most 16 as Name: value | Name: value");
        }
        route->header[route->n_headers++] = part;
    }
    return 0;
}

static int read_statuses(const struct reading *reading)
{
    struct ph_rpc_route *route = reading->route;
    const char *at = text_of(reading, "status_map");
    for (char *part; (part = next_part(&at));) {
        const char *code = part;
        uint32_t status = 0;
        bool is_good = ph_rpc_digits(&code, &status) && status >= 300 && status <= 599;
        code += strspn(code, " ");
        char *kept = is_good && *code ? strdup(code) : NULL;
        free(part);
        if (route->n_statuses == PH_RPC_STATUSES || !kept) {
            free(kept);
            return fail(reading, "status_map", "write at most 16 as 403 Some.Code | 429 Other.Code");
        }
        route->status[route->n_statuses].status = (int)status;
        route->status[route->n_statuses++].code = kept;
    }
    return 0;
}

/* Files are named relative to the folder of the configuration. */
static int read_file(const struct reading *reading, const char *name, const char **file)
{
    const char *text = text_of(reading, name);
    const char *path = text[0] ? reading->app->host->options->path(reading->app, text) : NULL;
    *file = path ? strdup(path) : NULL;
    return text[0] && !*file ? PH_E_MEMORY : 0;
}

static int read_route(const struct reading *reading)
{
    int err = read_url(reading);
    err = err ? err : read_numbers(reading);
    err = err ? err : read_headers(reading);
    err = err ? err : read_statuses(reading);
    err = err ? err : read_file(reading, "ca", &reading->route->ca);
    err = err ? err : read_file(reading, "certificate", &reading->route->certificate);
    return err ? err : read_file(reading, "key", &reading->route->key);
}

static bool has_route(const struct ph_rpc_routes *routes, const char *prefix, size_t length)
{
    for (size_t i = 0; i < routes->n; i++)
        if (strlen(routes->route[i].prefix) == length && memcmp(routes->route[i].prefix, prefix, length) == 0)
            return true;
    return false;
}

/* A route for each prefix that an option has. */
static int find_routes(struct ph_app *app, struct ph_rpc_routes *routes, const char **fault)
{
    const char *name, *text;
    routes->n = 1;
    for (size_t i = 0; app->host->options->at(app, i, &name, &text); i++) {
        const char *dot = strrchr(name, '.');
        size_t length = dot ? (size_t)(dot - name) : 0;
        if (!dot || has_route(routes, name, length))
            continue;
        if (routes->n == PH_RPC_ROUTES || length > PH_RPC_PREFIX || length == 0) {
            *fault = "options: at most 15 prefixes of 1 to 128 characters may have options of their own";
            return PH_E_ARGUMENT;
        }
        memcpy(routes->route[routes->n++].prefix, name, length);
    }
    return 0;
}

int ph_rpc_routes_load(struct ph_app *app, struct ph_rpc_routes *routes, const char **fault)
{
    *fault = "out of memory";
    routes->route = calloc(PH_RPC_ROUTES, sizeof *routes->route);
    int err = routes->route ? find_routes(app, routes, fault) : PH_E_MEMORY;
    for (size_t i = 0; i < routes->n && !err; i++) {
        struct ph_rpc_route *route = &routes->route[i];
        const struct reading reading = {app, route, fault};
        for (int class = 0; class < PH_RPC_CLASSES; class ++)
            ph_rpc_line_init(&route->line[class], app->state, route, class == PH_RPC_NOTES);
        err = read_route(&reading);
    }
    return err;
}

static void finish_route(struct ph_rpc_route *route)
{
    const char *const texts[] = {route->url, route->unix_socket, route->ca, route->certificate, route->key};
    for (int class = 0; class < PH_RPC_CLASSES; class ++)
        ph_rpc_line_finish(&route->line[class]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free((char *)(uintptr_t)texts[i]);
    for (size_t i = 0; i < route->n_headers; i++)
        free(route->header[i]);
    for (size_t i = 0; i < route->n_statuses; i++)
        free(route->status[i].code);
}

void ph_rpc_routes_finish(struct ph_rpc_routes *routes)
{
    for (size_t i = 0; i < routes->n; i++)
        finish_route(&routes->route[i]);
    free(routes->route);
    *routes = (struct ph_rpc_routes){0};
}

struct ph_rpc_route *ph_rpc_route_of(struct ph_rpc_routes *routes, const char *name)
{
    struct ph_rpc_route *best = &routes->route[0];
    for (size_t i = 1; i < routes->n; i++) {
        struct ph_rpc_route *route = &routes->route[i];
        size_t length = strlen(route->prefix);
        if (strncmp(name, route->prefix, length) == 0 && (name[length] == '\0' || name[length] == '.') &&
            length > strlen(best->prefix))
            best = route;
    }
    return best;
}
