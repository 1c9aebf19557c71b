/* SPDX-License-Identifier: MIT */
#include "gate/ws/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

enum { CONTROL_MAX = 16 * 1024, QUEUED_MAX = 64 };

struct ph_ws {
    wslay_event_context_ptr wslay; /* NULL: the peer has said nothing yet, as who only watches never does */
    size_t max;
    const struct ph_ws_events *events;
    void *user;
    const uint8_t *bytes; /* being fed */
    size_t left;
    enum ph_ws_kind kind; /* of the message whose pieces come */
    struct ph_buf control;
    bool is_closing;
};

static ssize_t on_want(wslay_event_context_ptr wslay, uint8_t *into, size_t cap, int flags, void *user)
{
    struct ph_ws *ws = user;
    size_t n = ws->left < cap ? ws->left : cap;
    (void)flags;
    if (n == 0) {
        wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(into, ws->bytes, n);
    ws->bytes += n;
    ws->left -= n;
    return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr wslay, const uint8_t *bytes, size_t length, int flags, void *user)
{
    struct ph_ws *ws = user;
    (void)flags;
    if (ph_buf_append(&ws->control, bytes, length) == 0)
        return (ssize_t)length;
    wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static void on_message(wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *message, void *user)
{
    struct ph_ws *ws = user;
    bool is_text = message->opcode == WSLAY_TEXT_FRAME;
    (void)wslay;
    if (ws->max && (is_text || message->opcode == WSLAY_BINARY_FRAME) && !ws->is_closing)
        ws->events->message(ws->user, is_text ? PH_WS_TEXT : PH_WS_BINARY, message->msg, message->msg_length);
}

static void on_frame(wslay_event_context_ptr wslay, const struct wslay_event_on_frame_recv_start_arg *frame, void *user)
{
    struct ph_ws *ws = user;
    (void)wslay;
    if (frame->opcode == WSLAY_TEXT_FRAME || frame->opcode == WSLAY_BINARY_FRAME)
        ws->kind = frame->opcode == WSLAY_TEXT_FRAME ? PH_WS_TEXT : PH_WS_BINARY;
    else if (frame->opcode != WSLAY_CONTINUATION_FRAME)
        ws->kind = 0;
}

static void on_piece(wslay_event_context_ptr wslay, const struct wslay_event_on_frame_recv_chunk_arg *piece, void *user)
{
    struct ph_ws *ws = user;
    (void)wslay;
    if (!ws->max && ws->kind && piece->data_length && !ws->is_closing)
        ws->events->message(ws->user, ws->kind, piece->data, piece->data_length);
}

static bool need_wslay(struct ph_ws *ws)
{
    static const struct wslay_event_callbacks callbacks = {.recv_callback = on_want,
                                                           .send_callback = on_send,
                                                           .on_frame_recv_start_callback = on_frame,
                                                           .on_frame_recv_chunk_callback = on_piece,
                                                           .on_msg_recv_callback = on_message};
    if (ws->wslay)
        return true;
    if (wslay_event_context_server_init(&ws->wslay, &callbacks, ws)) {
        ws->wslay = NULL;
        return false;
    }
    if (ws->max)
        wslay_event_config_set_max_recv_msg_length(ws->wslay, ws->max);
    else
        wslay_event_config_set_no_buffering(ws->wslay, 1);
    return true;
}

int ph_ws_create(size_t max, const struct ph_ws_events *events, void *user, struct ph_ws **ws)
{
    struct ph_ws *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->max = max;
    made->events = events;
    made->user = user;
    ph_buf_init(&made->control, CONTROL_MAX);
    *ws = made;
    return 0;
}

void ph_ws_destroy(struct ph_ws *ws)
{
    if (!ws)
        return;
    if (ws->wslay)
        wslay_event_context_free(ws->wslay);
    ph_buf_finish(&ws->control);
    free(ws);
}

/* Answers of wslay move into `control`; who makes more of them than are taken out floods. */
static bool collect(struct ph_ws *ws)
{
    (void)!wslay_event_send(ws->wslay);
    return wslay_event_get_queued_msg_count(ws->wslay) <= QUEUED_MAX;
}

int ph_ws_feed(struct ph_ws *ws, const uint8_t *bytes, size_t length)
{
    if (!need_wslay(ws))
        return -EPIPE;
    ws->bytes = bytes;
    ws->left = length;
    while (ws->left && wslay_event_get_read_enabled(ws->wslay)) {
        if (wslay_event_recv(ws->wslay))
            break;
        if (!collect(ws))
            break;
    }
    bool goes_on = ws->left == 0 && wslay_event_get_read_enabled(ws->wslay) && !ws->is_closing;
    return collect(ws) && goes_on ? 0 : -EPIPE;
}

void ph_ws_close(struct ph_ws *ws, uint16_t code, const char *reason)
{
    enum { REASON_MAX = 123 };
    size_t length = strlen(reason);
    bool may_speak = need_wslay(ws);
    if (may_speak && !ws->is_closing)
        (void)!wslay_event_queue_close(ws->wslay, code, (const uint8_t *)reason,
                                       length < REASON_MAX ? length : REASON_MAX);
    ws->is_closing = true;
    if (may_speak)
        (void)collect(ws);
}

struct ph_buf *ph_ws_control(struct ph_ws *ws) { return &ws->control; }

bool ph_ws_is_goodbye(const struct ph_ws *ws)
{
    return ws->wslay && wslay_event_get_close_received(ws->wslay) &&
           wslay_event_get_status_code_received(ws->wslay) == WSLAY_CODE_NORMAL_CLOSURE;
}

const char *ph_ws_fault(const struct ph_ws *ws)
{
    if (ws->is_closing)
        return "closed by the server";
    if (!ws->wslay)
        return "";
    if (wslay_event_get_close_received(ws->wslay))
        return "the client closed it";
    return wslay_event_get_read_enabled(ws->wslay) ? "" : "the client broke the rules of WebSocket";
}

size_t ph_ws_header(enum ph_ws_kind kind, size_t length, uint8_t header[PH_WS_HEADER])
{
    header[0] = (uint8_t)(0x80 | kind);
    if (length < 126) {
        header[1] = (uint8_t)length;
        return 2;
    }
    size_t n = length <= UINT16_MAX ? 2 : 8;
    header[1] = n == 2 ? 126 : 127;
    for (size_t i = 0; i < n; i++)
        header[2 + i] = (uint8_t)((uint64_t)length >> 8 * (n - 1 - i));
    return 2 + n;
}
