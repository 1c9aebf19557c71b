/* SPDX-License-Identifier: MIT */
#include "../base/test.h"

#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/listener.h"

enum { HANG_MS = 20000 };

static struct ph_loops *loops;
static struct ph_admission admission;
static struct ph_listener *listener;
static struct ph_log *logger;
static atomic_uint n_on_loop[2], n_closed, n_lines;

/* Echoes; "A" authorises, "Q" says "bye" and closes. */
struct echo {
    struct ph_conn *conn;
};

static struct echo echoes[4096];
static atomic_uint n_echoes;

static size_t echo_read(void *user, const uint8_t *data, size_t length)
{
    struct echo *echo = user;
    struct iovec iov = {(void *)(uintptr_t)data, length};
    size_t accepted = 0;
    if (data[0] == 'A')
        ph_conn_authorise(echo->conn);
    if (ph_conn_write(echo->conn, &iov, 1, &accepted))
        return length;
    if (data[0] == 'Q')
        ph_conn_close(echo->conn, PH_CLOSE_DONE);
    return length;
}

static void echo_close(void *user, enum ph_close reason)
{
    (void)user, (void)reason;
    atomic_fetch_add(&n_closed, 1);
}

static const struct ph_conn_handler echo_handler = {.on_read = echo_read, .on_close = echo_close};

static void on_conn(void *user, struct ph_conn *conn)
{
    (void)user;
    struct echo *echo = &echoes[atomic_fetch_add(&n_echoes, 1)];
    echo->conn = conn;
    assert_true(ph_loop_is_owner(ph_conn_loop(conn)));
    atomic_fetch_add(&n_on_loop[ph_conn_loop(conn)->index], 1);
    ph_conn_handle(conn, &echo_handler, echo);
}

static void count_line(void *user, const char *line, size_t length)
{
    (void)user, (void)line, (void)length;
    atomic_fetch_add(&n_lines, 1);
}

static int begin(struct ph_admission_limits limits)
{
    static const struct ph_hash_seed seed = {{9}};
    char error[256];
    atomic_store(&n_on_loop[0], 0);
    atomic_store(&n_on_loop[1], 0);
    atomic_store(&n_closed, 0);
    atomic_store(&n_echoes, 0);
    atomic_store(&n_lines, 0);
    struct ph_log_options log_options = {.level = PH_LOG_INFO, .sink = count_line};
    assert_int_equal(ph_log_create(&log_options, &logger), 0);
    ph_admission_init(&admission, &limits, &seed);
    struct ph_loops_options options = {.n = 2, .name = "test"};
    assert_int_equal(ph_loops_create(&options, &loops), 0);
    struct ph_listener_options door = {.name = "media",
                                       .address = "127.0.0.1:0",
                                       .loop = &loops->loop[0],
                                       .workers = loops,
                                       .admission = &admission,
                                       .log = logger,
                                       .on_conn = on_conn};
    assert_int_equal(ph_listener_open(&door, &listener, error, sizeof error), 0);
    assert_int_equal(ph_loops_start(loops), 0);
    return 0;
}

static void end(void)
{
    ph_loops_stop(loops);
    assert_int_equal(atomic_load(&n_closed), atomic_load(&n_echoes));
    assert_int_equal(admission.n, 0); /* every ticket came home */
    ph_listener_close(listener);
    ph_loops_destroy(loops);
    ph_admission_finish(&admission);
    ph_log_destroy(logger);
}

static int call(void)
{
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    const struct ph_address *address = ph_listener_address(listener);
    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, &address->as.any, ph_address_length(address)), 0);
    return descriptor;
}

/* One byte there and back; false when the server has closed. */
static bool talk(int descriptor, char byte)
{
    char back = 0;
    struct pollfd wait = {descriptor, POLLIN, 0};
    if (send(descriptor, &byte, 1, MSG_NOSIGNAL) != 1)
        return false;
    assert_int_equal(poll(&wait, 1, HANG_MS), 1);
    return recv(descriptor, &back, 1, 0) == 1 && back == byte;
}

static bool is_closed_by_server(int descriptor)
{
    char byte;
    struct pollfd wait = {descriptor, POLLIN, 0};
    assert_int_equal(poll(&wait, 1, HANG_MS), 1);
    return recv(descriptor, &byte, 1, 0) <= 0;
}

static void connections_spread_over_the_workers(void **state)
{
    (void)state;
    enum { N = 40 };
    int calls[N];
    begin(ph_admission_defaults(20000));
    for (int i = 0; i < N; i++) {
        calls[i] = call();
        assert_true(talk(calls[i], 'x'));
    }
    assert_int_equal(atomic_load(&n_on_loop[0]), N / 2);
    assert_int_equal(atomic_load(&n_on_loop[1]), N / 2);
    for (int i = 0; i < N; i += 2) {
        assert_true(talk(calls[i], 'Q'));
        assert_true(is_closed_by_server(calls[i]));
    }
    for (int i = 0; i < N; i++)
        close(calls[i]);
    end();
}

static void beyond_the_total_callers_are_closed(void **state)
{
    (void)state;
    struct ph_admission_limits limits = ph_admission_defaults(20000);
    limits.total = 4;
    limits.new_percent = 100;
    begin(limits);
    int calls[4];
    for (int i = 0; i < 4; i++) {
        calls[i] = call();
        assert_true(talk(calls[i], 'A'));
    }
    int fifth = call();
    assert_true(is_closed_by_server(fifth));
    close(fifth);
    for (int i = 0; i < 4; i++)
        assert_true(talk(calls[i], 'x'));
    for (int i = 0; i < 4; i++)
        close(calls[i]);
    end();
    assert_int_equal(admission.n_verdicts[PH_REFUSED_TOTAL], 1);
    assert_int_equal(atomic_load(&n_lines), 1);
}

static void the_oldest_stranger_is_closed(void **state)
{
    (void)state;
    struct ph_admission_limits limits = ph_admission_defaults(20000);
    limits.total = 8; /* two strangers */
    begin(limits);
    int known = call(), first = -1, second = -1, third = -1;
    assert_true(talk(known, 'A'));
    assert_true(talk((first = call()), 'x'));
    assert_true(talk((second = call()), 'x'));
    assert_true(talk((third = call()), 'x'));
    assert_true(is_closed_by_server(first));
    assert_true(talk(known, 'x'));
    assert_true(talk(second, 'x'));
    close(known);
    close(first);
    close(second);
    close(third);
    end();
    assert_int_equal(admission.n_evicted, 1);
}

static void churn_leaves_nothing(void **state)
{
    (void)state;
    begin(ph_admission_defaults(20000));
    for (int i = 0; i < 300; i++) {
        int descriptor = call();
        if (i % 3 == 0)
            assert_true(talk(descriptor, 'A'));
        if (i % 3 == 1)
            assert_int_equal(send(descriptor, "Q", 1, 0), 1);
        close(descriptor);
    }
    end(); /* checks that all have left */
}

static void at_the_descriptor_limit_it_rests_and_recovers(void **state)
{
    (void)state;
    begin(ph_admission_defaults(20000));
    int waiting = socket(AF_INET, SOCK_STREAM, 0), fillers[1024], n = 0;
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = (rlim_t)waiting + 8;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (n < 1024 && (fillers[n] = dup(waiting)) >= 0)
        n++;
    const struct ph_address *address = ph_listener_address(listener);
    assert_int_equal(connect(waiting, &address->as.any, ph_address_length(address)), 0);
    assert_true(is_closed_by_server(waiting)); /* told with the spare descriptor */
    for (int i = 0; i < n; i++)
        close(fillers[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    int later = call();
    assert_true(talk(later, 'x'));
    close(later);
    close(waiting);
    end();
    assert_int_equal(atomic_load(&n_lines), 1);
}

static void a_taken_port_is_explained(void **state)
{
    (void)state;
    begin(ph_admission_defaults(20000));
    ph_loops_stop(loops);
    char text[PH_ADDRESS_TEXT], error[256], expected[256];
    ph_address_text(ph_listener_address(listener), text);
    struct ph_listener_options door = {.name = "media", .address = text, .loop = &loops->loop[0], .workers = loops};
    struct ph_listener *other = NULL;
    assert_int_equal(ph_listener_open(&door, &other, error, sizeof error), -EADDRINUSE);
    snprintf(expected, sizeof expected,
             "%s is in use by another program (or another playhouse): stop it, or choose another address with "
             "--set listen.media.address=...",
             text);
    assert_string_equal(error, expected);
    door.address = "nonsense";
    assert_int_equal(ph_listener_open(&door, &other, error, sizeof error), -EINVAL);
    door.address = "192.0.2.1:1935";
    assert_int_equal(ph_listener_open(&door, &other, error, sizeof error), -EADDRNOTAVAIL);
    assert_non_null(strstr(error, "is not an address of this machine"));
    door.address = ":0";
    assert_int_equal(ph_listener_open(&door, &other, error, sizeof error), 0);
    ph_listener_close(other);
    end();
}

/* ---- dialling ---- */

static atomic_uint n_opened, dial_reason;
static struct ph_conn *dialled;

static void dial_open(void *user)
{
    (void)user;
    struct iovec iov = {(char[]){"x"}, 1};
    size_t accepted = 0;
    assert_int_equal(ph_conn_write(dialled, &iov, 1, &accepted), 0);
    assert_int_equal(accepted, 1);
    atomic_fetch_add(&n_opened, 1);
}

static size_t dial_read(void *user, const uint8_t *data, size_t length)
{
    (void)user;
    assert_int_equal(data[0], 'x');
    ph_conn_close(dialled, PH_CLOSE_DONE);
    return length;
}

static void dial_close(void *user, enum ph_close reason)
{
    *(bool *)user = true;
    atomic_store(&dial_reason, reason);
}

static const struct ph_conn_handler dialler = {.on_read = dial_read, .on_close = dial_close, .on_open = dial_open};

static void a_dialled_connection_opens_or_tells(void **state)
{
    (void)state;
    begin(ph_admission_defaults(20000));
    struct ph_loops *mine;
    struct ph_loops_options options = {.n = 1, .name = "mine"};
    assert_int_equal(ph_loops_create(&options, &mine), 0);
    bool closed = false;
    assert_int_equal(ph_conn_dial(&mine->loop[0], ph_listener_address(listener), &dialler, &closed, &dialled), 0);
    while (!closed)
        ph_loop_turn(&mine->loop[0], true);
    assert_int_equal(atomic_load(&n_opened), 1);
    assert_int_equal(atomic_load(&dial_reason), PH_CLOSE_DONE);

    int bound = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: refuses */
    struct ph_address nobody;
    socklen_t length = sizeof nobody.as;
    assert_int_equal(ph_address_parse("127.0.0.1:0", &nobody), 0);
    assert_int_equal(bind(bound, &nobody.as.any, ph_address_length(&nobody)), 0);
    assert_int_equal(getsockname(bound, &nobody.as.any, &length), 0);
    closed = false;
    assert_int_equal(ph_conn_dial(&mine->loop[0], &nobody, &dialler, &closed, &dialled), 0);
    while (!closed)
        ph_loop_turn(&mine->loop[0], true);
    assert_int_equal(atomic_load(&n_opened), 1);
    assert_int_equal(atomic_load(&dial_reason), PH_CLOSE_UNREACHABLE);
    close(bound);
    ph_loops_stop(mine);
    ph_loops_destroy(mine);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_spread_over_the_workers),
        cmocka_unit_test(beyond_the_total_callers_are_closed),
        cmocka_unit_test(the_oldest_stranger_is_closed),
        cmocka_unit_test(churn_leaves_nothing),
        cmocka_unit_test(at_the_descriptor_limit_it_rests_and_recovers),
        cmocka_unit_test(a_taken_port_is_explained),
        cmocka_unit_test(a_dialled_connection_opens_or_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
