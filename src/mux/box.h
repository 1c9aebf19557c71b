/* SPDX-License-Identifier: MIT */
/**
 * @file  Writing the boxes of ISO 14496-12: a length, four letters, content; boxes inside boxes.
 *
 * Errors are kept: the first one stays, and nothing is written after it.
 *
 * Owner   The buffer is the caller's.
 * Thread  Any.
 */
#ifndef PH_MUX_BOX_H
#define PH_MUX_BOX_H

#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/buffer.h>

enum { PH_BOX_DEPTH = 12 };

struct ph_boxes {
    struct rtmp_buffer *out; /**< lent */
    int error;               /**< 0, or what rtmp_buffer_append() said */
    size_t open[PH_BOX_DEPTH];
    unsigned depth;
};

void ph_box_u8(struct ph_boxes *boxes, unsigned value);
void ph_box_u16(struct ph_boxes *boxes, unsigned value);
void ph_box_u32(struct ph_boxes *boxes, uint32_t value);
void ph_box_u64(struct ph_boxes *boxes, uint64_t value);
void ph_box_bytes(struct ph_boxes *boxes, const void *bytes, size_t length);
void ph_box_zeros(struct ph_boxes *boxes, size_t length);

/** Begin a box; what is written until ph_box_end() is its content. */
void ph_box_begin(struct ph_boxes *boxes, const char name[4]);

/** The same for one with version and flags. */
void ph_box_begin_full(struct ph_boxes *boxes, const char name[4], unsigned version, uint32_t flags);
void ph_box_end(struct ph_boxes *boxes);

/** Write `value` over four bytes that are there already. */
void ph_box_patch(struct ph_boxes *boxes, size_t at, uint32_t value);

#endif
