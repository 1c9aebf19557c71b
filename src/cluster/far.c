/* SPDX-License-Identifier: MIT */
#include "cluster/far.h"

#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/instance.h"
#include "app/letter.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "cluster/booking.h"
#include "cluster/home.h"
#include "cluster/link.h"

static void refuse(struct ph_letter *letter, const char *why)
{
    ph_letter_refuse(letter,
                     &(struct ph_refusal){.code = letter->kind == PH_LETTER_JOIN ? "NetConnection.Connect.Rejected"
                                                                                 : "NetConnection.Call.Failed",
                                          .description = why});
    ph_letter_give_back(letter);
}

/* What the client says */

static void write_join(struct message *message, const struct ph_letter *join)
{
    const struct ph_seat_request *request = join->request;
    message_text(message, join->instance->application->name);
    message_text(message, request->path);
    message_text(message, request->query);
    message_text(message, request->protocol);
    message_text(message, request->address);
    message_value(message, request->properties);
    message_value(message, request->arguments);
    message_text(message, request->token);
    message_u64(message, request->sequence);
    message_text(message, request->password);
    message_text(message, request->ticket);
    message_value(message, request->options);
}

static void write_changes(struct message *message, const struct ph_letter *letter)
{
    message_text(message, letter->name);
    message_number(message, letter->shared.persistent);
    message_number(message, letter->shared.version);
    for (size_t i = 0; i < letter->shared.n_changes; i++) {
        const struct ph_shared_change *change = &letter->shared.changes[i];
        message_number(message, change->kind);
        message_text(message, change->name);
        message_value(message, ph_value_in(change->value));
        message_number(message, change->if_version);
    }
}

/* The letter as a message; its reference is `ref`. */
static void write_letter(struct message *message, struct rtmp_arena *arena, const struct ph_letter *letter)
{
    static const enum message_kind kinds[] = {
        [PH_LETTER_JOIN] = MESSAGE_JOIN,     [PH_LETTER_CALL] = MESSAGE_CALL,       [PH_LETTER_REPLY] = MESSAGE_REPLY,
        [PH_LETTER_ASK] = MESSAGE_ASK,       [PH_LETTER_OVER] = MESSAGE_OVER,       [PH_LETTER_DATA] = MESSAGE_DATA,
        [PH_LETTER_CHANGE] = MESSAGE_CHANGE, [PH_LETTER_RELEASE] = MESSAGE_RELEASE, [PH_LETTER_LEAVE] = MESSAGE_LEAVE};
    message_begin(message, arena, kinds[letter->kind]);
    switch (letter->kind) {
    case PH_LETTER_JOIN:
        write_join(message, letter);
        break;
    case PH_LETTER_CALL:
        message_number(message, letter->ref);
        message_text(message, letter->name);
        message_value(message, letter->value);
        break;
    case PH_LETTER_REPLY:
        message_number(message, letter->id);
        message_value(message, letter->value);
        message_refusal(message, letter->is_refused ? &letter->refusal : NULL);
        break;
    case PH_LETTER_ASK:
        message_number(message, letter->ref);
        message_number(message, letter->verb);
        message_text(message, letter->name);
        message_value(message, letter->value);
        break;
    case PH_LETTER_OVER:
        message_number(message, letter->verb);
        message_text(message, letter->name);
        break;
    case PH_LETTER_DATA:
        message_text(message, letter->name);
        message_text(message, letter->text);
        message_value(message, letter->value);
        break;
    case PH_LETTER_CHANGE:
        message_number(message, letter->ref);
        write_changes(message, letter);
        break;
    case PH_LETTER_RELEASE:
        message_text(message, letter->name);
        break;
    default:
        message_number(message, letter->reason);
        break;
    }
}

static void say(struct far *far, const struct ph_letter *letter)
{
    struct rtmp_arena arena;
    struct message message;
    rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    write_letter(&message, &arena, letter);
    link_say(far->link, far->id, &message);
    rtmp_arena_finish(&arena);
}

/* A change of which its client wants no result is answered by reports alone. */
static bool wants_answer(const struct ph_letter *letter)
{
    return letter->kind == PH_LETTER_CALL || letter->kind == PH_LETTER_ASK ||
           (letter->kind == PH_LETTER_CHANGE && letter->id != 0);
}

struct far *far_find(const struct ph_cluster *cluster, const struct ph_seat *seat)
{
    return ph_map_get(&cluster->fars_by_seat, &seat, sizeof seat);
}

static struct far *create(struct link *link, struct ph_letter *join)
{
    struct ph_cluster *cluster = link->cluster;
    struct far *far = calloc(1, sizeof *far);
    if (!far)
        return NULL;
    far->cluster = cluster;
    far->link = link;
    far->seat = join->seat;
    far->id = ++cluster->last_far;
    ph_list_init(&far->open);
    ph_list_init(&far->in_link);
    if (ph_map_add(&cluster->fars_by_seat, &far->seat, sizeof far->seat, far)) {
        free(far);
        return NULL;
    }
    if (ph_map_add(&cluster->fars_by_id, &far->id, sizeof far->id, far)) {
        (void)ph_map_remove(&cluster->fars_by_seat, &far->seat, sizeof far->seat);
        free(far);
        return NULL;
    }
    ph_list_append(&link->fars, &far->in_link);
    return far;
}

void far_join(struct link *link, struct ph_letter *join)
{
    struct far *far = create(link, join);
    if (!far) {
        refuse(join, "The server is out of memory.");
        return;
    }
    far->join = join;
    say(far, join);
}

static void end(struct far *far)
{
    (void)ph_map_remove(&far->cluster->fars_by_seat, &far->seat, sizeof far->seat);
    (void)ph_map_remove(&far->cluster->fars_by_id, &far->id, sizeof far->id);
    ph_list_remove(&far->in_link);
    free(far);
}

static void refuse_open(struct far *far, const char *why)
{
    if (far->join)
        refuse(far->join, why);
    far->join = NULL;
    for (struct ph_list *node; (node = ph_list_pop(&far->open));)
        refuse(ph_list_entry(node, struct ph_letter, link), why);
}

/* Its last letter comes back behind all others: then nobody knows the seat any more. */
static void leave(struct far *far, struct ph_letter *letter)
{
    if (far->link)
        say(far, letter);
    refuse_open(far, "You are no longer here.");
    ph_letter_give_back(letter);
    end(far);
}

void far_take(struct far *far, struct ph_letter *letter)
{
    if (letter->kind == PH_LETTER_LEAVE) {
        leave(far, letter);
        return;
    }
    if (!far->link) {
        refuse(letter, "The server of this application was lost.");
        return;
    }
    letter->ref = ++far->n_refs;
    if (wants_answer(letter)) {
        ph_list_append(&far->open, &letter->link);
        say(far, letter);
    } else {
        letter->ref = 0;
        say(far, letter);
        ph_letter_give_back(letter);
    }
}

/* What the other server says */

static struct ph_letter *take_open(struct far *far, uint32_t ref)
{
    ph_list_for_each(node, &far->open)
    {
        struct ph_letter *letter = ph_list_entry(node, struct ph_letter, link);
        if (letter->ref != ref)
            continue;
        ph_list_remove(&letter->link);
        return letter;
    }
    return NULL;
}

static void copy_welcome(struct ph_letter *letter, struct message_reader *reader)
{
    struct ph_welcome read, *welcome = rtmp_arena_take(&letter->arena, sizeof *welcome);
    bool failed = !welcome;
    message_read_welcome(reader, &read);
    if (failed)
        return;
    *welcome = read;
    welcome->room = ph_letter_text(letter, read.room, &failed);
    welcome->user = ph_letter_text(letter, read.user, &failed);
    welcome->data = ph_letter_value(letter, read.data, &failed);
    welcome->token = ph_letter_text(letter, read.token, &failed);
    letter->welcome = failed ? NULL : welcome;
}

static void hear_join(struct far *far, enum message_kind kind, struct message_reader *reader)
{
    struct ph_letter *join = far->join;
    struct ph_refusal why = {0};
    if (!join)
        return;
    far->join = NULL;
    if (kind == MESSAGE_REFUSED) {
        (void)message_read_refusal(reader, &why);
        if (why.error == PH_E_GONE) { /* the other server does not have it: who has? */
            struct ph_cluster *cluster = far->cluster;
            end(far);
            booking_take_back(cluster, join);
            return;
        }
        ph_letter_refuse(join, &why);
    } else {
        copy_welcome(join, reader);
        if (!join->welcome)
            ph_letter_refuse(join, &(struct ph_refusal){.description = "The server is out of memory."});
    }
    ph_letter_give_back(join);
}

/* A result, or a decision: both name the letter, and may refuse. */
static void hear_answer(struct far *far, enum message_kind kind, struct message_reader *reader)
{
    struct ph_letter *letter = take_open(far, message_read_number(reader, UINT32_MAX));
    struct ph_refusal why;
    bool failed = false;
    if (!letter)
        return;
    if (kind == MESSAGE_RESULT)
        letter->value = ph_letter_value(letter, message_read_value(reader), &failed);
    else
        letter->name = ph_letter_text(letter, message_read_text(reader), &failed);
    if (message_read_refusal(reader, &why) || failed)
        ph_letter_refuse(letter, failed ? &(struct ph_refusal){.description = "The server is out of memory."} : &why);
    ph_letter_give_back(letter);
}

static struct ph_letter *letter_to(struct far *far, enum ph_letter_kind kind)
{
    struct ph_letter *letter = ph_letter_create(kind);
    if (letter)
        letter->seat = far->seat;
    return letter;
}

static void post_or_drop(struct ph_letter *letter, bool failed)
{
    if (failed)
        ph_letter_free(letter);
    else
        ph_letter_give_back(letter);
}

static void hear_invoke(struct far *far, struct message_reader *reader)
{
    struct ph_letter *letter = letter_to(far, PH_LETTER_INVOKE);
    bool failed = false;
    if (!letter)
        return;
    letter->id = message_read_number(reader, UINT32_MAX);
    letter->name = ph_letter_text(letter, message_read_text(reader), &failed);
    letter->value = ph_letter_value(letter, message_read_value(reader), &failed);
    post_or_drop(letter, failed || !letter->name);
}

static void hear_other(struct far *far, enum message_kind kind, struct message_reader *reader)
{
    static const enum ph_letter_kind kinds[MESSAGE_KINDS] = {
        [MESSAGE_MOVED] = PH_LETTER_MOVED, [MESSAGE_STOP] = PH_LETTER_STOP, [MESSAGE_KICK] = PH_LETTER_KICK};
    struct ph_letter *letter = letter_to(far, kinds[kind]);
    struct ph_refusal why = {0};
    bool failed = false;
    if (!letter)
        return;
    if (kind == MESSAGE_MOVED) {
        copy_welcome(letter, reader);
        failed = !letter->welcome;
    } else if (kind == MESSAGE_STOP) {
        letter->name = ph_letter_text(letter, message_read_text(reader), &failed);
        letter->text = ph_letter_text(letter, message_read_text(reader), &failed);
        failed |= !letter->name;
    } else {
        (void)message_read_refusal(reader, &why);
        ph_letter_refuse(letter, &why);
    }
    post_or_drop(letter, failed);
}

static void hear_one(struct far *far, enum message_kind kind, struct message_reader *reader)
{
    switch (kind) {
    case MESSAGE_WELCOME:
    case MESSAGE_REFUSED:
        hear_join(far, kind, reader);
        break;
    case MESSAGE_RESULT:
    case MESSAGE_DECIDED:
        hear_answer(far, kind, reader);
        break;
    case MESSAGE_INVOKE:
        hear_invoke(far, reader);
        break;
    default:
        hear_other(far, kind, reader);
        break;
    }
}

/* To many: a letter for each worker that has some of them. */

static struct far *at(const struct link *link, uint32_t id)
{
    struct far *far = ph_map_get(&link->cluster->fars_by_id, &id, sizeof id);
    return far && far->link == link ? far : NULL;
}

static bool write_many(struct ph_letter *letter, enum message_kind kind, struct message_reader reader)
{
    bool failed = false;
    if (kind == MESSAGE_NEWS) {
        struct ph_shared_report *report = message_read_report(&reader, &letter->arena);
        struct ph_shared_event *events = report ? (struct ph_shared_event *)(uintptr_t)report->events : NULL;
        letter->news.report = report;
        if (!report)
            return false;
        report->object = ph_letter_text(letter, report->object, &failed);
        for (size_t i = 0; i < report->n; i++) {
            events[i].name = ph_letter_text(letter, events[i].name, &failed);
            events[i].value = ph_letter_value(letter, events[i].value, &failed);
        }
        return !failed;
    }
    letter->name = ph_letter_text(letter, message_read_text(&reader), &failed);
    letter->value = ph_letter_value(letter, message_read_value(&reader), &failed);
    letter->parcel.sequence = message_read_u64(&reader);
    letter->parcel.kind = (enum ph_delivery_kind)message_read_number(&reader, PH_DELIVER_AT_ONCE);
    return !failed && letter->name;
}

static void hear_many(struct link *link, enum message_kind kind, const struct message_reader *reader,
                      const uint32_t *seats, size_t n, struct ph_loop *worker)
{
    struct ph_letter *letter = ph_letter_create(kind == MESSAGE_NEWS ? PH_LETTER_NEWS : PH_LETTER_DELIVER);
    struct ph_seat **list = letter ? rtmp_arena_take(&letter->arena, (n + 1) * sizeof(struct ph_seat *)) : NULL;
    size_t n_here = 0;
    for (size_t i = 0; i < n && list; i++) {
        struct far *far = at(link, seats[i]);
        if (far && ph_seat_worker(far->seat) == worker)
            list[n_here++] = far->seat;
    }
    if (!n_here || !write_many(letter, kind, *reader)) {
        ph_letter_free(letter);
        return;
    }
    if (kind == MESSAGE_NEWS) {
        letter->news.seats = list;
        letter->news.n_seats = n_here;
    } else {
        letter->parcel.seats = list;
        letter->parcel.n_seats = n_here;
    }
    ph_letter_return(letter, worker);
}

void far_hear(struct link *link, enum message_kind kind, const struct message_reader *reader, const uint32_t *seats,
              size_t n)
{
    struct ph_loops *workers = link->cluster->home->all;
    if (kind == MESSAGE_DELIVER || kind == MESSAGE_NEWS) {
        for (unsigned i = 0; i < workers->n; i++)
            hear_many(link, kind, reader, seats, n, &workers->loop[i]);
        return;
    }
    for (size_t i = 0; i < n; i++) { /* what is the same for several comes once */
        struct far *far = at(link, seats[i]);
        struct message_reader each = *reader;
        if (far)
            hear_one(far, kind, &each);
    }
}

/* The end */

void far_break(struct far *far, const char *why)
{
    struct ph_cluster *cluster = far->cluster;
    struct ph_letter *join = far->join, *letter;
    far->join = NULL;
    if (join) {
        end(far);
        booking_take(cluster, join);
        return;
    }
    ph_list_remove(&far->in_link);
    far->link = NULL;
    refuse_open(far, why);
    letter = letter_to(far, PH_LETTER_KICK);
    if (!letter)
        return;
    ph_letter_refuse(
        letter, &(struct ph_refusal){.error = PH_E_GONE, .code = "NetConnection.Connect.Closed", .description = why});
    ph_letter_give_back(letter);
}

void far_free(struct far *far)
{
    ph_letter_free(far->join);
    for (struct ph_list *node; (node = ph_list_pop(&far->open));)
        ph_letter_free(ph_list_entry(node, struct ph_letter, link));
    ph_list_remove(&far->in_link);
    free(far);
}
