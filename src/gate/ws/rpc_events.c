/* SPDX-License-Identifier: MIT */
/* What the application says to a client of the JSON gate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/json.h"
#include "app/theatre.h"
#include "base/text.h"
#include "gate/ws/rpc_session.h"

/* Writing a message; errors stick */

struct message {
    struct rtmp_buffer *text;
    int rc;
};

static struct message begin(struct rpc_session *session)
{
    struct message message = {.text = &session->home->text};
    rtmp_buffer_clear(message.text);
    return message;
}

static void add(struct message *message, const char *words)
{
    message->rc = message->rc ? message->rc : rtmp_buffer_append(message->text, words, strlen(words));
}

static void add_text(struct message *message, const char *words)
{
    message->rc = message->rc ? message->rc : ph_json_write_text(words, strlen(words), message->text);
}

static void add_value(struct message *message, const struct rtmp_value *value)
{
    message->rc = message->rc ? message->rc : ph_json_write(value, message->text);
}

static void add_number(struct message *message, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    add(message, text);
}

static void finish(struct rpc_session *session, struct message *message)
{
    if (message->rc == 0)
        rpc_send(session, message->text->data, message->text->length);
}

/* {"code": ..., "application": ...} */
static void add_refusal(struct message *message, const struct ph_refusal *refusal)
{
    add(message, "{\"code\":");
    add_text(message, refusal->code ? refusal->code : "");
    if (refusal->application) {
        add(message, ",\"application\":");
        add_value(message, refusal->application);
    }
    if (refusal->redirect) {
        add(message, ",\"redirect\":");
        add_text(message, refusal->redirect);
    }
    add(message, "}");
}

void rpc_send_error(struct rpc_session *session, const char *id, int code, const char *words,
                    const struct ph_refusal *refusal)
{
    char number[16];
    struct message message = begin(session);
    if (!id[0])
        return;
    snprintf(number, sizeof number, "%d", code);
    add(&message, "{\"jsonrpc\":\"2.0\",\"id\":");
    add(&message, id);
    add(&message, ",\"error\":{\"code\":");
    add(&message, number);
    add(&message, ",\"message\":");
    add_text(&message, words);
    if (refusal) {
        add(&message, ",\"data\":");
        add_refusal(&message, refusal);
    }
    add(&message, "}}");
    finish(session, &message);
}

/* Coming in */

static void add_welcome(struct message *message, const struct ph_welcome *welcome)
{
    char id[2 * sizeof(ph_member_id) + 1];
    snprintf(id, sizeof id, "%llx", (unsigned long long)welcome->member);
    add(message, "{\"member\":");
    add_text(message, id);
    add(message, ",\"room\":");
    add_text(message, welcome->room);
    add(message, ",\"user\":");
    add_text(message, welcome->user);
    add(message, ",\"data\":");
    add_value(message, welcome->data);
    add(message, ",\"token\":");
    add_text(message, welcome->token);
    add(message, ",\"seq\":");
    add_number(message, welcome->sequence);
    add(message, welcome->is_resumed ? ",\"resumed\":true" : ",\"resumed\":false");
    add(message, welcome->is_complete ? ",\"complete\":true}" : ",\"complete\":false}");
}

static void send_welcome(struct rpc_session *session, const struct ph_welcome *welcome, const char *method)
{
    struct message message = begin(session);
    if (session->connect.id) {
        add(&message, "{\"jsonrpc\":\"2.0\",\"id\":");
        add(&message, session->connect.id);
        add(&message, ",\"result\":");
    } else {
        add(&message, "{\"jsonrpc\":\"2.0\",\"method\":");
        add_text(&message, method);
        add(&message, ",\"params\":");
    }
    add_welcome(&message, welcome);
    add(&message, "}");
    finish(session, &message);
    free(session->connect.id);
    session->connect.id = NULL;
}

static void on_welcome(void *user, const struct ph_welcome *welcome)
{
    struct rpc_session *session = user;
    session->is_in = true;
    ph_conn_authorise(session->conn);
    ph_timer_start(session->home->loop, &session->watch, (uint64_t)session->gate->options.ping_ms * 1000);
    send_welcome(session, welcome, "$welcome");
    rpc_go_on(session);
}

static void on_moved(void *user, const struct ph_welcome *welcome) { send_welcome(user, welcome, "$moved"); }

static int error_of(const struct ph_refusal *refusal)
{
    switch (refusal->error) {
    case 0:
        return RPC_E_REFUSED;
    case PH_E_NOT_FOUND:
        return RPC_E_METHOD;
    case PH_E_TIMEOUT:
        return RPC_E_TIMEOUT;
    case PH_E_LIMIT:
        return RPC_E_LIMIT;
    default:
        return RPC_E_FAILED;
    }
}

static const char *words_of(const struct ph_refusal *refusal)
{
    return refusal->description ? refusal->description : "Refused.";
}

/* A last notification: {"method": ..., "params": {"code", "message", ...}}. */
static void send_farewell(struct rpc_session *session, const char *method, const struct ph_refusal *why)
{
    struct message message = begin(session);
    add(&message, "{\"jsonrpc\":\"2.0\",\"method\":");
    add_text(&message, method);
    add(&message, ",\"params\":{\"message\":");
    add_text(&message, words_of(why));
    add(&message, ",\"data\":");
    add_refusal(&message, why);
    add(&message, "}}");
    finish(session, &message);
}

/* Its application is elsewhere now, or cannot be found at the moment: clients that reconnect by themselves shall. */
static bool may_come_back(const struct ph_refusal *why) { return why->error == PH_E_GONE || why->error == PH_E_IO; }

static void on_refused(void *user, const struct ph_refusal *refusal)
{
    struct rpc_session *session = user;
    if (session->connect.id)
        rpc_send_error(session, session->connect.id, error_of(refusal), words_of(refusal), refusal);
    else
        send_farewell(session, "$refused", refusal);
    rpc_end(session, may_come_back(refusal) ? RPC_GOING_AWAY : RPC_REFUSED, "refused by the application",
            words_of(refusal));
}

static void on_kicked(void *user, const struct ph_refusal *why)
{
    struct rpc_session *session = user;
    if (may_come_back(why)) {
        rpc_end(session, RPC_GOING_AWAY, "its application has gone", words_of(why));
        return;
    }
    send_farewell(session, "$kicked", why);
    rpc_end(session, RPC_KICKED, "ended by the application", words_of(why));
}

/* Calls */

static void on_result(void *user, double number, const struct rtmp_value *value, const struct ph_refusal *refusal)
{
    struct rpc_session *session = user;
    size_t at = (size_t)number - 1;
    char *id = at < PH_LIMIT_OPEN_CALLS ? session->open[at].id : NULL;
    if (!id)
        return;
    session->open[at].id = NULL;
    if (refusal) {
        rpc_send_error(session, id, error_of(refusal), words_of(refusal), refusal);
    } else {
        struct message message = begin(session);
        add(&message, "{\"jsonrpc\":\"2.0\",\"id\":");
        add(&message, id);
        add(&message, ",\"result\":");
        add_value(&message, value);
        add(&message, "}");
        finish(session, &message);
        if (message.rc)
            rpc_send_error(session, id, RPC_E_FAILED, "The result cannot be said in JSON.", NULL);
    }
    free(id);
}

static void add_call(struct message *message, const char *name, const struct rtmp_value *arguments)
{
    add(message, ",\"method\":");
    add_text(message, name);
    add(message, ",\"params\":");
    if (arguments)
        add_value(message, arguments);
    else
        add(message, "[]");
    add(message, "}");
}

static void on_invoke(void *user, const char *name, uint32_t id, const struct rtmp_value *arguments)
{
    struct rpc_session *session = user;
    struct message message = begin(session);
    add(&message, "{\"jsonrpc\":\"2.0\"");
    if (id) {
        add(&message, ",\"id\":");
        add_number(&message, id);
    }
    add_call(&message, name, arguments);
    finish(session, &message);
}

/* A frame with its header, for everybody. */
static int put_frame(struct rtmp_buffer *buffer, const struct message *message)
{
    uint8_t header[PH_WS_HEADER];
    const struct rtmp_buffer *text = message->text;
    int rc = message->rc ? message->rc
                         : rtmp_buffer_append(buffer, header, ph_ws_header(PH_WS_TEXT, text->length, header));
    return rc ? rc : rtmp_buffer_append(buffer, text->data, text->length);
}

static int encode(const struct ph_parcel *parcel, enum ph_parcel_form form, struct rtmp_buffer *buffer)
{
    struct rtmp_buffer text;
    struct message message = {.text = &text};
    (void)form;
    rtmp_buffer_init(&text, &buffer->allocator, buffer->max);
    add(&message, "{\"jsonrpc\":\"2.0\"");
    if (parcel->sequence) {
        add(&message, ",\"seq\":");
        add_number(&message, parcel->sequence);
    }
    add_call(&message, parcel->name, parcel->arguments);
    int rc = put_frame(buffer, &message);
    rtmp_buffer_finish(&text);
    return rc;
}

static void on_deliver(void *user, struct ph_parcel *parcel)
{
    struct rpc_session *session = user;
    bool is_blocked = ph_conn_is_blocked(session->conn);
    const uint8_t *bytes;
    size_t length;
    if ((is_blocked && parcel->kind == PH_DELIVER_AT_ONCE) ||
        ph_parcel_bytes(parcel, PH_PARCEL_JSON, encode, &bytes, &length))
        return;
    if (!is_blocked || parcel->kind == PH_DELIVER_ALL || ph_newest_keep(&session->newest, parcel->name, bytes, length))
        rpc_put(session, bytes, length);
}

/* {"set": name, "value": ..., "version": n} and its like */
static void add_news(struct message *message, const struct ph_shared_event *event)
{
    static const char *const kinds[] = {
        [PH_NEWS_CHANGED] = "{\"set\":", [PH_NEWS_REMOVED] = "{\"remove\":", [PH_NEWS_MESSAGE] = "{\"send\":"};
    if (event->news == PH_NEWS_CLEARED) {
        add(message, "{\"clear\":true}");
        return;
    }
    add(message, kinds[event->news]);
    add_text(message, event->name);
    if (event->news != PH_NEWS_REMOVED) {
        add(message, event->news == PH_NEWS_CHANGED ? ",\"value\":" : ",\"args\":");
        add_value(message, event->value);
    }
    if (event->news != PH_NEWS_MESSAGE) {
        add(message, ",\"version\":");
        add_number(message, event->version);
    }
    add(message, "}");
}

/* What was asked for is answered by a result: the rest is news. */
static bool is_news(const struct ph_shared_event *event)
{
    return event->news != PH_NEWS_USED && event->news != PH_NEWS_SUCCESS && event->news != PH_NEWS_STATUS;
}

static void write_report(struct message *message, const struct ph_shared_report *report)
{
    size_t n = 0;
    add(message, "{\"jsonrpc\":\"2.0\",\"method\":\"$shared\",\"params\":{\"object\":");
    add_text(message, report->object);
    add(message, ",\"version\":");
    add_number(message, report->version);
    add(message, ",\"changes\":[");
    for (size_t i = 0; i < report->n; i++) {
        if (!is_news(&report->events[i]))
            continue;
        add(message, n++ ? "," : "");
        add_news(message, &report->events[i]);
    }
    add(message, "]}}");
}

static int encode_report(const struct ph_shared_report *report, enum ph_parcel_form form, struct rtmp_buffer *buffer)
{
    struct rtmp_buffer text;
    struct message message = {.text = &text};
    (void)form;
    rtmp_buffer_init(&text, &buffer->allocator, buffer->max);
    write_report(&message, report);
    int rc = put_frame(buffer, &message);
    rtmp_buffer_finish(&text);
    return rc;
}

static void on_shared(void *user, const struct ph_shared_report *report)
{
    struct rpc_session *session = user;
    const uint8_t *bytes;
    size_t length, n = 0;
    for (size_t i = 0; i < report->n; i++)
        n += is_news(&report->events[i]);
    if (n == 0)
        return;
    if (ph_report_bytes(report, PH_PARCEL_JSON, encode_report, &bytes, &length))
        rpc_end(session, RPC_POLICY, "a shared object that is too large for JSON", NULL);
    else
        rpc_put(session, bytes, length);
}

/* This gate carries no media: it never asks. */
static void on_decided(void *user, uint32_t ticket, const char *name, const struct ph_refusal *refusal)
{
    (void)user;
    (void)ticket;
    (void)name;
    (void)refusal;
}

static void on_stop_stream(void *user, const char *name, const char *description)
{
    (void)user;
    (void)name;
    (void)description;
}

static void on_drained(void *user) { rpc_go_on(user); }

static const struct ph_seat_events events = {
    .welcome = on_welcome,
    .refused = on_refused,
    .result = on_result,
    .invoke = on_invoke,
    .deliver = on_deliver,
    .shared = on_shared,
    .decided = on_decided,
    .moved = on_moved,
    .stop_stream = on_stop_stream,
    .kicked = on_kicked,
    .drained = on_drained,
};

/* Asking for the seat */

static const char *text_of(const struct rtmp_value *object, const char *name)
{
    const struct rtmp_value *value = rtmp_value_get(object, name);
    return rtmp_value_type(value) == RTMP_STRING ? value->text : NULL;
}

int rpc_join(struct rpc_session *session, const struct rtmp_value *connect)
{
    char address[PH_ADDRESS_TEXT];
    struct ph_theatre *theatre = session->gate->options.theatre;
    const struct ph_application *app = ph_apps_find(session->gate->options.apps, session->path, strlen(session->path));
    const struct rtmp_value *arguments = rtmp_value_get(connect, "arguments");
    ph_address_text(ph_conn_peer(session->conn), address);
    if (!app || !ph_theatre_find(theatre, app))
        return -ENOENT;
    const struct ph_seat_request request = {
        .app = app,
        .path = session->path,
        .query = session->query,
        .protocol = "json",
        .address = address,
        .properties = rtmp_value_get(connect, "properties"),
        .arguments = rtmp_value_type(arguments) == RTMP_ARRAY ? arguments : NULL,
        .token = text_of(connect, "token"),
        .sequence = (uint64_t)rtmp_value_number(rtmp_value_get(connect, "seq"), 0),
        .password = text_of(connect, "password"),
        .ticket = text_of(connect, "ticket"),
        .options = rtmp_value_get(connect, "options"),
        .form = PH_PARCEL_JSON,
        .events = &events,
        .user = session,
    };
    return ph_seat_open(theatre, session->home->loop, &request, &session->seat);
}
