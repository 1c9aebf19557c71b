/* SPDX-License-Identifier: MIT */
#include "ops/config.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { ROWS_MAX = 48, GROUPS_MAX = 12, GROUP_NAME = 32, FILE_MAX = 1024 * 1024 };

/* One reading of a file. */
struct load {
    cfg_value_t nowhere; /* where libconfuse puts the values: they are in `settings` already */
    struct ph_settings *settings;
    const char *file;
    char *error;
    int err;
    bool has_apps;
};

/* libconfuse's callbacks carry no pointer of ours: this is the reading that runs on this thread. */
static _Thread_local struct load *loading;

/* The first error counts: what follows it is its consequence. */
static void fail(int err, int line, const char *what)
{
    if (loading->err)
        return;
    loading->err = err;
    struct ph_text text;
    ph_text_init(&text, loading->error, PH_SETTINGS_ERROR);
    ph_text_add(&text, "%s:%d: %s", loading->file, line, what);
}

static void on_error(cfg_t *cfg, const char *format, va_list values)
{
    char what[PH_SETTINGS_ERROR / 2];
    struct ph_text text;
    bool is_unknown = strstr(format, "no such option");
    if (is_unknown && (strcmp(cfg->name, "publish_keys") == 0 || strcmp(cfg->name, "options") == 0))
        return; /* libconfuse complains about every key there, then takes it */
    ph_text_init(&text, what, sizeof what);
    ph_text_add_v(&text, format, values);
    if (is_unknown)
        ph_text_add(&text, "; playhouse --help lists them all");
    else
        ph_text_add(&text, "; playhouse --sample-config shows how a file looks");
    fail(-EINVAL, cfg->line, what);
}

/* The first application in a file replaces the built-in ones. */
static void enter(const cfg_t *section)
{
    if (strcmp(section->name, "app") == 0 && !loading->has_apps) {
        loading->has_apps = true;
        ph_settings_clear_apps(loading->settings);
    }
}

/* One value was read: `section` is the one it stands in, "root" at the top. */
static int on_value(cfg_t *section, cfg_opt_t *option, const char *value, void *result)
{
    char path[PH_SETTINGS_ERROR / 2], what[PH_SETTINGS_ERROR];
    struct ph_text text;
    ph_text_init(&text, path, sizeof path);
    enter(section);
    if (section->title)
        ph_text_add(&text, "%s.%s.", section->name, section->title);
    else if (strcmp(section->name, "root") != 0)
        ph_text_add(&text, "%s.", section->name);
    ph_text_add(&text, "%s", option->name);
    *(void **)result = NULL;
    int err = ph_settings_set(loading->settings, path, value, what);
    if (err)
        fail(err, section->line, what);
    return err;
}

/* `app NAME { }`, or another group, has ended, maybe without a value in it. */
static int on_group(cfg_t *cfg, cfg_opt_t *option)
{
    char what[PH_SETTINGS_ERROR];
    cfg_t *section = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
    enter(section);
    int err = ph_settings_add(loading->settings, option->name, section->title, what);
    if (err)
        fail(err, cfg->line, what);
    return err;
}

/* A section of free keys: each becomes the option `prefix`KEY. */
static int take_keys(cfg_t *cfg, cfg_opt_t *option, const char *prefix)
{
    cfg_t *section = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
    for (unsigned i = 0; i < cfg_num(section); i++) {
        cfg_opt_t *key = cfg_getnopt(section, i);
        char path[PH_SETTINGS_ERROR / 2], what[PH_SETTINGS_ERROR];
        struct ph_text text;
        ph_text_init(&text, path, sizeof path);
        ph_text_add(&text, "%s%s", prefix, key->name);
        const char *secret = cfg_opt_getstr(key);
        int err = ph_settings_set(loading->settings, path, secret ? secret : "", what);
        if (err) {
            fail(err, cfg->line, what);
            return err;
        }
    }
    return 0;
}

static int on_keys(cfg_t *cfg, cfg_opt_t *option) { return take_keys(cfg, option, "auth.publish_keys."); }

/* `options { }` inside `app NAME { }`. */
static int on_own_options(cfg_t *cfg, cfg_opt_t *option)
{
    char prefix[PH_SETTINGS_ERROR / 4];
    struct ph_text text;
    enter(cfg);
    ph_text_init(&text, prefix, sizeof prefix);
    ph_text_add(&text, "app.%s.options.", cfg->title);
    return take_keys(cfg, option, prefix);
}

/* All options take texts: the tables of settings.h check them, in the same words wherever they come from. */
static void put_value(cfg_opt_t *option, const char *name)
{
    *option = (cfg_opt_t)CFG_PTR_CB((char *)(uintptr_t)name, NULL, CFGF_NODEFAULT, on_value, NULL);
    option->simple_value.ptr = (void **)&loading->nowhere;
}

static void put_rows(cfg_opt_t *options, const struct ph_option_table *table)
{
    size_t n = 0;
    for (; n < table->n_rows; n++)
        put_value(&options[n], table->rows[n].name);
    options[n] = (cfg_opt_t)CFG_END();
}

/* The syntax, made from the tables; libconfuse copies it. */
struct syntax {
    cfg_opt_t root[ROWS_MAX];
    cfg_opt_t groups[GROUPS_MAX][ROWS_MAX];
    char names[GROUPS_MAX][GROUP_NAME];
    size_t n_root, n_groups, n_in[GROUPS_MAX];
    cfg_opt_t listen[ROWS_MAX], app[ROWS_MAX], push[ROWS_MAX], pull[ROWS_MAX], keys[1];
};

/* "log.level" is the value `level` of the section `log`. */
static void put_grouped(struct syntax *syntax, const char *path, const char *dot)
{
    size_t length = (size_t)(dot - path), g = 0;
    while (g < syntax->n_groups && (strlen(syntax->names[g]) != length || memcmp(syntax->names[g], path, length) != 0))
        g++;
    if (g == syntax->n_groups) {
        memcpy(syntax->names[g], path, length);
        syntax->n_groups++;
    }
    put_value(&syntax->groups[g][syntax->n_in[g]++], dot + 1);
}

/* `name TITLE { options }`, as often as it comes. */
static void put_group(struct syntax *syntax, const char *name, cfg_opt_t *options)
{
    cfg_opt_t group = CFG_SEC((char *)(uintptr_t)name, options, CFGF_MULTI | CFGF_TITLE);
    group.validcb = on_group;
    syntax->root[syntax->n_root++] = group;
}

static void make_syntax(struct syntax *syntax)
{
    const struct ph_option_table *table = &ph_settings_options;
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *name = table->rows[i].name, *dot = strchr(name, '.');
        if (dot)
            put_grouped(syntax, name, dot);
        else
            put_value(&syntax->root[syntax->n_root++], name);
    }
    syntax->keys[0] = (cfg_opt_t)CFG_END();
    for (size_t g = 0; g < syntax->n_groups; g++) {
        cfg_opt_t *options = syntax->groups[g];
        if (strcmp(syntax->names[g], "auth") == 0) {
            options[syntax->n_in[g]] = (cfg_opt_t)CFG_SEC("publish_keys", syntax->keys, CFGF_KEYSTRVAL);
            options[syntax->n_in[g]++].validcb = on_keys;
        }
        options[syntax->n_in[g]] = (cfg_opt_t)CFG_END();
        syntax->root[syntax->n_root++] = (cfg_opt_t)CFG_SEC(syntax->names[g], options, CFGF_NONE);
    }
    put_rows(syntax->listen, &ph_listen_options);
    put_rows(syntax->app, &ph_app_options);
    put_rows(syntax->push, &ph_push_options);
    put_rows(syntax->pull, &ph_pull_options);
    syntax->app[ph_app_options.n_rows] = (cfg_opt_t)CFG_SEC("options", syntax->keys, CFGF_KEYSTRVAL);
    syntax->app[ph_app_options.n_rows].validcb = on_own_options;
    syntax->app[ph_app_options.n_rows + 1] = (cfg_opt_t)CFG_END();
    put_group(syntax, "listen", syntax->listen);
    put_group(syntax, "app", syntax->app);
    put_group(syntax, "push", syntax->push);
    put_group(syntax, "pull", syntax->pull);
    syntax->root[syntax->n_root] = (cfg_opt_t)CFG_END();
}

/* The whole file: libconfuse's scanner would end the process on a reading error. */
static int slurp(const char *name, char **text)
{
    FILE *in = fopen(name, "re");
    if (!in)
        return -errno;
    char *bytes = malloc(FILE_MAX + sizeof "\n}"); /* check_closed() adds a brace */
    size_t n = bytes ? fread(bytes, 1, FILE_MAX + 1, in) : 0;
    int err = !bytes ? -ENOMEM : ferror(in) ? -errno : n > FILE_MAX ? -EFBIG : memchr(bytes, '\0', n) ? -EILSEQ : 0;
    fclose(in);
    if (err) {
        free(bytes);
        return err;
    }
    bytes[n] = '\0';
    *text = bytes;
    return 0;
}

static int parse(const char *text, bool *accepted)
{
    struct syntax *syntax = calloc(1, sizeof *syntax);
    if (!syntax)
        return -ENOMEM;
    make_syntax(syntax);
    cfg_t *cfg = cfg_init(syntax->root, CFGF_NONE);
    if (cfg)
        cfg_set_error_function(cfg, on_error);
    *accepted = cfg && cfg_parse_buf(cfg, text) == CFG_SUCCESS;
    cfg_free(cfg);
    free(syntax);
    return cfg ? 0 : -ENOMEM;
}

/* libconfuse takes a file that ends inside a section. One more brace closes that section; behind a whole file it is an
 * error. */
static int check_closed(char *text, size_t length)
{
    bool is_open = false;
    int n_lines = 1;
    for (size_t i = 0; i + 1 < length; i++)
        n_lines += text[i] == '\n';
    memcpy(text + length, "\n}", sizeof "\n}");
    struct load *load = loading, again = *load;
    char error[PH_SETTINGS_ERROR];
    again.error = error;
    loading = &again;
    int err = parse(text, &is_open);
    loading = load;
    if (is_open)
        fail(-EINVAL, n_lines, "a section is not closed here; add a }");
    return err;
}

int ph_config_read(struct ph_settings *settings, const char *file, char *error)
{
    struct load load = {.settings = settings, .file = file, .error = error};
    char *text = NULL;
    bool accepted = false;
    int err = slurp(file, &text);
    const char *slash = strrchr(file, '/');
    free(settings->folder);
    settings->folder = slash ? strndup(file, (size_t)(slash - file)) : NULL;
    if (slash && !settings->folder)
        err = -ENOMEM;
    loading = &load;
    if (!err)
        err = parse(text, &accepted);
    if (!err && accepted)
        err = check_closed(text, strlen(text));
    loading = NULL;
    free(text);
    if (load.err)
        return load.err;
    if (!err && !accepted)
        err = -EINVAL;
    if (err) {
        struct ph_text words;
        ph_text_init(&words, error, PH_SETTINGS_ERROR);
        ph_text_add(&words, "%s: cannot be read as configuration (%s); give another file with -c", file,
                    strerror(-err));
    }
    return err;
}

static void print_rows(const struct ph_option_table *table, FILE *out)
{
    const char *group = "";
    size_t group_length = 0;
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct ph_option *row = &table->rows[i];
        const char *dot = strchr(row->name, '.');
        size_t length = dot ? (size_t)(dot - row->name) : 0;
        if (length != group_length || memcmp(group, row->name, length) != 0) {
            fputs(group_length ? "# }\n\n" : "\n", out);
            if (length)
                fprintf(out, "# %.*s {\n", (int)length, row->name);
        }
        group = row->name;
        group_length = length;
        char takes[256];
        ph_option_describe(row, takes, sizeof takes);
        const char *indent = dot ? "    " : "";
        fprintf(out, "# %s# %s (%s)\n# %s%s = \"%s\"\n", indent, row->help, takes, indent, dot ? dot + 1 : row->name,
                row->initial);
    }
    fputs(group_length ? "# }\n\n" : "\n", out);
}

void ph_config_print_sample(FILE *out)
{
    fputs(
        "# Playhouse: every option with its default. Remove the first # of a line to change it.\n"
        "# The same options: PLAYHOUSE_LOG__LEVEL=debug in the environment, --set log.level=debug. Later wins: file,\n"
        "# environment, --set.\n\n",
        out);
    print_rows(&ph_settings_options, out);
    fputs("# Keys that open one stream each, beside the server's key, which opens all:\n"
          "# auth {\n#     publish_keys {\n#         cam = \"a-key-of-your-own\"\n#     }\n# }\n\n",
          out);
    ph_options_print_sample(&ph_listen_options, out);
    fputc('\n', out);
    ph_options_print_sample(&ph_app_options, out);
    fputc('\n', out);
    ph_options_print_sample(&ph_push_options, out);
    fputc('\n', out);
    ph_options_print_sample(&ph_pull_options, out);
}
