/* SPDX-License-Identifier: MIT */
/*
 * Batches: done change by change, and undone from the end when one cannot be.
 *
 * A slot that is removed stays without content until the batch is over, so that undoing needs no memory. What is told
 * to whom follows from one thought: a client has done to its own copy what it asks for, in the order in which it asked,
 * and hears what others did in between. SUCCESS is enough where nothing that it has heard or will hear before could
 * have touched the slot since; else the value follows. What touches a client's copy although nobody has changed the
 * slot, such as the removal of what is not there, raises the object's version too, so that later batches show whether
 * it had been heard.
 */
#include <stdlib.h>
#include <string.h>

#include "app/copy.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/news.h"
#include "app/object.h"
#include "app/persist.h"

/* What a slot held before; NULL: nothing. */
struct trace {
    struct ph_slot *slot;
    struct ph_content *before;
};

struct batch {
    struct ph_object *object;
    struct ph_news *news;
    struct ph_object_use *use; /* of who asks; NULL: the application */
    uint32_t known;            /* the version that who asks has seen */
    uint32_t version;          /* of what is changed */
    bool was_cleared;
    bool is_repair;        /* the asker's copy is touched */
    size_t n_slots, bytes; /* of the object, by now */
    struct trace *traces;
    size_t n_traces;
};

/* Contents */

static bool is_scalar(const struct rtmp_value *value)
{
    switch ((enum rtmp_value_type)value->type) {
    case RTMP_BOOLEAN:
    case RTMP_NUMBER:
    case RTMP_INTEGER:
    case RTMP_DATE:
    case RTMP_UNSUPPORTED:
        return true;
    default:
        return false;
    }
}

void ph_content_free(struct ph_content *content)
{
    if (content)
        rtmp_arena_finish(&content->arena);
    free(content);
}

static int make_content(const struct rtmp_value *value, uint32_t version, struct ph_content **made)
{
    struct ph_content *content = malloc(sizeof *content);
    if (!content)
        return PH_E_MEMORY;
    *content = (struct ph_content){.version = version, .bytes = sizeof *content, .scalar = *value};
    rtmp_arena_init(&content->arena, &ph_app_allocator, PH_LIMIT_SLOT_BYTES);
    content->value = is_scalar(value) ? &content->scalar : ph_value_copy(value, &content->arena);
    if (!content->value) {
        ph_content_free(content);
        return PH_E_LIMIT;
    }
    content->bytes += content->arena.used;
    *made = content;
    return 0;
}

/* Slots, with or without content */

static struct ph_slot *slot_of(const struct ph_object *object, const char *name)
{
    return ph_map_get(&object->slots, name, strlen(name));
}

static size_t bytes_of(const struct ph_slot *slot)
{
    return slot->content ? sizeof *slot + strlen(slot->name) + slot->content->bytes : 0;
}

static void drop_slot(struct ph_object *object, struct ph_slot *slot)
{
    (void)ph_map_remove(&object->slots, slot->name, strlen(slot->name));
    ph_list_remove(&slot->link);
    free(slot);
}

static struct ph_slot *make_slot(struct ph_object *object, const char *name)
{
    size_t length = strlen(name);
    struct ph_slot *slot = malloc(sizeof *slot + length + 1);
    if (!slot)
        return NULL;
    slot->content = NULL;
    memcpy(slot->name, name, length + 1);
    if (ph_map_add(&object->slots, slot->name, length, slot)) {
        free(slot);
        return NULL;
    }
    ph_list_init(&slot->link);
    ph_list_append(&object->slot_list, &slot->link);
    return slot;
}

/* The slot holds something else, or nothing; what it held is kept in case of undoing. */
static void exchange(struct batch *batch, struct ph_slot *slot, struct ph_content *content)
{
    batch->traces[batch->n_traces++] = (struct trace){.slot = slot, .before = slot->content};
    batch->n_slots -= slot->content != NULL;
    batch->bytes -= bytes_of(slot);
    slot->content = content;
    batch->n_slots += slot->content != NULL;
    batch->bytes += bytes_of(slot);
}

static void undo(struct batch *batch)
{
    while (batch->n_traces) {
        struct trace *trace = &batch->traces[--batch->n_traces];
        batch->n_slots -= trace->slot->content != NULL;
        batch->n_slots += trace->before != NULL;
        ph_content_free(trace->slot->content);
        trace->slot->content = trace->before;
    }
}

static void drop_empty_slots(struct batch *batch)
{
    struct ph_object *object = batch->object;
    if (object->slots.n == batch->n_slots)
        return;
    ph_list_for_each_safe(node, &object->slot_list)
    {
        struct ph_slot *slot = ph_list_entry(node, struct ph_slot, link);
        if (!slot->content)
            drop_slot(object, slot);
    }
}

/* Changes */

static bool is_deletion(const struct ph_shared_change *change)
{
    enum rtmp_value_type type = rtmp_value_type(ph_value_in(change->value));
    return change->kind == PH_SHARED_REMOVE ||
           (change->kind == PH_SHARED_SET && (type == RTMP_NULL || type == RTMP_UNDEFINED));
}

static int check(const struct ph_object *object, const struct ph_shared_change *change)
{
    bool has_name = change->kind == PH_SHARED_SET || change->kind == PH_SHARED_REMOVE ||
                    change->kind == PH_SHARED_MESSAGE;
    size_t length = change->name ? strlen(change->name) : 0;
    if ((!has_name && change->kind != PH_SHARED_CLEAR) || (has_name && (length == 0 || length > PH_LIMIT_OBJECT_NAME)))
        return PH_E_ARGUMENT;
    if (!change->if_version)
        return 0;
    const struct ph_slot *slot = change->name ? ph_object_slot(object, change->name) : NULL;
    return slot && slot->content->version == change->if_version ? 0 : PH_E_CONFLICT;
}

/* Whether something may have touched the asker's copy of the slot since it was as the asker knew it. */
static bool may_be_stale(const struct batch *batch, const struct ph_slot *slot)
{
    if (batch->was_cleared || (slot && !slot->content) || (batch->use && batch->use->repaired > batch->known))
        return true;
    return (slot ? slot->content->version : batch->object->version) > batch->known; /* none: perhaps removed */
}

static int do_set(struct batch *batch, const struct ph_shared_change *change)
{
    const struct rtmp_value *value = ph_value_in(change->value);
    struct ph_slot *slot = slot_of(batch->object, change->name);
    bool is_stale = may_be_stale(batch, slot);
    if (!slot || !slot->content || !rtmp_value_equal(slot->content->value, value)) {
        struct ph_content *content;
        int err = make_content(value, batch->version, &content);
        if (err)
            return err;
        slot = slot ? slot : make_slot(batch->object, change->name);
        if (!slot) {
            ph_content_free(content);
            return PH_E_MEMORY;
        }
        exchange(batch, slot, content);
        ph_news_add(batch->news, PH_NEWS_TO_OTHERS, PH_NEWS_CHANGED, change->name, value, batch->version);
    } else {
        batch->is_repair |= is_stale;
    }
    uint32_t version = slot->content->version;
    ph_news_add(batch->news, PH_NEWS_TO_ASKER, PH_NEWS_SUCCESS, change->name, NULL, version);
    if (is_stale)
        ph_news_add(batch->news, PH_NEWS_TO_ASKER, PH_NEWS_CHANGED, change->name, value, version);
    return 0;
}

/* The asker hears of it in any case; a slot without content remembers that until the batch is over. */
static int do_remove(struct batch *batch, const char *name)
{
    struct ph_slot *slot = slot_of(batch->object, name);
    bool is_there = slot && slot->content;
    if (!slot && !make_slot(batch->object, name))
        return PH_E_MEMORY;
    if (is_there)
        exchange(batch, slot, NULL);
    else
        batch->is_repair = true;
    ph_news_add(batch->news, is_there ? PH_NEWS_TO_ALL : PH_NEWS_TO_ASKER, PH_NEWS_REMOVED, name, NULL, batch->version);
    return 0;
}

static void do_clear(struct batch *batch)
{
    ph_list_for_each(node, &batch->object->slot_list)
    {
        struct ph_slot *slot = ph_list_entry(node, struct ph_slot, link);
        if (slot->content)
            exchange(batch, slot, NULL);
    }
    batch->was_cleared = batch->is_repair = true;
    ph_news_add(batch->news, PH_NEWS_TO_ALL, PH_NEWS_CLEARED, NULL, NULL, batch->version);
}

static int do_one(struct batch *batch, const struct ph_shared_change *change)
{
    int err = 0;
    if (change->kind == PH_SHARED_CLEAR)
        do_clear(batch);
    else if (change->kind == PH_SHARED_MESSAGE)
        ph_news_add(batch->news, PH_NEWS_TO_ALL, PH_NEWS_MESSAGE, change->name, ph_value_in(change->value),
                    batch->version);
    else if (is_deletion(change))
        err = do_remove(batch, change->name);
    else
        err = do_set(batch, change);
    return err ? err : batch->news->failed ? PH_E_MEMORY : 0;
}

static int do_all(struct batch *batch, const struct ph_shared_change *changes, size_t n_changes)
{
    int err = 0;
    for (size_t i = 0; i < n_changes && !err; i++)
        err = check(batch->object, &changes[i]);
    for (size_t i = 0; i < n_changes && !err; i++)
        err = do_one(batch, &changes[i]);
    bool is_over = batch->n_slots > PH_LIMIT_SLOTS || batch->bytes > PH_LIMIT_OBJECT_BYTES;
    return !err && is_over ? PH_E_LIMIT : err;
}

static void save(const struct batch *batch)
{
    const struct ph_slot **slots = (const struct ph_slot **)batch->traces; /* in the place of what is no more needed */
    for (size_t i = 0; i < batch->n_traces; i++) {
        const struct ph_slot *slot = batch->traces[i].slot;
        slots[i] = slot;
    }
    ph_object_save(batch->object, slots, batch->n_traces);
}

static void commit(struct batch *batch)
{
    struct ph_object *object = batch->object;
    object->bytes = batch->bytes;
    bool is_repair = batch->is_repair && batch->use && batch->known <= object->version; /* else: it never guesses */
    if (is_repair)
        batch->use->repaired = batch->version;
    if (batch->n_traces || is_repair)
        object->version = batch->version;
    for (size_t i = 0; i < batch->n_traces; i++)
        ph_content_free(batch->traces[i].before);
    if (object->is_persistent && batch->n_traces)
        save(batch);
}

/* Each change touches one slot, and what a clear touches has been there or was made by a change. */
static bool take_traces(struct batch *batch, const struct ph_shared_change *changes, size_t n_changes)
{
    size_t n = n_changes;
    for (size_t i = 0; i < n_changes; i++)
        if (changes[i].kind == PH_SHARED_CLEAR) {
            n += n_changes + batch->object->slots.n;
            break;
        }
    batch->traces = malloc(n * sizeof *batch->traces);
    return batch->traces;
}

static int change(struct batch *batch, const struct ph_shared_change *changes, size_t n_changes)
{
    if (!take_traces(batch, changes, n_changes))
        return PH_E_MEMORY;
    int err = do_all(batch, changes, n_changes);
    if (err)
        undo(batch);
    else
        commit(batch);
    drop_empty_slots(batch);
    free(batch->traces);
    return err;
}

int ph_object_change(struct ph_object *object, struct ph_object_use *use, uint32_t known,
                     const struct ph_shared_change *changes, size_t n_changes)
{
    struct ph_news own, *news = object->gathered ? object->gathered : &own;
    if (n_changes == 0 || n_changes > PH_LIMIT_CHANGES)
        return PH_E_ARGUMENT;
    if (news == &own)
        ph_news_begin(news, object);
    struct ph_news_item **mark = news->end;
    struct batch batch = {.object = object,
                          .news = news,
                          .use = use,
                          .known = known,
                          .version = news->version,
                          .n_slots = object->slots.n,
                          .bytes = object->bytes};
    int err = change(&batch, changes, n_changes);
    if (err)
        ph_news_take_back(news, mark);
    if (news == &own)
        ph_news_send(news, use ? use->member : NULL);
    return err;
}

int ph_object_restore(struct ph_object *object, const char *name, const struct rtmp_value *value, uint32_t version)
{
    struct ph_content *content;
    if (slot_of(object, name) || object->slots.n == PH_LIMIT_SLOTS)
        return PH_E_LIMIT;
    int err = make_content(value, version, &content);
    if (err)
        return err;
    struct ph_slot *slot = make_slot(object, name);
    if (!slot) {
        ph_content_free(content);
        return PH_E_MEMORY;
    }
    slot->content = content;
    object->bytes += bytes_of(slot);
    return 0;
}
