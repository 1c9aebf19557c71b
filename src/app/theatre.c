/* SPDX-License-Identifier: MIT */
#include "app/theatre.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/instance.h"
#include "app/keep.h"
#include "app/options.h"
#include "app/plugin.h"
#include "app/store.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"

static const struct ph_app_type *type_of(const struct ph_theatre *theatre, const char *name)
{
    for (size_t i = 0; i < theatre->options.n_types; i++)
        if (strcmp(theatre->options.types[i]->name, name) == 0)
            return theatre->options.types[i];
    return NULL;
}

static const char *in_folder(const struct ph_theatre *theatre, const char *file, char *path, size_t cap)
{
    const char *folder = theatre->options.folder;
    struct ph_text text;
    ph_text_init(&text, path, cap);
    ph_text_add(&text, "%s/%s", folder && file[0] != '/' ? folder : file[0] == '/' ? "" : ".", file);
    return path;
}

/* The type of a plugin; NULL: it does not load, and the log says why. */
static const struct ph_app_type *load_plugin(struct ph_theatre *theatre, const struct ph_application *application)
{
    char path[PATH_MAX], error[PH_PLUGIN_ERROR];
    const char *file = application->settings.path;
    if (!file[0]) {
        ph_log_error(theatre->log, application->name, "this application did not load: set path to the plugin's file");
        return NULL;
    }
    if (ph_plugin_open(in_folder(theatre, file, path, sizeof path), &theatre->plugins[theatre->n_plugins], error)) {
        ph_log_error(theatre->log, application->name, "this application did not load: %s %s", path, error);
        return NULL;
    }
    return &theatre->plugins[theatre->n_plugins++]->type;
}

/* An application that fails does not keep the others from running; connecting to it is refused. */
static int add_instance(struct ph_theatre *theatre, const struct ph_application *application)
{
    const char *name = ph_app_type_names[application->settings.type];
    bool is_plugin = strcmp(name, "plugin") == 0;
    const struct ph_app_type *type = is_plugin ? load_plugin(theatre, application) : type_of(theatre, name);
    char error[PH_OWN_OPTIONS_ERROR];
    if (!type && !is_plugin)
        return -ENOENT;
    if (type && ph_own_options_check(&application->settings, type, error)) {
        ph_log_error(theatre->log, application->name, "this application did not load: app.%s.%s", application->name,
                     error);
        type = NULL;
    }
    if (type && type->flags & PH_TYPE_FRONT_ONLY)
        return 0;
    struct ph_loop *loop = &theatre->loops->loop[theatre->n % theatre->loops->n];
    int err = ph_instance_create(theatre, application, type, loop, &theatre->instances[theatre->n]);
    theatre->n += !err;
    return err;
}

/* Without it the server runs, but nothing is kept. */
static void open_store(struct ph_theatre *theatre)
{
    const char *why = "out of memory", *file = theatre->options.store;
    if (file && ph_store_open(file, theatre->log, &theatre->store, &why))
        ph_log_error(theatre->log, file, "the store cannot be opened: %s; nothing is kept beyond this run", why);
}

static int make(struct ph_theatre *theatre)
{
    const struct ph_theatre_options *options = &theatre->options;
    struct ph_loops_options loops = {
        .n = options->n_loops, .name = "app", .log = options->log, .clock = options->clock};
    int err = ph_random_fill(&theatre->seed, sizeof theatre->seed);
    if (!err)
        err = ph_random_fill(&theatre->incarnation, sizeof theatre->incarnation);
    if (!err)
        open_store(theatre);
    if (!err)
        err = ph_loops_create(&loops, &theatre->loops);
    if (err)
        return err;
    theatre->instances = calloc(options->apps->n + 1, sizeof(struct ph_instance *));
    theatre->plugins = calloc(options->apps->n + 1, sizeof(struct ph_plugin *));
    if (!theatre->instances || !theatre->plugins)
        return -ENOMEM;
    ph_list_for_each(node, &options->apps->list)
    {
        const struct ph_application *application = ph_list_entry(node, struct ph_application, link);
        if (application->settings.enabled)
            err = add_instance(theatre, application);
        if (err)
            return err;
    }
    return 0;
}

int ph_theatre_create(const struct ph_theatre_options *options, struct ph_theatre **theatre)
{
    struct ph_theatre *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->options = *options;
    made->log = options->log;
    int err = make(made);
    if (err) {
        ph_theatre_destroy(made);
        return err;
    }
    *theatre = made;
    return 0;
}

/* What was saved is there before anybody comes. */
static void recall(struct ph_instance *instance)
{
    unsigned waiting = 0;
    ph_keep_recall(instance, &waiting);
    while (waiting)
        ph_loop_turn(instance->loop, true);
}

int ph_theatre_start(struct ph_theatre *theatre)
{
    for (size_t i = 0; i < theatre->n; i++)
        recall(theatre->instances[i]);
    for (size_t i = 0; i < theatre->n; i++)
        ph_instance_load(theatre->instances[i]);
    return ph_loops_start(theatre->loops);
}

void ph_theatre_drain(struct ph_theatre *theatre)
{
    for (size_t i = 0; i < theatre->n; i++)
        ph_instance_drain(theatre->instances[i]);
}

void ph_theatre_save(struct ph_theatre *theatre)
{
    for (size_t i = 0; theatre && i < theatre->n; i++)
        ph_instance_save(theatre->instances[i]);
}

void ph_theatre_destroy(struct ph_theatre *theatre)
{
    if (!theatre)
        return;
    if (theatre->loops)
        ph_loops_stop(theatre->loops);
    for (size_t i = 0; i < theatre->n; i++)
        while (theatre->instances[i]->n_jobs)
            ph_loop_turn(theatre->instances[i]->loop, true);
    ph_store_close(theatre->store);
    theatre->store = NULL;
    if (theatre->loops)
        ph_loops_settle(theatre->loops); /* its last answers */
    for (size_t i = 0; i < theatre->n; i++)
        ph_instance_destroy(theatre->instances[i]);
    ph_loops_settle(theatre->options.workers); /* the last letters come back */
    if (theatre->loops)
        ph_loops_destroy(theatre->loops);
    for (size_t i = 0; i < theatre->n_plugins; i++)
        ph_plugin_close(theatre->plugins[i]);
    free(theatre->plugins);
    free(theatre->instances);
    free(theatre);
}

void ph_theatre_set_router(struct ph_theatre *theatre, const struct ph_router *router) { theatre->router = *router; }

uint64_t ph_theatre_wall_ms(const struct ph_theatre *theatre)
{
    const struct ph_clock *clock = theatre->options.clock;
    return (uint64_t)(ph_clock_wall_us(clock ? clock : &ph_clock_system) / 1000);
}

struct ph_instance *ph_theatre_find(const struct ph_theatre *theatre, const struct ph_application *application)
{
    for (size_t i = 0; i < theatre->n; i++)
        if (theatre->instances[i]->application == application)
            return theatre->instances[i];
    return NULL;
}

void ph_theatre_tell_metrics(const struct ph_theatre *theatre,
                             void (*tell)(void *user, const char *app, const struct ph_metric *metric), void *user)
{
    for (size_t i = 0; i < theatre->n; i++) {
        struct ph_metrics *metrics = &theatre->instances[i]->metrics;
        size_t n = atomic_load_explicit(&metrics->n, memory_order_acquire);
        for (size_t k = 0; k < n; k++)
            tell(user, theatre->instances[i]->app.name, &metrics->metric[k]);
    }
}
