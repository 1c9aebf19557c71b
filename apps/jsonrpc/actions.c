/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/actions.h"

#include <stdlib.h>
#include <string.h>

#include "apps/jsonrpc/proxy.h"

/* As JSON: what was built in a callback does not outlive it. */
struct ph_rpc_actions {
    struct ph_rpc_actions *next, **link; /* in the proxy */
    size_t length;
    char json[];
};

static void discard(struct ph_rpc_actions *actions)
{
    *actions->link = actions->next;
    if (actions->next)
        actions->next->link = actions->link;
    free(actions);
}

void ph_rpc_actions_end(struct ph_rpc_proxy *proxy)
{
    while (proxy->actions)
        discard(proxy->actions);
}

static void run_actions(struct ph_app *app, void *user)
{
    struct ph_rpc_actions *actions = user;
    const struct ph_values *values = app->host->values;
    const struct ph_value *list = values->from_json(app, actions->json, actions->length, NULL);
    for (size_t i = 0; i < values->count(list); i++) {
        const struct ph_value *action = values->at(list, i);
        (void)app->host->command(app, values->text(values->get(action, "method"), NULL), values->get(action, "params"),
                                 NULL, NULL);
    }
    discard(actions);
}

void ph_rpc_act(struct ph_rpc_proxy *proxy, const struct ph_value *result)
{
    const struct ph_values *values = proxy->host->values;
    const struct ph_value *list = values->get(result, "$actions");
    size_t length = 0;
    const char *json = values->type(list) == PH_ARRAY ? values->to_json(proxy->app, list, &length) : NULL;
    struct ph_rpc_actions *actions = json ? malloc(sizeof *actions + length + 1) : NULL;
    if (!actions)
        return;
    actions->length = length;
    actions->next = proxy->actions;
    actions->link = &proxy->actions;
    if (actions->next)
        actions->next->link = &actions->next;
    proxy->actions = actions;
    memcpy(actions->json, json, length + 1);
    if (proxy->host->soon(proxy->app, run_actions, actions))
        discard(actions);
}
