/* SPDX-License-Identifier: MIT */
/*
 * Each side sends 1 + 1536 + 1536 bytes: version, its first packet, and its second one, which by default is an echo of
 * the peer's first packet. So the peer's first packet is read straight to where our second one will be sent from, and
 * `out` is all the memory a handshake needs. The peer's second packet is counted and not looked at.
 */
#include <rtmpwire/handshake.h>

#include "bytes.h"
#include "sha256.h"

enum {
    VERSION = 3,
    PACKET = 1536,
    OUT_FIRST = 1,
    OUT_SECOND = 1 + PACKET,
    OUT_SIZE = 1 + 2 * PACKET,
    RANDOM = 8,                    /* where the random bytes of a first packet begin */
    SIGNED = PACKET - SHA256_SIZE, /* bytes of a second packet before its signature */
};

/* The first 30 or 36 characters of a key sign first packets; with these 32 bytes behind them, keys of second packets.
 */
#define KEY_TAIL                                                                                                       \
    "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36" \
    "\xcf\xeb\x31\xae"

struct key {
    const char *bytes;
    size_t first_length, second_length;
};

static const struct key player_key = {"Genuine Adobe Flash Player 001" KEY_TAIL, 30, 62};
static const struct key server_key = {"Genuine Adobe Flash Media Server 001" KEY_TAIL, 36, 68};

/* A digest stands `base` + 4 bytes into the packet, plus the sum of the four bytes at `base`. */
enum layout { LAYOUT_NONE = 0, LAYOUT_DIGEST_FIRST = 8, LAYOUT_KEY_FIRST = 772 };
enum { DIGEST_SPREAD = 728 };

static const uint8_t player_version[4] = {9, 0, 124, 2};
static const uint8_t server_version[4] = {4, 0, 0, 1};

enum state { READ_VERSION, READ_FIRST, READ_SECOND, DONE };

struct rtmp_handshake {
    struct rtmp_allocator allocator;
    struct rtmp_random random;
    enum state state;
    bool is_server, failed;
    bool has_digest;
    uint8_t challenge[RTMP_CHALLENGE_SIZE];
    size_t n_read; /* bytes of the packet being read */
    size_t sent, ready;
    uint8_t out[OUT_SIZE];
};

/* Digests */

static size_t digest_position(const uint8_t *packet, enum layout layout)
{
    const uint8_t *p = packet + layout;
    return (size_t)layout + 4 + (size_t)(p[0] + p[1] + p[2] + p[3]) % DIGEST_SPREAD;
}

static void digest_of(const uint8_t *packet, size_t position, const struct key *key, uint8_t digest[SHA256_SIZE])
{
    struct rtmp_hmac hmac;
    size_t after = position + SHA256_SIZE;
    rtmp_hmac_init(&hmac, key->bytes, key->first_length);
    rtmp_hmac_add(&hmac, packet, position);
    rtmp_hmac_add(&hmac, packet + after, PACKET - after);
    rtmp_hmac_finish(&hmac, digest);
}

static bool has_digest_at(const uint8_t *packet, enum layout layout, const struct key *key)
{
    uint8_t digest[SHA256_SIZE];
    size_t position = digest_position(packet, layout);
    digest_of(packet, position, key, digest);
    return memcmp(packet + position, digest, sizeof digest) == 0;
}

/* Flash Player puts its key first and ffmpeg the digest; a version of zeros promises no digest at all. */
static enum layout find_digest(const uint8_t *packet, const struct key *key)
{
    if (get_u32(packet + 4) == 0)
        return LAYOUT_NONE;
    if (has_digest_at(packet, LAYOUT_KEY_FIRST, key))
        return LAYOUT_KEY_FIRST;
    if (has_digest_at(packet, LAYOUT_DIGEST_FIRST, key))
        return LAYOUT_DIGEST_FIRST;
    return LAYOUT_NONE;
}

static void sign_first(uint8_t *packet, enum layout layout, const struct key *key)
{
    size_t position = digest_position(packet, layout);
    digest_of(packet, position, key, packet + position);
}

/* Replaces an echo by random bytes, signed with a key made from the digest that is to be answered. */
static void sign_second(struct rtmp_handshake *handshake, enum layout peer_layout, const struct key *key)
{
    uint8_t *packet = handshake->out + OUT_SECOND;
    uint8_t signing_key[SHA256_SIZE];
    struct rtmp_hmac hmac;
    rtmp_hmac_init(&hmac, key->bytes, key->second_length);
    rtmp_hmac_add(&hmac, packet + digest_position(packet, peer_layout), SHA256_SIZE);
    rtmp_hmac_finish(&hmac, signing_key);

    handshake->random.fill(handshake->random.user, packet, SIGNED);
    rtmp_hmac_init(&hmac, signing_key, sizeof signing_key);
    rtmp_hmac_add(&hmac, packet, SIGNED);
    rtmp_hmac_finish(&hmac, packet + SIGNED);
}

/* Life */

static int create(const struct rtmp_allocator *allocator, const struct rtmp_random *random, uint32_t uptime_ms,
                  struct rtmp_handshake **handshake)
{
    struct rtmp_handshake *made = allocator->resize(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return RTMP_E_MEMORY;
    memset(made, 0, sizeof *made);
    made->allocator = *allocator;
    made->random = *random;
    uint8_t *first = put_u8(made->out, VERSION);
    uint8_t *rest = put_u32(put_u32(first, uptime_ms), 0);
    random->fill(random->user, rest, PACKET - 8);
    *handshake = made;
    return 0;
}

int rtmp_handshake_create_server(const struct rtmp_allocator *allocator, const struct rtmp_random *random,
                                 uint32_t uptime_ms, struct rtmp_handshake **handshake)
{
    struct rtmp_handshake *made;
    int rc = create(allocator, random, uptime_ms, &made);
    if (rc)
        return rc;
    made->is_server = true;
    *handshake = made;
    return 0;
}

int rtmp_handshake_create_client(const struct rtmp_allocator *allocator, const struct rtmp_random *random,
                                 uint32_t uptime_ms, enum rtmp_handshake_mode mode, struct rtmp_handshake **handshake)
{
    struct rtmp_handshake *made;
    int rc = create(allocator, random, uptime_ms, &made);
    if (rc)
        return rc;
    if (mode == RTMP_HANDSHAKE_DIGEST) {
        uint8_t *first = made->out + OUT_FIRST;
        put_bytes(first + 4, player_version, sizeof player_version);
        sign_first(first, LAYOUT_DIGEST_FIRST, &player_key);
    }
    made->ready = OUT_SECOND;
    *handshake = made;
    return 0;
}

void rtmp_handshake_destroy(struct rtmp_handshake *handshake)
{
    if (handshake)
        (void)handshake->allocator.resize(handshake->allocator.user, handshake, sizeof *handshake, 0);
}

/* What the peer's first packet calls for */

static void answer_client(struct rtmp_handshake *handshake)
{
    uint8_t *first = handshake->out + OUT_FIRST;
    enum layout layout = find_digest(handshake->out + OUT_SECOND, &player_key);
    if (layout != LAYOUT_NONE) {
        /* Only now: a version promises ffmpeg a digest, and it leaves if there is none. */
        put_bytes(first + 4, server_version, sizeof server_version);
        sign_first(first, layout, &server_key);
        sign_second(handshake, layout, &server_key);
        handshake->has_digest = true;
    }
    put_bytes(handshake->challenge, first + RANDOM, sizeof handshake->challenge);
    handshake->ready = OUT_SIZE;
}

static void answer_server(struct rtmp_handshake *handshake)
{
    put_bytes(handshake->challenge, handshake->out + OUT_SECOND + RANDOM, sizeof handshake->challenge);
    bool offered = get_u32(handshake->out + OUT_FIRST + 4) != 0;
    enum layout layout = offered ? find_digest(handshake->out + OUT_SECOND, &server_key) : LAYOUT_NONE;
    if (layout != LAYOUT_NONE) {
        sign_second(handshake, layout, &player_key);
        handshake->has_digest = true;
    }
    handshake->ready = OUT_SIZE;
}

/* Takes what `data` has of the packet being read; `copy` may be NULL. Returns bytes taken. */
static size_t take_packet(struct rtmp_handshake *handshake, const uint8_t *data, size_t length, uint8_t *copy)
{
    size_t missing = PACKET - handshake->n_read;
    size_t n = length < missing ? length : missing;
    if (copy)
        put_bytes(copy + handshake->n_read, data, n);
    handshake->n_read += n;
    return n;
}

int rtmp_handshake_read(struct rtmp_handshake *handshake, const uint8_t *data, size_t length, size_t *used)
{
    size_t at = 0;
    if (handshake->failed)
        return RTMP_E_VERSION;
    if (handshake->state == DONE)
        return RTMP_E_STATE;
    if (handshake->state == READ_VERSION && length > 0) {
        if (data[at++] != VERSION) {
            handshake->failed = true;
            return RTMP_E_VERSION;
        }
        handshake->state = READ_FIRST;
    }
    if (handshake->state == READ_FIRST && at < length) {
        at += take_packet(handshake, data + at, length - at, handshake->out + OUT_SECOND);
        if (handshake->n_read == PACKET) {
            if (handshake->is_server)
                answer_client(handshake);
            else
                answer_server(handshake);
            handshake->n_read = 0;
            handshake->state = READ_SECOND;
        }
    }
    if (handshake->state == READ_SECOND && at < length) {
        at += take_packet(handshake, data + at, length - at, NULL);
        if (handshake->n_read == PACKET)
            handshake->state = DONE;
    }
    *used = at;
    return handshake->state == DONE ? 0 : RTMP_E_MORE;
}

const uint8_t *rtmp_handshake_output(const struct rtmp_handshake *handshake, size_t *length)
{
    *length = handshake->ready - handshake->sent;
    return handshake->out + handshake->sent;
}

void rtmp_handshake_sent(struct rtmp_handshake *handshake, size_t length)
{
    size_t waiting = handshake->ready - handshake->sent;
    handshake->sent += length < waiting ? length : waiting;
}

bool rtmp_handshake_has_digest(const struct rtmp_handshake *handshake) { return handshake->has_digest; }

const uint8_t *rtmp_handshake_challenge(const struct rtmp_handshake *handshake) { return handshake->challenge; }
