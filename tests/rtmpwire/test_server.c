/* SPDX-License-Identifier: MIT */
/*
 * The server session against peers as they are (docs/wire.md 11): each script is what one kind of client says. What the
 * session tells its caller and what it answers must be as written here, however the input is cut.
 */
#include "session_script.h"

/* Running a script */

struct run {
    struct heap heap;
    struct trace events, output;
    int result;
    struct rtmp_failure failure;
};

static void run_pieces(struct run *run, const struct script *script, const struct rtmp_session_limits *limits,
                       size_t first, size_t step)
{
    struct rtmp_server *server = make_server(&run->heap, limits);
    const uint8_t *data = script->bytes.data;
    size_t length = script->bytes.length;
    run->result = RTMP_E_MORE;
    for (size_t at = 0, n = first; at < length && run->result == RTMP_E_MORE; at += n, n = step) {
        if (n > length - at)
            n = length - at;
        run->result = feed_server(server, data + at, n, true, &run->events);
    }
    size_t n_output;
    const uint8_t *output = rtmp_server_output(server, &n_output);
    trace_output(&run->output, output, n_output, true);
    rtmp_server_failure(server, &run->failure);
    rtmp_server_destroy(server);
    assert_int_equal(run->heap.live_bytes, 0);
}

static void end_run(struct run *run)
{
    trace_clear(&run->events);
    trace_clear(&run->output);
}

static void assert_same(const struct run *whole, const struct run *cut)
{
    assert_int_equal(cut->result, whole->result);
    assert_trace(&cut->events, whole->events.text ? whole->events.text : "");
    assert_trace(&cut->output, whole->output.text ? whole->output.text : "");
    assert_int_equal(cut->failure.code, whole->failure.code);
    assert_int_equal(cut->failure.offset, whole->failure.offset);
}

/* In one piece, then cut in two at every byte, then byte by byte. */
static void run_script(struct script *script, int result, const char *events, const char *output)
{
    struct run whole = {0};
    size_t length = script->bytes.length;
    run_pieces(&whole, script, NULL, length, length);
    assert_trace(&whole.events, events);
    assert_trace(&whole.output, output);
    assert_int_equal(whole.result, result);
    for (size_t cut = 1; cut < length; cut++) {
        struct run run = {0};
        run_pieces(&run, script, NULL, cut, length);
        assert_same(&whole, &run);
        end_run(&run);
    }
    struct run bytes = {0};
    run_pieces(&bytes, script, NULL, 1, 1);
    assert_same(&whole, &bytes);
    end_run(&bytes);
    end_run(&whole);
    script_end(script);
}

/* What the session says: to a connect, to a createStream with id 2, to an accepted publish and play of "cam". */
#define STATUS(level, code, more) "{\"level\":\"" level "\",\"code\":\"" code "\",\"description\":\"" more "}\n"
#define ON_STATUS                 "20@1: \"onStatus\" 0 null "
#define HEARD_ACCEPT(encoding)                                                                    \
    "5@0: 002625a0\n6@0: 002625a002\n1@0: 0000ea60\n4@0: 000000000000\n"                          \
    "20@0: \"_result\" 1 {\"fmsVer\":\"FMS/3,5,7,7009\",\"capabilities\":31,\"mode\":1} " STATUS( \
        "status", "NetConnection.Connect.Success", "Connection succeeded.\",\"objectEncoding\":" encoding)
#define HEARD_CONNECT    HEARD_ACCEPT("0")
#define HEARD_STREAM     "20@0: \"_result\" 2 null 1\n"
#define HEARD_FC_PUBLISH "20@0: \"onFCPublish\" 0 null " STATUS("status", "NetStream.Publish.Start", "cam\"")
#define HEARD_BEGIN      "4@0: 000000000001\n"
#define HEARD_PUBLISH \
    HEARD_BEGIN ON_STATUS STATUS("status", "NetStream.Publish.Start", "Publishing.\",\"details\":\"cam\"")
#define HEARD_UNPUBLISH ON_STATUS STATUS("status", "NetStream.Unpublish.Success", "Unpublished.\"")
#define HEARD_RESET     ON_STATUS STATUS("status", "NetStream.Play.Reset", "Playing and resetting.\",\"details\":\"cam\"")
#define HEARD_START     ON_STATUS STATUS("status", "NetStream.Play.Start", "Started playing.\",\"details\":\"cam\"")
#define HEARD_PLAY      HEARD_BEGIN HEARD_RESET HEARD_START
#define TOLD_CONNECT    "connect app=live query= tcUrl=rtmp://h/live flashVer= encoding=0\n"

static void test_obs(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_chunk_size(&s, 4096);
    say(&s, 20, 0, "sn{ksksksksks}", "connect", 1.0, "app", "live", "type", "nonprivate", "flashVer",
        "FMLE/3.0 (compatible; FMSc/1.0)", "swfUrl", "rtmp://h/live", "tcUrl", "rtmp://h/live");
    say(&s, 20, 0, "sn0s", "releaseStream", 2.0, "cam");
    say(&s, 20, 0, "sn0s", "FCPublish", 3.0, "cam");
    say(&s, 20, 0, "sn0", "createStream", 4.0);
    say(&s, 20, 1, "sn0ss", "publish", 5.0, "cam?key=1", "live");
    say(&s, 18, 1, "ss{kn}", "@setDataFrame", "onMetaData", "width", 640.0);
    say_on(&s, 4, 8, 1, 0, "\xaf\x00\x12\x10", 4);
    say_on(&s, 4, 9, 1, 0, "\x17\x00\x00\x00\x00", 5);
    say_on(&s, 4, 9, 1, 40, "\x27\x01\x00\x00\x00\x41", 6);
    say(&s, 20, 0, "sn0s", "FCUnpublish", 6.0, "cam");
    say(&s, 20, 0, "sn0n", "deleteStream", 7.0, 1.0);
    run_script(
        &s, RTMP_E_MORE,
        "connect app=live query= tcUrl=rtmp://h/live flashVer=FMLE/3.0 (compatible; FMSc/1.0) encoding=0\n"
        "release releaseStream cam? id=2\n"
        "release FCPublish cam? id=3\n"
        "publish 1 cam?key=1 mode=0\n"
        "data 1 at 0: onMetaData kind=1, 33 bytes 94bc\n"
        "audio 1 at 0: 4 bytes a6b0\n"
        "video 1 at 0: 5 bytes f536\n"
        "video 1 at 40: 6 bytes 533c\n"
        "stop 1 cause=3 published=1 pending=0\n",
        HEARD_CONNECT
        "20@0: \"_result\" 2 null null\n"
        "20@0: \"_result\" 3 null null\n" HEARD_FC_PUBLISH "20@0: \"_result\" 4 null 1\n" HEARD_PUBLISH
        "20@0: \"_result\" 6 null null\n"
        "20@0: \"onFCUnpublish\" 0 null "
        "{\"level\":\"status\",\"code\":\"NetStream.Unpublish.Success\",\"description\":\"cam\"}\n" HEARD_UNPUBLISH);
}

static void test_ffmpeg_publish(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say(&s, 20, 0, "sn{ksksksks}", "connect", 1.0, "app", "live", "type", "nonprivate", "flashVer",
        "FMLE/3.0 (compatible; Lavf59)", "tcUrl", "rtmp://h/live");
    say_chunk_size(&s, 60000); /* the server's own value comes back, and is used from then on */
    say(&s, 20, 0, "sn0s", "releaseStream", 2.0, "cam");
    say(&s, 20, 0, "sn0s", "FCPublish", 3.0, "cam");
    say(&s, 20, 0, "sn0", "createStream", 4.0);
    say(&s, 20, 1, "sn0ss", "publish", 5.0, "cam", "live");
    say_raw(&s, 18, 1, "00000000"); /* a data track's artefact */
    uint8_t body[300] = {0x27, 1};
    say_on(&s, 6, 9, 1, 40, body, sizeof body);
    run_script(&s, RTMP_E_MORE,
               "connect app=live query= tcUrl=rtmp://h/live flashVer=FMLE/3.0 (compatible; Lavf59) encoding=0\n"
               "release releaseStream cam? id=2\n"
               "release FCPublish cam? id=3\n"
               "publish 1 cam? mode=0\n"
               "video 1 at 40: 300 bytes debb\n",
               HEARD_CONNECT "20@0: \"_result\" 2 null null\n"
                             "20@0: \"_result\" 3 null null\n" HEARD_FC_PUBLISH
                             "20@0: \"_result\" 4 null 1\n" HEARD_PUBLISH);
}

static void test_gstreamer(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_chunk_size(&s, 128);
    say_connect(&s);
    say(&s, 20, 0, "sn0s", "releaseStream", 0.0, "cam");
    say(&s, 20, 0, "sn0s", "FCPublish", 0.0, "cam");
    say(&s, 20, 0, "sn0", "createStream", 2.0);
    say(&s, 20, 1, "sn0ss", "publish", 0.0, "cam", "live");
    run_script(&s, RTMP_E_MORE,
               TOLD_CONNECT "release releaseStream cam? id=0\n"
                            "release FCPublish cam? id=0\n"
                            "publish 1 cam? mode=0\n",
               HEARD_CONNECT HEARD_STREAM HEARD_PUBLISH);
}

static void test_haivision(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_connect(&s);
    say(&s, 20, 0, "sn0", "_checkbw", 3.0);
    say(&s, 20, 0, "sn0", "createStream", 2.0);
    say(&s, 20, 0, "sn0s", "FCPublish", 4.0, "cam");
    say(&s, 20, 1, "sn0ss", "publish", 5.0, "cam", "live");
    run_script(&s, RTMP_E_MORE,
               TOLD_CONNECT "release FCPublish cam? id=4\n"
                            "publish 1 cam? mode=0\n",
               HEARD_CONNECT "20@0: \"_result\" 3 null null\n" HEARD_STREAM
                             "20@0: \"_result\" 4 null null\n" HEARD_FC_PUBLISH HEARD_PUBLISH);
}

/* Commands on message stream 0, video on any chunk stream. */
static void test_haishinkit(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_connect_and_create(&s);
    say(&s, 20, 0, "sn0s", "FCPublish", 3.0, "cam");
    say(&s, 20, 0, "sn0s", "publish", 0.0, "cam"); /* no type: live */
    say_on(&s, 9, 9, 1, 0, "\x17\x01", 2);
    say(&s, 18, 0, "s{kn}", "onMetaData", "width", 640.0);
    run_script(&s, RTMP_E_MORE,
               TOLD_CONNECT "release FCPublish cam? id=3\n"
                            "publish 1 cam? mode=0\n"
                            "video 1 at 0: 2 bytes 068b\n"
                            "data 1 at 0: onMetaData kind=0, 33 bytes 94bc\n",
               HEARD_CONNECT HEARD_STREAM "20@0: \"_result\" 3 null null\n" HEARD_FC_PUBLISH HEARD_PUBLISH);
}

static void test_ffmpeg_play(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_connect_and_create(&s);
    say(&s, 20, 0, "sn0s", "getStreamLength", 3.0, "cam");
    say(&s, 20, 1, "sn0sn", "play", 4.0, "cam", -2000.0);
    say_raw(&s, 4, 0, "00030000000100000bb8");
    say(&s, 20, 0, "sn0n", "deleteStream", 0.0, 1.0);
    run_script(&s, RTMP_E_MORE,
               TOLD_CONNECT "stream-length getStreamLength cam? id=3\n"
                            "play 1 cam? start=0,0 duration=-1 reset=1\n"
                            "buffer-length 1 3000\n"
                            "stop 1 cause=1 published=0 pending=0\n",
               HEARD_CONNECT HEARD_STREAM "20@0: \"_result\" 3 null null\n" HEARD_PLAY);
}

static void test_rtmpdump(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_connect(&s);
    say_raw(&s, 5, 0, "002625a0");
    say_raw(&s, 4, 0, "0003000000000000012c");
    say(&s, 20, 0, "sn0", "createStream", 2.0);
    say(&s, 20, 1, "sn0sn", "play", 0.0, "cam", -1000.0);
    say_raw(&s, 4, 0, "00030000000102255100");
    /* its answer to a ping starts the control chunk stream anew with a type 1 header, on an own csid here */
    assert_int_equal(rtmp_buffer_append(&s.bytes, "\x45\x00\x00\x00\x00\x00\x06\x04\x00\x07\x00\x00\x03\xe7", 14), 0);
    run_script(&s, RTMP_E_MORE,
               TOLD_CONNECT "buffer-length 0 300\n"
                            "play 1 cam? start=1,0 duration=-1 reset=1\n"
                            "buffer-length 1 36000000\n"
                            "pong 999 rtt=1\n",
               HEARD_CONNECT HEARD_STREAM HEARD_PLAY);
}

static void test_flash_player(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say(&s, 20, 0, "sn{ksksknksks}sn", "connect", 1.0, "app", "game/room/_definst_/?k=v", "tcUrl", "rtmp://h/game",
        "objectEncoding", 3.0, "pageUrl", "http://p/", "swfUrl", "http://s/", "user", 7.0);
    say(&s, 17, 0, "sn0", "createStream", 2.0);
    say(&s, 17, 1, "sn0snnb", "play", 0.0, "cam?t=1", 5000.0, 1000.0, 0);
    say(&s, 20, 1, "sn00n", "pause", 0.0, 20.0);
    say(&s, 20, 1, "sn0bn", "pause", 0.0, 1, 20.0);
    say(&s, 20, 1, "sn0bn", "pauseRaw", 0.0, 0, 30.0);
    say(&s, 20, 1, "sn0n", "seek", 0.0, 1500.0);
    say(&s, 20, 1, "sn0b", "receiveAudio", 0.0, 0);
    say(&s, 20, 1, "sn0b", "receiveVideo", 0.0, 1);
    say(&s, 20, 1, "sn0{ksksksknkn}", "play2", 0.0, "streamName", "cam2", "oldStreamName", "cam", "transition",
        "switch", "start", -1.0, "len", -1.0);
    say(&s, 17, 0, "sn0s", "say", 5.0, "hi");
    say(&s, 20, 0, "sn0s", "_result", 9.0, "yes");
    say(&s, 20, 0, "sn0s", "_error", 10.0, "no");
    say_raw(&s, 19, 0, "0002736f0000000000000000000000000100000000");
    say(&s, 20, 1, "sn0", "closeStream", 0.0);
    say(&s, 20, 1, "sn0", "closeStream", 0.0); /* nothing to close any more */
    say(&s, 20, 0, "sn0", "close", 0.0);
    say(&s, 20, 0, "sn0", "nobody hears", 8.0);
    run_script(&s, RTMP_E_MORE,
               "connect app=game/room query=k=v tcUrl=rtmp://h/game flashVer= encoding=3\n"
               "play 1 cam?t=1 start=2,5000 duration=1000 reset=0\n"
               "pause 1 2 at 20\n"
               "pause 1 1 at 20\n"
               "pause 1 0 at 30\n"
               "seek 1 1500\n"
               "receive-audio 1 0\n"
               "receive-video 1 1\n"
               "play 1 cam2? start=1,0 duration=-1 reset=0\n"
               "call 0 say id=5 type=17\n"
               "result id=9 error=0\n"
               "result id=10 error=1\n"
               "shared-object type=19 21 bytes 7402\n"
               "stop 1 cause=0 published=0 pending=0\n"
               "close 0\n",
               /* after objectEncoding 3 all but the answer to connect has type 17 */
               HEARD_ACCEPT("3") "17@0: \"_result\" 2 null 1\n" HEARD_BEGIN "17@1: \"onStatus\" 0 null " STATUS(
                   "status", "NetStream.Play.Start", "Started playing.\",\"details\":\"cam\"") HEARD_BEGIN
               "17@1: \"onStatus\" 0 null " STATUS(
                   "status", "NetStream.Play.Start",
                   "Started playing.\",\"details\":\"cam2\"") "17@0: \"_error\" 5 null "
                                                              "{\"level\":\"error\",\"code\":\"NetConnection.Call."
                                                              "Failed\",\"description\":\"Method "
                                                              "not found.\"}\n");
}

static void test_leaving_politely(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_connect_and_create(&s);
    say(&s, 20, 1, "sn0ss", "publish", 0.0, "cam", "record");
    say(&s, 20, 1, "sn0b", "publish", 0.0, 0);
    say(&s, 20, 1, "sn0ss", "publish", 0.0, "cam", "append");
    say(&s, 20, 1, "sn0", "closeStream", 0.0);
    say(&s, 20, 1, "sn0ss", "publish", 0.0, "cam", "appendWithGap");
    say(&s, 20, 0, "sn0s", "FCUnpublish", 0.0, "cam");
    run_script(&s, RTMP_E_MORE,
               TOLD_CONNECT "publish 1 cam? mode=1\n"
                            "stop 1 cause=2 published=1 pending=0\n"
                            "publish 1 cam? mode=2\n"
                            "stop 1 cause=0 published=1 pending=0\n"
                            "publish 1 cam? mode=3\n"
                            "stop 1 cause=3 published=1 pending=0\n",
               HEARD_CONNECT HEARD_STREAM HEARD_PUBLISH HEARD_UNPUBLISH HEARD_PUBLISH HEARD_UNPUBLISH HEARD_PUBLISH
                   HEARD_UNPUBLISH);
}

/* Commands in the wrong order get an answer, never more. */
static void test_wrong_order(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_on(&s, 4, 9, 1, 0, "\x17\x01", 2); /* media before connect */
    say_connect(&s);
    say_connect(&s);                                        /* a second connect */
    say(&s, 20, 1, "sn0ss", "publish", 3.0, "cam", "live"); /* no such stream */
    say(&s, 20, 1, "sn0s", "play", 4.0, "cam");             /* no such stream */
    say(&s, 20, 0, "sn0", "createStream", 2.0);
    say(&s, 20, 1, "sn0n", "seek", 5.0, 1.0); /* nothing plays */
    say(&s, 20, 1, "sn0b", "pause", 5.0, 1);  /* nothing plays */
    say_on(&s, 4, 9, 1, 0, "\x17\x01", 2);    /* media before publish */
    say(&s, 20, 1, "sn0ss", "publish", 6.0, "cam", "live");
    say(&s, 20, 1, "sn0ss", "publish", 7.0, "cam2", "live"); /* in use */
    say(&s, 20, 1, "sn0s", "play", 8.0, "cam");              /* in use */
    say(&s, 20, 0, "sn0n", "deleteStream", 9.0, 5.0);        /* no such stream */
    run_script(
        &s, RTMP_E_MORE, TOLD_CONNECT "publish 1 cam? mode=0\n",
        HEARD_CONNECT
        "20@0: \"_error\" 1 null {\"level\":\"error\",\"code\":\"NetConnection.Call.Failed\",\"description\":\"This "
        "connection is open already.\"}\n"
        "20@1: \"onStatus\" 0 null {\"level\":\"error\",\"code\":\"NetStream.Publish.BadName\",\"description\":\"There "
        "is no such message stream: send createStream first.\"}\n"
        "20@1: \"onStatus\" 0 null {\"level\":\"error\",\"code\":\"NetStream.Play.Failed\",\"description\":\"There is "
        "no such message stream: send createStream first.\"}\n" HEARD_STREAM
        "20@1: \"onStatus\" 0 null {\"level\":\"error\",\"code\":\"NetStream.Seek.Failed\",\"description\":\"Nothing "
        "is playing on this message stream.\"}\n" HEARD_PUBLISH
        "20@1: \"onStatus\" 0 null {\"level\":\"error\",\"code\":\"NetStream.Publish.BadName\",\"description\":\"This "
        "message stream is in use.\"}\n"
        "20@1: \"onStatus\" 0 null {\"level\":\"error\",\"code\":\"NetStream.Play.Failed\",\"description\":\"This "
        "message stream is publishing.\"}\n");
}

static void test_aggregate_and_odd_types(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say_connect_and_create(&s);
    say(&s, 20, 1, "sn0ss", "publish", 0.0, "cam", "live");
    say_raw(&s, 22, 1, "0800000300138800000000af01210000000e090000050013b000000000270100000000000010");
    say_raw(&s, 7, 0, "00");
    say_raw(&s, 21, 1, "00");
    say_raw(&s, 4, 0, "00630000"); /* an event nobody knows */
    say_raw(&s, 4, 0, "00");       /* cut short */
    say_raw(&s, 4, 0, "000612345678");
    say_raw(&s, 3, 0, "00001000");
    say_raw(&s, 6, 0, "000f424000");
    say(&s, 15, 1, "s{kn}", "onTextData", "x", 1.0);
    say_raw(&s, 15, 1, "0200027878"); /* without its format byte */
    say_raw(&s, 18, 1, "020002");     /* cut short */
    say(&s, 18, 1, "ss", "@clearDataFrame", "onMetaData");
    run_script(&s, RTMP_E_MORE,
               TOLD_CONNECT "publish 1 cam? mode=0\n"
                            "audio 1 at 0: 3 bytes 058e\n"
                            "video 1 at 40: 5 bytes e1a5\n"
                            "ack 4096\n"
                            "data 1 at 0: onTextData kind=0, 29 bytes 57ed\n"
                            "data 1 at 0: xx kind=0, 5 bytes 1e23\n"
                            "data 1 at 0: onMetaData kind=2, 13 bytes e479\n",
               HEARD_CONNECT HEARD_STREAM HEARD_PUBLISH "4@0: 000712345678\n"
                                                        "5@0: 000f4240\n");
}

static void test_first_command_is_not_connect(void **state)
{
    (void)state;
    struct script s;
    script_begin(&s);
    say(&s, 20, 0, "sn0", "createStream", 1.0);
    say_connect(&s);
    run_script(&s, RTMP_E_ORDER, "", "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_obs),
        cmocka_unit_test(test_ffmpeg_publish),
        cmocka_unit_test(test_gstreamer),
        cmocka_unit_test(test_haivision),
        cmocka_unit_test(test_haishinkit),
        cmocka_unit_test(test_ffmpeg_play),
        cmocka_unit_test(test_rtmpdump),
        cmocka_unit_test(test_flash_player),
        cmocka_unit_test(test_leaving_politely),
        cmocka_unit_test(test_wrong_order),
        cmocka_unit_test(test_aggregate_and_odd_types),
        cmocka_unit_test(test_first_command_is_not_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
