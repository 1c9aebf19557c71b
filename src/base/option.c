/* SPDX-License-Identifier: MIT */
#include "base/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What a user wrote, before it reaches the struct. */
union value {
    char *string;
    bool flag;
    int64_t number;
    int choice;
    unsigned set;
};

const struct ph_option *ph_option_find(const struct ph_option_table *table, const char *name)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}

static void *field_of(const struct ph_option *row, void *settings) { return (char *)settings + row->offset; }

static const void *const_field_of(const struct ph_option *row, const void *settings)
{
    return (const char *)settings + row->offset;
}

static bool is_time(const struct ph_option *row)
{
    return row->type == PH_OPTION_DURATION || row->type == PH_OPTION_AUTO_MS;
}

static void add_number(struct ph_text *text, const struct ph_option *row, int64_t number)
{
    static const char *const size_units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    if (row->type == PH_OPTION_AUTO_MS && number == PH_OPTION_AUTO) {
        ph_text_add(text, "auto");
    } else if (is_time(row)) {
        bool whole = number != 0 && number % 1000 == 0;
        ph_text_add(text, "%" PRId64 " %s", whole ? number / 1000 : number, whole ? "s" : "ms");
    } else if (row->type == PH_OPTION_SIZE) {
        size_t unit = 0;
        for (; number != 0 && number % 1024 == 0 && unit + 1 < PH_COUNT(size_units); unit++)
            number /= 1024;
        ph_text_add(text, "%" PRId64 " %s", number, size_units[unit]);
    } else {
        ph_text_add(text, "%" PRId64, number);
    }
}

static void add_choices(struct ph_text *text, const struct ph_option *row, const char *last)
{
    for (size_t i = 0; row->choices[i]; i++)
        ph_text_add(text, "%s%s", i == 0 ? "" : row->choices[i + 1] ? ", " : last, row->choices[i]);
}

void ph_option_describe(const struct ph_option *row, char *text, size_t cap)
{
    struct ph_text out;
    ph_text_init(&out, text, cap);
    switch (row->type) {
    case PH_OPTION_STRING:
        ph_text_add(&out, "a text of at most %" PRId64 " bytes", row->max);
        return;
    case PH_OPTION_BOOL:
        ph_text_add(&out, "on or off");
        return;
    case PH_OPTION_ENUM:
        add_choices(&out, row, " or ");
        return;
    case PH_OPTION_SET:
        ph_text_add(&out, "any of ");
        add_choices(&out, row, ", ");
        return;
    case PH_OPTION_INT:
        ph_text_add(&out, row->unit ? "a number of %s, " : "%sa number, ", row->unit ? row->unit : "");
        break;
    case PH_OPTION_DURATION:
        ph_text_add(&out, "a time, ");
        break;
    case PH_OPTION_AUTO_MS:
        ph_text_add(&out, "auto, or a time, ");
        break;
    case PH_OPTION_SIZE:
        ph_text_add(&out, "a size, ");
        break;
    }
    add_number(&out, row, row->min);
    ph_text_add(&out, " to ");
    add_number(&out, row, row->max);
}

/* Writes `"fast" is not ` and leaves the rest to the caller. */
static void begin_error(struct ph_text *error, const char *text)
{
    enum { SHOWN = 40 };
    size_t length = strlen(text);
    ph_text_add(error, "\"");
    ph_text_add_escaped(error, text, length > SHOWN ? SHOWN : length);
    ph_text_add(error, length > SHOWN ? "...\" is " : "\" is ");
}

static int parse_number(const struct ph_option *row, const char *text, int64_t *number, struct ph_text *error)
{
    if (row->type == PH_OPTION_AUTO_MS && strcmp(text, "auto") == 0) {
        *number = PH_OPTION_AUTO;
        return 0;
    }
    uint64_t amount = 0;
    int err;
    if (row->type == PH_OPTION_INT)
        err = ph_text_i64(text, number);
    else
        err = row->type == PH_OPTION_SIZE ? ph_text_size(text, &amount) : ph_text_duration_ms(text, &amount);
    if (row->type != PH_OPTION_INT && !err) {
        if (amount > INT64_MAX)
            err = -ERANGE;
        *number = (int64_t)amount;
    }
    if (err == -EINVAL) {
        begin_error(error, text);
        ph_text_add(error, "%s",
                    row->type == PH_OPTION_INT       ? "not a whole number; use one such as "
                    : row->type == PH_OPTION_SIZE    ? "not a size; use bytes, or a size such as 64 KiB"
                    : row->type == PH_OPTION_AUTO_MS ? "not a time; use auto, or milliseconds such as 100"
                                                     : "not a time; use milliseconds, or a time such as 10 s");
        if (row->type == PH_OPTION_INT)
            add_number(error, row, row->min > 1 ? row->min : 1);
        return err;
    }
    if (err || *number < row->min || *number > row->max) {
        begin_error(error, text);
        ph_text_add(error, "out of range; use ");
        add_number(error, row, row->min);
        ph_text_add(error, " to ");
        add_number(error, row, row->max);
        return -EINVAL;
    }
    return 0;
}

/* The choice written in the `length` bytes at `word`, or -1. */
static int find_choice(const struct ph_option *row, const char *word, size_t length)
{
    for (int i = 0; row->choices[i]; i++)
        if (strlen(row->choices[i]) == length && memcmp(row->choices[i], word, length) == 0)
            return i;
    return -1;
}

static int parse_choice(const struct ph_option *row, const char *text, int *choice, struct ph_text *error)
{
    int found = find_choice(row, text, strlen(text));
    if (found < 0) {
        begin_error(error, text);
        ph_text_add(error, "not known here; use ");
        add_choices(error, row, " or ");
        return -EINVAL;
    }
    *choice = found;
    return 0;
}

static int parse_set(const struct ph_option *row, const char *text, unsigned *set, struct ph_text *error)
{
    unsigned bits = 0;
    for (const char *at = text + strspn(text, ", "); *at;) {
        size_t length = strcspn(at, ", ");
        int choice = find_choice(row, at, length);
        if (choice < 0) {
            char word[64];
            struct ph_text shown;
            ph_text_init(&shown, word, sizeof word);
            ph_text_add_bytes(&shown, at, length);
            begin_error(error, word);
            ph_text_add(error, "not known here; use any of ");
            add_choices(error, row, ", ");
            return -EINVAL;
        }
        bits |= 1u << choice;
        at += length;
        at += strspn(at, ", ");
    }
    *set = bits;
    return 0;
}

static int parse_string(const struct ph_option *row, const char *text, char **string, struct ph_text *error)
{
    size_t length = strlen(text);
    if ((int64_t)length < row->min || (int64_t)length > row->max) {
        begin_error(error, text);
        ph_text_add(error, "too %s; use %" PRId64 " to %" PRId64 " bytes",
                    (int64_t)length < row->min ? "short" : "long", row->min, row->max);
        return -EINVAL;
    }
    const char *fault = row->fault ? row->fault(text) : NULL;
    if (fault) {
        begin_error(error, text);
        ph_text_add(error, "%s", fault);
        return -EINVAL;
    }
    *string = strdup(text);
    if (*string)
        return 0;
    ph_text_add(error, "out of memory");
    return -ENOMEM;
}

static int parse(const struct ph_option *row, const char *text, union value *value, struct ph_text *error)
{
    switch (row->type) {
    case PH_OPTION_STRING:
        return parse_string(row, text, &value->string, error);
    case PH_OPTION_ENUM:
        return parse_choice(row, text, &value->choice, error);
    case PH_OPTION_SET:
        return parse_set(row, text, &value->set, error);
    case PH_OPTION_BOOL:
        if (ph_text_bool(text, &value->flag) == 0)
            return 0;
        begin_error(error, text);
        ph_text_add(error, "neither on nor off; use one of them");
        return -EINVAL;
    case PH_OPTION_INT:
    case PH_OPTION_DURATION:
    case PH_OPTION_SIZE:
    case PH_OPTION_AUTO_MS:
        break;
    }
    return parse_number(row, text, &value->number, error);
}

static void store(const struct ph_option *row, void *settings, const union value *value)
{
    void *field = field_of(row, settings);
    switch (row->type) {
    case PH_OPTION_STRING:
        *(char **)field = value->string;
        return;
    case PH_OPTION_BOOL:
        *(bool *)field = value->flag;
        return;
    case PH_OPTION_ENUM:
        *(int *)field = value->choice;
        return;
    case PH_OPTION_SET:
        *(unsigned *)field = value->set;
        return;
    case PH_OPTION_INT:
    case PH_OPTION_DURATION:
    case PH_OPTION_SIZE:
    case PH_OPTION_AUTO_MS:
        *(int64_t *)field = value->number;
        return;
    }
}

int ph_option_apply(const struct ph_option *row, void *settings, const char *text, char *error, size_t cap)
{
    struct ph_text words;
    ph_text_init(&words, error, cap);
    union value value = {0};
    int err = parse(row, text, &value, &words);
    if (err)
        return err;
    if (row->type == PH_OPTION_STRING)
        free(*(char **)field_of(row, settings));
    store(row, settings, &value);
    return 0;
}

int ph_options_default(const struct ph_option_table *table, void *settings)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (table->rows[i].type == PH_OPTION_STRING)
            *(char **)field_of(&table->rows[i], settings) = NULL;
    for (size_t i = 0; i < table->n_rows; i++) {
        char error[256];
        int err = ph_option_apply(&table->rows[i], settings, table->rows[i].initial, error, sizeof error);
        if (err) {
            ph_options_finish(table, settings);
            return err;
        }
    }
    return 0;
}

void ph_options_finish(const struct ph_option_table *table, void *settings)
{
    for (size_t i = 0; i < table->n_rows; i++)
        if (table->rows[i].type == PH_OPTION_STRING) {
            char **field = field_of(&table->rows[i], settings);
            free(*field);
            *field = NULL;
        }
}

void ph_option_show(const struct ph_option *row, const void *settings, char *text, size_t cap)
{
    struct ph_text out;
    ph_text_init(&out, text, cap);
    const void *field = const_field_of(row, settings);
    switch (row->type) {
    case PH_OPTION_STRING:
        ph_text_add(&out, "%s", *(char *const *)field);
        return;
    case PH_OPTION_BOOL:
        ph_text_add(&out, *(const bool *)field ? "on" : "off");
        return;
    case PH_OPTION_ENUM:
        ph_text_add(&out, "%s", row->choices[*(const int *)field]);
        return;
    case PH_OPTION_SET:
        for (unsigned i = 0; row->choices[i]; i++)
            if (*(const unsigned *)field >> i & 1)
                ph_text_add(&out, "%s%s", out.length ? ", " : "", row->choices[i]);
        return;
    case PH_OPTION_INT:
    case PH_OPTION_DURATION:
    case PH_OPTION_SIZE:
    case PH_OPTION_AUTO_MS:
        add_number(&out, row, *(const int64_t *)field);
        return;
    }
}

/* "app.NAME.latency" for help and manual. */
static void path_of(const struct ph_option_table *table, const struct ph_option *row, char *text, size_t cap)
{
    struct ph_text path;
    ph_text_init(&path, text, cap);
    if (table->section)
        ph_text_add(&path, "%s.NAME.", table->section);
    ph_text_add(&path, "%s", row->name);
}

void ph_options_print_help(const struct ph_option_table *table, FILE *out)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct ph_option *row = &table->rows[i];
        char path[128], takes[256];
        path_of(table, row, path, sizeof path);
        ph_option_describe(row, takes, sizeof takes);
        fprintf(out, "  %-30s %s\n  %-30s %s; default: %s\n", path, row->help, "", takes,
                row->initial[0] ? row->initial : "empty");
    }
}

void ph_options_print_markdown(const struct ph_option_table *table, FILE *out)
{
    if (table->help)
        fprintf(out, "%s\n\n", table->help);
    fputs("| option | default | takes | meaning |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct ph_option *row = &table->rows[i];
        char path[128], takes[256];
        path_of(table, row, path, sizeof path);
        ph_option_describe(row, takes, sizeof takes);
        fprintf(out, "| `%s` | %s%s%s | %s | %s%s |\n", path, row->initial[0] ? "`" : "", row->initial,
                row->initial[0] ? "`" : "", takes, row->help, row->live ? " Read again at SIGHUP." : "");
    }
}

/* Numbers and switches stand bare in the file, everything with blanks or letters in quotes; sets are lists. */
static void print_file_value(const struct ph_option *row, FILE *out)
{
    uint64_t number;
    if (row->type == PH_OPTION_SET)
        fprintf(out, "{%s}", row->initial);
    else if (row->type == PH_OPTION_BOOL || (row->type != PH_OPTION_STRING && ph_text_u64(row->initial, &number) == 0))
        fputs(row->initial, out);
    else
        fprintf(out, "\"%s\"", row->initial);
}

void ph_options_print_sample(const struct ph_option_table *table, FILE *out)
{
    const char *indent = table->section ? "    " : "";
    if (table->help)
        fprintf(out, "# %s\n", table->help);
    if (table->section)
        fprintf(out, "# %s NAME {\n", table->section);
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct ph_option *row = &table->rows[i];
        char takes[256];
        ph_option_describe(row, takes, sizeof takes);
        fprintf(out, "# %s# %s (%s)\n# %s%s = ", indent, row->help, takes, indent, row->name);
        print_file_value(row, out);
        fputc('\n', out);
    }
    if (table->section)
        fputs("# }\n", out);
}
