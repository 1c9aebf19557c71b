/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/rtmp/tracks.h"

/* One message: audio or video, in hex of its body. */
struct message {
    bool video;
    uint8_t length;
    uint8_t body[32];
};

static void note(struct ph_tracks *tracks, const struct message *message)
{
    struct rtmp_tag tag;
    assert_int_equal(message->video ? rtmp_tag_parse_video(message->body, message->length, &tag)
                                    : rtmp_tag_parse_audio(message->body, message->length, &tag),
                     0);
    do
        ph_tracks_note(tracks, &tag);
    while (rtmp_tag_track_next(&tag));
}

static void tracks_are_told_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *told;
        bool complete;
        struct message messages[4];
    } rows[] = {
        {"data only", false, {{0}}},
        {"h264, aac 44.1 kHz stereo",
         true,
         {{false, 4, {0xAF, 0x00, 0x12, 0x10}}, {false, 3, {0xAF, 0x01, 0x21}}, {true, 6, {0x17, 0x01, 0, 0, 0, 9}}}},
        {"mp3 44.1 kHz mono", false, {{false, 2, {0x2E, 0xFF}}}},
        {"hevc", false, {{true, 9, {0x91, 'h', 'v', 'c', '1', 0, 0, 0, 1}}}},
        {"av1, hevc (track 1)", false, {{true, 20, {0x96, 0x20, 'a', 'v', '0', '1', 0, 0, 0, 1,
                                                    0x81, 'h',  'v', 'c', '1', 1,   0, 0, 1, 0x01}}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ph_tracks tracks = {0};
        char words[256];
        struct ph_text text;
        for (size_t m = 0; m < 4 && rows[i].messages[m].length; m++)
            note(&tracks, &rows[i].messages[m]);
        ph_text_init(&text, words, sizeof words);
        ph_tracks_tell(&tracks, &text);
        assert_string_equal(words, rows[i].told);
        assert_int_equal(ph_tracks_are_complete(&tracks), rows[i].complete);
    }
}

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

static void metadata_fills_what_is_not_known(void **state)
{
    (void)state;
    static const struct {
        double width, height, fps;
        const char *told;
    } rows[] = {
        {1280, 720, 30, "hevc 1280x720 30 fps"},
        {1280, 720, 29.97, "hevc 1280x720 29.97 fps"},
        {1280, 720, 0, "hevc 1280x720"},
        {-1, 720, 30, "hevc"},
        {1e300, 720, 30, "hevc"},
    };
    static const struct message frame = {true, 9, {0x91, 'h', 'v', 'c', '1', 0, 0, 0, 1}};
    static const struct rtmp_allocator allocator = {.resize = resize};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ph_tracks tracks = {0};
        struct rtmp_arena arena;
        char words[256];
        struct ph_text text;
        rtmp_arena_init(&arena, &allocator, 65536);
        struct rtmp_value *object = rtmp_value_new_object(&arena);
        assert_int_equal(rtmp_value_set(&arena, object, "width", rtmp_value_new_number(&arena, rows[i].width)), 0);
        assert_int_equal(rtmp_value_set(&arena, object, "height", rtmp_value_new_number(&arena, rows[i].height)), 0);
        assert_int_equal(rtmp_value_set(&arena, object, "framerate", rtmp_value_new_number(&arena, rows[i].fps)), 0);
        note(&tracks, &frame);
        ph_tracks_note_metadata(&tracks, object);
        ph_text_init(&text, words, sizeof words);
        ph_tracks_tell(&tracks, &text);
        assert_string_equal(words, rows[i].told);
        rtmp_arena_finish(&arena);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracks_are_told_in_words),
        cmocka_unit_test(metadata_fills_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
