/* SPDX-License-Identifier: MIT */
/* What a client says first, as bytes that do not depend on any answer but the handshake's. */
#ifndef PH_BENCH_HELLO_H
#define PH_BENCH_HELLO_H

#include <stddef.h>
#include <stdint.h>

enum {
    HELLO_C0C1 = 1537,
    HELLO_ANSWER = 3073, /**< S0 S1 S2 */
    HELLO_MAX = 1024,
};

/** connect, createStream, play on message stream 1. Returns the length. */
size_t hello_play(uint8_t out[HELLO_MAX], const char *app, const char *stream);

/** A request for the stream as FLV; `kind`: "http" or "ws". Returns the length. */
size_t hello_web(uint8_t out[HELLO_MAX], const char *kind, const char *app, const char *stream);

/** connect, createStream, publish on message stream 1. Returns the length. */
size_t hello_publish(uint8_t out[HELLO_MAX], const char *app, const char *stream);

#endif
