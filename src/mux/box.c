/* SPDX-License-Identifier: MIT */
#include "mux/box.h"

#include <assert.h>

void ph_box_bytes(struct ph_boxes *boxes, const void *bytes, size_t length)
{
    if (!boxes->error && length)
        boxes->error = rtmp_buffer_append(boxes->out, bytes, length);
}

static void put(struct ph_boxes *boxes, uint64_t value, unsigned n)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> 8 * (n - 1 - i));
    ph_box_bytes(boxes, bytes, n);
}

void ph_box_u8(struct ph_boxes *boxes, unsigned value) { put(boxes, value, 1); }
void ph_box_u16(struct ph_boxes *boxes, unsigned value) { put(boxes, value, 2); }
void ph_box_u32(struct ph_boxes *boxes, uint32_t value) { put(boxes, value, 4); }
void ph_box_u64(struct ph_boxes *boxes, uint64_t value) { put(boxes, value, 8); }

void ph_box_zeros(struct ph_boxes *boxes, size_t length)
{
    for (; length; length--)
        ph_box_u8(boxes, 0);
}

void ph_box_begin(struct ph_boxes *boxes, const char name[4])
{
    assert(boxes->depth < PH_BOX_DEPTH);
    boxes->open[boxes->depth++] = boxes->out->length;
    ph_box_u32(boxes, 0);
    ph_box_bytes(boxes, name, 4);
}

void ph_box_begin_full(struct ph_boxes *boxes, const char name[4], unsigned version, uint32_t flags)
{
    ph_box_begin(boxes, name);
    ph_box_u32(boxes, (uint32_t)version << 24 | flags);
}

void ph_box_patch(struct ph_boxes *boxes, size_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4 && !boxes->error; i++)
        boxes->out->data[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

void ph_box_end(struct ph_boxes *boxes)
{
    assert(boxes->depth);
    size_t at = boxes->open[--boxes->depth];
    ph_box_patch(boxes, at, (uint32_t)(boxes->out->length - at));
}
