/* SPDX-License-Identifier: MIT */
#include <rtmpwire/proof.h>
#include <rtmpwire/value.h>

#include "session_trace.h"

static const char secret[] = "a secret of servers";
enum { SECRET = sizeof secret - 1 };

/* The figure is Python's: hmac.new(b'a secret of servers', bytes(range(32)), 'sha256'). */
static void the_vector(void **state)
{
    static const char expected[] = "70bb594a982cf4f7cbb806457638e9779b2d3a3f3f1b9cc6b9c47da14bcc50ad";
    uint8_t challenge[RTMP_CHALLENGE_SIZE];
    char proof[RTMP_PROOF_LENGTH];
    (void)state;
    for (size_t i = 0; i < sizeof challenge; i++)
        challenge[i] = (uint8_t)i;
    rtmp_proof_write(secret, SECRET, challenge, proof);
    assert_memory_equal(proof, expected, RTMP_PROOF_LENGTH);
    assert_true(rtmp_proof_is_right(expected, RTMP_PROOF_LENGTH, secret, SECRET, challenge));
    assert_false(rtmp_proof_is_right(expected, RTMP_PROOF_LENGTH - 1, secret, SECRET, challenge));
    assert_false(rtmp_proof_is_right("", 0, secret, SECRET, challenge));
    assert_false(rtmp_proof_is_right(expected, RTMP_PROOF_LENGTH, secret, SECRET - 1, challenge));
    challenge[31]++;
    assert_false(rtmp_proof_is_right(expected, RTMP_PROOF_LENGTH, secret, SECRET, challenge));
}

/* The proof that a client with `known` brings; `length` 0: it has no secret. */
static void connect_with(const void *known, size_t length, enum rtmp_handshake_mode mode, struct rtmp_text *proof,
                         char copy[RTMP_PROOF_LENGTH], uint8_t challenge[RTMP_CHALLENGE_SIZE])
{
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    struct rtmp_client_config config = {.allocator = &allocator,
                                        .random = &counting_random,
                                        .app = "live",
                                        .tc_url = "rtmp://host/live",
                                        .handshake = mode,
                                        .secret = length ? known : NULL,
                                        .secret_length = length};
    struct rtmp_client *client;
    struct rtmp_server *server = make_server(&heap, NULL);
    struct rtmp_event event;
    struct trace ignored = {0};
    size_t n, used, at = 0;
    assert_int_equal(rtmp_client_create(&config, &client), 0);
    const uint8_t *bytes = rtmp_client_output(client, &n);
    assert_int_equal(feed_server(server, bytes, n, false, &ignored), RTMP_E_MORE);
    rtmp_client_sent(client, n);
    bytes = rtmp_server_output(server, &n);
    assert_int_equal(feed_client(client, bytes, n, &ignored), RTMP_E_MORE);
    rtmp_server_sent(server, n);
    bytes = rtmp_client_output(client, &n);
    do {
        assert_int_equal(rtmp_server_read(server, 0, bytes + at, n - at, &used, &event), 0);
        at += used;
    } while (event.type != RTMP_EVENT_CONNECT);
    *proof = rtmp_value_text(rtmp_value_get(event.connect.properties, RTMP_PROOF_MEMBER));
    if (proof->length) {
        assert_int_equal(proof->length, RTMP_PROOF_LENGTH);
        memcpy(copy, proof->data, RTMP_PROOF_LENGTH);
    }
    memcpy(challenge, rtmp_server_challenge(server), RTMP_CHALLENGE_SIZE);
    rtmp_client_destroy(client);
    rtmp_server_destroy(server);
    trace_clear(&ignored);
    assert_int_equal(heap.live_bytes, 0);
}

static void a_client_proves_what_it_knows(void **state)
{
    static const enum rtmp_handshake_mode modes[] = {RTMP_HANDSHAKE_SIMPLE, RTMP_HANDSHAKE_DIGEST};
    static const uint8_t zeros[RTMP_CHALLENGE_SIZE];
    uint8_t challenge[RTMP_CHALLENGE_SIZE];
    char proof[RTMP_PROOF_LENGTH];
    struct rtmp_text said;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        connect_with(secret, SECRET, modes[i], &said, proof, challenge);
        assert_memory_not_equal(challenge, zeros, sizeof zeros);
        assert_true(rtmp_proof_is_right(proof, RTMP_PROOF_LENGTH, secret, SECRET, challenge));
        connect_with("another secret", 14, modes[i], &said, proof, challenge);
        assert_false(rtmp_proof_is_right(proof, RTMP_PROOF_LENGTH, secret, SECRET, challenge));
    }
    connect_with(NULL, 0, RTMP_HANDSHAKE_SIMPLE, &said, proof, challenge);
    assert_int_equal(said.length, 0);
}

static void a_secret_has_a_longest_length(void **state)
{
    struct heap heap = {0};
    struct rtmp_allocator allocator = heap_allocator(&heap);
    static const uint8_t long_one[RTMP_CLIENT_SECRET_MAX + 1];
    struct rtmp_client *client;
    struct rtmp_client_config config = {.allocator = &allocator,
                                        .random = &counting_random,
                                        .app = "live",
                                        .tc_url = "rtmp://host/live",
                                        .secret = long_one,
                                        .secret_length = sizeof long_one};
    (void)state;
    assert_int_equal(rtmp_client_create(&config, &client), RTMP_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector),
        cmocka_unit_test(a_client_proves_what_it_knows),
        cmocka_unit_test(a_secret_has_a_longest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
