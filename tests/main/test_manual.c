/* SPDX-License-Identifier: MIT */
/* The pages that the server prints are the pages in the tree: arguments are docs/configuration.md, the sample
 * and docs/openapi.json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "apps/bundled.h"
#include "gate/api/resource.h"
#include "ops/command_line.h"
#include "ops/config.h"

static char **arguments;

static char *printed(void (*print)(FILE *out))
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    print(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *content(const char *name)
{
    FILE *in = fopen(name, "r");
    assert_non_null(in);
    char *text = NULL;
    size_t cap = 0;
    assert_true(getdelim(&text, &cap, '\0', in) > 0);
    assert_int_equal(fclose(in), 0);
    return text;
}

static void compare(void (*print)(FILE *out), const char *name)
{
    char *now = printed(print), *kept = content(name);
    assert_string_equal(kept, now);
    free(now);
    free(kept);
}

static void print_manual(FILE *out) { ph_manual_print(out, ph_bundled_types, PH_BUNDLED_TYPES); }

static void the_manual_is_fresh(void **state)
{
    (void)state;
    compare(print_manual, arguments[1]);
}

static void the_sample_file_is_fresh(void **state)
{
    (void)state;
    compare(ph_config_print_sample, arguments[2]);
}

static void the_description_is_fresh(void **state)
{
    (void)state;
    compare(ph_api_print_description, arguments[3]);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manual_is_fresh),
        cmocka_unit_test(the_sample_file_is_fresh),
        cmocka_unit_test(the_description_is_fresh),
    };
    arguments = argv;
    return argc == 4 ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
