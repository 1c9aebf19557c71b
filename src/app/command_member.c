/* SPDX-License-Identifier: MIT */
/* Commands about members and their streams; from outside a member is called by its session. */
#include <string.h>

#include "app/attribute.h"
#include "app/command.h"
#include "app/host.h"
#include "app/member.h"
#include "app/room.h"
#include "base/limits.h"

enum { TIMEOUT_MAX_MS = 60000 };

static struct ph_member *member_of(struct ph_command *command)
{
    struct ph_member *member = ph_member_of_session(command->instance, ph_command_text(command, "session"));
    if (!member)
        command->fault = "there is no such session";
    return member;
}

static int invoke(struct ph_command *command)
{
    const struct ph_member *member = member_of(command);
    const struct rtmp_value *args = ph_command_value(command, "args");
    double timeout_ms = rtmp_value_number(ph_command_value(command, "timeout_ms"), 0);
    bool waits = rtmp_value_boolean(ph_command_value(command, "reply"), true) && command->done;
    if (!member)
        return PH_E_NOT_FOUND;
    if (!(timeout_ms >= 0 && timeout_ms <= TIMEOUT_MAX_MS) || (args && rtmp_value_type(args) != RTMP_ARRAY))
        return ph_command_fail(command, PH_E_ARGUMENT, "args is an array, timeout_ms is at most 60000");
    command->is_later = waits;
    return ph_host_members.call(command->app, member->id, ph_command_text(command, "method"), ph_value_out(args),
                                (uint32_t)timeout_ms, waits ? command->done : NULL, command->user);
}

static int kick(struct ph_command *command)
{
    const char *session = ph_command_text(command, "session"), *user = ph_command_text(command, "user");
    const char *code = ph_command_text(command, "code"), *words = ph_command_text(command, "description");
    struct rtmp_value *result = rtmp_value_new_object(&command->instance->scratch);
    unsigned n = 0;
    if (!session[0] && !user[0])
        return ph_command_fail(command, PH_E_ARGUMENT, "say which: session or user");
    ph_list_for_each(node, &command->instance->members)
    {
        struct ph_member *member = ph_list_entry(node, struct ph_member, link);
        if (session[0] ? strcmp(member->session, session) != 0 : strcmp(member->user, user) != 0)
            continue;
        ph_member_kick(member, PH_REASON_KICKED, code[0] ? code : NULL, words[0] ? words : NULL);
        n++;
    }
    command->result = result;
    return ph_command_put_number(command, result, "kicked", n) ? 0 : PH_E_MEMORY;
}

static int move(struct ph_command *command)
{
    const struct ph_member *member = member_of(command);
    if (!member)
        return PH_E_NOT_FOUND;
    command->is_later = true;
    return ph_host_members.move(command->app, member->id, ph_command_text(command, "room"), command->done,
                                command->user);
}

static int set_attributes(struct ph_command *command)
{
    const struct ph_member *member = member_of(command);
    int error = member ? 0 : PH_E_NOT_FOUND;
    const struct rtmp_member *at = rtmp_value_members(ph_command_value(command, "attributes"));
    for (; at && !error; at = at->next) {
        const struct rtmp_value *value = rtmp_value_type(at->value) == RTMP_NULL ? NULL : at->value;
        error = ph_host_members.set_attribute(command->app, member->id, at->name.data, ph_value_out(value));
    }
    return error;
}

static struct rtmp_value *describe(struct ph_command *command, const struct ph_member *member)
{
    struct rtmp_value *row = rtmp_value_new_object(&command->instance->scratch);
    const struct ph_seat_request *request = member->request;
    const char *room = member->state == PH_MEMBER_IN ? member->room->name : "";
    bool whole = ph_command_put_text(command, row, "session", member->session) &&
                 ph_command_put_text(command, row, "user", member->user) &&
                 ph_command_put_text(command, row, "room", room) &&
                 ph_command_put_text(command, row, "address", request->address) &&
                 ph_command_put_text(command, row, "protocol", request->protocol) &&
                 ph_command_put_number(command, row, "connected_ms", (double)member->connected_ms) &&
                 ph_command_put(command, row, "dropped", rtmp_value_new_boolean(!member->seat));
    return whole ? row : NULL;
}

static bool is_wanted(const struct ph_command *command, const struct ph_member *member)
{
    const char *user = ph_command_text(command, "user");
    const struct rtmp_value *room = ph_command_value(command, "room");
    if (user[0] && strcmp(member->user, user) != 0)
        return false;
    return !room || (member->state == PH_MEMBER_IN && rtmp_value_type(room) == RTMP_STRING &&
                     strcmp(member->room->name, room->text) == 0);
}

/* Behind the session `after`; `next` is there when there may be more. */
static int list_sessions(struct ph_command *command)
{
    struct rtmp_arena *scratch = &command->instance->scratch;
    struct rtmp_value *result = rtmp_value_new_object(scratch), *rows = rtmp_value_new_array(scratch);
    const char *after = ph_command_text(command, "after"), *last = NULL;
    const struct ph_member *previous = after[0] ? ph_member_of_session(command->instance, after) : NULL;
    size_t n = 0;
    if (after[0] && !previous)
        return ph_command_fail(command, PH_E_GONE, "the session of `after` has left; begin anew");
    struct ph_list *node = previous ? previous->link.next : command->instance->members.next;
    for (; node != &command->instance->members && n < PH_LIMIT_LISTED; node = node->next) {
        const struct ph_member *member = ph_list_entry(node, struct ph_member, link);
        if (!is_wanted(command, member))
            continue;
        if (rtmp_value_push(scratch, rows, describe(command, member)))
            return PH_E_MEMORY;
        last = member->session;
        n++;
    }
    command->result = result;
    bool whole = ph_command_put(command, result, "sessions", rows);
    if (whole && node != &command->instance->members)
        whole = ph_command_put_text(command, result, "next", last);
    return whole ? 0 : PH_E_MEMORY;
}

/* Streams */

static int list_streams(struct ph_command *command)
{
    command->is_later = true;
    return command->done ? ph_host_streams.list(command->app, command->done, command->user) : 0;
}

static int stop_stream(struct ph_command *command)
{
    const char *words = ph_command_text(command, "description");
    command->is_later = true;
    return ph_host_streams.stop(command->app, ph_command_text(command, "stream"), words[0] ? words : NULL,
                                command->done, command->user);
}

const struct ph_command_method ph_member_commands[] = {
    {"invoke", invoke},
    {"kick", kick},
    {"move", move},
    {"setAttributes", set_attributes},
    {"listSessions", list_sessions},
    {"listStreams", list_streams},
    {"stopStream", stop_stream},
    {NULL, NULL},
};
