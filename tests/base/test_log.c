/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/limits.h"
#include "base/log.h"

static char lines[1 << 20];
static size_t used, n_lines;

static void keep(void *user, const char *line, size_t length)
{
    (void)user;
    assert_true(used + length < sizeof lines);
    assert_int_equal(line[length - 1], '\n');
    assert_ptr_equal(memchr(line, '\n', length), line + length - 1);
    assert_true(length <= PH_LIMIT_LOG_LINE);
    memcpy(lines + used, line, length);
    used += length;
    lines[used] = '\0';
    n_lines++;
}

static struct ph_clock test_clock;

static struct ph_log *make_log(bool json)
{
    struct ph_log *log;
    used = n_lines = 0;
    lines[0] = '\0';
    test_clock = make_test_clock();
    struct ph_log_options options = {.level = PH_LOG_INFO, .json = json, .clock = &test_clock, .sink = keep};
    assert_int_equal(ph_log_create(&options, &log), 0);
    return log;
}

static void one_event_is_one_line(void **state)
{
    (void)state;
    struct ph_log *log = make_log(false);
    ph_log_info(log, "live/cam", "publishing %s", "h264\nforged");
    ph_log_debug(log, "live/cam", "not wanted");
    ph_log_error(log, NULL, "no path");
    assert_string_equal(lines, "2026-08-01T12:00:00.123Z info live/cam: publishing h264\\nforged\n"
                               "2026-08-01T12:00:00.123Z error no path\n");
    ph_log_set_level(log, PH_LOG_DEBUG);
    ph_log_debug(log, NULL, "wanted now");
    assert_int_equal(n_lines, 3);
    ph_log_destroy(log);
    ph_log_info(NULL, NULL, "nobody reads this");
}

static void json_lines(void **state)
{
    (void)state;
    struct ph_log *log = make_log(true);
    ph_log_warning(log, "live/\"x", "a\tb");
    assert_string_equal(lines, "{\"time\":\"2026-08-01T12:00:00.123Z\",\"level\":\"warning\",\"path\":\"live/\\\"x\","
                               "\"text\":\"a\\u0009b\"}\n");
    ph_log_destroy(log);
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    static char text[2 * PH_LIMIT_LOG_LINE];
    memset(text, 1, sizeof text - 1);
    for (int json = 0; json < 2; json++) {
        struct ph_log *log = make_log(json);
        ph_log_info(log, text, "%s", text); /* keep() checks the length */
        assert_int_equal(n_lines, 1);
        assert_string_equal(lines + used - (json ? 6 : 4), json ? "...\"}\n" : "...\n");
        ph_log_destroy(log);
    }
}

static void floods_are_counted(void **state)
{
    (void)state;
    struct ph_log *log = make_log(false);
    for (int i = 0; i < 1000; i++)
        ph_log_info(log, NULL, "flood %d", i);
    ph_log_info(log, NULL, "another class");
    assert_int_equal(n_lines, PH_LIMIT_LOG_PER_SECOND + 1);
    ph_log_flush(log);
    assert_int_equal(n_lines, PH_LIMIT_LOG_PER_SECOND + 1);
    test_now_us += 1000000;
    ph_log_flush(log);
    assert_non_null(strstr(lines, "warning log: 900 lines suppressed, all like: flood %d\n"));
    ph_log_info(log, NULL, "flood %d", 1001);
    assert_int_equal(n_lines, PH_LIMIT_LOG_PER_SECOND + 3);
    ph_log_destroy(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_is_one_line),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(floods_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
