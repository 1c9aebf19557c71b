/* SPDX-License-Identifier: MIT */
/*
 * The client session, behind a handshake, against a hostile server. The first 8 bytes of an input decide how the rest
 * is cut and what the caller wants. Whole and cut, the same events and the same end must come out.
 */
#include <rtmpwire/client.h>

#include "session.h"

struct run {
    struct fuzz_heap heap;
    struct rtmp_client *client;
    uint64_t choices, trace;
    int result;
    struct rtmp_failure failure;
};

static unsigned choose(struct run *run, unsigned n)
{
    unsigned choice = (unsigned)(run->choices % n);
    run->choices = run->choices / n | run->choices << 60;
    return choice;
}

static void may_fail(int rc)
{
    CHECK(rc == 0 || rc == RTMP_E_OUTPUT || rc == RTMP_E_DEPTH || rc == RTMP_E_NODES || rc == RTMP_E_RANGE ||
          rc == RTMP_E_SPACE || rc == RTMP_E_STATE || rc == RTMP_E_STREAMS);
}

static void want_streams(struct run *run)
{
    if (choose(run, 2))
        may_fail(rtmp_client_publish(run->client, "cam", RTMP_PUBLISH_LIVE));
    if (choose(run, 2))
        may_fail(rtmp_client_play(run->client, "film", NULL));
}

static void answer(struct run *run, const struct rtmp_event *event)
{
    char query[512];
    switch (event->type) {
    case RTMP_EVENT_CONNECTED:
        want_streams(run);
        break;
    case RTMP_EVENT_REFUSED:
        if (rtmp_client_next_query(event->refused.description, "user", "password", &fuzz_random, query, sizeof query) ==
            0)
            CHECK(query[0] == '?' && memchr(query, '\0', sizeof query));
        break;
    case RTMP_EVENT_STREAM_READY:
        may_fail(rtmp_client_data(run->client, event->stream_id, 0, "onMetaData", NULL));
        break;
    case RTMP_EVENT_STATUS:
        if (choose(run, 4) == 0)
            may_fail(rtmp_client_stop(run->client, event->stream_id));
        break;
    case RTMP_EVENT_CALL:
        may_fail(rtmp_client_reply_result(run->client, event->call.transaction_id, event->call.arguments));
        break;
    default:
        break;
    }
}

static void feed(struct run *run, const uint8_t *data, size_t size)
{
    uint8_t *piece = malloc(size > 0 ? size : 1);
    size_t at = 0, used;
    CHECK(piece);
    if (size > 0)
        memcpy(piece, data, size);
    struct rtmp_event event;
    while ((run->result = rtmp_client_read(run->client, 7, piece + at, size - at, &used, &event)) == 0) {
        CHECK(used <= size - at);
        at += used;
        run->trace = hash_event(run->trace, &event);
        answer(run, &event);
    }
    CHECK(run->result != RTMP_E_MORE || at + used == size);
    free(piece);
}

static void run(struct run *run, uint64_t seed, const uint8_t *data, size_t size, bool cut)
{
    struct rtmp_allocator allocator = fuzz_allocator(&run->heap);
    struct rtmp_client_config config = {
        .allocator = &allocator, .random = &fuzz_random, .app = "live", .tc_url = "rtmp://h/live"};
    run->choices = seed;
    CHECK(rtmp_client_create(&config, &run->client) == 0);
    feed(run, fuzz_handshake, sizeof fuzz_handshake);
    for (size_t at = 0, n; at < size && run->result == RTMP_E_MORE; at += n) {
        n = cut ? fuzz_next_size(&seed, size - at) : size;
        feed(run, data + at, n);
    }
    rtmp_client_failure(run->client, &run->failure);
    CHECK(run->failure.code == (run->result == RTMP_E_MORE ? 0 : run->result));
    size_t length;
    const uint8_t *output = rtmp_client_output(run->client, &length);
    check_output(output, length);
    rtmp_client_sent(run->client, length);
    rtmp_client_destroy(run->client);
    CHECK(run->heap.live_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t seed;
    if (size < SEED_SIZE)
        return 0;
    memcpy(&seed, data, SEED_SIZE);
    struct run whole = {0}, cut = {0};
    run(&whole, seed, data + SEED_SIZE, size - SEED_SIZE, false);
    run(&cut, seed, data + SEED_SIZE, size - SEED_SIZE, true);
    CHECK(whole.trace == cut.trace);
    CHECK(whole.result == cut.result);
    CHECK(whole.failure.offset == cut.failure.offset);
    return 0;
}
