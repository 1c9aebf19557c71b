/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "app/host.h"
#include "app/instance.h"
#include "app/json_strict.h"
#include "app/letter.h"
#include "base/limits.h"

static struct rtmp_arena *scratch_of(struct ph_app *app) { return &ph_instance_of(app)->scratch; }

static struct ph_value *made(struct rtmp_value *value) { return (struct ph_value *)value; }

static struct rtmp_value *open_value(struct ph_value *value) { return (struct rtmp_value *)value; }

/* Reading */

static enum ph_value_type type(const struct ph_value *value)
{
    static const enum ph_value_type types[] = {
        [RTMP_UNDEFINED] = PH_UNDEFINED,
        [RTMP_NULL] = PH_NULL,
        [RTMP_BOOLEAN] = PH_BOOLEAN,
        [RTMP_NUMBER] = PH_NUMBER,
        [RTMP_INTEGER] = PH_INTEGER,
        [RTMP_STRING] = PH_STRING,
        [RTMP_DATE] = PH_DATE,
        [RTMP_XML] = PH_XML,
        [RTMP_XML_DOCUMENT] = PH_XML,
        [RTMP_BYTES] = PH_BYTES,
        [RTMP_ARRAY] = PH_ARRAY,
        [RTMP_OBJECT] = PH_OBJECT,
        [RTMP_VECTOR_INT] = PH_VECTOR,
        [RTMP_VECTOR_UINT] = PH_VECTOR,
        [RTMP_VECTOR_DOUBLE] = PH_VECTOR,
        [RTMP_VECTOR_OBJECT] = PH_VECTOR,
        [RTMP_DICTIONARY] = PH_DICTIONARY,
        [RTMP_UNSUPPORTED] = PH_UNDEFINED,
    };
    return types[rtmp_value_type(ph_value_in(value))];
}

static bool boolean(const struct ph_value *value, bool otherwise)
{
    return rtmp_value_boolean(ph_value_in(value), otherwise);
}

static double number(const struct ph_value *value, double otherwise)
{
    const struct rtmp_value *in = ph_value_in(value);
    return rtmp_value_type(in) == RTMP_DATE ? in->number : rtmp_value_number(in, otherwise);
}

static const char *text(const struct ph_value *value, size_t *length)
{
    const struct rtmp_value *in = ph_value_in(value);
    enum ph_value_type kind = type(value);
    bool is_text = kind == PH_STRING || kind == PH_XML || kind == PH_BYTES;
    if (length)
        *length = is_text ? in->n : 0;
    return !is_text ? "" : kind == PH_BYTES ? (const char *)in->bytes : in->text;
}

static size_t count(const struct ph_value *value)
{
    size_t n = rtmp_value_count(ph_value_in(value));
    return type(value) == PH_DICTIONARY ? n / 2 : n;
}

static const struct ph_value *at(const struct ph_value *value, size_t index)
{
    return ph_value_out(rtmp_value_at(ph_value_in(value), index));
}

static double number_at(const struct ph_value *value, size_t index, double otherwise)
{
    const struct rtmp_value *in = ph_value_in(value);
    if (index >= rtmp_value_count(in))
        return otherwise;
    switch (rtmp_value_type(in)) {
    case RTMP_VECTOR_INT:
        return in->ints[index];
    case RTMP_VECTOR_UINT:
        return in->uints[index];
    case RTMP_VECTOR_DOUBLE:
        return in->doubles[index];
    default:
        return number(at(value, index), otherwise);
    }
}

static const struct ph_value *get(const struct ph_value *value, const char *name)
{
    return ph_value_out(rtmp_value_get(ph_value_in(value), name));
}

static bool next(const struct ph_value *value, struct ph_value_member *member)
{
    const struct rtmp_member *last = member->at;
    const struct rtmp_member *now = last ? last->next : rtmp_value_members(ph_value_in(value));
    if (!now)
        return false;
    *member = (struct ph_value_member){
        .at = now, .name = now->name.data, .name_length = now->name.length, .value = ph_value_out(now->value)};
    return true;
}

static const char *class_name(const struct ph_value *value) { return rtmp_value_class(ph_value_in(value)).data; }

static bool equal(const struct ph_value *a, const struct ph_value *b)
{
    return rtmp_value_equal(ph_value_in(a), ph_value_in(b));
}

/* Building */

static struct ph_value *new_undefined(struct ph_app *app)
{
    (void)app;
    return made(rtmp_value_new_undefined());
}

static struct ph_value *new_null(struct ph_app *app)
{
    (void)app;
    return made(rtmp_value_new_null());
}

static struct ph_value *new_boolean(struct ph_app *app, bool it)
{
    (void)app;
    return made(rtmp_value_new_boolean(it));
}

static struct ph_value *new_number(struct ph_app *app, double it)
{
    return made(rtmp_value_new_number(scratch_of(app), it));
}

static struct ph_value *new_integer(struct ph_app *app, int32_t integer)
{
    return made(rtmp_value_new_integer(scratch_of(app), integer));
}

static struct ph_value *new_string(struct ph_app *app, const char *bytes, size_t length)
{
    return made(rtmp_value_new_string(scratch_of(app), bytes, length));
}

static struct ph_value *new_text(struct ph_app *app, const char *words)
{
    return new_string(app, words, strlen(words));
}

static struct ph_value *new_date(struct ph_app *app, double ms)
{
    return made(rtmp_value_new_date(scratch_of(app), ms));
}

static struct ph_value *new_bytes(struct ph_app *app, const void *bytes, size_t length)
{
    return made(rtmp_value_new_bytes(scratch_of(app), bytes, length));
}

static struct ph_value *new_array(struct ph_app *app) { return made(rtmp_value_new_array(scratch_of(app))); }

static struct ph_value *new_object(struct ph_app *app) { return made(rtmp_value_new_object(scratch_of(app))); }

static int error_of(int rc) { return rc == RTMP_E_RANGE ? PH_E_ARGUMENT : rc ? PH_E_MEMORY : 0; }

/* Values in a callback share parts freely: nothing is copied before it leaves. */
static struct rtmp_value *part(const struct ph_value *item) { return (struct rtmp_value *)(uintptr_t)item; }

static int set(struct ph_app *app, struct ph_value *object, const char *name, const struct ph_value *item)
{
    return error_of(rtmp_value_set(scratch_of(app), open_value(object), name, part(item)));
}

static int push(struct ph_app *app, struct ph_value *array, const struct ph_value *item)
{
    return error_of(rtmp_value_push(scratch_of(app), open_value(array), part(item)));
}

/* JSON */

static const char *to_text(struct ph_app *app, const struct ph_value *value, size_t *length,
                           int (*write)(const struct rtmp_value *value, struct rtmp_buffer *buffer))
{
    struct rtmp_buffer buffer;
    rtmp_buffer_init(&buffer, &ph_app_allocator, 2 * PH_LIMIT_AMF_BYTES);
    char *text = NULL;
    if (write(ph_value_in(value), &buffer) == 0)
        text = rtmp_arena_copy(scratch_of(app), (const char *)buffer.data, buffer.length);
    if (text && length)
        *length = buffer.length;
    rtmp_buffer_finish(&buffer);
    return text;
}

static const char *to_json(struct ph_app *app, const struct ph_value *value, size_t *length)
{
    return to_text(app, value, length, ph_json_write);
}

static const char *to_strict_json(struct ph_app *app, const struct ph_value *value, size_t *length)
{
    return to_text(app, value, length, ph_json_write_strict);
}

static struct ph_value *from_text(struct ph_app *app, const char *words, size_t length, const char **fault,
                                  int (*read)(const char *text, size_t length, struct rtmp_arena *arena,
                                              struct rtmp_value **value, char *fault))
{
    struct rtmp_value *value = NULL;
    char why[PH_JSON_FAULT] = "out of memory";
    int err = read(words, length, scratch_of(app), &value, why);
    if (err && fault) {
        const char *kept = rtmp_arena_copy(scratch_of(app), why, strlen(why));
        *fault = kept ? kept : "out of memory";
    }
    return err ? NULL : made(value);
}

static struct ph_value *from_json(struct ph_app *app, const char *words, size_t length, const char **fault)
{
    return from_text(app, words, length, fault, ph_json_read);
}

static struct ph_value *from_strict_json(struct ph_app *app, const char *words, size_t length, const char **fault)
{
    return from_text(app, words, length, fault, ph_json_read_strict);
}

const struct ph_values ph_host_values = {
    .version = 1,
    .size = sizeof ph_host_values,
    .type = type,
    .boolean = boolean,
    .number = number,
    .text = text,
    .count = count,
    .at = at,
    .get = get,
    .next = next,
    .class_name = class_name,
    .equal = equal,
    .new_undefined = new_undefined,
    .new_null = new_null,
    .new_boolean = new_boolean,
    .new_number = new_number,
    .new_integer = new_integer,
    .new_string = new_string,
    .new_text = new_text,
    .new_date = new_date,
    .new_bytes = new_bytes,
    .new_array = new_array,
    .new_object = new_object,
    .set = set,
    .push = push,
    .to_json = to_json,
    .from_json = from_json,
    .number_at = number_at,
    .to_strict_json = to_strict_json,
    .from_strict_json = from_strict_json,
};
