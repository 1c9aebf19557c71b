/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/tag.h>

struct row {
    const char *meaning, *config;
    int error;
    uint32_t first, second; /* width and height, or rate and channels */
};

typedef int read_fn(const uint8_t *config, size_t length, uint32_t *first, uint32_t *second);

/* From libx264 0.164 through ffmpeg 5.1, but where it says otherwise. */
static const struct row avc[] = {
    {"main, 322x182 cropped from 336x192",
     "014d400cffe1001a674d400ceca0a8cf1136022000000300200000030281e28532c001000568ce013720", 0, 322, 182},
    {"high 4:4:4, 1920x1080",
     "01f40028ffe1001b67f40028919680780227e270110000030001000003000a0f1832a001000668ce01946480fff8f800", 0, 1920, 1080},
    {"high 4:4:4, interlaced",
     "01f4001effe1001967f4001e919d016849b011000003000100000300321f142aa001000768de0194644019fff8f800", 0, 720, 576},
    {"no parameter set (by hand)", "014d400cffe0", RTMP_E_UNSUPPORTED, 0, 0},
    {"another version (by hand)", "024d400cffe1001a674d400c", RTMP_E_MALFORMED, 0, 0},
    {"a picture parameter set (by hand)", "014d400cffe1000568ce013720", RTMP_E_MALFORMED, 0, 0},
    {"an empty parameter set (by hand)", "014d400cffe10000", RTMP_E_TRUNCATED, 0, 0},
    {"a code of 40 zeros (by hand)", "014d400cffe1000f674d400c0000000001ffffffffffff", RTMP_E_MALFORMED, 0, 0},
};

/* From libx265 3.5. */
static const struct row hevc[] = {
    {"4:4:4, 322x182, found behind another array",
     "0104080000009e08000000003cf000fcfff8f800000f02a00001001740010c01ffff0408000003009e0800000300003c959809"
     "a10001002e4201010408000003009e0800000300003c90014901739ef2cacd24995e02dc080800100000030010000003005080",
     0, 322, 182},
    {"no array (by hand)", "0104080000009e08000000003cf000fcfff8f800000f00", RTMP_E_UNSUPPORTED, 0, 0},
    {"another version (by hand)", "0204080000009e08000000003cf000fcfff8f800000f00", RTMP_E_MALFORMED, 0, 0},
};

/* ISO 14496-3, by hand; the first three are what ffmpeg and others write. */
static const struct row aac[] = {
    {"LC 44100 Hz stereo", "1210", 0, 44100, 2},
    {"LC 48000 Hz stereo, more behind", "119056e500", 0, 48000, 2},
    {"LC 24000 Hz mono", "130856e500", 0, 24000, 1},
    {"LC 48000 Hz, 7.1 in 8 channels", "11b8", 0, 48000, 8},
    {"LC 44100 Hz, channels told elsewhere", "1200", 0, 44100, 0},
    {"SBR: 22050 Hz extended to 44100 Hz", "2b920800", 0, 44100, 2},
    {"SBR and PS: mono made stereo", "eb8a0800", 0, 44100, 2},
    {"an explicit rate of 11024 Hz", "1780158810", 0, 11024, 2},
    {"an explicit rate of 0", "1780000010", RTMP_E_MALFORMED, 0, 0},
    {"a reserved rate", "1690", RTMP_E_MALFORMED, 0, 0},
    {"reserved channels", "1248", RTMP_E_MALFORMED, 0, 0},
    {"nothing", "", RTMP_E_TRUNCATED, 0, 0},
};

static void check(const struct row *rows, size_t n_rows, read_fn *read)
{
    for (size_t i = 0; i < n_rows; i++) {
        print_message("%s\n", rows[i].meaning);
        size_t length;
        uint8_t *config = unhex(rows[i].config, &length);
        uint32_t first = 0, second = 0;
        assert_int_equal(read(config, length, &first, &second), rows[i].error);
        assert_int_equal(first, rows[i].first);
        assert_int_equal(second, rows[i].second);

        /* cut short it is truncated, or says the same; it never says something else */
        for (size_t cut = 0; cut < length && rows[i].error == 0; cut++) {
            uint8_t *part = malloc(cut + (cut == 0));
            assert_non_null(part);
            memcpy(part, config, cut);
            first = second = 0;
            int error = read(part, cut, &first, &second);
            assert_true(error == RTMP_E_TRUNCATED || error == 0);
            assert_int_equal(first, error ? 0 : rows[i].first);
            assert_int_equal(second, error ? 0 : rows[i].second);
            free(part);
        }
        free(config);
    }
}

static void avc_dimensions(void **state)
{
    (void)state;
    check(avc, COUNT(avc), rtmp_avc_dimensions);
}

static void hevc_dimensions(void **state)
{
    (void)state;
    check(hevc, COUNT(hevc), rtmp_hevc_dimensions);
}

static void aac_configurations(void **state)
{
    (void)state;
    check(aac, COUNT(aac), rtmp_aac_config);
}

/* An H.264 parameter set written bit by bit, for what no encoder here makes. */
struct writer {
    uint8_t bytes[64];
    size_t n_bits;
};

static void put_bits(struct writer *writer, unsigned n, uint32_t value)
{
    while (n-- > 0) {
        writer->bytes[writer->n_bits / 8] |= (uint8_t)((value >> n & 1) << (7 - writer->n_bits % 8));
        writer->n_bits++;
    }
}

static void put_ue(struct writer *writer, uint32_t value)
{
    unsigned n = 0;
    while ((value + 1) >> (n + 1))
        n++;
    put_bits(writer, n, 0);
    put_bits(writer, n + 1, value + 1);
}

/* Baseline; picture order by a cycle of `n_cycle` steps; sizes and crops as given. */
static int dimensions_of(uint32_t blocks_x, uint32_t units_y, bool fields, const uint32_t *crops, uint32_t n_cycle,
                         uint32_t *width, uint32_t *height)
{
    struct writer writer = {.bytes = {1, 66, 0, 30, 0xFF, 0xE1, 0, 56, 0x67, 66, 0, 30}, .n_bits = 96};
    put_ue(&writer, 0);
    put_ue(&writer, 4);
    put_ue(&writer, 1);
    put_bits(&writer, 1, 0);
    put_ue(&writer, 0);
    put_ue(&writer, 0);
    put_ue(&writer, n_cycle);
    for (uint32_t i = 0; i < n_cycle && i < 4; i++)
        put_ue(&writer, 3);
    put_ue(&writer, 1);
    put_bits(&writer, 1, 0);
    put_ue(&writer, blocks_x - 1);
    put_ue(&writer, units_y - 1);
    put_bits(&writer, 1, !fields);
    if (fields)
        put_bits(&writer, 1, 0);
    put_bits(&writer, 1, 1);
    put_bits(&writer, 1, 1);
    for (size_t i = 0; i < 4; i++)
        put_ue(&writer, crops[i]);
    put_bits(&writer, 1, 1);
    return rtmp_avc_dimensions(writer.bytes, sizeof writer.bytes, width, height);
}

static void cropping_and_fields_count(void **state)
{
    (void)state;
    static const uint32_t to_1080[] = {0, 0, 0, 2}, sides[] = {1, 2, 3, 4}, all[] = {4, 4, 0, 0},
                          huge[] = {0x7FFFFFFE, 0x7FFFFFFE, 0, 0}, none[] = {0, 0, 0, 0};
    uint32_t width = 0, height = 0;
    assert_int_equal(dimensions_of(120, 34, true, to_1080, 2, &width, &height), 0);
    assert_true(width == 1920 && height == 1080);
    assert_int_equal(dimensions_of(20, 15, false, sides, 0, &width, &height), 0);
    assert_true(width == 320 - 6 && height == 240 - 14);
    width = height = 0;
    assert_int_equal(dimensions_of(1, 1, false, all, 0, &width, &height), RTMP_E_MALFORMED);
    assert_int_equal(dimensions_of(20, 15, false, huge, 0, &width, &height), RTMP_E_MALFORMED);
    assert_int_equal(dimensions_of(4096, 15, false, none, 0, &width, &height), RTMP_E_MALFORMED);
    assert_int_equal(dimensions_of(20, 15, false, none, 256, &width, &height), RTMP_E_MALFORMED);
    assert_true(width == 0 && height == 0);
}

/* A list of scaling factors has as many codes as it has changes: after a factor of 0 the rest repeats. */
static void scaling_lists_are_skipped(void **state)
{
    (void)state;
    struct writer writer = {.bytes = {1, 100, 0, 30, 0xFF, 0xE1, 0, 56, 0x67, 100, 0, 30}, .n_bits = 96};
    put_ue(&writer, 0);
    put_ue(&writer, 1);
    put_ue(&writer, 0);
    put_ue(&writer, 0);
    put_bits(&writer, 2, 1); /* scaling lists follow */
    put_bits(&writer, 1, 1);
    for (size_t i = 0; i < 16; i++)
        put_ue(&writer, i % 2 == 0 ? 1 : 2); /* one up, one down */
    put_bits(&writer, 1, 1);
    put_ue(&writer, 16); /* from 8 down to 0 */
    put_bits(&writer, 4, 0);
    put_bits(&writer, 1, 1);
    for (size_t i = 0; i < 64; i++)
        put_ue(&writer, 0);
    put_bits(&writer, 1, 0);
    put_ue(&writer, 0);
    put_ue(&writer, 2);
    put_ue(&writer, 1);
    put_bits(&writer, 1, 0);
    put_ue(&writer, 80 - 1);
    put_ue(&writer, 45 - 1);
    put_bits(&writer, 4, 8); /* frames only, nothing cropped */
    put_bits(&writer, 1, 1);
    uint32_t width = 0, height = 0;
    assert_int_equal(rtmp_avc_dimensions(writer.bytes, sizeof writer.bytes, &width, &height), 0);
    assert_true(width == 1280 && height == 720);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avc_dimensions),
        cmocka_unit_test(hevc_dimensions),
        cmocka_unit_test(aac_configurations),
        cmocka_unit_test(cropping_and_fields_count),
        cmocka_unit_test(scaling_lists_are_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
