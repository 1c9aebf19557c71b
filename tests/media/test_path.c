/* SPDX-License-Identifier: MIT */
#include "../base/test.h"

#include "base/attr.h"
#include "media/path.h"

struct row {
    const char *meaning, *app, *name;
    const char *path; /* NULL: refused */
};

#define A64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A128 A64 A64

static const struct row rows[] = {
    {"application and stream", "live", "cam", "live/cam"},
    {"a room in the application", "live/room", "x", "live/room/x"},
    {"the same stream", "live", "room/x", "live/room/x"},
    {"slashes at the ends", "/live/", "//cam/", "live/cam"},
    {"the default instance", "live/_definst_", "cam", "live/cam"},
    {"the default instance between", "live/_definst_/room", "cam", "live/room/cam"},
    {"the default instance before the name", "live", "_definst_/cam", "live/cam"},
    {"all that is allowed", "A-Z_0.9", "a.b-c_d", "A-Z_0.9/a.b-c_d"},
    {"128 bytes each", A128, A128, A128 "/" A128},
    {"8 parts", "a/b/c/d", "e/f/g/h", "a/b/c/d/e/f/g/h"},
    {"9 parts", "a/b/c/d", "e/f/g/h/i", NULL},
    {"129 bytes of application", A128 "a", "x", NULL},
    {"129 bytes of name", "a", A128 "a", NULL},
    {"no application", "", "cam", NULL},
    {"no name", "live", "", NULL},
    {"only slashes", "live", "///", NULL},
    {"only the default instance", "live", "_definst_", NULL},
    {"an empty part", "live", "a//b", NULL},
    {"the folder above", "live", "..", NULL},
    {"the folder above, inside", "live", "a/../b", NULL},
    {"a leading dot", "live", ".hidden", NULL},
    {"a query", "live", "cam?key=1", NULL},
    {"a blank", "live", "my cam", NULL},
    {"a percent sign", "live", "%2e%2e", NULL},
    {"a backslash", "live", "a\\b", NULL},
    {"a line feed", "live", "a\nb", NULL},
    {"above ASCII", "live", "caf\xc3\xa9", NULL},
};

static void paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct ph_path path = {.text = "untouched", .length = 9};
        const char *why = NULL;
        int result = ph_path_join(row->app, strlen(row->app), row->name, strlen(row->name), &path, &why);
        if (result != (row->path ? 0 : -EINVAL))
            fail_msg("%s: %d", row->meaning, result);
        assert_string_equal(path.text, row->path ? row->path : "untouched");
        assert_int_equal(path.length, strlen(path.text));
        assert_int_equal(why == NULL, row->path != NULL);
    }
}

static void a_nul_byte_is_no_end(void **state)
{
    (void)state;
    struct ph_path path;
    const char *why;
    assert_int_equal(ph_path_join("live", 4, "a\0b", 3, &path, &why), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths), cmocka_unit_test(a_nul_byte_is_no_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
