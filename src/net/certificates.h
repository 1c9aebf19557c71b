/* SPDX-License-Identifier: MIT */
/**
 * @file  The certificates that TLS shows: read from files, chosen by the name that a client asks for, exchanged while
 * connections go on.
 *
 * TLS 1.2 and 1.3 with authenticated encryption only, no renegotiation, no compression. The first certificate is shown
 * where none fits the name.
 *
 * Owner   main, for the life of the server. A set is counted: connections that began with it keep it.
 * Thread  Load: any, one at a time. Take and drop: any.
 */
#ifndef PH_NET_CERTIFICATES_H
#define PH_NET_CERTIFICATES_H

#include <openssl/ssl.h>
#include <stddef.h>

#include "base/attr.h"

enum { PH_CERTIFICATES_MAX = 16, PH_CERTIFICATES_ERROR = 512 };

struct ph_certificate_set;
struct ph_certificates;

/** Where one lies: PEM, the certificate with those that vouch for it behind it. */
struct ph_certificate_files {
    const char *certificate;
    const char *key; /**< may be the same file */
};

/** Empty. NULL: out of memory. */
struct ph_certificates *ph_certificates_create(void);
void ph_certificates_destroy(struct ph_certificates *certificates); /**< NULL is fine */

/**
 * Read the files and show them from now on; on failure what was shown before stays.
 *
 * days   out: until the first of them expires; negative: it has
 * error  out on failure: which file, what is wrong, what to do; PH_CERTIFICATES_ERROR bytes
 *
 * Returns 0; -EINVAL; -ENOMEM.
 */
PH_MUST_USE int ph_certificates_load(struct ph_certificates *certificates, const struct ph_certificate_files *files,
                                     size_t n, int *days, char *error);

/** The present set, with a reference, and a connection that shows it as a server; NULL: out of memory, or empty. */
SSL *ph_certificates_take(struct ph_certificates *certificates, struct ph_certificate_set **set);
void ph_certificates_drop(struct ph_certificate_set *set); /**< NULL is fine */

#endif
