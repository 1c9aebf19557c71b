/* SPDX-License-Identifier: MIT */
/**
 * @file  Actions: what the backend wants done beside its answer: {"$actions": [{"method", "params"}]}, commands of
 * docs/commands.md, in their order, when the answer has been given.
 *
 * Owner   Copied at once.
 * Thread  The instance's loop.
 */
#ifndef APPS_JSONRPC_ACTIONS_H
#define APPS_JSONRPC_ACTIONS_H

struct ph_rpc_proxy;
struct ph_value;

/** Do those of a result, if there are any. */
void ph_rpc_act(struct ph_rpc_proxy *proxy, const struct ph_value *result);

/** Forget those that have not been done. */
void ph_rpc_actions_end(struct ph_rpc_proxy *proxy);

#endif
