/* SPDX-License-Identifier: MIT */
/**
 * @file  Access: the one place that decides who may publish. Every door asks here.
 *
 * A stream opens to the server's key, and to its own if it has one. What a client shows differs from door to door: a
 * key in a query, or a response to a challenge; so the door brings the proof, and this file the keys to try it on.
 * All keys are tried whatever the outcome: time tells nothing. No key is ever written to a log.
 *
 * Owner   The caller; keys are copied.
 * Thread  Filled on one thread; then asked, and exchanged for another, on any.
 * Limits  PH_ACCESS_KEYS_MAX keys of streams.
 * Since   0.1
 */
#ifndef PH_APP_ACCESS_H
#define PH_APP_ACCESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum { PH_ACCESS_KEYS_MAX = 4096 };

enum ph_access_mode {
    PH_ACCESS_KEY,  /**< a key is needed */
    PH_ACCESS_OPEN, /**< everybody may publish */
};

struct ph_access_key {
    char *name; /**< "cam" of any application, or the whole path "live/cam" */
    char *secret;
};

struct ph_access {
    pthread_rwlock_t lock; /**< of what follows, against ph_access_exchange() */
    enum ph_access_mode publish;
    char *server_key; /**< NULL before it is set */
    struct ph_access_key *keys;
    size_t n_keys;
};

/** Does what the client showed prove that it knows this key? Must compare in constant time. */
typedef bool (*ph_proof_fn)(const void *shown, const char *key, size_t length);

/** What a client shows. */
struct ph_credentials {
    ph_proof_fn proves; /**< NULL: nothing was shown */
    const void *shown;
};

/** A key as it is; the `shown` of ph_key_proves. */
struct ph_shown_key {
    const char *text;
    size_t length;
};

bool ph_key_proves(const void *shown, const char *key, size_t length);

enum ph_access_verdict {
    PH_ACCESS_GRANTED,
    PH_ACCESS_NO_KEY,    /**< nothing was shown */
    PH_ACCESS_WRONG_KEY, /**< it opens another stream, or none */
};

void ph_access_init(struct ph_access *access, enum ph_access_mode publish);

/** Overwrites and frees the keys. */
void ph_access_finish(struct ph_access *access);

/** Set the server's key. Returns 0; -ENOMEM. */
PH_MUST_USE int ph_access_set_server_key(struct ph_access *access, const char *secret);

/** Add or replace the key of a stream. Returns 0; -ENOSPC; -ENOMEM. */
PH_MUST_USE int ph_access_set_key(struct ph_access *access, const char *name, const char *secret);

/** Let the two change their modes and keys; `access` may be asked meanwhile, `other` may not. */
void ph_access_exchange(struct ph_access *access, struct ph_access *other);

/** May everybody publish? */
bool ph_access_is_open(struct ph_access *access);

/** May the client publish the stream `path` ("live/cam")? */
enum ph_access_verdict ph_access_publish(struct ph_access *access, const char *path,
                                         const struct ph_credentials *credentials);

/** Before the stream is known: do the credentials open any? */
enum ph_access_verdict ph_access_login(struct ph_access *access, const struct ph_credentials *credentials);

#endif
