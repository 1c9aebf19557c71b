/* SPDX-License-Identifier: MIT */
#include "gate/ws/rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/letter.h"
#include "base/log.h"
#include "base/text.h"
#include "gate/ws/rpc_session.h"

enum { ENDING_MS = 5000, LENGTH_PREFIX = sizeof(uint32_t) };

static uint64_t ms(uint32_t n) { return (uint64_t)n * 1000; }

struct ph_log *rpc_log(const struct rpc_session *session) { return session->gate->options.log; }

/* The way out */

static void flush(struct rpc_session *session)
{
    struct ph_buf *control = ph_ws_control(session->ws);
    if (ph_buf_length(control) && ph_buf_append(&session->out, ph_buf_data(control), ph_buf_length(control)) == 0)
        ph_buf_consume(control, ph_buf_length(control));
    if (ph_buf_length(&session->out)) {
        const struct iovec iov = {.iov_base = (void *)(uintptr_t)ph_buf_data(&session->out),
                                  .iov_len = ph_buf_length(&session->out)};
        size_t accepted = 0;
        if (ph_conn_write(session->conn, &iov, 1, &accepted))
            return; /* on_close says so */
        ph_buf_consume(&session->out, accepted);
    }
    if (session->is_ending && ph_buf_length(&session->out) == 0)
        ph_conn_close(session->conn, PH_CLOSE_DONE);
}

static void flush_soon(struct rpc_session *session)
{
    if (!ph_list_is_empty(&session->unsent))
        return;
    ph_list_append(&session->home->unsent, &session->unsent);
    ph_loop_defer(session->home->loop, &session->home->flush);
}

static void flush_all(struct ph_deferred *deferred)
{
    struct rpc_home *home = ph_container_of(deferred, struct rpc_home, flush);
    for (struct ph_list *node; (node = ph_list_pop(&home->unsent));)
        flush(ph_list_entry(node, struct rpc_session, unsent));
}

static void stall(struct rpc_session *session)
{
    session->is_ending = true;
    session->reason = "the peer does not read";
    ph_loop_defer(session->home->loop, &session->teardown);
    ph_conn_close(session->conn, PH_CLOSE_STALLED);
}

void rpc_put(struct rpc_session *session, const uint8_t *frames, size_t length)
{
    if (session->is_ending)
        return;
    if (ph_buf_append(&session->out, frames, length))
        stall(session);
    else
        flush_soon(session);
}

void rpc_send(struct rpc_session *session, const uint8_t *text, size_t length)
{
    uint8_t header[PH_WS_HEADER];
    rpc_put(session, header, ph_ws_header(PH_WS_TEXT, length, header));
    rpc_put(session, text, length);
}

void rpc_end(struct rpc_session *session, uint16_t code, const char *why, const char *words)
{
    if (session->is_ending)
        return;
    ph_ws_close(session->ws, code, words ? words : why);
    session->is_ending = true;
    session->reason = why;
    ph_loop_defer(session->home->loop, &session->teardown);
    ph_timer_start(session->home->loop, &session->watch, ms(ENDING_MS));
    flush_soon(session);
}

/* The way in */

/* A message that comes while the seat is full waits, and nothing more is read. */
static void keep(struct rpc_session *session, const uint8_t *text, size_t length)
{
    uint32_t prefix = (uint32_t)length;
    if (ph_buf_append(&session->backlog, &prefix, sizeof prefix) || ph_buf_append(&session->backlog, text, length))
        rpc_end(session, RPC_POLICY, "too much was said at once", NULL);
}

static bool must_wait(const struct rpc_session *session)
{
    return (session->seat && ph_seat_is_full(session->seat)) || (!session->is_in && !session->is_waiting);
}

static void on_message(void *user, enum ph_ws_kind kind, const uint8_t *text, size_t length)
{
    struct rpc_session *session = user;
    if (session->is_ending)
        return;
    if (kind != PH_WS_TEXT)
        rpc_end(session, RPC_UNSUPPORTED, "it sent binary data", "text messages, please");
    else if (must_wait(session) || ph_buf_length(&session->backlog))
        keep(session, text, length);
    else
        rpc_take(session, text, length);
}

static void take_backlog(struct rpc_session *session)
{
    while (ph_buf_length(&session->backlog) && !must_wait(session) && !session->is_ending) {
        uint32_t length;
        memcpy(&length, ph_buf_data(&session->backlog), sizeof length);
        rpc_take(session, ph_buf_data(&session->backlog) + sizeof length, length);
        ph_buf_consume(&session->backlog, sizeof length + length);
    }
}

void rpc_go_on(struct rpc_session *session)
{
    take_backlog(session);
    if (ph_buf_length(&session->backlog) == 0 && !session->is_ending)
        ph_conn_resume(session->conn);
}

static size_t on_read(void *user, const uint8_t *data, size_t length)
{
    struct rpc_session *session = user;
    if (session->is_ending)
        return length;
    if (ph_buf_length(&session->backlog))
        return 0;
    if (ph_ws_feed(session->ws, data, length) && !session->is_ending) {
        session->reason = ph_ws_fault(session->ws);
        session->is_lost = !ph_ws_is_goodbye(session->ws);
        session->is_ending = true;
        ph_loop_defer(session->home->loop, &session->teardown);
        ph_timer_start(session->home->loop, &session->watch, ms(ENDING_MS));
    }
    flush_soon(session);
    return length;
}

static void put_newest(void *user, const uint8_t *frames, size_t length) { rpc_put(user, frames, length); }

static void on_writable(void *user)
{
    struct rpc_session *session = user;
    flush(session);
    if (!ph_conn_is_blocked(session->conn))
        ph_newest_give(&session->newest, put_newest, session);
}

/* Time */

static void on_watch(struct ph_timer *timer)
{
    static const uint8_t ping[] = {0x89, 0};
    struct rpc_session *session = ph_container_of(timer, struct rpc_session, watch);
    const struct ph_rpc_options *options = &session->gate->options;
    uint64_t heard = ph_conn_bytes_in(session->conn), blocked_us = ph_conn_blocked_since_us(session->conn);
    bool was_silent = heard == session->heard;
    session->heard = heard;
    if (session->is_ending) {
        ph_conn_close(session->conn, PH_CLOSE_STALLED);
        return;
    }
    if (blocked_us && ph_loop_now(session->home->loop) - blocked_us > ms(PH_LIMIT_WRITE_STALL_MS)) {
        stall(session);
        return;
    }
    if (!session->is_in || (was_silent && session->is_pinged)) {
        rpc_end(session, RPC_POLICY, session->is_in ? "no answer to a ping" : "it did not connect in time", NULL);
        return;
    }
    session->is_pinged = was_silent;
    if (was_silent)
        rpc_put(session, ping, sizeof ping);
    ph_timer_start(session->home->loop, &session->watch, ms(was_silent ? options->pong_ms : options->ping_ms));
}

/* Beginning and end */

static void leave_seat(struct rpc_session *session)
{
    bool is_lost = session->is_lost || !session->reason;
    ph_seat_close(session->seat, is_lost ? PH_REASON_LOST : PH_REASON_LEFT);
    session->seat = NULL;
}

static void on_teardown(struct ph_deferred *deferred)
{
    leave_seat(ph_container_of(deferred, struct rpc_session, teardown));
}

static void log_line(const struct rpc_session *session, const char *event, const char *words)
{
    char peer[PH_ADDRESS_TEXT];
    ph_address_text(ph_conn_peer(session->conn), peer);
    ph_log_event(rpc_log(session), event, session->path, "%s%s(%s, websocket)", words, words[0] ? " " : "", peer);
}

static void on_close(void *user, enum ph_close reason)
{
    struct rpc_session *session = user;
    log_line(session, "closed", session->reason ? session->reason : ph_close_text(reason));
    leave_seat(session);
    ph_deferred_cancel(&session->teardown);
    ph_timer_stop(session->home->loop, &session->watch);
    ph_list_remove(&session->link);
    ph_list_remove(&session->unsent);
    atomic_fetch_sub(&session->gate->n_sessions, 1);
    ph_ws_destroy(session->ws);
    ph_buf_finish(&session->out);
    ph_newest_finish(&session->newest);
    ph_buf_finish(&session->backlog);
    for (size_t i = 0; i < PH_LIMIT_OPEN_CALLS; i++)
        free(session->open[i].id);
    free(session->connect.id);
    free(session->path);
    free(session->query);
    free(session);
}

static struct rpc_session *make_session(struct ph_rpc *gate, struct ph_conn *conn, const struct ph_upgrade *upgrade)
{
    static const struct ph_ws_events events = {.message = on_message};
    struct rpc_session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    session->path = strndup(upgrade->rest.data, upgrade->rest.length);
    session->query = strndup(upgrade->head->query.data, upgrade->head->query.length);
    if (!session->path || !session->query || ph_ws_create(PH_LIMIT_WS_MESSAGE, &events, session, &session->ws)) {
        free(session->path);
        free(session->query);
        free(session);
        return NULL;
    }
    session->gate = gate;
    session->home = &gate->homes[ph_conn_loop(conn)->index];
    session->conn = conn;
    return session;
}

static void about(void *user, struct ph_conn_about *told)
{
    const struct rpc_session *session = user;
    *told = (struct ph_conn_about){.protocol = "json", .path = session->path};
}

int ph_rpc_open(void *user, struct ph_conn *conn, const struct ph_upgrade *upgrade)
{
    static const struct ph_conn_handler handler = {
        .on_read = on_read, .on_writable = on_writable, .on_close = on_close, .about = about};
    struct ph_rpc *gate = user;
    struct rpc_session *session = make_session(gate, conn, upgrade);
    if (!session)
        return -ENOMEM;
    ph_buf_init(&session->out, PH_LIMIT_EVENT_QUEUE);
    ph_newest_init(&session->newest);
    ph_buf_init(&session->backlog, PH_LIMIT_WS_MESSAGE + 2 * PH_LIMIT_READ_BYTES);
    ph_list_init(&session->unsent);
    ph_list_append(&session->home->sessions, &session->link);
    ph_deferred_init(&session->teardown, on_teardown);
    ph_timer_init(&session->watch, on_watch);
    ph_timer_start(session->home->loop, &session->watch, ms(PH_LIMIT_CONNECT_MS));
    atomic_fetch_add(&gate->n_sessions, 1);
    ph_conn_handle(conn, &handler, session);
    log_line(session, "opened", "");
    session->is_waiting = strcmp(session->query, "hold") == 0 || strncmp(session->query, "hold&", 5) == 0;
    if (session->home->is_draining)
        rpc_end(session, RPC_GOING_AWAY, "the server stops", NULL);
    else if (!session->is_waiting && rpc_join(session, NULL))
        rpc_end(session, RPC_REFUSED, "no such application", NULL);
    return 0;
}

/* The gate */

static void drain_home(struct ph_mail *mail)
{
    struct rpc_home *home = ph_container_of(mail, struct rpc_home, drain);
    home->is_draining = true;
    ph_list_for_each_safe(node, &home->sessions)
        rpc_end(ph_list_entry(node, struct rpc_session, link), RPC_GOING_AWAY, "the server stops", NULL);
}

int ph_rpc_create(const struct ph_rpc_options *options, struct ph_rpc **gate)
{
    unsigned n = options->workers->n;
    struct ph_rpc *made = calloc(1, sizeof *made + n * sizeof made->homes[0]);
    if (!made)
        return -ENOMEM;
    made->options = *options;
    made->n_homes = n;
    for (unsigned i = 0; i < n; i++) {
        struct rpc_home *home = &made->homes[i];
        home->gate = made;
        home->loop = &options->workers->loop[i];
        home->drain.deliver = drain_home;
        ph_list_init(&home->sessions);
        ph_list_init(&home->unsent);
        ph_deferred_init(&home->flush, flush_all);
        rtmp_arena_init(&home->scratch, &ph_app_allocator, PH_LIMIT_AMF_BYTES);
        rtmp_buffer_init(&home->text, &ph_app_allocator, PH_LIMIT_EVENT_QUEUE);
    }
    *gate = made;
    return 0;
}

void ph_rpc_destroy(struct ph_rpc *gate)
{
    if (!gate)
        return;
    for (unsigned i = 0; i < gate->n_homes; i++) {
        ph_deferred_cancel(&gate->homes[i].flush);
        rtmp_arena_finish(&gate->homes[i].scratch);
        rtmp_buffer_finish(&gate->homes[i].text);
    }
    free(gate);
}

void ph_rpc_drain(struct ph_rpc *gate)
{
    for (unsigned i = 0; i < gate->n_homes; i++)
        ph_loop_post(gate->homes[i].loop, &gate->homes[i].drain);
}

unsigned ph_rpc_n_sessions(const struct ph_rpc *gate) { return atomic_load(&gate->n_sessions); }
