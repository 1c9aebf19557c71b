/* SPDX-License-Identifier: MIT */
/* The strict form of JSON: each is what its own value is written as, and what has no meaning is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "app/json_strict.h"
#include "app/letter.h"
#include "base/attr.h"

static struct rtmp_arena arena;
static struct rtmp_buffer json;

static int set_up(void **state)
{
    (void)state;
    rtmp_arena_init(&arena, &ph_app_allocator, 4 << 20);
    rtmp_buffer_init(&json, &ph_app_allocator, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rtmp_arena_finish(&arena);
    rtmp_buffer_finish(&json);
    return 0;
}

static const char *strict(const struct rtmp_value *value)
{
    rtmp_buffer_clear(&json);
    assert_int_equal(ph_json_write_strict(value, &json), 0);
    assert_int_equal(rtmp_buffer_append(&json, "", 1), 0);
    return (const char *)json.data;
}

static struct rtmp_value *read(const char *text)
{
    char fault[PH_JSON_FAULT] = "";
    struct rtmp_value *value = NULL;
    if (ph_json_read_strict(text, strlen(text), &arena, &value, fault))
        fail_msg("%s: %s", text, fault);
    return value;
}

/* Each text is what its own value is written as. */
static void every_form_comes_back(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "null",
        "true",
        "-7",
        "0.1",
        "1e+300",
        "\"\xC3\xA4\\u0000\"",
        "{\"$undefined\":true}",
        "{\"$unsupported\":true}",
        "{\"$number\":\"NaN\"}",
        "{\"$number\":\"Infinity\"}",
        "{\"$number\":\"-Infinity\"}",
        "{\"$number\":\"-0\"}",
        "{\"$text\":\"/w==\"}",
        "{\"$text\":\"/wAB\"}",
        "{\"$date\":1e+15}",
        "{\"$date\":0.5,\"zone\":-60}",
        "{\"$date\":{\"$number\":\"NaN\"}}",
        "{\"$xml\":\"<a/>\"}",
        "{\"$xmldoc\":{\"$text\":\"/w==\"}}",
        "{\"$bytes\":\"\"}",
        "{\"$bytes\":\"AQ==\"}",
        "{\"$bytes\":\"AQI=\"}",
        "{\"$bytes\":\"AQID\"}",
        "[]",
        "[1,[2,null],{}]",
        "{\"$array\":[1],\"name\":2}",
        "{\"$array\":[],\"$ecma\":true}",
        "{\"a\":1,\"$$b\":2,\"$$$c\":{\"$$ref\":1}}",
        "{\"$members\":[[\"a\",1],[\"a\",2],[{\"$text\":\"/w==\"},3],[\"$d\",4]]}",
        "{\"$class\":\"a.B\",\"x\":1}",
        "{\"$class\":\"a.B\",\"$dynamic\":true,\"$sealed\":1,\"x\":1,\"y\":2}",
        "{\"$vector\":\"int\",\"items\":[-1,2147483647]}",
        "{\"$vector\":\"uint\",\"items\":[4294967295],\"fixed\":true}",
        "{\"$vector\":\"double\",\"items\":[0.5,{\"$number\":\"NaN\"}]}",
        "{\"$vector\":\"object\",\"items\":[null,\"x\"],\"type\":\"String\"}",
        "{\"$dictionary\":[\"k\",1,{\"a\":2},3],\"weak\":true}",
        "[{\"$id\":1,\"a\":{\"$ref\":1}},{\"$ref\":1}]",
        "{\"$id\":1,\"$array\":[{\"$ref\":1}]}",
        "[{\"$id\":1},{\"$ref\":1},{\"$id\":2,\"$date\":3},{\"$ref\":2}]",
        "{\"$id\":1,\"$dictionary\":[{\"$ref\":1},1]}",
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        assert_string_equal(strict(read(rows[i])), rows[i]);
        rtmp_arena_reset(&arena);
    }
}

/* A part of one text, put into another, means what it meant. */
static void parts_can_be_moved(void **state)
{
    (void)state;
    assert_string_equal(
        strict(read("{\"x\":[{\"$id\":5,\"a\":1},{\"$ref\":5}],\"y\":[{\"$id\":5,\"b\":1},{\"$ref\":5}]}")),
        "{\"x\":[{\"$id\":1,\"a\":1},{\"$ref\":1}],\"y\":[{\"$id\":2,\"b\":1},{\"$ref\":2}]}");
}

static void what_means_nothing_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"$ref\":1}",
        "{\"$ref\":\"a\"}",
        "{\"$number\":\"five\"}",
        "{\"$number\":{}}",
        "{\"$date\":\"today\"}",
        "{\"$bytes\":5}",
        "{\"$bytes\":\"AQI\"}",
        "{\"$bytes\":\"A?==\"}",
        "{\"$bytes\":\"=AAA\"}",
        "{\"$text\":[]}",
        "{\"$xml\":1}",
        "{\"$array\":1}",
        "{\"$dictionary\":[1]}",
        "{\"$dictionary\":{}}",
        "{\"$vector\":\"int\",\"items\":[0.5e20]}",
        "{\"$vector\":\"uint\",\"items\":[-1]}",
        "{\"$vector\":\"word\",\"items\":[]}",
        "{\"$vector\":\"int\"}",
        "{\"$members\":[[1]]}",
        "{\"$members\":[[1,2]]}",
        "{\"$id\":\"x\"}",
        "{\"$class\":7}",
        "[1",
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        char fault[PH_JSON_FAULT] = "";
        struct rtmp_value *value;
        int err = ph_json_read_strict(rows[i], strlen(rows[i]), &arena, &value, fault);
        if (err != -EINVAL || !fault[0])
            fail_msg("%s: %d", rows[i], err);
    }
}

static void depth_and_number_have_an_end(void **state)
{
    (void)state;
    char fault[PH_JSON_FAULT], deep[201] = "";
    struct rtmp_value *value, *outer = rtmp_value_new_array(&arena), *at = outer;
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_int_equal(ph_json_read_strict(deep, 200, &arena, &value, fault), -E2BIG);
    for (int i = 0; i < RTMP_VALUE_DEPTH + 2; i++) {
        struct rtmp_value *inner = rtmp_value_new_array(&arena);
        assert_int_equal(rtmp_value_push(&arena, at, inner), 0);
        at = inner;
    }
    assert_int_equal(ph_json_write_strict(outer, &json), RTMP_E_DEPTH);
    struct rtmp_value *many = rtmp_value_new_array(&arena);
    for (int i = 0; i < RTMP_VALUE_WALK_NODES; i++)
        assert_int_equal(rtmp_value_push(&arena, many, rtmp_value_new_null()), 0);
    assert_int_equal(ph_json_write_strict(many, &json), RTMP_E_NODES);
    assert_int_equal(json.length, 0);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        ROW(every_form_comes_back),
        ROW(parts_can_be_moved),
        ROW(what_means_nothing_is_refused),
        ROW(depth_and_number_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
