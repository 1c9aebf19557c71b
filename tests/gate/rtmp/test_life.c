/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/socket.h>

#include "house.h"

static void a_connection_that_says_nothing_is_closed(void **state)
{
    (void)state;
    static struct guest guest;
    guest_come(&guest);
    house_wait_ms(4900);
    guest_saw(&guest, "");
    house_wait_ms(200);
    guest_saw(&guest, "gone");
}

static void a_handshake_alone_is_not_enough(void **state)
{
    (void)state;
    static uint8_t greeting[1 + 1536 + 1536] = {3};
    static struct guest guest;
    guest_come(&guest);
    assert_int_equal(send(guest.descriptor, greeting, sizeof greeting, 0), sizeof greeting);
    house_wait_ms(9900);
    guest_saw(&guest, "");
    house_wait_ms(200);
    guest_saw(&guest, "gone");
}

static void garbage_is_closed(void **state)
{
    (void)state;
    static uint8_t greeting[1 + 1536 + 1536 + 12] = {3};
    static struct guest guest;
    guest_come(&guest);
    memset(greeting + 1 + 1536 + 1536, 0xFF, 12); /* a type-3 chunk of a stream that nobody began */
    assert_int_equal(send(guest.descriptor, greeting, sizeof greeting, 0), sizeof greeting);
    house_settle();
    guest_saw(&guest, "gone");
    assert_non_null(strstr(house_log, "warning protocol broken at byte "));
}

static void a_silent_client_is_pinged(void **state)
{
    (void)state;
    static struct guest lively, dead;
    guest_connect(&lively, "live");
    guest_connect(&dead, "live");
    guest_saw(&lively, "connected");
    guest_saw(&dead, "connected");
    dead.is_deaf = true;
    house_wait_ms(121000);
    dead.is_deaf = false;
    house_settle();
    guest_saw(&lively, "");
    guest_saw(&dead, "gone");
    assert_non_null(strstr(house_log, "info closed live: no answer to a ping after 00:01:"));
}

static void calls_of_unknown_methods_are_answered(void **state)
{
    (void)state;
    static struct guest guest;
    guest_connect(&guest, "live");
    assert_int_equal(rtmp_client_call(guest.client, "dance", 1000, NULL), 0);
    assert_int_equal(rtmp_client_call(guest.client, "getStreamLength", 1001, NULL), 0);
    assert_int_equal(rtmp_client_call(guest.client, "dance", 0, NULL), 0);
    house_settle();
    guest_saw(&guest, "connected | error 1000 | result 1001");
}

/* 200 at once, then 100 a second. */
static void a_flood_of_calls_is_slowed_down(void **state)
{
    (void)state;
    static struct guest guest;
    guest_connect(&guest, "live");
    for (int i = 0; i < 400; i++)
        assert_int_equal(rtmp_client_call(guest.client, "dance", 1000 + i, NULL), 0);
    house_settle();
    assert_non_null(strstr(guest.seen, "error 1199 |"));
    assert_null(strstr(guest.seen, "error 1210 |"));
    house_wait_ms(1000);
    assert_non_null(strstr(guest.seen, "error 1299 |"));
    assert_null(strstr(guest.seen, "error 1320 |"));
    house_wait_ms(1100);
    assert_non_null(strstr(guest.seen, "error 1399 |"));
}

static void enhanced_clients_hear_what_the_server_can(void **state)
{
    (void)state;
    static const struct rtmp_capabilities mine = {.announced = true, .caps_ex = RTMP_CAPS_MULTITRACK};
    static struct guest guest;
    guest_connect_as(&guest, "live", NULL, &mine);
    guest_saw(&guest, "connected, enhanced");
}

static void everybody_is_told_when_the_server_stops(void **state)
{
    (void)state;
    static struct guest publisher, player, idle, silent;
    guest_connect(&publisher, "live?key=" SERVER_KEY);
    guest_publish(&publisher, "cam");
    guest_connect(&player, "live");
    guest_play(&player, "cam");
    guest_connect(&idle, "live");
    guest_come(&silent);
    assert_int_equal(ph_rtmp_n_sessions(house_gate), 4);
    ph_rtmp_drain(house_gate);
    house_settle();
    guest_saw(&idle, "connected | 0 NetConnection.Connect.AppShutdown | close | gone");
    guest_saw(&silent, "gone");
    assert_non_null(strstr(publisher.seen, "0 NetConnection.Connect.AppShutdown | close | gone"));
    assert_non_null(strstr(player.seen, "0 NetConnection.Connect.AppShutdown | close | gone"));
    assert_int_equal(ph_rtmp_n_sessions(house_gate), 0);
}

static void the_log_tells_a_life(void **state)
{
    (void)state;
    static struct guest guest;
    guest_connect(&guest, "live?key=" SERVER_KEY);
    guest_publish(&guest, "cam");
    guest_send(&guest, RTMP_TYPE_AUDIO, 1, 0, "2effff");
    house_wait_ms(2000);
    guest_leave(&guest);
    house_settle();
    static const char *const lines[] = {
        "info opened live: 10.0.0.7:5000, test\n",
        "info publishing live/cam: mp3 44.1 kHz mono (10.0.0.7:5000, test)\n",
        "info closed live/cam: the peer left after 00:00:02, 3 B in, 0 viewers, 0 skips\n",
        "info closed live: the peer left after 00:00:02, ",
    };
    const char *at = house_log;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        at = strstr(at, lines[i]);
        if (!at)
            fail_msg("not in the log, or not in this order: %s%s", lines[i], house_log);
    }
}

/* As ffmpeg ends: the last frame, goodbye, and the connection is reset because our answers were never read. */
static void a_goodbye_is_heard_though_the_connection_is_reset(void **state)
{
    (void)state;
    static struct guest guest;
    guest_connect(&guest, "live?key=" SERVER_KEY);
    guest_publish(&guest, "cam");
    guest_send(&guest, RTMP_TYPE_AUDIO, 1, 0, "2effff");
    guest.is_deaf = true;
    assert_int_equal(rtmp_client_call(guest.client, "_checkbw", 1000, NULL), 0);
    house_settle(); /* the answer lies unread */
    static const uint8_t sound[] = {0x2E, 0xFF, 0xFF};
    assert_int_equal(rtmp_client_media(guest.client, RTMP_TYPE_AUDIO, 1, 40, sound, sizeof sound), 0);
    assert_int_equal(rtmp_client_stop(guest.client, 1), 0);
    size_t length;
    const uint8_t *bytes = rtmp_client_output(guest.client, &length);
    assert_int_equal(send(guest.descriptor, bytes, length, MSG_NOSIGNAL), length);
    guest_leave(&guest);
    house_settle();
    assert_non_null(strstr(house_log, "info closed live/cam: publisher left after 00:00:00, 6 B in"));
    assert_non_null(strstr(house_log, "info closed live: the peer left after"));
}

static void a_reset_without_goodbye_is_a_loss(void **state)
{
    (void)state;
    static struct guest guest;
    guest_connect(&guest, "live?key=" SERVER_KEY);
    guest_publish(&guest, "cam");
    guest_send(&guest, RTMP_TYPE_AUDIO, 1, 0, "2effff");
    guest.is_deaf = true;
    assert_int_equal(rtmp_client_call(guest.client, "_checkbw", 1000, NULL), 0);
    house_settle();
    guest_leave(&guest);
    house_settle();
    assert_non_null(strstr(house_log, "info closed live/cam: the connection was lost after"));
    assert_non_null(strstr(house_log, "info closed live: the connection was lost after"));
}

static void a_player_that_was_told_of_the_end_may_break_off(void **state)
{
    (void)state;
    static struct guest publisher, player;
    guest_connect(&publisher, "live?key=" SERVER_KEY);
    guest_publish(&publisher, "cam");
    guest_connect(&player, "live");
    guest_play(&player, "cam");
    guest_send(&publisher, RTMP_TYPE_AUDIO, 1, 0, "2effff");
    player.is_deaf = true;
    guest_leave(&publisher);
    house_wait_ms(1100); /* linger */
    guest_leave(&player);
    house_settle();
    assert_non_null(strstr(house_log, "info closed live/cam: the peer left after 00:00:01, "));
    assert_null(strstr(house_log, "lost"));
}

int main(void)
{
#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_set_up, house_tear_down)
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_connection_that_says_nothing_is_closed),
        HOUSE_TEST(a_handshake_alone_is_not_enough),
        HOUSE_TEST(garbage_is_closed),
        HOUSE_TEST(a_silent_client_is_pinged),
        HOUSE_TEST(calls_of_unknown_methods_are_answered),
        HOUSE_TEST(a_flood_of_calls_is_slowed_down),
        HOUSE_TEST(enhanced_clients_hear_what_the_server_can),
        HOUSE_TEST(everybody_is_told_when_the_server_stops),
        HOUSE_TEST(the_log_tells_a_life),
        HOUSE_TEST(a_goodbye_is_heard_though_the_connection_is_reset),
        HOUSE_TEST(a_reset_without_goodbye_is_a_loss),
        HOUSE_TEST(a_player_that_was_told_of_the_end_may_break_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
