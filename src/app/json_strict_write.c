/* SPDX-License-Identifier: MIT */
/*
 * Writing looks twice: first which nodes stand in several places, then it writes. The table of nodes is as large as
 * what one walk may see, and each node is looked into once, so a value that contains itself ends.
 */
#include "app/json_strict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/json_parts.h"
#include "base/attr.h"

enum { NODES_CAP = 32768 }; /* a power of two, and three times RTMP_VALUE_WALK_NODES */

/* A node that has been seen. */
struct node {
    const struct rtmp_value *value;
    bool is_shared;
    unsigned id; /* 0: not written yet */
};

struct writing {
    struct rtmp_buffer *buffer;
    struct node *nodes; /* by address, NODES_CAP of them */
    unsigned values;    /* left */
    unsigned levels;    /* left */
    unsigned last_id;
};

static int write_value(struct writing *writing, const struct rtmp_value *value);

/* Which nodes are shared */

static bool has_identity(const struct rtmp_value *value)
{
    switch (rtmp_value_type(value)) {
    case RTMP_UNDEFINED:
    case RTMP_NULL:
    case RTMP_BOOLEAN:
    case RTMP_NUMBER:
    case RTMP_INTEGER:
    case RTMP_STRING:
    case RTMP_UNSUPPORTED:
        return false;
    default:
        return true;
    }
}

static struct node *node_of(const struct writing *writing, const struct rtmp_value *value)
{
    size_t at = (uintptr_t)value / 16 * 2654435761U % NODES_CAP;
    while (writing->nodes[at].value && writing->nodes[at].value != value)
        at = (at + 1) % NODES_CAP;
    return &writing->nodes[at];
}

static bool has_items(const struct rtmp_value *value)
{
    int type = rtmp_value_type(value);
    return type == RTMP_ARRAY || type == RTMP_VECTOR_OBJECT || type == RTMP_DICTIONARY;
}

static int look(struct writing *writing, const struct rtmp_value *value)
{
    int rc = 0;
    if (writing->values == 0 || writing->levels == 0)
        return writing->values ? RTMP_E_DEPTH : RTMP_E_NODES;
    writing->values--;
    if (!has_identity(value))
        return 0;
    struct node *node = node_of(writing, value);
    if (node->value) {
        node->is_shared = true;
        return 0;
    }
    node->value = value;
    writing->levels--;
    for (size_t i = 0; has_items(value) && i < rtmp_value_count(value) && !rc; i++)
        rc = look(writing, rtmp_value_at(value, i));
    for (const struct rtmp_member *member = rtmp_value_members(value); member && !rc; member = member->next)
        rc = look(writing, member->value);
    writing->levels++;
    return rc;
}

/* Writing */

static int put(struct writing *writing, const char *bytes) { return ph_json_put(writing->buffer, bytes); }

static int put_int(struct writing *writing, int64_t number) { return ph_json_write_int(writing->buffer, number); }

/* A text, or the bytes of one that is not UTF-8. */
static int put_text(struct writing *writing, const char *text, size_t length)
{
    if (ph_json_is_text(text, length))
        return ph_json_write_text(text, length, writing->buffer);
    int rc = put(writing, "{\"$text\":");
    rc = rc ? rc : ph_json_write_base64(writing->buffer, (const uint8_t *)text, length);
    return rc ? rc : put(writing, "}");
}

static int put_number(struct writing *writing, double number)
{
    if (isfinite(number) && !(number == 0 && signbit(number)))
        return ph_json_write_number(writing->buffer, number);
    return put(writing, isnan(number) ? "{\"$number\":\"NaN\"}"
                        : number == 0 ? "{\"$number\":\"-0\"}"
                        : number < 0  ? "{\"$number\":\"-Infinity\"}"
                                      : "{\"$number\":\"Infinity\"}");
}

/* The beginning of an object with a meaning: {"$id":1, if it is shared. */
static int open_object(struct writing *writing, const struct rtmp_value *value)
{
    struct node *node = node_of(writing, value);
    int rc = put(writing, "{");
    if (rc || !node->is_shared)
        return rc;
    node->id = ++writing->last_id;
    rc = put(writing, "\"$id\":");
    rc = rc ? rc : put_int(writing, node->id);
    return rc ? rc : put(writing, ",");
}

static int put_flag(struct writing *writing, const struct rtmp_value *value, enum rtmp_value_flag flag,
                    const char *words)
{
    return value->flags & flag ? put(writing, words) : 0;
}

/* Are there two members of a name, or is one no text? Then names cannot be names. */
static int compare_names(const void *a, const void *b)
{
    const struct rtmp_text *first = a, *second = b;
    size_t shorter = first->length < second->length ? first->length : second->length;
    int order = memcmp(first->data, second->data, shorter);
    return order ? order : (first->length > second->length) - (first->length < second->length);
}

static int has_odd_names(const struct rtmp_value *value, bool *is_odd)
{
    size_t n = 0;
    for (const struct rtmp_member *member = rtmp_value_members(value); member; member = member->next)
        n++;
    struct rtmp_text *names = malloc((n + 1) * sizeof *names);
    if (!names)
        return RTMP_E_MEMORY;
    n = 0;
    for (const struct rtmp_member *member = rtmp_value_members(value); member; member = member->next)
        names[n++] = member->name;
    qsort(names, n, sizeof *names, compare_names);
    *is_odd = false;
    for (size_t i = 0; i < n; i++)
        *is_odd |= !ph_json_is_text(names[i].data, names[i].length) || memchr(names[i].data, 0, names[i].length) ||
                   (i && compare_names(&names[i], &names[i - 1]) == 0);
    free(names);
    return 0;
}

static int put_name(struct writing *writing, struct rtmp_text name)
{
    bool is_escaped = name.length && name.data[0] == '$';
    char *copy = is_escaped ? malloc(name.length + 1) : NULL;
    if (!is_escaped)
        return ph_json_write_text(name.data, name.length, writing->buffer);
    if (!copy)
        return RTMP_E_MEMORY;
    copy[0] = '$';
    memcpy(copy + 1, name.data, name.length);
    int rc = ph_json_write_text(copy, name.length + 1, writing->buffer);
    free(copy);
    return rc;
}

/* "a":1,"b":2 — or "$members":[["a",1],["a",2]]; `before`: what stands in front of the first. */
static int put_members(struct writing *writing, const struct rtmp_value *value, const char *before)
{
    bool is_odd;
    int rc = has_odd_names(value, &is_odd);
    const struct rtmp_member *member = rtmp_value_members(value);
    if (rc || !member)
        return rc;
    rc = put(writing, before);
    rc = !rc && is_odd ? put(writing, "\"$members\":[") : rc;
    for (const char *comma = ""; member && !rc; member = member->next, comma = ",") {
        rc = put(writing, comma);
        rc = !rc && is_odd ? put(writing, "[") : rc;
        if (!rc)
            rc = is_odd ? put_text(writing, member->name.data, member->name.length) : put_name(writing, member->name);
        rc = rc ? rc : put(writing, is_odd ? "," : ":");
        rc = rc ? rc : write_value(writing, member->value);
        rc = !rc && is_odd ? put(writing, "]") : rc;
    }
    return !rc && is_odd ? put(writing, "]") : rc;
}

static int put_items(struct writing *writing, const struct rtmp_value *value)
{
    int rc = put(writing, "[");
    for (size_t i = 0; i < rtmp_value_count(value) && !rc; i++) {
        rc = put(writing, i ? "," : "");
        if (rc)
            return rc;
        switch (rtmp_value_type(value)) {
        case RTMP_VECTOR_INT:
            rc = put_int(writing, value->ints[i]);
            break;
        case RTMP_VECTOR_UINT:
            rc = put_int(writing, value->uints[i]);
            break;
        case RTMP_VECTOR_DOUBLE:
            rc = put_number(writing, value->doubles[i]);
            break;
        default:
            rc = write_value(writing, rtmp_value_at(value, i));
        }
    }
    return rc ? rc : put(writing, "]");
}

static int write_array(struct writing *writing, const struct rtmp_value *value)
{
    bool is_plain = !rtmp_value_members(value) && !(value->flags & RTMP_VALUE_ECMA) &&
                    !node_of(writing, value)->is_shared;
    if (is_plain)
        return put_items(writing, value);
    int rc = open_object(writing, value);
    rc = rc ? rc : put(writing, "\"$array\":");
    rc = rc ? rc : put_items(writing, value);
    rc = rc ? rc : put_flag(writing, value, RTMP_VALUE_ECMA, ",\"$ecma\":true");
    rc = rc ? rc : put_members(writing, value, ",");
    return rc ? rc : put(writing, "}");
}

static int write_object(struct writing *writing, const struct rtmp_value *value)
{
    struct rtmp_text class = rtmp_value_class(value);
    bool has_class = value->class_name != NULL;
    int rc = open_object(writing, value);
    const char *comma = "";
    if (!rc && has_class) {
        rc = put(writing, "\"$class\":");
        rc = rc ? rc : put_text(writing, class.data, class.length);
        rc = rc ? rc : put_flag(writing, value, RTMP_VALUE_EXTERNAL, ",\"$external\":true");
        rc = rc ? rc : put_flag(writing, value, RTMP_VALUE_DYNAMIC, ",\"$dynamic\":true");
        comma = ",";
    }
    if (!rc && value->n) {
        rc = put(writing, comma);
        rc = rc ? rc : put(writing, "\"$sealed\":");
        rc = rc ? rc : put_int(writing, value->n);
        comma = ",";
    }
    rc = rc ? rc : put_members(writing, value, comma);
    if (!rc && node_of(writing, value)->is_shared && writing->buffer->data[writing->buffer->length - 1] == ',')
        writing->buffer->length--; /* {"$id":1,} */
    return rc ? rc : put(writing, "}");
}

static int write_vector(struct writing *writing, const struct rtmp_value *value)
{
    int type = rtmp_value_type(value);
    int rc = open_object(writing, value);
    rc = rc ? rc
            : put(writing, type == RTMP_VECTOR_INT      ? "\"$vector\":\"int\",\"items\":"
                           : type == RTMP_VECTOR_UINT   ? "\"$vector\":\"uint\",\"items\":"
                           : type == RTMP_VECTOR_DOUBLE ? "\"$vector\":\"double\",\"items\":"
                                                        : "\"$vector\":\"object\",\"items\":");
    rc = rc ? rc : put_items(writing, value);
    rc = rc ? rc : put_flag(writing, value, RTMP_VALUE_FIXED, ",\"fixed\":true");
    if (!rc && type == RTMP_VECTOR_OBJECT && value->type_name) {
        rc = put(writing, ",\"type\":");
        rc = rc ? rc : put_text(writing, value->type_name->data, value->type_name->length);
    }
    return rc ? rc : put(writing, "}");
}

/* Keys and values in turn. */
static int write_dictionary(struct writing *writing, const struct rtmp_value *value)
{
    int rc = open_object(writing, value);
    rc = rc ? rc : put(writing, "\"$dictionary\":");
    rc = rc ? rc : put_items(writing, value);
    rc = rc ? rc : put_flag(writing, value, RTMP_VALUE_WEAK, ",\"weak\":true");
    return rc ? rc : put(writing, "}");
}

static int write_date(struct writing *writing, const struct rtmp_value *value)
{
    int rc = open_object(writing, value);
    rc = rc ? rc : put(writing, "\"$date\":");
    rc = rc ? rc : put_number(writing, value->number);
    if (!rc && value->zone) {
        rc = put(writing, ",\"zone\":");
        rc = rc ? rc : put_int(writing, value->zone);
    }
    return rc ? rc : put(writing, "}");
}

static int write_opaque(struct writing *writing, const struct rtmp_value *value)
{
    int type = rtmp_value_type(value), rc = open_object(writing, value);
    rc = rc ? rc : put(writing, type == RTMP_BYTES ? "\"$bytes\":" : type == RTMP_XML ? "\"$xml\":" : "\"$xmldoc\":");
    if (!rc)
        rc = type == RTMP_BYTES ? ph_json_write_base64(writing->buffer, value->bytes, value->n)
                                : put_text(writing, value->text, value->n);
    return rc ? rc : put(writing, "}");
}

static int write_node(struct writing *writing, const struct rtmp_value *value)
{
    const struct node *node = node_of(writing, value);
    if (node->id) {
        int rc = put(writing, "{\"$ref\":");
        rc = rc ? rc : put_int(writing, node->id);
        return rc ? rc : put(writing, "}");
    }
    switch (rtmp_value_type(value)) {
    case RTMP_ARRAY:
        return write_array(writing, value);
    case RTMP_OBJECT:
        return write_object(writing, value);
    case RTMP_DICTIONARY:
        return write_dictionary(writing, value);
    case RTMP_DATE:
        return write_date(writing, value);
    case RTMP_BYTES:
    case RTMP_XML:
    case RTMP_XML_DOCUMENT:
        return write_opaque(writing, value);
    default:
        return write_vector(writing, value);
    }
}

static int write_value(struct writing *writing, const struct rtmp_value *value)
{
    switch (rtmp_value_type(value)) {
    case RTMP_UNDEFINED:
        return put(writing, "{\"$undefined\":true}");
    case RTMP_UNSUPPORTED:
        return put(writing, "{\"$unsupported\":true}");
    case RTMP_NULL:
        return put(writing, "null");
    case RTMP_BOOLEAN:
        return put(writing, value->boolean ? "true" : "false");
    case RTMP_INTEGER:
        return put_int(writing, value->integer);
    case RTMP_NUMBER:
        return put_number(writing, value->number);
    case RTMP_STRING:
        return put_text(writing, value->text, value->n);
    default:
        return write_node(writing, value);
    }
}

int ph_json_write_strict(const struct rtmp_value *value, struct rtmp_buffer *buffer)
{
    struct writing writing = {.buffer = buffer, .values = RTMP_VALUE_WALK_NODES, .levels = RTMP_VALUE_DEPTH + 1};
    size_t before = buffer->length;
    int rc = 0;
    if (has_identity(value)) {
        writing.nodes = calloc(NODES_CAP, sizeof *writing.nodes);
        rc = writing.nodes ? look(&writing, value) : RTMP_E_MEMORY;
    }
    rc = rc ? rc : write_value(&writing, value);
    free(writing.nodes);
    if (rc)
        buffer->length = before;
    return rc;
}
