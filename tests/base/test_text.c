/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/text.h"

struct number {
    const char *text;
    int result;
    uint64_t value;
};

static void check_numbers(const struct number *rows, size_t n, int (*read)(const char *, uint64_t *))
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value = 77;
        int result = read(rows[i].text, &value);
        if (result != rows[i].result || value != (result ? 77 : rows[i].value))
            fail_msg("\"%s\" gives %d, %llu", rows[i].text, result, (unsigned long long)value);
    }
}

static void numbers(void **state)
{
    (void)state;
    static const struct number rows[] = {
        {"0", 0, 0},          {"18446744073709551615", 0, UINT64_MAX},
        {"", -EINVAL, 0},     {"18446744073709551616", -ERANGE, 0},
        {" 1", -EINVAL, 0},   {"1 ", -EINVAL, 0},
        {"+1", -EINVAL, 0},   {"-1", -EINVAL, 0},
        {"0x10", -EINVAL, 0}, {"99999999999999999999x", -EINVAL, 0},
    };
    check_numbers(rows, PH_COUNT(rows), ph_text_u64);
    int64_t value;
    assert_int_equal(ph_text_i64("-9223372036854775808", &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(ph_text_i64("-9223372036854775809", &value), -ERANGE);
    assert_int_equal(ph_text_i64("9223372036854775808", &value), -ERANGE);
    assert_int_equal(ph_text_i64("-0", &value), 0);
    assert_true(value == 0);
    assert_int_equal(ph_text_i64("--1", &value), -EINVAL);
    double number;
    assert_int_equal(ph_text_double("-1.5e2", &number), 0);
    assert_true(number == -150);
    assert_int_equal(ph_text_double("1e999", &number), -ERANGE);
    assert_int_equal(ph_text_double("nan", &number), -EINVAL);
    assert_int_equal(ph_text_double("1.5x", &number), -EINVAL);
}

static void sizes(void **state)
{
    (void)state;
    static const struct number rows[] = {
        {"65536", 0, 65536},          {"64 KiB", 0, 65536},     {"64k", 0, 65536},
        {"1.5MiB", 0, 1572864},       {"2 GB", 0, 2147483648u}, {"1 B", 0, 1},
        {"16777216 TiB", -ERANGE, 0}, {"5 apples", -EINVAL, 0}, {"KiB", -EINVAL, 0},
        {"1.", -EINVAL, 0},           {"1  K", -EINVAL, 0},     {"1 ", -EINVAL, 0},
    };
    check_numbers(rows, PH_COUNT(rows), ph_text_size);
}

static void durations(void **state)
{
    (void)state;
    static const struct number rows[] = {
        {"100", 0, 100},       {"100 ms", 0, 100},
        {"1.5 s", 0, 1500},    {"0.0004s", 0, 0},
        {"5 min", 0, 300000},  {"1h", 0, 3600000},
        {"7 d", 0, 604800000}, {"fast", -EINVAL, 0},
        {"-1", -EINVAL, 0},    {"213503982335 d", -ERANGE, 0},
    };
    check_numbers(rows, PH_COUNT(rows), ph_text_duration_ms);
}

static void switches(void **state)
{
    (void)state;
    bool value = false;
    assert_int_equal(ph_text_bool("on", &value), 0);
    assert_true(value);
    assert_int_equal(ph_text_bool("No", &value), 0);
    assert_false(value);
    assert_int_equal(ph_text_bool("", &value), -EINVAL);
    assert_int_equal(ph_text_bool("2", &value), -EINVAL);
}

static void strangers_cannot_break_a_line(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *line, *json;
    } rows[] = {
        {"a\nb\r\t", 5, "a\\nb\\r\\t", "a\\u000ab\\u000d\\u0009"},
        {"\x1b[2J\x7f", 5, "\\x1b[2J\\x7f", "\\u001b[2J\\u007f"},
        {"\0", 1, "\\x00", "\\u0000"},
        {"q\"\\", 3, "q\"\\\\", "q\\\"\\\\"},
        {"\xc3\xa9", 2, "\xc3\xa9", "\xc3\xa9"},
        {"\xc3", 1, "\\xc3", "\xef\xbf\xbd"},
        {"\xc0\xaf", 2, "\\xc0\\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\x9b", 2, "\\xc2\\x9b", "\\u009b"},
        {"\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8", "\\u2028"},
        {"\xf0\x9f\x8e\xac", 4, "\xf0\x9f\x8e\xac", "\xf0\x9f\x8e\xac"},
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        char bytes[64];
        struct ph_text text;
        ph_text_init(&text, bytes, sizeof bytes);
        ph_text_add_escaped(&text, rows[i].bytes, rows[i].length);
        assert_string_equal(bytes, rows[i].line);
        ph_text_init(&text, bytes, sizeof bytes);
        ph_text_add_json(&text, rows[i].bytes, rows[i].length);
        assert_string_equal(bytes, rows[i].json);
    }
}

static void what_does_not_fit_is_cut_whole(void **state)
{
    (void)state;
    char bytes[8];
    struct ph_text text;
    ph_text_init(&text, bytes, sizeof bytes);
    ph_text_add_escaped(&text, "abcd\x01\x02", 6);
    assert_string_equal(bytes, "abcd");
    assert_true(text.cut);
    ph_text_init(&text, bytes, sizeof bytes);
    ph_text_add(&text, "%s", "12345678");
    assert_string_equal(bytes, "1234567");
    assert_true(text.cut);
    ph_text_add(&text, "more");
    ph_text_add_bytes(&text, "more", 4);
    assert_string_equal(bytes, "1234567");
}

static void amounts_and_times(void **state)
{
    (void)state;
    char bytes[128];
    struct ph_text text;
    ph_text_init(&text, bytes, sizeof bytes);
    ph_text_add_amount(&text, 999);
    ph_text_add(&text, ", ");
    ph_text_add_amount(&text, 3100000000u);
    ph_text_add(&text, ", ");
    ph_text_add_amount(&text, 999999);
    ph_text_add(&text, ", ");
    ph_text_add_duration(&text, UINT64_C(4360000000));
    ph_text_add(&text, ", ");
    ph_text_add_duration(&text, UINT64_C(90000000000));
    ph_text_add(&text, ", ");
    ph_text_add_time(&text, test_wall_us);
    assert_string_equal(bytes, "999 B, 3.1 GB, 1.0 MB, 01:12:40, 1d 01:00:00, 2026-08-01T12:00:00.123Z");
}

static void numbers_among_other_bytes(void **state)
{
    (void)state;
    uint64_t value = 7;
    assert_int_equal(ph_text_u64_of("1234x", 4, &value), 0);
    assert_int_equal(value, 1234);
    assert_int_equal(ph_text_u64_of("1234x", 5, &value), -EINVAL);
    assert_int_equal(ph_text_u64_of(NULL, 0, &value), -EINVAL);
    assert_int_equal(ph_text_u64_of("12\0004", 4, &value), -EINVAL);
    assert_int_equal(ph_text_u64_of("18446744073709551615", 20, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_true(ph_text_u64_of("18446744073709551616", 20, &value) != 0);
    assert_int_equal(ph_text_u64_of("000000000000000000000001", 24, &value), -EINVAL);
}

static void hexadecimal_digits(void **state)
{
    (void)state;
    char bytes[8];
    struct ph_text text;
    ph_text_init(&text, bytes, sizeof bytes);
    ph_text_add_hex(&text, "\x00\xa5\xff", 3);
    assert_string_equal(bytes, "00a5ff");
    assert_false(text.cut);
    ph_text_add_hex(&text, "\x01", 1);
    assert_true(text.cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_among_other_bytes),
        cmocka_unit_test(hexadecimal_digits),
        cmocka_unit_test(numbers),
        cmocka_unit_test(sizes),
        cmocka_unit_test(durations),
        cmocka_unit_test(switches),
        cmocka_unit_test(strangers_cannot_break_a_line),
        cmocka_unit_test(what_does_not_fit_is_cut_whole),
        cmocka_unit_test(amounts_and_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
