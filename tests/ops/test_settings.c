/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "ops/command_line.h"
#include "ops/settings.h"

static void defaults_agree_with_the_limits(void **state)
{
    (void)state;
    struct ph_settings settings;
    assert_int_equal(ph_settings_init(&settings), 0);
    const struct ph_server_settings *server = &settings.server;
    assert_int_equal(server->workers, 0);
    assert_int_equal(server->log_level, PH_LOG_INFO);
    assert_int_equal(server->log_format, PH_LOG_TEXT);
    assert_int_equal(server->publish, PH_ACCESS_KEY);
    assert_int_equal(server->login, PH_LOGIN_URL);
    assert_int_equal(server->connections, 0);
    assert_int_equal(server->connections_per_source, PH_LIMIT_CONNS_PER_SOURCE);
    assert_int_equal(server->connections_per_source_new, PH_LIMIT_CONNS_PER_SOURCE_NEW);
    assert_int_equal(server->connection_rate, PH_LIMIT_CONNS_RATE);
    assert_int_equal(server->handshake_ms, PH_LIMIT_HANDSHAKE_MS);
    assert_int_equal(server->connect_ms, PH_LIMIT_CONNECT_MS);
    assert_int_equal(server->ping_ms, PH_LIMIT_PING_MS);
    assert_int_equal(server->pong_ms, PH_LIMIT_PONG_MS);
    assert_int_equal(server->first_media_ms, PH_LIMIT_FIRST_MEDIA_MS);
    assert_int_equal(server->publisher_idle_ms, PH_LIMIT_PUBLISHER_IDLE_MS);
    assert_int_equal(server->drain_ms, PH_LIMIT_DRAIN_MS);
    assert_int_equal(server->message_bytes, PH_LIMIT_MESSAGE_MEDIA);
    assert_int_equal(server->memory_bytes, 0);
    assert_int_equal(settings.n_apps, 5);
    for (size_t i = 0; i < settings.n_apps; i++)
        assert_string_equal(settings.apps[i].name, ph_app_type_names[settings.apps[i].settings.type]);
    assert_int_equal(settings.n_listens, 2);
    assert_string_equal(settings.listens[0].name, "media");
    assert_string_equal(settings.listens[0].settings.address, "[::]:1935");
    assert_string_equal(settings.listens[1].name, "local");
    assert_string_equal(settings.listens[1].settings.address, "127.0.0.1:8080");
    assert_int_equal(settings.n_keys, 0);
    ph_settings_finish(&settings);
}

/* Each row is set on fresh defaults; `error` is the whole line. */
static void errors_name_option_and_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *assignment, *error;
    } rows[] = {
        {"app.live.latency=fast", "app.live.latency: \"fast\" is not a time; use auto, or milliseconds such as 100"},
        {"app.live.latency=1001", "app.live.latency: \"1001\" is out of range; use 0 ms to 1 s"},
        {"app.live.start=now", "app.live.start: \"now\" is not known here; use cached or next"},
        {"app.live.lag=0", "app.live.lag: \"0\" is out of range; use 100 ms to 60 s"},
        {"app.live.takeover=maybe", "app.live.takeover: \"maybe\" is neither on nor off; use one of them"},
        {"app.live.colour=red", "app.live.colour: there is no such option; playhouse --help lists them all"},
        {"app.live=on", "app.live: an option is missing; write app.NAME.OPTION"},
        {"app..start=next", "app..start: an option is missing; write app.NAME.OPTION"},
        {"app.api.start=next",
         "app.api.start: this name is an HTTP route of the server; call the application otherwise"},
        {"listen.media=:1", "listen.media: an option is missing; write listen.NAME.OPTION"},
        {"log.level=loud", "log.level: \"loud\" is not known here; use error, warning, info or debug"},
        {"log.colour=red", "log.colour: there is no such option; playhouse --help lists them all"},
        {"workers=many", "workers: \"many\" is not a whole number; use one such as 1"},
        {"workers=-1", "workers: \"-1\" is out of range; use 0 to 256"},
        {"limits.ping=0", "limits.ping: \"0\" is out of range; use 1 s to 3600 s"},
        {"auth.publish=password", "auth.publish: \"password\" is not known here; use key or open"},
        {"auth.publish_keys.cam=short", "auth.publish_keys.cam: this key is too short; use at least 8 characters"},
        {"auth.publish_keys.cam=with blanks & more",
         "auth.publish_keys.cam: a key travels in URLs; use letters, digits and . _ ~ - only"},
        {"log.level", "log.level: this is no OPTION=VALUE; write it as in log.level=debug"},
        {"=debug", "=debug: this is no OPTION=VALUE; write it as in log.level=debug"},
        {"log.le\nvel=info", "log.le\\nvel: there is no such option; playhouse --help lists them all"},
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        struct ph_settings settings;
        char error[PH_SETTINGS_ERROR] = "";
        assert_int_equal(ph_settings_init(&settings), 0);
        assert_int_equal(ph_settings_assign(&settings, rows[i].assignment, error), -EINVAL);
        assert_string_equal(error, rows[i].error);
        ph_settings_finish(&settings);
    }
}

static void values_arrive(void **state)
{
    (void)state;
    static const char *const assignments[] = {
        "workers=2",
        "log.level=debug",
        "log.format=json",
        "auth.publish=open",
        "auth.login=off",
        "limits.message=1 MiB",
        "app.live.latency=100",
        "app.live.linger=1 min",
        "app.studio.start=next",
        "app.my.app.enabled=off",
        "listen.media.address=127.0.0.1:1936",
        "listen.extra.address=:1937",
        "auth.publish_keys.cam=key-of-cam",
        "auth.publish_keys.live/cam=12345678",
        "auth.publish_keys.cam=another-key",
    };
    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_settings_init(&settings), 0);
    for (size_t i = 0; i < PH_COUNT(assignments); i++)
        assert_int_equal(ph_settings_assign(&settings, assignments[i], error), 0);
    assert_int_equal(settings.server.workers, 2);
    assert_int_equal(settings.server.log_level, PH_LOG_DEBUG);
    assert_int_equal(settings.server.log_format, PH_LOG_JSON);
    assert_int_equal(settings.server.publish, PH_ACCESS_OPEN);
    assert_int_equal(settings.server.login, PH_LOGIN_OFF);
    assert_int_equal(settings.server.message_bytes, 1024 * 1024);
    assert_int_equal(settings.n_apps, 7);
    assert_int_equal(settings.apps[0].settings.latency_ms, 100);
    assert_int_equal(settings.apps[0].settings.linger_ms, 60000);
    assert_string_equal(settings.apps[5].name, "studio");
    assert_int_equal(settings.apps[5].settings.start, PH_APP_START_NEXT);
    assert_string_equal(settings.apps[6].name, "my.app");
    assert_false(settings.apps[6].settings.enabled);
    assert_int_equal(settings.n_listens, 3);
    assert_string_equal(settings.listens[0].settings.address, "127.0.0.1:1936");
    assert_string_equal(settings.listens[2].name, "extra");
    assert_int_equal(settings.n_keys, 2);
    assert_string_equal(settings.keys[0].name, "cam");
    assert_string_equal(settings.keys[0].secret, "another-key");
    assert_string_equal(settings.keys[1].name, "live/cam");
    ph_settings_finish(&settings);
}

static void the_environment_is_read(void **state)
{
    (void)state;
    static const char *const good[] = {"HOME=/root",
                                       "PLAYHOUSE_WORKERS=3",
                                       "PLAYHOUSE_LOG__LEVEL=error",
                                       "PLAYHOUSE_APP__LIVE__LATENCY=20",
                                       "PLAYHOUSE",
                                       "PLAYHOUSE_",
                                       NULL};
    static const char *const bad[] = {"PLAYHOUSE_LOG__LEVEL=loud", NULL};
    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_settings_init(&settings), 0);
    assert_int_equal(ph_settings_environment(&settings, good, error), 0);
    assert_int_equal(settings.server.workers, 3);
    assert_int_equal(settings.server.log_level, PH_LOG_ERROR);
    assert_int_equal(settings.apps[0].settings.latency_ms, 20);
    assert_int_equal(ph_settings_environment(&settings, bad, error), -EINVAL);
    assert_string_equal(error, "environment: log.level: \"loud\" is not known here; use error, warning, info or debug");
    ph_settings_finish(&settings);
}

static void listeners_have_a_limit(void **state)
{
    (void)state;
    struct ph_settings settings;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_settings_init(&settings), 0);
    for (size_t i = settings.n_listens; i < PH_SETTINGS_LISTENS; i++) {
        char name[32];
        snprintf(name, sizeof name, "l%zu", i);
        assert_int_equal(ph_settings_add(&settings, "listen", name, error), 0);
    }
    assert_int_equal(ph_settings_add(&settings, "listen", "media", error), 0);
    assert_int_equal(ph_settings_add(&settings, "listen", "one-more", error), -ENOSPC);
    ph_settings_finish(&settings);
}

static void command_lines_are_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *argv[6];
        enum ph_command command;
        const char *config, *state, *set, *error;
    } rows[] = {
        {{"playhouse"}, PH_COMMAND_SERVE, NULL, NULL, NULL, NULL},
        {{"playhouse", "serve"}, PH_COMMAND_SERVE, NULL, NULL, NULL, NULL},
        {{"playhouse", "-c", "a.conf"}, PH_COMMAND_SERVE, "a.conf", NULL, NULL, NULL},
        {{"playhouse", "--config=a.conf", "--state", "dir"}, PH_COMMAND_SERVE, "a.conf", "dir", NULL, NULL},
        {{"playhouse", "serve", "--state=dir", "--set", "a.b=c"}, PH_COMMAND_SERVE, NULL, "dir", "a.b=c", NULL},
        {{"playhouse", "--set=a.b=c"}, PH_COMMAND_SERVE, NULL, NULL, "a.b=c", NULL},
        {{"playhouse", "-c", "a.conf", "--check-config"}, PH_COMMAND_CHECK_CONFIG, "a.conf", NULL, NULL, NULL},
        {{"playhouse", "-h"}, PH_COMMAND_HELP, NULL, NULL, NULL, NULL},
        {{"playhouse", "--version"}, PH_COMMAND_VERSION, NULL, NULL, NULL, NULL},
        {{"playhouse", "-c"}, 0, NULL, NULL, NULL, "--config: FILE is missing behind it"},
        {{"playhouse", "--fast"}, 0, NULL, NULL, NULL, "--fast: not known; playhouse --help lists what there is"},
        {{"playhouse", "--help=1"}, 0, NULL, NULL, NULL, "--help: takes no value"},
        {{"playhouse", "-c", "a", "serve"},
         0,
         NULL,
         NULL,
         NULL,
         "serve: not known; playhouse --help lists what there is"},
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        int argc = 0;
        while (argc < 6 && rows[i].argv[argc])
            argc++;
        struct ph_command_line line;
        char error[PH_SETTINGS_ERROR] = "";
        int err = ph_command_line_parse(argc, rows[i].argv, &line, error);
        assert_int_equal(err, rows[i].error ? -EINVAL : 0);
        assert_string_equal(error, rows[i].error ? rows[i].error : "");
        if (err)
            continue;
        assert_int_equal(line.command, rows[i].command);
        assert_string_equal(line.config ? line.config : "-", rows[i].config ? rows[i].config : "-");
        assert_string_equal(line.state ? line.state : "-", rows[i].state ? rows[i].state : "-");
        assert_int_equal(line.n_sets, rows[i].set ? 1 : 0);
        if (rows[i].set)
            assert_string_equal(line.sets[0], rows[i].set);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_agree_with_the_limits),
        cmocka_unit_test(errors_name_option_and_remedy),
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(the_environment_is_read),
        cmocka_unit_test(listeners_have_a_limit),
        cmocka_unit_test(command_lines_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
