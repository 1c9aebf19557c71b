/* SPDX-License-Identifier: MIT */
#include "app/options.h"

#include <errno.h>
#include <string.h>

#include "app/app.h"
#include "app/instance.h"
#include "app/theatre.h"
#include "base/text.h"

static const struct ph_app_option *find(const struct ph_app_type *type, const char *name)
{
    for (size_t i = 0; i < type->n_options; i++)
        if (strcmp(type->options[i].name, name) == 0)
            return &type->options[i];
    return NULL;
}

static bool is_boolean(const char *text, bool *value)
{
    static const char *const words[] = {"off", "false", "no", "on", "true", "yes"};
    for (size_t i = 0; i < PH_COUNT(words); i++)
        if (strcmp(words[i], text) == 0) {
            *value = i >= 3;
            return true;
        }
    return false;
}

/* What `text` should be; NULL: it is. */
static const char *fault(const struct ph_app_option *option, const char *text)
{
    double number;
    bool boolean;
    if (option->kind == PH_NUMBER_OPTION && ph_text_double(text, &number))
        return "a number";
    if (option->kind == PH_BOOLEAN_OPTION && !is_boolean(text, &boolean))
        return "on or off";
    return NULL;
}

int ph_own_options_check(const struct ph_app_settings *settings, const struct ph_app_type *type,
                         char error[PH_OWN_OPTIONS_ERROR])
{
    struct ph_text out;
    ph_text_init(&out, error, PH_OWN_OPTIONS_ERROR);
    if (type->flags & PH_TYPE_FREE_OPTIONS)
        return 0;
    for (size_t i = 0; i < settings->n_own; i++) {
        const struct ph_app_own_option *own = &settings->own[i];
        const struct ph_app_option *option = find(type, own->name);
        const char *wanted = option ? fault(option, own->text) : NULL;
        if (option && !wanted)
            continue;
        ph_text_add(&out, "options.%s: ", own->name);
        if (wanted)
            ph_text_add(&out, "\"%s\" is not %s", own->text, wanted);
        else
            ph_text_add(&out, "the type %s has no such option; it has:", type->name);
        for (size_t j = 0; !wanted && j < type->n_options; j++)
            ph_text_add(&out, "%s %s", j ? "," : "", type->options[j].name);
        if (!wanted && !type->n_options)
            ph_text_add(&out, " none");
        return -EINVAL;
    }
    return 0;
}

/* What the configuration says, or the initial text of the type, or a field of the server's own table. */
static const char *text(struct ph_app *app, const char *name)
{
    const struct ph_instance *instance = ph_instance_of(app);
    const struct ph_app_settings *settings = &instance->application->settings;
    const struct ph_app_option *option = find(instance->type, name);
    const struct {
        const char *name, *text;
    } fields[] = {{"script", settings->script},
                  {"url", settings->url},
                  {"secrets", settings->secrets},
                  {"dev", settings->dev ? "on" : NULL}};
    const char *own = ph_app_own(settings, name);
    for (size_t i = 0; i < PH_COUNT(fields) && !own; i++)
        if (strcmp(fields[i].name, name) == 0 && fields[i].text && fields[i].text[0])
            own = fields[i].text;
    return own ? own : option ? option->initial : NULL;
}

static double number(struct ph_app *app, const char *name)
{
    const char *words = text(app, name);
    double value = 0;
    return words && ph_text_double(words, &value) == 0 ? value : 0;
}

static bool boolean(struct ph_app *app, const char *name)
{
    const char *words = text(app, name);
    bool value = false;
    return words && is_boolean(words, &value) && value;
}

static const char *path(struct ph_app *app, const char *file)
{
    struct ph_instance *instance = ph_instance_of(app);
    const char *folder = instance->theatre->options.folder;
    if (file[0] == '/' || !folder || !folder[0])
        return rtmp_arena_copy(&instance->scratch, file, strlen(file));
    size_t size = strlen(folder) + 1 + strlen(file) + 1;
    char *whole = rtmp_arena_take(&instance->scratch, size);
    struct ph_text out;
    if (!whole)
        return NULL;
    ph_text_init(&out, whole, size);
    ph_text_add(&out, "%s/%s", folder, file);
    return whole;
}

static bool next(struct ph_app *app, size_t index, const char **name, const char **value)
{
    const struct ph_app_settings *settings = &ph_instance_of(app)->application->settings;
    if (index >= settings->n_own)
        return false;
    *name = settings->own[index].name;
    *value = settings->own[index].text;
    return true;
}

const struct ph_app_options_service ph_host_options = {.version = 1,
                                                       .size = sizeof ph_host_options,
                                                       .text = text,
                                                       .number = number,
                                                       .boolean = boolean,
                                                       .path = path,
                                                       .at = next};
