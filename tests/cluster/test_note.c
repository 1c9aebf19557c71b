/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/note.h"

static const char key[] = "key of the servers of this test";

static const struct note question = {.verb = NOTE_ASK,
                                     .from = "a.0123456789abcdef",
                                     .to = "b.fedcba9876543210",
                                     .path = "live/cam",
                                     .epoch = UINT64_MAX};

static void what_was_written_is_read(void **state)
{
    char text[NOTE_TEXT];
    struct note read;
    (void)state;
    for (int verb = NOTE_ASK; verb <= NOTE_GONE; verb++) {
        struct note note = question;
        note.verb = (enum note_verb)verb;
        note_write(&note, key, text);
        assert_true(note_read(text, key, &read));
        assert_int_equal(read.verb, verb);
        assert_string_equal(read.from, note.from);
        assert_string_equal(read.to, note.to);
        assert_string_equal(read.path, note.path);
        assert_true(read.epoch == note.epoch);
    }
}

static void the_longest_names_fit(void **state)
{
    char text[NOTE_TEXT];
    struct note note = question, read;
    (void)state;
    memset(note.from, 'f', sizeof note.from - 1);
    memset(note.to, 't', sizeof note.to - 1);
    memset(note.path, 'p', sizeof note.path - 1);
    note_write(&note, key, text);
    assert_true(note_read(text, key, &read));
    assert_memory_equal(read.from, note.from, sizeof note.from);
    assert_memory_equal(read.path, note.path, sizeof note.path);
}

/* No byte of it may be changed, and none left out. */
static void what_others_wrote_is_not_heeded(void **state)
{
    char text[NOTE_TEXT], spoilt[NOTE_TEXT];
    struct note read;
    (void)state;
    note_write(&question, key, text);
    assert_false(note_read(text, "another key", &read));
    for (size_t i = 0; text[i]; i++) {
        memcpy(spoilt, text, sizeof text);
        spoilt[i] = spoilt[i] == 'x' ? 'y' : 'x';
        assert_false(note_read(spoilt, key, &read));
        memcpy(spoilt, text, i);
        spoilt[i] = '\0';
        assert_false(note_read(spoilt, key, &read));
    }
}

/* Signed, and still no note: what a later version may write. */
static void what_is_no_note_is_not_heeded(void **state)
{
    static const struct {
        const char *path, *to;
    } rows[] = {{"live/cam 1", "b"}, {"", "b"}, {"live/cam", ""}};
    char text[NOTE_TEXT];
    struct note read;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct note note = {.verb = NOTE_ASK, .from = "a", .epoch = 1};
        memcpy(note.path, rows[i].path, strlen(rows[i].path));
        memcpy(note.to, rows[i].to, strlen(rows[i].to));
        note_write(&note, key, text);
        assert_false(note_read(text, key, &read));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(the_longest_names_fit),
        cmocka_unit_test(what_others_wrote_is_not_heeded),
        cmocka_unit_test(what_is_no_note_is_not_heeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
