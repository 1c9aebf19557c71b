/* SPDX-License-Identifier: MIT */
/* Records of the store: what can be unpacked is packed to the same bytes, but for flags that mean nothing on disk. */
#include "app/letter.h"
#include "app/pack.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtmp_arena arena;
    struct rtmp_buffer buffer;
    rtmp_arena_init(&arena, &ph_app_allocator, 1 << 20);
    rtmp_buffer_init(&buffer, &ph_app_allocator, 4 << 20);
    const struct rtmp_value *value = ph_unpack(data, size, &arena);
    if (value) {
        CHECK(ph_pack(value, &buffer) == 0);
        const struct rtmp_value *again = ph_unpack(buffer.data, buffer.length, &arena);
        CHECK(!again || rtmp_value_equal(value, again)); /* NULL: the arena is full */
        CHECK(buffer.length == size);
    }
    rtmp_buffer_finish(&buffer);
    rtmp_arena_finish(&arena);
    return 0;
}
