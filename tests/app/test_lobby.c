/* SPDX-License-Identifier: MIT */
/* Rooms by what they are like: found or made, and watched. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include <rtmpwire/value.h>

#include "app/lobby.h"
#include "app/member.h"
#include "app/room.h"
#include "base/text.h"

static char arrived[160]; /* "room" or an error, of the last joins */

static void on_joined(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    size_t used = strlen(arrived);
    (void)user;
    snprintf(arrived + used, sizeof arrived - used, "%s%.4s%d", used ? " " : "", app->host->values->text(value, NULL),
             error);
}

static struct ph_value *looking_for(const char *mode)
{
    const struct ph_values *values = stage_app->host->values;
    struct ph_value *filter = values->new_object(stage_app);
    assert_int_equal(values->set(stage_app, filter, "mode", values->new_text(stage_app, mode)), 0);
    return filter;
}

static int join(const struct guest *guest, const char *mode)
{
    return stage_app->host->members->join(stage_app, guest->member, "duel", looking_for(mode), on_joined, NULL);
}

static ph_room_id room_of(const struct guest *guest)
{
    struct ph_member_info info = {.size = sizeof info};
    assert_int_equal(stage_app->host->members->info(stage_app, guest->member, &info), 0);
    return info.room;
}

static ph_room_id hall(void) { return stage_app->host->rooms->find(stage_app, ""); }

/* Everybody has arrived, one after the other, in a room with such a name and such a mode. */
static void expect_arrivals(const char *wanted)
{
    assert_string_equal(arrived, wanted);
    arrived[0] = '\0';
}

static void open_four(struct guest *guests[4])
{
    static const char *const names[] = {"ann", "bob", "cat", "dan"};
    arrived[0] = '\0';
    for (int i = 0; i < 4; i++)
        guests[i] = stage_join(names[i], "stage");
    stage_forget();
}

static void who_looks_for_the_same_meets(void **state)
{
    struct guest *guest[4];
    (void)state;
    open_four(guest);
    assert_int_equal(join(guest[0], "fast"), 0);
    assert_int_equal(join(guest[1], "fast"), 0);
    assert_int_equal(join(guest[2], "slow"), 0);
    assert_int_equal(join(guest[2], "fast"), PH_E_STATE);
    stage_turn();
    assert_int_equal(join(guest[3], "slow"), 0);
    stage_turn();
    expect_arrivals("duel0 duel0 duel0 duel0");
    assert_true(room_of(guest[0]) == room_of(guest[1]));
    assert_true(room_of(guest[2]) == room_of(guest[3]));
    assert_true(room_of(guest[0]) != room_of(guest[2]));
    assert_true(room_of(guest[0]) != hall());
}

static void a_full_room_is_passed_by(void **state)
{
    struct guest *guest[4];
    (void)state;
    open_four(guest);
    stage_options = (struct ph_room_options){.size = sizeof stage_options, .capacity = 2};
    for (int i = 0; i < 4; i++)
        assert_int_equal(join(guest[i], "fast"), 0);
    stage_turn();
    expect_arrivals("duel0 duel0 duel0 duel0");
    assert_true(room_of(guest[0]) == room_of(guest[1]));
    assert_true(room_of(guest[2]) == room_of(guest[3]));
    assert_true(room_of(guest[0]) != room_of(guest[2]));
}

static void those_who_wait_for_a_room_that_fills_up_go_on(void **state)
{
    struct guest *guest[4];
    (void)state;
    open_four(guest);
    stage_options = (struct ph_room_options){.size = sizeof stage_options, .capacity = 2};
    stage_decide(CREATE, PH_LATER);
    for (int i = 0; i < 4; i++)
        assert_int_equal(join(guest[i], "fast"), 0);
    stage_turn();
    expect_arrivals("");
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    expect_arrivals("duel0 duel0");
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    expect_arrivals("duel0 duel0");
    assert_true(room_of(guest[0]) == room_of(guest[1]));
    assert_true(room_of(guest[2]) == room_of(guest[3]));
    assert_true(room_of(guest[0]) != room_of(guest[2]));
}

static void a_room_that_turns_out_otherwise_is_left_to_who_made_it(void **state)
{
    struct guest *guest[4];
    (void)state;
    open_four(guest);
    const struct ph_room_options unlisted = {.size = sizeof unlisted, .unlisted = true};
    stage_decide(CREATE, PH_LATER);
    assert_int_equal(join(guest[0], "fast"), 0);
    assert_int_equal(join(guest[1], "fast"), 0);
    stage_turn();
    assert_int_equal(stage_app->host->rooms->configure(stage_app, stage_room, &unlisted), 0);
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    expect_arrivals("duel0 duel0");
    assert_true(room_of(guest[0]) != room_of(guest[1]));
}

static void a_room_that_nobody_may_enter_is_not_made_again_and_again(void **state)
{
    struct guest *guest[4];
    (void)state;
    open_four(guest);
    stage_options = (struct ph_room_options){.size = sizeof stage_options, .locked = true};
    assert_int_equal(join(guest[0], "fast"), 0);
    stage_turn();
    expect_arrivals("-8");
    assert_true(room_of(guest[0]) == hall());
    assert_true(stage_app->host->rooms->next(stage_app, hall()) == 0);
}

static void filters_that_are_none(void **state)
{
    struct guest *guest[4];
    const struct ph_values *values;
    (void)state;
    open_four(guest);
    values = stage_app->host->values;
    struct ph_value *nested = values->new_object(stage_app);
    assert_int_equal(values->set(stage_app, nested, "in", values->new_array(stage_app)), 0);
    const struct ph_value *wrong[] = {NULL, values->new_text(stage_app, "fast"), values->new_array(stage_app), nested};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(stage_app->host->members->join(stage_app, guest[0]->member, "", wrong[i], on_joined, NULL),
                         PH_E_ARGUMENT);
    assert_int_equal(
        stage_app->host->members->join(stage_app, guest[0]->member, "a/b", looking_for("fast"), on_joined, NULL),
        PH_E_ARGUMENT);
    assert_int_equal(stage_app->host->members->join(stage_app, 77, "", looking_for("fast"), on_joined, NULL),
                     PH_E_GONE);
    stage_turn();
    expect_arrivals("");
}

/* Watching: the last news, as "-removed +room/members". */

static char news[4096];
static unsigned n_news;

static void on_lobby(struct guest *guest, const char *name, const struct rtmp_value *arguments)
{
    const struct rtmp_value *told = rtmp_value_at(arguments, 0), *removed = rtmp_value_get(told, "removed"),
                            *rooms = rtmp_value_get(told, "rooms");
    struct ph_text text;
    (void)guest;
    assert_string_equal(name, "$lobby");
    n_news++;
    ph_text_init(&text, news, sizeof news);
    for (size_t i = 0; i < rtmp_value_count(removed); i++)
        ph_text_add(&text, "-%s ", rtmp_value_text(rtmp_value_at(removed, i)).data);
    for (size_t i = 0; i < rtmp_value_count(rooms); i++) {
        const struct rtmp_value *row = rtmp_value_at(rooms, i);
        ph_text_add(&text, "+%s/%g ", rtmp_value_text(rtmp_value_get(row, "name")).data,
                    rtmp_value_number(rtmp_value_get(row, "members"), -1));
    }
}

static struct ph_member *member_of(const struct guest *guest)
{
    return ph_member_get(ph_instance_of(stage_app), guest->member);
}

static int watch(const struct guest *guest, const char *mode, size_t *n)
{
    struct rtmp_value *rooms = NULL;
    int err = ph_lobby_watch(member_of(guest), mode ? ph_value_in(looking_for(mode)) : NULL, &rooms);
    *n = rtmp_value_count(rooms);
    stage_on_deliver = on_lobby;
    news[0] = '\0';
    n_news = 0;
    return err;
}

static void expect_news(const char *wanted)
{
    stage_wait(251);
    assert_string_equal(news, wanted);
    news[0] = '\0';
}

static void changes_are_gathered(void **state)
{
    size_t n;
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    struct guest *bob = stage_join("bob", "stage/red");
    assert_int_equal(watch(ann, NULL, &n), 0);
    assert_int_equal(n, 1);
    struct guest *cat = stage_join("cat", "stage/red");
    struct guest *dan = stage_join("dan", "stage/red");
    stage_wait(200);
    assert_int_equal(n_news, 0);
    expect_news("+red/3 ");
    assert_int_equal(n_news, 1);
    stage_leave(cat, PH_REASON_LEFT);
    stage_leave(dan, PH_REASON_LEFT);
    stage_leave(bob, PH_REASON_LEFT);
    expect_news("-red ");
    stage_join("eve", "stage/red");
    ph_lobby_unwatch(member_of(ann));
    expect_news("");
}

static void configure(const char *room, bool unlisted, const char *mode)
{
    const struct ph_rooms *rooms = stage_app->host->rooms;
    const struct ph_room_options options = {
        .size = sizeof options, .unlisted = unlisted, .metadata = mode ? looking_for(mode) : NULL};
    assert_int_equal(rooms->configure(stage_app, rooms->find(stage_app, room), &options), 0);
}

static void who_watches_hears_of_what_fits(void **state)
{
    size_t n;
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    stage_join("bob", "stage/red");
    configure("red", true, "fast");
    assert_int_equal(watch(ann, "fast", &n), 0);
    assert_int_equal(n, 0);
    configure("red", false, "slow");
    expect_news("");
    configure("red", false, "fast");
    expect_news("+red/1 ");
    configure("red", false, "slow");
    expect_news("-red ");
    configure("red", true, "fast");
    expect_news(""); /* its name is not told */
    assert_int_equal(watch(ann, "slow", &n), 0);
    assert_int_equal(n, 0);
    configure("red", false, "slow");
    assert_int_equal(watch(ann, "slow", &n), 0);
    assert_int_equal(n, 1);
    configure("red", true, "slow"); /* before what it was told has been told to others */
    expect_news("-red ");
}

static void much_news_comes_in_parts(void **state)
{
    size_t n;
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    struct ph_instance *instance = ph_instance_of(stage_app);
    assert_int_equal(watch(ann, NULL, &n), 0);
    stage_on_deliver = NULL;
    for (int i = 0; i < 250; i++) {
        char name[16];
        struct ph_room *room;
        snprintf(name, sizeof name, "r%d", i);
        assert_int_equal(ph_room_create(instance, name, "", &room), 0);
        room->is_open = true;
        ph_lobby_touch(room);
    }
    for (unsigned i = 0; i < 5; i++) {
        stage_wait(251);
        stage_forget();
        assert_int_equal(ph_list_is_empty(&instance->lobby.touched), i >= 2);
    }
}

static void filters_are_bounded(void **state)
{
    struct guest *guests[4];
    size_t n;
    (void)state;
    open_four(guests);
    for (int i = 0; i < 64; i++) {
        struct guest *guest = stage_join("eve", "stage");
        char mode[16];
        snprintf(mode, sizeof mode, "%d", i);
        assert_int_equal(watch(guest, mode, &n), 0);
    }
    assert_int_equal(watch(guests[0], "a", &n), PH_E_LIMIT);
    assert_int_equal(watch(guests[0], NULL, &n), PH_E_LIMIT);
    assert_int_equal(watch(guests[0], "0", &n), 0); /* there is one already */
    stage_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_looks_for_the_same_meets, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(a_full_room_is_passed_by, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(those_who_wait_for_a_room_that_fills_up_go_on, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(a_room_that_turns_out_otherwise_is_left_to_who_made_it, stage_open,
                                        stage_close),
        cmocka_unit_test_setup_teardown(a_room_that_nobody_may_enter_is_not_made_again_and_again, stage_open,
                                        stage_close),
        cmocka_unit_test_setup_teardown(filters_that_are_none, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(changes_are_gathered, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(who_watches_hears_of_what_fits, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(much_news_comes_in_parts, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(filters_are_bounded, stage_open, stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
