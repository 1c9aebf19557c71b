/* SPDX-License-Identifier: MIT */
#include "app/lobby.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/copy.h"
#include "app/filter.h"
#include "app/instance.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/room.h"
#include "app/theatre.h"
#include "base/limits.h"

/* A room that the group has been told of. */
struct known {
    struct ph_list link; /* in `removed`, once it is there no more */
    size_t length;
    char name[];
};

struct ph_lobby_group {
    struct ph_list link;
    struct rtmp_arena arena;
    const struct rtmp_value *filter; /* NULL: all */
    struct ph_list members;          /* list of struct ph_member::watching */
    size_t n_members;
    struct ph_map known;
    struct ph_list removed;
};

static bool is_seen(const struct ph_lobby_group *group, const struct ph_room *room)
{
    return room->is_open && ph_filter_fits(group->filter, room);
}

/* Rows */

static bool set(struct rtmp_arena *arena, struct rtmp_value *object, const char *name, struct rtmp_value *value)
{
    return rtmp_value_set(arena, object, name, value) == 0;
}

struct rtmp_value *ph_lobby_describe(struct rtmp_arena *arena, const struct ph_room *room)
{
    const struct rtmp_value *metadata = ph_value_in(room->options.metadata);
    struct rtmp_value *row = rtmp_value_new_object(arena);
    bool whole = set(arena, row, "name", rtmp_value_new_string(arena, room->name, strlen(room->name))) &&
                 set(arena, row, "members", rtmp_value_new_number(arena, (double)room->n_members)) &&
                 set(arena, row, "capacity", rtmp_value_new_number(arena, room->options.capacity)) &&
                 set(arena, row, "locked", rtmp_value_new_boolean(room->options.locked)) &&
                 set(arena, row, "password", rtmp_value_new_boolean(room->options.password[0] != '\0')) &&
                 set(arena, row, "metadata", metadata ? ph_value_copy(metadata, arena) : rtmp_value_new_null());
    return whole ? row : NULL;
}

struct rtmp_value *ph_lobby_list(struct ph_instance *instance, const struct rtmp_value *filter,
                                 struct rtmp_arena *arena)
{
    struct rtmp_value *rooms = rtmp_value_new_array(arena);
    size_t n = 0;
    ph_list_for_each(node, &instance->room_list)
    {
        const struct ph_room *room = ph_list_entry(node, struct ph_room, link);
        if (!rooms || n == PH_LIMIT_LISTED)
            break;
        if (!room->is_open || !ph_filter_fits(filter, room))
            continue;
        n++;
        if (rtmp_value_push(arena, rooms, ph_lobby_describe(arena, room)))
            rooms = NULL;
    }
    return rooms;
}

/* What a group knows */

static bool learn(struct ph_lobby_group *group, const char *name, size_t length)
{
    if (ph_map_get(&group->known, name, length))
        return true;
    struct known *known = malloc(sizeof *known + length + 1);
    if (!known)
        return false;
    known->length = length;
    memcpy(known->name, name, length);
    known->name[length] = '\0';
    if (ph_map_add(&group->known, known->name, length, known) == 0)
        return true;
    free(known);
    return false;
}

static void unlearn(struct ph_lobby_group *group, const struct ph_room *room)
{
    struct known *known = ph_map_remove(&group->known, room->name, strlen(room->name));
    if (known)
        ph_list_append(&group->removed, &known->link);
}

static void free_group(struct ph_instance *instance, struct ph_lobby_group *group)
{
    size_t at = 0;
    for (void *known; ph_map_next(&group->known, &at, &known);)
        free(known);
    ph_map_finish(&group->known);
    for (struct ph_list *node; (node = ph_list_pop(&group->removed));)
        free(ph_list_entry(node, struct known, link));
    rtmp_arena_finish(&group->arena);
    ph_list_remove(&group->link);
    instance->lobby.n_groups--;
    free(group);
}

/* News */

static struct rtmp_value *take_removed(struct ph_lobby_group *group, struct rtmp_arena *arena)
{
    struct rtmp_value *names = rtmp_value_new_array(arena);
    for (struct ph_list *node; (node = ph_list_pop(&group->removed));) {
        struct known *known = ph_list_entry(node, struct known, link);
        if (names && rtmp_value_push(arena, names, rtmp_value_new_string(arena, known->name, known->length)))
            names = NULL;
        free(known);
    }
    return names;
}

static struct rtmp_value *take_touched(struct ph_lobby *lobby, struct ph_lobby_group *group, struct rtmp_arena *arena)
{
    struct rtmp_value *rooms = rtmp_value_new_array(arena);
    size_t n = 0;
    ph_list_for_each(node, &lobby->touched)
    {
        const struct ph_room *room = ph_list_entry(node, struct ph_room, touched);
        if (n++ == PH_LIMIT_LOBBY_ROWS)
            break;
        if (!is_seen(group, room))
            unlearn(group, room);
        else if (rooms && (!learn(group, room->name, strlen(room->name)) ||
                           rtmp_value_push(arena, rooms, ph_lobby_describe(arena, room))))
            rooms = NULL;
    }
    return rooms;
}

static bool deliver(struct ph_instance *instance, struct ph_lobby_group *group, const struct rtmp_value *news,
                    struct rtmp_arena *arena)
{
    struct rtmp_value *arguments = rtmp_value_new_array(arena);
    struct ph_member **members = rtmp_arena_take(arena, group->n_members * sizeof(struct ph_member *));
    size_t n = 0;
    if (!members || !arguments || rtmp_value_push(arena, arguments, (struct rtmp_value *)(uintptr_t)news))
        return false;
    ph_list_for_each(node, &group->members) members[n++] = ph_list_entry(node, struct ph_member, watching);
    return ph_room_deliver(instance, members, n, "$lobby", arguments, 0, PH_DELIVER_ALL) == 0;
}

/* False: they have missed something. */
static bool tell(struct ph_instance *instance, struct ph_lobby_group *group, struct rtmp_arena *arena)
{
    struct rtmp_value *rooms = take_touched(&instance->lobby, group, arena);
    struct rtmp_value *removed = take_removed(group, arena), *news = rtmp_value_new_object(arena);
    if (!rooms || !removed)
        return false;
    if (!rtmp_value_count(rooms) && !rtmp_value_count(removed))
        return true;
    return set(arena, news, "removed", removed) && set(arena, news, "rooms", rooms) &&
           deliver(instance, group, news, arena);
}

static void tell_all(struct ph_instance *instance)
{
    struct ph_lobby *lobby = &instance->lobby;
    ph_list_for_each(node, &lobby->groups)
    {
        struct ph_lobby_group *group = ph_list_entry(node, struct ph_lobby_group, link);
        struct rtmp_arena arena;
        rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
        if (!tell(instance, group, &arena))
            ph_list_for_each(member, &group->members)
                ph_member_kick(ph_list_entry(member, struct ph_member, watching), PH_REASON_FAILED, NULL,
                               "The server is out of memory.");
        rtmp_arena_finish(&arena);
    }
    for (size_t n = 0; n < PH_LIMIT_LOBBY_ROWS && ph_list_pop(&lobby->touched);)
        n++;
}

static void arm(struct ph_instance *instance)
{
    if (!ph_timer_is_running(&instance->lobby.news))
        ph_timer_start(instance->loop, &instance->lobby.news, (uint64_t)PH_LIMIT_LOBBY_MS * 1000);
}

static void on_news(struct ph_timer *timer)
{
    struct ph_instance *instance = ph_container_of(timer, struct ph_instance, lobby.news);
    ph_instance_begin(instance);
    tell_all(instance);
    if (!ph_list_is_empty(&instance->lobby.touched))
        arm(instance);
    ph_instance_end(instance);
}

void ph_lobby_touch(struct ph_room *room)
{
    struct ph_lobby *lobby = &room->instance->lobby;
    if (!lobby->n_groups || !room->name[0] || !ph_list_is_empty(&room->touched))
        return;
    ph_list_append(&lobby->touched, &room->touched);
    arm(room->instance);
}

void ph_lobby_forget(struct ph_room *room)
{
    ph_list_remove(&room->touched);
    ph_list_for_each(node, &room->instance->lobby.groups)
    {
        struct ph_lobby_group *group = ph_list_entry(node, struct ph_lobby_group, link);
        unlearn(group, room);
        if (!ph_list_is_empty(&group->removed))
            arm(room->instance);
    }
}

/* Watching */

static struct ph_lobby_group *find_group(const struct ph_lobby *lobby, const struct rtmp_value *filter)
{
    ph_list_for_each(node, &lobby->groups)
    {
        struct ph_lobby_group *group = ph_list_entry(node, struct ph_lobby_group, link);
        if (filter ? group->filter && rtmp_value_equal(group->filter, filter) : !group->filter)
            return group;
    }
    return NULL;
}

static int make_group(struct ph_instance *instance, const struct rtmp_value *filter, struct ph_lobby_group **group)
{
    if (instance->lobby.n_groups == PH_LIMIT_LOBBY_FILTERS)
        return PH_E_LIMIT;
    struct ph_lobby_group *made = calloc(1, sizeof *made);
    if (!made)
        return PH_E_MEMORY;
    rtmp_arena_init(&made->arena, &ph_app_allocator, PH_LIMIT_METADATA_BYTES);
    ph_map_init(&made->known, &instance->theatre->seed, PH_LIMIT_ROOMS);
    ph_list_init(&made->members);
    ph_list_init(&made->removed);
    ph_list_append(&instance->lobby.groups, &made->link);
    instance->lobby.n_groups++;
    made->filter = filter ? ph_value_copy(filter, &made->arena) : NULL;
    if (filter && !made->filter) {
        free_group(instance, made);
        return PH_E_LIMIT;
    }
    *group = made;
    return 0;
}

static bool learn_all(struct ph_lobby_group *group, const struct rtmp_value *rooms)
{
    for (size_t i = 0; i < rtmp_value_count(rooms); i++) {
        struct rtmp_text name = rtmp_value_text(rtmp_value_get(rtmp_value_at(rooms, i), "name"));
        if (!learn(group, name.data, name.length))
            return false;
    }
    return true;
}

int ph_lobby_watch(struct ph_member *member, const struct rtmp_value *filter, struct rtmp_value **rooms)
{
    struct ph_instance *instance = member->instance;
    ph_lobby_unwatch(member);
    struct ph_lobby_group *group = find_group(&instance->lobby, filter);
    int err = group ? 0 : make_group(instance, filter, &group);
    if (err)
        return err;
    ph_list_append(&group->members, &member->watching);
    group->n_members++;
    member->lobby_group = group;
    struct rtmp_value *list = ph_lobby_list(instance, filter, &instance->scratch);
    if (!list || !learn_all(group, list)) {
        ph_lobby_unwatch(member);
        return PH_E_MEMORY;
    }
    *rooms = list;
    return 0;
}

void ph_lobby_unwatch(struct ph_member *member)
{
    struct ph_lobby_group *group = member->lobby_group;
    if (!group)
        return;
    ph_list_remove(&member->watching);
    member->lobby_group = NULL;
    if (!--group->n_members)
        free_group(member->instance, group);
}

void ph_lobby_init(struct ph_lobby *lobby)
{
    ph_list_init(&lobby->groups);
    ph_list_init(&lobby->touched);
    ph_timer_init(&lobby->news, on_news);
}

void ph_lobby_finish(struct ph_instance *instance) { ph_timer_stop(instance->loop, &instance->lobby.news); }
