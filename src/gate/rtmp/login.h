/* SPDX-License-Identifier: MIT */
/**
 * @file  Login: user and password as encoders send them ("authmod=adobe").
 *
 * A conversation over three connections: refused for want of a user, refused with a challenge, then the response. The
 * desk keeps the challenges between them, for connections that may be on different workers, and counts wrong keys.
 * When the conversation is begun is decided in connect.c; why so, in docs/decisions/0005-login.md.
 *
 * Thread  Any: one lock, taken at connect and at refusals only.
 * Limits  256 challenges, 1024 sources; the oldest makes room.
 */
#ifndef PH_GATE_RTMP_LOGIN_H
#define PH_GATE_RTMP_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include <rtmpwire/auth.h>

#include "app/access.h"
#include "base/attr.h"
#include "net/address.h"

struct login_desk;
struct shown_login; /* one response to one challenge */

enum { LOGIN_CHALLENGE = 512, LOGIN_USER_MAX = 128 };

PH_MUST_USE int login_desk_create(struct login_desk **desk);
void login_desk_destroy(struct login_desk *desk); /* NULL is fine */

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
