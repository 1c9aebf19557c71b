/* SPDX-License-Identifier: MIT */
#include "app/json_strict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/json_parts.h"
#include "base/attr.h"

/* Nodes by their "$id". */
struct names {
    struct named {
        json_int_t id;
        struct rtmp_value *value;
    } * row;
    size_t n, cap;
};

/* An object with a meaning, found by one of its names. */
struct meaning {
    const char *name;
    struct rtmp_value *(*read)(struct ph_json_reading *reading, const json_t *json, const json_t *it);
};

static struct rtmp_value *take(struct ph_json_reading *reading, int type)
{
    struct rtmp_value *value = rtmp_arena_take(reading->arena, sizeof *value);
    if (!value)
        return ph_json_fail(reading, -ENOMEM);
    *value = (struct rtmp_value){.type = (uint8_t)type};
    return value;
}

/* From now on it may be referred to, by what it contains as well. */
static bool learn(struct ph_json_reading *reading, const json_t *json, struct rtmp_value *value)
{
    struct names *names = reading->more;
    const json_t *id = json_object_get(json, "$id");
    if (!value || !id)
        return value;
    if (!json_is_integer(id) || names->n >= RTMP_VALUE_WALK_NODES)
        return ph_json_fail(reading, -EINVAL);
    if (names->n == names->cap) {
        size_t cap = names->cap ? 2 * names->cap : 16;
        struct named *row = realloc(names->row, cap * sizeof *row);
        if (!row)
            return ph_json_fail(reading, -ENOMEM);
        names->row = row;
        names->cap = cap;
    }
    names->row[names->n++] = (struct named){json_integer_value(id), value};
    return true;
}

/* The newest of that number: parts of two texts may have been put together. */
static struct rtmp_value *read_ref(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    const struct names *names = reading->more;
    (void)json;
    for (size_t i = names->n; i-- && json_is_integer(it);)
        if (names->row[i].id == json_integer_value(it))
            return names->row[i].value;
    return ph_json_fail(reading, -EINVAL);
}

static struct rtmp_value *read_undefined(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    (void)reading, (void)json, (void)it;
    return rtmp_value_new_undefined();
}

static struct rtmp_value *read_unsupported(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    (void)json, (void)it;
    return take(reading, RTMP_UNSUPPORTED);
}

static bool number_of(const json_t *it, double *number)
{
    const char *word = json_string_value(json_is_object(it) ? json_object_get(it, "$number") : it);
    *number = json_number_value(it);
    if (json_is_number(it))
        return true;
    if (!word)
        return false;
    *number = strcmp(word, "NaN") == 0         ? (double)NAN
              : strcmp(word, "Infinity") == 0  ? (double)INFINITY
              : strcmp(word, "-Infinity") == 0 ? -(double)INFINITY
                                               : -0.0;
    return isnan(*number) || isinf(*number) || strcmp(word, "-0") == 0;
}

static struct rtmp_value *read_number(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    double number;
    (void)json;
    if (!number_of(it, &number))
        return ph_json_fail(reading, -EINVAL);
    struct rtmp_value *value = rtmp_value_new_number(reading->arena, number);
    return value ? value : ph_json_fail(reading, -ENOMEM);
}

/* In place: the text that jansson holds is ours until it is freed. */
static bool decode(struct ph_json_reading *reading, const json_t *it, struct rtmp_value *value)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text = json_string_value(it);
    size_t length = json_string_length(it), n = 0;
    if (!text || length % 4)
        return ph_json_fail(reading, -EINVAL);
    while (length && text[length - 1] == '=' && length + 2 > json_string_length(it))
        length--;
    uint8_t *bytes = rtmp_arena_take(reading->arena, length / 4 * 3 + 4);
    if (!bytes)
        return ph_json_fail(reading, -ENOMEM);
    uint32_t group = 0;
    for (size_t i = 0; i < length; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return ph_json_fail(reading, -EINVAL);
        group = group << 6 | (uint32_t)(digit - digits);
        if (i % 4)
            bytes[n++] = (uint8_t)(group >> (6 - 2 * (i % 4)));
    }
    bytes[n] = 0;
    value->bytes = bytes;
    value->n = (uint32_t)n;
    return true;
}

static struct rtmp_value *read_bytes(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    struct rtmp_value *value = take(reading, RTMP_BYTES);
    return value && decode(reading, it, value) && learn(reading, json, value) ? value : NULL;
}

static bool read_words(struct ph_json_reading *reading, const json_t *it, struct rtmp_value *value)
{
    if (json_is_object(it) && json_object_get(it, "$text"))
        return decode(reading, json_object_get(it, "$text"), value); /* bytes are where the text is */
    if (!json_is_string(it))
        return ph_json_fail(reading, -EINVAL);
    value->n = (uint32_t)json_string_length(it);
    value->text = rtmp_arena_copy(reading->arena, json_string_value(it), value->n);
    return value->text || ph_json_fail(reading, -ENOMEM);
}

static struct rtmp_value *read_text(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    struct rtmp_value *value = take(reading, RTMP_STRING);
    (void)it;
    return value && read_words(reading, json, value) ? value : NULL;
}

static struct rtmp_value *read_xml(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    struct rtmp_value *value = take(reading, RTMP_XML);
    return value && read_words(reading, it, value) && learn(reading, json, value) ? value : NULL;
}

static struct rtmp_value *read_xmldoc(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    struct rtmp_value *value = read_xml(reading, json, it);
    if (value)
        value->type = RTMP_XML_DOCUMENT;
    return value;
}

static struct rtmp_value *read_date(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    struct rtmp_value *value = take(reading, RTMP_DATE);
    json_int_t zone = json_integer_value(json_object_get(json, "zone"));
    if (value && !number_of(it, &value->number))
        return ph_json_fail(reading, -EINVAL);
    if (value)
        value->zone = (int16_t)zone;
    return learn(reading, json, value) ? value : NULL;
}

/* Members by their names, or as pairs. */

static struct rtmp_member **last_of(struct rtmp_value *value)
{
    struct rtmp_member **end = &value->members;
    while (*end)
        end = &(*end)->next;
    return end;
}

static bool add_member(struct ph_json_reading *reading, struct rtmp_member ***end, const json_t *name,
                       const char *plain, size_t length, const json_t *it)
{
    struct rtmp_member *member = rtmp_arena_take(reading->arena, sizeof *member);
    struct rtmp_value words = {0};
    if (!member)
        return ph_json_fail(reading, -ENOMEM);
    if (name && !read_words(reading, name, &words))
        return false;
    const char *copy = name ? words.text : rtmp_arena_copy(reading->arena, plain, length);
    if (!copy)
        return ph_json_fail(reading, -ENOMEM);
    *member = (struct rtmp_member){.name = {copy, name ? words.n : length}};
    member->value = ph_json_convert(reading, it);
    **end = member;
    *end = &member->next;
    return member->value;
}

static bool read_members(struct ph_json_reading *reading, const json_t *json, struct rtmp_value *value)
{
    json_t *open = (json_t *)(uintptr_t)json, *pairs = json_object_get(json, "$members");
    struct rtmp_member **end = last_of(value);
    bool good = true;
    for (size_t i = 0; good && i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        good = json_array_size(pair) == 2 || ph_json_fail(reading, -EINVAL);
        good = good && add_member(reading, &end, json_array_get(pair, 0), NULL, 0, json_array_get(pair, 1));
    }
    for (void *at = json_object_iter(open); good && at; at = json_object_iter_next(open, at)) {
        const char *name = json_object_iter_key(at);
        bool is_escaped = name[0] == '$' && name[1] == '$';
        if (name[0] == '$' && !is_escaped)
            continue;
        name += is_escaped;
        good = add_member(reading, &end, NULL, name, strlen(name), json_object_iter_value(at));
    }
    return good;
}

static struct rtmp_value *read_array(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    struct rtmp_value *value = rtmp_value_new_array(reading->arena);
    if (!value || !json_is_array(it))
        return ph_json_fail(reading, value ? -EINVAL : -ENOMEM);
    if (json_is_true(json_object_get(json, "$ecma")))
        value->flags |= RTMP_VALUE_ECMA;
    return learn(reading, json, value) && ph_json_convert_items(reading, it, value) &&
                   read_members(reading, json, value)
               ? value
               : NULL;
}

static const struct rtmp_text *read_type(struct ph_json_reading *reading, const json_t *it)
{
    struct rtmp_value words = {0};
    struct rtmp_text *text = rtmp_arena_take(reading->arena, sizeof *text);
    if (!text || !read_words(reading, it, &words))
        return NULL;
    *text = (struct rtmp_text){words.text, words.n};
    return text;
}

/* Items of vectors of numbers. */
static bool read_numbers(struct ph_json_reading *reading, const json_t *items, struct rtmp_value *value)
{
    size_t n = json_array_size(items), size = value->type == RTMP_VECTOR_DOUBLE ? 8 : 4;
    void *room = rtmp_arena_take(reading->arena, (n + 1) * size);
    if (!room || n > RTMP_VALUE_WALK_NODES)
        return ph_json_fail(reading, room ? -E2BIG : -ENOMEM);
    for (size_t i = 0; i < n; i++) {
        double number;
        bool is_double = value->type == RTMP_VECTOR_DOUBLE, is_int = value->type == RTMP_VECTOR_INT;
        double least = is_int ? INT32_MIN : 0, most = is_int ? INT32_MAX : UINT32_MAX;
        if (!number_of(json_array_get(items, i), &number) || (!is_double && !(number >= least && number <= most)))
            return ph_json_fail(reading, -EINVAL);
        if (is_double)
            ((double *)room)[i] = number;
        else if (is_int)
            ((int32_t *)room)[i] = (int32_t)number;
        else
            ((uint32_t *)room)[i] = (uint32_t)number;
    }
    value->bytes = room; /* all of the union are pointers */
    value->n = (uint32_t)n;
    return true;
}

static struct rtmp_value *read_vector(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    static const char *const kinds[] = {"int", "uint", "double", "object"};
    static const int types[] = {RTMP_VECTOR_INT, RTMP_VECTOR_UINT, RTMP_VECTOR_DOUBLE, RTMP_VECTOR_OBJECT};
    const json_t *items = json_object_get(json, "items"), *type = json_object_get(json, "type");
    const char *word = json_string_value(it);
    size_t kind = 0;
    while (word && kind < PH_COUNT(kinds) && strcmp(kinds[kind], word) != 0)
        kind++;
    if (!word || kind == PH_COUNT(kinds) || !json_is_array(items))
        return ph_json_fail(reading, -EINVAL);
    bool has_values = types[kind] == RTMP_VECTOR_OBJECT;
    struct rtmp_value *value = has_values ? rtmp_value_new_array(reading->arena) : take(reading, types[kind]);
    if (!learn(reading, json, value))
        return ph_json_fail(reading, -ENOMEM);
    if (has_values ? !ph_json_convert_items(reading, items, value) : !read_numbers(reading, items, value))
        return NULL;
    value->type = (uint8_t)types[kind];
    value->flags = json_is_true(json_object_get(json, "fixed")) ? RTMP_VALUE_FIXED : 0;
    if (type && has_values && !(value->type_name = read_type(reading, type)))
        return ph_json_fail(reading, -ENOMEM);
    return value;
}

static struct rtmp_value *read_dictionary(struct ph_json_reading *reading, const json_t *json, const json_t *it)
{
    struct rtmp_value *value = rtmp_value_new_array(reading->arena);
    if (!json_is_array(it) || json_array_size(it) % 2)
        return ph_json_fail(reading, -EINVAL);
    if (!learn(reading, json, value))
        return ph_json_fail(reading, -ENOMEM);
    if (!ph_json_convert_items(reading, it, value))
        return NULL;
    value->type = RTMP_DICTIONARY;
    value->flags = json_is_true(json_object_get(json, "weak")) ? RTMP_VALUE_WEAK : 0;
    return value;
}

static struct rtmp_value *read_plain(struct ph_json_reading *reading, const json_t *json)
{
    struct rtmp_value *value = rtmp_value_new_object(reading->arena);
    const json_t *class = json_object_get(json, "$class");
    json_int_t sealed = json_integer_value(json_object_get(json, "$sealed"));
    if (!learn(reading, json, value))
        return ph_json_fail(reading, -ENOMEM);
    value->flags = 0;
    if (class && !(value->class_name = read_type(reading, class)))
        return ph_json_fail(reading, -ENOMEM);
    if (json_is_true(json_object_get(json, "$dynamic")))
        value->flags |= RTMP_VALUE_DYNAMIC;
    if (json_is_true(json_object_get(json, "$external")))
        value->flags |= RTMP_VALUE_EXTERNAL;
    if (!read_members(reading, json, value))
        return NULL;
    json_int_t n = 0;
    for (const struct rtmp_member *member = value->members; member; member = member->next)
        n++;
    value->n = sealed > 0 && sealed <= n ? (uint32_t)sealed : 0;
    return value;
}

static struct rtmp_value *read_object(struct ph_json_reading *reading, const json_t *json)
{
    static const struct meaning meanings[] = {
        {"$ref", read_ref},
        {"$undefined", read_undefined},
        {"$unsupported", read_unsupported},
        {"$text", read_text},
        {"$number", read_number},
        {"$date", read_date},
        {"$bytes", read_bytes},
        {"$xml", read_xml},
        {"$xmldoc", read_xmldoc},
        {"$array", read_array},
        {"$dictionary", read_dictionary},
        {"$vector", read_vector},
    };
    for (size_t i = 0; i < PH_COUNT(meanings); i++) {
        const json_t *it = json_object_get(json, meanings[i].name);
        if (it)
            return meanings[i].read(reading, json, it);
    }
    return read_plain(reading, json);
}

int ph_json_read_strict(const char *text, size_t length, struct rtmp_arena *arena, struct rtmp_value **value,
                        char *fault)
{
    struct names names = {0};
    struct ph_json_reading reading = {.arena = arena, .more = &names, .object = read_object};
    int err = ph_json_read_by(&reading, text, length, value, fault);
    free(names.row);
    return err;
}
