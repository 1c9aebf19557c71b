/* SPDX-License-Identifier: MIT */
#include "mux/fmp4.h"

#include "mux/box.h"

enum {
    TIMESCALE = 1000,
    KEY_FLAGS = 0x02000000,   /* depends on no other */
    INTER_FLAGS = 0x01010000, /* depends on others, is no sync sample */
    TFHD_BASE_IS_MOOF = 0x020000,
    TRUN_FLAGS = 0x000F01, /* data offset; duration, size, flags and composition offset of each sample */
};

static void add_matrix(struct ph_boxes *boxes)
{
    static const uint32_t unity[] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (size_t i = 0; i < sizeof unity / sizeof *unity; i++)
        ph_box_u32(boxes, unity[i]);
}

/* Sample entries */

static void add_config(struct ph_boxes *boxes, const char name[4], const struct ph_mux_track *track)
{
    ph_box_begin(boxes, name);
    ph_box_bytes(boxes, track->config, track->length);
    ph_box_end(boxes);
}

static void begin_video(struct ph_boxes *boxes, const char name[4], const struct ph_mux_track *track)
{
    ph_box_begin(boxes, name);
    ph_box_zeros(boxes, 6);
    ph_box_u16(boxes, 1); /* data reference */
    ph_box_zeros(boxes, 16);
    ph_box_u16(boxes, track->width);
    ph_box_u16(boxes, track->height);
    ph_box_u32(boxes, 0x00480000); /* 72 dpi, twice */
    ph_box_u32(boxes, 0x00480000);
    ph_box_u32(boxes, 0);
    ph_box_u16(boxes, 1); /* frame in each sample */
    ph_box_zeros(boxes, 32);
    ph_box_u16(boxes, 24); /* bits of colour */
    ph_box_u16(boxes, 0xFFFF);
}

static void begin_audio(struct ph_boxes *boxes, const char name[4], const struct ph_mux_track *track)
{
    ph_box_begin(boxes, name);
    ph_box_zeros(boxes, 6);
    ph_box_u16(boxes, 1);
    ph_box_zeros(boxes, 8);
    ph_box_u16(boxes, track->n_channels);
    ph_box_u16(boxes, 16); /* bits of a sample, of old */
    ph_box_u32(boxes, 0);
    ph_box_u32(boxes, track->rate_hz < 65536 ? track->rate_hz << 16 : 0);
}

/* The decoder's description as MPEG-4 has it: descriptors inside descriptors. */
static void add_esds(struct ph_boxes *boxes, const struct ph_mux_track *track)
{
    unsigned info = track->length ? (unsigned)track->length + 2 : 0;
    ph_box_begin_full(boxes, "esds", 0, 0);
    ph_box_u8(boxes, 3); /* elementary stream */
    ph_box_u8(boxes, 3 + 2 + 13 + info + 3);
    ph_box_zeros(boxes, 3);
    ph_box_u8(boxes, 4); /* decoder */
    ph_box_u8(boxes, 13 + info);
    ph_box_u8(boxes, track->fourcc == RTMP_FOURCC_MP3 ? 0x6B : 0x40);
    ph_box_u8(boxes, 0x15); /* audio */
    ph_box_zeros(boxes, 11);
    if (info) {
        ph_box_u8(boxes, 5);
        ph_box_u8(boxes, (unsigned)track->length);
        ph_box_bytes(boxes, track->config, track->length);
    }
    ph_box_u8(boxes, 6); /* synchronisation, as MP4 has it */
    ph_box_u8(boxes, 1);
    ph_box_u8(boxes, 2);
    ph_box_end(boxes);
}

static void add_flac(struct ph_boxes *boxes, const struct ph_mux_track *track)
{
    ph_box_begin_full(boxes, "dfLa", 0, 0);
    ph_box_bytes(boxes, track->config, track->length);
    ph_box_end(boxes);
}

static void add_sample_entry(struct ph_boxes *boxes, const struct ph_mux_track *track)
{
    static const struct {
        uint32_t fourcc;
        char entry[5], config[5];
    } plain[] = {
        {RTMP_FOURCC_AVC1, "avc1", "avcC"}, {RTMP_FOURCC_HVC1, "hvc1", "hvcC"}, {RTMP_FOURCC_AV01, "av01", "av1C"},
        {RTMP_FOURCC_VP09, "vp09", "vpcC"}, {RTMP_FOURCC_OPUS, "Opus", "dOps"}, {RTMP_FOURCC_AC3, "ac-3", "dac3"},
        {RTMP_FOURCC_EAC3, "ec-3", "dec3"},
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (plain[i].fourcc != track->fourcc)
            continue;
        (track->is_video ? begin_video : begin_audio)(boxes, plain[i].entry, track);
        add_config(boxes, plain[i].config, track);
        ph_box_end(boxes);
        return;
    }
    bool is_flac = track->fourcc == RTMP_FOURCC_FLAC;
    begin_audio(boxes, is_flac ? "fLaC" : "mp4a", track);
    (is_flac ? add_flac : add_esds)(boxes, track);
    ph_box_end(boxes);
}

/* moov */

static void add_empty_full(struct ph_boxes *boxes, const char name[4], size_t zeros)
{
    ph_box_begin_full(boxes, name, 0, 0);
    ph_box_zeros(boxes, zeros);
    ph_box_end(boxes);
}

static void add_stbl(struct ph_boxes *boxes, const struct ph_mux_track *track)
{
    ph_box_begin(boxes, "stbl");
    ph_box_begin_full(boxes, "stsd", 0, 0);
    ph_box_u32(boxes, 1);
    add_sample_entry(boxes, track);
    ph_box_end(boxes);
    add_empty_full(boxes, "stts", 4);
    add_empty_full(boxes, "stsc", 4);
    add_empty_full(boxes, "stsz", 8);
    add_empty_full(boxes, "stco", 4);
    ph_box_end(boxes);
}

static void add_minf(struct ph_boxes *boxes, const struct ph_mux_track *track)
{
    ph_box_begin(boxes, "minf");
    if (track->is_video) {
        ph_box_begin_full(boxes, "vmhd", 0, 1);
        ph_box_zeros(boxes, 8);
        ph_box_end(boxes);
    } else {
        add_empty_full(boxes, "smhd", 4);
    }
    ph_box_begin(boxes, "dinf");
    ph_box_begin_full(boxes, "dref", 0, 0);
    ph_box_u32(boxes, 1);
    ph_box_begin_full(boxes, "url ", 0, 1); /* in this file */
    ph_box_end(boxes);
    ph_box_end(boxes);
    ph_box_end(boxes);
    add_stbl(boxes, track);
    ph_box_end(boxes);
}

static void add_mdia(struct ph_boxes *boxes, const struct ph_mux_track *track)
{
    ph_box_begin(boxes, "mdia");
    ph_box_begin_full(boxes, "mdhd", 0, 0);
    ph_box_zeros(boxes, 8);
    ph_box_u32(boxes, TIMESCALE);
    ph_box_u32(boxes, 0);
    ph_box_u16(boxes, 0x55C4); /* no language */
    ph_box_u16(boxes, 0);
    ph_box_end(boxes);
    ph_box_begin_full(boxes, "hdlr", 0, 0);
    ph_box_u32(boxes, 0);
    ph_box_bytes(boxes, track->is_video ? "vide" : "soun", 4);
    ph_box_zeros(boxes, 12);
    ph_box_bytes(boxes, track->is_video ? "video" : "sound", 6);
    ph_box_end(boxes);
    add_minf(boxes, track);
    ph_box_end(boxes);
}

static void add_trak(struct ph_boxes *boxes, const struct ph_mux_track *track, uint32_t number)
{
    ph_box_begin(boxes, "trak");
    ph_box_begin_full(boxes, "tkhd", 0, 7); /* enabled, in movie, in preview */
    ph_box_zeros(boxes, 8);
    ph_box_u32(boxes, number);
    ph_box_zeros(boxes, 4 + 4 + 8 + 4);
    ph_box_u16(boxes, track->is_video ? 0 : 0x0100); /* volume */
    ph_box_u16(boxes, 0);
    add_matrix(boxes);
    ph_box_u32(boxes, track->width << 16);
    ph_box_u32(boxes, track->height << 16);
    ph_box_end(boxes);
    add_mdia(boxes, track);
    ph_box_end(boxes);
}

static void add_mvhd(struct ph_boxes *boxes, size_t n)
{
    ph_box_begin_full(boxes, "mvhd", 0, 0);
    ph_box_zeros(boxes, 8);
    ph_box_u32(boxes, TIMESCALE);
    ph_box_u32(boxes, 0);
    ph_box_u32(boxes, 0x00010000); /* rate */
    ph_box_u16(boxes, 0x0100);     /* volume */
    ph_box_zeros(boxes, 10);
    add_matrix(boxes);
    ph_box_zeros(boxes, 24);
    ph_box_u32(boxes, (uint32_t)n + 1);
    ph_box_end(boxes);
}

static void add_mvex(struct ph_boxes *boxes, size_t n)
{
    ph_box_begin(boxes, "mvex");
    for (uint32_t i = 1; i <= n; i++) {
        ph_box_begin_full(boxes, "trex", 0, 0);
        ph_box_u32(boxes, i);
        ph_box_u32(boxes, 1); /* sample description */
        ph_box_zeros(boxes, 12);
        ph_box_end(boxes);
    }
    ph_box_end(boxes);
}

int ph_fmp4_init(const struct ph_mux_track *const *tracks, size_t n, struct rtmp_buffer *out)
{
    static const char brands[] = "iso6cmfciso6mp41";
    struct ph_boxes boxes = {.out = out};
    ph_box_begin(&boxes, "ftyp");
    ph_box_bytes(&boxes, brands, 4);
    ph_box_u32(&boxes, 1);
    ph_box_bytes(&boxes, brands + 4, sizeof brands - 5);
    ph_box_end(&boxes);
    ph_box_begin(&boxes, "moov");
    add_mvhd(&boxes, n);
    for (size_t i = 0; i < n; i++)
        add_trak(&boxes, tracks[i], (uint32_t)i + 1);
    add_mvex(&boxes, n);
    ph_box_end(&boxes);
    return boxes.error;
}

/* Fragments */

static void add_samples(struct ph_boxes *boxes, const struct ph_mux_run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        const struct ph_mux_sample *sample = &run->samples[i];
        ph_box_u32(boxes, sample->duration_ms);
        ph_box_u32(boxes, sample->length);
        ph_box_u32(boxes, sample->is_key ? KEY_FLAGS : INTER_FLAGS);
        ph_box_u32(boxes, (uint32_t)sample->composition_ms);
    }
}

/* Returns where the offset of its data is to be written. */
static size_t add_traf(struct ph_boxes *boxes, const struct ph_mux_run *run)
{
    ph_box_begin(boxes, "traf");
    ph_box_begin_full(boxes, "tfhd", 0, TFHD_BASE_IS_MOOF);
    ph_box_u32(boxes, run->track);
    ph_box_end(boxes);
    ph_box_begin_full(boxes, "tfdt", 1, 0);
    ph_box_u64(boxes, run->time_ms);
    ph_box_end(boxes);
    ph_box_begin_full(boxes, "trun", 1, TRUN_FLAGS);
    ph_box_u32(boxes, (uint32_t)run->n);
    size_t offset = boxes->out->length;
    ph_box_u32(boxes, 0);
    add_samples(boxes, run);
    ph_box_end(boxes);
    ph_box_end(boxes);
    return offset;
}

int ph_fmp4_fragment(uint32_t sequence, const struct ph_mux_run *runs, size_t n, struct rtmp_buffer *out)
{
    enum { RUNS_MAX = 8, MDAT_HEAD = 8 };
    size_t begin = out->length, offsets[RUNS_MAX];
    struct ph_boxes boxes = {.out = out};
    if (n > RUNS_MAX)
        return RTMP_E_RANGE;
    ph_box_begin(&boxes, "moof");
    ph_box_begin_full(&boxes, "mfhd", 0, 0);
    ph_box_u32(&boxes, sequence);
    ph_box_end(&boxes);
    for (size_t i = 0; i < n; i++)
        offsets[i] = add_traf(&boxes, &runs[i]);
    ph_box_end(&boxes);
    size_t data = out->length - begin + MDAT_HEAD;
    for (size_t i = 0; i < n; i++) {
        ph_box_patch(&boxes, offsets[i], (uint32_t)data);
        data += runs[i].length;
    }
    ph_box_begin(&boxes, "mdat");
    for (size_t i = 0; i < n; i++)
        ph_box_bytes(&boxes, runs[i].bytes, runs[i].length);
    ph_box_end(&boxes);
    return boxes.error;
}
