/* SPDX-License-Identifier: MIT */
/**
 * @file  Timed metadata of fragmented MP4: a name and a text as an ID3 tag inside an event message.
 *
 * Source  ISO 23009-1 (emsg, version 1); "Carriage of ID3 Timed Metadata in CMAF"; ID3v2.4 (TXXX).
 * Thread  Any.
 */
#ifndef PH_MUX_EMSG_H
#define PH_MUX_EMSG_H

#include <rtmpwire/buffer.h>

#include "base/attr.h"

/**
 * Append one event; it belongs in front of the fragment whose time it falls into.
 *
 * time_ms  on the clock of the tracks
 * id       another for each event of a stream
 * name     without NUL; `name_length` bytes of UTF-8; the same for the text
 *
 * Returns 0; RTMP_E_SPACE, RTMP_E_MEMORY.
 */
PH_MUST_USE int ph_emsg_write(uint64_t time_ms, uint32_t id, const char *name, size_t name_length, const char *text,
                              size_t text_length, struct rtmp_buffer *out);

#endif
