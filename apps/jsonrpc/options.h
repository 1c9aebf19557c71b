/* SPDX-License-Identifier: MIT */
/**
 * @file  Options of an application of type jsonrpc: `options { NAME = TEXT }`; docs/jsonrpc.md shows the table.
 *
 * Owner   Static storage.
 * Thread  The instance's loop.
 */
#ifndef APPS_JSONRPC_OPTIONS_H
#define APPS_JSONRPC_OPTIONS_H

#include <playhouse/app.h>

struct ph_rpc_proxy;

enum { PH_RPC_ROUTE_OPTIONS = 15, PH_RPC_OPTIONS = PH_RPC_ROUTE_OPTIONS + 8 };

/** Those of routes come first: they may have a prefix. */
extern const struct ph_app_option ph_rpc_options[PH_RPC_OPTIONS];

/** Read them all. Returns 0; or an error, and *fault is a text of the callback's scratch. */
int ph_rpc_options_read(struct ph_rpc_proxy *proxy, const char **fault);

#endif
