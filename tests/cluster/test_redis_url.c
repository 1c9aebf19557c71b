/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/redis_url.h"

static void good_ones(void **state)
{
    static const struct {
        const char *text;
        struct redis_url url;
    } rows[] = {
        {"redis://localhost", {.host = "localhost", .port = 6379}},
        {"redis://10.0.0.1:7000/5", {.host = "10.0.0.1", .port = 7000, .database = 5}},
        {"rediss://db.example/", {.is_secure = true, .host = "db.example", .port = 6379}},
        {"redis://:secret@[::1]:1/0", {.host = "::1", .port = 1, .password = "secret"}},
        {"redis://me:a%20b%40c%2F@h", {.host = "h", .port = 6379, .user = "me", .password = "a b@c/"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct redis_url *wanted = &rows[i].url;
        struct redis_url url;
        const char *why = NULL;
        assert_int_equal(redis_url_parse(rows[i].text, &url, &why), 0);
        assert_int_equal(url.is_secure, wanted->is_secure);
        assert_string_equal(url.host, wanted->host);
        assert_int_equal(url.port, wanted->port);
        assert_string_equal(url.user, wanted->user);
        assert_string_equal(url.password, wanted->password);
        assert_int_equal(url.database, wanted->database);
    }
}

static void bad_ones(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "cannot be read"},
        {"redis", "cannot be read"},
        {"http://h", "does not begin with"},
        {"redis://", "cannot be read"},
        {"redis://h:99999", "cannot be read"},
        {"redis://h/x", "number of a database"},
        {"redis://h/1/2", "number of a database"},
        {"redis://h/99999", "number of a database"},
        {"redis://h/1?a=b", "a ? or #"},
        {"redis://h/#x", "a ? or #"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct redis_url url;
        const char *why = NULL;
        assert_int_equal(redis_url_parse(rows[i].text, &url, &why), -EINVAL);
        if (!strstr(why, rows[i].why))
            fail_msg("%s: %s", rows[i].text, why);
    }
}

static void too_long_ones(void **state)
{
    char text[2 * REDIS_URL_TEXT] = "redis://:";
    struct redis_url url;
    const char *why = NULL;
    (void)state;
    memset(text + strlen(text), 'p', REDIS_URL_TEXT);
    memcpy(text + strlen(text), "@h", 3);
    assert_int_equal(redis_url_parse(text, &url, &why), -EINVAL);
    assert_non_null(strstr(why, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_ones), cmocka_unit_test(bad_ones),
                                       cmocka_unit_test(too_long_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
