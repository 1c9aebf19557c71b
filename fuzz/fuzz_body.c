/* SPDX-License-Identifier: MIT */
/*
 * Message bodies that are no AMF: control, aggregate, shared object, and the login query. The first byte of an input
 * chooses the message type; what can be read is built again and must read back the same.
 */
#include <rtmpwire/aggregate.h>
#include <rtmpwire/auth.h>
#include <rtmpwire/buffer.h>
#include <rtmpwire/message.h>
#include <rtmpwire/shared_object.h>

#include "fuzz.h"

static volatile uint64_t sink; /* keeps the compiler from leaving out what only looks */

static void try_control(uint8_t type, const uint8_t *body, size_t size)
{
    struct rtmp_control control;
    uint8_t out[RTMP_CONTROL_MAX];
    size_t written;
    if (rtmp_control_parse(type, body, size, &control) == 0 &&
        rtmp_control_write(&control, out, sizeof out, &written) == 0)
        CHECK(written <= size && memcmp(out, body, written) == 0);
}

static void try_user_control(const uint8_t *body, size_t size)
{
    struct rtmp_user_control user;
    size_t written;
    if (rtmp_user_control_parse(body, size, &user))
        return;
    uint8_t *out = malloc(size);
    CHECK(out);
    CHECK(rtmp_user_control_write(&user, out, size, &written) == 0);
    CHECK(written <= size && memcmp(out, body, written) == 0);
    free(out);
}

static void try_aggregate(const uint8_t *body, size_t size)
{
    struct rtmp_message whole = {{6, 1000, (uint32_t)size, 1, RTMP_TYPE_AGGREGATE}, body}, message;
    struct rtmp_aggregate_reader reader;
    size_t total = 0;
    int rc;
    rtmp_aggregate_reader_init(&reader, &whole);
    while ((rc = rtmp_aggregate_next(&reader, &message)) == 0) {
        CHECK(message.payload >= body && message.payload + message.info.length <= body + size);
        total += 11 + (size_t)message.info.length;
        sink = fuzz_hash(sink, message.payload, message.info.length);
    }
    CHECK(total <= size);
}

static void try_shared_object(uint8_t type, const uint8_t *body, size_t size)
{
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    struct rtmp_shared_head head, head_again;
    struct rtmp_shared_reader reader, again;
    struct rtmp_shared_event event, event_again;
    struct rtmp_buffer out;
    int rc;
    if (rtmp_shared_parse(type, body, size, &head, &reader))
        return;
    again = reader;
    rtmp_buffer_init(&out, &allocator, size);
    CHECK(rtmp_shared_begin(&out, type, &head) == 0);
    while ((rc = rtmp_shared_next(&reader, &event)) == 0) {
        struct rtmp_shared_event rest = event;
        const char *name;
        size_t length;
        if (rtmp_shared_take_name(&rest, &name, &length) == 0)
            CHECK(rtmp_shared_append(&out, event.type, name, length, rest.data, rest.length) == 0);
        else
            CHECK(rtmp_shared_append(&out, event.type, NULL, 0, event.data, event.length) == 0);
    }
    reader = again;
    CHECK(rtmp_shared_parse(type, out.data, out.length, &head_again, &again) == 0);
    CHECK(head.version == head_again.version && head.persistent == head_again.persistent);
    while (rtmp_shared_next(&again, &event_again) == 0) {
        CHECK(rtmp_shared_next(&reader, &event) == 0);
        CHECK(event.type == event_again.type && event.length == event_again.length);
        CHECK(memcmp(event.data, event_again.data, event.length) == 0);
    }
    CHECK(rtmp_shared_next(&reader, &event) == rc);
    rtmp_buffer_finish(&out);
    CHECK(heap.live_bytes == 0);
}

static void try_login(const char *text, size_t size)
{
    struct rtmp_auth auth, again;
    char *out = malloc(size + 100);
    size_t written;
    CHECK(out);
    sink = (uint64_t)rtmp_auth_step_of(text, size);
    rtmp_auth_parse(text, size, &auth);
    (void)rtmp_auth_verify(&auth, &auth, auth.user);
    int rc = rtmp_auth_write_challenge(&auth, out, size + 100, &written);
    CHECK(rc == 0 || rc == RTMP_E_RANGE);
    if (rc == 0) {
        CHECK(written < size + 100 && out[written] == '\0');
        CHECK(rtmp_auth_step_of(out, written) == RTMP_AUTH_STEP_RESPOND);
        rtmp_auth_parse(out, written, &again);
        CHECK(again.user.length == auth.user.length && again.salt.length == auth.salt.length);
        CHECK(again.opaque.length == auth.opaque.length);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t type = data[0];
    const uint8_t *body = data + 1;
    size--;
    if (type == RTMP_TYPE_USER_CONTROL)
        try_user_control(body, size);
    else if (type == RTMP_TYPE_AGGREGATE)
        try_aggregate(body, size);
    else if (type == RTMP_TYPE_SHARED_OBJECT_AMF0 || type == RTMP_TYPE_SHARED_OBJECT_AMF3)
        try_shared_object(type, body, size);
    else if (type == RTMP_TYPE_COMMAND_AMF0)
        try_login((const char *)body, size);
    else
        try_control(type, body, size);
    return 0;
}
