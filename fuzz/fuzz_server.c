/* SPDX-License-Identifier: MIT */
/*
 * The server session, behind a handshake. The first 8 bytes of an input decide how the rest is cut and what the caller
 * answers. Whole and cut, the same events and the same end must come out, and the output must be whole messages.
 */
#include <rtmpwire/message.h>
#include <rtmpwire/server.h>

#include "session.h"

struct run {
    struct fuzz_heap heap;
    struct rtmp_server *server;
    uint64_t choices; /* of the caller, one bit or two for each event */
    uint64_t trace;
    int result;
    struct rtmp_failure failure;
};

static unsigned choose(struct run *run, unsigned n)
{
    unsigned choice = (unsigned)(run->choices % n);
    run->choices = run->choices / n | run->choices << 60;
    return choice;
}

/* What foreign values do to the writers is their business; but only these results are allowed. */
static void may_fail(int rc)
{
    CHECK(rc == 0 || rc == RTMP_E_OUTPUT || rc == RTMP_E_DEPTH || rc == RTMP_E_NODES || rc == RTMP_E_RANGE ||
          rc == RTMP_E_SPACE || rc == RTMP_E_STATE);
}

static void on_connect(struct run *run, const struct rtmp_event_connect *connect)
{
    struct rtmp_connect_reply reply = {
        .capabilities = &connect->capabilities, .properties = connect->properties, .info = connect->properties};
    struct rtmp_connect_refusal refusal = {.redirect = "rtmp://elsewhere/", .application = connect->properties};
    switch (choose(run, 8)) {
    case 0:
        may_fail(rtmp_server_refuse_connect(run->server, &refusal));
        break;
    case 1:
        break; /* never answered */
    case 2:
        may_fail(rtmp_server_accept_connect(run->server, &reply));
        break;
    default:
        may_fail(rtmp_server_accept_connect(run->server, NULL));
    }
}

static void refuse(struct run *run, uint32_t stream_id)
{
    struct rtmp_status status = {"error", "NetStream.Publish.BadName", NULL, NULL, NULL};
    may_fail(rtmp_server_status(run->server, stream_id, &status));
}

static void on_call(struct run *run, const struct rtmp_event_call *call)
{
    struct rtmp_status status = {"error", "a.b", NULL, NULL, rtmp_value_at(call->arguments, 0)};
    switch (choose(run, 4)) {
    case 0:
        may_fail(rtmp_server_reply_error(run->server, call->transaction_id, &status));
        break;
    case 1:
        may_fail(rtmp_server_reply_result(run->server, call->transaction_id, call->object));
        break;
    case 2:
        may_fail(rtmp_server_call(run->server, call->name.data, 9, call->arguments));
        break;
    default:
        may_fail(rtmp_server_data(run->server, 1, 0, call->name.data, call->arguments));
    }
}

static void answer(struct run *run, const struct rtmp_event *event)
{
    switch (event->type) {
    case RTMP_EVENT_CONNECT:
        on_connect(run, &event->connect);
        break;
    case RTMP_EVENT_PUBLISH:
        if (choose(run, 4))
            CHECK(rtmp_server_accept_publish(run->server, event->stream_id) != RTMP_E_STATE);
        else
            refuse(run, event->stream_id);
        break;
    case RTMP_EVENT_PLAY:
        if (choose(run, 4))
            CHECK(rtmp_server_accept_play(run->server, event->stream_id, choose(run, 2)) != RTMP_E_STATE);
        else
            refuse(run, event->stream_id);
        break;
    case RTMP_EVENT_STREAM_LENGTH:
        may_fail(rtmp_server_reply_result(run->server, event->release.transaction_id, NULL));
        break;
    case RTMP_EVENT_CALL:
        on_call(run, &event->call);
        break;
    case RTMP_EVENT_VIDEO:
        may_fail(rtmp_server_media(run->server, 9, event->stream_id, event->media.time_ms, event->media.body,
                                   event->media.length));
        break;
    default:
        break;
    }
}

/* From a block of its own size; the piece lives until all of it is used. */
static void feed(struct run *run, const uint8_t *data, size_t size)
{
    uint8_t *piece = malloc(size > 0 ? size : 1);
    size_t at = 0, used;
    CHECK(piece);
    if (size > 0)
        memcpy(piece, data, size);
    struct rtmp_event event;
    while ((run->result = rtmp_server_read(run->server, 7, piece + at, size - at, &used, &event)) == 0) {
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
    struct rtmp_server_config config = {.allocator = &allocator, .random = &fuzz_random};
    run->choices = seed;
    CHECK(rtmp_server_create(&config, &run->server) == 0);
    feed(run, fuzz_handshake, sizeof fuzz_handshake);
    for (size_t at = 0, n; at < size && run->result == RTMP_E_MORE; at += n) {
        n = cut ? fuzz_next_size(&seed, size - at) : size;
        feed(run, data + at, n);
    }
    rtmp_server_failure(run->server, &run->failure);
    CHECK(run->failure.code == (run->result == RTMP_E_MORE ? 0 : run->result));
    size_t length;
    const uint8_t *output = rtmp_server_output(run->server, &length);
    check_output(output, length);
    rtmp_server_sent(run->server, length);
    CHECK(!rtmp_server_output(run->server, &length) && length == 0);
    rtmp_server_destroy(run->server);
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
