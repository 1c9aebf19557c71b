/* SPDX-License-Identifier: MIT */
/**
 * @file  Auth: user and password as encoders send them ("authmod=adobe"), for either role.
 *
 * A conversation over three connections. The server rejects the first with RTMP_AUTH_NEED_USER; the client comes back
 * with a user name; the server rejects it again with a challenge; the client comes back with a response. Better than
 * nothing, and all that encoders know: MD5, no protection of the media. Prefer TLS and a publish key.
 *
 * Source  No public one but docs/wire.md 5.2.
 * Owner   Everything is lent; nothing is allocated.
 * Thread  Stateless: any thread.
 * Since   0.1
 */
#ifndef RTMPWIRE_AUTH_H
#define RTMPWIRE_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include <rtmpwire/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The description of the first rejection. */
#define RTMP_AUTH_NEED_USER "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "
/** The descriptions that end the conversation. */
#define RTMP_AUTH_FAILED       "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed"
#define RTMP_AUTH_NO_SUCH_USER "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=nosuchuser"

enum { RTMP_AUTH_RESPONSE_SIZE = 24 }; /**< characters of a response; it is not terminated */

/** A piece of text, lent and not terminated; `text` is NULL where nothing was said. */
struct rtmp_auth_text {
    const char *text;
    size_t length;
};

/** What one side said, taken from a query. */
struct rtmp_auth {
    struct rtmp_auth_text authmod;
    struct rtmp_auth_text user;
    struct rtmp_auth_text salt;      /**< server only */
    struct rtmp_auth_text challenge; /**< of the side that speaks */
    struct rtmp_auth_text opaque;    /**< made by the server, repeated by the client */
    struct rtmp_auth_text response;  /**< client only */
    struct rtmp_auth_text reason;    /**< server only */
};

/**
 * Find the fields behind the first '?' of `app` or `tcUrl` (server) or of a rejection's description (client).
 * Unknown ones are passed over, of repeated ones the first counts; nothing is decoded.
 */
RTMP_API void rtmp_auth_parse(const char *text, size_t length, struct rtmp_auth *auth);

/** What the description of a rejected connect asks of a client. */
enum rtmp_auth_step {
    RTMP_AUTH_STEP_NONE,    /**< it is not about this kind of authentication */
    RTMP_AUTH_STEP_USER,    /**< come back with a user name */
    RTMP_AUTH_STEP_RESPOND, /**< come back with a response: rtmp_auth_parse() has salt, challenge and opaque */
    RTMP_AUTH_STEP_FAILED,  /**< wrong user or password */
};

RTMP_API enum rtmp_auth_step rtmp_auth_step_of(const char *description, size_t length);

/**
 * Server: the description that carries a challenge.
 *
 * said     lent: user, salt, challenge and opaque are written; none may hold '&', '?' or control characters
 * written  out: characters; a terminating zero follows them in `out`
 *
 * Returns 0; RTMP_E_RANGE a field cannot be written; RTMP_E_SPACE.
 */
RTMP_API RTMP_MUST_USE int rtmp_auth_write_challenge(const struct rtmp_auth *said, char *out, size_t cap,
                                                     size_t *written);

/**
 * Client: the query to append to app and tcUrl, beginning with '?'. With only `user` set, that of the second connect;
 * with challenge, response and perhaps opaque too, that of the third. Otherwise as rtmp_auth_write_challenge().
 */
RTMP_API RTMP_MUST_USE int rtmp_auth_write_query(const struct rtmp_auth *said, char *out, size_t cap, size_t *written);

/**
 * The response to a challenge.
 *
 * server            lent: what the server said: user, salt, challenge, opaque
 * client_challenge  lent: chosen by the client
 */
RTMP_API void rtmp_auth_response(const struct rtmp_auth *server, struct rtmp_auth_text client_challenge,
                                 struct rtmp_auth_text password, char out[RTMP_AUTH_RESPONSE_SIZE]);

/**
 * Server: whether `client` (its third query) proves that it knows the password.
 *
 * issued  lent: user, salt, challenge and opaque of the second rejection. They must be the server's own, unused until
 *         now, never taken from the client.
 */
RTMP_API bool rtmp_auth_verify(const struct rtmp_auth *issued, const struct rtmp_auth *client,
                               struct rtmp_auth_text password);

/** Compare in a time that depends on the lengths only. */
RTMP_API bool rtmp_secret_equal(const void *a, size_t a_length, const void *b, size_t b_length);

#ifdef __cplusplus
}
#endif
#endif
