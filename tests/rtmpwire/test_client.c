/* SPDX-License-Identifier: MIT */
/* The client session against what servers say, good and bad. The conversations with our own server are in
 * test_session.c. */
#include <rtmpwire/auth.h>
#include <rtmpwire/message.h>

#include "session_script.h"

struct fixture {
    struct heap heap;
    struct rtmp_client *client;
    struct script script;
    struct trace events, output;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){0};
    f->client = make_client(&f->heap);
    script_begin(&f->script);
}

static int hear(struct fixture *f)
{
    int rc = feed_client(f->client, f->script.bytes.data, f->script.bytes.length, &f->events);
    f->script.bytes.length = 0;
    return rc;
}

static void flush(struct fixture *f)
{
    size_t length;
    (void)rtmp_client_output(f->client, &length);
    rtmp_client_sent(f->client, length);
}

static void assert_output(struct fixture *f, bool shake, const char *expected)
{
    size_t length;
    const uint8_t *bytes = rtmp_client_output(f->client, &length);
    trace_clear(&f->output);
    trace_output(&f->output, bytes, length, shake);
    assert_trace(&f->output, expected);
    rtmp_client_sent(f->client, length);
}

static void assert_events(struct fixture *f, const char *expected)
{
    assert_trace(&f->events, expected);
    trace_clear(&f->events);
}

static void end(struct fixture *f)
{
    trace_clear(&f->events);
    trace_clear(&f->output);
    script_end(&f->script);
    rtmp_client_destroy(f->client);
    assert_int_equal(f->heap.live_bytes, 0);
}

static void begin_connected(struct fixture *f)
{
    begin(f);
    say(&f->script, 20, 0, "sn{}{ksks}", "_result", 1.0, "level", "status", "code", "NetConnection.Connect.Success");
    assert_int_equal(hear(f), RTMP_E_MORE);
    flush(f);
    trace_clear(&f->events);
}

static void begin_publishing(struct fixture *f)
{
    begin_connected(f);
    assert_int_equal(rtmp_client_publish(f->client, "cam", RTMP_PUBLISH_LIVE), 0);
    say(&f->script, 20, 0, "sn0n", "_result", 4.0, 1.0);
    assert_int_equal(hear(f), RTMP_E_MORE);
    flush(f);
    trace_clear(&f->events);
}

/* connect */

static void test_says_connect_by_itself(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    size_t length;
    (void)rtmp_client_output(f.client, &length);
    assert_int_equal(length, 1537); /* C0 and C1 */
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_output(&f, true,
                  "1@0: 00001000\n"
                  "20@0: \"connect\" 1 {\"app\":\"live\",\"type\":\"nonprivate\",\"flashVer\":\"FMLE/3.0 (compatible; "
                  "test)\",\"tcUrl\":\"rtmp://host/live\"}\n");
    say(&f.script, 20, 0, "sn{ks}{ksksksknkn}", "_result", 1.0, "fmsVer", "FMS/9", "level", "status", "code",
        "NetConnection.Connect.Success", "description", "fine", "objectEncoding", 0.0, "capsEx", 3.0);
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "connected NetConnection.Connect.Success encoding=0 caps=3 codecs=0\n");
    assert_output(&f, false, "5@0: 002625a0\n");
    end(&f);
}

static void test_connect_says_what_the_config_says(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_arena arena;
    rtmp_arena_init(&arena, &allocator, 4096);
    struct rtmp_value *token = rtmp_value_new_object(&arena), *more = rtmp_value_new_array(&arena);
    assert_int_equal(rtmp_value_set(&arena, token, "token", rtmp_value_new_number(&arena, 5)), 0);
    assert_int_equal(rtmp_value_push(&arena, more, rtmp_value_new_string(&arena, "me", 2)), 0);
    struct rtmp_capabilities capabilities = {
        .caps_ex = RTMP_CAPS_RECONNECT | RTMP_CAPS_MODEX,
        .n_codecs = 3,
        .codecs = {{.four_cc = 0x61763031, .list = RTMP_CODEC_LISTED},
                   {.four_cc = RTMP_FOURCC_ANY, .list = RTMP_CODEC_VIDEO, .can = RTMP_CAN_FORWARD},
                   {.four_cc = 0x4F707573, .list = RTMP_CODEC_AUDIO, .can = RTMP_CAN_DECODE | RTMP_CAN_ENCODE}}};
    struct rtmp_client_config config = {.allocator = &allocator,
                                        .random = &counting_random,
                                        .chunk_size = 8000,
                                        .app = "a",
                                        .tc_url = "rtmp://h/a",
                                        .swf_url = "http://s",
                                        .page_url = "http://p",
                                        .object_encoding = 3,
                                        .capabilities = &capabilities,
                                        .properties = token,
                                        .arguments = more};
    struct fixture f = {0};
    script_begin(&f.script);
    assert_int_equal(rtmp_client_create(&config, &f.client), 0);
    rtmp_arena_finish(&arena); /* the config was lent for the call */
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_output(&f, true,
                  "1@0: 00001f40\n"
                  "20@0: \"connect\" 1 {\"app\":\"a\",\"swfUrl\":\"http://s\",\"tcUrl\":\"rtmp://h/a\","
                  "\"pageUrl\":\"http://p\",\"objectEncoding\":3,\"fourCcList\":[\"av01\"],"
                  "\"videoFourCcInfoMap\":{\"*\":4},\"audioFourCcInfoMap\":{\"Opus\":3},\"capsEx\":5,\"token\":5} "
                  "\"me\"\n");
    script_end(&f.script);
    rtmp_client_destroy(f.client);
    trace_clear(&f.output);
    assert_int_equal(heap.live_bytes, 0);
}

static void test_config_needs(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_client *client = NULL;
    struct rtmp_client_config good = {
        .allocator = &allocator, .random = &counting_random, .app = "a", .tc_url = "rtmp://h/a"};
    struct rtmp_client_config bad[5] = {good, good, good, good, good};
    bad[0].allocator = NULL;
    bad[1].random = NULL;
    bad[2].app = NULL;
    bad[3].tc_url = NULL;
    bad[4].chunk_size = 0x1000000;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(rtmp_client_create(&bad[i], &client), RTMP_E_RANGE);
    assert_null(client);
}

static void test_refused(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    say(&f.script, 20, 0, "sn0{ksksksk{knks}}", "_error", 1.0, "level", "error", "code",
        "NetConnection.Connect.Rejected", "description", "go away", "ex", "code", 302.0, "redirect", "rtmp://other/a");
    say(&f.script, 20, 0, "sn0", "onBWDone", 0.0);
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "refused NetConnection.Connect.Rejected 'go away' redirect=rtmp://other/a\n");
    assert_int_equal(rtmp_client_publish(f.client, "cam", RTMP_PUBLISH_LIVE), RTMP_E_STATE);
    end(&f);
}

static void test_refused_by_status(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    say(&f.script, 20, 0, "sn0{ksksksk{knks}}", "onStatus", 0.0, "level", "error", "code",
        "NetConnection.Connect.Rejected", "description", "moved", "ex", "code", 302.0, "redirect", "rtmp://o/a");
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "refused NetConnection.Connect.Rejected 'moved' redirect=rtmp://o/a\n");
    end(&f);
}

static struct rtmp_text text(const char *words) { return (struct rtmp_text){words, strlen(words)}; }

static void test_next_query(void **state)
{
    (void)state;
    char query[256] = "untouched";
    struct rtmp_text need = text(RTMP_AUTH_NEED_USER), failed = text(RTMP_AUTH_FAILED);
    struct rtmp_text challenge = text("[ AccessManager.Reject ] : [ authmod=adobe ] : "
                                      "?reason=needauth&user=alice&salt=SALT01&challenge=CH01&opaque=OPAQ02");
    int rc = rtmp_client_next_query(failed, "alice", "s3cret", &counting_random, query, sizeof query);
    assert_int_equal(rc, RTMP_E_STATE);
    rc = rtmp_client_next_query(text("no"), "alice", "s3cret", &counting_random, query, sizeof query);
    assert_int_equal(rc, RTMP_E_STATE);
    rc = rtmp_client_next_query(need, "alice", "s3cret", &counting_random, query, 8);
    assert_int_equal(rc, RTMP_E_SPACE);
    assert_string_equal(query, "untouched");
    rc = rtmp_client_next_query(need, "alice", "s3cret", &counting_random, query, sizeof query);
    assert_int_equal(rc, 0);
    assert_string_equal(query, "?authmod=adobe&user=alice");
    rc = rtmp_client_next_query(challenge, "alice", "s3cret", &counting_random, query, sizeof query);
    assert_int_equal(rc, 0);

    struct rtmp_auth issued, said;
    rtmp_auth_parse(challenge.data, challenge.length, &issued);
    rtmp_auth_parse(query, strlen(query), &said);
    assert_true(rtmp_auth_verify(&issued, &said, (struct rtmp_auth_text){"s3cret", 6}));
    assert_false(rtmp_auth_verify(&issued, &said, (struct rtmp_auth_text){"secret", 6}));
}

/* Streams */

static void test_publish_in_order(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f);
    assert_int_equal(rtmp_client_publish(f.client, "cam?key=1", RTMP_PUBLISH_APPEND), 0);
    assert_output(&f, false,
                  "20@0: \"releaseStream\" 2 null \"cam?key=1\"\n20@0: \"FCPublish\" 3 null \"cam?key=1\"\n"
                  "20@0: \"createStream\" 4 null\n");
    say(&f.script, 20, 0, "sn0{ks}", "_error", 2.0, "level", "error"); /* does no harm */
    say(&f.script, 20, 0, "sn0{ks}", "onFCPublish", 0.0, "code", "NetStream.Publish.Start");
    say(&f.script, 20, 0, "sn0n", "_result", 4.0, 5.0);
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "stream-ready 5 cam?key=1 purpose=0\n");
    assert_output(&f, false, "20@5: \"publish\" 5 null \"cam?key=1\" \"append\"\n");
    say(&f.script, 20, 5, "sn0{ksks}", "onStatus", 0.0, "level", "status", "code", "NetStream.Publish.Start");
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "status 5 status NetStream.Publish.Start details=\n");
    assert_int_equal(rtmp_client_media(f.client, 9, 5, 40, (const uint8_t *)"\x17\x01", 2), 0);
    assert_int_equal(rtmp_client_media(f.client, 9, 6, 40, (const uint8_t *)"\x17\x01", 2), RTMP_E_STATE);
    assert_int_equal(rtmp_client_media(f.client, 20, 5, 40, (const uint8_t *)"\x17\x01", 2), RTMP_E_RANGE);
    assert_int_equal(rtmp_client_stop(f.client, 5), 0);
    assert_int_equal(rtmp_client_stop(f.client, 5), RTMP_E_STATE);
    assert_output(&f, false,
                  "9@5: 1701\n20@0: \"FCUnpublish\" 6 null \"cam?key=1\"\n20@0: \"deleteStream\" 7 null 5\n");
    end(&f);
}

static void test_play_and_control(void **state)
{
    (void)state;
    struct fixture f;
    struct rtmp_play_options options = {
        .start = RTMP_PLAY_AT, .start_ms = 500, .duration_ms = 2000, .append = true, .buffer_ms = 100};
    begin_connected(&f);
    assert_int_equal(rtmp_client_play(f.client, "film", &options), 0);
    say(&f.script, 20, 0, "sn0n", "_result", 2.0, 1.0);
    say_raw(&f.script, 4, 0, "000000000001");
    say_raw(&f.script, 8, 1, "af01");
    say_raw(&f.script, 9, 1, "2701");
    say(&f.script, 18, 1, "s{kn}", "onMetaData", "width", 640.0);
    say_raw(&f.script, 4, 0, "000100000001");
    say_raw(&f.script, 4, 0, "00030000000100000bb8"); /* a client's word: ignored */
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "stream-ready 1 film purpose=1\nbegin 1\naudio 1 at 0: 2 bytes 18f3\nvideo 1 at 0: 2 bytes 087b\n"
                      "data 1 at 0: onMetaData kind=0, 33 bytes 94bc\neof 1\n");
    assert_int_equal(rtmp_client_pause(f.client, 1, true, 40), 0);
    assert_int_equal(rtmp_client_seek(f.client, 1, 9000), 0);
    assert_int_equal(rtmp_client_receive_audio(f.client, 1, false), 0);
    assert_int_equal(rtmp_client_receive_video(f.client, 1, true), 0);
    assert_int_equal(rtmp_client_stop(f.client, 1), 0);
    assert_int_equal(rtmp_client_pause(f.client, 1, true, 40), RTMP_E_STATE);
    assert_output(&f, false,
                  "20@0: \"createStream\" 2 null\n"
                  "20@1: \"play\" 3 null \"film\" 500 2000 false\n4@0: 00030000000100000064\n"
                  "20@1: \"pause\" 4 null true 40\n20@1: \"seek\" 5 null 9000\n"
                  "20@1: \"receiveAudio\" 6 null false\n20@1: \"receiveVideo\" 7 null true\n"
                  "20@0: \"deleteStream\" 8 null 1\n");
    end(&f);
}

static void test_create_stream_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f);
    assert_int_equal(rtmp_client_play(f.client, "film", NULL), 0);
    say(&f.script, 20, 0, "sn0", "_error", 2.0);
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "status 0 error NetConnection.Call.Failed details=\n");
    end(&f);
}

static void test_create_stream_with_a_bad_id(void **state)
{
    (void)state;
    static const double ids[] = {0, -1, 4294967296.0, 1 /* in use */};
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct fixture f;
        begin_publishing(&f);
        assert_int_equal(rtmp_client_play(f.client, "film", NULL), 0);
        say(&f.script, 20, 0, "sn0n", "_result", 6.0, ids[i]);
        assert_int_equal(hear(&f), RTMP_E_MALFORMED);
        end(&f);
    }
}

static void test_too_many_streams(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f);
    for (int i = 0; i < 16; i++)
        assert_int_equal(rtmp_client_play(f.client, "film", NULL), 0);
    assert_int_equal(rtmp_client_play(f.client, "film", NULL), RTMP_E_STREAMS);
    end(&f);
}

/* The rest */

static void test_calls_both_ways(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f);
    assert_int_equal(rtmp_client_call(f.client, "say", 5, NULL), RTMP_E_RANGE);
    assert_int_equal(rtmp_client_call(f.client, "say", RTMP_CALL_ID_MIN, NULL), 0);
    say(&f.script, 20, 0, "sn0s", "_result", (double)RTMP_CALL_ID_MIN, "hi");
    say(&f.script, 20, 0, "sn0s", "_error", (double)RTMP_CALL_ID_MIN + 1, "no");
    say(&f.script, 20, 0, "sn0s", "update", 3.0, "x");
    say(&f.script, 20, 0, "sn0", "_onbwcheck", 4.0);
    say(&f.script, 20, 0, "sn0{ksks}", "onStatus", 0.0, "code", "NetConnection.Connect.ReconnectRequest", "tcUrl",
        "rtmp://b/live");
    say(&f.script, 20, 0, "sn0", "close", 0.0);
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "result id=1000 error=0\nresult id=1001 error=1\ncall 0 update id=3 type=20\n"
                      "reconnect-request rtmp://b/live\nclose 0\n");
    assert_int_equal(rtmp_client_reply_result(f.client, 3, NULL), 0);
    assert_int_equal(rtmp_client_reply_error(f.client, 0, NULL), 0); /* id 0 wants no answer */
    assert_output(&f, false, "20@0: \"say\" 1000 null\n20@0: \"_result\" 4 null null\n20@0: \"_result\" 3 null null\n");
    end(&f);
}

static void test_control(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f);
    say_raw(&f.script, 4, 0, "000612345678");
    say_raw(&f.script, 6, 0, "0003000002");
    say_raw(&f.script, 6, 0, "0003000002"); /* known already */
    say_raw(&f.script, 4, 0, "001a01");     /* SWF verification: never answered */
    assert_int_equal(rtmp_client_ping(f.client, 990), 0);
    say_raw(&f.script, 4, 0, "0007000003de");
    assert_int_equal(hear(&f), RTMP_E_MORE);
    assert_events(&f, "pong 990 rtt=10\n");
    assert_output(&f, false, "4@0: 0006000003de\n4@0: 000712345678\n5@0: 00030000\n");
    end(&f);
}

static int run_with_failing_memory(const struct script *script, long fail_at)
{
    struct heap heap = {.fail_at = fail_at};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_client_config config = {
        .allocator = &allocator, .random = &counting_random, .app = "live", .tc_url = "rtmp://h/live"};
    struct rtmp_client *client = NULL;
    struct trace events = {0};
    size_t half = script->bytes.length - 400;
    int rc = rtmp_client_create(&config, &client);
    if (rc == 0)
        rc = feed_client(client, script->bytes.data, half, &events);
    if (rc == RTMP_E_MORE)
        rc = rtmp_client_publish(client, "cam", RTMP_PUBLISH_LIVE);
    if (rc == 0)
        rc = feed_client(client, script->bytes.data + half, script->bytes.length - half, &events);
    if (rc == RTMP_E_MORE)
        rc = rtmp_client_data(client, 1, 0, "onMetaData", NULL);
    rtmp_client_destroy(client);
    trace_clear(&events);
    assert_int_equal(heap.live_bytes, 0);
    return rc;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    static const uint8_t frame[200];
    struct script script;
    script_begin(&script);
    say(&script, 20, 0, "sn{}{ksks}", "_result", 1.0, "level", "status", "code", "NetConnection.Connect.Success");
    size_t connected = script.bytes.length;
    say(&script, 20, 0, "sn0n", "_result", 4.0, 1.0);
    say_on(&script, 6, 9, 1, 0, frame, sizeof frame);
    say_on(&script, 6, 9, 1, 0, frame, 400 - (script.bytes.length - connected) - 13);
    assert_int_equal(script.bytes.length - connected, 400);
    long n = 1;
    int rc;
    while ((rc = run_with_failing_memory(&script, n)) != 0) {
        assert_int_equal(rc, RTMP_E_MEMORY);
        n++;
    }
    assert_true(n > 10);
    script_end(&script);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_connect_by_itself),
        cmocka_unit_test(test_connect_says_what_the_config_says),
        cmocka_unit_test(test_config_needs),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_by_status),
        cmocka_unit_test(test_next_query),
        cmocka_unit_test(test_publish_in_order),
        cmocka_unit_test(test_play_and_control),
        cmocka_unit_test(test_create_stream_is_refused),
        cmocka_unit_test(test_create_stream_with_a_bad_id),
        cmocka_unit_test(test_too_many_streams),
        cmocka_unit_test(test_calls_both_ways),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
