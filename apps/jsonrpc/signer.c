/* SPDX-License-Identifier: MIT */
#include "apps/jsonrpc/signer.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum { SECRET_MIN = 24, DIGEST = 32, DIGEST_TEXT = 44 };

/* EVP's decoder takes whole groups and counts the padding as bytes. */
static int decode(const char *text, size_t length, uint8_t *bytes, size_t cap)
{
    uint8_t all[(PH_RPC_SECRET_BYTES + 2) / 3 * 3 + 3];
    size_t padding = length && text[length - 1] == '=' ? 1 + (length > 1 && text[length - 2] == '=') : 0;
    if (length == 0 || length % 4 || length / 4 * 3 > sizeof all)
        return -1;
    int n = EVP_DecodeBlock(all, (const unsigned char *)text, (int)length);
    if (n < 0 || (size_t)n - padding > cap)
        return -1;
    memcpy(bytes, all, (size_t)n - padding);
    return n - (int)padding;
}

static const char *add(struct ph_rpc_signer *signer, const char *secret, size_t length)
{
    static const char prefix[] = "whsec_";
    size_t cut = sizeof prefix - 1;
    if (signer->n == PH_RPC_SECRETS)
        return "there are at most 4 secrets; remove the oldest";
    if (length < cut || memcmp(secret, prefix, cut) != 0)
        return "a secret begins with whsec_";
    int n = decode(secret + cut, length - cut, signer->secret[signer->n].bytes, PH_RPC_SECRET_BYTES);
    if (n < SECRET_MIN)
        return "behind whsec_ stand 24 to 64 bytes in base64; make one by: echo whsec_$(openssl rand -base64 32)";
    signer->secret[signer->n++].length = (size_t)n;
    return NULL;
}

const char *ph_rpc_signer_add(struct ph_rpc_signer *signer, const char *secrets)
{
    const char *why = NULL;
    for (size_t length; !why && *(secrets += strspn(secrets, " ,")); secrets += length) {
        length = strcspn(secrets, " ,");
        why = add(signer, secrets, length);
    }
    return why;
}

/* Without memory the digest is nobody's: the receiver refuses it. */
static void digest(const void *key, size_t key_length, const char *head, const char *body, size_t length,
                   uint8_t out[DIGEST])
{
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", (char[]){"SHA256"}, 0),
                               OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
    memset(out, 0, DIGEST);
    if (context && EVP_MAC_init(context, key, key_length, parameters)) {
        (void)EVP_MAC_update(context, (const unsigned char *)head, strlen(head));
        (void)EVP_MAC_update(context, (const unsigned char *)body, length);
        (void)EVP_MAC_final(context, out, NULL, DIGEST);
    }
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

void ph_rpc_sign(const struct ph_rpc_signer *signer, const char *id, uint64_t seconds, const char *body, size_t length,
                 char out[PH_RPC_SIGNATURE])
{
    char head[160];
    size_t at = 0;
    snprintf(head, sizeof head, "%s.%llu.", id, (unsigned long long)seconds);
    out[0] = '\0';
    for (size_t i = 0; i < signer->n; i++) {
        uint8_t bytes[DIGEST];
        digest(signer->secret[i].bytes, signer->secret[i].length, head, body, length, bytes);
        memcpy(out + at, i ? " v1," : "v1,", i ? 4 : 3);
        at += i ? 4 : 3;
        EVP_EncodeBlock((unsigned char *)out + at, bytes, DIGEST);
        at += DIGEST_TEXT;
    }
}
