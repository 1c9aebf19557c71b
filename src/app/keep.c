/* SPDX-License-Identifier: MIT */
#include "app/keep.h"

#include <stdlib.h>
#include <string.h>

#include <rtmpwire/buffer.h>

#include "app/instance.h"
#include "app/letter.h"
#include "app/pack.h"
#include "app/store.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"

/* A state is a row of records: "NAME/000", "NAME/001" ... */
enum {
    PIECE = 192 * 1024, /* of a record's value */
    PIECES_MAX = 64,
    KEY = PH_LIMIT_NAME_BYTES + 8,
    SPACE = PH_LIMIT_NAME_BYTES + 8,
    ROWS_MAX = 1000000,
};

struct kept {
    struct rtmp_buffer bytes;
    size_t n_pieces; /* in the store */
    char name[];
};

static void space_of(const struct ph_instance *instance, char space[SPACE])
{
    struct ph_text text;
    ph_text_init(&text, space, SPACE);
    ph_text_add(&text, "saved/%s", instance->app.name);
}

static struct kept *find(const struct ph_instance *instance, const char *name, size_t length)
{
    return ph_map_get(&instance->kept, name, length);
}

static void drop(struct ph_instance *instance, struct kept *kept)
{
    (void)ph_map_remove(&instance->kept, kept->name, strlen(kept->name));
    rtmp_buffer_finish(&kept->bytes);
    free(kept);
}

/* NULL: out of memory. */
static struct kept *make(struct ph_instance *instance, const char *name, size_t length)
{
    struct kept *kept = find(instance, name, length);
    if (kept)
        return kept;
    kept = calloc(1, sizeof *kept + length + 1);
    if (!kept)
        return NULL;
    memcpy(kept->name, name, length);
    rtmp_buffer_init(&kept->bytes, &ph_app_allocator, (size_t)PIECE * PIECES_MAX);
    if (ph_map_add(&instance->kept, kept->name, length, kept) == 0)
        return kept;
    free(kept);
    return NULL;
}

static void complain(const struct ph_instance *instance, const char *name, const char *what)
{
    ph_log_error(instance->theatre->log, instance->app.name, "the saved state of %s%s %s",
                 *name ? "room " : "the application", name, what);
}

/* Reading */

struct recall {
    struct ph_instance *instance;
    unsigned *waiting;
};

static bool take_piece(struct ph_instance *instance, const struct ph_record *record)
{
    const char *end = strrchr(record->key, '/');
    struct kept *kept = end ? make(instance, record->key, (size_t)(end - record->key)) : NULL;
    if (!kept || rtmp_buffer_append(&kept->bytes, record->bytes, record->length))
        return false;
    kept->n_pieces++;
    return true;
}

static void on_recalled(void *user, int error, const struct ph_record *records, size_t n)
{
    struct recall *recall = user;
    bool whole = !error;
    for (size_t i = 0; i < n; i++)
        whole &= take_piece(recall->instance, &records[i]);
    if (!whole)
        ph_log_error(recall->instance->theatre->log, recall->instance->app.name,
                     "what was saved cannot be read from the store, or not all of it");
    --*recall->waiting;
    free(recall);
}

void ph_keep_recall(struct ph_instance *instance, unsigned *waiting)
{
    char space[SPACE];
    const struct ph_app_type *type = instance->type;
    struct ph_store *store = instance->theatre->store;
    struct recall *recall = store && (type->save || type->save_room) ? malloc(sizeof *recall) : NULL;
    if (!recall)
        return;
    *recall = (struct recall){instance, waiting};
    space_of(instance, space);
    if (ph_store_list(store, space, "", "", ROWS_MAX, instance->loop, on_recalled, recall) == 0)
        ++*waiting;
    else
        free(recall);
}

const struct rtmp_value *ph_keep_find(struct ph_instance *instance, const char *name)
{
    const struct kept *kept = find(instance, name, strlen(name));
    const struct rtmp_value *value = kept ? ph_unpack(kept->bytes.data, kept->bytes.length, &instance->scratch) : NULL;
    if (kept && !value)
        complain(instance, name, "cannot be read");
    return value;
}

/* Writing */

static void on_written(void *user, int error, const struct ph_record *records, size_t n)
{
    const struct ph_instance *instance = user;
    (void)records, (void)n;
    if (error)
        ph_log_error(instance->theatre->log, instance->app.name, "what was saved does not fit into the store: %s",
                     error == PH_E_LIMIT ? "there is too much of it" : "see above");
}

/* Its bytes, and nothing behind them. */
static int write_pieces(struct ph_instance *instance, struct kept *kept)
{
    struct ph_record records[PIECES_MAX];
    char keys[PIECES_MAX][KEY], space[SPACE];
    size_t n = (kept->bytes.length + PIECE - 1) / PIECE, all = n > kept->n_pieces ? n : kept->n_pieces;
    for (size_t i = 0; i < all; i++) {
        struct ph_text key;
        size_t left = i < n ? kept->bytes.length - i * PIECE : 0;
        ph_text_init(&key, keys[i], KEY);
        ph_text_add(&key, "%s/%03zu", kept->name, i);
        records[i] = (struct ph_record){.key = keys[i],
                                        .bytes = i < n ? kept->bytes.data + i * PIECE : NULL,
                                        .length = left < PIECE ? left : PIECE};
    }
    space_of(instance, space);
    kept->n_pieces = n;
    return ph_store_write(instance->theatre->store, space, records, all, instance->loop, on_written, instance);
}

void ph_keep_put(struct ph_instance *instance, const char *name, const struct rtmp_value *value)
{
    if (!instance->theatre->store)
        return;
    struct kept *kept = make(instance, name, strlen(name));
    if (kept)
        rtmp_buffer_clear(&kept->bytes);
    if (!kept || ph_pack(value, &kept->bytes) || write_pieces(instance, kept))
        complain(instance, name, "was not kept");
}

void ph_keep_forget(struct ph_instance *instance, const char *name)
{
    struct kept *kept = find(instance, name, strlen(name));
    if (!kept)
        return;
    rtmp_buffer_clear(&kept->bytes);
    if (instance->theatre->store && write_pieces(instance, kept))
        complain(instance, name, "was not forgotten");
    drop(instance, kept);
}

/* An object: the bytes of each state by its name. */
int ph_keep_bundle(struct ph_instance *instance, struct rtmp_buffer *buffer)
{
    size_t at = 0;
    struct rtmp_arena arena;
    rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_BUNDLE_BYTES);
    struct rtmp_value *bundle = rtmp_value_new_object(&arena);
    bool failed = !bundle;
    for (void *value; !failed && ph_map_next(&instance->kept, &at, &value);) {
        const struct kept *kept = value;
        struct rtmp_value *bytes = rtmp_value_new_bytes(&arena, kept->bytes.data, kept->bytes.length);
        failed = !bytes || rtmp_value_set(&arena, bundle, kept->name, bytes);
    }
    int rc = failed ? RTMP_E_MEMORY : ph_pack(bundle, buffer);
    rtmp_arena_finish(&arena);
    return rc;
}

static void drop_all(struct ph_instance *instance)
{
    size_t at = 0;
    for (void *value; ph_map_next(&instance->kept, &at, &value); at = 0)
        ph_keep_forget(instance, ((struct kept *)value)->name);
}

void ph_keep_unbundle(struct ph_instance *instance, const uint8_t *bytes, size_t length)
{
    struct rtmp_arena arena;
    rtmp_arena_init(&arena, &ph_app_allocator, PH_LIMIT_BUNDLE_BYTES);
    const struct rtmp_value *bundle = length ? ph_unpack(bytes, length, &arena) : NULL;
    drop_all(instance);
    for (const struct rtmp_member *m = rtmp_value_members(bundle); m; m = m->next) {
        struct kept *kept = make(instance, m->name.data, m->name.length);
        bool failed = !kept || rtmp_value_type(m->value) != RTMP_BYTES ||
                      rtmp_buffer_append(&kept->bytes, m->value->bytes, m->value->n);
        if (failed || (instance->theatre->store && write_pieces(instance, kept)))
            complain(instance, m->name.data, "was not taken over");
    }
    rtmp_arena_finish(&arena);
}

void ph_keep_finish(struct ph_instance *instance)
{
    size_t at = 0;
    for (void *value; ph_map_next(&instance->kept, &at, &value);) {
        rtmp_buffer_finish(&((struct kept *)value)->bytes);
        free(value);
    }
    ph_map_finish(&instance->kept);
}
