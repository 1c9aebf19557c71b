/* SPDX-License-Identifier: MIT */
#include "app/errand.h"

#include <stdlib.h>

#include "app/copy.h"
#include "app/instance.h"
#include "app/letter.h"
#include "base/limits.h"

/* One whose work is over. */
struct ended {
    struct ph_errand errand;
    struct ph_task task;
    int error;
    const struct rtmp_value *value;
    struct rtmp_arena arena;
};

struct ph_errand ph_errand_begin(struct ph_app *app, ph_done_fn done, void *user)
{
    struct ph_instance *instance = ph_instance_of(app);
    return (struct ph_errand){.instance = instance, .life = instance->life, .done = done, .user = user};
}

void ph_errand_end(const struct ph_errand *errand, int error, const struct rtmp_value *value)
{
    ph_done_fn done = errand->life == errand->instance->life ? errand->done : NULL;
    ph_instance_done(errand->instance, done, errand->user, error, ph_value_out(value));
}

static void on_end(struct ph_task *task)
{
    struct ended *ended = ph_container_of(task, struct ended, task);
    ph_errand_end(&ended->errand, ended->error, ended->value);
    rtmp_arena_finish(&ended->arena);
    free(ended);
}

int ph_errand_end_soon(struct ph_app *app, ph_done_fn done, void *user, int error, const struct rtmp_value *value)
{
    if (!done)
        return 0;
    struct ended *ended = calloc(1, sizeof *ended);
    if (!ended)
        return PH_E_MEMORY;
    ended->errand = ph_errand_begin(app, done, user);
    ended->error = error;
    ended->task.run = on_end;
    ph_list_init(&ended->task.link);
    rtmp_arena_init(&ended->arena, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
    ended->value = value ? ph_value_copy(value, &ended->arena) : NULL;
    if (value && !ended->value) {
        rtmp_arena_finish(&ended->arena);
        free(ended);
        return PH_E_MEMORY;
    }
    ph_instance_defer(ended->errand.instance, &ended->task);
    return 0;
}
