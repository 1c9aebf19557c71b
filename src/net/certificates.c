/* SPDX-License-Identifier: MIT */
#include "net/certificates.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/ref.h"
#include "base/text.h"

struct ph_certificate_set {
    struct ph_ref ref;
    SSL_CTX *context[PH_CERTIFICATES_MAX]; /* `n` of them; connections begin with the first */
    size_t n;
};

struct ph_certificates {
    pthread_mutex_t lock;
    struct ph_certificate_set *set; /* under the lock; NULL: empty */
};

void ph_certificates_drop(struct ph_certificate_set *set)
{
    if (!set || !ph_ref_drop(&set->ref))
        return;
    for (size_t i = 0; i < set->n; i++)
        SSL_CTX_free(set->context[i]);
    free(set);
}

/* Choosing */

static int choose(SSL *ssl, int *alert, void *user)
{
    const struct ph_certificate_set *set = user;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    for (size_t i = 0; name && i < set->n; i++) {
        X509 *certificate = SSL_CTX_get0_certificate(set->context[i]);
        if (X509_check_host(certificate, name, 0, 0, NULL) == 1) {
            SSL_set_SSL_CTX(ssl, set->context[i]);
            break;
        }
    }
    return SSL_TLSEXT_ERR_OK;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *in,
                           unsigned n, void *user)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl, (void)user;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)out, length, ours, sizeof ours - 1, in, n) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK; /* RTMP clients name none of ours */
}

/* Reading */

static int fail(char *error, int err, const char *file, const char *what)
{
    struct ph_text text;
    unsigned long code = ERR_peek_error();
    const char *why = code ? ERR_reason_error_string(code) : NULL;
    ph_text_init(&text, error, PH_CERTIFICATES_ERROR);
    ph_text_add(&text, "%s: %s%s%s%s", file, what, why ? " (" : "", why ? why : "", why ? ")" : "");
    ERR_clear_error();
    return err;
}

static int set_up(SSL_CTX *context)
{
    static const char suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_num_tickets(context, 0); /* librtmp with GnuTLS takes a ticket of TLS 1.3 for an error */
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) && SSL_CTX_set_cipher_list(context, suites) ? 0
                                                                                                              : -ENOMEM;
}

static int read_files(SSL_CTX *context, const struct ph_certificate_files *files, char *error)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
        return fail(error, -EINVAL, files->certificate,
                    "no certificate can be read from this file; tls.certificate wants one in PEM");
    if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1)
        return fail(error, -EINVAL, files->key,
                    "this is no key in PEM for the certificate; tls.key names them in the same order");
    return 0;
}

/* Whole days from now to the end of a certificate. */
static int days_left(const SSL_CTX *context)
{
    int days = 0, seconds = 0;
    const ASN1_TIME *end = X509_get0_notAfter(SSL_CTX_get0_certificate(context));
    if (!ASN1_TIME_diff(&days, &seconds, NULL, end))
        return 0;
    return seconds < 0 ? days - 1 : days;
}

static int add(struct ph_certificate_set *set, const struct ph_certificate_files *files, int *days, char *error)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        return fail(error, -ENOMEM, files->certificate, "out of memory");
    set->context[set->n++] = context;
    if (set_up(context))
        return fail(error, -ENOMEM, files->certificate, "out of memory");
    int err = read_files(context, files, error);
    if (err)
        return err;
    int left = days_left(context);
    *days = set->n == 1 || left < *days ? left : *days;
    SSL_CTX_set_tlsext_servername_callback(context, choose);
    SSL_CTX_set_tlsext_servername_arg(context, set);
    return 0;
}

int ph_certificates_load(struct ph_certificates *certificates, const struct ph_certificate_files *files, size_t n,
                         int *days, char *error)
{
    struct ph_certificate_set *set = calloc(1, sizeof *set);
    int err = set ? 0 : fail(error, -ENOMEM, "tls", "out of memory");
    if (!err && (n == 0 || n > PH_CERTIFICATES_MAX))
        err = fail(error, -EINVAL, "tls.certificate", "between 1 and 16 certificates, please");
    if (set)
        ph_ref_init(&set->ref);
    for (size_t i = 0; i < n && !err; i++)
        err = add(set, &files[i], days, error);
    if (err) {
        ph_certificates_drop(set);
        return err;
    }
    pthread_mutex_lock(&certificates->lock);
    struct ph_certificate_set *old = certificates->set;
    certificates->set = set;
    pthread_mutex_unlock(&certificates->lock);
    ph_certificates_drop(old);
    return 0;
}

/* Life */

struct ph_certificates *ph_certificates_create(void)
{
    struct ph_certificates *certificates = calloc(1, sizeof *certificates);
    if (certificates)
        pthread_mutex_init(&certificates->lock, NULL);
    return certificates;
}

void ph_certificates_destroy(struct ph_certificates *certificates)
{
    if (!certificates)
        return;
    ph_certificates_drop(certificates->set);
    pthread_mutex_destroy(&certificates->lock);
    free(certificates);
}

SSL *ph_certificates_take(struct ph_certificates *certificates, struct ph_certificate_set **set)
{
    pthread_mutex_lock(&certificates->lock);
    struct ph_certificate_set *now = certificates->set;
    if (now)
        ph_ref_take(&now->ref);
    pthread_mutex_unlock(&certificates->lock);
    SSL *ssl = now ? SSL_new(now->context[0]) : NULL;
    if (!ssl) {
        ph_certificates_drop(now);
        return NULL;
    }
    SSL_set_accept_state(ssl);
    *set = now;
    return ssl;
}
