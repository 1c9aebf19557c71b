/* SPDX-License-Identifier: MIT */
#include <rtmpwire/url.h>

#include <string.h>

enum { PORT_PLAIN = 1935, PORT_SECURE = 443, PORT_MAX = 65535 };

struct piece {
    const char *data;
    size_t length;
};

static bool find(struct piece text, char wanted, size_t *at)
{
    const char *found = text.length ? memchr(text.data, wanted, text.length) : NULL;
    if (!found)
        return false;
    *at = (size_t)(found - text.data);
    return true;
}

static bool find_last(struct piece text, char wanted, size_t *at)
{
    for (size_t i = text.length; i > 0; i--)
        if (text.data[i - 1] == wanted) {
            *at = i - 1;
            return true;
        }
    return false;
}

static struct piece head_of(struct piece text, size_t length) { return (struct piece){text.data, length}; }

static struct piece behind(struct piece text, size_t at)
{
    return (struct piece){text.data + at + 1, text.length - at - 1};
}

static bool put(struct piece piece, char *out, size_t cap)
{
    if (piece.length >= cap)
        return false;
    if (piece.length)
        memcpy(out, piece.data, piece.length);
    out[piece.length] = '\0';
    return true;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "%40" is '@'. A percent sign that begins no such thing stands for itself; a zero is no text. */
static bool put_decoded(struct piece piece, char *out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < piece.length; i++) {
        char c = piece.data[i];
        int high = c == '%' && i + 2 < piece.length ? digit(piece.data[i + 1]) : -1;
        int low = high >= 0 ? digit(piece.data[i + 2]) : -1;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (n + 1 >= cap || c == '\0')
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

static bool read_port(struct piece text, uint16_t *port)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.length && number <= PORT_MAX; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(text.data[i] - '0');
    }
    *port = (uint16_t)number;
    return number > 0 && number <= PORT_MAX;
}

/* "host", "host:1935", "[::1]:1935" */
static const char *read_host(struct piece text, struct rtmp_url *url)
{
    size_t at = 0;
    struct piece host = text, rest = {text.data, 0};
    if (text.length && text.data[0] == '[') {
        if (!find(text, ']', &at))
            return "has a [ without a ]";
        host = (struct piece){text.data + 1, at - 1};
        rest = behind(text, at);
    } else if (find(text, ':', &at)) {
        host = head_of(text, at);
        rest = (struct piece){text.data + at, text.length - at};
    }
    if (host.length == 0)
        return "names no host";
    if (!put(host, url->host, sizeof url->host))
        return "has a host name of more than 253 characters";
    if (rest.length && (rest.data[0] != ':' || !read_port(behind(rest, 0), &url->port)))
        return "has a port that is no number from 1 to 65535";
    return NULL;
}

static const char *read_user(struct piece text, struct rtmp_url *url)
{
    size_t at = text.length;
    bool has_password = find(text, ':', &at);
    bool fits = put_decoded(head_of(text, at), url->user, sizeof url->user) &&
                (!has_password || put_decoded(behind(text, at), url->password, sizeof url->password));
    return fits ? NULL : "has a user or password that is too long";
}

/* "live/cam?key=1"; a slash inside the query parts nothing. */
static const char *read_path(struct piece text, enum rtmp_url_path path, struct rtmp_url *url)
{
    size_t query = text.length, slash = text.length;
    bool fits;
    (void)find(text, '?', &query);
    if (path == RTMP_URL_OF_STREAM) {
        if (!find_last(head_of(text, query), '/', &slash) || slash == 0 || slash + 1 == query)
            return "needs an application and a stream: rtmp://host/live/cam";
        fits = put(head_of(text, slash), url->app, sizeof url->app) &&
               put(behind(text, slash), url->stream, sizeof url->stream);
    } else {
        if (query == 0)
            return "names no application: rtmp://host/live";
        fits = put(text, url->app, sizeof url->app);
    }
    return fits ? NULL : "is too long";
}

/* Everything up to the application, without who asks. */
static bool write_tc_url(struct piece place, struct rtmp_url *url)
{
    static const char *const schemes[] = {"rtmp://", "rtmps://"};
    const char *scheme = schemes[url->is_secure];
    size_t n = strlen(scheme), app = strlen(url->app);
    if (n + place.length + 1 + app >= sizeof url->tc_url)
        return false;
    memcpy(url->tc_url, scheme, n);
    memcpy(url->tc_url + n, place.data, place.length);
    n += place.length;
    url->tc_url[n++] = '/';
    memcpy(url->tc_url + n, url->app, app + 1);
    return true;
}

static bool has_odd_bytes(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7F)
            return true;
    return false;
}

static const char *parse(const char *text, enum rtmp_url_path path, struct rtmp_url *url)
{
    size_t at, length = 0;
    while (length < RTMP_URL_MAX && text[length])
        length++;
    if (length == RTMP_URL_MAX)
        return "is too long";
    if (has_odd_bytes(text))
        return "has a space or a control character in it";
    url->is_secure = strncmp(text, "rtmps://", 8) == 0;
    if (!url->is_secure && strncmp(text, "rtmp://", 7) != 0)
        return "does not begin with rtmp:// or rtmps://";
    size_t scheme = url->is_secure ? 8 : 7;
    struct piece rest = {text + scheme, length - scheme}, place = rest;
    url->port = url->is_secure ? PORT_SECURE : PORT_PLAIN;
    if (!find(rest, '/', &at))
        return "names no application: rtmp://host/live";
    place = head_of(rest, at);
    rest = behind(rest, at);
    const char *why = NULL;
    if (find_last(place, '@', &at)) {
        why = read_user(head_of(place, at), url);
        place = behind(place, at);
    }
    why = why ? why : read_host(place, url);
    why = why ? why : read_path(rest, path, url);
    return why ? why : write_tc_url(place, url) ? NULL : "is too long";
}

int rtmp_url_parse(const char *text, enum rtmp_url_path path, struct rtmp_url *url, const char **why)
{
    struct rtmp_url made = {0};
    *why = parse(text, path, &made);
    if (*why)
        return RTMP_E_MALFORMED;
    *url = made;
    return 0;
}
