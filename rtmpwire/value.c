/* SPDX-License-Identifier: MIT */
#include <rtmpwire/value.h>

#include <string.h>

static const struct rtmp_value undefined = {.type = RTMP_UNDEFINED};
static const struct rtmp_text no_text = {"", 0};

/* Reading */

enum rtmp_value_type rtmp_value_type(const struct rtmp_value *value)
{
    return value ? (enum rtmp_value_type)value->type : RTMP_UNDEFINED;
}

const struct rtmp_member *rtmp_value_members(const struct rtmp_value *value)
{
    enum rtmp_value_type type = rtmp_value_type(value);
    return type == RTMP_OBJECT || type == RTMP_ARRAY ? value->members : NULL;
}

const struct rtmp_value *rtmp_value_get(const struct rtmp_value *value, const char *name)
{
    const struct rtmp_value *found = NULL;
    for (const struct rtmp_member *member = rtmp_value_members(value); member; member = member->next)
        if (rtmp_text_is(member->name, name))
            found = member->value;
    return found;
}

static bool has_items(enum rtmp_value_type type)
{
    return type == RTMP_ARRAY || type == RTMP_VECTOR_OBJECT || type == RTMP_DICTIONARY;
}

const struct rtmp_value *rtmp_value_at(const struct rtmp_value *value, size_t index)
{
    return has_items(rtmp_value_type(value)) && index < value->n ? value->items[index] : NULL;
}

size_t rtmp_value_count(const struct rtmp_value *value)
{
    enum rtmp_value_type type = rtmp_value_type(value);
    bool counts = has_items(type) || (type >= RTMP_VECTOR_INT && type <= RTMP_VECTOR_DOUBLE);
    return counts ? value->n : 0;
}

double rtmp_value_number(const struct rtmp_value *value, double otherwise)
{
    enum rtmp_value_type type = rtmp_value_type(value);
    return type == RTMP_NUMBER ? value->number : type == RTMP_INTEGER ? value->integer : otherwise;
}

bool rtmp_value_boolean(const struct rtmp_value *value, bool otherwise)
{
    return rtmp_value_type(value) == RTMP_BOOLEAN ? value->boolean : otherwise;
}

struct rtmp_text rtmp_value_text(const struct rtmp_value *value)
{
    return rtmp_value_type(value) == RTMP_STRING ? (struct rtmp_text){value->text, value->n} : no_text;
}

struct rtmp_text rtmp_value_class(const struct rtmp_value *value)
{
    return rtmp_value_type(value) == RTMP_OBJECT && value->class_name ? *value->class_name : no_text;
}

/* Building */

struct rtmp_value *rtmp_value_new_undefined(void) { return (struct rtmp_value *)(uintptr_t)&undefined; }

struct rtmp_value *rtmp_value_new_null(void)
{
    static const struct rtmp_value null = {.type = RTMP_NULL};
    return (struct rtmp_value *)(uintptr_t)&null;
}

struct rtmp_value *rtmp_value_new_boolean(bool boolean)
{
    static const struct rtmp_value booleans[] = {{.type = RTMP_BOOLEAN, .boolean = false},
                                                 {.type = RTMP_BOOLEAN, .boolean = true}};
    return (struct rtmp_value *)(uintptr_t)&booleans[boolean];
}

static struct rtmp_value *make(struct rtmp_arena *arena, enum rtmp_value_type type)
{
    struct rtmp_value *value = rtmp_arena_take(arena, sizeof *value);
    if (value)
        *value = (struct rtmp_value){.type = (uint8_t)type};
    return value;
}

struct rtmp_value *rtmp_value_new_number(struct rtmp_arena *arena, double number)
{
    struct rtmp_value *value = make(arena, RTMP_NUMBER);
    if (value)
        value->number = number;
    return value;
}

struct rtmp_value *rtmp_value_new_integer(struct rtmp_arena *arena, int32_t integer)
{
    struct rtmp_value *value = make(arena, RTMP_INTEGER);
    if (value)
        value->integer = integer;
    return value;
}

static struct rtmp_value *make_text(struct rtmp_arena *arena, enum rtmp_value_type type, const void *bytes,
                                    size_t length)
{
    if (length > UINT32_MAX || (bytes == NULL && length > 0))
        return NULL;
    struct rtmp_value *value = make(arena, type);
    char *copy = value ? rtmp_arena_copy(arena, bytes, length) : NULL;
    if (copy == NULL)
        return NULL;
    value->text = copy;
    value->n = (uint32_t)length;
    return value;
}

struct rtmp_value *rtmp_value_new_string(struct rtmp_arena *arena, const char *text, size_t length)
{
    return make_text(arena, RTMP_STRING, text, length);
}

struct rtmp_value *rtmp_value_new_bytes(struct rtmp_arena *arena, const void *bytes, size_t length)
{
    return make_text(arena, RTMP_BYTES, bytes, length);
}

struct rtmp_value *rtmp_value_new_date(struct rtmp_arena *arena, double ms)
{
    struct rtmp_value *value = make(arena, RTMP_DATE);
    if (value)
        value->number = ms;
    return value;
}

struct rtmp_value *rtmp_value_new_array(struct rtmp_arena *arena) { return make(arena, RTMP_ARRAY); }

struct rtmp_value *rtmp_value_new_ecma_array(struct rtmp_arena *arena)
{
    struct rtmp_value *value = make(arena, RTMP_ARRAY);
    if (value)
        value->flags = RTMP_VALUE_ECMA;
    return value;
}

struct rtmp_value *rtmp_value_new_object(struct rtmp_arena *arena) { return make(arena, RTMP_OBJECT); }

static int add_member(struct rtmp_arena *arena, struct rtmp_member **end, const char *name, struct rtmp_value *item)
{
    size_t length = strlen(name);
    struct rtmp_member *member = rtmp_arena_take(arena, sizeof *member);
    if (member == NULL)
        return rtmp_arena_error(arena, sizeof *member);
    char *copy = rtmp_arena_copy(arena, name, length);
    if (copy == NULL)
        return rtmp_arena_error(arena, length + 1);
    *member = (struct rtmp_member){.name = {copy, length}, .value = item};
    *end = member;
    return 0;
}

int rtmp_value_set(struct rtmp_arena *arena, struct rtmp_value *object, const char *name, struct rtmp_value *item)
{
    enum rtmp_value_type type = rtmp_value_type(object);
    if ((type != RTMP_OBJECT && type != RTMP_ARRAY) || item == NULL)
        return RTMP_E_RANGE;
    struct rtmp_member **end = &object->members, *found = NULL;
    for (; *end; end = &(*end)->next)
        if (rtmp_text_is((*end)->name, name))
            found = *end; /* the last one is the one that counts */
    if (found == NULL)
        return add_member(arena, end, name, item);
    found->value = item;
    return 0;
}

/* Room is a power of two, so that it follows from the count; what a decoder made has none to spare. */
static bool is_full(const struct rtmp_value *array)
{
    return (array->flags & RTMP_VALUE_EXACT) || (array->n & (array->n - 1)) == 0;
}

int rtmp_value_push(struct rtmp_arena *arena, struct rtmp_value *array, struct rtmp_value *item)
{
    if (rtmp_value_type(array) != RTMP_ARRAY || item == NULL)
        return RTMP_E_RANGE;
    if (is_full(array)) {
        size_t cap = 1;
        while (cap <= array->n)
            cap *= 2;
        struct rtmp_value **items = rtmp_arena_take(arena, cap * sizeof *items);
        if (items == NULL)
            return rtmp_arena_error(arena, cap * sizeof *items);
        if (array->n > 0)
            memcpy(items, array->items, array->n * sizeof *items);
        array->items = items;
        array->flags = (uint8_t)(array->flags & ~RTMP_VALUE_EXACT);
    }
    array->items[array->n++] = item;
    return 0;
}

/* Comparing */

struct comparison {
    uint32_t nodes, depth;
};

static bool equal(struct comparison *walk, const struct rtmp_value *a, const struct rtmp_value *b);

static bool equal_bits(const void *a, const void *b, size_t size) { return size == 0 || memcmp(a, b, size) == 0; }

static bool equal_texts(const struct rtmp_text *a, const struct rtmp_text *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->length == b->length && equal_bits(a->data, b->data, a->length);
}

static bool equal_items(struct comparison *walk, const struct rtmp_value *a, const struct rtmp_value *b)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (!equal(walk, a->items[i], b->items[i]))
            return false;
    return true;
}

static bool equal_members(struct comparison *walk, const struct rtmp_member *a, const struct rtmp_member *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (!equal_texts(&a->name, &b->name) || !equal(walk, a->value, b->value))
            return false;
    return a == b;
}

static bool equal_contents(struct comparison *walk, const struct rtmp_value *a, const struct rtmp_value *b)
{
    switch ((enum rtmp_value_type)a->type) {
    case RTMP_UNDEFINED:
    case RTMP_NULL:
    case RTMP_UNSUPPORTED:
        return true;
    case RTMP_BOOLEAN:
        return a->boolean == b->boolean;
    case RTMP_INTEGER:
        return a->integer == b->integer;
    case RTMP_NUMBER:
    case RTMP_DATE:
        return equal_bits(&a->number, &b->number, sizeof a->number) && a->zone == b->zone;
    case RTMP_STRING:
    case RTMP_XML:
    case RTMP_XML_DOCUMENT:
    case RTMP_BYTES:
        return equal_bits(a->bytes, b->bytes, a->n);
    case RTMP_VECTOR_INT:
    case RTMP_VECTOR_UINT:
        return equal_bits(a->uints, b->uints, a->n * sizeof *a->uints);
    case RTMP_VECTOR_DOUBLE:
        return equal_bits(a->doubles, b->doubles, a->n * sizeof *a->doubles);
    case RTMP_VECTOR_OBJECT:
        return equal_texts(a->type_name, b->type_name) && equal_items(walk, a, b);
    case RTMP_DICTIONARY:
        return equal_items(walk, a, b);
    case RTMP_ARRAY:
        return equal_items(walk, a, b) && equal_members(walk, a->members, b->members);
    case RTMP_OBJECT:
        return equal_texts(a->class_name, b->class_name) && equal_members(walk, a->members, b->members);
    }
    return false;
}

static bool equal(struct comparison *walk, const struct rtmp_value *a, const struct rtmp_value *b)
{
    if (a == b || walk->nodes >= RTMP_VALUE_WALK_NODES)
        return true;
    walk->nodes++;
    if (walk->depth >= RTMP_VALUE_DEPTH)
        return true;
    unsigned meaning = (unsigned)~RTMP_VALUE_EXACT;
    if (a->type != b->type || (a->flags & meaning) != (b->flags & meaning) || a->n != b->n)
        return false;
    walk->depth++;
    bool same = equal_contents(walk, a, b);
    walk->depth--;
    return same;
}

bool rtmp_value_equal(const struct rtmp_value *a, const struct rtmp_value *b)
{
    struct comparison walk = {0, 0};
    return equal(&walk, a ? a : &undefined, b ? b : &undefined);
}
