/* SPDX-License-Identifier: MIT */
/* The way of a member into a room, and from one to another. */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/copy.h"
#include "app/errand.h"
#include "app/filter.h"
#include "app/keep.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/object.h"
#include "app/question.h"
#include "app/reserve.h"
#include "app/resume.h"
#include "app/room.h"
#include "base/limits.h"
#include "base/text.h"

enum { ROOM_DIGITS = 12 }; /* of a name that is made up */

static const char rejected[] = "NetConnection.Connect.Rejected";

static void enter(struct ph_member *member, const char *name, const char *extra);
static void enter_any(struct ph_member *member);

/* Refused */

static void answer_move(struct ph_member *member, struct ph_letter *call, const struct ph_refusal *why)
{
    struct rtmp_arena *scratch = &member->instance->scratch;
    struct rtmp_value *result = rtmp_value_new_object(scratch);
    if (why) {
        ph_letter_refuse(call, why);
        ph_member_post(member, call);
        return;
    }
    const char *name = member->room ? member->room->name : "";
    int rc = rtmp_value_set(scratch, result, "room", rtmp_value_new_string(scratch, name, strlen(name)));
    const struct ph_answer answer = {.value = ph_value_out(result)};
    ph_member_answer_call(member, call, rc ? PH_E_MEMORY : PH_ACCEPT, &answer);
}

void ph_member_end_move(struct ph_member *member, int error, const struct ph_refusal *why)
{
    static const struct ph_refusal gone = {.description = "You are no longer here."};
    if (!member->moving)
        return;
    struct ph_destination to = *member->moving;
    struct rtmp_arena *scratch = &member->instance->scratch;
    const char *name = member->room ? member->room->name : "";
    const struct rtmp_value *room = error ? NULL : rtmp_value_new_string(scratch, name, strlen(name));
    member->moving = NULL;
    if (to.letter)
        answer_move(member, to.letter, error && !why ? &gone : why);
    ph_instance_done(member->instance, to.done, to.user, error, ph_value_out(room));
    rtmp_arena_reset(&member->moving_arena);
}

/* A newcomer goes; who was sent to a room that does not take it is in the hall then. */
static void refuse(struct ph_member *member, const struct ph_refusal *why)
{
    bool is_newcomer = member->join, is_on_the_move = member->moving;
    ph_member_end_move(member, PH_E_DENIED, why);
    if (is_newcomer || !is_on_the_move)
        ph_member_end(member, PH_REASON_REFUSED, why);
    else
        enter(member, "", "");
}

/* Arrived */

bool ph_welcome_fill(struct ph_member *member, struct ph_letter *letter)
{
    bool failed = false;
    letter->welcome = rtmp_arena_take(&letter->arena, sizeof *letter->welcome);
    if (!letter->welcome)
        return false;
    *letter->welcome = (struct ph_welcome){
        .member = member->id,
        .room = ph_letter_text(letter, member->room->name, &failed),
        .user = ph_letter_text(letter, member->user, &failed),
        .data = letter->value,
        .token = ph_letter_text(letter, ph_member_renew_token(member), &failed),
        .sequence = member->room->sequence,
    };
    return !failed;
}

static void welcome(struct ph_member *member)
{
    struct ph_letter *letter = member->join ? member->join : ph_letter_create(PH_LETTER_MOVED);
    if (!letter || !ph_welcome_fill(member, letter)) {
        if (letter != member->join)
            ph_letter_free(letter);
        ph_member_kick(member, PH_REASON_FAILED, NULL, "The server is out of memory.");
        return;
    }
    bool is_newcomer = member->join;
    member->join = NULL;
    ph_member_post(member, letter);
    ph_member_send_missed(member);
    if (!is_newcomer)
        ph_member_end_move(member, 0, NULL);
}

/* enter_room */

static void on_entered(const struct ph_question *question, int verdict, const struct ph_answer *answer)
{
    struct ph_member *member = question->member;
    struct ph_room *room = question->room;
    room->n_entering--;
    if (verdict == PH_ACCEPT && !room->is_closed) {
        member->state = PH_MEMBER_IN;
        ph_list_append(&room->members, &member->in_room);
        room->n_members++;
        ph_lobby_touch(room);
        welcome(member);
        return;
    }
    const struct ph_refusal why = ph_refusal_of(verdict == PH_ACCEPT ? PH_REFUSE : verdict, answer, rejected,
                                                "This room does not take you.");
    member->state = PH_MEMBER_ALONE;
    member->room = NULL;
    ph_room_settle(room);
    refuse(member, &why);
}

static void enter_open(struct ph_member *member, struct ph_room *room)
{
    struct ph_instance *instance = member->instance;
    const struct ph_destination *to = member->moving;
    const struct ph_pass pass = {.password = to ? to->password : member->request->password,
                                 .ticket = to ? to->ticket : member->request->ticket};
    const struct rtmp_value *options = to ? to->options : member->request->options;
    bool is_choosy = to && to->filter && member->id != room->creator;
    struct ph_refusal why;
    if (ph_room_bars(room, member->id, &pass, &why) || (is_choosy && !ph_filter_fits(to->filter, room))) {
        member->state = PH_MEMBER_ALONE;
        member->room = NULL;
        ph_room_settle(room);
        if (is_choosy)
            enter_any(member);
        else
            refuse(member, &why);
        return;
    }
    member->state = PH_MEMBER_ENTERING;
    member->room = room;
    room->n_entering++;
    ph_reservation_take(room, pass.ticket);
    ph_timer_stop(instance->loop, &room->dispose);
    const struct ph_question question = {.instance = instance, .member = member, .room = room, .answered = on_entered};
    const struct ph_event event = {.size = sizeof event,
                                   .room = room->id,
                                   .member = member->id,
                                   .name = room->name,
                                   .value = ph_value_out(options)};
    ph_question_ask(&question, instance->type->enter_room, &event, &member->questions);
}

/* create_room */

static void ask_create(struct ph_room *room);

/* The last of those who wait may find nobody there, and end it. */
static void open_room(struct ph_room *room)
{
    room->is_open = true;
    ph_lobby_touch(room);
    if (ph_list_is_empty(&room->waiting))
        ph_room_settle(room);
    else
        for (bool is_last = false; !is_last;) {
            struct ph_list *node = ph_list_pop(&room->waiting);
            is_last = ph_list_is_empty(&room->waiting);
            enter_open(ph_list_entry(node, struct ph_member, in_room), room);
        }
}

/* The room is refused to who asked for it first; the next one asks anew. */
static void refuse_room(struct ph_room *room, const struct ph_refusal *why)
{
    struct ph_member *creator = ph_member_get(room->instance, room->creator);
    if (creator && creator->room == room) {
        ph_list_remove(&creator->in_room);
        creator->state = PH_MEMBER_ALONE;
        creator->room = NULL;
    } else {
        creator = NULL;
    }
    if (ph_list_is_empty(&room->waiting))
        ph_room_free(room);
    else
        ask_create(room);
    if (creator)
        refuse(creator, why);
}

static void end_order(struct ph_room_order *order, int error, const char *words);

static void on_created(const struct ph_question *question, int verdict, const struct ph_answer *answer)
{
    const struct ph_refusal why = ph_refusal_of(verdict, answer, rejected, "This room cannot be made.");
    struct ph_room_order *order = question->room->order;
    question->room->order = NULL;
    if (verdict == PH_ACCEPT)
        open_room(question->room);
    else
        refuse_room(question->room, &why);
    end_order(order, verdict == PH_ACCEPT ? 0 : PH_E_DENIED, why.description);
}

static void ask_create(struct ph_room *room)
{
    struct ph_instance *instance = room->instance;
    struct ph_list *first = ph_list_first(&room->waiting);
    ph_member_id creator = first ? ph_list_entry(first, struct ph_member, in_room)->id : 0;
    const struct ph_question question = {.instance = instance, .room = room, .answered = on_created};
    const struct ph_event event = {.size = sizeof event,
                                   .room = room->id,
                                   .member = creator,
                                   .name = room->name,
                                   .value = ph_value_out(ph_keep_find(instance, room->name))};
    room->creator = creator;
    ph_question_ask(&question, instance->type->create_room, &event, &room->questions);
}

/* Ordered from outside */

struct ph_room_order {
    struct ph_task task;
    struct ph_errand errand;
    char name[PH_LIMIT_NAME_BYTES + 1];
    struct ph_room_options options; /* its texts and values lie in the arena */
    struct rtmp_arena arena;
};

void ph_room_drop_order(struct ph_room_order *order)
{
    if (!order)
        return;
    rtmp_arena_finish(&order->arena);
    free(order);
}

/* NULL is fine. */
static void end_order(struct ph_room_order *order, int error, const char *words)
{
    if (!order)
        return;
    struct rtmp_arena *scratch = &order->errand.instance->scratch;
    const struct rtmp_value *value = error ? rtmp_value_new_string(scratch, words, strlen(words)) : NULL;
    ph_errand_end(&order->errand, error, value);
    ph_room_drop_order(order);
}

static void on_order(struct ph_task *task)
{
    struct ph_room_order *order = ph_container_of(task, struct ph_room_order, task);
    struct ph_instance *instance = order->errand.instance;
    struct ph_room *room = NULL;
    if (order->errand.life != instance->life) {
        ph_room_drop_order(order);
        return;
    }
    int error = ph_room_find(instance, order->name) ? PH_E_CONFLICT : ph_room_create(instance, order->name, "", &room);
    error = error ? error : ph_room_configure(room, &order->options);
    if (error) {
        if (room)
            ph_room_free(room);
        end_order(order, error, "this room cannot be made");
        return;
    }
    room->order = order;
    ask_create(room);
}

int ph_room_order(struct ph_instance *instance, const char *name, const struct ph_room_options *options,
                  ph_done_fn done, void *user)
{
    struct ph_room_order *order = calloc(1, sizeof *order);
    if (!order)
        return PH_E_MEMORY;
    const struct rtmp_value *metadata = ph_value_in(options->metadata);
    order->errand = ph_errand_begin(&instance->app, done, user);
    order->task.run = on_order;
    ph_list_init(&order->task.link);
    strncpy(order->name, name, sizeof order->name - 1);
    rtmp_arena_init(&order->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    order->options = *options;
    order->options.password = rtmp_arena_copy(&order->arena, options->password, strlen(options->password));
    order->options.metadata = metadata ? ph_value_out(ph_value_copy(metadata, &order->arena)) : NULL;
    if (!order->options.password || (metadata && !order->options.metadata)) {
        ph_room_drop_order(order);
        return PH_E_MEMORY;
    }
    ph_instance_defer(instance, &order->task);
    return 0;
}

static void wait_for_room(struct ph_member *member, struct ph_room *room)
{
    member->state = PH_MEMBER_WAITING;
    member->room = room;
    ph_list_append(&room->waiting, &member->in_room);
}

static void enter(struct ph_member *member, const char *name, const char *extra)
{
    struct ph_room *room = ph_room_find(member->instance, name);
    if (room && room->is_open) {
        enter_open(member, room);
    } else if (room) {
        wait_for_room(member, room);
    } else if (ph_room_create(member->instance, name, extra, &room)) {
        refuse(member, &(struct ph_refusal){.code = rejected, .description = "There are too many rooms."});
    } else {
        wait_for_room(member, room);
        ask_create(room);
    }
}

/* A room that fits, or one that may when it is open. */
static struct ph_room *choose(const struct ph_member *member)
{
    const struct ph_destination *to = member->moving;
    const struct ph_pass pass = {.password = to->password};
    struct ph_refusal unread;
    ph_list_for_each(node, &member->instance->room_list)
    {
        struct ph_room *room = ph_list_entry(node, struct ph_room, link);
        if (ph_filter_fits(to->filter, room) && !ph_room_bars(room, member->id, &pass, &unread))
            return room;
    }
    return NULL;
}

/* A new room is what its first member looked for, until create_room knows better. */
static int make_any(struct ph_member *member, struct ph_room **room)
{
    const struct ph_destination *to = member->moving;
    const struct ph_room_options options = {.size = sizeof options, .metadata = ph_value_out(to->filter)};
    char name[PH_LIMIT_NAME_BYTES + 1], token[PH_TOKEN_TEXT];
    struct ph_text text;
    if (!ph_token_write(token))
        return PH_E_MEMORY;
    ph_text_init(&text, name, sizeof name);
    ph_text_add(&text, "%s", to->name);
    ph_text_add_bytes(&text, token, ROOM_DIGITS);
    int err = ph_room_create(member->instance, name, "", room);
    if (err)
        return err;
    err = ph_room_configure(*room, &options);
    if (err)
        ph_room_free(*room);
    return err;
}

static void enter_any(struct ph_member *member)
{
    struct ph_room *room = choose(member);
    if (room && room->is_open) {
        enter_open(member, room);
    } else if (room) {
        wait_for_room(member, room);
    } else if (make_any(member, &room)) {
        refuse(member, &(struct ph_refusal){.code = rejected,
                                            .description = "There are too many rooms, or the filter is too large."});
    } else {
        wait_for_room(member, room);
        ask_create(room);
    }
}

/* connect */

/* "game/room/extra/more": the room and the rest; without one it is the hall. */
static const char *room_of(const char *path, char name[PH_LIMIT_NAME_BYTES + 1])
{
    const char *room = strchr(path, '/');
    size_t length = room ? strcspn(++room, "/") : 0;
    if (length > PH_LIMIT_NAME_BYTES)
        length = PH_LIMIT_NAME_BYTES; /* gates refuse such paths */
    if (length)
        memcpy(name, room, length);
    name[length] = '\0';
    if (!room)
        return "";
    room += length;
    return *room ? room + 1 : room;
}

static bool keep_user(struct ph_member *member, const char *user)
{
    if (user)
        member->user = rtmp_arena_copy(&member->arena, user, strlen(user));
    return member->user;
}

static void on_connected(const struct ph_question *question, int verdict, const struct ph_answer *answer)
{
    struct ph_member *member = question->member;
    char name[PH_LIMIT_NAME_BYTES + 1];
    bool failed = false;
    if (verdict != PH_ACCEPT) {
        const struct ph_refusal why = ph_refusal_of(verdict, answer, rejected, "Connection refused.");
        member->is_known = verdict != PH_REFUSE;
        ph_member_end(member, PH_REASON_REFUSED, &why);
        return;
    }
    const char *extra = room_of(member->request->path, name);
    member->join->value = ph_letter_value(member->join, ph_value_in(answer->value), &failed);
    if (failed || !keep_user(member, answer->user)) {
        ph_member_end(member, PH_REASON_FAILED, &(struct ph_refusal){.description = "The server is out of memory."});
    } else if (answer->name && strlen(answer->name) <= PH_LIMIT_NAME_BYTES) {
        memcpy(name, answer->name, strlen(answer->name) + 1);
        enter(member, name, "");
    } else {
        enter(member, name, extra);
    }
}

void ph_member_join(struct ph_instance *instance, struct ph_letter *join)
{
    char name[PH_LIMIT_NAME_BYTES + 1];
    if (join->request->token && ph_member_resume(instance, join))
        return;
    struct ph_member *member = instance->state == PH_INSTANCE_RUNNING ? ph_member_create(instance, join) : NULL;
    if (!member) {
        ph_letter_refuse(join, &(struct ph_refusal){.code = "NetConnection.Connect.InvalidApp",
                                                    .description = "This application is not running."});
        ph_letter_give_back(join);
        return;
    }
    member->join = join;
    member->is_known = true;
    (void)room_of(member->request->path, name);
    const struct ph_question question = {.instance = instance, .member = member, .answered = on_connected};
    const struct ph_event event = {
        .size = sizeof event, .member = member->id, .name = name, .value = ph_value_out(member->request->arguments)};
    ph_question_ask(&question, instance->type->connect, &event, &member->questions);
}

/* From room to room */

void ph_member_leave_room(struct ph_member *member, enum ph_reason reason)
{
    struct ph_instance *instance = member->instance;
    struct ph_room *room = member->room;
    const struct ph_event event = {
        .size = sizeof event, .room = room->id, .member = member->id, .name = room->name, .reason = reason};
    ph_instance_tell(instance, instance->type->leave_room, &event);
    ph_member_release_all(member);
    ph_list_remove(&member->in_room);
    room->n_members--;
    ph_lobby_touch(room);
    member->room = NULL;
    member->state = PH_MEMBER_ALONE;
    ph_room_settle(room);
}

static void on_move(struct ph_task *task)
{
    struct ph_member *member = ph_container_of(task, struct ph_member, move);
    char name[PH_LIMIT_NAME_BYTES + 1];
    memcpy(name, member->moving->name, strlen(member->moving->name) + 1); /* it ends when it arrives */
    ph_member_end_streams(member);
    ph_member_leave_room(member, member->moving->reason);
    if (member->moving->filter)
        enter_any(member);
    else
        enter(member, name, "");
}

int ph_member_move(struct ph_member *member, const struct ph_destination *to)
{
    struct rtmp_arena *arena = &member->moving_arena;
    size_t name_max = PH_LIMIT_NAME_BYTES - (to->filter ? ROOM_DIGITS : 0);
    if (strlen(to->name) > name_max || strchr(to->name, '/') || (to->filter && !ph_filter_is_valid(to->filter)))
        return PH_E_ARGUMENT;
    if (member->state != PH_MEMBER_IN || member->moving || member->is_leaving)
        return PH_E_STATE;
    struct ph_destination *copy = rtmp_arena_take(arena, sizeof *copy);
    if (!copy)
        return PH_E_MEMORY;
    *copy = *to;
    copy->name = rtmp_arena_copy(arena, to->name, strlen(to->name));
    copy->password = to->password ? rtmp_arena_copy(arena, to->password, strlen(to->password)) : NULL;
    copy->ticket = to->ticket ? rtmp_arena_copy(arena, to->ticket, strlen(to->ticket)) : NULL;
    copy->filter = to->filter ? ph_value_copy(to->filter, arena) : NULL;
    copy->options = to->options ? ph_value_copy(to->options, arena) : NULL;
    if (!copy->name || (to->password && !copy->password) || (to->ticket && !copy->ticket) ||
        (to->filter && !copy->filter) || (to->options && !copy->options)) {
        rtmp_arena_reset(arena);
        return PH_E_MEMORY;
    }
    member->moving = copy;
    member->move.run = on_move;
    ph_instance_defer(member->instance, &member->move);
    return 0;
}
