/* SPDX-License-Identifier: MIT */
/* MD5 (RFC 1321), because encoders log in with it. Not for anything new. */
#ifndef RTMPWIRE_MD5_H
#define RTMPWIRE_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { MD5_SIZE = 16, MD5_BLOCK = 64 };

struct rtmp_md5 {
    uint32_t state[4];
    uint64_t length;
    uint8_t block[MD5_BLOCK];
};

void rtmp_md5_init(struct rtmp_md5 *hash);
void rtmp_md5_add(struct rtmp_md5 *hash, const void *bytes, size_t length);
void rtmp_md5_finish(struct rtmp_md5 *hash, uint8_t out[MD5_SIZE]);

#endif
