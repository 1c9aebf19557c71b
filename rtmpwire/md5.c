/* SPDX-License-Identifier: MIT */
#include "md5.h"

#include "bytes.h"

enum { LENGTH_AT = MD5_BLOCK - 8 };

/* floor(2^32 * abs(sin(i + 1))) */
static const uint32_t round_constants[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const uint8_t shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t rotate_left(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }

static uint32_t get_word(const uint8_t *block, size_t i) { return get_u32le(block + 4 * (i % 16)); }

static void compress(uint32_t state[4], const uint8_t block[MD5_BLOCK])
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (size_t i = 0; i < 64; i++) {
        uint32_t mixed;
        switch (i / 16) {
        case 0:
            mixed = ((b & c) | (~b & d)) + get_word(block, i);
            break;
        case 1:
            mixed = ((d & b) | (~d & c)) + get_word(block, 5 * i + 1);
            break;
        case 2:
            mixed = (b ^ c ^ d) + get_word(block, 3 * i + 5);
            break;
        default:
            mixed = (c ^ (b | ~d)) + get_word(block, 7 * i);
        }
        uint32_t next = b + rotate_left(a + mixed + round_constants[i], shifts[i / 16][i % 4]);
        a = d, d = c, c = b, b = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

void rtmp_md5_init(struct rtmp_md5 *hash)
{
    *hash = (struct rtmp_md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void rtmp_md5_add(struct rtmp_md5 *hash, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;
    while (length > 0) {
        size_t at = hash->length % MD5_BLOCK;
        size_t n = MD5_BLOCK - at < length ? MD5_BLOCK - at : length;
        memcpy(hash->block + at, p, n);
        hash->length += n;
        p += n;
        length -= n;
        if (at + n == MD5_BLOCK)
            compress(hash->state, hash->block);
    }
}

void rtmp_md5_finish(struct rtmp_md5 *hash, uint8_t out[MD5_SIZE])
{
    static const uint8_t padding[MD5_BLOCK] = {0x80};
    uint64_t n_bits = hash->length * 8;
    uint8_t length[8];
    put_u32le(put_u32le(length, (uint32_t)n_bits), (uint32_t)(n_bits >> 32));
    size_t at = hash->length % MD5_BLOCK;
    rtmp_md5_add(hash, padding, at < LENGTH_AT ? LENGTH_AT - at : LENGTH_AT + MD5_BLOCK - at);
    rtmp_md5_add(hash, length, sizeof length);
    for (size_t i = 0; i < 4; i++)
        out = put_u32le(out, hash->state[i]);
}
