/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/rtmp/form.h"

/* Whole messages as in tests/vectors.tsv, with this form's chunk streams. */
static void units_become_messages(void **state)
{
    (void)state;
    static const struct {
        const char *meaning;
        uint32_t variant;
        struct ph_unit unit;
        size_t length;
        uint8_t bytes[32];
    } rows[] = {
        {"audio is csid 4, type 8, stream 1",
         1,
         {.kind = PH_AUDIO, .time_us = 1000000, .body = (const uint8_t *)"\xAA\x01", .length = 2},
         14,
         {0x04, 0x00, 0x03, 0xE8, 0x00, 0x00, 0x02, 0x08, 0x01, 0x00, 0x00, 0x00, 0xAA, 0x01}},
        {"video is csid 6, type 9; microseconds are cut",
         1,
         {.kind = PH_VIDEO, .time_us = 40999, .body = (const uint8_t *)"\x27", .length = 1},
         13,
         {0x06, 0x00, 0x00, 0x28, 0x00, 0x00, 0x01, 0x09, 0x01, 0x00, 0x00, 0x00, 0x27}},
        {"data is csid 5, type 18, without a body too",
         1,
         {.kind = PH_DATA},
         12,
         {0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x12, 0x01, 0x00, 0x00, 0x00}},
        {"metadata is of no time: players of ffmpeg's make take it for a subtitle else",
         1,
         {.kind = PH_DATA, .flags = PH_UNIT_HEADER, .time_us = 40000, .body = (const uint8_t *)"\x05", .length = 1},
         13,
         {0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x12, 0x01, 0x00, 0x00, 0x00, 0x05}},
        {"stream 2 has chunk streams 8 further on",
         2,
         {.kind = PH_VIDEO, .body = (const uint8_t *)"\x27", .length = 1},
         13,
         {0x0E, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x09, 0x02, 0x00, 0x00, 0x00, 0x27}},
        {"stream 9 needs the two-byte form: csid 68",
         9,
         {.kind = PH_AUDIO, .body = (const uint8_t *)"\x2F", .length = 1},
         14,
         {0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x09, 0x00, 0x00, 0x00, 0x2F}},
        {"time 0xFFFFFF is extended",
         1,
         {.kind = PH_VIDEO, .time_us = 0xFFFFFFLL * 1000, .body = (const uint8_t *)"\x27", .length = 1},
         17,
         {0x06, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x01, 0x09, 0x01, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x27}},
        {"time wraps at 2^32 ms",
         1,
         {.kind = PH_VIDEO, .time_us = (0x100000000LL + 16) * 1000, .body = (const uint8_t *)"\x27", .length = 1},
         13,
         {0x06, 0x00, 0x00, 0x10, 0x00, 0x00, 0x01, 0x09, 0x01, 0x00, 0x00, 0x00, 0x27}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[32], body[32];
        size_t span = ph_rtmp_form.span(rows[i].variant, &rows[i].unit);
        assert_int_equal(span, rows[i].length);
        ph_rtmp_form.write(rows[i].variant, &rows[i].unit, out);
        assert_memory_equal(out, rows[i].bytes, span);
        size_t length = ph_rtmp_form.read(rows[i].variant, out, span, body);
        assert_int_equal(length, rows[i].unit.length);
        if (length)
            assert_memory_equal(body, rows[i].unit.body, length);
    }
}

/* Bodies around the chunk size, on streams with each form of basic header, with and without an extended time. */
static void what_was_written_can_be_read_back(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 59999, 60000, 60001, 119999, 120000, 120001, 1000000};
    static const uint32_t variants[] = {1, 8, 9, 40, 63, 64, 65, 1000000};
    static const int64_t times_us[] = {0, 20000000000};
    uint8_t *body = malloc(1000000), *back = malloc(1000000);
    assert_true(body && back);
    for (size_t i = 0; i < 1000000; i++)
        body[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (size_t v = 0; v < sizeof variants / sizeof *variants; v++)
            for (size_t t = 0; t < 2; t++) {
                struct ph_unit unit = {.kind = PH_VIDEO, .time_us = times_us[t], .body = body, .length = lengths[l]};
                size_t span = ph_rtmp_form.span(variants[v], &unit);
                uint8_t *out = malloc(span);
                assert_non_null(out);
                ph_rtmp_form.write(variants[v], &unit, out);
                memset(back, 0, lengths[l]);
                assert_int_equal(ph_rtmp_form.read(variants[v], out, span, back), lengths[l]);
                assert_memory_equal(back, body, lengths[l]);
                free(out);
            }
    free(body);
    free(back);
}

static void what_no_message_can_hold_is_left_out(void **state)
{
    (void)state;
    struct ph_unit unit = {.kind = PH_VIDEO, .length = 0x1000000};
    assert_int_equal(ph_rtmp_form.span(1, &unit), 0);
    unit = (struct ph_unit){.kind = PH_N_KINDS, .length = 1};
    assert_int_equal(ph_rtmp_form.span(1, &unit), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_become_messages),
        cmocka_unit_test(what_was_written_can_be_read_back),
        cmocka_unit_test(what_no_message_can_hold_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
