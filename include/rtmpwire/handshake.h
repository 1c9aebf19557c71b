/* SPDX-License-Identifier: MIT */
/**
 * @file  Handshake: the 3,073 bytes each side sends before the first chunk, for either role.
 *
 * The server answers simple (RTMP 1.0) and digest handshakes (Flash Player 9.0.115 and later), in the layout the
 * client chose, and never judges C2. The client offers one or the other and takes either answer. Version 3 only.
 * A handshake lives in one allocation of about 3 KiB, to be destroyed once it is done and its output is sent.
 *
 * Source  RTMP 1.0, 5.2; the digest handshake has no public source but docs/wire.md 1.2.
 * Owner   The caller owns the object made by create and destroys it.
 * Thread  One thread at a time.
 * Since   0.1
 */
#ifndef RTMPWIRE_HANDSHAKE_H
#define RTMPWIRE_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rtmpwire/alloc.h>
#include <rtmpwire/error.h>
#include <rtmpwire/proof.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The randomness a caller lends: fill `out` with `length` bytes. They need not be secret, only differ. */
struct rtmp_random {
    void (*fill)(void *user, uint8_t *out, size_t length);
    void *user; /**< handed back to fill */
};

enum rtmp_handshake_mode {
    RTMP_HANDSHAKE_SIMPLE,
    RTMP_HANDSHAKE_DIGEST, /**< proves nothing; some servers send H.264 only to a client that does it */
};

struct rtmp_handshake;

/**
 * The server's side: waits for C0 and C1.
 *
 * allocator  copied
 * random     used in this call and copied for the next ones
 * uptime_ms  the time that S1 tells
 * handshake  out: to be given to rtmp_handshake_destroy()
 *
 * Returns 0; RTMP_E_MEMORY.
 */
RTMP_API RTMP_MUST_USE int rtmp_handshake_create_server(const struct rtmp_allocator *allocator,
                                                        const struct rtmp_random *random, uint32_t uptime_ms,
                                                        struct rtmp_handshake **handshake);

/** The client's side: C0 and C1 wait as output at once. Otherwise as for the server. */
RTMP_API RTMP_MUST_USE int rtmp_handshake_create_client(const struct rtmp_allocator *allocator,
                                                        const struct rtmp_random *random, uint32_t uptime_ms,
                                                        enum rtmp_handshake_mode mode,
                                                        struct rtmp_handshake **handshake);

RTMP_API void rtmp_handshake_destroy(struct rtmp_handshake *handshake);

/**
 * Take bytes from the peer, and none beyond the handshake.
 *
 * data, length  lent
 * used          out: bytes taken, on 0 and on RTMP_E_MORE; the rest of `data` is the first chunks
 *
 * Returns 0 the peer's part is complete (output may still wait); RTMP_E_MORE everything was taken; RTMP_E_VERSION the
 * peer's first byte is not 3, now and on every further call; RTMP_E_STATE it was complete before.
 */
RTMP_API RTMP_MUST_USE int rtmp_handshake_read(struct rtmp_handshake *handshake, const uint8_t *data, size_t length,
                                               size_t *used);

/** Bytes that wait to be sent to the peer, lent until the next call on this object; `length` out: may be 0. */
RTMP_API const uint8_t *rtmp_handshake_output(const struct rtmp_handshake *handshake, size_t *length);

/** The first `length` bytes of the output were sent. */
RTMP_API void rtmp_handshake_sent(struct rtmp_handshake *handshake, size_t length);

/** Whether both sides used digests; of interest to logs. Valid once the peer's first 1,537 bytes are in. */
RTMP_API bool rtmp_handshake_has_digest(const struct rtmp_handshake *handshake);

/** Bytes of the server's first packet, see proof.h; on the client's side zeros until that packet was read. */
RTMP_API const uint8_t *rtmp_handshake_challenge(const struct rtmp_handshake *handshake);

#ifdef __cplusplus
}
#endif
#endif
