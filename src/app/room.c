/* SPDX-License-Identifier: MIT */
#include "app/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/copy.h"
#include "app/keep.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/object.h"
#include "app/question.h"
#include "app/reserve.h"
#include "app/theatre.h"
#include "app/timers.h"
#include "base/log.h"

enum { TICK_HZ_MAX = 60, SECOND_US = 1000000 };

struct ph_room *ph_room_get(const struct ph_instance *instance, ph_room_id id)
{
    return ph_idtable_get(&instance->room_ids, id);
}

struct ph_room *ph_room_find(const struct ph_instance *instance, const char *name)
{
    return name[0] ? ph_map_get(&instance->rooms, name, strlen(name)) : instance->hall;
}

/* Time */

static void on_dispose(struct ph_timer *timer)
{
    struct ph_room *room = ph_container_of(timer, struct ph_room, dispose);
    struct ph_instance *instance = room->instance;
    ph_instance_begin(instance);
    ph_room_end(room, PH_REASON_EMPTY);
    ph_instance_end(instance);
}

/* Ticks keep their pace: the next one is due a period after this one was, and none is made up for. */
static void arm_tick(struct ph_room *room)
{
    uint64_t period_us = SECOND_US / room->options.tick_hz, now_us = ph_loop_now(room->instance->loop);
    uint64_t late_us = (now_us - room->ticked_us) % period_us;
    ph_timer_start(room->instance->loop, &room->tick, period_us - late_us);
}

static void on_tick(struct ph_timer *timer)
{
    struct ph_room *room = ph_container_of(timer, struct ph_room, tick);
    struct ph_instance *instance = room->instance;
    uint64_t now_us = ph_loop_now(instance->loop), period_us = SECOND_US / room->options.tick_hz;
    uint64_t due_us = now_us - (now_us - room->ticked_us) % period_us;
    const struct ph_event event = {
        .size = sizeof event, .room = room->id, .seconds = (double)(due_us - room->ticked_us) / SECOND_US};
    room->ticked_us = due_us;
    arm_tick(room);
    ph_instance_begin(instance);
    ph_instance_tell(instance, instance->type->tick, &event);
    ph_instance_end(instance);
}

static void start_ticks(struct ph_room *room)
{
    ph_timer_stop(room->instance->loop, &room->tick);
    if (!room->options.tick_hz)
        return;
    room->ticked_us = ph_loop_now(room->instance->loop);
    arm_tick(room);
}

/* Closed by the application */

static void on_close(struct ph_task *task)
{
    struct ph_room *room = ph_container_of(task, struct ph_room, close);
    room->n_entering++; /* it must not end meanwhile */
    ph_list_for_each_safe(node, &room->members)
    {
        struct ph_member *member = ph_list_entry(node, struct ph_member, in_room);
        const struct ph_destination hall = {.name = "", .reason = PH_REASON_CLOSED};
        if (ph_member_move(member, &hall) == PH_E_MEMORY)
            ph_member_kick(member, PH_REASON_CLOSED, NULL, "The server is out of memory.");
    }
    room->n_entering--;
    ph_reservations_end(room);
    ph_room_settle(room);
}

int ph_room_close(struct ph_room *room, const char *description)
{
    if (!room->name[0])
        return PH_E_ARGUMENT;
    if (room->is_closed)
        return PH_E_STATE;
    if (description)
        ph_log_info(room->instance->theatre->log, room->instance->app.name, "room %s closed: %s", room->name,
                    description);
    room->is_closed = true;
    ph_lobby_touch(room);
    ph_instance_defer(room->instance, &room->close);
    return 0;
}

/* Beginning and end */

int ph_room_create(struct ph_instance *instance, const char *name, const char *extra, struct ph_room **room)
{
    struct ph_room *made = calloc(1, sizeof *made);
    if (!made)
        return PH_E_MEMORY;
    made->instance = instance;
    strncpy(made->name, name, sizeof made->name - 1);
    made->extra = strdup(extra);
    int err = made->extra ? ph_idtable_add(&instance->room_ids, made, &made->id) : -ENOMEM;
    if (!err && name[0])
        err = ph_map_add(&instance->rooms, made->name, strlen(made->name), made);
    if (err) {
        (void)ph_idtable_remove(&instance->room_ids, made->id);
        free(made->extra);
        free(made);
        return err == -ENOSPC ? PH_E_LIMIT : PH_E_MEMORY;
    }
    rtmp_arena_init(&made->kept, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    made->options.password = "";
    made->close.run = on_close;
    ph_list_init(&made->close.link);
    ph_list_init(&made->members);
    ph_list_init(&made->waiting);
    ph_list_init(&made->questions);
    ph_list_init(&made->objects);
    ph_list_init(&made->reservations);
    ph_list_init(&made->touched);
    ph_timer_init(&made->dispose, on_dispose);
    ph_timer_init(&made->tick, on_tick);
    ph_list_append(&instance->room_list, &made->link);
    *room = made;
    return 0;
}

void ph_room_free(struct ph_room *room)
{
    struct ph_instance *instance = room->instance;
    for (struct ph_list *node; (node = ph_list_first(&room->questions));)
        ph_question_withdraw(ph_list_entry(node, struct ph_question, link));
    ph_lobby_forget(room);
    ph_reservations_end(room);
    ph_timers_end(instance, room);
    ph_objects_end(room);
    ph_timer_stop(instance->loop, &room->dispose);
    ph_timer_stop(instance->loop, &room->tick);
    ph_list_remove(&room->close.link);
    (void)ph_idtable_remove(&instance->room_ids, room->id);
    if (room->name[0])
        ph_map_remove(&instance->rooms, room->name, strlen(room->name));
    ph_list_remove(&room->link);
    rtmp_arena_finish(&room->kept);
    ph_room_drop_order(room->order);
    free(room->extra);
    free(room);
}

void ph_room_end(struct ph_room *room, enum ph_reason reason)
{
    struct ph_instance *instance = room->instance;
    const struct ph_event event = {.size = sizeof event, .room = room->id, .name = room->name, .reason = reason};
    if (room->is_open)
        ph_instance_tell(instance, instance->type->destroy_room, &event);
    if (reason != PH_REASON_STOP && !instance->is_draining)
        ph_keep_forget(instance, room->name);
    ph_room_free(room);
}

void ph_room_settle(struct ph_room *room)
{
    bool is_used = room->n_members || room->n_entering || room->n_reserved || !ph_list_is_empty(&room->waiting) ||
                   !ph_list_is_empty(&room->questions);
    if (!room->name[0] || is_used)
        return;
    if (room->options.dispose_ms && !room->is_closed)
        ph_timer_start(room->instance->loop, &room->dispose, (uint64_t)room->options.dispose_ms * 1000);
    else
        ph_room_end(room, room->is_closed ? PH_REASON_CLOSED : PH_REASON_EMPTY);
}

/* Options */

bool ph_room_has_seats(const struct ph_room *room, size_t n)
{
    size_t taken = room->n_members + room->n_entering + room->n_reserved, capacity = room->options.capacity;
    return !capacity || (taken < capacity && capacity - taken >= n);
}

static bool needs_password(const struct ph_room *room, ph_member_id member, const char *password)
{
    const char *wanted = room->options.password;
    return wanted[0] && member != room->creator && (!password || strcmp(password, wanted) != 0);
}

bool ph_room_bars(const struct ph_room *room, ph_member_id member, const struct ph_pass *pass,
                  struct ph_refusal *refusal)
{
    bool is_expected = ph_reservation_holds(room, pass->ticket);
    const char *why = NULL;
    if (room->is_closed || room->options.locked)
        why = "This room is closed.";
    else if (!is_expected && !ph_room_has_seats(room, 1))
        why = "This room is full.";
    else if (!is_expected && needs_password(room, member, pass->password))
        why = "This room needs a password.";
    *refusal = (struct ph_refusal){.code = "NetConnection.Connect.Rejected", .description = why};
    return why;
}

static int keep(const struct ph_room_options *wanted, struct ph_room_options *kept, struct rtmp_arena *arena)
{
    const char *password = wanted->password ? wanted->password : "";
    const struct rtmp_value *metadata = ph_value_in(wanted->metadata);
    kept->password = rtmp_arena_copy(arena, password, strlen(password));
    size_t before = arena->used;
    kept->metadata = metadata ? ph_value_out(ph_value_copy(metadata, arena)) : NULL;
    if (!kept->password || (metadata && !kept->metadata))
        return PH_E_MEMORY;
    return arena->used - before > PH_LIMIT_METADATA_BYTES ? PH_E_LIMIT : 0;
}

int ph_room_configure(struct ph_room *room, const struct ph_room_options *options)
{
    struct ph_room_options wanted = {0};
    struct rtmp_arena arena;
    size_t size = options->size < sizeof wanted ? options->size : sizeof wanted;
    memcpy(&wanted, options, size); /* of a later version the fields that are known here */
    wanted.size = sizeof wanted;
    if (options->size < sizeof(uint32_t) || wanted.tick_hz > TICK_HZ_MAX)
        return PH_E_ARGUMENT;
    rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    int err = keep(&wanted, &wanted, &arena);
    if (err) {
        rtmp_arena_finish(&arena);
        return err;
    }
    bool is_new_pace = wanted.tick_hz != room->options.tick_hz;
    rtmp_arena_finish(&room->kept);
    room->kept = arena;
    room->options = wanted;
    ph_lobby_touch(room);
    if (is_new_pace)
        start_ticks(room);
    return 0;
}

/* To many at once */

static bool is_there(const struct ph_member *member, const struct ph_loop *worker)
{
    return member->seat && !member->join && member->worker == worker && !member->is_leaving;
}

static struct ph_letter *address(struct ph_member *const *members, size_t n, const struct ph_loop *worker)
{
    size_t n_seats = 0;
    for (size_t i = 0; i < n; i++)
        n_seats += is_there(members[i], worker);
    struct ph_letter *letter = n_seats ? ph_letter_create(PH_LETTER_DELIVER) : NULL;
    if (!letter)
        return NULL;
    letter->parcel.seats = rtmp_arena_take(&letter->arena, n_seats * sizeof(struct ph_seat *));
    if (!letter->parcel.seats)
        return letter;
    for (size_t i = 0; i < n; i++)
        if (is_there(members[i], worker))
            letter->parcel.seats[letter->parcel.n_seats++] = members[i]->seat;
    return letter;
}

static bool has_any(struct ph_member *const *members, size_t n, const struct ph_loop *worker)
{
    for (size_t i = 0; i < n; i++)
        if (is_there(members[i], worker))
            return true;
    return false;
}

int ph_room_deliver(struct ph_instance *instance, struct ph_member *const *members, size_t n, const char *name,
                    const struct rtmp_value *arguments, uint64_t sequence, enum ph_delivery_kind kind)
{
    struct ph_loops *workers = instance->theatre->options.workers;
    struct ph_list letters;
    bool failed = false;
    ph_list_init(&letters);
    for (unsigned i = 0; i < workers->n && !failed; i++) {
        if (!has_any(members, n, &workers->loop[i]))
            continue;
        struct ph_letter *letter = address(members, n, &workers->loop[i]);
        failed = !letter || !letter->parcel.seats;
        if (!letter)
            break;
        letter->id = i;
        letter->parcel.sequence = sequence;
        letter->parcel.kind = kind;
        letter->name = ph_letter_text(letter, name, &failed);
        letter->value = ph_letter_value(letter, arguments, &failed);
        ph_list_append(&letters, &letter->link);
    }
    for (size_t i = 0; i < n && !failed && kind == PH_DELIVER_ALL; i++)
        if (!members[i]->seat || members[i]->join)
            (void)ph_member_invoke(members[i], name, arguments, 0, NULL, NULL);
    for (struct ph_list *node; (node = ph_list_pop(&letters));) {
        struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
        if (failed)
            ph_letter_free(letter);
        else
            ph_letter_return(letter, &workers->loop[(unsigned)letter->id]);
    }
    return failed ? PH_E_MEMORY : 0;
}
