/* SPDX-License-Identifier: MIT */
/* Publish and view: what a viewer gets, from where on, and what it is told. */
#include "stage.h"

static struct actor actor;
static struct seat seat, other;

static int set_up(void **state)
{
    unsigned n_workers = *state ? *(const unsigned *)*state : 1;
    actor = (struct actor){0};
    seat = (struct seat){0};
    other = (struct seat){0};
    stage_open(n_workers, NULL, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (seat.conn)
        seat_close(&seat);
    if (other.conn)
        seat_close(&other);
    actor_close(&actor);
    stage_close();
    return 0;
}

static void publish_then_view(void **state)
{
    unsigned last = *state ? *(const unsigned *)*state - 1 : 0;
    actor_start(&actor, 0, "live/cam");
    actor_write(&actor, PH_DATA, PH_UNIT_HEADER, 0, 20);
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 0, 30);
    actor_write_second(&actor, 0, true, 1000);    /* numbers 2..41 */
    actor_write_second(&actor, 1000, true, 1000); /* 42..81 */
    seat.say_at_join = "hello";
    seat_open(&seat, last, "live/cam");
    seat_drain(&seat);
    assert_string_equal(seat.events, "j");

    assert_int_equal(seat.seen[0].number, STATUS_NUMBER); /* statuses go before the prologue */
    assert_int_equal(seat.seen[1].number, 0);
    assert_int_equal(seat.seen[1].time_ms, 1000); /* the prologue has the join point's time */
    assert_int_equal(seat.seen[2].number, 1);
    seat_expect_run(&seat, 3, 42, 40);
    assert_int_equal(seat.seen[3].flags, PH_UNIT_KEY);

    actor_write_second(&actor, 2000, true, 1000);
    seat_drain(&seat);
    seat_expect_run(&seat, 3, 42, 80);
    struct ph_viewer_totals totals;
    ph_viewer_totals(seat.viewer, &totals);
    assert_int_equal(totals.bytes, seat.n_bytes - 24); /* all but the status */
    assert_int_equal(totals.skips, 0);
    struct ph_publisher_totals published;
    ph_publisher_totals(actor.publisher, &published);
    assert_int_equal(published.units, 122);
    assert_int_equal(published.viewers, 1);
    assert_int_equal(published.key_interval_ms, 1000);
}

static void view_then_publish(void **state)
{
    unsigned last = *state ? *(const unsigned *)*state - 1 : 0;
    seat_open(&seat, last, "live/cam");
    stage_settle();
    assert_string_equal(seat.events, "a"); /* nobody publishes: told at once */
    actor_start(&actor, 0, "live/cam");
    assert_string_equal(seat.events, "aj");
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 0, 30);
    actor_write_second(&actor, 0, true, 100);
    seat_drain(&seat);
    seat_expect_run(&seat, 0, 0, 41); /* the headers come from the log itself */
}

static void units_go_out_in_the_turn_they_came(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, 0, 100);
    ph_loop_turn(&stage_loops->loop[0], false);
    assert_true(seat_read(&seat, 1000) > 0);
    seat_expect_run(&seat, 0, 0, 1);
}

static void a_window_gathers_units(void **state)
{
    (void)state;
    struct ph_publish_request request = actor_request(&actor, "live/cam");
    request.latency_ms = 100;
    actor_open(&actor, 0, &request);
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, 0, 100);
    stage_settle();
    seat_drain(&seat);
    seat_expect_run(&seat, 0, 0, 1); /* the first after a quiet moment waits for nothing */
    for (int i = 1; i < 10; i++) {
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, i * 10, 100);
        stage_wait_ms(10);
        assert_int_equal(seat_read(&seat, 1000), 0);
    }
    stage_wait_ms(10);
    seat_drain(&seat);
    seat_expect_run(&seat, 0, 0, 10);
}

static void a_window_counts_from_the_last_pass(void **state)
{
    static const struct {
        unsigned pause_ms, wait_ms; /* since the last pass; until the next */
    } rows[] = {{300, 0}, {30, 70}, {90, 10}, {100, 0}, {0, 100}, {990, 0}};
    (void)state;
    struct ph_publish_request request = actor_request(&actor, "live/cam");
    request.latency_ms = 100;
    actor_open(&actor, 0, &request);
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        stage_wait_ms(rows[i].pause_ms);
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, (int64_t)i * 200, 100);
        unsigned waited_ms = 0;
        for (stage_settle(); !seat_read(&seat, 1000); waited_ms += 10)
            stage_wait_ms(10);
        assert_int_equal(waited_ms, rows[i].wait_ms);
    }
    seat_expect_run(&seat, 0, 0, PH_COUNT(rows));
}

static void newcomers_without_news_do_not_begin_a_window(void **state)
{
    (void)state;
    struct ph_publish_request request = actor_request(&actor, "live/cam");
    request.latency_ms = 100;
    actor_open(&actor, 0, &request);
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    actor_write(&actor, PH_VIDEO, PH_UNIT_KEY, 0, 100);
    stage_wait_ms(200);
    seat_drain(&seat);
    seat_open(&other, 0, "live/cam");
    stage_settle();
    actor_write(&actor, PH_VIDEO, 0, 200, 100);
    stage_settle();
    seat_drain(&seat);
    seat_expect_run(&seat, 0, 0, 2);
}

static void newcomers_do_not_wait_for_the_window(void **state)
{
    (void)state;
    struct ph_publish_request request = actor_request(&actor, "live/cam");
    request.latency_ms = 100;
    actor_open(&actor, 0, &request);
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, 0, 100);
    seat_drain(&seat);
    actor_write(&actor, PH_VIDEO, PH_UNIT_KEY, 0, 100);
    stage_wait_ms(50);
    seat_open(&other, 0, "live/cam");
    stage_settle();
    assert_true(seat_read(&other, 1000) > 0);
    assert_int_equal(seat_read(&seat, 1000), 0); /* and do not shorten it for the others */
    stage_wait_ms(50);
    assert_true(seat_read(&seat, 1000) > 0);
}

static void the_automatic_window_grows_with_load(void **state)
{
    (void)state;
    static const struct {
        unsigned busy_permille, window_ms;
    } rows[] = {{0, 0}, {500, 0}, {675, 50}, {850, 100}, {1000, 100}};
    struct ph_publish_request request = actor_request(&actor, "live/cam");
    request.latency_ms = -1;
    actor_open(&actor, 0, &request);
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        stage_loops->loop[0].window_from_us = stage_now_us; /* the loop does not measure anew meanwhile */
        atomic_store(&stage_loops->loop[0].busy_permille, rows[i].busy_permille);
        stage_now_us += 100000;
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, (int64_t)i * 200, 100); /* after a quiet moment: at once */
        stage_settle();
        assert_true(seat_read(&seat, 1000) > 0);
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, (int64_t)i * 200, 100);
        unsigned waited_ms = 0;
        for (stage_settle(); !seat_read(&seat, 1000); waited_ms += 10)
            stage_wait_ms(10);
        assert_int_equal(waited_ms, rows[i].window_ms);
    }
}

static void a_pass_yields_and_takes_turns(void **state)
{
    (void)state;
    enum { N = 40 };
    static struct seat seats[N];
    bool was_early[N] = {false};
    memset(seats, 0, sizeof seats);
    actor_start(&actor, 0, "live/cam");
    for (int i = 0; i < N; i++)
        seat_open(&seats[i], 0, "live/cam");
    stage_settle();
    for (int round = 0; round < 3 * N; round++) {
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, round, 100);
        stage_tick_us = 250;
        ph_loop_turn(&stage_loops->loop[0], false);
        stage_tick_us = 0;
        int n_early = 0;
        for (int i = 0; i < N; i++)
            if (seat_read(&seats[i], 1000)) {
                n_early++;
                was_early[i] = true;
            }
        assert_in_range(n_early, 4, 12); /* 2 ms of the clock */
        stage_settle();
        for (int i = 0; i < N; i++)
            seat_read(&seats[i], 1000);
    }
    for (int i = 0; i < N; i++) {
        assert_true(was_early[i]);
        seat_expect_run(&seats[i], 0, 0, 3 * N);
        seat_close(&seats[i]);
    }
}

/* A pass that is spread over turns visits some before the news comes; it must see to it that they are visited again. */
static void what_comes_during_a_pass_is_sent(void **state)
{
    (void)state;
    enum { N = 40 };
    static struct seat seats[N];
    memset(seats, 0, sizeof seats);
    actor_start(&actor, 0, "live/cam");
    for (int i = 0; i < N; i++)
        seat_open(&seats[i], 0, "live/cam");
    stage_settle();
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, 0, 100);
    stage_tick_us = 250;
    ph_loop_turn(&stage_loops->loop[0], false);
    stage_tick_us = 0;
    size_t n_visited = 0;
    for (int i = 0; i < N; i++)
        n_visited += seat_read(&seats[i], 1000) > 0;
    assert_in_range(n_visited, 1, N - 1);
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, 10, 100);
    stage_settle();
    for (int i = 0; i < N; i++) {
        seat_read(&seats[i], 1000);
        seat_expect_run(&seats[i], 0, 0, 2);
        seat_close(&seats[i]);
    }
}

static void start_next_waits_for_the_next_key_frame(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 0, 30);
    actor_write_second(&actor, 0, true, 100);               /* 1..40 */
    actor_write(&actor, PH_AUDIO, PH_UNIT_HEADER, 1000, 8); /* 41: came after the join point */
    seat_connect(&seat, 0, 0);
    struct ph_view_request request = seat_request(&seat, "live/cam");
    request.start = PH_START_NEXT;
    assert_int_equal(ph_viewer_open(stage_media, &stage_loops->loop[0], &request, &seat.viewer), 0);
    seat_drain(&seat);
    assert_int_equal(seat.n_seen, 2);
    assert_int_equal(seat.seen[0].number, 0);
    assert_int_equal(seat.seen[1].number, 41);
    actor_write_second(&actor, 1000, false, 100); /* 42..81 */
    seat_drain(&seat);
    assert_int_equal(seat.n_seen, 2);            /* audio waits too */
    actor_write_second(&actor, 2000, true, 100); /* 82..121 */
    seat_drain(&seat);
    seat_expect_run(&seat, 2, 82, 40);
}

static void audio_alone_is_joined_near_its_end(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/radio");
    actor_write(&actor, PH_AUDIO, PH_UNIT_HEADER, 0, 10);
    for (int i = 0; i < 100; i++) /* 1..100 */
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, i * 20, 50);
    seat_open(&seat, 0, "live/radio");
    seat_drain(&seat);
    assert_int_equal(seat.seen[0].number, 0);
    assert_in_range(seat.seen[1].time_ms, 1480, 1980);
    seat_expect_run(&seat, 1, seat.seen[1].number, 101 - seat.seen[1].number);
}

static void without_key_frames_video_waits(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    for (int i = 0; i < 12; i++)
        actor_write_second(&actor, i * 1000, i == 0, 100);
    seat_open(&seat, 0, "live/cam");
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_VIDEO), 0); /* no key frame for 10 s */
    assert_in_range(seat_count(&seat, PH_AUDIO), 1, 12);
    assert_in_range(seat.seen[0].time_ms, 11450, 12000);
    actor_write_second(&actor, 12000, true, 100);
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_VIDEO), 20);
}

static void a_group_beyond_the_cache_is_not_kept(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    actor_write(&actor, PH_VIDEO, PH_UNIT_KEY, 0, 1 << 20);
    for (int i = 1; i < 20; i++) {
        actor_write(&actor, PH_VIDEO, 0, i * 40, 1 << 20);
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, i * 40, 100);
    }
    seat_open(&seat, 0, "live/cam");
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_VIDEO), 0);
    assert_int_equal(seat_count(&seat, PH_AUDIO), 5); /* from where it became too large: 16 videos */
}

static void the_newest_join_point_replaces_others(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    for (int i = 0; i < 5; i++) /* all in one turn: the tap takes only the last */
        actor_write_second(&actor, i * 1000, true, 100);
    seat_open(&other, 0, "live/cam");
    seat_drain(&seat);
    seat_drain(&other);
    seat_expect_run(&seat, 0, 0, 200);
    seat_expect_run(&other, 0, 160, 40);
}

static void header_changes_have_their_place(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 0, 30); /* 0 */
    actor_write_second(&actor, 0, true, 100);             /* 1..40 */
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 1000, 31); /* 41 */
    actor_write_second(&actor, 1000, true, 100);             /* 42..81 */
    seat_drain(&seat);
    seat_expect_run(&seat, 0, 0, 82);
    seat_open(&other, 0, "live/cam");
    seat_drain(&other);
    seat_expect_run(&other, 0, 41, 41); /* the new header, then its key frame */
}

static void another_form_is_made_from_the_cache(void **state)
{
    unsigned last = *state ? *(const unsigned *)*state - 1 : 0;
    actor_start(&actor, 0, "live/cam");
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 0, 30); /* 0 */
    actor_write_second(&actor, 0, true, 100);             /* 1..40 */
    actor_write_second(&actor, 1000, true, 5000);         /* 41..80 */
    other.wide = true;
    seat_open(&seat, 0, "live/cam");
    seat_open(&other, last, "live/cam");
    seat_drain(&seat);
    seat_drain(&other);
    actor_write(&actor, PH_DATA, 0, 2000, 40); /* 81: the wide form has no data */
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, 2000, 40);
    seat_drain(&seat);
    seat_drain(&other);
    assert_int_equal(other.seen[0].number, 0);
    assert_int_equal(seat.n_seen, other.n_seen + 1);
    for (size_t i = 0; i < 41; i++) {
        assert_int_equal(seat.seen[i].number, other.seen[i].number);
        assert_int_equal(seat.seen[i].time_ms, other.seen[i].time_ms);
    }
    assert_int_equal(other.seen[41].number, 82);
}

static void a_form_outlives_its_viewer_a_little(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    actor_write_second(&actor, 0, true, 100);
    other.wide = true;
    seat_open(&other, 0, "live/cam");
    seat_drain(&other);
    ph_viewer_close(other.viewer);
    other.viewer = NULL;
    stage_wait_ms(5000);
    seat_open(&other, 0, "live/cam"); /* the same framing again */
    seat_drain(&other);
    ph_viewer_close(other.viewer);
    other.viewer = NULL;
    stage_wait_ms(11000);
    actor_write_second(&actor, 1000, false, 100);
    seat_open(&other, 0, "live/cam"); /* made anew */
    size_t before = other.n_seen;
    seat_drain(&other);
    assert_int_equal(before, 80);
    seat_expect_run(&other, before, 0, 80);
}

static void large_units_pass_whole(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    seat_open(&seat, 0, "live/cam");
    stage_settle();
    actor_write(&actor, PH_VIDEO, PH_UNIT_KEY, 0, 5 << 20);
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, 0, 100);
    actor_write(&actor, PH_VIDEO, 0, 40, 300000);
    seat_drain(&seat);
    seat_expect_run(&seat, 0, 0, 3);
    assert_int_equal(seat.seen[0].length, 5 << 20);
}

static void one_track_unless_all_are_wanted(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    for (uint8_t track = 0; track < 3; track++)
        assert_int_equal(actor_try(&actor, PH_VIDEO, PH_UNIT_HEADER, track, 0, 10), 0);
    for (uint8_t track = 0; track < 3; track++)
        assert_int_equal(actor_try(&actor, PH_VIDEO, PH_UNIT_KEY, track, 0, 1000), 0);
    seat_open(&seat, 0, "live/cam");
    seat_connect(&other, 0, 0);
    struct ph_view_request request = seat_request(&other, "live/cam");
    request.all_tracks = true;
    assert_int_equal(ph_viewer_open(stage_media, &stage_loops->loop[0], &request, &other.viewer), 0);
    seat_drain(&seat);
    seat_drain(&other);
    seat_expect_run(&other, 0, 0, 6);
    assert_int_equal(seat.n_seen, 2);
    assert_int_equal(seat.seen[0].number, 0);
    assert_int_equal(seat.seen[1].number, 3);
}

static void close_inside_joined(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    actor_write_second(&actor, 0, true, 100);
    seat.close_at_join = true;
    seat_open(&seat, 0, "live/cam");
    seat_drain(&seat);
    assert_string_equal(seat.events, "j");
    assert_null(seat.viewer);
    assert_int_equal(seat.n_bytes, 0);
}

static void writing_needs_a_grant(void **state)
{
    (void)state;
    struct ph_publish_request request = actor_request(&actor, "live/cam");
    actor_open(&actor, 0, &request);
    assert_int_equal(actor_try(&actor, PH_AUDIO, 0, 0, 0, 10), -EINVAL);
    stage_settle();
    assert_int_equal(actor_try(&actor, PH_N_KINDS, 0, 0, 0, 10), -EINVAL);
    assert_int_equal(actor_try(&actor, PH_AUDIO, 0, 0, 0, 10), 0);
}

int main(void)
{
    static unsigned three = 3;
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define CASE_THREE(name)                                      \
    {                                                         \
#name " (3 workers)", name, set_up, tear_down, &three \
    }
    const struct CMUnitTest tests[] = {
        CASE(publish_then_view),
        CASE_THREE(publish_then_view),
        CASE(view_then_publish),
        CASE_THREE(view_then_publish),
        CASE(units_go_out_in_the_turn_they_came),
        CASE(a_window_gathers_units),
        CASE(a_window_counts_from_the_last_pass),
        CASE(newcomers_without_news_do_not_begin_a_window),
        CASE(newcomers_do_not_wait_for_the_window),
        CASE(the_automatic_window_grows_with_load),
        CASE(a_pass_yields_and_takes_turns),
        CASE(what_comes_during_a_pass_is_sent),
        CASE(start_next_waits_for_the_next_key_frame),
        CASE(audio_alone_is_joined_near_its_end),
        CASE(without_key_frames_video_waits),
        CASE(a_group_beyond_the_cache_is_not_kept),
        CASE(the_newest_join_point_replaces_others),
        CASE(header_changes_have_their_place),
        CASE(another_form_is_made_from_the_cache),
        CASE_THREE(another_form_is_made_from_the_cache),
        CASE(a_form_outlives_its_viewer_a_little),
        CASE(large_units_pass_whole),
        CASE(one_track_unless_all_are_wanted),
        CASE(close_inside_joined),
        CASE(writing_needs_a_grant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
