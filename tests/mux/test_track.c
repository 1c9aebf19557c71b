/* SPDX-License-Identifier: MIT */
/* What sequence headers and first frames say of a track; and that nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/attr.h"
#include "base/text.h"
#include "mux/track.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static const struct {
    const char *what;
    uint32_t fourcc;
    uint8_t packet;
    const uint8_t *payload;
    size_t length;
    const char *codec;
    uint32_t a, b; /* width and height, or rate and channels */
} tracks[] = {
    {"H.264 as x264 makes it", RTMP_FOURCC_AVC1, RTMP_TAG_SEQUENCE_START,
     BYTES(1, 0x4D, 0x40, 0x0D, 0xFF, 0xE1, 0, 0x17, 0x67, 0x4D, 0x40, 0x0D, 0xE8, 0x94, 0x0A, 0x0C, 0x97, 0xCB, 0x80,
           0xB5, 0x01, 0x01, 0x01, 0x40, 0, 0, 3, 0, 0x40, 0, 0, 0x0F, 0x23, 0xC5, 0x0A, 0x65, 0x80, 1, 0, 4, 0x68,
           0xEF, 0x06, 0xF2),
     "avc1.4d400d", 0, 0},
    {"AV1", RTMP_FOURCC_AV01, RTMP_TAG_SEQUENCE_START, BYTES(0x81, 0x05, 0x4C, 0), "av01.0.05M.10", 0, 0},
    {"AV1 with 12 bits, high tier", RTMP_FOURCC_AV01, RTMP_TAG_SEQUENCE_START, BYTES(0x81, 0x4D, 0xE0, 0),
     "av01.2.13H.12", 0, 0},
    {"VP9", RTMP_FOURCC_VP09, RTMP_TAG_SEQUENCE_START, BYTES(1, 0, 0, 0, 0, 11, 0x82, 2, 2, 2, 0, 0), "vp09.00.11.08",
     0, 0},
    {"VP9 without version", RTMP_FOURCC_VP09, RTMP_TAG_SEQUENCE_START, BYTES(2, 31, 0xA2, 2, 2, 2, 0, 0),
     "vp09.02.31.10", 0, 0},
    {"AAC-LC", RTMP_FOURCC_MP4A, RTMP_TAG_SEQUENCE_START, BYTES(0x12, 0x10), "mp4a.40.2", 44100, 2},
    {"HE-AAC", RTMP_FOURCC_MP4A, RTMP_TAG_SEQUENCE_START, BYTES(0x2B, 0x92, 0x08, 0), "mp4a.40.5", 44100, 2},
    {"MP3", RTMP_FOURCC_MP3, RTMP_TAG_CODED, BYTES(0xFF, 0xFB, 0x90, 0x64), "mp4a.40.34", 44100, 2},
    {"MP3 of 22 kHz, mono", RTMP_FOURCC_MP3, RTMP_TAG_CODED, BYTES(0xFF, 0xF3, 0x40, 0xC4), "mp4a.40.34", 22050, 1},
    {"Opus that says nothing", RTMP_FOURCC_OPUS, RTMP_TAG_CODED, BYTES(0xFC, 1, 2), "opus", 48000, 2},
    {"Opus mono", RTMP_FOURCC_OPUS, RTMP_TAG_SEQUENCE_START,
     BYTES('O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 1, 0x38, 1, 0x80, 0xBB, 0, 0, 0, 0, 0), "opus", 48000, 1},
    {"Opus 5.1", RTMP_FOURCC_OPUS, RTMP_TAG_SEQUENCE_START,
     BYTES('O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 6, 0x38, 1, 0x80, 0xBB, 0, 0, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5),
     "opus", 48000, 6},
    {"FLAC", RTMP_FOURCC_FLAC, RTMP_TAG_SEQUENCE_START,
     BYTES('f', 'L', 'a', 'C', 0x80, 0, 0, 34, 0x12, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 0x0A, 0xC4, 0x42, 0xF0, 0, 0, 0, 0,
           0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
     "fLaC", 44100, 2},
    {"AC-3 stereo", RTMP_FOURCC_AC3, RTMP_TAG_CODED, BYTES(0x0B, 0x77, 0x12, 0x34, 0x14, 0x40, 0x43, 0xE0), "ac-3",
     48000, 2},
    {"AC-3 5.1", RTMP_FOURCC_AC3, RTMP_TAG_CODED, BYTES(0x0B, 0x77, 0, 0, 0x1E, 0x40, 0xE1, 0xFF), "ac-3", 48000, 6},
    {"E-AC-3 5.1", RTMP_FOURCC_EAC3, RTMP_TAG_CODED, BYTES(0x0B, 0x77, 0x02, 0xFF, 0x3F, 0x80, 0), "ec-3", 48000, 6},
};

static bool is_audio(uint32_t fourcc)
{
    return fourcc != RTMP_FOURCC_AVC1 && fourcc != RTMP_FOURCC_HVC1 && fourcc != RTMP_FOURCC_AV01 &&
           fourcc != RTMP_FOURCC_VP09;
}

static struct rtmp_tag tag_of(size_t i)
{
    return (struct rtmp_tag){.fourcc = tracks[i].fourcc,
                             .packet = tracks[i].packet,
                             .payload = tracks[i].payload,
                             .length = tracks[i].length,
                             .kind = is_audio(tracks[i].fourcc) ? RTMP_TAG_AUDIO : RTMP_TAG_VIDEO};
}

static void tracks_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_COUNT(tracks); i++) {
        struct ph_mux_track track;
        struct rtmp_tag tag = tag_of(i);
        char codec[64];
        struct ph_text text;
        print_message("%s\n", tracks[i].what);
        assert_int_equal(ph_mux_track_read(&track, &tag), 0);
        ph_text_init(&text, codec, sizeof codec);
        ph_mux_track_codec(&track, &text);
        assert_string_equal(codec, tracks[i].codec);
        if (tracks[i].a) {
            assert_int_equal(track.rate_hz, tracks[i].a);
            assert_int_equal(track.n_channels, tracks[i].b);
        }
        assert_true(ph_mux_track_equal(&track, &track));
    }
}

/* Each of them cut anywhere: refused, or still a whole one; never read beyond the end (the sanitizer looks). */
static void cut_ones_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_COUNT(tracks); i++) {
        for (size_t length = 1; length < tracks[i].length; length++) {
            struct ph_mux_track track;
            struct rtmp_tag tag = tag_of(i);
            uint8_t *exact = test_malloc(length);
            memcpy(exact, tracks[i].payload, length);
            tag.payload = exact;
            tag.length = length;
            int err = ph_mux_track_read(&track, &tag);
            assert_true(err == 0 || err == -EINVAL);
            if (tracks[i].packet == RTMP_TAG_SEQUENCE_START && length < 2)
                assert_int_equal(err, -EINVAL);
            test_free(exact);
        }
    }
}

static void what_cannot_be_carried_is_refused(void **state)
{
    static uint8_t large[PH_MUX_CONFIG_MAX + 1];
    struct ph_mux_track track = {.fourcc = 7};
    const struct {
        struct rtmp_tag tag;
        int wanted;
    } odd[] = {
        {{.kind = RTMP_TAG_VIDEO,
          .codec = RTMP_VIDEO_SORENSON,
          .packet = RTMP_TAG_CODED,
          .payload = large,
          .length = 4},
         -ENOTSUP},
        {{.kind = RTMP_TAG_AUDIO, .codec = RTMP_AUDIO_SPEEX, .packet = RTMP_TAG_CODED, .payload = large, .length = 4},
         -ENOTSUP},
        {{.kind = RTMP_TAG_VIDEO, .fourcc = RTMP_FOURCC_AVC1, .packet = RTMP_TAG_CODED, .payload = large, .length = 4},
         -EAGAIN},
        {{.kind = RTMP_TAG_VIDEO, .fourcc = RTMP_FOURCC_AVC1, .packet = RTMP_TAG_SEQUENCE_END}, -EAGAIN},
        {{.kind = RTMP_TAG_VIDEO,
          .fourcc = RTMP_FOURCC_AVC1,
          .packet = RTMP_TAG_SEQUENCE_START,
          .payload = large,
          .length = sizeof large},
         -EINVAL},
        {{.kind = RTMP_TAG_AUDIO, .fourcc = RTMP_FOURCC_MP3, .packet = RTMP_TAG_CODED, .payload = large, .length = 40},
         -EINVAL},
        {{.kind = RTMP_TAG_AUDIO, .fourcc = RTMP_FOURCC_AC3, .packet = RTMP_TAG_CODED, .payload = large, .length = 40},
         -EINVAL},
    };
    (void)state;
    for (size_t i = 0; i < PH_COUNT(odd); i++) {
        assert_int_equal(ph_mux_track_read(&track, &odd[i].tag), odd[i].wanted);
        assert_int_equal(track.fourcc, 7); /* untouched */
    }
}

static void another_configuration_is_another_track(void **state)
{
    (void)state;
    struct ph_mux_track one, other;
    struct rtmp_tag tag = tag_of(5);
    assert_int_equal(ph_mux_track_read(&one, &tag), 0);
    tag.payload = (const uint8_t[]){0x11, 0x90};
    assert_int_equal(ph_mux_track_read(&other, &tag), 0);
    assert_false(ph_mux_track_equal(&one, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracks_are_read),
        cmocka_unit_test(cut_ones_are_refused),
        cmocka_unit_test(what_cannot_be_carried_is_refused),
        cmocka_unit_test(another_configuration_is_another_track),
    };
    return cmocka_run_group_tests_name("track", tests, NULL, NULL);
}
