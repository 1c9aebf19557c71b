/* SPDX-License-Identifier: MIT */
/*
 * Each allocation fails in turn, once: the caller is told or one viewer is lost, nothing leaks, everybody else gets
 * whole units in order, and trying again works. Linked with --wrap for malloc, calloc and realloc.
 */
#include "stage.h"

#include <stdlib.h>

static long left = -1; /* allocations until one fails; -1: none does */
static bool has_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails(void)
{
    if (left < 0 || left-- > 0)
        return false;
    has_failed = true;
    return true;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *old, size_t size) { return fails() ? NULL : __real_realloc(old, size); }

static struct actor actor;
static struct seat seat, other;

/* Try, and if there was no memory try once more: then there is. */
static void write_unit(uint8_t kind, uint8_t flags, int64_t time_ms, size_t length)
{
    static uint8_t body[20000];
    memcpy(body, &actor.n_written, 4);
    for (size_t i = 4; i < length; i++)
        body[i] = (uint8_t)(actor.n_written * 7 + i);
    struct ph_unit unit = {.kind = kind, .flags = flags, .time_us = time_ms * 1000, .body = body, .length = length};
    int result = ph_publisher_write(actor.publisher, &unit);
    if (result == -ENOMEM) {
        assert_true(has_failed);
        result = ph_publisher_write(actor.publisher, &unit);
    }
    assert_int_equal(result, 0);
    actor.n_written++;
}

static void write_group(int64_t from_ms)
{
    write_unit(PH_VIDEO, PH_UNIT_HEADER, from_ms, 20 + (size_t)(from_ms / 1000));
    for (int i = 0; i < 12; i++)
        write_unit(i % 2 ? PH_AUDIO : PH_VIDEO, i ? 0 : PH_UNIT_KEY, from_ms + i * 80, i ? 900 : 18000);
}

static void open_viewer(struct seat *viewer)
{
    struct ph_view_request request = seat_request(viewer, "live/cam");
    struct ph_loop *loop = &stage_loops->loop[viewer->worker];
    if (ph_viewer_open(stage_media, loop, &request, &viewer->viewer) < 0)
        assert_int_equal(ph_viewer_open(stage_media, loop, &request, &viewer->viewer), 0);
    stage_settle();
}

/* Every unit in order, but for joining anew at a key frame; not to the last only for who was lost. */
static void check_viewer(struct seat *viewer)
{
    seat_drain(viewer);
    bool lost = strpbrk(viewer->events, "MSK") != NULL;
    assert_true(!lost || has_failed);
    for (size_t i = 1; i < viewer->n_seen; i++)
        assert_true(viewer->seen[i].number == viewer->seen[i - 1].number + 1 ||
                    (viewer == &other && viewer->seen[i].flags & (PH_UNIT_HEADER | PH_UNIT_KEY)));
    if (!lost) {
        assert_int_equal(viewer->n_parsed, viewer->n_bytes);
        assert_int_equal(viewer->seen[viewer->n_seen - 1].number, actor.n_written - 1);
    }
}

static void play_with_failure(long n)
{
    actor = (struct actor){0};
    seat = other = (struct seat){0};
    stage_open(2, NULL, false);
    seat_connect(&seat, 0, 0);
    other.wide = true;
    seat_connect(&other, 1, 4608);

    has_failed = false;
    left = n;
    struct ph_publish_request request = actor_request(&actor, "live/cam");
    if (ph_publisher_open(stage_media, &stage_loops->loop[0], &request, &actor.publisher) < 0)
        assert_int_equal(ph_publisher_open(stage_media, &stage_loops->loop[0], &request, &actor.publisher), 0);
    stage_settle();
    if (strcmp(actor.events, "g") == 0) {
        open_viewer(&seat);
        write_group(0);
        write_group(1000);
        open_viewer(&other);
        write_group(2000);
        stage_settle();
        ph_viewer_pause(other.viewer, true);
        ph_viewer_pause(other.viewer, false);
        stage_settle();
        left = -1;
        check_viewer(&seat);
        check_viewer(&other);
    } else {
        assert_string_equal(actor.events, "d"); /* the directory had no memory for an entry */
    }
    left = -1;
    actor_close(&actor);
    seat_close(&seat);
    seat_close(&other);
    stage_close();
}

static void every_allocation_in_turn(void **state)
{
    (void)state;
    long n = 0;
    do
        play_with_failure(n++);
    while (has_failed);
    assert_in_range(n, 30, 10000); /* the play does allocate */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_in_turn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
