/* SPDX-License-Identifier: MIT */
/* Seats that are kept for who has a ticket. */
#include "stage.h"

#include <string.h>

static char ticket[64];
static int last_error;
static unsigned n_told;

static void on_reserved(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    size_t length;
    const char *text = app->host->values->text(value, &length);
    assert_ptr_equal(user, ticket);
    assert_true(length < sizeof ticket);
    memcpy(ticket, text, length + 1);
    last_error = error;
    n_told++;
}

static int reserve(const char *room, uint32_t seats)
{
    ticket[0] = '\0';
    n_told = 0;
    int err = stage_app->host->rooms->reserve(stage_app, room, seats, on_reserved, ticket);
    assert_int_equal(n_told, 0); /* never from inside */
    stage_turn();
    assert_int_equal(n_told, err ? 0 : 1);
    if (!err)
        assert_int_equal(last_error, 0);
    return err;
}

/* A room that ann made, with three seats. */
static struct guest *open_blue(void)
{
    stage_options = (struct ph_room_options){.size = sizeof stage_options, .capacity = 3, .password = "secret"};
    struct guest *ann = stage_join("ann", "stage/blue");
    expect("connect:ann create:blue:ann enter:blue:ann", "ann>blue");
    return ann;
}

static void reserved_seats_are_taken(void **state)
{
    (void)state;
    open_blue();
    assert_int_equal(reserve("blue", 3), PH_E_STATE);
    assert_int_equal(reserve("blue", 2), 0);
    assert_int_equal(strlen(ticket), 32);
    assert_int_equal(reserve("blue", 1), PH_E_STATE);
    stage_join("bob", "stage/blue");
    expect("connect:bob disconnect:bob:4", "bob!Rejected");
}

static void who_has_the_ticket_comes_in_without_the_password(void **state)
{
    (void)state;
    open_blue();
    assert_int_equal(reserve("blue", 2), 0);
    char kept[64];
    memcpy(kept, ticket, sizeof kept);
    stage_come("bob", "stage/blue", kept);
    stage_come("cat", "stage/blue", kept);
    stage_come("dan", "stage/blue", kept); /* it was for two */
    expect("connect:bob enter:blue:bob connect:cat enter:blue:cat connect:dan disconnect:dan:4",
           "bob>blue cat>blue dan!Rejected");
}

static void a_ticket_is_for_its_room(void **state)
{
    (void)state;
    open_blue();
    stage_join("bob", "stage/red");
    expect("connect:bob create:red:bob enter:red:bob", "bob>red");
    assert_int_equal(reserve("red", 1), 0);
    stage_come("cat", "stage/blue", ticket);
    stage_come("dan", "stage/blue", "none");
    stage_come("eve", "stage/blue", "");
    stage_come("fay", "stage/red", ticket);
    expect("connect:cat disconnect:cat:4 connect:dan disconnect:dan:4 connect:eve disconnect:eve:4 "
           "connect:fay enter:red:fay",
           "cat!Rejected dan!Rejected eve!Rejected fay>red");
}

static void a_ticket_expires(void **state)
{
    (void)state;
    open_blue();
    assert_int_equal(reserve("blue", 2), 0);
    stage_wait(14999);
    assert_int_equal(reserve("blue", 1), PH_E_STATE);
    stage_wait(2);
    stage_come("bob", "stage/blue", ticket);
    expect("connect:bob disconnect:bob:4", "bob!Rejected");
    assert_int_equal(reserve("blue", 2), 0);
}

static void a_room_waits_for_those_who_are_expected(void **state)
{
    (void)state;
    struct guest *ann = open_blue();
    assert_int_equal(reserve("blue", 1), 0);
    stage_leave(ann, PH_REASON_LEFT);
    expect("leave:blue:ann:0 disconnect:ann:0", "");
    struct guest *bob = stage_come("bob", "stage/blue", ticket);
    expect("connect:bob enter:blue:bob", "bob>blue");
    assert_int_equal(reserve("blue", 1), 0);
    stage_leave(bob, PH_REASON_LEFT);
    expect("leave:blue:bob:0 disconnect:bob:0", "");
    stage_wait(15001);
    expect("destroy:blue", "");
}

static void a_room_that_is_closed_expects_nobody(void **state)
{
    (void)state;
    open_blue();
    assert_int_equal(reserve("blue", 1), 0);
    const ph_room_id blue = stage_app->host->rooms->find(stage_app, "blue");
    assert_int_equal(stage_app->host->rooms->close(stage_app, blue, NULL), 0);
    assert_int_equal(reserve("blue", 1), PH_E_STATE);
    expect("leave:blue:ann:7 destroy:blue enter:hall:ann", "ann>hall");
    assert_int_equal(reserve("blue", 1), PH_E_NOT_FOUND);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    open_blue();
    assert_int_equal(reserve("green", 1), PH_E_NOT_FOUND);
    assert_int_equal(reserve("blue", 0), PH_E_ARGUMENT);
    assert_int_equal(reserve(NULL, 1), PH_E_ARGUMENT);
}

static void tickets_are_bounded(void **state)
{
    (void)state;
    stage_join("ann", "stage/red");
    expect("connect:ann create:red:ann enter:red:ann", "ann>red");
    for (int i = 0; i < 1000; i++)
        assert_int_equal(stage_app->host->rooms->reserve(stage_app, "red", 1, on_reserved, ticket), 0);
    assert_int_equal(stage_app->host->rooms->reserve(stage_app, "red", 1, on_reserved, ticket), PH_E_LIMIT);
    stage_turn();
    stage_come("bob", "stage/red", ticket);
    expect("connect:bob enter:red:bob", "bob>red");
    assert_int_equal(reserve("red", 1), 0);
}

/* Whoever asked is unloaded before it could hear. */
static void an_end_that_nobody_waits_for(void **state)
{
    (void)state;
    open_blue();
    assert_int_equal(stage_app->host->rooms->reserve(stage_app, "blue", 1, on_reserved, ticket), 0);
    n_told = 0;
    stage_app->host->reload(stage_app);
    stage_app->host->rooms->reserve(stage_app, "blue", 1, on_reserved, ticket);
    stage_turn();
    assert_int_equal(n_told, 1); /* that of before the reload was first in line, the second one came too late */
    expect("load:saved create:blue:again enter:blue:ann", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reserved_seats_are_taken, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(who_has_the_ticket_comes_in_without_the_password, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(a_ticket_is_for_its_room, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(a_ticket_expires, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(a_room_waits_for_those_who_are_expected, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(a_room_that_is_closed_expects_nobody, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(mistakes_are_told, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(tickets_are_bounded, stage_open, stage_close),
        cmocka_unit_test_setup_teardown(an_end_that_nobody_waits_for, stage_open, stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
