/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "ops/command_line.h"
#include "ops/config.h"

static char folder[] = "/tmp/playhouse-config-XXXXXX";
static char file[sizeof folder + 16];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/site.conf", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder);
}

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void every_kind_of_option_is_read(void **state)
{
    (void)state;
    write_file("# a site\n"
               "workers = 2\n"
               "log { level = debug  format = json }\n"
               "listen media { address = \"127.0.0.1:1936\" }\n"
               "listen second { address = \":1937\" }\n"
               "auth {\n"
               "    publish = key\n"
               "    publish_keys { cam = \"key-of-cam\"  live/door = \"key-of-door\" }\n"
               "}\n"
               "limits { ping = \"1 min\"  message = \"1 MiB\" }\n"
               "app studio { latency = auto  linger = 500 }\n"
               "app empty { }\n");
    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_settings_init(&settings), 0);
    int err = ph_config_read(&settings, file, error);
    assert_string_equal(error, "");
    assert_int_equal(err, 0);
    assert_int_equal(settings.server.workers, 2);
    assert_int_equal(settings.server.log_level, PH_LOG_DEBUG);
    assert_int_equal(settings.server.log_format, PH_LOG_JSON);
    assert_int_equal(settings.server.ping_ms, 60000);
    assert_int_equal(settings.server.message_bytes, 1024 * 1024);
    assert_int_equal(settings.n_listens, 3);
    assert_string_equal(settings.listens[0].settings.address, "127.0.0.1:1936");
    assert_string_equal(settings.listens[2].settings.address, ":1937");
    assert_int_equal(settings.n_keys, 2);
    assert_string_equal(settings.keys[1].name, "live/door");
    assert_string_equal(settings.keys[1].secret, "key-of-door");
    assert_int_equal(settings.n_apps, 2); /* live is gone: the file brings its own */
    assert_string_equal(settings.apps[0].name, "studio");
    assert_int_equal(settings.apps[0].settings.latency_ms, PH_OPTION_AUTO);
    assert_int_equal(settings.apps[0].settings.linger_ms, 500);
    assert_string_equal(settings.apps[1].name, "empty");
    ph_settings_finish(&settings);
}

static void a_file_without_applications_keeps_the_built_in_ones(void **state)
{
    (void)state;
    write_file("workers = 1\n");
    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_settings_init(&settings), 0);
    assert_int_equal(ph_config_read(&settings, file, error), 0);
    assert_int_equal(settings.n_apps, 5);
    assert_string_equal(settings.apps[0].name, "live");
    ph_settings_finish(&settings);
}

/* `error` is what stands behind the file's name. */
static void errors_tell_file_line_option_and_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"\napp live {\n  latency = fast\n}\n",
         ":3: app.live.latency: \"fast\" is not a time; use auto, or milliseconds such as 100"},
        {"log { level = loud }\n", ":1: log.level: \"loud\" is not known here; use error, warning, info or debug"},
        {"workers = 1\nspeed = 9\n", ":2: no such option 'speed'; playhouse --help lists them all"},
        {"app live { speed = 9 }\n", ":1: no such option 'speed'; playhouse --help lists them all"},
        {"app watch { }\n", ":1: watch: this name is an HTTP route of the server; call the application otherwise"},
        {"app watch { start = next }\n",
         ":1: app.watch.start: this name is an HTTP route of the server; call the application otherwise"},
        {"auth {\n publish_keys {\n cam = \"short\" } }\n",
         ":3: auth.publish_keys.cam: this key is too short; use at least 8 characters"},
        {"workers = \n", NULL},
        {"workers 2\n", NULL},
        {"app live {\n latency = 1\n", ":2: a section is not closed here; add a }"},
        {"app { }\n", NULL},
        {"log { level = \"debug }\n", NULL},
        {"}\n", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ph_settings settings;
        char error[PH_SETTINGS_ERROR] = "";
        write_file(rows[i].text);
        assert_int_equal(ph_settings_init(&settings), 0);
        assert_int_equal(ph_config_read(&settings, file, error), -EINVAL);
        assert_memory_equal(error, file, strlen(file));
        assert_int_equal(error[strlen(file)], ':');
        assert_null(strchr(error, '\n'));
        if (rows[i].error)
            assert_string_equal(error + strlen(file), rows[i].error);
        else
            assert_non_null(strstr(error, "; playhouse --sample-config shows how a file looks"));
        ph_settings_finish(&settings);
    }
}

static void a_missing_file_is_an_error(void **state)
{
    (void)state;
    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_settings_init(&settings), 0);
    assert_int_equal(ph_config_read(&settings, "/nowhere/site.conf", error), -ENOENT);
    assert_string_equal(error, "/nowhere/site.conf: cannot be read as configuration (No such file or directory); give "
                               "another file with -c");
    assert_int_not_equal(ph_config_read(&settings, folder, error), 0);
    ph_settings_finish(&settings);
}

/* default < file < environment < --set, on one option after the other. */
static void later_sources_win(void **state)
{
    (void)state;
    write_file("workers = 2\nlimits { connections_per_source = 22  connection_rate = 22 }\n");
    const char *const argv[] = {"playhouse", "--set", "limits.connection_rate=44", "-c", file};
    const char *const environment[] = {"PLAYHOUSE_LIMITS__CONNECTIONS_PER_SOURCE=33",
                                       "PLAYHOUSE_LIMITS__CONNECTION_RATE=33", NULL};
    struct ph_command_line line;
    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_command_line_parse(5, argv, &line, error), 0);
    assert_int_equal(ph_command_line_settings(&line, environment, &settings, error), 0);
    assert_int_equal(settings.server.connections_per_source_new, PH_LIMIT_CONNS_PER_SOURCE_NEW);
    assert_int_equal(settings.server.workers, 2);
    assert_int_equal(settings.server.connections_per_source, 33);
    assert_int_equal(settings.server.connection_rate, 44);
    ph_settings_finish(&settings);
}

/* The sample without its comment signs is a file that changes nothing. */
static void the_sample_is_a_valid_file(void **state)
{
    (void)state;
    char *text = NULL, *rest = NULL;
    size_t length = 0, n_lines = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    ph_config_print_sample(out);
    assert_int_equal(fclose(out), 0);
    FILE *plain = fopen(file, "w");
    assert_non_null(plain);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *option = strncmp(line, "# ", 2) == 0 ? line + 2 : line;
        bool is_option = strchr(option, '=') && !strchr(option, '#');
        bool is_brace = option[strspn(option, " ")] == '}' || option[strlen(option) - 1] == '{';
        if ((is_option && strncmp(option, "The same", 8) != 0) || is_brace) {
            fprintf(plain, "%s\n", option);
            n_lines++;
        }
    }
    assert_int_equal(fclose(plain), 0);
    free(text);
    assert_true(n_lines > ph_settings_options.n_rows + ph_app_options.n_rows);

    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_settings_init(&settings), 0);
    int err = ph_config_read(&settings, file, error);
    assert_string_equal(error, "");
    assert_int_equal(err, 0);
    assert_int_equal(settings.n_apps, 1);
    ph_settings_finish(&settings);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_option_is_read),
        cmocka_unit_test(a_file_without_applications_keeps_the_built_in_ones),
        cmocka_unit_test(errors_tell_file_line_option_and_remedy),
        cmocka_unit_test(a_missing_file_is_an_error),
        cmocka_unit_test(later_sources_win),
        cmocka_unit_test(the_sample_is_a_valid_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
