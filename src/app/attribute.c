/* SPDX-License-Identifier: MIT */
#include "app/attribute.h"

#include <stdlib.h>
#include <string.h>

#include "app/copy.h"
#include "app/letter.h"
#include "app/member.h"
#include "base/limits.h"

struct attribute {
    struct ph_list link;
    struct rtmp_arena arena;
    const struct rtmp_value *value;
    char name[];
};

static struct attribute *find(const struct ph_member *member, const char *name)
{
    ph_list_for_each(node, &member->attributes)
    {
        struct attribute *attribute = ph_list_entry(node, struct attribute, link);
        if (strcmp(attribute->name, name) == 0)
            return attribute;
    }
    return NULL;
}

static size_t bytes_of(const struct attribute *attribute) { return attribute->arena.used + strlen(attribute->name); }

static void drop(struct ph_member *member, struct attribute *attribute)
{
    member->attribute_bytes -= bytes_of(attribute);
    ph_list_remove(&attribute->link);
    rtmp_arena_finish(&attribute->arena);
    free(attribute);
}

const struct rtmp_value *ph_attribute_get(const struct ph_member *member, const char *name)
{
    const struct attribute *attribute = find(member, name);
    return attribute ? attribute->value : NULL;
}

static int make(const char *name, const struct rtmp_value *value, struct attribute **made)
{
    size_t length = strlen(name);
    struct attribute *attribute = malloc(sizeof *attribute + length + 1);
    if (!attribute)
        return PH_E_MEMORY;
    memcpy(attribute->name, name, length + 1);
    rtmp_arena_init(&attribute->arena, &ph_app_allocator, PH_LIMIT_ATTRIBUTE_BYTES);
    attribute->value = ph_value_copy(value, &attribute->arena);
    if (!attribute->value) {
        rtmp_arena_finish(&attribute->arena);
        free(attribute);
        return PH_E_LIMIT;
    }
    *made = attribute;
    return 0;
}

int ph_attribute_set(struct ph_member *member, const char *name, const struct rtmp_value *value)
{
    struct attribute *old = find(member, name), *made;
    size_t n = 0, length = strlen(name);
    if (length == 0 || length > PH_LIMIT_NAME_BYTES)
        return PH_E_ARGUMENT;
    if (!value) {
        if (old)
            drop(member, old);
        return 0;
    }
    ph_list_for_each(node, &member->attributes) n++;
    if (!old && n >= PH_LIMIT_ATTRIBUTES)
        return PH_E_LIMIT;
    int err = make(name, value, &made);
    if (err)
        return err;
    if (member->attribute_bytes - (old ? bytes_of(old) : 0) + bytes_of(made) > PH_LIMIT_ATTRIBUTE_BYTES) {
        rtmp_arena_finish(&made->arena);
        free(made);
        return PH_E_LIMIT;
    }
    if (old)
        drop(member, old);
    member->attribute_bytes += bytes_of(made);
    ph_list_append(&member->attributes, &made->link);
    return 0;
}

struct rtmp_value *ph_attributes_all(const struct ph_member *member, struct rtmp_arena *arena)
{
    struct rtmp_value *all = rtmp_value_new_object(arena);
    ph_list_for_each(node, &member->attributes)
    {
        const struct attribute *attribute = ph_list_entry(node, struct attribute, link);
        if (!all || rtmp_value_set(arena, all, attribute->name, ph_value_copy(attribute->value, arena)))
            return NULL;
    }
    return all;
}

void ph_attributes_clear(struct ph_member *member)
{
    for (struct ph_list *node; (node = ph_list_first(&member->attributes));)
        drop(member, ph_list_entry(node, struct attribute, link));
}
