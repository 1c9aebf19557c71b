/* SPDX-License-Identifier: MIT */
/* playhouse cert: a certificate that vouches for itself, for trying TLS. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/tool.h"

enum { DAYS = 365, NAMES_TEXT = 2048 };

struct wish {
    const char *folder;
    char **names; /* `n` of them; none: localhost */
    int n;
};

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "playhouse cert: %s: %s\n", what, why);
    return 1;
}

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* A name ends up in the text of an extension, where commas and colons mean something. */
static bool is_good(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-*";
    size_t length = strlen(name);
    return is_address(name) || (length > 0 && length < 64 && strspn(name, allowed) == length);
}

/* "DNS:game.example,IP:10.0.0.7" */
static bool write_names(const struct wish *wish, char names[NAMES_TEXT])
{
    static const char plain[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    struct ph_text text;
    ph_text_init(&text, names, NAMES_TEXT);
    for (int i = 0; i < wish->n; i++)
        ph_text_add(&text, "%s%s:%s", i ? "," : "", is_address(wish->names[i]) ? "IP" : "DNS", wish->names[i]);
    if (!wish->n)
        ph_text_add(&text, "%s", plain);
    return !text.cut;
}

static bool extend(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    bool is_good = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return is_good;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const struct wish *wish)
{
    char names[NAMES_TEXT];
    const char *first = wish->n ? wish->names[0] : "localhost";
    X509_NAME *subject = X509_get_subject_name(certificate);
    BIGNUM *number = BN_new();
    bool is_good = number && BN_rand(number, 127, 0, 0) &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_good && write_names(wish, names) && X509_set_version(certificate, 2) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), DAYS, 0, NULL) && X509_set_pubkey(certificate, key) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)first, -1, -1, 0) &&
           X509_set_issuer_name(certificate, subject) && extend(certificate, NID_subject_alt_name, names) &&
           extend(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* Never over a file that is there. */
static FILE *create(const char *path, mode_t mode)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!file && descriptor >= 0)
        close(descriptor);
    return file;
}

static int write_files(const struct wish *wish, X509 *certificate, EVP_PKEY *key)
{
    char paths[2][PATH_MAX];
    static const char *const names[] = {"playhouse.crt", "playhouse.key"};
    for (int i = 0; i < 2; i++) {
        struct ph_text text;
        ph_text_init(&text, paths[i], PATH_MAX);
        ph_text_add(&text, "%s/%s", wish->folder, names[i]);
        FILE *file = create(paths[i], i ? 0600 : 0644);
        if (!file)
            return complain(paths[i], errno == EEXIST
                                          ? "this file is there already; remove it, or use another folder with -o"
                                          : strerror(errno));
        bool is_written = i ? PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
                            : PEM_write_X509(file, certificate);
        if (fclose(file) || !is_written)
            return complain(paths[i], "it cannot be written");
    }
    printf("tls {\n    certificate = \"%s\"\n    key = \"%s\"\n}\n", paths[0], paths[1]);
    fprintf(stderr,
            "These lines belong into the configuration. The certificate vouches for itself: clients that check it "
            "must be told to trust it. It is good for %d days.\n",
            DAYS);
    return 0;
}

static int read_arguments(int argc, char **argv, struct wish *wish)
{
    *wish = (struct wish){.folder = "."};
    if (argc > 0 && strcmp(argv[0], "-o") == 0) {
        if (argc < 2)
            return complain("-o", "name a folder");
        wish->folder = argv[1];
        argc -= 2;
        argv += 2;
    }
    wish->names = argv;
    wish->n = argc;
    for (int i = 0; i < argc; i++)
        if (!is_good(argv[i]))
            return complain(argv[i], "this is neither the name of a host nor an address");
    return 0;
}

int cli_cert(int argc, char **argv)
{
    struct wish wish;
    if (read_arguments(argc, argv, &wish))
        return 1;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    int status = key && certificate && fill(certificate, key, &wish)
                     ? write_files(&wish, certificate, key)
                     : complain("OpenSSL", "it makes no certificate of this");
    X509_free(certificate);
    EVP_PKEY_free(key);
    return status;
}
