/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <rtmpwire/handshake.h>

#include "sha256.h"

enum { PACKET = 1536, SIGNED = 1504, REPLY = 1 + 2 * PACKET };

static const char key_tail[] = "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae";
static const char player_name[] = "Genuine Adobe Flash Player 001";

/* What wire.md 12 says of the first packet that make_packet() makes. */
static const struct layout {
    const char *name;
    size_t digest_at;
    const char *digest;
} digest_first = {"digest first", 290, "0b441119ef46c4660e578ac88d3bf4c2d8901ff9a39c94bb92cb345f63928860"},
  key_first = {"key first", 942, "8e211aefe949d44221d8905aa6154973bcab5ecb43dc582f65b1de1c2f94e4d5"};

/* C0 and C1 of the vectors. */
static void make_hello(uint8_t hello[1 + PACKET], const struct layout *layout)
{
    static const uint8_t start[] = {3, 0, 0, 0, 0, 0x80, 0, 7, 2};
    memcpy(hello, start, sizeof start);
    for (size_t i = 8; i < PACKET; i++)
        hello[1 + i] = (uint8_t)(7 * i + 3);
    if (layout) {
        size_t length;
        uint8_t *digest = unhex(layout->digest, &length);
        memcpy(hello + 1 + layout->digest_at, digest, length);
        free(digest);
    }
}

/* Randomness: all one byte, or a running count. */
struct filler {
    bool counts;
    uint8_t next;
};

static void fill(void *user, uint8_t *out, size_t length)
{
    struct filler *filler = user;
    for (size_t i = 0; i < length; i++)
        out[i] = filler->counts ? filler->next++ : filler->next;
}

struct side {
    struct heap heap;
    struct filler filler;
    struct rtmp_handshake *handshake;
};

static struct rtmp_handshake *begin_server(struct side *side)
{
    struct rtmp_allocator allocator = heap_allocator(&side->heap);
    struct rtmp_random random = {fill, &side->filler};
    assert_int_equal(rtmp_handshake_create_server(&allocator, &random, 0x01020304, &side->handshake), 0);
    return side->handshake;
}

static struct rtmp_handshake *begin_client(struct side *side, enum rtmp_handshake_mode mode)
{
    struct rtmp_allocator allocator = heap_allocator(&side->heap);
    struct rtmp_random random = {fill, &side->filler};
    assert_int_equal(rtmp_handshake_create_client(&allocator, &random, 0x0A0B0C0D, mode, &side->handshake), 0);
    return side->handshake;
}

static void end(struct side *side)
{
    rtmp_handshake_destroy(side->handshake);
    assert_int_equal(side->heap.live_bytes, 0);
}

/* Feeds all of `data`, `step` bytes at a time. Returns the last result. */
static int feed(struct rtmp_handshake *handshake, const uint8_t *data, size_t length, size_t step)
{
    int rc = RTMP_E_MORE;
    for (size_t at = 0; at < length; at += step) {
        size_t used = 0, n = length - at < step ? length - at : step;
        assert_int_equal(rc, RTMP_E_MORE);
        rc = rtmp_handshake_read(handshake, data + at, n, &used);
        assert_true(rc == 0 || rc == RTMP_E_MORE);
        assert_int_equal(used, n);
    }
    return rc;
}

static const uint8_t *output(struct rtmp_handshake *handshake, size_t expected_length)
{
    size_t length;
    const uint8_t *bytes = rtmp_handshake_output(handshake, &length);
    assert_int_equal(length, expected_length);
    return bytes;
}

static void hmac(const void *key, size_t key_length, const void *bytes, size_t length, uint8_t out[SHA256_SIZE])
{
    struct rtmp_hmac hash;
    rtmp_hmac_init(&hash, key, key_length);
    rtmp_hmac_add(&hash, bytes, length);
    rtmp_hmac_finish(&hash, out);
}

static const size_t steps[] = {1, 2, 7, 1535, 1536, 1537, 1538, 4000};

static void simple_client_is_echoed(void **state)
{
    (void)state;
    uint8_t hello[1 + PACKET], ack[PACKET] = {0};
    make_hello(hello, NULL);
    memset(hello + 5, 0, 4);
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct side server = {.filler = {true, 0}};
        begin_server(&server);
        output(server.handshake, 0);
        assert_int_equal(feed(server.handshake, hello, sizeof hello, steps[i]), RTMP_E_MORE);
        const uint8_t *reply = output(server.handshake, REPLY);
        assert_hex(reply, 9, "030102030400000000"); /* no version: it would promise a digest */
        assert_int_equal(reply[9], 0);
        assert_int_equal(reply[10], 1);
        assert_memory_equal(reply + 1 + PACKET, hello + 1, PACKET);
        assert_false(rtmp_handshake_has_digest(server.handshake));
        assert_int_equal(feed(server.handshake, ack, sizeof ack, steps[i]), 0);
        end(&server);
    }
}

static void a_version_without_digest_is_echoed(void **state)
{
    (void)state;
    uint8_t hello[1 + PACKET];
    struct side server = {.filler = {true, 0}};
    make_hello(hello, NULL);
    begin_server(&server);
    assert_int_equal(feed(server.handshake, hello, sizeof hello, 4000), RTMP_E_MORE);
    const uint8_t *reply = output(server.handshake, REPLY);
    assert_hex(reply + 5, 4, "00000000");
    assert_memory_equal(reply + 1 + PACKET, hello + 1, PACKET);
    end(&server);
}

/* The digest that S1 must have, computed apart from the code under test. */
static void check_first_packet(const uint8_t *packet, const char *name, size_t base)
{
    uint8_t rest[SIGNED], digest[SHA256_SIZE];
    size_t at = base + 4 + (size_t)(packet[base] + packet[base + 1] + packet[base + 2] + packet[base + 3]) % 728;
    memcpy(rest, packet, at);
    memcpy(rest + at, packet + at + SHA256_SIZE, SIGNED - at);
    hmac(name, strlen(name), rest, sizeof rest, digest);
    assert_memory_equal(packet + at, digest, sizeof digest);
}

static void digest_client_is_answered_in_its_layout(void **state)
{
    (void)state;
    const struct {
        const struct layout *layout;
        size_t base;
    } rows[] = {{&digest_first, 8}, {&key_first, 772}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t hello[1 + PACKET];
        struct side server = {.filler = {false, 0x5A}};
        print_message("%s\n", rows[i].layout->name);
        make_hello(hello, rows[i].layout);
        begin_server(&server);
        assert_int_equal(feed(server.handshake, hello, sizeof hello, 100), RTMP_E_MORE);
        assert_true(rtmp_handshake_has_digest(server.handshake));
        const uint8_t *reply = output(server.handshake, REPLY);
        assert_hex(reply, 9, "030102030404000001");
        check_first_packet(reply + 1, "Genuine Adobe Flash Media Server 001", rows[i].base);
        end(&server);
    }
}

static void second_packet_has_the_signature_of_the_vector(void **state)
{
    (void)state;
    uint8_t hello[1 + PACKET];
    static const uint8_t zeros[SIGNED];
    struct side server = {.filler = {false, 0}};
    make_hello(hello, &digest_first);
    begin_server(&server);
    assert_int_equal(feed(server.handshake, hello, sizeof hello, 4000), RTMP_E_MORE);
    const uint8_t *second = output(server.handshake, REPLY) + 1 + PACKET;
    assert_memory_equal(second, zeros, SIGNED);
    assert_hex(second + SIGNED, SHA256_SIZE, "6e5179ff9131cf299b8f54a10f2676d0f2d2d1d80215a4a7972f6a5e983f4adb");
    end(&server);
}

static void one_wrong_bit_is_no_digest(void **state)
{
    (void)state;
    uint8_t hello[1 + PACKET];
    struct side server = {.filler = {false, 0}};
    make_hello(hello, &digest_first);
    const size_t places[] = {1 + 1000, 1 + digest_first.digest_at, 1 + digest_first.digest_at + 1,
                             1 + digest_first.digest_at + SHA256_SIZE - 1};
    for (size_t i = 0; i < COUNT(places); i++) {
        hello[places[i]] ^= 1;
        begin_server(&server);
        assert_int_equal(feed(server.handshake, hello, sizeof hello, 4000), RTMP_E_MORE);
        assert_false(rtmp_handshake_has_digest(server.handshake));
        end(&server);
        hello[places[i]] ^= 1;
        server.filler = (struct filler){false, 0};
    }
}

static void first_chunks_are_left_alone(void **state)
{
    (void)state;
    uint8_t bytes[1 + 2 * PACKET + 20] = {0};
    make_hello(bytes, &digest_first);
    for (size_t cut = 1 + PACKET; cut <= sizeof bytes; cut += 7) {
        struct side server = {.filler = {false, 0}};
        size_t used = 0, rest = 0;
        int rc;
        begin_server(&server);
        rc = rtmp_handshake_read(server.handshake, bytes, cut, &used);
        assert_int_equal(used, cut < 1 + 2 * PACKET ? cut : 1 + 2 * PACKET);
        if (rc == RTMP_E_MORE) {
            rc = rtmp_handshake_read(server.handshake, bytes + cut, sizeof bytes - cut, &rest);
            assert_int_equal(used + rest, 1 + 2 * PACKET);
        }
        assert_int_equal(rc, 0);
        assert_int_equal(rtmp_handshake_read(server.handshake, bytes, 1, &rest), RTMP_E_STATE);
        end(&server);
    }
}

static void other_versions_are_refused_for_good(void **state)
{
    (void)state;
    for (unsigned version = 0; version < 256; version++) {
        struct side sides[2] = {{.filler = {false, 0}}, {.filler = {false, 0}}};
        begin_server(&sides[0]);
        begin_client(&sides[1], RTMP_HANDSHAKE_SIMPLE);
        for (size_t i = 0; i < COUNT(sides); i++) {
            const uint8_t first = (uint8_t)version, second = 3;
            size_t used = 99;
            int expected = version == 3 ? RTMP_E_MORE : RTMP_E_VERSION;
            assert_int_equal(rtmp_handshake_read(sides[i].handshake, NULL, 0, &used), RTMP_E_MORE);
            used = 99;
            assert_int_equal(rtmp_handshake_read(sides[i].handshake, &first, 1, &used), expected);
            assert_int_equal(used, version == 3 ? 1 : 99);
            assert_int_equal(rtmp_handshake_read(sides[i].handshake, &second, 1, &used), expected);
            end(&sides[i]);
        }
    }
}

static void simple_client_says_and_echoes(void **state)
{
    (void)state;
    uint8_t reply[REPLY] = {3};
    for (size_t i = 1; i < sizeof reply; i++)
        reply[i] = (uint8_t)(i * 31);
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct side client = {.filler = {true, 0}};
        begin_client(&client, RTMP_HANDSHAKE_SIMPLE);
        assert_hex(output(client.handshake, 1 + PACKET), 12, "030a0b0c0d00000000000102");
        rtmp_handshake_sent(client.handshake, 1 + PACKET);
        assert_int_equal(feed(client.handshake, reply, 1 + PACKET, steps[i]), RTMP_E_MORE);
        assert_memory_equal(output(client.handshake, PACKET), reply + 1, PACKET);
        assert_int_equal(feed(client.handshake, reply + 1 + PACKET, PACKET, steps[i]), 0);
        output(client.handshake, PACKET); /* still to be sent */
        end(&client);
    }
}

static void digest_client_takes_either_answer(void **state)
{
    (void)state;
    uint8_t reply[REPLY] = {3}, key[62], digest_key[SHA256_SIZE], signature[SHA256_SIZE];
    struct side client = {.filler = {true, 0}};

    /* The tail and the key made with it are those of the vectors. */
    size_t length;
    uint8_t *tail = unhex(key_tail, &length), *digest = unhex(digest_first.digest, &length);
    memcpy(key, player_name, 30);
    memcpy(key + 30, tail, 32);
    hmac(key, sizeof key, digest, length, digest_key);
    assert_hex(digest_key, sizeof digest_key, "376827175ef25628833dd8addbfee83bdb839bcead110f2acea55ca0818c84d5");
    free(tail);
    free(digest);

    /* A server that answers simply, with a version that promises more than it holds */
    begin_client(&client, RTMP_HANDSHAKE_DIGEST);
    const uint8_t *hello = output(client.handshake, 1 + PACKET);
    assert_hex(hello, 9, "030a0b0c0d09007c02");
    check_first_packet(hello + 1, player_name, 8);
    memset(reply + 5, 4, 4);
    rtmp_handshake_sent(client.handshake, 1 + PACKET);
    assert_int_equal(feed(client.handshake, reply, sizeof reply, 500), 0);
    assert_memory_equal(output(client.handshake, PACKET), reply + 1, PACKET);
    end(&client);

    /* Our own server: the signature is the one that Flash Player would make */
    struct side server = {.filler = {true, 77}};
    client = (struct side){.filler = {true, 0}};
    begin_server(&server);
    begin_client(&client, RTMP_HANDSHAKE_DIGEST);
    assert_int_equal(feed(server.handshake, output(client.handshake, 1 + PACKET), 1 + PACKET, 4000), RTMP_E_MORE);
    rtmp_handshake_sent(client.handshake, 1 + PACKET);
    memcpy(reply, output(server.handshake, REPLY), REPLY);
    assert_int_equal(feed(client.handshake, reply, REPLY, 1000), 0);
    assert_true(rtmp_handshake_has_digest(client.handshake));
    const uint8_t *second = output(client.handshake, PACKET), *first = reply + 1;
    size_t at = 12 + (size_t)(first[8] + first[9] + first[10] + first[11]) % 728;
    hmac(key, sizeof key, first + at, SHA256_SIZE, digest_key);
    hmac(digest_key, sizeof digest_key, second, SIGNED, signature);
    assert_memory_equal(second + SIGNED, signature, sizeof signature);
    assert_int_equal(feed(server.handshake, second, PACKET, 4000), 0);
    end(&server);
    end(&client);
}

static void output_may_leave_in_pieces(void **state)
{
    (void)state;
    struct side server = {.filler = {true, 0}}, client = {.filler = {true, 9}};
    enum rtmp_handshake_mode modes[] = {RTMP_HANDSHAKE_SIMPLE, RTMP_HANDSHAKE_DIGEST};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct rtmp_handshake *sides[2] = {begin_server(&server), begin_client(&client, modes[i])};
        int results[2] = {RTMP_E_MORE, RTMP_E_MORE};
        size_t turns = 0;
        while (results[0] == RTMP_E_MORE || results[1] == RTMP_E_MORE) {
            size_t from = turns % 2, n, used = 0;
            const uint8_t *bytes = rtmp_handshake_output(sides[from], &n);
            n = n < 97 ? n : 97;
            if (n > 0) {
                results[1 - from] = rtmp_handshake_read(sides[1 - from], bytes, n, &used);
                assert_int_equal(used, n);
            }
            rtmp_handshake_sent(sides[from], n);
            assert_true(++turns < 200);
        }
        assert_int_equal(results[0], 0);
        assert_int_equal(results[1], 0);
        output(sides[0], 0);
        output(sides[1], 0);
        rtmp_handshake_sent(sides[0], 5000); /* more than there was: no harm */
        output(sides[0], 0);
        assert_int_equal(rtmp_handshake_has_digest(sides[0]), modes[i] == RTMP_HANDSHAKE_DIGEST);
        assert_int_equal(rtmp_handshake_has_digest(sides[1]), modes[i] == RTMP_HANDSHAKE_DIGEST);
        end(&server);
        end(&client);
    }
}

static void without_memory_there_is_no_handshake(void **state)
{
    (void)state;
    struct heap heap = {.fail_at = 1};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct filler filler = {false, 0};
    struct rtmp_random random = {fill, &filler};
    struct rtmp_handshake *handshake = NULL;
    assert_int_equal(rtmp_handshake_create_server(&allocator, &random, 0, &handshake), RTMP_E_MEMORY);
    assert_int_equal(rtmp_handshake_create_client(&allocator, &random, 0, RTMP_HANDSHAKE_DIGEST, &handshake),
                     RTMP_E_MEMORY);
    assert_null(handshake);
    rtmp_handshake_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_client_is_echoed),
        cmocka_unit_test(a_version_without_digest_is_echoed),
        cmocka_unit_test(digest_client_is_answered_in_its_layout),
        cmocka_unit_test(second_packet_has_the_signature_of_the_vector),
        cmocka_unit_test(one_wrong_bit_is_no_digest),
        cmocka_unit_test(first_chunks_are_left_alone),
        cmocka_unit_test(other_versions_are_refused_for_good),
        cmocka_unit_test(simple_client_says_and_echoes),
        cmocka_unit_test(digest_client_takes_either_answer),
        cmocka_unit_test(output_may_leave_in_pieces),
        cmocka_unit_test(without_memory_there_is_no_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
