/* SPDX-License-Identifier: MIT */
#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void rtmp_base64_write(const uint8_t *bytes, size_t length, char *out)
{
    for (size_t i = 0; i < length; i += 3) {
        size_t n = length - i < 3 ? length - i : 3;
        unsigned group = (unsigned)bytes[i] << 16 | (n > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                         (n > 2 ? bytes[i + 2] : 0);
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 0x3F];
        *out++ = n > 1 ? alphabet[group >> 6 & 0x3F] : '=';
        *out++ = n > 2 ? alphabet[group & 0x3F] : '=';
    }
}
