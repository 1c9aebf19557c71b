/* SPDX-License-Identifier: MIT */
/* Rooms by what they are like: found or made, and watched. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include <rtmpwire/value.h>

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
