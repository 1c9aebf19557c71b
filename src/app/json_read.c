/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "app/json_parts.h"
#include "base/text.h"

struct rtmp_value *ph_json_fail(struct ph_json_reading *reading, int err)
{
    if (!reading->err)
        reading->err = err;
    return NULL;
}

static struct rtmp_value *checked(struct ph_json_reading *reading, struct rtmp_value *value)
{
    return value ? value : ph_json_fail(reading, -ENOMEM);
}

static struct rtmp_value *convert_integer(struct ph_json_reading *reading, json_int_t integer)
{
    if (integer >= INT32_MIN && integer <= INT32_MAX)
        return checked(reading, rtmp_value_new_integer(reading->arena, (int32_t)integer));
    return checked(reading, rtmp_value_new_number(reading->arena, (double)integer));
}

bool ph_json_convert_items(struct ph_json_reading *reading, const json_t *json, struct rtmp_value *array)
{
    for (size_t i = 0; i < json_array_size(json); i++) {
        struct rtmp_value *item = ph_json_convert(reading, json_array_get(json, i));
        if (!item || rtmp_value_push(reading->arena, array, item))
            return ph_json_fail(reading, -ENOMEM);
    }
    return true;
}

static struct rtmp_value *convert_array(struct ph_json_reading *reading, const json_t *json)
{
    struct rtmp_value *array = checked(reading, rtmp_value_new_array(reading->arena));
    return array && ph_json_convert_items(reading, json, array) ? array : NULL;
}

static struct rtmp_value *convert_object(struct ph_json_reading *reading, const json_t *json)
{
    struct rtmp_value *object = checked(reading, rtmp_value_new_object(reading->arena));
    json_t *open = (json_t *)(uintptr_t)json; /* jansson's iterators want it so; nothing is changed */
    for (void *at = json_object_iter(open); object && at; at = json_object_iter_next(open, at)) {
        struct rtmp_value *item = ph_json_convert(reading, json_object_iter_value(at));
        if (!item || rtmp_value_set(reading->arena, object, json_object_iter_key(at), item))
            return ph_json_fail(reading, -ENOMEM);
    }
    return object;
}

static struct rtmp_value *convert_container(struct ph_json_reading *reading, const json_t *json)
{
    if (reading->levels == 0)
        return ph_json_fail(reading, -E2BIG);
    reading->levels--;
    struct rtmp_value *made = json_is_array(json) ? convert_array(reading, json) : reading->object(reading, json);
    reading->levels++;
    return made;
}

struct rtmp_value *ph_json_convert(struct ph_json_reading *reading, const json_t *json)
{
    if (reading->values == 0)
        return ph_json_fail(reading, -E2BIG);
    reading->values--;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return convert_container(reading, json);
    case JSON_STRING:
        return checked(reading,
                       rtmp_value_new_string(reading->arena, json_string_value(json), json_string_length(json)));
    case JSON_INTEGER:
        return convert_integer(reading, json_integer_value(json));
    case JSON_REAL:
        return checked(reading, rtmp_value_new_number(reading->arena, json_real_value(json)));
    case JSON_TRUE:
    case JSON_FALSE:
        return rtmp_value_new_boolean(json_is_true(json));
    default:
        return rtmp_value_new_null();
    }
}

static void explain(char *fault, const char *what, int position)
{
    struct ph_text text;
    ph_text_init(&text, fault, PH_JSON_FAULT);
    if (position >= 0)
        ph_text_add(&text, "byte %d: ", position);
    ph_text_add_escaped(&text, what, strlen(what));
}

int ph_json_read_by(struct ph_json_reading *reading, const char *text, size_t length, struct rtmp_value **value,
                    char *fault)
{
    json_error_t error;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!json) {
        explain(fault, error.text, error.position);
        return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EINVAL;
    }
    reading->levels = RTMP_VALUE_DEPTH;
    reading->values = RTMP_VALUE_WALK_NODES;
    struct rtmp_value *made = ph_json_convert(reading, json);
    json_decref(json);
    if (!made) {
        explain(fault,
                reading->err == -E2BIG    ? "nested too deep, or too many values"
                : reading->err == -EINVAL ? "a name with $ stands where it has no meaning"
                                          : "out of memory",
                -1);
        return reading->err;
    }
    *value = made;
    return 0;
}

int ph_json_read(const char *text, size_t length, struct rtmp_arena *arena, struct rtmp_value **value, char *fault)
{
    struct ph_json_reading reading = {.arena = arena, .object = convert_object};
    return ph_json_read_by(&reading, text, length, value, fault);
}
