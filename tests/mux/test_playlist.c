/* SPDX-License-Identifier: MIT */
/* Playlists, as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "mux/playlist.h"

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    if (new_size)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static const struct rtmp_allocator allocator = {.resize = resize};
static struct rtmp_buffer out;

static const char *text(const struct ph_hls_playlist *playlist)
{
    rtmp_buffer_clear(&out);
    assert_int_equal(ph_hls_media_playlist(playlist, &out), 0);
    assert_int_equal(rtmp_buffer_append(&out, "", 1), 0);
    return (const char *)out.data;
}

static const struct ph_hls_part parts[] = {{500, true}, {480, false}, {20, false}};

static struct ph_hls_segment segment(uint64_t number, uint32_t ms, uint32_t epoch)
{
    return (struct ph_hls_segment){
        .number = number, .duration_ms = ms, .wall_ms = 1000 * (int64_t)number, .epoch = epoch, .is_whole = true};
}

static void the_text_of_a_playlist(void **state)
{
    (void)state;
    struct ph_hls_segment first = segment(10, 2000, 3), second = segment(11, 1000, 4), third = segment(12, 500, 4);
    const struct ph_hls_segment *segments[] = {&first, &second, &third};
    struct ph_hls_playlist playlist = {.target_s = 6, .part_ms = 500, .first_epoch = 1, .segments = segments, .n = 3};
    second.parts = third.parts = parts;
    second.n_parts = 3;
    third.n_parts = 1;
    third.is_whole = false;
    assert_string_equal(text(&playlist), "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:6\n"
                                         "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500,"
                                         "CAN-SKIP-UNTIL=36.000\n"
                                         "#EXT-X-PART-INF:PART-TARGET=0.500\n#EXT-X-MEDIA-SEQUENCE:10\n"
                                         "#EXT-X-DISCONTINUITY-SEQUENCE:2\n"
                                         "#EXT-X-MAP:URI=\"i3.mp4\"\n"
                                         "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:10.000Z\n"
                                         "#EXTINF:2.000,\ns10.m4s\n"
                                         "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i4.mp4\"\n"
                                         "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:11.000Z\n"
                                         "#EXT-X-PART:DURATION=0.500,URI=\"p11.0.m4s\",INDEPENDENT=YES\n"
                                         "#EXT-X-PART:DURATION=0.480,URI=\"p11.1.m4s\"\n"
                                         "#EXT-X-PART:DURATION=0.020,URI=\"p11.2.m4s\"\n"
                                         "#EXTINF:1.000,\ns11.m4s\n"
                                         "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:12.000Z\n"
                                         "#EXT-X-PART:DURATION=0.500,URI=\"p12.0.m4s\",INDEPENDENT=YES\n"
                                         "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p12.1.m4s\"\n");
    third.is_whole = true;
    assert_non_null(strstr(text(&playlist), "s12.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p13.0.m4s\"\n"));
    playlist.has_ended = true;
    assert_non_null(strstr(text(&playlist), "s12.m4s\n#EXT-X-ENDLIST\n"));
    assert_null(strstr((const char *)out.data, "PRELOAD"));
}

/* Thirty segments of 2 s: what ends more than 36 s before the edge is left out, and parts are told for 18 s. */
static void a_delta_leaves_out_what_is_old(void **state)
{
    (void)state;
    struct ph_hls_segment all[30];
    const struct ph_hls_segment *segments[30];
    struct ph_hls_playlist playlist = {.target_s = 6, .part_ms = 500, .first_epoch = 1, .segments = segments, .n = 30};
    for (uint64_t i = 0; i < PH_COUNT(all); i++) {
        all[i] = segment(100 + i, 2000, 1);
        all[i].parts = parts;
        all[i].n_parts = 1;
        segments[i] = &all[i];
    }
    assert_non_null(strstr(text(&playlist), "\ns100.m4s\n"));
    assert_null(strstr((const char *)out.data, "p120.0"));
    assert_non_null(strstr((const char *)out.data, "p121.0"));
    playlist.is_delta = true;
    assert_non_null(
        strstr(text(&playlist), "#EXT-X-MEDIA-SEQUENCE:100\n#EXT-X-SKIP:SKIPPED-SEGMENTS=12\n#EXT-X-PROGRAM"));
    assert_null(strstr((const char *)out.data, "\ns111.m4s\n"));
    assert_non_null(strstr((const char *)out.data, "\ns112.m4s\n"));
    playlist.n = 18;
    assert_null(strstr(text(&playlist), "SKIPPED"));
}

static void the_text_of_a_master_playlist(void **state)
{
    (void)state;
    const struct ph_mux_track video = {.fourcc = RTMP_FOURCC_AVC1,
                                       .is_video = true,
                                       .width = 1920,
                                       .height = 1080,
                                       .config = {1, 0x64, 0, 0x28},
                                       .length = 4},
                              audio = {.fourcc = RTMP_FOURCC_OPUS, .rate_hz = 48000, .n_channels = 2};
    const struct ph_hls_variant variant = {
        .uri = "cam.hls/live.m3u8", .tracks = {&video, &audio}, .n = 2, .peak_bit_s = 5000000, .mean_bit_s = 4000000};
    rtmp_buffer_clear(&out);
    assert_int_equal(ph_hls_master_playlist(PH_HLS_FMP4, &variant, 1, &out), 0);
    assert_int_equal(rtmp_buffer_append(&out, "", 1), 0);
    assert_string_equal((const char *)out.data,
                        "#EXTM3U\n#EXT-X-VERSION:9\n"
                        "#EXT-X-STREAM-INF:BANDWIDTH=5000000,AVERAGE-BANDWIDTH=4000000,"
                        "CODECS=\"avc1.640028,opus\",RESOLUTION=1920x1080\ncam.hls/live.m3u8\n");
}

/* Variants share one group of alternatives; codecs and rates are those of the dearest. */
static void a_master_playlist_with_tracks(void **state)
{
    (void)state;
    const struct ph_mux_track large = {.fourcc = RTMP_FOURCC_AVC1,
                                       .is_video = true,
                                       .width = 1920,
                                       .height = 1080,
                                       .config = {1, 0x64, 0, 0x28},
                                       .length = 4},
                              small = {.fourcc = RTMP_FOURCC_AVC1,
                                       .is_video = true,
                                       .width = 640,
                                       .height = 360,
                                       .config = {1, 0x4D, 0, 0x1E},
                                       .length = 4},
                              opus = {.fourcc = RTMP_FOURCC_OPUS, .rate_hz = 48000, .n_channels = 2},
                              mp3 = {.fourcc = RTMP_FOURCC_MP3, .rate_hz = 44100, .n_channels = 2};
    const struct ph_hls_variant variants[] = {
        {.uri = "live.m3u8", .tracks = {&large, &opus}, .n = 2, .peak_bit_s = 5000, .mean_bit_s = 4000},
        {.uri = "v1/live.m3u8", .tracks = {&small, &opus}, .n = 2, .peak_bit_s = 1000, .mean_bit_s = 900},
        {.uri = "a1/live.m3u8", .name = "a1", .tracks = {&mp3}, .n = 1, .peak_bit_s = 100, .mean_bit_s = 90},
        {.uri = "a2/live.m3u8", .name = "a2", .tracks = {&opus}, .n = 1, .peak_bit_s = 80, .mean_bit_s = 70},
    };
    rtmp_buffer_clear(&out);
    assert_int_equal(ph_hls_master_playlist(PH_HLS_TS, variants, 4, &out), 0);
    assert_int_equal(rtmp_buffer_append(&out, "", 1), 0);
    assert_string_equal((const char *)out.data,
                        "#EXTM3U\n#EXT-X-VERSION:3\n"
                        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Main\",DEFAULT=YES,AUTOSELECT=YES\n"
                        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"a1\",DEFAULT=NO,AUTOSELECT=YES,"
                        "URI=\"a1/live.m3u8\"\n"
                        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"a2\",DEFAULT=NO,AUTOSELECT=YES,"
                        "URI=\"a2/live.m3u8\"\n"
                        "#EXT-X-STREAM-INF:BANDWIDTH=5100,AVERAGE-BANDWIDTH=4090,"
                        "CODECS=\"avc1.640028,opus,mp4a.40.34\",RESOLUTION=1920x1080,AUDIO=\"audio\"\nlive.m3u8\n"
                        "#EXT-X-STREAM-INF:BANDWIDTH=1100,AVERAGE-BANDWIDTH=990,"
                        "CODECS=\"avc1.4d001e,opus,mp4a.40.34\",RESOLUTION=640x360,AUDIO=\"audio\"\nv1/live.m3u8\n");
}

/* Old players get what they know: whole segments, no parts, nothing to fetch first. */
static void transport_streams_are_told_as_of_old(void **state)
{
    (void)state;
    struct ph_hls_segment first = segment(10, 2000, 1), second = segment(11, 1000, 2), third = segment(12, 500, 3);
    const struct ph_hls_segment *segments[] = {&first, &second, &third};
    const struct ph_hls_report report = {"v1/live.m3u8", 12, 1};
    struct ph_hls_playlist playlist = {.container = PH_HLS_TS,
                                       .target_s = 6,
                                       .part_ms = 500,
                                       .first_epoch = 1,
                                       .segments = segments,
                                       .n = 3,
                                       .reports = &report,
                                       .n_reports = 1};
    second.parts = third.parts = parts;
    second.n_parts = third.n_parts = 1;
    third.is_whole = false;
    assert_string_equal(text(&playlist), "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n"
                                         "#EXT-X-MEDIA-SEQUENCE:10\n"
                                         "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:10.000Z\n"
                                         "#EXTINF:2.000,\ns10.ts\n"
                                         "#EXT-X-DISCONTINUITY\n"
                                         "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:11.000Z\n"
                                         "#EXTINF:1.000,\ns11.ts\n");
    playlist.container = PH_HLS_FMP4;
    assert_non_null(strstr(text(&playlist), "#EXT-X-RENDITION-REPORT:URI=\"v1/live.m3u8\",LAST-MSN=12,LAST-PART=0\n"));
}

static int open_buffer(void **state)
{
    (void)state;
    rtmp_buffer_init(&out, &allocator, 1 << 20);
    return 0;
}

static int close_buffer(void **state)
{
    (void)state;
    rtmp_buffer_finish(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_of_a_playlist),
        cmocka_unit_test(a_delta_leaves_out_what_is_old),
        cmocka_unit_test(the_text_of_a_master_playlist),
        cmocka_unit_test(a_master_playlist_with_tracks),
        cmocka_unit_test(transport_streams_are_told_as_of_old),
    };
    return cmocka_run_group_tests_name("playlist", tests, open_buffer, close_buffer);
}
