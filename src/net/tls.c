/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL reads and writes through two functions of ours (a BIO) that go on to the filter below. What had been read
 * before anybody knew that it is TLS waits in the inbox and comes first.
 *
 * A record that was written in part must be finished with the same bytes: so many are promised.
 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "net/filter.h"

enum { RECORD = 16 * 1024 };

struct tls {
    struct ph_filter filter;
    SSL *ssl;
    struct ph_certificate_set *set;
    const struct ph_tls_door *door;
    struct ph_conn *conn; /* until the filter is in place */
    struct ph_buf inbox;
    size_t promised;   /* bytes of the record that could not be written whole */
    int err;           /* what the filter below said */
    const char *fault; /* what OpenSSL said; static storage */
};

/* Below */

static int read_below(BIO *bio, char *into, size_t cap, size_t *got)
{
    struct tls *tls = BIO_get_data(bio);
    size_t held = ph_buf_length(&tls->inbox);
    BIO_clear_retry_flags(bio);
    *got = held < cap ? held : cap;
    if (held) {
        memcpy(into, ph_buf_data(&tls->inbox), *got);
        ph_buf_consume(&tls->inbox, *got);
        return 1;
    }
    int err = tls->filter.below->ops->read(tls->filter.below, (uint8_t *)into, cap, got);
    if (err == -EAGAIN)
        BIO_set_retry_read(bio);
    else
        tls->err = err;
    return err == 0;
}

static int write_below(BIO *bio, const char *bytes, size_t length, size_t *written)
{
    struct tls *tls = BIO_get_data(bio);
    const struct iovec piece = {(void *)(uintptr_t)bytes, length};
    BIO_clear_retry_flags(bio);
    *written = 0;
    tls->err = tls->filter.below->ops->write(tls->filter.below, &piece, 1, written);
    if (!tls->err && *written == 0)
        BIO_set_retry_write(bio);
    return *written > 0;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is kept back; of the others we know none */
}

static BIO_METHOD *method;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "filter");
    if (!method || !BIO_meth_set_read_ex(method, read_below) || !BIO_meth_set_write_ex(method, write_below) ||
        !BIO_meth_set_ctrl(method, control))
        abort(); /* at the first connection, out of memory */
}

static BIO *make_bio(struct tls *tls)
{
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
    CRYPTO_THREAD_run_once(&once, make_method);
    BIO *bio = BIO_new(method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    return bio;
}

/* Above */

static struct tls *tls_of(struct ph_filter *filter) { return ph_container_of(filter, struct tls, filter); }

static void note_fault(struct tls *tls)
{
    long verdict = SSL_get_verify_result(tls->ssl);
    unsigned long error = ERR_peek_error();
    if (tls->fault || SSL_is_server(tls->ssl))
        return;
    if (verdict != X509_V_OK)
        tls->fault = X509_verify_cert_error_string(verdict);
    else if (error && ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER)
        tls->fault = "there is no TLS on this port";
    else
        tls->fault = error ? ERR_reason_error_string(error) : NULL;
}

static int outcome(struct tls *tls, int result)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return -ENODATA;
    default:
        note_fault(tls);
        ERR_clear_error();
        return tls->err && tls->err != -EAGAIN ? tls->err : -EPROTO;
    }
}

static int read_tls(struct ph_filter *filter, uint8_t *into, size_t cap, size_t *got)
{
    struct tls *tls = tls_of(filter);
    ERR_clear_error();
    int result = SSL_read_ex(tls->ssl, into, cap, got);
    return result == 1 ? 0 : outcome(tls, result);
}

/* The next `length` bytes of the pieces, in one piece: as they lie, or copied to `room`. */
static const void *gather(const struct iovec *iov, int n, size_t skip, size_t length, uint8_t room[RECORD])
{
    size_t have = 0;
    int i = 0;
    while (i < n && skip >= iov[i].iov_len)
        skip -= iov[i++].iov_len;
    if (i < n && iov[i].iov_len - skip >= length)
        return (const uint8_t *)iov[i].iov_base + skip;
    for (; i < n && have < length; i++, skip = 0) {
        size_t part = iov[i].iov_len - skip < length - have ? iov[i].iov_len - skip : length - have;
        memcpy(room + have, (const uint8_t *)iov[i].iov_base + skip, part);
        have += part;
    }
    return room;
}

static int write_tls(struct ph_filter *filter, const struct iovec *iov, int n, size_t *accepted)
{
    struct tls *tls = tls_of(filter);
    uint8_t room[RECORD];
    size_t total = 0, written = 0;
    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    for (*accepted = 0; *accepted < total; *accepted += written) {
        size_t left = total - *accepted, length = tls->promised ? tls->promised : left < RECORD ? left : RECORD;
        ERR_clear_error();
        int result = SSL_write_ex(tls->ssl, gather(iov, n, *accepted, length, room), length, &written);
        int err = result == 1 ? 0 : outcome(tls, result);
        bool is_begun = err == -EAGAIN && SSL_want_write(tls->ssl);
        tls->promised = is_begun ? length : 0;
        if (err)
            return err == -EAGAIN ? 0 : err;
    }
    return 0;
}

static size_t promised(const struct ph_filter *filter)
{
    return ph_container_of(filter, const struct tls, filter)->promised;
}

static bool pending(const struct ph_filter *filter)
{
    const struct tls *tls = ph_container_of(filter, const struct tls, filter);
    return ph_buf_length(&tls->inbox) || SSL_pending(tls->ssl) > 0;
}

static unsigned wants(const struct ph_filter *filter)
{
    const struct tls *tls = ph_container_of(filter, const struct tls, filter);
    bool is_asking = !SSL_is_init_finished(tls->ssl) && !SSL_is_server(tls->ssl) && SSL_want_read(tls->ssl);
    return (!tls->promised && SSL_want_write(tls->ssl) ? PH_WANT_WRITE : 0) | (is_asking ? PH_WANT_SILENCE : 0);
}

static const char *fault(const struct ph_filter *filter)
{
    return ph_container_of(filter, const struct tls, filter)->fault;
}

static void shutdown_tls(struct ph_filter *filter)
{
    struct tls *tls = tls_of(filter);
    if (SSL_is_init_finished(tls->ssl) && !tls->promised)
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

static void free_tls(struct tls *tls)
{
    SSL_free(tls->ssl); /* and its BIO */
    ph_certificates_drop(tls->set);
    ph_buf_finish(&tls->inbox);
    free(tls);
}

static void destroy(struct ph_filter *filter) { free_tls(tls_of(filter)); }

/* The server's beginning: the first bytes go into the inbox, then the filter goes into place. */

static const struct ph_filter_ops ops = {.name = "tls",
                                         .read = read_tls,
                                         .write = write_tls,
                                         .promised = promised,
                                         .pending = pending,
                                         .wants = wants,
                                         .fault = fault,
                                         .shutdown = shutdown_tls,
                                         .destroy = destroy};

static size_t take_first(void *user, const uint8_t *data, size_t length)
{
    struct tls *tls = user;
    struct ph_conn *conn = tls->conn;
    const struct ph_protocols *inside = tls->door->inside;
    if (ph_buf_append(&tls->inbox, data, length)) {
        ph_conn_close(conn, PH_CLOSE_MEMORY);
        return length;
    }
    tls->conn = NULL;
    ph_conn_push_filter(conn, &tls->filter);
    ph_detect_conn((void *)(uintptr_t)inside, conn);
    return length;
}

static void gone(void *user, enum ph_close reason)
{
    (void)reason;
    free_tls(user);
}

int ph_tls_open(void *user, struct ph_conn *conn)
{
    static const struct ph_conn_handler handler = {.on_read = take_first, .on_close = gone};
    const struct ph_tls_door *door = user;
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    tls->filter.ops = &ops;
    tls->door = door;
    tls->conn = conn;
    ph_buf_init(&tls->inbox, PH_LIMIT_READ_BYTES);
    tls->ssl = ph_certificates_take(door->certificates, &tls->set);
    BIO *bio = tls->ssl ? make_bio(tls) : NULL;
    if (!bio) {
        free_tls(tls);
        return -ENOMEM;
    }
    SSL_set_bio(tls->ssl, bio, bio);
    ph_conn_handle(conn, &handler, tls);
    return 0;
}

/* The client's beginning: there is nothing to wait for */

struct ph_tls_trust {
    SSL_CTX *context;
};

int ph_tls_trust_create(const char *authorities, struct ph_tls_trust **created)
{
    struct ph_tls_trust *trust = calloc(1, sizeof *trust);
    if (!trust)
        return -ENOMEM;
    trust->context = SSL_CTX_new(TLS_client_method());
    bool made = trust->context && SSL_CTX_set_min_proto_version(trust->context, TLS1_2_VERSION) == 1 &&
                SSL_CTX_set_default_verify_paths(trust->context) == 1;
    bool read = made && (!authorities[0] || SSL_CTX_load_verify_locations(trust->context, authorities, NULL) == 1);
    ERR_clear_error();
    if (!read) {
        ph_tls_trust_destroy(trust);
        return made ? -EINVAL : -ENOMEM;
    }
    SSL_CTX_set_verify(trust->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(trust->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *created = trust;
    return 0;
}

void ph_tls_trust_destroy(struct ph_tls_trust *trust)
{
    if (!trust)
        return;
    SSL_CTX_free(trust->context);
    free(trust);
}

/* A number is looked for among the addresses of a certificate, and is not announced. */
static bool expect(SSL *ssl, const char *host)
{
    struct in6_addr number;
    if (inet_pton(AF_INET, host, &number) == 1 || inet_pton(AF_INET6, host, &number) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

int ph_tls_dial(struct ph_tls_trust *trust, struct ph_conn *conn, const char *host)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    tls->filter.ops = &ops;
    ph_buf_init(&tls->inbox, PH_LIMIT_READ_BYTES);
    tls->ssl = SSL_new(trust->context);
    BIO *bio = tls->ssl ? make_bio(tls) : NULL;
    if (!bio || !expect(tls->ssl, host)) {
        BIO_free(bio);
        free_tls(tls);
        return -ENOMEM;
    }
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_connect_state(tls->ssl);
    ph_conn_push_filter(conn, &tls->filter);
    return 0;
}
