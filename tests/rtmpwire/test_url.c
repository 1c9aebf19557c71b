/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/url.h>

static struct rtmp_url parse(const char *text, enum rtmp_url_path path)
{
    struct rtmp_url url;
    const char *why;
    assert_int_equal(rtmp_url_parse(text, path, &url, &why), 0);
    return url;
}

static void the_last_part_is_the_stream(void **state)
{
    (void)state;
    struct rtmp_url url = parse("rtmp://a.example/live/room/cam?key=a/b", RTMP_URL_OF_STREAM);
    assert_false(url.is_secure);
    assert_int_equal(url.port, 1935);
    assert_string_equal(url.host, "a.example");
    assert_string_equal(url.app, "live/room");
    assert_string_equal(url.stream, "cam?key=a/b");
    assert_string_equal(url.tc_url, "rtmp://a.example/live/room");
    assert_string_equal(url.user, "");
}

static void an_application_is_the_whole_path(void **state)
{
    (void)state;
    struct rtmp_url url = parse("rtmp://[::1]:1936/game/room?x=1", RTMP_URL_OF_APP);
    assert_int_equal(url.port, 1936);
    assert_string_equal(url.host, "::1");
    assert_string_equal(url.app, "game/room?x=1");
    assert_string_equal(url.stream, "");
    assert_string_equal(url.tc_url, "rtmp://[::1]:1936/game/room?x=1");
}

static void who_asks_is_not_told_to_others(void **state)
{
    (void)state;
    struct rtmp_url url = parse("rtmps://me%40home:p%3aw%4:d@b.example/app/KEY", RTMP_URL_OF_STREAM);
    assert_true(url.is_secure);
    assert_int_equal(url.port, 443);
    assert_string_equal(url.user, "me@home");
    assert_string_equal(url.password, "p:w%4:d");
    assert_string_equal(url.tc_url, "rtmps://b.example/app");
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"http://a/live/cam", "does not begin with rtmp:// or rtmps://"},
        {"rtmp://a", "names no application: rtmp://host/live"},
        {"rtmp:///live/cam", "names no host"},
        {"rtmp://:1935/live/cam", "names no host"},
        {"rtmp://a:0/live/cam", "has a port that is no number from 1 to 65535"},
        {"rtmp://a:65536/live/cam", "has a port that is no number from 1 to 65535"},
        {"rtmp://a:4294969231/live/cam", "has a port that is no number from 1 to 65535"},
        {"rtmp://a:19x/live/cam", "has a port that is no number from 1 to 65535"},
        {"rtmp://a:/live/cam", "has a port that is no number from 1 to 65535"},
        {"rtmp://[::1/live/cam", "has a [ without a ]"},
        {"rtmp://[::1]1/live/cam", "has a port that is no number from 1 to 65535"},
        {"rtmp://a/live", "needs an application and a stream: rtmp://host/live/cam"},
        {"rtmp://a/live/", "needs an application and a stream: rtmp://host/live/cam"},
        {"rtmp://a/live?x/y", "needs an application and a stream: rtmp://host/live/cam"},
        {"rtmp://a//cam", "needs an application and a stream: rtmp://host/live/cam"},
        {"rtmp://a/li ve/cam", "has a space or a control character in it"},
        {"rtmp://u%00:x@a/live/cam", "has a user or password that is too long"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rtmp_url url = {.port = 7};
        const char *why;
        assert_int_equal(rtmp_url_parse(wrong[i].text, RTMP_URL_OF_STREAM, &url, &why), RTMP_E_MALFORMED);
        assert_string_equal(why, wrong[i].why);
        assert_int_equal(url.port, 7);
    }
}

static void every_length_is_bounded(void **state)
{
    (void)state;
    static char text[3 * RTMP_URL_MAX];
    for (size_t n = 1; n < 2 * RTMP_URL_MAX; n += n < 300 ? 1 : 37) {
        static const char *const forms[] = {"rtmp://%/live/cam", "rtmp://a/%/cam", "rtmp://a/live/%",
                                            "rtmp://%@a/live/cam", "rtmp://u:%@a/live/cam"};
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
            const char *gap = strchr(forms[i], '%'), *why = NULL;
            size_t head = (size_t)(gap - forms[i]);
            struct rtmp_url url;
            memcpy(text, forms[i], head);
            memset(text + head, 'x', n);
            memcpy(text + head + n, gap + 1, strlen(gap + 1) + 1);
            int rc = rtmp_url_parse(text, RTMP_URL_OF_STREAM, &url, &why);
            assert_true(rc == 0 ? why == NULL : why != NULL);
            size_t max = i == 0 ? RTMP_URL_HOST_MAX : i > 2 ? RTMP_URL_SECRET_MAX : RTMP_URL_MAX - strlen(forms[i]) + 1;
            assert_int_equal(rc == 0, n < max);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_part_is_the_stream),    cmocka_unit_test(an_application_is_the_whole_path),
        cmocka_unit_test(who_asks_is_not_told_to_others), cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(every_length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
