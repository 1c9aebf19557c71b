/* SPDX-License-Identifier: MIT */
#include "gate/http/head.h"

#include <errno.h>
#include <llhttp/llhttp.h>
#include <string.h>
#include <strings.h>

struct reading {
    struct ph_http_head *head;
    const char *why;
    bool is_done;
};

/* Before llhttp */

/* The length with the empty line; 0: it is not there yet. */
static size_t whole_length(const char *bytes, size_t length)
{
    for (size_t i = 4; i <= length; i++)
        if (memcmp(bytes + i - 4, "\r\n\r\n", 4) == 0)
            return i;
    return 0;
}

/* What llhttp 8 lets through. */
static const char *scan(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool is_line_begin = i > 1 && bytes[i - 1] == '\n';
        if (bytes[i] == '\0')
            return "a NUL byte in the head";
        if (bytes[i] == '\r' && (i + 1 == length || bytes[i + 1] != '\n'))
            return "a carriage return without line feed";
        if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r'))
            return "a line feed without carriage return";
        if (is_line_begin && (bytes[i] == ' ' || bytes[i] == '\t'))
            return "a folded line";
    }
    return NULL;
}

/* Two blanks in the first line, no more: "GET /path HTTP/1.1". */
static bool is_first_line(const char *bytes, size_t length)
{
    size_t n_blanks = 0;
    for (size_t i = 0; i < length && bytes[i] != '\r'; i++) {
        n_blanks += bytes[i] == ' ';
        if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7F)
            return false;
    }
    return n_blanks == 2;
}

/* While llhttp reads; all spans are whole, for the head is */

static int on_target(llhttp_t *parser, const char *at, size_t length)
{
    struct reading *reading = parser->data;
    const char *mark = memchr(at, '?', length);
    reading->head->path = (struct rtmp_text){at, mark ? (size_t)(mark - at) : length};
    reading->head->query = mark ? (struct rtmp_text){mark + 1, length - reading->head->path.length - 1}
                                : (struct rtmp_text){at + length, 0};
    return 0;
}

static int on_method(llhttp_t *parser, const char *at, size_t length)
{
    struct reading *reading = parser->data;
    reading->head->method = (struct rtmp_text){at, length};
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t length)
{
    struct reading *reading = parser->data;
    if (reading->head->n_fields == PH_LIMIT_HTTP_FIELDS) {
        reading->why = "too many fields";
        return -1;
    }
    reading->head->fields[reading->head->n_fields] = (struct ph_http_field){.name = {at, length}, .value = {at, 0}};
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct reading *reading = parser->data;
    while (length && (at[length - 1] == ' ' || at[length - 1] == '\t'))
        length--;
    reading->head->fields[reading->head->n_fields++].value = (struct rtmp_text){at, length};
    return 0;
}

static int on_head(llhttp_t *parser)
{
    struct reading *reading = parser->data;
    reading->is_done = true;
    reading->head->is_1_0 = parser->http_major == 1 && parser->http_minor == 0;
    reading->head->keeps_alive = llhttp_should_keep_alive(parser);
    reading->head->content_length = parser->flags & F_CONTENT_LENGTH ? parser->content_length : 0;
    reading->head->is_chunked = parser->flags & (F_CHUNKED | F_TRANSFER_ENCODING);
    return HPE_PAUSED;
}

/* Afterwards */

static size_t count(const struct ph_http_head *head, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < head->n_fields; i++)
        n += head->fields[i].name.length == strlen(name) &&
             strncasecmp(head->fields[i].name.data, name, head->fields[i].name.length) == 0;
    return n;
}

/* RFC 9110, 5.6.2 */
static bool is_token(struct rtmp_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.length > 0;
}

static bool has_control(struct rtmp_text text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] < ' ' && text.data[i] != '\t')
            return true;
    return false;
}

static bool is_word(struct rtmp_text text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.data, word, text.length) == 0;
}

/* A blank, or what is not ASCII. */
static bool has_foreign(struct rtmp_text text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] <= ' ' || (unsigned char)text.data[i] >= 0x7F)
            return true;
    return false;
}

static const char *judge(const llhttp_t *parser, const struct ph_http_head *head)
{
    size_t n_hosts = count(head, "Host");
    if (parser->http_major != 1 || parser->http_minor > 1)
        return "only HTTP/1.1 is spoken here";
    if (n_hosts > 1 || (n_hosts == 0 && !head->is_1_0))
        return "one Host field is needed";
    if (count(head, "Transfer-Encoding") && (head->is_1_0 || count(head, "Content-Length")))
        return "Transfer-Encoding beside a length, or in HTTP/1.0";
    if (count(head, "Content-Length") > 1 || count(head, "Transfer-Encoding") > 1)
        return "two lengths";
    if (count(head, "Transfer-Encoding") && !is_word(ph_http_field(head, "Transfer-Encoding"), "chunked"))
        return "a transfer coding that nobody has agreed on";
    if (has_foreign(ph_http_field(head, "Host")))
        return "a character that no host has";
    if (head->path.length == 0 || head->path.data[0] != '/')
        return "the target must begin with a slash";
    for (size_t i = 0; i < head->n_fields; i++)
        if (!is_token(head->fields[i].name) || has_control(head->fields[i].value))
            return "a character that no field may have";
    return NULL;
}

int ph_http_head_read(const char *bytes, size_t length, struct ph_http_head *head, size_t *used, const char **why)
{
    struct reading reading = {.head = head};
    size_t whole = whole_length(bytes, length < PH_LIMIT_HTTP_HEAD ? length : PH_LIMIT_HTTP_HEAD);
    *why = scan(bytes, whole ? whole : length - (length > 0 && bytes[length - 1] == '\r'));
    if (*why)
        return -EINVAL;
    if (!whole)
        return length >= PH_LIMIT_HTTP_HEAD ? -E2BIG : -EAGAIN;
    if (!is_first_line(bytes, whole)) {
        *why = "the first line is no request";
        return -EINVAL;
    }
    llhttp_settings_t settings;
    llhttp_t parser;
    llhttp_settings_init(&settings);
    settings.on_method = on_method;
    settings.on_url = on_target;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_head;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &reading;
    *head = (struct ph_http_head){0};
    (void)llhttp_execute(&parser, bytes, whole);
    if (!reading.is_done) {
        *why = reading.why ? reading.why : "the head is no HTTP";
        return -EINVAL;
    }
    *why = judge(&parser, head);
    *used = whole;
    return *why ? -EINVAL : 0;
}

struct rtmp_text ph_http_field(const struct ph_http_head *head, const char *name)
{
    for (size_t i = 0; i < head->n_fields; i++)
        if (head->fields[i].name.length == strlen(name) &&
            strncasecmp(head->fields[i].name.data, name, head->fields[i].name.length) == 0)
            return head->fields[i].value;
    return (struct rtmp_text){0};
}

bool ph_http_list_has(struct rtmp_text list, const char *word)
{
    size_t wanted = strlen(word);
    for (size_t at = 0; at < list.length;) {
        while (at < list.length && (list.data[at] == ' ' || list.data[at] == '\t' || list.data[at] == ','))
            at++;
        size_t end = at;
        while (end < list.length && list.data[end] != ',')
            end++;
        size_t length = end - at;
        while (length && (list.data[at + length - 1] == ' ' || list.data[at + length - 1] == '\t'))
            length--;
        if (length == wanted && strncasecmp(list.data + at, word, length) == 0)
            return true;
        at = end;
    }
    return false;
}
