/* SPDX-License-Identifier: MIT */
#include "app/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/host.h"
#include "base/text.h"

static int fail(char *error, const char *format, ...) PH_PRINTF(2, 3);

static int fail(char *error, const char *format, ...)
{
    struct ph_text text;
    va_list values;
    va_start(values, format);
    ph_text_init(&text, error, PH_PLUGIN_ERROR);
    ph_text_add_v(&text, format, values);
    va_end(values);
    return -EINVAL;
}

/* dlsym() gives a pointer to an object; POSIX says that it is one to the function. */
static ph_entry_fn entry_of(void *library)
{
    ph_entry_fn entry = NULL;
    void *symbol = dlsym(library, PLAYHOUSE_ENTRY);
    memcpy(&entry, &symbol, sizeof entry);
    return entry;
}

static int take_type(struct ph_plugin *plugin, const struct ph_app_type *type, char *error)
{
    static const size_t least = offsetof(struct ph_app_type, about);
    if (!type)
        return fail(error, "does not want to run in this server (interface %d.%d)", PLAYHOUSE_ABI_MAJOR,
                    PLAYHOUSE_ABI_MINOR);
    if (type->abi_major != PLAYHOUSE_ABI_MAJOR)
        return fail(error, "was made for interface %u.%u, this server has %d.%d; build it with this server's headers",
                    type->abi_major, type->abi_minor, PLAYHOUSE_ABI_MAJOR, PLAYHOUSE_ABI_MINOR);
    if (type->size < least || type->size > 64 * sizeof *type)
        return fail(error, "says that its type has %u bytes; set .size = sizeof of it", type->size);
    memcpy(&plugin->type, type, type->size < sizeof *type ? type->size : sizeof *type);
    if (!plugin->type.name || !plugin->type.name[0])
        return fail(error, "has a type without a name; set .name");
    return 0;
}

static int open_library(struct ph_plugin *plugin, const char *file, char *error)
{
    plugin->library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->library)
        return fail(error, "cannot be loaded: %s", dlerror());
    ph_entry_fn entry = entry_of(plugin->library);
    if (!entry)
        return fail(error, "is no plugin: it does not export %s()", PLAYHOUSE_ENTRY);
    return take_type(plugin, entry(&ph_host_tables), error);
}

int ph_plugin_open(const char *file, struct ph_plugin **plugin, char *error)
{
    struct ph_plugin *made = calloc(1, sizeof *made);
    if (!made) {
        (void)fail(error, "cannot be loaded: out of memory");
        return -ENOMEM;
    }
    int err = open_library(made, file, error);
    if (err) {
        ph_plugin_close(made);
        return err;
    }
    *plugin = made;
    return 0;
}

void ph_plugin_close(struct ph_plugin *plugin)
{
    if (!plugin)
        return;
    if (plugin->library)
        dlclose(plugin->library);
    free(plugin);
}
