/* SPDX-License-Identifier: MIT */
/* Big-endian fields, and the few little-endian ones. put_* return the next position: writing is a chain. */
#ifndef RTMPWIRE_BYTES_H
#define RTMPWIRE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t get_u16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t get_u24(const uint8_t *p) { return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]; }
static inline uint32_t get_u32(const uint8_t *p) { return (uint32_t)p[0] << 24 | get_u24(p + 1); }
static inline uint16_t get_u16le(const uint8_t *p) { return (uint16_t)(p[1] << 8 | p[0]); }
static inline uint32_t get_u32le(const uint8_t *p) { return (uint32_t)get_u16le(p + 2) << 16 | get_u16le(p); }

static inline double get_double(const uint8_t *p)
{
    uint64_t bits = (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint8_t *put_u8(uint8_t *p, uint8_t value)
{
    *p = value;
    return p + 1;
}

static inline uint8_t *put_u16(uint8_t *p, uint16_t value)
{
    return put_u8(put_u8(p, (uint8_t)(value >> 8)), (uint8_t)value);
}
static inline uint8_t *put_u24(uint8_t *p, uint32_t value)
{
    return put_u16(put_u8(p, (uint8_t)(value >> 16)), (uint16_t)value);
}
static inline uint8_t *put_u32(uint8_t *p, uint32_t value)
{
    return put_u24(put_u8(p, (uint8_t)(value >> 24)), value & 0xFFFFFF);
}
static inline uint8_t *put_u16le(uint8_t *p, uint16_t value)
{
    return put_u8(put_u8(p, (uint8_t)value), (uint8_t)(value >> 8));
}
static inline uint8_t *put_u32le(uint8_t *p, uint32_t value)
{
    return put_u16le(put_u16le(p, (uint16_t)value), (uint16_t)(value >> 16));
}

static inline uint8_t *put_double(uint8_t *p, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_u32(put_u32(p, (uint32_t)(bits >> 32)), (uint32_t)bits);
}

static inline uint8_t *put_bytes(uint8_t *p, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(p, bytes, length);
    return p + length;
}

#endif
