/* SPDX-License-Identifier: MIT */
/* A first plugin: who enters a room is greeted by name, and `hello` says who else is there. See docs/plugins.md. */
#include <playhouse/app.h>

static int enter_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_values *values = app->host->values;
    struct ph_value *arguments = values->new_array(app);
    (void)answer;
    if (values->push(app, arguments, values->new_text(app, app->host->options->text(app, "greeting"))))
        return PH_E_MEMORY;
    return app->host->members->call(app, event->member, "greet", arguments, 0, NULL, NULL);
}

static int hello(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    answer->value = app->host->values->new_number(app, (double)app->host->rooms->count(app, event->room));
    return PH_ACCEPT;
}

static const struct ph_method methods[] = {{.name = "hello", .run = hello}};

static const struct ph_app_option options[] = {
    {.name = "greeting", .kind = PH_TEXT_OPTION, .initial = "Welcome!", .help = "What newcomers hear."}};

static const struct ph_app_type greeter = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof greeter,
    .name = "greeter",
    .about = "Greets who enters a room.",
    .options = options,
    .n_options = 1,
    .methods = methods,
    .n_methods = 1,
    .enter_room = enter_room,
};

const struct ph_app_type *playhouse_app(const struct ph_host *host);

const struct ph_app_type *playhouse_app(const struct ph_host *host)
{
    return host->size >= sizeof *host ? &greeter : NULL; /* an older server lacks what is used here */
}
