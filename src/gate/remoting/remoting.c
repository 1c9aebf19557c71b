/* SPDX-License-Identifier: MIT */
#include "gate/remoting/remoting.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/letter.h"
#include "app/seat.h"
#include "app/theatre.h"
#include "base/text.h"
#include "gate/remoting/envelope.h"
#include "net/address.h"
#include "net/conn.h"

enum { FIELDS_TEXT = 256, PATH_TEXT = 300 };

/* One POST. */
struct visit {
    const struct ph_remoting_gate *gate;
    struct ph_exchange *exchange;
    struct ph_seat *seat;
    struct rtmp_arena arena; /* of the envelope */
    struct ph_amf_envelope envelope;
    bool is_answered[PH_LIMIT_REMOTING_CALLS];
    size_t n_answered;
    struct rtmp_buffer reply;
    char path[PATH_TEXT];
    char address[PH_ADDRESS_TEXT];
};

static void discard(struct visit *visit)
{
    ph_seat_close(visit->seat, PH_REASON_LEFT);
    rtmp_buffer_finish(&visit->reply);
    rtmp_arena_finish(&visit->arena);
    free(visit);
}

static void on_gone(void *user) { discard(user); }

static void say(struct visit *visit)
{
    char fields[FIELDS_TEXT];
    struct ph_text text;
    ph_text_init(&text, fields, sizeof fields);
    ph_text_add(&text, "Cache-Control: no-store\r\n");
    if (visit->gate->cors[0])
        ph_text_add(&text, "Access-Control-Allow-Origin: %s\r\n", visit->gate->cors);
    ph_exchange_answer(visit->exchange, &(struct ph_http_answer){.status = 200,
                                                                 .type = "application/x-amf",
                                                                 .fields = fields,
                                                                 .body = visit->reply.data,
                                                                 .length = visit->reply.length});
    discard(visit);
}

static void refuse(struct visit *visit, unsigned status, const char *why)
{
    struct ph_exchange *exchange = visit->exchange;
    discard(visit);
    ph_exchange_refuse(exchange, status, why);
}

/* Answers; the last one ends the visit */

static const struct rtmp_value *status_of(const struct ph_refusal *refusal, struct rtmp_arena *arena)
{
    struct rtmp_value *status = rtmp_value_new_object(arena);
    const struct {
        const char *name, *text;
    } rows[] = {{"level", "error"},
                {"code", refusal->code ? refusal->code : "NetConnection.Call.Failed"},
                {"description", refusal->description ? refusal->description : "The call was refused."}};
    for (size_t i = 0; i < PH_COUNT(rows); i++)
        if (rtmp_value_set(arena, status, rows[i].name,
                           rtmp_value_new_string(arena, rows[i].text, strlen(rows[i].text))))
            return NULL;
    return status;
}

/* False: the visit is over. */
static bool answer(struct visit *visit, size_t i, const struct rtmp_value *value, const struct ph_refusal *refusal)
{
    static const struct ph_refusal unsaid = {.description = "The answer cannot be said in AMF."};
    const struct ph_amf_call *call = &visit->envelope.call[i];
    struct rtmp_arena arena;
    if (i >= visit->envelope.n || visit->is_answered[i])
        return true;
    visit->is_answered[i] = true;
    visit->n_answered++;
    rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    if (refusal)
        value = status_of(refusal, &arena);
    int rc = ph_amf_reply_add(&visit->reply, &visit->envelope, call, refusal, value);
    if (rc)
        rc = ph_amf_reply_add(&visit->reply, &visit->envelope, call, true, status_of(&unsaid, &arena));
    rtmp_arena_finish(&arena);
    bool is_over = rc || visit->n_answered == visit->envelope.n;
    if (rc)
        refuse(visit, 503, "the answers are too long");
    else if (is_over)
        say(visit);
    return !is_over;
}

static void on_result(void *user, double id, const struct rtmp_value *value, const struct ph_refusal *refusal)
{
    (void)answer(user, (size_t)id - 1, value, refusal);
}

/* All that have no answer yet get this one. */
static void on_refused(void *user, const struct ph_refusal *refusal)
{
    struct visit *visit = user;
    bool goes_on = true;
    for (size_t i = 0; goes_on; i++)
        goes_on = answer(visit, i, NULL, refusal);
}

static void on_welcome(void *user, const struct ph_welcome *welcome)
{
    static const struct ph_refusal full = {.error = PH_E_MEMORY, .description = "The server is out of memory."};
    struct visit *visit = user;
    int err = 0;
    (void)welcome;
    for (size_t i = 0; i < visit->envelope.n && !err; i++) {
        const struct ph_amf_call *call = &visit->envelope.call[i];
        err = ph_seat_call(visit->seat, (double)i + 1, call->method, call->arguments);
    }
    if (err)
        on_refused(visit, &full);
}

static int take_seat(struct visit *visit, const struct ph_application *app)
{
    static const struct ph_seat_events events = {
        .welcome = on_welcome, .refused = on_refused, .result = on_result, .kicked = on_refused};
    struct ph_conn *conn = ph_exchange_conn(visit->exchange);
    ph_address_text(ph_conn_peer(conn), visit->address);
    const struct ph_seat_request request = {.app = app,
                                            .path = visit->path,
                                            .query = "",
                                            .protocol = "remoting",
                                            .address = visit->address,
                                            .properties = visit->envelope.headers,
                                            .form = PH_PARCEL_AMF0,
                                            .events = &events,
                                            .user = visit};
    return ph_seat_open(visit->gate->theatre, ph_conn_loop(conn), &request, &visit->seat);
}

/* Requests */

static struct visit *make(const struct ph_remoting_gate *gate, struct ph_exchange *exchange)
{
    struct visit *visit = calloc(1, sizeof *visit);
    if (!visit)
        return NULL;
    visit->gate = gate;
    visit->exchange = exchange;
    rtmp_arena_init(&visit->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    rtmp_buffer_init(&visit->reply, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    return visit;
}

static const struct ph_application *find_app(const struct ph_remoting_gate *gate, struct rtmp_text path)
{
    const struct ph_application *app = path.length < PATH_TEXT ? ph_apps_find(gate->apps, path.data, path.length)
                                                               : NULL;
    return app && app->settings.remoting && gate->theatre && ph_theatre_find(gate->theatre, app) ? app : NULL;
}

void ph_remoting_answer(void *user, struct ph_exchange *exchange, const struct ph_request *request)
{
    const struct ph_remoting_gate *gate = user;
    const struct ph_application *app = find_app(gate, request->rest);
    struct visit *visit = app ? make(gate, exchange) : NULL;
    if (!visit) {
        ph_exchange_refuse(exchange, app ? 503 : 404,
                           app ? "the server is out of memory" : "no application takes remoting calls at this address");
        return;
    }
    if (!rtmp_text_is(ph_http_field(request->head, "Content-Type"), "application/x-amf")) {
        discard(visit); /* a page of another host may post other types without asking */
        ph_exchange_refuse(exchange, 415, "send application/x-amf");
        return;
    }
    memcpy(visit->path, request->rest.data, request->rest.length);
    ph_exchange_wait(exchange, on_gone, visit);
    if (ph_amf_envelope_read(request->body, request->length, &visit->arena, &visit->envelope))
        refuse(visit, 400, "this is no AMF envelope, or a limit is reached: docs/limits.md");
    else if (ph_amf_reply_begin(&visit->reply, &visit->envelope))
        refuse(visit, 503, "the server is out of memory");
    else if (visit->envelope.n == 0)
        say(visit);
    else if (take_seat(visit, app))
        refuse(visit, 503, "the server is out of memory");
}
