/* SPDX-License-Identifier: MIT */
/* The store, jobs and streams, as applications use them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/errand.h"
#include "app/host.h"
#include "app/instance.h"
#include "app/letter.h"
#include "app/member.h"
#include "app/pack.h"
#include "app/store.h"
#include "app/theatre.h"
#include "base/limits.h"
#include "base/text.h"

enum { SPACE_TEXT = PH_LIMIT_NAME_BYTES + 8, LIST_MOST = 1000 };

struct errand {
    struct ph_errand base;
    int (*work)(void *user); /* of a job */
    int error;
    uv_work_t job;
    bool is_list;
};

static struct errand *make_errand(struct ph_app *app, ph_done_fn done, void *user)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (errand)
        errand->base = ph_errand_begin(app, done, user);
    return errand;
}

static void end_errand(struct errand *errand, int error, const struct rtmp_value *value)
{
    ph_errand_end(&errand->base, error, value);
    free(errand);
}

/* Store */

static const char *space_of(struct ph_app *app, char space[SPACE_TEXT])
{
    struct ph_text text;
    ph_text_init(&text, space, SPACE_TEXT);
    ph_text_add(&text, "app/%s", app->name);
    return space;
}

static struct rtmp_value *row_of(const struct ph_record *record, struct rtmp_arena *arena)
{
    struct rtmp_value *row = rtmp_value_new_object(arena);
    struct rtmp_value *key = rtmp_value_new_string(arena, record->key, strlen(record->key));
    if (!row || rtmp_value_set(arena, row, "key", key) ||
        rtmp_value_set(arena, row, "value", ph_unpack(record->bytes, record->length, arena)))
        return NULL;
    return row;
}

static struct rtmp_value *rows_of(const struct ph_record *records, size_t n, struct rtmp_arena *arena)
{
    struct rtmp_value *rows = rtmp_value_new_array(arena);
    for (size_t i = 0; i < n && rows; i++)
        if (rtmp_value_push(arena, rows, row_of(&records[i], arena)))
            return NULL;
    return rows;
}

static void on_stored(void *user, int error, const struct ph_record *records, size_t n)
{
    struct errand *errand = user;
    struct ph_instance *instance = errand->base.instance;
    const struct rtmp_value *value = NULL;
    ph_instance_begin(instance);
    if (!error && errand->is_list)
        value = rows_of(records, n, &instance->scratch);
    else if (!error && n)
        value = ph_unpack(records[0].bytes, records[0].length, &instance->scratch);
    bool is_lost = !error && (n || errand->is_list) && !value;
    end_errand(errand, is_lost ? PH_E_MEMORY : error, value);
    ph_instance_end(instance);
}

static int error_of(int err) { return err == -EINVAL ? PH_E_LIMIT : err ? PH_E_MEMORY : 0; }

/* `ask` has taken the errand, unless it failed. */
static int started(struct errand *errand, int err)
{
    if (err)
        free(errand);
    return error_of(err);
}

static int get(struct ph_app *app, const char *key, ph_done_fn done, void *user)
{
    char space[SPACE_TEXT];
    struct ph_instance *instance = ph_instance_of(app);
    struct errand *errand = instance->theatre->store ? make_errand(app, done, user) : NULL;
    if (!errand)
        return instance->theatre->store ? PH_E_MEMORY : PH_E_IO;
    return started(
        errand, ph_store_read(instance->theatre->store, space_of(app, space), key, instance->loop, on_stored, errand));
}

static int write_record(struct ph_app *app, const struct ph_record *record, ph_done_fn done, void *user)
{
    char space[SPACE_TEXT];
    struct ph_instance *instance = ph_instance_of(app);
    struct errand *errand = instance->theatre->store ? make_errand(app, done, user) : NULL;
    if (!errand)
        return instance->theatre->store ? PH_E_MEMORY : PH_E_IO;
    return started(errand, ph_store_write(instance->theatre->store, space_of(app, space), record, 1, instance->loop,
                                          on_stored, errand));
}

static int put(struct ph_app *app, const char *key, const struct ph_value *value, ph_done_fn done, void *user)
{
    struct rtmp_buffer bytes;
    rtmp_buffer_init(&bytes, &ph_app_allocator, PH_LIMIT_STORE_VALUE);
    int rc = value ? ph_pack(ph_value_in(value), &bytes) : RTMP_E_RANGE;
    const struct ph_record record = {.key = key, .bytes = bytes.data, .length = bytes.length};
    int error = rc == RTMP_E_MEMORY  ? PH_E_MEMORY
                : rc == RTMP_E_RANGE ? PH_E_ARGUMENT
                : rc                 ? PH_E_LIMIT
                                     : write_record(app, &record, done, user);
    rtmp_buffer_finish(&bytes);
    return error;
}

static int remove_record(struct ph_app *app, const char *key, ph_done_fn done, void *user)
{
    const struct ph_record record = {.key = key};
    return write_record(app, &record, done, user);
}

static int list(struct ph_app *app, const char *prefix, const char *after, uint32_t most, ph_done_fn done, void *user)
{
    char space[SPACE_TEXT];
    struct ph_instance *instance = ph_instance_of(app);
    struct errand *errand = instance->theatre->store ? make_errand(app, done, user) : NULL;
    if (!errand)
        return instance->theatre->store ? PH_E_MEMORY : PH_E_IO;
    errand->is_list = true;
    return started(errand, ph_store_list(instance->theatre->store, space_of(app, space), prefix ? prefix : "",
                                         after ? after : "", most && most < LIST_MOST ? most : LIST_MOST,
                                         instance->loop, on_stored, errand));
}

const struct ph_store_service ph_host_store = {
    .version = 1, .size = sizeof ph_host_store, .get = get, .put = put, .remove = remove_record, .list = list};

/* Jobs: libuv's threads */

static void work(uv_work_t *job)
{
    struct errand *errand = ph_container_of(job, struct errand, job);
    errand->error = errand->work(errand->base.user);
}

static void on_worked(uv_work_t *job, int status)
{
    struct errand *errand = ph_container_of(job, struct errand, job);
    struct ph_instance *instance = errand->base.instance;
    instance->n_jobs--;
    ph_instance_begin(instance);
    end_errand(errand, status ? PH_E_GONE : errand->error, NULL);
    ph_instance_end(instance);
}

static int run(struct ph_app *app, int (*job)(void *user), ph_done_fn done, void *user)
{
    struct ph_instance *instance = ph_instance_of(app);
    if (instance->n_jobs >= PH_LIMIT_APP_JOBS)
        return PH_E_LIMIT;
    struct errand *errand = make_errand(app, done, user);
    if (!errand)
        return PH_E_MEMORY;
    errand->work = job;
    if (uv_queue_work(&instance->loop->uv, &errand->job, work, on_worked)) {
        free(errand);
        return PH_E_MEMORY;
    }
    instance->n_jobs++;
    return 0;
}

const struct ph_jobs ph_host_jobs = {.version = 1, .size = sizeof ph_host_jobs, .run = run};
