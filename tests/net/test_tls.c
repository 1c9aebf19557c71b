/* SPDX-License-Identifier: MIT */
/* TLS on one connection, turned by hand: OpenSSL is the client, over memory, so that the test carries the bytes. */
#include "../base/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/tls.h"

enum { ECHO_MAX = 1 << 20 };

static struct ph_clock test_clock;
static struct ph_loops *loops;
static struct ph_loop *loop;
static struct ph_conn *conn;
static struct ph_certificates *certificates;
static char folder[] = "/tmp/playhouse-tls-XXXXXX", one[64], other[64];

static SSL_CTX *context;
static SSL *client;
static BIO *to_server, *from_server;
static int peer;

/* What is inside speaks RTMP by its first byte: it is heard, and answered with what `answer` holds. */
static char heard[256];
static size_t n_heard, n_answer, answered;
static uint8_t answer[ECHO_MAX];
static bool is_closed;
static enum ph_close reason;

static void go_on(void)
{
    while (answered < n_answer) {
        struct iovec pieces[3];
        size_t accepted, left = n_answer - answered, third = left / 3;
        pieces[0] = (struct iovec){answer + answered, third}; /* cut anyhow: records are made of several */
        pieces[1] = (struct iovec){answer + answered + third, third};
        pieces[2] = (struct iovec){answer + answered + 2 * third, left - 2 * third};
        if (ph_conn_write(conn, pieces, 3, &accepted) || !accepted)
            return;
        answered += accepted;
    }
}

static size_t on_read(void *user, const uint8_t *data, size_t length)
{
    (void)user;
    assert_true(n_heard + length < sizeof heard);
    memcpy(heard + n_heard, data, length);
    n_heard += length;
    go_on();
    return length;
}

static void on_writable(void *user)
{
    (void)user;
    go_on();
}

static void on_close(void *user, enum ph_close why)
{
    (void)user;
    is_closed = true;
    reason = why;
}

static int open_inside(void *user, struct ph_conn *opened)
{
    static const struct ph_conn_handler handler = {
        .on_read = on_read, .on_writable = on_writable, .on_close = on_close};
    (void)user;
    ph_conn_handle(opened, &handler, NULL);
    return 0;
}

static struct ph_protocol inner = {.name = "rtmp", .wire = PH_WIRE_RTMP, .open = open_inside}, outer;
static struct ph_protocols inside = {.rows = &inner, .n_rows = 1}, outside = {.rows = &outer, .n_rows = 1};
static struct ph_tls_door door = {.inside = &inside};

/* Certificates */

static void make_certificate(const char *path, const char *name, long days)
{
    char san[128];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    snprintf(san, sizeof san, "DNS:%s", name);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86400 + 60);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1,
                               0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_add_ext(certificate, extension, -1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(PEM_write_X509(file, certificate) && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    fclose(file);
    X509_EXTENSION_free(extension);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int load(const char *first, const char *second, int *days)
{
    char error[PH_CERTIFICATES_ERROR];
    const struct ph_certificate_files files[] = {{first, first}, {second, second}};
    int err = ph_certificates_load(certificates, files, second ? 2 : 1, days, error);
    if (err)
        assert_non_null(strstr(error, first)); /* it names the file */
    return err;
}

static int set_up_all(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(one, sizeof one, "%s/one.pem", folder);
    snprintf(other, sizeof other, "%s/other.pem", folder);
    make_certificate(one, "one.example", 100);
    make_certificate(other, "*.other.example", 3);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    unlink(one);
    unlink(other);
    return rmdir(folder);
}

/* One connection */

static int set_up(void **state)
{
    (void)state;
    int ends[2], small = 4096;
    test_clock = make_test_clock();
    struct ph_loops_options options = {.n = 1, .name = "test", .clock = &test_clock};
    struct ph_address nowhere = {.as.v4.sin_family = AF_INET};
    static const struct ph_conn_handler nobody = {.on_read = on_read, .on_close = on_close};
    int days;
    certificates = ph_certificates_create();
    if (!certificates || load(one, other, &days) || ph_loops_create(&options, &loops))
        return -1;
    assert_int_equal(days, 3); /* of the first that ends */
    loop = &loops->loop[0];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return -1;
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    peer = ends[0];
    door.certificates = certificates;
    outer = (struct ph_protocol){.name = "tls", .wire = PH_WIRE_TLS, .open = ph_tls_open, .user = &door};
    n_heard = n_answer = answered = 0;
    is_closed = false;
    if (ph_conn_create(loop, ends[1], &nowhere, &nobody, NULL, &conn))
        return -1;
    ph_detect_conn(&outside, conn);
    context = SSL_CTX_new(TLS_client_method());
    client = SSL_new(context);
    to_server = BIO_new(BIO_s_mem());
    from_server = BIO_new(BIO_s_mem());
    SSL_set_bio(client, from_server, to_server);
    SSL_set_connect_state(client);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    SSL_free(client);
    SSL_CTX_free(context);
    close(peer);
    ph_loops_stop(loops);
    ph_loops_destroy(loops);
    ph_certificates_destroy(certificates);
    return 0;
}

/* Carry what both have to say, `step` bytes at a time. True when anything moved. */
static bool carry(size_t step)
{
    uint8_t bytes[8192];
    bool moved = false;
    int n;
    while ((n = BIO_read(to_server, bytes, (int)(step < sizeof bytes ? step : sizeof bytes))) > 0) {
        assert_int_equal(send(peer, bytes, (size_t)n, MSG_NOSIGNAL), n);
        ph_loop_turn(loop, false);
        moved = true;
    }
    ph_loop_turn(loop, false);
    ssize_t got = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0)
        assert_int_equal(BIO_write(from_server, bytes, (int)got), got);
    return moved || got > 0;
}

static int greet(size_t step)
{
    int result = SSL_do_handshake(client);
    for (int i = 0; i < 100 && result != 1 && SSL_get_error(client, result) == SSL_ERROR_WANT_READ && carry(step); i++)
        result = SSL_do_handshake(client);
    carry(step);
    return result;
}

static void say(const char *words, size_t step)
{
    assert_int_equal(SSL_write(client, words, (int)strlen(words)), strlen(words));
    while (carry(step))
        continue;
}

static void a_greeting_cut_at_every_byte(void **state)
{
    for (size_t step = 1; step < 600; step = step < 20 ? step + 1 : step * 3) {
        assert_int_equal(greet(step), 1);
        assert_string_equal(SSL_get_version(client), "TLSv1.3");
        say("\x03hello", step);
        assert_int_equal(n_heard, 6);
        assert_memory_equal(heard, "\x03hello", 6);
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

/* More than the socket takes at once: records are finished with the bytes they were begun with. */
static void a_long_answer_comes_whole(void **state)
{
    (void)state;
    static uint8_t got[ECHO_MAX];
    size_t n = 0;
    for (size_t i = 0; i < sizeof answer; i++)
        answer[i] = (uint8_t)(i * 7 + i / 251);
    assert_int_equal(greet(SIZE_MAX), 1);
    n_answer = sizeof answer;
    assert_int_equal(SSL_write(client, "\x03", 1), 1);
    for (int quiet = 0; n < sizeof got && quiet < 100;) {
        bool moved = carry(SIZE_MAX);
        int more;
        while ((more = SSL_read(client, got + n, (int)(sizeof got - n))) > 0)
            n += (size_t)more;
        quiet = moved ? 0 : quiet + 1;
    }
    assert_int_equal(n, sizeof got);
    assert_memory_equal(got, answer, sizeof got);
}

static const char *shown_name(void)
{
    static char name[64];
    X509 *certificate = SSL_get1_peer_certificate(client);
    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return name;
}

static void names_choose_certificates(void **state)
{
    static const struct {
        const char *asked, *shown;
    } rows[] = {{"one.example", "one.example"},
                {"a.other.example", "*.other.example"},
                {"nobody.example", "one.example"},
                {NULL, "one.example"}};
    for (size_t i = 0; i < PH_COUNT(rows); i++) {
        if (rows[i].asked)
            SSL_set_tlsext_host_name(client, rows[i].asked);
        assert_int_equal(greet(SIZE_MAX), 1);
        assert_string_equal(shown_name(), rows[i].shown);
        tear_down(state);
        assert_int_equal(set_up(state), 0);
    }
}

static void others_may_be_shown_meanwhile(void **state)
{
    int days;
    (void)state;
    assert_int_equal(SSL_do_handshake(client), -1);
    carry(SIZE_MAX); /* the greeting has begun with the old ones */
    assert_int_equal(load(other, NULL, &days), 0);
    assert_int_equal(greet(SIZE_MAX), 1);
    assert_string_equal(shown_name(), "one.example");
    say("\x03still here", 5);
    assert_int_equal(n_heard, 11);
    assert_int_equal(load("/dev/null", NULL, &days), -EINVAL);
    assert_int_equal(load("/nowhere/at/all.pem", NULL, &days), -EINVAL);
    struct ph_certificate_set *set;
    SSL *ssl = ph_certificates_take(certificates, &set); /* the last good ones */
    assert_non_null(ssl);
    SSL_free(ssl);
    ph_certificates_drop(set);
}

static void what_is_weak_is_refused(void **state)
{
    SSL_set_security_level(client, 0);
    SSL_set_min_proto_version(client, TLS1_VERSION);
    SSL_set_max_proto_version(client, TLS1_1_VERSION);
    assert_int_not_equal(greet(SIZE_MAX), 1);
    assert_true(is_closed || n_heard == 0);
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    SSL_set_max_proto_version(client, TLS1_2_VERSION);
    assert_int_equal(SSL_set_cipher_list(client, "ECDHE-ECDSA-AES128-SHA256:AES128-SHA"), 1);
    assert_int_not_equal(greet(SIZE_MAX), 1);
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    SSL_set_max_proto_version(client, TLS1_2_VERSION);
    assert_int_equal(greet(SIZE_MAX), 1);
    assert_string_equal(SSL_get_version(client), "TLSv1.2");
}

static void both_ends_say_goodbye(void **state)
{
    char byte;
    assert_int_equal(greet(SIZE_MAX), 1);
    say("\x03", SIZE_MAX);
    SSL_shutdown(client);
    while (carry(SIZE_MAX))
        continue;
    assert_true(is_closed);
    assert_int_equal(reason, PH_CLOSE_PEER);
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    n_answer = 5;
    assert_int_equal(greet(SIZE_MAX), 1);
    say("\x03", SIZE_MAX);
    ph_conn_close(conn, PH_CLOSE_DONE);
    while (carry(SIZE_MAX))
        continue;
    for (int i = 0; i < 5; i++)
        assert_int_equal(SSL_read(client, &byte, 1), 1);
    assert_int_equal(SSL_get_error(client, SSL_read(client, &byte, 1)), SSL_ERROR_ZERO_RETURN);
}

/* Garbage behind a good beginning, and a client that stops in the middle. */
static void half_a_greeting_ends(void **state)
{
    static const uint8_t garbage[] = "\x16\x03\x01\x00\x20garbage garbage garbage garbage";
    assert_int_equal(send(peer, garbage, sizeof garbage, MSG_NOSIGNAL), sizeof garbage);
    for (int i = 0; i < 5; i++)
        ph_loop_turn(loop, false);
    assert_int_equal(n_heard, 0);
    assert_int_equal(loop->n_conns <= 1, 1);
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    assert_int_equal(SSL_do_handshake(client), -1);
    carry(100);
    test_now_us += PH_LIMIT_FIRST_BYTE_MS * UINT64_C(1000);
    for (int i = 0; i < 5; i++)
        ph_loop_turn(loop, false);
    uint8_t bytes[4096];
    ssize_t got;
    while ((got = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        continue;
    assert_int_equal(got, 0); /* it has ended, not only paused */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_greeting_cut_at_every_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_answer_comes_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_choose_certificates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_may_be_shown_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_weak_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both_ends_say_goodbye, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_greeting_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("tls", tests, set_up_all, tear_down_all);
}
