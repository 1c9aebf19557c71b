/* SPDX-License-Identifier: MIT */
#include "gate/remoting/envelope.h"

#include <string.h>

#include <rtmpwire/amf0.h>
#include <rtmpwire/amf3.h>

enum { AMF3_INSIDE = 0x11, NAME_MAX = 128, HEADER_NAME_MAX = 64 };

struct cursor {
    const uint8_t *data;
    size_t length, at;
    struct rtmp_arena *arena;
};

static bool has(const struct cursor *cursor, size_t n) { return cursor->length - cursor->at >= n; }

static unsigned read_u16(struct cursor *cursor)
{
    const uint8_t *at = cursor->data + cursor->at;
    cursor->at += 2;
    return (unsigned)at[0] << 8 | at[1];
}

static int read_text(struct cursor *cursor, size_t most, struct rtmp_text *text)
{
    if (!has(cursor, 2))
        return RTMP_E_TRUNCATED;
    size_t length = read_u16(cursor);
    if (length > most)
        return RTMP_E_RANGE;
    if (!has(cursor, length))
        return RTMP_E_TRUNCATED;
    const char *copy = rtmp_arena_copy(cursor->arena, cursor->data + cursor->at, length);
    if (!copy)
        return RTMP_E_MEMORY;
    cursor->at += length;
    *text = (struct rtmp_text){copy, length};
    return 0;
}

/* A value behind its length, which many writers leave open: where the value ends is what counts. Each has its own
 * references. */
static int read_value(struct cursor *cursor, struct rtmp_value **value)
{
    struct rtmp_amf_reader reader;
    if (!has(cursor, 4))
        return RTMP_E_TRUNCATED;
    cursor->at += 4;
    rtmp_amf_reader_init(&reader, cursor->data + cursor->at, cursor->length - cursor->at, cursor->arena, NULL);
    int rc = rtmp_amf0_read(&reader, value);
    cursor->at += reader.at;
    return rc == RTMP_E_MORE ? RTMP_E_TRUNCATED : rc;
}

static int read_headers(struct cursor *cursor, struct ph_amf_envelope *envelope)
{
    if (!has(cursor, 2))
        return RTMP_E_TRUNCATED;
    unsigned n = read_u16(cursor);
    if (n > PH_LIMIT_REMOTING_HEADERS)
        return RTMP_E_RANGE;
    envelope->headers = rtmp_value_new_object(cursor->arena);
    for (unsigned i = 0; i < n; i++) {
        struct rtmp_text name;
        struct rtmp_value *value;
        int rc = read_text(cursor, HEADER_NAME_MAX, &name);
        if (!rc && !has(cursor, 1))
            rc = RTMP_E_TRUNCATED;
        cursor->at += !rc; /* whether it must be understood */
        rc = rc ? rc : read_value(cursor, &value);
        rc = rc ? rc : rtmp_value_set(cursor->arena, envelope->headers, name.data, value);
        if (rc)
            return rc;
    }
    return envelope->headers ? 0 : RTMP_E_MEMORY;
}

/* The arguments are an array; one value alone is the only argument. */
static int read_call(struct cursor *cursor, struct ph_amf_call *call)
{
    struct rtmp_value *value;
    int rc = read_text(cursor, NAME_MAX, &call->method);
    rc = !rc && !call->method.length ? RTMP_E_MALFORMED : rc;
    rc = rc ? rc : read_text(cursor, NAME_MAX, &call->response);
    rc = rc ? rc : read_value(cursor, &value);
    if (rc)
        return rc;
    call->arguments = value;
    if (rtmp_value_type(value) == RTMP_ARRAY)
        return 0;
    struct rtmp_value *array = rtmp_value_new_array(cursor->arena);
    call->arguments = array;
    return rtmp_value_type(value) == RTMP_NULL ? array ? 0 : RTMP_E_MEMORY
                                               : rtmp_value_push(cursor->arena, array, value);
}

int ph_amf_envelope_read(const uint8_t *data, size_t length, struct rtmp_arena *arena, struct ph_amf_envelope *envelope)
{
    struct cursor cursor = {data, length, 0, arena};
    *envelope = (struct ph_amf_envelope){0};
    if (length < 6)
        return RTMP_E_TRUNCATED;
    envelope->version = read_u16(&cursor);
    if (envelope->version != 0 && envelope->version != 3)
        return RTMP_E_UNSUPPORTED;
    int rc = read_headers(&cursor, envelope);
    if (!rc && !has(&cursor, 2))
        rc = RTMP_E_TRUNCATED;
    if (rc)
        return rc;
    size_t n = read_u16(&cursor);
    if (n > PH_LIMIT_REMOTING_CALLS)
        return RTMP_E_RANGE;
    for (; envelope->n < n && !rc; envelope->n += !rc)
        rc = read_call(&cursor, &envelope->call[envelope->n]);
    return rc;
}

/* Answers */

static int put_u16(struct rtmp_buffer *buffer, size_t number)
{
    const uint8_t bytes[] = {(uint8_t)(number >> 8), (uint8_t)number};
    return rtmp_buffer_append(buffer, bytes, sizeof bytes);
}

int ph_amf_reply_begin(struct rtmp_buffer *buffer, const struct ph_amf_envelope *envelope)
{
    int rc = put_u16(buffer, envelope->version);
    rc = rc ? rc : put_u16(buffer, 0);
    return rc ? rc : put_u16(buffer, envelope->n);
}

static int put_value(struct rtmp_buffer *buffer, unsigned version, const struct rtmp_value *value)
{
    static const uint8_t inside = AMF3_INSIDE;
    int rc = version == 3 ? rtmp_buffer_append(buffer, &inside, 1) : 0;
    if (rc)
        return rc;
    return version == 3 ? rtmp_amf3_write(buffer, value) : rtmp_amf0_write(buffer, value);
}

int ph_amf_reply_add(struct rtmp_buffer *buffer, const struct ph_amf_envelope *envelope, const struct ph_amf_call *call,
                     bool failed, const struct rtmp_value *value)
{
    static const char where[] = "/onResult", status[] = "/onStatus", none[] = {0, 4, 'n', 'u', 'l', 'l'};
    size_t before = buffer->length, ending = sizeof where - 1;
    int rc = put_u16(buffer, call->response.length + ending);
    rc = rc ? rc : rtmp_buffer_append(buffer, call->response.data, call->response.length);
    rc = rc ? rc : rtmp_buffer_append(buffer, failed ? status : where, ending);
    rc = rc ? rc : rtmp_buffer_append(buffer, none, sizeof none);
    size_t length_at = buffer->length;
    rc = rc ? rc : rtmp_buffer_append(buffer, "\0\0\0\0", 4);
    rc = rc ? rc : put_value(buffer, envelope->version, value ? value : rtmp_value_new_null());
    if (rc) {
        buffer->length = before;
        return rc;
    }
    size_t length = buffer->length - length_at - 4;
    for (int i = 0; i < 4; i++)
        buffer->data[length_at + (size_t)i] = (uint8_t)(length >> (24 - 8 * i));
    return 0;
}
