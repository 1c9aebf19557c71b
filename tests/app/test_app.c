/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/app.h"

static struct ph_app_settings defaults(void)
{
    struct ph_app_settings settings;
    assert_int_equal(ph_app_settings_init(&settings), 0);
    return settings;
}

static void defaults_are_those_of_the_design(void **state)
{
    (void)state;
    struct ph_app_settings settings = defaults();
    assert_string_equal(ph_app_type_names[settings.type], "live");
    assert_true(settings.enabled);
    assert_int_equal(settings.latency_ms, PH_OPTION_AUTO);
    assert_int_equal(settings.start, PH_APP_START_CACHED);
    assert_int_equal(settings.lag_ms, 3000);
    assert_int_equal(settings.linger_ms, PH_LIMIT_LINGER_STREAM_MS);
    assert_false(settings.takeover);
    ph_app_settings_finish(&settings);
}

static void a_path_finds_its_application(void **state)
{
    (void)state;
    static const struct {
        const char *path, *app;
    } rows[] = {
        {"live", "live"}, {"live/room", "live"}, {"live/a/b", "live"}, {"studio", "studio"},
        {"liv", NULL},    {"live2", NULL},       {"", NULL},           {"/live", NULL},
        {"LIVE", NULL},   {"closed", NULL},
    };
    struct ph_apps apps;
    struct ph_app_settings settings = defaults(), closed = settings;
    closed.enabled = false;
    ph_apps_init(&apps);
    assert_int_equal(ph_apps_add(&apps, "live", &settings), 0);
    assert_int_equal(ph_apps_add(&apps, "studio", &settings), 0);
    assert_int_equal(ph_apps_add(&apps, "closed", &closed), 0);
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        const struct ph_application *app = ph_apps_find(&apps, rows[i].path, strlen(rows[i].path));
        if (rows[i].app)
            assert_string_equal(app ? app->name : "none", rows[i].app);
        else
            assert_null(app);
    }
    assert_int_equal(ph_apps_add(&apps, "live", &settings), -EEXIST);
    ph_apps_finish(&apps);
    ph_app_settings_finish(&settings);
}

static void names_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *name, *fault; /* fault: a word of the phrase */
    } rows[] = {
        {"live", NULL},       {"game_2.eu-1", NULL},  {"", "empty"},        {".hidden", "dot"},   {"a b", "A-Z"},
        {"a/b", "A-Z"},       {"caf\xc3\xa9", "A-Z"}, {"watch", "route"},   {"rtmp", "route"},    {"ws", "route"},
        {"gateway", "route"}, {"open", "route"},      {"send", "route"},    {"idle", "route"},    {"close", "route"},
        {"fcs", "route"},     {"api", "route"},       {"metrics", "route"}, {"healthz", "route"}, {"readyz", "route"},
    };
    struct ph_apps apps;
    struct ph_app_settings settings = defaults();
    ph_apps_init(&apps);
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        const char *fault = ph_app_name_fault(rows[i].name);
        assert_int_equal(fault != NULL, rows[i].fault != NULL);
        assert_true(!fault || strstr(fault, rows[i].fault));
        assert_int_equal(ph_apps_add(&apps, rows[i].name, &settings), fault ? -EINVAL : 0);
    }
    ph_apps_finish(&apps);
    ph_app_settings_finish(&settings);
}

static void lengths_and_numbers_have_a_limit(void **state)
{
    (void)state;
    char name[PH_LIMIT_NAME_BYTES + 2];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_non_null(ph_app_name_fault(name));
    assert_null(ph_app_name_fault(name + 1));

    struct ph_apps apps;
    struct ph_app_settings settings = defaults();
    ph_apps_init(&apps);
    for (int i = 0; i < PH_APPS_MAX; i++) {
        snprintf(name, sizeof name, "app%d", i);
        assert_int_equal(ph_apps_add(&apps, name, &settings), 0);
    }
    assert_int_equal(ph_apps_add(&apps, "one-more", &settings), -ENOSPC);
    ph_apps_finish(&apps);
    ph_app_settings_finish(&settings);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_design),
        cmocka_unit_test(a_path_finds_its_application),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(lengths_and_numbers_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
