/* SPDX-License-Identifier: MIT */
/* Conversations for tests: what a peer says, written down message by message, and what it hears, as lines of text. */
#ifndef TESTS_RTMPWIRE_SESSION_SCRIPT_H
#define TESTS_RTMPWIRE_SESSION_SCRIPT_H

#include <rtmpwire/amf0.h>
#include <rtmpwire/chunk.h>

#include "session_trace.h"

enum { HANDSHAKE_SIZE = 3073 };

struct script {
    struct heap heap;
    struct rtmp_buffer bytes, body;
    uint32_t chunk_size;
};

/* Begins with a handshake that suits either role: version 3, all else zero. */
static inline void script_begin(struct script *script)
{
    *script = (struct script){.chunk_size = RTMP_CHUNK_SIZE_DEFAULT};
    struct rtmp_allocator allocator = heap_allocator(&script->heap);
    rtmp_buffer_init(&script->bytes, &allocator, 64 << 20);
    rtmp_buffer_init(&script->body, &allocator, 16 << 20);
    static uint8_t shake[HANDSHAKE_SIZE] = {3};
    assert_int_equal(rtmp_buffer_append(&script->bytes, shake, sizeof shake), 0);
}

static inline void script_end(struct script *script)
{
    rtmp_buffer_finish(&script->bytes);
    rtmp_buffer_finish(&script->body);
    assert_int_equal(script->heap.live_bytes, 0);
}

/* One message of raw bytes on chunk stream `csid`. */
static inline void say_on(struct script *script, uint32_t csid, uint8_t type, uint32_t stream_id, uint32_t time_ms,
                          const void *body, size_t length)
{
    struct rtmp_message_info info = {
        .csid = csid, .time_ms = time_ms, .length = (uint32_t)length, .stream_id = stream_id, .type = type};
    size_t span = rtmp_chunk_span(&info, script->chunk_size);
    assert_int_equal(rtmp_buffer_reserve(&script->bytes, span), 0);
    assert_int_equal(
        rtmp_chunk_write(&info, body, script->chunk_size, script->bytes.data + script->bytes.length, span, &span), 0);
    script->bytes.length += span;
}

static inline void say_raw(struct script *script, uint8_t type, uint32_t stream_id, const char *hex)
{
    size_t length;
    uint8_t *body = unhex(hex, &length);
    say_on(script, rtmp_csid_for(type, stream_id), type, stream_id, 0, body, length);
    free(body);
}

static inline void say_chunk_size(struct script *script, uint32_t size)
{
    char hex[9];
    snprintf(hex, sizeof hex, "%08x", size);
    say_raw(script, RTMP_TYPE_SET_CHUNK_SIZE, 0, hex);
    script->chunk_size = size;
}

static inline int put_value(struct rtmp_buffer *body, char kind, va_list *values)
{
    const char *key;
    switch (kind) {
    case 's':
        return rtmp_amf0_write_text(body, va_arg(*values, const char *));
    case 'n':
        return rtmp_amf0_write_number(body, va_arg(*values, double));
    case 'b':
        return rtmp_amf0_write_boolean(body, va_arg(*values, int));
    case '0':
        return rtmp_amf0_write_null(body);
    case '{':
        return rtmp_amf0_begin_object(body);
    case '}':
        return rtmp_amf0_end_object(body);
    case 'k':
        key = va_arg(*values, const char *);
        return rtmp_amf0_write_key(body, key, strlen(key));
    default:
        fail_msg("no such kind of value: %c", kind);
        return RTMP_E_RANGE;
    }
}

/* AMF0 values: s text, n number, b boolean, 0 null, { } an object of k keys and values. */
static inline void say(struct script *script, uint8_t type, uint32_t stream_id, const char *kinds, ...)
{
    va_list values;
    va_start(values, kinds);
    rtmp_buffer_clear(&script->body);
    if (type == RTMP_TYPE_COMMAND_AMF3 || type == RTMP_TYPE_DATA_AMF3)
        assert_int_equal(rtmp_buffer_append(&script->body, "", 1), 0);
    for (const char *kind = kinds; *kind; kind++)
        assert_int_equal(put_value(&script->body, *kind, &values), 0);
    va_end(values);
    say_on(script, rtmp_csid_for(type, stream_id), type, stream_id, 0, script->body.data, script->body.length);
}

static inline void say_connect(struct script *script)
{
    say(script, 20, 0, "sn{ksks}", "connect", 1.0, "app", "live", "tcUrl", "rtmp://h/live");
}

/* A connected encoder or player with message stream 1. */
static inline void say_connect_and_create(struct script *script)
{
    say_connect(script);
    say(script, 20, 0, "sn0", "createStream", 2.0);
}

/* Output as lines */

static inline void trace_values(struct trace *trace, const struct rtmp_message *message, struct rtmp_arena *arena)
{
    struct rtmp_allocator allocator = arena->allocator;
    struct rtmp_amf_reader reader;
    struct rtmp_buffer line;
    struct rtmp_value *value;
    rtmp_buffer_init(&line, &allocator, 1 << 20);
    rtmp_amf_reader_init(&reader, message->payload, message->info.length, arena, NULL);
    if (message->info.type == RTMP_TYPE_COMMAND_AMF3)
        assert_int_equal(message->payload[reader.at++], 0);
    int rc;
    while ((rc = rtmp_amf0_read(&reader, &value)) == 0) {
        assert_int_equal(rtmp_buffer_append(&line, " ", 1), 0);
        assert_int_equal(rtmp_value_print(value, 1000, &line), 0);
    }
    assert_int_equal(rc, RTMP_E_MORE);
    trace_line(trace, "%u@%u:%.*s", message->info.type, message->info.stream_id, (int)line.length,
               (const char *)line.data);
    rtmp_buffer_finish(&line);
}

static inline void trace_bytes(struct trace *trace, const struct rtmp_message *message)
{
    char hex[65] = "";
    for (size_t i = 0; i < message->info.length && i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", message->payload[i]);
    trace_line(trace, "%u@%u: %s", message->info.type, message->info.stream_id, hex);
}

/* What a peer hears: all messages of `bytes`, which begin with a handshake if `shake`. */
static inline void trace_output(struct trace *trace, const uint8_t *bytes, size_t length, bool shake)
{
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_chunk_reader reader;
    struct rtmp_message message;
    struct rtmp_arena arena;
    size_t used;
    if (shake) {
        assert_true(length >= HANDSHAKE_SIZE);
        bytes += HANDSHAKE_SIZE;
        length -= HANDSHAKE_SIZE;
    }
    rtmp_chunk_reader_init(&reader, &allocator, &rtmp_limits_connected);
    rtmp_arena_init(&arena, &allocator, 1 << 20);
    while (rtmp_chunk_read(&reader, bytes, length, &used, &message) == 0) {
        bytes += used;
        length -= used;
        if (message.info.type == RTMP_TYPE_COMMAND_AMF0 || message.info.type == RTMP_TYPE_COMMAND_AMF3 ||
            message.info.type == RTMP_TYPE_DATA_AMF0)
            trace_values(trace, &message, &arena);
        else
            trace_bytes(trace, &message);
        rtmp_arena_reset(&arena);
    }
    assert_int_equal(reader.error, 0);
    rtmp_chunk_reader_finish(&reader);
    rtmp_arena_finish(&arena);
    assert_int_equal(heap.live_bytes, 0);
}

#endif
