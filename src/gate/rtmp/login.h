/* SPDX-License-Identifier: MIT */
/**
 * @file  Login: user and password as encoders send them ("authmod=adobe"), and when to ask for them.
 *
 * An encoder with login fields says nothing of them until a connect was refused for want of them; one without them
 * gives up at that refusal, even if its stream name carries a key. Both look the same at connect. The desk therefore
 * remembers, by a fingerprint of address, URL and encoder, who tried to publish without a key, and asks those; the
 * reasons are in docs/decisions/0005-login.md.
 *
 * Thread  Any: one lock, taken at connect and publish only.
 * Limits  1024 fingerprints, 256 challenges, 1024 sources; the oldest makes room.
 */
#ifndef PH_GATE_RTMP_LOGIN_H
#define PH_GATE_RTMP_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include <rtmpwire/auth.h>
#include <rtmpwire/text.h>

#include "app/access.h"
#include "base/attr.h"
#include "net/address.h"

struct login_desk;
struct shown_login; /* one response to one challenge */

enum { LOGIN_CHALLENGE = 512, LOGIN_USER_MAX = 128 };

PH_MUST_USE int login_desk_create(struct login_desk **desk);
void login_desk_destroy(struct login_desk *desk); /* NULL is fine */

/* The same for the same encoder: who asks, where, under which name; queries are left out. */
uint64_t login_fingerprint(const struct login_desk *desk, const struct ph_address *peer, struct rtmp_text app,
                           struct rtmp_text tc_url, struct rtmp_text flash_ver);

/* It published without a key, or logged in: ask it at its next connect. */
void login_expect(struct login_desk *desk, uint64_t fingerprint, uint64_t now_us, bool logged_in);

/* It showed a key: do not ask. */
void login_forget(struct login_desk *desk, uint64_t fingerprint);

/* Is it to be asked now? Each expectation counts once. */
bool login_is_expected(struct login_desk *desk, uint64_t fingerprint, uint64_t now_us);

/* Write the refusal that carries a new challenge. Returns 0; -EINVAL the user's name cannot be used; or the kernel's
 * error when it gives no random bytes. */
PH_MUST_USE int login_challenge(struct login_desk *desk, const struct rtmp_auth *asked, uint64_t now_us,
                                char out[LOGIN_CHALLENGE]);

/* The response in `said`, with the challenge it answers, which is used up. Returns 0; -ENOENT there is no such
 * challenge; -ENOMEM. */
PH_MUST_USE int login_take(struct login_desk *desk, const struct rtmp_auth *said, uint64_t now_us,
                           struct shown_login **shown);
void login_free(struct shown_login *shown); /* NULL is fine */

/* A ph_proof_fn; `shown` is a struct shown_login. */
bool login_proves(const void *shown, const char *key, size_t length);

/* A wrong key came from this source: true when that is one too many for a minute. */
bool login_is_guessing(struct login_desk *desk, const struct ph_address *peer, uint64_t now_us);

#endif
