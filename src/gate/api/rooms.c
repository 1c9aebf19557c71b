/* SPDX-License-Identifier: MIT */
/* /api/v1/apps/NAME/hall, /api/v1/apps/NAME/rooms and /api/v1/apps/NAME/rooms/ROOM: docs/api.md. */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/inspect.h"
#include "app/theatre.h"
#include "gate/api/census.h"
#include "net/conn.h"

struct question {
    struct ph_inspection inspection;
    struct ph_exchange *exchange; /* NULL: who asked has left */
    struct ph_page page;
};

static void answer(struct question *question)
{
    const struct ph_inspection *inspection = &question->inspection;
    if (!inspection->is_found)
        ph_api_refuse(question->exchange, 404, "there is no such room", NULL);
    else if (inspection->ends)
        ph_exchange_answer(question->exchange, &(struct ph_http_answer){.status = 204});
    else if (inspection->all && inspection->told)
        ph_api_say_page(question->exchange, &question->page, inspection->told);
    else
        ph_api_say(question->exchange, 200, json_incref(inspection->told));
}

static void on_done(struct ph_inspection *inspection)
{
    struct question *question = ph_container_of(inspection, struct question, inspection);
    if (question->exchange)
        answer(question);
    json_decref(inspection->told);
    free(question);
}

static void on_gone(void *user) { ((struct question *)user)->exchange = NULL; }

/* "rooms", "rooms/ROOM" or "hall"; false: there is no such thing. */
static bool read_rest(struct rtmp_text rest, struct ph_inspection *inspection)
{
    static const char prefix[] = "rooms/";
    size_t cut = sizeof prefix - 1;
    inspection->all = rtmp_text_is(rest, "rooms");
    if (inspection->all || rtmp_text_is(rest, "hall"))
        return true;
    if (rest.length <= cut || rest.length - cut >= sizeof inspection->room || memcmp(rest.data, prefix, cut) != 0)
        return false;
    memcpy(inspection->room, rest.data + cut, rest.length - cut);
    return true;
}

static void begin(const struct ph_api_call *call, bool ends)
{
    const struct ph_api *api = call->api;
    struct ph_exchange *exchange = call->exchange;
    struct rtmp_text rest = call->rest;
    const char *slash = memchr(rest.data, '/', rest.length);
    size_t length = slash ? (size_t)(slash - rest.data) : rest.length;
    const struct ph_application *app = ph_apps_find(api->apps, rest.data, length);
    struct ph_instance *instance = app && api->theatre ? ph_theatre_find(api->theatre, app) : NULL;
    struct question *question = calloc(1, sizeof *question);
    bool is_known = question && slash &&
                    read_rest((struct rtmp_text){slash + 1, rest.length - length - 1}, &question->inspection);
    if (!is_known || !instance || (ends && !question->inspection.room[0])) {
        ph_api_refuse(exchange, question ? 404 : 503,
                      !question   ? "the server is out of memory"
                      : !instance ? "there is no application with rooms of this name"
                                  : "there is nothing here",
                      NULL);
        free(question);
        return;
    }
    question->exchange = exchange;
    question->page = call->page;
    question->inspection.instance = instance;
    question->inspection.home = ph_conn_loop(ph_exchange_conn(exchange));
    question->inspection.ends = ends;
    question->inspection.done = on_done;
    ph_exchange_wait(exchange, on_gone, question);
    ph_inspect(&question->inspection);
}

void ph_api_tell_rooms(const struct ph_api_call *call) { begin(call, false); }

void ph_api_close_room(const struct ph_api_call *call) { begin(call, true); }
