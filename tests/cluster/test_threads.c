/* SPDX-License-Identifier: MIT */
/*
 * Real threads: publishers and questions come and go on three workers, in a hurry, while an engine answers late and
 * whatever comes to its mind, breaks, and tells of other servers. In the end everybody has left, and nothing is
 * remembered anywhere; a thread sanitizer watches the letters between desks and home.
 */
#include "../media/stage.h"

#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster/home.h"

enum { WORKERS = 3, ACTORS = 48, PATHS = 7, TURNS = 200, HANG_S = 120 };

static struct ph_log *log_book;
static struct ph_cluster *cluster;

/* ---- an engine that answers from its own loop after a moment ---- */

static struct {
    struct ph_engine base;
    struct ph_engine_request *late; /* the newest first */
    struct ph_timer timer;
    unsigned dice;
    uint64_t epoch;
    bool is_tame; /* it answers as it should */
} engine;

static unsigned dice(unsigned sides)
{
    engine.dice = engine.dice * 1103515245 + 12345;
    return (engine.dice >> 16) % sides;
}

static void set_answer(struct ph_engine_request *request)
{
    static const enum ph_engine_answer odd[] = {PH_ENGINE_HELD, PH_ENGINE_EARLY, PH_ENGINE_LAPSED, PH_ENGINE_LOST,
                                                PH_ENGINE_NOWHERE};
    bool is_odd = !engine.is_tame && dice(4) == 0;
    request->answer = is_odd ? odd[dice(5)] : PH_ENGINE_DONE;
    request->was_alive = engine.is_tame || dice(4);
    request->wait_ms = dice(3);
    request->holder[0] = request->where[0] = '\0';
    if (request->answer == PH_ENGINE_HELD || (request->verb == PH_ENGINE_FIND && dice(2))) {
        memcpy(request->holder, "b.1", 4);
        memcpy(request->where, "rtmp://b", 9);
    }
    if (request->answer == PH_ENGINE_HELD || !request->epoch)
        request->epoch = ++engine.epoch;
}

static void tell_something(void)
{
    char path[16];
    snprintf(path, sizeof path, "live/%u", dice(PATHS));
    const struct ph_engine_news news = {.path = path, .epoch = ++engine.epoch, .holder = "b.1", .where = "rtmp://b"};
    struct note note = {.verb = (enum note_verb)dice(4), .from = "b.1", .epoch = engine.epoch};
    char text[NOTE_TEXT];
    switch (dice(8)) {
    case 0:
        home_events.news(cluster, &news);
        break;
    case 1:
        home_events.down(cluster, "test");
        home_events.up(cluster);
        break;
    case 2:
        memcpy(note.path, path, sizeof path);
        memcpy(note.to, cluster->id, sizeof note.to);
        note_write(&note, cluster->key, text);
        home_events.message(cluster, text);
        break;
    default:
        break;
    }
}

static void on_timer(struct ph_timer *timer)
{
    struct ph_engine_request *late = engine.late;
    engine.late = NULL;
    while (late) {
        struct ph_engine_request *request = late;
        late = request->next;
        set_answer(request);
        request->done(request);
    }
    if (!engine.is_tame)
        tell_something();
    ph_timer_start(cluster->home, timer, 1000);
}

static void on_ask(struct ph_engine *base, struct ph_engine_request *request)
{
    (void)base;
    assert_true(ph_loop_is_owner(cluster->home));
    request->next = engine.late;
    engine.late = request;
}

static void on_close(struct ph_engine *base) { (void)base; }

/* ---- publishers ---- */

struct churner {
    struct actor actor;
    struct ph_timer timer;
    unsigned worker, path, n_turns, seed;
    bool is_open;
};

static struct churner churners[ACTORS];
static atomic_uint n_done;

static void turn(struct ph_timer *timer)
{
    struct churner *churner = ph_container_of(timer, struct churner, timer);
    char path[16];
    churner->seed = churner->seed * 1103515245 + 12345;
    if (churner->is_open) {
        actor_close(&churner->actor);
    } else {
        snprintf(path, sizeof path, "live/%u", churner->path);
        struct ph_publish_request request = actor_request(&churner->actor, path);
        request.linger_ms = 5;
        request.takeover = churner->seed % 8 == 0;
        churner->actor.events[0] = '\0';
        actor_open(&churner->actor, churner->worker, &request);
    }
    churner->is_open = !churner->is_open;
    if (++churner->n_turns == TURNS)
        atomic_fetch_add(&n_done, 1);
    else
        ph_timer_start(&stage_loops->loop[churner->worker], timer, (churner->seed >> 16) % 16 * 1000);
}

/* ---- doing something on a loop's thread ---- */

struct job {
    struct ph_mail mail;
    void (*run)(void *argument);
    void *argument;
    sem_t done;
};

static void run_job(struct ph_mail *mail)
{
    struct job *job = ph_container_of(mail, struct job, mail);
    job->run(job->argument);
    sem_post(&job->done);
}

static void on_worker(unsigned worker, void (*run)(void *argument), void *argument)
{
    struct job job = {.mail = {.deliver = run_job}, .run = run, .argument = argument};
    sem_init(&job.done, 0, 0);
    ph_loop_post(&stage_loops->loop[worker], &job.mail);
    while (sem_wait(&job.done) < 0)
        continue;
    sem_destroy(&job.done);
}

static void begin(void *argument)
{
    (void)argument;
    home_begin(cluster, &engine.base);
    home_events.up(cluster);
    ph_timer_init(&engine.timer, on_timer);
    on_timer(&engine.timer);
}

static void tame(void *argument)
{
    (void)argument;
    engine.is_tame = true;
}

static void start(void *argument)
{
    struct churner *churner = argument;
    ph_timer_init(&churner->timer, turn);
    turn(&churner->timer);
}

static void count_home(void *argument) { *(size_t *)argument = cluster->spots.n + cluster->n_claims; }

static void count_desk(void *argument)
{
    size_t *n = argument;
    *n = cluster->desks[*n].spots.n;
}

static size_t remembered(void)
{
    size_t n, all = 0;
    on_worker(0, count_home, &all);
    for (unsigned i = 0; i < WORKERS; i++) {
        n = i;
        on_worker(i, count_desk, &n);
        all += n;
    }
    return all;
}

static void nothing_is_left_behind(void **state)
{
    const char *why;
    (void)state;
    struct ph_log_options quiet = {.level = PH_LOG_ERROR, .descriptor = 2};
    engine.base = (struct ph_engine){.ask = on_ask, .close = on_close};
    engine.dice = 1;
    stage_open(WORKERS, NULL, true);
    assert_int_equal(ph_log_create(&quiet, &log_book), 0);
    const struct ph_cluster_options options = {.workers = stage_loops,
                                               .media = stage_media,
                                               .log = log_book,
                                               .url = "redis://127.0.0.1",
                                               .name = "me",
                                               .address = "10.0.0.1:1935",
                                               .parent = "",
                                               .key = "key of the servers of this test, which is long enough"};
    assert_int_equal(ph_cluster_create(&options, &cluster, &why), 0);
    on_worker(0, begin, NULL);
    for (unsigned i = 0; i < ACTORS; i++) {
        churners[i] = (struct churner){.worker = i % WORKERS, .path = i % PATHS, .seed = i + 1};
        on_worker(i % WORKERS, start, &churners[i]);
    }
    for (int i = 0; atomic_load(&n_done) < ACTORS && i < HANG_S * 100; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&n_done), ACTORS);
    on_worker(0, tame, NULL);
    for (int i = 0; remembered() && i < HANG_S * 100; i++)
        usleep(10000);
    assert_int_equal(remembered(), 0);
    ph_loops_stop(stage_loops);
    for (unsigned i = 0; i < ACTORS; i++)
        assert_null(churners[i].actor.publisher);
    ph_cluster_destroy(cluster);
    stage_close();
    ph_log_destroy(log_book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left_behind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
