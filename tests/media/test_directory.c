/* SPDX-License-Identifier: MIT */
/* Who has a stream, and what viewers hear when that changes. */
#include "stage.h"

static struct actor first, second, third;
static struct seat seat;
static unsigned n_workers;

static int set_up(void **state)
{
    n_workers = *(const unsigned *)*state;
    first = second = third = (struct actor){0};
    seat = (struct seat){0};
    stage_open(n_workers, NULL, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (seat.conn)
        seat_close(&seat);
    actor_close(&first);
    actor_close(&second);
    actor_close(&third);
    stage_close();
    return 0;
}

/* Actors sit on different workers if there are some. */
static unsigned worker(unsigned i) { return i % n_workers; }

static void open_actor(struct actor *actor, unsigned i, bool takeover)
{
    struct ph_publish_request request = actor_request(actor, "live/cam");
    request.takeover = takeover;
    actor_open(actor, worker(i), &request);
    stage_settle();
}

static void return_within_linger_is_silent(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    seat_open(&seat, worker(2), "live/cam");
    stage_settle();
    actor_write_second(&first, 5000, true, 100); /* the newest unit is at 5950 */
    seat_drain(&seat);
    actor_close(&first);
    stage_wait_ms(500);
    open_actor(&second, 1, false);
    assert_string_equal(second.events, "g");
    actor_write_second(&second, 70000, true, 100); /* another clock */
    seat_drain(&seat);
    assert_string_equal(seat.events, "jJ");
    assert_int_equal(seat.n_seen, 80);
    for (size_t i = 40; i < 80; i++)
        assert_int_equal(seat.seen[i].time_ms, 5950 + 500 + (int64_t)(i - 40) / 2 * 50);
}

static void after_linger_viewers_are_told(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    seat_open(&seat, worker(2), "live/cam");
    stage_settle();
    actor_write_second(&first, 0, true, 100);
    seat_drain(&seat);
    actor_close(&first);
    stage_wait_ms(950);
    assert_string_equal(seat.events, "j");
    stage_wait_ms(100);
    assert_string_equal(seat.events, "ja");
    stage_wait_ms(950);
    open_actor(&second, 1, false);
    actor_write_second(&second, 0, true, 100);
    seat_drain(&seat);
    assert_string_equal(seat.events, "jaJ");
    assert_int_equal(seat.n_seen, 80);
    assert_int_equal(seat.seen[40].time_ms, 950 + 2000); /* the entry lived on, for somebody watched */
}

static void a_stream_nobody_remembers_begins_anew(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    actor_write_second(&first, 100, true, 100);
    actor_close(&first);
    stage_wait_ms(1100);
    open_actor(&second, 1, false);
    actor_write_second(&second, 7000, true, 100);
    seat_open(&seat, worker(2), "live/cam");
    seat_drain(&seat);
    assert_int_equal(seat.seen[0].time_ms, 7000);
}

static void absent_until_linger_is_over_is_not_said(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    actor_close(&first);
    stage_settle();
    seat_open(&seat, worker(2), "live/cam");
    stage_wait_ms(900);
    assert_string_equal(seat.events, "");
    stage_wait_ms(200);
    assert_string_equal(seat.events, "a");
}

static void a_clock_set_back_goes_on(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    seat_open(&seat, worker(2), "live/cam");
    stage_settle();
    actor_write(&first, PH_AUDIO, PH_UNIT_KEY, 100000, 10);
    actor_write(&first, PH_AUDIO, PH_UNIT_KEY, 99000, 10); /* 1 s back is still the same clock */
    stage_wait_ms(300);
    actor_write(&first, PH_AUDIO, PH_UNIT_KEY, 50, 10);
    actor_write(&first, PH_VIDEO, PH_UNIT_KEY, 70, 10); /* the same offset for every track */
    seat_drain(&seat);
    static const int64_t times_ms[] = {100000, 99000, 100300, 100320};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(seat.seen[i].time_ms, times_ms[i]);
}

static void who_answers_keeps_the_stream(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    open_actor(&second, 1, false);
    assert_string_equal(first.events, "gp");
    assert_string_equal(second.events, "");
    open_actor(&third, 2, true); /* one is held already */
    assert_string_equal(third.events, "d");
    stage_wait_ms(2000);
    ph_publisher_alive(first.publisher);
    stage_settle();
    assert_string_equal(second.events, "d");
    stage_wait_ms(4000);
    assert_string_equal(first.events, "gp");
    actor_close(&third);
    third = (struct actor){0};
    open_actor(&third, 2, false); /* asked again; what it writes is an answer too */
    assert_string_equal(first.events, "gpp");
    actor_write(&first, PH_AUDIO, 0, 0, 10);
    stage_settle();
    assert_string_equal(third.events, "d");
}

static void who_is_silent_loses_the_stream(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    seat_open(&seat, worker(2), "live/cam");
    stage_settle();
    actor_write_second(&first, 0, true, 100);
    seat_drain(&seat);
    open_actor(&second, 1, false);
    stage_wait_ms(2950);
    assert_string_equal(first.events, "gp");
    stage_wait_ms(100);
    assert_string_equal(first.events, "gpe");
    assert_string_equal(second.events, "g");
    assert_int_equal(actor_try(&first, PH_AUDIO, 0, 0, 0, 10), -EINVAL);
    actor_write_second(&second, 0, true, 100);
    seat_drain(&seat);
    assert_string_equal(seat.events, "jJ");
    assert_int_equal(seat.n_seen, 80);
    assert_in_range(seat.seen[40].time_ms, 950 + 3000, 950 + 3100); /* after the old one's very last unit */
}

static void takeover_asks_nobody(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    open_actor(&second, 1, true);
    assert_string_equal(first.events, "ge");
    assert_string_equal(second.events, "g");
}

static void the_next_gets_it_when_the_present_leaves(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    open_actor(&second, 1, false);
    actor_close(&first);
    stage_settle();
    assert_string_equal(second.events, "g");
    stage_wait_ms(4000);
    assert_string_equal(second.events, "g"); /* the probe is forgotten */
}

static void who_gives_up_waiting_frees_the_place(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    open_actor(&second, 1, false);
    actor_close(&second);
    stage_wait_ms(1000);
    open_actor(&third, 2, false); /* the first probe still stands */
    assert_string_equal(first.events, "gp");
    stage_wait_ms(2500);
    assert_string_equal(first.events, "gp");
    ph_publisher_alive(first.publisher);
    stage_settle();
    assert_string_equal(third.events, "d");
}

static void closing_in_every_state_leaves_nothing(void **state)
{
    (void)state;
    struct ph_publish_request request = actor_request(&first, "live/cam");
    actor_open(&first, worker(0), &request);
    actor_close(&first); /* asking */
    seat_connect(&seat, worker(1), 0);
    for (int turns = 0; turns < 12; turns++) { /* a viewer that leaves at every point on its way to joining */
        struct actor actor = {0};
        request = actor_request(&actor, "live/cam");
        actor_open(&actor, worker(2), &request);
        stage_settle();
        actor_write_second(&actor, 0, true, 100);
        seat_open(&seat, worker(1), "live/cam");
        for (int k = 0; k < turns; k++)
            ph_loop_turn(&stage_loops->loop[(unsigned)k % n_workers], false);
        ph_viewer_close(seat.viewer);
        seat.viewer = NULL;
        if (turns % 2)
            stage_settle();
        actor_close(&actor);
        memset(seat.events, 0, sizeof seat.events);
        stage_wait_ms(turns % 3 ? 0 : 1500);
    }
}

static void stopping_with_letters_under_way_leaks_nothing(void **state)
{
    (void)state;
    actor_start(&first, worker(0), "live/cam");
    actor_write_second(&first, 0, true, 100);
    seat_open(&seat, worker(2), "live/cam");
    struct ph_publish_request request = actor_request(&second, "live/cam");
    actor_open(&second, worker(1), &request);
    ph_loop_turn(&stage_loops->loop[worker(2)], false);
}

int main(void)
{
    static unsigned one = 1, three = 3;
#define CASE(name) \
    {#name, name, set_up, tear_down, &one}, { #name " (3 workers)", name, set_up, tear_down, &three }
    const struct CMUnitTest tests[] = {
        CASE(return_within_linger_is_silent),
        CASE(after_linger_viewers_are_told),
        CASE(a_stream_nobody_remembers_begins_anew),
        CASE(absent_until_linger_is_over_is_not_said),
        CASE(a_clock_set_back_goes_on),
        CASE(who_answers_keeps_the_stream),
        CASE(who_is_silent_loses_the_stream),
        CASE(takeover_asks_nobody),
        CASE(the_next_gets_it_when_the_present_leaves),
        CASE(who_gives_up_waiting_frees_the_place),
        CASE(closing_in_every_state_leaves_nothing),
        CASE(stopping_with_letters_under_way_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
