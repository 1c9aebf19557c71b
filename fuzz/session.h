/* SPDX-License-Identifier: MIT */
/* What the two session targets share: looking at every byte of an event, and checking that output is well formed. */
#ifndef FUZZ_SESSION_H
#define FUZZ_SESSION_H

#include <rtmpwire/chunk.h>
#include <rtmpwire/event.h>
#include <rtmpwire/handshake.h>
#include <rtmpwire/value.h>

#include "fuzz.h"

enum { HANDSHAKE_SIZE = 3073, SEED_SIZE = 8 };

static const uint8_t fuzz_handshake[HANDSHAKE_SIZE] = {3};

static inline void fuzz_fill(void *user, uint8_t *out, size_t length)
{
    (void)user;
    memset(out, 0x5A, length);
}

static const struct rtmp_random fuzz_random = {fuzz_fill, NULL};

static inline uint64_t hash_text(uint64_t hash, struct rtmp_text text)
{
    CHECK(text.data && text.data[text.length] == '\0');
    return fuzz_hash(fuzz_hash(hash, &text.length, sizeof text.length), text.data, text.length);
}

static inline uint64_t hash_value(uint64_t hash, const struct rtmp_value *value)
{
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    struct rtmp_buffer text;
    rtmp_buffer_init(&text, &allocator, 65536);
    int rc = rtmp_value_print(value, 1000, &text);
    CHECK(rc == 0 || rc == RTMP_E_SPACE);
    hash = fuzz_hash(hash, text.data, text.length);
    rtmp_buffer_finish(&text);
    return hash;
}

static inline uint64_t hash_bytes(uint64_t hash, const uint8_t *body, uint32_t length, uint32_t number)
{
    hash = fuzz_hash(hash, &number, sizeof number);
    return fuzz_hash(fuzz_hash(hash, &length, sizeof length), body, length);
}

static inline uint64_t hash_request(uint64_t hash, const struct rtmp_event *event)
{
    switch (event->type) {
    case RTMP_EVENT_CONNECT:
        hash = hash_text(hash, event->connect.app);
        hash = hash_text(hash, event->connect.app_query);
        hash = hash_text(hash, event->connect.app_raw);
        hash = hash_text(hash, event->connect.tc_url);
        hash = hash_text(hash, event->connect.flash_ver);
        hash = hash_text(hash, event->connect.page_url);
        hash = hash_text(hash, event->connect.swf_url);
        CHECK(event->connect.capabilities.n_codecs <= RTMP_CODECS_MAX);
        CHECK(event->connect.app.length <= event->connect.app_raw.length);
        return hash_value(hash_value(hash, event->connect.properties), event->connect.arguments);
    case RTMP_EVENT_RELEASE:
    case RTMP_EVENT_STREAM_LENGTH:
        hash = hash_text(hash, event->release.command);
        return hash_text(hash_text(hash, event->release.name), event->release.query);
    case RTMP_EVENT_PUBLISH:
        return hash_text(hash_text(hash, event->publish.name), event->publish.query);
    case RTMP_EVENT_PLAY:
        CHECK(event->play.start_ms >= 0 && event->play.duration_ms >= -1);
        hash = hash_text(hash_text(hash, event->play.name), event->play.query);
        return hash_text(hash_text(hash, event->play.old_name), event->play.operation);
    default:
        return hash;
    }
}

static inline uint64_t hash_reply(uint64_t hash, const struct rtmp_event *event)
{
    switch (event->type) {
    case RTMP_EVENT_CONNECTED:
        hash = hash_text(hash_text(hash, event->connected.code), event->connected.description);
        CHECK(event->connected.capabilities.n_codecs <= RTMP_CODECS_MAX);
        return hash_value(hash_value(hash, event->connected.properties), event->connected.info);
    case RTMP_EVENT_REFUSED:
        hash = hash_text(hash_text(hash, event->refused.code), event->refused.description);
        return hash_value(hash_text(hash, event->refused.redirect), event->refused.info);
    case RTMP_EVENT_STREAM_READY:
        return hash_text(hash, event->stream_ready.name);
    case RTMP_EVENT_STATUS:
        hash = hash_text(hash_text(hash, event->status.level), event->status.code);
        hash = hash_text(hash_text(hash, event->status.description), event->status.details);
        return hash_value(hash, event->status.info);
    case RTMP_EVENT_RECONNECT_REQUEST:
        return hash_text(hash_text(hash, event->reconnect.tc_url), event->reconnect.description);
    default:
        return hash_request(hash, event);
    }
}

static inline uint64_t hash_event(uint64_t hash, const struct rtmp_event *event)
{
    const uint32_t head[] = {event->type, event->stream_id};
    CHECK(strcmp(rtmp_event_name(event->type), "unknown") != 0);
    hash = fuzz_hash(hash, head, sizeof head);
    switch (event->type) {
    case RTMP_EVENT_AUDIO:
    case RTMP_EVENT_VIDEO:
        return hash_bytes(hash, event->media.body, event->media.length, event->media.time_ms);
    case RTMP_EVENT_DATA:
        hash = hash_text(hash, event->data.name);
        hash = hash_bytes(hash, event->data.body, event->data.length, event->data.time_ms);
        return hash_value(hash, event->data.arguments);
    case RTMP_EVENT_CALL:
        hash = hash_text(hash, event->call.name);
        hash = hash_bytes(hash, event->call.body, event->call.length, event->call.message_type);
        return hash_value(hash_value(hash, event->call.object), event->call.arguments);
    case RTMP_EVENT_RESULT:
        return hash_value(hash_value(hash, event->result.object), event->result.arguments);
    case RTMP_EVENT_SHARED_OBJECT:
        return hash_bytes(hash, event->shared_object.body, event->shared_object.length,
                          event->shared_object.message_type);
    default:
        return hash_reply(hash, event);
    }
}

/* Everything written so far, behind the handshake, is whole messages. */
static inline void check_output(const uint8_t *bytes, size_t length)
{
    static const struct rtmp_chunk_limits any = {RTMP_MESSAGE_MAX, RTMP_MESSAGE_MAX, UINT32_MAX, 1, 65599};
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    struct rtmp_chunk_reader reader;
    struct rtmp_message message;
    size_t used;
    int rc;
    CHECK(length >= HANDSHAKE_SIZE);
    bytes += HANDSHAKE_SIZE;
    length -= HANDSHAKE_SIZE;
    rtmp_chunk_reader_init(&reader, &allocator, &any);
    while ((rc = rtmp_chunk_read(&reader, bytes, length, &used, &message)) == 0) {
        bytes += used;
        length -= used;
    }
    CHECK(rc == RTMP_E_MORE && used == length && reader.partial_bytes == 0 && reader.n_head == 0);
    rtmp_chunk_reader_finish(&reader);
    CHECK(heap.live_bytes == 0);
}

#endif
