/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "app/errand.h"
#include "app/host.h"
#include "app/member.h"
#include "app/reserve.h"
#include "app/room.h"

static struct ph_room *room_of(struct ph_app *app, ph_room_id id) { return ph_room_get(ph_instance_of(app), id); }

static ph_room_id find(struct ph_app *app, const char *name)
{
    const struct ph_room *room = ph_room_find(ph_instance_of(app), name);
    return room && room->is_open ? room->id : 0;
}

static const char *name(struct ph_app *app, ph_room_id id)
{
    const struct ph_room *room = room_of(app, id);
    return room ? room->name : NULL;
}

static const char *extra(struct ph_app *app, ph_room_id id)
{
    const struct ph_room *room = room_of(app, id);
    return room ? room->extra : "";
}

static size_t count(struct ph_app *app, ph_room_id id)
{
    const struct ph_room *room = room_of(app, id);
    return room ? room->n_members : 0;
}

static ph_room_id next(struct ph_app *app, ph_room_id previous_id)
{
    struct ph_instance *instance = ph_instance_of(app);
    const struct ph_room *previous = previous_id ? room_of(app, previous_id) : NULL;
    if (previous_id && !previous)
        return 0;
    const struct ph_list *node = previous ? previous->link.next : instance->room_list.next;
    return node == &instance->room_list ? 0 : ph_list_entry(node, struct ph_room, link)->id;
}

static void *data(struct ph_app *app, ph_room_id id)
{
    const struct ph_room *room = room_of(app, id);
    return room ? room->data : NULL;
}

static int set_data(struct ph_app *app, ph_room_id id, void *pointer)
{
    struct ph_room *room = room_of(app, id);
    if (!room)
        return PH_E_GONE;
    room->data = pointer;
    return 0;
}

static int options(struct ph_app *app, ph_room_id id, struct ph_room_options *out)
{
    const struct ph_room *room = room_of(app, id);
    uint32_t size = out->size;
    if (!room)
        return PH_E_GONE;
    memcpy(out, &room->options, size < sizeof *out ? size : sizeof *out); /* older ones know less */
    out->size = size;
    return 0;
}

static int configure(struct ph_app *app, ph_room_id id, const struct ph_room_options *wanted)
{
    struct ph_room *room = room_of(app, id);
    return room ? ph_room_configure(room, wanted) : PH_E_GONE;
}

static bool is_in(const ph_member_id *list, size_t n, ph_member_id id)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == id)
            return true;
    return false;
}

static int check_call(const char *method)
{
    size_t length = method ? strlen(method) : 0;
    return length == 0 || length > PH_LIMIT_NAME_BYTES ? PH_E_ARGUMENT : 0;
}

static int deliver(struct ph_app *app, ph_room_id id, const char *method, const struct ph_value *arguments,
                   const struct ph_delivery *how)
{
    struct ph_room *room = room_of(app, id);
    if (!room)
        return PH_E_GONE;
    if (check_call(method) || how->size < sizeof *how || how->kind > PH_DELIVER_AT_ONCE)
        return PH_E_ARGUMENT;
    struct ph_member **members = calloc(room->n_members + 1, sizeof(struct ph_member *));
    if (!members)
        return PH_E_MEMORY;
    size_t n = 0;
    ph_list_for_each(node, &room->members)
    {
        struct ph_member *member = ph_list_entry(node, struct ph_member, in_room);
        if (!how->n_except || !is_in(how->except, how->n_except, member->id))
            members[n++] = member;
    }
    uint64_t sequence = how->kind == PH_DELIVER_ALL ? ++room->sequence : 0;
    int err = ph_room_deliver(room->instance, members, n, method, ph_value_in(arguments), sequence, how->kind);
    free(members);
    return err;
}

static int broadcast(struct ph_app *app, ph_room_id id, const char *method, const struct ph_value *arguments,
                     const ph_member_id *except, size_t n_except)
{
    const struct ph_delivery how = {.size = sizeof how, .except = except, .n_except = n_except};
    return deliver(app, id, method, arguments, &how);
}

static int multicast(struct ph_app *app, const ph_member_id *ids, size_t n_ids, const char *method,
                     const struct ph_value *arguments)
{
    struct ph_instance *instance = ph_instance_of(app);
    if (check_call(method))
        return PH_E_ARGUMENT;
    struct ph_member **members = calloc(n_ids + 1, sizeof(struct ph_member *));
    if (!members)
        return PH_E_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < n_ids; i++) {
        members[n] = ph_member_get(instance, ids[i]);
        n += members[n] != NULL;
    }
    int err = ph_room_deliver(instance, members, n, method, ph_value_in(arguments), 0, PH_DELIVER_ALL);
    free(members);
    return err;
}

static int close_room(struct ph_app *app, ph_room_id id, const char *description)
{
    struct ph_room *room = room_of(app, id);
    if (!room)
        return PH_E_GONE;
    return ph_room_close(room, description);
}

static int reserve(struct ph_app *app, const char *room_name, uint32_t members, ph_done_fn done, void *user)
{
    struct ph_instance *instance = ph_instance_of(app);
    struct ph_room *room = room_name && members ? ph_room_find(instance, room_name) : NULL;
    const char *ticket;
    if (!room_name || !members || !done)
        return PH_E_ARGUMENT;
    if (!room || !room->is_open)
        return PH_E_NOT_FOUND;
    int err = ph_reserve(room, members, &ticket);
    if (err)
        return err;
    const struct rtmp_value *value = rtmp_value_new_string(&instance->scratch, ticket, strlen(ticket));
    return value ? ph_errand_end_soon(app, done, user, 0, value) : PH_E_MEMORY; /* the seats go by themselves */
}

const struct ph_rooms ph_host_rooms = {
    .version = 1,
    .size = sizeof ph_host_rooms,
    .find = find,
    .name = name,
    .extra = extra,
    .count = count,
    .next = next,
    .data = data,
    .set_data = set_data,
    .options = options,
    .configure = configure,
    .broadcast = broadcast,
    .multicast = multicast,
    .close = close_room,
    .reserve = reserve,
    .deliver = deliver,
};
