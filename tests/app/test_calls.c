/* SPDX-License-Identifier: MIT */
/* Calls both ways, and streams. */
#include "stage.h"

#include <errno.h>

static void a_call_returns(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    expect("connect:ann enter:hall:ann", "ann>hall");
    stage_call(ann, 3, "a.b");
    stage_call(ann, 0, "quiet");
    expect("call:ann:a.b call:ann:quiet", "ann=3:a.b");
    stage_decide(CALL, PH_REFUSE);
    stage_call(ann, 4, "x");
    stage_decide(CALL, PH_E_NOT_FOUND);
    stage_call(ann, 5, "x");
    expect("call:ann:x call:ann:x", "ann=4:failed ann=5:failed");
}

static void calls_of_a_member_run_one_at_a_time(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage"), *bob = stage_join("bob", "stage");
    expect("connect:ann enter:hall:ann connect:bob enter:hall:bob", "ann>hall bob>hall");
    stage_decide(CALL, PH_LATER);
    stage_call(ann, 1, "first");
    stage_call(ann, 2, "second");
    expect("call:ann:first", "");
    stage_decide(CALL, PH_ACCEPT);
    stage_call(bob, 1, "other"); /* somebody else's do not wait */
    expect("call:bob:other", "bob=1:other");
    stage_call(ann, 3, "third");
    assert_int_equal(stage_later[CALL] != 0, 1);
    stage_wait(5001); /* the deadline of the first */
    expect("call:ann:second call:ann:third", "ann=1:failed ann=2:second ann=3:third");
}

static void concurrent_methods_do_not_wait_for_each_other(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    stage_decide(CALL, PH_LATER);
    stage_call(ann, 1, "side");
    stage_call(ann, 2, "side");
    stage_call(ann, 3, "single"); /* waits for both */
    expect("connect:ann enter:hall:ann call:ann:side call:ann:side", "ann>hall");
    assert_int_equal(stage_answer_late(CALL, PH_ACCEPT), 0);
    stage_turn();
    expect("", "ann=2:");
}

static void a_full_seat_says_so_and_drains(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    const struct rtmp_text name = {.data = "x", .length = 1};
    expect("connect:ann enter:hall:ann", "ann>hall");
    stage_decide(CALL, PH_LATER);
    for (int i = 0; i < PH_LIMIT_OPEN_CALLS; i++)
        assert_int_equal(ph_seat_call(ann->seat, 0, name, NULL), 0);
    assert_true(ph_seat_is_full(ann->seat));
    assert_int_equal(ph_seat_call(ann->seat, 0, name, NULL), -EAGAIN);
    stage_turn();
    stage_decide(CALL, PH_ACCEPT);
    assert_int_equal(stage_answer_late(CALL, PH_ACCEPT), 0);
    stage_turn();
    assert_false(ph_seat_is_full(ann->seat));
}

static void who_leaves_takes_its_calls_along(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    stage_decide(CALL, PH_LATER);
    stage_call(ann, 1, "first");
    stage_call(ann, 2, "second");
    stage_leave(ann, PH_REASON_LOST);
    expect("connect:ann enter:hall:ann call:ann:first leave:hall:ann:1 disconnect:ann:1", "ann>hall");
    assert_int_equal(stage_answer_late(CALL, PH_ACCEPT), PH_E_GONE);
}

static int last_error;
static char last_text[64];

static void done(struct ph_app *app, void *user, int error, const struct ph_value *value)
{
    (void)user;
    last_error = error;
    const char *text = app->host->values->text(value, NULL);
    for (size_t i = 0; i < sizeof last_text && (i == 0 || last_text[i - 1]); i++)
        last_text[i] = text[i];
}

static int call_client(const struct guest *guest, const char *method)
{
    last_error = 1;
    return stage_app->host->members->call(stage_app, guest->member, method, NULL, 1000, done, NULL);
}

static void the_application_calls_a_client(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    const struct rtmp_value yes = {.type = RTMP_STRING, .n = 3, .text = "yes"};
    expect("connect:ann enter:hall:ann", "ann>hall");
    assert_int_equal(call_client(ann, "ready"), 0);
    stage_turn();
    expect("", "ann<ready");
    assert_int_equal(ph_seat_reply(ann->seat, ann->invoke, &yes, NULL), 0);
    assert_int_equal(ph_seat_reply(ann->seat, ann->invoke, &yes, NULL), 0); /* the second one is ignored */
    stage_turn();
    assert_int_equal(last_error, 0);
    assert_string_equal(last_text, "yes");
    const struct ph_refusal no = {.description = "No."};
    assert_int_equal(call_client(ann, "ready"), 0);
    stage_turn();
    assert_int_equal(ph_seat_reply(ann->seat, ann->invoke, NULL, &no), 0);
    stage_turn();
    assert_int_equal(last_error, PH_E_DENIED);
    assert_int_equal(call_client(ann, "ready"), 0);
    stage_wait(999);
    assert_int_equal(last_error, 1);
    stage_wait(2);
    assert_int_equal(last_error, PH_E_TIMEOUT);
    assert_int_equal(call_client(ann, "ready"), 0);
    stage_leave(ann, PH_REASON_LOST);
    assert_int_equal(last_error, PH_E_GONE);
    assert_int_equal(call_client(ann, "ready"), PH_E_GONE);
}

static void a_client_has_so_many_calls_open(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage");
    for (int i = 0; i < PH_LIMIT_OPEN_CALLS; i++)
        assert_int_equal(call_client(ann, "x"), 0);
    assert_int_equal(call_client(ann, "x"), PH_E_LIMIT);
    assert_int_equal(call_client(ann, ""), PH_E_ARGUMENT);
    stage_turn();
}

static void a_broadcast_reaches_all_but_some(void **state)
{
    (void)state;
    const struct ph_rooms *rooms = stage_app->host->rooms;
    struct guest *ann = stage_join("ann", "stage/blue"), *bob = stage_join("bob", "stage/blue");
    struct guest *eve = stage_join("eve", "stage");
    ph_room_id blue = rooms->find(stage_app, "blue");
    expect("connect:ann create:blue:ann enter:blue:ann connect:bob enter:blue:bob connect:eve enter:hall:eve",
           "ann>blue bob>blue eve>hall");
    assert_int_equal(rooms->broadcast(stage_app, blue, "all", NULL, NULL, 0), 0);
    assert_int_equal(rooms->broadcast(stage_app, blue, "some", NULL, &ann->member, 1), 0);
    const ph_member_id list[] = {eve->member, bob->member, 12345};
    assert_int_equal(rooms->multicast(stage_app, list, 3, "list", NULL), 0);
    assert_int_equal(rooms->broadcast(stage_app, blue, "", NULL, NULL, 0), PH_E_ARGUMENT);
    stage_turn();
    expect("", "ann<all bob<all bob<some eve<list bob<list");
}

static void streams_are_asked_for_and_end(void **state)
{
    (void)state;
    struct guest *ann = stage_join("ann", "stage/blue");
    expect("connect:ann create:blue:ann enter:blue:ann", "ann>blue");
    assert_int_equal(ph_seat_ask(ann->seat, PH_SEAT_PUBLISH, 1, "cam", NULL), 0);
    stage_answer = (struct ph_answer){.name = "other"};
    assert_int_equal(ph_seat_ask(ann->seat, PH_SEAT_PLAY, 2, "cam", NULL), 0);
    stage_turn();
    expect("publish:cam play:cam", "ann?1:other ann?2:other");
    ph_seat_over(ann->seat, PH_SEAT_PLAY, "other");
    stage_turn();
    expect("stop:other", "");
    stage_decide(PLAY, PH_REFUSE);
    assert_int_equal(ph_seat_ask(ann->seat, PH_SEAT_PLAY, 3, "cam", NULL), 0);
    stage_turn();
    expect("play:cam", "ann?3:failed");
    stage_leave(ann, PH_REASON_LEFT);
    expect("unpublish:other leave:blue:ann:0 destroy:blue disconnect:ann:0", "");
}

static void attributes_are_kept_within_bounds(void **state)
{
    (void)state;
    const struct ph_host *host = stage_app->host;
    struct guest *ann = stage_join("ann", "stage");
    static char long_text[PH_LIMIT_ATTRIBUTE_BYTES];
    const struct rtmp_value big = {.type = RTMP_STRING, .n = sizeof long_text, .text = long_text};
    const struct rtmp_value small = {.type = RTMP_STRING, .n = 2, .text = "hi"};
    assert_int_equal(host->members->set_attribute(stage_app, ann->member, "a", ph_value_out(&small)), 0);
    assert_int_equal(host->members->set_attribute(stage_app, ann->member, "b", ph_value_out(&big)), PH_E_LIMIT);
    assert_string_equal(host->values->text(host->members->attribute(stage_app, ann->member, "a"), NULL), "hi");
    assert_null(host->members->attribute(stage_app, ann->member, "b"));
    assert_int_equal(host->members->set_attribute(stage_app, ann->member, "a", NULL), 0);
    assert_null(host->members->attribute(stage_app, ann->member, "a"));
    assert_int_equal(host->members->set_attribute(stage_app, ann->member, "", ph_value_out(&small)), PH_E_ARGUMENT);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)
    static const struct CMUnitTest tests[] = {
        ROW(a_call_returns),
        ROW(calls_of_a_member_run_one_at_a_time),
        ROW(concurrent_methods_do_not_wait_for_each_other),
        ROW(a_full_seat_says_so_and_drains),
        ROW(who_leaves_takes_its_calls_along),
        ROW(the_application_calls_a_client),
        ROW(a_client_has_so_many_calls_open),
        ROW(a_broadcast_reaches_all_but_some),
        ROW(streams_are_asked_for_and_end),
        ROW(attributes_are_kept_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
