/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/outbox.h"

#include <stdlib.h>

#include "apps/jsonrpc/actions.h"
#include "apps/jsonrpc/proxy.h"
#include "apps/jsonrpc/request.h"

enum { FIRST_RETRY_MS = 100, LAST_RETRY_MS = 20000, TRIES_SHOWN = 8, STATUS_GONE = 410, PART = 200 };

void ph_rpc_outbox_see(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session)
{
    struct ph_rpc_request *notice = session->first;
    if (!notice || session->is_sending || session->n_open ||
        (session->retry_ms && session->retry_ms > proxy->host->timers->now_ms(proxy->app)))
        return;
    session->first = notice->next;
    if (!session->first)
        session->last = &session->first;
    session->is_sending = true;
    const char *name = ph_rpc_hook_names[notice->hook];
    ph_rpc_line_send(&ph_rpc_route_of(&proxy->routes, name)->line[PH_RPC_NOTES], notice);
}

/* Before the others; half as long again, or less, so that they do not all come together. */
static void try_again(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, struct ph_rpc_request *notice,
                      uint32_t retry_s)
{
    uint64_t now_ms = proxy->host->timers->now_ms(proxy->app);
    unsigned doublings = session->n_tries < TRIES_SHOWN ? session->n_tries : TRIES_SHOWN;
    uint64_t wait_ms = (uint64_t)FIRST_RETRY_MS << doublings;
    wait_ms = wait_ms > LAST_RETRY_MS ? LAST_RETRY_MS : wait_ms;
    wait_ms += (now_ms * UINT64_C(2654435761) + proxy->n_requests) % (wait_ms / 2);
    if (retry_s * UINT64_C(1000) > wait_ms)
        wait_ms = retry_s * UINT64_C(1000);
    notice->next = session->first;
    session->first = notice;
    if (!notice->next)
        session->last = &notice->next;
    session->n_tries++;
    session->retry_ms = now_ms + wait_ms;
}

static void on_answered(struct ph_rpc_request *notice, const struct ph_rpc_reply *reply)
{
    struct ph_rpc_proxy *proxy = notice->proxy;
    struct ph_rpc_session *session = notice->session;
    session->is_sending = false;
    bool has_arrived = reply->outcome == PH_RPC_RESULT || reply->outcome == PH_RPC_ERROR ||
                       reply->status == STATUS_GONE || (reply->outcome == PH_RPC_BAD && reply->status);
    if (!has_arrived) {
        try_again(proxy, session, notice, reply->retry_s);
        return;
    }
    if (reply->outcome == PH_RPC_RESULT)
        ph_rpc_act(proxy, reply->value);
    session->n_tries = 0;
    session->retry_ms = 0;
    proxy->outbox.n--;
    ph_rpc_request_free(notice);
    if (proxy->outbox.n == 0 && proxy->outbox.has_dropped) {
        proxy->outbox.has_dropped = false;
        ph_rpc_tell_sessions(proxy);
    }
    proxy->host->metrics->set(proxy->app, "notices_waiting", proxy->outbox.n);
    ph_rpc_session_settle(proxy, session);
}

void ph_rpc_tell(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, int hook, const char *room,
                 const struct ph_value *args)
{
    if (!session || !(proxy->hooks & 1U << hook))
        return;
    struct ph_rpc_request *notice = NULL;
    if (proxy->outbox.n < proxy->outbox.cap)
        notice = ph_rpc_request_create(proxy, session, hook, room, ph_rpc_hook_names[hook], args, false);
    if (!notice) {
        proxy->outbox.has_dropped = true;
        proxy->host->metrics->add(proxy->app, "notices_dropped", 1);
        return;
    }
    notice->member = 0; /* it outlives the member */
    notice->answered = on_answered;
    *session->last = notice;
    session->last = &notice->next;
    proxy->outbox.n++;
    proxy->host->metrics->set(proxy->app, "notices_waiting", proxy->outbox.n);
    ph_rpc_outbox_see(proxy, session);
}

void ph_rpc_outbox_look(struct ph_rpc_proxy *proxy, uint64_t now_ms)
{
    ph_rpc_outbox_see(proxy, &proxy->house);
    for (struct ph_rpc_session *session = proxy->sessions, *next; session; session = next) {
        next = session->next;
        if (session->retry_ms && session->retry_ms <= now_ms)
            ph_rpc_outbox_see(proxy, session);
    }
}

void ph_rpc_outbox_forget(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session)
{
    for (struct ph_rpc_request *notice; (notice = session->first);) {
        session->first = notice->next;
        ph_rpc_request_free(notice);
        proxy->outbox.n--;
    }
    session->last = &session->first;
}

/* $sessions: each part from a fresh callback, for what one builds is bounded */

struct telling {
    struct ph_rpc_proxy *proxy;
    ph_member_id at;
};

static struct ph_value *describe(struct ph_rpc_proxy *proxy, const struct ph_member_info *info)
{
    const struct ph_values *values = proxy->host->values;
    struct ph_value *row = values->new_object(proxy->app);
    const char *room = proxy->host->rooms->name(proxy->app, info->room);
    const struct {
        const char *name, *text;
    } texts[] = {{"id", info->session},
                 {"user", info->user},
                 {"room", room ? room : ""},
                 {"address", info->address},
                 {"protocol", info->protocol}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (values->set(proxy->app, row, texts[i].name, values->new_text(proxy->app, texts[i].text)))
            return NULL;
    return row;
}

static void tell_part(struct ph_app *app, void *user)
{
    struct telling *telling = user;
    struct ph_rpc_proxy *proxy = telling->proxy;
    const struct ph_values *values = proxy->host->values;
    struct ph_value *rows = values->new_array(app), *args = values->new_array(app);
    struct ph_member_info info = {.size = sizeof info};
    int error = 0;
    for (int n = 0; n < PART && (telling->at = proxy->host->members->next(app, 0, telling->at)) && !error;)
        if (ph_rpc_session_of(proxy, telling->at) && proxy->host->members->info(app, telling->at, &info) == 0) {
            error = values->push(app, rows, describe(proxy, &info));
            n++;
        }
    error = error ? error : values->push(app, args, rows);
    error = error ? error : values->push(app, args, values->new_boolean(app, telling->at == 0));
    if (!error)
        ph_rpc_tell(proxy, &proxy->house, PH_RPC_SESSIONS, "", args);
    if (error || !telling->at || proxy->host->soon(app, tell_part, telling))
        telling->at = 0;
    if (!telling->at) {
        proxy->telling = NULL;
        free(telling);
    }
}

void ph_rpc_tell_sessions(struct ph_rpc_proxy *proxy)
{
    if (proxy->telling)
        return;
    struct telling *telling = calloc(1, sizeof *telling);
    if (!telling)
        return;
    telling->proxy = proxy;
    proxy->telling = telling;
    if (proxy->host->soon(proxy->app, tell_part, telling)) {
        proxy->telling = NULL;
        free(telling);
    }
}
