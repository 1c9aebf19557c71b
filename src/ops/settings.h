/* SPDX-License-Identifier: MIT */
/**
 * @file  Settings: what the server runs with, gathered from defaults, a file, the environment and the command line.
 *
 * Everything has a path: `log.level`, `listen.media.address`, `app.live.latency`, `auth.publish_keys.cam`. All sources
 * end in ph_settings_set(); later ones win: default, file, environment, --set.
 *
 * Owner   The caller; all texts are on the heap.
 * Thread  Filled on one thread; then read on any.
 * Limits  PH_SETTINGS_LISTENS listeners, PH_APPS_MAX applications, PH_LIMIT_RELAY_RULES pushes
 *         and pulls, PH_ACCESS_KEYS_MAX keys.
 * Since   0.1
 */
#ifndef PH_OPS_SETTINGS_H
#define PH_OPS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/access.h"
#include "app/app.h"
#include "base/attr.h"
#include "base/limits.h"
#include "base/option.h"
#include "gate/relay/relay.h"

enum {
    PH_SETTINGS_LISTENS = 16,
    PH_SETTINGS_NAME = PH_LIMIT_NAME_BYTES + 1,
    PH_SETTINGS_SECRET_MIN = 8, /**< shorter publish keys are guessed */
    PH_SETTINGS_ERROR = 512,    /**< bytes that an error text needs at most */
};

#define PH_SETTINGS_LOCAL "127.0.0.1:8080" /**< where console and API are unless somebody says otherwise */

enum ph_log_format { PH_LOG_TEXT, PH_LOG_JSON };
enum ph_listen_tls { PH_TLS_OFFERED, PH_TLS_REQUIRED, PH_TLS_OFF };
enum ph_login_mode { PH_LOGIN_URL, PH_LOGIN_ALWAYS, PH_LOGIN_OFF };

/** The fields of ph_settings_options. */
struct ph_server_settings {
    int64_t workers;   /**< 0: one per core */
    int64_t app_loops; /**< threads for applications */
    char *cors;        /**< whose pages may read streams by HTTP */
    bool log_http;     /**< each HTTP request is a line of the log */
    char *pages;       /**< folder of the pages; "": as built */
    char *certificate; /**< files of certificates: "a.pem, b.pem"; "": no TLS */
    char *authorities; /**< file of certificates that are believed besides the system's; "" */
    bool relay_inside; /**< relays by request may lead to private addresses */
    char *cluster_url, *cluster_node, *cluster_address, *cluster_parent; /**< url "": it works alone */
    char *cluster_secret_file;
    char *key;      /**< of their keys, in the same order; "": in the same files */
    char *origins;  /**< whose pages may open WebSockets, besides those of this host */
    int log_level;  /**< enum ph_log_level */
    int log_format; /**< enum ph_log_format */
    int publish;    /**< enum ph_access_mode */
    int login;      /**< enum ph_login_mode */
    int64_t connections, connections_per_source, connections_per_source_new, connection_rate;
    int64_t handshake_ms, connect_ms, ping_ms, pong_ms, first_media_ms, publisher_idle_ms, drain_ms;
    int64_t message_bytes;
    int64_t memory_bytes; /**< 0: PH_LIMIT_MEMORY_PERCENT of what there is */
};

/** The fields of ph_listen_options. */
struct ph_listen_settings {
    char *address; /**< empty: closed */
    int tls;       /**< enum ph_listen_tls */
};

struct ph_listen_entry {
    char name[PH_SETTINGS_NAME];
    struct ph_listen_settings settings;
};

struct ph_app_entry {
    char name[PH_SETTINGS_NAME];
    struct ph_app_settings settings;
};

/** `push NAME { }` or `pull NAME { }` */
struct ph_relay_entry {
    char name[PH_SETTINGS_NAME];
    enum ph_relay_kind kind;
    struct ph_relay_settings settings;
};

struct ph_settings {
    struct ph_server_settings server;
    char *folder; /**< of the file that was read last; NULL: none was */
    struct ph_listen_entry listens[PH_SETTINGS_LISTENS];
    size_t n_listens;
    struct ph_app_entry *apps;
    size_t n_apps;
    struct ph_relay_entry *relays;
    size_t n_relays;
    struct ph_access_key *keys;
    size_t n_keys;
};

extern const struct ph_option_table ph_settings_options; /**< everything outside groups */
extern const struct ph_option_table ph_listen_options;   /**< `listen NAME { ... }` */

/** The defaults: listeners media and local, application live. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_settings_init(struct ph_settings *settings);

void ph_settings_finish(struct ph_settings *settings);

/**
 * Set one option.
 *
 * path   "log.level", "app.live.latency"; a group that is not there yet is added with its defaults
 * error  out on failure, PH_SETTINGS_ERROR bytes: `app.live.latency: "fast" is not a time; use auto, or ...`
 *
 * Returns 0; -EINVAL; -ENOSPC; -ENOMEM.
 */
PH_MUST_USE int ph_settings_set(struct ph_settings *settings, const char *path, const char *text, char *error);

/** Add `app NAME`, `listen NAME`, `push NAME` or `pull NAME` with its defaults if it is not there. As
 * ph_settings_set(). */
PH_MUST_USE int ph_settings_add(struct ph_settings *settings, const char *group, const char *name, char *error);

/** What no single option can tell: whether they fit together. As ph_settings_set(). */
PH_MUST_USE int ph_settings_check(const struct ph_settings *settings, char *error);

/** Forget the built-in applications: a file brings its own. */
void ph_settings_clear_apps(struct ph_settings *settings);

/** "a.b=c", as --set takes it. */
PH_MUST_USE int ph_settings_assign(struct ph_settings *settings, const char *assignment, char *error);

/** Every PLAYHOUSE_A__B=c of `environment` (as environ); "__" stands for the dot, case does not matter. */
PH_MUST_USE int ph_settings_environment(struct ph_settings *settings, const char *const *environment, char *error);

#endif
