/* SPDX-License-Identifier: MIT */
/**
 * @file  The theatre: every application with its instances, on loops of their own.
 *
 * Application code never runs on a media worker. The theatre is made before connections come; applications load when
 * its loops start, each reported by itself if it fails. It stops after the workers, so that every member leaves in
 * order.
 *
 * Owner   main; the theatre owns loops and instances.
 * Thread  Made and destroyed on one thread; functions marked [any] may be called anywhere.
 */
#ifndef PH_APP_THEATRE_H
#define PH_APP_THEATRE_H

#include <stddef.h>
#include <stdint.h>

#include <playhouse/app.h>

#include "app/router.h"
#include "base/attr.h"
#include "base/siphash.h"
#include "net/loop.h"

struct ph_application;
struct ph_apps;
struct ph_instance;
struct ph_log;
struct ph_media;
struct ph_metric;

struct ph_theatre_options {
    const struct ph_apps *apps;             /**< lent */
    const struct ph_app_type *const *types; /**< lent; `n_types`: the built-in ones */
    size_t n_types;
    unsigned n_loops;
    struct ph_loops *workers;     /**< lent; of the seats */
    struct ph_media *media;       /**< lent */
    struct ph_log *log;           /**< lent */
    uint32_t drain_ms;            /**< what clients and applications have before the server ends */
    const char *store;            /**< lent; the file of the store; NULL: nothing outlives the server */
    const char *folder;           /**< lent; of the configuration's file, for relative names; NULL: here */
    const struct ph_clock *clock; /**< lent; NULL is ph_clock_system */
};

struct ph_theatre {
    struct ph_theatre_options options;
    struct ph_log *log;
    struct ph_router router; /* take NULL: none */
    struct ph_hash_seed seed;
    uint32_t incarnation; /* at random: part of what names a session */
    struct ph_loops *loops;
    struct ph_store *store;         /* NULL: none */
    struct ph_instance **instances; /* `n` of them */
    struct ph_plugin **plugins;     /* `n_plugins` of them */
    size_t n, n_plugins;
};

/** Make loops and instances; nothing runs yet. Returns 0; a negative errno value. */
PH_MUST_USE int ph_theatre_create(const struct ph_theatre_options *options, struct ph_theatre **theatre);

/** Start the loops; the applications load. Returns 0; a negative errno value. */
PH_MUST_USE int ph_theatre_start(struct ph_theatre *theatre);

/** [any, once] Tell the applications that the server is about to stop. */
void ph_theatre_drain(struct ph_theatre *theatre);

/** [any, once] Before the workers stop: applications save what the next server is to have. NULL is fine. */
void ph_theatre_save(struct ph_theatre *theatre);

/** After the workers have stopped: end members, rooms, instances, loops. NULL is fine. */
void ph_theatre_destroy(struct ph_theatre *theatre);

/** [any] Milliseconds since 1970. */
uint64_t ph_theatre_wall_ms(const struct ph_theatre *theatre);

/** [any] Tell of each counter and gauge of each application. */
void ph_theatre_tell_metrics(const struct ph_theatre *theatre,
                             void (*tell)(void *user, const char *app, const struct ph_metric *metric), void *user);

/** [any] The instance of an application; NULL: the application has none, it is media alone. */
struct ph_instance *ph_theatre_find(const struct ph_theatre *theatre, const struct ph_application *application);

#endif
