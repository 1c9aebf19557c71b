/* SPDX-License-Identifier: MIT */
#include "gate/http/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "net/conn.h"

enum { HEAD_TEXT = 2048 };

/* Words */

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } rows[] = {{200, "OK"},
                {204, "No Content"},
                {206, "Partial Content"},
                {304, "Not Modified"},
                {400, "Bad Request"},
                {401, "Unauthorized"},
                {403, "Forbidden"},
                {404, "Not Found"},
                {405, "Method Not Allowed"},
                {408, "Request Timeout"},
                {409, "Conflict"},
                {411, "Length Required"},
                {413, "Content Too Large"},
                {416, "Range Not Satisfiable"},
                {417, "Expectation Failed"},
                {421, "Misdirected Request"},
                {426, "Upgrade Required"},
                {431, "Request Header Fields Too Large"},
                {500, "Internal Server Error"},
                {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].reason;
    return "Answer";
}

static const char security_fields[] = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";

void ph_http_stream_head(struct ph_text *text, const char *type, const char *fields)
{
    ph_text_add(text, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nCache-Control: no-store\r\n%s%sConnection: close\r\n\r\n",
                type, security_fields, fields);
}

static void write_head(struct ph_text *text, const struct ph_exchange *exchange, const struct ph_http_answer *answer)
{
    ph_text_add(text, "HTTP/1.1 %u %s\r\n", answer->status, reason_of(answer->status));
    if (answer->type)
        ph_text_add(text, "Content-Type: %s\r\n", answer->type);
    if (answer->status != 204 && answer->status != 304)
        ph_text_add(text, "Content-Length: %zu\r\n", answer->length);
    ph_text_add(text, "%s%s%s\r\n", security_fields, answer->fields ? answer->fields : "",
                exchange->keeps_alive ? "" : "Connection: close\r\n");
}

/* Sending */

static void forget_answer(struct ph_exchange *exchange)
{
    if (exchange->release)
        exchange->release(exchange->owner);
    exchange->release = NULL;
    exchange->body = NULL;
    exchange->length = 0;
    ph_buf_finish(&exchange->head);
    ph_buf_init(&exchange->head, SIZE_MAX);
}

static void set_deadline(struct ph_exchange *exchange, unsigned ms)
{
    ph_timer_stop(ph_conn_loop(exchange->conn), &exchange->deadline);
    ph_timer_start(ph_conn_loop(exchange->conn), &exchange->deadline, ms * UINT64_C(1000));
}

static void next_request(struct ph_exchange *exchange)
{
    forget_answer(exchange);
    if (!exchange->keeps_alive) {
        ph_conn_close(exchange->conn, PH_CLOSE_DONE);
        return;
    }
    exchange->state = PH_EXCHANGE_READING;
    exchange->has_continued = false;
    set_deadline(exchange, PH_LIMIT_HTTP_IDLE_MS);
    ph_conn_resume(exchange->conn);
}

static void send_on(struct ph_exchange *exchange)
{
    struct iovec pieces[2];
    int n = 0;
    size_t accepted = 0, head = ph_buf_length(&exchange->head);
    if (head)
        pieces[n++] = (struct iovec){(void *)(uintptr_t)ph_buf_data(&exchange->head), head};
    if (exchange->length)
        pieces[n++] = (struct iovec){(void *)(uintptr_t)exchange->body, exchange->length};
    if (n && ph_conn_write(exchange->conn, pieces, n, &accepted))
        return;
    size_t of_head = accepted < head ? accepted : head;
    ph_buf_consume(&exchange->head, of_head);
    if (accepted > of_head) {
        exchange->body += accepted - of_head;
        exchange->length -= accepted - of_head;
    }
    if (ph_buf_length(&exchange->head) == 0 && exchange->length == 0)
        next_request(exchange);
    else if (accepted)
        set_deadline(exchange, PH_LIMIT_HTTP_SEND_MS);
}

/* The access log. Queries stay out of it: they hold keys and tickets. */
static void note_request(struct ph_exchange *exchange, const struct ph_http_head *head)
{
    struct ph_text text;
    size_t cap = head->method.length + 4 * head->path.length + 2;
    exchange->asked = exchange->gate->is_logged ? malloc(cap) : NULL;
    exchange->asked_us = ph_loop_now(ph_conn_loop(exchange->conn));
    if (!exchange->asked)
        return;
    ph_text_init(&text, exchange->asked, cap);
    ph_text_add(&text, "%.*s ", (int)head->method.length, head->method.data);
    ph_text_add_escaped(&text, head->path.data, head->path.length);
}

static void forget_request(struct ph_exchange *exchange)
{
    free(exchange->asked);
    exchange->asked = NULL;
}

static void log_request(struct ph_exchange *exchange, const struct ph_http_answer *answer)
{
    char peer[PH_ADDRESS_TEXT];
    uint64_t took_us = ph_loop_now(ph_conn_loop(exchange->conn)) - exchange->asked_us;
    if (!exchange->asked)
        return;
    ph_address_text(ph_conn_peer(exchange->conn), peer);
    ph_log_info(exchange->gate->log, "http", "%s: %u, %zu bytes after %.1f ms (%s, %s)", exchange->asked,
                answer->status, answer->length, (double)took_us / 1000, peer, ph_conn_carrier(exchange->conn));
    forget_request(exchange);
}

void ph_exchange_answer(struct ph_exchange *exchange, const struct ph_http_answer *answer)
{
    char words[HEAD_TEXT];
    struct ph_text text;
    bool has_body = !exchange->is_head && answer->length;
    int err;
    ph_text_init(&text, words, sizeof words);
    write_head(&text, exchange, answer);
    log_request(exchange, answer);
    exchange->gone = NULL;
    exchange->release = answer->release;
    exchange->owner = answer->owner;
    err = ph_buf_append(&exchange->head, words, strlen(words));
    if (has_body && answer->release) {
        exchange->body = answer->body;
        exchange->length = answer->length;
    } else if (has_body && !err) {
        err = ph_buf_append(&exchange->head, answer->body, answer->length);
    }
    exchange->state = PH_EXCHANGE_SENDING;
    set_deadline(exchange, PH_LIMIT_HTTP_SEND_MS);
    if (err)
        ph_conn_close(exchange->conn, PH_CLOSE_MEMORY);
    else
        send_on(exchange);
}

void ph_exchange_refuse(struct ph_exchange *exchange, unsigned status, const char *why)
{
    char words[256];
    struct ph_text text;
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "%s\n", why);
    ph_exchange_answer(exchange, &(struct ph_http_answer){.status = status,
                                                          .type = "text/plain; charset=utf-8",
                                                          .fields = "Cache-Control: no-store\r\n",
                                                          .body = words,
                                                          .length = strlen(words)});
}

void ph_exchange_refuse_with(struct ph_exchange *exchange, unsigned status, const char *fields, const char *why)
{
    char peer[PH_ADDRESS_TEXT], words[256];
    struct ph_text text;
    ph_text_init(&text, words, sizeof words);
    ph_text_add(&text, "%s\n", why);
    ph_address_text(ph_conn_peer(exchange->conn), peer);
    ph_log_debug(exchange->gate->log, NULL, "HTTP %u %s: %s (%s)", status, reason_of(status), why, peer);
    exchange->keeps_alive = false;
    ph_exchange_answer(exchange, &(struct ph_http_answer){.status = status,
                                                          .type = "text/plain; charset=utf-8",
                                                          .fields = fields,
                                                          .body = words,
                                                          .length = strlen(words)});
}

/* Reading */

static bool takes_body(struct ph_exchange *exchange, const struct ph_http_head *head)
{
    if (head->is_chunked)
        ph_exchange_refuse_with(exchange, 411, "", "send the body in one piece, with Content-Length");
    else if (head->content_length > PH_LIMIT_HTTP_BODY)
        ph_exchange_refuse_with(exchange, 413, "", "this body is too long");
    else
        return true;
    return false;
}

static void say_continue(struct ph_exchange *exchange, const struct ph_http_head *head)
{
    static const char words[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct iovec iov = {(void *)(uintptr_t)words, sizeof words - 1};
    size_t accepted;
    struct rtmp_text expect = ph_http_field(head, "Expect");
    if (exchange->has_continued || !expect.data || !ph_http_list_has(expect, "100-continue"))
        return;
    exchange->has_continued = true;
    (void)!ph_conn_write(exchange->conn, &iov, 1, &accepted); /* a quiet socket takes so little, or is lost */
}

static size_t read_request(struct ph_exchange *exchange, const char *data, size_t length)
{
    struct ph_http_head head;
    const char *why;
    size_t used = 0;
    int err = ph_http_head_read(data, length, &head, &used, &why);
    if (err == -EAGAIN)
        return 0;
    exchange->is_head = !err && rtmp_text_is(head.method, "HEAD");
    if (err == -E2BIG)
        ph_exchange_refuse_with(exchange, 431, "", "the head of this request is too long");
    else if (err)
        ph_exchange_refuse_with(exchange, 400, "", why);
    if (err || !takes_body(exchange, &head))
        return length;
    if (length - used < head.content_length) {
        say_continue(exchange, &head);
        return 0;
    }
    const struct ph_request request = {
        .head = &head, .body = (const uint8_t *)data + used, .length = (size_t)head.content_length};
    forget_request(exchange);
    note_request(exchange, &head);
    exchange->keeps_alive = head.keeps_alive && ++exchange->n_requests < PH_LIMIT_HTTP_REQUESTS;
    exchange->state = PH_EXCHANGE_ASKED;
    ph_timer_stop(ph_conn_loop(exchange->conn), &exchange->deadline);
    used += (size_t)head.content_length;
    ph_http_ask(exchange, &request); /* it may be gone after this */
    return used;
}

static size_t on_read(void *user, const uint8_t *data, size_t length)
{
    struct ph_exchange *exchange = user;
    return exchange->state == PH_EXCHANGE_READING ? read_request(exchange, (const char *)data, length) : 0;
}

static void on_writable(void *user)
{
    struct ph_exchange *exchange = user;
    if (exchange->state == PH_EXCHANGE_SENDING)
        send_on(exchange);
}

/* Beginning and end */

static void discard(struct ph_exchange *exchange)
{
    ph_timer_stop(ph_conn_loop(exchange->conn), &exchange->deadline);
    forget_answer(exchange);
    forget_request(exchange);
    free(exchange);
}

static void on_close(void *user, enum ph_close reason)
{
    struct ph_exchange *exchange = user;
    (void)reason;
    if (exchange->gone)
        exchange->gone(exchange->user);
    discard(exchange);
}

static void on_deadline(struct ph_timer *timer)
{
    struct ph_exchange *exchange = ph_container_of(timer, struct ph_exchange, deadline);
    if (exchange->state == PH_EXCHANGE_SENDING)
        ph_conn_close(exchange->conn, PH_CLOSE_STALLED);
    else if (exchange->n_requests)
        ph_conn_close(exchange->conn, PH_CLOSE_TIMEOUT);
    else
        ph_exchange_refuse_with(exchange, 408, "", "the request did not come in time");
}

void ph_exchange_wait(struct ph_exchange *exchange, void (*gone)(void *user), void *user)
{
    exchange->gone = gone;
    exchange->user = user;
}

struct ph_conn *ph_exchange_conn(const struct ph_exchange *exchange) { return exchange->conn; }

bool ph_exchange_is_head(const struct ph_exchange *exchange) { return exchange->is_head; }

struct ph_conn *ph_exchange_take(struct ph_exchange *exchange)
{
    struct ph_conn *conn = exchange->conn;
    discard(exchange);
    return conn;
}

static void about(void *user, struct ph_conn_about *told)
{
    (void)user;
    told->protocol = "http";
}

int ph_http_open(void *user, struct ph_conn *conn)
{
    static const struct ph_conn_handler handler = {
        .on_read = on_read, .on_writable = on_writable, .on_close = on_close, .about = about};
    struct ph_exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return -ENOMEM;
    exchange->gate = user;
    exchange->conn = conn;
    ph_buf_init(&exchange->head, SIZE_MAX);
    ph_timer_init(&exchange->deadline, on_deadline);
    ph_timer_start(ph_conn_loop(conn), &exchange->deadline, PH_LIMIT_HTTP_HEAD_MS * UINT64_C(1000));
    ph_conn_handle(conn, &handler, exchange);
    return 0;
}
