/* SPDX-License-Identifier: MIT */
/* Which route a request goes to. */
#include "gate/http/http.h"

#include <string.h>

#include "base/text.h"
#include "gate/http/exchange.h"

static bool wants_websocket(const struct ph_http_head *head)
{
    struct rtmp_text connection = ph_http_field(head, "Connection"), wanted = ph_http_field(head, "Upgrade");
    return connection.data && wanted.data && ph_http_list_has(connection, "upgrade") &&
           ph_http_list_has(wanted, "websocket");
}

static const struct {
    const char *name;
    unsigned method;
} methods[] = {{"GET", PH_HTTP_GET},
               {"HEAD", PH_HTTP_GET},
               {"POST", PH_HTTP_POST},
               {"PUT", PH_HTTP_PUT},
               {"DELETE", PH_HTTP_DELETE}};

static unsigned method_of(struct rtmp_text name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (rtmp_text_is(name, methods[i].name))
            return methods[i].method;
    return 0;
}

/* "Allow: GET, HEAD, OPTIONS" */
static void write_allow(struct ph_text *text, unsigned allowed)
{
    ph_text_add(text, "Allow: ");
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].method & allowed)
            ph_text_add(text, "%s, ", methods[i].name);
    ph_text_add(text, "OPTIONS\r\n");
}

static void answer_other(struct ph_exchange *exchange, const struct ph_request *request, const struct ph_route *route)
{
    char allow[128];
    struct ph_text text;
    ph_text_init(&text, allow, sizeof allow);
    write_allow(&text, route->answer ? route->methods : PH_HTTP_GET);
    if (rtmp_text_is(request->head->method, "OPTIONS"))
        ph_exchange_answer(exchange, &(struct ph_http_answer){.status = 204, .fields = allow});
    else
        ph_exchange_refuse_with(exchange, 405, allow, "this method is not known here");
}

void ph_http_ask(struct ph_exchange *exchange, const struct ph_request *asked)
{
    struct ph_request request = *asked;
    const struct ph_route *route = ph_route_find(&exchange->gate->routes, request.head->path, &request.rest);
    request.method = method_of(request.head->method);
    if (!route)
        ph_exchange_refuse(exchange, 404, "there is nothing here");
    else if (!ph_http_host_is_allowed(exchange->gate, ph_http_field(request.head, "Host")))
        ph_exchange_refuse_with(exchange, 421, "", "this door is asked as localhost, or by an address");
    else if (request.method == PH_HTTP_GET && route->open && wants_websocket(request.head))
        ph_http_upgrade(exchange, &request, route);
    else if (request.method == PH_HTTP_GET && !route->answer)
        ph_exchange_refuse_with(exchange, 426, "Upgrade: websocket\r\n", "this address speaks WebSocket");
    else if (!(request.method & route->methods))
        answer_other(exchange, &request, route);
    else
        route->answer(route->user, exchange, &request);
}

bool ph_http_host_is_allowed(const struct ph_http_gate *gate, struct rtmp_text host)
{
    bool is_address = host.length > 0;
    if (!gate->is_local || !host.data)
        return true;
    for (size_t i = 0; i < host.length; i++)
        is_address &= strchr("0123456789abcdefABCDEF.:[]", host.data[i]) && host.data[i];
    const char *colon = memchr(host.data, ':', host.length);
    size_t name = colon ? (size_t)(colon - host.data) : host.length;
    bool has_dot_or_bracket = memchr(host.data, '[', host.length) || memchr(host.data, '.', host.length);
    return (is_address && has_dot_or_bracket) || rtmp_text_is((struct rtmp_text){host.data, name}, "localhost");
}
