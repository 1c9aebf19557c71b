/* SPDX-License-Identifier: MIT */
/* JSON texts: what is read is written, read again, and the same. */
#include "app/json.h"
#include "app/letter.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtmp_arena arena;
    struct rtmp_buffer buffer, again;
    struct rtmp_value *value, *other;
    char fault[PH_JSON_FAULT] = "";
    rtmp_arena_init(&arena, &ph_app_allocator, 4 << 20);
    rtmp_buffer_init(&buffer, &ph_app_allocator, 4 << 20);
    rtmp_buffer_init(&again, &ph_app_allocator, 4 << 20);
    int err = ph_json_read((const char *)data, size, &arena, &value, fault);
    CHECK(err == 0 || strlen(fault) > 0);
    if (err == 0) {
        CHECK(ph_json_write(value, &buffer) == 0);
        CHECK(ph_json_read((const char *)buffer.data, buffer.length, &arena, &other, fault) == 0);
        CHECK(ph_json_write(other, &again) == 0);
        CHECK(again.length == buffer.length && memcmp(again.data, buffer.data, again.length) == 0);
    }
    rtmp_buffer_finish(&buffer);
    rtmp_buffer_finish(&again);
    rtmp_arena_finish(&arena);
    return 0;
}
