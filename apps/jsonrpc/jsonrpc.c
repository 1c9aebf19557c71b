/* SPDX-License-Identifier: MIT */
/*
 * The proxy: what happens in the application becomes JSON-RPC over HTTP, and what the backend answers is done. Every
 * decision is a question whose answer comes later; a backend that fails refuses, unless an option says otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "apps/bundled.h"
#include "apps/jsonrpc/actions.h"
#include "apps/jsonrpc/dialect.h"
#include "apps/jsonrpc/options.h"
#include "apps/jsonrpc/proxy.h"
#include "apps/jsonrpc/request.h"

enum { BEAT_MS = 100, REFRESH_EARLY_MS = 10000, REFRESH_AGAIN_MS = 1000, META_MAX = 16384, REASONS = 11 };

const char *const ph_rpc_hook_names[PH_RPC_HOOKS] = {
    [PH_RPC_CONNECT] = "$connect",
    [PH_RPC_CREATE_ROOM] = "$createRoom",
    [PH_RPC_ENTER_ROOM] = "$enterRoom",
    [PH_RPC_PUBLISH] = "$publish",
    [PH_RPC_PLAY] = "$play",
    [PH_RPC_REFRESH] = "$refresh",
    [PH_RPC_DISCONNECT] = "$disconnect",
    [PH_RPC_LEAVE_ROOM] = "$leaveRoom",
    [PH_RPC_DESTROY_ROOM] = "$destroyRoom",
    [PH_RPC_DROP] = "$drop",
    [PH_RPC_RESUME] = "$resume",
    [PH_RPC_UNPUBLISH] = "$unpublish",
    [PH_RPC_STOP] = "$stop",
    [PH_RPC_SESSIONS] = "$sessions",
};

static const char *const reasons[REASONS] = {"left",  "lost",   "moved", "kicked", "refused", "expired",
                                             "limit", "closed", "empty", "failed", "stop"};

/* Arguments: a list of values; one that could not be built makes it none */

static struct ph_value *list_of(struct ph_app *app, const struct ph_value *const *items, size_t n)
{
    const struct ph_values *values = app->host->values;
    struct ph_value *list = values->new_array(app);
    for (size_t i = 0; i < n; i++)
        if (values->push(app, list, items[i]))
            return NULL;
    return list;
}

static struct ph_value *text_of(struct ph_app *app, const char *text)
{
    return app->host->values->new_text(app, text ? text : "");
}

static struct ph_value *reason_of(struct ph_app *app, const struct ph_event *event)
{
    return text_of(app, (unsigned)event->reason < REASONS ? reasons[event->reason] : "");
}

static const char *room_name(struct ph_app *app, const struct ph_event *event)
{
    const char *name = event->room ? app->host->rooms->name(app, event->room) : NULL;
    return name ? name : "";
}

/* Refusals */

static const char *text_in(const struct ph_values *values, const struct ph_value *object, const char *name)
{
    const struct ph_value *text = values->get(object, name);
    return values->type(text) == PH_STRING ? values->text(text, NULL) : NULL;
}

/* Its own code, or that of the status map. */
static const char *code_of(const struct ph_rpc_request *request, const struct ph_rpc_reply *reply)
{
    const struct ph_rpc_route *route = request->route;
    for (size_t i = 0; i < route->n_statuses && reply->outcome == PH_RPC_STATUS; i++)
        if (route->status[i].status == reply->status)
            return route->status[i].code;
    return ph_rpc_code(reply->outcome);
}

/* A client whose program knows Flash's codes finds them; ours is in the application object. */
static struct ph_answer failure(const struct ph_rpc_request *request, const struct ph_rpc_reply *reply)
{
    struct ph_app *app = request->proxy->app;
    const struct ph_values *values = app->host->values;
    const char *code = code_of(request, reply);
    struct ph_value *object = values->new_object(app);
    if (values->set(app, object, "code", values->new_text(app, code)) ||
        values->set(app, object, "status", values->new_number(app, reply->status)))
        object = NULL;
    return (struct ph_answer){.code = request->hook == PH_RPC_CALL ? code : NULL,
                              .description = ph_rpc_words(reply->outcome),
                              .application = object};
}

static struct ph_answer refusal(const struct ph_rpc_request *request, const struct ph_rpc_reply *reply)
{
    const struct ph_values *values = request->proxy->host->values;
    const struct ph_value *data = values->get(reply->value, "data");
    const struct ph_value *application = values->get(data, "application");
    if (reply->outcome != PH_RPC_ERROR)
        return failure(request, reply);
    return (struct ph_answer){.code = text_in(values, data, "code"),
                              .description = text_in(values, reply->value, "message"),
                              .application = application ? application : reply->value,
                              .redirect = text_in(values, data, "redirect")};
}

/* Decisions */

static void keep_meta(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, const struct ph_value *result)
{
    size_t length = 0;
    const struct ph_value *meta = proxy->host->values->get(result, "meta");
    const char *json = meta ? proxy->host->values->to_json(proxy->app, meta, &length) : NULL;
    if (!json || length > META_MAX)
        return;
    char *copy = strdup(json);
    if (!copy)
        return;
    free(session->meta);
    session->meta = copy;
}

static void keep_attributes(struct ph_rpc_proxy *proxy, ph_member_id member, const struct ph_value *result)
{
    const struct ph_value *attributes = proxy->host->values->get(result, "attributes");
    struct ph_value_member at = {0};
    while (proxy->host->values->next(attributes, &at))
        (void)proxy->host->members->set_attribute(proxy->app, member, at.name, at.value);
}

static void keep_expiry(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, const struct ph_value *result)
{
    double seconds = proxy->host->values->number(proxy->host->values->get(result, "expires_in"), 0);
    session->expires_ms = session->refresh_ms = 0;
    if (!(seconds > 0 && seconds < 1e9))
        return;
    uint64_t now_ms = proxy->host->timers->now_ms(proxy->app), ms = (uint64_t)(seconds * 1000);
    session->expires_ms = now_ms + ms;
    session->refresh_ms = session->expires_ms - (ms / 2 < REFRESH_EARLY_MS ? ms / 2 : REFRESH_EARLY_MS);
}

/* {options: {capacity …}} of $createRoom. */
static void configure(struct ph_rpc_request *request, const struct ph_value *result)
{
    struct ph_app *app = request->proxy->app;
    const struct ph_values *values = app->host->values;
    const struct ph_value *options = values->get(result, "options");
    struct ph_value *params = options ? values->new_object(app) : NULL;
    if (!options || values->set(app, params, "room", values->new_text(app, request->room)) ||
        values->set(app, params, "options", options))
        return;
    (void)app->host->command(app, "configureRoom", params, NULL, NULL);
}

/* Each known member of the right type, or none; what is not known is for others. */
static bool is_good(const struct ph_rpc_request *request, const struct ph_value *result)
{
    static const struct {
        const char *name;
        enum ph_value_type type;
    } known[] = {{"user", PH_STRING},       {"room", PH_STRING},    {"stream", PH_STRING},
                 {"attributes", PH_OBJECT}, {"options", PH_OBJECT}, {"$actions", PH_ARRAY}};
    const struct ph_values *values = request->proxy->host->values;
    if (values->type(result) != PH_OBJECT)
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct ph_value *value = values->get(result, known[i].name);
        if (value && values->type(value) != known[i].type)
            return false;
    }
    return true;
}

static void accept(struct ph_rpc_request *request, const struct ph_value *result)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    const struct ph_values *values = proxy->host->values;
    struct ph_answer answer = {0};
    if (request->hook == PH_RPC_CONNECT) {
        answer.user = text_in(values, result, "user");
        answer.name = text_in(values, result, "room");
        answer.value = values->get(result, "data");
        keep_expiry(proxy, request->session, result);
    } else if (request->hook == PH_RPC_PUBLISH || request->hook == PH_RPC_PLAY) {
        answer.name = text_in(values, result, "stream");
    } else if (request->hook == PH_RPC_CREATE_ROOM) {
        configure(request, result);
    }
    keep_meta(proxy, request->session, result);
    keep_attributes(proxy, request->member, result);
    (void)proxy->host->answer(proxy->app, request->later, PH_ACCEPT, &answer);
    ph_rpc_act(proxy, result);
}

static void close_request(struct ph_rpc_request *request)
{
    struct ph_rpc_session *session = request->session;
    struct ph_rpc_proxy *proxy = request->proxy;
    struct ph_member_info info = {.size = sizeof info};
    session->n_open--;
    ph_rpc_request_free(request);
    /* Refused by its deadline: no disconnect tells of it. */
    if (session->member && proxy->host->members->info(proxy->app, session->member, &info))
        ph_rpc_session_leave(proxy, session);
    else
        ph_rpc_session_settle(proxy, session);
}

static void on_decided(struct ph_rpc_request *request, const struct ph_rpc_reply *given)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    struct ph_rpc_reply reply = *given;
    if (reply.outcome == PH_RPC_RESULT && !is_good(request, reply.value))
        reply.outcome = PH_RPC_BAD;
    bool has_failed = reply.outcome != PH_RPC_RESULT && reply.outcome != PH_RPC_ERROR;
    if (has_failed && proxy->open & 1U << request->hook) {
        proxy->host->log->write(proxy->app, PH_APP_LOG_WARNING, "the backend failed, and insecure_open lets pass");
        (void)proxy->host->answer(proxy->app, request->later, PH_ACCEPT, NULL);
    } else if (reply.outcome == PH_RPC_RESULT) {
        accept(request, reply.value);
    } else {
        const struct ph_answer answer = refusal(request, &reply);
        (void)proxy->host->answer(proxy->app, request->later, PH_REFUSE, &answer);
        if (request->hook == PH_RPC_CONNECT && request->session->member)
            ph_rpc_session_leave(proxy, request->session); /* n_open keeps it */
    }
    close_request(request);
}

static int send_off(struct ph_rpc_proxy *proxy, struct ph_rpc_request *request, const char *method,
                    enum ph_rpc_class class)
{
    request->session->n_open++;
    ph_rpc_line_send(&ph_rpc_route_of(&proxy->routes, method)->line[class], request);
    return PH_LATER;
}

static int ask(struct ph_app *app, const struct ph_event *event, int hook, const char *room,
               const struct ph_value *args)
{
    struct ph_rpc_proxy *proxy = ph_rpc_proxy_of(app);
    if (!(proxy->hooks & 1U << hook))
        return PH_ACCEPT;
    struct ph_rpc_session *session = event->member ? ph_rpc_session_of(proxy, event->member) : &proxy->house;
    struct ph_rpc_request *request = session && args ? ph_rpc_request_create(proxy, session, hook, room,
                                                                             ph_rpc_hook_names[hook], args, false)
                                                     : NULL;
    if (!request)
        return PH_E_MEMORY;
    request->later = event->later;
    request->answered = on_decided;
    snprintf(request->room, sizeof request->room, "%s", room);
    return send_off(proxy, request, ph_rpc_hook_names[hook], PH_RPC_DECISIONS);
}

static int on_connect(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    struct ph_rpc_proxy *proxy = ph_rpc_proxy_of(app);
    struct ph_rpc_session *session = ph_rpc_session_create(proxy, event->member);
    if (!session)
        return PH_E_MEMORY;
    int verdict = ask(app, event, PH_RPC_CONNECT, event->name, event->value ? event->value : list_of(app, NULL, 0));
    if (verdict < 0)
        ph_rpc_session_leave(proxy, session);
    return verdict;
}

static int on_create_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_value *const args[] = {text_of(app, event->name)};
    (void)answer;
    return ask(app, event, PH_RPC_CREATE_ROOM, event->name, list_of(app, args, 1));
}

static int on_enter_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_value *options = event->value ? event->value : app->host->values->new_null(app);
    const struct ph_value *const args[] = {text_of(app, event->name), options};
    (void)answer;
    return ask(app, event, PH_RPC_ENTER_ROOM, event->name, list_of(app, args, 2));
}

static int ask_stream(struct ph_app *app, const struct ph_event *event, int hook)
{
    const struct ph_value *query = event->value ? event->value : app->host->values->new_object(app);
    const struct ph_value *const args[] = {text_of(app, event->name), query};
    return ask(app, event, hook, room_name(app, event), list_of(app, args, 2));
}

static int on_publish(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return ask_stream(app, event, PH_RPC_PUBLISH);
}

static int on_play(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return ask_stream(app, event, PH_RPC_PLAY);
}

/* Calls */

static void on_called(struct ph_rpc_request *request, const struct ph_rpc_reply *reply)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    const struct ph_values *values = proxy->host->values;
    if (reply->outcome == PH_RPC_RESULT) {
        const struct ph_value *inner = values->type(reply->value) == PH_OBJECT ? values->get(reply->value, "$result")
                                                                               : NULL;
        const struct ph_answer answer = {.value = inner ? inner : reply->value};
        (void)proxy->host->answer(proxy->app, request->later, PH_ACCEPT, &answer);
        ph_rpc_act(proxy, reply->value);
    } else {
        const struct ph_answer answer = refusal(request, reply);
        (void)proxy->host->answer(proxy->app, request->later, PH_REFUSE, &answer);
    }
    close_request(request);
}

static int on_call(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_rpc_proxy *proxy = ph_rpc_proxy_of(app);
    struct ph_rpc_session *session = ph_rpc_session_of(proxy, event->member);
    (void)answer;
    if (!proxy->dialect->has_calls)
        return PH_E_NOT_FOUND;
    struct ph_rpc_request *request = session ? ph_rpc_request_create(proxy, session, PH_RPC_CALL, room_name(app, event),
                                                                     event->name, event->value, event->no_reply)
                                             : NULL;
    if (!request)
        return PH_E_MEMORY;
    request->later = event->later;
    request->answered = on_called;
    return send_off(proxy, request, event->name, PH_RPC_CALLS);
}

/* Notices */

static int tell(struct ph_app *app, const struct ph_event *event, int hook, const struct ph_value *first,
                const struct ph_value *second)
{
    struct ph_rpc_proxy *proxy = ph_rpc_proxy_of(app);
    struct ph_rpc_session *session = event->member ? ph_rpc_session_of(proxy, event->member) : &proxy->house;
    const struct ph_value *const args[] = {first, second};
    ph_rpc_tell(proxy, session, hook, room_name(app, event), list_of(app, args, second ? 2 : 1));
    return PH_ACCEPT;
}

static int on_leave_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return tell(app, event, PH_RPC_LEAVE_ROOM, text_of(app, room_name(app, event)), reason_of(app, event));
}

static int on_destroy_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return tell(app, event, PH_RPC_DESTROY_ROOM, text_of(app, room_name(app, event)), reason_of(app, event));
}

static int on_drop(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return tell(app, event, PH_RPC_DROP, text_of(app, room_name(app, event)), NULL);
}

static int on_resume(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return tell(app, event, PH_RPC_RESUME, text_of(app, room_name(app, event)), NULL);
}

static int on_unpublish(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return tell(app, event, PH_RPC_UNPUBLISH, text_of(app, event->name), NULL);
}

static int on_stop(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return tell(app, event, PH_RPC_STOP, text_of(app, event->name), NULL);
}

static int on_disconnect(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_rpc_proxy *proxy = ph_rpc_proxy_of(app);
    struct ph_rpc_session *session = ph_rpc_session_of(proxy, event->member);
    (void)answer;
    if (!session)
        return PH_ACCEPT;
    session->n_open++; /* the session is needed to the end of this */
    (void)tell(app, event, PH_RPC_DISCONNECT, reason_of(app, event), NULL);
    for (size_t i = 0; i < proxy->routes.n; i++) {
        ph_rpc_line_drop(&proxy->routes.route[i].line[PH_RPC_CALLS], event->member);
        ph_rpc_line_drop(&proxy->routes.route[i].line[PH_RPC_DECISIONS], event->member);
    }
    session->n_open--;
    ph_rpc_session_leave(proxy, session);
    return PH_ACCEPT;
}

/* Expiry */

static void on_refreshed(struct ph_rpc_request *request, const struct ph_rpc_reply *reply)
{
    struct ph_rpc_proxy *proxy = request->proxy;
    struct ph_rpc_session *session = request->session;
    session->is_refreshing = false;
    if (reply->outcome == PH_RPC_RESULT && is_good(request, reply->value)) {
        keep_expiry(proxy, session, reply->value);
        keep_meta(proxy, session, reply->value);
        ph_rpc_act(proxy, reply->value);
    } else if (reply->outcome == PH_RPC_ERROR) {
        const struct ph_answer answer = refusal(request, reply);
        (void)proxy->host->members->kick(proxy->app, session->member, answer.code, answer.description);
    } else { /* the session lives as long as was said */
        session->refresh_ms = proxy->host->timers->now_ms(proxy->app) + REFRESH_AGAIN_MS;
    }
    close_request(request);
}

static void refresh(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session)
{
    const struct ph_value *none = list_of(proxy->app, NULL, 0);
    struct ph_member_info info = {.size = sizeof info};
    (void)proxy->host->members->info(proxy->app, session->member, &info);
    const char *room = proxy->host->rooms->name(proxy->app, info.room);
    struct ph_rpc_request *request = ph_rpc_request_create(proxy, session, PH_RPC_REFRESH, room ? room : "", "$refresh",
                                                           none, false);
    if (!request)
        return; /* the next beat tries again */
    request->answered = on_refreshed;
    session->is_refreshing = true;
    (void)send_off(proxy, request, "$refresh", PH_RPC_DECISIONS);
}

static void see_expiry(struct ph_rpc_proxy *proxy, uint64_t now_ms)
{
    for (struct ph_rpc_session *session = proxy->sessions, *next; session; session = next) {
        next = session->next;
        if (!session->expires_ms || !session->member)
            continue;
        if (now_ms >= session->expires_ms && !(proxy->open & 1U << PH_RPC_REFRESH)) {
            session->expires_ms = 0;
            (void)proxy->host->members->kick(proxy->app, session->member, "Backend.Expired",
                                             "This session is over; connect again.");
        } else if (now_ms >= session->refresh_ms && !session->is_refreshing && proxy->hooks & 1U << PH_RPC_REFRESH) {
            refresh(proxy, session);
        }
    }
}

static void on_beat(struct ph_app *app, ph_timer_id timer, void *user)
{
    struct ph_rpc_proxy *proxy = user;
    uint64_t now_ms = app->host->timers->now_ms(app);
    (void)timer;
    for (size_t i = 0; i < proxy->routes.n; i++)
        for (int class = 0; class < PH_RPC_CLASSES; class ++)
            ph_rpc_line_look(&proxy->routes.route[i].line[class], now_ms);
    ph_rpc_outbox_look(proxy, now_ms);
    see_expiry(proxy, now_ms);
    if (proxy->sessions_ms && now_ms >= proxy->next_sessions_ms) {
        proxy->next_sessions_ms = now_ms + proxy->sessions_ms;
        ph_rpc_tell_sessions(proxy);
    }
}

/* Beginning and end */

static int start(struct ph_rpc_proxy *proxy)
{
    const struct ph_host *host = proxy->host;
    struct ph_app *app = proxy->app;
    const struct ph_method any = {.name = "*", .concurrent = host->options->boolean(app, "concurrent")};
    uint32_t node = 0;
    if (RAND_bytes((unsigned char *)&node, sizeof node) != 1)
        return PH_E_MEMORY;
    snprintf(proxy->node, sizeof proxy->node, "%08x", node);
    proxy->next_sessions_ms = host->timers->now_ms(app) + proxy->sessions_ms;
    int error = any.concurrent ? host->method(app, &any) : 0;
    return error ? error : host->timers->start(app, 0, BEAT_MS, BEAT_MS, on_beat, proxy, &proxy->beat);
}

static int on_unload(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_rpc_proxy *proxy = ph_rpc_proxy_of(app);
    (void)event, (void)answer;
    ph_rpc_routes_finish(&proxy->routes);
    ph_rpc_actions_end(proxy);
    while (proxy->sessions)
        ph_rpc_session_free(proxy, proxy->sessions);
    ph_rpc_session_free(proxy, &proxy->house);
    free(proxy->telling);
    free(proxy);
    app->state = NULL;
    return PH_ACCEPT;
}

static int on_load(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_rpc_proxy *proxy = calloc(1, sizeof *proxy);
    if (!proxy)
        return PH_E_MEMORY;
    app->state = proxy;
    proxy->app = app;
    proxy->host = app->host;
    proxy->house.last = &proxy->house.first;
    int verdict = ph_rpc_options_read(proxy, &answer->description) ? PH_REFUSE : start(proxy);
    if (verdict)
        (void)on_unload(app, event, answer);
    return verdict;
}

const struct ph_app_type jsonrpc_app = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof jsonrpc_app,
    .name = "jsonrpc",
    .about = "A backend that answers JSON-RPC over HTTP: connects, rooms, streams and calls are its to decide.",
    .flags = PH_TYPE_FREE_OPTIONS,
    .options = ph_rpc_options,
    .n_options = PH_RPC_OPTIONS,
    .load = on_load,
    .unload = on_unload,
    .connect = on_connect,
    .disconnect = on_disconnect,
    .create_room = on_create_room,
    .destroy_room = on_destroy_room,
    .enter_room = on_enter_room,
    .leave_room = on_leave_room,
    .drop = on_drop,
    .resume = on_resume,
    .call = on_call,
    .publish = on_publish,
    .unpublish = on_unpublish,
    .play = on_play,
    .stop = on_stop,
};
