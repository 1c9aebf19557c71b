/* SPDX-License-Identifier: MIT */
/**
 * @file  Applications: what a client connects to, by the first part of the path it names.
 *
 * `live` and `live/room` both belong to the application `live`. The registry is filled before connections come and does
 * not change while they do.
 *
 * Owner   The registry owns its applications; whoever holds a pointer to one holds the registry.
 * Thread  Filled on one thread; then read on any.
 * Limits  PH_APPS_MAX applications.
 * Since   0.1
 */
#ifndef PH_APP_APP_H
#define PH_APP_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/option.h"

enum { PH_APPS_MAX = 256 };

enum ph_app_hls { PH_APP_HLS_OFF, PH_APP_HLS_ASKED, PH_APP_HLS_ALWAYS }; /**< when segments are made */

enum ph_app_start {
    PH_APP_START_CACHED, /**< a viewer begins at the last key frame: picture at once */
    PH_APP_START_NEXT,   /**< at the next one: least delay */
};

/** An option that the type of an application, or its script, knows: `options { NAME = TEXT }`. */
struct ph_app_own_option {
    char *name, *text;
};

/** The fields of ph_app_options, and the application's own. */
struct ph_app_settings {
    int type; /**< what runs in it: ph_app_type_names[type] */
    bool enabled;
    int64_t latency_ms;            /**< PH_OPTION_AUTO, or how long writes to viewers may be gathered */
    int start;                     /**< enum ph_app_start */
    int64_t lag_ms;                /**< a viewer further behind skips */
    int64_t linger_ms;             /**< a lost publisher may return unnoticed */
    int hls;                       /**< enum ph_app_hls */
    bool remoting;                 /**< calls by AMF over HTTP are taken */
    bool takeover;                 /**< a second publisher takes the stream over without asking the first */
    int64_t answer_ms;             /**< for a hook that decides later */
    int64_t call_rate, call_burst; /**< of one member, per second and at once */
    char *path;                    /**< plugin: the file to load; "" */
    char *script;                  /**< lua: the file to run; "" */
    char *url;                     /**< jsonrpc: the backend; "" */
    char *token;                   /**< of the API, for this application alone; "" */
    char *secrets;                 /**< jsonrpc: "whsec_…, whsec_…"; "" */
    bool dev;                      /**< lua: a changed file is loaded at once */
    struct ph_app_own_option *own; /**< `n_own` of them */
    size_t n_own;
    bool fold_calls; /**< names of methods in lower case, as FMSPy had it */
};

extern const char *const ph_app_type_names[]; /**< "live", "echo" …; ends with NULL */

extern const struct ph_option_table ph_app_options; /**< `app NAME { ... }` */

enum { PH_APP_OWN_MAX = 64 };

/** The defaults. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_app_settings_init(struct ph_app_settings *settings);

/** Set one of its own options. Returns 0; -ENOSPC PH_APP_OWN_MAX; -ENOMEM. */
PH_MUST_USE int ph_app_set_own(struct ph_app_settings *settings, const char *name, const char *text);

/** The text of one of its own options; NULL: not set. */
const char *ph_app_own(const struct ph_app_settings *settings, const char *name);

/** Free all that the settings hold. */
void ph_app_settings_finish(struct ph_app_settings *settings);

struct ph_application {
    char name[PH_LIMIT_NAME_BYTES + 1];
    struct ph_app_settings settings;
    struct ph_list link; /**< private */
};

struct ph_apps {
    struct ph_list list; /**< list of struct ph_application::link, in the order in which they were added */
    size_t n;
};

void ph_apps_init(struct ph_apps *apps);

/** Frees the applications. */
void ph_apps_finish(struct ph_apps *apps);

/**
 * NULL when an application may be called `name`; else a phrase that says what is wrong and how to mend it. Letters,
 * digits, "_", "-" and "."; no leading dot; none of the names that HTTP routes use.
 */
const char *ph_app_name_fault(const char *name);

/** Add an application; what `settings` points at is lent. Returns 0; -EINVAL its name may not be used; -EEXIST; -ENOSPC
 * PH_APPS_MAX; -ENOMEM. */
PH_MUST_USE int ph_apps_add(struct ph_apps *apps, const char *name, const struct ph_app_settings *settings);

/** The enabled application that `path` ("live", "live/room", not terminated) belongs to; NULL: there is none. */
const struct ph_application *ph_apps_find(const struct ph_apps *apps, const char *path, size_t length);

#endif
