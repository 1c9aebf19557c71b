/* SPDX-License-Identifier: MIT */
/* The server session at its limits, in every state of its decisions, and when memory fails. */
#include <rtmpwire/message.h>

#include "server_internal.h"
#include "session_script.h"

/* A server that has read what `script` says, answering at once if `answers`; output so far is thrown away. */
struct fixture {
    struct heap heap;
    struct rtmp_server *server;
    struct script script;
    struct trace events, output;
};

static void begin(struct fixture *f, const struct rtmp_session_limits *limits)
{
    *f = (struct fixture){0};
    f->server = make_server(&f->heap, limits);
    script_begin(&f->script);
}

static void flush(struct fixture *f)
{
    size_t length;
    (void)rtmp_server_output(f->server, &length);
    rtmp_server_sent(f->server, length);
}

/* Feed what was said since the last time. */
static int hear(struct fixture *f, bool answers)
{
    int rc = feed_server(f->server, f->script.bytes.data, f->script.bytes.length, answers, &f->events);
    f->script.bytes.length = 0;
    return rc;
}

static void begin_connected(struct fixture *f, const struct rtmp_session_limits *limits)
{
    begin(f, limits);
    say_connect_and_create(&f->script);
    assert_int_equal(hear(f, true), RTMP_E_MORE);
    flush(f);
    trace_clear(&f->events);
}

static void begin_publishing(struct fixture *f, const struct rtmp_session_limits *limits)
{
    begin_connected(f, limits);
    say(&f->script, 20, 1, "sn0ss", "publish", 0.0, "cam", "live");
    assert_int_equal(hear(f, true), RTMP_E_MORE);
    flush(f);
    trace_clear(&f->events);
}

static void end(struct fixture *f)
{
    trace_clear(&f->events);
    trace_clear(&f->output);
    script_end(&f->script);
    rtmp_server_destroy(f->server);
    assert_int_equal(f->heap.live_bytes, 0);
}

/* Takes all output. Messages of the size these tests use fit in one chunk of any size. */
static void assert_output(struct fixture *f, bool shake, const char *expected)
{
    size_t length;
    const uint8_t *bytes = rtmp_server_output(f->server, &length);
    trace_clear(&f->output);
    trace_output(&f->output, bytes, length, shake);
    assert_trace(&f->output, expected);
    rtmp_server_sent(f->server, length);
}

static int failure_of(const struct fixture *f)
{
    struct rtmp_failure failure;
    rtmp_server_failure(f->server, &failure);
    assert_true((failure.code == 0) == (strlen(failure.rule) == 0));
    return failure.code;
}

static struct rtmp_session_stats stats_of(const struct fixture *f)
{
    struct rtmp_session_stats stats;
    rtmp_server_stats(f->server, &stats);
    return stats;
}

/* Memory */

static void test_an_idle_session_is_small(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f, NULL);
    if (f.heap.live_bytes > 1536)
        fail_msg("a connected session holds %zu bytes", f.heap.live_bytes);
    end(&f);
}

static void say_whole_publish(struct script *script)
{
    say_chunk_size(script, 4096);
    say_connect_and_create(script);
    say(script, 20, 0, "sn0s", "releaseStream", 3.0, "cam?key=1");
    say(script, 20, 1, "sn0ss", "publish", 5.0, "cam?key=1", "live");
    say(script, 18, 1, "ss{kn}", "@setDataFrame", "onMetaData", "width", 640.0);
    say_on(script, 4, 9, 1, 40, "\x27\x01\x00\x00\x00\x41", 6);
    say(script, 20, 0, "sn0s", "say", 6.0, "hi");
    say(script, 20, 0, "sn0", "createStream", 7.0);
    say(script, 20, 2, "sn0s", "play", 8.0, "cam?key=1");
    say(script, 20, 0, "sn0n", "deleteStream", 9.0, 1.0);
}

static int run_with_failing_memory(const struct script *script, long fail_at)
{
    struct heap heap = {.fail_at = fail_at};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_server_config config = {.allocator = &allocator, .random = &counting_random};
    struct rtmp_server *server = NULL;
    struct trace events = {0};
    int rc = rtmp_server_create(&config, &server);
    if (rc == 0) {
        size_t half = script->bytes.length - 100; /* a cut makes the chunk reader take memory too */
        rc = feed_server(server, script->bytes.data, half, true, &events);
        if (rc == RTMP_E_MORE)
            rc = feed_server(server, script->bytes.data + half, script->bytes.length - half, true, &events);
    }
    rtmp_server_destroy(server);
    trace_clear(&events);
    assert_int_equal(heap.live_bytes, 0);
    return rc;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    struct script script;
    script_begin(&script);
    say_whole_publish(&script);
    long n = 1;
    int rc;
    while ((rc = run_with_failing_memory(&script, n)) != RTMP_E_MORE) {
        assert_int_equal(rc, RTMP_E_MEMORY);
        n++;
    }
    assert_true(n > 10);
    script_end(&script);
}

/* Decisions that come late */

static void test_connect_is_decided_later(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    say_connect(&f.script);
    say(&f.script, 20, 0, "sn0", "createStream", 2.0);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    say(&f.script, 20, 1, "sn0s", "play", 0.0, "cam");
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_trace(&f.events, "connect app=live query= tcUrl=rtmp://h/live flashVer= encoding=0\n");
    flush(&f);
    assert_int_equal(rtmp_server_accept_connect(f.server, NULL), 0);
    assert_int_equal(rtmp_server_accept_connect(f.server, NULL), RTMP_E_STATE);
    assert_int_equal(rtmp_server_refuse_connect(f.server, NULL), RTMP_E_STATE);
    trace_clear(&f.events);
    assert_int_equal(hear(&f, false), RTMP_E_MORE); /* with no bytes: what was held comes now */
    assert_trace(&f.events, "play 1 cam? start=0,0 duration=-1 reset=1\n");
    end(&f);
}

static void test_hold_is_limited(void **state)
{
    (void)state;
    static const uint8_t zeros[101];
    for (size_t n = 99; n <= 101; n++) {
        struct fixture f;
        struct rtmp_session_limits limits = {.hold = 100};
        begin(&f, &limits);
        say_connect(&f.script);
        assert_int_equal(hear(&f, false), RTMP_E_MORE);
        assert_int_equal(feed_server(f.server, zeros, n, false, &f.events), n <= 100 ? RTMP_E_MORE : RTMP_E_ORDER);
        assert_int_equal(failure_of(&f), n <= 100 ? 0 : RTMP_E_ORDER);
        end(&f);
    }
}

/* An aggregate that arrived while connect was undecided is unpacked from the held bytes. */
static void test_held_aggregate(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    say_connect(&f.script);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    say(&f.script, 20, 0, "sn0", "createStream", 2.0);
    say(&f.script, 20, 1, "sn0ss", "publish", 0.0, "cam", "live");
    say_raw(&f.script, 22, 1, "0800000300138800000000af01210000000e090000050013b000000000270100000000000010");
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_int_equal(rtmp_server_accept_connect(f.server, NULL), 0);
    trace_clear(&f.events);
    assert_int_equal(hear(&f, true), RTMP_E_MORE);
    assert_trace(&f.events, "publish 1 cam? mode=0\naudio 1 at 0: 3 bytes 058e\nvideo 1 at 40: 5 bytes e1a5\n");
    end(&f);
}

static void test_connect_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    say_connect(&f.script);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    struct rtmp_value seven = {.type = RTMP_NUMBER, .number = 7};
    struct rtmp_connect_refusal refusal = {.description = "no", .redirect = "rtmp://other/live", .application = &seven};
    assert_int_equal(rtmp_server_refuse_connect(f.server, &refusal), 0);
    assert_output(&f, true,
                  "20@0: \"_error\" 1 null {\"level\":\"error\",\"code\":\"NetConnection.Connect.Rejected\","
                  "\"description\":\"no\",\"ex\":{\"code\":302,\"redirect\":\"rtmp://other/live\"},"
                  "\"application\":7}\n");
    trace_clear(&f.events);
    say(&f.script, 20, 0, "sn0", "createStream", 2.0);
    assert_int_equal(hear(&f, false), RTMP_E_MORE); /* ignored until the caller closes */
    assert_trace(&f.events, "");
    assert_int_equal(failure_of(&f), 0);
    end(&f);
}

static void test_publish_is_decided_later(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f, NULL);
    assert_int_equal(rtmp_server_accept_publish(f.server, 1), RTMP_E_STATE);
    say(&f.script, 20, 1, "sn0ss", "publish", 0.0, "cam", "live");
    say_on(&f.script, 4, 9, 1, 0, "\x17\x01", 2);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_int_equal(stats_of(&f).media_dropped, 1);
    assert_int_equal(rtmp_server_accept_play(f.server, 1, false), RTMP_E_STATE);
    assert_int_equal(rtmp_server_accept_publish(f.server, 1), 0);
    assert_int_equal(rtmp_server_accept_publish(f.server, 1), RTMP_E_STATE);
    say_on(&f.script, 4, 9, 1, 0, "\x17\x01", 2);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_trace(&f.events, "publish 1 cam? mode=0\nvideo 1 at 0: 2 bytes 068b\n");
    end(&f);
}

static void test_publish_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f, NULL);
    struct rtmp_status denied = {"error", "NetStream.Publish.BadName", "taken", NULL, NULL};
    say(&f.script, 20, 1, "sn0ss", "publish", 0.0, "cam", "live");
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_int_equal(rtmp_server_status(f.server, 1, &denied), 0);
    assert_int_equal(rtmp_server_accept_publish(f.server, 1), RTMP_E_STATE);
    say(&f.script, 20, 1, "sn0ss", "publish", 0.0, "cam2", "live"); /* another try on the same stream */
    assert_int_equal(hear(&f, true), RTMP_E_MORE);
    assert_trace(&f.events, "publish 1 cam? mode=0\npublish 1 cam2? mode=0\n");
    end(&f);
}

static void test_the_peer_leaves_before_the_decision(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f, NULL);
    say(&f.script, 20, 1, "sn0s", "play", 0.0, "cam");
    say(&f.script, 20, 0, "sn0n", "deleteStream", 0.0, 1.0);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_trace(&f.events, "play 1 cam? start=0,0 duration=-1 reset=1\nstop 1 cause=1 published=0 pending=1\n");
    assert_int_equal(rtmp_server_accept_play(f.server, 1, false), RTMP_E_STATE);
    end(&f);
}

/* Limits */

static void test_message_streams(void **state)
{
    (void)state;
    struct fixture f;
    struct rtmp_session_limits limits = {.message_streams = 3};
    begin_connected(&f, &limits); /* stream 1 */
    for (double id = 10; id < 13; id++)
        say(&f.script, 20, 0, "sn0", "createStream", id);
    say(&f.script, 20, 0, "sn0n", "deleteStream", 0.0, 2.0);
    say(&f.script, 20, 0, "sn0", "createStream", 13.0);
    assert_int_equal(hear(&f, true), RTMP_E_MORE);
    assert_output(&f, false,
                  "20@0: \"_result\" 10 null 2\n20@0: \"_result\" 11 null 3\n"
                  "20@0: \"_error\" 12 null {\"level\":\"error\",\"code\":\"NetConnection.Call.Failed\","
                  "\"description\":\"Too many streams on this connection.\"}\n"
                  "20@0: \"_result\" 13 null 2\n");
    end(&f);
}

/* `depth` arrays, one in the other, and a null inside. */
static void say_deep(struct script *script, double id, int depth)
{
    rtmp_buffer_clear(&script->body);
    assert_int_equal(rtmp_command_write(&script->body, "deep", id), 0);
    for (int i = 0; i < depth; i++)
        assert_int_equal(rtmp_buffer_append(&script->body, "\x0a\x00\x00\x00\x01", 5), 0);
    assert_int_equal(rtmp_amf0_write_null(&script->body), 0);
    say_on(script, 3, 20, 0, 0, script->body.data, script->body.length);
}

static void test_values_too_deep(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f, NULL);
    say_deep(&f.script, 5, 31);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_trace(&f.events, "call 0 deep id=5 type=20\n");
    say_deep(&f.script, 6, 33);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_output(&f, false,
                  "20@0: \"_error\" 6 null {\"level\":\"error\",\"code\":\"NetConnection.Call.Failed\","
                  "\"description\":\"The arguments cannot be read.\"}\n");
    say_deep(&f.script, 7, 33);
    assert_int_equal(hear(&f, false), RTMP_E_DEPTH);
    assert_int_equal(failure_of(&f), RTMP_E_DEPTH);
    size_t length;
    assert_non_null(rtmp_server_output(f.server, &length)); /* the second _error is still there to be sent */
    assert_int_equal(stats_of(&f).bad_commands, 2);
    end(&f);
}

static void test_oddities(void **state)
{
    (void)state;
    for (uint32_t n = 99; n <= 101; n++) {
        struct fixture f;
        begin_connected(&f, NULL);
        for (uint32_t i = 0; i < n; i++)
            say_raw(&f.script, 20, 0, "0200");
        assert_int_equal(hear(&f, false), n <= 100 ? RTMP_E_MORE : RTMP_E_ODDITIES);
        assert_int_equal(stats_of(&f).oddities, n);
        end(&f);
    }
}

static void test_unknown_messages_are_no_oddities(void **state)
{
    (void)state;
    struct fixture f;
    begin_connected(&f, NULL);
    for (int i = 0; i < 1000; i++)
        say_raw(&f.script, 21, 0, "00");
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    assert_int_equal(stats_of(&f).oddities, 0);
    assert_int_equal(stats_of(&f).messages_ignored, 1000);
    end(&f);
}

static void test_output_is_limited(void **state)
{
    (void)state;
    struct fixture f;
    struct rtmp_session_limits limits = {.output = 4096};
    static const uint8_t frame[2000];
    size_t before, after;
    begin_connected(&f, &limits);
    assert_int_equal(rtmp_server_media(f.server, 9, 1, 0, frame, sizeof frame), 0);
    assert_int_equal(rtmp_server_media(f.server, 9, 1, 0, frame, sizeof frame), 0);
    (void)rtmp_server_output(f.server, &before);
    assert_int_equal(rtmp_server_media(f.server, 9, 1, 0, frame, sizeof frame), RTMP_E_OUTPUT);
    (void)rtmp_server_output(f.server, &after);
    assert_int_equal(before, after);
    for (int i = 0; i < 10; i++) /* a peer that pings and does not read */
        say_raw(&f.script, 4, 0, "000612345678");
    assert_int_equal(hear(&f, false), RTMP_E_OUTPUT);
    end(&f);
}

static void test_several_messages_are_all_or_none(void **state)
{
    (void)state;
    struct rtmp_session_limits limits = {.output = 3200};
    struct fixture f;
    begin(&f, &limits);
    say_connect(&f.script);
    assert_int_equal(hear(&f, false), RTMP_E_MORE);
    size_t before, after;
    (void)rtmp_server_output(f.server, &before);
    assert_int_equal(before, HANDSHAKE_SIZE);
    assert_int_equal(rtmp_server_accept_connect(f.server, NULL), RTMP_E_OUTPUT);
    (void)rtmp_server_output(f.server, &after);
    assert_int_equal(after, before);
    assert_int_equal(rtmp_server_chunk_size(f.server), 128);
    flush(&f);
    assert_int_equal(rtmp_server_accept_connect(f.server, NULL), 0);
    assert_int_equal(rtmp_server_chunk_size(f.server), 60000);
    end(&f);
}

struct size_row {
    const char *what;
    bool connected;
    uint8_t type;
    uint32_t length;
    int result;
};

static const struct size_row size_rows[] = {
    {"a command before connect", false, 20, 32 << 10, RTMP_E_MORE},
    {"a longer one", false, 20, (32 << 10) + 1, RTMP_E_MESSAGE_SIZE},
    {"video before connect", false, 9, (32 << 10) + 1, RTMP_E_MESSAGE_SIZE},
    {"a command", true, 20, 512 << 10, RTMP_E_MORE},
    {"a longer one", true, 20, (512 << 10) + 1, RTMP_E_MESSAGE_SIZE},
    {"data too long", true, 18, (512 << 10) + 1, RTMP_E_MESSAGE_SIZE},
    {"video", true, 9, 8 << 20, RTMP_E_MORE},
    {"longer video", true, 9, (8 << 20) + 1, RTMP_E_MESSAGE_SIZE},
};

/* The header alone decides. */
static void test_message_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(size_rows); i++) {
        const struct size_row *row = &size_rows[i];
        struct fixture f;
        if (row->connected)
            begin_connected(&f, NULL);
        else
            begin(&f, NULL);
        uint8_t header[12] = {
            5, 0, 0, 0, (uint8_t)(row->length >> 16), (uint8_t)(row->length >> 8), (uint8_t)row->length, row->type};
        assert_int_equal(rtmp_buffer_append(&f.script.bytes, header, sizeof header), 0);
        int rc = hear(&f, false);
        if (rc != row->result)
            fail_msg("%s: %s", row->what, rtmp_error_name(rc));
        end(&f);
    }
}

static void test_failure_tells_the_offset(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    say_connect(&f.script);
    size_t offset = f.script.bytes.length;
    say_raw(&f.script, 1, 0, "00000000");
    assert_int_equal(hear(&f, true), RTMP_E_CHUNK_SIZE);
    struct rtmp_failure failure;
    rtmp_server_failure(f.server, &failure);
    assert_int_equal(failure.offset, offset);
    assert_string_equal(failure.rule, rtmp_error_text(RTMP_E_CHUNK_SIZE));
    say_connect(&f.script);
    assert_int_equal(hear(&f, true), RTMP_E_CHUNK_SIZE); /* over is over */
    end(&f);
}

static void test_not_rtmp(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct trace events = {0};
    struct rtmp_server *server = make_server(&heap, NULL);
    assert_int_equal(feed_server(server, (const uint8_t *)"GET / HTTP/1.1\r\n", 16, true, &events), RTMP_E_VERSION);
    rtmp_server_destroy(server);
    assert_int_equal(heap.live_bytes, 0);
}

/* Acknowledgements */

static void say_video(struct script *script, size_t length)
{
    uint8_t *body = calloc(1, length);
    assert_non_null(body);
    say_on(script, 6, 9, 1, 0, body, length);
    free(body);
}

static void test_acknowledges_at_half_the_window(void **state)
{
    (void)state;
    struct fixture f;
    begin_publishing(&f, NULL);
    say_raw(&f.script, 5, 0, "00000001"); /* far too small: 16 KiB is meant */
    assert_int_equal(hear(&f, true), RTMP_E_MORE);
    flush(&f);
    uint64_t received = f.server->link.reader.bytes_received;
    say_video(&f.script, 8192 - received + f.server->link.acked - 100);
    assert_int_equal(hear(&f, true), RTMP_E_MORE);
    assert_output(&f, false, "");
    say_video(&f.script, 100);
    assert_int_equal(hear(&f, true), RTMP_E_MORE);
    received = f.server->link.reader.bytes_received;
    char expected[64];
    snprintf(expected, sizeof expected, "3@0: %08x\n", (unsigned)received);
    assert_output(&f, false, expected);
    end(&f);
}

static void acknowledge_near_the_end(uint32_t restarts, uint64_t received)
{
    struct fixture f;
    struct rtmp_session_limits limits = {.acknowledge_restarts = restarts};
    begin_publishing(&f, &limits);
    f.server->link.reader.bytes_received = received;
    say_raw(&f.script, 4, 0, "00630000");
    uint32_t number = restarts ? 0 : (uint32_t)(received + f.script.bytes.length);
    assert_int_equal(hear(&f, true), RTMP_E_MORE);
    char expected[64];
    snprintf(expected, sizeof expected, "3@0: %08x\n", number);
    assert_output(&f, false, expected);
    end(&f);
}

static void test_acknowledgement_numbers_wrap(void **state)
{
    (void)state;
    acknowledge_near_the_end(0, 0xF0000010);
    acknowledge_near_the_end(0, 0x100000010);
    acknowledge_near_the_end(1, 0xF0000010);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_idle_session_is_small),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_connect_is_decided_later),
        cmocka_unit_test(test_hold_is_limited),
        cmocka_unit_test(test_held_aggregate),
        cmocka_unit_test(test_connect_is_refused),
        cmocka_unit_test(test_publish_is_decided_later),
        cmocka_unit_test(test_publish_is_refused),
        cmocka_unit_test(test_the_peer_leaves_before_the_decision),
        cmocka_unit_test(test_message_streams),
        cmocka_unit_test(test_values_too_deep),
        cmocka_unit_test(test_oddities),
        cmocka_unit_test(test_unknown_messages_are_no_oddities),
        cmocka_unit_test(test_output_is_limited),
        cmocka_unit_test(test_several_messages_are_all_or_none),
        cmocka_unit_test(test_message_sizes),
        cmocka_unit_test(test_failure_tells_the_offset),
        cmocka_unit_test(test_not_rtmp),
        cmocka_unit_test(test_acknowledges_at_half_the_window),
        cmocka_unit_test(test_acknowledgement_numbers_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
