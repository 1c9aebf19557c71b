/* SPDX-License-Identifier: MIT */
#include "../base/test.h"

#include <stdlib.h>

#include "net/loop.h"

static struct ph_clock test_clock;
static struct ph_loops *loops;
static struct ph_loop *loop;

static int set_up(void **state)
{
    (void)state;
    test_clock = make_test_clock();
    struct ph_loops_options options = {.n = 1, .name = "test", .clock = &test_clock};
    if (ph_loops_create(&options, &loops))
        return -1;
    loop = &loops->loop[0];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_loops_destroy(loops);
    return 0;
}

static char trace[256];

static void note(char what)
{
    size_t n = strlen(trace);
    trace[n] = what;
    trace[n + 1] = '\0';
}

/* ---- timers ---- */

enum { N = 300 };

struct alarm {
    struct ph_timer timer;
    uint64_t due_us;
    bool wanted;
};

static struct alarm alarms[N];
static uint64_t last_us;
static size_t n_fired;

static void fired(struct ph_timer *timer)
{
    struct alarm *alarm = ph_container_of(timer, struct alarm, timer);
    assert_true(alarm->wanted);
    assert_true(alarm->due_us >= last_us);
    assert_true(alarm->due_us <= test_now_us);
    last_us = alarm->due_us;
    alarm->wanted = false;
    n_fired++;
}

static void timers_fire_in_order_never_early(void **state)
{
    (void)state;
    struct ph_timers timers = {NULL};
    uint32_t random = 1;
    size_t wanted = 0;
    for (size_t i = 0; i < 3 * N; i++) { /* the later rounds restart and stop */
        struct alarm *alarm = &alarms[i % N];
        random = random * 1664525 + 1013904223;
        if (i < N)
            ph_timer_init(&alarm->timer, fired);
        ph_timers_remove(&timers, &alarm->timer);
        alarm->wanted = i < 2 * N || random >> 31;
        alarm->due_us = test_now_us + (random >> 8) % 100000;
        if (alarm->wanted)
            ph_timers_add(&timers, &alarm->timer, alarm->due_us);
    }
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(ph_timer_is_running(&alarms[i].timer), alarms[i].wanted);
        wanted += alarms[i].wanted;
    }
    for (int step = 0; step < 101; step++, test_now_us += 1000) {
        struct ph_timer *timer;
        while ((timer = ph_timers_take_due(&timers, test_now_us)))
            timer->fire(timer);
    }
    assert_int_equal(n_fired, wanted);
    assert_null(timers.root);
}

static void note_timer(struct ph_timer *timer)
{
    (void)timer;
    note('t');
}

static void a_loop_runs_its_timers(void **state)
{
    (void)state;
    struct ph_timer timer, other;
    trace[0] = '\0';
    ph_timer_init(&timer, note_timer);
    ph_timer_init(&other, note_timer);
    ph_loop_turn(loop, false);
    ph_timer_start(loop, &timer, 5000);
    ph_timer_start(loop, &other, 5000);
    test_now_us += 4999;
    ph_loop_turn(loop, false);
    assert_string_equal(trace, "");
    test_now_us += 1;
    ph_timer_stop(loop, &other);
    ph_loop_turn(loop, false);
    ph_loop_turn(loop, false);
    assert_string_equal(trace, "t");
}

static void start_again(struct ph_timer *timer)
{
    note('t');
    ph_timer_start(loop, timer, 0);
}

/* Else a script that waits for 0 ms in a loop stops everybody on its loop. */
static void a_timer_of_0_waits_for_the_next_turn(void **state)
{
    (void)state;
    struct ph_timer timer;
    trace[0] = '\0';
    ph_timer_init(&timer, start_again);
    ph_loop_turn(loop, false);
    ph_timer_start(loop, &timer, 0);
    for (int i = 0; i < 3; i++) {
        test_now_us += 1;
        ph_loop_turn(loop, false);
    }
    ph_timer_stop(loop, &timer);
    assert_string_equal(trace, "ttt");
}

/* ---- deferred work ---- */

static struct ph_deferred once, chained, again;
static int n_again;

static void run_once(struct ph_deferred *deferred)
{
    (void)deferred;
    note('o');
    ph_loop_defer(loop, &chained);
}

static void run_chained(struct ph_deferred *deferred)
{
    (void)deferred;
    note('c');
}

static void run_again(struct ph_deferred *deferred)
{
    note('a');
    if (--n_again > 0)
        ph_loop_defer_again(loop, deferred);
}

struct letter {
    struct ph_mail mail;
    char name;
};

static uint64_t letter_us; /* how long a letter takes */

static void read_letter(struct ph_mail *mail)
{
    test_now_us += letter_us;
    note(ph_container_of(mail, struct letter, mail)->name);
}

static void deferred_work_runs_after_mail(void **state)
{
    (void)state;
    struct letter first = {{NULL, read_letter}, '1'}, second = {{NULL, read_letter}, '2'};
    trace[0] = '\0';
    ph_deferred_init(&once, run_once);
    ph_deferred_init(&chained, run_chained);
    ph_deferred_init(&again, run_again);
    ph_loop_defer(loop, &once);
    ph_loop_defer(loop, &once); /* once all the same */
    ph_loop_post(loop, &first.mail);
    ph_loop_post(loop, &second.mail);
    ph_loop_turn(loop, false);
    assert_string_equal(trace, "12oc");
    ph_loop_turn(loop, false);
    assert_string_equal(trace, "12oc");
}

static void again_goes_on_in_the_next_turn(void **state)
{
    (void)state;
    trace[0] = '\0';
    n_again = 3;
    ph_loop_defer(loop, &again);
    for (int turn = 1; turn <= 3; turn++) {
        ph_loop_turn(loop, true); /* would hang if the loop slept */
        assert_int_equal(strlen(trace), turn);
    }
    ph_loop_defer(loop, &once);
    ph_deferred_cancel(&once);
    ph_loop_turn(loop, false);
    assert_string_equal(trace, "aaa");
}

static void the_clock_stands_during_a_turn(void **state)
{
    (void)state;
    ph_loop_turn(loop, false);
    uint64_t now_us = ph_loop_now(loop);
    test_now_us += 10;
    assert_true(ph_loop_now(loop) == now_us);
    ph_loop_turn(loop, false);
    assert_true(ph_loop_now(loop) == now_us + 10);
}

/* Runs after the sleep and before the loop reads the clock: as if it had slept so long. */
static uint64_t slept_us;

static void time_passed(uv_check_t *check)
{
    (void)check;
    test_now_us += slept_us;
}

static void busy_is_the_time_not_slept(void **state)
{
    (void)state;
    static const struct {
        uint64_t worked_us, slept_us;
        unsigned busy;
    } rows[] = {{0, 1000, 0}, {1000, 0, 1000}, {250, 750, 250}};
    uv_check_t check;
    uv_check_init(&loop->uv, &check);
    uv_check_start(&check, time_passed); /* the last to start runs first */
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        slept_us = rows[i].slept_us;
        for (int turn = 0; turn < 600; turn++) {
            ph_loop_turn(loop, false);
            test_now_us += rows[i].worked_us;
        }
        assert_in_range(ph_loop_busy_permille(loop), rows[i].busy, rows[i].busy + 1);
    }
    uv_close((uv_handle_t *)&check, NULL);
    ph_loop_turn(loop, false);
}

static void much_mail_lets_reads_pass(void **state)
{
    (void)state;
    static struct letter letters[200];
    trace[0] = '\0';
    for (size_t i = 0; i < PH_COUNT(letters); i++) {
        letters[i] = (struct letter){{NULL, read_letter}, 'm'};
        ph_loop_post(loop, &letters[i].mail);
    }
    letter_us = PH_LOOP_MAIL_SLICE_US / 20;
    ph_loop_turn(loop, false);
    assert_in_range(strlen(trace), 20, 60); /* a slice, then the others get their turn */
    while (strlen(trace) < PH_COUNT(letters))
        ph_loop_turn(loop, true); /* would hang if the rest were forgotten */
    letter_us = 0;
}

/* Its wake goes together with the one for what is left; and what is left ends just as the slice does. */
static void mail_behind_a_slice_is_not_forgotten(void **state)
{
    (void)state;
    static struct letter letters[64], late;
    trace[0] = '\0';
    late = (struct letter){{NULL, read_letter}, 'x'};
    for (size_t i = 0; i < PH_COUNT(letters); i++) {
        letters[i] = (struct letter){{NULL, read_letter}, 'l'};
        ph_loop_post(loop, &letters[i].mail);
    }
    letter_us = PH_LOOP_MAIL_SLICE_US; /* a slice is 32 letters then */
    ph_loop_turn(loop, false);
    ph_loop_post(loop, &late.mail);
    for (int i = 0; i < 5; i++)
        ph_loop_turn(loop, false);
    letter_us = 0;
    assert_non_null(strchr(trace, 'x'));
}

/* ---- threads ---- */

enum { SENDERS = 4, LETTERS = 20000 };

struct numbered {
    struct ph_mail mail;
    unsigned sender, number;
};

static unsigned expected[SENDERS];
static atomic_uint n_read;

static void read_numbered(struct ph_mail *mail)
{
    struct numbered *letter = ph_container_of(mail, struct numbered, mail);
    assert_int_equal(letter->number, expected[letter->sender]++);
    atomic_fetch_add(&n_read, 1);
}

struct sender {
    pthread_t thread;
    struct ph_loop *to;
    struct numbered *letters;
};

static void *send_letters(void *argument)
{
    struct sender *sender = argument;
    for (unsigned i = 0; i < LETTERS; i++)
        ph_loop_post(sender->to, &sender->letters[i].mail);
    return NULL;
}

static void letters_of_a_sender_keep_their_order(void **state)
{
    (void)state;
    struct ph_loops *running;
    struct ph_loops_options options = {.n = 2, .name = "test"};
    struct sender senders[SENDERS];
    assert_int_equal(ph_loops_create(&options, &running), 0);
    assert_int_equal(ph_loops_start(running), 0);
    for (unsigned s = 0; s < SENDERS; s++) {
        senders[s].to = &running->loop[1];
        senders[s].letters = calloc(LETTERS, sizeof *senders[s].letters);
        assert_non_null(senders[s].letters);
        for (unsigned i = 0; i < LETTERS; i++)
            senders[s].letters[i] = (struct numbered){{NULL, read_numbered}, s, i};
        assert_int_equal(pthread_create(&senders[s].thread, NULL, send_letters, &senders[s]), 0);
    }
    for (unsigned s = 0; s < SENDERS; s++)
        pthread_join(senders[s].thread, NULL);
    ph_loops_stop(running); /* delivers what is there */
    assert_int_equal(atomic_load(&n_read), SENDERS * LETTERS);
    for (unsigned s = 0; s < SENDERS; s++)
        free(senders[s].letters);
    ph_loops_destroy(running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_never_early),     cmocka_unit_test(a_loop_runs_its_timers),
        cmocka_unit_test(a_timer_of_0_waits_for_the_next_turn), cmocka_unit_test(deferred_work_runs_after_mail),
        cmocka_unit_test(again_goes_on_in_the_next_turn),       cmocka_unit_test(the_clock_stands_during_a_turn),
        cmocka_unit_test(busy_is_the_time_not_slept),           cmocka_unit_test(much_mail_lets_reads_pass),
        cmocka_unit_test(mail_behind_a_slice_is_not_forgotten), cmocka_unit_test(letters_of_a_sender_keep_their_order),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
