/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate/relay/rule.h"

static char fault[PH_RELAY_FAULT];

static int make(enum ph_relay_kind kind, const char *stream, const char *url, struct rule **rule)
{
    const struct ph_relay_settings settings = {.stream = (char *)(uintptr_t)stream, .url = (char *)(uintptr_t)url};
    fault[0] = '\0';
    return rule_create("r", kind, &settings, RULE_OF_CONFIG, rule, fault);
}

static struct ph_path path(const char *text)
{
    struct ph_path made = {.length = strlen(text)};
    memcpy(made.text, text, made.length + 1);
    return made;
}

static void names_take_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *stream, *url, *path;
        const char *app, *name; /* NULL: it is not for this path */
    } rows[] = {
        {"live/*", "rtmp://h/app/{stream}?key=1", "live/cam", "app", "cam?key=1"},
        {"live/*", "rtmp://h/app/{stream}", "live/room/cam", "app", "room/cam"},
        {"live/*", "rtmp://h/app/{stream}", "live2/cam", NULL, NULL},
        {"live/*", "rtmp://h/app/{stream}", "live", NULL, NULL},
        {"live/room/*", "rtmp://h/{stream}/a-{stream}-b", "live/room/cam", "cam", "a-cam-b"},
        {"*", "rtmp://h/from-here/{stream}", "live/cam", "from-here", "live/cam"},
        {"live/cam", "rtmp://h/live2/SECRET", "live/cam", "live2", "SECRET"},
        {"live/cam", "rtmp://h/live2/{stream}", "live/cam", "live2", "cam"},
        {"live/cam", "rtmp://h/live2/{stream}", "live/cam2", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rule *rule;
        struct rtmp_url url;
        struct ph_path wanted = path(rows[i].path);
        assert_int_equal(make(PH_RELAY_PUSH, rows[i].stream, rows[i].url, &rule), 0);
        assert_int_equal(rule_is_for(rule, &wanted), rows[i].app != NULL);
        if (rows[i].app) {
            assert_int_equal(rule_url(rule, 0, &wanted, &url), 0);
            assert_string_equal(url.app, rows[i].app);
            assert_string_equal(url.stream, rows[i].name);
            assert_string_equal(url.tc_url + sizeof "rtmp://h/" - 1, rows[i].app);
        }
        rule_unref(rule);
    }
}

static void a_pull_has_several_addresses(void **state)
{
    (void)state;
    struct rule *rule;
    struct ph_path found;
    assert_int_equal(make(PH_RELAY_PULL, "live/cam", " rtmp://a/x/1 ,rtmp://b/x/2, rtmps://c/x/3", &rule), 0);
    assert_int_equal(rule->n_urls, 3);
    assert_string_equal(rule->urls[0], "rtmp://a/x/1");
    assert_string_equal(rule->urls[2], "rtmps://c/x/3");
    assert_true(rule_path(rule, &found));
    assert_string_equal(found.text, "live/cam");
    rule_unref(rule);
    assert_int_equal(make(PH_RELAY_PUSH, "live/cam", "rtmp://a/x/1,2", &rule), 0); /* a key may have a comma */
    assert_int_equal(rule->n_urls, 1);
    rule_unref(rule);
}

static void a_name_that_does_not_fit_is_no_address(void **state)
{
    (void)state;
    static char url[RTMP_URL_MAX], long_name[PH_PATH_MAX];
    struct rule *rule;
    struct rtmp_url made;
    memcpy(url, "rtmp://h/a/{stream}", 19);
    memset(url + 19, 'x', sizeof url - 20 - 100);
    memset(long_name, 'n', 200);
    memcpy(long_name, "live/", 5);
    struct ph_path wanted = path(long_name);
    assert_int_equal(make(PH_RELAY_PUSH, "live/*", url, &rule), 0);
    assert_int_equal(rule_url(rule, 0, &wanted, &made), -EINVAL);
    rule_unref(rule);
}

static void what_makes_no_rule_is_said(void **state)
{
    (void)state;
    static const struct {
        enum ph_relay_kind kind;
        const char *stream, *url, *words;
    } rows[] = {
        {PH_RELAY_PUSH, "", "rtmp://a/x/y", "stream: \"\" is no stream: the application is missing"},
        {PH_RELAY_PUSH, "live/.hidden", "rtmp://a/x/y", "stream: \"live/.hidden\" is no stream: "},
        {PH_RELAY_PUSH, "live/cam", "", "to: the URL does not begin with rtmp:// or rtmps://"},
        {PH_RELAY_PULL, "live/cam", "rtmp://a/x/y,", "from: the URL does not begin with rtmp:// or rtmps://"},
        {PH_RELAY_PULL, "live/*", "rtmp://a/x/{stream},rtmp://b/x/y", "from: every stream of live/* would have"},
        {PH_RELAY_PULL, "live/cam",
         "rtmp://a/x/1,rtmp://a/x/2,rtmp://a/x/3,rtmp://a/x/4,rtmp://a/x/5,rtmp://a/x/6,rtmp://a/x/7,rtmp://a/x/8,"
         "rtmp://a/x/9",
         "from: there are too many addresses; name at most 8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rule *rule = NULL;
        assert_int_equal(make(rows[i].kind, rows[i].stream, rows[i].url, &rule), -EINVAL);
        assert_null(rule);
        if (strncmp(fault, rows[i].words, strlen(rows[i].words)) != 0)
            assert_string_equal(fault, rows[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_take_their_place),
        cmocka_unit_test(a_pull_has_several_addresses),
        cmocka_unit_test(a_name_that_does_not_fit_is_no_address),
        cmocka_unit_test(what_makes_no_rule_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
