/* SPDX-License-Identifier: MIT */
#include "ops/command_line.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "ops/config.h"

static const struct {
    const char *word, *letter;
    const char *value; /* its name in the help; NULL: it takes none */
    enum ph_command command;
    const char *help;
} words[] = {
    {"--config", "-c", "FILE", PH_COMMAND_SERVE, "Read options from FILE."},
    {"--set", NULL, "OPTION=VALUE", PH_COMMAND_SERVE, "Set one option; stronger than file and environment."},
    {"--state", NULL, "DIR", PH_COMMAND_SERVE, "Where the publish key is kept; else $XDG_STATE_HOME/playhouse."},
    {"--check-config", NULL, NULL, PH_COMMAND_CHECK_CONFIG, "Check the options and end."},
    {"--sample-config", NULL, NULL, PH_COMMAND_SAMPLE_CONFIG, "Print a file with every option."},
    {"--help", "-h", NULL, PH_COMMAND_HELP, "Print this."},
    {"--openapi", NULL, NULL, PH_COMMAND_OPENAPI, "Print docs/openapi.json, the API's description."},
    {"--help-markdown", NULL, NULL, PH_COMMAND_HELP_MARKDOWN, "Print docs/configuration.md."},
    {"--version", NULL, NULL, PH_COMMAND_VERSION, "Print the version."},
};

static int PH_PRINTF(2, 3) fail(char *error, const char *format, ...)
{
    struct ph_text text;
    va_list values;
    ph_text_init(&text, error, PH_SETTINGS_ERROR);
    va_start(values, format);
    ph_text_add_v(&text, format, values);
    va_end(values);
    return -EINVAL;
}

/* The row of `word`; its value in "--state=DIR" goes to `value`. */
static size_t find(const char *word, const char **value)
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    *value = equals ? equals + 1 : NULL;
    for (size_t i = 0; i < PH_COUNT(words); i++) {
        if (strlen(words[i].word) == length && memcmp(words[i].word, word, length) == 0)
            return i;
        if (words[i].letter && strcmp(words[i].letter, word) == 0)
            return i;
    }
    return PH_COUNT(words);
}

static int take_value(struct ph_command_line *line, size_t row, const char *value, char *error)
{
    if (strcmp(words[row].word, "--config") == 0) {
        line->config = value;
    } else if (strcmp(words[row].word, "--state") == 0) {
        line->state = value;
    } else if (line->n_sets == PH_COMMAND_LINE_SETS) {
        return fail(error, "--set: at most %d times; use a file", PH_COMMAND_LINE_SETS);
    } else {
        line->sets[line->n_sets++] = value;
    }
    return 0;
}

int ph_command_line_parse(int argc, const char *const *argv, struct ph_command_line *line, char *error)
{
    struct ph_command_line parsed = {.command = PH_COMMAND_SERVE};
    for (int i = 1; i < argc; i++) {
        const char *value;
        size_t row = find(argv[i], &value);
        if (i == 1 && strcmp(argv[i], "serve") == 0)
            continue;
        if (row == PH_COUNT(words))
            return fail(error, "%s: not known; playhouse --help lists what there is", argv[i]);
        if (!words[row].value && value)
            return fail(error, "%s: takes no value", words[row].word);
        if (!words[row].value) {
            parsed.command = words[row].command;
            continue;
        }
        if (!value && i + 1 < argc)
            value = argv[++i];
        if (!value)
            return fail(error, "%s: %s is missing behind it", words[row].word, words[row].value);
        int err = take_value(&parsed, row, value, error);
        if (err)
            return err;
    }
    *line = parsed;
    return 0;
}

int ph_command_line_settings(const struct ph_command_line *line, const char *const *environment,
                             struct ph_settings *settings, char *error)
{
    int err = ph_settings_init(settings);
    if (err) {
        (void)fail(error, "out of memory");
        return err;
    }
    if (line->config)
        err = ph_config_read(settings, line->config, error);
    if (!err)
        err = ph_settings_environment(settings, environment, error);
    for (size_t i = 0; i < line->n_sets && !err; i++)
        err = ph_settings_assign(settings, line->sets[i], error);
    if (!err)
        err = ph_settings_check(settings, error);
    if (err)
        ph_settings_finish(settings);
    return err;
}

void ph_help_print(FILE *out)
{
    fputs("playhouse: a media and application server.\n\n  playhouse [serve] [options]\n"
          "  playhouse call rtmp://HOST[:PORT]/APP[/ROOM] METHOD [JSON...]\n"
          "  playhouse play rtmp://HOST[:PORT]/APP/STREAM -o FILE.flv\n"
          "  playhouse probe rtmp://HOST[:PORT]/APP/STREAM [--seconds N]\n"
          "  playhouse publish FILE.flv rtmp://HOST[:PORT]/APP/STREAM[?key=KEY] [--loop]\n"
          "  playhouse relay rtmp://HOST[:PORT]/APP/STREAM rtmp://HOST[:PORT]/APP/STREAM\n"
          "  playhouse so rtmp://HOST[:PORT]/APP[/ROOM] NAME [--count N] [--set SLOT=JSON]... [--persistent]\n\n",
          out);
    for (size_t i = 0; i < PH_COUNT(words); i++) {
        char left[64];
        struct ph_text text;
        ph_text_init(&text, left, sizeof left);
        ph_text_add(&text, "%s%s%s%s%s", words[i].letter ? words[i].letter : "", words[i].letter ? ", " : "",
                    words[i].word, words[i].value ? " " : "", words[i].value ? words[i].value : "");
        fprintf(out, "  %-30s %s\n", left, words[i].help);
    }
    fputs("\nOptions, for --set OPTION=VALUE, for PLAYHOUSE_OPTION=VALUE (with __ for the dot) and for the file:\n\n",
          out);
    ph_options_print_help(&ph_settings_options, out);
    fprintf(out, "  %-30s %s\n", "auth.publish_keys.NAME", "A key that opens the stream NAME only.");
    ph_options_print_help(&ph_listen_options, out);
    ph_options_print_help(&ph_app_options, out);
    ph_options_print_help(&ph_push_options, out);
    ph_options_print_help(&ph_pull_options, out);
}

/* `options { NAME = TEXT }` of one type. */
static void print_own(const struct ph_app_type *type, FILE *out)
{
    if (!type->n_options)
        return;
    fprintf(out, "\n### Options of the type `%s`\n\n`app NAME { type = %s  options { ... } }`\n\n", type->name,
            type->name);
    fputs("| option | default | meaning |\n|---|---|---|\n", out);
    for (size_t i = 0; i < type->n_options; i++) {
        const struct ph_app_option *option = &type->options[i];
        const char *quote = option->initial[0] ? "`" : "";
        fprintf(out, "| `%s` | %s%s%s | %s |\n", option->name, quote, option->initial, quote, option->help);
    }
}

void ph_manual_print(FILE *out, const struct ph_app_type *const *types, size_t n_types)
{
    fputs("# Configuration\n\n"
          "This page is printed by `playhouse --help-markdown`; a test compares the two.\n\n"
          "Playhouse runs without any configuration. Options come, later ones winning, from\n\n"
          "1. the defaults below,\n"
          "2. a file: `playhouse -c site.conf` (`playhouse --sample-config` prints one to start from),\n"
          "3. the environment: `PLAYHOUSE_LOG__LEVEL=debug`, with `__` for the dot,\n"
          "4. the command line: `--set log.level=debug`.\n\n"
          "`SIGHUP` reads file and publish keys again. What can change while the server runs is taken over at once: "
          "`log.level`, `auth.publish` and the keys, including `publish.key` in the state directory; one log line says "
          "so, and names what waits for a restart. Who is connected stays, and a publisher goes on whatever becomes of "
          "its key. After a mistake nothing is changed.\n\n"
          "A mistake is told in one line with its place and remedy, and the exit status is 2; `--check-config` only "
          "checks.\n\n"
          "```\n"
          "log { level = debug }\n"
          "listen media { address = \"[::]:1935\" }\n"
          "auth { publish_keys { cam = \"a-key-of-this-stream\" } }\n"
          "app live { latency = 100  linger = \"30 s\" }\n"
          "```\n\n"
          "## Server\n\n",
          out);
    ph_options_print_markdown(&ph_settings_options, out);
    fputs("\n## Publish keys\n\n"
          "The server's key opens every stream. It is made at the first start, kept in `publish.key` in the state "
          "directory (mode 0600) and shown in the start banner; write another one there to change it. "
          "`auth.publish_keys.NAME = KEY` adds a key that opens one stream only; NAME is the stream's name, or its "
          "path such as `live/cam`. Keys have at least 8 characters: letters, digits and `. _ ~ -`.\n\n"
          "An encoder shows its key as `?key=...` behind the stream name or the server's URL. One with fields for user "
          "and "
          "password may use these: any user name, the key as password, and `?login` behind the server's URL, as in "
          "`rtmp://HOST/live?login`.\n\n"
          "## Listeners\n\n",
          out);
    ph_options_print_markdown(&ph_listen_options, out);
    fputs("\n## Applications\n\n", out);
    ph_options_print_markdown(&ph_app_options, out);
    for (size_t i = 0; i < n_types; i++)
        print_own(types[i], out);
    fputs("\n## Relays\n\n[relay.md](relay.md) shows what they are for.\n\n### Push\n\n", out);
    ph_options_print_markdown(&ph_push_options, out);
    fputs("\n### Pull\n\n", out);
    ph_options_print_markdown(&ph_pull_options, out);
}
