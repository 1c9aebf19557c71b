/* SPDX-License-Identifier: MIT */
/**
 * @file  Signatures of requests, as receivers of webhooks know them.
 *
 * Source  Standard Webhooks 1.0 (standardwebhooks.com): webhook-id, webhook-timestamp, webhook-signature with v1,
 *         HMAC-SHA256 over "ID.TIMESTAMP.BODY" in base64, once for each secret, so that secrets can be exchanged.
 * Owner   The caller.
 * Limits  PH_RPC_SECRETS secrets of 24 to 64 bytes.
 */
#ifndef APPS_JSONRPC_SIGNER_H
#define APPS_JSONRPC_SIGNER_H

#include <stddef.h>
#include <stdint.h>

enum { PH_RPC_SECRETS = 4, PH_RPC_SECRET_BYTES = 64, PH_RPC_SIGNATURE = PH_RPC_SECRETS * 48 };

struct ph_rpc_signer {
    struct {
        uint8_t bytes[PH_RPC_SECRET_BYTES];
        size_t length;
    } secret[PH_RPC_SECRETS];
    size_t n; /**< 0: nothing is signed */
};

/** Add those of a list, "whsec_…, whsec_…", each base64 of 24 to 64 bytes. NULL: done; else a phrase that says what is
 *  wrong. */
const char *ph_rpc_signer_add(struct ph_rpc_signer *signer, const char *secrets);

/** What the header webhook-signature says. */
void ph_rpc_sign(const struct ph_rpc_signer *signer, const char *id, uint64_t seconds, const char *body, size_t length,
                 char out[PH_RPC_SIGNATURE]);

#endif
