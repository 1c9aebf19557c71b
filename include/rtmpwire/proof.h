/* SPDX-License-Identifier: MIT */
/**
 * @file  Proof: a client shows in its connect command that it knows a secret of the server's, without telling it.
 *
 * The server's first packet of the handshake is random: 32 bytes of it are the challenge, and the member "proof" of
 * the connect object is HMAC-SHA256(secret, challenge) in hexadecimal. One connection, no turn more than without it.
 * For servers that work together; other servers pass over the member. It says nothing about who reads along: that is
 * for TLS.
 *
 * Source  Ours.
 * Thread  Stateless: any.
 * Since   0.3
 */
#ifndef RTMPWIRE_PROOF_H
#define RTMPWIRE_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RTMP_PROOF_MEMBER "proof"

enum {
    RTMP_CHALLENGE_SIZE = 32,
    RTMP_PROOF_LENGTH = 64, /**< characters; not terminated */
};

RTMP_API void rtmp_proof_write(const void *secret, size_t length, const uint8_t challenge[RTMP_CHALLENGE_SIZE],
                               char proof[RTMP_PROOF_LENGTH]);

/** In a time that depends on `proof_length` only. */
RTMP_API bool rtmp_proof_is_right(const char *proof, size_t proof_length, const void *secret, size_t length,
                                  const uint8_t challenge[RTMP_CHALLENGE_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
