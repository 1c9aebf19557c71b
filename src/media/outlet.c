/* SPDX-License-Identifier: MIT */
/*
 * One write is always from one source: the private bytes, or one cursor. A filter below may have promised bytes of a
 * short write to the peer (a WebSocket frame's length); since nothing of another source was behind them, they can be
 * offered again unchanged whatever was put meanwhile.
 *
 *     begun cursor ? its message's end and all that is promised : private bytes ? those : the next cursor's turn
 *
 * A cursor that is alone sends all it has; several take turns of TURN_BYTES, rounded up to a message's end.
 */
#include "media/outlet.h"

#include <errno.h>
#include <string.h>

#include "media/viewing.h"
#include "net/conn.h"

enum { TURN_BYTES = 64 * 1024 };

void ph_outlet_init(struct ph_outlet *outlet, struct ph_conn *conn, size_t max)
{
    *outlet = (struct ph_outlet){.conn = conn, .loop = ph_conn_loop(conn), .max = max};
    ph_buf_init(&outlet->private_bytes, SIZE_MAX);
    ph_list_init(&outlet->cursors);
}

void ph_outlet_init_sink(struct ph_outlet *outlet, struct ph_loop *loop, ph_sink_fn take, void *user)
{
    *outlet = (struct ph_outlet){.loop = loop, .take = take, .user = user, .max = SIZE_MAX};
    ph_buf_init(&outlet->private_bytes, SIZE_MAX);
    ph_list_init(&outlet->cursors);
}

void ph_outlet_finish(struct ph_outlet *outlet) { ph_buf_finish(&outlet->private_bytes); }

/* ---- private bytes ---- */

int ph_outlet_reserve(struct ph_outlet *outlet, size_t length, uint8_t **place)
{
    size_t used = ph_buf_length(&outlet->private_bytes) - outlet->left_behind;
    int result = outlet->error;
    if (result == 0 && (used > outlet->max || length > outlet->max - used))
        result = -ENOBUFS;
    if (result == 0)
        result = ph_buf_reserve(&outlet->private_bytes, length, place);
    if (result < 0)
        outlet->error = result;
    return result;
}

void ph_outlet_commit(struct ph_outlet *outlet, size_t length) { ph_buf_commit(&outlet->private_bytes, length); }

int ph_outlet_put(struct ph_outlet *outlet, const void *bytes, size_t length)
{
    uint8_t *place;
    int result = ph_outlet_reserve(outlet, length, &place);
    if (result < 0)
        return result;
    memcpy(place, bytes, length);
    ph_outlet_commit(outlet, length);
    return 0;
}

static int add_gathered(struct ph_buf *buf, const struct ph_gathered *gathered)
{
    int result = 0;
    for (int i = 0; i < gathered->n && result == 0; i++)
        result = ph_buf_append(buf, gathered->iov[i].iov_base, gathered->iov[i].iov_len);
    return result;
}

static int write_out(struct ph_outlet *outlet, const struct iovec *pieces, int n, size_t *accepted)
{
    if (outlet->conn)
        return ph_conn_write(outlet->conn, pieces, n, accepted);
    *accepted = 0;
    for (int i = 0; i < n; i++)
        *accepted += pieces[i].iov_len;
    outlet->take(outlet->user, pieces, n);
    return 0;
}

static size_t promised_by(const struct ph_outlet *outlet) { return outlet->conn ? ph_conn_promised(outlet->conn) : 0; }

bool ph_outlet_is_blocked(const struct ph_outlet *outlet) { return outlet->conn && ph_conn_is_blocked(outlet->conn); }

/* What must still be sent of the begun cursor before anything else: to be rounded up to a message's end. */
static size_t owed(const struct ph_outlet *outlet)
{
    size_t promised = promised_by(outlet);
    return promised ? promised : 1;
}

void ph_outlet_settle(struct ph_outlet *outlet, struct ph_cursor *cursor)
{
    if (outlet->begun != cursor)
        return;
    outlet->begun = NULL;
    if (outlet->error)
        return;

    struct ph_buf rest;
    struct ph_gathered gathered;
    int result = 0;
    ph_buf_init(&rest, SIZE_MAX);
    for (size_t limit = owed(outlet); ph_buf_length(&rest) < limit && result == 0;) {
        ph_cursor_gather(cursor, limit - ph_buf_length(&rest), &gathered);
        if (!gathered.bytes)
            break;
        result = add_gathered(&rest, &gathered);
        ph_cursor_advance(cursor, &gathered, gathered.bytes);
    }
    size_t left_behind = ph_buf_length(&rest);
    size_t waiting = ph_buf_length(&outlet->private_bytes);
    if (result == 0 && waiting)
        result = ph_buf_append(&rest, ph_buf_data(&outlet->private_bytes), waiting);
    if (result < 0) {
        ph_buf_finish(&rest);
        outlet->error = result;
        return;
    }
    ph_buf_finish(&outlet->private_bytes);
    outlet->private_bytes = rest;
    outlet->left_behind += left_behind;
}

/* ---- sending: each returns true when something was offered to the socket ---- */

static bool send_private(struct ph_outlet *outlet)
{
    struct ph_buf *buf = &outlet->private_bytes;
    struct iovec piece = {(void *)(uintptr_t)ph_buf_data(buf), ph_buf_length(buf)};
    size_t accepted;
    outlet->error = write_out(outlet, &piece, 1, &accepted);
    if (outlet->error)
        return true;
    ph_buf_consume(buf, accepted);
    outlet->left_behind -= accepted < outlet->left_behind ? accepted : outlet->left_behind;
    return true;
}

static size_t turn_of(const struct ph_outlet *outlet, const struct ph_cursor *cursor)
{
    bool alone = cursor->in_outlet.next == cursor->in_outlet.prev && !ph_buf_length(&outlet->private_bytes);
    if (alone)
        return SIZE_MAX;
    return outlet->begun ? owed(outlet) : TURN_BYTES;
}

static bool send_cursor(struct ph_outlet *outlet, struct ph_cursor *cursor)
{
    struct ph_gathered gathered;
    ph_cursor_gather(cursor, turn_of(outlet, cursor), &gathered);
    if (!gathered.bytes) {
        ph_cursor_advance(cursor, &gathered, 0); /* over what it leaves out */
        return false;
    }
    size_t accepted;
    outlet->error = write_out(outlet, gathered.iov, gathered.n, &accepted);
    if (outlet->error)
        return true;
    ph_cursor_advance(cursor, &gathered, accepted);
    ph_viewing_sent(cursor, accepted);
    bool cut = accepted < gathered.bytes && (ph_cursor_is_inside(cursor) || promised_by(outlet));
    outlet->begun = cut ? cursor : NULL;
    if (accepted) { /* its turn is over */
        ph_list_remove(&cursor->in_outlet);
        ph_list_append(&outlet->cursors, &cursor->in_outlet);
    }
    return true;
}

static bool send_next_cursor(struct ph_outlet *outlet)
{
    ph_list_for_each_safe(node, &outlet->cursors)
    {
        if (send_cursor(outlet, ph_list_entry(node, struct ph_cursor, in_outlet)))
            return true;
    }
    return false;
}

static bool send_next(struct ph_outlet *outlet)
{
    if (outlet->begun)
        return send_cursor(outlet, outlet->begun);
    if (ph_buf_length(&outlet->private_bytes))
        return send_private(outlet);
    return send_next_cursor(outlet);
}

int ph_outlet_pump(struct ph_outlet *outlet)
{
    while (!outlet->error && !ph_outlet_is_blocked(outlet) && send_next(outlet))
        continue;
    int error = outlet->error;
    ph_list_for_each_safe(node, &outlet->cursors) ph_viewing_pumped(ph_list_entry(node, struct ph_cursor, in_outlet));
    return error;
}

bool ph_outlet_idle(const struct ph_outlet *outlet) { return !outlet->begun && !ph_buf_length(&outlet->private_bytes); }
