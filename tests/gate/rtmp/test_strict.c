/* SPDX-License-Identifier: MIT */
/* Every AMF vector becomes strict JSON and comes back as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <rtmpwire/amf0.h>
#include <rtmpwire/amf3.h>

#include "app/json_strict.h"
#include "app/letter.h"

static const char *vectors_file;
static struct rtmp_arena arena;
static struct rtmp_buffer json, bytes;

static int set_up(void **state)
{
    (void)state;
    rtmp_arena_init(&arena, &ph_app_allocator, 4 << 20);
    rtmp_buffer_init(&json, &ph_app_allocator, 1 << 20);
    rtmp_buffer_init(&bytes, &ph_app_allocator, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rtmp_arena_finish(&arena);
    rtmp_buffer_finish(&json);
    rtmp_buffer_finish(&bytes);
    return 0;
}

static unsigned digit(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10); }

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

typedef int (*read_fn)(struct rtmp_amf_reader *reader, struct rtmp_value **value);
typedef int (*write_fn)(struct rtmp_buffer *buffer, const struct rtmp_value *value);

static void write_again(write_fn write, const struct rtmp_value *value, const char *what)
{
    rtmp_buffer_clear(&bytes);
    if (write(&bytes, value))
        fail_msg("%s cannot be written", what);
}

/* A number of AMF3 without fraction may come back as the integer that it is. */
static unsigned check_vector(const char *hex, read_fn amf_read, write_fn amf_write)
{
    uint8_t raw[512];
    size_t n = strlen(hex) / 2;
    struct rtmp_amf_reader reader;
    struct rtmp_value *value = NULL;
    assert_true(n <= sizeof raw);
    for (size_t i = 0; i < n; i++)
        raw[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    rtmp_amf_reader_init(&reader, raw, n, &arena, NULL);
    if (amf_read(&reader, &value))
        return 0; /* a vector of what is refused */
    write_again(amf_write, value, hex);
    uint8_t wanted[1024];
    size_t wanted_length = bytes.length;
    memcpy(wanted, bytes.data, bytes.length);
    const char *text = strict(value);
    struct rtmp_value *back = read(text);
    bool is_whole_number = rtmp_value_type(value) == RTMP_NUMBER && rtmp_value_type(back) == RTMP_INTEGER;
    if (is_whole_number) {
        assert_true(rtmp_value_number(value, -1) == rtmp_value_number(back, -2));
        return 1;
    }
    write_again(amf_write, back, text);
    if (bytes.length != wanted_length || memcmp(bytes.data, wanted, wanted_length) != 0)
        fail_msg("%s is %s and comes back as something else", hex, text);
    return 1;
}

static void every_vector_comes_back(void **state)
{
    (void)state;
    char line[2048];
    unsigned n0 = 0, n3 = 0;
    FILE *file = fopen(vectors_file, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *hex = strchr(line, '\t'), *end = hex ? strchr(hex + 1, '\t') : NULL;
        if (!end)
            continue;
        *end = '\0';
        if (strncmp(line, "AMF0 values", 11) == 0)
            n0 += check_vector(hex + 1, rtmp_amf0_read, rtmp_amf0_write);
        else if (strncmp(line, "AMF3 values", 11) == 0)
            n3 += check_vector(hex + 1, rtmp_amf3_read, rtmp_amf3_write);
    }
    fclose(file);
    assert_int_equal(n0, 18);
    assert_int_equal(n3, 24);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_vector_comes_back, set_up, tear_down),
    };
    vectors_file = argv[1];
    return argc == 2 ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
