/* SPDX-License-Identifier: MIT */
/* A plugin for test_plugin.c; FLAW says what is wrong with it. */
#include <stddef.h>

#include <playhouse/app.h>

enum { NONE, LATER_MAJOR, EARLIER_SIZE, NO_SIZE, NO_NAME, UNWILLING };

static int greet(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)event;
    answer->value = app->host->values->new_text(app, app->host->options->text(app, "greeting"));
    return PH_ACCEPT;
}

static const struct ph_app_option options[] = {
    {.name = "greeting", .kind = PH_TEXT_OPTION, .initial = "hello", .help = "What greet() returns."},
    {.name = "volume", .kind = PH_NUMBER_OPTION, .initial = "1", .help = "How loud."}};

static const struct ph_app_type type = {
    .abi_major = FLAW == LATER_MAJOR ? PLAYHOUSE_ABI_MAJOR + 1 : PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = FLAW == EARLIER_SIZE ? offsetof(struct ph_app_type, publish)
            : FLAW == NO_SIZE    ? 0
                                 : sizeof type,
    .name = FLAW == NO_NAME ? "" : "greeter",
    .about = "Greets.",
    .options = options,
    .n_options = 2,
    .call = greet,
    .publish = greet,
};

#if FLAW == 6
#define playhouse_app playhouse_other
#endif

const struct ph_app_type *playhouse_app(const struct ph_host *host);

const struct ph_app_type *playhouse_app(const struct ph_host *host)
{
    return FLAW == UNWILLING || host->size == 0 ? NULL : &type;
}
