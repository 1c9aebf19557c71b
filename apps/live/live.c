/* SPDX-License-Identifier: MIT */
/* Streaming and nothing else: the server does it all, on its media workers. */
#include "apps/bundled.h"

const struct ph_app_type live_app = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof live_app,
    .name = "live",
    .about = "Publish and play, nothing else.",
    .flags = PH_TYPE_FRONT_ONLY,
};
