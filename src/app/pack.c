/* SPDX-License-Identifier: MIT */
/*
 * type:u8 flags:u8 zone:i16, then by type: a number of 8 bytes; n:u32 and bytes; n:u32 and items, then members as
 * (length:u32 name value)* ended by length 0xFFFFFFFF; a class or type name before, as length:u32 and bytes, 0xFFFFFFFF
 * for none. Little-endian.
 */
#include "app/pack.h"

#include <stdbool.h>
#include <string.h>

#define NONE UINT32_MAX

enum shape { PLAIN, TEXT, ITEMS };

static enum shape shape_of(enum rtmp_value_type type)
{
    switch (type) {
    case RTMP_STRING:
    case RTMP_XML:
    case RTMP_XML_DOCUMENT:
    case RTMP_BYTES:
    case RTMP_VECTOR_INT:
    case RTMP_VECTOR_UINT:
    case RTMP_VECTOR_DOUBLE:
        return TEXT;
    case RTMP_ARRAY:
    case RTMP_OBJECT:
    case RTMP_VECTOR_OBJECT:
    case RTMP_DICTIONARY:
        return ITEMS;
    default:
        return PLAIN;
    }
}

/* Bytes of one element of a text. */
static size_t unit_of(enum rtmp_value_type type)
{
    return type == RTMP_VECTOR_DOUBLE                            ? sizeof(double)
           : type == RTMP_VECTOR_INT || type == RTMP_VECTOR_UINT ? sizeof(int32_t)
                                                                 : 1;
}

static bool has_members(enum rtmp_value_type type) { return type == RTMP_ARRAY || type == RTMP_OBJECT; }
static bool has_items(enum rtmp_value_type type) { return type != RTMP_OBJECT; }
static bool has_name(enum rtmp_value_type type) { return type == RTMP_OBJECT || type == RTMP_VECTOR_OBJECT; }

/* Writing */

struct packing {
    struct rtmp_buffer *buffer;
    unsigned values, levels; /* left */
    int rc;
};

static void put(struct packing *packing, const void *bytes, size_t length)
{
    if (!packing->rc)
        packing->rc = rtmp_buffer_append(packing->buffer, bytes, length);
}

static void put_u32(struct packing *packing, uint32_t number)
{
    const uint8_t bytes[] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)(number >> 24)};
    put(packing, bytes, sizeof bytes);
}

static void put_text(struct packing *packing, const struct rtmp_text *text)
{
    put_u32(packing, text ? (uint32_t)text->length : NONE);
    if (text)
        put(packing, text->data, text->length);
}

static void pack(struct packing *packing, const struct rtmp_value *value);

static void pack_items(struct packing *packing, const struct rtmp_value *value)
{
    enum rtmp_value_type type = (enum rtmp_value_type)value->type;
    if (packing->levels == 0) {
        packing->rc = RTMP_E_DEPTH;
        return;
    }
    packing->levels--;
    put_u32(packing, value->n);
    if (has_name(type))
        put_text(packing, type == RTMP_OBJECT ? value->class_name : value->type_name);
    for (uint32_t i = 0; has_items(type) && i < value->n && !packing->rc; i++)
        pack(packing, value->items[i]);
    const struct rtmp_member *member = has_members(type) ? value->members : NULL;
    for (; member && !packing->rc; member = member->next) {
        put_text(packing, &member->name);
        pack(packing, member->value);
    }
    if (has_members(type))
        put_text(packing, NULL);
    packing->levels++;
}

static void pack(struct packing *packing, const struct rtmp_value *value)
{
    enum rtmp_value_type type = (enum rtmp_value_type)value->type;
    const uint8_t head[] = {value->type, (uint8_t)(value->flags & ~RTMP_VALUE_EXACT), (uint8_t)value->zone,
                            (uint8_t)((uint16_t)value->zone >> 8)};
    if (packing->values == 0 && !packing->rc)
        packing->rc = RTMP_E_NODES;
    if (packing->rc)
        return;
    packing->values--;
    put(packing, head, sizeof head);
    if (type == RTMP_BOOLEAN) {
        put(packing, value->boolean ? "\1" : "", 1);
    } else if (type == RTMP_INTEGER) {
        put_u32(packing, (uint32_t)value->integer);
    } else if (type == RTMP_NUMBER || type == RTMP_DATE) {
        put(packing, &value->number, sizeof value->number);
    } else if (shape_of(type) == TEXT) {
        put_u32(packing, value->n);
        put(packing, value->n ? value->bytes : (const uint8_t *)"", value->n * unit_of(type));
    } else if (shape_of(type) == ITEMS) {
        pack_items(packing, value);
    }
}

int ph_pack(const struct rtmp_value *value, struct rtmp_buffer *buffer)
{
    struct packing packing = {.buffer = buffer, .values = RTMP_VALUE_WALK_NODES, .levels = RTMP_VALUE_DEPTH};
    size_t before = buffer->length;
    pack(&packing, value);
    if (packing.rc)
        buffer->length = before;
    return packing.rc;
}

/* Reading */

struct unpacking {
    const uint8_t *at;
    size_t left;
    struct rtmp_arena *arena;
    unsigned values, levels;
};

static bool take(struct unpacking *unpacking, void *into, size_t length)
{
    if (length > unpacking->left)
        return false;
    memcpy(into, unpacking->at, length);
    unpacking->at += length;
    unpacking->left -= length;
    return true;
}

static bool take_u32(struct unpacking *unpacking, uint32_t *number)
{
    uint8_t bytes[4];
    if (!take(unpacking, bytes, sizeof bytes))
        return false;
    *number = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return true;
}

/* data NULL: there is none. */
static bool take_text(struct unpacking *unpacking, struct rtmp_text *text)
{
    uint32_t length;
    *text = (struct rtmp_text){0};
    if (!take_u32(unpacking, &length))
        return false;
    if (length == NONE)
        return true;
    if (length > unpacking->left)
        return false;
    text->data = rtmp_arena_copy(unpacking->arena, unpacking->at, length);
    text->length = length;
    unpacking->at += length;
    unpacking->left -= length;
    return text->data;
}

static struct rtmp_value *unpack(struct unpacking *unpacking);

static bool take_bytes(struct unpacking *unpacking, struct rtmp_value *value)
{
    size_t unit = unit_of((enum rtmp_value_type)value->type);
    if (!take_u32(unpacking, &value->n) || value->n > unpacking->left / unit)
        return false;
    value->bytes = (const uint8_t *)rtmp_arena_copy(unpacking->arena, unpacking->at, value->n * unit);
    unpacking->at += value->n * unit;
    unpacking->left -= value->n * unit;
    return value->bytes;
}

static bool take_name(struct unpacking *unpacking, struct rtmp_value *value)
{
    struct rtmp_text text, *kept = NULL;
    if (!take_text(unpacking, &text))
        return false;
    if (text.data) {
        kept = rtmp_arena_take(unpacking->arena, sizeof *kept);
        if (!kept)
            return false;
        *kept = text;
    }
    if (value->type == RTMP_OBJECT)
        value->class_name = kept;
    else
        value->type_name = kept;
    return true;
}

static bool take_members(struct unpacking *unpacking, struct rtmp_value *value)
{
    struct rtmp_member **end = &value->members;
    for (;;) {
        struct rtmp_text name;
        if (!take_text(unpacking, &name))
            return false;
        if (!name.data)
            return true;
        struct rtmp_member *member = rtmp_arena_take(unpacking->arena, sizeof *member);
        if (!member)
            return false;
        *member = (struct rtmp_member){.name = name, .value = unpack(unpacking)};
        if (!member->value)
            return false;
        *end = member;
        end = &member->next;
    }
}

static bool take_items(struct unpacking *unpacking, struct rtmp_value *value)
{
    enum rtmp_value_type type = (enum rtmp_value_type)value->type;
    if (unpacking->levels == 0 || !take_u32(unpacking, &value->n) || value->n > unpacking->values + unpacking->left)
        return false;
    unpacking->levels--;
    if (has_name(type) && !take_name(unpacking, value))
        return false;
    if (has_items(type)) {
        if (value->n > unpacking->values)
            return false;
        value->flags |= RTMP_VALUE_EXACT;
        value->items = rtmp_arena_take(unpacking->arena, (value->n + 1) * sizeof *value->items);
        for (uint32_t i = 0; value->items && i < value->n; i++)
            if (!(value->items[i] = unpack(unpacking)))
                return false;
        if (!value->items)
            return false;
    }
    if (has_members(type) && !take_members(unpacking, value))
        return false;
    unpacking->levels++;
    return true;
}

static bool take_rest(struct unpacking *unpacking, struct rtmp_value *value)
{
    uint8_t byte = 0;
    uint32_t integer = 0;
    bool whole = true;
    switch ((enum rtmp_value_type)value->type) {
    case RTMP_BOOLEAN:
        whole = take(unpacking, &byte, 1) && byte <= 1;
        value->boolean = byte;
        return whole;
    case RTMP_INTEGER:
        whole = take_u32(unpacking, &integer);
        value->integer = (int32_t)integer;
        return whole;
    case RTMP_NUMBER:
    case RTMP_DATE:
        return take(unpacking, &value->number, sizeof value->number);
    default:
        break;
    }
    enum shape shape = shape_of((enum rtmp_value_type)value->type);
    return shape == TEXT ? take_bytes(unpacking, value) : shape == PLAIN || take_items(unpacking, value);
}

static struct rtmp_value *unpack(struct unpacking *unpacking)
{
    uint8_t head[4];
    if (unpacking->values == 0 || !take(unpacking, head, sizeof head) || head[0] > RTMP_UNSUPPORTED)
        return NULL;
    unpacking->values--;
    struct rtmp_value *value = rtmp_arena_take(unpacking->arena, sizeof *value);
    if (!value)
        return NULL;
    *value = (struct rtmp_value){
        .type = head[0], .flags = head[1] & (uint8_t)~RTMP_VALUE_EXACT, .zone = (int16_t)(head[2] | head[3] << 8)};
    return take_rest(unpacking, value) ? value : NULL;
}

struct rtmp_value *ph_unpack(const uint8_t *bytes, size_t length, struct rtmp_arena *arena)
{
    struct unpacking unpacking = {
        .at = bytes, .left = length, .arena = arena, .values = RTMP_VALUE_WALK_NODES, .levels = RTMP_VALUE_DEPTH};
    struct rtmp_value *value = unpack(&unpacking);
    return unpacking.left == 0 ? value : NULL;
}
