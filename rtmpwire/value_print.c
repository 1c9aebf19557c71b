/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <rtmpwire/value.h>

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

/* Whole numbers exactly, others to six places: enough for people, without the C library's locale. */
static int put_number(struct printer *printer, double number)
{
    if (number != number)
        return put(printer, "NaN");
    int rc = number < 0 ? put(printer, "-") : 0;
    double size = number < 0 ? -number : number;
    if (rc || size >= 1e18)
        return rc ? rc : put(printer, size > 1e308 * 1.79 ? "Infinity" : "1e18+");
    uint64_t whole = (uint64_t)size, millionths = (uint64_t)((size - (double)whole) * 1e6 + 0.5);
    if (millionths == 1000000) {
        whole++;
        millionths = 0;
    }
    rc = put_unsigned(printer, whole);
    if (rc || millionths == 0)
        return rc;
    char places[8] = ".";
    for (int i = 6; i > 0; i--, millionths /= 10)
        places[i] = (char)('0' + millionths % 10);
    places[7] = 0;
    for (int i = 6; places[i] == '0'; i--)
        places[i] = 0;
    return put(printer, places);
}

static int put_text(struct printer *printer, const char *text, size_t length)
{
    static const char hex[] = "0123456789abcdef";
    int rc = put(printer, "\"");
    for (size_t i = 0; rc == 0 && i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], 0};
        if (c < 0x20 || c == 0x7F)
            rc = put(printer, escape);
        else if (c == '"' || c == '\\')
            rc = writer_bytes(&printer->out, (char[]){'\\', (char)c}, 2);
        else
            rc = writer_u8(&printer->out, c);
    }
    return rc ? rc : put(printer, "\"");
}

static int put_items(struct printer *printer, const struct rtmp_value *value)
{
    int rc = put(printer, "[");
    for (size_t i = 0; rc == 0 && i < rtmp_value_count(value); i++) {
        rc = i > 0 ? put(printer, ",") : 0;
        if (rc)
            break;
        if (value->type == RTMP_VECTOR_INT)
            rc = put_number(printer, value->ints[i]);
        else if (value->type == RTMP_VECTOR_UINT)
            rc = put_number(printer, value->uints[i]);
        else if (value->type == RTMP_VECTOR_DOUBLE)
            rc = put_number(printer, value->doubles[i]);
        else
            rc = print(printer, value->items[i]);
    }
    return rc ? rc : put(printer, "]");
}

static int put_members(struct printer *printer, const struct rtmp_value *value)
{
    int rc = put(printer, "{");
    for (const struct rtmp_member *member = value->members; rc == 0 && member; member = member->next) {
        rc = put_text(printer, member->name.data, member->name.length);
        rc = rc ? rc : put(printer, ":");
        rc = rc ? rc : print(printer, member->value);
        rc = rc || member->next == NULL ? rc : put(printer, ",");
    }
    return rc ? rc : put(printer, "}");
}

static int put_object(struct printer *printer, const struct rtmp_value *value)
{
    struct rtmp_text name = rtmp_value_class(value);
    int rc = name.length ? put_text(printer, name.data, name.length) : 0;
    return rc ? rc : put_members(printer, value);
}

static int put_array(struct printer *printer, const struct rtmp_value *value)
{
    int rc = value->n > 0 || value->members == NULL ? put_items(printer, value) : 0;
    return rc || value->members == NULL ? rc : put_members(printer, value);
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
    if (printer->out.n_nodes >= printer->max_nodes || writer_enter(&printer->out) != 0)
        return put(printer, "…");
    int rc = put_body(printer, value);
    printer->out.depth--;
    return rc;
}

int rtmp_value_print(const struct rtmp_value *value, uint32_t max_nodes, struct rtmp_buffer *buffer)
{
    struct printer printer = {.out = {.buffer = buffer}, .max_nodes = max_nodes};
    return print(&printer, value);
}
