/* SPDX-License-Identifier: MIT */
#include "app/command.h"

#include <string.h>

#include "app/errand.h"
#include "app/room.h"
#include "base/attr.h"

const char *ph_command_text(const struct ph_command *command, const char *name)
{
    const struct rtmp_value *value = rtmp_value_get(command->params, name);
    return rtmp_value_type(value) == RTMP_STRING ? value->text : "";
}

const struct rtmp_value *ph_command_value(const struct ph_command *command, const char *name)
{
    const struct rtmp_value *value = rtmp_value_get(command->params, name);
    return rtmp_value_type(value) == RTMP_NULL ? NULL : value;
}

int ph_command_fail(struct ph_command *command, int error, const char *fault)
{
    command->fault = fault;
    return error;
}

struct ph_room *ph_command_room(struct ph_command *command)
{
    struct ph_room *room = ph_room_find(command->instance, ph_command_text(command, "room"));
    if (!room)
        command->fault = "there is no such room";
    return room;
}

bool ph_command_put(const struct ph_command *command, struct rtmp_value *object, const char *name,
                    struct rtmp_value *item)
{
    return rtmp_value_set(&command->instance->scratch, object, name, item) == 0;
}

bool ph_command_put_text(const struct ph_command *command, struct rtmp_value *object, const char *name,
                         const char *text)
{
    return ph_command_put(command, object, name,
                          rtmp_value_new_string(&command->instance->scratch, text, strlen(text)));
}

bool ph_command_put_number(const struct ph_command *command, struct rtmp_value *object, const char *name, double number)
{
    return ph_command_put(command, object, name, rtmp_value_new_number(&command->instance->scratch, number));
}

static const struct ph_command_method *find(const char *name)
{
    const struct ph_command_method *const tables[] = {ph_room_commands, ph_member_commands, ph_shared_commands};
    for (size_t i = 0; i < PH_COUNT(tables); i++)
        for (const struct ph_command_method *row = tables[i]; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

const char *ph_command_words(int error)
{
    switch (error) {
    case PH_E_GONE:
        return "it is gone";
    case PH_E_LIMIT:
        return "a limit is reached";
    case PH_E_ARGUMENT:
        return "a param is missing, or of the wrong kind";
    case PH_E_STATE:
        return "not now";
    case PH_E_NOT_FOUND:
        return "there is none of that name";
    case PH_E_CONFLICT:
        return "it is there already, or has changed";
    case PH_E_DENIED:
        return "it was refused";
    case PH_E_TIMEOUT:
        return "no answer came in time";
    case PH_E_IO:
        return "the disk failed";
    default:
        return "the server is out of memory";
    }
}

int ph_command_run(struct ph_app *app, const char *method, const struct ph_value *params, ph_done_fn done, void *user)
{
    struct ph_command command = {
        .app = app, .instance = ph_instance_of(app), .params = ph_value_in(params), .done = done, .user = user};
    struct rtmp_arena *scratch = &command.instance->scratch;
    const struct ph_command_method *row = find(method);
    int error = row ? row->run(&command) : ph_command_fail(&command, PH_E_UNSUPPORTED, "there is no such method");
    if (command.is_later && !error)
        return 0;
    const char *words = command.fault ? command.fault : ph_command_words(error);
    if (error)
        command.result = rtmp_value_new_string(scratch, words, strlen(words));
    else if (!command.result)
        command.result = rtmp_value_new_object(scratch);
    return command.result ? ph_errand_end_soon(app, done, user, error, command.result) : PH_E_MEMORY;
}
