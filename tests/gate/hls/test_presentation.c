/* SPDX-License-Identifier: MIT */
/* Renditions of a made-up stream: several tracks, a player that changes between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/letter.h"
#include "gate/hls/presentation.h"

enum { FRAME_MS = 40, NEW_BODY = 4096 };

static struct ph_presentation presentation;
static uint32_t now_ms;

static const uint8_t avc[] = {1,    0x4D, 0x40, 0x0D, 0xFF, 0xE1, 0,    0x17, 0x67, 0x4D, 0x40, 0x0D, 0xE8, 0x94, 0x0A,
                              0x0C, 0x97, 0xCB, 0x80, 0xB5, 0x01, 0x01, 0x01, 0x40, 0,    0,    3,    0,    0x40, 0,
                              0,    0x0F, 0x23, 0xC5, 0x0A, 0x65, 0x80, 1,    0,    4,    0x68, 0xEF, 0x06, 0xF2};
static const uint8_t aac[] = {0x12, 0x10};

/* One message of one track, as encoders of Enhanced RTMP say it. */
static void take(uint8_t kind, unsigned track, uint8_t packet, bool is_key, const uint8_t *payload, size_t length)
{
    uint8_t body[NEW_BODY];
    size_t head;
    const struct rtmp_tag tag = {.kind = kind,
                                 .packet = packet,
                                 .frame = kind == RTMP_TAG_VIDEO ? (is_key ? RTMP_FRAME_KEY : RTMP_FRAME_INTER) : 0,
                                 .fourcc = kind == RTMP_TAG_VIDEO ? RTMP_FOURCC_AVC1 : RTMP_FOURCC_MP4A,
                                 .enhanced = true,
                                 .track = (uint8_t)track};
    assert_int_equal(rtmp_tag_write(&tag, body, sizeof body, &head), 0);
    memcpy(body + head, payload, length);
    const struct rtmp_flv_tag whole = {
        .type = kind, .time_ms = now_ms, .body = body, .length = (uint32_t)(head + length)};
    assert_int_equal(ph_presentation_take(&presentation, &whole), 0);
}

static void headers(unsigned n_video, unsigned n_audio)
{
    for (unsigned track = 0; track < n_video; track++)
        take(RTMP_TAG_VIDEO, track, RTMP_TAG_SEQUENCE_START, true, avc, sizeof avc);
    for (unsigned track = 0; track < n_audio; track++)
        take(RTMP_TAG_AUDIO, track, RTMP_TAG_SEQUENCE_START, true, aac, sizeof aac);
}

/* `ms` of stream, key frames each `key_ms`; `order`: which video track comes first at each time. */
static void play(uint32_t ms, uint32_t key_ms, unsigned n_video, unsigned n_audio, bool backwards)
{
    static const uint8_t picture[] = {0, 0, 0, 2, 0x65, 1}, sound[] = {1, 2, 3};
    for (uint32_t at = 0; at < ms; at += FRAME_MS, now_ms += FRAME_MS) {
        for (unsigned i = 0; i < n_video; i++)
            take(RTMP_TAG_VIDEO, backwards ? n_video - 1 - i : i, RTMP_TAG_CODED_X, at % key_ms == 0, picture,
                 sizeof picture);
        for (unsigned i = 0; i < n_audio; i++)
            take(RTMP_TAG_AUDIO, i, RTMP_TAG_CODED, true, sound, sizeof sound);
    }
}

static void begin(enum ph_hls_container container)
{
    now_ms = 0;
    assert_int_equal(ph_presentation_init(&presentation, container, 1000), 0);
}

static int end(void **state)
{
    (void)state;
    ph_presentation_finish(&presentation);
    return 0;
}

static const struct ph_segmenter *of(const char *name)
{
    struct ph_rendition *rendition = ph_presentation_find(&presentation, name);
    assert_non_null(rendition);
    return &rendition->segmenter;
}

/* Segments of the same number begin at the same time: a player may change at each of them. */
static void are_alike(const char *name, bool exactly)
{
    const struct ph_segmenter *first = of(""), *other = of(name);
    assert_in_range(other->n, first->n - 1, first->n + 1);
    for (size_t i = 0; i < first->n && i < other->n; i++) {
        int64_t early = first->segments[i]->time_ms - other->segments[i]->time_ms;
        assert_int_equal(other->segments[i]->is.number, first->segments[i]->is.number);
        assert_in_range(early + 500, exactly ? 500 : 0, exactly ? 500 : 1000);
    }
}

static void each_track_is_a_rendition(void **state)
{
    (void)state;
    begin(PH_HLS_FMP4);
    headers(3, 2);
    play(9000, 1000, 3, 2, false);
    assert_int_equal(presentation.n, 5);
    are_alike("v1", true);
    are_alike("v2", true);
    are_alike("a1", false);
    assert_null(ph_presentation_find(&presentation, "v3"));
    are_alike("a0", false);
    assert_int_equal(of("v1")->audio.track.fourcc, 0);
    assert_int_equal(of("a1")->video.track.fourcc, 0);
    assert_int_equal(of("a0")->audio.track.fourcc, RTMP_FOURCC_MP4A);
    assert_int_equal(of("")->epoch, 1); /* it was known in time */
    assert_true(of("")->n >= 4);
}

/* One sound goes along with every picture. When there is a choice, all are silent from there on. */
static void a_choice_of_sound_comes_late(void **state)
{
    (void)state;
    begin(PH_HLS_FMP4);
    headers(2, 1);
    play(5000, 1000, 2, 1, false);
    assert_int_equal(presentation.n, 2);
    assert_int_equal(of("v1")->audio.track.fourcc, RTMP_FOURCC_MP4A);
    headers(2, 2);
    play(9000, 1000, 2, 2, false);
    assert_int_equal(presentation.n, 4);
    assert_int_equal(of("")->epoch, 2);
    assert_int_equal(of("v1")->epoch, 2);
    assert_int_equal(of("")->audio.track.fourcc, 0);
    assert_true(of("a0")->n >= 3 && of("a1")->n >= 3);
}

/* Whichever key frame comes first in the log. */
static void the_order_of_tracks_does_not_matter(void **state)
{
    (void)state;
    begin(PH_HLS_TS);
    headers(2, 1);
    play(9000, 1000, 2, 1, true);
    are_alike("v1", true);
    assert_true(of("")->n >= 4);
}

/* A track that comes late takes the number of the first one's segment, and ends it where that one does. */
static void a_late_track_falls_in(void **state)
{
    (void)state;
    begin(PH_HLS_FMP4);
    headers(1, 1);
    play(5000, 1000, 1, 1, false);
    headers(2, 1);
    play(8000, 1000, 2, 1, false);
    const struct ph_segmenter *first = of(""), *late = of("v1");
    const struct ph_segment *newest = first->segments[first->n - 1], *its = late->segments[late->n - 1];
    assert_true(late->n >= 4);
    assert_int_equal(its->is.number, newest->is.number);
    assert_int_equal(its->time_ms, newest->time_ms);
}

static size_t count(const struct rtmp_buffer *text, const char *words)
{
    size_t n = 0;
    for (const char *at = (const char *)text->data; (at = strstr(at, words)); at++)
        n++;
    return n;
}

static void playlists_know_of_each_other(void **state)
{
    (void)state;
    struct rtmp_buffer text;
    begin(PH_HLS_FMP4);
    headers(2, 2);
    assert_false(ph_presentation_is_ready(&presentation));
    play(9000, 1000, 2, 2, false);
    assert_true(ph_presentation_is_ready(&presentation));
    rtmp_buffer_init(&text, &ph_app_allocator, 1 << 20);
    assert_int_equal(ph_presentation_master(&presentation, "cam.hls/", &text), 0);
    assert_int_equal(rtmp_buffer_append(&text, "", 1), 0);
    assert_int_equal(count(&text, "#EXT-X-STREAM-INF"), 2);
    assert_int_equal(count(&text, "\ncam.hls/live.m3u8\n"), 1);
    assert_int_equal(count(&text, "\ncam.hls/v1/live.m3u8\n"), 1);
    assert_int_equal(count(&text, "URI=\"cam.hls/a1/live.m3u8\""), 1);
    rtmp_buffer_clear(&text);
    struct ph_rendition *small = ph_presentation_find(&presentation, "v1");
    assert_int_equal(ph_presentation_playlist(&presentation, small, 5000000, false, &text), 0);
    assert_int_equal(rtmp_buffer_append(&text, "", 1), 0);
    assert_int_equal(count(&text, "#EXT-X-RENDITION-REPORT:URI=\"../live.m3u8\",LAST-MSN=1004,"), 1);
    assert_int_equal(count(&text, "#EXT-X-RENDITION-REPORT:URI=\"../a1/live.m3u8\""), 1);
    rtmp_buffer_finish(&text);
    for (size_t i = 0; i < of("")->n; i++) /* the time of day is one */
        assert_true(of("v1")->segments[i]->is.wall_ms == 5000000 - of("")->time_ms + of("")->segments[i]->time_ms);
}

static void another_publisher_has_fewer_tracks(void **state)
{
    (void)state;
    struct rtmp_buffer text;
    begin(PH_HLS_FMP4);
    headers(2, 1);
    play(5000, 1000, 2, 1, false);
    ph_presentation_cut(&presentation);
    headers(1, 1);
    play(5000, 1000, 1, 1, false);
    rtmp_buffer_init(&text, &ph_app_allocator, 1 << 20);
    assert_int_equal(ph_presentation_master(&presentation, "cam.hls/", &text), 0);
    assert_int_equal(rtmp_buffer_append(&text, "", 1), 0);
    assert_int_equal(count(&text, "#EXT-X-STREAM-INF"), 1);
    rtmp_buffer_finish(&text);
}

static void too_many_tracks_are_left_out(void **state)
{
    (void)state;
    begin(PH_HLS_FMP4);
    for (unsigned track = 0; track < 200; track++) {
        take(RTMP_TAG_VIDEO, track, RTMP_TAG_SEQUENCE_START, true, avc, sizeof avc);
        take(RTMP_TAG_AUDIO, track, RTMP_TAG_SEQUENCE_START, true, aac, sizeof aac);
    }
    assert_int_equal(presentation.n, PH_LIMIT_HLS_RENDITIONS);
    play(3000, 1000, 20, 20, false);
    for (size_t i = 0; i < presentation.n; i++)
        assert_int_equal(presentation.renditions[i]->segmenter.max_bytes, PH_LIMIT_HLS_BYTES / PH_LIMIT_HLS_RENDITIONS);
    assert_true(of("")->n >= 1);
}

#define CASE(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_track_is_a_rendition),    CASE(the_order_of_tracks_does_not_matter),
        CASE(a_choice_of_sound_comes_late), CASE(a_late_track_falls_in),
        CASE(playlists_know_of_each_other), CASE(another_publisher_has_fewer_tracks),
        CASE(too_many_tracks_are_left_out),
    };
    return cmocka_run_group_tests_name("presentation", tests, NULL, NULL);
}
