/* SPDX-License-Identifier: MIT */
#include "app/persist.h"

#include <stdlib.h>
#include <string.h>

#include "app/instance.h"
#include "app/letter.h"
#include "app/object.h"
#include "app/pack.h"
#include "app/room.h"
#include "app/store.h"
#include "app/theatre.h"
#include "base/log.h"
#include "base/text.h"

enum { VERSION_BYTES = 4, SPACE_TEXT = 3 * (PH_LIMIT_OBJECT_NAME + 2) + 8 };

static struct ph_store *store_of(const struct ph_object *object) { return object->room->instance->theatre->store; }

static void space_of(const struct ph_object *object, char space[SPACE_TEXT])
{
    struct ph_text text;
    ph_text_init(&text, space, SPACE_TEXT);
    ph_text_add(&text, "so/%s/%s/%s", object->room->instance->app.name, object->room->name, object->name);
}

/* Reading */

struct loading {
    struct ph_instance *instance;
    ph_room_id room;
    char name[PH_LIMIT_OBJECT_NAME + 1];
};

static uint32_t version_in(const struct ph_record *record)
{
    const uint8_t *bytes = record->bytes;
    return record->length < VERSION_BYTES
               ? 0
               : (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool take_slot(struct ph_object *object, const struct ph_record *record, struct rtmp_arena *arena)
{
    const uint8_t *bytes = record->bytes;
    if (record->key[0] != 's' || record->length < VERSION_BYTES)
        return true;
    const struct rtmp_value *value = ph_unpack(bytes + VERSION_BYTES, record->length - VERSION_BYTES, arena);
    bool is_good = value && ph_object_restore(object, record->key + 1, value, version_in(record)) == 0;
    rtmp_arena_reset(arena); /* of a fresh stack: nothing else lies there */
    return is_good;
}

static void fill(struct ph_object *object, const struct ph_record *records, size_t n)
{
    struct rtmp_arena *scratch = &object->room->instance->scratch;
    size_t n_lost = 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(records[i].key, "v") == 0)
            object->version = version_in(&records[i]);
        else
            n_lost += !take_slot(object, &records[i], scratch);
    if (n_lost)
        ph_log_error(object->room->instance->theatre->log, object->name,
                     "%zu slots of this shared object cannot be read", n_lost);
}

static void on_loaded(void *user, int error, const struct ph_record *records, size_t n)
{
    struct loading *loading = user;
    struct ph_instance *instance = loading->instance;
    struct ph_room *room = ph_room_get(instance, loading->room);
    struct ph_object *object = room ? ph_object_find(room, loading->name) : NULL;
    ph_instance_begin(instance);
    if (object) {
        if (error)
            ph_log_error(instance->theatre->log, object->name, "this shared object cannot be read from the store");
        else
            fill(object, records, n);
        ph_object_loaded(object, error);
    }
    free(loading);
    ph_instance_end(instance);
}

bool ph_object_load(struct ph_object *object)
{
    char space[SPACE_TEXT];
    struct ph_store *store = store_of(object);
    if (!store)
        return true;
    struct loading *loading = malloc(sizeof *loading);
    if (!loading)
        return false;
    *loading = (struct loading){.instance = object->room->instance, .room = object->room->id};
    memcpy(loading->name, object->name, sizeof loading->name);
    space_of(object, space);
    if (ph_store_list(store, space, "", "", PH_LIMIT_SLOTS + 1, loading->instance->loop, on_loaded, loading) == 0)
        return true;
    free(loading);
    return false;
}

/* Writing */

static void put_version(uint8_t *bytes, uint32_t version)
{
    for (int i = 0; i < VERSION_BYTES; i++)
        bytes[i] = (uint8_t)(version >> 8 * i);
}

static bool pack_content(struct rtmp_arena *arena, const struct ph_content *content, struct ph_record *record)
{
    struct rtmp_buffer buffer;
    uint8_t version[VERSION_BYTES];
    put_version(version, content->version);
    rtmp_buffer_init(&buffer, &ph_app_allocator, PH_LIMIT_STORE_VALUE);
    int rc = rtmp_buffer_append(&buffer, version, sizeof version);
    rc = rc ? rc : ph_pack(content->value, &buffer);
    record->bytes = rc ? NULL : rtmp_arena_copy(arena, buffer.data, buffer.length);
    record->length = buffer.length;
    rtmp_buffer_finish(&buffer);
    return record->bytes;
}

static bool make_record(struct rtmp_arena *arena, const struct ph_slot *slot, struct ph_record *record)
{
    size_t size = strlen(slot->name) + 2;
    char *key = rtmp_arena_take(arena, size);
    if (!key)
        return false;
    key[0] = 's';
    memcpy(key + 1, slot->name, size - 1);
    *record = (struct ph_record){.key = key};
    return !slot->content || pack_content(arena, slot->content, record);
}

void ph_object_save(const struct ph_object *object, const struct ph_slot *const *slots, size_t n)
{
    char space[SPACE_TEXT];
    uint8_t version[VERSION_BYTES];
    struct rtmp_arena arena;
    struct ph_store *store = store_of(object);
    if (!store)
        return;
    rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_OBJECT_BYTES + PH_LIMIT_AMF_BYTES);
    struct ph_record *records = rtmp_arena_take(&arena, (n + 1) * sizeof *records);
    bool whole = records;
    for (size_t i = 0; i < n && whole; i++)
        whole = make_record(&arena, slots[i], &records[i]);
    put_version(version, object->version);
    if (whole)
        records[n] = (struct ph_record){.key = "v", .bytes = version, .length = sizeof version};
    space_of(object, space);
    if (!whole || ph_store_write(store, space, records, n + 1, object->room->instance->loop, NULL, NULL))
        ph_log_error(object->room->instance->theatre->log, object->name, "a change of this shared object was not kept");
    rtmp_arena_finish(&arena);
}
