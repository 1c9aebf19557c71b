/* SPDX-License-Identifier: MIT */
/**
 * @file  The small host services: timers, streams, store, HTTP client, jobs, log, metrics, options.
 *
 * Thread  The instance's loop, but for the `work` of a job.
 * Since   0.2
 */
#ifndef PLAYHOUSE_SERVICES_H
#define PLAYHOUSE_SERVICES_H

#include <playhouse/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*ph_timer_fn)(struct ph_app *app, ph_timer_id timer, void *user);

struct ph_timers_service {
    uint32_t version, size;
    /** Fire after `after_ms`, then every `every_ms` unless that is 0. With a room it ends with the room. PH_E_LIMIT
     *  100 timers of a room, 1,000 of an instance; PH_E_GONE. */
    int (*start)(struct ph_app *app, ph_room_id room, uint32_t after_ms, uint32_t every_ms, ph_timer_fn fire,
                 void *user, ph_timer_id *timer);
    int (*stop)(struct ph_app *app, ph_timer_id timer);
    uint64_t (*now_ms)(struct ph_app *app);  /**< monotonic */
    uint64_t (*wall_ms)(struct ph_app *app); /**< since 1970 UTC */
};

struct ph_streams {
    uint32_t version, size;
    /** `done` gets an array of objects {path, since_ms, viewers} of the application's live streams, at most 1,000;
     *  since_ms: since 1970 UTC. */
    int (*list)(struct ph_app *app, ph_done_fn done, void *user);
    /** End a publisher by the path of its stream, "chat/room/name". `done` may be NULL, and hears PH_E_NOT_FOUND. */
    int (*stop)(struct ph_app *app, const char *path, const char *description, ph_done_fn done, void *user);
};

/** Records by key, of this application alone: keys of at most 255 bytes, values of 64 KiB, 64 MiB in all. */
struct ph_store_service {
    uint32_t version, size;
    int (*get)(struct ph_app *app, const char *key, ph_done_fn done, void *user); /**< PH_E_NOT_FOUND */
    int (*put)(struct ph_app *app, const char *key, const struct ph_value *value, ph_done_fn done, void *user);
    int (*remove)(struct ph_app *app, const char *key, ph_done_fn done, void *user);
    /** An array of {key, value}, in the order of keys; `after`: go on behind this key, NULL from the first. */
    int (*list)(struct ph_app *app, const char *prefix, const char *after, uint32_t most, ph_done_fn done, void *user);
};

struct ph_http_request {
    uint32_t size;              /**< set by the caller */
    const char *method;         /**< NULL: GET, or POST with a body */
    const char *url;            /**< http or https */
    const char *const *headers; /**< "Name: value", ended by NULL; NULL: none */
    const void *body;
    size_t body_length;
    uint32_t timeout_ms; /**< 0: 5 s */
    uint32_t reply_max;  /**< bytes; 0: 64 KiB; at most 1 MiB */
    /* Since interface 0.3. */
    uint32_t connect_timeout_ms; /**< 0: as long as timeout_ms */
    const char *unix_socket;     /**< connect to this path instead of the host of `url`; NULL: do not */
    const char *ca;              /**< a file of certificates in PEM that are trusted; NULL: those of the system */
    const char *certificate;     /**< shown to the server: files in PEM; NULL: none */
    const char *key;             /**< of the certificate */
};

struct ph_http {
    uint32_t version, size;
    /** `done` gets {status, headers {names in lower case}, body (bytes)}; or PH_E_TIMEOUT, PH_E_IO, PH_E_LIMIT the
     * reply is too long, with {sent: something of the request has left, description}. Redirections are not followed,
     * and nothing is sent twice. Returns PH_E_LIMIT 800 are in flight; PH_E_ARGUMENT the URL, a header with a line
     * break, or one that says how long the message is. */
    int (*request)(struct ph_app *app, const struct ph_http_request *request, ph_done_fn done, void *user);
};

struct ph_jobs {
    uint32_t version, size;
    /** Run `work` on another thread, where it may block and must not use the host; then `done` (value NULL) here. */
    int (*run)(struct ph_app *app, int (*work)(void *user), ph_done_fn done, void *user);
};

enum ph_app_log_level { PH_APP_LOG_ERROR, PH_APP_LOG_WARNING, PH_APP_LOG_INFO, PH_APP_LOG_DEBUG };

struct ph_app_log {
    uint32_t version, size;
    void (*write)(struct ph_app *app, enum ph_app_log_level level, const char *text);
};

/** Counters (add, by 0 or more) and gauges (set) of the application; made at their first use, at most 64. /metrics
 * shows them. Names are made of letters, digits, "_", "." and "-", at most 63; the log tells of those that are not
 * kept. */
struct ph_app_metrics {
    uint32_t version, size;
    void (*add)(struct ph_app *app, const char *name, double by);
    void (*set)(struct ph_app *app, const char *name, double to);
};

/** Options of the application's section, as its type declares them. */
struct ph_app_options_service {
    uint32_t version, size;
    const char *(*text)(struct ph_app *app, const char *name); /**< NULL: there is no such option */
    double (*number)(struct ph_app *app, const char *name);
    bool (*boolean)(struct ph_app *app, const char *name);
    /** Those that the configuration sets, one after the other from 0; false: that was the last. */
    bool (*at)(struct ph_app *app, size_t index, const char **name, const char **text);
    /** A file's name as the configuration means it: relative to the folder of its file. Lives as a built value. */
    const char *(*path)(struct ph_app *app, const char *file);
};

#ifdef __cplusplus
}
#endif
#endif
