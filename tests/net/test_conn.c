/* SPDX-License-Identifier: MIT */
#include "../base/test.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "base/limits.h"
#include "net/conn.h"
#include "net/detect.h"
#include "net/unread.h"

static struct ph_clock test_clock;
static struct ph_loops *loops;
static struct ph_loop *loop;
static struct ph_conn *conn;
static int peer;

/* What the user of the connection saw, and how it behaves. */
static struct {
    char read[1 << 17];
    size_t n_read, most; /* takes at most so many bytes per call */
    unsigned n_calls, n_writable, n_closed, n_open;
    enum ph_close reason;
    bool close_in_read, in_read, nested;
} user;

static size_t on_read(void *unused, const uint8_t *data, size_t length)
{
    (void)unused;
    user.n_calls++;
    user.in_read = true;
    if (user.close_in_read)
        ph_conn_close(conn, PH_CLOSE_PROTOCOL);
    size_t n = length < user.most ? length : user.most;
    assert_true(user.n_read + n <= sizeof user.read);
    memcpy(user.read + user.n_read, data, n);
    user.n_read += n;
    user.in_read = false;
    return n;
}

static void on_writable(void *unused)
{
    (void)unused;
    user.n_writable++;
}

static void on_close(void *unused, enum ph_close reason)
{
    (void)unused;
    user.nested |= user.in_read;
    user.n_closed++;
    user.reason = reason;
}

static void on_open(void *unused)
{
    (void)unused;
    user.n_open++;
}

static const struct ph_conn_handler handler = {
    .on_read = on_read, .on_writable = on_writable, .on_close = on_close, .on_open = on_open};

static int set_up(void **state)
{
    (void)state;
    test_clock = make_test_clock();
    struct ph_loops_options options = {.n = 1, .name = "test", .clock = &test_clock};
    if (ph_loops_create(&options, &loops))
        return -1;
    loop = &loops->loop[0];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return -1;
    peer = ends[0];
    memset(&user, 0, sizeof user);
    user.most = SIZE_MAX;
    struct ph_address nowhere = {.as.v4.sin_family = AF_INET};
    return ph_conn_create(loop, ends[1], &nowhere, &handler, NULL, &conn);
}

/* Two connected sockets: the side that listened, the side that connected. */
static void make_tcp_pair(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &length), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&at, sizeof at), 0);
    ends[0] = accept(listener, NULL, NULL);
    assert_true(ends[0] >= 0);
    close(listener);
}

static int set_up_tcp(void **state)
{
    if (set_up(state))
        return -1;
    ph_conn_close(conn, PH_CLOSE_LOST);
    ph_loop_turn(loop, false);
    close(peer);
    memset(&user, 0, sizeof user);
    user.most = SIZE_MAX;
    int ends[2];
    make_tcp_pair(ends);
    peer = ends[1];
    struct ph_address nowhere = {.as.v4.sin_family = AF_INET};
    return ph_conn_create(loop, ends[0], &nowhere, &handler, NULL, &conn);
}

static int tear_down(void **state)
{
    (void)state;
    close(peer);
    ph_loops_stop(loops);
    ph_loops_destroy(loops);
    return 0;
}

static void say(const char *text) { assert_int_equal(send(peer, text, strlen(text), 0), strlen(text)); }

static void turn(void) { ph_loop_turn(loop, false); }

static void bytes_come_in(void **state)
{
    (void)state;
    say("hello");
    turn();
    assert_int_equal(user.n_read, 5);
    assert_int_equal(ph_conn_bytes_in(conn), 5);
    turn();
    assert_int_equal(user.n_calls, 1);
}

static void what_is_not_used_is_shown_again(void **state)
{
    (void)state;
    user.most = 2;
    say("abcde");
    turn();
    assert_int_equal(user.n_read, 2);
    turn();
    assert_int_equal(user.n_calls, 1); /* not before something changes */
    say("f");
    turn();
    assert_int_equal(user.n_read, 4);
    user.most = SIZE_MAX;
    ph_conn_resume(conn);
    turn();
    assert_memory_equal(user.read, "abcdef", 6);
    assert_int_equal(user.n_read, 6);
}

static void a_full_hold_stops_reading(void **state)
{
    (void)state;
    static char block[16384];
    memset(block, 'x', sizeof block);
    user.most = 0;
    size_t sent = 0;
    for (int i = 0; i < 100; i++) {
        ssize_t n = send(peer, block, sizeof block, MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
        turn();
    }
    assert_true(sent > PH_LIMIT_HOLD_BYTES);
    assert_int_equal(ph_conn_bytes_in(conn), PH_LIMIT_HOLD_BYTES);
    user.most = PH_LIMIT_HOLD_BYTES;
    ph_conn_resume(conn);
    turn();
    assert_int_equal(user.n_read, PH_LIMIT_HOLD_BYTES);
    turn();
    assert_true(user.n_read > PH_LIMIT_HOLD_BYTES);
}

static void a_dying_peer_is_seen_behind_a_full_hold(void **state)
{
    (void)state;
    static char block[PH_LIMIT_HOLD_BYTES];
    user.most = 0;
    size_t sent = 0;
    while (sent < sizeof block) {
        ssize_t n = send(peer, block, sizeof block - sent, MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
        turn();
    }
    turn();
    assert_int_equal(user.n_closed, 0);
    shutdown(peer, SHUT_RDWR);
    turn();
    assert_int_equal(user.n_closed, 1);
    assert_int_equal(user.reason, PH_CLOSE_PEER);
}

static void a_short_write_waits_for_room(void **state)
{
    (void)state;
    static char block[1 << 20];
    struct iovec iov[2] = {{block, sizeof block}, {block, sizeof block}};
    size_t accepted = 0;
    assert_int_equal(ph_conn_write(conn, iov, 2, &accepted), 0);
    assert_true(accepted > 0 && accepted < 2 * sizeof block);
    assert_true(ph_conn_is_blocked(conn));
    assert_int_equal(ph_conn_promised(conn), 0);
    uint64_t blocked_us = ph_conn_blocked_since_us(conn);
    assert_true(blocked_us > 0);
    turn();
    test_now_us += 1000;
    assert_int_equal(user.n_writable, 0);
    for (size_t got = 0; got < accepted;) {
        ssize_t n = recv(peer, block, sizeof block, 0);
        assert_true(n > 0);
        got += (size_t)n;
    }
    turn();
    turn();
    assert_int_equal(user.n_writable, 1);
    assert_false(ph_conn_is_blocked(conn));
    assert_int_equal(ph_conn_bytes_out(conn), accepted);
}

static void the_peer_leaves(void **state)
{
    (void)state;
    say("bye");
    shutdown(peer, SHUT_WR);
    turn();
    turn();
    assert_int_equal(user.n_read, 3);
    assert_int_equal(user.n_closed, 1);
    assert_int_equal(user.reason, PH_CLOSE_PEER);
    turn();
    assert_int_equal(atomic_load(&loop->n_conns), 0);
    assert_int_equal(user.n_closed, 1);
}

/* What the peer said before it left in a hurry, with our words unread, is heard; the end comes after it. */
static void the_last_words_of_a_reset_peer_are_heard(void **state)
{
    (void)state;
    struct iovec iov = {(char[]){"unread"}, 6};
    size_t accepted = 0;
    assert_int_equal(ph_conn_write(conn, &iov, 1, &accepted), 0);
    say("good");
    say("bye.");
    close(peer);
    peer = -1;
    for (int i = 0; i < 4; i++)
        turn();
    assert_int_equal(user.n_read, 8);
    assert_memory_equal(user.read, "goodbye.", 8);
    assert_int_equal(user.n_closed, 1);
    assert_int_equal(user.reason, PH_CLOSE_LOST);
}

/* The same when we find out by writing. */
static void a_failed_write_does_not_hide_last_words(void **state)
{
    (void)state;
    struct iovec iov = {(char[]){"unread"}, 6};
    size_t accepted = 0;
    assert_int_equal(ph_conn_write(conn, &iov, 1, &accepted), 0);
    say("goodbye.");
    close(peer);
    peer = -1;
    assert_true(ph_conn_write(conn, &iov, 1, &accepted) < 0);
    assert_int_equal(ph_conn_write(conn, &iov, 1, &accepted), -EPIPE);
    assert_int_equal(user.n_closed, 0);
    turn();
    turn();
    assert_memory_equal(user.read, "goodbye.", 8);
    assert_int_equal(user.n_closed, 1);
    assert_int_equal(user.reason, PH_CLOSE_LOST);
}

static void the_end_comes_once_from_a_fresh_stack(void **state)
{
    (void)state;
    user.close_in_read = true;
    say("x");
    turn();
    assert_int_equal(user.n_closed, 1);
    assert_int_equal(user.reason, PH_CLOSE_PROTOCOL);
    assert_false(user.nested);
}

static void after_close_there_is_silence(void **state)
{
    (void)state;
    struct iovec iov = {(char[]){"x"}, 1};
    size_t accepted = 0;
    say("x");
    ph_conn_close(conn, PH_CLOSE_KICKED);
    ph_conn_close(conn, PH_CLOSE_LIMIT);
    assert_int_equal(user.n_closed, 0);
    assert_int_equal(ph_conn_write(conn, &iov, 1, &accepted), -EPIPE);
    turn();
    assert_int_equal(user.n_calls, 0);
    assert_int_equal(user.n_closed, 1);
    assert_int_equal(user.reason, PH_CLOSE_KICKED);
}

static void last_words_are_delivered(void **state)
{
    (void)state;
    struct iovec iov = {(char[]){"reason"}, 6};
    size_t accepted = 0;
    char heard[16];
    assert_int_equal(ph_conn_write(conn, &iov, 1, &accepted), 0);
    ph_conn_close(conn, PH_CLOSE_REFUSED);
    turn();
    assert_int_equal(user.n_closed, 1);
    assert_int_equal(atomic_load(&loop->n_conns), 1); /* lingers */
    say("still talking");
    turn();
    assert_int_equal(recv(peer, heard, sizeof heard, 0), 6);
    assert_int_equal(recv(peer, heard, sizeof heard, 0), 0);
    test_now_us += PH_LIMIT_LINGER_MS * UINT64_C(1000);
    turn();
    assert_int_equal(atomic_load(&loop->n_conns), 0);
    assert_int_equal(user.n_calls, 0);
}

static void a_peer_that_does_not_read_is_reset(void **state)
{
    (void)state;
    ph_conn_close(conn, PH_CLOSE_STALLED);
    turn();
    assert_int_equal(user.reason, PH_CLOSE_STALLED);
    assert_int_equal(atomic_load(&loop->n_conns), 0);
}

/* ---- acknowledgements ---- */

static int unacknowledged(int descriptor)
{
    int n = 0;
    assert_int_equal(ioctl(descriptor, SIOCOUTQ, &n), 0);
    return n;
}

/* A plain pair of sockets has the same conversation, and shows how late the kernel would acknowledge by itself. */
static void first_questions_are_acknowledged_at_once(void **state)
{
    (void)state;
    int plain[2];
    char heard[16];
    make_tcp_pair(plain);
    struct iovec answer = {(char[]){"answer"}, 6};
    for (int round = 0; round < 3; round++) {
        size_t accepted = 0;
        assert_int_equal(send(plain[1], "question", 8, 0), 8);
        assert_int_equal(recv(plain[0], heard, sizeof heard, 0), 8);
        assert_int_equal(send(plain[0], "answer", 6, 0), 6);
        assert_int_equal(recv(plain[1], heard, sizeof heard, 0), 6);
        say("question");
        ph_loop_turn(loop, true);
        assert_int_equal(user.n_read, (round + 1) * 8);
        assert_int_equal(ph_conn_write(conn, &answer, 1, &accepted), 0);
        assert_int_equal(recv(peer, heard, sizeof heard, 0), 6);
    }
    assert_int_equal(send(plain[1], "statement", 9, 0), 9);
    say("statement");
    ph_loop_turn(loop, true);
    while (unacknowledged(peer))
        assert_true(unacknowledged(plain[1]));
    close(plain[0]);
    close(plain[1]);
}

/* ---- does the peer read ---- */

static void what_a_window_says(void **state)
{
    static const struct {
        const char *meaning;
        struct ph_window before, now;
        bool is_read;
    } rows[] = {
        {"all is read", {500000, 400000, 128, 10}, {600000, 400000, 128, 80}, true},
        {"half is read", {500000, 400000, 128, 10}, {550000, 350000, 128, 80}, true},
        {"a tenth is read", {500000, 400000, 128, 10}, {510000, 310000, 128, 80}, true},
        {"nothing is read", {500000, 400000, 128, 10}, {500000, 300000, 128, 80}, false},
        {"nothing is read, 30 announcements rounded up", {500000, 400000, 1024, 10}, {515000, 315000, 1024, 40}, false},
        {"half is read, 30 announcements rounded up", {500000, 400000, 1024, 10}, {565000, 365000, 1024, 40}, true},
        {"the count starts again at 0", {500000, 400000, 1024, UINT32_MAX}, {515000, 315000, 1024, 29}, false},
        {"it is shut", {500000, 300000, 128, 10}, {500000, 0, 128, 12}, false},
        {"it stays shut", {500000, 0, 128, 10}, {500000, 0, 128, 12}, true}, /* not more unread than before */
        {"little is sent, and read", {500000, 400000, 1024, 10}, {508000, 400000, 1024, 30}, true},
        {"nothing was known before", {0, 0, 0, 0}, {500000, 400000, 128, 10}, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (ph_unread_is_read(&rows[i].before, &rows[i].now) != rows[i].is_read)
            fail_msg("%s", rows[i].meaning);
}

/* ---- handing over ---- */

static char second_read[64];
static size_t n_second;

static size_t second_on_read(void *unused, const uint8_t *data, size_t length)
{
    (void)unused;
    memcpy(second_read + n_second, data, length);
    n_second += length;
    return length;
}

static const struct ph_conn_handler second = {.on_read = second_on_read, .on_close = on_close};
static int open_result, n_opened;

static int open_second(void *unused, struct ph_conn *opened)
{
    (void)unused;
    n_opened++;
    if (open_result == 0)
        ph_conn_handle(opened, &second, NULL);
    return open_result;
}

static const struct ph_protocol gates[] = {{"http", PH_WIRE_HTTP, open_second, NULL}};
static struct ph_protocols protocols = {gates, 1, NULL};

static int set_up_detect(void **state)
{
    n_second = 0;
    n_opened = open_result = 0;
    if (set_up(state))
        return -1;
    ph_detect_conn(&protocols, conn);
    return 0;
}

static void the_gate_gets_the_first_bytes(void **state)
{
    (void)state;
    say("PO");
    turn();
    assert_int_equal(n_opened, 0);
    say("ST / HTTP");
    turn();
    assert_int_equal(n_opened, 1);
    assert_memory_equal(second_read, "POST / HTTP", 11);
    assert_int_equal(n_second, 11);
    test_now_us += 2 * PH_LIMIT_FIRST_BYTE_MS * UINT64_C(1000); /* its deadline is over */
    turn();
    assert_int_equal(user.n_closed, 0);
}

static void is_closed(void)
{
    for (int i = 0; i < 3; i++)
        turn();
    assert_int_equal(atomic_load(&loop->n_conns), 0);
}

static void strange_bytes_are_closed(void **state)
{
    (void)state;
    say("\x16\x03\x01"); /* TLS, for which there is no gate here */
    is_closed();
}

static void a_gate_may_refuse(void **state)
{
    (void)state;
    open_result = -ENOMEM;
    say("GET /");
    is_closed();
    assert_int_equal(n_opened, 1);
}

static void silence_is_closed(void **state)
{
    (void)state;
    test_now_us += PH_LIMIT_FIRST_BYTE_MS * UINT64_C(1000) - 1;
    turn();
    assert_int_equal(atomic_load(&loop->n_conns), 1);
    test_now_us += 1;
    is_closed();
}

static void first_bytes_tell(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum ph_wire wire;
    } rows[] = {
        {"", PH_WIRE_MORE},        {"\x03", PH_WIRE_RTMP},       {"\x06zz", PH_WIRE_RTMP},  {"\x16\x03", PH_WIRE_TLS},
        {"G", PH_WIRE_MORE},       {"GET", PH_WIRE_MORE},        {"GET ", PH_WIRE_HTTP},    {"P", PH_WIRE_MORE},
        {"PATCH /", PH_WIRE_HTTP}, {"OPTIONS *", PH_WIRE_HTTP},  {"GETX", PH_WIRE_UNKNOWN}, {"get ", PH_WIRE_UNKNOWN},
        {"\x08", PH_WIRE_UNKNOWN}, {"SSH-2.0", PH_WIRE_UNKNOWN},
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++)
        assert_int_equal(ph_wire_detect((const uint8_t *)rows[i].bytes, strlen(rows[i].bytes)), rows[i].wire);
}

/* ---- a filter on top ---- */

struct upper {
    struct ph_filter filter;
    bool *destroyed;
    bool waits; /* for the peer's hello: takes nothing until something was read */
};

static int upper_read(struct ph_filter *filter, uint8_t *into, size_t cap, size_t *got)
{
    int err = filter->below->ops->read(filter->below, into, cap, got);
    for (size_t i = 0; !err && i < *got; i++)
        into[i] ^= 0x20;
    if (!err)
        ph_container_of(filter, struct upper, filter)->waits = false;
    return err;
}

static int upper_write(struct ph_filter *filter, const struct iovec *iov, int n, size_t *accepted)
{
    if (!ph_container_of(filter, struct upper, filter)->waits)
        return filter->below->ops->write(filter->below, iov, n, accepted);
    *accepted = 0;
    return 0;
}

static unsigned upper_wants(const struct ph_filter *filter)
{
    return ph_container_of(filter, const struct upper, filter)->waits ? PH_WANT_SILENCE : 0;
}

static size_t upper_promised(const struct ph_filter *filter)
{
    (void)filter;
    return 3;
}

static void upper_destroy(struct ph_filter *filter)
{
    struct upper *upper = ph_container_of(filter, struct upper, filter);
    *upper->destroyed = true;
    free(upper);
}

static const struct ph_filter_ops upper_ops = {.name = "upper",
                                               .read = upper_read,
                                               .write = upper_write,
                                               .promised = upper_promised,
                                               .wants = upper_wants,
                                               .destroy = upper_destroy};

static void filters_stack(void **state)
{
    (void)state;
    bool destroyed = false;
    struct upper *upper = calloc(1, sizeof *upper);
    assert_non_null(upper);
    upper->filter.ops = &upper_ops;
    upper->destroyed = &destroyed;
    ph_conn_push_filter(conn, &upper->filter);
    say("abc");
    turn();
    assert_memory_equal(user.read, "ABC", 3);
    assert_int_equal(ph_conn_promised(conn), 3);
    ph_conn_close(conn, PH_CLOSE_DONE);
    turn();
    assert_true(destroyed);
}

/* Room in the socket is no news to a user whose bytes wait for the peer. */
static void a_filter_may_wait_for_the_peer(void **state)
{
    (void)state;
    bool destroyed = false;
    size_t accepted;
    const struct iovec piece = {(char[]){"hello"}, 5};
    struct upper *upper = calloc(1, sizeof *upper);
    assert_non_null(upper);
    upper->filter.ops = &upper_ops;
    upper->destroyed = &destroyed;
    upper->waits = true;
    ph_conn_push_filter(conn, &upper->filter);
    assert_int_equal(ph_conn_write(conn, &piece, 1, &accepted), 0);
    assert_int_equal(accepted, 0);
    for (int i = 0; i < 5; i++)
        turn();
    assert_int_equal(user.n_writable, 0);
    say("x");
    for (int i = 0; i < 3; i++)
        turn();
    assert_int_equal(user.n_writable, 1);
    assert_int_equal(ph_conn_write(conn, &piece, 1, &accepted), 0);
    assert_int_equal(accepted, 5);
    ph_conn_close(conn, PH_CLOSE_LOST); /* the filter tells this function of its end */
    turn();
    assert_true(destroyed);
}

int main(void)
{
#define TEST(name, before) cmocka_unit_test_setup_teardown(name, before, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(bytes_come_in, set_up),
        TEST(what_is_not_used_is_shown_again, set_up),
        TEST(a_full_hold_stops_reading, set_up),
        TEST(a_dying_peer_is_seen_behind_a_full_hold, set_up),
        TEST(a_short_write_waits_for_room, set_up),
        TEST(the_peer_leaves, set_up),
        TEST(the_last_words_of_a_reset_peer_are_heard, set_up_tcp),
        TEST(a_failed_write_does_not_hide_last_words, set_up_tcp),
        TEST(the_end_comes_once_from_a_fresh_stack, set_up),
        TEST(after_close_there_is_silence, set_up),
        TEST(last_words_are_delivered, set_up),
        TEST(a_peer_that_does_not_read_is_reset, set_up),
        TEST(first_questions_are_acknowledged_at_once, set_up_tcp),
        cmocka_unit_test(what_a_window_says),
        TEST(filters_stack, set_up),
        TEST(a_filter_may_wait_for_the_peer, set_up),
        TEST(the_gate_gets_the_first_bytes, set_up_detect),
        TEST(strange_bytes_are_closed, set_up_detect),
        TEST(a_gate_may_refuse, set_up_detect),
        TEST(silence_is_closed, set_up_detect),
        cmocka_unit_test(first_bytes_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
