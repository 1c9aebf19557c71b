/* SPDX-License-Identifier: MIT */
/*
 * Both sides of the handshake. The first byte of an input chooses the role, the rest comes from the peer; however it is
 * cut, the same answer must come out, and nothing beyond the handshake may be taken.
 */
#include <rtmpwire/handshake.h>

#include "fuzz.h"

enum { ROLE_SERVER, ROLE_SIMPLE_CLIENT, ROLE_DIGEST_CLIENT, N_ROLES, PEER_BYTES = 1 + 2 * 1536 };

static void fill(void *user, uint8_t *out, size_t length)
{
    uint8_t *next = user;
    for (size_t i = 0; i < length; i++)
        out[i] = (*next)++;
}

static struct rtmp_handshake *create(int role, const struct rtmp_allocator *allocator, uint8_t *next)
{
    struct rtmp_random random = {fill, next};
    struct rtmp_handshake *handshake = NULL;
    int rc;
    if (role == ROLE_SERVER)
        rc = rtmp_handshake_create_server(allocator, &random, 1234, &handshake);
    else
        rc = rtmp_handshake_create_client(allocator, &random, 1234,
                                          role == ROLE_SIMPLE_CLIENT ? RTMP_HANDSHAKE_SIMPLE : RTMP_HANDSHAKE_DIGEST,
                                          &handshake);
    CHECK(rc == 0);
    return handshake;
}

static uint64_t take_output(struct rtmp_handshake *handshake, uint64_t trace)
{
    size_t n;
    const uint8_t *bytes = rtmp_handshake_output(handshake, &n);
    trace = fuzz_hash(trace, bytes, n);
    rtmp_handshake_sent(handshake, n);
    (void)rtmp_handshake_output(handshake, &n);
    CHECK(n == 0);
    return trace;
}

/* seed 0: whole; 1: byte by byte; others: in random pieces */
static uint64_t trace_of(int role, const uint8_t *data, size_t size, uint64_t seed)
{
    struct fuzz_heap heap = {0, 0};
    struct rtmp_allocator allocator = fuzz_allocator(&heap);
    uint8_t next = 0;
    struct rtmp_handshake *handshake = create(role, &allocator, &next);
    uint64_t trace = take_output(handshake, 0);
    int result = RTMP_E_MORE;
    size_t total = 0;
    for (size_t at = 0; at < size && result == RTMP_E_MORE;) {
        size_t used = 0, n = seed == 0 ? size : seed == 1 ? 1 : fuzz_next_size(&seed, size - at);
        uint8_t *piece = malloc(n);
        CHECK(piece);
        memcpy(piece, data + at, n);
        result = rtmp_handshake_read(handshake, piece, n, &used);
        CHECK(used <= n && (result != RTMP_E_MORE || used == n));
        free(piece);
        trace = take_output(handshake, trace);
        at += n;
        total += used;
    }
    CHECK(total <= PEER_BYTES && (result == 0) == (total == PEER_BYTES));
    const uint64_t end[] = {(uint64_t)result, total, rtmp_handshake_has_digest(handshake)};
    rtmp_handshake_destroy(handshake);
    CHECK(heap.live_bytes == 0 && heap.peak_bytes < 4096);
    return fuzz_hash(trace, end, sizeof end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    int role = data[0] % N_ROLES;
    uint64_t whole = trace_of(role, data + 1, size - 1, 0);
    CHECK(trace_of(role, data + 1, size - 1, 1) == whole);
    CHECK(trace_of(role, data + 1, size - 1, 2 | fuzz_hash(0, data, size)) == whole);
    return 0;
}
