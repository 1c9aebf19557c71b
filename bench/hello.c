/* SPDX-License-Identifier: MIT */
#include "hello.h"

#include <stdio.h>
#include <string.h>

static uint8_t *put_text(uint8_t *p, const char *text)
{
    size_t n = strlen(text);
    *p++ = (uint8_t)(n >> 8);
    *p++ = (uint8_t)n;
    memcpy(p, text, n);
    return p + n;
}

static uint8_t *put_string(uint8_t *p, const char *text)
{
    *p++ = 2;
    return put_text(p, text);
}

static uint8_t *put_number(uint8_t *p, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    *p++ = 0;
    for (int shift = 56; shift >= 0; shift -= 8)
        *p++ = (uint8_t)(bits >> shift);
    return p;
}

static uint8_t *put_null(uint8_t *p)
{
    *p++ = 5;
    return p;
}

/* A command as one type-0 chunk; bodies stay under the default chunk size of 128. */
static uint8_t *put_command(uint8_t *p, const uint8_t *body, const uint8_t *end, uint8_t stream)
{
    uint8_t head[12] = {3, 0, 0, 0, 0, 0, (uint8_t)(end - body), 20, stream};
    memcpy(p, head, sizeof head);
    memcpy(p + sizeof head, body, (size_t)(end - body));
    return p + sizeof head + (end - body);
}

static uint8_t *put_opening(uint8_t *out, const char *app)
{
    uint8_t body[256], *p = put_number(put_string(body, "connect"), 1);
    *p++ = 3;
    p = put_string(put_text(p, "app"), app);
    p = put_string(put_text(p, "tcUrl"), "rtmp://bench/live");
    memcpy(p, "\0\0\x09", 3);
    out = put_command(out, body, p + 3, 0);
    p = put_null(put_number(put_string(body, "createStream"), 2));
    return put_command(out, body, p, 0);
}

size_t hello_play(uint8_t out[HELLO_MAX], const char *app, const char *stream)
{
    uint8_t body[256], *p = put_null(put_number(put_string(body, "play"), 3));
    p = put_number(put_string(p, stream), -2000);
    return (size_t)(put_command(put_opening(out, app), body, p, 1) - out);
}

size_t hello_publish(uint8_t out[HELLO_MAX], const char *app, const char *stream)
{
    uint8_t body[256], *p = put_null(put_number(put_string(body, "publish"), 3));
    p = put_string(put_string(p, stream), "live");
    return (size_t)(put_command(put_opening(out, app), body, p, 1) - out);
}

size_t hello_web(uint8_t out[HELLO_MAX], const char *kind, const char *app, const char *stream)
{
    static const char upgrade[] = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    int n = snprintf((char *)out, HELLO_MAX, "GET /%s/%s.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", app, stream,
                     strcmp(kind, "ws") == 0 ? upgrade : "");
    return (size_t)n;
}
