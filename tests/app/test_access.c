/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/access.h"

#define SERVER_KEY "server-key-234567"
#define CAM_KEY    "key-of-cam-234567"
#define DOOR_KEY   "key-of-door-23456"

static void make(struct ph_access *access, enum ph_access_mode mode)
{
    ph_access_init(access, mode);
    assert_int_equal(ph_access_set_server_key(access, SERVER_KEY), 0);
    assert_int_equal(ph_access_set_key(access, "cam", CAM_KEY), 0);
    assert_int_equal(ph_access_set_key(access, "live/door", DOOR_KEY), 0);
}

static enum ph_access_verdict publish(struct ph_access *access, const char *path, const char *key)
{
    struct ph_shown_key shown = {.text = key, .length = key ? strlen(key) : 0};
    struct ph_credentials credentials = {.proves = key ? ph_key_proves : NULL, .shown = &shown};
    return ph_access_publish(access, path, &credentials);
}

static void keys_open_their_streams(void **state)
{
    (void)state;
    static const struct {
        const char *path, *key;
        enum ph_access_verdict verdict;
    } rows[] = {
        {"live/cam", NULL, PH_ACCESS_NO_KEY},
        {"live/cam", "", PH_ACCESS_WRONG_KEY},
        {"live/cam", "wrong", PH_ACCESS_WRONG_KEY},
        {"live/cam", "server-key-23456", PH_ACCESS_WRONG_KEY},
        {"live/cam", "server-key-2345678", PH_ACCESS_WRONG_KEY},
        {"live/cam", SERVER_KEY, PH_ACCESS_GRANTED},
        {"live/any", SERVER_KEY, PH_ACCESS_GRANTED},
        {"live/cam", CAM_KEY, PH_ACCESS_GRANTED},
        {"studio/cam", CAM_KEY, PH_ACCESS_GRANTED},
        {"live/a/cam", CAM_KEY, PH_ACCESS_WRONG_KEY},
        {"live/cam2", CAM_KEY, PH_ACCESS_WRONG_KEY},
        {"live/door", DOOR_KEY, PH_ACCESS_GRANTED},
        {"studio/door", DOOR_KEY, PH_ACCESS_WRONG_KEY},
        {"live/door", CAM_KEY, PH_ACCESS_WRONG_KEY},
    };
    struct ph_access access;
    make(&access, PH_ACCESS_KEY);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(publish(&access, rows[i].path, rows[i].key), rows[i].verdict);
    ph_access_finish(&access);
}

static void open_means_everybody(void **state)
{
    (void)state;
    struct ph_access access;
    make(&access, PH_ACCESS_OPEN);
    assert_int_equal(publish(&access, "live/cam", NULL), PH_ACCESS_GRANTED);
    assert_int_equal(publish(&access, "live/cam", "wrong"), PH_ACCESS_GRANTED);
    ph_access_finish(&access);
}

static void without_a_key_nothing_opens(void **state)
{
    (void)state;
    struct ph_access access;
    ph_access_init(&access, PH_ACCESS_KEY);
    assert_int_equal(publish(&access, "live/cam", ""), PH_ACCESS_WRONG_KEY);
    assert_int_equal(publish(&access, "live/cam", NULL), PH_ACCESS_NO_KEY);
    ph_access_finish(&access);
}

static void a_key_can_be_replaced(void **state)
{
    (void)state;
    struct ph_access access;
    make(&access, PH_ACCESS_KEY);
    assert_int_equal(ph_access_set_key(&access, "cam", "another-key"), 0);
    assert_int_equal(ph_access_set_server_key(&access, "another-server-key"), 0);
    assert_int_equal(publish(&access, "live/cam", CAM_KEY), PH_ACCESS_WRONG_KEY);
    assert_int_equal(publish(&access, "live/cam", SERVER_KEY), PH_ACCESS_WRONG_KEY);
    assert_int_equal(publish(&access, "live/cam", "another-key"), PH_ACCESS_GRANTED);
    assert_int_equal(publish(&access, "live/cam", "another-server-key"), PH_ACCESS_GRANTED);
    ph_access_finish(&access);
}

static unsigned n_tried;

static bool count(const void *shown, const char *key, size_t length)
{
    n_tried++;
    return ph_key_proves(shown, key, length);
}

/* Neither a match nor its place may shorten the work. */
static void every_key_is_tried_whatever_the_outcome(void **state)
{
    (void)state;
    static const char *const shown_keys[] = {SERVER_KEY, CAM_KEY, DOOR_KEY, "none"};
    struct ph_access access;
    make(&access, PH_ACCESS_KEY);
    for (size_t i = 0; i < 4; i++) {
        struct ph_shown_key shown = {.text = shown_keys[i], .length = strlen(shown_keys[i])};
        struct ph_credentials credentials = {.proves = count, .shown = &shown};
        n_tried = 0;
        enum ph_access_verdict verdict = ph_access_publish(&access, "live/cam", &credentials);
        assert_int_equal(verdict, i < 2 ? PH_ACCESS_GRANTED : PH_ACCESS_WRONG_KEY);
        assert_int_equal(n_tried, 3);
        n_tried = 0;
        assert_int_equal(ph_access_login(&access, &credentials), i < 3 ? PH_ACCESS_GRANTED : PH_ACCESS_WRONG_KEY);
        assert_int_equal(n_tried, 3);
    }
    ph_access_finish(&access);
}

static void the_number_of_keys_has_a_limit(void **state)
{
    (void)state;
    struct ph_access access;
    ph_access_init(&access, PH_ACCESS_KEY);
    for (unsigned i = 0; i < PH_ACCESS_KEYS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%u", i);
        assert_int_equal(ph_access_set_key(&access, name, "the-same-key"), 0);
    }
    assert_int_equal(ph_access_set_key(&access, "one-more", "the-same-key"), -ENOSPC);
    assert_int_equal(ph_access_set_key(&access, "s0", "another-key"), 0);
    ph_access_finish(&access);
}

static void rules_are_exchanged_while_they_are_asked(void **state)
{
    (void)state;
    struct ph_access access, fresh;
    make(&access, PH_ACCESS_KEY);
    ph_access_init(&fresh, PH_ACCESS_KEY);
    assert_int_equal(ph_access_set_server_key(&fresh, "another-key-23456"), 0);
    ph_access_exchange(&access, &fresh);
    ph_access_finish(&fresh);
    assert_int_equal(publish(&access, "live/cam", SERVER_KEY), PH_ACCESS_WRONG_KEY);
    assert_int_equal(publish(&access, "live/cam", CAM_KEY), PH_ACCESS_WRONG_KEY);
    assert_int_equal(publish(&access, "live/cam", "another-key-23456"), PH_ACCESS_GRANTED);
    assert_false(ph_access_is_open(&access));
    ph_access_init(&fresh, PH_ACCESS_OPEN);
    ph_access_exchange(&access, &fresh);
    ph_access_finish(&fresh);
    assert_true(ph_access_is_open(&access));
    assert_int_equal(publish(&access, "live/cam", NULL), PH_ACCESS_GRANTED);
    ph_access_finish(&access);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_open_their_streams),
        cmocka_unit_test(open_means_everybody),
        cmocka_unit_test(without_a_key_nothing_opens),
        cmocka_unit_test(a_key_can_be_replaced),
        cmocka_unit_test(every_key_is_tried_whatever_the_outcome),
        cmocka_unit_test(the_number_of_keys_has_a_limit),
        cmocka_unit_test(rules_are_exchanged_while_they_are_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
