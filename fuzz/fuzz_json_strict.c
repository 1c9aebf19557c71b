/* SPDX-License-Identifier: MIT */
/* The strict form: what is read is written, read again, and written the same. */
#include "app/json_strict.h"
#include "app/letter.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtmp_arena arena;
    struct rtmp_buffer buffer, again;
    struct rtmp_value *value, *other;
    char fault[PH_JSON_FAULT] = "";
    rtmp_arena_init(&arena, &ph_app_allocator, 8 << 20);
    rtmp_buffer_init(&buffer, &ph_app_allocator, 8 << 20);
    rtmp_buffer_init(&again, &ph_app_allocator, 8 << 20);
    int err = ph_json_read_strict((const char *)data, size, &arena, &value, fault);
    CHECK(err == 0 || strlen(fault) > 0);
    int rc = err ? RTMP_E_NODES : ph_json_write_strict(value, &buffer);
    CHECK(rc == 0 || rc == RTMP_E_NODES || rc == RTMP_E_DEPTH);
    if (rc == 0 && ph_json_read_strict((const char *)buffer.data, buffer.length, &arena, &other, fault) == 0) {
        CHECK(ph_json_write_strict(other, &again) == 0);
        CHECK(again.length == buffer.length && memcmp(again.data, buffer.data, again.length) == 0);
    }
    rtmp_buffer_finish(&buffer);
    rtmp_buffer_finish(&again);
    rtmp_arena_finish(&arena);
    return 0;
}
