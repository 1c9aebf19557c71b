/* SPDX-License-Identifier: MIT */
/* The log's parts alone: slabs, heads, framings, cursors. No loop. */
#include "stage.h"

#include "media/cursor.h"
#include "media/framing.h"
#include "media/heads.h"
#include "media/slab.h"

/* ---- slabs ---- */

static void slab_sizes_follow_the_bitrate(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes_per_s;
        size_t size;
    } rows[] = {
        {0, 16 << 10},       {60000, 16 << 10},    {125000, 32 << 10},      {250000, 64 << 10},
        {500000, 128 << 10}, {1000000, 256 << 10}, {UINT64_MAX, 256 << 10},
    };
    for (size_t i = 0; i < PH_COUNT(rows); i++)
        assert_int_equal(ph_slab_size_for(rows[i].bytes_per_s), rows[i].size);
}

static void bytes_and_index_meet(void **state)
{
    (void)state;
    struct ph_slab *slab = ph_slab_create(PH_SLAB_MIN, 0, 1000);
    struct ph_unit unit = {.kind = PH_VIDEO, .flags = PH_UNIT_KEY, .slot = 3, .time_us = -5};
    uint32_t n = 0;
    for (; ph_slab_has_room(slab, 100); n++) {
        memset(ph_slab_place(slab), (int)n, 100);
        ph_slab_append(slab, &unit, 100);
        unit.time_us++;
    }
    size_t each = 100 + sizeof(struct ph_entry);
    assert_int_equal(n, slab->cap / each);
    struct ph_published published = ph_slab_published(slab);
    assert_int_equal(published.count, n);
    assert_int_equal(published.end, n * 100);
    assert_false(published.mixed);
    for (uint32_t i = 0; i < n; i++) {
        const struct ph_entry *entry = ph_slab_entry(slab, i);
        assert_int_equal(entry->offset, i * 100);
        assert_int_equal(entry->length, 100);
        assert_int_equal(entry->time_us, -5 + (int64_t)i);
        assert_int_equal(entry->slot, 3);
        assert_int_equal(slab->bytes[entry->offset + 99], (uint8_t)i);
    }
    unit.track = 1;
    size_t rest = slab->cap - n * each;
    if (rest > sizeof(struct ph_entry)) { /* the very last byte can be used */
        assert_true(ph_slab_has_room(slab, rest - sizeof(struct ph_entry)));
        ph_slab_append(slab, &unit, (uint32_t)(rest - sizeof(struct ph_entry)));
        assert_true(ph_slab_published(slab).mixed);
    }
    assert_false(ph_slab_has_room(slab, 0));
    ph_slab_unref(slab);
}

static void a_large_unit_has_its_own_slab(void **state)
{
    (void)state;
    struct ph_slab *slab = ph_slab_create(PH_SLAB_MIN, 1000001, 0);
    assert_true(ph_slab_has_room(slab, 1000001));
    assert_in_range(slab->cap, 1000001, 1000100);
    ph_slab_unref(slab);
    assert_null(ph_slab_create(PH_SLAB_MIN, (size_t)INT32_MAX + 1, 0));
}

static void a_long_chain_is_freed_without_recursion(void **state)
{
    (void)state;
    struct ph_slab *first = ph_slab_create(64, 0, 0), *last = first;
    for (int i = 0; i < 200000; i++) {
        struct ph_slab *next = ph_slab_create(64, 0, 0);
        ph_slab_chain(last, next);
        ph_slab_unref(next);
        last = next;
    }
    ph_slab_ref(last);
    ph_slab_unref(first);
    assert_null(ph_slab_next(last)); /* held by us alone, and alive */
    ph_slab_unref(last);
}

/* ---- heads ---- */

static struct ph_heads *add_head(struct ph_heads *heads, uint8_t kind, uint8_t track, uint8_t slot, const char *body,
                                 size_t length)
{
    struct ph_unit unit = {.kind = kind, .track = track, .slot = slot, .body = (const uint8_t *)body, .length = length};
    struct ph_heads *next;
    assert_int_equal(ph_heads_with(heads, &unit, &next), 0);
    ph_heads_unref(heads);
    return next;
}

static void assert_heads(const struct ph_heads *heads, const char *expected)
{
    char text[64] = "";
    for (size_t i = 0; i < heads->n; i++)
        strncat(text, (const char *)heads->head[i]->body, heads->head[i]->length);
    assert_string_equal(text, expected);
}

static void heads_are_replaced_in_place(void **state)
{
    (void)state;
    struct ph_heads *heads = ph_heads_create();
    heads = add_head(heads, PH_DATA, 0, 0, "meta.", 5);
    heads = add_head(heads, PH_VIDEO, 0, 0, "avc.", 4);
    heads = add_head(heads, PH_AUDIO, 0, 0, "aac.", 4);
    heads = add_head(heads, PH_VIDEO, 1, 0, "hevc.", 5);
    heads = add_head(heads, PH_VIDEO, 0, 1, "color.", 6);
    struct ph_heads *before = heads;
    ph_heads_ref(before);
    heads = add_head(heads, PH_VIDEO, 0, 0, "AVC.", 4);
    assert_heads(heads, "meta.AVC.aac.hevc.color.");
    assert_heads(before, "meta.avc.aac.hevc.color."); /* an older set never changes */
    struct ph_heads *same = heads;
    heads = add_head(heads, PH_VIDEO, 0, 0, "AVC.", 4);
    assert_ptr_equal(heads, same); /* said again */
    heads = add_head(heads, PH_AUDIO, 0, 0, NULL, 0);
    assert_heads(heads, "meta.AVC.hevc.color.");
    heads = add_head(heads, PH_AUDIO, 0, 0, NULL, 0);
    assert_heads(heads, "meta.AVC.hevc.color.");
    ph_heads_unref(before);
    ph_heads_unref(heads);
}

static void heads_are_bounded(void **state)
{
    (void)state;
    static char big[PH_HEADS_BYTES];
    struct ph_heads *heads = ph_heads_create();
    for (int i = 0; i < PH_HEADS_MAX + 10; i++)
        heads = add_head(heads, PH_VIDEO, 0, (uint8_t)i, "x", 1);
    assert_int_equal(heads->n, PH_HEADS_MAX);
    heads = add_head(heads, PH_AUDIO, PH_HEADS_TRACKS, 0, "x", 1);
    assert_int_equal(heads->n, PH_HEADS_MAX);
    heads = add_head(heads, PH_VIDEO, 0, 0, big, sizeof big - PH_HEADS_MAX + 1);
    assert_int_equal(heads->head[0]->length, sizeof big - PH_HEADS_MAX + 1);
    heads = add_head(heads, PH_VIDEO, 0, 0, big, sizeof big - PH_HEADS_MAX + 2);
    assert_int_equal(heads->head[0]->length, sizeof big - PH_HEADS_MAX + 1);
    ph_heads_unref(heads);
}

/* ---- framings and cursors ---- */

static struct ph_framing *framing;
static struct ph_heads *no_heads;
static uint32_t number;

static int open_framing(void **state)
{
    (void)state;
    no_heads = ph_heads_create();
    struct ph_join_info start = {.heads = no_heads};
    framing = ph_framing_create(&plain_form, 1, PH_SLAB_MIN, &start);
    number = 0;
    return framing ? 0 : -1;
}

static int close_framing(void **state)
{
    (void)state;
    ph_framing_unref(framing);
    ph_heads_unref(no_heads);
    return 0;
}

static void append(uint8_t kind, uint8_t flags, uint8_t track, size_t length, bool join)
{
    static uint8_t body[70000];
    struct ph_join_info info = {.heads = no_heads};
    memset(body, (int)number++, length);
    struct ph_unit unit = {.kind = kind, .track = track, .flags = flags, .body = body, .length = length};
    assert_int_equal(ph_framing_prepare(framing, &unit, PH_SLAB_MIN, join ? &info : NULL), 0);
    ph_framing_commit(framing, &unit);
}

/* 300 units of all sorts over many slabs. */
static void append_many(void)
{
    for (int i = 0; i < 300; i++) {
        uint8_t kind = (uint8_t)(i % 7 == 0 ? PH_DATA : i % 2 ? PH_VIDEO : PH_AUDIO);
        bool key = kind == PH_VIDEO && i % 25 == 1;
        append(kind,
               i == 150 ? PH_UNIT_HEADER
               : key    ? PH_UNIT_KEY
                        : 0,
               i > 200 && i % 3 == 0, i % 40 == 0 ? 30000 : 4 + (size_t)(i * 37) % 900, false);
    }
}

/* What an unhurried reader would say to each unit. */
static bool model_passes(struct ph_sieve *sieve, const struct ph_entry *entry)
{
    bool header = entry->flags & PH_UNIT_HEADER;
    if (entry->kind == PH_VIDEO && entry->track == 0 && entry->flags & PH_UNIT_KEY)
        sieve->video_until_key = sieve->nothing_until_key = false;
    if (sieve->one_track && entry->track)
        return false;
    if (header)
        return true;
    return !sieve->nothing_until_key && !(sieve->off >> entry->kind & 1) &&
           !(sieve->video_until_key && entry->kind == PH_VIDEO);
}

static size_t model(struct ph_sieve sieve, uint8_t *out)
{
    size_t n = 0;
    for (struct ph_slab *slab = framing->join->slab; slab; slab = ph_slab_next(slab))
        for (uint32_t i = 0; i < ph_slab_published(slab).count; i++) {
            const struct ph_entry *entry = ph_slab_entry(slab, i);
            if (!model_passes(&sieve, entry))
                continue;
            memcpy(out + n, slab->bytes + entry->offset, entry->length);
            n += entry->length;
        }
    return n;
}

/* Read it all, the socket taking `step` bytes at a time, with `limit` per gathering. */
static size_t read_by(struct ph_sieve sieve, size_t step, size_t limit, uint8_t *out)
{
    struct ph_cursor cursor;
    struct ph_gathered gathered;
    ph_cursor_init(&cursor);
    cursor.place.sieve = sieve;
    ph_cursor_set(&cursor, framing->join);
    size_t n = 0;
    for (;;) {
        ph_cursor_gather(&cursor, limit, &gathered);
        assert_true(gathered.n <= PH_GATHER_MAX);
        size_t left = gathered.bytes < step ? gathered.bytes : step, taken = left;
        for (int i = 0; i < gathered.n && left; i++) {
            size_t piece = gathered.iov[i].iov_len < left ? gathered.iov[i].iov_len : left;
            memcpy(out + n, gathered.iov[i].iov_base, piece);
            n += piece;
            left -= piece;
        }
        ph_cursor_advance(&cursor, &gathered, taken);
        if (limit != SIZE_MAX && taken == gathered.bytes)
            assert_false(ph_cursor_is_inside(&cursor));
        if (!gathered.bytes)
            break;
    }
    assert_true(ph_cursor_is_at_end(&cursor));
    assert_int_equal(ph_cursor_position(&cursor), ph_framing_end(framing));
    ph_cursor_clear(&cursor);
    return n;
}

static void every_sieve_at_every_pace(void **state)
{
    (void)state;
    static const struct ph_sieve sieves[] = {
        {0},
        {.one_track = true},
        {.off = 1 << PH_AUDIO},
        {.off = 1 << PH_VIDEO},
        {.off = 1 << PH_VIDEO | 1 << PH_AUDIO | 1 << PH_DATA},
        {.video_until_key = true},
        {.nothing_until_key = true, .one_track = true},
        {.off = 1 << PH_VIDEO, .nothing_until_key = true},
    };
    static const size_t steps[] = {SIZE_MAX, 1, 7, 1000, 16384, 40000};
    static const size_t limits[] = {SIZE_MAX, 1, 2000};
    static uint8_t expected[1 << 20], got[1 << 20];
    append_many();
    for (size_t i = 0; i < PH_COUNT(sieves); i++) {
        size_t n = model(sieves[i], expected);
        for (size_t k = 0; k < PH_COUNT(steps) * PH_COUNT(limits); k++) {
            size_t m = read_by(sieves[i], steps[k % PH_COUNT(steps)], limits[k / PH_COUNT(steps)], got);
            assert_int_equal(m, n);
            assert_memory_equal(got, expected, n);
        }
    }
}

static void the_join_point_frees_what_is_before(void **state)
{
    (void)state;
    append_many();
    struct ph_slab *old = framing->join->slab;
    ph_slab_ref(old);
    append(PH_VIDEO, PH_UNIT_KEY, 0, 16000, true);
    assert_int_equal(atomic_load(&old->ref.n), 1); /* ours alone */
    assert_ptr_equal(framing->join->slab, framing->newest);
    assert_int_equal(ph_join_position(framing->join) + 16016, ph_framing_end(framing));
    ph_slab_unref(old);
}

static void what_was_prepared_in_vain_is_forgotten(void **state)
{
    (void)state;
    static uint8_t body[70000];
    struct ph_join_info info = {.heads = no_heads};
    struct ph_unit unit = {.kind = PH_VIDEO, .body = body, .length = sizeof body};
    assert_int_equal(ph_framing_prepare(framing, &unit, PH_SLAB_MIN, &info), 0);
    append(PH_AUDIO, 0, 0, 10, false);
    assert_int_equal(ph_framing_end(framing), 26);
    assert_int_equal(ph_join_position(framing->join), 0);
    assert_null(ph_slab_next(framing->newest));
}

int main(void)
{
#define FRAMING(name) cmocka_unit_test_setup_teardown(name, open_framing, close_framing)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slab_sizes_follow_the_bitrate),
        cmocka_unit_test(bytes_and_index_meet),
        cmocka_unit_test(a_large_unit_has_its_own_slab),
        cmocka_unit_test(a_long_chain_is_freed_without_recursion),
        cmocka_unit_test(heads_are_replaced_in_place),
        cmocka_unit_test(heads_are_bounded),
        FRAMING(every_sieve_at_every_pace),
        FRAMING(the_join_point_frees_what_is_before),
        FRAMING(what_was_prepared_in_vain_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
