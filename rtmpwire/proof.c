/* SPDX-License-Identifier: MIT */
#include <rtmpwire/proof.h>

#include <rtmpwire/auth.h>

#include "sha256.h"

_Static_assert((int)RTMP_PROOF_LENGTH == 2 * (int)SHA256_SIZE, "a proof is an HMAC-SHA256 in hexadecimal");

void rtmp_proof_write(const void *secret, size_t length, const uint8_t challenge[RTMP_CHALLENGE_SIZE],
                      char proof[RTMP_PROOF_LENGTH])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t code[SHA256_SIZE];
    struct rtmp_hmac hmac;
    rtmp_hmac_init(&hmac, secret, length);
    rtmp_hmac_add(&hmac, challenge, RTMP_CHALLENGE_SIZE);
    rtmp_hmac_finish(&hmac, code);
    for (size_t i = 0; i < sizeof code; i++) {
        proof[2 * i] = digits[code[i] >> 4];
        proof[2 * i + 1] = digits[code[i] & 15];
    }
}

bool rtmp_proof_is_right(const char *proof, size_t proof_length, const void *secret, size_t length,
                         const uint8_t challenge[RTMP_CHALLENGE_SIZE])
{
    char right[RTMP_PROOF_LENGTH];
    rtmp_proof_write(secret, length, challenge, right);
    return rtmp_secret_equal(proof, proof_length, right, sizeof right);
}
