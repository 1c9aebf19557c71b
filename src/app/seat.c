/* SPDX-License-Identifier: MIT */
#include "app/seat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/instance.h"
#include "app/letter.h"
#include "app/theatre.h"
#include "base/limits.h"

struct ph_seat {
    struct ph_loop *worker;
    struct ph_instance *instance;
    const struct ph_seat_events *events;
    void *user;
    struct ph_letter *leave; /* ready, so that leaving cannot fail */
    unsigned n_letters;      /* on their way there or back */
    bool is_routed;          /* its letters go to the router */
    bool is_welcome;
    bool is_closed; /* nothing is told any more */
    bool was_full;

    struct ph_member *member; /* the instance's; not to be touched here */
};

struct ph_loop *ph_seat_worker(const struct ph_seat *seat) { return seat->worker; }

struct ph_member **ph_seat_member(struct ph_seat *seat) { return &seat->member; }

bool ph_seat_is_full(const struct ph_seat *seat) { return seat->n_letters >= PH_LIMIT_OPEN_CALLS; }

/* Letters to the instance */

static struct ph_letter *new_letter(struct ph_seat *seat, enum ph_letter_kind kind)
{
    struct ph_letter *letter = ph_letter_create(kind);
    if (!letter)
        return NULL;
    letter->seat = seat;
    letter->instance = seat->instance;
    return letter;
}

static void post(struct ph_letter *letter)
{
    letter->seat->n_letters++;
    letter->seat->was_full |= ph_seat_is_full(letter->seat);
    if (letter->seat->is_routed)
        ph_letter_route(letter);
    else
        ph_letter_send(letter);
}

static int post_whole(struct ph_letter *letter, bool failed)
{
    if (failed) {
        ph_letter_free(letter);
        return -ENOMEM;
    }
    post(letter);
    return 0;
}

static bool copy_request(struct ph_letter *letter, const struct ph_seat_request *from)
{
    bool failed = false;
    struct ph_seat_request *to = rtmp_arena_take(&letter->arena, sizeof *to);
    if (!to)
        return false;
    *to = *from;
    to->path = ph_letter_text(letter, from->path, &failed);
    to->query = ph_letter_text(letter, from->query ? from->query : "", &failed);
    to->address = ph_letter_text(letter, from->address, &failed);
    to->properties = ph_letter_value(letter, from->properties, &failed);
    to->arguments = ph_letter_value(letter, from->arguments, &failed);
    to->token = ph_letter_text(letter, from->token, &failed);
    to->password = ph_letter_text(letter, from->password, &failed);
    to->ticket = ph_letter_text(letter, from->ticket, &failed);
    to->options = ph_letter_value(letter, from->options, &failed);
    letter->request = to;
    return !failed;
}

int ph_seat_open(struct ph_theatre *theatre, struct ph_loop *worker, const struct ph_seat_request *request,
                 struct ph_seat **seat)
{
    struct ph_seat *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->worker = worker;
    made->instance = ph_theatre_find(theatre, request->app);
    made->is_routed = theatre->router.take && !request->is_lodger;
    made->events = request->events;
    made->user = request->user;
    made->leave = new_letter(made, PH_LETTER_LEAVE);
    struct ph_letter *join = made->leave ? new_letter(made, PH_LETTER_JOIN) : NULL;
    if (!join || !copy_request(join, request)) {
        ph_letter_free(join);
        ph_letter_free(made->leave);
        free(made);
        return -ENOMEM;
    }
    post(join);
    *seat = made;
    return 0;
}

int ph_seat_call(struct ph_seat *seat, double id, struct rtmp_text name, const struct rtmp_value *arguments)
{
    if (!seat->is_welcome)
        return -EINVAL;
    if (ph_seat_is_full(seat))
        return -EAGAIN;
    bool failed = false;
    struct ph_letter *letter = new_letter(seat, PH_LETTER_CALL);
    if (!letter)
        return -ENOMEM;
    letter->id = id;
    letter->name = rtmp_arena_copy(&letter->arena, name.data, name.length);
    letter->value = ph_letter_value(letter, arguments, &failed);
    return post_whole(letter, failed || !letter->name);
}

int ph_seat_reply(struct ph_seat *seat, uint32_t id, const struct rtmp_value *value, const struct ph_refusal *refusal)
{
    bool failed = false;
    struct ph_letter *letter = new_letter(seat, PH_LETTER_REPLY);
    if (!letter)
        return -ENOMEM;
    letter->id = id;
    letter->value = ph_letter_value(letter, value, &failed);
    if (refusal)
        ph_letter_refuse(letter, refusal);
    return post_whole(letter, failed);
}

int ph_seat_ask(struct ph_seat *seat, enum ph_seat_verb verb, uint32_t ticket, const char *name,
                const struct rtmp_value *query)
{
    bool failed = false;
    if (ph_seat_is_full(seat))
        return -EAGAIN;
    struct ph_letter *letter = new_letter(seat, PH_LETTER_ASK);
    if (!letter)
        return -ENOMEM;
    letter->verb = verb;
    letter->id = ticket;
    letter->name = ph_letter_text(letter, name, &failed);
    letter->value = ph_letter_value(letter, query, &failed);
    return post_whole(letter, failed);
}

/* Whoever misses this hears of the end when the member leaves. */
void ph_seat_over(struct ph_seat *seat, enum ph_seat_verb verb, const char *name)
{
    bool failed = false;
    struct ph_letter *letter = new_letter(seat, PH_LETTER_OVER);
    if (!letter)
        return;
    letter->verb = verb;
    letter->name = ph_letter_text(letter, name, &failed);
    (void)!post_whole(letter, failed);
}

void ph_seat_data(struct ph_seat *seat, const char *name, struct rtmp_text handler, const struct rtmp_value *arguments)
{
    bool failed = false;
    struct ph_letter *letter = ph_seat_is_full(seat) || !seat->instance->type->data ? NULL
                                                                                    : new_letter(seat, PH_LETTER_DATA);
    if (!letter)
        return;
    letter->name = ph_letter_text(letter, name, &failed);
    letter->text = rtmp_arena_copy(&letter->arena, handler.data, handler.length);
    letter->value = ph_letter_value(letter, arguments, &failed);
    (void)!post_whole(letter, failed || !letter->text);
}

static const struct ph_shared_change *copy_changes(struct ph_letter *letter, const struct ph_shared_change *changes,
                                                   size_t n, bool *failed)
{
    struct ph_shared_change *copy = rtmp_arena_take(&letter->arena, n * sizeof *copy);
    *failed |= !copy;
    for (size_t i = 0; i < n && copy; i++) {
        copy[i] = changes[i];
        copy[i].name = ph_letter_text(letter, changes[i].name, failed);
        copy[i].value = ph_value_out(ph_letter_value(letter, ph_value_in(changes[i].value), failed));
    }
    return copy;
}

int ph_seat_shared(struct ph_seat *seat, double id, const char *object, bool persistent, uint32_t version,
                   const struct ph_shared_change *changes, size_t n_changes)
{
    bool failed = false;
    if (seat->n_letters > PH_LIMIT_OPEN_CALLS) /* one message may ask twice: to use an object, and to change it */
        return -EAGAIN;
    struct ph_letter *letter = new_letter(seat, PH_LETTER_CHANGE);
    if (!letter)
        return -ENOMEM;
    letter->id = id;
    letter->name = ph_letter_text(letter, object, &failed);
    letter->shared.persistent = persistent;
    letter->shared.version = version;
    letter->shared.n_changes = n_changes;
    letter->shared.changes = copy_changes(letter, changes, n_changes, &failed);
    return post_whole(letter, failed);
}

void ph_seat_shared_release(struct ph_seat *seat, const char *object)
{
    bool failed = false;
    struct ph_letter *letter = new_letter(seat, PH_LETTER_RELEASE);
    if (!letter)
        return;
    letter->name = ph_letter_text(letter, object, &failed);
    (void)!post_whole(letter, failed);
}

void ph_seat_close(struct ph_seat *seat, enum ph_reason reason)
{
    if (!seat || seat->is_closed)
        return;
    seat->is_closed = true;
    seat->leave->reason = reason;
    post(seat->leave);
}

/* Letters that come */

static void come_back(struct ph_seat *seat, const struct ph_letter *letter)
{
    const struct ph_refusal *refusal = letter->is_refused ? &letter->refusal : NULL;
    switch (letter->kind) {
    case PH_LETTER_JOIN:
        seat->is_welcome = !refusal;
        seat->is_routed = seat->is_routed && !letter->is_here;
        if (refusal)
            seat->events->refused(seat->user, refusal);
        else
            seat->events->welcome(seat->user, letter->welcome);
        break;
    case PH_LETTER_CALL:
    case PH_LETTER_CHANGE:
        if (letter->id != 0 && seat->events->result)
            seat->events->result(seat->user, letter->id, letter->value, refusal);
        break;
    case PH_LETTER_ASK:
        if (seat->events->decided)
            seat->events->decided(seat->user, (uint32_t)letter->id, letter->name, refusal);
        break;
    default:
        break;
    }
}

static void tell(struct ph_seat *seat, const struct ph_letter *letter)
{
    static const struct ph_refusal deaf = {.code = "NetConnection.Call.Failed",
                                           .description = "This client cannot be called."};
    switch (letter->kind) {
    case PH_LETTER_INVOKE:
        if (seat->events->invoke)
            seat->events->invoke(seat->user, letter->name, (uint32_t)letter->id, letter->value);
        else if (letter->id != 0)
            (void)!ph_seat_reply(seat, (uint32_t)letter->id, NULL, &deaf);
        break;
    case PH_LETTER_MOVED:
        if (seat->events->moved)
            seat->events->moved(seat->user, letter->welcome);
        break;
    case PH_LETTER_STOP:
        if (seat->events->stop_stream)
            seat->events->stop_stream(seat->user, letter->name, letter->text);
        break;
    case PH_LETTER_KICK:
        seat->events->kicked(seat->user, &letter->refusal);
        break;
    default:
        break;
    }
}

static void deliver(const struct ph_letter *letter)
{
    struct ph_parcel parcel;
    ph_parcel_init(&parcel, letter->name, letter->value, letter->parcel.sequence);
    parcel.kind = letter->parcel.kind;
    for (size_t i = 0; i < letter->parcel.n_seats; i++) {
        struct ph_seat *seat = letter->parcel.seats[i];
        if (!seat->is_closed && seat->events->deliver)
            seat->events->deliver(seat->user, &parcel);
    }
    ph_parcel_finish(&parcel);
}

static void tell_news(const struct ph_letter *letter)
{
    struct rtmp_buffer encoded[PH_PARCEL_FORMS];
    for (int form = 0; form < PH_PARCEL_FORMS; form++)
        rtmp_buffer_init(&encoded[form], &ph_app_allocator, 2 * PH_LIMIT_OBJECT_BYTES);
    letter->news.report->encoded = encoded;
    for (size_t i = 0; i < letter->news.n_seats; i++) {
        struct ph_seat *seat = letter->news.seats[i];
        if (!seat->is_closed && seat->events->shared)
            seat->events->shared(seat->user, letter->news.report);
    }
    for (int form = 0; form < PH_PARCEL_FORMS; form++)
        rtmp_buffer_finish(&encoded[form]);
}

static void take_back(struct ph_seat *seat, struct ph_letter *letter)
{
    seat->n_letters--;
    if (letter == seat->leave) {
        free(seat); /* nobody knows it any more */
        return;
    }
    if (!seat->is_closed)
        come_back(seat, letter);
    if (seat->was_full && !ph_seat_is_full(seat)) {
        seat->was_full = false;
        if (!seat->is_closed && seat->events->drained)
            seat->events->drained(seat->user);
    }
}

void ph_seat_receive(struct ph_letter *letter)
{
    if (letter->kind == PH_LETTER_DELIVER)
        deliver(letter);
    else if (letter->kind == PH_LETTER_NEWS)
        tell_news(letter);
    else if (letter->kind <= PH_LETTER_LEAVE)
        take_back(letter->seat, letter);
    else if (!letter->seat->is_closed)
        tell(letter->seat, letter);
    ph_letter_free(letter);
}
