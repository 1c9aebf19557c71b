/* SPDX-License-Identifier: MIT */
#include "cluster/redis_url.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"

/* One part of the URL, "" if it is not there. False: it does not fit. */
static bool take(CURLU *parts, CURLUPart part, unsigned flags, char *out, size_t cap)
{
    char *text = NULL;
    if (curl_url_get(parts, part, &text, flags)) {
        out[0] = '\0';
        return true;
    }
    size_t length = strlen(text);
    bool fits = length < cap;
    if (fits)
        memcpy(out, text, length + 1);
    explicit_bzero(text, length);
    curl_free(text);
    return fits;
}

/* An empty text is 0. */
static bool read_number(const char *text, uint64_t max, uint64_t *number)
{
    *number = 0;
    return !text[0] || (ph_text_u64(text, number) == 0 && *number <= max);
}

static void strip_brackets(char *host)
{
    size_t length = strlen(host);
    if (host[0] == '[' && length > 2) {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
}

static const char *read_parts(CURLU *parts, struct redis_url *url)
{
    char scheme[16], port[16], path[REDIS_URL_TEXT], more[REDIS_URL_TEXT];
    uint64_t number;
    if (!take(parts, CURLUPART_SCHEME, 0, scheme, sizeof scheme) ||
        (strcmp(scheme, "redis") != 0 && strcmp(scheme, "rediss") != 0))
        return "does not begin with redis:// or rediss://";
    url->is_secure = scheme[5] == 's';
    if (!take(parts, CURLUPART_HOST, 0, url->host, sizeof url->host) || !url->host[0])
        return "names no host";
    strip_brackets(url->host);
    if (!take(parts, CURLUPART_USER, CURLU_URLDECODE, url->user, sizeof url->user) ||
        !take(parts, CURLUPART_PASSWORD, CURLU_URLDECODE, url->password, sizeof url->password))
        return "has a user or password that is too long";
    if (!take(parts, CURLUPART_PORT, 0, port, sizeof port) || !read_number(port, UINT16_MAX, &number))
        return "has no port that there is";
    url->port = number ? (uint16_t)number : REDIS_URL_PORT;
    if (!take(parts, CURLUPART_PATH, 0, path, sizeof path) ||
        !read_number(path + (path[0] == '/'), REDIS_URL_DATABASE_MAX, &number))
        return "ends in what is no number of a database";
    url->database = (unsigned)number;
    if (!take(parts, CURLUPART_QUERY, 0, more, sizeof more) || more[0] ||
        !take(parts, CURLUPART_FRAGMENT, 0, more, sizeof more) || more[0])
        return "has a ? or # in it, which means nothing here";
    return NULL;
}

int redis_url_parse(const char *text, struct redis_url *url, const char **why)
{
    CURLU *parts = curl_url();
    *url = (struct redis_url){0};
    if (!parts || curl_url_set(parts, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME))
        *why = "cannot be read; write redis://HOST:6379";
    else
        *why = read_parts(parts, url);
    curl_url_cleanup(parts);
    return *why ? -EINVAL : 0;
}
