/* SPDX-License-Identifier: MIT */
/*
 * Rooms to meet in. create(name, {capacity, password, unlisted, metadata}) makes a room and brings the caller into it,
 * join(name) brings it into one that is there; those in the hall get roomsChanged() when a list from $rooms() is old.
 */
#include <stdlib.h>

#include "apps/bundled.h"

static int refuse(struct ph_answer *answer, const char *description)
{
    answer->description = description;
    return PH_REFUSE;
}

static const char *room_argument(struct ph_app *app, const struct ph_event *event)
{
    const struct ph_values *values = app->host->values;
    return values->text(values->at(event->value, 0), NULL);
}

static void tell_hall(struct ph_app *app)
{
    const struct ph_rooms *rooms = app->host->rooms;
    (void)rooms->broadcast(app, rooms->find(app, ""), "roomsChanged", NULL, NULL, 0);
}

static void arrived(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    struct ph_answer answer = {.description = "The room does not take you."};
    ph_answer_id *later = user;
    (void)value;
    (void)app->host->answer(app, *later, error ? PH_REFUSE : PH_ACCEPT, &answer);
    free(later);
}

/* Answered when the caller has arrived, or has not. */
static int go(struct ph_app *app, const struct ph_event *event, const char *room)
{
    ph_answer_id *later = malloc(sizeof *later);
    if (!later)
        return PH_E_MEMORY;
    *later = event->later;
    int error = app->host->members->move(app, event->member, room, arrived, later);
    if (error)
        free(later);
    return error ? error : PH_LATER;
}

static int join(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const char *room = room_argument(app, event);
    if (!app->host->rooms->find(app, room))
        return refuse(answer, "There is no such room; create(name) makes one.");
    return go(app, event, room);
}

static int create(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_values *values = app->host->values;
    const struct ph_value *how = values->at(event->value, 1);
    const char *room = room_argument(app, event);
    if (!room[0] || app->host->rooms->find(app, room))
        return refuse(answer, room[0] ? "There is a room of this name." : "create wants the name of a room.");
    int error = how ? app->host->members->set_attribute(app, event->member, "room", how) : 0;
    return error ? error : go(app, event, room);
}

static int create_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_host *host = app->host;
    const struct ph_value *how = host->members->attribute(app, event->member, "room");
    const struct ph_value *metadata = host->values->get(how, "metadata");
    double capacity = host->values->number(host->values->get(how, "capacity"), 0);
    const struct ph_room_options options = {
        .size = sizeof options,
        .capacity = capacity >= 1 && capacity <= UINT32_MAX ? (uint32_t)capacity : 0,
        .password = host->values->text(host->values->get(how, "password"), NULL),
        .unlisted = host->values->boolean(host->values->get(how, "unlisted"), false),
        .metadata = metadata,
    };
    if (host->rooms->configure(app, event->room, &options))
        return refuse(answer, "metadata has at most 2 KiB.");
    tell_hall(app);
    return PH_ACCEPT;
}

static int destroy_room(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)event;
    (void)answer;
    tell_hall(app);
    return PH_ACCEPT;
}

static const struct ph_method methods[] = {{.name = "create", .run = create}, {.name = "join", .run = join}};

const struct ph_app_type lobby_app = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof lobby_app,
    .name = "lobby",
    .about = "Rooms that are made by create(name, options), found by $rooms() and joined.",
    .methods = methods,
    .n_methods = sizeof methods / sizeof *methods,
    .create_room = create_room,
    .destroy_room = destroy_room,
};
