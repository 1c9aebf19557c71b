/* SPDX-License-Identifier: MIT */
/* Several servers that work together: who may publish here, and what happens when another server has the stream. */
#include "stage.h"

#include "media/finder.h"
#include "media/locator.h"

enum { NEWS_MAX = 400 };

static char news[NEWS_MAX]; /* what the locator was told, a word per change */
static const char *place;   /* what it says where the stream is */
static struct actor first, second;
static struct seat seat;
static char answers[8]; /* a alive, g gone */
static struct ph_media_question question;

static void on_changed(void *user, struct ph_loop *desk, const struct ph_stream_need *need)
{
    (void)user;
    assert_true(ph_loop_is_owner(desk));
    char *at = news + strlen(news);
    assert_true(at + 8 < news + NEWS_MAX);
    if (need->is_asked_for)
        *at++ = need->takes_over ? 'T' : 'A';
    if (need->is_published)
        *at++ = need->is_copy ? 'c' : 'p';
    if (need->is_wanted)
        *at++ = 'w';
    *at++ = ' ';
    *at = '\0';
}

static const char *on_where(void *user, struct ph_loop *desk, const struct ph_path *path)
{
    (void)user, (void)desk;
    assert_string_equal(path->text, "live/cam");
    return place;
}

/* As a relay does: what somebody wants, and some server has or may have, is being fetched. */
static bool finder_changed(void *user, struct ph_loop *desk, const struct ph_stream_need *need)
{
    (void)user, (void)desk;
    const char *where = ph_media_where(stage_media, need->path);
    return need->is_wanted && !need->is_live && (!where || where[0]);
}

static int set_up(void **state)
{
    static const struct ph_locator locator = {.changed = on_changed, .where = on_where};
    static const struct ph_finder finder = {.changed = finder_changed};
    first = second = (struct actor){0};
    seat = (struct seat){0};
    news[0] = answers[0] = '\0';
    place = "";
    stage_open(*(const unsigned *)*state, NULL, false);
    ph_media_set_locator(stage_media, &locator);
    ph_media_set_finder(stage_media, &finder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (seat.conn)
        seat_close(&seat);
    actor_close(&first);
    actor_close(&second);
    stage_close();
    return 0;
}

static void open_actor(struct actor *actor, bool takes_over, bool is_copy)
{
    struct ph_publish_request request = actor_request(actor, "live/cam");
    request.takeover = takes_over;
    request.is_copy = is_copy;
    actor_open(actor, 0, &request);
    stage_settle();
}

static void admit(bool may)
{
    struct ph_path path = stage_path("live/cam");
    ph_media_admit(stage_media, &path, may);
    stage_settle();
}

static void evict(void)
{
    struct ph_path path = stage_path("live/cam");
    ph_media_evict(stage_media, &path);
    stage_settle();
}

static void move_to(const char *where)
{
    struct ph_path path = stage_path("live/cam");
    place = where;
    ph_media_located(stage_media, &path);
    stage_settle();
}

static void on_answer(struct ph_media_question *asked, bool is_alive)
{
    assert_ptr_equal(asked, &question);
    size_t n = strlen(answers);
    answers[n] = is_alive ? 'a' : 'g';
    answers[n + 1] = '\0';
}

static void ask(void)
{
    question = (struct ph_media_question){.path = stage_path("live/cam"), .done = on_answer};
    assert_int_equal(ph_media_ask(stage_media, &question), 0);
    stage_settle();
}

static void a_publisher_waits_to_be_admitted(void **state)
{
    (void)state;
    open_actor(&first, false, false);
    assert_string_equal(first.events, "");
    assert_string_equal(news, "A ");
    open_actor(&second, false, false); /* one at a time */
    assert_string_equal(second.events, "d");
    admit(true);
    assert_string_equal(first.events, "g");
    assert_string_equal(news, "A p ");
    admit(false); /* nobody waits any more */
    assert_string_equal(first.events, "g");
    actor_close(&first);
    stage_settle();
    assert_string_equal(news, "A p  ");
}

static void a_publisher_may_be_refused(void **state)
{
    (void)state;
    open_actor(&first, true, false);
    assert_string_equal(news, "T ");
    admit(false);
    assert_string_equal(first.events, "d");
    assert_string_equal(news, "T  ");
}

static void who_leaves_before_the_answer_is_forgotten(void **state)
{
    (void)state;
    open_actor(&first, false, false);
    actor_close(&first);
    stage_settle();
    assert_string_equal(news, "A  ");
    admit(true);
    open_actor(&second, false, false);
    assert_string_equal(second.events, "");
    admit(true);
    assert_string_equal(second.events, "g");
}

static void the_present_one_is_probed_after_the_admission(void **state)
{
    (void)state;
    open_actor(&first, false, false);
    admit(true);
    open_actor(&second, false, false);
    assert_string_equal(first.events, "g");
    admit(true);
    assert_string_equal(first.events, "gp");
    ph_publisher_alive(first.publisher);
    stage_settle();
    assert_string_equal(second.events, "d");
}

/* Its publisher leaves while the newcomer waits for the locator: it still waits. */
static void a_lost_publisher_does_not_admit(void **state)
{
    (void)state;
    open_actor(&first, false, false);
    admit(true);
    open_actor(&second, false, false);
    actor_close(&first);
    stage_wait_ms(100);
    assert_string_equal(second.events, "");
    admit(true);
    assert_string_equal(second.events, "g");
}

static void a_copy_asks_nobody_and_is_not_sent_away(void **state)
{
    (void)state;
    open_actor(&first, false, true);
    assert_string_equal(first.events, "g");
    assert_string_equal(news, "c ");
    evict();
    assert_string_equal(first.events, "g");
}

static void who_has_lost_the_stream_is_sent_away(void **state)
{
    (void)state;
    open_actor(&first, false, false);
    admit(true);
    evict();
    assert_string_equal(first.events, "ge");
    assert_string_equal(news, "A p  ");
    evict(); /* nobody is there */
}

static void questions_hear_what_a_newcomer_would(void **state)
{
    (void)state;
    ask();
    assert_string_equal(answers, "g");
    open_actor(&first, false, false);
    admit(true);
    ask();
    assert_string_equal(first.events, "gp");
    ph_publisher_alive(first.publisher);
    stage_settle();
    assert_string_equal(answers, "ga");
    assert_string_equal(first.events, "gp");
    ask(); /* and no sign of life */
    stage_wait_ms(2900);
    assert_string_equal(answers, "ga");
    stage_wait_ms(200);
    assert_string_equal(first.events, "gppe");
    assert_string_equal(answers, "gag");
}

/* A question must not change what viewers see: the lost publisher may still return unnoticed. */
static void a_question_leaves_the_linger_alone(void **state)
{
    (void)state;
    open_actor(&first, false, false);
    admit(true);
    seat_open(&seat, 0, "live/cam");
    actor_write_second(&first, 0, true, 100);
    seat_drain(&seat);
    actor_close(&first);
    stage_wait_ms(500);
    ask();
    assert_string_equal(answers, "g");
    stage_wait_ms(400);
    assert_string_equal(seat.events, "j");
    stage_wait_ms(200);
    assert_string_equal(seat.events, "ja");
}

static void nobody_is_told_absent_while_it_is_looked_for(void **state)
{
    (void)state;
    place = NULL;
    seat_open(&seat, 0, "live/cam");
    stage_wait_ms(100);
    assert_string_equal(seat.events, "");
    move_to("rtmp://10.0.0.2:1935");
    stage_wait_ms(100);
    assert_string_equal(seat.events, "");
    move_to("");
    assert_string_equal(seat.events, "a");
    assert_string_equal(news, "w ");
}

static void an_open_question_is_freed_with_the_media(void **state)
{
    (void)state;
    open_actor(&first, false, false);
    admit(true);
    ask();
    assert_string_equal(answers, "");
}

#define WITH(workers, test) cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, &workers)

int main(void)
{
    static unsigned one = 1, three = 3;
    const struct CMUnitTest tests[] = {
        WITH(one, a_publisher_waits_to_be_admitted),
        WITH(three, a_publisher_waits_to_be_admitted),
        WITH(one, a_publisher_may_be_refused),
        WITH(one, who_leaves_before_the_answer_is_forgotten),
        WITH(three, the_present_one_is_probed_after_the_admission),
        WITH(one, a_lost_publisher_does_not_admit),
        WITH(one, a_copy_asks_nobody_and_is_not_sent_away),
        WITH(three, who_has_lost_the_stream_is_sent_away),
        WITH(three, questions_hear_what_a_newcomer_would),
        WITH(one, a_question_leaves_the_linger_alone),
        WITH(one, nobody_is_told_absent_while_it_is_looked_for),
        WITH(one, an_open_question_is_freed_with_the_media),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
