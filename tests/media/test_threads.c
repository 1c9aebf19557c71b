/* SPDX-License-Identifier: MIT */
/*
 * Real threads, real sockets, real time: three workers, a stream that moves from one publisher to another, viewers
 * everywhere, in two forms, over TCP and socket pairs with small buffers, some that come and go all the time. The test
 * is about order and completeness, and gives a thread sanitizer something to watch.
 */
#include "stage.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 3, STEADY = 9, CHURNERS = 3, UNITS = 600, LATER = 100000 };

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

/* ---- publishers that write by themselves ---- */

struct writer {
    struct actor actor;
    struct ph_timer timer;
    unsigned worker;
    bool takeover;
    uint32_t first;
    atomic_bool done;
};

static struct writer writers[2];
static struct seat seats[STEADY];

static void write_some(struct ph_timer *timer)
{
    struct writer *writer = ph_container_of(timer, struct writer, timer);
    struct actor *actor = &writer->actor;
    for (int i = 0; i < 3 && strcmp(actor->events, "g") == 0 && actor->n_written < writer->first + UNITS; i++) {
        uint32_t k = actor->n_written - writer->first;
        bool header = k == 0, video = k % 2 == 0, key = k % 40 == 2;
        actor_write(actor, video ? PH_VIDEO : PH_AUDIO,
                    header ? PH_UNIT_HEADER
                    : key  ? PH_UNIT_KEY
                           : 0,
                    k * 5, key ? 20000 : 200 + k % 700);
    }
    if (actor->n_written == writer->first + UNITS)
        atomic_store(&writer->done, true);
    else
        ph_timer_start(&stage_loops->loop[writer->worker], timer, 1000);
}

static void start_writer(void *argument)
{
    struct writer *writer = argument;
    struct ph_publish_request request = actor_request(&writer->actor, "live/cam");
    request.takeover = writer->takeover;
    request.lag_ms = 100000;
    request.latency_ms = writer->takeover ? 5 : -1;
    writer->actor.n_written = writer->first;
    actor_open(&writer->actor, writer->worker, &request);
    ph_timer_init(&writer->timer, write_some);
    write_some(&writer->timer);
}

static void stop_writer(void *argument)
{
    struct writer *writer = argument;
    actor_close(&writer->actor);
}

/* ---- viewers ---- */

static void tcp_pair(int pair[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), small = 8192;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    pair[1] = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(connect(pair[1], (struct sockaddr *)&address, length), 0);
    pair[0] = accept(listener, NULL, NULL);
    assert_true(pair[0] >= 0);
    close(listener);
}

static void open_steady(void *argument)
{
    struct seat *seat = argument;
    seat_open(seat, seat->worker, "live/cam");
}

static void connect_seat(void *argument)
{
    struct seat *seat = argument;
    int pair[2];
    if (seat->over_tcp)
        tcp_pair(pair);
    else
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    seat_adopt(seat, seat->worker, pair, 6000);
}

/* ---- viewers that come and go, pause, and leave things out ---- */

struct churner {
    struct seat seat;
    struct ph_timer timer;
    unsigned step;
};

static struct churner churners[CHURNERS];
static atomic_bool calm;

static void churn(struct ph_timer *timer)
{
    struct churner *churner = ph_container_of(timer, struct churner, timer);
    struct seat *seat = &churner->seat;
    if (atomic_load(&calm) || seat->closed)
        return;
    memset(seat->events, 0, sizeof seat->events);
    switch (churner->step++ % 8) {
    case 0:
        seat_open(seat, seat->worker, "live/cam");
        break;
    case 2:
        ph_viewer_pause(seat->viewer, true);
        break;
    case 3:
        ph_viewer_pause(seat->viewer, false);
        break;
    case 5:
        ph_viewer_receive(seat->viewer, PH_VIDEO, churner->step & 8);
        break;
    case 7:
        ph_viewer_close(seat->viewer);
        seat->viewer = NULL;
        break;
    default:
        break;
    }
    ph_timer_start(&stage_loops->loop[seat->worker], timer, 1000 + churner->step % 5 * 700);
}

static void start_churner(void *argument)
{
    struct churner *churner = argument;
    connect_seat(&churner->seat);
    ph_timer_init(&churner->timer, churn);
    churn(&churner->timer);
}

/* ---- reading ---- */

static bool has_last_of_first(void)
{
    for (int i = 0; i < STEADY; i++)
        if (!seats[i].n_seen || seats[i].seen[seats[i].n_seen - 1].number != UNITS - 1)
            return false;
    return true;
}

static bool has_last_of_second(void)
{
    for (int i = 0; i < STEADY; i++)
        if (!seats[i].n_seen || seats[i].seen[seats[i].n_seen - 1].number != LATER + UNITS - 1)
            return false;
    return true;
}

/* Read from everybody, in bites of all sizes, until `enough` or half a minute has passed. */
static bool read_until(bool (*enough)(void))
{
    struct pollfd polls[STEADY + CHURNERS];
    for (int round = 0; round < 30000 && !enough(); round++) {
        for (int i = 0; i < STEADY + CHURNERS; i++)
            polls[i] = (struct pollfd){i < STEADY ? seats[i].peer : churners[i - STEADY].seat.peer, POLLIN, 0};
        poll(polls, STEADY + CHURNERS, 1);
        for (int i = 0; i < STEADY + CHURNERS; i++)
            if (polls[i].revents && rand() % 4)
                seat_read(i < STEADY ? &seats[i] : &churners[i - STEADY].seat, 1 + (size_t)rand() % 9000);
    }
    return enough();
}

/* The numbers that one epoch gave: its header, then from some key frame on every unit to the last. */
static size_t expect_epoch(const struct seat *seat, size_t i, uint32_t first)
{
    assert_int_equal(seat->seen[i].number, first);
    i++;
    if (seat->seen[i].number != first + 1)
        assert_int_equal(seat->seen[i].flags, PH_UNIT_KEY);
    for (uint32_t number = seat->seen[i].number; number < first + UNITS; number++, i++) {
        assert_true(i < seat->n_seen);
        assert_int_equal(seat->seen[i].number, number);
    }
    return i;
}

static void a_stream_moves_between_workers(void **state)
{
    (void)state;
    srand(11);
    stage_open(WORKERS, NULL, true);
    for (unsigned i = 0; i < STEADY; i++) {
        seats[i].worker = i % WORKERS;
        seats[i].over_tcp = i % 2;
        seats[i].wide = i / WORKERS == 1;
        on_worker(i % WORKERS, connect_seat, &seats[i]);
        on_worker(i % WORKERS, open_steady, &seats[i]);
    }
    for (unsigned i = 0; i < CHURNERS; i++) {
        churners[i].seat.worker = i % WORKERS;
        churners[i].seat.over_tcp = true;
        on_worker(i % WORKERS, start_churner, &churners[i]);
    }
    writers[0] = (struct writer){.worker = 0};
    writers[1] = (struct writer){.worker = 1, .takeover = true, .first = LATER};
    on_worker(0, start_writer, &writers[0]);
    assert_true(read_until(has_last_of_first));
    on_worker(1, start_writer, &writers[1]);
    assert_true(read_until(has_last_of_second));
    atomic_store(&calm, true);
    on_worker(0, stop_writer, &writers[0]);
    on_worker(1, stop_writer, &writers[1]);
    stage_close();

    assert_true(atomic_load(&writers[0].done) && atomic_load(&writers[1].done));
    assert_string_equal(writers[0].actor.events, "ge");
    for (int i = 0; i < STEADY; i++) {
        size_t end = expect_epoch(&seats[i], 0, 0);
        assert_int_equal(expect_epoch(&seats[i], end, LATER), seats[i].n_seen);
        assert_true(seats[i].closed);
        seat_free(&seats[i]);
    }
    for (int i = 0; i < CHURNERS; i++) {
        assert_true(churners[i].seat.n_seen > 0);
        seat_free(&churners[i].seat);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_stream_moves_between_workers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
