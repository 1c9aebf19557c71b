/* SPDX-License-Identifier: MIT */
/* What logs want to know of codec configurations: H.264 7.3.2.1, H.265 7.3.2.2, MPEG-4 audio 1.6.2.1. */
#include <rtmpwire/tag.h>

#include "bytes.h"

enum { SIDE_MAX = 65535 }; /* more than any level of both codecs allows */

/* Bits, highest first. Behind the end they are 0 and `ended` stays set: loops are bounded otherwise. */
struct bits {
    const uint8_t *at, *end;
    bool escaped; /* 00 00 03 stands for 00 00, as in NAL units */
    bool ended, bad;
    uint8_t byte, n_left, n_zeros;
};

static void next_byte(struct bits *bits)
{
    if (bits->escaped && bits->n_zeros >= 2 && bits->at < bits->end && *bits->at == 3) {
        bits->at++;
        bits->n_zeros = 0;
    }
    bits->ended = bits->ended || bits->at == bits->end;
    bits->byte = bits->ended ? 0 : *bits->at++;
    bits->n_zeros = bits->byte == 0 ? (uint8_t)(bits->n_zeros < 2 ? bits->n_zeros + 1 : 2) : 0;
    bits->n_left = 8;
}

static uint32_t take_bits(struct bits *bits, unsigned n)
{
    uint32_t value = 0;
    while (n-- > 0) {
        if (bits->n_left == 0)
            next_byte(bits);
        bits->n_left--;
        value = value << 1 | (bits->byte >> bits->n_left & 1u);
    }
    return value;
}

static bool take_flag(struct bits *bits) { return take_bits(bits, 1) != 0; }

static void skip_bits(struct bits *bits, unsigned n)
{
    for (; n > 32; n -= 32)
        take_bits(bits, 32);
    take_bits(bits, n);
}

/* Exp-Golomb: as many zeros as bits follow the one. */
static uint32_t take_ue(struct bits *bits)
{
    unsigned n_zeros = 0;
    while (!bits->ended && !take_flag(bits))
        n_zeros++;
    if (n_zeros > 31) {
        bits->bad = true;
        return 0;
    }
    return (uint32_t)((1ull << n_zeros) - 1) + take_bits(bits, n_zeros);
}

static int32_t take_se(struct bits *bits)
{
    uint32_t code = take_ue(bits);
    return code & 1 ? (int32_t)(code / 2) + 1 : -(int32_t)(code / 2);
}

static int result_of(const struct bits *bits)
{
    return bits->ended ? RTMP_E_TRUNCATED : bits->bad ? RTMP_E_MALFORMED : 0;
}

struct picture {
    uint64_t width, height;
    uint64_t crop_x, crop_y; /* both sides together */
};

static int crop(const struct bits *bits, const struct picture *picture, uint32_t *width, uint32_t *height)
{
    int error = result_of(bits);
    if (error)
        return error;
    if (picture->width > SIDE_MAX || picture->height > SIDE_MAX || picture->crop_x >= picture->width ||
        picture->crop_y >= picture->height)
        return RTMP_E_MALFORMED;
    *width = (uint32_t)(picture->width - picture->crop_x);
    *height = (uint32_t)(picture->height - picture->crop_y);
    return 0;
}

/* Samples of luma for one of chroma. */
static unsigned chroma_step_x(uint32_t chroma) { return chroma == 1 || chroma == 2 ? 2 : 1; }
static unsigned chroma_step_y(uint32_t chroma) { return chroma == 1 ? 2 : 1; }

static void take_crop(struct bits *bits, unsigned step_x, unsigned step_y, struct picture *picture)
{
    if (!take_flag(bits))
        return;
    picture->crop_x = (uint64_t)take_ue(bits) * step_x;
    picture->crop_x += (uint64_t)take_ue(bits) * step_x;
    picture->crop_y = (uint64_t)take_ue(bits) * step_y;
    picture->crop_y += (uint64_t)take_ue(bits) * step_y;
}

static void skip_scaling_lists(struct bits *bits, unsigned n_lists)
{
    for (unsigned list = 0; list < n_lists; list++) {
        if (!take_flag(bits))
            continue;
        int32_t last = 8, next = 8;
        for (unsigned i = 0; i < (list < 6 ? 16u : 64u); i++) {
            if (next != 0)
                next = (last + take_se(bits) % 256 + 256) % 256;
            last = next != 0 ? next : last;
        }
    }
}

/* Profiles whose parameter sets say chroma, depth and scaling. */
static bool is_high_profile(uint32_t profile)
{
    static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    return memchr(high, (int)profile, sizeof high) != NULL;
}

/* Returns the chroma format by which cropping is counted. */
static uint32_t take_avc_chroma(struct bits *bits)
{
    uint32_t chroma = take_ue(bits);
    bool is_separate = chroma == 3 && take_flag(bits);
    take_ue(bits); /* depths */
    take_ue(bits);
    take_flag(bits);
    if (take_flag(bits))
        skip_scaling_lists(bits, chroma == 3 ? 12 : 8);
    bits->bad = bits->bad || chroma > 3;
    return is_separate ? 0 : chroma;
}

static void skip_picture_order(struct bits *bits)
{
    uint32_t type = take_ue(bits);
    if (type == 0)
        take_ue(bits);
    if (type != 1)
        return;
    take_flag(bits);
    take_se(bits);
    take_se(bits);
    uint32_t n = take_ue(bits);
    bits->bad = bits->bad || n > 255;
    for (uint32_t i = 0; i < n && !bits->bad; i++)
        take_se(bits);
}

static int avc_picture(const uint8_t *set, size_t length, uint32_t *width, uint32_t *height)
{
    struct bits bits = {.at = set, .end = set + length, .escaped = true};
    struct picture picture = {0, 0, 0, 0};
    skip_bits(&bits, 3);
    if (take_bits(&bits, 5) != 7)
        return length ? RTMP_E_MALFORMED : RTMP_E_TRUNCATED;
    uint32_t profile = take_bits(&bits, 8);
    skip_bits(&bits, 16); /* constraints, level */
    take_ue(&bits);
    uint32_t chroma = is_high_profile(profile) ? take_avc_chroma(&bits) : 1;
    take_ue(&bits);
    skip_picture_order(&bits);
    take_ue(&bits);
    take_flag(&bits);
    uint64_t width_in_blocks = (uint64_t)take_ue(&bits) + 1, height_in_units = (uint64_t)take_ue(&bits) + 1;
    unsigned fields = take_flag(&bits) ? 1 : 2;
    if (fields == 2)
        take_flag(&bits);
    take_flag(&bits);
    picture.width = width_in_blocks * 16;
    picture.height = height_in_units * 16 * fields;
    take_crop(&bits, chroma_step_x(chroma), chroma_step_y(chroma) * fields, &picture);
    return crop(&bits, &picture, width, height);
}

int rtmp_avc_dimensions(const uint8_t *config, size_t length, uint32_t *width, uint32_t *height)
{
    enum { FIXED = 6, SIZE = 2 };
    if (length < FIXED)
        return RTMP_E_TRUNCATED;
    if (config[0] != 1)
        return RTMP_E_MALFORMED;
    if ((config[5] & 0x1F) == 0)
        return RTMP_E_UNSUPPORTED;
    if (length < FIXED + SIZE || length - FIXED - SIZE < get_u16(config + FIXED))
        return RTMP_E_TRUNCATED;
    return avc_picture(config + FIXED + SIZE, get_u16(config + FIXED), width, height);
}

static void skip_profile_and_level(struct bits *bits, unsigned n_sub_layers)
{
    enum { PROFILE = 88, LEVEL = 8 };
    bool has_profile[8], has_level[8];
    skip_bits(bits, PROFILE + LEVEL);
    for (unsigned i = 0; i < n_sub_layers; i++) {
        has_profile[i] = take_flag(bits);
        has_level[i] = take_flag(bits);
    }
    if (n_sub_layers > 0)
        skip_bits(bits, 2 * (8 - n_sub_layers));
    for (unsigned i = 0; i < n_sub_layers; i++)
        skip_bits(bits, (has_profile[i] ? PROFILE : 0) + (has_level[i] ? LEVEL : 0));
}

static int hevc_picture(const uint8_t *set, size_t length, uint32_t *width, uint32_t *height)
{
    struct bits bits = {.at = set, .end = set + length, .escaped = true};
    struct picture picture = {0, 0, 0, 0};
    skip_bits(&bits, 16 + 4); /* NAL unit header, video parameter set */
    unsigned n_sub_layers = take_bits(&bits, 3);
    take_flag(&bits);
    skip_profile_and_level(&bits, n_sub_layers);
    take_ue(&bits);
    uint32_t chroma = take_ue(&bits);
    if (chroma == 3 && take_flag(&bits))
        chroma = 0; /* three planes of their own */
    picture.width = take_ue(&bits);
    picture.height = take_ue(&bits);
    take_crop(&bits, chroma_step_x(chroma), chroma_step_y(chroma), &picture);
    return crop(&bits, &picture, width, height);
}

int rtmp_hevc_dimensions(const uint8_t *config, size_t length, uint32_t *width, uint32_t *height)
{
    enum { FIXED = 23, ARRAY = 3, SIZE = 2, PARAMETER_SET = 33 };
    if (length < FIXED)
        return RTMP_E_TRUNCATED;
    if (config[0] > 1) /* 0 is from drafts, and still written */
        return RTMP_E_MALFORMED;
    const uint8_t *p = config + FIXED, *end = config + length;
    for (unsigned n_arrays = config[FIXED - 1]; n_arrays > 0; n_arrays--) {
        if (end - p < ARRAY)
            return RTMP_E_TRUNCATED;
        unsigned type = p[0] & 0x3F, n_units = get_u16(p + 1);
        for (p += ARRAY; n_units > 0; n_units--) {
            if (end - p < SIZE || end - p - SIZE < get_u16(p))
                return RTMP_E_TRUNCATED;
            size_t size = get_u16(p);
            if (type == PARAMETER_SET)
                return hevc_picture(p + SIZE, size, width, height);
            p += SIZE + size;
        }
    }
    return RTMP_E_UNSUPPORTED;
}

static uint32_t take_object_type(struct bits *bits)
{
    enum { ESCAPE = 31 };
    uint32_t type = take_bits(bits, 5);
    return type == ESCAPE ? ESCAPE + 1 + take_bits(bits, 6) : type;
}

/* 0: no such rate. */
static uint32_t take_rate(struct bits *bits)
{
    static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050,
                                     16000, 12000, 11025, 8000,  7350,  0,     0};
    enum { ESCAPE = 15 };
    uint32_t index = take_bits(bits, 4);
    return index == ESCAPE ? take_bits(bits, 24) : rates[index];
}

int rtmp_aac_config(const uint8_t *config, size_t length, uint32_t *rate_hz, uint32_t *n_channels)
{
    static const uint8_t channels[16] = {
        [1] = 1, [2] = 2, [3] = 3, [4] = 4, [5] = 5, [6] = 6, [7] = 8, [11] = 7, [12] = 8, [13] = 24, [14] = 8};
    enum { SPECTRAL_BAND = 5, PARAMETRIC_STEREO = 29 };
    if (length == 0)
        return RTMP_E_TRUNCATED;
    struct bits bits = {.at = config, .end = config + length};
    uint32_t type = take_object_type(&bits), rate = take_rate(&bits), layout = take_bits(&bits, 4);
    if (type == SPECTRAL_BAND || type == PARAMETRIC_STEREO)
        rate = take_rate(&bits);
    if (bits.ended)
        return RTMP_E_TRUNCATED;
    if (rate == 0 || (layout != 0 && channels[layout] == 0))
        return RTMP_E_MALFORMED;
    *rate_hz = rate;
    *n_channels = type == PARAMETRIC_STEREO && layout == 1 ? 2 : channels[layout];
    return 0;
}
