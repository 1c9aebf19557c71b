/* SPDX-License-Identifier: MIT */
/* Commands about rooms. */
#include <string.h>

#include "app/command.h"
#include "app/host.h"
#include "app/lobby.h"
#include "app/member.h"
#include "app/room.h"
#include "base/limits.h"

/* The members of an object that are options of a room; those that are not there stay. */
static int read_options(struct ph_command *command, const struct rtmp_value *given, struct ph_room_options *options)
{
    const struct {
        const char *name;
        bool *flag;
        uint32_t *number;
    } rows[] = {{"capacity", NULL, &options->capacity}, {"dispose_ms", NULL, &options->dispose_ms},
                {"grace_ms", NULL, &options->grace_ms}, {"tick_hz", NULL, &options->tick_hz},
                {"unlisted", &options->unlisted, NULL}, {"locked", &options->locked, NULL}};
    const struct rtmp_value *password = rtmp_value_get(given, "password"),
                            *metadata = rtmp_value_get(given, "metadata");
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        const struct rtmp_value *value = rtmp_value_get(given, rows[i].name);
        double number = rtmp_value_number(value, -1);
        if (!value)
            continue;
        if (rows[i].flag ? rtmp_value_type(value) != RTMP_BOOLEAN : !(number >= 0 && number <= UINT32_MAX))
            return ph_command_fail(command, PH_E_ARGUMENT, "an option of the room is of the wrong kind");
        if (rows[i].flag)
            *rows[i].flag = rtmp_value_boolean(value, false);
        else
            *rows[i].number = (uint32_t)number;
    }
    if (password)
        options->password = rtmp_value_text(password).data;
    if (metadata)
        options->metadata = ph_value_out(metadata);
    return 0;
}

static int configure(struct ph_command *command, struct ph_room *room, const struct rtmp_value *given)
{
    struct ph_room_options options = room->options;
    options.size = sizeof options;
    int error = read_options(command, given, &options);
    return error ? error : ph_room_configure(room, &options);
}

static int configure_room(struct ph_command *command)
{
    struct ph_room *room = ph_command_room(command);
    return room ? configure(command, room, ph_command_value(command, "options")) : PH_E_NOT_FOUND;
}

static int lock_room(struct ph_command *command)
{
    struct ph_room *room = ph_command_room(command);
    if (!room)
        return PH_E_NOT_FOUND;
    struct ph_room_options options = room->options;
    options.size = sizeof options;
    options.locked = rtmp_value_boolean(ph_command_value(command, "locked"), true);
    return ph_room_configure(room, &options);
}

static int create_room(struct ph_command *command)
{
    enum { EMPTY_MS = 60000 };
    const char *name = ph_command_text(command, "room");
    struct ph_room_options options = {.size = sizeof options, .password = "", .dispose_ms = EMPTY_MS};
    if (!name[0] || strlen(name) > PH_LIMIT_NAME_BYTES || strchr(name, '/'))
        return ph_command_fail(command, PH_E_ARGUMENT, "room: a name of 1 to 128 bytes without /");
    if (ph_room_find(command->instance, name))
        return ph_command_fail(command, PH_E_CONFLICT, "this room is there already");
    int error = read_options(command, ph_command_value(command, "options"), &options);
    command->is_later = true;
    return error ? error : ph_room_order(command->instance, name, &options, command->done, command->user);
}

static int close_room(struct ph_command *command)
{
    struct ph_room *room = ph_command_room(command);
    const char *why = ph_command_text(command, "description");
    return room ? ph_room_close(room, why[0] ? why : NULL) : PH_E_NOT_FOUND;
}

static int list_rooms(struct ph_command *command)
{
    struct rtmp_arena *scratch = &command->instance->scratch;
    struct rtmp_value *result = rtmp_value_new_object(scratch);
    struct rtmp_value *rooms = ph_lobby_list(command->instance, ph_command_value(command, "filter"), scratch);
    command->result = result;
    return ph_command_put(command, result, "rooms", rooms) ? 0 : PH_E_MEMORY;
}

static struct rtmp_value *members_of(struct ph_command *command, const struct ph_room *room)
{
    struct rtmp_arena *scratch = &command->instance->scratch;
    struct rtmp_value *rows = rtmp_value_new_array(scratch);
    size_t n = 0;
    ph_list_for_each(node, &room->members)
    {
        const struct ph_member *member = ph_list_entry(node, struct ph_member, in_room);
        if (n++ == PH_LIMIT_LISTED)
            break;
        struct rtmp_value *row = rtmp_value_new_object(scratch);
        if (!ph_command_put_text(command, row, "session", member->session) ||
            !ph_command_put_text(command, row, "user", member->user) || rtmp_value_push(scratch, rows, row))
            return NULL;
    }
    return rows;
}

static int get_room(struct ph_command *command)
{
    struct ph_room *room = ph_command_room(command);
    if (!room)
        return PH_E_NOT_FOUND;
    struct rtmp_value *row = ph_lobby_describe(&command->instance->scratch, room);
    command->result = row;
    return ph_command_put(command, row, "sessions", members_of(command, room)) ? 0 : PH_E_MEMORY;
}

/* Members that the param `except` names; those who are gone are left out. */
static size_t excepted(struct ph_command *command, ph_member_id *ids, size_t cap)
{
    const struct rtmp_value *list = ph_command_value(command, "except");
    size_t n = 0;
    for (size_t i = 0; i < rtmp_value_count(list) && n < cap; i++) {
        const struct rtmp_value *name = rtmp_value_at(list, i);
        const struct ph_member *member = rtmp_value_type(name) == RTMP_STRING
                                             ? ph_member_of_session(command->instance, name->text)
                                             : NULL;
        if (member)
            ids[n++] = member->id;
    }
    return n;
}

static int broadcast(struct ph_command *command)
{
    enum { EXCEPT = 64 };
    struct ph_room *room = ph_command_room(command);
    const struct rtmp_value *args = ph_command_value(command, "args");
    ph_member_id except[EXCEPT];
    if (!room)
        return PH_E_NOT_FOUND;
    size_t n = excepted(command, except, EXCEPT);
    return ph_host_rooms.broadcast(command->app, room->id, ph_command_text(command, "method"), ph_value_out(args),
                                   except, n);
}

const struct ph_command_method ph_room_commands[] = {
    {"listRooms", list_rooms},   {"getRoom", get_room},
    {"createRoom", create_room}, {"closeRoom", close_room},
    {"lockRoom", lock_room},     {"configureRoom", configure_room},
    {"broadcast", broadcast},    {NULL, NULL},
};
