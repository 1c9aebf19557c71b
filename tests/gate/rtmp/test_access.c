/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <rtmpwire/auth.h>

#include "house.h"

/* `app` at connect, `name` at publish; what is seen from connect on. */
static void keys_are_found_wherever_they_are_shown(void **state)
{
    (void)state;
    static const char granted[] = "connected | ready 1 | begin 1 | 1 NetStream.Publish.Start";
    static const char denied[] = "connected | ready 1 | 1 NetStream.Publish.Denied | gone";
    static const struct {
        const char *app, *name, *seen;
    } rows[] = {
        {"live", "cam?key=" SERVER_KEY, granted},
        {"live", "cam?key=" CAM_KEY, granted},
        {"live", "other?key=" CAM_KEY, denied},
        {"live", "cam?a=b&key=" CAM_KEY "&c", granted},
        {"live?key=" SERVER_KEY, "cam", granted},
        {"live/?key=" SERVER_KEY, "cam", granted},
        {"live?key=wrong", "cam?key=" SERVER_KEY, granted},
        {"live?key=" SERVER_KEY, "cam?key=wrong", denied},
        {"live", "cam", denied},
        {"live", "cam?key=", denied},
        {"live", "cam?key=wrong", denied},
        {"live", "cam?monkey=" SERVER_KEY, denied},
        {"live", "cam?keys=" SERVER_KEY, denied},
        {"live/room", "cam?key=" SERVER_KEY, granted},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct guest guest;
        guest_connect(&guest, rows[i].app);
        guest_publish(&guest, rows[i].name);
        guest_saw(&guest, rows[i].seen);
        guest_leave(&guest);
        house_wait_ms(100);
    }
}

static void a_refusal_says_what_to_do(void **state)
{
    (void)state;
    static struct guest guest;
    guest_connect(&guest, "live");
    guest_publish(&guest, "cam");
    assert_string_equal(guest.description, "this server needs a publish key: add ?key=... to the stream name, or "
                                           "?login to the server's URL if you gave a password");
}

/* Servers that work together know each other by a secret; what they bring is not published here by them. */
static void a_server_of_the_cluster_plays_and_no_more(void **state)
{
    (void)state;
    static struct guest guest;
    guest_connect_with(&guest, "live", HOUSE_SECRET);
    guest_play(&guest, "cam");
    guest_saw(&guest, "connected | ready 1 | begin 1 | 1 NetStream.Play.Reset | 1 NetStream.Play.Start | "
                      "1 data |RtmpSampleAccess 0");
    guest_publish(&guest, "other?key=" SERVER_KEY);
    guest_saw(&guest, "ready 2 | 2 NetStream.Publish.Denied");
    guest_leave(&guest);
}

static void another_secret_is_refused(void **state)
{
    (void)state;
    static struct guest guest;
    guest_connect_with(&guest, "live", "secret of other servers");
    guest_saw(&guest, "refused NetConnection.Connect.Rejected | gone");
    assert_string_equal(guest.description, "this is not the secret of this cluster");
    guest_leave(&guest);
}

static void unknown_applications_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"nope", "", "shut", "live2", "/live", "live/.room", "live/a b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        static struct guest guest;
        guest_connect(&guest, names[i]);
        guest_saw(&guest, "refused NetConnection.Connect.InvalidApp | gone");
        guest_leave(&guest);
    }
}

static void no_secret_reaches_the_log(void **state)
{
    (void)state;
    static struct guest first, second, third;
    guest_connect(&first, "live?key=" SERVER_KEY);
    guest_publish(&first, "cam");
    guest_connect(&second, "live");
    guest_publish(&second, "other?key=" CAM_KEY);
    guest_connect(&third, "nope?key=" CAM_KEY);
    assert_non_null(strstr(house_log, "publish refused: wrong key"));
    assert_null(strstr(house_log, SERVER_KEY));
    assert_null(strstr(house_log, CAM_KEY));
}

/* The eleventh wrong key of a minute is answered a second late; a right one is not. */
static void guessing_is_slowed_down(void **state)
{
    (void)state;
    static struct guest guest;
    for (int i = 0; i < 10; i++) {
        guest_connect(&guest, "live");
        guest_publish(&guest, "cam?key=wrong");
        guest_saw(&guest, "connected | ready 1 | 1 NetStream.Publish.Denied | gone");
        guest_leave(&guest);
    }
    guest_connect(&guest, "live");
    guest_publish(&guest, "cam?key=wrong");
    guest_saw(&guest, "connected | ready 1");
    house_wait_ms(900);
    guest_saw(&guest, "");
    house_wait_ms(200);
    guest_saw(&guest, "1 NetStream.Publish.Denied | gone");
    guest_leave(&guest);
    guest_connect(&guest, "live");
    guest_publish(&guest, "cam?key=" CAM_KEY);
    guest_saw(&guest, "connected | ready 1 | begin 1 | 1 NetStream.Publish.Start");
}

static void roll(void *user, uint8_t *out, size_t length)
{
    (void)user;
    memset(out, 9, length);
}

/* Go through the conversation; `app` is the URL's, `seen` what comes of publishing `name` at the third connect. */
static void log_in(const char *app, const char *name, const char *password, const char *seen)
{
    static const struct rtmp_random dice = {.fill = roll};
    char next[1024];
    static struct guest guest;
    guest_connect(&guest, app);
    for (int step = 0; step < 2; step++) {
        guest_saw(&guest, "refused NetConnection.Connect.Rejected | gone");
        struct rtmp_text description = {.data = guest.description, .length = strlen(guest.description)};
        int n = snprintf(next, sizeof next, "%s", app);
        assert_int_equal(
            rtmp_client_next_query(description, "someone", password, &dice, next + n, sizeof next - (size_t)n), 0);
        guest_leave(&guest);
        guest_connect(&guest, next);
    }
    if (!guest.is_gone)
        guest_publish(&guest, name);
    guest_saw(&guest, seen);
    guest_leave(&guest);
    house_wait_ms(100);

    guest_connect(&guest, next); /* the same response once more: each challenge is good for one */
    guest_saw(&guest, "refused NetConnection.Connect.Rejected | gone");
    assert_string_equal(guest.description, RTMP_AUTH_FAILED);
    guest_leave(&guest);
}

static void login_fields_work_where_the_url_says_so(void **state)
{
    (void)state;
    static const char granted[] = "connected | ready 1 | begin 1 | 1 NetStream.Publish.Start";
    static const char denied[] = "connected | ready 1 | 1 NetStream.Publish.Denied | gone";
    log_in("live?login", "cam", SERVER_KEY, granted);
    log_in("live?login", "cam", CAM_KEY, granted);
    log_in("live?login", "other", CAM_KEY, denied);
    log_in("live/room?login", "cam", SERVER_KEY, granted);
    log_in("live?login", "cam", "wrong", "refused NetConnection.Connect.Rejected | gone");
}

static void everybody_is_asked_where_the_server_says_so(void **state)
{
    (void)state;
    static struct guest guest;
    house_open(PH_RTMP_LOGIN_ALWAYS);
    log_in("live", "cam", SERVER_KEY, "connected | ready 1 | begin 1 | 1 NetStream.Publish.Start");
    guest_connect(&guest, "live?key=" SERVER_KEY);
    guest_saw(&guest, "connected");
    guest_leave(&guest);
    guest_connect_as(&guest, "live", "LNX 9,0,124,2", NULL); /* a player */
    guest_saw(&guest, "connected");
    house_close();
}

static void nobody_is_asked_where_login_is_off(void **state)
{
    (void)state;
    static struct guest guest;
    house_open(PH_RTMP_LOGIN_OFF);
    guest_connect(&guest, "live?login");
    guest_saw(&guest, "connected");
    house_close();
}

int main(void)
{
#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_set_up, house_tear_down)
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(keys_are_found_wherever_they_are_shown),
        HOUSE_TEST(a_refusal_says_what_to_do),
        HOUSE_TEST(a_server_of_the_cluster_plays_and_no_more),
        HOUSE_TEST(another_secret_is_refused),
        HOUSE_TEST(unknown_applications_are_refused),
        HOUSE_TEST(no_secret_reaches_the_log),
        HOUSE_TEST(guessing_is_slowed_down),
        HOUSE_TEST(login_fields_work_where_the_url_says_so),
        cmocka_unit_test(everybody_is_asked_where_the_server_says_so),
        cmocka_unit_test(nobody_is_asked_where_login_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
