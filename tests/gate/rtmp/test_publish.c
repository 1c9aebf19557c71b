/* SPDX-License-Identifier: MIT */
#include "house.h"

#define AVC_HEADER "1700000000014d401effe1"
#define AVC_KEY    "17010000000000000001"
#define AVC_INTER  "27010000000000000002"
#define AAC_HEADER "af001210"
#define AAC_FRAME  "af0121"

#define STARTED "connected | ready 1 | begin 1 | 1 NetStream.Publish.Start"
#define PLAYING "begin 1 | 1 NetStream.Play.Reset | 1 NetStream.Play.Start | 1 data |RtmpSampleAccess 0"

static const struct rtmp_capabilities multitrack = {.announced = true, .caps_ex = RTMP_CAPS_MULTITRACK};

static void start(struct guest *guest, const char *name)
{
    guest_connect(guest, "live?key=" SERVER_KEY);
    guest_publish(guest, name);
    guest_saw(guest, STARTED);
}

static void watch(struct guest *guest, const char *name, const struct rtmp_capabilities *capabilities)
{
    guest_connect_as(guest, "live", "LNX 9,0,124,2", capabilities);
    guest_play(guest, name);
    guest_saw(guest, capabilities ? "connected, enhanced | ready 1 | " PLAYING : "connected | ready 1 | " PLAYING);
}

static void send_stream(struct guest *guest)
{
    guest_send(guest, RTMP_TYPE_VIDEO, 1, 0, AVC_HEADER);
    guest_send(guest, RTMP_TYPE_AUDIO, 1, 0, AAC_HEADER);
    guest_send(guest, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    guest_send(guest, RTMP_TYPE_AUDIO, 1, 10, AAC_FRAME);
    guest_send(guest, RTMP_TYPE_VIDEO, 1, 40, AVC_INTER);
}

static void frames_reach_a_player(void **state)
{
    (void)state;
    static struct guest publisher, player;
    start(&publisher, "cam");
    watch(&player, "cam", NULL);
    send_stream(&publisher);
    guest_saw(&player, "1 video 0 11 | 1 audio 0 4 | 1 video 0 10 | 1 audio 10 3 | 1 video 40 10");
    assert_non_null(strstr(house_log, "info publishing live/cam: h264, aac 44.1 kHz stereo (10.0.0.7:5000, test)\n"));
}

static void a_late_player_begins_at_the_key_frame(void **state)
{
    (void)state;
    static struct guest publisher, player;
    start(&publisher, "cam");
    /* @setDataFrame, onMetaData, {} */
    guest_send(&publisher, RTMP_TYPE_DATA_AMF0, 1, 0,
               "02000d40736574446174614672616d6502000a6f6e4d6574614461746103000009");
    send_stream(&publisher);
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 80, AVC_KEY); /* where the player begins, but for its metadata */
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 120, AVC_INTER);
    guest_connect_as(&player, "live", "LNX 9,0,124,2", NULL);
    guest_play(&player, "cam");
    assert_non_null(
        strstr(player.seen, "1 NetStream.Play.Start | 1 data |RtmpSampleAccess 0 | 1 data onMetaData 0 | "));
    assert_non_null(strstr(player.seen, "1 video 80 10 | 1 video 120 10 | "));
    assert_null(strstr(player.seen, "video 40"));
    assert_null(strstr(player.seen, "PublishNotify"));
}

/* ManyTracks, hvc1: track 0 (AABB), track 1 (CC). Players that do not know multitrack get track 0, plain. */
static void messages_of_several_tracks_are_split(void **state)
{
    (void)state;
    static struct guest publisher, plain, enhanced;
    start(&publisher, "cam");
    watch(&plain, "cam", NULL);
    watch(&enhanced, "cam", &multitrack);
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, "96106876633100000002aabb01000001cc");
    guest_saw(&plain, "1 video 0 7");
    guest_saw(&enhanced, "1 video 0 7 | 1 video 0 8");
}

static void what_nobody_understands_is_dropped(void **state)
{
    (void)state;
    static struct guest publisher, player;
    start(&publisher, "cam");
    watch(&player, "cam", NULL);
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, "91abcdef010000"); /* a FourCC that does not exist */
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, "9168");           /* cut */
    guest_send(&publisher, RTMP_TYPE_AUDIO, 1, 0, "");               /* silence */
    guest_send(&publisher, RTMP_TYPE_VIDEO, 1, 0, "5700");           /* seek begins */
    guest_saw(&player, "");
    guest_leave(&publisher);
    house_settle();
    assert_non_null(strstr(house_log, "2 messages not understood"));
}

static void a_lively_publisher_keeps_its_stream(void **state)
{
    (void)state;
    static struct guest first, second;
    start(&first, "cam");
    send_stream(&first);
    guest_connect(&second, "live?key=" SERVER_KEY);
    guest_publish(&second, "cam"); /* the first answers the ping by itself */
    guest_saw(&second, "connected | ready 1 | 1 NetStream.Publish.BadName | gone");
    guest_saw(&first, "");
}

static void a_dead_publisher_loses_its_stream(void **state)
{
    (void)state;
    static struct guest first, second;
    start(&first, "cam");
    send_stream(&first);
    first.is_deaf = true;
    guest_connect(&second, "live?key=" SERVER_KEY);
    guest_publish(&second, "cam");
    guest_saw(&second, "connected | ready 1");
    house_wait_ms(3200);
    guest_saw(&second, "begin 1 | 1 NetStream.Publish.Start");
    first.is_deaf = false;
    house_settle();
    guest_saw(&first, "1 NetStream.Publish.BadName | gone");
}

static void silence_has_an_end(void **state)
{
    (void)state;
    static struct guest never, once;
    start(&never, "never");
    start(&once, "once");
    send_stream(&once);
    house_wait_ms(14900);
    guest_saw(&once, "");
    house_wait_ms(200);
    guest_saw(&once, "1 NetStream.Publish.Idle | gone");
    house_wait_ms(4800);
    guest_saw(&never, "");
    house_wait_ms(200);
    guest_saw(&never, "1 NetStream.Publish.Idle | gone");
}

static void names_that_cannot_be_used_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", ".cam", "a//b", "a b", "../cam", "a/b/c/d/e/f/g/h"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        static struct guest guest;
        guest_connect(&guest, "live?key=" SERVER_KEY);
        guest_publish(&guest, names[i]);
        guest_saw(&guest, "connected | ready 1 | 1 NetStream.Publish.BadName | gone");
        guest_leave(&guest);
        house_wait_ms(100);
    }
}

static void one_connection_publishes_and_plays_several_streams(void **state)
{
    (void)state;
    static struct guest both;
    start(&both, "one");
    guest_publish(&both, "two");
    guest_saw(&both, "ready 2 | begin 2 | 2 NetStream.Publish.Start");
    guest_play(&both, "one");
    guest_saw(&both,
              "ready 3 | begin 3 | 3 NetStream.Play.Reset | 3 NetStream.Play.Start | 3 data |RtmpSampleAccess 0");
    guest_play(&both, "two");
    guest_saw(&both,
              "ready 4 | begin 4 | 4 NetStream.Play.Reset | 4 NetStream.Play.Start | 4 data |RtmpSampleAccess 0");
    guest_send(&both, RTMP_TYPE_VIDEO, 1, 0, AVC_KEY);
    guest_saw(&both, "3 video 0 10");
    guest_send(&both, RTMP_TYPE_VIDEO, 2, 5, AVC_KEY);
    guest_saw(&both, "4 video 5 10");
    assert_int_equal(rtmp_client_stop(both.client, 1), 0);
    house_wait_ms(1200);
    guest_saw(&both, "1 NetStream.Unpublish.Success | 3 NetStream.Play.UnpublishNotify | eof 3");
}

static void distant_key_frames_are_warned_of_once(void **state)
{
    (void)state;
    static struct guest publisher;
    start(&publisher, "cam");
    for (unsigned i = 0; i < 4; i++) {
        guest_send(&publisher, RTMP_TYPE_VIDEO, 1, i * 5000, AVC_KEY);
        house_wait_ms(5000);
    }
    const char *warning = strstr(house_log, "warning live/cam: key frames are 5.0 s apart");
    assert_non_null(warning);
    assert_null(strstr(warning + 1, "warning live/cam"));
}

int main(void)
{
#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_set_up, house_tear_down)
    static const struct CMUnitTest tests[] = {
        HOUSE_TEST(frames_reach_a_player),
        HOUSE_TEST(a_late_player_begins_at_the_key_frame),
        HOUSE_TEST(messages_of_several_tracks_are_split),
        HOUSE_TEST(what_nobody_understands_is_dropped),
        HOUSE_TEST(a_lively_publisher_keeps_its_stream),
        HOUSE_TEST(a_dead_publisher_loses_its_stream),
        HOUSE_TEST(silence_has_an_end),
        HOUSE_TEST(names_that_cannot_be_used_are_refused),
        HOUSE_TEST(one_connection_publishes_and_plays_several_streams),
        HOUSE_TEST(distant_key_frames_are_warned_of_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
