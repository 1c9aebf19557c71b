/* SPDX-License-Identifier: MIT */
/* Viewers whose sockets do not take everything at once, and outlets that carry more than one thing. */
#include "stage.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "media/viewing.h"
#include "net/filter.h"
#include "net/socket.h"

enum { SMALL = 4608 }; /* SO_SNDBUF: the least there is */

static struct actor actor, second_actor;
static struct seat seat, guest; /* the guest is a second viewer on the seat's connection */

static int set_up(void **state)
{
    (void)state;
    actor = second_actor = (struct actor){0};
    seat = guest = (struct seat){0};
    stage_open(2, NULL, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_viewer_close(guest.viewer);
    if (seat.conn)
        seat_close(&seat);
    actor_close(&actor);
    actor_close(&second_actor);
    stage_close();
    return 0;
}

static void open_seat(const char *path, uint32_t lag_ms)
{
    if (!seat.conn)
        seat_connect(&seat, 1, SMALL);
    struct ph_view_request request = seat_request(&seat, path);
    request.lag_ms = lag_ms;
    assert_int_equal(ph_viewer_open(stage_media, &stage_loops->loop[1], &request, &seat.viewer), 0);
    stage_settle();
}

static void open_guest(const char *path)
{
    struct ph_view_request request = seat_request(&guest, path);
    request.outlet = &seat.outlet;
    request.variant = 2; /* tells the two apart */
    assert_int_equal(ph_viewer_open(stage_media, &stage_loops->loop[1], &request, &guest.viewer), 0);
    stage_settle();
}

static struct ph_viewer_totals totals(void)
{
    struct ph_viewer_totals totals;
    ph_viewer_totals(seat.viewer, &totals);
    return totals;
}

static void any_pace_gives_the_same_bytes(void **state)
{
    (void)state;
    srand(7);
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    for (int i = 0; i < 200; i++) {
        actor_write(&actor, i % 3 ? PH_AUDIO : PH_VIDEO, i % 30 == 0 ? PH_UNIT_KEY : 0, i * 10,
                    4 + (size_t)rand() % (i % 10 ? 3000 : 40000));
        if (rand() % 3)
            stage_settle();
        if (rand() % 4 == 0)
            seat_status(&seat); /* statuses go between messages, never into one */
        for (int k = rand() % 4; k > 0; k--)
            seat_read(&seat, 1 + (size_t)rand() % 5000);
    }
    seat_drain(&seat);
    seat_expect_run(&seat, 0, 0, 200);
    assert_int_equal(totals().skips, 0);
    assert_true(ph_outlet_idle(&seat.outlet));
}

static void two_viewers_share_a_connection(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/a");
    actor_start(&second_actor, 1, "live/b");
    actor_write_second(&actor, 0, true, 9000);
    actor_write_second(&second_actor, 0, true, 9000);
    open_seat("live/a", 100000);
    open_guest("live/b");
    assert_string_equal(guest.events, "j");
    seat_drain(&seat);
    uint32_t next[3] = {0};
    size_t ahead_max = 0;
    for (size_t i = 0; i < seat.n_seen; i++) {
        uint32_t variant = seat.seen[i].variant;
        assert_in_range(variant, 1, 2);
        assert_int_equal(seat.seen[i].number, next[variant]);
        next[variant]++;
        size_t ahead = next[1] > next[2] ? next[1] - next[2] : next[2] - next[1];
        if (ahead > ahead_max && i > 20)
            ahead_max = ahead;
    }
    assert_int_equal(next[1], 40);
    assert_int_equal(next[2], 40);
    assert_in_range(ahead_max, 1, 16); /* turns of 64 KiB: neither waits for the other's end */
}

/* ---- a filter that promises: what was offered must be offered again ---- */

struct promiser {
    struct ph_filter filter;
    uint8_t bytes[40000];
    size_t promised;
};

static int promiser_write(struct ph_filter *filter, const struct iovec *iov, int n, size_t *accepted)
{
    struct promiser *promiser = ph_container_of(filter, struct promiser, filter);
    static uint8_t flat[1 << 20];
    size_t length = 0;
    for (int i = 0; i < n; i++) {
        assert_true(length + iov[i].iov_len <= sizeof flat);
        memcpy(flat + length, iov[i].iov_base, iov[i].iov_len);
        length += iov[i].iov_len;
    }
    assert_true(length >= promiser->promised);
    assert_memory_equal(flat, promiser->bytes, promiser->promised);
    size_t take = (size_t)rand() % 3000;
    struct iovec some = {flat, take < length ? take : length};
    int result = filter->below->ops->write(filter->below, &some, 1, accepted);
    if (result)
        return result;
    size_t rest = length - *accepted;
    promiser->promised = rest < sizeof promiser->bytes ? rest : sizeof promiser->bytes;
    memcpy(promiser->bytes, flat + *accepted, promiser->promised);
    return 0;
}

static int promiser_read(struct ph_filter *filter, uint8_t *into, size_t cap, size_t *got)
{
    return filter->below->ops->read(filter->below, into, cap, got);
}

static size_t promiser_promised(const struct ph_filter *filter)
{
    return ph_container_of(filter, const struct promiser, filter)->promised;
}

static void promiser_destroy(struct ph_filter *filter) { (void)filter; }

static const struct ph_filter_ops promiser_ops = {
    .name = "promiser",
    .read = promiser_read,
    .write = promiser_write,
    .promised = promiser_promised,
    .destroy = promiser_destroy,
};

static void promises_are_kept(void **state)
{
    (void)state;
    static struct promiser promiser;
    promiser = (struct promiser){.filter.ops = &promiser_ops};
    srand(5);
    actor_start(&actor, 0, "live/a");
    seat_connect(&seat, 1, 0);
    ph_conn_push_filter(seat.conn, &promiser.filter);
    open_seat("live/a", 100000);
    open_guest("live/a");
    for (int i = 0; i < 400; i++) {
        size_t length = 4 + (size_t)rand() % 9000;
        actor_write(&actor, i % 2 ? PH_AUDIO : PH_VIDEO, i % 20 == 0 ? PH_UNIT_KEY : 0, i * 10, length);
        stage_settle();
        switch (rand() % 8) {
        case 0:
            seat_status(&seat);
            break;
        case 1:
            ph_viewer_receive(seat.viewer, PH_VIDEO, i % 3);
            break;
        case 2:
            ph_viewer_pause(guest.viewer, i % 4 > 1);
            break;
        default:
            break;
        }
        seat_read(&seat, 1 + (size_t)rand() % 12000);
    }
    seat_drain(&seat); /* every byte read makes sense, and the filter has compared what it was offered */
    assert_int_equal(seat.n_parsed, seat.n_bytes);
    assert_true(seat.n_seen > 400);
}

static void pause_leaves_whole_messages(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 0, 10);
    actor_write(&actor, PH_VIDEO, PH_UNIT_KEY, 0, 500000); /* 1 */
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, 0, 100);    /* 2 */
    open_seat("live/cam", 100000);
    seat_read(&seat, 3000);
    ph_viewer_pause(seat.viewer, true); /* in the middle of 1 */
    seat_status(&seat);
    seat_drain(&seat);
    assert_int_equal(seat.n_seen, 3);
    assert_int_equal(seat.seen[1].number, 1);
    assert_int_equal(seat.seen[2].number, STATUS_NUMBER);
    assert_true(ph_outlet_idle(&seat.outlet));

    actor_write_second(&actor, 1000, true, 100); /* 3..42 */
    actor_write_second(&actor, 2000, true, 100); /* 43..82 */
    seat_drain(&seat);
    assert_int_equal(seat.n_seen, 3);
    ph_viewer_pause(seat.viewer, false);
    seat_drain(&seat);
    assert_string_equal(seat.events, "j"); /* the same epoch: not news */
    seat_expect_run(&seat, 3, 43, 40);     /* at the newest key frame; the headers it knows */
    assert_int_equal(totals().skips, 0);
}

static void a_new_epoch_while_paused_is_joined_afterwards(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 0);
    ph_viewer_pause(seat.viewer, true);
    actor_close(&actor);
    actor = (struct actor){0};
    stage_settle();
    actor_start(&actor, 0, "live/cam");
    actor_write_second(&actor, 0, true, 100);
    seat_drain(&seat);
    assert_string_equal(seat.events, "j");
    assert_int_equal(seat.n_seen, 0);
    ph_viewer_pause(seat.viewer, false);
    seat_drain(&seat);
    assert_string_equal(seat.events, "jJ");
    seat_expect_run(&seat, 0, 0, 40);
}

static void video_off_and_on(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    actor_write_second(&actor, 0, true, 6000); /* 0..39 */
    open_seat("live/cam", 100000);
    seat_read(&seat, 100); /* number 0 is half sent */
    ph_viewer_receive(seat.viewer, PH_VIDEO, false);
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 1000, 10); /* 40: headers pass */
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_VIDEO), 2);
    assert_int_equal(seat_count(&seat, PH_AUDIO), 20);
    ph_viewer_receive(seat.viewer, PH_VIDEO, true);
    actor_write_second(&actor, 1000, false, 100); /* 41..80 */
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_VIDEO), 2);
    actor_write_second(&actor, 2000, true, 100);
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_VIDEO), 22);
    assert_int_equal(seat_count(&seat, PH_AUDIO), 60);
    assert_int_equal(totals().video_withheld, 0);
}

static void audio_off_and_on(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    ph_viewer_receive(seat.viewer, PH_AUDIO, false);
    actor_write_second(&actor, 0, true, 600);
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_AUDIO), 0);
    assert_int_equal(seat_count(&seat, PH_VIDEO), 20);
    ph_viewer_receive(seat.viewer, PH_AUDIO, true);
    actor_write_second(&actor, 1000, false, 600);
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_AUDIO), 20);
    assert_int_equal(seat_count(&seat, PH_VIDEO), 40);
}

/* Publish `n` seconds to a peer that reads nothing. */
static void publish_seconds(int from, int n, int key_every)
{
    for (int s = from; s < from + n; s++) {
        actor_write_second(&actor, s * 1000, s % key_every == 0, 1000);
        stage_wait_ms(1000);
    }
}

static void who_lags_skips_to_a_key_frame(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    actor_write(&actor, PH_VIDEO, PH_UNIT_HEADER, 0, 10); /* 0 */
    open_seat("live/cam", 2500);
    publish_seconds(0, 6, 2); /* 1..240; key frames at 0, 2 and 4 s: numbers 1, 81, 161 */
    assert_in_range(totals().skips, 1, 2);
    seat_drain(&seat);
    size_t gap = 0;
    while (gap < seat.n_seen && seat.seen[gap].number == gap)
        gap++;
    assert_in_range(gap, 2, 60);
    assert_int_equal(seat.seen[gap].number, 0); /* the headers of the key frame it skipped to */
    seat_expect_run(&seat, gap + 1, 161, 80);
    assert_int_equal(seat.seen[gap + 1].flags, PH_UNIT_KEY);
    struct ph_publisher_totals published;
    ph_publisher_totals(actor.publisher, &published);
    assert_int_equal(published.skips, totals().skips);
}

static void who_keeps_too_much_alive_skips(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    for (int i = 0; i < 18; i++)
        actor_write(&actor, PH_VIDEO, i % 6 ? 0 : PH_UNIT_KEY, i * 40, 1 << 20); /* key frames: 0, 6, 12 */
    stage_wait_ms(300);
    assert_int_equal(totals().skips, 1);
    seat_drain(&seat);
    assert_int_equal(seat.seen[0].number, 0);
    seat_expect_run(&seat, 1, 12, 6);
}

static void without_a_key_frame_ahead_audio_goes_on(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 2500);
    publish_seconds(0, 5, 100);
    assert_int_equal(totals().skips, 0);
    assert_int_equal(totals().video_withheld, 1);
    seat_drain(&seat);
    assert_in_range(seat_count(&seat, PH_VIDEO), 1, 10);
    assert_int_equal(seat_count(&seat, PH_AUDIO), 100);
    size_t before = seat_count(&seat, PH_VIDEO);
    actor_write_second(&actor, 5000, true, 1000);
    seat_drain(&seat);
    assert_int_equal(seat_count(&seat, PH_VIDEO), before + 20);
}

/* 40 KB a second: the socket holds more than two seconds, and they count as much as those in the log. */
static void what_the_kernel_holds_is_lag_too(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    seat_connect(&seat, 1, 100000);
    open_seat("live/cam", 6000);
    publish_seconds(0, 2, 100);
    assert_false(ph_conn_is_blocked(seat.conn));
    publish_seconds(2, 5, 100);
    assert_true(ph_conn_is_blocked(seat.conn));
    stage_wait_ms(300);
    assert_int_equal(totals().video_withheld, 1);
}

static void the_backlog_of_joining_is_no_lag(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    for (int s = 0; s < 5; s++)
        actor_write_second(&actor, s * 1000, s == 0, 1000);
    open_seat("live/cam", 2500);
    stage_wait_ms(1000);
    assert_int_equal(totals().video_withheld, 0);
    seat_drain(&seat);
    seat_expect_run(&seat, 0, 0, 200);
    stage_wait_ms(200); /* it has caught up: now lag counts */
    publish_seconds(5, 4, 100);
    assert_int_equal(totals().video_withheld, 1);
}

static void who_takes_no_byte_is_lost(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    actor_write_second(&actor, 0, true, 1000);
    stage_wait_ms(6000);
    assert_true(seat_read(&seat, 65536) > 0); /* a sign of life */
    stage_wait_ms(9500);
    assert_string_equal(seat.events, "j");
    stage_wait_ms(700);
    assert_string_equal(seat.events, "jS");
    assert_true(ph_list_is_empty(&seat.outlet.cursors)); /* it holds nothing any more */
    stage_wait_ms(5000);
    assert_string_equal(seat.events, "jS"); /* told once */
}

static void paused_viewers_do_not_stall(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    actor_write_second(&actor, 0, true, 1000);
    stage_settle();
    ph_viewer_pause(seat.viewer, true);
    stage_wait_ms(20000);
    assert_string_equal(seat.events, "j");
}

/* ---- viewers that read nothing although their kernel takes everything ---- */

static int server_end; /* of the roomy seat */

static void connect_roomy_seat(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int pair[2], listener = socket(AF_INET, SOCK_STREAM, 0), roomy = 200 * 1024;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    pair[1] = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &roomy, sizeof roomy);
    assert_int_equal(connect(pair[1], (struct sockaddr *)&address, length), 0);
    pair[0] = accept(listener, NULL, NULL);
    assert_true(pair[0] >= 0);
    close(listener);
    server_end = pair[0];
    seat_adopt(&seat, 1, pair, 0);
}

static uint32_t window_size(void)
{
    struct ph_socket socket = {.descriptor = server_end};
    struct ph_window window;
    assert_int_equal(ph_socket_window(&socket, &window), 0);
    return window.size;
}

/* All is acknowledged: that may be 40 ms late. */
static void await_arrival(void)
{
    for (int i = 0; i < 30000 && ph_conn_unsent(seat.conn); i++)
        usleep(1000);
    assert_int_equal(ph_conn_unsent(seat.conn), 0);
}

/* Another second, and a unit at its end. */
static void pass_second(int64_t second)
{
    stage_wait_ms(1000);
    actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, second * 1000, 100);
    stage_settle();
    assert_false(ph_conn_is_blocked(seat.conn));
    await_arrival();
}

static void narrow_window(int64_t time_ms, uint32_t bytes)
{
    for (uint32_t widest = window_size(); window_size() > widest - bytes;) {
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, time_ms, 20000);
        stage_settle();
        await_arrival();
        assert_false(ph_conn_is_blocked(seat.conn));
    }
}

/* Its kernel takes bytes for a while before its window gets smaller; what lies there then is seen. */
static void fill_kernel(int64_t second)
{
    narrow_window(second * 1000, 1);
    pass_second(second + 1);
    narrow_window(second * 1000 + 1000, 40000);
}

/* A viewer that has read a while and then stops. */
static void stop_reading(void)
{
    connect_roomy_seat();
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    for (int i = 0; i < 8; i++) { /* its window opens as it reads */
        actor_write(&actor, PH_AUDIO, PH_UNIT_KEY, i * 100, 50000);
        seat_drain(&seat);
        await_arrival();
        seat_drain(&seat);
    }
    pass_second(3);
    seat_drain(&seat);
    fill_kernel(4);
    assert_string_equal(seat.events, "j");
}

static void a_viewer_that_does_not_read_is_lost(void **state)
{
    (void)state;
    stop_reading();
    int64_t second = 0;
    while (!strchr(seat.events, 'S') && second < 30)
        pass_second(6 + second++);
    assert_in_range(second, 10, 12);
}

static void a_viewer_that_reads_now_and_then_stays(void **state)
{
    (void)state;
    stop_reading();
    for (int64_t second = 1; second < 20; second++) {
        pass_second(6 + second);
        if (second % 8 == 0) {
            seat_drain(&seat);
            fill_kernel(6 + second++);
        }
    }
    assert_string_equal(seat.events, "j");
}

static void a_pause_begins_the_count_anew(void **state)
{
    (void)state;
    stop_reading();
    for (int64_t second = 1; second <= 6; second++)
        pass_second(6 + second);
    ph_viewer_pause(seat.viewer, true);
    for (int64_t second = 7; second <= 27; second++)
        pass_second(6 + second);
    ph_viewer_pause(seat.viewer, false);
    for (int64_t second = 28; second <= 35; second++)
        pass_second(6 + second);
    assert_string_equal(seat.events, "j");
}

static void a_viewer_may_close_when_it_is_lost(void **state)
{
    (void)state;
    seat.close_at_lost = true;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    actor_write_second(&actor, 0, true, 1000);
    stage_wait_ms(11000);
    assert_string_equal(seat.events, "jS");
    assert_null(seat.viewer);
}

static void private_bytes_are_bounded(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    actor_write(&actor, PH_VIDEO, PH_UNIT_KEY, 0, 100000);
    stage_settle(); /* half sent */
    static uint8_t bytes[60000];
    assert_int_equal(ph_outlet_put(&seat.outlet, bytes, sizeof bytes), 0);
    assert_int_equal(ph_outlet_put(&seat.outlet, bytes, sizeof bytes), -ENOBUFS);
    assert_int_equal(ph_outlet_put(&seat.outlet, bytes, 1), -ENOBUFS); /* for good: something is missing already */
    assert_int_equal(ph_outlet_pump(&seat.outlet), -ENOBUFS);
    stage_settle();
    assert_string_equal(seat.events, "jS");
}

static void closing_a_viewer_leaves_the_connection_whole(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    actor_write(&actor, PH_VIDEO, PH_UNIT_KEY, 0, 300000); /* larger than what may be put */
    stage_settle();
    seat_status(&seat);
    ph_viewer_close(seat.viewer);
    seat.viewer = NULL;
    actor_close(&actor);
    seat_drain(&seat);
    assert_int_equal(seat.n_seen, 2);
    assert_int_equal(seat.seen[0].length, 300000);
    assert_int_equal(seat.seen[1].number, STATUS_NUMBER);
}

static void the_old_epoch_is_drained_first(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    actor_write_second(&actor, 0, true, 3000);
    stage_settle(); /* the socket is full */
    struct ph_publish_request request = actor_request(&second_actor, "live/cam");
    request.takeover = true;
    second_actor.n_written = 1000;
    actor_open(&second_actor, 1, &request);
    stage_settle();
    assert_string_equal(second_actor.events, "g");
    assert_string_equal(actor.events, "ge");
    actor_write_second(&second_actor, 0, true, 3000);
    stage_settle();
    assert_string_equal(seat.events, "j"); /* not yet: it still drains */
    seat_drain(&seat);
    assert_string_equal(seat.events, "jJ");
    assert_int_equal(seat.n_seen, 80);
    assert_int_equal(seat.seen[39].number, 39);
    seat_expect_run(&seat, 40, 1000, 40);
}

static void a_peer_that_leaves_is_lost(void **state)
{
    (void)state;
    actor_start(&actor, 0, "live/cam");
    open_seat("live/cam", 100000);
    shutdown(seat.peer, SHUT_RDWR);
    actor_write_second(&actor, 0, true, 3000);
    stage_wait_ms(3000);
    assert_true(seat.closed);
    assert_null(seat.viewer);
}

static void a_viewer_is_small(void **state)
{
    (void)state;
    assert_in_range(sizeof(struct ph_viewer) + sizeof(struct ph_outlet), 0, 600);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(any_pace_gives_the_same_bytes),
        CASE(two_viewers_share_a_connection),
        CASE(promises_are_kept),
        CASE(pause_leaves_whole_messages),
        CASE(a_new_epoch_while_paused_is_joined_afterwards),
        CASE(video_off_and_on),
        CASE(audio_off_and_on),
        CASE(who_lags_skips_to_a_key_frame),
        CASE(who_keeps_too_much_alive_skips),
        CASE(without_a_key_frame_ahead_audio_goes_on),
        CASE(what_the_kernel_holds_is_lag_too),
        CASE(the_backlog_of_joining_is_no_lag),
        CASE(who_takes_no_byte_is_lost),
        CASE(paused_viewers_do_not_stall),
        CASE(a_viewer_that_does_not_read_is_lost),
        CASE(a_viewer_that_reads_now_and_then_stays),
        CASE(a_pause_begins_the_count_anew),
        CASE(a_viewer_may_close_when_it_is_lost),
        CASE(private_bytes_are_bounded),
        CASE(closing_a_viewer_leaves_the_connection_whole),
        CASE(the_old_epoch_is_drained_first),
        CASE(a_peer_that_leaves_is_lost),
        cmocka_unit_test(a_viewer_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
