/* SPDX-License-Identifier: MIT */
#include "mux/emsg.h"

#include "mux/box.h"

enum { TIMESCALE = 1000, NO_END = -1, FRAME_HEAD = 10, UTF8 = 3 };

/* Seven bits in each byte, so that nothing looks like the begin of an MP3 frame. */
static void add_size(struct ph_boxes *boxes, size_t size)
{
    for (int shift = 21; shift >= 0; shift -= 7)
        ph_box_u8(boxes, size >> shift & 0x7F);
}

int ph_emsg_write(uint64_t time_ms, uint32_t id, const char *name, size_t name_length, const char *text,
                  size_t text_length, struct rtmp_buffer *out)
{
    static const char scheme[] = "https://aomedia.org/emsg/ID3", no_value[] = "";
    struct ph_boxes boxes = {.out = out};
    size_t content = 1 + name_length + 1 + text_length;
    ph_box_begin_full(&boxes, "emsg", 1, 0);
    ph_box_u32(&boxes, TIMESCALE);
    ph_box_u64(&boxes, time_ms);
    ph_box_u32(&boxes, (uint32_t)NO_END);
    ph_box_u32(&boxes, id);
    ph_box_bytes(&boxes, scheme, sizeof scheme);
    ph_box_bytes(&boxes, no_value, sizeof no_value);
    ph_box_bytes(&boxes, "ID3\x04\0\0", 6);
    add_size(&boxes, FRAME_HEAD + content);
    ph_box_bytes(&boxes, "TXXX", 4);
    add_size(&boxes, content);
    ph_box_u16(&boxes, 0);
    ph_box_u8(&boxes, UTF8);
    ph_box_bytes(&boxes, name, name_length);
    ph_box_u8(&boxes, 0);
    ph_box_bytes(&boxes, text, text_length);
    ph_box_end(&boxes);
    return boxes.error;
}
