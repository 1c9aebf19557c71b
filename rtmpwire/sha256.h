/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4) and HMAC (RFC 2104) on it, for the digest handshake. Not meant to be fast. */
#ifndef RTMPWIRE_SHA256_H
#define RTMPWIRE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_BLOCK = 64 };

struct rtmp_sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[SHA256_BLOCK];
};

void rtmp_sha256_init(struct rtmp_sha256 *hash);
void rtmp_sha256_add(struct rtmp_sha256 *hash, const void *bytes, size_t length);
void rtmp_sha256_finish(struct rtmp_sha256 *hash, uint8_t out[SHA256_SIZE]);

struct rtmp_hmac {
    struct rtmp_sha256 inner;
    uint8_t outer_key[SHA256_BLOCK];
};

void rtmp_hmac_init(struct rtmp_hmac *hmac, const void *key, size_t length);
void rtmp_hmac_add(struct rtmp_hmac *hmac, const void *bytes, size_t length);
void rtmp_hmac_finish(struct rtmp_hmac *hmac, uint8_t out[SHA256_SIZE]);

#endif
