/* SPDX-License-Identifier: MIT */
/*
 * States    connecting (dialled only) -> open -> closing (on_close is due) -> lingering or gone
 *           Flags say which; none but `connecting` is ever left by going back.
 * Events    What the poll is armed for follows from the state alone: arm() computes it and asks the kernel only
 *           when it changed.
 * Deferred  Whatever must start from a fresh stack (the end, held bytes) sets a flag and defers `work`.
 */
#include "net/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "net/socket.h"
#include "net/unread.h"

enum { PROMPT_BYTES = 8 * 1024 }; /* a greeting, and a few questions with their answers */

struct ph_conn {
    struct ph_list link; /* in ph_loop::conns */
    struct ph_loop *loop;
    const struct ph_conn_handler *handler;
    void *user;
    struct ph_conn_watch *watch; /* NULL: nobody */
    struct ph_socket socket;     /* the lowest filter */
    struct ph_filter *top;
    struct ph_buf hold; /* read, not used */
    struct ph_deferred work;
    struct ph_timer timer; /* while connecting and lingering */
    uint64_t id, born_us, progress_us;
    uint64_t bytes_in, bytes_out;
    struct ph_unread unread;
    struct ph_address peer;
    uint32_t linger_left; /* bytes still thrown away */
    uint8_t reason;       /* enum ph_close */
    uint8_t armed;        /* uv_poll_event bits */
    bool connecting, blocked, closing, told, lingering;
    bool broken;    /* nothing goes out any more; what had come in before is still shown */
    bool show_held; /* ph_conn_resume() was called */
    bool handed;    /* ph_conn_handle() was called since on_read began */
    bool authorised;
    uv_poll_t poll;
};

_Static_assert(sizeof(struct ph_conn) <= 600, "an idle connection must stay small");

const char *ph_close_text(enum ph_close reason)
{
    static const char *const texts[] = {
#define TEXT(name, text) text,
        PH_CLOSE_MAP(TEXT)
#undef TEXT
    };
    return texts[reason];
}

static unsigned filters_want(const struct ph_conn *conn)
{
    unsigned wants = 0;
    for (const struct ph_filter *filter = conn->top; filter; filter = filter->below)
        if (filter->ops->wants)
            wants |= filter->ops->wants(filter);
    return wants;
}

static bool filters_pending(const struct ph_conn *conn)
{
    for (const struct ph_filter *filter = conn->top; filter; filter = filter->below)
        if (filter->ops->pending && filter->ops->pending(filter))
            return true;
    return false;
}

/* ---- events ---- */

static void poll_event(uv_poll_t *poll, int status, int events);

static unsigned events_of(const struct ph_conn *conn)
{
    if (conn->lingering)
        return UV_READABLE;
    if (conn->closing)
        return 0;
    if (conn->connecting)
        return UV_WRITABLE;
    unsigned wants = filters_want(conn), events = 0;
    if (ph_buf_room(&conn->hold) > 0 || wants & PH_WANT_READ)
        events |= UV_READABLE;
    if ((conn->blocked && !(wants & PH_WANT_SILENCE)) || wants & PH_WANT_WRITE)
        events |= UV_WRITABLE;
    return events ? events : UV_DISCONNECT; /* the hold is full: all that matters is whether the peer lives */
}

static void arm(struct ph_conn *conn)
{
    unsigned events = events_of(conn);
    if (events == conn->armed)
        return;
    conn->armed = (uint8_t)events;
    if (events)
        uv_poll_start(&conn->poll, (int)events, poll_event); /* fails only for handles that are closing */
    else
        uv_poll_stop(&conn->poll);
}

/* ---- the end ---- */

static void free_conn(uv_handle_t *handle) { free(handle->data); }

static void destroy(struct ph_conn *conn)
{
    ph_timer_stop(conn->loop, &conn->timer);
    ph_deferred_cancel(&conn->work);
    ph_list_remove(&conn->link);
    ph_buf_finish(&conn->hold);
    uv_close((uv_handle_t *)&conn->poll, free_conn); /* before the descriptor goes */
    while (conn->top) {
        struct ph_filter *filter = conn->top;
        conn->top = filter->below;
        filter->ops->destroy(filter);
    }
    atomic_fetch_sub_explicit(&conn->loop->n_conns, 1, memory_order_relaxed);
    if (conn->watch)
        conn->watch->gone(conn->watch);
}

/* What was written last may lie in the kernel still: closing with unread input would reset it away. */
static bool must_linger(const struct ph_conn *conn)
{
    switch ((enum ph_close)conn->reason) {
    case PH_CLOSE_DONE:
    case PH_CLOSE_REFUSED:
    case PH_CLOSE_PROTOCOL:
    case PH_CLOSE_LIMIT:
    case PH_CLOSE_TIMEOUT:
    case PH_CLOSE_KICKED:
    case PH_CLOSE_STOP:
        return conn->bytes_out > 0 && !conn->loop->stopping;
    case PH_CLOSE_PEER:
    case PH_CLOSE_LOST:
    case PH_CLOSE_UNREACHABLE:
    case PH_CLOSE_STALLED:
    case PH_CLOSE_MEMORY:
        return false;
    }
    return false;
}

static void begin_linger(struct ph_conn *conn)
{
    for (struct ph_filter *filter = conn->top; filter; filter = filter->below)
        if (filter->ops->shutdown)
            filter->ops->shutdown(filter);
    ph_buf_finish(&conn->hold);
    conn->lingering = true;
    conn->linger_left = PH_LIMIT_LINGER_BYTES;
    ph_timer_start(conn->loop, &conn->timer, PH_LIMIT_LINGER_MS * UINT64_C(1000));
    arm(conn);
}

static void linger_on(struct ph_conn *conn)
{
    size_t got = 0;
    int err = conn->socket.filter.ops->read(&conn->socket.filter, conn->loop->read_buffer, PH_LIMIT_READ_BYTES, &got);
    if ((err && err != -EAGAIN) || got >= conn->linger_left) {
        destroy(conn);
        return;
    }
    conn->linger_left -= (uint32_t)got;
}

static void finish(struct ph_conn *conn)
{
    conn->told = true;
    conn->handler->on_close(conn->user, (enum ph_close)conn->reason);
    if (must_linger(conn)) {
        begin_linger(conn);
        return;
    }
    if (conn->reason == PH_CLOSE_STALLED)
        ph_socket_discard(&conn->socket);
    destroy(conn);
}

void ph_conn_close(struct ph_conn *conn, enum ph_close reason)
{
    ph_loop_assert_owner(conn->loop);
    if (conn->closing)
        return;
    conn->closing = true;
    conn->reason = (uint8_t)reason;
    ph_timer_stop(conn->loop, &conn->timer);
    arm(conn);
    ph_loop_defer(conn->loop, &conn->work);
}

void ph_conn_close_all(struct ph_loop *loop, enum ph_close reason)
{
    ph_list_for_each_safe(node, &loop->conns)
    {
        struct ph_conn *conn = ph_list_entry(node, struct ph_conn, link);
        if (conn->lingering)
            destroy(conn);
        else
            ph_conn_close(conn, reason);
    }
}

static void timer_fired(struct ph_timer *timer)
{
    struct ph_conn *conn = ph_container_of(timer, struct ph_conn, timer);
    if (conn->lingering)
        destroy(conn);
    else
        ph_conn_close(conn, PH_CLOSE_UNREACHABLE);
}

/* ---- bytes in ---- */

/* Shows bytes to the user, and what it leaves to the next one if it has passed the connection on. */
static size_t show(struct ph_conn *conn, const uint8_t *data, size_t length)
{
    size_t used = 0;
    do {
        conn->handed = false;
        size_t n = conn->handler->on_read(conn->user, data + used, length - used);
        assert(n <= length - used);
        used += n;
    } while (conn->handed && used < length && !conn->closing);
    return used;
}

static void show_held(struct ph_conn *conn)
{
    if (ph_buf_length(&conn->hold) == 0)
        return;
    size_t used = show(conn, ph_buf_data(&conn->hold), ph_buf_length(&conn->hold));
    ph_buf_consume(&conn->hold, used);
}

/* Of a stream, though, an acknowledgement for each read would be a third of what reading costs. */
static void acknowledge(struct ph_conn *conn, size_t got)
{
    if (conn->bytes_in <= PROMPT_BYTES)
        ph_socket_set_prompt(&conn->socket, true);
    else if (conn->bytes_in - got <= PROMPT_BYTES)
        ph_socket_set_prompt(&conn->socket, false);
}

/* Returns whether anything came. */
static bool read_some(struct ph_conn *conn)
{
    size_t room = ph_buf_room(&conn->hold), got = 0;
    if (room == 0)
        return false;
    uint8_t *bytes = conn->loop->read_buffer;
    int err = conn->top->ops->read(conn->top, bytes, room < PH_LIMIT_READ_BYTES ? room : PH_LIMIT_READ_BYTES, &got);
    if (err == -EAGAIN)
        return false;
    if (err) {
        ph_conn_close(conn, err == -ENODATA && !conn->broken ? PH_CLOSE_PEER : PH_CLOSE_LOST);
        return false;
    }
    conn->bytes_in += got;
    bool held = ph_buf_length(&conn->hold) > 0;
    size_t used = held ? 0 : show(conn, bytes, got);
    if (conn->closing)
        return false;
    acknowledge(conn, got);                                     /* behind the answer: that acknowledges too */
    if (ph_buf_append(&conn->hold, bytes + used, got - used)) { /* there is room: no memory */
        ph_conn_close(conn, PH_CLOSE_MEMORY);
        return false;
    }
    if (held)
        show_held(conn);
    if (filters_pending(conn) && !conn->closing)
        ph_conn_resume(conn);
    return !conn->closing;
}

/* A peer that leaves resets the connection if we were still talking: its last words are in the kernel, behind the
 * error. */
static void read_rest(struct ph_conn *conn)
{
    conn->broken = true;
    while (!conn->closing && read_some(conn)) {}
    ph_conn_close(conn, PH_CLOSE_LOST);
}

void ph_conn_resume(struct ph_conn *conn)
{
    ph_loop_assert_owner(conn->loop);
    conn->show_held = true;
    ph_loop_defer(conn->loop, &conn->work);
}

static void do_work(struct ph_deferred *work)
{
    struct ph_conn *conn = ph_container_of(work, struct ph_conn, work);
    if (conn->closing) {
        if (!conn->told)
            finish(conn);
        return;
    }
    if (conn->broken) {
        read_rest(conn);
        return;
    }
    if (conn->show_held) {
        conn->show_held = false;
        show_held(conn);
        if (!conn->closing && filters_pending(conn))
            read_some(conn);
    }
    arm(conn);
}

static void connected(struct ph_conn *conn)
{
    if (ph_socket_error(&conn->socket)) {
        ph_conn_close(conn, PH_CLOSE_UNREACHABLE);
        return;
    }
    conn->connecting = false;
    ph_timer_stop(conn->loop, &conn->timer);
    if (conn->handler->on_open)
        conn->handler->on_open(conn->user);
}

static void poll_event(uv_poll_t *poll, int status, int events)
{
    struct ph_conn *conn = poll->data;
    ph_loop_now(conn->loop);
    if (conn->lingering) {
        if (status < 0)
            destroy(conn);
        else
            linger_on(conn);
        return;
    }
    if (status < 0) {
        conn->armed = 0; /* libuv has stopped it */
        if (conn->connecting)
            ph_conn_close(conn, PH_CLOSE_UNREACHABLE);
        else
            read_rest(conn);
        return;
    }
    if (events & UV_DISCONNECT && !(events & UV_READABLE)) {
        ph_conn_close(conn, PH_CLOSE_PEER);
        return;
    }
    bool filter_waits = events & UV_WRITABLE && filters_want(conn) & PH_WANT_WRITE;
    if (events & UV_WRITABLE && conn->connecting) {
        connected(conn);
    } else if (events & UV_WRITABLE && conn->blocked) {
        conn->blocked = false;
        if (conn->handler->on_writable)
            conn->handler->on_writable(conn->user);
    }
    if ((events & UV_READABLE || filter_waits) && !conn->closing)
        read_some(conn);
    arm(conn);
}

/* ---- bytes out ---- */

int ph_conn_write(struct ph_conn *conn, const struct iovec *iov, int n, size_t *accepted)
{
    ph_loop_assert_owner(conn->loop);
    if (conn->closing || conn->connecting || conn->broken)
        return -EPIPE;
    size_t total = 0, taken = 0;
    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    if (total > 0) {
        int err = conn->top->ops->write(conn->top, iov, n, &taken);
        if (err) {
            conn->broken = true;
            ph_loop_defer(conn->loop, &conn->work);
            return err;
        }
    }
    conn->bytes_out += taken;
    bool blocked = taken < total;
    if (taken > 0 || (blocked && !conn->blocked))
        conn->progress_us = ph_loop_now(conn->loop);
    if (blocked) {
        conn->blocked = true;
        arm(conn);
    }
    *accepted = taken;
    return 0;
}

size_t ph_conn_promised(const struct ph_conn *conn)
{
    return conn->top->ops->promised ? conn->top->ops->promised(conn->top) : 0;
}

size_t ph_conn_unsent(const struct ph_conn *conn) { return ph_socket_unsent(&conn->socket); }

void ph_conn_set_lowat(struct ph_conn *conn, unsigned bytes) { ph_socket_set_lowat(&conn->socket, bytes); }

uint64_t ph_conn_unread_since_us(struct ph_conn *conn)
{
    return ph_unread_since_us(&conn->unread, &conn->socket, ph_loop_now(conn->loop));
}

/* ---- birth ---- */

static int make(struct ph_loop *loop, int descriptor, const struct ph_address *peer,
                const struct ph_conn_handler *handler, void *user, struct ph_conn **conn)
{
    ph_loop_assert_owner(loop);
    struct ph_conn *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    int err = uv_poll_init(&loop->uv, &made->poll, descriptor); /* makes it non-blocking */
    if (err) {
        free(made);
        return err;
    }
    ph_socket_init(&made->socket, descriptor);
    made->top = &made->socket.filter;
    made->poll.data = made;
    made->loop = loop;
    made->handler = handler;
    made->user = user;
    made->peer = *peer;
    made->born_us = ph_loop_now(loop);
    ph_buf_init(&made->hold, PH_LIMIT_HOLD_BYTES);
    ph_deferred_init(&made->work, do_work);
    ph_timer_init(&made->timer, timer_fired);
    made->id = ++loop->n_made * loop->all->n + loop->index;
    ph_list_append(&loop->conns, &made->link);
    atomic_fetch_add_explicit(&loop->n_conns, 1, memory_order_relaxed);
    if (loop->stopping)
        ph_conn_close(made, PH_CLOSE_STOP);
    *conn = made;
    return 0;
}

int ph_conn_create(struct ph_loop *loop, int descriptor, const struct ph_address *peer,
                   const struct ph_conn_handler *handler, void *user, struct ph_conn **conn)
{
    struct ph_conn *made;
    int err = make(loop, descriptor, peer, handler, user, &made);
    if (err)
        return err;
    arm(made);
    *conn = made;
    return 0;
}

int ph_conn_dial(struct ph_loop *loop, const struct ph_address *peer, const struct ph_conn_handler *handler, void *user,
                 struct ph_conn **conn)
{
    int descriptor = socket(peer->as.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -errno;
    struct ph_conn *made;
    int err = connect(descriptor, &peer->as.any, ph_address_length(peer)) && errno != EINPROGRESS ? -errno : 0;
    if (!err)
        err = make(loop, descriptor, peer, handler, user, &made);
    if (err) {
        close(descriptor);
        return err;
    }
    made->connecting = true;
    ph_timer_start(loop, &made->timer, PH_LIMIT_CONNECT_MS * UINT64_C(1000));
    arm(made);
    *conn = made;
    return 0;
}

void ph_conn_handle(struct ph_conn *conn, const struct ph_conn_handler *handler, void *user)
{
    ph_loop_assert_owner(conn->loop);
    conn->handler = handler;
    conn->user = user;
    conn->handed = true;
    if (ph_buf_length(&conn->hold) > 0)
        ph_conn_resume(conn);
}

void ph_conn_push_filter(struct ph_conn *conn, struct ph_filter *filter)
{
    filter->below = conn->top;
    conn->top = filter;
    arm(conn);
}

/* ---- questions ---- */

void ph_conn_set_watch(struct ph_conn *conn, struct ph_conn_watch *watch) { conn->watch = watch; }

void ph_conn_authorise(struct ph_conn *conn)
{
    if (conn->authorised)
        return;
    conn->authorised = true;
    if (conn->watch)
        conn->watch->authorised(conn->watch);
}

const char *ph_conn_fault(const struct ph_conn *conn)
{
    for (const struct ph_filter *filter = conn->top; filter; filter = filter->below) {
        const char *fault = filter->ops->fault ? filter->ops->fault(filter) : NULL;
        if (fault)
            return fault;
    }
    return NULL;
}

bool ph_conn_is_closing(const struct ph_conn *conn) { return conn->closing; }
bool ph_conn_is_blocked(const struct ph_conn *conn) { return conn->blocked; }
uint64_t ph_conn_blocked_since_us(const struct ph_conn *conn) { return conn->blocked ? conn->progress_us : 0; }
const char *ph_conn_carrier(const struct ph_conn *conn) { return conn->top->ops->name; }

struct ph_loop *ph_conn_loop(const struct ph_conn *conn) { return conn->loop; }
const struct ph_address *ph_conn_peer(const struct ph_conn *conn) { return &conn->peer; }
bool ph_conn_is_loopback(const struct ph_conn *conn) { return ph_address_is_loopback(&conn->peer); }
uint64_t ph_conn_bytes_in(const struct ph_conn *conn) { return conn->bytes_in; }
uint64_t ph_conn_bytes_out(const struct ph_conn *conn) { return conn->bytes_out; }
uint64_t ph_conn_born_us(const struct ph_conn *conn) { return conn->born_us; }

void ph_conn_about(const struct ph_conn *conn, struct ph_conn_about *about)
{
    *about = (struct ph_conn_about){0};
    if (conn->handler->about && !conn->closing)
        conn->handler->about(conn->user, about);
}

uint64_t ph_conn_id(const struct ph_conn *conn) { return conn->id; }

struct ph_conn *ph_conn_next(struct ph_loop *loop, struct ph_conn *previous)
{
    const struct ph_list *node = previous ? previous->link.next : loop->conns.next;
    return node == &loop->conns ? NULL : ph_list_entry(node, struct ph_conn, link);
}
