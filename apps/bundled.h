/* SPDX-License-Identifier: MIT */
/**
 * @file  The application types that come with the server; each is made of the public interface alone.
 *
 * Owner   Static storage.
 * Since   0.2
 */
#ifndef APPS_BUNDLED_H
#define APPS_BUNDLED_H

#include <playhouse/app.h>

extern const struct ph_app_type live_app;    /**< streaming, no rooms */
extern const struct ph_app_type echo_app;    /**< every call returns its argument */
extern const struct ph_app_type chat_app;    /**< FMSPy's chat: identify, say, message */
extern const struct ph_app_type relay_app;   /**< rooms without code: members call each other */
extern const struct ph_app_type lobby_app;   /**< rooms that can be made, listed and watched */
extern const struct ph_app_type lua_app;     /**< a script */
extern const struct ph_app_type jsonrpc_app; /**< a backend that speaks JSON-RPC over HTTP */

extern const struct ph_app_type webhook_app; /**< notices of streams to an address on the web */

/** All of them. */
extern const struct ph_app_type *const ph_bundled_types[];
enum { PH_BUNDLED_TYPES = 8 };

#endif
