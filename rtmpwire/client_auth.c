/* SPDX-License-Identifier: MIT */
#include <rtmpwire/auth.h>
#include <rtmpwire/client.h>

#include <string.h>

enum { CHALLENGE_SIZE = 8 };

static void make_challenge(const struct rtmp_random *random, char out[CHALLENGE_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[CHALLENGE_SIZE / 2];
    random->fill(random->user, bytes, sizeof bytes);
    for (size_t i = 0; i < CHALLENGE_SIZE; i++)
        out[i] = digits[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
}

int rtmp_client_next_query(struct rtmp_text description, const char *user, const char *password,
                           const struct rtmp_random *random, char *out, size_t cap)
{
    enum rtmp_auth_step step = rtmp_auth_step_of(description.data, description.length);
    struct rtmp_auth said = {.user = {user, strlen(user)}};
    char challenge[CHALLENGE_SIZE], response[RTMP_AUTH_RESPONSE_SIZE];
    size_t written;
    if (step == RTMP_AUTH_STEP_USER)
        return rtmp_auth_write_query(&said, out, cap, &written);
    if (step != RTMP_AUTH_STEP_RESPOND)
        return RTMP_E_STATE;

    struct rtmp_auth server;
    rtmp_auth_parse(description.data, description.length, &server);
    server.user = said.user;
    make_challenge(random, challenge);
    said.challenge = (struct rtmp_auth_text){challenge, sizeof challenge};
    rtmp_auth_response(&server, said.challenge, (struct rtmp_auth_text){password, strlen(password)}, response);
    said.response = (struct rtmp_auth_text){response, sizeof response};
    said.opaque = server.opaque;
    return rtmp_auth_write_query(&said, out, cap, &written);
}
