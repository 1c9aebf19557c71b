/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/arena.h>

static struct heap heap;
static struct rtmp_arena arena;

static void begin(size_t budget)
{
    heap = (struct heap){0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    rtmp_arena_init(&arena, &allocator, budget);
}

static void end(void)
{
    rtmp_arena_finish(&arena);
    assert_int_equal(heap.live_bytes, 0);
}

static void pieces_are_apart_and_aligned(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 8, 9, 0, 24, 1000, 1024, 3, 65536, 5, 100000, 64, 40000, 40000};
    uint8_t *pieces[COUNT(sizes)];
    begin(1 << 20);
    size_t used = 0;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        pieces[i] = rtmp_arena_take(&arena, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 8, 0);
        memset(pieces[i], (int)i, sizes[i]);
        used += (sizes[i] + 7) / 8 * 8;
        assert_int_equal(arena.used, used);
    }
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(pieces[i][at], i);
    end();
}

static void budget_is_exact(void **state)
{
    (void)state;
    begin(64);
    assert_non_null(rtmp_arena_take(&arena, 41)); /* takes 48 */
    assert_null(rtmp_arena_take(&arena, 17));
    assert_int_equal(rtmp_arena_error(&arena, 17), RTMP_E_BYTES);
    assert_int_equal(arena.used, 48);
    assert_non_null(rtmp_arena_take(&arena, 16));
    assert_null(rtmp_arena_take(&arena, 1));
    rtmp_arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_null(rtmp_arena_take(&arena, 65));
    assert_non_null(rtmp_arena_take(&arena, 64));
    end();
}

static void no_size_overflows(void **state)
{
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 7, SIZE_MAX - 8, SIZE_MAX - 31, SIZE_MAX / 2 + 1};
    begin(SIZE_MAX);
    assert_non_null(rtmp_arena_take(&arena, 8));
    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_null(rtmp_arena_take(&arena, sizes[i]));
        assert_int_equal(rtmp_arena_error(&arena, sizes[i]), RTMP_E_BYTES);
    }
    assert_int_equal(arena.used, 8);
    end();
}

static void copies_end_with_nul(void **state)
{
    (void)state;
    begin(1024);
    const char bytes[] = {'a', 0, 'b'};
    char *copy = rtmp_arena_copy(&arena, bytes, sizeof bytes), *empty = rtmp_arena_copy(&arena, NULL, 0);
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(empty, "");
    assert_null(rtmp_arena_copy(&arena, bytes, 2000));
    end();
}

static void idle_it_holds_nothing(void **state)
{
    (void)state;
    begin(4 << 20);
    assert_int_equal(heap.n_calls, 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++)
            assert_non_null(rtmp_arena_take(&arena, 1000));
        assert_true(heap.live_bytes >= 1000000 && heap.live_bytes < 1200000);
        rtmp_arena_reset(&arena);
        assert_int_equal(heap.live_bytes, 0);
    }
    assert_true(heap.n_calls < 3 * 30); /* blocks grow */
    end();
}

static void without_memory(void **state)
{
    (void)state;
    begin(1 << 20);
    assert_non_null(rtmp_arena_take(&arena, 900));
    heap.fail_at = heap.n_calls + 1;
    assert_null(rtmp_arena_take(&arena, 900));
    assert_int_equal(rtmp_arena_error(&arena, 900), RTMP_E_MEMORY);
    assert_int_equal(arena.used, 904);
    assert_non_null(rtmp_arena_take(&arena, 40)); /* the block in hand has room for that */
    heap.fail_at = 0;
    assert_non_null(rtmp_arena_take(&arena, 900));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_apart_and_aligned),
        cmocka_unit_test(budget_is_exact),
        cmocka_unit_test(no_size_overflows),
        cmocka_unit_test(copies_end_with_nul),
        cmocka_unit_test(idle_it_holds_nothing),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
