/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

static char directory[] = "/tmp/ph-secret-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/key", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    char made[PH_SECRET_TOKEN_LENGTH + 1], other[PH_SECRET_TOKEN_LENGTH + 1], read[64];
    assert_int_equal(ph_secret_make(made, PH_SECRET_TOKEN_LENGTH), 0);
    assert_int_equal(ph_secret_make(other, PH_SECRET_TOKEN_LENGTH), 0);
    assert_int_equal(strspn(made, "abcdefghijklmnopqrstuvwxyz234567"), PH_SECRET_TOKEN_LENGTH);
    assert_string_not_equal(made, other);
    assert_int_equal(ph_secret_write(path, "an older one"), 0);
    assert_int_equal(ph_secret_write(path, made), 0);
    assert_int_equal(ph_secret_read(path, read, sizeof read), 0);
    assert_string_equal(read, made);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
}

static void a_file_that_others_may_read_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620, 0601};
    char read[64] = "untouched";
    assert_int_equal(ph_secret_write(path, "secret"), 0);
    for (size_t i = 0; i < PH_COUNT(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(ph_secret_read(path, read, sizeof read), -EPERM);
    }
    assert_string_equal(read, "untouched");
}

static void odd_files_are_refused(void **state)
{
    (void)state;
    char read[8], small[7], longer[PH_SECRET_MAX + 2] = "";
    assert_int_equal(ph_secret_write(path, "secrets"), 0);
    assert_int_equal(ph_secret_read(path, small, sizeof small), -EMSGSIZE);
    assert_int_equal(ph_secret_read(path, read, sizeof read), 0);
    assert_int_equal(ph_secret_write(path, ""), 0);
    assert_int_equal(ph_secret_read(path, read, sizeof read), -EINVAL);
    assert_int_equal(ph_secret_write(path, "a\tb"), 0);
    assert_int_equal(ph_secret_read(path, read, sizeof read), -EINVAL);
    memset(longer, 'a', sizeof longer - 1);
    assert_int_equal(ph_secret_write(path, longer), 0);
    char large[2 * PH_SECRET_MAX];
    assert_int_equal(ph_secret_read(path, large, sizeof large), -EMSGSIZE);
    assert_int_equal(ph_secret_read("/nonexistent/key", read, sizeof read), -ENOENT);
    assert_int_equal(ph_secret_write("/nonexistent/key", "x"), -ENOENT);
}

static void only_equal_secrets_are_equal(void **state)
{
    (void)state;
    assert_true(ph_secret_equal("abc", 3, "abc", 3));
    assert_true(ph_secret_equal("", 0, "", 0));
    assert_false(ph_secret_equal("abc", 3, "abd", 3));
    assert_false(ph_secret_equal("abc", 3, "ab", 2));
    assert_false(ph_secret_equal("\x80", 1, "\x00", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_file_that_others_may_read_is_refused),
        cmocka_unit_test(odd_files_are_refused),
        cmocka_unit_test(only_equal_secrets_are_equal),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
