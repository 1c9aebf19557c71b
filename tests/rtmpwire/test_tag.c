/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/tag.h>

enum { ENHANCED = 1, MULTI = 2, KNOWN = 4, KEY = 8, HEADER = 16, DISPOSABLE = 32 };
enum { AUDIO = RTMP_TAG_AUDIO, VIDEO = RTMP_TAG_VIDEO };

struct track {
    uint8_t track;
    uint32_t fourcc;
    int32_t composition_ms;
    const char *payload; /* NULL: no such track */
    const char *message; /* what the track is as a message by itself; NULL: the same, "": it cannot be written */
};

struct vector {
    const char *meaning, *body;
    uint8_t kind, packet, flags;
    uint8_t frame, codec, low; /* low: of the first byte of legacy audio; the command of a command */
    uint32_t nano;
    struct track tracks[3];
};

#define AVC  RTMP_FOURCC_AVC1
#define HVC  RTMP_FOURCC_HVC1
#define AV1  RTMP_FOURCC_AV01
#define AAC  RTMP_FOURCC_MP4A
#define OPUS RTMP_FOURCC_OPUS
#define NONE RTMP_FOURCC_NONE

static const char hdr[] =
    "020009636f6c6f72496e666f03000b636f6c6f72436f6e66696703000862697444657074680040240000000000000000"
    "09000009";
static const char opus_head[] = "4f707573486561640102380180bb0000000000";

/* clang-format off: one row, one message */
static const struct vector vectors[] = {
    /* wire.md 12, Enhanced video/audio bodies */
    {"HEVC SequenceStart", "906876633101", VIDEO, RTMP_TAG_SEQUENCE_START, ENHANCED | KNOWN | HEADER, .frame = 1,
     .tracks = {{0, HVC, 0, "01", 0}}},
    {"AV1 SequenceStart", "906176303181000c00", VIDEO, RTMP_TAG_SEQUENCE_START, ENHANCED | KNOWN | HEADER, .frame = 1,
     .tracks = {{0, AV1, 0, "81000c00", 0}}},
    {"AV1 has no composition time", "a1617630311200", VIDEO, RTMP_TAG_CODED, ENHANCED | KNOWN, .frame = 2,
     .tracks = {{0, AV1, 0, "1200", 0}}},
    {"AVC SequenceEnd by FourCC", "9261766331", VIDEO, RTMP_TAG_SEQUENCE_END, ENHANCED | KNOWN, .frame = 1,
     .tracks = {{0, AVC, 0, "", 0}}},
    {"a command follows at once", "d100", VIDEO, RTMP_TAG_COMMAND, ENHANCED | KNOWN, .frame = 5,
     .tracks = {{0, NONE, 0, "", 0}}},
    {"OneTrack of video", "960061766331010164", VIDEO, RTMP_TAG_SEQUENCE_START, ENHANCED | MULTI | KNOWN | HEADER,
     .frame = 1, .tracks = {{1, AVC, 0, "0164", 0}}},
    {"AAC by FourCC", "916d7034612110", AUDIO, RTMP_TAG_CODED, ENHANCED | KNOWN | KEY,
     .tracks = {{0, AAC, 0, "2110", 0}}},
    {"AC-3 SequenceEnd", "9261632d33", AUDIO, RTMP_TAG_SEQUENCE_END, ENHANCED | KNOWN,
     .tracks = {{0, RTMP_FOURCC_AC3, 0, "", 0}}},
    {"MultichannelConfig, custom", "94664c614302020001", AUDIO, RTMP_TAG_MULTICHANNEL, ENHANCED | KNOWN | HEADER,
     .tracks = {{0, RTMP_FOURCC_FLAC, 0, "02020001", 0}}},
    {"OneTrack of audio", "95016d7034610221", AUDIO, RTMP_TAG_CODED, ENHANCED | MULTI | KNOWN | KEY,
     .tracks = {{2, AAC, 0, "21", 0}}},
    {"HEVC CodedFrames, composition +40", "91687663310000280000000126", VIDEO, RTMP_TAG_CODED, ENHANCED | KNOWN | KEY,
     .frame = 1, .tracks = {{0, HVC, 40, "0000000126", 0}}},
    {"HEVC CodedFramesX", "a3687663310000000102", VIDEO, RTMP_TAG_CODED_X, ENHANCED | KNOWN, .frame = 2,
     .tracks = {{0, HVC, 0, "0000000102", 0}}},
    {"Metadata as OBS writes it",
     "8468766331020009636f6c6f72496e666f03000b636f6c6f72436f6e666967030008626974446570746800402400000000000000000900000"
     "9",
     VIDEO, RTMP_TAG_METADATA, ENHANCED | KNOWN | HEADER, .frame = 0, .tracks = {{0, HVC, 0, hdr, 0}}},
    {"Metadata as ffmpeg writes it is no command", "d468766331020009636f6c6f72496e666f06", VIDEO, RTMP_TAG_METADATA,
     ENHANCED | KNOWN | HEADER, .frame = 5, .tracks = {{0, HVC, 0, "020009636f6c6f72496e666f06", 0}}},
    {"ManyTracks", "a6136876633100000002aabb01000001cc", VIDEO, RTMP_TAG_CODED_X, ENHANCED | MULTI | KNOWN, .frame = 2,
     .tracks = {{0, HVC, 0, "aabb", "a368766331aabb"}, {1, HVC, 0, "cc", "a6036876633101cc"}}},
    {"ManyTracksManyCodecs", "9620617630310000000181687663310100000101", VIDEO, RTMP_TAG_SEQUENCE_START,
     ENHANCED | MULTI | KNOWN | HEADER, .frame = 1,
     .tracks = {{0, AV1, 0, "81", "906176303181"}, {1, HVC, 0, "01", "9600687663310101"}}},
    {"ModEx 800000 ns", "97020c3500016176303112", VIDEO, RTMP_TAG_CODED, ENHANCED | KNOWN | KEY, .frame = 1,
     .nano = 800000, .tracks = {{0, AV1, 0, "12", 0}}},
    {"ModEx with a long size", "97ff00020003e803687663310000000126", VIDEO, RTMP_TAG_CODED_X, ENHANCED | KNOWN | KEY,
     .frame = 1, .nano = 1000, .tracks = {{0, HVC, 0, "0000000126", "97020003e803687663310000000126"}}},
    {"Opus SequenceStart", "904f7075734f707573486561640102380180bb0000000000", AUDIO, RTMP_TAG_SEQUENCE_START,
     ENHANCED | KNOWN | HEADER, .tracks = {{0, OPUS, 0, opus_head, 0}}},
    {"MultichannelConfig, native", "944f70757301060000003f", AUDIO, RTMP_TAG_MULTICHANNEL, ENHANCED | KNOWN | HEADER,
     .tracks = {{0, OPUS, 0, "01060000003f", 0}}},
    /* wire.md 12, FLV, and the other legacy forms */
    {"AVC end of sequence", "1702000000", VIDEO, RTMP_TAG_SEQUENCE_END, KNOWN, .frame = 1, .codec = 7,
     .tracks = {{0, AVC, 0, "", 0}}},
    {"info frame", "5700", VIDEO, RTMP_TAG_COMMAND, KNOWN, .frame = 5, .codec = 7, .tracks = {{0, AVC, 0, "", 0}}},
    {"seek ends", "5201", VIDEO, RTMP_TAG_COMMAND, KNOWN, .frame = 5, .codec = 2, .low = 1,
     .tracks = {{0, NONE, 0, "", 0}}},
    {"AVC inter, composition -40", "2701ffffd80000000109", VIDEO, RTMP_TAG_CODED, KNOWN, .frame = 2, .codec = 7,
     .tracks = {{0, AVC, -40, "0000000109", 0}}},
    {"AVC key, largest composition", "17017fffff", VIDEO, RTMP_TAG_CODED, KNOWN | KEY, .frame = 1, .codec = 7,
     .tracks = {{0, AVC, 0x7FFFFF, "", 0}}},
    {"AVC key, smallest composition", "1701800000", VIDEO, RTMP_TAG_CODED, KNOWN | KEY, .frame = 1, .codec = 7,
     .tracks = {{0, AVC, -0x800000, "", 0}}},
    {"AVC configuration; its composition time means nothing", "170000002801640028", VIDEO, RTMP_TAG_SEQUENCE_START,
     KNOWN | HEADER, .frame = 1, .codec = 7, .tracks = {{0, AVC, 0, "01640028", "170000000001640028"}}},
    {"AVC disposable", "370100000000", VIDEO, RTMP_TAG_CODED, KNOWN | DISPOSABLE, .frame = 3, .codec = 7,
     .tracks = {{0, AVC, 0, "00", 0}}},
    {"AVC generated key", "470100000000", VIDEO, RTMP_TAG_CODED, KNOWN | KEY, .frame = 4, .codec = 7,
     .tracks = {{0, AVC, 0, "00", 0}}},
    {"AVC with a packet type nobody knows", "170300000000", VIDEO, RTMP_TAG_RESERVED, KNOWN, .frame = 1, .codec = 7,
     .tracks = {{0, AVC, 0, "00", ""}}},
    {"private HEVC", "1c010000280000000126", VIDEO, RTMP_TAG_CODED, KNOWN | KEY, .frame = 1, .codec = 12,
     .tracks = {{0, HVC, 40, "0000000126", 0}}},
    {"private HEVC configuration", "1c0000000001", VIDEO, RTMP_TAG_SEQUENCE_START, KNOWN | HEADER, .frame = 1,
     .codec = 12, .tracks = {{0, HVC, 0, "01", 0}}},
    {"private AV1", "1d010000001200", VIDEO, RTMP_TAG_CODED, KNOWN | KEY, .frame = 1, .codec = 13,
     .tracks = {{0, AV1, 0, "1200", 0}}},
    {"private VP8", "2e0100000010", VIDEO, RTMP_TAG_CODED, KNOWN, .frame = 2, .codec = 14,
     .tracks = {{0, RTMP_FOURCC_VP08, 0, "10", 0}}},
    {"private VP9", "1f0000000001000000", VIDEO, RTMP_TAG_SEQUENCE_START, KNOWN | HEADER, .frame = 1, .codec = 15,
     .tracks = {{0, RTMP_FOURCC_VP09, 0, "01000000", 0}}},
    {"Sorenson", "1200008400", VIDEO, RTMP_TAG_CODED, KNOWN | KEY, .frame = 1, .codec = 2,
     .tracks = {{0, NONE, 0, "00008400", 0}}},
    {"Sorenson disposable", "3200", VIDEO, RTMP_TAG_CODED, KNOWN | DISPOSABLE, .frame = 3, .codec = 2,
     .tracks = {{0, NONE, 0, "00", 0}}},
    {"VP6 keeps its byte of crop", "2400aa", VIDEO, RTMP_TAG_CODED, KNOWN, .frame = 2, .codec = 4,
     .tracks = {{0, NONE, 0, "00aa", 0}}},
    {"a legacy codec nobody knows", "1901", VIDEO, RTMP_TAG_CODED, KEY, .frame = 1, .codec = 9,
     .tracks = {{0, NONE, 0, "01", 0}}},
    {"silence", "", AUDIO, RTMP_TAG_SILENCE, KNOWN, .tracks = {{0, NONE, 0, "", 0}}},
    {"AAC configuration", "af001210", AUDIO, RTMP_TAG_SEQUENCE_START, KNOWN | HEADER, .codec = 10, .low = 15,
     .tracks = {{0, AAC, 0, "1210", 0}}},
    {"AAC frame", "af0121", AUDIO, RTMP_TAG_CODED, KNOWN | KEY, .codec = 10, .low = 15,
     .tracks = {{0, AAC, 0, "21", 0}}},
    {"AAC with a packet type nobody knows", "af0221", AUDIO, RTMP_TAG_RESERVED, KNOWN, .codec = 10, .low = 15,
     .tracks = {{0, AAC, 0, "21", ""}}},
    {"MP3", "2ffffb", AUDIO, RTMP_TAG_CODED, KNOWN | KEY, .codec = 2, .low = 15,
     .tracks = {{0, RTMP_FOURCC_MP3, 0, "fffb", 0}}},
    {"MP3 8 kHz", "e2fffb", AUDIO, RTMP_TAG_CODED, KNOWN | KEY, .codec = 14, .low = 2,
     .tracks = {{0, RTMP_FOURCC_MP3, 0, "fffb", 0}}},
    {"Speex", "b201", AUDIO, RTMP_TAG_CODED, KNOWN | KEY, .codec = 11, .low = 2, .tracks = {{0, NONE, 0, "01", 0}}},
    {"private Opus has no packet type", "dffc", AUDIO, RTMP_TAG_CODED, KNOWN | KEY, .codec = 13, .low = 15,
     .tracks = {{0, OPUS, 0, "fc", 0}}},
    {"DJI's audio format 15", "ff00", AUDIO, RTMP_TAG_CODED, KEY, .codec = 15, .low = 15,
     .tracks = {{0, NONE, 0, "00", 0}}},
    /* what else senders may do */
    {"a FourCC nobody knows, as DJI seems to send", "9700000001000000", VIDEO, RTMP_TAG_SEQUENCE_START,
     ENHANCED | HEADER, .frame = 1, .tracks = {{0, 0x01000000, 0, "", "9001000000"}}},
    {"an audio FourCC in video is none", "916d70346101", VIDEO, RTMP_TAG_CODED, ENHANCED | KEY, .frame = 1,
     .tracks = {{0, AAC, 0, "01", 0}}},
    {"a packet number without a meaning", "98617663310102", VIDEO, RTMP_TAG_RESERVED, ENHANCED | KNOWN, .frame = 1,
     .tracks = {{0, AVC, 0, "0102", ""}}},
    {"MPEG2TSSequenceStart", "956176303180", VIDEO, RTMP_TAG_MPEG2TS_START, ENHANCED | KNOWN | HEADER, .frame = 1,
     .tracks = {{0, AV1, 0, "80", 0}}},
    {"empty SequenceStart, as ffmpeg's ac-3", "9061632d33", AUDIO, RTMP_TAG_SEQUENCE_START, ENHANCED | KNOWN | HEADER,
     .tracks = {{0, RTMP_FOURCC_AC3, 0, "", 0}}},
    {"VVC has a composition time", "a176766331fffffe07", VIDEO, RTMP_TAG_CODED, ENHANCED | KNOWN, .frame = 2,
     .tracks = {{0, RTMP_FOURCC_VVC1, -2, "07", 0}}},
    {"VP9 has none", "a17670303982", VIDEO, RTMP_TAG_CODED, ENHANCED | KNOWN, .frame = 2,
     .tracks = {{0, RTMP_FOURCC_VP09, 0, "82", 0}}},
    {"OneTrack of the default track", "96016176633100000028aa", VIDEO, RTMP_TAG_CODED, ENHANCED | MULTI | KNOWN | KEY,
     .frame = 1, .tracks = {{0, AVC, 40, "aa", "9161766331000028aa"}}},
    {"each track has its composition time, and ModEx stays",
     "a702000001061161766331"
     "03000005000028aabb"
     "00000003ffffff",
     VIDEO, RTMP_TAG_CODED, ENHANCED | MULTI | KNOWN, .frame = 2, .nano = 1,
     .tracks = {{3, AVC, 40, "aabb", "a70200000106016176633103000028aabb"},
                {0, AVC, -1, "", "a7020000010161766331ffffff"}}},
    {"many audio codecs",
     "95216d7034610000000121"
     "4f70757305000002fcff"
     "66677878ff000000",
     AUDIO, RTMP_TAG_CODED, ENHANCED | MULTI | KNOWN | KEY,
     .tracks = {{0, AAC, 0, "21", "916d70346121"},
                {5, OPUS, 0, "fcff", "95014f70757305fcff"},
                {255, 0x66677878, 0, "", "950166677878ff"}}},
    {"ModEx of audio", "97020f423f016d70346121", AUDIO, RTMP_TAG_CODED, ENHANCED | KNOWN | KEY, .nano = 999999,
     .tracks = {{0, AAC, 0, "21", 0}}},
    {"a nanosecond too many counts as none", "97020f4240016d70346121", AUDIO, RTMP_TAG_CODED, ENHANCED | KNOWN | KEY,
     .tracks = {{0, AAC, 0, "21", "916d70346121"}}},
    {"an offset too short counts as none", "97010001016d70346121", AUDIO, RTMP_TAG_CODED, ENHANCED | KNOWN | KEY,
     .tracks = {{0, AAC, 0, "21", "916d70346121"}}},
    {"an unknown extension between two offsets",
     "970200000107"
     "00ff17"
     "03000002ff01"
     "6d70346121",
     AUDIO, RTMP_TAG_CODED, ENHANCED | KNOWN | KEY, .nano = 2, .tracks = {{0, AAC, 0, "21", "9702000002016d70346121"}}},
    {"a command behind an extension", "d70200000a0101", VIDEO, RTMP_TAG_COMMAND, ENHANCED | KNOWN, .frame = 5, .low = 1,
     .nano = 10, .tracks = {{0, NONE, 0, "", 0}}},
};
/* clang-format on */

static int parse(unsigned kind, const uint8_t *body, size_t length, struct rtmp_tag *tag)
{
    return kind == VIDEO ? rtmp_tag_parse_video(body, length, tag) : rtmp_tag_parse_audio(body, length, tag);
}

static size_t n_tracks_of(const struct vector *vector)
{
    size_t n = 0;
    while (n < COUNT(vector->tracks) && vector->tracks[n].payload)
        n++;
    return n;
}

static void assert_track(const struct vector *vector, size_t i, const struct rtmp_tag *tag)
{
    bool is_command = vector->packet == RTMP_TAG_COMMAND;
    assert_int_equal(tag->kind, vector->kind);
    assert_int_equal(tag->packet, vector->packet);
    assert_int_equal(tag->frame, vector->frame);
    assert_int_equal(tag->codec, vector->codec);
    assert_int_equal(tag->sound, is_command ? 0 : vector->low);
    assert_int_equal(tag->command, is_command ? vector->low : 0);
    assert_int_equal(tag->nano, vector->nano);
    assert_int_equal(tag->enhanced, (vector->flags & ENHANCED) != 0);
    assert_int_equal(tag->multitrack, (vector->flags & MULTI) != 0);
    assert_int_equal(tag->key, (vector->flags & KEY) != 0);
    assert_int_equal(tag->header, (vector->flags & HEADER) != 0);
    assert_int_equal(tag->disposable, (vector->flags & DISPOSABLE) != 0);
    assert_int_equal(tag->track, vector->tracks[i].track);
    assert_int_equal(tag->fourcc, vector->tracks[i].fourcc);
    assert_int_equal(tag->composition_ms, vector->tracks[i].composition_ms);
    assert_hex(tag->payload, tag->length, vector->tracks[i].payload);
    if (vector->tracks[i].fourcc != 0x66677878)
        assert_int_equal(tag->known, (vector->flags & KNOWN) != 0);
    else
        assert_false(tag->known);
}

static void vectors_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        print_message("%s\n", vectors[i].meaning);
        size_t length, n = 1;
        uint8_t *body = unhex(vectors[i].body, &length);
        struct rtmp_tag tag;
        assert_int_equal(parse(vectors[i].kind, body, length, &tag), 0);
        assert_track(&vectors[i], 0, &tag);
        for (; rtmp_tag_track_next(&tag); n++)
            assert_track(&vectors[i], n, &tag);
        assert_int_equal(n, n_tracks_of(&vectors[i]));
        vector_was_read(vectors[i].body);
        free(body);
    }
}

/* A track as a message by itself: the same track when it is read again. */
static void assert_message(const struct rtmp_tag *tag, const char *expected)
{
    uint8_t out[256];
    size_t written = 99;
    struct rtmp_tag again;
    memset(out, 0xEE, sizeof out);
    assert_int_equal(rtmp_tag_write(tag, out, RTMP_TAG_HEAD_MAX, &written), 0);
    assert_in_range(written, 0, RTMP_TAG_HEAD_MAX);
    for (size_t cap = 0; cap < written; cap++) {
        uint8_t untouched[RTMP_TAG_HEAD_MAX] = {0xEE};
        size_t none = 99;
        assert_int_equal(rtmp_tag_write(tag, untouched, cap, &none), RTMP_E_SPACE);
        assert_true(none == 99 && untouched[0] == 0xEE);
    }
    assert_int_equal(out[written], 0xEE);
    if (tag->length > 0)
        memcpy(out + written, tag->payload, tag->length);
    assert_hex(out, written + tag->length, expected);
    assert_int_equal(parse(tag->kind, out, written + tag->length, &again), 0);
    assert_int_equal(again.track, tag->track);
    assert_int_equal(again.multitrack, tag->track != 0);
    assert_int_equal(again.packet, tag->packet);
    assert_int_equal(again.nano, tag->nano);
    assert_int_equal(again.length, tag->length);
    assert_false(rtmp_tag_track_next(&again));
}

static void vectors_are_written_track_by_track(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        print_message("%s\n", vectors[i].meaning);
        size_t length, written;
        uint8_t *body = unhex(vectors[i].body, &length), out[RTMP_TAG_HEAD_MAX];
        struct rtmp_tag tag;
        const struct track *track = vectors[i].tracks;
        assert_int_equal(parse(vectors[i].kind, body, length, &tag), 0);
        do {
            const char *expected = track->message ? track->message : vectors[i].body;
            if (track->message && !*track->message)
                assert_int_equal(rtmp_tag_write(&tag, out, sizeof out, &written), RTMP_E_RANGE);
            else
                assert_message(&tag, expected);
            if (expected == vectors[i].body)
                vector_was_written(expected);
            track++;
        } while (rtmp_tag_track_next(&tag));
        free(body);
    }
}

/* A message may end within the last payload, or, if tracks have sizes, behind a track; in no other place. */
static void bodies_cut_short_are_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        print_message("%s\n", vectors[i].meaning);
        size_t length, n_tracks = n_tracks_of(&vectors[i]), ends[3] = {0, 0, 0}, n_ends = 0;
        uint8_t *body = unhex(vectors[i].body, &length);
        struct rtmp_tag tag;
        assert_int_equal(parse(vectors[i].kind, body, length, &tag), 0);
        size_t first = length - tag.length;
        do
            ends[n_ends++] = tag.packet == RTMP_TAG_SILENCE || tag.packet == RTMP_TAG_COMMAND
                                 ? length
                                 : (size_t)(tag.payload + tag.length - body);
        while (rtmp_tag_track_next(&tag));
        for (size_t cut = 0; cut < length; cut++) {
            bool is_whole = n_tracks == 1 ? cut >= first : cut == ends[0] || cut == ends[1];
            uint8_t *part = malloc(cut + (cut == 0));
            assert_non_null(part);
            memcpy(part, body, cut);
            struct rtmp_tag untouched = {.kind = 77};
            if (cut == 0 && vectors[i].kind == AUDIO)
                is_whole = true;
            assert_int_equal(parse(vectors[i].kind, part, cut, &untouched), is_whole ? 0 : RTMP_E_TRUNCATED);
            assert_int_equal(untouched.kind, is_whole ? vectors[i].kind : 77);
            free(part);
        }
        free(body);
    }
}

static void malformed_bodies_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *meaning, *body;
        unsigned kind;
        int error;
    } rows[] = {
        {"nothing", "", VIDEO, RTMP_E_TRUNCATED},
        {"multitrack within multitrack", "960661766331010164", VIDEO, RTMP_E_MALFORMED},
        {"multitrack within multitrack", "95056d7034610221", AUDIO, RTMP_E_MALFORMED},
        {"an extension within multitrack", "960761766331010164", VIDEO, RTMP_E_MALFORMED},
        {"a fourth multitrack form", "963061766331010164", VIDEO, RTMP_E_MALFORMED},
        {"no track", "a61368766331", VIDEO, RTMP_E_TRUNCATED},
        {"a size of 16 MiB", "a6136876633100ffffffaabb", VIDEO, RTMP_E_TRUNCATED},
        {"the second size too large", "a6136876633100000002aabb01000002cc", VIDEO, RTMP_E_TRUNCATED},
        {"a track too short for its composition time", "a61161766331000000020000", VIDEO, RTMP_E_TRUNCATED},
        {"an extension of 64 KiB", "97ffffff0003e803687663310000000126", VIDEO, RTMP_E_TRUNCATED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("%s\n", rows[i].meaning);
        size_t length;
        uint8_t *body = unhex(rows[i].body, &length);
        struct rtmp_tag tag = {.kind = 77};
        assert_int_equal(parse(rows[i].kind, body, length, &tag), rows[i].error);
        assert_int_equal(tag.kind, 77);
        free(body);
    }
}

static void eight_extensions_are_enough(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 10; n++) {
        uint8_t body[64] = {0x97};
        size_t length = 1;
        struct rtmp_tag tag;
        for (size_t i = 0; i < n; i++) {
            const uint8_t modex[] = {2, 0, 0, (uint8_t)(i + 1), i + 1 < n ? 7 : 1};
            memcpy(body + length, modex, sizeof modex);
            length += sizeof modex;
        }
        memcpy(body + length, "av01", 4);
        length += 4;
        assert_int_equal(rtmp_tag_parse_video(body, length, &tag), n <= RTMP_TAG_MODEX_MAX ? 0 : RTMP_E_MALFORMED);
        if (n <= RTMP_TAG_MODEX_MAX)
            assert_int_equal(tag.nano, n);
    }
}

static void sixteen_tracks_are_enough(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 18; n++) {
        uint8_t body[128] = {0x95, 0x11, 'm', 'p', '4', 'a'};
        size_t length = 6, n_tracks = 1;
        struct rtmp_tag tag;
        for (size_t i = 0; i < n; i++) {
            const uint8_t track[] = {(uint8_t)i, 0, 0, 1, (uint8_t)(100 + i)};
            memcpy(body + length, track, sizeof track);
            length += sizeof track;
        }
        int error = rtmp_tag_parse_audio(body, length, &tag);
        assert_int_equal(error, n <= RTMP_TAG_TRACKS_MAX ? 0 : RTMP_E_MALFORMED);
        if (error)
            continue;
        for (; rtmp_tag_track_next(&tag); n_tracks++)
            assert_int_equal(*tag.payload, 100 + n_tracks);
        assert_int_equal(n_tracks, n);
    }
}

static void fields_that_cannot_be_written_are_refused(void **state)
{
    (void)state;
    static const struct rtmp_tag rows[] = {
        {.kind = 0},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 8, .codec = 7},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 5, .codec = 7},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 1, .codec = 16},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 1, .codec = 7, .composition_ms = 0x800000},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 1, .codec = 7, .composition_ms = -0x800001},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 1, .codec = 2, .composition_ms = 1},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 1, .codec = 7, .nano = 1},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 1, .codec = 7, .track = 1},
        {.kind = VIDEO, .packet = RTMP_TAG_SEQUENCE_START, .frame = 1, .codec = 2},
        {.kind = VIDEO, .packet = RTMP_TAG_METADATA, .frame = 1, .codec = 7},
        {.kind = VIDEO, .packet = RTMP_TAG_COMMAND, .frame = 1, .codec = 7},
        {.kind = VIDEO, .packet = RTMP_TAG_SILENCE, .frame = 1, .codec = 7},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 1, .enhanced = true, .nano = 1000000},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED, .frame = 1, .enhanced = true, .fourcc = AV1, .composition_ms = 1},
        {.kind = VIDEO, .packet = RTMP_TAG_CODED_X, .frame = 1, .enhanced = true, .fourcc = AVC, .composition_ms = 1},
        {.kind = VIDEO, .packet = RTMP_TAG_MULTICHANNEL, .frame = 1, .enhanced = true},
        {.kind = VIDEO, .packet = RTMP_TAG_COMMAND, .frame = 5, .enhanced = true, .track = 1},
        {.kind = VIDEO, .packet = 99, .frame = 1, .enhanced = true},
        {.kind = AUDIO, .packet = RTMP_TAG_CODED, .codec = 9},
        {.kind = AUDIO, .packet = RTMP_TAG_CODED, .codec = 10, .sound = 16},
        {.kind = AUDIO, .packet = RTMP_TAG_CODED, .codec = 10, .frame = 1},
        {.kind = AUDIO, .packet = RTMP_TAG_SEQUENCE_START, .codec = 2},
        {.kind = AUDIO, .packet = RTMP_TAG_COMMAND, .frame = 5},
        {.kind = AUDIO, .packet = RTMP_TAG_CODED_X, .enhanced = true, .fourcc = AAC},
        {.kind = AUDIO, .packet = RTMP_TAG_SILENCE, .enhanced = true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t out[RTMP_TAG_HEAD_MAX];
        size_t written = 99;
        assert_int_equal(rtmp_tag_write(&rows[i], out, sizeof out, &written), RTMP_E_RANGE);
        assert_int_equal(written, 99);
    }
}

/* A player of before 2023 can still have H.264 that came with a FourCC, and the other way round. */
static void forms_can_be_exchanged(void **state)
{
    (void)state;
    static const uint8_t enhanced[] = {0x93, 'a', 'v', 'c', '1', 9}, legacy[] = {0xAF, 1, 0x21};
    struct rtmp_tag tag;
    uint8_t out[RTMP_TAG_HEAD_MAX];
    size_t written;
    assert_int_equal(rtmp_tag_parse_video(enhanced, sizeof enhanced, &tag), 0);
    tag.enhanced = false;
    tag.codec = RTMP_VIDEO_AVC;
    assert_int_equal(rtmp_tag_write(&tag, out, sizeof out, &written), 0);
    assert_hex(out, written, "1701000000");
    assert_int_equal(rtmp_tag_parse_audio(legacy, sizeof legacy, &tag), 0);
    tag.enhanced = true;
    assert_int_equal(rtmp_tag_write(&tag, out, sizeof out, &written), 0);
    assert_hex(out, written, "916d703461");
}

static void codecs_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *body, *name;
        unsigned kind;
    } rows[] = {
        {"1701000000", "h264", VIDEO},    {"9061766331", "h264", VIDEO}, {"1c01000000", "hevc", VIDEO},
        {"90766331ff", "unknown", VIDEO}, {"9076703039", "vp9", VIDEO},  {"1200", "sorenson", VIDEO},
        {"1900", "unknown", VIDEO},       {"af0121", "aac", AUDIO},      {"2f00", "mp3", AUDIO},
        {"e200", "mp3", AUDIO},           {"6f00", "nellymoser", AUDIO}, {"b200", "speex", AUDIO},
        {"df00", "opus", AUDIO},          {"9065632d33", "eac3", AUDIO}, {"9061766331", "unknown", AUDIO},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length;
        uint8_t *body = unhex(rows[i].body, &length);
        struct rtmp_tag tag;
        assert_int_equal(parse(rows[i].kind, body, length, &tag), 0);
        assert_string_equal(rtmp_tag_codec_name(&tag), rows[i].name);
        assert_int_equal(tag.known, strcmp(rows[i].name, "unknown") != 0);
        free(body);
    }
    assert_string_equal(rtmp_fourcc_name(RTMP_FOURCC_AV01), "av1");
    assert_string_equal(rtmp_fourcc_name(RTMP_FOURCC_FLAC), "flac");
    assert_string_equal(rtmp_fourcc_name(RTMP_FOURCC_NONE), "unknown");
    assert_string_equal(rtmp_fourcc_name(0x12345678), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_read),
        cmocka_unit_test(vectors_are_written_track_by_track),
        cmocka_unit_test(bodies_cut_short_are_truncated),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(eight_extensions_are_enough),
        cmocka_unit_test(sixteen_tracks_are_enough),
        cmocka_unit_test(fields_that_cannot_be_written_are_refused),
        cmocka_unit_test(forms_can_be_exchanged),
        cmocka_unit_test(codecs_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
