/* SPDX-License-Identifier: MIT */
/**
 * @file  AMF3: reading and writing values.
 *
 * Known externalizable classes (Flex' ArrayCollection, ObjectProxy and the messages DSA, DSK, DSC) are read as objects
 * of their class with named members and RTMP_VALUE_EXTERNAL set, and written back in their own form.
 *
 * Source  AMF 3 (2013); docs/wire.md 4.2.
 * Owner   As amf0.h.
 * Thread  One thread at a time per reader, arena or buffer.
 * Since   0.1
 */
#ifndef RTMPWIRE_AMF3_H
#define RTMPWIRE_AMF3_H

#include <rtmpwire/amf0.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Read the next AMF3 value (without 0x11 before it). Returns as rtmp_amf0_read(). */
RTMP_API RTMP_MUST_USE int rtmp_amf3_read(struct rtmp_amf_reader *reader, struct rtmp_value **value);

/**
 * Append a value with reference tables of its own. A repeated text, object or class becomes a reference. Left out is
 * what AMF3 cannot say: members named "", zones of dates, and that an array is an ECMA one.
 *
 * Returns as rtmp_amf0_write(), but RTMP_E_RANGE is for texts and counts from 2^28 on.
 */
RTMP_API RTMP_MUST_USE int rtmp_amf3_write(struct rtmp_buffer *buffer, const struct rtmp_value *value);

#ifdef __cplusplus
}
#endif
#endif
