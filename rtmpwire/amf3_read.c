/* SPDX-License-Identifier: MIT */
#include <rtmpwire/amf3.h>

#include "amf3_marker.h"
#include "amf_reader.h"
#include "bytes.h"

static int read_value(struct rtmp_amf_reader *reader, struct rtmp_value **value);

/* Three bytes of 7 bits with "more" in the highest, a fourth of 8. */
static int read_u29(struct rtmp_amf_reader *reader, uint32_t *value)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t byte;
        int rc = reader_u8(reader, &byte);
        if (rc)
            return rc;
        if (i == 3) {
            bits = bits << 8 | byte;
        } else {
            bits = bits << 7 | (byte & 0x7F);
            if (byte < 0x80)
                break;
        }
    }
    *value = bits;
    return 0;
}

/* The empty text is never in the table. */
static int read_text(struct rtmp_amf_reader *reader, const struct rtmp_text **text)
{
    static const struct rtmp_text empty = {"", 0};
    uint32_t head;
    int rc = read_u29(reader, &head);
    if (rc)
        return rc;
    if ((head & 1) == 0) {
        const void *entry = NULL;
        rc = reader_recall(reader, &reader->strings, head >> 1, &entry);
        if (rc == 0)
            *text = entry;
        return rc;
    }
    if (head >> 1 == 0) {
        *text = &empty;
        return 0;
    }
    struct rtmp_text *fresh = NULL;
    rc = reader_take(reader, sizeof *fresh, &fresh);
    if (rc == 0)
        rc = reader_text(reader, head >> 1, fresh);
    if (rc == 0)
        rc = reader_remember(reader, &reader->strings, fresh);
    if (rc == 0)
        *text = fresh;
    return rc;
}

static int read_string(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    const struct rtmp_text *text;
    int rc = read_text(reader, &text);
    if (rc == 0)
        rc = reader_node(reader, RTMP_STRING, value);
    if (rc)
        return rc;
    (*value)->text = text->data;
    (*value)->n = (uint32_t)text->length;
    return 0;
}

/*
 * The number before everything that has a place in the object table. With its lowest bit 0 it is a reference to a
 * value of the same type, and `value` is set; else `n` is the rest of it.
 */
static int read_head(struct rtmp_amf_reader *reader, enum rtmp_value_type type, uint32_t *n, struct rtmp_value **value)
{
    uint32_t head;
    int rc = read_u29(reader, &head);
    if (rc)
        return rc;
    *n = head >> 1;
    *value = NULL;
    if (head & 1)
        return 0;
    const void *entry = NULL;
    rc = reader_recall(reader, &reader->objects, head >> 1, &entry);
    if (rc == 0 && ((const struct rtmp_value *)entry)->type != type)
        rc = RTMP_E_REFERENCE;
    if (rc == 0)
        *value = (struct rtmp_value *)(uintptr_t)entry;
    return rc;
}

/* A new value with its place in the object table, which it has before its members are read. */
static int read_new(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value)
{
    int rc = reader_node(reader, type, value);
    return rc ? rc : reader_remember(reader, &reader->objects, *value);
}

static int read_opaque(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value)
{
    uint32_t n;
    int rc = read_head(reader, type, &n, value);
    if (rc || *value)
        return rc;
    rc = reader_text_node(reader, type, n, value);
    return rc ? rc : reader_remember(reader, &reader->objects, *value);
}

static int read_date(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint32_t unused;
    int rc = read_head(reader, RTMP_DATE, &unused, value);
    if (rc || *value)
        return rc;
    rc = reader_number_node(reader, RTMP_DATE, value);
    return rc ? rc : reader_remember(reader, &reader->objects, *value);
}

/* (key, value)* up to the empty key. */
static int read_members(struct rtmp_amf_reader *reader, struct rtmp_member **end)
{
    for (;;) {
        const struct rtmp_text *name;
        struct rtmp_value **item;
        int rc = read_text(reader, &name);
        if (rc || name->length == 0)
            return rc;
        rc = reader_member(reader, *name, &end, &item);
        if (rc == 0)
            rc = read_value(reader, item);
        if (rc)
            return rc;
    }
}

static int read_items(struct rtmp_amf_reader *reader, struct rtmp_value *value, uint32_t n)
{
    int rc = reader_items(reader, n, value);
    for (uint32_t i = 0; rc == 0 && i < n; i++)
        rc = read_value(reader, &value->items[i]);
    return rc;
}

static int read_array(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint32_t n;
    int rc = read_head(reader, RTMP_ARRAY, &n, value);
    if (rc || *value)
        return rc;
    rc = read_new(reader, RTMP_ARRAY, value);
    if (rc == 0)
        rc = read_members(reader, &(*value)->members);
    return rc ? rc : read_items(reader, *value, n);
}

static int read_vector_of_numbers(struct rtmp_amf_reader *reader, enum rtmp_value_type type, struct rtmp_value **value)
{
    uint32_t n;
    uint8_t fixed;
    const uint8_t *bytes;
    size_t size = type == RTMP_VECTOR_DOUBLE ? sizeof(double) : sizeof(uint32_t);
    void *numbers = NULL;
    int rc = read_head(reader, type, &n, value);
    if (rc || *value)
        return rc;
    rc = reader_u8(reader, &fixed);
    if (rc == 0)
        rc = reader_bytes(reader, n * size, &bytes);
    if (rc == 0)
        rc = read_new(reader, type, value);
    if (rc == 0)
        rc = reader_take(reader, n * size + 1, &numbers);
    if (rc)
        return rc;
    for (uint32_t i = 0; i < n; i++, bytes += size) {
        if (type == RTMP_VECTOR_DOUBLE)
            ((double *)numbers)[i] = get_double(bytes);
        else
            ((uint32_t *)numbers)[i] = get_u32(bytes);
    }
    (*value)->bytes = numbers;
    (*value)->n = n;
    (*value)->flags = fixed ? RTMP_VALUE_FIXED : 0;
    return 0;
}

static int read_vector_of_objects(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint32_t n;
    uint8_t fixed;
    int rc = read_head(reader, RTMP_VECTOR_OBJECT, &n, value);
    if (rc || *value)
        return rc;
    rc = reader_u8(reader, &fixed);
    if (rc == 0)
        rc = read_new(reader, RTMP_VECTOR_OBJECT, value);
    if (rc)
        return rc;
    (*value)->flags = fixed ? RTMP_VALUE_FIXED : 0;
    rc = read_text(reader, &(*value)->type_name);
    return rc ? rc : read_items(reader, *value, n);
}

static int read_dictionary(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint32_t n;
    uint8_t weak;
    int rc = read_head(reader, RTMP_DICTIONARY, &n, value);
    if (rc || *value)
        return rc;
    rc = reader_u8(reader, &weak);
    if (rc == 0)
        rc = read_new(reader, RTMP_DICTIONARY, value);
    if (rc)
        return rc;
    (*value)->flags = weak ? RTMP_VALUE_WEAK : 0;
    return read_items(reader, *value, 2 * n);
}

/* Traits: a reference to a class of this message, or a new one spelled out. */
static int read_new_class(struct rtmp_amf_reader *reader, uint32_t bits, const struct rtmp_amf_class **class)
{
    const struct rtmp_text *name;
    struct rtmp_text *members = NULL;
    struct rtmp_amf_class *fresh = NULL;
    bool external = bits & 1, dynamic = bits & 2;
    uint32_t n = external ? 0 : bits >> 2;
    int rc = read_text(reader, &name);
    if (rc == 0 && n > reader->limits.members)
        rc = RTMP_E_NODES;
    if (rc == 0 && n > reader->length - reader->at)
        rc = RTMP_E_TRUNCATED;
    if (rc == 0)
        rc = reader_take(reader, sizeof *fresh, &fresh);
    if (rc == 0)
        rc = reader_take(reader, n * sizeof *members + 1, &members);
    if (rc)
        return rc;
    *fresh = (struct rtmp_amf_class){
        .name = *name, .dynamic = dynamic && !external, .external = external, .n_members = n, .members = members};
    for (uint32_t i = 0; i < n; i++) {
        const struct rtmp_text *member;
        rc = read_text(reader, &member);
        if (rc)
            return rc;
        members[i] = *member;
    }
    *class = fresh;
    return reader_remember(reader, &reader->classes, fresh);
}

static int read_class(struct rtmp_amf_reader *reader, uint32_t bits, const struct rtmp_amf_class **class)
{
    if (bits & 1)
        return read_new_class(reader, bits >> 1, class);
    const void *entry = NULL;
    int rc = reader_recall(reader, &reader->classes, bits >> 1, &entry);
    if (rc == 0)
        *class = entry;
    return rc;
}

static int read_properties(struct rtmp_amf_reader *reader, const struct rtmp_amf_class *class,
                           struct rtmp_value *object)
{
    struct rtmp_member **end = &object->members;
    for (uint32_t i = 0; i < class->n_members; i++) {
        struct rtmp_value **item;
        int rc = reader_member(reader, class->members[i], &end, &item);
        if (rc == 0)
            rc = read_value(reader, item);
        if (rc)
            return rc;
        object->n++; /* never more than there are members, even if the rest fails */
    }
    return class->dynamic ? read_members(reader, end) : 0;
}

static int read_object(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint32_t bits;
    const struct rtmp_amf_class *class;
    int rc = read_head(reader, RTMP_OBJECT, &bits, value);
    if (rc || *value)
        return rc;
    rc = read_class(reader, bits, &class);
    if (rc == 0)
        rc = read_new(reader, RTMP_OBJECT, value);
    if (rc)
        return rc;
    struct rtmp_value *object = *value;
    bool plain = class->name.length == 0 && class->dynamic && class->n_members == 0;
    object->class_name = plain ? NULL : &class->name;
    if (class->external) {
        object->flags = RTMP_VALUE_EXTERNAL;
        return flex_read(reader, object);
    }
    object->flags = class->dynamic && !plain ? RTMP_VALUE_DYNAMIC : 0;
    return read_properties(reader, class, object);
}

static int read_integer(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    uint32_t bits;
    int rc = read_u29(reader, &bits);
    if (rc == 0)
        rc = reader_node(reader, RTMP_INTEGER, value);
    if (rc == 0)
        (*value)->integer = (int32_t)bits - (bits > AMF3_INTEGER_MAX ? AMF3_U29_MAX + 1 : 0);
    return rc;
}

static int read_constant(uint8_t marker, struct rtmp_value **value)
{
    *value = marker == AMF3_UNDEFINED ? rtmp_value_new_undefined()
             : marker == AMF3_NULL    ? rtmp_value_new_null()
                                      : rtmp_value_new_boolean(marker == AMF3_TRUE);
    return 0;
}

static int read_body(struct rtmp_amf_reader *reader, uint8_t marker, struct rtmp_value **value)
{
    switch (marker) {
    case AMF3_UNDEFINED:
    case AMF3_NULL:
    case AMF3_FALSE:
    case AMF3_TRUE:
        return read_constant(marker, value);
    case AMF3_INTEGER:
        return read_integer(reader, value);
    case AMF3_DOUBLE:
        return reader_number_node(reader, RTMP_NUMBER, value);
    case AMF3_STRING:
        return read_string(reader, value);
    case AMF3_XML_DOCUMENT:
        return read_opaque(reader, RTMP_XML_DOCUMENT, value);
    case AMF3_XML:
        return read_opaque(reader, RTMP_XML, value);
    case AMF3_BYTES:
        return read_opaque(reader, RTMP_BYTES, value);
    case AMF3_DATE:
        return read_date(reader, value);
    case AMF3_ARRAY:
        return read_array(reader, value);
    case AMF3_OBJECT:
        return read_object(reader, value);
    case AMF3_VECTOR_INT:
        return read_vector_of_numbers(reader, RTMP_VECTOR_INT, value);
    case AMF3_VECTOR_UINT:
        return read_vector_of_numbers(reader, RTMP_VECTOR_UINT, value);
    case AMF3_VECTOR_DOUBLE:
        return read_vector_of_numbers(reader, RTMP_VECTOR_DOUBLE, value);
    case AMF3_VECTOR_OBJECT:
        return read_vector_of_objects(reader, value);
    case AMF3_DICTIONARY:
        return read_dictionary(reader, value);
    default:
        return RTMP_E_MALFORMED;
    }
}

static int read_value(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    return reader_value(reader, read_body, value);
}

int rtmp_amf3_read(struct rtmp_amf_reader *reader, struct rtmp_value **value)
{
    if (reader->at == reader->length)
        return reader->depth == 0 ? RTMP_E_MORE : RTMP_E_TRUNCATED;
    return read_value(reader, value);
}
