/* SPDX-License-Identifier: MIT */
#include "media/path.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/limits.h"

static const char default_instance[] = "_definst_";

/* A part is what lies between two "/". */
struct part {
    const char *at;
    size_t length;
};

static bool is_allowed(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

static bool is_default_instance(struct part part)
{
    return part.length == sizeof default_instance - 1 && !memcmp(part.at, default_instance, part.length);
}

static void trim_slashes(struct part *name)
{
    while (name->length && name->at[0] == '/') {
        name->at++;
        name->length--;
    }
    while (name->length && name->at[name->length - 1] == '/')
        name->length--;
}

static const char *check_part(struct part part)
{
    if (part.length == 0)
        return "leave no part between two slashes empty";
    if (part.at[0] == '.')
        return "let no part begin with a dot";
    for (size_t i = 0; i < part.length; i++)
        if (!is_allowed(part.at[i]))
            return "use only letters, digits, dot, underscore and hyphen";
    return NULL;
}

/* Add the parts of one name to `path`; returns what is wrong with it, or NULL. */
static const char *add_name(struct ph_path *path, size_t *n_parts, struct part name)
{
    while (name.length) {
        const char *slash = memchr(name.at, '/', name.length);
        struct part part = {name.at, slash ? (size_t)(slash - name.at) : name.length};
        size_t used = part.length + (slash != NULL);
        name.at += used;
        name.length -= used;
        const char *wrong = check_part(part);
        if (wrong)
            return wrong;
        if (is_default_instance(part))
            continue;
        if (++*n_parts > PH_LIMIT_NAME_PARTS)
            return "use at most 8 parts";
        if (path->length)
            path->text[path->length++] = '/';
        memcpy(path->text + path->length, part.at, part.length);
        path->length += part.length;
    }
    return NULL;
}

int ph_path_join(const char *app, size_t app_length, const char *name, size_t name_length, struct ph_path *path,
                 const char **why)
{
    struct part names[] = {{app, app_length}, {name, name_length}};
    struct ph_path joined = {.length = 0};
    size_t n_parts = 0;
    for (int i = 0; i < 2; i++) {
        const char *wrong = NULL;
        trim_slashes(&names[i]);
        size_t before = joined.length;
        if (names[i].length > PH_LIMIT_NAME_BYTES)
            wrong = "use at most 128 bytes for each name";
        else
            wrong = add_name(&joined, &n_parts, names[i]);
        if (!wrong && joined.length == before)
            wrong = i == 0 ? "name the application" : "name the stream";
        if (wrong) {
            *why = wrong;
            return -EINVAL;
        }
    }
    joined.text[joined.length] = '\0';
    *path = joined;
    return 0;
}
