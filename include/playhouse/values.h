/* SPDX-License-Identifier: MIT */
/**
 * @file  Values: what calls, attributes and shared objects are made of.
 *
 * One tree for AMF0, AMF3, JSON and Lua (docs/values.md). Readers take any value, NULL too, and never fail: a value of
 * another type is as if it were not there. Builders return NULL when memory or the budget of the callback (2 MiB) has
 * run out, and take NULL for a part that could not be built, so that calls can be chained and the end tested.
 *
 * Owner   The host. What is built inside a callback lives until that callback returns; what is to live longer is kept
 *         as an attribute, a slot of a shared object, a record of the store.
 * Thread  The instance's loop.
 * Since   0.2
 */
#ifndef PLAYHOUSE_VALUES_H
#define PLAYHOUSE_VALUES_H

#include <playhouse/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ph_value_type {
    PH_UNDEFINED,
    PH_NULL,
    PH_BOOLEAN,
    PH_NUMBER,
    PH_INTEGER,
    PH_STRING,
    PH_DATE, /**< ms since 1970 UTC */
    PH_XML,
    PH_BYTES,
    PH_ARRAY, /**< items, and maybe members */
    PH_OBJECT,
    PH_VECTOR, /**< of numbers (number_at) or of values (at) */
    PH_DICTIONARY,
};

/** One member of an object or array, while walking. */
struct ph_value_member {
    const void *at; /**< the host's; NULL before the first */
    const char *name;
    size_t name_length; /**< a name may hold NUL bytes */
    const struct ph_value *value;
};

struct ph_values {
    uint32_t version, size;

    /* reading */
    enum ph_value_type (*type)(const struct ph_value *value); /**< NULL: PH_UNDEFINED */
    bool (*boolean)(const struct ph_value *value, bool otherwise);
    double (*number)(const struct ph_value *value, double otherwise); /**< number, integer or date */
    /** Text of a string or XML, bytes of a byte array; "" for everything else. `length` may be NULL. */
    const char *(*text)(const struct ph_value *value, size_t *length);
    size_t (*count)(const struct ph_value *value); /**< items of an array or vector, pairs of a dictionary */
    const struct ph_value *(*at)(const struct ph_value *value, size_t index);
    const struct ph_value *(*get)(const struct ph_value *value, const char *name);
    bool (*next)(const struct ph_value *value, struct ph_value_member *member); /**< false: that was the last */
    const char *(*class_name)(const struct ph_value *value);
    bool (*equal)(const struct ph_value *a, const struct ph_value *b);

    /* building */
    struct ph_value *(*new_undefined)(struct ph_app *app);
    struct ph_value *(*new_null)(struct ph_app *app);
    struct ph_value *(*new_boolean)(struct ph_app *app, bool boolean);
    struct ph_value *(*new_number)(struct ph_app *app, double number);
    struct ph_value *(*new_integer)(struct ph_app *app, int32_t integer);
    struct ph_value *(*new_string)(struct ph_app *app, const char *text, size_t length);
    struct ph_value *(*new_text)(struct ph_app *app, const char *text); /**< NUL-terminated */
    struct ph_value *(*new_date)(struct ph_app *app, double ms);
    struct ph_value *(*new_bytes)(struct ph_app *app, const void *bytes, size_t length);
    struct ph_value *(*new_array)(struct ph_app *app);
    struct ph_value *(*new_object)(struct ph_app *app);
    /** Add or exchange a member. PH_E_ARGUMENT no object or array, or `item` is NULL; PH_E_MEMORY. */
    int (*set)(struct ph_app *app, struct ph_value *object, const char *name, const struct ph_value *item);
    /** Append an item. As set. */
    int (*push)(struct ph_app *app, struct ph_value *array, const struct ph_value *item);

    /* JSON: docs/values.md */
    /** As JSON, NUL-terminated; lives as long as a built value. NULL: it cannot be said, or memory. */
    const char *(*to_json)(struct ph_app *app, const struct ph_value *value, size_t *length);
    /** NULL: that is no JSON, or a limit. `fault`, if not NULL: out, a phrase that says what is wrong and where. */
    struct ph_value *(*from_json)(struct ph_app *app, const char *text, size_t length, const char **fault);

    /** Item `index` of an array or of any vector as a number; those of vectors of numbers are no values of their own.
     */
    double (*number_at)(const struct ph_value *value, size_t index, double otherwise);

    /** As to_json and from_json, but nothing is lost on the way there and back: the strict form of docs/values.md.
     *  Since interface 0.3. */
    const char *(*to_strict_json)(struct ph_app *app, const struct ph_value *value, size_t *length);
    struct ph_value *(*from_strict_json)(struct ph_app *app, const char *text, size_t length, const char **fault);
};

#ifdef __cplusplus
}
#endif
#endif
