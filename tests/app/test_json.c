/* SPDX-License-Identifier: MIT */
/* The table of docs/values.md, value by value, and texts that are no JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "app/json.h"
#include "app/letter.h"
#include "base/attr.h"

static struct rtmp_arena arena;
static struct rtmp_buffer buffer;

static int set_up(void **state)
{
    (void)state;
    rtmp_arena_init(&arena, &ph_app_allocator, 1 << 20);
    rtmp_buffer_init(&buffer, &ph_app_allocator, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rtmp_arena_finish(&arena);
    rtmp_buffer_finish(&buffer);
    return 0;
}

static const char *json_of(const struct rtmp_value *value)
{
    rtmp_buffer_clear(&buffer);
    assert_int_equal(ph_json_write(value, &buffer), 0);
    assert_int_equal(rtmp_buffer_append(&buffer, "", 1), 0);
    return (const char *)buffer.data;
}

static struct rtmp_value *read(const char *text)
{
    char fault[PH_JSON_FAULT];
    struct rtmp_value *value = NULL;
    assert_int_equal(ph_json_read(text, strlen(text), &arena, &value, fault), 0);
    return value;
}

#define assert_json(value, text) assert_string_equal(json_of(value), text)

static void every_kind_of_value_is_written(void **state)
{
    (void)state;
    static const struct rtmp_value undefined = {.type = RTMP_UNDEFINED}, unsupported = {.type = RTMP_UNSUPPORTED};
    static const int32_t ints[] = {-1, INT32_MAX};
    static const uint32_t uints[] = {0, UINT32_MAX};
    static const double doubles[] = {0.5, -0.0};
    const struct rtmp_value vector_int = {.type = RTMP_VECTOR_INT, .n = 2, .ints = ints};
    const struct rtmp_value vector_uint = {.type = RTMP_VECTOR_UINT, .n = 2, .uints = uints};
    const struct rtmp_value vector_double = {.type = RTMP_VECTOR_DOUBLE, .n = 2, .doubles = doubles};
    const struct rtmp_value xml = {.type = RTMP_XML, .n = 4, .text = "<a/>"};
    struct rtmp_value *pair[] = {rtmp_value_new_integer(&arena, 1), rtmp_value_new_string(&arena, "x", 1)};
    const struct rtmp_value dictionary = {.type = RTMP_DICTIONARY, .n = 2, .items = pair};
    const struct rtmp_text class_name = {"my.Class", 8};
    const struct rtmp_value object = {.type = RTMP_OBJECT, .class_name = &class_name};
    assert_json(NULL, "null");
    assert_json(&undefined, "null");
    assert_json(&unsupported, "null");
    assert_json(rtmp_value_new_boolean(true), "true");
    assert_json(rtmp_value_new_integer(&arena, INT32_MIN), "-2147483648");
    assert_json(rtmp_value_new_date(&arena, 1e12), "1000000000000");
    assert_json(rtmp_value_new_bytes(&arena, "\0\xFF\1\2", 4), "\"AP8BAg==\"");
    assert_json(rtmp_value_new_bytes(&arena, "", 0), "\"\"");
    assert_json(&xml, "\"<a/>\"");
    assert_json(&vector_int, "[-1,2147483647]");
    assert_json(&vector_uint, "[0,4294967295]");
    assert_json(&vector_double, "[0.5,-0.0]");
    assert_json(&dictionary, "[[1,\"x\"]]");
    assert_json(&object, "{\"$class\":\"my.Class\"}");
}

static void numbers_read_back_the_same(void **state)
{
    (void)state;
    static const double rows[] = {0,      0.1,  -1.5,          1e-300, 1.7976931348623157e308, 9007199254740993.0,
                                  5e-324, 1e21, 123456789012.0};
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        const char *text = json_of(rtmp_value_new_number(&arena, rows[i]));
        assert_true(rtmp_value_number(read(text), NAN) == rows[i]);
    }
    assert_json(rtmp_value_new_number(&arena, NAN), "null");
    assert_json(rtmp_value_new_number(&arena, -INFINITY), "null");
    assert_json(rtmp_value_new_number(&arena, 3), "3");
}

static void texts_are_escaped_and_mended(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *json;
    } rows[] = {
        {"gr\xC3\xBC\xC3\x9F", 6, "\"gr\xC3\xBC\xC3\x9F\""},
        {"a\"b\\c\n\r\t\x01\x7F", 10, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u007f\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\xFFx\xC3", 3, "\"\xEF\xBF\xBDx\xEF\xBF\xBD\""},
        {"\xC0\x80", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                 /* overlong */
        {"\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* a lone surrogate */
        {"\xF0\x9F\x8E\xAD", 4, "\"\xF0\x9F\x8E\xAD\""},
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++)
        assert_json(rtmp_value_new_string(&arena, rows[i].text, rows[i].length), rows[i].json);
    struct rtmp_text back = rtmp_value_text(read("\"a\\u0000b\""));
    assert_int_equal(back.length, 3);
    assert_memory_equal(back.data, "a\0b", 3);
}

static void texts_read_back_the_same(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "null", "[]", "{}", "[1,[2,{\"a\":true}],\"x\"]", "{\"b\":1,\"a\":{\"c\":[]}}", "-0.5", "2147483647", "\"\""};
    for (size_t i = 0; i < PH_COUNT(rows); i++)
        assert_json(read(rows[i]), rows[i]);
    assert_int_equal(rtmp_value_type(read("7")), RTMP_INTEGER);
    assert_int_equal(rtmp_value_type(read("2147483648")), RTMP_NUMBER);
    assert_int_equal(rtmp_value_type(read("7.0")), RTMP_NUMBER);
}

static void undefined_is_left_out_and_cycles_end(void **state)
{
    (void)state;
    struct rtmp_value *object = rtmp_value_new_object(&arena), *array = rtmp_value_new_array(&arena);
    assert_int_equal(rtmp_value_set(&arena, object, "u", rtmp_value_new_undefined()), 0);
    assert_int_equal(rtmp_value_set(&arena, object, "me", object), 0);
    assert_int_equal(rtmp_value_push(&arena, array, object), 0);
    assert_int_equal(rtmp_value_push(&arena, array, object), 0); /* shared is no cycle */
    assert_int_equal(rtmp_value_push(&arena, array, rtmp_value_new_undefined()), 0);
    assert_json(array, "[{\"me\":null},{\"me\":null},null]");
    struct rtmp_value *named = rtmp_value_new_ecma_array(&arena);
    assert_int_equal(rtmp_value_push(&arena, named, rtmp_value_new_integer(&arena, 1)), 0);
    assert_int_equal(rtmp_value_set(&arena, named, "x", rtmp_value_new_integer(&arena, 2)), 0);
    assert_json(named, "{\"0\":1,\"x\":2}");
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"",       " ",   "{",     "[1,]",  "{\"a\":1,\"a\":2}", "'a'",      "01",
                                       "1e999",  "NaN", "nul",   "[1] 2", "\"\\ud800\"",       "\"\xFF\"", "{a:1}",
                                       "\"\n\"", "+1",  "[1 2]", "//x\n1"};
    char fault[PH_JSON_FAULT];
    struct rtmp_value *value;
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        assert_int_equal(ph_json_read(rows[i], strlen(rows[i]), &arena, &value, fault), -EINVAL);
        assert_null(strchr(fault, '\n'));
    }
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_int_equal(ph_json_read(deep, 200, &arena, &value, fault), -E2BIG);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        ROW(every_kind_of_value_is_written),       ROW(numbers_read_back_the_same),
        ROW(texts_are_escaped_and_mended),         ROW(texts_read_back_the_same),
        ROW(undefined_is_left_out_and_cycles_end), ROW(what_is_no_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
