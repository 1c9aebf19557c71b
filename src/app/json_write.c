/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/json_parts.h"
#include "base/text.h"

enum { NUMBER_TEXT = 32 };

struct writing {
    struct rtmp_buffer *buffer;
    unsigned values; /* left */
    unsigned depth;
    const struct rtmp_value *around[RTMP_VALUE_DEPTH]; /* the containers that are being written */
};

static int write_value(struct writing *writing, const struct rtmp_value *value);

int ph_json_put(struct rtmp_buffer *buffer, const char *bytes)
{
    return rtmp_buffer_append(buffer, bytes, strlen(bytes));
}

static int put(struct writing *writing, const char *bytes) { return ph_json_put(writing->buffer, bytes); }

/* Texts */

/* Length of the UTF-8 sequence at `at`; 0: it is none. */
static size_t sequence(const uint8_t *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : at[0] >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    uint32_t code = n == 1 ? at[0] : at[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (at[i] >> 6 != 2)
            return 0;
        code = code << 6 | (at[i] & 0x3F);
    }
    return code >= least[n] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF) ? n : 0;
}

bool ph_json_is_text(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    for (size_t at = 0, n; at < length; at += n)
        if ((n = sequence(bytes + at, length - at)) == 0)
            return false;
    return true;
}

static int write_escape(struct rtmp_buffer *buffer, uint8_t byte)
{
    char text[8];
    const char *brief = byte == '"'    ? "\\\""
                        : byte == '\\' ? "\\\\"
                        : byte == '\n' ? "\\n"
                        : byte == '\r' ? "\\r"
                        : byte == '\t' ? "\\t"
                                       : NULL;
    int n = brief ? 2 : snprintf(text, sizeof text, "\\u%04x", byte);
    return rtmp_buffer_append(buffer, brief ? brief : text, (size_t)n);
}

int ph_json_write_text(const char *text, size_t length, struct rtmp_buffer *buffer)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t from = 0;
    int rc = rtmp_buffer_append(buffer, "\"", 1);
    for (size_t at = 0; at < length && !rc;) {
        size_t n = sequence(bytes + at, length - at);
        if (n > 0 && bytes[at] >= ' ' && bytes[at] != '"' && bytes[at] != '\\' && bytes[at] != 0x7F) {
            at += n;
            continue;
        }
        rc = rtmp_buffer_append(buffer, bytes + from, at - from);
        if (!rc)
            rc = n ? write_escape(buffer, bytes[at]) : rtmp_buffer_append(buffer, "\xEF\xBF\xBD", 3);
        from = ++at;
    }
    if (!rc && length > from)
        rc = rtmp_buffer_append(buffer, bytes + from, length - from);
    return rc ? rc : rtmp_buffer_append(buffer, "\"", 1);
}

int ph_json_write_base64(struct rtmp_buffer *buffer, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = (length + 2) / 3 * 4 + 2;
    int rc = rtmp_buffer_reserve(buffer, size);
    if (rc)
        return rc;
    char *out = (char *)buffer->data + buffer->length;
    *out++ = '"';
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)(left > 1 ? bytes[i + 1] : 0) << 8 |
                         (left > 2 ? bytes[i + 2] : 0);
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[group & 63] : '=';
    }
    *out = '"';
    buffer->length += size;
    return 0;
}

/* Numbers: the shortest text that reads back as the same. */
int ph_json_write_number(struct rtmp_buffer *buffer, double number)
{
    char text[NUMBER_TEXT];
    if (!isfinite(number))
        return ph_json_put(buffer, "null");
    if (number == 0 && signbit(number))
        return ph_json_put(buffer, "-0.0"); /* "-0" would be read as an integer */
    if (fabs(number) < 1e15 && number == floor(number)) {
        snprintf(text, sizeof text, "%.0f", number);
        return ph_json_put(buffer, text);
    }
    for (int digits = 15; digits <= 17; digits++) {
        double back;
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (ph_text_double(text, &back) == 0 && back == number)
            break;
    }
    return ph_json_put(buffer, text);
}

int ph_json_write_int(struct rtmp_buffer *buffer, int64_t number)
{
    char text[NUMBER_TEXT];
    snprintf(text, sizeof text, "%lld", (long long)number);
    return ph_json_put(buffer, text);
}

/* Containers */

static int write_name(struct writing *writing, struct rtmp_text name, bool is_first)
{
    int rc = is_first ? 0 : put(writing, ",");
    rc = rc ? rc : ph_json_write_text(name.data, name.length, writing->buffer);
    return rc ? rc : put(writing, ":");
}

static int write_object(struct writing *writing, const struct rtmp_value *object)
{
    static const struct rtmp_text class_name = {"$class", 6};
    struct rtmp_text class = rtmp_value_class(object);
    bool is_first = true;
    int rc = put(writing, "{");
    if (!rc && class.length) {
        rc = write_name(writing, class_name, is_first);
        rc = rc ? rc : ph_json_write_text(class.data, class.length, writing->buffer);
        is_first = false;
    }
    for (size_t i = 0; i < rtmp_value_count(object) && !rc; i++) { /* items of an array with names */
        char text[NUMBER_TEXT];
        int length = snprintf(text, sizeof text, "%zu", i);
        rc = write_name(writing, (struct rtmp_text){text, (size_t)length}, is_first);
        rc = rc ? rc : write_value(writing, rtmp_value_at(object, i));
        is_first = false;
    }
    for (const struct rtmp_member *member = rtmp_value_members(object); member && !rc; member = member->next) {
        if (rtmp_value_type(member->value) == RTMP_UNDEFINED)
            continue;
        rc = write_name(writing, member->name, is_first);
        rc = rc ? rc : write_value(writing, member->value);
        is_first = false;
    }
    return rc ? rc : put(writing, "}");
}

static int write_item(struct writing *writing, const struct rtmp_value *array, size_t i)
{
    switch (rtmp_value_type(array)) {
    case RTMP_VECTOR_INT:
        return ph_json_write_int(writing->buffer, array->ints[i]);
    case RTMP_VECTOR_UINT:
        return ph_json_write_int(writing->buffer, array->uints[i]);
    case RTMP_VECTOR_DOUBLE:
        return ph_json_write_number(writing->buffer, array->doubles[i]);
    default:
        return write_value(writing, rtmp_value_at(array, i));
    }
}

/* A dictionary is an array of [key, value]. */
static int write_array(struct writing *writing, const struct rtmp_value *array)
{
    bool has_pairs = rtmp_value_type(array) == RTMP_DICTIONARY;
    size_t n = rtmp_value_count(array);
    int rc = put(writing, "[");
    for (size_t i = 0; i < n && !rc; i++) {
        const char *before = !has_pairs ? (i ? "," : "") : i % 2 ? "," : i ? "],[" : "[";
        rc = put(writing, before);
        rc = rc ? rc : write_item(writing, array, i);
    }
    if (!rc && has_pairs && n)
        rc = put(writing, "]");
    return rc ? rc : put(writing, "]");
}

static int write_container(struct writing *writing, const struct rtmp_value *value)
{
    for (unsigned i = 0; i < writing->depth; i++)
        if (writing->around[i] == value)
            return put(writing, "null"); /* it contains itself */
    if (writing->depth == RTMP_VALUE_DEPTH)
        return RTMP_E_DEPTH;
    writing->around[writing->depth++] = value;
    bool is_object = rtmp_value_type(value) == RTMP_OBJECT ||
                     (rtmp_value_type(value) == RTMP_ARRAY && rtmp_value_members(value));
    int rc = is_object ? write_object(writing, value) : write_array(writing, value);
    writing->depth--;
    return rc;
}

static int write_value(struct writing *writing, const struct rtmp_value *value)
{
    if (writing->values == 0)
        return RTMP_E_NODES;
    writing->values--;
    switch (rtmp_value_type(value)) {
    case RTMP_BOOLEAN:
        return put(writing, value->boolean ? "true" : "false");
    case RTMP_INTEGER:
        return ph_json_write_int(writing->buffer, value->integer);
    case RTMP_NUMBER:
    case RTMP_DATE:
        return ph_json_write_number(writing->buffer, value->number);
    case RTMP_STRING:
    case RTMP_XML:
    case RTMP_XML_DOCUMENT:
        return ph_json_write_text(value->text, value->n, writing->buffer);
    case RTMP_BYTES:
        return ph_json_write_base64(writing->buffer, value->bytes, value->n);
    case RTMP_UNDEFINED:
    case RTMP_NULL:
    case RTMP_UNSUPPORTED:
        return put(writing, "null");
    default:
        return write_container(writing, value);
    }
}

int ph_json_write(const struct rtmp_value *value, struct rtmp_buffer *buffer)
{
    struct writing writing = {.buffer = buffer, .values = RTMP_VALUE_WALK_NODES};
    size_t before = buffer->length;
    int rc = write_value(&writing, value);
    if (rc)
        buffer->length = before;
    return rc;
}
