/* SPDX-License-Identifier: MIT */
#include <rtmpwire/value.h>

#include <float.h>
#include <string.h>

#include "amf_writer.h"

struct printer {
    struct writer out;
    uint32_t max_nodes;
};

static int print(struct printer *printer, const struct rtmp_value *value);

static int put(struct printer *printer, const char *text) { return writer_bytes(&printer->out, text, strlen(text)); }

static int put_unsigned(struct printer *printer, uint64_t number)
{
    char digits[21], *first = digits + sizeof digits - 1;
    *first = 0;
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return put(printer, first);
}

/* Six places, without the zeros at the end. */
static int put_millionths(struct printer *printer, uint64_t millionths)
{
    char places[7];
    size_t n = 6;
    for (size_t i = n; i > 0; i--, millionths /= 10)
        places[i] = (char)('0' + millionths % 10);
    while (n > 0 && places[n] == '0')
        n--;
    places[0] = '.';
    return n > 0 ? writer_bytes(&printer->out, places, n + 1) : 0;
}

/* Whole numbers exactly, others to six places: enough for people, without the C library's locale. */
static int put_number(struct printer *printer, double number)
{
    if (number != number)
        return put(printer, "NaN");
    int rc = number < 0 ? put(printer, "-") : 0;
    double size = number < 0 ? -number : number;
    if (rc || size > DBL_MAX)
        return rc ? rc : put(printer, "Infinity");
    unsigned exponent = 0;
    if (size >= 1e18)
        for (; size >= 10; size /= 10)
            exponent++;
    uint64_t whole = (uint64_t)size, millionths = (uint64_t)((size - (double)whole) * 1e6 + 0.5);
    rc = put_unsigned(printer, whole + millionths / 1000000);
    rc = rc ? rc : put_millionths(printer, millionths % 1000000);
    if (rc || exponent == 0)
        return rc;
    rc = put(printer, "e");
    return rc ? rc : put_unsigned(printer, exponent);
}

/* Bytes of the valid UTF-8 character at `p`; 0: there is none. */
static size_t character_at(const unsigned char *p, size_t left)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool is_overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool is_no_character = (p[0] == 0xED && p[1] >= 0xA0) || (p[0] == 0xF4 && p[1] >= 0x90);
    return is_overlong || is_no_character ? 0 : n;
}

/* One byte of a control character, or of what is no UTF-8. */
static int put_escaped(struct printer *printer, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    const char escape[] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    return writer_bytes(&printer->out, escape, sizeof escape);
}

static int put_text(struct printer *printer, const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + length;
    int rc = put(printer, "\"");
    while (rc == 0 && p < end) {
        size_t n = character_at(p, (size_t)(end - p));
        bool is_control = n == 1 ? p[0] < 0x20 || p[0] == 0x7F : n == 2 && p[0] == 0xC2 && p[1] < 0xA0;
        if (n == 0 || is_control) {
            rc = put_escaped(printer, *p++);
            continue;
        }
        if (*p == '"' || *p == '\\')
            rc = put(printer, "\\");
        rc = rc ? rc : writer_bytes(&printer->out, p, n);
        p += n;
    }
    return rc ? rc : put(printer, "\"");
}

static bool has_room(struct printer *printer) { return printer->out.n_nodes < printer->max_nodes; }

static int put_item(struct printer *printer, const struct rtmp_value *value, size_t i)
{
    if (value->type < RTMP_VECTOR_INT || value->type > RTMP_VECTOR_DOUBLE)
        return print(printer, rtmp_value_at(value, i));
    printer->out.n_nodes++;
    return put_number(printer, value->type == RTMP_VECTOR_INT    ? value->ints[i]
                               : value->type == RTMP_VECTOR_UINT ? value->uints[i]
                                                                 : value->doubles[i]);
}

static int put_items(struct printer *printer, const struct rtmp_value *value)
{
    size_t n = rtmp_value_count(value);
    int rc = put(printer, "[");
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = i > 0 ? put(printer, ",") : 0;
        if (!has_room(printer)) {
            rc = rc ? rc : put(printer, "…");
            break;
        }
        rc = rc ? rc : put_item(printer, value, i);
    }
    return rc ? rc : put(printer, "]");
}

static int put_members(struct printer *printer, const struct rtmp_member *member)
{
    int rc = put(printer, "{");
    for (const char *between = ""; rc == 0 && member; member = member->next, between = ",") {
        rc = put(printer, between);
        if (!has_room(printer)) {
            rc = rc ? rc : put(printer, "…");
            break;
        }
        rc = rc ? rc : put_text(printer, member->name.data, member->name.length);
        rc = rc ? rc : put(printer, ":");
        rc = rc ? rc : print(printer, member->value);
    }
    return rc ? rc : put(printer, "}");
}

static int put_object(struct printer *printer, const struct rtmp_value *value)
{
    struct rtmp_text name = rtmp_value_class(value);
    int rc = name.length ? put_text(printer, name.data, name.length) : 0;
    return rc ? rc : put_members(printer, value->members);
}

static int put_array(struct printer *printer, const struct rtmp_value *value)
{
    int rc = value->n > 0 || value->members == NULL ? put_items(printer, value) : 0;
    return rc || value->members == NULL ? rc : put_members(printer, value->members);
}

static int put_body(struct printer *printer, const struct rtmp_value *value)
{
    switch (rtmp_value_type(value)) {
    case RTMP_UNDEFINED:
    case RTMP_UNSUPPORTED:
        return put(printer, "undefined");
    case RTMP_NULL:
        return put(printer, "null");
    case RTMP_BOOLEAN:
        return put(printer, value->boolean ? "true" : "false");
    case RTMP_NUMBER:
    case RTMP_INTEGER:
    case RTMP_DATE:
        return put_number(printer, value->type == RTMP_INTEGER ? value->integer : value->number);
    case RTMP_STRING:
    case RTMP_XML:
    case RTMP_XML_DOCUMENT:
        return put_text(printer, value->text, value->n);
    case RTMP_BYTES:
        return put(printer, "bytes");
    case RTMP_OBJECT:
        return put_object(printer, value);
    case RTMP_ARRAY:
        return put_array(printer, value);
    default:
        return put_items(printer, value);
    }
}

static int print(struct printer *printer, const struct rtmp_value *value)
{
    if (!has_room(printer))
        return put(printer, "…");
    printer->out.n_nodes++;
    if (printer->out.depth >= RTMP_VALUE_DEPTH)
        return put(printer, "…");
    printer->out.depth++;
    int rc = put_body(printer, value);
    printer->out.depth--;
    return rc;
}

int rtmp_value_print(const struct rtmp_value *value, uint32_t max_nodes, struct rtmp_buffer *buffer)
{
    if (max_nodes > RTMP_VALUE_WALK_NODES)
        max_nodes = RTMP_VALUE_WALK_NODES;
    struct printer printer = {.out = {.buffer = buffer}, .max_nodes = max_nodes};
    return print(&printer, value);
}
