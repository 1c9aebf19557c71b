/* SPDX-License-Identifier: MIT */
#include "app/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const ph_app_type_names[] = {"live", "relay",   "echo",    "chat",   "lobby",
                                         "lua",  "jsonrpc", "webhook", "plugin", NULL};
static const char *const hls_names[] = {"false", "true", "always", NULL};
static const char *const start_names[] = {"cached", "next", NULL};

#define FIELD(name) offsetof(struct ph_app_settings, name)

static const struct ph_option rows[] = {
    {.name = "type",
     .type = PH_OPTION_ENUM,
     .initial = "live",
     .help = "What runs in it: live is publish and play; the others are described in docs/apps.md.",
     .offset = FIELD(type),
     .choices = ph_app_type_names},
    {.name = "enabled",
     .type = PH_OPTION_BOOL,
     .initial = "true",
     .help = "Whether clients may connect to it.",
     .offset = FIELD(enabled)},
    {.name = "latency",
     .type = PH_OPTION_AUTO_MS,
     .initial = "auto",
     .max = 1000,
     .help = "How long writes to viewers may be gathered: auto sends at once while the machine has time to spare.",
     .offset = FIELD(latency_ms)},
    {.name = "start",
     .type = PH_OPTION_ENUM,
     .initial = "cached",
     .help = "Where a viewer begins: cached at the last key frame, next at the one to come.",
     .offset = FIELD(start),
     .choices = start_names},
    {.name = "lag",
     .type = PH_OPTION_DURATION,
     .initial = "3 s",
     .min = 100,
     .max = 60000,
     .help = "A viewer further behind than this skips to a key frame.",
     .offset = FIELD(lag_ms)},
    {.name = "linger",
     .type = PH_OPTION_DURATION,
     .initial = "15 s",
     .max = 600000,
     .help = "A lost publisher may return within this time without its viewers being told.",
     .offset = FIELD(linger_ms)},
    {.name = "hls",
     .type = PH_OPTION_ENUM,
     .initial = "true",
     .help = "Streams may be played over HLS, at /APP/STREAM.m3u8: segments are made while somebody asks, or always, "
             "so that the first viewer does not wait for one.",
     .offset = FIELD(hls),
     .choices = hls_names},
    {.name = "remoting",
     .type = PH_OPTION_BOOL,
     .initial = "false",
     .help = "Calls by AMF over HTTP are taken, at /gateway/NAME: docs/remoting.md.",
     .offset = FIELD(remoting)},
    {.name = "takeover",
     .type = PH_OPTION_BOOL,
     .initial = "false",
     .help = "A second publisher takes a stream over at once; false asks the first whether it is alive.",
     .offset = FIELD(takeover)},
    {.name = "answer",
     .type = PH_OPTION_DURATION,
     .initial = "5 s",
     .min = 10,
     .max = 60000,
     .help = "A hook or call that is answered later must be answered within this time, or is refused.",
     .offset = FIELD(answer_ms)},
    {.name = "call_rate",
     .type = PH_OPTION_INT,
     .initial = "100",
     .min = 1,
     .max = 10000000,
     .unit = "calls per second",
     .help = "Of one client; those beyond it wait.",
     .offset = FIELD(call_rate)},
    {.name = "call_burst",
     .type = PH_OPTION_INT,
     .initial = "200",
     .min = 1,
     .max = 10000000,
     .unit = "calls",
     .help = "That one client may make at once.",
     .offset = FIELD(call_burst)},
    {.name = "fold_calls",
     .type = PH_OPTION_BOOL,
     .initial = "false",
     .help = "Names of methods are read in lower case.",
     .offset = FIELD(fold_calls)},
    {.name = "path",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Of type plugin: its file; relative to the folder of the configuration.",
     .offset = FIELD(path)},
    {.name = "script",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Of type lua: its file; relative to the folder of the configuration.",
     .offset = FIELD(script)},
    {.name = "url",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Of type jsonrpc: the backend, of type webhook: who is told; http://HOST/PATH, https://HOST/PATH or "
             "unix:/PATH/OF.SOCK:/PATH.",
     .offset = FIELD(url)},
    {.name = "token",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 128,
     .help = "Opens /api/v1/rpc for this application alone; empty: only the server's token does.",
     .offset = FIELD(token)},
    {.name = "secrets",
     .type = PH_OPTION_STRING,
     .initial = "",
     .max = 4096,
     .help = "Of types jsonrpc and webhook: requests are signed with these, whsec_A, whsec_B; requests to the API may "
             "be too.",
     .offset = FIELD(secrets)},
    {.name = "dev",
     .type = PH_OPTION_BOOL,
     .initial = "false",
     .help = "Of type lua: a changed script takes over at once, members stay.",
     .offset = FIELD(dev)},
};

const struct ph_option_table ph_app_options = {
    .section = "app",
    .help = "An application: rtmp://HOST/NAME. Sections in a file replace the built-in set, which is: live, relay, "
            "echo, chat and lobby, each of the type of its name.",
    .rows = rows,
    .n_rows = PH_COUNT(rows),
};

/* First parts of HTTP paths. */
static const char *const reserved[] = {"watch", "rtmp", "ws",  "gateway", "open",    "send",  "idle",
                                       "close", "fcs",  "api", "metrics", "healthz", "readyz"};

void ph_apps_init(struct ph_apps *apps)
{
    ph_list_init(&apps->list);
    apps->n = 0;
}

void ph_apps_finish(struct ph_apps *apps)
{
    for (struct ph_list *node; (node = ph_list_pop(&apps->list));)
        free(ph_list_entry(node, struct ph_application, link));
    apps->n = 0;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

const char *ph_app_name_fault(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || name[0] == '.')
        return "an application's name is not empty and does not begin with a dot; take another name";
    if (length > PH_LIMIT_NAME_BYTES)
        return "an application's name has at most 128 characters; take a shorter one";
    for (size_t i = 0; i < length; i++)
        if (!is_name_byte(name[i]))
            return "an application's name consists of A-Z a-z 0-9 . _ -; take another name";
    for (size_t i = 0; i < PH_COUNT(reserved); i++)
        if (strcmp(name, reserved[i]) == 0)
            return "this name is an HTTP route of the server; call the application otherwise";
    return NULL;
}

const char *ph_app_own(const struct ph_app_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_own; i++)
        if (strcmp(settings->own[i].name, name) == 0)
            return settings->own[i].text;
    return NULL;
}

int ph_app_set_own(struct ph_app_settings *settings, const char *name, const char *text)
{
    char *name_copy = strdup(name), *text_copy = strdup(text);
    struct ph_app_own_option *own = realloc(settings->own, (settings->n_own + 1) * sizeof *own);
    if (own)
        settings->own = own;
    if (!name_copy || !text_copy || !own || settings->n_own == PH_APP_OWN_MAX) {
        bool is_full = settings->n_own == PH_APP_OWN_MAX;
        free(name_copy);
        free(text_copy);
        return is_full ? -ENOSPC : -ENOMEM;
    }
    size_t i = 0;
    while (i < settings->n_own && strcmp(own[i].name, name) != 0)
        i++;
    if (i < settings->n_own) {
        free(own[i].name);
        free(own[i].text);
    } else {
        settings->n_own++;
    }
    own[i] = (struct ph_app_own_option){.name = name_copy, .text = text_copy};
    return 0;
}

int ph_app_settings_init(struct ph_app_settings *settings)
{
    *settings = (struct ph_app_settings){0};
    return ph_options_default(&ph_app_options, settings);
}

void ph_app_settings_finish(struct ph_app_settings *settings)
{
    for (size_t i = 0; i < settings->n_own; i++) {
        free(settings->own[i].name);
        free(settings->own[i].text);
    }
    free(settings->own);
    ph_options_finish(&ph_app_options, settings);
}

static struct ph_application *find(const struct ph_apps *apps, const char *name, size_t length)
{
    ph_list_for_each(node, &apps->list)
    {
        struct ph_application *app = ph_list_entry(node, struct ph_application, link);
        if (strlen(app->name) == length && memcmp(app->name, name, length) == 0)
            return app;
    }
    return NULL;
}

int ph_apps_add(struct ph_apps *apps, const char *name, const struct ph_app_settings *settings)
{
    if (ph_app_name_fault(name))
        return -EINVAL;
    if (find(apps, name, strlen(name)))
        return -EEXIST;
    if (apps->n == PH_APPS_MAX)
        return -ENOSPC;
    struct ph_application *app = calloc(1, sizeof *app);
    if (!app)
        return -ENOMEM;
    memcpy(app->name, name, strlen(name));
    app->settings = *settings;
    ph_list_append(&apps->list, &app->link);
    apps->n++;
    return 0;
}

const struct ph_application *ph_apps_find(const struct ph_apps *apps, const char *path, size_t length)
{
    const char *slash = memchr(path, '/', length);
    const struct ph_application *app = find(apps, path, slash ? (size_t)(slash - path) : length);
    return app && app->settings.enabled ? app : NULL;
}
