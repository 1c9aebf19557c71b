/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648, 4), encoding only, with padding. */
#ifndef RTMPWIRE_BASE64_H
#define RTMPWIRE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#define BASE64_SIZE(length) (((length) + 2) / 3 * 4)

/* Writes BASE64_SIZE(length) characters and no terminating zero. */
void rtmp_base64_write(const uint8_t *bytes, size_t length, char *out);

#endif
