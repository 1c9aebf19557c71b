/* SPDX-License-Identifier: MIT */
/*
 * An application built on the first headers. "tour" goes through the tables of the host and answers when all has come
 * back, with a list of what was seen; a word in capitals is a mistake.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <playhouse/app.h>

struct tour {
    ph_answer_id later;
    ph_room_id room;
    ph_member_id member;
    ph_shared_id board;
    char seen[512];
    unsigned waits;
};

static void note(struct tour *tour, const char *word)
{
    size_t used = strlen(tour->seen);
    snprintf(tour->seen + used, sizeof tour->seen - used, "%s%s", used ? " " : "", word);
}

static void come_back(struct ph_app *app, struct tour *tour, const char *word)
{
    note(tour, word);
    if (--tour->waits)
        return;
    const struct ph_answer answer = {.value = app->host->values->new_text(app, tour->seen)};
    (void)app->host->answer(app, tour->later, PH_ACCEPT, &answer);
    free(tour);
}

static void on_put(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    (void)value;
    come_back(app, user, error ? "PUT" : "put");
}

static void on_got(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    come_back(app, user, !error && app->host->values->number(value, 0) == 42 ? "got" : "GOT");
}

static void on_timer(struct ph_app *app, ph_timer_id timer, void *user)
{
    (void)timer;
    come_back(app, user, "timer");
}

static int work(void *user) { return user ? PH_E_CONFLICT : 0; }

static void on_worked(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    come_back(app, user, error == PH_E_CONFLICT && !value ? "job" : "JOB");
}

static void on_board(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    struct tour *tour = user;
    const struct ph_shared_change change = {
        .kind = PH_SHARED_SET, .name = "score", .value = app->host->values->new_integer(app, 7)};
    uint32_t version = 0;
    (void)value;
    bool is_good = !error && app->host->shared->change(app, tour->board, &change, 1) == 0 &&
                   app->host->values->number(app->host->shared->get(app, tour->board, "score", &version), 0) == 7 &&
                   version > 0;
    come_back(app, tour, is_good ? "shared" : "SHARED");
}

static void on_reply(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    come_back(app, user, !error && strcmp(app->host->values->text(value, NULL), "pong") == 0 ? "reply" : "REPLY");
}

static void look_around(struct ph_app *app, struct tour *tour)
{
    const struct ph_host *host = app->host;
    struct ph_member_info info = {.size = sizeof info};
    struct ph_room_options options = {.size = sizeof options};
    bool is_member = host->members->info(app, tour->member, &info) == 0 && info.room == tour->room &&
                     strcmp(info.user, "guest") == 0;
    bool is_room = strcmp(host->rooms->name(app, tour->room), "blue") == 0 &&
                   host->rooms->count(app, tour->room) == 1 && host->rooms->options(app, tour->room, &options) == 0 &&
                   options.capacity == 5 && host->members->next(app, tour->room, 0) == tour->member;
    struct ph_value *list = host->values->new_array(app);
    bool is_value = host->values->push(app, list, host->values->new_number(app, 1.5)) == 0 &&
                    strcmp(host->values->to_json(app, list, NULL), "[1.5]") == 0;
    note(tour, is_member ? "member" : "MEMBER");
    note(tour, is_room ? "room" : "ROOM");
    note(tour, is_value ? "value" : "VALUE");
    note(tour, host->rooms->broadcast(app, tour->room, "hello", list, NULL, 0) ? "BROADCAST" : "broadcast");
    host->log->write(app, PH_APP_LOG_INFO, "the tour begins");
}

static int on_tour(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_host *host = app->host;
    struct tour *tour = calloc(1, sizeof *tour);
    ph_timer_id timer;
    (void)answer;
    if (!tour)
        return PH_E_MEMORY;
    *tour = (struct tour){.later = event->later, .room = event->room, .member = event->member, .waits = 6};
    look_around(app, tour);
    int failed = host->store->put(app, "answer", host->values->new_number(app, 42), on_put, tour) ||
                 host->store->get(app, "answer", on_got, tour) ||
                 host->timers->start(app, tour->room, 1, 0, on_timer, tour, &timer) ||
                 host->jobs->run(app, work, on_worked, tour) ||
                 host->shared->open(app, tour->room, "board", false, NULL, on_board, tour, &tour->board) ||
                 host->members->call(app, tour->member, "ping", NULL, 0, on_reply, tour);
    return failed ? PH_E_IO : PH_LATER;
}

static int on_load(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    static const struct ph_method method = {.name = "tour", .run = on_tour, .concurrent = true};
    (void)event, (void)answer;
    return app->host->method(app, &method);
}

static int on_connect(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)app, (void)event;
    answer->user = "guest";
    return PH_ACCEPT;
}

static int on_create(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_room_options options = {.size = sizeof options};
    (void)answer;
    if (app->host->rooms->options(app, event->room, &options))
        return PH_REFUSE;
    options.capacity = 5;
    return app->host->rooms->configure(app, event->room, &options);
}

static const struct ph_app_type type = {.abi_major = PLAYHOUSE_ABI_MAJOR,
                                        .abi_minor = PLAYHOUSE_ABI_MINOR,
                                        .size = sizeof type,
                                        .name = "first",
                                        .load = on_load,
                                        .connect = on_connect,
                                        .create_room = on_create};

const struct ph_app_type *playhouse_app(const struct ph_host *host);

const struct ph_app_type *playhouse_app(const struct ph_host *host)
{
    return host->abi_major == PLAYHOUSE_ABI_MAJOR && host->size >= sizeof *host ? &type : NULL;
}
