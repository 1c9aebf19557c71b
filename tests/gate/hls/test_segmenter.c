/* SPDX-License-Identifier: MIT */
/* Segments of a made-up stream: 25 frames a second, a key frame when the test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "app/letter.h"
#include "base/limits.h"
#include "gate/hls/segmenter.h"

enum { FRAME_MS = 40 };

static struct ph_segmenter segmenter;
static uint32_t now_ms;

static const uint8_t avc[] = {0x17, 0,    0,    0,    0,    1,    0x4D, 0x40, 0x0D, 0xFF, 0xE1, 0,    0x17,
                              0x67, 0x4D, 0x40, 0x0D, 0xE8, 0x94, 0x0A, 0x0C, 0x97, 0xCB, 0x80, 0xB5, 0x01,
                              0x01, 0x01, 0x40, 0,    0,    3,    0,    0x40, 0,    0,    0x0F, 0x23, 0xC5,
                              0x0A, 0x65, 0x80, 1,    0,    4,    0x68, 0xEF, 0x06, 0xF2};
static const uint8_t aac[] = {0xAF, 0, 0x12, 0x10}, other_aac[] = {0xAF, 0, 0x11, 0x90};

static void take(uint8_t type, uint32_t time_ms, const void *body, size_t length)
{
    const struct rtmp_flv_tag tag = {.type = type, .time_ms = time_ms, .body = body, .length = (uint32_t)length};
    assert_int_equal(ph_segmenter_take(&segmenter, &tag), 0);
}

static void frame(bool is_key, size_t bytes)
{
    uint8_t *body = calloc(1, bytes + 5);
    assert_non_null(body);
    body[0] = is_key ? 0x17 : 0x27;
    body[1] = 1;
    take(RTMP_FLV_VIDEO, now_ms, body, bytes + 5);
    free(body);
}

static void sound(void)
{
    static const uint8_t body[] = {0xAF, 1, 's'};
    take(RTMP_FLV_AUDIO, now_ms, body, sizeof body);
}

/* `ms` of stream, a key frame each `key_ms`, beginning with one. */
static void play(uint32_t ms, uint32_t key_ms, bool has_sound)
{
    for (uint32_t at = 0; at < ms; at += FRAME_MS, now_ms += FRAME_MS) {
        frame(at % key_ms == 0, 100);
        if (has_sound)
            sound();
    }
}

static int begin(void **state)
{
    (void)state;
    now_ms = 0;
    ph_segmenter_init(&segmenter, &(struct ph_segmenter_options){.first_number = 1000});
    return 0;
}

static int end(void **state)
{
    (void)state;
    ph_segmenter_finish(&segmenter);
    return 0;
}

static const struct ph_segment *at(size_t i)
{
    assert_true(i < segmenter.n);
    return segmenter.segments[i];
}

static void key_frames_end_segments(void **state)
{
    (void)state;
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    take(RTMP_FLV_AUDIO, 0, aac, sizeof aac);
    play(7000, 1000, true);
    assert_int_equal(segmenter.n, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(at(i)->is.number, 1000 + i);
        assert_int_equal(at(i)->is.duration_ms, 2000);
        assert_true(at(i)->is.is_whole);
        uint32_t sum = 0;
        for (size_t k = 0; k < at(i)->is.n_parts; k++) {
            assert_true(at(i)->parts[k].duration_ms <= PH_HLS_PART_MS);
            sum += at(i)->parts[k].duration_ms;
        }
        assert_int_equal(sum, 2000);
        assert_true(at(i)->parts[0].is_independent);
    }
    assert_false(at(3)->is.is_whole);
    assert_non_null(ph_segmenter_find(&segmenter, 1003));
    assert_null(ph_segmenter_find(&segmenter, 1004));
    assert_null(ph_segmenter_find(&segmenter, 999));
}

/* The key frames are ten seconds apart: no segment is longer than the target all the same. */
static void long_groups_are_cut(void **state)
{
    (void)state;
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    play(20000, 10000, false);
    for (size_t i = 0; i + 1 < segmenter.n; i++)
        assert_true(at(i)->is.duration_ms <= PH_HLS_TARGET_S * 1000);
    assert_int_equal(at(0)->is.duration_ms, 6000);
    assert_int_equal(at(1)->is.duration_ms, 4000);
    assert_false(at(0)->parts[1].is_independent);
}

static void sound_alone_makes_segments(void **state)
{
    (void)state;
    take(RTMP_FLV_AUDIO, 0, aac, sizeof aac);
    for (; now_ms < 5000; now_ms += 20)
        sound();
    assert_int_equal(segmenter.n, 3);
    assert_int_equal(at(0)->is.duration_ms, 1900);
    assert_true(at(1)->parts[0].is_independent);
}

static void nothing_begins_without_a_key_frame(void **state)
{
    (void)state;
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    for (int i = 0; i < 50; i++, now_ms += FRAME_MS)
        frame(false, 100);
    assert_int_equal(segmenter.n, 0);
    play(1000, 1000, false);
    assert_int_equal(segmenter.n, 1);
    assert_int_equal(at(0)->time_ms, 50 * FRAME_MS);
}

static void another_configuration_is_another_epoch(void **state)
{
    (void)state;
    struct rtmp_buffer text;
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    take(RTMP_FLV_AUDIO, 0, aac, sizeof aac);
    play(3000, 1000, true);
    take(RTMP_FLV_AUDIO, now_ms, aac, sizeof aac); /* the same again changes nothing */
    assert_int_equal(segmenter.epoch, 1);
    take(RTMP_FLV_AUDIO, now_ms, other_aac, sizeof other_aac);
    play(3000, 1000, true);
    ph_segmenter_cut(&segmenter); /* another publisher */
    take(RTMP_FLV_VIDEO, now_ms, avc, sizeof avc);
    play(3000, 1000, false);
    assert_int_equal(segmenter.epoch, 3);
    assert_int_not_equal(segmenter.init[2]->length, segmenter.init[3]->length);
    rtmp_buffer_init(&text, &ph_app_allocator, 1 << 20);
    assert_int_equal(ph_segmenter_playlist(&segmenter, 1000000, (struct ph_hls_playlist){0}, &text), 0);
    assert_int_equal(rtmp_buffer_append(&text, "", 1), 0);
    const char *first = strstr((char *)text.data, "#EXT-X-DISCONTINUITY\n");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i3.mp4\""));
    rtmp_buffer_finish(&text);
}

static void a_jump_of_time_is_another_epoch(void **state)
{
    (void)state;
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    play(1000, 1000, false);
    now_ms += 60000;
    play(1000, 1000, false);
    now_ms -= 30000;
    play(1000, 1000, false);
    assert_int_equal(segmenter.epoch, 3);
    for (size_t i = 0; i < segmenter.n; i++)
        assert_in_range(at(i)->is.duration_ms, 1, 2000);
}

/* By time, and by size: three stay in any case. */
static void old_segments_go(void **state)
{
    (void)state;
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    play(2 * PH_LIMIT_HLS_MS, 2000, false);
    assert_true(at(segmenter.n - 1)->time_ms - at(0)->time_ms <= PH_LIMIT_HLS_MS + 2000);
    assert_true(segmenter.n >= 30);
    for (int i = 0; i < 20; i++) {
        frame(true, PH_LIMIT_HLS_BYTES / 8);
        now_ms += 2000;
    }
    assert_true(segmenter.bytes <= PH_LIMIT_HLS_BYTES + PH_LIMIT_HLS_BYTES / 4);
    size_t bytes = 0;
    for (size_t i = 0; i < segmenter.n; i++)
        bytes += at(i)->length;
    assert_int_equal(bytes, segmenter.bytes);
    assert_true(segmenter.n >= 3);
}

static void parts_are_the_segment(void **state)
{
    (void)state;
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    play(1000, 1000, false);
    struct ph_slice early = at(0)->slices[0]; /* somebody is being sent it while the segment closes */
    ph_blob_ref(early.blob);
    uint8_t *copy = malloc(early.length);
    assert_non_null(copy);
    memcpy(copy, early.blob->bytes + early.offset, early.length);
    play(2000, 1000, false);
    assert_true(at(0)->is.is_whole);
    assert_ptr_not_equal(at(0)->slices[0].blob, early.blob);
    assert_memory_equal(at(0)->slices[0].blob->bytes, copy, early.length);
    assert_memory_equal(early.blob->bytes, copy, early.length);
    const struct ph_slice *last = &at(0)->slices[at(0)->is.n_parts - 1];
    assert_int_equal(last->offset + last->length, at(0)->length);
    ph_blob_unref(early.blob);
    free(copy);
}

static bool holds(const struct ph_slice *slice, const char *words)
{
    size_t length = strlen(words);
    for (size_t i = 0; i + length <= slice->length; i++)
        if (memcmp(slice->blob->bytes + slice->offset + i, words, length) == 0)
            return true;
    return false;
}

/* As ID3 in front of the part into which they fall, and only there. */
static void data_messages_go_along(void **state)
{
    (void)state;
    static const uint8_t cue[] = "\x02\0\x05onCue\x02\0\x02hi\0\x40\x45\0\0\0\0\0\0";
    static const uint8_t broken[] = "\x02\0\x05onCue\x02\xff\xff";
    take(RTMP_FLV_SCRIPT, 0, cue, sizeof cue - 1); /* nothing has begun: it is lost */
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    play(600, 1000, false);
    take(RTMP_FLV_SCRIPT, now_ms, cue, sizeof cue - 1);
    take(RTMP_FLV_SCRIPT, now_ms, broken, sizeof broken - 1);
    for (int i = 0; i < 3000; i++)
        take(RTMP_FLV_SCRIPT, now_ms, cue, sizeof cue - 1); /* more than a part carries */
    for (; now_ms < 2000; now_ms += FRAME_MS)
        frame(false, 100);
    assert_false(holds(&at(0)->slices[0], "emsg"));
    assert_true(holds(&at(0)->slices[1], "emsg"));
    assert_true(holds(&at(0)->slices[1], "https://aomedia.org/emsg/ID3"));
    assert_memory_equal(at(0)->slices[1].blob->bytes + at(0)->slices[1].offset + 4, "emsg", 4);
    static const char id3[] = "ID3\x04\0\0\0\0\0\x1aTXXX\0\0\0\x10\0\0\x03onCue\0[\"hi\",42]";
    size_t found = 0;
    const struct ph_slice *slice = &at(0)->slices[1];
    for (size_t i = 0; i + sizeof id3 - 1 <= slice->length; i++)
        found += memcmp(slice->blob->bytes + slice->offset + i, id3, sizeof id3 - 1) == 0;
    assert_true(found > 100 && found < 1000);
    assert_false(holds(&at(0)->slices[2], "emsg"));
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The second track's decoding time in a part, and how long its samples last together. */
static void measure(const struct ph_slice *slice, uint32_t *begin_ms, uint32_t *length_ms)
{
    const uint8_t *bytes = slice->blob->bytes + slice->offset, *tfdt = NULL, *trun = NULL;
    for (size_t i = 0; i + 4 < slice->length; i++) { /* the last of each is the sound's */
        tfdt = memcmp(bytes + i, "tfdt", 4) == 0 ? bytes + i : tfdt;
        trun = memcmp(bytes + i, "trun", 4) == 0 ? bytes + i : trun;
    }
    assert_non_null(tfdt);
    assert_non_null(trun);
    *begin_ms = u32(tfdt + 12);
    *length_ms = 0;
    for (uint32_t k = 0; k < u32(trun + 8); k++)
        *length_ms += u32(trun + 16 + 16 * k);
}

/* However uneven its frames come, sound has neither gaps nor overlaps from part to part. */
static void sound_goes_on_without_a_gap(void **state)
{
    (void)state;
    uint32_t begin_ms, length_ms, next_ms = 0;
    take(RTMP_FLV_VIDEO, 0, avc, sizeof avc);
    take(RTMP_FLV_AUDIO, 0, aac, sizeof aac);
    for (int i = 0; i < 150; i++, now_ms += i % 3 ? 33 : 34) {
        frame(i % 30 == 0, 100);
        if (i % 7 != 3)
            sound();
    }
    for (size_t i = 0, n = 0; i < segmenter.n; i++) {
        for (size_t k = 0; k < at(i)->is.n_parts; k++, n++) {
            measure(&at(i)->slices[k], &begin_ms, &length_ms);
            if (n)
                assert_int_equal(begin_ms, next_ms);
            next_ms = begin_ms + length_ms;
        }
    }
    assert_true(next_ms > 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(key_frames_end_segments, begin, end),
        cmocka_unit_test_setup_teardown(long_groups_are_cut, begin, end),
        cmocka_unit_test_setup_teardown(sound_alone_makes_segments, begin, end),
        cmocka_unit_test_setup_teardown(nothing_begins_without_a_key_frame, begin, end),
        cmocka_unit_test_setup_teardown(another_configuration_is_another_epoch, begin, end),
        cmocka_unit_test_setup_teardown(a_jump_of_time_is_another_epoch, begin, end),
        cmocka_unit_test_setup_teardown(old_segments_go, begin, end),
        cmocka_unit_test_setup_teardown(parts_are_the_segment, begin, end),
        cmocka_unit_test_setup_teardown(data_messages_go_along, begin, end),
        cmocka_unit_test_setup_teardown(sound_goes_on_without_a_gap, begin, end),
    };
    return cmocka_run_group_tests_name("segmenter", tests, NULL, NULL);
}
