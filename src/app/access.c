/* SPDX-License-Identifier: MIT */
#include "app/access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

bool ph_key_proves(const void *shown, const char *key, size_t length)
{
    const struct ph_shown_key *it = shown;
    return ph_secret_equal(it->text, it->length, key, length);
}

void ph_access_init(struct ph_access *access, enum ph_access_mode publish)
{
    *access = (struct ph_access){.lock = PTHREAD_RWLOCK_INITIALIZER, .publish = publish};
}

static void forget(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void ph_access_finish(struct ph_access *access)
{
    forget(access->server_key);
    for (size_t i = 0; i < access->n_keys; i++) {
        free(access->keys[i].name);
        forget(access->keys[i].secret);
    }
    free(access->keys);
    pthread_rwlock_destroy(&access->lock);
    *access = (struct ph_access){.lock = PTHREAD_RWLOCK_INITIALIZER, .publish = access->publish};
}

static int replace(char **secret, const char *by)
{
    char *copy = strdup(by);
    if (!copy)
        return -ENOMEM;
    forget(*secret);
    *secret = copy;
    return 0;
}

int ph_access_set_server_key(struct ph_access *access, const char *secret)
{
    return replace(&access->server_key, secret);
}

int ph_access_set_key(struct ph_access *access, const char *name, const char *secret)
{
    for (size_t i = 0; i < access->n_keys; i++)
        if (strcmp(access->keys[i].name, name) == 0)
            return replace(&access->keys[i].secret, secret);
    if (access->n_keys == PH_ACCESS_KEYS_MAX)
        return -ENOSPC;
    struct ph_access_key *keys = realloc(access->keys, (access->n_keys + 1) * sizeof *keys);
    if (!keys)
        return -ENOMEM;
    access->keys = keys;
    struct ph_access_key key = {.name = strdup(name), .secret = strdup(secret)};
    if (!key.name || !key.secret) {
        free(key.name);
        forget(key.secret);
        return -ENOMEM;
    }
    keys[access->n_keys++] = key;
    return 0;
}

/* "live/cam" is meant by "live/cam" and by "cam". */
static bool is_meant(const char *name, const char *path)
{
    const char *slash = strchr(path, '/');
    return strcmp(name, path) == 0 || (slash && strcmp(name, slash + 1) == 0);
}

static bool is_proved(const struct ph_credentials *credentials, const char *key)
{
    return credentials->proves(credentials->shown, key, strlen(key));
}

/* `path` NULL stands for every stream. */
static enum ph_access_verdict judge_locked(const struct ph_access *access, const char *path,
                                           const struct ph_credentials *credentials)
{
    if (access->publish == PH_ACCESS_OPEN)
        return PH_ACCESS_GRANTED;
    if (!credentials->proves)
        return PH_ACCESS_NO_KEY;
    bool granted = access->server_key && is_proved(credentials, access->server_key);
    for (size_t i = 0; i < access->n_keys; i++)
        granted |= (int)is_proved(credentials, access->keys[i].secret) &
                   (int)(!path || is_meant(access->keys[i].name, path));
    return granted ? PH_ACCESS_GRANTED : PH_ACCESS_WRONG_KEY;
}

static enum ph_access_verdict judge(struct ph_access *access, const char *path,
                                    const struct ph_credentials *credentials)
{
    pthread_rwlock_rdlock(&access->lock);
    enum ph_access_verdict verdict = judge_locked(access, path, credentials);
    pthread_rwlock_unlock(&access->lock);
    return verdict;
}

void ph_access_exchange(struct ph_access *access, struct ph_access *other)
{
    struct ph_access theirs = *other;
    pthread_rwlock_wrlock(&access->lock);
    other->publish = access->publish;
    other->server_key = access->server_key;
    other->keys = access->keys;
    other->n_keys = access->n_keys;
    access->publish = theirs.publish;
    access->server_key = theirs.server_key;
    access->keys = theirs.keys;
    access->n_keys = theirs.n_keys;
    pthread_rwlock_unlock(&access->lock);
}

bool ph_access_is_open(struct ph_access *access)
{
    pthread_rwlock_rdlock(&access->lock);
    bool is_open = access->publish == PH_ACCESS_OPEN;
    pthread_rwlock_unlock(&access->lock);
    return is_open;
}

enum ph_access_verdict ph_access_publish(struct ph_access *access, const char *path,
                                         const struct ph_credentials *credentials)
{
    return judge(access, path, credentials);
}

enum ph_access_verdict ph_access_login(struct ph_access *access, const struct ph_credentials *credentials)
{
    return judge(access, NULL, credentials);
}
