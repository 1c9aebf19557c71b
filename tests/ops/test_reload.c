/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/reload.h"

static void what_waits_for_a_restart_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *now, *wanted; /* assignments, NULL: none */
        const char *names;
    } rows[] = {
        {NULL, NULL, ""},
        {NULL, "log.level=debug", ""},
        {NULL, "auth.publish=open", ""},
        {NULL, "auth.publish_keys.cam=key-of-cam-234567", ""},
        {NULL, "workers=3", "workers"},
        {"workers=3", "workers=3", ""},
        {NULL, "log.format=json", "log.format"},
        {NULL, "limits.ping=5s", "limits.ping"},
        {NULL, "listen.media.address=:1936", "listen.media"},
        {NULL, "listen.more.address=:1936", "listen.more"},
        {"listen.more.address=:1936", NULL, "listen.more"},
        {NULL, "app.live.latency=100", "app.live"},
        {NULL, "app.mine.latency=100", "app.mine"},
        {"workers=3", "app.mine.latency=100", "workers, app.mine"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ph_settings now, wanted;
        char error[PH_SETTINGS_ERROR], names[256] = "";
        struct ph_text text;
        assert_int_equal(ph_settings_init(&now), 0);
        assert_int_equal(ph_settings_init(&wanted), 0);
        if (rows[i].now)
            assert_int_equal(ph_settings_assign(&now, rows[i].now, error), 0);
        if (rows[i].wanted)
            assert_int_equal(ph_settings_assign(&wanted, rows[i].wanted, error), 0);
        ph_text_init(&text, names, sizeof names);
        assert_int_equal(ph_reload_waits(&now, &wanted, &text), *rows[i].names != '\0');
        assert_string_equal(names, rows[i].names);
        ph_settings_finish(&now);
        ph_settings_finish(&wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_waits_for_a_restart_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
