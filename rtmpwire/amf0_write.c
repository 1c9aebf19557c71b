/* SPDX-License-Identifier: MIT */
/*
 * Every complex value gets the next index as its opening marker is written, as a reader counts them. A reference is
 * written only to a value that is still open: that is what breaks cycles, and the open ones are at most as many as the
 * tree may be deep.
 */
#include <rtmpwire/amf0.h>

#include "amf0_marker.h"
#include "amf_writer.h"
#include "bytes.h"

enum { SHORT_TEXT_MAX = 0xFFFF };

struct amf0_writer {
    struct writer out;
    uint32_t n_complex, n_open;
    struct {
        const struct rtmp_value *value;
        uint32_t index;
    } open[RTMP_VALUE_DEPTH];
};

static int write_value(struct amf0_writer *amf0, const struct rtmp_value *value);

static int write_number(struct writer *out, double number)
{
    uint8_t *p;
    int rc = writer_room(out, 9, &p);
    if (rc == 0)
        put_double(put_u8(p, AMF0_NUMBER), number);
    return rc;
}

static int write_boolean(struct writer *out, bool boolean)
{
    const uint8_t bytes[] = {AMF0_BOOLEAN, boolean};
    return writer_bytes(out, bytes, sizeof bytes);
}

static int write_date(struct writer *out, const struct rtmp_value *value)
{
    uint8_t *p;
    int rc = writer_room(out, 11, &p);
    if (rc == 0)
        put_u16(put_double(put_u8(p, AMF0_DATE), value->number), (uint16_t)value->zone);
    return rc;
}

static int write_key(struct writer *out, const char *name, size_t length)
{
    if (length > SHORT_TEXT_MAX)
        return RTMP_E_RANGE;
    uint8_t *p;
    int rc = writer_room(out, 2 + length, &p);
    if (rc == 0)
        put_bytes(put_u16(p, (uint16_t)length), name, length);
    return rc;
}

static int write_long_text(struct writer *out, uint8_t marker, const char *text, size_t length)
{
    uint8_t *p;
    if (length > UINT32_MAX)
        return RTMP_E_RANGE;
    int rc = writer_room(out, 5 + length, &p);
    if (rc == 0)
        put_bytes(put_u32(put_u8(p, marker), (uint32_t)length), text, length);
    return rc;
}

static int write_string(struct writer *out, const char *text, size_t length)
{
    if (length > SHORT_TEXT_MAX)
        return write_long_text(out, AMF0_LONG_STRING, text, length);
    uint8_t *p;
    int rc = writer_room(out, 3 + length, &p);
    if (rc == 0)
        put_bytes(put_u16(put_u8(p, AMF0_STRING), (uint16_t)length), text, length);
    return rc;
}

static int write_end(struct writer *out) { return writer_bytes(out, "\0\0\x09", 3); }

static int write_members(struct amf0_writer *amf0, const struct rtmp_member *member)
{
    int rc = 0;
    for (; rc == 0 && member; member = member->next) {
        rc = write_key(&amf0->out, member->name.data, member->name.length);
        rc = rc ? rc : write_value(amf0, member->value);
    }
    return rc ? rc : write_end(&amf0->out);
}

static int write_object(struct amf0_writer *amf0, const struct rtmp_value *value)
{
    struct rtmp_text name = rtmp_value_class(value);
    int rc = writer_u8(&amf0->out, name.length ? AMF0_TYPED_OBJECT : AMF0_OBJECT);
    if (rc == 0 && name.length)
        rc = write_key(&amf0->out, name.data, name.length);
    return rc ? rc : write_members(amf0, value->members);
}

/* An array with names is an ECMA array; its items go first, under their index. */
static int write_ecma_array(struct amf0_writer *amf0, const struct rtmp_value *value)
{
    uint32_t count = value->n;
    for (const struct rtmp_member *member = value->members; member; member = member->next)
        count++;
    uint8_t *p;
    int rc = writer_room(&amf0->out, 5, &p);
    if (rc == 0)
        put_u32(put_u8(p, AMF0_ECMA_ARRAY), count);
    for (uint32_t i = 0; rc == 0 && i < value->n; i++) {
        char digits[10], *first = digits + sizeof digits;
        for (uint32_t rest = i; first == digits + sizeof digits || rest > 0; rest /= 10)
            *--first = (char)('0' + rest % 10);
        rc = write_key(&amf0->out, first, (size_t)(digits + sizeof digits - first));
        rc = rc ? rc : write_value(amf0, value->items[i]);
    }
    return rc ? rc : write_members(amf0, value->members);
}

static int write_array(struct amf0_writer *amf0, const struct rtmp_value *value)
{
    if (value->members || (value->flags & RTMP_VALUE_ECMA))
        return write_ecma_array(amf0, value);
    uint8_t *p;
    int rc = writer_room(&amf0->out, 5, &p);
    if (rc == 0)
        put_u32(put_u8(p, AMF0_STRICT_ARRAY), value->n);
    for (uint32_t i = 0; rc == 0 && i < value->n; i++)
        rc = write_value(amf0, value->items[i]);
    return rc;
}

static int write_reference(struct amf0_writer *amf0, uint32_t index)
{
    uint8_t *p;
    if (index > UINT16_MAX)
        return RTMP_E_RANGE;
    int rc = writer_room(&amf0->out, 3, &p);
    if (rc == 0)
        put_u16(put_u8(p, AMF0_REFERENCE), (uint16_t)index);
    return rc;
}

static int write_complex(struct amf0_writer *amf0, const struct rtmp_value *value)
{
    for (uint32_t i = 0; i < amf0->n_open; i++)
        if (amf0->open[i].value == value)
            return write_reference(amf0, amf0->open[i].index);
    amf0->open[amf0->n_open].value = value;
    amf0->open[amf0->n_open++].index = amf0->n_complex++;
    int rc = value->type == RTMP_ARRAY ? write_array(amf0, value) : write_object(amf0, value);
    amf0->n_open--;
    return rc;
}

static int write_body(struct amf0_writer *amf0, const struct rtmp_value *value)
{
    switch ((enum rtmp_value_type)value->type) {
    case RTMP_UNDEFINED:
        return writer_u8(&amf0->out, AMF0_UNDEFINED);
    case RTMP_NULL:
        return writer_u8(&amf0->out, AMF0_NULL);
    case RTMP_UNSUPPORTED:
        return writer_u8(&amf0->out, AMF0_UNSUPPORTED);
    case RTMP_BOOLEAN:
        return write_boolean(&amf0->out, value->boolean);
    case RTMP_NUMBER:
    case RTMP_INTEGER:
        return write_number(&amf0->out, rtmp_value_number(value, 0));
    case RTMP_STRING:
        return write_string(&amf0->out, value->text, value->n);
    case RTMP_DATE:
        return write_date(&amf0->out, value);
    case RTMP_XML_DOCUMENT:
        return write_long_text(&amf0->out, AMF0_XML_DOCUMENT, value->text, value->n);
    case RTMP_OBJECT:
    case RTMP_ARRAY:
        return write_complex(amf0, value);
    default:
        return RTMP_E_RANGE;
    }
}

static bool is_amf3_only(const struct rtmp_value *value)
{
    switch (rtmp_value_type(value)) {
    case RTMP_XML:
    case RTMP_BYTES:
    case RTMP_VECTOR_INT:
    case RTMP_VECTOR_UINT:
    case RTMP_VECTOR_DOUBLE:
    case RTMP_VECTOR_OBJECT:
    case RTMP_DICTIONARY:
        return true;
    default:
        return rtmp_value_type(value) == RTMP_OBJECT && (value->flags & RTMP_VALUE_EXTERNAL);
    }
}

static int write_value(struct amf0_writer *amf0, const struct rtmp_value *value)
{
    if (is_amf3_only(value)) {
        int rc = writer_u8(&amf0->out, AMF0_AVMPLUS);
        return rc ? rc : amf3_write_inside(&amf0->out, value);
    }
    int rc = writer_enter(&amf0->out);
    if (rc)
        return rc;
    rc = write_body(amf0, value ? value : rtmp_value_new_undefined());
    amf0->out.depth--;
    return rc;
}

int rtmp_amf0_write_next(struct rtmp_buffer *buffer, const struct rtmp_value *value, uint32_t *n_complex)
{
    struct amf0_writer amf0 = {.out = {.buffer = buffer}, .n_complex = *n_complex};
    size_t length = buffer->length;
    int rc = write_value(&amf0, value);
    if (rc)
        buffer->length = length;
    else
        *n_complex = amf0.n_complex;
    return rc;
}

int rtmp_amf0_write(struct rtmp_buffer *buffer, const struct rtmp_value *value)
{
    return rtmp_amf0_write_next(buffer, value, &(uint32_t){0});
}

int rtmp_amf0_write_null(struct rtmp_buffer *buffer) { return rtmp_amf0_write(buffer, rtmp_value_new_null()); }

int rtmp_amf0_write_undefined(struct rtmp_buffer *buffer)
{
    return rtmp_amf0_write(buffer, rtmp_value_new_undefined());
}

int rtmp_amf0_write_boolean(struct rtmp_buffer *buffer, bool boolean)
{
    return write_boolean(&(struct writer){.buffer = buffer}, boolean);
}

int rtmp_amf0_write_number(struct rtmp_buffer *buffer, double number)
{
    return write_number(&(struct writer){.buffer = buffer}, number);
}

int rtmp_amf0_write_string(struct rtmp_buffer *buffer, const char *text, size_t length)
{
    return write_string(&(struct writer){.buffer = buffer}, text, length);
}

int rtmp_amf0_write_text(struct rtmp_buffer *buffer, const char *text)
{
    return rtmp_amf0_write_string(buffer, text, strlen(text));
}

int rtmp_amf0_begin_object(struct rtmp_buffer *buffer)
{
    return writer_u8(&(struct writer){.buffer = buffer}, AMF0_OBJECT);
}

int rtmp_amf0_write_key(struct rtmp_buffer *buffer, const char *name, size_t length)
{
    return write_key(&(struct writer){.buffer = buffer}, name, length);
}

int rtmp_amf0_end_object(struct rtmp_buffer *buffer) { return write_end(&(struct writer){.buffer = buffer}); }
