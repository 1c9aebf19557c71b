/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>

#include "amf_case.h"

static void accessors_take_anything(void **state)
{
    (void)state;
    const struct rtmp_value *others[] = {
        NULL,
        rtmp_value_new_undefined(),
        rtmp_value_new_null(),
        rtmp_value_new_date(&arena, 5),
        rtmp_value_new_bytes(&arena, "ab", 2),
        rtmp_value_new_array(&arena),
        rtmp_value_new_object(&arena),
        value_of(rtmp_amf3_read, "0d0501ffffffff00000002"),
        value_of(rtmp_amf3_read, "0b093c612f3e"),
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_null(rtmp_value_get(others[i], "a"));
        assert_null(rtmp_value_at(others[i], 0));
        assert_null(rtmp_value_members(others[i]));
        assert_true(rtmp_value_number(others[i], 7) == 7);
        assert_true(rtmp_value_boolean(others[i], true));
        assert_string_equal(rtmp_value_text(others[i]).data, "");
        assert_int_equal(rtmp_value_text(others[i]).length, 0);
        assert_string_equal(rtmp_value_class(others[i]).data, "");
    }
    assert_int_equal(rtmp_value_type(NULL), RTMP_UNDEFINED);
    assert_int_equal(rtmp_value_count(NULL), 0);
    assert_int_equal(rtmp_value_count(others[4]), 0); /* bytes are no items */
    assert_int_equal(rtmp_value_count(others[7]), 2);
}

static void built_values_are_read(void **state)
{
    (void)state;
    struct rtmp_value *object = rtmp_value_new_object(&arena), *array = rtmp_value_new_array(&arena);
    assert_int_equal(rtmp_value_set(&arena, object, "n", rtmp_value_new_number(&arena, 1.5)), 0);
    assert_int_equal(rtmp_value_set(&arena, object, "s", rtmp_value_new_string(&arena, "a\0b", 3)), 0);
    assert_int_equal(rtmp_value_set(&arena, object, "", rtmp_value_new_boolean(false)), 0);
    assert_int_equal(rtmp_value_set(&arena, object, "list", array), 0);
    assert_int_equal(rtmp_value_set(&arena, object, "n", rtmp_value_new_integer(&arena, -3)), 0);
    for (int32_t i = 0; i < 100; i++)
        assert_int_equal(rtmp_value_push(&arena, array, rtmp_value_new_integer(&arena, i)), 0);
    assert_int_equal(rtmp_value_set(&arena, array, "name", rtmp_value_new_null()), 0);

    assert_true(rtmp_value_number(rtmp_value_get(object, "n"), 0) == -3);
    assert_int_equal(rtmp_value_text(rtmp_value_get(object, "s")).length, 3);
    assert_memory_equal(rtmp_value_text(rtmp_value_get(object, "s")).data, "a\0b", 4);
    assert_false(rtmp_value_boolean(rtmp_value_get(object, ""), true));
    assert_null(rtmp_value_get(object, "N"));
    assert_int_equal(rtmp_value_count(array), 100);
    for (size_t i = 0; i < 100; i++)
        assert_true(rtmp_value_number(rtmp_value_at(array, i), -1) == (double)i);
    assert_null(rtmp_value_at(array, 100));
    assert_int_equal(rtmp_value_type(rtmp_value_get(array, "name")), RTMP_NULL);
    assert_null(rtmp_value_get(object, "list")->members->next);
}

static void building_refuses_what_cannot_be(void **state)
{
    (void)state;
    struct rtmp_value *object = rtmp_value_new_object(&arena), *array = rtmp_value_new_array(&arena);
    struct rtmp_value *null = rtmp_value_new_null();
    assert_int_equal(rtmp_value_set(&arena, null, "a", null), RTMP_E_RANGE);
    assert_int_equal(rtmp_value_set(&arena, NULL, "a", null), RTMP_E_RANGE);
    assert_int_equal(rtmp_value_set(&arena, object, "a", NULL), RTMP_E_RANGE);
    assert_int_equal(rtmp_value_push(&arena, object, null), RTMP_E_RANGE);
    assert_int_equal(rtmp_value_push(&arena, NULL, null), RTMP_E_RANGE);
    assert_int_equal(rtmp_value_push(&arena, array, NULL), RTMP_E_RANGE);
    assert_null(rtmp_value_new_string(&arena, NULL, 1));
    assert_description(object, "{}");
    assert_description(array, "array[]");
}

static void the_last_of_a_name_counts(void **state)
{
    (void)state;
    struct rtmp_value *object = value_of(rtmp_amf0_read, "0300016105000162050001610101000009");
    assert_true(rtmp_value_boolean(rtmp_value_get(object, "a"), false));
    assert_int_equal(rtmp_value_set(&arena, object, "a", rtmp_value_new_number(&arena, 4)), 0);
    assert_true(rtmp_value_number(rtmp_value_get(object, "a"), 0) == 4);
    assert_description(object, "{a=null,b=null,a=num(4)}");
}

static void what_was_read_can_grow(void **state)
{
    (void)state;
    static const char *const read[] = {"0a00000000", "0a0000000105", "0a000000020505", "0a00000003050505",
                                       "0a0000000405050505"};
    for (size_t n = 0; n < COUNT(read); n++) {
        struct rtmp_value *array = value_of(rtmp_amf0_read, read[n]);
        for (size_t i = n; i < 40; i++) {
            assert_int_equal(rtmp_value_push(&arena, array, rtmp_value_new_boolean(true)), 0);
            (void)memset(rtmp_arena_take(&arena, 8), 0xFF, 8); /* what lies behind is another's */
        }
        assert_int_equal(rtmp_value_count(array), 40);
        for (size_t i = 0; i < 40; i++)
            assert_int_equal(rtmp_value_type(rtmp_value_at(array, i)), i < n ? RTMP_NULL : RTMP_BOOLEAN);
    }
}

static int build(void)
{
    struct rtmp_value *object = rtmp_value_new_object(&arena), *array = rtmp_value_new_ecma_array(&arena);
    char *long_text = calloc(1, 3000);
    assert_non_null(long_text);
    int rc = object ? rtmp_value_set(&arena, object, "list", array) : RTMP_E_RANGE;
    for (int i = 0; rc == 0 && i < 100; i++)
        rc = rtmp_value_push(&arena, array, rtmp_value_new_number(&arena, i));
    if (rc == 0)
        rc = rtmp_value_set(&arena, array, "text", rtmp_value_new_string(&arena, long_text, 3000));
    if (rc == 0)
        rc = rtmp_value_set(&arena, object, "bytes", rtmp_value_new_bytes(&arena, long_text, 2000));
    free(long_text);
    return rc;
}

/* A constructor's NULL is refused as RTMP_E_RANGE by whom it is handed to: the end of the chain is what is tested. */
static void building_without_memory_or_budget(void **state)
{
    (void)state;
    int rc = RTMP_E_MEMORY;
    for (long fail_at = 1; rc; fail_at++) {
        teardown(NULL);
        setup(NULL);
        heap.fail_at = fail_at;
        rc = build();
        assert_true(rc == 0 || rc == RTMP_E_MEMORY || rc == RTMP_E_RANGE);
        assert_true(rc || heap.n_calls < fail_at);
    }
    heap.fail_at = 0;
    size_t needed = arena.used;
    for (size_t budget = 0; budget <= needed; budget += 8) {
        rtmp_arena_finish(&arena);
        rtmp_arena_init(&arena, &allocator, budget);
        rc = build();
        assert_true(budget == needed ? rc == 0 : rc == RTMP_E_BYTES || rc == RTMP_E_RANGE);
    }
}

static void printing_numbers(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *printed;
    } rows[] = {
        {0, "0"},
        {-1, "-1"},
        {0.5, "0.5"},
        {-0.25, "-0.25"},
        {1.000001, "1.000001"},
        {0.0000001, "0"},
        {0.9999999, "1"},
        {-9.9999996, "-10"},
        {3.14159265, "3.141593"},
        {4294967295.0, "4294967295"},
        {999999999999999900.0, "999999999999999872"},
        {1e18, "1e18"},
        {-2.5e20, "-2.5e20"},
        {DBL_MAX, "1.797693e308"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {NAN, "NaN"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_printed(rtmp_value_new_number(&arena, rows[i].number), 1, rows[i].printed);
    assert_printed(rtmp_value_new_integer(&arena, -268435456), 1, "-268435456");
    assert_printed(rtmp_value_new_date(&arena, 1500000000000.0), 1, "1500000000000");
}

/* What is printed is one line of valid UTF-8 without control characters. */
static void printing_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } rows[] = {
        {"", "\"\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\x1b[31m\x7f", "\"\\x0a\\x1b[31m\\x7f\""},
        {"\xc2\x9b", "\"\\xc2\\x9b\""}, /* a control character of two bytes: CSI */
        {"\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xac", "\"\xc2\xa0\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xac\""},
        {"\x9b\xff\xc0\xaf", "\"\\x9b\\xff\\xc0\\xaf\""},
        {"\xe0\x9f\xbf", "\"\\xe0\\x9f\\xbf\""},          /* longer than need be */
        {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},          /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\""}, /* above U+10FFFF */
        {"\xf0\x8f\xbf\xbf", "\"\\xf0\\x8f\\xbf\\xbf\""}, /* longer than need be */
        {"\xf5\x80\x80\x80", "\"\\xf5\\x80\\x80\\x80\""}, /* no first byte */
        {"\xe2\x82", "\"\\xe2\\x82\""},                   /* ends too early */
        {"\xe2\x82z\xf0\x9f\x8ez", "\"\\xe2\\x82z\\xf0\\x9f\\x8ez\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_printed(rtmp_value_new_string(&arena, rows[i].text, strlen(rows[i].text)), 1, rows[i].printed);
    assert_printed(rtmp_value_new_string(&arena, "a\0b", 3), 1, "\"a\\x00b\"");
}

static void printing_everything(void **state)
{
    (void)state;
    static const struct {
        read_fn read;
        const char *hex, *printed;
    } rows[] = {
        {rtmp_amf0_read, "06", "undefined"},
        {rtmp_amf0_read, "0d", "undefined"},
        {rtmp_amf0_read, "05", "null"},
        {rtmp_amf0_read, "0100", "false"},
        {rtmp_amf0_read, "0a00000000", "[]"},
        {rtmp_amf0_read, "0a000000020506", "[null,undefined]"},
        {rtmp_amf0_read, "030001610500016205000009", "{\"a\":null,\"b\":null}"},
        {rtmp_amf0_read, "100002507400017805000009", "\"Pt\"{\"x\":null}"},
        {rtmp_amf0_read, "0f000000043c612f3e", "\"<a/>\""},
        {rtmp_amf3_read, "0903036b030102", "[false]{\"k\":true}"},
        {rtmp_amf3_read, "0901036b0301", "{\"k\":true}"},
        {rtmp_amf3_read, "0c07010203", "bytes"},
        {rtmp_amf3_read, "0b093c612f3e", "\"<a/>\""},
        {rtmp_amf3_read, "0d0501ffffffff00000002", "[-1,2]"},
        {rtmp_amf3_read, "0e0300ffffffff", "[4294967295]"},
        {rtmp_amf3_read, "0f03003fe0000000000000", "[0.5]"},
        {rtmp_amf3_read, "10030001060371", "[\"q\"]"},
        {rtmp_amf3_read, "11030006036b0407", "[\"k\",7]"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_printed(value_of(rows[i].read, rows[i].hex), 100, rows[i].printed);
    assert_printed(NULL, 100, "undefined");
}

static void printing_ends(void **state)
{
    (void)state;
    struct rtmp_value *array = value_of(rtmp_amf0_read, "0a0000000305050a0000000105");
    assert_printed(array, 0, "…");
    assert_printed(array, 1, "[…]");
    assert_printed(array, 2, "[null,…]");
    assert_printed(array, 4, "[null,null,[…]]");
    assert_printed(array, 5, "[null,null,[null]]");
    assert_printed(value_of(rtmp_amf0_read, "030001610500016205000009"), 2, "{\"a\":null,…}");
    assert_printed(value_of(rtmp_amf3_read, "0d0501ffffffff00000002"), 2, "[-1,…]");

    struct rtmp_value *self = rtmp_value_new_array(&arena);
    assert_int_equal(rtmp_value_push(&arena, self, self), 0);
    char expected[2 * RTMP_VALUE_DEPTH + 4] = {0};
    memset(expected, '[', RTMP_VALUE_DEPTH);
    memcpy(expected + RTMP_VALUE_DEPTH, "…", 3);
    memset(expected + RTMP_VALUE_DEPTH + 3, ']', RTMP_VALUE_DEPTH);
    assert_printed(self, UINT32_MAX, expected);
}

static void printing_without_room(void **state)
{
    (void)state;
    struct rtmp_value *value = value_of(rtmp_amf0_read, "03000161050001620a0000000202000163003ff8000000000000000009");
    rtmp_buffer_clear(&buffer);
    assert_int_equal(rtmp_value_print(value, 100, &buffer), 0);
    size_t length = buffer.length;
    for (size_t max = 0; max <= length; max++) {
        struct rtmp_buffer small;
        rtmp_buffer_init(&small, &allocator, max);
        assert_int_equal(rtmp_value_print(value, 100, &small), max < length ? RTMP_E_SPACE : 0);
        assert_true(small.length <= max);
        if (small.length > 0)
            assert_memory_equal(small.data, buffer.data, small.length);
        rtmp_buffer_finish(&small);
    }
}

/* All different from each other, each equal to itself read anew. */
static void equality(void **state)
{
    (void)state;
    static const struct {
        read_fn read;
        const char *hex;
    } rows[] = {
        {rtmp_amf0_read, "05"},
        {rtmp_amf0_read, "06"},
        {rtmp_amf0_read, "0d"},
        {rtmp_amf0_read, "0100"},
        {rtmp_amf0_read, "0101"},
        {rtmp_amf0_read, "000000000000000000"},
        {rtmp_amf0_read, "008000000000000000"},
        {rtmp_amf0_read, "007ff8000000000000"},
        {rtmp_amf3_read, "0400"},
        {rtmp_amf3_read, "0401"},
        {rtmp_amf0_read, "0b00000000000000000000"},
        {rtmp_amf0_read, "0b0000000000000000ffc4"},
        {rtmp_amf0_read, "020000"},
        {rtmp_amf0_read, "02000161"},
        {rtmp_amf0_read, "02000162"},
        {rtmp_amf0_read, "0f0000000161"},
        {rtmp_amf3_read, "0b0361"},
        {rtmp_amf3_read, "0c0361"},
        {rtmp_amf0_read, "03000009"},
        {rtmp_amf0_read, "0300016105000009"},
        {rtmp_amf0_read, "0300016106000009"},
        {rtmp_amf0_read, "0300016205000009"},
        {rtmp_amf0_read, "030001610500016205000009"},
        {rtmp_amf0_read, "030001620500016105000009"},
        {rtmp_amf0_read, "1000014100016105000009"},
        {rtmp_amf0_read, "1000014200016105000009"},
        {rtmp_amf3_read, "0a130341036101"},
        {rtmp_amf0_read, "0800000000000009"},
        {rtmp_amf0_read, "0a00000000"},
        {rtmp_amf0_read, "0a0000000105"},
        {rtmp_amf0_read, "0a0000000106"},
        {rtmp_amf3_read, "0903036b030101"},
        {rtmp_amf3_read, "0d030000000001"},
        {rtmp_amf3_read, "0d030100000001"},
        {rtmp_amf3_read, "0d030000000002"},
        {rtmp_amf3_read, "0e030000000001"},
        {rtmp_amf3_read, "0f03003fe0000000000000"},
        {rtmp_amf3_read, "10030001060371"},
        {rtmp_amf3_read, "1003000341060371"},
        {rtmp_amf3_read, "11030006036b0407"},
        {rtmp_amf3_read, "11030106036b0407"},
        {rtmp_amf3_read, "11030006036b0408"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t j = 0; j < COUNT(rows); j++) {
            bool same = rtmp_value_equal(value_of(rows[i].read, rows[i].hex), value_of(rows[j].read, rows[j].hex));
            if (same != (i == j))
                fail_msg("%s and %s", rows[i].hex, rows[j].hex);
        }
    assert_true(rtmp_value_equal(NULL, rtmp_value_new_undefined()));
    assert_false(rtmp_value_equal(NULL, rtmp_value_new_null()));
}

static void equality_of_cycles_ends(void **state)
{
    (void)state;
    const struct rtmp_value *one = value_of(rtmp_amf3_read, "0903010900"),
                            *two = value_of(rtmp_amf3_read, "0903010903010900");
    assert_true(rtmp_value_equal(one, value_of(rtmp_amf3_read, "0903010900")));
    assert_true(rtmp_value_equal(one, two)); /* no walk can tell them apart */
    assert_false(rtmp_value_equal(one, value_of(rtmp_amf3_read, "09030109030101")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accessors_take_anything, setup, teardown),
        cmocka_unit_test_setup_teardown(built_values_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(building_refuses_what_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_of_a_name_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_read_can_grow, setup, teardown),
        cmocka_unit_test_setup_teardown(building_without_memory_or_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(printing_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(printing_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(printing_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(printing_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(printing_without_room, setup, teardown),
        cmocka_unit_test_setup_teardown(equality, setup, teardown),
        cmocka_unit_test_setup_teardown(equality_of_cycles_ends, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
