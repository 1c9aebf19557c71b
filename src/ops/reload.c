/* SPDX-License-Identifier: MIT */
#include "ops/reload.h"

#include <string.h>

enum { SHOWN = 8192 }; /* the longest text an option takes */

static bool is_same(const struct ph_option *row, const void *one, const void *other)
{
    char a[SHOWN], b[SHOWN];
    ph_option_show(row, one, a, sizeof a);
    ph_option_show(row, other, b, sizeof b);
    return strcmp(a, b) == 0;
}

static bool are_same(const struct ph_option_table *table, const void *one, const void *other)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (!is_same(&table->rows[i], one, other))
            return false;
    return true;
}

static void add(struct ph_text *names, bool *any, const char *group, const char *name)
{
    ph_text_add(names, "%s%s%s%s", *any ? ", " : "", group, *group ? "." : "", name);
    *any = true;
}

static const struct ph_listen_entry *find_listen(const struct ph_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_listens; i++)
        if (strcmp(settings->listens[i].name, name) == 0)
            return &settings->listens[i];
    return NULL;
}

static const struct ph_app_entry *find_app(const struct ph_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_apps; i++)
        if (strcmp(settings->apps[i].name, name) == 0)
            return &settings->apps[i];
    return NULL;
}

static const struct ph_relay_entry *find_relay(const struct ph_settings *settings, const struct ph_relay_entry *wanted)
{
    for (size_t i = 0; i < settings->n_relays; i++)
        if (settings->relays[i].kind == wanted->kind && strcmp(settings->relays[i].name, wanted->name) == 0)
            return &settings->relays[i];
    return NULL;
}

/* Those of `one` that are not in `other`, or, if `changed` is wanted too, that differ there. */
static void compare_groups(const struct ph_settings *one, const struct ph_settings *other, bool changed,
                           struct ph_text *names, bool *any)
{
    for (size_t i = 0; i < one->n_listens; i++) {
        const struct ph_listen_entry *entry = &one->listens[i], *found = find_listen(other, entry->name);
        if (!found || (changed && !are_same(&ph_listen_options, &entry->settings, &found->settings)))
            add(names, any, "listen", entry->name);
    }
    for (size_t i = 0; i < one->n_apps; i++) {
        const struct ph_app_entry *entry = &one->apps[i], *found = find_app(other, entry->name);
        if (!found || (changed && !are_same(&ph_app_options, &entry->settings, &found->settings)))
            add(names, any, "app", entry->name);
    }
    for (size_t i = 0; i < one->n_relays; i++) {
        const struct ph_relay_entry *entry = &one->relays[i], *found = find_relay(other, entry);
        bool is_push = entry->kind == PH_RELAY_PUSH;
        const struct ph_option_table *table = is_push ? &ph_push_options : &ph_pull_options;
        if (!found || (changed && !are_same(table, &entry->settings, &found->settings)))
            add(names, any, is_push ? "push" : "pull", entry->name);
    }
}

bool ph_reload_waits(const struct ph_settings *now, const struct ph_settings *wanted, struct ph_text *names)
{
    bool any = false;
    for (size_t i = 0; i < ph_settings_options.n_rows; i++) {
        const struct ph_option *row = &ph_settings_options.rows[i];
        if (!row->live && !is_same(row, &now->server, &wanted->server))
            add(names, &any, "", row->name);
    }
    compare_groups(now, wanted, true, names, &any);
    compare_groups(wanted, now, false, names, &any);
    return any;
}
