/* SPDX-License-Identifier: MIT */
#include "app/host.h"

#include <stdlib.h>

#include "app/command.h"
#include "app/instance.h"
#include "app/options.h"
#include "app/question.h"
#include "app/theatre.h"
#include "app/timers.h"
#include "base/log.h"

static int answer(struct ph_app *app, ph_answer_id later, int verdict, const struct ph_answer *it)
{
    return ph_question_answer(ph_instance_of(app), later, verdict, it);
}

/* soon */

struct soon {
    struct ph_task task;
    struct ph_instance *instance;
    unsigned life; /* of the instance, when it was asked for */
    void (*run)(struct ph_app *app, void *user);
    void *user;
};

static void run_soon(struct ph_task *task)
{
    struct soon *soon = ph_container_of(task, struct soon, task);
    struct ph_instance *instance = soon->instance;
    if (soon->life == instance->life) {
        instance->is_inside = true;
        soon->run(&instance->app, soon->user);
        instance->is_inside = false;
    }
    free(soon);
}

static int run_later(struct ph_app *app, void (*run)(struct ph_app *app, void *user), void *user)
{
    struct soon *soon = malloc(sizeof *soon);
    if (!soon)
        return PH_E_MEMORY;
    struct ph_instance *instance = ph_instance_of(app);
    *soon = (struct soon){.instance = instance, .life = instance->life, .run = run, .user = user};
    soon->task.run = run_soon;
    ph_list_init(&soon->task.link);
    ph_instance_defer(soon->instance, &soon->task);
    return 0;
}

static int method(struct ph_app *app, const struct ph_method *wanted)
{
    return ph_instance_add_method(ph_instance_of(app), wanted);
}

static void fail(struct ph_app *app, const char *description) { ph_instance_fail(ph_instance_of(app), description); }

static void reload(struct ph_app *app) { ph_instance_reload(ph_instance_of(app)); }

static void write_log(struct ph_app *app, enum ph_app_log_level level, const char *text)
{
    static const enum ph_log_level levels[] = {[PH_APP_LOG_ERROR] = PH_LOG_ERROR,
                                               [PH_APP_LOG_WARNING] = PH_LOG_WARNING,
                                               [PH_APP_LOG_INFO] = PH_LOG_INFO,
                                               [PH_APP_LOG_DEBUG] = PH_LOG_DEBUG};
    struct ph_instance *instance = ph_instance_of(app);
    if ((unsigned)level < sizeof levels / sizeof *levels)
        ph_log_write(instance->theatre->log, levels[level], NULL, app->name, "%s", text);
}

static const struct ph_app_log log_table = {.version = 1, .size = sizeof log_table, .write = write_log};

const struct ph_host ph_host_tables = {
    .abi_major = PLAYHOUSE_ABI_MAJOR,
    .abi_minor = PLAYHOUSE_ABI_MINOR,
    .size = sizeof ph_host_tables,
    .values = &ph_host_values,
    .members = &ph_host_members,
    .rooms = &ph_host_rooms,
    .shared = &ph_host_shared,
    .timers = &ph_host_timers,
    .streams = &ph_host_streams,
    .store = &ph_host_store,
    .http = &ph_host_http,
    .jobs = &ph_host_jobs,
    .log = &log_table,
    .metrics = &ph_host_metrics,
    .options = &ph_host_options,
    .answer = answer,
    .method = method,
    .soon = run_later,
    .reload = reload,
    .fail = fail,
    .command = ph_command_run,
};
