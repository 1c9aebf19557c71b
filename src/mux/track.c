/* SPDX-License-Identifier: MIT */
#include "mux/track.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "mux/bits.h"

static const uint32_t ac3_rates[] = {48000, 44100, 32000};

/* Configurations, each checked as far as it is used later */

static int read_av1(struct ph_mux_track *track) { return track->length >= 4 && track->config[0] == 0x81 ? 0 : -EINVAL; }

/* With or without version and flags in front: we keep them. */
static int read_vp9(struct ph_mux_track *track)
{
    static const uint8_t version[4] = {1, 0, 0, 0};
    if (track->length == 8) {
        memmove(track->config + sizeof version, track->config, track->length);
        memcpy(track->config, version, sizeof version);
        track->length += sizeof version;
    }
    return track->length >= 12 ? 0 : -EINVAL;
}

static int read_mp3(struct ph_mux_track *track, const uint8_t *frame, size_t length)
{
    static const uint32_t rates[] = {44100, 48000, 32000};
    struct ph_bits bits = ph_bits_of(frame, length);
    uint32_t sync = ph_bits_take(&bits, 11), version = ph_bits_take(&bits, 2), layer = ph_bits_take(&bits, 2);
    (void)ph_bits_take(&bits, 5);
    uint32_t rate = ph_bits_take(&bits, 2);
    (void)ph_bits_take(&bits, 2);
    uint32_t mode = ph_bits_take(&bits, 2);
    if (bits.is_over || sync != 0x7FF || version == 1 || layer != 1 || rate == 3)
        return -EINVAL;
    track->rate_hz = rates[rate] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
    track->n_channels = mode == 3 ? 1 : 2;
    track->length = 0;
    return 0;
}

/* "OpusHead" in its own byte order; without one it is stereo. */
static int read_opus(struct ph_mux_track *track)
{
    static const uint8_t plain[] = {0, 2, 0, 0, 0, 0, 0xBB, 0x80, 0, 0, 0};
    uint8_t *c = track->config;
    track->rate_hz = 48000;
    if (track->length == 0) {
        memcpy(c, plain, sizeof plain);
        track->length = sizeof plain;
    } else {
        if (track->length < 19 || memcmp(c, "OpusHead", 8) != 0 || (c[18] != 0 && track->length < 21u + c[9]))
            return -EINVAL;
        const uint8_t head[] = {0, c[9], c[11], c[10], c[15], c[14], c[13], c[12], c[17], c[16], c[18]};
        memmove(c + sizeof head, c + 19, track->length - 19);
        memcpy(c, head, sizeof head);
        track->length = sizeof head + (c[10] ? 2u + c[1] : 0);
    }
    track->n_channels = c[1];
    return c[1] ? 0 : -EINVAL;
}

/* "fLaC", then blocks of metadata, the first of them with the format. */
static int read_flac(struct ph_mux_track *track)
{
    if (track->length < 42 || memcmp(track->config, "fLaC", 4) != 0 || (track->config[4] & 0x7F) != 0)
        return -EINVAL;
    track->length -= 4;
    memmove(track->config, track->config + 4, track->length);
    struct ph_bits bits = ph_bits_of(track->config + 4 + 10, 8);
    track->rate_hz = ph_bits_take(&bits, 20);
    track->n_channels = ph_bits_take(&bits, 3) + 1;
    return track->rate_hz ? 0 : -EINVAL;
}

static const uint8_t ac3_channels[] = {2, 1, 2, 3, 3, 4, 4, 5};

/* The box dac3 says what the head of each frame does. */
static int read_ac3(struct ph_mux_track *track, const uint8_t *frame, size_t length)
{
    struct ph_bits bits = ph_bits_of(frame, length);
    uint32_t sync = ph_bits_take(&bits, 16);
    (void)ph_bits_take(&bits, 16);
    uint32_t rate = ph_bits_take(&bits, 2), size = ph_bits_take(&bits, 6), id = ph_bits_take(&bits, 5);
    uint32_t mode = ph_bits_take(&bits, 3), channels = ph_bits_take(&bits, 3);
    if (channels & 1 && channels != 1)
        (void)ph_bits_take(&bits, 2);
    if (channels & 4)
        (void)ph_bits_take(&bits, 2);
    if (channels == 2)
        (void)ph_bits_take(&bits, 2);
    uint32_t lfe = ph_bits_take(&bits, 1);
    if (bits.is_over || sync != 0x0B77 || rate == 3 || id > 10)
        return -EINVAL;
    uint32_t box = rate << 22 | id << 17 | mode << 14 | channels << 11 | lfe << 10 | size >> 1 << 5;
    const uint8_t bytes[] = {(uint8_t)(box >> 16), (uint8_t)(box >> 8), (uint8_t)box};
    memcpy(track->config, bytes, sizeof bytes);
    track->length = sizeof bytes;
    track->rate_hz = ac3_rates[rate];
    track->n_channels = ac3_channels[channels] + lfe;
    return 0;
}

static int read_eac3(struct ph_mux_track *track, const uint8_t *frame, size_t length)
{
    static const uint8_t n_blocks[] = {1, 2, 3, 6};
    struct ph_bits bits = ph_bits_of(frame, length);
    uint32_t sync = ph_bits_take(&bits, 16), type = ph_bits_take(&bits, 2);
    (void)ph_bits_take(&bits, 3);
    uint32_t size = ph_bits_take(&bits, 11) + 1, rate = ph_bits_take(&bits, 2), blocks = ph_bits_take(&bits, 2);
    uint32_t channels = ph_bits_take(&bits, 3), lfe = ph_bits_take(&bits, 1), id = ph_bits_take(&bits, 5);
    if (bits.is_over || sync != 0x0B77 || type == 1 || rate == 3 || id < 11 || id > 16)
        return -EINVAL;
    track->rate_hz = ac3_rates[rate];
    track->n_channels = ac3_channels[channels] + lfe;
    uint32_t kbit_s = size * 16 * (track->rate_hz / 1000) / (n_blocks[blocks] * 256u);
    uint64_t box = (uint64_t)(kbit_s & 0x1FFF) << 27 | (uint64_t)rate << 22 | (uint64_t)id << 17 | channels << 9 |
                   lfe << 8;
    for (int i = 0; i < 5; i++)
        track->config[i] = (uint8_t)(box >> (32 - 8 * i));
    track->length = 5;
    return 0;
}

/* Messages */

static int read_config(struct ph_mux_track *track)
{
    switch (track->fourcc) {
    case RTMP_FOURCC_AVC1:
        return track->length < 7 || rtmp_avc_dimensions(track->config, track->length, &track->width, &track->height)
                   ? -EINVAL
                   : 0;
    case RTMP_FOURCC_HVC1:
        return track->length < 23 || rtmp_hevc_dimensions(track->config, track->length, &track->width, &track->height)
                   ? -EINVAL
                   : 0;
    case RTMP_FOURCC_AV01:
        return read_av1(track);
    case RTMP_FOURCC_VP09:
        return read_vp9(track);
    case RTMP_FOURCC_MP4A:
        return track->length < 2 || track->length > 64 ||
                       rtmp_aac_config(track->config, track->length, &track->rate_hz, &track->n_channels)
                   ? -EINVAL
                   : 0;
    case RTMP_FOURCC_OPUS:
        return read_opus(track);
    case RTMP_FOURCC_FLAC:
        return read_flac(track);
    default:
        return -ENOTSUP;
    }
}

static int read_frame(struct ph_mux_track *track, const struct rtmp_tag *tag)
{
    switch (track->fourcc) {
    case RTMP_FOURCC_MP3:
        return read_mp3(track, tag->payload, tag->length);
    case RTMP_FOURCC_AC3:
        return read_ac3(track, tag->payload, tag->length);
    case RTMP_FOURCC_EAC3:
        return read_eac3(track, tag->payload, tag->length);
    case RTMP_FOURCC_OPUS:
        return read_opus(track);
    case RTMP_FOURCC_AVC1:
    case RTMP_FOURCC_HVC1:
    case RTMP_FOURCC_AV01:
    case RTMP_FOURCC_VP09:
    case RTMP_FOURCC_MP4A:
    case RTMP_FOURCC_FLAC:
        return -EAGAIN; /* their configuration comes first */
    default:
        return -ENOTSUP;
    }
}

int ph_mux_track_read(struct ph_mux_track *track, const struct rtmp_tag *tag)
{
    bool is_config = tag->packet == RTMP_TAG_SEQUENCE_START && tag->length;
    bool is_frame = tag->packet == RTMP_TAG_CODED || tag->packet == RTMP_TAG_CODED_X;
    struct ph_mux_track made = {.fourcc = tag->fourcc ? tag->fourcc
                                          : tag->kind == RTMP_TAG_AUDIO &&
                                                  (tag->codec == RTMP_AUDIO_MP3 || tag->codec == RTMP_AUDIO_MP3_8K)
                                              ? RTMP_FOURCC_MP3
                                              : 0,
                                .is_video = tag->kind == RTMP_TAG_VIDEO};
    if (!is_config && !is_frame)
        return -EAGAIN;
    if (is_config && tag->length > sizeof made.config)
        return -EINVAL;
    if (is_config) {
        memcpy(made.config, tag->payload, tag->length);
        made.length = tag->length;
    }
    int err = is_config ? read_config(&made) : read_frame(&made, tag);
    if (!err && !made.is_video && (made.n_channels == 0 || made.rate_hz == 0))
        made.n_channels = 2; /* a program config element tells, and decoders read that */
    if (!err)
        *track = made;
    return err;
}

bool ph_mux_track_equal(const struct ph_mux_track *one, const struct ph_mux_track *other)
{
    return one->fourcc == other->fourcc && one->length == other->length && one->rate_hz == other->rate_hz &&
           one->n_channels == other->n_channels && memcmp(one->config, other->config, one->length) == 0;
}

/* Codec strings */

static void add_hevc(const uint8_t *c, struct ph_text *text)
{
    uint32_t flags = 0;
    int n = 6;
    for (int i = 0; i < 32; i++)
        flags |= (uint32_t)(c[2 + i / 8] >> (7 - i % 8) & 1) << i;
    while (n > 0 && c[6 + n - 1] == 0)
        n--;
    ph_text_add(text, "hvc1.");
    if (c[1] >> 6)
        ph_text_add(text, "%c", 'A' + (c[1] >> 6) - 1);
    ph_text_add(text, "%u.%X.%c%u", c[1] & 31u, flags, c[1] & 32 ? 'H' : 'L', c[12]);
    for (int i = 0; i < n; i++)
        ph_text_add(text, ".%X", c[6 + i]);
}

static void add_av1(const uint8_t *c, struct ph_text *text)
{
    ph_text_add(text, "av01.%u.%02u%c.%02u", c[1] >> 5, c[1] & 31u, c[2] & 0x80 ? 'H' : 'M',
                c[2] & 0x40 ? (c[2] & 0x20 ? 12u : 10u) : 8u);
}

static void add_aac(const struct ph_mux_track *track, struct ph_text *text)
{
    struct ph_bits bits = ph_bits_of(track->config, track->length);
    uint32_t object = ph_bits_take(&bits, 5);
    ph_text_add(text, "mp4a.40.%u", object == 31 ? 32 + ph_bits_take(&bits, 6) : object);
}

void ph_mux_track_codec(const struct ph_mux_track *track, struct ph_text *text)
{
    const uint8_t *c = track->config;
    switch (track->fourcc) {
    case RTMP_FOURCC_AVC1:
        ph_text_add(text, "avc1.%02x%02x%02x", c[1], c[2], c[3]);
        break;
    case RTMP_FOURCC_HVC1:
        add_hevc(c, text);
        break;
    case RTMP_FOURCC_AV01:
        add_av1(c, text);
        break;
    case RTMP_FOURCC_VP09:
        ph_text_add(text, "vp09.%02u.%02u.%02u", c[4], c[5], c[6] >> 4);
        break;
    case RTMP_FOURCC_MP4A:
        add_aac(track, text);
        break;
    case RTMP_FOURCC_MP3:
        ph_text_add(text, "mp4a.40.34");
        break;
    case RTMP_FOURCC_OPUS:
        ph_text_add(text, "opus");
        break;
    case RTMP_FOURCC_FLAC:
        ph_text_add(text, "fLaC");
        break;
    case RTMP_FOURCC_AC3:
        ph_text_add(text, "ac-3");
        break;
    case RTMP_FOURCC_EAC3:
        ph_text_add(text, "ec-3");
        break;
    default:
        break;
    }
}
