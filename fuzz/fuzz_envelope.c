/* SPDX-License-Identifier: MIT */
/* Envelopes of AMF remoting: what is read is answered, each call with its own arguments. */
#include "app/letter.h"
#include "fuzz.h"
#include "gate/remoting/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtmp_arena arena;
    struct rtmp_buffer buffer;
    struct ph_amf_envelope envelope;
    rtmp_arena_init(&arena, &ph_app_allocator, 4 << 20);
    rtmp_buffer_init(&buffer, &ph_app_allocator, 4 << 20);
    if (ph_amf_envelope_read(data, size, &arena, &envelope) == 0) {
        CHECK(envelope.n <= PH_LIMIT_REMOTING_CALLS && ph_amf_reply_begin(&buffer, &envelope) == 0);
        for (size_t i = 0; i < envelope.n; i++) {
            size_t before = buffer.length;
            int rc = ph_amf_reply_add(&buffer, &envelope, &envelope.call[i], i % 2, envelope.call[i].arguments);
            CHECK(rc == 0 ? buffer.length > before : buffer.length == before);
        }
    }
    rtmp_buffer_finish(&buffer);
    rtmp_arena_finish(&arena);
    return 0;
}
