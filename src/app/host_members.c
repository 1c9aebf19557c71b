/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "app/attribute.h"
#include "app/host.h"
#include "app/member.h"
#include "app/room.h"

static struct ph_member *member_of(struct ph_app *app, ph_member_id id)
{
    return ph_member_get(ph_instance_of(app), id);
}

static int info(struct ph_app *app, ph_member_id id, struct ph_member_info *out)
{
    const struct ph_member *member = member_of(app, id);
    if (!member)
        return PH_E_GONE;
    const struct ph_seat_request *request = member->request;
    const struct ph_member_info all = {
        .size = out->size,
        .id = id,
        .room = member->state == PH_MEMBER_IN ? member->room->id : 0,
        .address = request->address,
        .protocol = request->protocol,
        .user = member->user,
        .path = request->path,
        .query = request->query,
        .properties = ph_value_out(request->properties),
        .arguments = ph_value_out(request->arguments),
        .connected_ms = member->connected_ms,
        .is_dropped = !member->seat,
        .session = member->session,
    };
    memcpy(out, &all, out->size < sizeof all ? out->size : sizeof all); /* older ones know less */
    return 0;
}

static void *data(struct ph_app *app, ph_member_id id)
{
    const struct ph_member *member = member_of(app, id);
    return member ? member->data : NULL;
}

static int set_data(struct ph_app *app, ph_member_id id, void *pointer)
{
    struct ph_member *member = member_of(app, id);
    if (!member)
        return PH_E_GONE;
    member->data = pointer;
    return 0;
}

static const struct ph_value *attribute(struct ph_app *app, ph_member_id id, const char *name)
{
    const struct ph_member *member = member_of(app, id);
    return member ? ph_value_out(ph_attribute_get(member, name)) : NULL;
}

static int set_attribute(struct ph_app *app, ph_member_id id, const char *name, const struct ph_value *value)
{
    struct ph_member *member = member_of(app, id);
    return member ? ph_attribute_set(member, name, ph_value_in(value)) : PH_E_GONE;
}

static int call(struct ph_app *app, ph_member_id id, const char *name, const struct ph_value *arguments,
                uint32_t timeout_ms, ph_done_fn done, void *user)
{
    struct ph_member *member = member_of(app, id);
    return member ? ph_member_invoke(member, name, ph_value_in(arguments), timeout_ms, done, user) : PH_E_GONE;
}

static int kick(struct ph_app *app, ph_member_id id, const char *code, const char *description)
{
    struct ph_member *member = member_of(app, id);
    if (!member || member->is_leaving)
        return PH_E_GONE;
    ph_member_kick(member, PH_REASON_KICKED, code, description);
    return 0;
}

static int move(struct ph_app *app, ph_member_id id, const char *room, ph_done_fn done, void *user)
{
    struct ph_member *member = member_of(app, id);
    const struct ph_destination to = {.name = room, .reason = PH_REASON_MOVED, .done = done, .user = user};
    return member ? ph_member_move(member, &to) : PH_E_GONE;
}

static int join(struct ph_app *app, ph_member_id id, const char *prefix, const struct ph_value *filter, ph_done_fn done,
                void *user)
{
    struct ph_member *member = member_of(app, id);
    const struct ph_destination to = {.name = prefix ? prefix : "",
                                      .filter = ph_value_in(filter),
                                      .reason = PH_REASON_MOVED,
                                      .done = done,
                                      .user = user};
    return !filter ? PH_E_ARGUMENT : member ? ph_member_move(member, &to) : PH_E_GONE;
}

static ph_member_id in_room_from(const struct ph_list *node, const struct ph_list *head)
{
    return node == head ? 0 : ph_list_entry(node, struct ph_member, in_room)->id;
}

static ph_member_id next_in_room(const struct ph_room *room, const struct ph_member *previous)
{
    if (previous && previous->room != room)
        return 0;
    return in_room_from(previous ? previous->in_room.next : room->members.next, &room->members);
}

static ph_member_id next(struct ph_app *app, ph_room_id room_id, ph_member_id previous_id)
{
    struct ph_instance *instance = ph_instance_of(app);
    const struct ph_room *room = room_id ? ph_room_get(instance, room_id) : NULL;
    const struct ph_member *previous = previous_id ? member_of(app, previous_id) : NULL;
    if ((room_id && !room) || (previous_id && !previous))
        return 0;
    if (room)
        return next_in_room(room, previous);
    const struct ph_list *node = previous ? previous->link.next : instance->members.next;
    return node == &instance->members ? 0 : ph_list_entry(node, struct ph_member, link)->id;
}

const struct ph_members ph_host_members = {
    .version = 1,
    .size = sizeof ph_host_members,
    .info = info,
    .data = data,
    .set_data = set_data,
    .attribute = attribute,
    .set_attribute = set_attribute,
    .call = call,
    .kick = kick,
    .move = move,
    .next = next,
    .join = join,
};
