/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/buffer.h>

static struct heap heap;
static struct rtmp_buffer buffer;

static void begin(size_t max)
{
    heap = (struct heap){0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    rtmp_buffer_init(&buffer, &allocator, max);
}

static void end(void)
{
    rtmp_buffer_finish(&buffer);
    assert_int_equal(heap.live_bytes, 0);
}

static void bytes_stay_in_order(void **state)
{
    (void)state;
    begin(100000);
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)(i % 251);
        assert_int_equal(rtmp_buffer_append(&buffer, &byte, 1), 0);
    }
    assert_int_equal(buffer.length, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(buffer.data[i], i % 251);
    assert_true(heap.n_calls < 16); /* it doubles */
    end();
}

/* Never more than `max`, in bytes held and in memory taken; what does not fit changes nothing. */
static void the_maximum_is_exact(void **state)
{
    (void)state;
    static const size_t maxima[] = {0, 1, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000};
    const uint8_t bytes[1001] = {0};
    for (size_t i = 0; i < COUNT(maxima); i++) {
        size_t max = maxima[i];
        begin(max);
        assert_int_equal(rtmp_buffer_append(&buffer, bytes, max + 1), RTMP_E_SPACE);
        assert_int_equal(rtmp_buffer_reserve(&buffer, SIZE_MAX), RTMP_E_SPACE);
        assert_int_equal(heap.n_calls, 0);
        assert_int_equal(rtmp_buffer_append(&buffer, bytes, max / 2), 0);
        assert_int_equal(rtmp_buffer_append(&buffer, bytes, max - max / 2 + 1), RTMP_E_SPACE);
        assert_int_equal(buffer.length, max / 2);
        assert_int_equal(rtmp_buffer_append(&buffer, bytes, max - max / 2), 0);
        assert_int_equal(rtmp_buffer_append(&buffer, bytes, 1), RTMP_E_SPACE);
        assert_int_equal(rtmp_buffer_append(&buffer, NULL, 0), 0);
        assert_int_equal(buffer.length, max);
        assert_true(buffer.cap <= max);
        end();
    }
}

static void clear_keeps_the_memory(void **state)
{
    (void)state;
    begin(1000);
    assert_int_equal(rtmp_buffer_append(&buffer, "abc", 3), 0);
    long n_calls = heap.n_calls;
    rtmp_buffer_clear(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(rtmp_buffer_append(&buffer, "d", 1), 0);
    assert_int_equal(heap.n_calls, n_calls);
    assert_memory_equal(buffer.data, "d", 1);
    rtmp_buffer_finish(&buffer);
    assert_int_equal(heap.live_bytes, 0);
    assert_int_equal(rtmp_buffer_append(&buffer, "e", 1), 0);
    assert_memory_equal(buffer.data, "e", 1);
    end();
}

static void without_memory(void **state)
{
    (void)state;
    const uint8_t bytes[200] = {1};
    begin(1000);
    heap.fail_at = 1;
    assert_int_equal(rtmp_buffer_append(&buffer, bytes, 1), RTMP_E_MEMORY);
    heap.fail_at = 0;
    assert_int_equal(rtmp_buffer_append(&buffer, bytes, 100), 0);
    heap.fail_at = heap.n_calls + 1;
    assert_int_equal(rtmp_buffer_append(&buffer, bytes, 200), RTMP_E_MEMORY);
    assert_int_equal(buffer.length, 100);
    assert_memory_equal(buffer.data, bytes, 100);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_stay_in_order),
        cmocka_unit_test(the_maximum_is_exact),
        cmocka_unit_test(clear_keeps_the_memory),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
