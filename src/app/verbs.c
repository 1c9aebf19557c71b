/* SPDX-License-Identifier: MIT */
#include "app/verbs.h"

#include <stdio.h>
#include <string.h>

#include "app/attribute.h"
#include "app/filter.h"
#include "app/letter.h"
#include "app/lobby.h"
#include "app/member.h"
#include "app/room.h"
#include "base/limits.h"

static void refuse(struct ph_member *member, struct ph_letter *call, const char *description)
{
    const struct ph_answer answer = {.code = "NetConnection.Call.BadValue", .description = description};
    ph_member_answer_call(member, call, PH_REFUSE, &answer);
}

static void reply(struct ph_member *member, struct ph_letter *call, const struct rtmp_value *value)
{
    const struct ph_answer answer = {.value = ph_value_out(value)};
    ph_member_answer_call(member, call, value ? PH_ACCEPT : PH_E_MEMORY, &answer);
}

static struct rtmp_arena *scratch_of(const struct ph_member *member) { return &member->instance->scratch; }

/* Moving */

static void go(struct ph_member *member, struct ph_letter *call, const struct ph_destination *to)
{
    switch (ph_member_move(member, to)) {
    case 0:
        break;
    case PH_E_ARGUMENT:
        refuse(member, call,
               to->filter ? "A filter is an object of texts, numbers and booleans; the name has at most 116 bytes."
                          : "A room's name is a text without slash, of at most 128 bytes.");
        break;
    case PH_E_STATE:
        refuse(member, call, "You are on your way to another room.");
        break;
    default:
        refuse(member, call, "The server is out of memory.");
    }
}

static void join(struct ph_member *member, struct ph_letter *call)
{
    const struct rtmp_value *room = rtmp_value_at(call->value, 0), *how = rtmp_value_at(call->value, 1);
    const struct ph_destination to = {.name = rtmp_value_text(room).data,
                                      .password = rtmp_value_text(rtmp_value_get(how, "password")).data,
                                      .ticket = rtmp_value_text(rtmp_value_get(how, "ticket")).data,
                                      .filter = rtmp_value_get(how, "filter"),
                                      .options = rtmp_value_get(how, "options"),
                                      .reason = PH_REASON_MOVED,
                                      .letter = call};
    if (rtmp_value_type(room) != RTMP_STRING)
        refuse(member, call, "$join wants the name of a room.");
    else
        go(member, call, &to);
}

static void leave(struct ph_member *member, struct ph_letter *call)
{
    const struct ph_destination hall = {.name = "", .reason = PH_REASON_MOVED, .letter = call};
    go(member, call, &hall);
}

/* Listing */

static bool set(struct rtmp_arena *arena, struct rtmp_value *object, const char *name, struct rtmp_value *value)
{
    return rtmp_value_set(arena, object, name, value) == 0;
}

static struct rtmp_value *text(struct rtmp_arena *arena, const char *words)
{
    return rtmp_value_new_string(arena, words, strlen(words));
}

static void list_rooms(struct ph_member *member, struct ph_letter *call)
{
    reply(member, call, ph_lobby_list(member->instance, NULL, scratch_of(member)));
}

static void watch(struct ph_member *member, struct ph_letter *call)
{
    const struct rtmp_value *filter = rtmp_value_at(call->value, 0);
    struct rtmp_value *rooms;
    enum rtmp_value_type type = rtmp_value_type(filter);
    if (type == RTMP_NULL || type == RTMP_UNDEFINED)
        filter = NULL;
    if (filter && !ph_filter_is_valid(filter)) {
        refuse(member, call, "A filter is an object of texts, numbers and booleans.");
        return;
    }
    int err = ph_lobby_watch(member, filter, &rooms);
    const struct ph_answer answer = {.value = err ? NULL : ph_value_out(rooms)};
    ph_member_answer_call(member, call, err, &answer);
}

static void unwatch(struct ph_member *member, struct ph_letter *call)
{
    ph_lobby_unwatch(member);
    reply(member, call, rtmp_value_new_boolean(true));
}

/* A handle as text: a double would lose its last bits. */
static struct rtmp_value *handle_text(struct rtmp_arena *arena, uint64_t handle)
{
    char digits[2 * sizeof handle + 1];
    snprintf(digits, sizeof digits, "%llx", (unsigned long long)handle);
    return text(arena, digits);
}

static struct rtmp_value *describe_member(struct rtmp_arena *arena, const struct ph_member *member)
{
    struct rtmp_value *row = rtmp_value_new_object(arena);
    bool whole = set(arena, row, "id", handle_text(arena, member->id)) &&
                 set(arena, row, "user", text(arena, member->user)) &&
                 set(arena, row, "attributes", ph_attributes_all(member, arena));
    return whole ? row : NULL;
}

static void list_members(struct ph_member *member, struct ph_letter *call)
{
    struct rtmp_arena *arena = scratch_of(member);
    struct rtmp_value *members = rtmp_value_new_array(arena);
    size_t n = 0;
    if (!member->room) {
        reply(member, call, members);
        return;
    }
    ph_list_for_each(node, &member->room->members)
    {
        if (n++ == PH_LIMIT_LISTED)
            break;
        if (members &&
            rtmp_value_push(arena, members, describe_member(arena, ph_list_entry(node, struct ph_member, in_room))))
            members = NULL;
    }
    reply(member, call, members);
}

static const struct {
    const char *name;
    void (*run)(struct ph_member *member, struct ph_letter *call);
} verbs[] = {{"$join", join},   {"$leave", leave},     {"$rooms", list_rooms},
             {"$watch", watch}, {"$unwatch", unwatch}, {"$members", list_members}};

void ph_verb_run(struct ph_member *member, struct ph_letter *call)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, call->name) == 0) {
            verbs[i].run(member, call);
            return;
        }
    const struct ph_answer answer = {.description = "The server has no such verb."};
    ph_member_answer_call(member, call, PH_E_NOT_FOUND, &answer);
}
