/* SPDX-License-Identifier: MIT */
/* Members whose connections are lost, and who come back, or do not. */
#include "stage.h"

#include <string.h>

static struct guest *join_with_grace(const char *name)
{
    stage_options = (struct ph_room_options){.size = sizeof stage_options, .grace_ms = 10000};
    return stage_join(name, "stage/blue");
}

static void broadcast(const char *method)
{
    ph_room_id room = stage_app->host->rooms->find(stage_app, "blue");
    assert_int_equal(stage_app->host->rooms->broadcast(stage_app, room, method, NULL, NULL, 0), 0);
    stage_turn();
}

static void who_comes_back_in_time_is_the_same(void **state)
{
    (void)state;
    struct guest *ann = join_with_grace("ann");
    ph_member_id member = ann->member;
    assert_int_equal(strlen(ann->token), 32);
    expect("connect:ann create:blue:ann enter:blue:ann", "ann>blue");
    broadcast("one");
    stage_leave(ann, PH_REASON_LOST);
    expect("drop:ann", "ann<one");
    struct ph_member_info info = {.size = sizeof info};
    assert_int_equal(stage_app->host->members->info(stage_app, member, &info), 0);
    assert_true(info.is_dropped);
    broadcast("two");
    broadcast("three");
    stage_wait(9000);
    struct guest *back = stage_resume("ann2", "stage/blue", ann->token, 1);
    assert_true(back->member == member);
    assert_true(back->is_resumed && back->is_complete);
    assert_string_not_equal(back->token, ann->token);
    expect("resume:ann", "ann2>blue ann2<two ann2<three");
    stage_wait(20000);
    stage_call(back, 1, "x");
    expect("call:ann:x", "ann2=1:x");
    stage_leave(back, PH_REASON_LEFT); /* on purpose */
    expect("leave:blue:ann:0 destroy:blue disconnect:ann:0", "");
}

static void who_does_not_come_back_leaves(void **state)
{
    (void)state;
    struct guest *ann = join_with_grace("ann");
    stage_leave(ann, PH_REASON_LOST);
    stage_wait(9999);
    expect("connect:ann create:blue:ann enter:blue:ann drop:ann", "ann>blue");
    stage_wait(2);
    expect("leave:blue:ann:5 destroy:blue disconnect:ann:5", "");
    struct guest *late = stage_resume("bob", "stage", ann->token, 0); /* a stale token makes a new member */
    assert_false(late->is_resumed);
    expect("connect:bob enter:hall:bob", "bob>hall");
}

static void tokens_work_once_and_cannot_be_guessed(void **state)
{
    (void)state;
    struct guest *ann = join_with_grace("ann");
    char forged[33];
    stage_leave(ann, PH_REASON_LOST);
    memcpy(forged, ann->token, sizeof forged);
    forged[31] = forged[31] == '0' ? '1' : '0';
    assert_false(stage_resume("eve", "stage", forged, 0)->is_resumed);
    assert_false(stage_resume("eve", "stage", "", 0)->is_resumed);
    assert_true(stage_resume("ann2", "stage/blue", ann->token, 0)->is_resumed);
    assert_false(stage_resume("eve", "stage", ann->token, 0)->is_resumed);
}

static void a_half_dead_connection_gives_way(void **state)
{
    (void)state;
    struct guest *ann = join_with_grace("ann");
    struct guest *back = stage_resume("ann2", "stage/blue", ann->token, 0);
    assert_true(back->is_resumed && back->member == ann->member);
    expect("connect:ann create:blue:ann enter:blue:ann drop:ann resume:ann",
           "ann>blue ann kicked:You have come back on another connection. ann2>blue");
    broadcast("news");
    expect("", "ann2<news");
}

static void an_event_that_was_on_its_way_is_noticed(void **state)
{
    (void)state;
    struct guest *ann = join_with_grace("ann");
    broadcast("one");
    stage_leave(ann, PH_REASON_LOST);
    assert_false(stage_resume("ann2", "stage/blue", ann->token, 0)->is_complete); /* it has seen 0, there was 1 */
}

static void what_is_too_much_is_lost_and_told(void **state)
{
    (void)state;
    struct guest *ann = join_with_grace("ann");
    stage_leave(ann, PH_REASON_LOST);
    for (int i = 0; i <= PH_LIMIT_MISSED; i++)
        broadcast("n");
    struct guest *back = stage_resume("ann2", "stage/blue", ann->token, 0);
    assert_true(back->is_resumed);
    assert_false(back->is_complete);
}

static void without_grace_there_is_no_token(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage/blue");
    assert_string_equal(ann->token, "");
    stage_leave(ann, PH_REASON_LOST);
    expect("connect:ann create:blue:ann enter:blue:ann leave:blue:ann:1 destroy:blue disconnect:ann:1", "ann>blue");
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)
    static const struct CMUnitTest tests[] = {
        ROW(who_comes_back_in_time_is_the_same),      ROW(who_does_not_come_back_leaves),
        ROW(tokens_work_once_and_cannot_be_guessed),  ROW(a_half_dead_connection_gives_way),
        ROW(an_event_that_was_on_its_way_is_noticed), ROW(what_is_too_much_is_lost_and_told),
        ROW(without_grace_there_is_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
