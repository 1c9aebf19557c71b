/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ops/settings.h"
#include "ops/state.h"

static char folder[] = "/tmp/playhouse-state-XXXXXX";
static char inner[sizeof folder + 8], deep[sizeof inner + 8], key_file[sizeof deep + 16], token_file[sizeof deep + 16];
static char read_file[sizeof deep + 16], operate_file[sizeof deep + 16];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(inner, sizeof inner, "%s/a", folder);
    snprintf(deep, sizeof deep, "%s/b", inner);
    snprintf(key_file, sizeof key_file, "%s/publish.key", deep);
    snprintf(token_file, sizeof token_file, "%s/api.token", deep);
    snprintf(read_file, sizeof read_file, "%s/api.read", deep);
    snprintf(operate_file, sizeof operate_file, "%s/api.operate", deep);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(key_file);
    unlink(token_file);
    unlink(read_file);
    unlink(operate_file);
    rmdir(deep);
    rmdir(inner);
    return rmdir(folder);
}

static void the_key_is_made_once_and_kept(void **state)
{
    (void)state;
    static struct ph_state first, second;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_state_open(deep, &first, error), 0);
    assert_true(first.is_new_key);
    assert_int_equal(strlen(first.publish_key), PH_SECRET_KEY_LENGTH);
    assert_string_equal(first.directory, deep);
    struct stat about;
    assert_int_equal(stat(key_file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(strlen(first.api_token), PH_SECRET_TOKEN_LENGTH);
    assert_int_equal(stat(token_file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(stat(deep, &about), 0);
    assert_int_equal(about.st_mode & 0077, 0);

    assert_int_equal(ph_state_open(deep, &second, error), 0);
    assert_false(second.is_new_key);
    assert_string_equal(second.publish_key, first.publish_key);
    assert_string_equal(second.api_token, first.api_token);
}

/* Each has a token of its own, which follows from the first and tells nothing of it. */
static void lesser_roles_have_their_tokens(void **state)
{
    (void)state;
    static struct ph_state first, second;
    char error[PH_SETTINGS_ERROR] = "", text[PH_SECRET_MAX + 1];
    struct stat about;
    assert_int_equal(ph_state_open(deep, &first, error), 0);
    assert_int_equal(ph_secret_read(read_file, text, sizeof text), 0);
    assert_string_equal(text, first.read_token);
    assert_int_equal(ph_secret_read(operate_file, text, sizeof text), 0);
    assert_string_equal(text, first.operate_token);
    assert_int_equal(stat(operate_file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_string_not_equal(first.read_token, first.operate_token);
    assert_string_not_equal(first.read_token, first.api_token);
    assert_int_equal(unlink(token_file), 0);
    assert_int_equal(ph_state_open(deep, &second, error), 0);
    assert_string_not_equal(second.read_token, first.read_token);
    assert_int_equal(ph_secret_read(read_file, text, sizeof text), 0);
    assert_string_equal(text, second.read_token);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    (void)state;
    static struct ph_state it;
    char error[PH_SETTINGS_ERROR] = "", expected[PH_SETTINGS_ERROR];
    assert_int_equal(ph_state_open(deep, &it, error), 0);
    assert_int_equal(chmod(key_file, 0644), 0);
    assert_int_equal(ph_state_open(deep, &it, error), -EPERM);
    snprintf(expected, sizeof expected,
             "%s: Operation not permitted; it must be a file of the server's user with mode 0600", key_file);
    assert_string_equal(error, expected);
    assert_int_equal(unlink(key_file), 0);
}

static void an_unusable_place_is_told_with_a_remedy(void **state)
{
    (void)state;
    static struct ph_state it;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(ph_state_open("/proc/nowhere", &it, error), -ENOENT);
    assert_string_equal(error,
                        "/proc/nowhere: No such file or directory; choose a writable directory with --state DIR");
    assert_int_equal(ph_state_open("/dev/null", &it, error), -ENOTDIR);
    assert_non_null(strstr(error, "choose a writable directory with --state DIR"));
}

static void the_usual_place_follows_the_environment(void **state)
{
    (void)state;
    static struct ph_state it;
    char error[PH_SETTINGS_ERROR] = "";
    assert_int_equal(setenv("XDG_STATE_HOME", "/dev/null/state", 1), 0);
    assert_int_equal(ph_state_open(NULL, &it, error), -ENOTDIR);
    assert_string_equal(it.directory, "/dev/null/state/playhouse");
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    assert_int_equal(setenv("HOME", "/dev/null", 1), 0);
    assert_int_equal(ph_state_open(NULL, &it, error), -ENOTDIR);
    assert_string_equal(it.directory, "/dev/null/.local/state/playhouse");
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(ph_state_open(NULL, &it, error), -ENOENT);
    assert_string_equal(error, "state directory: there is no usable place for it; choose one with --state DIR");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_made_once_and_kept),
        cmocka_unit_test(lesser_roles_have_their_tokens),
        cmocka_unit_test(a_key_that_others_can_read_is_refused),
        cmocka_unit_test(an_unusable_place_is_told_with_a_remedy),
        cmocka_unit_test(the_usual_place_follows_the_environment),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
