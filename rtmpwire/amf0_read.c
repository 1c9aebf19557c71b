/* SPDX-License-Identifier: MIT */
#include <rtmpwire/amf3.h>

#include "amf0_marker.h"
#include "amf_reader.h"
#include "bytes.h"

static int read_value(struct rtmp_amf_reader *reader, struct rtmp_value **value);

static int read_count(struct rtmp_amf_reader *reader, uint32_t *count)
{
    const uint8_t *p;
    int rc = reader_bytes(reader, 4, &p);
    if (rc == 0)
        *count = get_u32(p);
    return rc;
}

static int read_u16(struct rtmp_amf_reader *reader, uint16_t *value)
{
    const uint8_t *p;
    int rc = reader_bytes(reader, 2, &p);
    if (rc == 0)
        *value = get_u16(p);
    return rc;
}

/* (key, value)* up to the empty key with an end marker; an empty key with anything else is a property named "". */
static int read_members(struct rtmp_amf_reader *reader, struct rtmp_value *value, bool may_end)
{
    struct rtmp_member **end = &value->members;
    for (;;) {
        if (may_end && reader->at == reader->length)
            return 0;
        uint16_t length;
        int rc = read_u16(reader, &length);
        if (rc == 0 && length == 0 && reader->at == reader->length)
            rc = RTMP_E_TRUNCATED;
        if (rc)
            return rc;
        if (length == 0 && reader->data[reader->at] == AMF0_OBJECT_END) {
            reader->at++;
            return 0;
        }
        struct rtmp_text name;
        struct rtmp_value **item;
        rc = reader_text(reader, length, &name);
        if (rc == 0)
            rc = reader_member(reader, name, &end, &item);
        if (rc == 0)
            rc = read_value(reader, item);
        if (rc)
            return rc;
    }
}

static int read_object(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value)
{
    int rc = reader_node(reader, type, value);
    return rc ? rc : reader_remember(reader, &reader->amf0_objects, *value);
}

/* The count is a hint that nobody can rely on. */
static int read_ecma_array(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint32_t hint;
    int rc = read_count(reader, &hint);
    if (rc == 0)
        rc = read_object(reader, RTMP_ARRAY, value);
    if (rc)
        return rc;
    (*value)->flags = RTMP_VALUE_ECMA;
    return read_members(reader, *value, reader->depth == 1);
}

static int read_strict_array(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint32_t n;
    int rc = read_count(reader, &n);
    if (rc == 0)
        rc = read_object(reader, RTMP_ARRAY, value);
    if (rc == 0)
        rc = reader_items(reader, n, *value);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = read_value(reader, &(*value)->items[i]);
    return rc;
}

static int read_plain_object(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    int rc = read_object(reader, RTMP_OBJECT, value);
    return rc ? rc : read_members(reader, *value, false);
}

static int read_typed_object(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint16_t length;
    struct rtmp_text *name = NULL;
    int rc = read_u16(reader, &length);
    if (rc == 0 && length == 0)
        return read_plain_object(reader, value);
    if (rc == 0)
        rc = reader_take(reader, sizeof *name, &name);
    if (rc == 0)
        rc = reader_text(reader, length, name);
    if (rc == 0)
        rc = read_object(reader, RTMP_OBJECT, value);
    if (rc)
        return rc;
    (*value)->class_name = name;
    (*value)->flags = RTMP_VALUE_DYNAMIC; /* AMF0 seals nothing */
    return read_members(reader, *value, false);
}

static int read_reference(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint16_t index;
    const void *entry = NULL;
    int rc = read_u16(reader, &index);
    if (rc == 0)
        rc = reader_recall(reader, &reader->amf0_objects, index, &entry);
    if (rc == 0)
        *value = (struct rtmp_value *)(uintptr_t)entry;
    return rc;
}

static int read_boolean(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint8_t byte;
    int rc = reader_u8(reader, &byte);
    if (rc == 0)
        *value = rtmp_value_new_boolean(byte != 0);
    return rc;
}

static int read_date(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint16_t zone;
    int rc = reader_number_node(reader, RTMP_DATE, value);
    if (rc == 0)
        rc = read_u16(reader, &zone);
    if (rc == 0)
        (*value)->zone = (int16_t)zone;
    return rc;
}

static int read_short_text(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint16_t length;
    int rc = read_u16(reader, &length);
    return rc ? rc : reader_text_node(reader, RTMP_STRING, length, value);
}

static int read_long_text(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value)
{
    uint32_t length;
    int rc = read_count(reader, &length);
    return rc ? rc : reader_text_node(reader, type, length, value);
}

static int read_body(struct rtmp_amf_reader *reader, uint8_t marker, struct rtmp_value **value)
{
    switch (marker) {
    case AMF0_NUMBER:
        return reader_number_node(reader, RTMP_NUMBER, value);
    case AMF0_BOOLEAN:
        return read_boolean(reader, value);
    case AMF0_STRING:
        return read_short_text(reader, value);
    case AMF0_OBJECT:
        return read_plain_object(reader, value);
    case AMF0_NULL:
        *value = rtmp_value_new_null();
        return 0;
    case AMF0_UNDEFINED:
        *value = rtmp_value_new_undefined();
        return 0;
    case AMF0_REFERENCE:
        return read_reference(reader, value);
    case AMF0_ECMA_ARRAY:
        return read_ecma_array(reader, value);
    case AMF0_STRICT_ARRAY:
        return read_strict_array(reader, value);
    case AMF0_DATE:
        return read_date(reader, value);
    case AMF0_LONG_STRING:
        return read_long_text(reader, RTMP_STRING, value);
    case AMF0_UNSUPPORTED:
        return reader_node(reader, RTMP_UNSUPPORTED, value);
    case AMF0_XML_DOCUMENT:
        return read_long_text(reader, RTMP_XML_DOCUMENT, value);
    case AMF0_TYPED_OBJECT:
        return read_typed_object(reader, value);
    default: /* movie clip and record set are reserved, an object's end stands alone, others are none */
        return RTMP_E_MALFORMED;
    }
}

/* 0x11 is no value of its own: neither a level nor a node. */
static int read_value(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    if (reader->at == reader->length || reader->data[reader->at] != AMF0_AVMPLUS)
        return reader_value(reader, read_body, value);
    reader->at++;
    int rc = rtmp_amf3_read(reader, value);
    return rc == RTMP_E_MORE ? RTMP_E_TRUNCATED : rc;
}

int rtmp_amf0_read(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    return reader->at == reader->length ? RTMP_E_MORE : read_value(reader, value);
}
