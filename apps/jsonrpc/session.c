/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/session.h"

#include <stdlib.h>
#include <string.h>

#include "apps/jsonrpc/proxy.h"

struct ph_rpc_session *ph_rpc_session_create(struct ph_rpc_proxy *proxy, ph_member_id member)
{
    struct ph_rpc_session *session = calloc(1, sizeof *session);
    if (!session || proxy->host->members->set_data(proxy->app, member, session)) {
        free(session);
        return NULL;
    }
    session->member = member;
    session->last = &session->first;
    session->next = proxy->sessions;
    session->link = &proxy->sessions;
    if (session->next)
        session->next->link = &session->next;
    proxy->sessions = session;
    return session;
}

struct ph_rpc_session *ph_rpc_session_of(const struct ph_rpc_proxy *proxy, ph_member_id member)
{
    return member ? proxy->host->members->data(proxy->app, member) : NULL;
}

void ph_rpc_session_free(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session)
{
    ph_rpc_outbox_forget(proxy, session);
    if (session->link) {
        *session->link = session->next;
        if (session->next)
            session->next->link = session->link;
    }
    free(session->meta);
    if (session != &proxy->house)
        free(session);
}

void ph_rpc_session_leave(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session)
{
    (void)proxy->host->members->set_data(proxy->app, session->member, NULL);
    session->member = 0;
    ph_rpc_session_settle(proxy, session);
}

void ph_rpc_session_settle(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session)
{
    if (!session)
        return;
    if (session != &proxy->house && !session->member && !session->first && !session->is_sending && !session->n_open)
        ph_rpc_session_free(proxy, session);
    else
        ph_rpc_outbox_see(proxy, session);
}

/* An object, member by member; what has failed is seen at the end. */
struct object {
    struct ph_app *app;
    const struct ph_values *values;
    struct ph_value *value;
    int error;
};

static void put(struct object *object, const char *name, const struct ph_value *value)
{
    if (!object->error)
        object->error = object->values->set(object->app, object->value, name, value);
}

static void put_text(struct object *object, const char *name, const char *text)
{
    put(object, name, object->values->new_text(object->app, text));
}

static void put_known(struct object *object, const struct ph_member_info *info, unsigned include)
{
    put_text(object, "id", info->session);
    put_text(object, "user", info->user);
    put_text(object, "address", info->address);
    put_text(object, "protocol", info->protocol);
    put(object, "connected_ms", object->values->new_number(object->app, (double)info->connected_ms));
    if (include & PH_RPC_PATH)
        put_text(object, "path", info->path);
    if (include & PH_RPC_QUERY)
        put_text(object, "query", info->query);
    if (include & PH_RPC_PROPERTIES && info->properties)
        put(object, "properties", info->properties);
    if (include & PH_RPC_ARGUMENTS && info->arguments)
        put(object, "arguments", info->arguments);
}

void ph_rpc_session_tell(struct ph_rpc_proxy *proxy, struct ph_rpc_session *session, const char *room,
                         struct ph_rpc_text *text)
{
    const struct ph_values *values = proxy->host->values;
    struct object object = {proxy->app, values, values->new_object(proxy->app), 0};
    struct ph_member_info info = {.size = sizeof info};
    bool is_known = session->member && proxy->host->members->info(proxy->app, session->member, &info) == 0;
    put_text(&object, "app", proxy->app->name);
    put_text(&object, "node", proxy->node);
    put_text(&object, "room", room);
    if (is_known)
        put_known(&object, &info, proxy->include);
    put(&object, "seq", values->new_number(proxy->app, (double)++session->n_events));
    if (session->meta)
        put(&object, "meta", values->from_json(proxy->app, session->meta, strlen(session->meta), NULL));
    ph_rpc_add(text, object.error ? NULL : values->to_json(proxy->app, object.value, NULL));
}
