/* SPDX-License-Identifier: MIT */
/* The way in, the way out, and everything that may happen on them. First FMSPy's ten scenarios. */
#include "stage.h"

/* FMSPy's ten */

static void one_enters_the_hall(void **state)
{
    (void)state;
    stage_join("ann", "stage");
    expect("connect:ann enter:hall:ann", "ann>hall");
}

static void one_enters_a_new_room_with_an_extra_path(void **state)
{
    (void)state;
    stage_join("ann", "stage/blue/one/two");
    expect("connect:ann create:blue+one/two:ann enter:blue:ann", "ann>blue");
}

static void a_second_member_enters_a_room(void **state)
{
    (void)state;
    stage_join("ann", "stage/blue");
    stage_join("bob", "stage/blue");
    expect("connect:ann create:blue:ann enter:blue:ann connect:bob enter:blue:bob", "ann>blue bob>blue");
}

static void two_rooms_know_nothing_of_each_other(void **state)
{
    (void)state;
    stage_join("ann", "stage/blue");
    stage_join("bob", "stage/red");
    expect("connect:ann create:blue:ann enter:blue:ann connect:bob create:red:bob enter:red:bob", "ann>blue bob>red");
}

static void one_leaves_the_hall_which_stays(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage/");
    expect("connect:ann enter:hall:ann", "ann>hall");
    stage_leave(ann, PH_REASON_LEFT);
    expect("leave:hall:ann:0 disconnect:ann:0", "");
}

static void the_last_one_leaves_a_room_which_ends(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage/blue");
    expect("connect:ann create:blue:ann enter:blue:ann", "ann>blue");
    stage_leave(ann, PH_REASON_LOST);
    expect("leave:blue:ann:1 destroy:blue disconnect:ann:1", "");
}

static void one_of_two_leaves_a_room_which_stays(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage/blue");
    stage_join("bob", "stage/blue");
    expect("connect:ann create:blue:ann enter:blue:ann connect:bob enter:blue:bob", "ann>blue bob>blue");
    stage_leave(ann, PH_REASON_LEFT);
    expect("leave:blue:ann:0 disconnect:ann:0", "");
}

static void connect_is_refused(void **state)
{
    (void)state;
    stage_decide(CONNECT, PH_REFUSE);
    stage_join("ann", "stage/blue");
    expect("connect:ann", "ann!Rejected");
}

static void create_is_refused(void **state)
{
    (void)state;
    stage_decide(CREATE, PH_REFUSE);
    stage_join("ann", "stage/blue");
    expect("connect:ann create:blue:ann disconnect:ann:4", "ann!Rejected");
    stage_decide(CREATE, PH_ACCEPT); /* nothing is left of it */
    stage_join("bob", "stage/blue");
    expect("connect:bob create:blue:bob enter:blue:bob", "bob>blue");
}

static void enter_is_refused(void **state)
{
    (void)state;
    stage_decide(ENTER, PH_REFUSE);
    stage_join("ann", "stage/blue");
    expect("connect:ann create:blue:ann enter:blue:ann destroy:blue disconnect:ann:4", "ann!Rejected");
    stage_join("bob", "stage");
    expect("connect:bob enter:hall:bob disconnect:bob:4", "bob!Rejected");
}

/* Later */

static void every_step_may_be_answered_later(void **state)
{
    (void)state;
    stage_decide(CONNECT, PH_LATER);
    stage_decide(CREATE, PH_LATER);
    stage_decide(ENTER, PH_LATER);
    stage_join("ann", "stage/blue");
    expect("connect:ann", "");
    assert_int_equal(stage_answer_late(CONNECT, PH_ACCEPT), 0);
    stage_turn();
    expect("create:blue:ann", "");
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    expect("enter:blue:ann", "");
    assert_int_equal(stage_answer_late(ENTER, PH_ACCEPT), 0);
    assert_int_equal(stage_answer_late(ENTER, PH_ACCEPT), PH_E_GONE);
    stage_turn();
    expect("", "ann>blue");
    assert_int_equal(stage_answer_late(ENTER, PH_REFUSE), PH_E_GONE);
}

static void a_late_answer_may_refuse_and_say_why(void **state)
{
    (void)state;
    stage_decide(CONNECT, PH_LATER);
    stage_join("ann", "stage");
    stage_answer = (struct ph_answer){.code = "My.Code", .description = "No."};
    assert_int_equal(stage_answer_late(CONNECT, PH_LATER), PH_E_ARGUMENT);
    assert_int_equal(stage_answer_late(CONNECT, PH_REFUSE), 0);
    stage_turn();
    expect("connect:ann", "ann!Code");
}

static void who_does_not_answer_in_time_refuses(void **state)
{
    (void)state;
    static const enum part parts[] = {CONNECT, CREATE, ENTER};
    static const char *const hooks[] = {"connect:ann disconnect:ann:4", "connect:ann create:blue:ann disconnect:ann:4",
                                        "connect:ann create:blue:ann enter:blue:ann destroy:blue disconnect:ann:4"};
    for (size_t i = 0; i < 3; i++) {
        stage_decide(parts[i], PH_LATER);
        stage_join("ann", "stage/blue");
        stage_wait(4999);
        stage_wait(2);
        expect(hooks[i], "ann!Rejected");
        assert_int_equal(stage_answer_late(parts[i], PH_ACCEPT), PH_E_GONE);
        stage_decide(parts[i], PH_ACCEPT);
    }
}

static void a_connection_that_dies_meanwhile_cancels(void **state)
{
    (void)state;
    static const enum part parts[] = {CONNECT, CREATE, ENTER};
    static const char *const hooks[] = {"connect:ann disconnect:ann:1", "connect:ann create:blue:ann disconnect:ann:1",
                                        "connect:ann create:blue:ann enter:blue:ann destroy:blue disconnect:ann:1"};
    for (size_t i = 0; i < 3; i++) {
        stage_decide(parts[i], PH_LATER);
        stage_leave(stage_join("ann", "stage/blue"), PH_REASON_LOST);
        expect(hooks[i], "");
        int late = stage_answer_late(parts[i], PH_ACCEPT);
        stage_turn();
        if (parts[i] == CREATE) { /* the room has been made meanwhile, and nobody wants it */
            assert_int_equal(late, 0);
            expect("destroy:blue", "");
        } else {
            assert_int_equal(late, PH_E_GONE);
            expect("", "");
        }
        stage_decide(parts[i], PH_ACCEPT);
    }
}

static void an_answer_inside_the_hook_counts_too(void **state)
{
    (void)state;
    stage_decide(ENTER, PH_LATER);
    stage_join("ann", "stage");
    assert_int_equal(stage_answer_late(ENTER, PH_ACCEPT), 0);
    stage_turn();
    expect("connect:ann enter:hall:ann", "ann>hall");
    stage_decide(ENTER, PH_ACCEPT); /* a handle that was not needed is stale at once */
    stage_join("bob", "stage");
    assert_int_equal(stage_answer_late(ENTER, PH_ACCEPT), PH_E_GONE);
    expect("connect:bob enter:hall:bob", "bob>hall");
}

/* Several at once */

static void two_wait_for_the_same_new_room(void **state)
{
    (void)state;
    stage_decide(CREATE, PH_LATER);
    stage_join("ann", "stage/blue");
    stage_join("bob", "stage/blue");
    expect("connect:ann create:blue:ann connect:bob", "");
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    expect("enter:blue:ann enter:blue:bob", "ann>blue bob>blue");
}

static void the_next_one_asks_when_the_first_is_refused(void **state)
{
    (void)state;
    stage_decide(CREATE, PH_LATER);
    stage_join("ann", "stage/blue");
    stage_join("bob", "stage/blue");
    assert_int_equal(stage_answer_late(CREATE, PH_REFUSE), 0);
    stage_turn();
    expect("connect:ann create:blue:ann connect:bob create:blue:bob disconnect:ann:4", "ann!Rejected");
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    expect("enter:blue:bob", "bob>blue");
}

static void a_refused_creator_does_not_end_the_room_of_others(void **state)
{
    (void)state;
    stage_decide(CREATE, PH_LATER);
    stage_decide(ENTER, PH_LATER);
    stage_join("ann", "stage/blue");
    stage_join("bob", "stage/blue");
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    expect("connect:ann create:blue:ann connect:bob enter:blue:ann enter:blue:bob", "");
    assert_int_equal(stage_answer_late(ENTER, PH_ACCEPT), 0); /* bob's, the last one asked */
    stage_turn();
    expect("", "bob>blue");
    stage_wait(5001); /* ann's deadline */
    expect("disconnect:ann:4", "ann!Rejected");
}

static void the_creator_dies_while_others_wait(void **state)
{
    (void)state;
    stage_decide(CREATE, PH_LATER);
    struct guest *ann = stage_join("ann", "stage/blue");
    stage_join("bob", "stage/blue");
    stage_leave(ann, PH_REASON_LOST);
    assert_int_equal(stage_answer_late(CREATE, PH_ACCEPT), 0);
    stage_turn();
    expect("connect:ann create:blue:ann connect:bob disconnect:ann:1 enter:blue:bob", "bob>blue");
}

static void capacity_holds_under_a_race(void **state)
{
    (void)state;
    stage_options = (struct ph_room_options){.size = sizeof stage_options, .capacity = 2};
    stage_decide(ENTER, PH_LATER);
    stage_join("ann", "stage/blue");
    stage_join("bob", "stage/blue");
    stage_join("eve", "stage/blue"); /* two are on their way */
    expect("connect:ann create:blue:ann enter:blue:ann connect:bob enter:blue:bob connect:eve disconnect:eve:4",
           "eve!Rejected");
}

static void an_empty_room_may_live_on(void **state)
{
    (void)state;
    stage_options = (struct ph_room_options){.size = sizeof stage_options, .dispose_ms = 1000};
    stage_leave(stage_join("ann", "stage/blue"), PH_REASON_LEFT);
    stage_wait(900);
    struct guest *bob = stage_join("bob", "stage/blue");
    stage_wait(2000);
    expect("connect:ann create:blue:ann enter:blue:ann leave:blue:ann:0 disconnect:ann:0 connect:bob enter:blue:bob",
           "ann>blue bob>blue");
    stage_leave(bob, PH_REASON_LEFT);
    expect("leave:blue:bob:0 disconnect:bob:0", "");
    stage_wait(1001);
    expect("destroy:blue", "");
}

/* From room to room */

static void done(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    (void)app;
    (void)value;
    *(int *)user = error;
}

static void the_application_moves_a_member(void **state)
{
    (void)state;
    int error = 1;
    struct guest *ann = stage_join("ann", "stage/blue");
    assert_int_equal(stage_app->host->members->move(stage_app, ann->member, "red", done, &error), 0);
    assert_int_equal(stage_app->host->members->move(stage_app, ann->member, "red", done, &error), PH_E_STATE);
    stage_turn();
    assert_int_equal(error, 0);
    expect("connect:ann create:blue:ann enter:blue:ann leave:blue:ann:2 destroy:blue create:red:ann enter:red:ann",
           "ann>blue ann>red");
    stage_decide(CREATE, PH_REFUSE);
    assert_int_equal(stage_app->host->members->move(stage_app, ann->member, "green", done, &error), 0);
    stage_turn();
    assert_int_equal(error, PH_E_DENIED);
    expect("leave:red:ann:2 destroy:red create:green:ann enter:hall:ann", "ann>hall");
}

static void who_leaves_on_the_move_is_gone(void **state)
{
    (void)state;
    int error = 1;
    struct guest *ann = stage_join("ann", "stage");
    stage_decide(CREATE, PH_LATER);
    assert_int_equal(stage_app->host->members->move(stage_app, ann->member, "red", done, &error), 0);
    stage_turn();
    stage_leave(ann, PH_REASON_LEFT);
    assert_int_equal(error, PH_E_GONE);
    expect("connect:ann enter:hall:ann leave:hall:ann:2 create:red:ann disconnect:ann:0", "ann>hall");
}

static void a_closed_room_sends_its_members_to_the_hall(void **state)
{
    (void)state;
    stage_join("ann", "stage/blue");
    stage_join("bob", "stage/blue");
    expect("connect:ann create:blue:ann enter:blue:ann connect:bob enter:blue:bob", "ann>blue bob>blue");
    assert_int_equal(stage_app->host->rooms->close(stage_app, stage_room, NULL), 0);
    assert_int_equal(stage_app->host->rooms->close(stage_app, stage_room, NULL), PH_E_STATE);
    stage_turn();
    expect("leave:blue:ann:7 enter:hall:ann leave:blue:bob:7 destroy:blue enter:hall:bob", "ann>hall bob>hall");
    assert_int_equal(stage_app->host->rooms->close(stage_app, stage_app->host->rooms->find(stage_app, ""), NULL),
                     PH_E_ARGUMENT);
}

static void a_kick_says_why(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage/blue");
    assert_int_equal(stage_app->host->members->kick(stage_app, ann->member, NULL, "Rude."), 0);
    assert_int_equal(stage_app->host->members->kick(stage_app, ann->member, NULL, "Rude."), PH_E_GONE);
    stage_turn();
    expect("connect:ann create:blue:ann enter:blue:ann leave:blue:ann:3 destroy:blue disconnect:ann:3",
           "ann>blue ann kicked:Rude.");
}

/* Handles, time, beginning anew */

static void stale_handles_are_refused(void **state)
{
    (void)state;
    const struct ph_host *host = stage_app->host;
    struct ph_member_info info = {.size = sizeof info};
    struct guest *ann = stage_join("ann", "stage/blue");
    ph_room_id blue = stage_room;
    stage_leave(ann, PH_REASON_LEFT);
    struct guest *bob = stage_join("bob", "stage/blue"); /* takes the same places */
    assert_int_equal(host->members->info(stage_app, ann->member, &info), PH_E_GONE);
    assert_int_equal(host->members->info(stage_app, bob->member, &info), 0);
    assert_int_equal(host->members->kick(stage_app, ann->member, NULL, NULL), PH_E_GONE);
    assert_null(host->rooms->name(stage_app, blue));
    assert_int_equal(host->rooms->broadcast(stage_app, blue, "x", NULL, NULL, 0), PH_E_GONE);
    assert_int_equal(host->rooms->count(stage_app, stage_room), 1);
}

static void walks_see_everybody(void **state)
{
    (void)state;
    const struct ph_host *host = stage_app->host;
    struct guest *ann = stage_join("ann", "stage/blue"), *bob = stage_join("bob", "stage"),
                 *eve = stage_join("eve", "stage/blue");
    ph_room_id blue = host->rooms->find(stage_app, "blue");
    ph_member_id first = host->members->next(stage_app, blue, 0);
    assert_true(first == ann->member);
    assert_true(host->members->next(stage_app, blue, first) == eve->member);
    assert_true(host->members->next(stage_app, blue, eve->member) == 0);
    assert_true(host->members->next(stage_app, 0, ann->member) == bob->member);
    assert_true(host->rooms->next(stage_app, host->rooms->next(stage_app, 0)) == blue);
    assert_true(host->rooms->next(stage_app, blue) == 0);
}

static void rooms_tick(void **state)
{
    (void)state;
    stage_options = (struct ph_room_options){.size = sizeof stage_options, .tick_hz = 10};
    struct guest *ann = stage_join("ann", "stage/blue");
    expect("connect:ann create:blue:ann enter:blue:ann", "ann>blue");
    stage_wait(100);
    stage_wait(60);
    stage_wait(50);
    expect("tick:blue:0.10 tick:blue:0.10", "");
    stage_wait(1000); /* a stall is one long tick, not ten */
    expect("tick:blue:1.00", "");
    stage_leave(ann, PH_REASON_LEFT);
    stage_wait(1000);
    expect("leave:blue:ann:0 destroy:blue disconnect:ann:0", "");
}

static void a_reload_keeps_members_and_rooms(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage/blue");
    stage_join("bob", "stage");
    expect("connect:ann create:blue:ann enter:blue:ann connect:bob enter:hall:bob", "ann>blue bob>hall");
    stage_app->host->reload(stage_app);
    stage_turn();
    assert_int_equal(stage_unloads, 1);
    expect("load:saved enter:hall:bob create:blue:again enter:blue:ann", "");
    stage_call(ann, 1, "side");
    expect("call:ann:side", "ann=1:side");
}

static void a_failure_begins_anew_but_not_for_ever(void **state)
{
    (void)state;
    stage_join("ann", "stage/blue");
    stage_app->host->fail(stage_app, "on purpose");
    stage_turn();
    expect("connect:ann create:blue:ann enter:blue:ann leave:blue:ann:9 destroy:blue disconnect:ann:9 load:",
           "ann>blue ann kicked:The application failed; connect again.");
    for (int i = 0; i < 3; i++) {
        stage_app->host->fail(stage_app, "on purpose");
        stage_turn();
    }
    expect("load: load:", "");
    stage_join("bob", "stage");
    expect("", "bob!InvalidApp");
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)
    static const struct CMUnitTest tests[] = {
        ROW(one_enters_the_hall),
        ROW(one_enters_a_new_room_with_an_extra_path),
        ROW(a_second_member_enters_a_room),
        ROW(two_rooms_know_nothing_of_each_other),
        ROW(one_leaves_the_hall_which_stays),
        ROW(the_last_one_leaves_a_room_which_ends),
        ROW(one_of_two_leaves_a_room_which_stays),
        ROW(connect_is_refused),
        ROW(create_is_refused),
        ROW(enter_is_refused),
        ROW(every_step_may_be_answered_later),
        ROW(a_late_answer_may_refuse_and_say_why),
        ROW(who_does_not_answer_in_time_refuses),
        ROW(a_connection_that_dies_meanwhile_cancels),
        ROW(an_answer_inside_the_hook_counts_too),
        ROW(two_wait_for_the_same_new_room),
        ROW(the_next_one_asks_when_the_first_is_refused),
        ROW(a_refused_creator_does_not_end_the_room_of_others),
        ROW(the_creator_dies_while_others_wait),
        ROW(capacity_holds_under_a_race),
        ROW(an_empty_room_may_live_on),
        ROW(the_application_moves_a_member),
        ROW(who_leaves_on_the_move_is_gone),
        ROW(a_closed_room_sends_its_members_to_the_hall),
        ROW(a_kick_says_why),
        ROW(stale_handles_are_refused),
        ROW(walks_see_everybody),
        ROW(rooms_tick),
        ROW(a_reload_keeps_members_and_rooms),
        ROW(a_failure_begins_anew_but_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
