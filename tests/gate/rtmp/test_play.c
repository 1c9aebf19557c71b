/* SPDX-License-Identifier: MIT */
#include "house.h"

#define AVC_KEY   "17010000000000000001"
#define AVC_INTER "27010000000000000002"
#define AAC_FRAME "af0121"
#define PLAYING   "begin 1 | 1 NetStream.Play.Reset | 1 NetStream.Play.Start | 1 data |RtmpSampleAccess 0"

static struct guest publisher, player;

static void start(void)
{
    guest_connect(&publisher, "live?key=" SERVER_KEY);
    guest_publish(&publisher, "cam");
    guest_saw(&publisher, "connected | ready 1 | begin 1 | 1 NetStream.Publish.Start");
}

static void watch(void)
{
    guest_connect_as(&player, "live", "LNX 9,0,124,2", NULL);
    guest_play(&player, "cam");
    guest_saw(&player, "connected | ready 1 | " PLAYING);
}

static void a_player_may_come_before_the_publisher(void **state)
{
    (void)state;
    watch();
    house_wait_ms(5000);
    guest_saw(&player, "");
    start();
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    guest_saw(&player, "1 NetStream.Play.PublishNotify | 1 video 0 10");
}

/* Linger is 1 s in this house. */
static void a_short_absence_is_not_told(void **state)
{
    (void)state;
    watch();
    start();
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    guest_leave(&publisher);
    house_wait_ms(500);
    start();
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    house_settle();
    assert_non_null(strstr(player.seen, "1 NetStream.Play.PublishNotify | 1 video 0 10 | 1 video "));
    assert_null(strstr(player.seen, "UnpublishNotify"));
}

static void a_long_absence_is(void **state)
{
    (void)state;
    watch();
    start();
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    guest_saw(&player, "1 NetStream.Play.PublishNotify | 1 video 0 10");
    guest_leave(&publisher);
    house_wait_ms(1200);
    guest_saw(&player, "1 NetStream.Play.UnpublishNotify | eof 1");
    start();
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    assert_non_null(strstr(player.seen, "1 NetStream.Play.PublishNotify | 1 video "));
}

static void pause_and_going_on(void **state)
{
    (void)state;
    start();
    watch();
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    guest_saw(&player, "1 video 0 10");
    assert_int_equal(rtmp_client_pause(player.client, 1, true, 0), 0);
    house_settle();
    guest_saw(&player, "1 NetStream.Pause.Notify | eof 1");
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 40, AVC_INTER);
    guest_saw(&player, "");
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 80, AVC_KEY);
    assert_int_equal(rtmp_client_pause(player.client, 1, false, 0), 0);
    house_settle();
    guest_saw(&player, "1 NetStream.Unpause.Notify | begin 1 | 1 video 80 10");
}

static void a_kind_can_be_left_out(void **state)
{
    (void)state;
    start();
    watch();
    assert_int_equal(rtmp_client_receive_audio(player.client, 1, false), 0);
    house_settle();
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    guest_send(&publisher, RTMP_TYPE_AUDIO, 1, 10, AAC_FRAME);
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 40, AVC_INTER);
    guest_saw(&player, "1 video 0 10 | 1 video 40 10");
    assert_int_equal(rtmp_client_receive_audio(player.client, 1, true), 0);
    house_settle();
    guest_send(&publisher, RTMP_TYPE_AUDIO, 1, 50, AAC_FRAME);
    guest_saw(&player, "1 audio 50 3");
}

static void a_seek_stays_live(void **state)
{
    (void)state;
    watch();
    assert_int_equal(rtmp_client_seek(player.client, 1, 5000), 0);
    house_settle();
    guest_saw(&player, "1 NetStream.Seek.Notify");
}

static void start_forms(void **state)
{
    (void)state;
    static const struct {
        struct rtmp_play_options options;
        const char *seen;
    } rows[] = {
        {{.start = RTMP_PLAY_ANY}, "connected | ready 1 | " PLAYING},
        {{.start = RTMP_PLAY_LIVE}, "connected | ready 1 | " PLAYING},
        {{.start = RTMP_PLAY_AT}, "connected | ready 1 | " PLAYING}, /* librtmp, when it is not told that it is live */
        {{.start = RTMP_PLAY_AT, .start_ms = 5000}, "connected | ready 1 | 1 NetStream.Play.StreamNotFound"},
        {{.append = true}, "connected | ready 1 | begin 1 | 1 NetStream.Play.Start | 1 data |RtmpSampleAccess 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct guest guest;
        guest_connect(&guest, "live");
        assert_int_equal(rtmp_client_play(guest.client, "cam", &rows[i].options), 0);
        house_settle();
        guest_saw(&guest, rows[i].seen);
        guest_leave(&guest);
    }
}

static void names_that_cannot_exist_are_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {"", ".cam", "a//b", "../cam"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        static struct guest guest;
        guest_connect(&guest, "live");
        guest_play(&guest, names[i]);
        guest_saw(&guest, "connected | ready 1 | 1 NetStream.Play.StreamNotFound");
        guest_leave(&guest);
    }
}

static void paths_meet_however_they_are_split(void **state)
{
    (void)state;
    static struct guest sender, viewer;
    guest_connect(&sender, "live/room?key=" SERVER_KEY);
    guest_publish(&sender, "x");
    guest_connect(&viewer, "live");
    guest_play(&viewer, "room/x?token=1");
    guest_saw(&viewer, "connected | ready 1 | " PLAYING);
    guest_send(&sender, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    guest_saw(&viewer, "1 video 0 10");
}

int main(void)
{
#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_set_up, house_tear_down)
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_player_may_come_before_the_publisher),
        HOUSE_TEST(a_short_absence_is_not_told),
        HOUSE_TEST(a_long_absence_is),
        HOUSE_TEST(pause_and_going_on),
        HOUSE_TEST(a_kind_can_be_left_out),
        HOUSE_TEST(a_seek_stays_live),
        HOUSE_TEST(start_forms),
        HOUSE_TEST(names_that_cannot_exist_are_not_found),
        HOUSE_TEST(paths_meet_however_they_are_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
