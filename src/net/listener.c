/* SPDX-License-Identifier: MIT */
/*
 * One ticket per connection carries it from the accepting loop to its worker and reports back. It belongs to the
 * accepting loop; only `conn` is the worker's. Letters travel on it:
 *
 *     accepting loop                       worker
 *     enter ------------- arrive --------> makes the connection
 *     authorise <-------- authorised ----- ph_conn_authorise()
 *     evict ------------- evict ---------> closes it, if it is still there
 *           <------------ evict ---------- comes back, so that the ticket may go
 *     leave <------------ leave ---------- the descriptor is closed
 *
 * A ticket is freed once it has left and no eviction is under way. Authorised and leave have one sender, so they come
 * in order. The listener's memory stays until its last ticket is gone.
 */
#define _GNU_SOURCE /* accept4 */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"

enum { ACCEPTS_PER_TURN = 64, BACKLOG = 1024 };

struct ph_listener {
    struct ph_listener_options options;
    char *name;
    struct ph_address address;
    int descriptor;
    int spare; /* given up for a moment at the descriptor limit; -1: none */
    uv_poll_t poll;
    struct ph_timer pause;
    uint64_t full_told_us; /* when the descriptor limit was last logged */
    size_t n_tickets;
    bool closed; /* by the caller */
    bool polled; /* the poll handle is not closed yet */
};

struct ticket {
    struct ph_listener *listener;
    struct ph_loop *worker;
    struct ph_guest guest;
    struct ph_address peer;
    struct ph_conn_watch watch;
    struct ph_mail arrive, authorised, evict, leave;
    struct ph_conn *conn; /* the worker's; NULL: not there yet, or gone */
    int descriptor;       /* until the connection owns it */
    bool evicting;        /* the accepting loop's, as the rest */
    bool left;
};

static void free_if_done(struct ph_listener *listener)
{
    if (!listener->closed || listener->polled || listener->n_tickets > 0)
        return;
    free(listener->name);
    free(listener);
}

/* ---- on the accepting loop ---- */

static void free_ticket_if_done(struct ticket *ticket)
{
    if (!ticket->left || ticket->evicting)
        return;
    struct ph_listener *listener = ticket->listener;
    free(ticket);
    listener->n_tickets--;
    free_if_done(listener);
}

static void on_authorised(struct ph_mail *mail)
{
    struct ticket *ticket = ph_container_of(mail, struct ticket, authorised);
    if (ticket->listener->options.admission)
        ph_admission_authorise(ticket->listener->options.admission, &ticket->guest);
}

static void on_leave(struct ph_mail *mail)
{
    struct ticket *ticket = ph_container_of(mail, struct ticket, leave);
    struct ph_listener *listener = ticket->listener;
    if (listener->options.admission)
        ph_admission_leave(listener->options.admission, &ticket->guest, ph_loop_now(listener->options.loop));
    ticket->left = true;
    free_ticket_if_done(ticket);
}

static void on_evicted(struct ph_mail *mail)
{
    struct ticket *ticket = ph_container_of(mail, struct ticket, evict);
    ticket->evicting = false;
    free_ticket_if_done(ticket);
}

/* ---- on the worker ---- */

static void on_evict(struct ph_mail *mail)
{
    struct ticket *ticket = ph_container_of(mail, struct ticket, evict);
    if (ticket->conn)
        ph_conn_close(ticket->conn, PH_CLOSE_LIMIT);
    mail->deliver = on_evicted;
    ph_loop_post(ticket->listener->options.loop, mail);
}

static void watch_authorised(struct ph_conn_watch *watch)
{
    struct ticket *ticket = ph_container_of(watch, struct ticket, watch);
    ph_loop_post(ticket->listener->options.loop, &ticket->authorised);
}

static void watch_gone(struct ph_conn_watch *watch)
{
    struct ticket *ticket = ph_container_of(watch, struct ticket, watch);
    ticket->conn = NULL;
    ph_loop_post(ticket->listener->options.loop, &ticket->leave);
}

static size_t hold_bytes(void *user, const uint8_t *data, size_t length)
{
    (void)user, (void)data, (void)length;
    return 0;
}

static void closed_early(void *user, enum ph_close reason) { (void)user, (void)reason; }

static const struct ph_conn_handler newborn = {.on_read = hold_bytes, .on_close = closed_early};

static void on_arrive(struct ph_mail *mail)
{
    struct ticket *ticket = ph_container_of(mail, struct ticket, arrive);
    const struct ph_listener_options *options = &ticket->listener->options;
    struct ph_conn *conn;
    int err = ph_conn_create(ticket->worker, ticket->descriptor, &ticket->peer, &newborn, NULL, &conn);
    atomic_fetch_sub_explicit(&ticket->worker->n_conns, 1, memory_order_relaxed); /* it counts itself now */
    if (err) {
        close(ticket->descriptor);
        ph_loop_post(options->loop, &ticket->leave);
        return;
    }
    ticket->conn = conn;
    ph_conn_set_watch(conn, &ticket->watch);
    if (!ph_conn_is_closing(conn))
        options->on_conn(options->user, conn);
}

/* ---- accepting ---- */

static void evict(struct ph_guest *guest)
{
    struct ticket *ticket = ph_container_of(guest, struct ticket, guest);
    ticket->evicting = true;
    ticket->evict.deliver = on_evict;
    ph_loop_post(ticket->worker, &ticket->evict);
}

/* Counts the connection in; false when it is refused. */
static bool admit(struct ph_listener *listener, struct ticket *ticket)
{
    if (!listener->options.admission)
        return true;
    struct ph_guest *oldest;
    bool first;
    enum ph_admission_verdict verdict = ph_admission_enter(listener->options.admission, &ticket->peer,
                                                           ph_loop_now(listener->options.loop), &ticket->guest, &oldest,
                                                           &first);
    if (oldest)
        evict(oldest);
    if (first) {
        char peer[PH_ADDRESS_TEXT];
        ph_address_text(&ticket->peer, peer);
        ph_log_warning(listener->options.log, listener->name, "refused %s: %s", peer, ph_verdict_text(verdict));
    }
    return verdict == PH_ADMITTED;
}

static void take_in(struct ph_listener *listener, int descriptor, const struct ph_address *peer)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);
    if (!ticket) {
        close(descriptor);
        return;
    }
    ticket->listener = listener;
    ticket->peer = *peer;
    ticket->descriptor = descriptor;
    ticket->watch = (struct ph_conn_watch){watch_authorised, watch_gone};
    ticket->arrive.deliver = on_arrive;
    ticket->authorised.deliver = on_authorised;
    ticket->leave.deliver = on_leave;
    if (!admit(listener, ticket)) {
        close(descriptor);
        free(ticket);
        return;
    }
    listener->n_tickets++;
    ticket->worker = ph_loops_least_loaded(listener->options.workers);
    atomic_fetch_add_explicit(&ticket->worker->n_conns, 1, memory_order_relaxed);
    ph_loop_post(ticket->worker, &ticket->arrive);
}

static int open_spare(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

static int accept_one(const struct ph_listener *listener, struct ph_address *peer)
{
    socklen_t length = sizeof peer->as;
    memset(peer, 0, sizeof *peer);
    return accept4(listener->descriptor, &peer->as.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* No descriptor is left: tell one caller so by closing, then rest a while instead of spinning. */
static void rest(struct ph_listener *listener, int err)
{
    enum { SECOND_US = 1000000 };
    struct ph_loop *loop = listener->options.loop;
    uint64_t now_us = ph_loop_now(loop);
    if (listener->full_told_us == 0 || now_us - listener->full_told_us >= SECOND_US) {
        listener->full_told_us = now_us;
        ph_log_error(listener->options.log, listener->name, "cannot accept: %s; raise the limit (ulimit -n)",
                     strerror(err));
    }
    if (listener->spare >= 0) {
        close(listener->spare);
        struct ph_address peer;
        int descriptor = accept_one(listener, &peer);
        if (descriptor >= 0)
            close(descriptor);
        listener->spare = open_spare();
    }
    uv_poll_stop(&listener->poll);
    ph_timer_start(loop, &listener->pause, PH_LIMIT_ACCEPT_PAUSE_MS * UINT64_C(1000));
}

static void callers_came(uv_poll_t *poll, int status, int events)
{
    struct ph_listener *listener = poll->data;
    (void)status, (void)events;
    ph_loop_now(listener->options.loop);
    if (listener->options.loop->stopping) {
        uv_poll_stop(poll);
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct ph_address peer;
        int descriptor = accept_one(listener, &peer);
        if (descriptor >= 0) {
            take_in(listener, descriptor, &peer);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            rest(listener, errno);
            return;
        }
        /* anything else is about that one caller: it has left already */
    }
}

static void resume(struct ph_timer *timer)
{
    struct ph_listener *listener = ph_container_of(timer, struct ph_listener, pause);
    if (listener->spare < 0)
        listener->spare = open_spare();
    uv_poll_start(&listener->poll, UV_READABLE, callers_came);
}

/* ---- opening and closing ---- */

static int open_socket(const struct ph_address *address)
{
    int descriptor = socket(address->as.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -errno;
    int on = 1, off = 0, err = 0;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        (address->as.any.sa_family == AF_INET6 &&
         setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off)) ||
        bind(descriptor, &address->as.any, ph_address_length(address)) || listen(descriptor, BACKLOG))
        err = -errno;
    if (!err)
        return descriptor;
    close(descriptor);
    return err;
}

static bool is_any_v6(const struct ph_address *address)
{
    return address->as.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->as.v6.sin6_addr);
}

/* All addresses, or IPv4 alone where there is no IPv6. */
static int open_address(const struct ph_listener_options *options, struct ph_address *address)
{
    int descriptor = open_socket(address);
    if ((descriptor != -EAFNOSUPPORT && descriptor != -EADDRNOTAVAIL) || !is_any_v6(address))
        return descriptor;
    in_port_t port = address->as.v6.sin6_port;
    memset(address, 0, sizeof *address);
    address->as.v4.sin_family = AF_INET;
    address->as.v4.sin_port = port;
    ph_log_info(options->log, options->name, "IPv6 is off on this machine: listening on IPv4 only");
    return open_socket(address);
}

static void explain(const struct ph_listener_options *options, const struct ph_address *address, int err,
                    struct ph_text *error)
{
    char text[PH_ADDRESS_TEXT];
    ph_address_text(address, text);
    if (err == -EADDRINUSE)
        ph_text_add(error,
                    "%s is in use by another program (or another playhouse): stop it, or choose another address with "
                    "--set listen.%s.address=...",
                    text, options->name);
    else if (err == -EADDRNOTAVAIL)
        ph_text_add(error, "%s is not an address of this machine; use one of its own, or :%u for all", text,
                    ph_address_port(address));
    else if (err == -EACCES)
        ph_text_add(error, "%s needs rights this program does not have; use a port above 1023", text);
    else
        ph_text_add(error, "cannot listen on %s: %s", text, strerror(-err));
}

static int start(struct ph_listener *listener)
{
    socklen_t length = sizeof listener->address.as;
    if (getsockname(listener->descriptor, &listener->address.as.any, &length))
        return -errno;
    int err = uv_poll_init(&listener->options.loop->uv, &listener->poll, listener->descriptor);
    if (err)
        return err;
    listener->polled = true;
    listener->poll.data = listener;
    listener->spare = open_spare();
    ph_timer_init(&listener->pause, resume);
    uv_poll_start(&listener->poll, UV_READABLE, callers_came);
    return 0;
}

int ph_listener_open(const struct ph_listener_options *options, struct ph_listener **listener, char *error, size_t cap)
{
    struct ph_text words;
    ph_text_init(&words, error, cap);
    struct ph_address address;
    int err = ph_address_parse(options->address, &address);
    if (err) {
        ph_text_add(&words, "\"%s\" is %s", options->address, ph_address_fault(options->address));
        return err;
    }
    struct ph_listener *made = calloc(1, sizeof *made);
    char *name = strdup(options->name);
    int descriptor = made && name ? open_address(options, &address) : -ENOMEM;
    if (descriptor < 0) {
        explain(options, &address, descriptor, &words);
        free(made);
        free(name);
        return descriptor;
    }
    made->options = *options;
    made->name = name;
    made->options.name = name;
    made->descriptor = descriptor;
    made->address = address;
    err = start(made);
    if (err) {
        explain(options, &address, err, &words);
        close(descriptor);
        free(name);
        free(made);
        return err;
    }
    *listener = made;
    return 0;
}

const struct ph_address *ph_listener_address(const struct ph_listener *listener) { return &listener->address; }

static void poll_closed(uv_handle_t *handle)
{
    struct ph_listener *listener = handle->data;
    listener->polled = false;
    free_if_done(listener);
}

void ph_listener_close(struct ph_listener *listener)
{
    if (!listener)
        return;
    ph_loop_assert_owner(listener->options.loop);
    listener->closed = true;
    ph_timer_stop(listener->options.loop, &listener->pause);
    uv_close((uv_handle_t *)&listener->poll, poll_closed);
    close(listener->descriptor);
    if (listener->spare >= 0)
        close(listener->spare);
}

int ph_descriptors_raise(uint64_t *limit)
{
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now))
        return -errno;
    if (now.rlim_cur < now.rlim_max) {
        struct rlimit wanted = {.rlim_cur = now.rlim_max, .rlim_max = now.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
            now = wanted;
    }
    *limit = now.rlim_cur;
    return 0;
}
