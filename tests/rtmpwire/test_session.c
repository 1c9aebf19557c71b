/* SPDX-License-Identifier: MIT */
/* Whole sessions: our client against our server in memory, and recordings of other people's clients. */
#include <rtmpwire/message.h>

#include "session_script.h"

static const char *data_folder;

/* Our client against our server */

struct pair {
    struct heap heap;
    struct rtmp_server *server;
    struct rtmp_client *client;
    struct trace heard_by_server, heard_by_client;
};

static void begin_pair(struct pair *pair)
{
    *pair = (struct pair){0};
    pair->server = make_server(&pair->heap, NULL);
    pair->client = make_client(&pair->heap);
}

static void talk(struct pair *pair)
{
    trace_clear(&pair->heard_by_server);
    trace_clear(&pair->heard_by_client);
    converse(pair->server, pair->client, &pair->heard_by_server, &pair->heard_by_client);
}

static void end_pair(struct pair *pair)
{
    trace_clear(&pair->heard_by_server);
    trace_clear(&pair->heard_by_client);
    rtmp_server_destroy(pair->server);
    rtmp_client_destroy(pair->client);
    assert_int_equal(pair->heap.live_bytes, 0);
}

static void begin_connected(struct pair *pair)
{
    begin_pair(pair);
    talk(pair);
    assert_trace(&pair->heard_by_server,
                 "connect app=live query= tcUrl=rtmp://host/live flashVer=FMLE/3.0 (compatible; test) encoding=0\n");
    assert_trace(&pair->heard_by_client,
                 "begin 0\nconnected NetConnection.Connect.Success encoding=0 caps=0 codecs=0\n");
}

static void test_publish(void **state)
{
    (void)state;
    struct pair p;
    begin_connected(&p);
    assert_int_equal(rtmp_client_publish(p.client, "cam?key=1", RTMP_PUBLISH_LIVE), 0);
    talk(&p);
    assert_trace(&p.heard_by_server, "release releaseStream cam?key=1 id=2\nrelease FCPublish cam?key=1 id=3\n"
                                     "publish 1 cam?key=1 mode=0\n");
    assert_trace(&p.heard_by_client, "stream-ready 1 cam?key=1 purpose=0\nbegin 1\n"
                                     "status 1 status NetStream.Publish.Start details=cam\n");

    static uint8_t frame[200000]; /* more than one chunk of either side */
    memset(frame, 0x27, sizeof frame);
    assert_int_equal(rtmp_client_data(p.client, 1, 0, "@setDataFrame", NULL), 0); /* no name behind it: dropped */
    assert_int_equal(rtmp_client_media(p.client, RTMP_TYPE_VIDEO, 1, 0xFFFFFFF0, frame, sizeof frame), 0);
    assert_int_equal(rtmp_client_media(p.client, RTMP_TYPE_AUDIO, 1, 0x10, NULL, 0), 0);
    assert_int_equal(rtmp_client_stop(p.client, 1), 0);
    talk(&p);
    assert_trace(&p.heard_by_server, "video 1 at 4294967280: 200000 bytes a401\naudio 1 at 16: 0 bytes 0001\n"
                                     "stop 1 cause=3 published=1 pending=0\n");
    end_pair(&p);
}

static void test_play(void **state)
{
    (void)state;
    struct pair p;
    begin_connected(&p);
    struct rtmp_play_options options = {.start = RTMP_PLAY_LIVE, .buffer_ms = 200};
    assert_int_equal(rtmp_client_play(p.client, "film", &options), 0);
    talk(&p);
    assert_trace(&p.heard_by_server, "play 1 film? start=1,0 duration=-1 reset=1\nbuffer-length 1 200\n");
    assert_trace(&p.heard_by_client, "stream-ready 1 film purpose=1\nbegin 1\n"
                                     "status 1 status NetStream.Play.Reset details=film\n"
                                     "status 1 status NetStream.Play.Start details=film\n");
    static uint8_t frame[200000];
    struct rtmp_status left = {"status", "NetStream.Play.UnpublishNotify", NULL, "film", NULL};
    assert_int_equal(rtmp_server_data(p.server, 1, 5, "|RtmpSampleAccess", NULL), 0);
    assert_int_equal(rtmp_server_media(p.server, RTMP_TYPE_VIDEO, 1, 0x1000000, frame, sizeof frame), 0);
    assert_int_equal(rtmp_server_media(p.server, RTMP_TYPE_COMMAND_AMF0, 1, 0, frame, 1), RTMP_E_RANGE);
    assert_int_equal(rtmp_server_status(p.server, 1, &left), 0);
    assert_int_equal(rtmp_server_stream_eof(p.server, 1), 0);
    talk(&p);
    assert_trace(&p.heard_by_client, "data 1 at 5: |RtmpSampleAccess kind=0, 20 bytes 1a9d\n"
                                     "video 1 at 16777216: 200000 bytes d801\n"
                                     "status 1 status NetStream.Play.UnpublishNotify details=film\neof 1\n");
    assert_int_equal(rtmp_client_pause(p.client, 1, true, 40), 0);
    assert_int_equal(rtmp_client_stop(p.client, 1), 0);
    talk(&p);
    assert_trace(&p.heard_by_server, "pause 1 1 at 40\nstop 1 cause=1 published=0 pending=0\n");
    end_pair(&p);
}

static void test_calls(void **state)
{
    (void)state;
    struct pair p;
    begin_connected(&p);
    static const uint8_t object[] = {0, 2, 's', 'o', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    assert_int_equal(rtmp_client_call(p.client, "say", 1001, NULL), 0);
    assert_int_equal(rtmp_server_call(p.server, "update", 7, NULL), 0);
    assert_int_equal(rtmp_client_shared_object(p.client, RTMP_TYPE_SHARED_OBJECT_AMF0, object, sizeof object), 0);
    assert_int_equal(rtmp_client_shared_object(p.client, RTMP_TYPE_AUDIO, object, sizeof object), RTMP_E_RANGE);
    assert_int_equal(rtmp_client_ping(p.client, 400), 0);
    assert_int_equal(rtmp_server_ping(p.server, 600), 0);
    assert_int_equal(rtmp_server_reconnect(p.server, "rtmp://other/live", NULL), 0);
    talk(&p);
    assert_trace(&p.heard_by_server,
                 "call 0 say id=1001 type=20\nshared-object type=19 21 bytes 7402\npong 600 rtt=400\n");
    assert_trace(&p.heard_by_client, "call 0 update id=7 type=20\nreconnect-request rtmp://other/live\n"
                                     "result id=1001 error=1\npong 400 rtt=600\n");
    assert_int_equal(rtmp_client_reply_result(p.client, 7, NULL), 0);
    talk(&p);
    assert_trace(&p.heard_by_server, "result id=7 error=0\n");
    assert_int_equal(rtmp_server_close(p.server, NULL), 0);
    talk(&p);
    assert_trace(&p.heard_by_client, "status 0 status NetConnection.Connect.Closed details=\nclose 0\n");
    end_pair(&p);
}

/* What a client announces arrives, and the server's answer stands in both objects of its reply. */
static void test_capabilities(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_capabilities mine = {.caps_ex = RTMP_CAPS_MULTITRACK,
                                     .n_codecs = 2,
                                     .codecs = {{0x68766331, RTMP_CODEC_VIDEO, RTMP_CAN_DECODE | RTMP_CAN_ENCODE},
                                                {RTMP_FOURCC_ANY, RTMP_CODEC_AUDIO, RTMP_CAN_FORWARD}}};
    struct rtmp_client_config config = {
        .allocator = &allocator, .random = &counting_random, .app = "a", .tc_url = "rtmp://h/a", .capabilities = &mine};
    struct rtmp_client *client;
    struct rtmp_server *server = make_server(&heap, NULL);
    assert_int_equal(rtmp_client_create(&config, &client), 0);
    size_t length, used, done = 0;
    struct rtmp_event event;
    struct trace ignored = {0};

    const uint8_t *bytes = rtmp_client_output(client, &length); /* C0 C1 */
    assert_int_equal(feed_server(server, bytes, length, false, &ignored), RTMP_E_MORE);
    rtmp_client_sent(client, length);
    bytes = rtmp_server_output(server, &length);
    assert_int_equal(feed_client(client, bytes, length, &ignored), RTMP_E_MORE);
    rtmp_server_sent(server, length);
    bytes = rtmp_client_output(client, &length); /* C2, connect */
    assert_int_equal(rtmp_server_read(server, 0, bytes, length, &used, &event), 0);
    const struct rtmp_capabilities *read = &event.connect.capabilities;
    assert_true(read->announced);
    assert_int_equal(read->caps_ex, RTMP_CAPS_MULTITRACK);
    assert_int_equal(rtmp_capabilities_can(read, RTMP_CODEC_VIDEO, 0x68766331), RTMP_CAN_DECODE | RTMP_CAN_ENCODE);
    assert_int_equal(rtmp_capabilities_can(read, RTMP_CODEC_VIDEO, 0x61763031), 0);
    assert_int_equal(rtmp_capabilities_can(read, RTMP_CODEC_AUDIO, 0x4F707573), RTMP_CAN_FORWARD);
    struct rtmp_connect_reply reply = {.capabilities = &mine};
    assert_int_equal(rtmp_server_accept_connect(server, &reply), 0);
    bytes = rtmp_server_output(server, &length);
    int rc;
    do {
        rc = rtmp_client_read(client, 0, bytes + done, length - done, &used, &event);
        done += used;
    } while (rc == 0 && event.type != RTMP_EVENT_CONNECTED);
    assert_int_equal(rc, 0);
    assert_true(rtmp_value_number(rtmp_value_get(event.connected.properties, "capsEx"), 0) == RTMP_CAPS_MULTITRACK);
    assert_true(rtmp_value_number(rtmp_value_get(event.connected.info, "capsEx"), 0) == RTMP_CAPS_MULTITRACK);
    assert_int_equal(event.connected.capabilities.n_codecs, 2);
    trace_clear(&ignored);
    rtmp_server_destroy(server);
    rtmp_client_destroy(client);
    assert_int_equal(heap.live_bytes, 0);
}

/* Recordings */

static char *read_whole(const char *name, const char *ending, size_t *length)
{
    char path[4096];
    assert_true(snprintf(path, sizeof path, "%s/sessions/%s.%s", data_folder, name, ending) < (int)sizeof path);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    char *bytes = NULL;
    *length = 0;
    for (size_t n = 1; n > 0; *length += n) {
        bytes = realloc(bytes, *length + 4097);
        assert_non_null(bytes);
        n = fread(bytes + *length, 1, 4096, file);
    }
    fclose(file);
    bytes[*length] = '\0';
    return bytes;
}

static void replay(const uint8_t *bytes, size_t length, size_t cut, const char *expected)
{
    struct heap heap = {0};
    struct trace events = {0};
    struct rtmp_server *server = make_server(&heap, NULL);
    assert_int_equal(feed_server(server, bytes, cut, true, &events), RTMP_E_MORE);
    assert_int_equal(feed_server(server, bytes + cut, length - cut, true, &events), RTMP_E_MORE);
    assert_trace(&events, expected);
    struct rtmp_session_stats stats;
    rtmp_server_stats(server, &stats);
    assert_int_equal(stats.bytes_in, length);
    assert_int_equal(stats.oddities, 0);
    rtmp_server_destroy(server);
    trace_clear(&events);
    assert_int_equal(heap.live_bytes, 0);
}

static void replay_recording(const char *name)
{
    size_t length, n_events;
    char *bytes = read_whole(name, "bin", &length);
    char *events = read_whole(name, "events", &n_events);
    for (size_t cut = 0; cut <= length; cut++)
        replay((const uint8_t *)bytes, length, cut, events);
    free(bytes);
    free(events);
}

static void test_ffmpeg_publish(void **state)
{
    (void)state;
    replay_recording("ffmpeg_publish");
}

static void test_ffmpeg_play(void **state)
{
    (void)state;
    replay_recording("ffmpeg_play");
}

static void test_rtmpdump_play(void **state)
{
    (void)state;
    replay_recording("rtmpdump_play");
}

static void test_rtmp2sink_publish(void **state)
{
    (void)state;
    replay_recording("rtmp2sink_publish");
}

static void test_rtmpsink_publish(void **state)
{
    (void)state;
    replay_recording("rtmpsink_publish");
}

int main(int argc, char **argv)
{
    data_folder = argc > 2 ? argv[2] : "tests/data";
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_publish),
        cmocka_unit_test(test_play),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_ffmpeg_publish),
        cmocka_unit_test(test_ffmpeg_play),
        cmocka_unit_test(test_rtmpdump_play),
        cmocka_unit_test(test_rtmp2sink_publish),
        cmocka_unit_test(test_rtmpsink_publish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
