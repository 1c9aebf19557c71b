/* SPDX-License-Identifier: MIT */
/*
 * Rooms without code: members call each other. broadcast(method, arguments...) calls a method of all others in the
 * room, relay(member, method, arguments...) of one; both put the caller's id before the arguments. Who comes gets its
 * id from connect's data; the others get memberJoined(id) and memberLeft(id).
 */
#include <stdio.h>
#include <string.h>

#include "apps/bundled.h"

enum { ID_TEXT = 2 * sizeof(ph_member_id) + 1 };

static const char *id_text(ph_member_id member, char text[ID_TEXT])
{
    snprintf(text, ID_TEXT, "%llx", (unsigned long long)member);
    return text;
}

static struct ph_value *id_value(struct ph_app *app, ph_member_id member)
{
    char text[ID_TEXT];
    return app->host->values->new_text(app, id_text(member, text));
}

/* 0: there is no such member in the room. */
static ph_member_id find(struct ph_app *app, ph_room_id room, const char *id)
{
    char text[ID_TEXT];
    ph_member_id member = 0;
    while ((member = app->host->members->next(app, room, member)) && strcmp(id_text(member, text), id) != 0)
        ;
    return member;
}

static int refuse(struct ph_answer *answer, const char *description)
{
    answer->description = description;
    return PH_REFUSE;
}

/* The caller's id and the arguments from `first` on. */
static struct ph_value *pass_on(struct ph_app *app, const struct ph_event *event, size_t first)
{
    const struct ph_values *values = app->host->values;
    struct ph_value *arguments = values->new_array(app);
    if (values->push(app, arguments, id_value(app, event->member)))
        return NULL;
    for (size_t i = first; i < values->count(event->value); i++)
        if (values->push(app, arguments, values->at(event->value, i)))
            return NULL;
    return arguments;
}

static int broadcast(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_host *host = app->host;
    const char *method = host->values->text(host->values->at(event->value, 0), NULL);
    struct ph_value *arguments = pass_on(app, event, 1);
    if (!method[0])
        return refuse(answer, "broadcast wants the name of a method, then its arguments.");
    return arguments ? host->rooms->broadcast(app, event->room, method, arguments, &event->member, 1) : PH_E_MEMORY;
}

static int relay(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_host *host = app->host;
    ph_member_id member = find(app, event->room, host->values->text(host->values->at(event->value, 0), NULL));
    const char *method = host->values->text(host->values->at(event->value, 1), NULL);
    struct ph_value *arguments = pass_on(app, event, 2);
    if (!method[0])
        return refuse(answer, "relay wants the id of a member, the name of a method, then its arguments.");
    if (!member)
        return refuse(answer, "There is no such member in this room.");
    return arguments ? host->members->call(app, member, method, arguments, 0, NULL, NULL) : PH_E_MEMORY;
}

static int list(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_host *host = app->host;
    struct ph_value *ids = host->values->new_array(app);
    for (ph_member_id m = 0; (m = host->members->next(app, event->room, m));)
        if (host->values->push(app, ids, id_value(app, m)))
            return PH_E_MEMORY;
    answer->value = ids;
    return PH_ACCEPT;
}

static int connect(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_values *values = app->host->values;
    struct ph_value *data = values->new_object(app);
    answer->value = data;
    return values->set(app, data, "id", id_value(app, event->member));
}

static int announce(struct ph_app *app, const struct ph_event *event, const char *method)
{
    const struct ph_values *values = app->host->values;
    struct ph_value *arguments = values->new_array(app);
    if (values->push(app, arguments, id_value(app, event->member)))
        return PH_E_MEMORY;
    return app->host->rooms->broadcast(app, event->room, method, arguments, &event->member, 1);
}

static int enter_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return announce(app, event, "memberJoined");
}

static int leave_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    return announce(app, event, "memberLeft");
}

static const struct ph_method methods[] = {
    {.name = "broadcast", .run = broadcast}, {.name = "relay", .run = relay}, {.name = "members", .run = list}};

const struct ph_app_type relay_app = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof relay_app,
    .name = "relay",
    .about = "Rooms without code: broadcast(method, ...) and relay(member, method, ...) call other members.",
    .methods = methods,
    .n_methods = sizeof methods / sizeof *methods,
    .connect = connect,
    .enter_room = enter_room,
    .leave_room = leave_room,
};
