/* SPDX-License-Identifier: MIT */
/* Fragmented MP4, box by box. That players take it the scenarios show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "mux/fmp4.h"

static size_t budget; /* bytes that may still be allocated */

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    if (new_size > budget)
        return NULL;
    return realloc(block, new_size);
}

static const struct rtmp_allocator allocator = {.resize = resize};

static uint32_t u32(const uint8_t *at) { return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3]; }

/* The content of the box at `path` ("moov/trak"), the n-th of the last name; its length. Checks that boxes fill their
 * parents. */
static const uint8_t *find(const uint8_t *bytes, size_t length, const char *path, unsigned n, size_t *inside)
{
    const uint8_t *found = NULL;
    for (size_t at = 0; at < length;) {
        uint32_t size = u32(bytes + at);
        assert_true(size >= 8 && size <= length - at);
        if (memcmp(bytes + at + 4, path, 4) == 0 && (path[4] || n-- == 0) && !found) {
            *inside = size - 8;
            found = path[4] ? find(bytes + at + 8, size - 8, path + 5, n, inside) : bytes + at + 8;
        }
        at += size;
    }
    return found;
}

static const struct ph_mux_track video = {.fourcc = RTMP_FOURCC_AVC1,
                                          .is_video = true,
                                          .width = 320,
                                          .height = 180,
                                          .length = 7,
                                          .config = {1, 0x64, 0, 0x1E, 0xFF, 0xE0, 0}},
                                 audio = {.fourcc = RTMP_FOURCC_MP4A,
                                          .rate_hz = 44100,
                                          .n_channels = 2,
                                          .length = 2,
                                          .config = {0x12, 0x10}};

static void a_header_has_its_boxes(void **state)
{
    (void)state;
    const struct ph_mux_track *tracks[] = {&video, &audio};
    struct rtmp_buffer out;
    size_t length;
    rtmp_buffer_init(&out, &allocator, 1 << 20);
    assert_int_equal(ph_fmp4_init(tracks, 2, &out), 0);
    assert_memory_equal(out.data + 4, "ftypiso6", 8);
    for (unsigned i = 0; i < 2; i++) {
        size_t trak_length;
        const uint8_t *moov = find(out.data, out.length, "moov", 0, &length);
        const uint8_t *trak = find(moov, length, "trak", i, &trak_length);
        const uint8_t *tkhd = find(trak, trak_length, "tkhd", 0, &length);
        assert_int_equal(length, 84);
        assert_int_equal(u32(tkhd + 12), i + 1);
        assert_int_equal(u32(tkhd + 76), (i ? 0 : 320) << 16);
        const uint8_t *stsd = find(trak, trak_length, "mdia/minf/stbl/stsd", 0, &length);
        assert_int_equal(u32(stsd + 4), 1);
        assert_int_equal(u32(stsd + 8), length - 8);
        assert_memory_equal(stsd + 12, i ? "mp4a" : "avc1", 4);
        const uint8_t *config = stsd + 16 + (i ? 28 : 78);
        assert_memory_equal(config + 4, i ? "esds" : "avcC", 4);
        assert_int_equal(config + u32(config) - stsd, length);
        if (i == 0)
            assert_memory_equal(config + 8, video.config, video.length);
        else
            assert_memory_equal(config + 12 + 5 + 15, "\x05\x02\x12\x10", 4);
    }
    const uint8_t *moov = find(out.data, out.length, "moov", 0, &length);
    assert_non_null(find(moov, length, "mvex/trex", 0, &length));
    rtmp_buffer_finish(&out);
}

static const struct ph_mux_sample frames[] = {{5, 40, 80, true}, {3, 41, -40, false}},
                                  sounds[] = {{2, 23, 0, true}, {4, 24, 0, true}, {1, 23, 0, true}};

static void a_fragment_has_its_boxes(void **state)
{
    (void)state;
    const struct ph_mux_run runs[] = {
        {1, 0x123456789AULL, frames, 2, (const uint8_t *)"KEYYYint", 8},
        {2, 77, sounds, 3, (const uint8_t *)"aabbbbc", 7},
    };
    struct rtmp_buffer out;
    size_t length, traf_length;
    rtmp_buffer_init(&out, &allocator, 1 << 20);
    assert_int_equal(rtmp_buffer_append(&out, "before", 6), 0); /* it need not be the first in its buffer */
    assert_int_equal(ph_fmp4_fragment(9, runs, 2, &out), 0);
    const uint8_t *bytes = out.data + 6;
    size_t all = out.length - 6;
    const uint8_t *moof = find(bytes, all, "moof", 0, &length);
    assert_int_equal(u32(find(moof, length, "mfhd", 0, &traf_length) + 4), 9);
    const char *const wanted[] = {"KEYYYint", "aabbbbc"};
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *traf = find(moof, length, "traf", i, &traf_length);
        size_t inside;
        assert_int_equal(u32(find(traf, traf_length, "tfhd", 0, &inside) + 4), i + 1);
        const uint8_t *tfdt = find(traf, traf_length, "tfdt", 0, &inside);
        assert_int_equal(u32(tfdt + 4), runs[i].time_ms >> 32);
        assert_int_equal(u32(tfdt + 8), (uint32_t)runs[i].time_ms);
        const uint8_t *trun = find(traf, traf_length, "trun", 0, &inside);
        assert_int_equal(inside, 12 + 16 * runs[i].n);
        assert_int_equal(u32(trun + 4), runs[i].n);
        assert_memory_equal(bytes + u32(trun + 8), wanted[i], strlen(wanted[i]));
        for (size_t k = 0; k < runs[i].n; k++) {
            const uint8_t *sample = trun + 12 + 16 * k;
            assert_int_equal(u32(sample), runs[i].samples[k].duration_ms);
            assert_int_equal(u32(sample + 4), runs[i].samples[k].length);
            assert_int_equal(u32(sample + 8) >> 16 & 1, !runs[i].samples[k].is_key);
            assert_int_equal((int32_t)u32(sample + 12), runs[i].samples[k].composition_ms);
        }
    }
    find(bytes, all, "mdat", 0, &length);
    assert_int_equal(length, 15);
    rtmp_buffer_finish(&out);
}

static void memory_may_be_missing(void **state)
{
    (void)state;
    const struct ph_mux_track *tracks[] = {&video, &audio};
    const struct ph_mux_run run = {1, 0, frames, 2, (const uint8_t *)"KEYYYint", 8};
    int failed = 0;
    for (budget = 0; budget < 4096; budget += 64) {
        struct rtmp_buffer out;
        rtmp_buffer_init(&out, &allocator, 1 << 20);
        int rc = ph_fmp4_init(tracks, 2, &out);
        rc = rc ? rc : ph_fmp4_fragment(1, &run, 1, &out);
        assert_true(rc == 0 || rc == RTMP_E_MEMORY);
        failed += rc != 0;
        rtmp_buffer_finish(&out);
    }
    assert_true(failed > 3);
    budget = SIZE_MAX;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_has_its_boxes),
        cmocka_unit_test(a_fragment_has_its_boxes),
        cmocka_unit_test(memory_may_be_missing),
    };
    budget = SIZE_MAX;
    return cmocka_run_group_tests_name("fmp4", tests, NULL, NULL);
}
