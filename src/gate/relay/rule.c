/* SPDX-License-Identifier: MIT */
#include "gate/relay/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char placeholder[] = "{stream}";

/* Making one */

static int say(char *fault, const char *format, const char *what, const char *why)
{
    struct ph_text text;
    ph_text_init(&text, fault, PH_RELAY_FAULT);
    ph_text_add(&text, format, what, why);
    return -EINVAL;
}

/* "live/cam", "live/" with is_tree for "live/" and a star, "" for a star alone */
static int read_stream(struct rule *rule, const char *stream, char *fault)
{
    struct ph_path path;
    const char *why = "it is empty", *slash = strrchr(stream, '/');
    size_t length = strlen(stream);
    rule->is_tree = length > 0 && stream[length - 1] == '*' && (length == 1 || stream[length - 2] == '/');
    rule->stream = strndup(stream, rule->is_tree ? length - 1 : length);
    if (!rule->stream)
        return -ENOMEM;
    if (rule->is_tree)
        return 0;
    if (!slash || ph_path_join(stream, (size_t)(slash - stream), slash + 1, strlen(slash + 1), &path, &why))
        return say(fault, "stream: \"%s\" is no stream: %s; write live/cam, or live/* for all of an application",
                   stream, slash ? why : "the application is missing");
    free(rule->stream);
    rule->stream = strdup(path.text);
    return rule->stream ? 0 : -ENOMEM;
}

static int add_url(struct rule *rule, const char *text, size_t length, const char *option, char *fault)
{
    char made[PH_RELAY_FAULT];
    struct rtmp_url *url = malloc(sizeof *url);
    const char *why = "";
    char *copy = strndup(text, length);
    int err = url && copy ? 0 : -ENOMEM;
    if (!err && rule->n_urls == PH_RELAY_URLS)
        err = say(fault, "%s: there are too many addresses%s; name at most 8", option, "");
    if (!err && rtmp_url_parse(copy, RTMP_URL_OF_STREAM, url, &why)) {
        struct ph_text words;
        ph_text_init(&words, made, sizeof made);
        ph_text_add(&words, "the URL %s", why);
        err = say(fault, "%s: %s; write rtmp://HOST/APP/STREAM, where {stream} stands for the name here", option, made);
    }
    free(url);
    if (err) {
        free(copy);
        return err;
    }
    rule->urls[rule->n_urls++] = copy;
    return 0;
}

static int read_urls(struct rule *rule, const char *text, char *fault)
{
    const char *option = rule->kind == PH_RELAY_PUSH ? "to" : "from";
    int err = 0;
    while (!err) {
        const char *end = rule->kind == PH_RELAY_PULL ? strchr(text, ',') : NULL;
        size_t length = end ? (size_t)(end - text) : strlen(text);
        while (length && text[0] == ' ') {
            text++;
            length--;
        }
        while (length && text[length - 1] == ' ')
            length--;
        err = add_url(rule, text, length, option, fault);
        if (!end)
            break;
        text = end + 1;
    }
    return err;
}

static void destroy(struct rule *rule)
{
    for (size_t i = 0; i < rule->n_urls; i++) {
        explicit_bzero(rule->urls[i], strlen(rule->urls[i]));
        free(rule->urls[i]);
    }
    free(rule->stream);
    free(rule);
}

static int read_rule(struct rule *rule, const struct ph_relay_settings *settings, char *fault)
{
    int err = read_stream(rule, settings->stream, fault);
    err = err ? err : read_urls(rule, settings->url, fault);
    if (!err && rule->is_tree && rule->is_always)
        return say(fault, "always: %s%s", "a pattern names no stream that could be fetched",
                   "; name one, or leave it to the viewers");
    for (size_t i = 0; i < rule->n_urls && !err; i++)
        if (rule->is_tree && !strstr(rule->urls[i], placeholder))
            err = say(fault, "%s: every stream of %s would have the same name there; write {stream} where it belongs",
                      rule->kind == PH_RELAY_PUSH ? "to" : "from", settings->stream);
    return err;
}

int rule_create(const char *name, enum ph_relay_kind kind, const struct ph_relay_settings *settings,
                enum rule_origin origin, struct rule **created, char *fault)
{
    struct rule *rule = calloc(1, sizeof *rule);
    if (!rule)
        return -ENOMEM;
    ph_ref_init(&rule->ref);
    ph_text_copy(rule->name, sizeof rule->name, name);
    rule->kind = kind;
    rule->is_always = kind == PH_RELAY_PULL && settings->always;
    rule->origin = origin;
    rule->idle_ms = (uint32_t)settings->idle_ms;
    int err = read_rule(rule, settings, fault);
    if (err)
        destroy(rule);
    else
        *created = rule;
    return err;
}

void rule_unref(struct rule *rule)
{
    if (rule && ph_ref_drop(&rule->ref))
        destroy(rule);
}

/* Asking it */

bool rule_is_for(const struct rule *rule, const struct ph_path *path)
{
    size_t length = strlen(rule->stream);
    return rule->is_tree ? path->length > length && memcmp(path->text, rule->stream, length) == 0
                         : strcmp(path->text, rule->stream) == 0;
}

bool rule_path(const struct rule *rule, struct ph_path *path)
{
    const char *slash = strrchr(rule->stream, '/'), *why;
    return !rule->is_tree &&
           ph_path_join(rule->stream, (size_t)(slash - rule->stream), slash + 1, strlen(slash + 1), path, &why) == 0;
}

/* What `*` matched, or what follows the application. */
static const char *name_of(const struct rule *rule, const struct ph_path *path)
{
    if (rule->is_tree && rule->stream[0])
        return path->text + strlen(rule->stream);
    const char *slash = strchr(path->text, '/');
    return slash && !rule->is_tree ? slash + 1 : path->text;
}

/* False: it does not fit. */
static bool fill_in(char *field, size_t cap, const char *name)
{
    char made[RTMP_URL_MAX];
    struct ph_text text;
    ph_text_init(&text, made, sizeof made);
    const char *from = field;
    for (const char *at; (at = strstr(from, placeholder)); from = at + sizeof placeholder - 1) {
        ph_text_add_bytes(&text, from, (size_t)(at - from));
        ph_text_add(&text, "%s", name);
    }
    ph_text_add(&text, "%s", from);
    if (text.cut || text.length >= cap)
        return false;
    memcpy(field, made, text.length + 1);
    return true;
}

int rule_url(const struct rule *rule, size_t i, const struct ph_path *path, struct rtmp_url *url)
{
    const char *why, *name = name_of(rule, path);
    if (rtmp_url_parse(rule->urls[i], RTMP_URL_OF_STREAM, url, &why))
        return -EINVAL;
    bool fits = fill_in(url->app, sizeof url->app, name) && fill_in(url->stream, sizeof url->stream, name) &&
                fill_in(url->tc_url, sizeof url->tc_url, name);
    return fits ? 0 : -EINVAL;
}
