/* SPDX-License-Identifier: MIT */
#include "apps/bundled.h"

const struct ph_app_type *const ph_bundled_types[PH_BUNDLED_TYPES] = {
    &live_app, &echo_app, &chat_app, &relay_app, &lobby_app, &lua_app, &jsonrpc_app, &webhook_app};
