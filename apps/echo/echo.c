/* SPDX-License-Identifier: MIT */
/* Every call returns what it was given: for trying out clients and their values. */
#include "apps/bundled.h"

static int call(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_values *values = app->host->values;
    bool is_single = values->count(event->value) == 1;
    answer->value = is_single ? values->at(event->value, 0) : event->value;
    return PH_ACCEPT;
}

const struct ph_app_type echo_app = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof echo_app,
    .name = "echo",
    .about = "Every call returns its argument, or the array of them.",
    .call = call,
};
