/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/value.h>

#include "app/letter.h"
#include "base/log.h"
#include "base/text.h"
#include "media/media.h"

enum { GUESTS = 80 };

struct ph_app *stage_app;
ph_answer_id stage_later[PARTS];
ph_room_id stage_room;
unsigned stage_unloads, stage_n_observed;
struct ph_answer stage_answer;
struct ph_room_options stage_options;
void (*stage_on_deliver)(struct guest *guest, const char *name, const struct rtmp_value *arguments);
void (*stage_on_report)(struct guest *guest, const struct ph_shared_report *report);

static uint64_t now_us;
static int verdicts[PARTS];
static char hook_book[8192], guest_book[8192];
static struct ph_log *log_book;
static struct ph_loops *workers;
static struct ph_apps apps;
static struct ph_app_settings settings;
static struct ph_theatre *theatre;
static struct guest guests[GUESTS];
static size_t n_guests;

static uint64_t read_now(void *user)
{
    (void)user;
    return now_us;
}

static int64_t read_wall(void *user)
{
    (void)user;
    return 1000000;
}

static const struct ph_clock hand_clock = {read_now, read_wall, NULL};

static void note(char *book, size_t cap, const char *format, ...)
{
    struct ph_text text;
    va_list values;
    size_t used = strlen(book);
    ph_text_init(&text, book + used, cap - used);
    if (used)
        ph_text_add(&text, " ");
    va_start(values, format);
    ph_text_add_v(&text, format, values);
    va_end(values);
}

#define note_hook(...)  note(hook_book, sizeof hook_book, __VA_ARGS__)
#define note_guest(...) note(guest_book, sizeof guest_book, __VA_ARGS__)

/* The application */

static const char *name_of(struct ph_app *app, ph_member_id member)
{
    struct ph_member_info info = {.size = sizeof info};
    return app->host->members->info(app, member, &info) ? "?" : info.query;
}

static const char *room_of(struct ph_app *app, const struct ph_event *event)
{
    const char *name = event->room ? app->host->rooms->name(app, event->room) : "-";
    return !name ? "gone" : name[0] ? name : "hall";
}

static int decide(struct ph_app *app, enum part part, const struct ph_event *event, struct ph_answer *answer)
{
    (void)app;
    stage_later[part] = event->later;
    stage_room = event->room ? event->room : stage_room;
    *answer = stage_answer;
    return verdicts[part];
}

static int on_connect(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    note_hook("connect:%s", name_of(app, event->member));
    return decide(app, CONNECT, event, answer);
}

static int on_create(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const char *extra = app->host->rooms->extra(app, event->room);
    note_hook("create:%s%s%s:%s", room_of(app, event), extra[0] ? "+" : "", extra,
              event->member ? name_of(app, event->member) : "again");
    struct ph_room_options options = stage_options, now = {.size = sizeof now};
    assert_int_equal(app->host->rooms->options(app, event->room, &now), 0);
    options.metadata = options.metadata ? options.metadata : now.metadata;
    if (options.size)
        assert_int_equal(app->host->rooms->configure(app, event->room, &options), 0);
    return decide(app, CREATE, event, answer);
}

static int on_enter(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    note_hook("enter:%s:%s", room_of(app, event), name_of(app, event->member));
    return decide(app, ENTER, event, answer);
}

static int on_leave(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    struct ph_member_info info = {.size = sizeof info};
    (void)answer;
    assert_int_equal(app->host->members->info(app, event->member, &info), 0);
    assert_true(info.room == event->room); /* still a member */
    note_hook("leave:%s:%s:%d", room_of(app, event), info.query, event->reason);
    return 0;
}

static int on_destroy(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    assert_int_equal(app->host->rooms->count(app, event->room), 0);
    note_hook("destroy:%s", room_of(app, event));
    return 0;
}

static int on_disconnect(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    note_hook("disconnect:%s:%d", name_of(app, event->member), event->reason);
    return 0;
}

static int on_call(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    note_hook("call:%s:%s", name_of(app, event->member), event->name);
    int verdict = decide(app, CALL, event, answer);
    if (!answer->value)
        answer->value = app->host->values->new_text(app, event->name);
    return verdict;
}

static int on_publish(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    note_hook("publish:%s", event->name);
    return decide(app, PUBLISH, event, answer);
}

static int on_play(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    note_hook("play:%s", event->name);
    return decide(app, PLAY, event, answer);
}

static int on_unpublish(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)app;
    (void)answer;
    note_hook("unpublish:%s", event->name);
    return 0;
}

static int on_use(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    return decide(app, SHARED, event, answer);
}

static int on_stop(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)app;
    (void)answer;
    note_hook("stop:%s", event->name);
    return 0;
}

static int on_drop(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    note_hook("drop:%s", name_of(app, event->member));
    return 0;
}

static int on_resume(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    note_hook("resume:%s", name_of(app, event->member));
    return 0;
}

static int on_tick(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    note_hook("tick:%s:%.2f", room_of(app, event), event->seconds);
    return 0;
}

static int on_load(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)answer;
    stage_app = app;
    note_hook("load:%s", app->host->values->text(event->value, NULL));
    return 0;
}

static int on_unload(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)app;
    (void)event;
    (void)answer;
    stage_unloads++;
    return 0;
}

static int on_save(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    (void)event;
    answer->value = app->host->values->new_text(app, "saved");
    return 0;
}

static int at_once(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    return on_call(app, event, answer);
}

static int on_observe(struct ph_app *app, const struct ph_event *event, struct ph_answer *answer)
{
    const struct ph_values *values = app->host->values;
    (void)answer;
    if (stage_n_observed++ == 0)
        note_hook("%s:%s:%.0f", event->name, values->text(values->get(event->value, "path"), NULL),
                  values->number(values->get(event->value, "bytes"), -1));
    return 0;
}

static const struct ph_method methods[] = {{.name = "side", .run = at_once, .concurrent = true}};

static const struct ph_app_type type = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof type,
    .name = "echo", /* a name that settings know */
    .methods = methods,
    .n_methods = 1,
    .load = on_load,
    .unload = on_unload,
    .connect = on_connect,
    .disconnect = on_disconnect,
    .create_room = on_create,
    .destroy_room = on_destroy,
    .enter_room = on_enter,
    .leave_room = on_leave,
    .call = on_call,
    .publish = on_publish,
    .unpublish = on_unpublish,
    .play = on_play,
    .stop = on_stop,
    .shared = on_use,
    .drop = on_drop,
    .resume = on_resume,
    .tick = on_tick,
    .save = on_save,
    .save_room = on_save,
    .observe = on_observe,
};

/* Guests */

static void on_welcome(void *user, const struct ph_welcome *welcome)
{
    struct guest *guest = user;
    guest->member = welcome->member;
    guest->is_resumed = welcome->is_resumed;
    guest->is_complete = welcome->is_complete;
    snprintf(guest->token, sizeof guest->token, "%s", welcome->token);
    note_guest("%s>%s", guest->name, welcome->room[0] ? welcome->room : "hall");
}

static void on_refused(void *user, const struct ph_refusal *refusal)
{
    struct guest *guest = user;
    note_guest("%s!%s", guest->name, refusal->code ? strrchr(refusal->code, '.') + 1 : "none");
}

static void on_result(void *user, double id, const struct rtmp_value *value, const struct ph_refusal *refusal)
{
    struct guest *guest = user;
    note_guest("%s=%g:%s", guest->name, id, refusal ? "failed" : rtmp_value_text(value).data);
}

static void on_invoke(void *user, const char *name, uint32_t id, const struct rtmp_value *arguments)
{
    struct guest *guest = user;
    (void)arguments;
    guest->invoke = id;
    note_guest("%s<%s", guest->name, name);
}

static void on_deliver(void *user, struct ph_parcel *parcel)
{
    struct guest *guest = user;
    if (stage_on_deliver)
        stage_on_deliver(guest, parcel->name, parcel->arguments);
    else
        note_guest("%s<%s", guest->name, parcel->name);
}

static void on_shared(void *user, const struct ph_shared_report *report)
{
    if (stage_on_report)
        stage_on_report(user, report);
}

static void on_decided(void *user, uint32_t ticket, const char *name, const struct ph_refusal *refusal)
{
    struct guest *guest = user;
    note_guest("%s?%u:%s", guest->name, ticket, refusal ? "failed" : name);
}

static void on_stop_stream(void *user, const char *name, const char *description)
{
    struct guest *guest = user;
    (void)description;
    note_guest("%s|%s", guest->name, name);
}

static void on_kicked(void *user, const struct ph_refusal *why)
{
    struct guest *guest = user;
    note_guest("%s kicked:%s", guest->name, why->description ? why->description : "");
    ph_seat_close(guest->seat, PH_REASON_LEFT);
    guest->seat = NULL;
}

static void on_drained(void *user)
{
    struct guest *guest = user;
    note_guest("%s drained", guest->name);
}

static const struct ph_seat_events events = {.welcome = on_welcome,
                                             .refused = on_refused,
                                             .result = on_result,
                                             .invoke = on_invoke,
                                             .deliver = on_deliver,
                                             .shared = on_shared,
                                             .decided = on_decided,
                                             .moved = on_welcome,
                                             .stop_stream = on_stop_stream,
                                             .kicked = on_kicked,
                                             .drained = on_drained};

/* Turning */

void stage_turn(void)
{
    for (int i = 0; i < 8; i++) {
        ph_loops_settle(theatre->loops);
        ph_loops_settle(workers);
        ph_loop_turn(&theatre->loops->loop[0], false);
        ph_loop_turn(&workers->loop[0], false);
    }
}

void stage_wait(uint64_t ms)
{
    now_us += ms * 1000;
    stage_turn();
}

void stage_decide(enum part part, int verdict) { verdicts[part] = verdict; }

int stage_answer_late(enum part part, int verdict)
{
    return stage_app->host->answer(stage_app, stage_later[part], verdict, &stage_answer);
}

static struct guest *come(const char *name, const char *path, const char *token, uint64_t sequence, const char *ticket)
{
    struct guest *guest = &guests[n_guests++];
    assert_true(n_guests <= GUESTS);
    *guest = (struct guest){.name = name};
    const struct ph_seat_request request = {.app = ph_apps_find(&apps, "stage", 5),
                                            .path = path,
                                            .query = name,
                                            .protocol = "test",
                                            .address = "here",
                                            .token = token,
                                            .sequence = sequence,
                                            .ticket = ticket,
                                            .events = &events,
                                            .user = guest};
    assert_int_equal(ph_seat_open(theatre, &workers->loop[0], &request, &guest->seat), 0);
    stage_turn();
    return guest;
}

struct guest *stage_join(const char *name, const char *path) { return come(name, path, NULL, 0, NULL); }

struct guest *stage_resume(const char *name, const char *path, const char *token, uint64_t sequence)
{
    return come(name, path, token, sequence, NULL);
}

struct guest *stage_come(const char *name, const char *path, const char *ticket)
{
    return come(name, path, NULL, 0, ticket);
}

void stage_leave(struct guest *guest, enum ph_reason reason)
{
    ph_seat_close(guest->seat, reason);
    guest->seat = NULL;
    stage_turn();
}

void stage_call(struct guest *guest, double id, const char *method)
{
    const struct rtmp_text name = {.data = method, .length = strlen(method)};
    assert_int_equal(ph_seat_call(guest->seat, id, name, NULL), 0);
    stage_turn();
}

void stage_forget(void) { hook_book[0] = guest_book[0] = '\0'; }

void stage_expect(const char *hooks, const char *heard, const char *file, int line)
{
    if (strcmp(hooks, hook_book) != 0 || strcmp(heard, guest_book) != 0)
        print_message("%s:%d\n  hooks  %s\n  wanted %s\n  heard  %s\n  wanted %s\n", file, line, hook_book, hooks,
                      guest_book, heard);
    assert_string_equal(hook_book, hooks);
    assert_string_equal(guest_book, heard);
    stage_forget();
}

int stage_open(void **state)
{
    static const struct ph_app_type *const types[] = {&type};
    (void)state;
    now_us = 5000000;
    n_guests = 0;
    stage_unloads = 0;
    hook_book[0] = guest_book[0] = '\0';
    memset(verdicts, 0, sizeof verdicts);
    stage_answer = (struct ph_answer){0};
    stage_options = (struct ph_room_options){0};
    stage_on_report = NULL;
    stage_on_deliver = NULL;
    struct ph_log_options log_options = {.level = PH_LOG_ERROR, .clock = &hand_clock, .descriptor = 1};
    struct ph_loops_options options = {.n = 1, .name = "worker", .clock = &hand_clock};
    assert_int_equal(ph_log_create(&log_options, &log_book), 0);
    assert_int_equal(ph_loops_create(&options, &workers), 0);
    ph_apps_init(&apps);
    assert_int_equal(ph_app_settings_init(&settings), 0);
    settings.type = 2;
    assert_string_equal(ph_app_type_names[settings.type], "echo");
    assert_int_equal(ph_apps_add(&apps, "stage", &settings), 0);
    struct ph_theatre_options theatre_options = {.apps = &apps,
                                                 .types = types,
                                                 .n_types = 1,
                                                 .n_loops = 1,
                                                 .workers = workers,
                                                 .log = log_book,
                                                 .clock = &hand_clock};
    assert_int_equal(ph_theatre_create(&theatre_options, &theatre), 0);
    ph_instance_load(theatre->instances[0]);
    stage_turn();
    expect("load:", "");
    return 0;
}

int stage_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_guests; i++)
        ph_seat_close(guests[i].seat, PH_REASON_STOP);
    ph_loops_stop(workers);
    ph_theatre_destroy(theatre);
    ph_loops_destroy(workers);
    ph_apps_finish(&apps);
    ph_app_settings_finish(&settings);
    ph_log_destroy(log_book);
    return 0;
}
