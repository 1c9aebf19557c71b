/* SPDX-License-Identifier: MIT */
#include "cluster/redis_wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/retry.h"
#include "base/text.h"
#include "media/outlet.h"
#include "net/conn.h"
#include "net/lookup.h"
#include "net/tls.h"

enum { WHY = 256, WORDS_MAX = 16, DIAL_MS = 5000 };

/* A reply that has to come. */
struct awaited {
    struct ph_list link;
    redis_reply_fn done;
    void *user;
    uint64_t since_us;
};

struct redis_wire {
    struct redis_wire_options options;
    struct ph_lookup *lookup;
    struct ph_address addresses[PH_LOOKUP_MAX];
    size_t n_addresses, next;
    struct ph_conn *conn;
    struct ph_outlet outlet;
    redisReader *reader;
    struct ph_list awaited; /* list of struct awaited::link, the oldest first */
    struct ph_timer watch;  /* until it stands its deadline, then that of the oldest reply */
    struct ph_timer retry;
    struct ph_deferred step;
    unsigned n_failures; /* in a row */
    bool is_up, is_closed;
    char why[WHY]; /* "": it goes well */
};

static void dial_next(struct redis_wire *wire);

/* The end */

static void forget(struct redis_wire *wire, bool tell)
{
    for (struct ph_list *node; (node = ph_list_pop(&wire->awaited));) {
        struct awaited *awaited = ph_list_entry(node, struct awaited, link);
        if (tell)
            awaited->done(awaited->user, NULL);
        free(awaited);
    }
}

static void hang_up(struct redis_wire *wire)
{
    if (wire->conn)
        ph_outlet_finish(&wire->outlet);
    wire->conn = NULL;
    redisReaderFree(wire->reader);
    wire->reader = NULL;
    ph_timer_stop(wire->options.loop, &wire->watch);
}

static void destroy(struct redis_wire *wire)
{
    forget(wire, false);
    ph_lookup_cancel(wire->lookup);
    ph_timer_stop(wire->options.loop, &wire->retry);
    ph_deferred_cancel(&wire->step);
    hang_up(wire);
    free(wire);
}

void redis_wire_close(struct redis_wire *wire)
{
    if (!wire)
        return;
    wire->is_closed = true;
    forget(wire, false);
    if (wire->conn)
        ph_conn_close(wire->conn, PH_CLOSE_DONE);
    else
        destroy(wire);
}

void redis_wire_fail(struct redis_wire *wire, const char *format, ...)
{
    va_list values;
    struct ph_text text;
    if (wire->why[0] || wire->is_closed)
        return;
    ph_text_init(&text, wire->why, sizeof wire->why);
    va_start(values, format);
    ph_text_add_v(&text, format, values);
    va_end(values);
    if (wire->conn)
        ph_conn_close(wire->conn, PH_CLOSE_DONE);
    else
        ph_loop_defer(wire->options.loop, &wire->step);
}

static void rest(struct redis_wire *wire)
{
    char why[WHY];
    memcpy(why, wire->why, sizeof why);
    wire->is_up = false;
    wire->n_addresses = wire->next = 0;
    hang_up(wire);
    wire->why[0] = '\0';
    if (!wire->options.loop->stopping)
        ph_timer_start(wire->options.loop, &wire->retry,
                       ph_retry_us(wire->n_failures, PH_LIMIT_ENGINE_RETRY_MIN_MS, PH_LIMIT_ENGINE_RETRY_MAX_MS));
    wire->n_failures++;
    forget(wire, true);
    wire->options.events->down(wire->options.user, why);
}

/* Talking */

static void watch_oldest(struct redis_wire *wire)
{
    struct ph_list *first = ph_list_first(&wire->awaited);
    struct ph_loop *loop = wire->options.loop;
    ph_timer_stop(loop, &wire->watch);
    if (!first)
        return;
    uint64_t due_us = ph_list_entry(first, struct awaited, link)->since_us + wire->options.patience_ms * UINT64_C(1000);
    uint64_t now_us = ph_loop_now(loop);
    ph_timer_start(loop, &wire->watch, due_us > now_us ? due_us - now_us : 0);
}

static void on_watch(struct ph_timer *timer)
{
    struct redis_wire *wire = ph_container_of(timer, struct redis_wire, watch);
    redis_wire_fail(wire, "it does not answer");
}

static int put(struct redis_wire *wire, size_t n, const char *const *words, const size_t *lengths)
{
    char *bytes;
    const char *copy[WORDS_MAX];
    if (n > WORDS_MAX)
        return -EINVAL;
    memcpy(copy, words, n * sizeof *words);
    int length = redisFormatCommandArgv(&bytes, (int)n, copy, lengths);
    if (length < 0)
        return -ENOMEM;
    int err = ph_outlet_put(&wire->outlet, bytes, (size_t)length);
    explicit_bzero(bytes, (size_t)length); /* there may be a password in it */
    redisFreeCommand(bytes);
    return err;
}

static int say(struct redis_wire *wire, size_t n, const char *const *words, const size_t *lengths, redis_reply_fn done,
               void *user)
{
    struct awaited *awaited = calloc(1, sizeof *awaited);
    int err = awaited ? put(wire, n, words, lengths) : -ENOMEM;
    if (err) {
        free(awaited);
        return err;
    }
    awaited->done = done;
    awaited->user = user;
    awaited->since_us = ph_loop_now(wire->options.loop);
    bool is_first = ph_list_is_empty(&wire->awaited);
    ph_list_append(&wire->awaited, &awaited->link);
    if (is_first)
        watch_oldest(wire);
    ph_loop_defer(wire->options.loop, &wire->step);
    return 0;
}

int redis_wire_say(struct redis_wire *wire, size_t n, const char *const *words, const size_t *lengths,
                   redis_reply_fn done, void *user)
{
    return wire->is_up && !wire->why[0] ? say(wire, n, words, lengths, done, user) : -ENOTCONN;
}

static void hear(struct redis_wire *wire, const redisReply *reply)
{
    struct ph_list *node = ph_list_pop(&wire->awaited);
    if (!node) {
        redis_wire_fail(wire, "it says what nobody has asked for");
        return;
    }
    struct awaited *awaited = ph_list_entry(node, struct awaited, link);
    awaited->done(awaited->user, reply);
    free(awaited);
}

static size_t on_read(void *user, const uint8_t *data, size_t length)
{
    struct redis_wire *wire = user;
    void *reply;
    if (!wire->reader || wire->is_closed || wire->why[0])
        return length;
    int rc = redisReaderFeed(wire->reader, (const char *)data, length);
    while (rc == REDIS_OK && !wire->why[0]) {
        rc = redisReaderGetReply(wire->reader, &reply);
        if (rc != REDIS_OK || !reply)
            break;
        hear(wire, reply);
        freeReplyObject(reply);
    }
    if (rc != REDIS_OK)
        redis_wire_fail(wire, "what it says cannot be understood; is it a Redis?");
    else if (!wire->why[0])
        watch_oldest(wire);
    return length;
}

/* The greeting */

static void on_greeted(void *user, const redisReply *reply)
{
    struct redis_wire *wire = user;
    if (reply && reply->type == REDIS_REPLY_ERROR)
        redis_wire_fail(wire, "it says %s", reply->str);
    if (!reply || wire->why[0] || !ph_list_is_empty(&wire->awaited))
        return;
    wire->is_up = true;
    wire->n_failures = 0;
    wire->options.events->up(wire->options.user);
}

static int greet(struct redis_wire *wire)
{
    const struct redis_url *url = wire->options.url;
    char database[16];
    struct ph_text text;
    const char *const login[] = {"AUTH", url->user, url->password};
    const char *const password[] = {"AUTH", url->password};
    const char *const choose[] = {"SELECT", database};
    const char *const ping[] = {"PING"};
    ph_text_init(&text, database, sizeof database);
    ph_text_add(&text, "%u", url->database);
    int err = 0;
    if (url->password[0])
        err = url->user[0] ? say(wire, 3, login, NULL, on_greeted, wire)
                           : say(wire, 2, password, NULL, on_greeted, wire);
    if (!err && url->database)
        err = say(wire, 2, choose, NULL, on_greeted, wire);
    return err ? err : say(wire, 1, ping, NULL, on_greeted, wire);
}

/* The connection */

static void on_writable(void *user) { (void)ph_outlet_pump(&((struct redis_wire *)user)->outlet); }

static void on_open(void *user)
{
    struct redis_wire *wire = user;
    const struct redis_url *url = wire->options.url;
    if (url->is_secure && (!wire->options.trust || ph_tls_dial(wire->options.trust, wire->conn, url->host)))
        redis_wire_fail(wire, wire->options.trust ? "out of memory" : "this program has no TLS");
    wire->reader = redisReaderCreate();
    if (!wire->reader || greet(wire))
        redis_wire_fail(wire, "out of memory");
}

static void on_close(void *user, enum ph_close reason)
{
    struct redis_wire *wire = user;
    const char *fault = ph_conn_fault(wire->conn);
    if (wire->is_closed) {
        destroy(wire);
        return;
    }
    if (!wire->why[0] && reason == PH_CLOSE_UNREACHABLE && wire->next < wire->n_addresses) {
        hang_up(wire);
        dial_next(wire);
        return;
    }
    struct ph_text text;
    if (!wire->why[0]) {
        ph_text_init(&text, wire->why, sizeof wire->why);
        ph_text_add(&text, "%s%s", fault ? "TLS: " : "", fault ? fault : ph_close_text(reason));
    }
    rest(wire);
}

static void about(void *user, struct ph_conn_about *told)
{
    (void)user;
    *told = (struct ph_conn_about){.protocol = "redis"};
}

static void dial_next(struct redis_wire *wire)
{
    static const struct ph_conn_handler handler = {
        .on_read = on_read, .on_writable = on_writable, .on_close = on_close, .on_open = on_open, .about = about};
    while (wire->next < wire->n_addresses) {
        if (ph_conn_dial(wire->options.loop, &wire->addresses[wire->next++], &handler, wire, &wire->conn))
            continue;
        ph_outlet_init(&wire->outlet, wire->conn, PH_LIMIT_ENGINE_QUEUE);
        ph_timer_start(wire->options.loop, &wire->watch, DIAL_MS * UINT64_C(1000));
        return;
    }
    redis_wire_fail(wire, "it cannot be reached");
}

static void on_found(void *user, const char *fault, const struct ph_address *addresses, size_t n)
{
    struct redis_wire *wire = user;
    wire->lookup = NULL;
    if (fault) {
        redis_wire_fail(wire, "%s", fault);
        return;
    }
    memcpy(wire->addresses, addresses, n * sizeof *addresses);
    wire->n_addresses = n;
    dial_next(wire);
}

/* From a fresh stack: what was said goes out, or it ends without a connection. */
static void on_step(struct ph_deferred *deferred)
{
    struct redis_wire *wire = ph_container_of(deferred, struct redis_wire, step);
    if (wire->conn)
        (void)ph_outlet_pump(&wire->outlet); /* a lost connection says so itself */
    else if (wire->why[0])
        rest(wire);
}

static void on_retry(struct ph_timer *timer)
{
    struct redis_wire *wire = ph_container_of(timer, struct redis_wire, retry);
    const struct redis_url *url = wire->options.url;
    if (ph_lookup_start(wire->options.loop, url->host, url->port, on_found, wire, &wire->lookup))
        redis_wire_fail(wire, "out of memory");
}

int redis_wire_open(const struct redis_wire_options *options, struct redis_wire **opened)
{
    struct redis_wire *wire = calloc(1, sizeof *wire);
    if (!wire)
        return -ENOMEM;
    wire->options = *options;
    ph_list_init(&wire->awaited);
    ph_timer_init(&wire->watch, on_watch);
    ph_timer_init(&wire->retry, on_retry);
    ph_deferred_init(&wire->step, on_step);
    ph_timer_start(options->loop, &wire->retry, 0);
    *opened = wire;
    return 0;
}
