/* SPDX-License-Identifier: MIT */
#include "ops/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "ops/settings.h"

static int choose(const char *directory, struct ph_text *path)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (directory && directory[0])
        ph_text_add(path, "%s", directory);
    else if (state && state[0])
        ph_text_add(path, "%s/playhouse", state);
    else if (home && home[0])
        ph_text_add(path, "%s/.local/state/playhouse", home);
    else
        return -ENOENT;
    return path->cut ? -ENAMETOOLONG : 0;
}

/* Make the directory and those above it; `path` is changed meanwhile. */
static int make_all(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int rc = mkdir(path, 0777);
        int err = rc && errno != EEXIST ? -errno : 0;
        *slash = '/';
        if (err)
            return err;
    }
    return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

/* What the file holds; a new one when there is no file. `text` has room for PH_SECRET_MAX and a NUL. */
static int get_secret(const char *file, size_t length, char *text, bool *is_new)
{
    int err = ph_secret_read(file, text, PH_SECRET_MAX + 1);
    if (err != -ENOENT)
        return err;
    err = ph_secret_make(text, length);
    if (!err)
        err = ph_secret_write(file, text);
    *is_new = !err;
    return err;
}

static const char *remedy_of(int err)
{
    switch (err) {
    case -EPERM:
        return "it must be a file of the server's user with mode 0600";
    case -EINVAL:
    case -EMSGSIZE:
        return "it must hold one line with the key; remove it to get a new one";
    case -ENOSPC:
    case -EDQUOT:
        return "free some space, or choose another directory with --state DIR";
    default:
        return "choose a writable directory with --state DIR";
    }
}

/* What is made of another secret is kept only so that people find it. */
static int keep(const struct ph_state *state, const char *name, const char *secret, char *error)
{
    char file[PATH_MAX + 32], old[PH_SECRET_MAX + 1] = "";
    struct ph_text path, text;
    ph_text_init(&path, file, sizeof file);
    ph_text_add(&path, "%s/%s", state->directory, name);
    int err = ph_secret_read(file, old, sizeof old);
    if (err || strcmp(old, secret) != 0)
        err = ph_secret_write(file, secret);
    ph_text_init(&text, error, PH_SETTINGS_ERROR);
    if (err)
        ph_text_add(&text, "%s: %s; %s", file, strerror(-err), remedy_of(err));
    return err;
}

static int make_roles(struct ph_state *state, char *error)
{
    ph_secret_derive(state->api_token, "read", state->read_token, PH_SECRET_TOKEN_LENGTH);
    ph_secret_derive(state->api_token, "operate", state->operate_token, PH_SECRET_TOKEN_LENGTH);
    int err = keep(state, "api.read", state->read_token, error);
    return err ? err : keep(state, "api.operate", state->operate_token, error);
}

int ph_state_open(const char *directory, struct ph_state *state, char *error)
{
    struct ph_text path, text;
    *state = (struct ph_state){0};
    ph_text_init(&path, state->directory, sizeof state->directory);
    ph_text_init(&text, error, PH_SETTINGS_ERROR);
    int err = choose(directory, &path);
    if (err) {
        ph_text_add(&text, "state directory: there is no usable place for it; choose one with --state DIR");
        return err;
    }
    char file[PATH_MAX + 16];
    bool is_new_token;
    struct ph_text name;
    ph_text_init(&name, file, sizeof file);
    ph_text_add(&name, "%s", state->directory);
    err = make_all(state->directory);
    if (!err) {
        ph_text_add(&name, "/publish.key");
        err = get_secret(file, PH_SECRET_KEY_LENGTH, state->publish_key, &state->is_new_key);
    }
    if (!err) {
        ph_text_init(&name, file, sizeof file);
        ph_text_add(&name, "%s/api.token", state->directory);
        ph_text_copy(state->token_file, sizeof state->token_file, file);
        err = get_secret(file, PH_SECRET_TOKEN_LENGTH, state->api_token, &is_new_token);
    }
    if (err)
        ph_text_add(&text, "%s: %s; %s", file, strerror(-err), remedy_of(err));
    return err ? err : make_roles(state, error);
}

static const char *shared_remedy_of(int err)
{
    switch (err) {
    case -EPERM:
        return "it must be a file of the server's user with mode 0600";
    case -EINVAL:
    case -EMSGSIZE:
        return "it must hold one line of 32 to 512 characters, the same on all servers";
    default:
        return "make it once, and copy it to all servers: (umask 077; openssl rand -hex 32 > FILE)";
    }
}

int ph_state_join(const char *secret_file, struct ph_state *state, char *error)
{
    char secret[PH_SECRET_MAX + 1];
    struct ph_text text;
    ph_text_init(&text, error, PH_SETTINGS_ERROR);
    int err = ph_secret_read(secret_file, secret, sizeof secret);
    if (!err && strlen(secret) < PH_STATE_SHARED_MIN)
        err = -EINVAL;
    if (err) {
        ph_text_add(&text, "cluster.secret_file: %s: %s; %s", secret_file, strerror(-err), shared_remedy_of(err));
        return err;
    }
    ph_secret_derive(secret, "publish key", state->publish_key, PH_SECRET_KEY_LENGTH);
    ph_secret_derive(secret, "api token", state->api_token, PH_SECRET_TOKEN_LENGTH);
    ph_secret_derive(secret, "relay", state->relay_secret, PH_SECRET_TOKEN_LENGTH);
    ph_secret_derive(secret, "notes", state->cluster_key, PH_SECRET_TOKEN_LENGTH);
    explicit_bzero(secret, sizeof secret);
    state->is_new_key = false;
    struct ph_text file;
    ph_text_init(&file, state->token_file, sizeof state->token_file);
    ph_text_add(&file, "%s/cluster.token", state->directory);
    err = keep(state, "cluster.token", state->api_token, error);
    return err ? err : make_roles(state, error);
}
