/* SPDX-License-Identifier: MIT */
#include "ops/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rtmpwire/url.h>

#include "base/log.h"
#include "base/text.h"
#include "net/address.h"

static const char *const level_names[] = {"error", "warning", "info", "debug", NULL};
static const char *const format_names[] = {"text", "json", NULL};
static const char *const publish_names[] = {"key", "open", NULL};
static const char *const tls_names[] = {"offered", "required", "off", NULL};
static const char *const login_names[] = {"url", "always", "off", NULL};

#define FIELD(name) offsetof(struct ph_server_settings, name)

/* Where another machine could call: a host, and a port or TLS. */
static const char *reachable_fault(const char *text)
{
    const char *why, *scheme = strstr(text, "://") ? "" : "rtmp://";
    char whole[512];
    struct ph_text out;
    struct rtmp_url *url = malloc(sizeof *url);
    if (!text[0] || !url) {
        free(url);
        return NULL;
    }
    ph_text_init(&out, whole, sizeof whole);
    ph_text_add(&out, "%s%s/x", scheme, text);
    bool is_one = rtmp_url_parse(whole, RTMP_URL_OF_APP, url, &why) == 0 && strcmp(url->app, "x") == 0 &&
                  strcmp(url->host, "0.0.0.0") != 0 && strcmp(url->host, "::") != 0;
    free(url);
    return is_one ? NULL : "no address that others can call; write 10.0.0.1:1935, or rtmps://HOST";
}

static const struct ph_option server_rows[] = {
    {.name = "workers",
     .type = PH_OPTION_INT,
     .initial = "0",
     .max = 256,
     .unit = "threads",
     .help = "Threads that carry media; 0 is one per core.",
     .offset = FIELD(workers)},
    {.name = "app_loops",
     .type = PH_OPTION_INT,
     .initial = "1",
     .min = 1,
     .max = 64,
     .unit = "threads",
     .help = "Threads that run applications: each application has one of them.",
     .offset = FIELD(app_loops)},
    {.name = "log.level",
     .type = PH_OPTION_ENUM,
     .initial = "info",
     .help = "What is logged: this and everything graver.",
     .offset = FIELD(log_level),
     .live = true,
     .choices = level_names},
    {.name = "log.format",
     .type = PH_OPTION_ENUM,
     .initial = "text",
     .help = "One line per event, for people or for programs.",
     .offset = FIELD(log_format),
     .choices = format_names},
    {.name = "auth.publish",
     .type = PH_OPTION_ENUM,
     .initial = "key",
     .help = "Who may publish: who shows a key, or everybody.",
     .offset = FIELD(publish),
     .live = true,
     .choices = publish_names},
    {.name = "auth.login",
     .type = PH_OPTION_ENUM,
     .initial = "url",
     .help = "When encoders are asked for user and password: when the server's URL ends in ?login; always, if the "
             "URL shows no key (keys in stream names then fail); or never.",
     .offset = FIELD(login),
     .choices = login_names},
    {.name = "http.pages",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Folder of the pages; empty: where they were installed, or the source folder's.",
     .offset = FIELD(pages)},
    {.name = "http.log",
     .type = PH_OPTION_BOOL,
     .initial = "false",
     .help = "A line in the log for each request: method, path without query, status, bytes, time.",
     .offset = FIELD(log_http)},
    {.name = "http.origins",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Whose pages may open WebSockets, besides those of this host: https://game.example, or * for all.",
     .offset = FIELD(origins)},
    {.name = "http.cors",
     .type = PH_OPTION_STRING,
     .initial = "*",
     .max = 256,
     .help = "Whose pages may read streams by HTTP: * for all, one origin, or empty for those of this host alone.",
     .offset = FIELD(cors)},
    {.name = "tls.certificate",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Certificates for TLS, in PEM: a.pem, b.pem; the first is shown where no name fits. Empty: no TLS.",
     .offset = FIELD(certificate),
     .live = true},
    {.name = "tls.key",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Files of their keys, in the same order; empty: they lie in the certificates' files.",
     .offset = FIELD(key),
     .live = true},
    {.name = "tls.authorities",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Whom to believe when streams are relayed over rtmps, besides the system's authorities: a file in PEM.",
     .offset = FIELD(authorities)},
    {.name = "relay.inside",
     .type = PH_OPTION_BOOL,
     .initial = "false",
     .help = "Whether relays that are asked for by the API may lead to private addresses.",
     .offset = FIELD(relay_inside)},
    {.name = "cluster.url",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 1000,
     .help = "The Redis or Valkey that several servers share, so that they behave as one: "
             "redis[s]://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]; empty: this server works alone.",
     .offset = FIELD(cluster_url)},
    {.name = "cluster.node",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 64,
     .help = "What this server is called among them; empty: the machine's name.",
     .offset = FIELD(cluster_node)},
    {.name = "cluster.address",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 250,
     .help = "Where the others reach its port for media: 10.0.0.1:1935, or rtmps://HOST[:PORT].",
     .offset = FIELD(cluster_address),
     .fault = reachable_fault},
    {.name = "cluster.parent",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 250,
     .help = "The address of another one to fetch streams through, so that they come once to each place; empty: "
             "straight from where they are published.",
     .offset = FIELD(cluster_parent),
     .fault = reachable_fault},
    {.name = "cluster.secret_file",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "File with the secret that they share; all their keys are made of it.",
     .offset = FIELD(cluster_secret_file)},
    {.name = "limits.connections",
     .type = PH_OPTION_INT,
     .initial = "0",
     .max = 1000000,
     .unit = "connections",
     .help = "At once; 0 is what the descriptor limit leaves.",
     .offset = FIELD(connections)},
    {.name = "limits.connections_per_source",
     .type = PH_OPTION_INT,
     .initial = "512",
     .min = 1,
     .max = 1000000,
     .unit = "connections",
     .help = "Of one IPv4 address or IPv6 /64 at once.",
     .offset = FIELD(connections_per_source)},
    {.name = "limits.connections_per_source_new",
     .type = PH_OPTION_INT,
     .initial = "32",
     .min = 1,
     .max = 1000000,
     .unit = "connections",
     .help = "Of them, those that have not connected to an application yet.",
     .offset = FIELD(connections_per_source_new)},
    {.name = "limits.connection_rate",
     .type = PH_OPTION_INT,
     .initial = "100",
     .min = 1,
     .max = 1000000,
     .unit = "connections",
     .help = "New ones of one source per second; twice as many at once.",
     .offset = FIELD(connection_rate)},
    {.name = "limits.handshake",
     .type = PH_OPTION_DURATION,
     .initial = "5 s",
     .min = 100,
     .max = 60000,
     .help = "From accept to the end of the RTMP handshake.",
     .offset = FIELD(handshake_ms)},
    {.name = "limits.connect",
     .type = PH_OPTION_DURATION,
     .initial = "10 s",
     .min = 100,
     .max = 60000,
     .help = "From accept to the connect command.",
     .offset = FIELD(connect_ms)},
    {.name = "limits.ping",
     .type = PH_OPTION_DURATION,
     .initial = "30 s",
     .min = 1000,
     .max = 3600000,
     .help = "A client silent for so long is asked whether it is alive.",
     .offset = FIELD(ping_ms)},
    {.name = "limits.pong",
     .type = PH_OPTION_DURATION,
     .initial = "30 s",
     .min = 1000,
     .max = 3600000,
     .help = "Time to answer that.",
     .offset = FIELD(pong_ms)},
    {.name = "limits.first_media",
     .type = PH_OPTION_DURATION,
     .initial = "20 s",
     .min = 1000,
     .max = 3600000,
     .help = "From publish to the first media.",
     .offset = FIELD(first_media_ms)},
    {.name = "limits.publisher_idle",
     .type = PH_OPTION_DURATION,
     .initial = "15 s",
     .min = 1000,
     .max = 3600000,
     .help = "A publisher that sends no media for so long is closed.",
     .offset = FIELD(publisher_idle_ms)},
    {.name = "limits.drain",
     .type = PH_OPTION_DURATION,
     .initial = "5 s",
     .max = 600000,
     .help = "At SIGTERM: time for clients to read the notice before they are cut off.",
     .offset = FIELD(drain_ms)},
    {.name = "limits.message",
     .type = PH_OPTION_SIZE,
     .initial = "8 MiB",
     .min = 64 * PH_KIB,
     .max = 0xFFFFFF,
     .help = "Longest audio or video message.",
     .offset = FIELD(message_bytes)},
    {.name = "limits.memory",
     .type = PH_OPTION_SIZE,
     .initial = "0",
     .max = INT64_C(1) << 50,
     .help =
         "What the server may use: beyond 90 % of it nobody is let in; 0 is 75 % of what the machine or its control "
         "group has.",
     .offset = FIELD(memory_bytes)},
};

const struct ph_option_table ph_settings_options = {.rows = server_rows, .n_rows = PH_COUNT(server_rows)};

static const struct ph_option listen_rows[] = {
    {.name = "address",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 300,
     .help = "Where to listen, such as [::]:1935, 127.0.0.1:1936 or :1935; empty keeps it closed.",
     .offset = offsetof(struct ph_listen_settings, address),
     .fault = ph_address_fault},
    {.name = "tls",
     .type = PH_OPTION_ENUM,
     .initial = "offered",
     .help =
         "TLS on the same port: offered to those who begin with it, where there is a certificate; required; or off.",
     .offset = offsetof(struct ph_listen_settings, tls),
     .choices = tls_names},
};

const struct ph_option_table ph_listen_options = {
    .section = "listen",
    .help = "A port. media ([::]:1935) carries everything for clients; local (" PH_SETTINGS_LOCAL
            ") the same, and console, "
            "API and metrics for operators.",
    .rows = listen_rows,
    .n_rows = PH_COUNT(listen_rows),
};

static int fail(char *error, int code, const char *path, const char *what)
{
    struct ph_text text;
    ph_text_init(&text, error, PH_SETTINGS_ERROR);
    ph_text_add_escaped(&text, path, strlen(path));
    ph_text_add(&text, ": %s", what);
    return code;
}

static int fail_memory(char *error, const char *path) { return fail(error, -ENOMEM, path, "out of memory"); }

static int apply(const struct ph_option_table *table, void *fields, const char *path, const char *name,
                 const char *value, char *error)
{
    const struct ph_option *row = ph_option_find(table, name);
    if (!row)
        return fail(error, -EINVAL, path, "there is no such option; playhouse --help lists them all");
    char what[PH_SETTINGS_ERROR / 2];
    int err = ph_option_apply(row, fields, value, what, sizeof what);
    return err ? fail(error, err, path, what) : 0;
}

static int add_listen(struct ph_settings *settings, const char *name, const char *path, char *error,
                      struct ph_listen_settings **found)
{
    for (size_t i = 0; i < settings->n_listens; i++)
        if (strcmp(settings->listens[i].name, name) == 0) {
            *found = &settings->listens[i].settings;
            return 0;
        }
    if (settings->n_listens == PH_SETTINGS_LISTENS)
        return fail(error, -ENOSPC, path, "there are at most 16 listeners; remove one");
    struct ph_listen_entry *entry = &settings->listens[settings->n_listens];
    if (ph_options_default(&ph_listen_options, &entry->settings))
        return fail_memory(error, path);
    memcpy(entry->name, name, strlen(name) + 1);
    settings->n_listens++;
    *found = &entry->settings;
    return 0;
}

static int add_app(struct ph_settings *settings, const char *name, const char *path, char *error,
                   struct ph_app_settings **found)
{
    for (size_t i = 0; i < settings->n_apps; i++)
        if (strcmp(settings->apps[i].name, name) == 0) {
            *found = &settings->apps[i].settings;
            return 0;
        }
    const char *fault = ph_app_name_fault(name);
    if (fault)
        return fail(error, -EINVAL, path, fault);
    if (settings->n_apps == PH_APPS_MAX)
        return fail(error, -ENOSPC, path, "there are at most 256 applications; remove one");
    struct ph_app_entry *apps = realloc(settings->apps, (settings->n_apps + 1) * sizeof *apps);
    if (!apps)
        return fail_memory(error, path);
    settings->apps = apps;
    struct ph_app_entry *entry = &apps[settings->n_apps];
    if (ph_app_settings_init(&entry->settings))
        return fail_memory(error, path);
    memcpy(entry->name, name, strlen(name) + 1);
    settings->n_apps++;
    *found = &entry->settings;
    return 0;
}

static int add_relay(struct ph_settings *settings, enum ph_relay_kind kind, const char *name, const char *path,
                     char *error, struct ph_relay_settings **found)
{
    for (size_t i = 0; i < settings->n_relays; i++)
        if (settings->relays[i].kind == kind && strcmp(settings->relays[i].name, name) == 0) {
            *found = &settings->relays[i].settings;
            return 0;
        }
    if (settings->n_relays == PH_LIMIT_RELAY_RULES)
        return fail(error, -ENOSPC, path, "there are at most 256 pushes and pulls; remove one, or write live/*");
    struct ph_relay_entry *relays = realloc(settings->relays, (settings->n_relays + 1) * sizeof *relays);
    if (!relays)
        return fail_memory(error, path);
    settings->relays = relays;
    struct ph_relay_entry *entry = &relays[settings->n_relays];
    *entry = (struct ph_relay_entry){.kind = kind};
    if (ph_options_default(kind == PH_RELAY_PUSH ? &ph_push_options : &ph_pull_options, &entry->settings))
        return fail_memory(error, path);
    memcpy(entry->name, name, strlen(name) + 1);
    settings->n_relays++;
    *found = &entry->settings;
    return 0;
}

static int set_key(struct ph_settings *settings, const char *name, const char *secret, const char *path, char *error)
{
    if (name[0] == '\0')
        return fail(error, -EINVAL, path, "a stream has no name here; write auth.publish_keys.NAME");
    if (strlen(secret) < PH_SETTINGS_SECRET_MIN)
        return fail(error, -EINVAL, path, "this key is too short; use at least 8 characters");
    if (strspn(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-") != strlen(secret))
        return fail(error, -EINVAL, path, "a key travels in URLs; use letters, digits and . _ ~ - only");
    char *copy = strdup(secret);
    if (!copy)
        return fail_memory(error, path);
    for (size_t i = 0; i < settings->n_keys; i++)
        if (strcmp(settings->keys[i].name, name) == 0) {
            free(settings->keys[i].secret);
            settings->keys[i].secret = copy;
            return 0;
        }
    struct ph_access_key *keys = realloc(settings->keys, (settings->n_keys + 1) * sizeof *keys);
    char *name_copy = strdup(name);
    if (keys)
        settings->keys = keys;
    if (!keys || !name_copy || settings->n_keys == PH_ACCESS_KEYS_MAX) {
        free(copy);
        free(name_copy);
        return keys && name_copy ? fail(error, -ENOSPC, path, "there are too many keys; use the server's key")
                                 : fail_memory(error, path);
    }
    keys[settings->n_keys++] = (struct ph_access_key){.name = name_copy, .secret = copy};
    return 0;
}

/* "app.game.options.speed": whether there is such an option, its type knows when it loads. */
static int set_own(struct ph_settings *settings, const char *path, const char *key, const char *value, char *error)
{
    static const size_t before = sizeof "app." - 1, between = sizeof ".options." - 1;
    char name[PH_SETTINGS_NAME];
    size_t length = (size_t)(key - path) - before - between;
    struct ph_app_settings *app;
    if (length >= sizeof name)
        return fail(error, -EINVAL, path, "this name is too long; use at most 128 characters");
    memcpy(name, path + before, length);
    name[length] = '\0';
    if (!key[0])
        return fail(error, -EINVAL, path, "an option is missing; write app.NAME.options.OPTION");
    int err = add_app(settings, name, path, error, &app);
    if (err)
        return err;
    err = ph_app_set_own(app, key, value);
    return err == -ENOSPC ? fail(error, err, path, "there are at most 64 options of this kind; remove one")
           : err          ? fail_memory(error, path)
                          : 0;
}

/* The groups: `NAME.OPTION` behind each of these belongs to one of several structs of settings. */
enum group { GROUP_APP, GROUP_LISTEN, GROUP_PUSH, GROUP_PULL, N_GROUPS };

static const struct {
    const char *name;
    const struct ph_option_table *table;
    const char *missing;
} groups[N_GROUPS] = {
    [GROUP_APP] = {"app", &ph_app_options, "an option is missing; write app.NAME.OPTION"},
    [GROUP_LISTEN] = {"listen", &ph_listen_options, "an option is missing; write listen.NAME.OPTION"},
    [GROUP_PUSH] = {"push", &ph_push_options, "an option is missing; write push.NAME.OPTION"},
    [GROUP_PULL] = {"pull", &ph_pull_options, "an option is missing; write pull.NAME.OPTION"},
};

static enum group group_of(const char *path)
{
    for (int i = 0; i < N_GROUPS; i++) {
        size_t length = strlen(groups[i].name);
        if (strncmp(path, groups[i].name, length) == 0 && (path[length] == '.' || path[length] == '\0'))
            return (enum group)i;
    }
    return N_GROUPS;
}

/* The fields of one of a group, made with their defaults if they are not there. */
static int add_member(struct ph_settings *settings, enum group group, const char *name, const char *path, char *error,
                      void **fields)
{
    struct ph_app_settings *app;
    struct ph_listen_settings *listen;
    struct ph_relay_settings *relay;
    int err;
    switch (group) {
    case GROUP_APP:
        err = add_app(settings, name, path, error, &app);
        *fields = err ? NULL : app;
        return err;
    case GROUP_LISTEN:
        err = add_listen(settings, name, path, error, &listen);
        *fields = err ? NULL : listen;
        return err;
    default:
        err = add_relay(settings, group == GROUP_PUSH ? PH_RELAY_PUSH : PH_RELAY_PULL, name, path, error, &relay);
        *fields = err ? NULL : relay;
        return err;
    }
}

/* "listen.media.address": the option is behind the last dot, names may hold dots. */
static int set_in_group(struct ph_settings *settings, enum group group, const char *path, const char *value,
                        char *error)
{
    const char *rest = path + strlen(groups[group].name);
    const char *dot = *rest ? strrchr(++rest, '.') : NULL;
    if (!dot || dot == rest)
        return fail(error, -EINVAL, path, groups[group].missing);
    char name[PH_SETTINGS_NAME];
    size_t length = (size_t)(dot - rest);
    if (length >= sizeof name)
        return fail(error, -EINVAL, path, "this name is too long; use at most 128 characters");
    memcpy(name, rest, length);
    name[length] = '\0';
    void *fields;
    int err = add_member(settings, group, name, path, error, &fields);
    return err ? err : apply(groups[group].table, fields, path, dot + 1, value, error);
}

int ph_settings_set(struct ph_settings *settings, const char *path, const char *text, char *error)
{
    static const char keys[] = "auth.publish_keys.";
    const char *own = strncmp(path, "app.", 4) == 0 ? strstr(path, ".options.") : NULL;
    if (own && own > path + 4)
        return set_own(settings, path, own + sizeof ".options." - 1, text, error);
    enum group group = group_of(path);
    if (group != N_GROUPS)
        return set_in_group(settings, group, path, text, error);
    if (strncmp(path, keys, sizeof keys - 1) == 0)
        return set_key(settings, path + sizeof keys - 1, text, path, error);
    return apply(&ph_settings_options, &settings->server, path, path, text, error);
}

int ph_settings_add(struct ph_settings *settings, const char *group, const char *name, char *error)
{
    void *fields;
    if (strlen(name) >= PH_SETTINGS_NAME)
        return fail(error, -EINVAL, group, "this name is too long; use at most 128 characters");
    return add_member(settings, group_of(group), name, name, error, &fields);
}

int ph_settings_check(const struct ph_settings *settings, char *error)
{
    const struct ph_server_settings *server = &settings->server;
    if (!server->cluster_url[0])
        return 0;
    if (!server->cluster_address[0])
        return fail(error, -EINVAL, "cluster.address",
                    "it is missing; say where the other servers reach this one, such as 10.0.0.1:1935");
    if (!server->cluster_secret_file[0])
        return fail(error, -EINVAL, "cluster.secret_file",
                    "it is missing; make it once, and copy it to all servers: "
                    "(umask 077; openssl rand -hex 32 > FILE)");
    return 0;
}

void ph_settings_clear_apps(struct ph_settings *settings)
{
    for (size_t i = 0; i < settings->n_apps; i++)
        ph_app_settings_finish(&settings->apps[i].settings);
    free(settings->apps);
    settings->apps = NULL;
    settings->n_apps = 0;
}

int ph_settings_assign(struct ph_settings *settings, const char *assignment, char *error)
{
    const char *equals = strchr(assignment, '=');
    char path[PH_SETTINGS_ERROR / 2];
    if (!equals || equals == assignment || (size_t)(equals - assignment) >= sizeof path)
        return fail(error, -EINVAL, assignment, "this is no OPTION=VALUE; write it as in log.level=debug");
    memcpy(path, assignment, (size_t)(equals - assignment));
    path[equals - assignment] = '\0';
    return ph_settings_set(settings, path, equals + 1, error);
}

int ph_settings_environment(struct ph_settings *settings, const char *const *environment, char *error)
{
    static const char prefix[] = "PLAYHOUSE_";
    for (; *environment; environment++) {
        if (strncmp(*environment, prefix, sizeof prefix - 1) != 0)
            continue;
        const char *name = *environment + sizeof prefix - 1;
        const char *equals = strchr(name, '=');
        char path[PH_SETTINGS_ERROR / 2];
        if (!equals || (size_t)(equals - name) >= sizeof path)
            continue;
        size_t n = 0;
        for (; name < equals; name++, n++) {
            bool is_dot = name[0] == '_' && name[1] == '_';
            path[n] = is_dot ? '.' : (char)tolower((unsigned char)*name);
            name += is_dot;
        }
        path[n] = '\0';
        char what[PH_SETTINGS_ERROR];
        int err = ph_settings_set(settings, path, equals + 1, what);
        if (err) {
            struct ph_text text;
            ph_text_init(&text, error, PH_SETTINGS_ERROR);
            ph_text_add(&text, "environment: %s", what);
            return err;
        }
    }
    return 0;
}

int ph_settings_init(struct ph_settings *settings)
{
    static const char *const initial[][2] = {{"listen.media.address", "[::]:1935"},
                                             {"listen.local.address", PH_SETTINGS_LOCAL},
                                             {"app.live.type", "live"},
                                             {"app.relay.type", "relay"},
                                             {"app.echo.type", "echo"},
                                             {"app.chat.type", "chat"},
                                             {"app.lobby.type", "lobby"}};
    *settings = (struct ph_settings){0};
    int err = ph_options_default(&ph_settings_options, &settings->server);
    for (size_t i = 0; i < PH_COUNT(initial) && !err; i++) {
        char error[PH_SETTINGS_ERROR];
        err = ph_settings_set(settings, initial[i][0], initial[i][1], error);
    }
    if (err)
        ph_settings_finish(settings);
    return err;
}

void ph_settings_finish(struct ph_settings *settings)
{
    ph_settings_clear_apps(settings);
    for (size_t i = 0; i < settings->n_listens; i++)
        ph_options_finish(&ph_listen_options, &settings->listens[i].settings);
    for (size_t i = 0; i < settings->n_keys; i++) {
        free(settings->keys[i].name);
        free(settings->keys[i].secret);
    }
    free(settings->keys);
    for (size_t i = 0; i < settings->n_relays; i++)
        ph_options_finish(settings->relays[i].kind == PH_RELAY_PUSH ? &ph_push_options : &ph_pull_options,
                          &settings->relays[i].settings);
    free(settings->relays);
    ph_options_finish(&ph_settings_options, &settings->server);
    free(settings->folder);
    *settings = (struct ph_settings){0};
}
