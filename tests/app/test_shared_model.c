/* SPDX-License-Identifier: MIT */
/*
 * Clients as Flash has them share an object over a slow network, and the application takes part: what anybody does is
 * seen by itself at once and sent later, what is told is heard later still. Whatever the order, in the end all hold
 * what the server holds; versions never go back; what a batch does is seen whole, or not at all; messages come in one
 * order.
 *
 * Another seed: PLAYHOUSE_TEST_SEED.
 */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include <rtmpwire/value.h>

#include "app/copy.h"
#include "app/letter.h"
#include "base/list.h"

enum { CLIENTS = 5, SLOTS = 6, TWINS = 2, NAMES = SLOTS + TWINS, STEPS = 1500, BATCH = 4, RUNS = 100, GONE = -1 };

static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f", "left", "right"};

/* A batch on its way to the server. */
struct outgoing {
    struct ph_list link;
    bool is_use, is_release;
    uint32_t known;
    size_t n;
    struct ph_shared_change changes[BATCH];
    struct rtmp_value values[BATCH];
};

/* A report on its way to the client. */
struct incoming {
    struct ph_list link;
    uint32_t version;
    size_t n;
    struct ph_shared_event *events;
    struct rtmp_arena arena;
};

struct client {
    struct guest *guest;
    struct ph_list out, in; /* lists of struct outgoing::link, struct incoming::link */
    bool uses;              /* it has asked to, and has not taken it back */
    bool is_synced;         /* and was told so */
    unsigned n_stale;       /* reports of uses that were taken back may still come: USED events to wait for */
    uint32_t version;
    int slots[NAMES];
    int last_message;
};

static struct client clients[CLIENTS];
static struct {
    ph_shared_id id;
    bool is_locked;
} application;
static uint64_t seed, dice;
static int n_values, n_messages, opened;
static uint32_t told_version;

static unsigned roll(unsigned n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)((dice >> 20) % n);
}

static void check_at(bool holds, const char *what, int line)
{
    if (!holds)
        print_error("seed %llu, line %d: %s\n", (unsigned long long)seed, line, what);
    assert_true(holds);
}

#define check(condition) check_at(condition, #condition, __LINE__)

static size_t index_of(const char *name)
{
    size_t i = 0;
    while (strcmp(names[i], name) != 0)
        i++;
    return i;
}

/* What is told */

static void take_report(struct guest *guest, const struct ph_shared_report *report)
{
    struct client *client = clients;
    while (client->guest != guest)
        client++;
    struct incoming *incoming = calloc(1, sizeof *incoming);
    ph_list_init(&incoming->link);
    rtmp_arena_init(&incoming->arena, &ph_app_allocator, 1 << 20);
    incoming->version = report->version;
    incoming->n = report->n;
    incoming->events = rtmp_arena_take(&incoming->arena, report->n * sizeof *incoming->events);
    for (size_t i = 0; i < report->n; i++) {
        struct ph_shared_event *event = &incoming->events[i];
        *event = report->events[i];
        if (event->name)
            event->name = rtmp_arena_copy(&incoming->arena, event->name, strlen(event->name));
        if (event->value)
            event->value = ph_value_copy(event->value, &incoming->arena);
    }
    ph_list_append(&client->in, &incoming->link);
}

static void forget(struct client *client)
{
    for (size_t i = 0; i < NAMES; i++)
        client->slots[i] = GONE;
}

static void hear_event(struct client *client, const struct ph_shared_event *event, uint32_t version)
{
    switch (event->news) {
    case PH_NEWS_USED:
        client->is_synced = true;
        break;
    case PH_NEWS_CLEARED:
        forget(client);
        break;
    case PH_NEWS_CHANGED:
        check(event->version <= version);
        client->slots[index_of(event->name)] = (int)rtmp_value_number(event->value, 0);
        break;
    case PH_NEWS_REMOVED:
        client->slots[index_of(event->name)] = GONE;
        break;
    case PH_NEWS_MESSAGE: {
        int n = (int)rtmp_value_number(rtmp_value_at(event->value, 0), 0);
        check(n > client->last_message);
        client->last_message = n;
        break;
    }
    case PH_NEWS_SUCCESS:
        break;
    case PH_NEWS_STATUS:
        assert_string_equal(event->name, "SharedObject.VersionConflict");
        break;
    }
}

/* Messages are numbered where they are sent, so they come in order only from the application. */
static void hear(struct client *client)
{
    struct ph_list *node = ph_list_pop(&client->in);
    if (!node)
        return;
    struct incoming *incoming = ph_list_entry(node, struct incoming, link);
    bool is_first = incoming->events[0].news == PH_NEWS_USED;
    if (is_first && client->n_stale) {
        client->n_stale--;
        is_first = client->n_stale == 0;
    }
    if (client->n_stale == 0 && (client->is_synced || is_first)) {
        check(is_first || incoming->version >= client->version);
        client->version = incoming->version;
        for (size_t i = 0; i < incoming->n; i++)
            hear_event(client, &incoming->events[i], incoming->version);
        check(client->slots[SLOTS] == client->slots[SLOTS + 1]);
    }
    rtmp_arena_finish(&incoming->arena);
    free(incoming);
}

/* What is asked */

static struct outgoing *new_outgoing(struct client *client)
{
    struct outgoing *outgoing = calloc(1, sizeof *outgoing);
    outgoing->known = client ? client->version : 0;
    ph_list_init(&outgoing->link);
    if (client)
        ph_list_append(&client->out, &outgoing->link);
    return outgoing;
}

/* `slots`: what the author sees of it at once. */
static void add_set(struct outgoing *batch, size_t slot, int number, int *slots)
{
    struct rtmp_value *value = &batch->values[batch->n];
    *value = (struct rtmp_value){.type = number == GONE ? RTMP_NULL : RTMP_NUMBER, .number = number};
    batch->changes[batch->n++] = (struct ph_shared_change){
        .kind = PH_SHARED_SET, .name = names[slot], .value = ph_value_out(value)};
    slots[slot] = number;
}

static void add_remove(struct outgoing *batch, size_t slot, int *slots)
{
    batch->changes[batch->n++] = (struct ph_shared_change){.kind = PH_SHARED_REMOVE, .name = names[slot]};
    slots[slot] = GONE;
}

/* Few values, so that some changes change nothing. */
static int new_number(void) { return roll(2) ? (int)roll(3) : ++n_values + 10; }

static void add_twins(struct outgoing *batch, int *slots)
{
    int number = roll(5) ? new_number() : GONE;
    for (size_t i = SLOTS; i < NAMES; i++)
        if (number == GONE && roll(2))
            add_remove(batch, i, slots);
        else
            add_set(batch, i, number, slots);
}

static void fill(struct outgoing *batch, int *slots)
{
    unsigned n = 1 + roll(BATCH - TWINS);
    if (roll(4) == 0)
        add_twins(batch, slots);
    while (batch->n < n) {
        unsigned what = roll(20);
        if (what < 15) {
            add_set(batch, roll(SLOTS), what < 2 ? GONE : new_number(), slots);
        } else if (what < 19) {
            add_remove(batch, roll(SLOTS), slots);
        } else {
            batch->changes[batch->n++] = (struct ph_shared_change){.kind = PH_SHARED_CLEAR};
            for (size_t i = 0; i < NAMES; i++)
                slots[i] = GONE;
        }
    }
}

static void change(struct client *client)
{
    struct outgoing *batch = client->is_synced && client->uses ? new_outgoing(client) : NULL;
    if (!batch)
        return;
    fill(batch, client->slots);
    if (roll(12) == 0)
        batch->changes[roll((unsigned)batch->n)].if_version = UINT32_MAX; /* it will be refused */
}

static void begin_or_end_use(struct client *client)
{
    struct outgoing *outgoing = new_outgoing(client);
    outgoing->is_use = !client->uses;
    outgoing->is_release = client->uses;
    client->n_stale += outgoing->is_use;
    client->uses = !client->uses;
    client->is_synced = false;
    client->version = 0;
    client->last_message = 0;
    forget(client);
}

static void send_one(struct client *client)
{
    static const struct ph_shared_change use = {.kind = PH_SHARED_USE};
    struct ph_list *node = ph_seat_is_full(client->guest->seat) ? NULL : ph_list_pop(&client->out);
    if (!node)
        return;
    struct outgoing *outgoing = ph_list_entry(node, struct outgoing, link);
    struct ph_seat *seat = client->guest->seat;
    if (outgoing->is_release)
        ph_seat_shared_release(seat, "board");
    else if (outgoing->is_use)
        assert_int_equal(ph_seat_shared(seat, 0, "board", false, 0, &use, 1), 0);
    else
        assert_int_equal(ph_seat_shared(seat, 0, "board", false, outgoing->known, outgoing->changes, outgoing->n), 0);
    free(outgoing);
}

/* The application */

static void on_opened(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    (void)app;
    (void)user;
    (void)value;
    opened += error == 0;
}

static void on_changed(struct ph_app *app, ph_shared_id shared, ph_member_id member,
                       const struct ph_shared_change *changes, size_t n_changes, void *user)
{
    (void)user;
    (void)member;
    (void)changes;
    uint32_t version = app->host->shared->object_version(app, shared);
    check(n_changes > 0);
    check(version >= told_version);
    told_version = version;
}

static void act(void)
{
    const struct ph_shared *shared = stage_app->host->shared;
    int ignored[NAMES] = {0};
    unsigned what = roll(10);
    if (what < 2) {
        assert_int_equal(application.is_locked ? shared->unlock(stage_app, application.id)
                                               : shared->lock(stage_app, application.id),
                         0);
        application.is_locked = !application.is_locked;
        return;
    }
    struct outgoing *batch = new_outgoing(NULL);
    struct rtmp_value number = {.type = RTMP_NUMBER, .number = ++n_messages}, *item = &number;
    const struct rtmp_value arguments = {.type = RTMP_ARRAY, .flags = RTMP_VALUE_EXACT, .n = 1, .items = &item};
    if (what == 2)
        batch->changes[batch->n++] = (struct ph_shared_change){
            .kind = PH_SHARED_MESSAGE, .name = "draw", .value = ph_value_out(&arguments)};
    else
        fill(batch, ignored);
    assert_int_equal(shared->change(stage_app, application.id, batch->changes, batch->n), 0);
    free(batch);
}

/* Runs */

static void compare(void)
{
    const struct ph_shared *shared = stage_app->host->shared;
    uint32_t version = shared->object_version(stage_app, application.id);
    for (size_t c = 0; c < CLIENTS; c++) {
        if (!clients[c].uses)
            continue;
        check(clients[c].is_synced && clients[c].version <= version);
        for (size_t i = 0; i < NAMES; i++) {
            const struct ph_value *value = shared->get(stage_app, application.id, names[i], NULL);
            int number = value ? (int)stage_app->host->values->number(value, 0) : GONE;
            if (clients[c].slots[i] != number)
                print_error("client %zu has %s = %d, the server %d\n", c, names[i], clients[c].slots[i], number);
            check(clients[c].slots[i] == number);
        }
    }
}

static void settle(void)
{
    const struct ph_shared *shared = stage_app->host->shared;
    if (application.is_locked)
        assert_int_equal(shared->unlock(stage_app, application.id), 0);
    application.is_locked = false;
    stage_wait(100); /* the rate is met elsewhere */
    for (size_t c = 0; c < CLIENTS; c++)
        while (!ph_list_is_empty(&clients[c].out)) {
            send_one(&clients[c]);
            stage_wait(100);
        }
    for (size_t c = 0; c < CLIENTS; c++)
        while (!ph_list_is_empty(&clients[c].in))
            hear(&clients[c]);
}

static void step(void)
{
    struct client *client = &clients[roll(CLIENTS)];
    unsigned what = roll(100);
    if (what < 30)
        change(client);
    else if (what < 55)
        send_one(client);
    else if (what < 85)
        hear(client);
    else if (what < 94)
        act();
    else if (what < 96)
        begin_or_end_use(client);
    else if (what < 97)
        settle(), compare();
    if (roll(2))
        stage_wait(100);
}

static void run(void)
{
    const struct ph_shared *shared;
    stage_open(NULL);
    shared = stage_app->host->shared;
    stage_on_report = take_report;
    dice = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
    n_values = n_messages = opened = 0;
    told_version = 0;
    for (size_t c = 0; c < CLIENTS; c++) {
        clients[c] = (struct client){.guest = stage_join("client", "stage/room")};
        ph_list_init(&clients[c].in);
        ph_list_init(&clients[c].out);
        forget(&clients[c]);
    }
    assert_int_equal(shared->open(stage_app, stage_room, "board", false, on_changed, on_opened, NULL, &application.id),
                     0);
    stage_wait(100);
    assert_int_equal(opened, 1);
    for (size_t i = 0; i < STEPS; i++)
        step();
    settle();
    compare();
    stage_close(NULL);
}

static void all_copies_converge(void **state)
{
    const char *wanted = getenv("PLAYHOUSE_TEST_SEED");
    (void)state;
    seed = wanted ? strtoull(wanted, NULL, 10) : 1;
    run();
    while (!wanted && seed++ < RUNS)
        run();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_copies_converge)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
