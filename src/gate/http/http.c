/* SPDX-License-Identifier: MIT */
#include "gate/http/http.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "net/conn.h"

enum { KEY_LENGTH = 24, DIGEST = 20, ACCEPT_TEXT = 29, ANSWER = 1024 };

/* A connection whose request is being read. */
struct request {
    const struct ph_http_gate *gate;
    struct ph_conn *conn;
    struct ph_timer deadline;
};

static void forget(struct request *request)
{
    ph_timer_stop(ph_conn_loop(request->conn), &request->deadline);
    free(request);
}

/* Saying no */

static void say(struct ph_conn *conn, const char *bytes, size_t length)
{
    const struct iovec iov = {.iov_base = (char *)(uintptr_t)bytes, .iov_len = length};
    size_t accepted;
    (void)!ph_conn_write(conn, &iov, 1, &accepted); /* a fresh socket takes it, or is lost */
}

static void refuse(struct request *request, const char *status, const char *more, const char *why)
{
    char answer[ANSWER], peer[PH_ADDRESS_TEXT];
    struct ph_text text;
    ph_text_init(&text, answer, sizeof answer);
    ph_text_add(&text,
                "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
                "X-Content-Type-Options: nosniff\r\n%sConnection: close\r\n\r\n%s\n",
                status, strlen(why) + 1, more, why);
    ph_address_text(ph_conn_peer(request->conn), peer);
    ph_log_debug(request->gate->log, NULL, "HTTP %s: %s (%s)", status, why, peer);
    say(request->conn, answer, strlen(answer));
    ph_conn_close(request->conn, PH_CLOSE_REFUSED);
}

/* WebSocket */

bool ph_origin_is_allowed(struct rtmp_text origin, struct rtmp_text host, const char *origins)
{
    const struct rtmp_text list = {origins, strlen(origins)};
    if (!origin.data || ph_http_list_has(list, "*"))
        return true;
    char name[256];
    if (origin.length >= sizeof name)
        return false;
    memcpy(name, origin.data, origin.length);
    name[origin.length] = '\0';
    if (ph_http_list_has(list, name))
        return true;
    const char *behind = strstr(name, "://");
    return behind && host.data && strlen(behind + 3) == host.length &&
           strncasecmp(behind + 3, host.data, host.length) == 0;
}

static bool is_key(struct rtmp_text key)
{
    unsigned char bytes[KEY_LENGTH];
    return key.length == KEY_LENGTH && key.data[KEY_LENGTH - 1] == '=' && key.data[KEY_LENGTH - 3] != '=' &&
           EVP_DecodeBlock(bytes, (const unsigned char *)key.data, KEY_LENGTH) == 18;
}

/* RFC 6455, 4.2.2 */
static bool accept_key(struct rtmp_text key, char text[ACCEPT_TEXT])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char joined[KEY_LENGTH + sizeof guid - 1], digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    memcpy(joined, key.data, KEY_LENGTH);
    memcpy(joined + KEY_LENGTH, guid, sizeof guid - 1);
    if (EVP_Digest(joined, sizeof joined, digest, &length, EVP_sha1(), NULL) != 1 || length != DIGEST)
        return false;
    EVP_EncodeBlock((unsigned char *)text, digest, DIGEST);
    return true;
}

static void upgrade(struct request *request, const struct ph_http_head *head, const struct ph_route *route,
                    struct rtmp_text rest)
{
    struct rtmp_text key = ph_http_field(head, "Sec-WebSocket-Key");
    struct rtmp_text offered = ph_http_field(head, "Sec-WebSocket-Protocol");
    char accept[ACCEPT_TEXT], answer[ANSWER];
    struct ph_text text;
    bool is_confirmed = route->subprotocol && offered.data && ph_http_list_has(offered, route->subprotocol);
    if (!is_key(key) || !accept_key(key, accept)) {
        refuse(request, "400 Bad Request", "", "Sec-WebSocket-Key must be 16 bytes in base64");
    } else if (!rtmp_text_is(ph_http_field(head, "Sec-WebSocket-Version"), "13")) {
        refuse(request, "426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n", "only WebSocket version 13 is spoken");
    } else if (!ph_origin_is_allowed(ph_http_field(head, "Origin"), ph_http_field(head, "Host"),
                                     request->gate->origins)) {
        refuse(request, "403 Forbidden", "", "pages of this origin may not connect; add it to http.origins");
    } else if (offered.data && route->subprotocol && !is_confirmed) {
        refuse(request, "400 Bad Request", "", "none of the offered subprotocols is spoken here");
    } else {
        ph_text_init(&text, answer, sizeof answer);
        ph_text_add(&text,
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
                    accept, is_confirmed ? "Sec-WebSocket-Protocol: " : "", is_confirmed ? route->subprotocol : "",
                    is_confirmed ? "\r\n" : "");
        say(request->conn, answer, strlen(answer));
        const struct ph_upgrade offer = {.head = head, .rest = rest};
        struct ph_conn *conn = request->conn;
        int err = route->open(route->user, conn, &offer);
        if (err)
            ph_conn_close(conn, err == -ENOMEM ? PH_CLOSE_MEMORY : PH_CLOSE_REFUSED);
        else
            forget(request);
    }
}

static bool wants_websocket(const struct ph_http_head *head)
{
    struct rtmp_text connection = ph_http_field(head, "Connection"), wanted = ph_http_field(head, "Upgrade");
    return connection.data && wanted.data && ph_http_list_has(connection, "upgrade") &&
           ph_http_list_has(wanted, "websocket");
}

static void answer(struct request *request, const struct ph_http_head *head)
{
    struct rtmp_text rest;
    const struct ph_route *route = ph_route_find(&request->gate->routes, head->path, &rest);
    if (head->has_body)
        refuse(request, "400 Bad Request", "", "this request must not have a body");
    else if (!route)
        refuse(request, "404 Not Found", "", "there is nothing here");
    else if (!rtmp_text_is(head->method, "GET"))
        refuse(request, "405 Method Not Allowed", "Allow: GET\r\n", "only GET is known here");
    else if (!wants_websocket(head))
        refuse(request, "426 Upgrade Required", "Upgrade: websocket\r\n", "this address speaks WebSocket");
    else
        upgrade(request, head, route, rest);
}

static size_t on_read(void *user, const uint8_t *data, size_t length)
{
    struct request *request = user;
    struct ph_http_head head;
    const char *why;
    size_t used = 0;
    int err = ph_http_head_read((const char *)data, length, &head, &used, &why);
    if (err == -EAGAIN)
        return 0;
    if (err == -E2BIG)
        refuse(request, "431 Request Header Fields Too Large", "", "the head of this request is too long");
    else if (err)
        refuse(request, "400 Bad Request", "", why);
    else if (used < length)
        refuse(request, "400 Bad Request", "", "nothing may follow a request before its answer");
    else
        answer(request, &head);
    return length;
}

static void on_close(void *user, enum ph_close reason)
{
    (void)reason;
    forget(user);
}

static void on_deadline(struct ph_timer *timer)
{
    struct request *request = ph_container_of(timer, struct request, deadline);
    refuse(request, "408 Request Timeout", "", "the request did not come in time");
}

int ph_http_open(void *user, struct ph_conn *conn)
{
    static const struct ph_conn_handler handler = {.on_read = on_read, .on_close = on_close};
    struct request *request = calloc(1, sizeof *request);
    if (!request)
        return -ENOMEM;
    request->gate = user;
    request->conn = conn;
    ph_timer_init(&request->deadline, on_deadline);
    ph_timer_start(ph_conn_loop(conn), &request->deadline, PH_LIMIT_HTTP_HEAD_MS * UINT64_C(1000));
    ph_conn_handle(conn, &handler, request);
    return 0;
}
