/* SPDX-License-Identifier: MIT */
#include "gate/rtmp/login.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/secret.h"

#define SECONDS(n) ((uint64_t)(n)*1000000)

enum {
    CHALLENGES = 256,
    SOURCES = 1024,
    TOKEN = 16, /* characters of salt, challenge and opaque */
};

static const uint64_t CHALLENGE_US = SECONDS(60);
static const uint64_t GUESS_US = SECONDS(60);

struct challenge {
    uint64_t until_us;
    char user[LOGIN_USER_MAX + 1];
    char salt[TOKEN + 1], challenge[TOKEN + 1], opaque[TOKEN + 1];
};

struct guesses {
    struct ph_source source;
    uint64_t since_us;
    unsigned n;
};

struct login_desk {
    pthread_mutex_t lock;
    struct challenge challenges[CHALLENGES];
    struct guesses guesses[SOURCES];
};

struct shown_login {
    struct challenge issued;
    size_t user_length, challenge_length, response_length;
    char said[]; /* by the client: these three */
};

int login_desk_create(struct login_desk **desk)
{
    struct login_desk *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    int err = -pthread_mutex_init(&made->lock, NULL);
    if (err) {
        free(made);
        return err;
    }
    *desk = made;
    return 0;
}

void login_desk_destroy(struct login_desk *desk)
{
    if (!desk)
        return;
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

static struct rtmp_auth_text text_of(const char *text)
{
    return (struct rtmp_auth_text){.text = text, .length = strlen(text)};
}

static void put_in_words(const struct challenge *challenge, struct rtmp_auth *words)
{
    *words = (struct rtmp_auth){.user = text_of(challenge->user),
                                .salt = text_of(challenge->salt),
                                .challenge = text_of(challenge->challenge),
                                .opaque = text_of(challenge->opaque)};
}

int login_challenge(struct login_desk *desk, const struct rtmp_auth *asked, uint64_t now_us, char out[LOGIN_CHALLENGE])
{
    struct challenge made = {.until_us = now_us + CHALLENGE_US};
    struct rtmp_auth words;
    size_t written;
    if (asked->user.length > LOGIN_USER_MAX)
        return -EINVAL;
    memcpy(made.user, asked->user.text, asked->user.length);
    int err = ph_secret_make(made.salt, TOKEN);
    err = err ? err : ph_secret_make(made.challenge, TOKEN);
    err = err ? err : ph_secret_make(made.opaque, TOKEN);
    if (err)
        return err;
    put_in_words(&made, &words);
    if (rtmp_auth_write_challenge(&words, out, LOGIN_CHALLENGE, &written))
        return -EINVAL;

    pthread_mutex_lock(&desk->lock);
    struct challenge *oldest = &desk->challenges[0];
    for (size_t i = 1; i < CHALLENGES; i++)
        if (desk->challenges[i].until_us < oldest->until_us)
            oldest = &desk->challenges[i];
    *oldest = made;
    pthread_mutex_unlock(&desk->lock);
    return 0;
}

static bool take_challenge(struct login_desk *desk, struct rtmp_auth_text opaque, uint64_t now_us,
                           struct challenge *taken)
{
    bool found = false;
    pthread_mutex_lock(&desk->lock);
    for (size_t i = 0; i < CHALLENGES && !found; i++) {
        struct challenge *challenge = &desk->challenges[i];
        if (challenge->until_us > now_us && opaque.text &&
            ph_secret_equal(challenge->opaque, TOKEN, opaque.text, opaque.length)) {
            *taken = *challenge;
            *challenge = (struct challenge){0};
            found = true;
        }
    }
    pthread_mutex_unlock(&desk->lock);
    return found;
}

static size_t put(char *to, struct rtmp_auth_text text)
{
    if (text.length)
        memcpy(to, text.text, text.length);
    return text.length;
}

int login_take(struct login_desk *desk, const struct rtmp_auth *said, uint64_t now_us, struct shown_login **shown)
{
    struct challenge issued;
    if (!said->response.text || !take_challenge(desk, said->opaque, now_us, &issued))
        return -ENOENT;
    struct shown_login *made = malloc(sizeof *made + said->user.length + said->challenge.length +
                                      said->response.length);
    if (!made)
        return -ENOMEM;
    made->issued = issued;
    made->user_length = put(made->said, said->user);
    made->challenge_length = put(made->said + made->user_length, said->challenge);
    made->response_length = put(made->said + made->user_length + made->challenge_length, said->response);
    *shown = made;
    return 0;
}

void login_free(struct shown_login *shown) { free(shown); }

bool login_proves(const void *shown, const char *key, size_t length)
{
    const struct shown_login *login = shown;
    const char *challenge = login->said + login->user_length;
    struct rtmp_auth issued,
        client = {
            .user = {.text = login->said, .length = login->user_length},
            .challenge = {.text = challenge, .length = login->challenge_length},
            .response = {.text = challenge + login->challenge_length, .length = login->response_length},
        };
    put_in_words(&login->issued, &issued);
    return rtmp_auth_verify(&issued, &client, (struct rtmp_auth_text){.text = key, .length = length});
}

static struct guesses *find_guesses(struct login_desk *desk, const struct ph_source *source)
{
    struct guesses *oldest = &desk->guesses[0];
    for (size_t i = 0; i < SOURCES; i++) {
        struct guesses *place = &desk->guesses[i];
        if (place->n && memcmp(&place->source, source, sizeof *source) == 0)
            return place;
        if (place->since_us < oldest->since_us)
            oldest = place;
    }
    *oldest = (struct guesses){.source = *source};
    return oldest;
}

bool login_is_guessing(struct login_desk *desk, const struct ph_address *peer, uint64_t now_us)
{
    struct ph_source source = ph_address_source(peer);
    pthread_mutex_lock(&desk->lock);
    struct guesses *guesses = find_guesses(desk, &source);
    if (guesses->n == 0 || now_us - guesses->since_us > GUESS_US) {
        guesses->since_us = now_us;
        guesses->n = 0;
    }
    bool too_many = ++guesses->n > PH_LIMIT_GUESSES;
    pthread_mutex_unlock(&desk->lock);
    return too_many;
}
