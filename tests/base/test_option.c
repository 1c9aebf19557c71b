/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/option.h"

struct settings {
    char *title;
    bool record;
    int64_t workers, linger_ms, cache, latency_ms;
    int start;
    unsigned protocols;
};

static const char *const starts[] = {"cached", "next", "now", NULL};
static const char *const protocols[] = {"rtmp", "http", "tls", NULL};

static const struct ph_option rows[] = {
    {"title", PH_OPTION_STRING, "", 0, 8, NULL, "A name.", offsetof(struct settings, title), NULL, NULL, false},
    {"record", PH_OPTION_BOOL, "off", 0, 0, NULL, "Keep it.", offsetof(struct settings, record), NULL, NULL, false},
    {"workers", PH_OPTION_INT, "0", 0, 64, "threads", "How many.", offsetof(struct settings, workers), NULL, NULL,
     false},
    {"linger", PH_OPTION_DURATION, "15 s", 0, 60000, NULL, "How long.", offsetof(struct settings, linger_ms), NULL,
     NULL, false},
    {"cache", PH_OPTION_SIZE, "16 MiB", 1024, 1 << 30, NULL, "How much.", offsetof(struct settings, cache), NULL, NULL,
     false},
    {"latency", PH_OPTION_AUTO_MS, "auto", 0, 1000, NULL, "How late.", offsetof(struct settings, latency_ms), NULL,
     NULL, false},
    {"start", PH_OPTION_ENUM, "cached", 0, 0, NULL, "Where.", offsetof(struct settings, start), starts, NULL, false},
    {"protocols", PH_OPTION_SET, "rtmp, http", 0, 0, NULL, "Which.", offsetof(struct settings, protocols), protocols,
     NULL, false},
};

static const struct ph_option_table table = {"app", "An application.", rows, PH_COUNT(rows)};

static void defaults_then_texts(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *shown;
    } cases[] = {
        {"title", "lobby", "lobby"},    {"record", "yes", "on"},    {"workers", "8", "8"},
        {"linger", "500 ms", "500 ms"}, {"cache", "64k", "64 KiB"}, {"latency", "100", "100 ms"},
        {"latency", "auto", "auto"},    {"start", "now", "now"},    {"protocols", "tls,rtmp", "rtmp, tls"},
    };
    struct settings settings;
    char text[64], error[256];
    assert_int_equal(ph_options_default(&table, &settings), 0);
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        ph_option_show(&rows[i], &settings, text, sizeof text);
        assert_string_equal(text, rows[i].initial);
    }
    assert_int_equal(settings.protocols, 3);
    assert_true(settings.latency_ms == PH_OPTION_AUTO);
    for (size_t i = 0; i < PH_COUNT(cases); i++) {
        const struct ph_option *row = ph_option_find(&table, cases[i].name);
        assert_int_equal(ph_option_apply(row, &settings, cases[i].text, error, sizeof error), 0);
        ph_option_show(row, &settings, text, sizeof text);
        assert_string_equal(text, cases[i].shown);
    }
    ph_options_finish(&table, &settings);
    assert_null(ph_option_find(&table, "nonsense"));
}

static void errors_tell_the_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *error;
    } cases[] = {
        {"latency", "fast", "\"fast\" is not a time; use auto, or milliseconds such as 100"},
        {"latency", "2 s", "\"2 s\" is out of range; use 0 ms to 1 s"},
        {"linger", "auto", "\"auto\" is not a time; use milliseconds, or a time such as 10 s"},
        {"workers", "65", "\"65\" is out of range; use 0 to 64"},
        {"workers", "many", "\"many\" is not a whole number; use one such as 1"},
        {"cache", "1", "\"1\" is out of range; use 1 KiB to 1 GiB"},
        {"cache", "big", "\"big\" is not a size; use bytes, or a size such as 64 KiB"},
        {"record", "maybe", "\"maybe\" is neither on nor off; use one of them"},
        {"start", "never", "\"never\" is not known here; use cached, next or now"},
        {"protocols", "rtmp,ftp", "\"ftp\" is not known here; use any of rtmp, http, tls"},
        {"title", "much too long", "\"much too long\" is too long; use 0 to 8 bytes"},
        {"record", "a\nb", "\"a\\nb\" is neither on nor off; use one of them"},
    };
    struct settings settings;
    assert_int_equal(ph_options_default(&table, &settings), 0);
    for (size_t i = 0; i < PH_COUNT(cases); i++) {
        const struct ph_option *row = ph_option_find(&table, cases[i].name);
        char error[256], text[64];
        assert_int_equal(ph_option_apply(row, &settings, cases[i].text, error, sizeof error), -EINVAL);
        assert_string_equal(error, cases[i].error);
        ph_option_show(row, &settings, text, sizeof text);
        assert_string_equal(text, row->initial);
    }
    ph_options_finish(&table, &settings);
}

static char *printed(void (*print)(const struct ph_option_table *, FILE *))
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    print(&table, out);
    fclose(out);
    return text;
}

static void one_table_prints_three_ways(void **state)
{
    (void)state;
    char *help = printed(ph_options_print_help), *markdown = printed(ph_options_print_markdown),
         *sample = printed(ph_options_print_sample);
    assert_non_null(strstr(help, "app.NAME.latency"));
    assert_non_null(strstr(help, "auto, or a time, 0 ms to 1 s; default: auto"));
    assert_non_null(strstr(markdown, "| `app.NAME.workers` | `0` | a number of threads, 0 to 64 | How many. |"));
    assert_non_null(strstr(sample, "# app NAME {\n"));
    assert_non_null(strstr(sample, "#     linger = \"15 s\"\n"));
    assert_non_null(strstr(sample, "#     protocols = {rtmp, http}\n"));
    free(help);
    free(markdown);
    free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_then_texts),
        cmocka_unit_test(errors_tell_the_remedy),
        cmocka_unit_test(one_table_prints_three_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
