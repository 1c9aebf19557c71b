/* SPDX-License-Identifier: MIT */
/*
 * One server of a cluster, with an engine that the test plays: it sees each request, and answers it when and how it
 * likes, or never. What media's people see are the events of stage.h.
 */
#include "../media/stage.h"

#include "base/secret.h"
#include "cluster/home.h"
#include "media/finder.h"

enum { PENDING_MAX = 32 };

static const char key[] = "key of the servers of this test, which is long enough";

static struct {
    struct ph_engine base;
    struct ph_engine_request *pending[PENDING_MAX];
    size_t n;
    char asked[4096]; /* since the last look */
} engine;

static struct ph_log *log_book;
static struct ph_cluster *cluster;
static struct actor first, second;
static struct seat seat;
static char located[512]; /* what the finder heard, a word per change */

/* ---- the engine ---- */

static void note_asked(const struct ph_engine_request *request)
{
    static const char *const verbs[] = {"beat", "leave", "claim", "release", "find", "post"};
    char *at = engine.asked + strlen(engine.asked);
    size_t room = sizeof engine.asked - (size_t)(at - engine.asked);
    struct note note;
    if (request->verb == PH_ENGINE_BEAT)
        return; /* the heart of the matter is elsewhere */
    if (request->verb == PH_ENGINE_POST) {
        static const char *const words[] = {"ask", "wait", "alive", "gone"};
        assert_true(note_read(request->text, cluster->key, &note));
        assert_string_equal(note.from, cluster->id);
        assert_string_equal(note.to, request->to);
        snprintf(at, room, "%s %s %llu, ", words[note.verb], note.to, (unsigned long long)note.epoch);
    } else if (request->verb == PH_ENGINE_CLAIM) {
        snprintf(at, room, "claim %llu over %llu, ", (unsigned long long)request->epoch,
                 (unsigned long long)request->over);
    } else {
        snprintf(at, room, "%s %llu, ", verbs[request->verb], (unsigned long long)request->epoch);
    }
}

static void on_ask(struct ph_engine *base, struct ph_engine_request *request)
{
    assert_ptr_equal(base, &engine.base);
    assert_true(engine.n < PENDING_MAX);
    note_asked(request);
    engine.pending[engine.n++] = request;
}

static void on_close(struct ph_engine *base) { (void)base; }

static struct ph_engine_request *take(size_t i)
{
    struct ph_engine_request *request = engine.pending[i];
    memmove(engine.pending + i, engine.pending + i + 1, (--engine.n - i) * sizeof *engine.pending);
    return request;
}

/* Posts and beats are answered by themselves, as they should be. */
static void settle(void)
{
    stage_settle();
    for (size_t i = 0; i < engine.n;)
        if (engine.pending[i]->verb == PH_ENGINE_POST || engine.pending[i]->verb == PH_ENGINE_BEAT) {
            struct ph_engine_request *request = take(i);
            request->answer = PH_ENGINE_DONE;
            request->was_alive = true;
            request->done(request);
            i = 0;
        } else {
            i++;
        }
    stage_settle();
}

static void wait_ms(unsigned ms)
{
    for (; ms > 0; ms -= ms < 100 ? ms : 100) {
        stage_wait_ms(ms < 100 ? ms : 100);
        settle();
    }
}

static void asked(const char *expected)
{
    settle();
    size_t length = strlen(engine.asked);
    if (length)
        engine.asked[length - 2] = '\0';
    assert_string_equal(engine.asked, expected);
    engine.asked[0] = '\0';
}

static void answer(enum ph_engine_answer how, uint64_t epoch, const char *holder, const char *where)
{
    settle();
    assert_true(engine.n > 0);
    struct ph_engine_request *request = take(0);
    request->answer = how;
    request->epoch = epoch;
    request->wait_ms = 500;
    snprintf(request->holder, sizeof request->holder, "%s", holder);
    snprintf(request->where, sizeof request->where, "%s", where);
    request->done(request);
    settle();
}

static void news(uint64_t epoch, const char *holder, const char *where)
{
    const struct ph_engine_news said = {.path = "live/cam", .epoch = epoch, .holder = holder, .where = where};
    home_events.news(cluster, &said);
    settle();
}

static void write_note(enum note_verb verb, const char *from, uint64_t epoch)
{
    char text[NOTE_TEXT];
    struct note note = {.verb = verb, .epoch = epoch, .path = "live/cam"};
    snprintf(note.from, sizeof note.from, "%s", from);
    memcpy(note.to, cluster->id, sizeof note.to);
    note_write(&note, cluster->key, text);
    home_events.message(cluster, text);
    settle();
}

static void come_up(void)
{
    home_events.up(cluster);
    settle();
}

/* ---- the server ---- */

static bool finder_changed(void *user, struct ph_loop *desk, const struct ph_stream_need *need)
{
    (void)user, (void)desk;
    const char *where = ph_media_where(stage_media, need->path);
    snprintf(located, sizeof located, "%s", where ? where : "?");
    return need->is_wanted && !need->is_live && (!where || where[0]);
}

static int set_up(void **state)
{
    static const struct ph_finder finder = {.changed = finder_changed};
    const char *why;
    struct ph_log_options quiet = {.level = PH_LOG_ERROR, .descriptor = 2};
    first = second = (struct actor){0};
    seat = (struct seat){0};
    memset(&engine, 0, sizeof engine);
    engine.base = (struct ph_engine){.ask = on_ask, .close = on_close};
    located[0] = '\0';
    stage_open(*(const unsigned *)*state, NULL, false);
    assert_int_equal(ph_log_create(&quiet, &log_book), 0);
    const struct ph_cluster_options options = {.workers = stage_loops,
                                               .media = stage_media,
                                               .log = log_book,
                                               .url = "redis://127.0.0.1",
                                               .name = "me",
                                               .address = "10.0.0.1:1935",
                                               .parent = "",
                                               .key = key};
    assert_int_equal(ph_cluster_create(&options, &cluster, &why), 0);
    ph_media_set_finder(stage_media, &finder);
    home_begin(cluster, &engine.base);
    return 0;
}

/* Everybody leaves, whatever is open is answered: then nothing is remembered anywhere. */
static int tear_down(void **state)
{
    (void)state;
    if (seat.conn)
        seat_close(&seat);
    actor_close(&first);
    actor_close(&second);
    for (int i = 0; i < 200; i++) {
        settle();
        while (engine.n)
            answer(PH_ENGINE_DONE, 1, "", "");
        stage_wait_ms(100);
    }
    assert_int_equal(cluster->n_claims, 0);
    assert_int_equal(cluster->spots.n, 0);
    for (unsigned i = 0; i < cluster->n_desks; i++)
        assert_int_equal(cluster->desks[i].spots.n, 0);
    ph_cluster_destroy(cluster);
    stage_close();
    ph_log_destroy(log_book);
    return 0;
}

static void come(struct actor *actor, bool takes_over)
{
    struct ph_publish_request request = actor_request(actor, "live/cam");
    request.takeover = takes_over;
    actor_open(actor, 0, &request);
    settle();
}

/* A publisher that has the stream, with epoch 10. */
static void publish(void)
{
    come_up();
    come(&first, false);
    asked("claim 0 over 0");
    answer(PH_ENGINE_DONE, 10, cluster->id, cluster->where);
    assert_string_equal(first.events, "g");
}

/* ---- publishing ---- */

static void a_publisher_claims_its_stream(void **state)
{
    (void)state;
    publish();
    assert_int_equal(cluster->n_claims, 1);
    asked("");
    actor_close(&first);
    wait_ms(900);
    asked(""); /* it may return */
    wait_ms(200);
    asked("release 10");
}

static void who_returns_in_time_need_not_claim(void **state)
{
    (void)state;
    publish();
    actor_close(&first);
    wait_ms(500);
    come(&second, false);
    assert_string_equal(second.events, "g");
    asked("");
}

static void who_leaves_while_it_is_claimed_leaves_no_claim(void **state)
{
    (void)state;
    come_up();
    come(&first, false);
    asked("claim 0 over 0");
    actor_close(&first);
    settle();
    answer(PH_ENGINE_DONE, 10, cluster->id, cluster->where);
    asked("release 10");
}

static void without_engine_everybody_may_publish(void **state)
{
    (void)state;
    come(&first, false);
    assert_string_equal(first.events, "g");
    asked("");
    come_up();
    asked("claim 0 over 0");
    answer(PH_ENGINE_HELD, 9, "b.1", "rtmp://b"); /* somebody else was first */
    assert_string_equal(first.events, "ge");
}

static void an_engine_that_fails_keeps_nobody_waiting(void **state)
{
    (void)state;
    come_up();
    come(&first, false);
    asked("claim 0 over 0");
    answer(PH_ENGINE_LOST, 0, "", "");
    assert_string_equal(first.events, "g");
    wait_ms(900);
    asked("");
    wait_ms(200);
    asked("claim 0 over 0");
    answer(PH_ENGINE_DONE, 10, cluster->id, cluster->where);
    asked("");
}

static void a_new_engine_is_asked_again(void **state)
{
    (void)state;
    come_up();
    come(&first, false);
    asked("claim 0 over 0");
    answer(PH_ENGINE_EARLY, 0, "", "");
    wait_ms(400);
    asked("");
    assert_string_equal(first.events, "");
    wait_ms(200);
    asked("claim 0 over 0");
    answer(PH_ENGINE_LAPSED, 0, "", ""); /* the lease first */
    wait_ms(200);
    asked("claim 0 over 0");
    answer(PH_ENGINE_DONE, 10, cluster->id, cluster->where);
    assert_string_equal(first.events, "g");
}

static void the_holder_is_asked(void **state)
{
    (void)state;
    come_up();
    come(&first, false);
    asked("claim 0 over 0");
    answer(PH_ENGINE_HELD, 9, "b.1", "rtmp://b");
    asked("ask b.1 9");
    write_note(NOTE_WAIT, "b.1", 9);
    wait_ms(3000);
    assert_string_equal(first.events, "");
    write_note(NOTE_ALIVE, "b.1", 8); /* about something else */
    assert_string_equal(first.events, "");
    write_note(NOTE_ALIVE, "b.1", 9);
    assert_string_equal(first.events, "d");
    asked("");
}

static void a_holder_without_publisher_gives_way(void **state)
{
    (void)state;
    come_up();
    come(&first, false);
    asked("claim 0 over 0");
    answer(PH_ENGINE_HELD, 9, "b.1", "rtmp://b");
    asked("ask b.1 9");
    write_note(NOTE_GONE, "b.1", 9);
    asked("claim 0 over 9");
    answer(PH_ENGINE_DONE, 10, cluster->id, cluster->where);
    assert_string_equal(first.events, "g");
}

/* It may be dead, or cut off: whoever comes is not told that a ghost has the stream. */
static void a_silent_holder_gives_way(void **state)
{
    (void)state;
    come_up();
    come(&first, false);
    asked("claim 0 over 0");
    answer(PH_ENGINE_HELD, 9, "b.1", "rtmp://b");
    asked("ask b.1 9");
    wait_ms(400);
    asked("");
    wait_ms(200);
    asked("claim 0 over 9");
    answer(PH_ENGINE_HELD, 11, "c.1", "rtmp://c"); /* somebody was faster */
    asked("ask c.1 11");
    write_note(NOTE_WAIT, "c.1", 11);
    wait_ms(4400);
    asked("");
    wait_ms(200);
    asked("claim 0 over 11");
    answer(PH_ENGINE_DONE, 12, cluster->id, cluster->where);
    assert_string_equal(first.events, "g");
}

static void who_takes_over_asks_no_holder(void **state)
{
    (void)state;
    come_up();
    come(&first, true);
    asked("claim 0 over 0");
    answer(PH_ENGINE_HELD, 9, "b.1", "rtmp://b");
    asked("claim 0 over 9");
    answer(PH_ENGINE_DONE, 10, cluster->id, cluster->where);
    assert_string_equal(first.events, "g");
}

/* ---- losing it ---- */

static void news_of_a_higher_epoch_ends_it(void **state)
{
    (void)state;
    publish();
    news(10, cluster->id, cluster->where); /* our own */
    news(9, "b.1", "rtmp://b");            /* late */
    assert_string_equal(first.events, "g");
    news(11, "b.1", "rtmp://b");
    news(11, "b.1", "rtmp://b"); /* twice */
    assert_string_equal(first.events, "ge");
    assert_int_equal(cluster->n_claims, 0);
    asked("");
}

/* The lease had run out: what another has claimed meanwhile is lost, the rest is claimed again. */
static void a_lease_that_ran_out(void **state)
{
    (void)state;
    publish();
    for (size_t i = 0; i < 2; i++) {
        while (!engine.n || engine.pending[engine.n - 1]->verb != PH_ENGINE_BEAT)
            stage_wait_ms(100);
        struct ph_engine_request *beat = take(engine.n - 1);
        beat->answer = PH_ENGINE_DONE;
        beat->was_alive = false;
        beat->done(beat);
        asked("claim 10 over 0");
        if (i == 0)
            answer(PH_ENGINE_DONE, 10, cluster->id, cluster->where);
        else
            answer(PH_ENGINE_HELD, 12, "b.1", "rtmp://b");
    }
    assert_string_equal(first.events, "ge");
}

static void whoever_had_it_meanwhile_has_gone(void **state)
{
    (void)state;
    publish();
    come_up();
    asked("claim 10 over 0");
    answer(PH_ENGINE_HELD, 12, "", "");
    asked("claim 0 over 0");
    answer(PH_ENGINE_DONE, 13, cluster->id, cluster->where);
    assert_string_equal(first.events, "g");
}

static void claims_are_renewed(void **state)
{
    (void)state;
    publish();
    for (int i = 0; i < 19; i++) {
        wait_ms(60000);
        asked("");
    }
    wait_ms(2 * 60000);
    asked("claim 10 over 0");
    answer(PH_ENGINE_DONE, 10, cluster->id, cluster->where);
    wait_ms(60000);
    asked("");
}

/* ---- being asked ---- */

static void others_ask_about_our_publisher(void **state)
{
    (void)state;
    publish();
    write_note(NOTE_ASK, "b.1", 9);
    asked("gone b.1 9"); /* that is not our claim */
    write_note(NOTE_ASK, "b.1", 10);
    asked("wait b.1 10");
    assert_string_equal(first.events, "gp");
    write_note(NOTE_ASK, "c.1", 10);
    asked("alive c.1 10"); /* one at a time */
    ph_publisher_alive(first.publisher);
    asked("alive b.1 10");
    write_note(NOTE_ASK, "b.1", 10);
    asked("wait b.1 10");
    wait_ms(3200); /* it gives no sign of life */
    asked("gone b.1 10");
    assert_string_equal(first.events, "gppe");
}

static void of_what_we_never_had_nothing_is_here(void **state)
{
    (void)state;
    come_up();
    write_note(NOTE_ASK, "b.1", 9);
    asked("gone b.1 9");
}

static void what_others_wrote_is_not_heeded(void **state)
{
    (void)state;
    publish();
    char text[NOTE_TEXT];
    struct note note = {.verb = NOTE_ASK, .from = "b.1", .path = "live/cam", .epoch = 10};
    memcpy(note.to, cluster->id, sizeof note.to);
    note_write(&note, "not their key", text);
    home_events.message(cluster, text);
    asked("");
    snprintf(note.to, sizeof note.to, "another");
    note_write(&note, cluster->key, text);
    home_events.message(cluster, text); /* a copy of one that was written to somebody else */
    asked("");
}

/* ---- watching ---- */

static void where_a_stream_is_is_found(void **state)
{
    (void)state;
    come_up();
    seat_open(&seat, 0, "live/cam");
    asked("find 0");
    assert_string_equal(seat.events, "");
    answer(PH_ENGINE_DONE, 9, "b.1", "rtmp://b");
    assert_string_equal(located, "rtmp://b");
    news(11, "c.1", "rtmp://c");
    assert_string_equal(located, "rtmp://c");
    news(9, "b.1", "rtmp://b"); /* late */
    assert_string_equal(located, "rtmp://c");
    news(11, "", "");
    assert_string_equal(located, "");
    assert_string_equal(seat.events, "a");
    wait_ms(9000);
    asked("");
    wait_ms(4000); /* news may be lost */
    asked("find 0");
    answer(PH_ENGINE_NOWHERE, 11, "", "");
    assert_string_equal(located, "");
}

static void a_stream_that_is_nowhere(void **state)
{
    (void)state;
    come_up();
    seat_open(&seat, 0, "live/cam");
    asked("find 0");
    answer(PH_ENGINE_EARLY, 0, "", "");
    wait_ms(400);
    assert_string_equal(seat.events, "");
    wait_ms(200);
    asked("find 0");
    answer(PH_ENGINE_NOWHERE, 0, "", "");
    assert_string_equal(seat.events, "a");
}

static void nobody_waits_for_an_engine_that_is_away(void **state)
{
    (void)state;
    seat_open(&seat, 0, "live/cam");
    settle();
    assert_string_equal(seat.events, "a");
    asked("");
    come_up();
    asked("find 0");
    answer(PH_ENGINE_LOST, 0, "", "");
    home_events.down(cluster, "test");
    wait_ms(2000);
    asked("");
    come_up();
    asked("find 0");
    answer(PH_ENGINE_DONE, 9, "b.1", "rtmp://b");
    assert_string_equal(located, "rtmp://b");
}

static void a_claim_of_ours_that_we_do_not_know(void **state)
{
    (void)state;
    come_up();
    seat_open(&seat, 0, "live/cam");
    asked("find 0");
    answer(PH_ENGINE_DONE, 9, cluster->id, cluster->where);
    asked("release 9"); /* an earlier release was lost */
    assert_string_equal(located, "");
}

/* ---- the end ---- */

static void a_server_that_stops_gives_back_what_it_has(void **state)
{
    (void)state;
    publish();
    ph_cluster_drain(cluster);
    settle();
    assert_true(ph_cluster_is_leaving(cluster));
    asked("");
    actor_close(&first);
    asked("release 10"); /* nobody is waited for */
    answer(PH_ENGINE_DONE, 0, "", "");
    asked("leave 0");
    answer(PH_ENGINE_DONE, 0, "", "");
    assert_false(ph_cluster_is_leaving(cluster));
    come(&second, false);
    assert_string_equal(second.events, "d");
}

#define WITH(workers, test) cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, &workers)

int main(void)
{
    static unsigned one = 1, three = 3;
    const struct CMUnitTest tests[] = {
        WITH(one, a_publisher_claims_its_stream),
        WITH(three, a_publisher_claims_its_stream),
        WITH(three, who_returns_in_time_need_not_claim),
        WITH(three, who_leaves_while_it_is_claimed_leaves_no_claim),
        WITH(three, without_engine_everybody_may_publish),
        WITH(one, an_engine_that_fails_keeps_nobody_waiting),
        WITH(one, a_new_engine_is_asked_again),
        WITH(three, the_holder_is_asked),
        WITH(one, a_holder_without_publisher_gives_way),
        WITH(one, a_silent_holder_gives_way),
        WITH(one, who_takes_over_asks_no_holder),
        WITH(three, news_of_a_higher_epoch_ends_it),
        WITH(one, a_lease_that_ran_out),
        WITH(one, whoever_had_it_meanwhile_has_gone),
        WITH(one, claims_are_renewed),
        WITH(three, others_ask_about_our_publisher),
        WITH(one, of_what_we_never_had_nothing_is_here),
        WITH(one, what_others_wrote_is_not_heeded),
        WITH(three, where_a_stream_is_is_found),
        WITH(one, a_stream_that_is_nowhere),
        WITH(three, nobody_waits_for_an_engine_that_is_away),
        WITH(one, a_claim_of_ours_that_we_do_not_know),
        WITH(three, a_server_that_stops_gives_back_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
