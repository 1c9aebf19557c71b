/* SPDX-License-Identifier: MIT */
#include "mux/ts.h"

#include <string.h>

#include "mux/bits.h"

enum {
    SYNC = 0x47,
    PID_PAT = 0,
    PID_PMT = 0x1000,
    PID_FIRST = 0x100, /* of the tracks */
    PROGRAM = 1,
    TABLE_MAX = 64,
    PAYLOAD = PH_TS_PACKET - 4,
    PES_HEAD_MAX = 19,
    SOUND_BYTES = 2800, /* of frames that share a head */
    ADTS_HEAD = 7,
    FRAME_MAX = 8191, /* of sound, its head included; longer ones are left out */
    ES_MAX = 32 * 1024 * 1024,
};

enum stream_type { TYPE_MP3 = 3, TYPE_MP3_LOW = 4, TYPE_AAC = 0x0F, TYPE_AVC = 0x1B, TYPE_HEVC = 0x24 };

/* What a head of seven bytes can say: profiles 1 to 4 and what extends them, a rate by its number. */
static bool has_adts(const struct ph_mux_track *track)
{
    struct ph_bits bits = ph_bits_of(track->config, track->length);
    uint32_t object = ph_bits_take(&bits, 5), rate = ph_bits_take(&bits, 4);
    return ((object >= 1 && object <= 5) || object == 29) && rate < 13;
}

static unsigned type_of(const struct ph_mux_track *track)
{
    switch (track->fourcc) {
    case RTMP_FOURCC_AVC1:
        return TYPE_AVC;
    case RTMP_FOURCC_HVC1:
        return TYPE_HEVC;
    case RTMP_FOURCC_MP4A:
        return has_adts(track) ? TYPE_AAC : 0;
    case RTMP_FOURCC_MP3:
        return track->rate_hz < 32000 ? TYPE_MP3_LOW : TYPE_MP3;
    default:
        return 0;
    }
}

bool ph_ts_carries(const struct ph_mux_track *track) { return type_of(track) != 0; }

/* A piece that is being written; the first error stays. */
struct writer {
    struct ph_ts *ts;
    struct rtmp_buffer *out;
    struct rtmp_buffer es; /* one packet of an elementary stream */
    int error;
};

static void add(struct writer *writer, struct rtmp_buffer *buffer, const void *bytes, size_t length)
{
    if (!writer->error && length)
        writer->error = rtmp_buffer_append(buffer, bytes, length);
}

/* Tables */

static uint32_t crc_of(const uint8_t *bytes, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= (uint32_t)bytes[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ (crc >> 31 ? 0x04C11DB7 : 0);
    }
    return crc;
}

/* One packet with one section; `body` is what stands between its head and the checksum. */
static void add_table(struct writer *writer, unsigned pid, uint8_t *counter, unsigned table, unsigned id,
                      const uint8_t *body, size_t length)
{
    uint8_t packet[PH_TS_PACKET], *section = packet + 5;
    size_t rest = length + 5 + 4; /* behind the length field */
    memset(packet, 0xFF, sizeof packet);
    packet[0] = SYNC;
    packet[1] = (uint8_t)(0x40 | pid >> 8);
    packet[2] = (uint8_t)pid;
    packet[3] = (uint8_t)(0x10 | (*counter)++ % 16);
    packet[4] = 0; /* the section begins at once */
    section[0] = (uint8_t)table;
    section[1] = (uint8_t)(0xB0 | rest >> 8);
    section[2] = (uint8_t)rest;
    section[3] = (uint8_t)(id >> 8);
    section[4] = (uint8_t)id;
    section[5] = 0xC1; /* version 0, in force */
    section[6] = section[7] = 0;
    memcpy(section + 8, body, length);
    uint32_t crc = crc_of(section, 8 + length);
    for (int i = 0; i < 4; i++)
        section[8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
    add(writer, writer->out, packet, sizeof packet);
}

static void add_tables(struct writer *writer, const struct ph_mux_track *const *tracks, size_t n)
{
    static const uint8_t pat[] = {0, PROGRAM, 0xE0 | PID_PMT >> 8, PID_PMT & 0xFF};
    uint8_t pmt[TABLE_MAX] = {0xE0 | PID_FIRST >> 8, PID_FIRST & 0xFF, 0xF0, 0}; /* the first track has the clock */
    size_t length = 4;
    for (size_t i = 0; i < n; i++) {
        const uint8_t row[] = {(uint8_t)type_of(tracks[i]), 0xE0 | PID_FIRST >> 8, (uint8_t)(PID_FIRST + i), 0xF0, 0};
        memcpy(pmt + length, row, sizeof row);
        length += sizeof row;
    }
    add_table(writer, PID_PAT, &writer->ts->pat, 0, 1, pat, sizeof pat);
    add_table(writer, PID_PMT, &writer->ts->pmt, 2, PROGRAM, pmt, length);
}

/* Frames as an elementary stream */

static const uint8_t start_code[] = {0, 0, 0, 1};

static void add_nal(struct writer *writer, const uint8_t *nal, size_t length)
{
    add(writer, &writer->es, start_code, sizeof start_code);
    add(writer, &writer->es, nal, length);
}

/* `n` parameter sets, each with two bytes of length; where they end, or NULL. */
static const uint8_t *add_sets(struct writer *writer, const uint8_t *at, const uint8_t *end, unsigned n)
{
    for (; n && at; n--) {
        size_t left = (size_t)(end - at), length = left >= 2 ? (size_t)(at[0] << 8 | at[1]) : 0;
        bool fits = left >= 2 + length;
        if (fits)
            add_nal(writer, at + 2, length);
        at = fits ? at + 2 + length : NULL;
    }
    return at;
}

static void add_avc_sets(struct writer *writer, const struct ph_mux_track *track)
{
    const uint8_t *at = track->config + 6, *end = track->config + track->length;
    at = add_sets(writer, at, end, track->config[5] & 31);
    if (at && at < end)
        (void)add_sets(writer, at + 1, end, *at);
}

static void add_hevc_sets(struct writer *writer, const struct ph_mux_track *track)
{
    const uint8_t *at = track->config + 23, *end = track->config + track->length;
    for (unsigned n = track->config[22]; n && at && end - at >= 3; n--)
        at = add_sets(writer, at + 3, end, (unsigned)(at[1] << 8 | at[2]));
}

/* In front of each frame stands what ends the one before; a sender's own are left out. */
static void add_picture(struct writer *writer, const struct ph_mux_track *track, const uint8_t *bytes, size_t length,
                        bool is_key)
{
    static const uint8_t avc_delimiter[] = {9, 0xF0}, hevc_delimiter[] = {0x46, 1, 0x50};
    bool is_hevc = track->fourcc == RTMP_FOURCC_HVC1;
    unsigned width = (track->config[is_hevc ? 21 : 4] & 3) + 1u;
    add_nal(writer, is_hevc ? hevc_delimiter : avc_delimiter, is_hevc ? sizeof hevc_delimiter : sizeof avc_delimiter);
    if (is_key)
        (is_hevc ? add_hevc_sets : add_avc_sets)(writer, track);
    while (length > width) {
        size_t size = 0;
        for (unsigned i = 0; i < width; i++)
            size = size << 8 | bytes[i];
        bytes += width;
        length -= width;
        size = size < length ? size : length;
        bool is_delimiter = size && (is_hevc ? (bytes[0] >> 1 & 63) == 35 : (bytes[0] & 31) == 9);
        if (size && !is_delimiter)
            add_nal(writer, bytes, size);
        bytes += size;
        length -= size;
    }
}

static void add_adts(struct writer *writer, const struct ph_mux_track *track, size_t length)
{
    struct ph_bits bits = ph_bits_of(track->config, track->length);
    uint32_t object = ph_bits_take(&bits, 5), rate = ph_bits_take(&bits, 4), channels = ph_bits_take(&bits, 4);
    uint32_t profile = object >= 1 && object <= 4 ? object - 1 : 1; /* what extends it is found by the decoder */
    size_t whole = length + ADTS_HEAD;
    const uint8_t head[ADTS_HEAD] = {0xFF,
                                     0xF1,
                                     (uint8_t)(profile << 6 | rate << 2 | channels >> 2),
                                     (uint8_t)(channels << 6 | whole >> 11),
                                     (uint8_t)(whole >> 3),
                                     (uint8_t)(whole << 5 | 0x1F),
                                     0xFC};
    add(writer, &writer->es, head, sizeof head);
}

/* What a frame takes in the elementary stream; 0: it is left out. */
static size_t sound_bytes(const struct ph_mux_track *track, size_t length)
{
    size_t whole = length + (track->fourcc == RTMP_FOURCC_MP4A ? ADTS_HEAD : 0);
    return whole <= FRAME_MAX ? whole : 0;
}

static void add_sound(struct writer *writer, const struct ph_mux_track *track, const uint8_t *bytes, size_t length)
{
    if (sound_bytes(track, length) == 0)
        return;
    if (track->fourcc == RTMP_FOURCC_MP4A)
        add_adts(writer, track, length);
    add(writer, &writer->es, bytes, length);
}

/* Packets */

static void put_time(uint8_t *out, unsigned mark, uint64_t time)
{
    out[0] = (uint8_t)(mark << 4 | (time >> 29 & 0x0E) | 1);
    out[1] = (uint8_t)(time >> 22);
    out[2] = (uint8_t)(time >> 14 | 1);
    out[3] = (uint8_t)(time >> 7);
    out[4] = (uint8_t)(time << 1 | 1);
}

static size_t write_pes_head(uint8_t head[PES_HEAD_MAX], bool is_video, size_t length, uint64_t pts, uint64_t dts)
{
    bool has_dts = pts != dts;
    size_t times = has_dts ? 10 : 5, rest = 3 + times + length;
    const uint8_t fixed[] = {0,
                             0,
                             1,
                             is_video ? 0xE0 : 0xC0,
                             (uint8_t)(is_video ? 0 : rest >> 8),
                             (uint8_t)(is_video ? 0 : rest),
                             0x84, /* it begins at the begin of a frame */
                             has_dts ? 0xC0 : 0x80,
                             (uint8_t)times};
    memcpy(head, fixed, sizeof fixed);
    put_time(head + sizeof fixed, has_dts ? 3 : 2, pts);
    if (has_dts)
        put_time(head + sizeof fixed + 5, 1, dts);
    return sizeof fixed + times;
}

struct pes {
    size_t track; /* from 0 */
    bool is_video, is_key, has_clock;
    uint64_t pts, dts, clock; /* of 90 kHz */
};

/* The adaptation field of `length` bytes, its own length byte included: flags, the clock, and stuffing. */
static void put_adaptation(uint8_t *out, size_t length, bool is_key, bool has_clock, uint64_t clock)
{
    memset(out, 0xFF, length);
    out[0] = (uint8_t)(length - 1);
    if (length == 1)
        return;
    out[1] = (uint8_t)((is_key ? 0x40 : 0) | (has_clock ? 0x10 : 0));
    if (!has_clock)
        return;
    out[2] = (uint8_t)(clock >> 25);
    out[3] = (uint8_t)(clock >> 17);
    out[4] = (uint8_t)(clock >> 9);
    out[5] = (uint8_t)(clock >> 1);
    out[6] = (uint8_t)((clock & 1) << 7 | 0x7E);
    out[7] = 0;
}

static void add_packets(struct writer *writer, const struct pes *pes)
{
    enum { FLAGS = 2, WITH_CLOCK = 8 };
    const uint8_t *bytes = writer->es.data;
    size_t left = writer->es.length;
    uint8_t *counter = &writer->ts->tracks[pes->track];
    for (bool is_first = true; left && !writer->error; is_first = false) {
        uint8_t packet[PH_TS_PACKET];
        bool has_clock = is_first && pes->has_clock, is_key = is_first && pes->is_key;
        size_t field = has_clock ? WITH_CLOCK : is_key ? FLAGS : 0;
        if (left < PAYLOAD - field)
            field = PAYLOAD - left;
        size_t taken = PAYLOAD - field;
        unsigned pid = PID_FIRST + (unsigned)pes->track;
        packet[0] = SYNC;
        packet[1] = (uint8_t)((is_first ? 0x40 : 0) | pid >> 8);
        packet[2] = (uint8_t)pid;
        packet[3] = (uint8_t)((field ? 0x30 : 0x10) | (*counter)++ % 16);
        if (field)
            put_adaptation(packet + 4, field, is_key, has_clock, pes->clock);
        memcpy(packet + 4 + field, bytes, taken);
        add(writer, writer->out, packet, sizeof packet);
        bytes += taken;
        left -= taken;
    }
}

/* Runs, on their way */

struct walk {
    const struct ph_mux_run *run;
    const struct ph_mux_track *track;
    size_t i;
    uint64_t time_ms; /* of sample i */
    const uint8_t *bytes;
};

static void step(struct walk *walk)
{
    const struct ph_mux_sample *sample = &walk->run->samples[walk->i++];
    walk->time_ms += sample->duration_ms;
    walk->bytes += sample->length;
}

static uint64_t ticks(uint64_t ms) { return 90 * ms & 0x1FFFFFFFF; }

static void begin_pes(struct writer *writer, const struct pes *pes, size_t length)
{
    uint8_t head[PES_HEAD_MAX];
    rtmp_buffer_clear(&writer->es);
    add(writer, &writer->es, head, write_pes_head(head, pes->is_video, length, pes->pts, pes->dts));
}

/* The length of a sound's packet has to be known before it is written. */
static size_t sound_span(const struct walk *walk, size_t *n)
{
    size_t length = 0;
    for (*n = 0; walk->i + *n < walk->run->n; ++*n) {
        size_t whole = sound_bytes(walk->track, walk->run->samples[walk->i + *n].length);
        if (*n && length + whole > SOUND_BYTES)
            break;
        length += whole;
    }
    return length;
}

static void add_next(struct writer *writer, struct walk *walk)
{
    const struct ph_mux_sample *sample = &walk->run->samples[walk->i];
    struct pes pes = {.track = walk->run->track - 1,
                      .is_video = walk->track->is_video,
                      .is_key = sample->is_key,
                      .has_clock = walk->run->track == 1,
                      .clock = ticks(walk->time_ms),
                      .dts = (ticks(walk->time_ms) + PH_TS_DELAY) & 0x1FFFFFFFF};
    pes.pts = (pes.dts + (uint64_t)(90 * (int64_t)sample->composition_ms)) & 0x1FFFFFFFF;
    size_t n = 1, length = pes.is_video ? 0 : sound_span(walk, &n);
    begin_pes(writer, &pes, length);
    if (pes.is_video)
        add_picture(writer, walk->track, walk->bytes, sample->length, sample->is_key);
    for (size_t i = 0; i < n; i++) {
        if (!pes.is_video)
            add_sound(writer, walk->track, walk->bytes, walk->run->samples[walk->i].length);
        step(walk);
    }
    add_packets(writer, &pes);
}

static struct walk *earliest(struct walk *walks, size_t n)
{
    struct walk *first = NULL;
    for (size_t i = 0; i < n; i++)
        if (walks[i].i < walks[i].run->n && (!first || walks[i].time_ms < first->time_ms))
            first = &walks[i];
    return first;
}

int ph_ts_piece(struct ph_ts *ts, const struct ph_mux_track *const *tracks, size_t n_tracks,
                const struct ph_mux_run *runs, size_t n_runs, struct rtmp_buffer *out)
{
    struct writer writer = {.ts = ts, .out = out};
    struct walk walks[PH_TS_TRACKS];
    if (n_tracks > PH_TS_TRACKS || n_runs > PH_TS_TRACKS)
        return RTMP_E_RANGE;
    for (size_t i = 0; i < n_runs; i++) {
        if (runs[i].track < 1 || runs[i].track > n_tracks)
            return RTMP_E_RANGE;
        walks[i] = (struct walk){
            .run = &runs[i], .track = tracks[runs[i].track - 1], .time_ms = runs[i].time_ms, .bytes = runs[i].bytes};
    }
    rtmp_buffer_init(&writer.es, &out->allocator, ES_MAX);
    add_tables(&writer, tracks, n_tracks);
    for (struct walk *walk; !writer.error && (walk = earliest(walks, n_runs));)
        add_next(&writer, walk);
    rtmp_buffer_finish(&writer.es);
    return writer.error;
}
