/* SPDX-License-Identifier: MIT */
/* How an HTTP connection becomes a WebSocket. */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "gate/http/exchange.h"
#include "net/conn.h"

enum { KEY_LENGTH = 24, DIGEST = 20, ACCEPT_TEXT = 29, ANSWER = 1024 };

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

static void say(struct ph_conn *conn, const char *bytes)
{
    const struct iovec iov = {.iov_base = (char *)(uintptr_t)bytes, .iov_len = strlen(bytes)};
    size_t accepted;
    (void)!ph_conn_write(conn, &iov, 1, &accepted); /* a quiet socket takes it, or is lost */
}

static void open_socket(struct ph_exchange *exchange, const struct ph_request *request, const struct ph_route *route,
                        const char *accept, const char *subprotocol)
{
    char answer[ANSWER];
    struct ph_text text;
    ph_text_init(&text, answer, sizeof answer);
    ph_text_add(&text,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
                accept, subprotocol ? "Sec-WebSocket-Protocol: " : "", subprotocol ? subprotocol : "",
                subprotocol ? "\r\n" : "");
    say(exchange->conn, answer);
    const struct ph_upgrade offer = {.head = request->head, .rest = request->rest};
    struct ph_conn *conn = exchange->conn;
    int err = route->open(route->user, conn, &offer);
    if (err)
        ph_conn_close(conn, err == -ENOMEM ? PH_CLOSE_MEMORY : PH_CLOSE_REFUSED);
    else
        (void)ph_exchange_take(exchange);
}

void ph_http_upgrade(struct ph_exchange *exchange, const struct ph_request *request, const struct ph_route *route)
{
    const struct ph_http_head *head = request->head;
    struct rtmp_text key = ph_http_field(head, "Sec-WebSocket-Key");
    struct rtmp_text offered = ph_http_field(head, "Sec-WebSocket-Protocol");
    char accept[ACCEPT_TEXT];
    bool is_confirmed = route->subprotocol && offered.data && ph_http_list_has(offered, route->subprotocol);
    if (!is_key(key) || !accept_key(key, accept))
        ph_exchange_refuse_with(exchange, 400, "", "Sec-WebSocket-Key must be 16 bytes in base64");
    else if (!rtmp_text_is(ph_http_field(head, "Sec-WebSocket-Version"), "13"))
        ph_exchange_refuse_with(exchange, 426, "Sec-WebSocket-Version: 13\r\n", "only WebSocket version 13 is spoken");
    else if (!ph_origin_is_allowed(ph_http_field(head, "Origin"), ph_http_field(head, "Host"), exchange->gate->origins))
        ph_exchange_refuse_with(exchange, 403, "", "pages of this origin may not connect; add it to http.origins");
    else if (offered.data && route->subprotocol && !is_confirmed)
        ph_exchange_refuse_with(exchange, 400, "", "none of the offered subprotocols is spoken here");
    else
        open_socket(exchange, request, route, accept, is_confirmed ? route->subprotocol : NULL);
}
