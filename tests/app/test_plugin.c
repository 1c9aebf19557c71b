/* SPDX-License-Identifier: MIT */
/* Plugins that load, and those that do not; arguments: the folder of the plugins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/app.h"
#include "app/options.h"
#include "app/plugin.h"

static const char *folder;

static int open_plugin(const char *name, struct ph_plugin **plugin, char *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    error[0] = '\0';
    return ph_plugin_open(path, plugin, error);
}

static void a_good_one_loads(void **state)
{
    (void)state;
    struct ph_plugin *plugin;
    char error[PH_PLUGIN_ERROR];
    assert_int_equal(open_plugin("libplugin0.so", &plugin, error), 0);
    assert_string_equal(plugin->type.name, "greeter");
    assert_non_null(plugin->type.call);
    assert_non_null(plugin->type.publish);
    ph_plugin_close(plugin);
}

/* Made when the interface ended earlier: what came behind it is not read. */
static void an_earlier_one_loads(void **state)
{
    (void)state;
    struct ph_plugin *plugin;
    char error[PH_PLUGIN_ERROR];
    assert_int_equal(open_plugin("libplugin2.so", &plugin, error), 0);
    assert_non_null(plugin->type.call);
    assert_null(plugin->type.publish);
    ph_plugin_close(plugin);
}

static void others_are_refused_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *file, *words;
    } rows[] = {
        {"libplugin1.so", "was made for interface 1."},
        {"libplugin3.so", "set .size"},
        {"libplugin4.so", "set .name"},
        {"libplugin5.so", "does not want to run"},
        {"libplugin6.so", "does not export playhouse_app()"},
        {"nosuch.so", "cannot be loaded"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ph_plugin *plugin;
        char error[PH_PLUGIN_ERROR];
        assert_true(open_plugin(rows[i].file, &plugin, error) < 0);
        assert_non_null(strstr(error, rows[i].words));
        assert_null(strchr(error, '\n'));
    }
}

static void own_options_are_checked(void **state)
{
    (void)state;
    struct ph_plugin *plugin;
    struct ph_app_settings settings = {0};
    char error[PH_PLUGIN_ERROR];
    assert_int_equal(open_plugin("libplugin0.so", &plugin, error), 0);
    assert_int_equal(ph_app_set_own(&settings, "greeting", "hi"), 0);
    assert_int_equal(ph_app_set_own(&settings, "volume", "11"), 0);
    assert_int_equal(ph_own_options_check(&settings, &plugin->type, error), 0);
    assert_int_equal(ph_app_set_own(&settings, "volume", "loud"), 0);
    assert_true(ph_own_options_check(&settings, &plugin->type, error) < 0);
    assert_string_equal(error, "options.volume: \"loud\" is not a number");
    assert_int_equal(ph_app_set_own(&settings, "volume", "1"), 0);
    assert_int_equal(ph_app_set_own(&settings, "colour", "red"), 0);
    assert_true(ph_own_options_check(&settings, &plugin->type, error) < 0);
    assert_string_equal(error, "options.colour: the type greeter has no such option; it has: greeting, volume");
    ph_app_settings_finish(&settings);
    ph_plugin_close(plugin);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_loads),
        cmocka_unit_test(an_earlier_one_loads),
        cmocka_unit_test(others_are_refused_in_one_line),
        cmocka_unit_test(own_options_are_checked),
    };
    folder = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
