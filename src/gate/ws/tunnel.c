/* SPDX-License-Identifier: MIT */
#include "gate/ws/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "gate/ws/socket.h"
#include "net/conn.h"
#include "net/filter.h"

enum { PIECE = 16 * 1024, INBOX = 4 * PIECE, UNSUPPORTED_DATA = 1003, GOING_AWAY = 1001 };

struct tunnel {
    struct ph_filter filter;
    struct ph_ws *ws;
    struct ph_buf inbox;          /* read, not asked for yet */
    uint8_t header[PH_WS_HEADER]; /* of the message that is being sent */
    size_t header_at, header_length;
    size_t left; /* of its payload */
    bool is_over;
    int err;
};

static void on_message(void *user, enum ph_ws_kind kind, const uint8_t *bytes, size_t length)
{
    struct tunnel *tunnel = user;
    if (kind == PH_WS_TEXT)
        ph_ws_close(tunnel->ws, UNSUPPORTED_DATA, "binary messages, please");
    else if (ph_buf_append(&tunnel->inbox, bytes, length))
        tunnel->err = -ENOMEM;
}

static int write_below(struct ph_filter *filter, const void *bytes, size_t length, size_t *accepted)
{
    const struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    return filter->below->ops->write(filter->below, &iov, 1, accepted);
}

/* Between two messages: what the protocol itself has to say. */
static int send_control(struct tunnel *tunnel)
{
    struct ph_buf *control = ph_ws_control(tunnel->ws);
    if (tunnel->left || tunnel->header_at < tunnel->header_length || ph_buf_length(control) == 0)
        return 0;
    size_t accepted = 0;
    int err = write_below(&tunnel->filter, ph_buf_data(control), ph_buf_length(control), &accepted);
    if (!err)
        ph_buf_consume(control, accepted);
    return err;
}

static int read_tunnel(struct ph_filter *filter, uint8_t *into, size_t cap, size_t *got)
{
    struct tunnel *tunnel = ph_container_of(filter, struct tunnel, filter);
    uint8_t piece[PIECE];
    while (ph_buf_length(&tunnel->inbox) == 0) {
        size_t n = 0;
        if (tunnel->is_over)
            return -ENODATA;
        int err = filter->below->ops->read(filter->below, piece, sizeof piece, &n);
        if (err)
            return err;
        tunnel->is_over = ph_ws_feed(tunnel->ws, piece, n) != 0;
        err = tunnel->err ? tunnel->err : send_control(tunnel);
        if (err)
            return err;
    }
    *got = ph_buf_length(&tunnel->inbox) < cap ? ph_buf_length(&tunnel->inbox) : cap;
    memcpy(into, ph_buf_data(&tunnel->inbox), *got);
    ph_buf_consume(&tunnel->inbox, *got);
    return 0;
}

/* What is left of the header, and as many pieces as the message still has room for: in one write. */
static int send_message(struct tunnel *tunnel, const struct iovec *iov, int n, size_t *accepted)
{
    enum { PIECES = 64 };
    struct iovec cut[PIECES];
    size_t header = tunnel->header_length - tunnel->header_at, room = tunnel->left, sent = 0;
    int n_cut = 0;
    if (header)
        cut[n_cut++] = (struct iovec){tunnel->header + tunnel->header_at, header};
    for (int i = 0; i < n && n_cut < PIECES && room; i++) {
        cut[n_cut] = iov[i];
        if (cut[n_cut].iov_len > room)
            cut[n_cut].iov_len = room;
        room -= cut[n_cut++].iov_len;
    }
    int err = tunnel->filter.below->ops->write(tunnel->filter.below, cut, n_cut, &sent);
    if (err)
        return err;
    header = sent < header ? sent : header;
    tunnel->header_at += header;
    *accepted = sent - header;
    tunnel->left -= *accepted;
    return 0;
}

static int write_tunnel(struct ph_filter *filter, const struct iovec *iov, int n, size_t *accepted)
{
    struct tunnel *tunnel = ph_container_of(filter, struct tunnel, filter);
    *accepted = 0;
    int err = send_control(tunnel);
    if (err || (ph_buf_length(ph_ws_control(tunnel->ws)) && !tunnel->left))
        return err;
    if (tunnel->left == 0) {
        for (int i = 0; i < n; i++)
            tunnel->left += iov[i].iov_len;
        if (tunnel->left == 0)
            return 0;
        tunnel->header_at = 0;
        tunnel->header_length = ph_ws_header(PH_WS_BINARY, tunnel->left, tunnel->header);
    }
    return send_message(tunnel, iov, n, accepted);
}

static size_t promised(const struct ph_filter *filter)
{
    return ph_container_of(filter, const struct tunnel, filter)->left;
}

static bool pending(const struct ph_filter *filter)
{
    const struct tunnel *tunnel = ph_container_of(filter, const struct tunnel, filter);
    return ph_buf_length(&tunnel->inbox) || tunnel->is_over;
}

static unsigned wants(const struct ph_filter *filter)
{
    const struct tunnel *tunnel = ph_container_of(filter, const struct tunnel, filter);
    bool has_words = ph_buf_length(ph_ws_control(tunnel->ws)) && !tunnel->left;
    return has_words ? PH_WANT_WRITE : 0;
}

static void shutdown_tunnel(struct ph_filter *filter)
{
    struct tunnel *tunnel = ph_container_of(filter, struct tunnel, filter);
    ph_ws_close(tunnel->ws, GOING_AWAY, "");
    (void)!send_control(tunnel);
}

static void destroy(struct ph_filter *filter)
{
    struct tunnel *tunnel = ph_container_of(filter, struct tunnel, filter);
    ph_ws_destroy(tunnel->ws);
    ph_buf_finish(&tunnel->inbox);
    free(tunnel);
}

int ph_tunnel_push(struct ph_conn *conn)
{
    static const struct ph_ws_events events = {.message = on_message};
    static const struct ph_filter_ops ops = {.name = "websocket",
                                             .read = read_tunnel,
                                             .write = write_tunnel,
                                             .promised = promised,
                                             .pending = pending,
                                             .wants = wants,
                                             .shutdown = shutdown_tunnel,
                                             .destroy = destroy};
    struct tunnel *tunnel = calloc(1, sizeof *tunnel);
    if (!tunnel)
        return -ENOMEM;
    int err = ph_ws_create(0, &events, tunnel, &tunnel->ws);
    if (err) {
        free(tunnel);
        return err;
    }
    tunnel->filter.ops = &ops;
    ph_buf_init(&tunnel->inbox, INBOX);
    ph_conn_push_filter(conn, &tunnel->filter);
    return 0;
}
