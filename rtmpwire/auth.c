/* SPDX-License-Identifier: MIT */
#include <rtmpwire/auth.h>

#include <stdint.h>
#include <string.h>

#include "base64.h"
#include "md5.h"

enum { DIGEST_TEXT = BASE64_SIZE(MD5_SIZE) };

_Static_assert((int)DIGEST_TEXT == (int)RTMP_AUTH_RESPONSE_SIZE, "a response is an MD5 in base64");

/* Reading */

static bool is_text(struct rtmp_auth_text a, const char *b)
{
    return a.length == strlen(b) && memcmp(a.text, b, a.length) == 0;
}

static struct rtmp_auth_text *field_of(struct rtmp_auth *auth, struct rtmp_auth_text name)
{
    const struct {
        const char *name;
        struct rtmp_auth_text *field;
    } fields[] = {
        {"authmod", &auth->authmod},     {"user", &auth->user},     {"salt", &auth->salt},
        {"challenge", &auth->challenge}, {"opaque", &auth->opaque}, {"response", &auth->response},
        {"reason", &auth->reason},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (is_text(name, fields[i].name))
            return fields[i].field;
    return NULL;
}

static const char *find(const char *at, const char *end, char c)
{
    const char *found = at < end ? memchr(at, c, (size_t)(end - at)) : NULL;
    return found ? found : end;
}

void rtmp_auth_parse(const char *text, size_t length, struct rtmp_auth *auth)
{
    *auth = (struct rtmp_auth){0};
    if (length == 0)
        return;
    const char *end = text + length;
    const char *at = find(text, end, '?');
    while (at < end) {
        at++;
        const char *pair_end = find(at, end, '&');
        const char *name_end = find(at, pair_end, '='); /* values may hold more of them: base64 */
        struct rtmp_auth_text *field = field_of(auth, (struct rtmp_auth_text){at, (size_t)(name_end - at)});
        if (field && name_end < pair_end && !field->text)
            *field = (struct rtmp_auth_text){name_end + 1, (size_t)(pair_end - name_end - 1)};
        at = pair_end;
    }
}

static bool contains(const char *text, size_t length, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= length; i++)
        if (memcmp(text + i, part, n) == 0)
            return true;
    return false;
}

enum rtmp_auth_step rtmp_auth_step_of(const char *description, size_t length)
{
    struct rtmp_auth said;
    if (!contains(description, length, "authmod=adobe"))
        return RTMP_AUTH_STEP_NONE;
    rtmp_auth_parse(description, length, &said);
    if (is_text(said.reason, "needauth"))
        return RTMP_AUTH_STEP_RESPOND;
    if (is_text(said.reason, "authfailed") || is_text(said.reason, "nosuchuser"))
        return RTMP_AUTH_STEP_FAILED;
    return contains(description, length, "code=403 need auth") ? RTMP_AUTH_STEP_USER : RTMP_AUTH_STEP_NONE;
}

/* Writing: composed twice, first to learn the length, so that nothing is ever half-written. */

struct text_out {
    char *at; /* NULL: only count */
    size_t length;
    bool refused;
};

typedef void (*compose_fn)(struct text_out *out, const struct rtmp_auth *said);

static void put_text(struct text_out *out, struct rtmp_auth_text text)
{
    if (out->at && text.length > 0)
        memcpy(out->at + out->length, text.text, text.length);
    out->length += text.length;
}

static bool is_writable(struct rtmp_auth_text value)
{
    for (size_t i = 0; i < value.length; i++) {
        unsigned char c = (unsigned char)value.text[i];
        if (c < 0x20 || c == 0x7F || c == '&' || c == '?')
            return false;
    }
    return true;
}

static void put_field(struct text_out *out, const char *name, struct rtmp_auth_text value)
{
    if (!is_writable(value))
        out->refused = true;
    put_text(out, (struct rtmp_auth_text){name, strlen(name)});
    put_text(out, value);
}

static void compose_challenge(struct text_out *out, const struct rtmp_auth *said)
{
    put_field(out, "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=", said->user);
    put_field(out, "&salt=", said->salt);
    put_field(out, "&challenge=", said->challenge);
    put_field(out, "&opaque=", said->opaque);
}

static void compose_query(struct text_out *out, const struct rtmp_auth *said)
{
    put_field(out, "?authmod=adobe&user=", said->user);
    if (!said->challenge.text)
        return;
    put_field(out, "&challenge=", said->challenge);
    put_field(out, "&response=", said->response);
    if (said->opaque.text)
        put_field(out, "&opaque=", said->opaque);
}

static int write_text(compose_fn compose, const struct rtmp_auth *said, char *out, size_t cap, size_t *written)
{
    struct text_out sized = {0}, text = {.at = out};
    compose(&sized, said);
    if (sized.refused)
        return RTMP_E_RANGE;
    if (cap <= sized.length)
        return RTMP_E_SPACE;
    compose(&text, said);
    out[text.length] = '\0';
    *written = text.length;
    return 0;
}

int rtmp_auth_write_challenge(const struct rtmp_auth *said, char *out, size_t cap, size_t *written)
{
    return write_text(compose_challenge, said, out, cap, written);
}

int rtmp_auth_write_query(const struct rtmp_auth *said, char *out, size_t cap, size_t *written)
{
    return write_text(compose_query, said, out, cap, written);
}

/* Proving */

static void add(struct rtmp_md5 *hash, struct rtmp_auth_text text) { rtmp_md5_add(hash, text.text, text.length); }

static void finish_digest(struct rtmp_md5 *hash, char out[DIGEST_TEXT])
{
    uint8_t digest[MD5_SIZE];
    rtmp_md5_finish(hash, digest);
    rtmp_base64_write(digest, sizeof digest, out);
}

void rtmp_auth_response(const struct rtmp_auth *server, struct rtmp_auth_text client_challenge,
                        struct rtmp_auth_text password, char out[RTMP_AUTH_RESPONSE_SIZE])
{
    struct rtmp_md5 hash;
    char secret[DIGEST_TEXT];
    rtmp_md5_init(&hash);
    add(&hash, server->user);
    add(&hash, server->salt);
    add(&hash, password);
    finish_digest(&hash, secret);

    rtmp_md5_init(&hash);
    rtmp_md5_add(&hash, secret, sizeof secret);
    add(&hash, server->opaque.text ? server->opaque : server->challenge);
    add(&hash, client_challenge);
    finish_digest(&hash, out);
}

bool rtmp_auth_verify(const struct rtmp_auth *issued, const struct rtmp_auth *client, struct rtmp_auth_text password)
{
    char expected[RTMP_AUTH_RESPONSE_SIZE];
    rtmp_auth_response(issued, client->challenge, password, expected);
    return rtmp_secret_equal(client->response.text, client->response.length, expected, sizeof expected) &&
           rtmp_secret_equal(client->user.text, client->user.length, issued->user.text, issued->user.length);
}

bool rtmp_secret_equal(const void *a, size_t a_length, const void *b, size_t b_length)
{
    const volatile uint8_t *p = a, *q = b; /* volatile: no early way out may be found for the loop */
    unsigned difference = 0;
    if (a_length != b_length)
        return false;
    for (size_t i = 0; i < a_length; i++)
        difference |= p[i] ^ q[i];
    return difference == 0;
}
