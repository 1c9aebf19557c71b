/* SPDX-License-Identifier: MIT */
/*
 * The reader's tables are counted along, but only their first entries are remembered: searching them is bounded, and
 * what is not found is written in full, which is always right. Values that are still open are remembered apart, at most
 * as many as the tree may be deep: that is what ends cycles.
 *
 * Behind AMF0's 0x11 nothing is referred to, because readers do not agree whether the tables begin anew with each 0x11
 * or with the message (docs/wire.md 4.2).
 */
#include <rtmpwire/amf3.h>

#include "amf3_marker.h"
#include "amf_writer.h"
#include "bytes.h"

enum { REMEMBERED = 256, CLASSES_REMEMBERED = 32 };

struct amf3_writer {
    struct writer *out;
    bool refers;
    uint32_t n_strings, n_objects, n_classes; /* as the reader counts */
    uint32_t n_open;
    struct {
        const struct rtmp_value *value;
        uint32_t index;
    } open[RTMP_VALUE_DEPTH];
    struct rtmp_text strings[REMEMBERED];
    const struct rtmp_value *objects[REMEMBERED];
    const struct rtmp_value *classes[CLASSES_REMEMBERED]; /* the first object of each */
};

static int write_u29(struct amf3_writer *amf3, uint32_t value)
{
    uint8_t bytes[4];
    unsigned n = 0;
    if (value > AMF3_U29_MAX)
        return RTMP_E_RANGE;
    if (value >= 1 << 21) {
        bytes[n++] = (uint8_t)(value >> 22 | 0x80);
        bytes[n++] = (uint8_t)(value >> 15 | 0x80);
        bytes[n++] = (uint8_t)(value >> 8 | 0x80);
        bytes[n++] = (uint8_t)value;
    } else {
        if (value >= 1 << 14)
            bytes[n++] = (uint8_t)(value >> 14 | 0x80);
        if (value >= 1 << 7)
            bytes[n++] = (uint8_t)(value >> 7 | 0x80);
        bytes[n++] = value & 0x7F;
    }
    return writer_bytes(amf3->out, bytes, n);
}

int amf3_write_u8(struct amf3_writer *amf3, uint8_t value) { return writer_u8(amf3->out, value); }

/* A length or count, with the bit that says that it is no reference. */
static int write_head(struct amf3_writer *amf3, size_t n)
{
    return n > AMF3_U29_MAX >> 1 ? RTMP_E_RANGE : write_u29(amf3, (uint32_t)n << 1 | 1);
}

static int write_opaque(struct amf3_writer *amf3, const char *bytes, size_t length)
{
    int rc = write_head(amf3, length);
    return rc ? rc : writer_bytes(amf3->out, bytes, length);
}

static bool same_text(struct rtmp_text a, struct rtmp_text b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static int write_text(struct amf3_writer *amf3, struct rtmp_text text)
{
    if (text.length == 0)
        return writer_u8(amf3->out, 0x01);
    for (uint32_t i = 0; amf3->refers && i < amf3->n_strings && i < REMEMBERED; i++)
        if (same_text(amf3->strings[i], text))
            return write_u29(amf3, i << 1);
    if (amf3->n_strings < REMEMBERED)
        amf3->strings[amf3->n_strings] = text;
    amf3->n_strings++;
    return write_opaque(amf3, text.data, text.length);
}

static bool find_object(const struct amf3_writer *amf3, const struct rtmp_value *value, uint32_t *index)
{
    for (uint32_t i = 0; i < amf3->n_open; i++)
        if (amf3->open[i].value == value) {
            *index = amf3->open[i].index;
            return true;
        }
    for (uint32_t i = 0; amf3->refers && i < amf3->n_objects && i < REMEMBERED; i++)
        if (amf3->objects[i] == value) {
            *index = i;
            return true;
        }
    return false;
}

static int write_members(struct amf3_writer *amf3, const struct rtmp_member *member)
{
    int rc = 0;
    for (; rc == 0 && member; member = member->next) {
        if (member->name.length == 0) /* it would end the list */
            continue;
        rc = write_text(amf3, member->name);
        rc = rc ? rc : amf3_write_value(amf3, member->value);
    }
    return rc ? rc : writer_u8(amf3->out, 0x01);
}

static int write_items(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < value->n; i++)
        rc = amf3_write_value(amf3, value->items[i]);
    return rc;
}

static int write_array(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    int rc = write_head(amf3, value->n);
    rc = rc ? rc : write_members(amf3, value->members);
    return rc ? rc : write_items(amf3, value);
}

static int write_vector_of_numbers(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    size_t size = value->type == RTMP_VECTOR_DOUBLE ? 8 : 4;
    uint8_t *p;
    int rc = write_head(amf3, value->n);
    rc = rc ? rc : writer_u8(amf3->out, value->flags & RTMP_VALUE_FIXED ? 1 : 0);
    rc = rc ? rc : writer_room(amf3->out, value->n * size, &p);
    if (rc)
        return rc;
    for (uint32_t i = 0; i < value->n; i++)
        p = size == 8 ? put_double(p, value->doubles[i]) : put_u32(p, value->uints[i]);
    return 0;
}

static int write_vector_of_objects(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    struct rtmp_text name = value->type_name ? *value->type_name : (struct rtmp_text){"", 0};
    int rc = write_head(amf3, value->n);
    rc = rc ? rc : writer_u8(amf3->out, value->flags & RTMP_VALUE_FIXED ? 1 : 0);
    rc = rc ? rc : write_text(amf3, name);
    return rc ? rc : write_items(amf3, value);
}

static int write_dictionary(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    int rc = write_head(amf3, value->n / 2);
    rc = rc ? rc : writer_u8(amf3->out, value->flags & RTMP_VALUE_WEAK ? 1 : 0);
    return rc ? rc : write_items(amf3, value);
}

static bool is_dynamic(const struct rtmp_value *object)
{
    return object->class_name == NULL || (object->flags & RTMP_VALUE_DYNAMIC);
}

static bool same_class(const struct rtmp_value *a, const struct rtmp_value *b)
{
    if ((a->flags & RTMP_VALUE_EXTERNAL) != (b->flags & RTMP_VALUE_EXTERNAL) || a->n != b->n ||
        is_dynamic(a) != is_dynamic(b) || !same_text(rtmp_value_class(a), rtmp_value_class(b)))
        return false;
    const struct rtmp_member *x = a->members, *y = b->members;
    for (uint32_t i = 0; i < a->n; i++, x = x->next, y = y->next)
        if (!same_text(x->name, y->name))
            return false;
    return true;
}

static int write_new_class(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    bool external = value->flags & RTMP_VALUE_EXTERNAL;
    if (amf3->n_classes < CLASSES_REMEMBERED)
        amf3->classes[amf3->n_classes] = value;
    amf3->n_classes++;
    uint32_t head = external ? 7 : value->n << 4 | (is_dynamic(value) ? 8 : 0) | 3;
    int rc = write_u29(amf3, head);
    rc = rc ? rc : write_text(amf3, rtmp_value_class(value));
    const struct rtmp_member *member = value->members;
    for (uint32_t i = 0; rc == 0 && i < value->n; i++, member = member->next)
        rc = write_text(amf3, member->name);
    return rc;
}

static int write_class(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    for (uint32_t i = 0; amf3->refers && i < amf3->n_classes && i < CLASSES_REMEMBERED; i++)
        if (same_class(amf3->classes[i], value))
            return write_u29(amf3, i << 2 | 1);
    return write_new_class(amf3, value);
}

static int write_object(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    int rc = write_class(amf3, value);
    if (rc || (value->flags & RTMP_VALUE_EXTERNAL))
        return rc ? rc : flex_write(amf3, value);
    const struct rtmp_member *member = value->members;
    for (uint32_t i = 0; rc == 0 && i < value->n; i++, member = member->next)
        rc = amf3_write_value(amf3, member->value);
    return rc || !is_dynamic(value) ? rc : write_members(amf3, member);
}

static int write_double(struct amf3_writer *amf3, double number)
{
    uint8_t *p;
    int rc = writer_room(amf3->out, 8, &p);
    if (rc == 0)
        put_double(p, number);
    return rc;
}

static int write_integer(struct amf3_writer *amf3, int32_t integer)
{
    bool fits = integer >= AMF3_INTEGER_MIN && integer <= AMF3_INTEGER_MAX;
    int rc = writer_u8(amf3->out, fits ? AMF3_INTEGER : AMF3_DOUBLE);
    if (rc)
        return rc;
    return fits ? write_u29(amf3, (uint32_t)integer & AMF3_U29_MAX) : write_double(amf3, integer);
}

static int write_date(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    int rc = writer_u8(amf3->out, 0x01);
    return rc ? rc : write_double(amf3, value->number);
}

static int write_whole(struct amf3_writer *amf3, uint8_t marker, const struct rtmp_value *value)
{
    switch (marker) {
    case AMF3_DATE:
        return write_date(amf3, value);
    case AMF3_ARRAY:
        return write_array(amf3, value);
    case AMF3_OBJECT:
        return write_object(amf3, value);
    case AMF3_VECTOR_OBJECT:
        return write_vector_of_objects(amf3, value);
    case AMF3_DICTIONARY:
        return write_dictionary(amf3, value);
    case AMF3_XML:
    case AMF3_XML_DOCUMENT:
    case AMF3_BYTES:
        return write_opaque(amf3, value->text, value->n);
    default:
        return write_vector_of_numbers(amf3, value);
    }
}

/* What has a place in the object table: marker, then a reference or the whole. */
static int write_complex(struct amf3_writer *amf3, uint8_t marker, const struct rtmp_value *value)
{
    uint32_t index;
    int rc = writer_u8(amf3->out, marker);
    if (rc)
        return rc;
    if (find_object(amf3, value, &index))
        return amf3->refers ? write_u29(amf3, index << 1) : RTMP_E_RANGE;
    amf3->open[amf3->n_open].value = value;
    amf3->open[amf3->n_open++].index = amf3->n_objects;
    if (amf3->n_objects < REMEMBERED)
        amf3->objects[amf3->n_objects] = value;
    amf3->n_objects++;
    rc = write_whole(amf3, marker, value);
    amf3->n_open--;
    return rc;
}

static int write_string(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    int rc = writer_u8(amf3->out, AMF3_STRING);
    return rc ? rc : write_text(amf3, rtmp_value_text(value));
}

static int write_number(struct amf3_writer *amf3, double number)
{
    int rc = writer_u8(amf3->out, AMF3_DOUBLE);
    return rc ? rc : write_double(amf3, number);
}

static int write_body(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    static const uint8_t markers[] = {
        [RTMP_DATE] = AMF3_DATE,
        [RTMP_XML] = AMF3_XML,
        [RTMP_XML_DOCUMENT] = AMF3_XML_DOCUMENT,
        [RTMP_BYTES] = AMF3_BYTES,
        [RTMP_ARRAY] = AMF3_ARRAY,
        [RTMP_OBJECT] = AMF3_OBJECT,
        [RTMP_VECTOR_INT] = AMF3_VECTOR_INT,
        [RTMP_VECTOR_UINT] = AMF3_VECTOR_UINT,
        [RTMP_VECTOR_DOUBLE] = AMF3_VECTOR_DOUBLE,
        [RTMP_VECTOR_OBJECT] = AMF3_VECTOR_OBJECT,
        [RTMP_DICTIONARY] = AMF3_DICTIONARY,
    };
    switch (rtmp_value_type(value)) {
    case RTMP_UNDEFINED:
    case RTMP_UNSUPPORTED:
        return writer_u8(amf3->out, AMF3_UNDEFINED);
    case RTMP_NULL:
        return writer_u8(amf3->out, AMF3_NULL);
    case RTMP_BOOLEAN:
        return writer_u8(amf3->out, value->boolean ? AMF3_TRUE : AMF3_FALSE);
    case RTMP_NUMBER:
        return write_number(amf3, value->number);
    case RTMP_INTEGER:
        return write_integer(amf3, value->integer);
    case RTMP_STRING:
        return write_string(amf3, value);
    default:
        return write_complex(amf3, markers[value->type], value);
    }
}

int amf3_write_value(struct amf3_writer *amf3, const struct rtmp_value *value)
{
    int rc = writer_enter(amf3->out);
    if (rc)
        return rc;
    rc = write_body(amf3, value);
    amf3->out->depth--;
    return rc;
}

static int write_first(struct writer *out, bool refers, const struct rtmp_value *value)
{
    struct amf3_writer amf3; /* the tables are kilobytes, and of what is in them only the counts matter */
    amf3.out = out;
    amf3.refers = refers;
    amf3.n_strings = amf3.n_objects = amf3.n_classes = amf3.n_open = 0;
    return amf3_write_value(&amf3, value);
}

int amf3_write_inside(struct writer *writer, const struct rtmp_value *value)
{
    return write_first(writer, false, value);
}

int rtmp_amf3_write(struct rtmp_buffer *buffer, const struct rtmp_value *value)
{
    struct writer out = {.buffer = buffer};
    size_t length = buffer->length;
    int rc = write_first(&out, true, value);
    if (rc)
        buffer->length = length;
    return rc;
}
