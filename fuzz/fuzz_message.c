/* SPDX-License-Identifier: MIT */
/* Messages between servers about members: any bytes; everything in them can be read in any order. */
#include <stdint.h>

#include "app/letter.h"
#include "cluster/message.h"

static void read_all(struct message_reader *reader, struct rtmp_arena *arena, enum message_kind kind)
{
    struct ph_refusal refusal;
    struct ph_welcome welcome;
    size_t n;
    switch (kind) {
    case MESSAGE_WELCOME:
    case MESSAGE_MOVED:
        message_read_welcome(reader, &welcome);
        break;
    case MESSAGE_REFUSED:
    case MESSAGE_KICK:
        (void)message_read_refusal(reader, &refusal);
        break;
    case MESSAGE_NEWS:
        (void)message_read_report(reader, arena);
        break;
    case MESSAGE_CHANGE:
        (void)message_read_number(reader, UINT32_MAX);
        (void)message_read_text(reader);
        (void)message_read_number(reader, UINT8_MAX);
        (void)message_read_number(reader, UINT32_MAX);
        (void)message_read_changes(reader, arena, &n);
        break;
    default:
        (void)message_read_number(reader, UINT32_MAX);
        (void)message_read_text(reader);
        (void)message_read_value(reader);
        (void)message_read_u64(reader);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtmp_arena arena;
    struct message_reader reader;
    enum message_kind kind;
    rtmp_arena_init(&arena, &ph_app_allocator, 1 << 20);
    if (message_unpack(data, size, &arena, &reader, &kind))
        read_all(&reader, &arena, kind);
    rtmp_arena_finish(&arena);
    return 0;
}
