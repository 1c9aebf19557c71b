/* SPDX-License-Identifier: MIT */
/*
 * FMSPy's chat. Clients call identify(name) and say(text); the server calls message(name, text) of everybody in the
 * room, and joined(name) and left(name) of the others.
 */
#include <string.h>

#include "apps/bundled.h"

enum { NAME_MAX_BYTES = 32, TEXT_MAX_BYTES = 1000 };

static const char *name_of(struct ph_app *app, ph_member_id member)
{
    const struct ph_host *host = app->host;
    return host->values->text(host->members->attribute(app, member, "name"), NULL);
}

static int tell(struct ph_app *app, const struct ph_event *event, const char *method, const char *text)
{
    const struct ph_values *values = app->host->values;
    struct ph_value *arguments = values->new_array(app);
    int error = values->push(app, arguments, values->new_text(app, name_of(app, event->member)));
    if (!error && text)
        error = values->push(app, arguments, values->new_text(app, text));
    bool is_message = text != NULL;
    return error ? error
                 : app->host->rooms->broadcast(app, event->room, method, arguments, &event->member, !is_message);
}

static int refuse(struct ph_answer *answer, const char *description)
{
    answer->description = description;
    return PH_REFUSE;
}

/* The only argument, a text of 1 to `most` bytes; NULL: it is not. */
static const char *text_argument(struct ph_app *app, const struct ph_event *event, size_t most)
{
    const struct ph_values *values = app->host->values;
    const struct ph_value *argument = values->at(event->value, 0);
    size_t length = 0;
    const char *text = values->text(argument, &length);
    return values->type(argument) == PH_STRING && length > 0 && length <= most && !memchr(text, '\0', length) ? text
                                                                                                              : NULL;
}

static int identify(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_value *name = app->host->values->at(event->value, 0);
    if (!text_argument(app, event, NAME_MAX_BYTES))
        return refuse(answer, "identify wants a name of 1 to 32 bytes.");
    if (name_of(app, event->member)[0])
        return refuse(answer, "You have a name already.");
    int error = app->host->members->set_attribute(app, event->member, "name", name);
    return error ? error : tell(app, event, "joined", NULL);
}

static int say(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const char *text = text_argument(app, event, TEXT_MAX_BYTES);
    if (!text)
        return refuse(answer, "say wants a text of 1 to 1000 bytes.");
    if (!name_of(app, event->member)[0])
        return refuse(answer, "Say who you are first: identify(name).");
    return tell(app, event, "message", text);
}

static int leave_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return name_of(app, event->member)[0] ? tell(app, event, "left", NULL) : PH_ACCEPT;
}

static const struct ph_method methods[] = {{.name = "identify", .run = identify}, {.name = "say", .run = say}};

const struct ph_app_type chat_app = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof chat_app,
    .name = "chat",
    .about = "Rooms to talk in: identify(name), say(text), and message(name, text) from the server.",
    .methods = methods,
    .n_methods = sizeof methods / sizeof *methods,
    .leave_room = leave_room,
};
